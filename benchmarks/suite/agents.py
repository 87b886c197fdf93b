"""The same household as a Mesa agent: plain Python, one household at a time, as agent-based models are written.

Villages pool and neighbours are seen through the model. Luck is Python's own generator; for a check of
the numbers it may be the kernel's, word for word.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from random import Random
from types import SimpleNamespace
from typing import Any

import mesa
import numpy as np

from resilience_sim.kernels.primitives import N_FLOWS

from .numpy_twin import BELIEF, CHILD, DROUGHT, HEIR, QUARTER, YEAR
from .world import World

ROOT_HALF = math.sqrt(0.5)


class PythonLuck:
    """Python's generator."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def uniforms(self, key: int, when: int, purpose: int) -> Sequence[float]:
        """Four uniforms."""
        draw = self.random.random
        return draw(), draw(), draw(), draw()

    def normals(
        self, key: int, when: int, purpose: int, part: int = 0
    ) -> tuple[float, float, float, float]:
        """Two normals, two uniforms."""
        random = self.random
        return random.gauss(0.0, 1.0), random.gauss(0.0, 1.0), random.random(), random.random()


class KernelLuck:
    """Philox4x32-10, keyed as the kernel keys it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def uniforms(self, key: int, when: int, purpose: int, part: int = 0) -> Sequence[float]:
        """Four uniforms."""
        c0, c1, c2, c3, k0, k1 = key, when, purpose, part, self.seed, 0
        for _ in range(10):
            p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
            c0, c1 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF
            c2, c3 = (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
            k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
        return [((word >> 9) + 0.5) / 2**23 for word in (c0, c1, c2, c3)]

    def normals(
        self, key: int, when: int, purpose: int, part: int = 0
    ) -> tuple[float, float, float, float]:
        """Two normals, two uniforms."""
        a, b, c, d = self.uniforms(key, when, purpose, part)
        radius = math.sqrt(-2.0 * math.log(a))
        return radius * math.cos(2.0 * math.pi * b), radius * math.sin(2.0 * math.pi * b), c, d


class Village(mesa.Model):  # type: ignore[misc]
    """All villages of a world, and their calendar."""

    def __init__(self, world: World, is_kernel_luck: bool) -> None:
        super().__init__(rng=np.random.default_rng(world.seed))
        self.p = SimpleNamespace(**{k: v.tolist() for k, v in world.p._asdict().items()})
        self.t = SimpleNamespace(**world.tables._asdict())
        for name in ("n_skill", "n_other", "n_land", "n_minds", "n_assets", "n_money"):
            setattr(self.t, name, int(getattr(self.t, name)))
        self.grids = {name: _Grid(getattr(world.tables, name)) for name in ("assets", "money")}
        self.t.skill_nodes = world.tables.skill_nodes.tolist()
        self.slot = world.scenario.slot[0].tolist()
        self.escape_years = int(world.scenario.escape_years)
        self.luck: Any = KernelLuck(world.seed) if is_kernel_luck else PythonLuck(world.seed)
        self.period = 0
        self.villages: dict[int, list[Household]] = {}
        for i in range(world.n):
            one = Household(
                self, {k: v[..., i].tolist() for k, v in world.households._asdict().items()}
            )
            self.villages.setdefault(one.village, []).append(one)
        self.year_sums: list[list[float]] = []
        self.period_sums: list[tuple[float, float]] = []

    def step(self) -> None:
        """One period: what comes in, what the village shares, what households decide, what is written down."""
        p = self.p
        year, self.season = divmod(self.period, p.periods_per_year)
        self.year = year
        if self.season == 0 and self.period > 0:
            self.agents.do("grow_older")
        self.agents.do("earn")
        if self.season == 0:
            for village, members in self.villages.items():
                hit = self.luck.uniforms(village, year, DROUGHT)[0] < p.drought
                for one in members:
                    one.drought = 1.0 - p.drought_loss if hit else 1.0
            self.agents.do("judge")
            if self.period > 0:
                for members in self.villages.values():
                    everyone = sum(one.weight for one in members)
                    run = sum(one.weight for one in members if one.technique == 2)
                    for one in members:
                        one.learn(p.corrected_by_neighbours * run / everyone)
            self.agents.do("begin_year")
        if p.pool_share > 0.0:
            for members in self.villages.values():
                _pool(p.pool_share, members)
        if self.season == 0:
            self.agents.do("plan_year")
        self.agents.do("decide")
        self.period_sums.append(
            (sum(one.weight * one.consumption for one in self.agents) * p.periods_per_year,
             sum(one.weight * one.income for one in self.agents) * p.periods_per_year)
        )  # fmt: skip
        if self.season == p.periods_per_year - 1:
            sums = [0.0] * N_FLOWS
            for one in self.agents:
                one.raise_children()
                for o, value in enumerate(one.outcomes()):
                    sums[o] += one.weight * value
                one.close_year()
            self.year_sums.append(sums)
        self.period += 1


def _pool(share: float, members: list[Household]) -> None:
    paid = [share * one.participation * one.earned for one in members]
    pot = sum(one.weight * each for one, each in zip(members, paid, strict=True))
    parts = sum(one.weight * one.participation for one in members)
    for one, each in zip(members, paid, strict=True):
        got = pot / parts * one.participation - each if parts > 0 else 0.0
        one.money += got
        one.pooled_year += got


class _Grid:
    """A grid and where a number lies on it."""

    def __init__(self, grid: Any) -> None:
        self.inverse_bend, self.scale = float(grid.inverse_bend), float(grid.scale)
        self.debt_cells, self.debt_scale = float(grid.debt_cells), float(grid.debt_scale)
        self.last, self.nodes = int(grid.last), grid.nodes.tolist()
        self.inverse_widths = grid.inverse_widths.tolist()

    def locate(self, x: float) -> tuple[int, float]:
        """Cell and place within it."""
        above = math.log2(1.0 + max(x, 0.0) * self.inverse_bend) * self.scale
        debt = self.debt_cells + min(x, 0.0) * self.debt_scale
        cell = min(max(int(debt + above), 0), self.last)
        return cell, min(max((x - self.nodes[cell]) * self.inverse_widths[cell], 0.0), 1.0)


class Household(mesa.Agent):  # type: ignore[misc]
    """One household; what it has is named as in `kernels.people`."""

    model: Village
    key: int
    village: int
    land_at: int
    type_at: int
    type_kind: int
    technique: int
    knowledge: int
    confidence: int
    weight: float
    size: float
    land: float
    skill: float
    wages: float
    other: float
    skill_place: float
    other_place: float
    assets: float
    savings: float
    participation: float
    age: float
    school: float
    child_health: float
    child_school: float
    consumption: float
    drought: float

    def __init__(self, model: Village, about: dict[str, Any]) -> None:
        super().__init__(model)
        for name, value in about.items():
            setattr(self, name, value)
        self.reach = about["reach"][0]
        self.knowledge_start, self.confidence_start = self.knowledge, self.confidence
        self.consumption_last = self.consumption
        self.generation = self.spell = self.start = 0
        self.is_enrolled = self.began_above = self.is_from_threshold = False
        self.child_pay = self.crop = self.lived = self.lived_heir = self.lean = self.estate_left = (
            0.0
        )
        self.drought = 1.0
        self.lasting_taste = model.luck.normals(self.key, 0, CHILD)[0]
        self._open_year()

    def _open_year(self) -> None:
        self.income_year = self.consumption_year = self.own_year = self.wages_year = 0.0
        self.output_year = self.pooled_year = self.sold_year = 0.0
        self.is_destitute, self.hungry = False, 0

    def grow_older(self) -> None:
        p = self.model.p
        self.age += 1.0
        self.estate_left = 0.0
        if self.age < p.succession_age:
            return
        self.age = p.heir_age
        self.estate_left = (self.assets + self.savings) * (1.0 - p.inheritance)
        self.assets *= p.inheritance
        self.savings *= p.inheritance
        luck, _, c, d = self.model.luck.normals(self.key, self.model.year, HEIR)
        if c >= p.confidence_inherited:
            self.confidence = int(d < p.confidence_start)
        if p.is_redrawn:
            table, t = p.skill_at[self.land_at], self.model.t
            level = float(np.log2(np.float32(self.skill)))
            score = p.skill_persistence * _score(table, level) + p.skill_luck[self.land_at] * luck
            place = (min(max(score, -3.0), 3.0) + 3.0) * (len(table) - 1) / 6.0
            cell = min(int(place), len(table) - 2)
            level = table[cell] + (place - cell) * (table[cell + 1] - table[cell])
            level += p.school_effect * (self.child_school - p.reference_school)
            level += p.health_effect * (self.child_health - p.reference_health)
            level = min(max(level, -6.0), 5.0)
            self.skill, self.wages = 2.0**level, p.wage * 2.0 ** (p.wage_elasticity * level)
            cell = 0
            while cell < t.n_skill - 2 and t.skill_nodes[cell + 1] <= level:
                cell += 1
            if t.n_skill > 1:
                low, high = t.skill_nodes[cell], t.skill_nodes[cell + 1]
                self.skill_place = min(max((level - low) / (high - low), 0.0), 1.0)
            self.type_at = cell * t.n_other + self.type_at % t.n_other
        self.generation += 1
        self.lasting_taste = self.model.luck.normals(self.key, self.generation, CHILD)[0]
        self.school, self.child_school, self.child_health = self.child_school, 0.0, 0.0

    def earn(self) -> None:
        model, p = self.model, self.model.p
        quarters, months = p.quarters_per_period, p.periods_per_quarter
        at = model.period - 1 + p.periods_per_year
        harvest = wage = bill = 0.0
        survive = 1.0
        for q in range(quarters):
            first, second, ill, lost = model.luck.normals(
                self.key, at * quarters // months + q, QUARTER
            )
            harvest += math.exp(p.harvest_sd * first - 0.5 * p.harvest_sd**2) / quarters
            paid = math.exp(p.wage_sd * second - 0.5 * p.wage_sd**2) / quarters
            if ill < p.illness:
                paid *= 1.0 - p.illness_labour
                bill += p.illness_bill / months
            wage += paid
            if at % months == 0 and lost < p.asset_loss:
                survive *= 1.0 - p.asset_loss_share
        held = self.assets * p.keep
        own, used, capital = 0.0, 0.0, max(held + self.land, 1e-30)
        if self.technique == 2:
            productivity = p.productivity_known if self.knowledge else p.productivity_improved
            own, used = productivity * self.skill * capital**p.exponent_improved, p.labour_improved
        elif self.technique == 1:
            own = p.productivity_traditional * self.skill * capital**p.exponent_traditional
            used = p.labour_traditional
        output = p.season_output[model.season]
        own *= output * harvest * self.drought
        paid = self.wages * (1.0 - used) * wage / p.periods_per_year
        self.earned = own + paid
        self.income = self.earned + self.other / p.periods_per_year + self.child_pay
        self.crop += output * harvest * self.drought
        self.own_year += own
        self.output_year += own
        self.wages_year += paid
        owed = min(max(self.savings, -p.credit_limit), 0.0)
        after = max(self.savings, 0.0) * p.return_save + owed * p.return_borrow
        self.money = after + min(self.savings + p.credit_limit, 0.0) + self.income - bill
        self.assets = held * survive

    def _read(self, table: Any, columns: int, slot: int, layers: int, layer: int) -> list[float]:
        """Read a table of plans between nodes and types."""
        t, grids = self.model.t, self.model.grids
        cell, assets = grids["assets"].locate(self.assets)
        other, money = grids["money"].locate(self.money)
        mind = self.knowledge + 2 * (1 - self.confidence)
        row, layer_size = t.n_money * columns, t.n_assets * t.n_money * columns
        base = ((slot * t.n_land + self.land_at) * t.n_minds + mind) * t.n_skill * t.n_other
        kinds = (
            0,
            int(t.n_other > 1),
            t.n_other * int(t.n_skill > 1),
            int(t.n_other > 1) + t.n_other * int(t.n_skill > 1),
        )
        found = []
        for column in range(columns):
            values = []
            for kind in kinds:
                at = (
                    ((base + self.type_at + kind) * layers + layer) * layer_size
                    + cell * row
                    + other * columns
                    + column
                )
                low = _mix(table.item(at), table.item(at + columns), money)
                high = _mix(table.item(at + row), table.item(at + row + columns), money)
                values.append(_mix(low, high, assets))
            low = _mix(values[0], values[1], self.other_place)
            found.append(_mix(low, _mix(values[2], values[3], self.other_place), self.skill_place))
        return found

    def judge(self) -> None:
        is_above = self._read(self.model.t.escape, 1, 0, 1, 0)[0] >= 0.5
        if is_above and self.spell <= 0:
            mine = self.knowledge, self.confidence
            self.knowledge, self.confidence = self.knowledge_start, self.confidence_start
            self.is_from_threshold = self._read(self.model.t.escape, 1, 0, 1, 0)[0] < 0.5
            self.knowledge, self.confidence = mine
        self.spell = max(self.spell, 0) + 1 if is_above else min(self.spell, 0) - 1
        if self.model.period == 0:
            self.start = 0 if is_above else self.type_kind or 4
            self.began_above = is_above

    def learn(self, seen: float) -> None:
        p = self.model.p
        has_tried = self.technique == 2
        is_severe = has_tried and self.crop < p.severe_loss
        if self.confidence and not is_severe:
            return
        chance = self.model.luck.uniforms(self.key, self.model.year, BELIEF)[0]
        if self.confidence:
            self.confidence = int(chance >= p.broken_by_loss)
        elif not is_severe and chance < (p.corrected_by_trying if has_tried else seen):
            self.confidence = 1

    def begin_year(self) -> None:
        p = self.model.p
        if self.model.period > 0 and self.knowledge and self.technique != 2:
            if self.model.luck.uniforms(self.key, self.model.year, YEAR)[0] < p.knowledge_loss:
                self.knowledge = 0
        self.crop = 0.0

    def plan_year(self) -> None:
        """School and planting."""
        model, p = self.model, self.model.p
        child_age = self.age - p.birth_age
        can_work = p.work_age <= child_age < 18.0
        goes = False
        if p.is_schooling and p.school_age <= child_age < p.school_end:
            cost = p.school_fee + (p.child_work if can_work else 0.0)
            passing = model.luck.normals(self.key, model.year, CHILD, 1)[0]
            ease = p.crra * math.log2(max(self.consumption_last, 0.05))
            taste = p.school_taste * (self.lasting_taste + passing) * ROOT_HALF
            goes = cost <= 0.0 or math.log2(p.school_worth / cost) + ease + taste >= 0.0
        self.is_enrolled = goes
        if goes:
            self.money -= p.school_fee * p.children / self.size
        works = can_work and not goes
        self.child_pay = (
            p.child_work * p.children / self.size / p.periods_per_year if works else 0.0
        )
        traditional, improved = self._read(
            model.t.choice, 2, model.slot[model.period][self.reach], 1, 0
        )
        self.technique = 2 if improved > max(traditional, 0.0) else int(traditional > 0.0)

    def decide(self) -> None:
        model, p = self.model, self.model.p
        season = model.season
        price, limit = p.season_price[season], p.credit_limit
        need = p.need * price / p.periods_per_year
        kept, carried = self._read(
            model.t.plans, 2, model.slot[model.period][self.reach], 3, self.technique
        )
        outlay = 0.0
        if self.technique == 2:
            outlay = (p.outlay_known if self.knowledge else p.outlay_improved) * p.season_outlay[
                season
            ]
        elif self.technique == 1:
            outlay = p.outlay_traditional * p.season_outlay[season]
        kept, carried = max(kept, 0.0), max(carried, -limit)
        change = kept - self.assets
        cost = change if change > 0.0 else p.resale * change
        lacking = max(need - (self.money - outlay - carried - cost), 0.0)
        cancelled = min(max(change, 0.0), lacking)
        kept -= cancelled
        lacking -= cancelled
        drawn = min(lacking, max(carried, 0.0))
        carried -= drawn
        lacking -= drawn
        raised = min(lacking, p.resale * kept)
        kept = 0.0 if raised >= p.resale * kept else kept - raised / p.resale
        lacking -= raised
        borrowed = min(lacking, max(carried + limit, 0.0))
        carried -= borrowed
        lacking -= borrowed
        change = kept - self.assets
        rest = self.money - carried - (change if change > 0.0 else p.resale * change)
        is_paid = outlay <= 0.0 or lacking <= 1e-6 or rest - outlay > 0.0
        spent = outlay if is_paid else 0.0
        eaten = rest - spent
        arrears = min(eaten, 0.0)
        eaten -= arrears
        self.assets, self.savings = kept, carried + arrears
        self.technique = self.technique if is_paid else 0
        self.income -= spent
        self.consumption = eaten / price
        self.income_year += self.income
        self.own_year -= spent
        self.consumption_year += self.consumption
        self.sold_year += raised
        if price == max(p.season_price):
            self.lean = self.consumption * p.periods_per_year
        if eaten < need - 1e-4:
            self.is_destitute = True
        self.hungry += self.consumption * p.periods_per_year < p.food_line

    def raise_children(self) -> None:
        p = self.model.p
        child_age, eaten = self.age - p.birth_age, self.consumption_year
        if p.is_health and 0.0 <= child_age < 5.0:
            self.child_health += min(max(eaten / p.health_line, 1e-6), 1.0) ** p.health_curve / 5.0
        if self.is_enrolled:
            self.child_school += 1.0
        if self.generation == 0:
            self.lived += eaten
        elif self.generation == 1:
            self.lived_heir += eaten

    def outcomes(self) -> tuple[float, ...]:
        """What a year is written down as."""
        p = self.model.p
        income, eaten, child_age = self.income_year, self.consumption_year, self.age - p.birth_age
        gap = max(1.0 - eaten, 0.0)
        return (
            income, eaten, self.assets, max(self.savings, 0.0), max(-self.savings, 0.0),
            self.technique == 2, self.technique != 0, eaten < 1.0, gap, gap * gap, income < 1.0,
            self.is_destitute, self.knowledge, income * income, eaten * eaten, self.assets**2,
            self.estate_left, self.own_year, self.output_year, self.wages_year, self.confidence,
            self.participation, self.pooled_year, self.is_enrolled, p.school_age <= child_age < p.school_end,
            self.sold_year, self.lean, self.hungry * 12 / p.periods_per_year, self.hungry > 0,
        )  # fmt: skip

    def close_year(self) -> None:
        self.consumption_last = self.consumption_year
        self.estate_left = 0.0
        self._open_year()


def _mix(low: float, high: float, place: float) -> float:
    return low + place * (high - low)


def _score(table: list[float], level: float) -> float:
    below, above = sum(each < level for each in table), sum(each > level for each in table)
    if not below and above == len(table):
        return -3.0
    if not above and below == len(table):
        return 3.0
    last, step = len(table) - 1 - above, 6.0 / (len(table) - 1)
    if below <= last:
        return 0.5 * (below + last) * step - 3.0
    return (last + (level - table[last]) / (table[below] - table[last])) * step - 3.0


def live(
    world: World, is_kernel_luck: bool
) -> tuple[float, list[list[float]], list[tuple[float, float]]]:
    """Seconds of the periods of one life, and weighted sums by year and by period."""
    model = Village(world, is_kernel_luck)
    n_periods = world.n_years * int(world.p.periods_per_year)
    began = time.perf_counter()
    for _ in range(n_periods):
        model.step()
    return time.perf_counter() - began, model.year_sums, model.period_sums
