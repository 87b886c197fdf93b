"""The household-period in NumPy: whole arrays in single precision, as a practised user would write it.

Luck is either the kernel's own, word for word, for a check of the numbers, or NumPy's Philox generator,
which is faster and is what is timed. Blocks of whole villages keep arrays in the cache. Sums are in
double precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from resilience_sim.kernels.primitives import OUTCOMES

from .world import World

f4 = np.float32
Array = Any
QUARTER, YEAR, DROUGHT, BELIEF, HEIR, CHILD = 0, 1, 3, 6, 7, 8


class KernelLuck:
    """Philox4x32-10, keyed as the kernel keys it."""

    def __init__(self, world: World) -> None:
        self.seed, self.replicate = np.uint64(world.seed), np.uint64(0)

    def units(self, key: Array, time: Any, purpose: int, part: int = 0) -> Array:
        """Four uniforms for each key, float32 (4, n)."""
        low, high = np.uint64(0xFFFFFFFF), np.uint64(32)
        c0, c1 = key.astype(np.uint64), np.broadcast_to(np.asarray(time, np.uint64), key.shape)
        c2, c3 = np.full(key.shape, purpose, np.uint64), np.full(key.shape, part, np.uint64)
        k0, k1 = self.seed, self.replicate
        for _ in range(10):
            p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
            c0, c1, c2, c3 = (p1 >> high) ^ c1 ^ k0, p1 & low, (p0 >> high) ^ c3 ^ k1, p0 & low
            k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
        words = np.stack([c0, c1, c2, c3]) & low
        return (words >> np.uint64(9)).astype(f4) * f4(2.0**-23) + f4(2.0**-24)

    def quarter(self, key: Array, quarter: int) -> tuple[Array, Array, Array, Array]:
        """Two normals and two uniforms."""
        a, b, c, d = self.units(key, quarter, QUARTER)
        radius, angle = np.sqrt(f4(-2.0) * np.log(a)), f4(2.0 * np.pi) * b
        return radius * np.cos(angle), radius * np.sin(angle), c, d

    def normal(self, key: Array, time: Any, purpose: int, part: int = 0) -> Array:
        """One normal."""
        a, b, _, _ = self.units(key, time, purpose, part)
        return np.sqrt(f4(-2.0) * np.log(a)) * np.cos(f4(2.0 * np.pi) * b)

    def villages(self, village: Array, year: int) -> Array:
        """One uniform a village, the same for all who live there."""
        return self.units(village, year, DROUGHT)[0]

    def uniform(self, key: Array, year: int, purpose: int) -> Array:
        """One uniform."""
        return self.units(key, year, purpose)[0]

    def heirs(self, key: Array, year: int) -> tuple[Array, Array, Array]:
        """A normal and two uniforms."""
        _, _, c, d = self.units(key, year, HEIR)
        return self.normal(key, year, HEIR), c, d


class NumpyLuck(KernelLuck):
    """NumPy's own generator: as many numbers, drawn in sequence."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.generator = np.random.Generator(np.random.Philox(world.seed))

    def quarter(self, key: Array, quarter: int) -> tuple[Array, Array, Array, Array]:
        """Two normals and two uniforms."""
        normals = self.generator.standard_normal((2, key.size), f4)
        chances = self.generator.random((2, key.size), f4)
        return normals[0], normals[1], chances[0], chances[1]

    def normal(self, key: Array, time: Any, purpose: int, part: int = 0) -> Array:
        """One normal; what lasts for a generation must be the same each year, so it is keyed."""
        if purpose == CHILD and part == 0:
            return super().normal(key, time, purpose, part)
        return self.generator.standard_normal(key.size, f4)

    def villages(self, village: Array, year: int) -> Array:
        """One uniform a village."""
        _, at = np.unique(village, return_inverse=True)
        return self.generator.random(int(at.max()) + 1, f4)[at]

    def uniform(self, key: Array, year: int, purpose: int) -> Array:
        """One uniform."""
        return self.generator.random(key.size, f4)

    def heirs(self, key: Array, year: int) -> tuple[Array, Array, Array]:
        """A normal and two uniforms."""
        chances = self.generator.random((2, key.size), f4)
        return self.generator.standard_normal(key.size, f4), chances[0], chances[1]


@dataclass
class Life:
    """Weighted sums over all households: by year and outcome, and by period consumption and income."""

    year: Array
    period: Array


def live(world: World, is_kernel_luck: bool) -> Life:
    """Live all blocks."""
    per_year = int(world.p.periods_per_year)
    out = Life(np.zeros((world.n_years, len(OUTCOMES))), np.zeros((world.n_years * per_year, 2)))
    luck = KernelLuck(world) if is_kernel_luck else NumpyLuck(world)
    with np.errstate(divide="ignore", invalid="ignore"):
        for first, last in world.blocks:
            _Block(world, slice(int(first), int(last)), luck, out).live()
    return out


class _Block:
    """Some villages, from the start to the end of their life; arrays are named as in `kernels.people.State`."""

    assets: Array
    savings: Array
    technique: Array
    knowledge: Array
    confidence: Array
    participation: Array
    age: Array
    skill: Array
    wages: Array
    type_at: Array
    skill_place: Array
    school: Array
    child_health: Array
    child_school: Array
    child_pay: Array
    crop: Array
    lived: Array
    lived_heir: Array
    income_year: Array
    consumption_year: Array
    estate_left: Array
    own_year: Array
    output_year: Array
    wages_year: Array
    pooled_year: Array
    sold_year: Array
    lean: Array
    generation: Array
    spell: Array
    start: Array
    is_enrolled: Array
    is_destitute: Array
    hungry: Array
    is_from_threshold: Array

    def __init__(self, world: World, rows: slice, luck: KernelLuck, out: Life) -> None:
        self.world, self.p, self.t, self.luck, self.out = world, world.p, world.tables, luck, out
        self.h = h = type(world.households)(*(each[..., rows] for each in world.households))
        n = h.key.size
        self.weight = h.weight
        for name in (
            "assets", "savings", "technique", "knowledge", "confidence", "participation", "age", "skill",
            "wages", "type_at", "skill_place", "school", "child_health", "child_school",
        ):  # fmt: skip
            setattr(self, name, getattr(h, name).copy())
        self.consumption_last, self.reach = h.consumption.copy(), h.reach[0]
        for name in (
            "child_pay", "crop", "lived", "lived_heir", "income_year", "consumption_year", "estate_left",
            "own_year", "output_year", "wages_year", "pooled_year", "sold_year", "lean",
        ):  # fmt: skip
            setattr(self, name, np.zeros(n, f4))
        for name in ("generation", "spell", "hungry"):
            setattr(self, name, np.zeros(n, np.int32))
        for name in ("is_enrolled", "is_destitute", "is_from_threshold"):
            setattr(self, name, np.zeros(n, bool))
        self.drought = np.ones(n, f4)
        self.starts = np.append(0, np.flatnonzero(np.diff(h.village)) + 1)
        self.lengths = np.diff(np.append(self.starts, n))
        self.lean_season = int(np.argmax(self.p.season_price))

    def live(self) -> None:
        """All periods."""
        p, per_year = self.p, int(self.p.periods_per_year)
        n_periods = self.world.n_years * per_year
        for t in range(n_periods + 1):
            year, season = divmod(t, per_year)
            if season == 0 and t > 0:
                self.grow_older(year)
            self.earn(t, season)
            if season == 0:
                if p.drought > 0.0:
                    hit = self.luck.villages(self.h.village.astype(np.uint32), year) < p.drought
                    self.drought = np.where(hit, f4(1.0) - p.drought_loss, f4(1.0))
                self.judge(t == 0)
                if t > 0:
                    self.record_statuses(year - 1)
                    if self.t.n_minds > 2:
                        self.learn(year)
                    if p.knowledge_loss > 0.0:
                        idle = (self.knowledge != 0) & (self.technique != 2)
                        self.knowledge[
                            idle & (self.luck.uniform(self.h.key, year, YEAR) < p.knowledge_loss)
                        ] = 0
                self.crop[:] = 0.0
            if t == n_periods:
                break
            if p.pool_share > 0.0:
                self.share_income()
            if season == 0:
                level = np.log2(np.maximum(self.consumption_last, f4(0.05)))
                self.food = np.clip(p.food_share - p.food_share_slope * level, f4(0.0), f4(1.0))
                if p.is_schooling:
                    self.enrol(year, t)
                self.plant(t)
            self.decide(t, season)
            if season == per_year - 1:
                self.raise_children(year)
                self.record_flows(year)
                self.close_year()

    def grow_older(self, year: int) -> None:
        p = self.p
        self.age += f4(1.0)
        heir = self.age >= p.succession_age
        share = np.where(heir, p.inheritance, f4(1.0))
        self.estate_left = (self.assets + self.savings) * (f4(1.0) - share)
        self.age[heir] = p.heir_age
        self.assets *= share
        self.savings *= share
        at = np.flatnonzero(heir)
        if at.size == 0:
            return
        luck, inherits, confident = self.luck.heirs(self.h.key[at], year)
        drawn = np.where(confident < p.confidence_start, 1, 0)
        self.confidence[at] = np.where(
            inherits >= p.confidence_inherited, drawn, self.confidence[at]
        )
        if p.is_redrawn:
            land, level = self.h.land_at[at], np.empty(at.size, f4)
            before = np.log2(self.skill[at])
            for node in np.unique(land):
                table, mine = p.skill_at[node], land == node
                score = (
                    p.skill_persistence * _score(table, before[mine])
                    + p.skill_luck[node] * luck[mine]
                )
                nodes = np.linspace(-3.0, 3.0, table.size)
                level[mine] = np.interp(score, nodes, table)
            level += p.school_effect * (self.child_school[at] - p.reference_school)
            level += p.health_effect * (self.child_health[at] - p.reference_health)
            level = np.clip(level, f4(-6.0), f4(5.0))
            self.skill[at] = np.exp2(level)
            self.wages[at] = p.wage * np.exp2(p.wage_elasticity * level)
            nodes = self.t.skill_nodes
            cell = np.clip(
                np.searchsorted(nodes, level, side="right") - 1, 0, max(nodes.size - 2, 0)
            )
            if nodes.size > 1:
                place = (level - nodes[cell]) / (nodes[cell + 1] - nodes[cell])
                self.skill_place[at] = np.clip(place, 0.0, 1.0)
            self.type_at[at] = cell * self.t.n_other + self.type_at[at] % self.t.n_other
        first = at[self.generation[at] == 0]
        lived = np.log2(np.maximum(self.lived[first] / f4(year), f4(1e-6)))
        self.lived[first] = lived if year >= 3 else f4(-2e9)
        self.generation[at] += 1
        self.school[at] = self.child_school[at]
        self.child_school[at] = 0.0
        self.child_health[at] = 0.0

    def earn(self, t: int, season: int) -> None:
        p, h, one = self.p, self.h, f4(1.0)
        at = t - 1 + int(p.periods_per_year)
        quarters, months = int(p.quarters_per_period), int(p.periods_per_quarter)
        harvest: Array = f4(0.0)
        wage: Array = f4(0.0)
        bill: Array = f4(0.0)
        survive: Array = one
        for q in range(quarters):
            first, second, ill, lost = self.luck.quarter(h.key, at * quarters // months + q)
            is_ill = ill < p.illness
            good = np.exp(p.harvest_sd * first - f4(0.5) * p.harvest_sd**2) / f4(quarters)
            paid = np.exp(p.wage_sd * second - f4(0.5) * p.wage_sd**2) / f4(quarters)
            harvest = harvest + good
            wage = wage + np.where(is_ill, paid * (one - p.illness_labour), paid)
            bill = bill + np.where(is_ill, p.illness_bill / f4(months), f4(0.0))
            loss = p.asset_loss if at % months == 0 else f4(0.0)
            survive = survive * np.where(lost < loss, one - p.asset_loss_share, one)
        held = self.assets * p.keep
        works, improved = self.technique != 0, self.technique == 2
        known = np.where(self.knowledge != 0, p.productivity_known, p.productivity_improved)
        productivity = np.where(improved, known, p.productivity_traditional)
        exponent = np.where(improved, p.exponent_improved, p.exponent_traditional)
        output = (
            productivity * self.skill * np.power(np.maximum(held + h.land, f4(1e-30)), exponent)
        )
        luck = harvest * self.drought
        own = np.where(works, output, f4(0.0)) * p.season_output[season] * luck
        used = np.where(works, np.where(improved, p.labour_improved, p.labour_traditional), f4(0.0))
        share = one / f4(p.periods_per_year)
        paid = self.wages * (one - used) * share * wage
        self.earned = own + paid
        self.income = self.earned + h.other * share + self.child_pay
        self.crop += p.season_output[season] * luck
        self.own_year += own
        self.output_year += own
        self.wages_year += paid
        owed = np.minimum(np.maximum(self.savings, -p.credit_limit), f4(0.0))
        arrears = np.minimum(self.savings + p.credit_limit, f4(0.0))
        after = np.maximum(self.savings, f4(0.0)) * p.return_save + owed * p.return_borrow + arrears
        self.money = after + self.income - bill
        self.assets = held * survive

    def read(
        self, table: Array, columns: int, layers: int, slot: Array, layer: Array
    ) -> tuple[Array, ...]:
        """Read tables of plans between nodes and types, one array per column; two are fetched at once."""
        t, h = self.t, self.h
        n_skill, n_other = int(t.n_skill), int(t.n_other)
        row, kind = int(t.n_money), layers * int(t.n_assets) * int(t.n_money)
        cell, along_assets = _locate(t.assets, self.assets)
        other, along_money = _locate(t.money, self.money)
        mind = self.knowledge + 2 * (1 - self.confidence)
        type_ = ((slot * int(t.n_land) + h.land_at) * int(t.n_minds) + mind) * (
            n_skill * n_other
        ) + self.type_at
        corner = (type_ * kind + (layer * int(t.n_assets) + cell) * row + other).astype(np.intp)
        pairs = table.view(np.uint64) if columns == 2 else table

        def at(step: int) -> list[Array]:
            def column(step: int) -> list[Array]:
                found = pairs.take(corner + step)
                return [found] if columns == 1 else [found.view(f4)[0::2], found.view(f4)[1::2]]

            low = _mixes(column(step), column(step + 1), along_money)
            high = _mixes(column(step + row), column(step + row + 1), along_money)
            return _mixes(low, high, along_assets)

        right, up = kind * int(n_other > 1), kind * n_other * int(n_skill > 1)
        low = _mixes(at(0), at(right), h.other_place)
        high = _mixes(at(up), at(up + right), h.other_place)
        return tuple(_mixes(low, high, self.skill_place))

    def judge(self, is_start: bool) -> None:
        none = np.zeros(1, np.int32)
        (now,) = self.read(self.t.escape, 1, 1, none, none)
        above = now >= f4(0.5)
        crosses = above & (self.spell <= 0)
        if crosses.any():
            mine = self.knowledge, self.confidence
            self.knowledge, self.confidence = self.h.knowledge, self.h.confidence
            (before,) = self.read(self.t.escape, 1, 1, none, none)
            self.knowledge, self.confidence = mine
            self.is_from_threshold = np.where(crosses, before < f4(0.5), self.is_from_threshold)
        self.spell = np.where(above, np.maximum(self.spell, 0) + 1, np.minimum(self.spell, 0) - 1)
        if is_start:
            below = np.where(self.h.type_kind == 0, 4, self.h.type_kind)
            self.start, self.began_above = np.where(above, 0, below), above

    def learn(self, year: int) -> None:
        p, tried = self.p, self.technique == 2
        run = np.add.reduceat(self.weight * tried, self.starts)
        everyone = np.add.reduceat(self.weight, self.starts)
        seen = p.corrected_by_neighbours * np.repeat(run / everyone, self.lengths).astype(f4)
        severe = tried & (self.crop < p.severe_loss)
        chance = self.luck.uniform(self.h.key, year, BELIEF)
        confident = self.confidence != 0
        broken = confident & severe & (chance < p.broken_by_loss)
        right = ~confident & ~severe & (chance < np.where(tried, p.corrected_by_trying, seen))
        self.confidence = ((confident & ~broken) | right).astype(np.int32)

    def share_income(self) -> None:
        paid = self.weight * (self.p.pool_share * self.participation * self.earned)
        part = self.weight * self.participation
        pot, parts = np.add.reduceat(paid, self.starts), np.add.reduceat(part, self.starts)
        got = np.repeat(pot / parts, self.lengths) * part - paid
        got = np.where(np.repeat(parts, self.lengths) > 0, got / self.weight, 0.0).astype(f4)
        self.money += got
        self.pooled_year += got

    def enrol(self, year: int, t: int) -> None:
        p, h = self.p, self.h
        child_age = self.age - p.birth_age
        can_work = (child_age >= p.work_age) & (child_age < 18.0)
        of_age = (child_age >= p.school_age) & (child_age < p.school_end)
        cost = p.school_fee + np.where(can_work, p.child_work, f4(0.0))
        lasting = self.luck.normal(h.key, self.generation, CHILD)
        passing = self.luck.normal(h.key, year, CHILD, 1)
        taste = (lasting + passing) * f4(np.sqrt(0.5))
        ease = p.crra * np.log2(np.maximum(self.consumption_last, f4(0.05)))
        worth = (
            np.log2(p.school_worth / np.maximum(cost, f4(1e-30))) + ease + p.school_taste * taste
        )
        goes = of_age & ((cost <= 0.0) | (worth >= 0.0))
        self.is_enrolled = goes
        self.money -= np.where(goes, p.school_fee * p.children / h.size, f4(0.0))
        pay = p.child_work * p.children / h.size / f4(p.periods_per_year)
        self.child_pay = np.where(can_work & ~goes, pay, f4(0.0))

    def plant(self, t: int) -> None:
        slot = self.world.scenario.slot[0, t][self.reach]
        traditional, improved = self.read(self.t.choice, 2, 1, slot, np.zeros(1, np.int32))
        best = np.where(traditional > 0.0, 1, 0)
        better = improved > np.maximum(traditional, f4(0.0))
        self.technique = np.where(better, 2, best).astype(np.int32)

    def decide(self, t: int, season: int) -> None:
        p, none = self.p, f4(0.0)
        slot = self.world.scenario.slot[0, t][self.reach]
        kept, carried = self.read(self.t.plans, 2, 3, slot, self.technique)
        price, per_year = p.season_price[season], f4(p.periods_per_year)
        need, real = p.need * price / per_year, f4(1.0) / price
        known = np.where(self.knowledge != 0, p.outlay_known, p.outlay_improved)
        outlay = np.where(self.technique == 2, known, p.outlay_traditional)
        outlay = np.where(self.technique != 0, outlay, none) * p.season_outlay[season]
        kept, carried = np.maximum(kept, none), np.maximum(carried, -p.credit_limit)
        change = kept - self.assets
        cost = np.where(change > 0.0, change, p.resale * change)
        lacking = np.maximum(need - (self.money - outlay - carried - cost), none)
        cancelled = np.minimum(np.maximum(change, none), lacking)
        kept -= cancelled
        lacking -= cancelled
        drawn = np.minimum(lacking, np.maximum(carried, none))
        carried -= drawn
        lacking -= drawn
        raised = np.minimum(lacking, p.resale * kept)
        kept = np.where(raised >= p.resale * kept, none, kept - raised / p.resale)
        lacking -= raised
        borrowed = np.minimum(lacking, np.maximum(carried + p.credit_limit, none))
        carried -= borrowed
        lacking -= borrowed
        change = kept - self.assets
        rest = self.money - carried - np.where(change > 0.0, change, p.resale * change)
        is_paid = (outlay <= 0.0) | (lacking <= f4(1e-6)) | (rest - outlay > 0.0)
        spent = np.where(is_paid, outlay, none)
        eaten = rest - spent
        arrears = np.minimum(eaten, none)
        eaten = eaten - arrears
        self.assets, self.savings = kept, carried + arrears
        self.technique = np.where(is_paid, self.technique, 0).astype(np.int32)
        net, eaten_real = self.income - spent, eaten * real
        self.income_year += net
        self.own_year -= spent
        self.consumption_year += eaten_real
        self.sold_year += raised
        if season == self.lean_season:
            self.lean = eaten_real * per_year
        self.is_destitute |= eaten < need - f4(1e-4)
        self.hungry += eaten_real * per_year < p.food_line
        self.out.period[t, 0] += self.weight @ (eaten_real * per_year)
        self.out.period[t, 1] += self.weight @ (net * per_year)

    def raise_children(self, year: int) -> None:
        p, eaten = self.p, self.consumption_year
        child_age = self.age - p.birth_age
        if p.is_health:
            fed = np.clip(eaten / p.health_line, f4(1e-6), f4(1.0))
            small = (child_age >= 0.0) & (child_age < 5.0)
            self.child_health += np.where(small, np.power(fed, p.health_curve) / f4(5.0), f4(0.0))
        self.child_school += self.is_enrolled * f4(1.0)
        self.lived += np.where(self.generation == 0, eaten, f4(0.0))
        self.lived_heir += np.where(self.generation == 1, eaten, f4(0.0))

    def record_flows(self, year: int) -> None:
        p, income, eaten, one = self.p, self.income_year, self.consumption_year, f4(1.0)
        gap, child_age = np.maximum(one - eaten, f4(0.0)), self.age - p.birth_age
        values = (
            income, eaten, self.assets, np.maximum(self.savings, 0), np.maximum(-self.savings, 0),
            self.technique == 2, self.technique != 0, eaten < 1, gap, gap * gap, income < 1,
            self.is_destitute, self.knowledge, income * income, eaten * eaten, self.assets * self.assets,
            self.estate_left, self.own_year, self.output_year, self.wages_year, self.confidence,
            self.participation, self.pooled_year, self.is_enrolled,
            (child_age >= p.school_age) & (child_age < p.school_end), self.sold_year, self.lean,
            self.hungry * f4(12 / p.periods_per_year), self.hungry > 0,
        )  # fmt: skip
        for o, value in enumerate(values):
            self.out.year[year, o] += self.weight @ value

    def record_statuses(self, year: int) -> None:
        years = int(self.world.scenario.escape_years)
        is_up = self.spell > years
        escaped = is_up & (self.start == 1)
        values = (
            self.spell > 0, escaped, escaped & ~self.is_from_threshold, escaped & self.is_from_threshold,
            self.began_above & (self.spell < -years), is_up & (self.start == 2),
        )  # fmt: skip
        for o, value in enumerate(values):
            self.out.year[year, len(OUTCOMES) - 6 + o] += self.weight @ value

    def close_year(self) -> None:
        self.consumption_last = self.consumption_year
        for name in (
            "income_year",
            "consumption_year",
            "own_year",
            "output_year",
            "wages_year",
            "pooled_year",
            "sold_year",
        ):
            setattr(self, name, np.zeros(self.weight.size, f4))
        self.is_destitute = np.zeros(self.weight.size, bool)
        self.hungry = np.zeros(self.weight.size, np.int32)
        self.estate_left = np.zeros(self.weight.size, f4)


def _mixes(low: list[Array], high: list[Array], place: Array) -> list[Array]:
    return [a + place * (b - a) for a, b in zip(low, high, strict=True)]


def _locate(grid: Any, x: Array) -> tuple[Array, Array]:
    above = np.log2(f4(1.0) + np.maximum(x, f4(0.0)) * grid.inverse_bend) * grid.scale
    debt = grid.debt_cells + np.minimum(x, f4(0.0)) * grid.debt_scale
    cell = np.clip((debt + above).astype(np.int32), 0, grid.last)
    place = (x - grid.nodes[cell]) * grid.inverse_widths[cell]
    return cell, np.clip(place, f4(0.0), f4(1.0))


def _score(table: Array, level: Array) -> Array:
    """Normal scores of levels of skill; the middle of a stretch of equal skills."""
    nodes = np.linspace(-3.0, 3.0, table.size)
    below, above = (table[:, None] < level).sum(axis=0), (table[:, None] > level).sum(axis=0)
    first, last = below, table.size - 1 - above
    upper, lower = np.minimum(first, table.size - 1), np.maximum(last, 0)
    width = np.where(table[upper] > table[lower], table[upper] - table[lower], 1.0)
    step = nodes[1] - nodes[0]
    between = nodes[lower] + step * (level - table[lower]) / width
    score = np.where(first <= last, 0.5 * (nodes[upper] + nodes[lower]), between)
    return np.where(
        (below == 0) & (above == table.size), -3.0, np.where(last < 0, -3.0, score)
    ).astype(f4)
