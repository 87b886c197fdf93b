"""A village's lives in plain Python: the slow and obvious twin that the kernels must equal.

Double precision, one household and one period at a time, tables read by looking for the node on the
left. It shares no code with the kernels; parameters, households, tables and scenarios come in the
kernels' own tuples and are read by name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import product
from math import cos, exp, floor, log, log2, pi, prod, sin, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np

# Purposes of chance.
QUARTER, YEAR, LEARNING, DROUGHT, SEVERITY = 0, 1, 2, 3, 4
BELIEF, HEIR, CHILD, COACHING = 6, 7, 8, 9
NONE, TRADITIONAL, IMPROVED = 0, 1, 2
NO_LIST, ENTRANT = 0, 4
# Classes: above the threshold, or below it in a type of one of four kinds, in their order.
ABOVE, TRAPPED, NO_WAY_UP, WAGE_ROUTE, ON_THE_WAY = 0, 1, 2, 3, 4
BELOW = (ON_THE_WAY, TRAPPED, NO_WAY_UP, WAGE_ROUTE)
PENNY = 1e-6  # lines; an outlay that lacks no more than this is paid
ALMOST = 1e-4  # lines; consumption this far under the need counts as destitution
HUNGRY = 0.05  # lines per year; who ate less is taken for as poor as that
LEAST = 1e-6  # lines; below it a logarithm looks no further
ADULT, SMALL_CHILD = 18.0, 5.0  # years
LEAST_SKILL, MOST_SKILL = 2.0**-6, 2.0**5
UNIT = 2**20  # the pool's ledger is in whole units of 2^-20 lines times a weight
MIN_YEARS = 3  # of a life within the run, for its consumption to count
N_BINS, N_HEIR_BINS = 280, 56


# Chance


def philox(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """Four words of Philox4x32-10 (Salmon et al. 2011, SC11), from whole numbers of any size."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * c0, 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c0, c1, c2, c3


def unit(word: int) -> float:
    """The middle of one of 2^23 equal parts of the unit interval."""
    return ((word >> 9) + 0.5) / 2**23


def normal_pair(first: int, second: int) -> tuple[float, float]:
    """Two independent standard normals from two words (Box and Muller 1958)."""
    radius = sqrt(-2.0 * log(unit(first)))
    angle = 2.0 * pi * unit(second)
    return radius * cos(angle), radius * sin(angle)


def chance(
    name: int, when: int, purpose: int, seed: int, replicate: int, which: int = 0
) -> tuple[int, ...]:
    """Words of one household or village at one time for one purpose, of which there may be two kinds."""
    return philox((int(name), when, purpose, which), (seed, replicate))


def period_luck(p: Any, key: int, t: int, seed: int, replicate: int) -> SimpleNamespace:
    """Luck of what comes in at period `t`: factors on own output and wages, a bill, assets that stay.

    It was earned in the period before; quarters are counted from a year before the start.
    """
    quarters, months = int(p.quarters_per_period), int(p.periods_per_quarter)
    earned_at = t - 1 + int(p.periods_per_year)
    luck = SimpleNamespace(harvest=0.0, wage=0.0, bill=0.0, survive=1.0)
    for q in range(quarters):
        words = chance(key, earned_at * quarters // months + q, QUARTER, seed, replicate)
        first, second = normal_pair(words[0], words[1])
        is_ill = unit(words[2]) < p.illness
        is_new = earned_at % months == 0  # a quarter's assets are lost in its first month
        is_lost = is_new and unit(words[3]) < p.asset_loss
        luck.harvest += exp(p.harvest_sd * first - p.harvest_sd**2 / 2) / quarters
        wage = exp(p.wage_sd * second - p.wage_sd**2 / 2) / quarters
        luck.wage += wage * (1.0 - p.illness_labour) if is_ill else wage
        luck.bill += p.illness_bill / months if is_ill else 0.0
        luck.survive *= 1.0 - p.asset_loss_share if is_lost else 1.0
    return luck


# One household, one period


def own_output(p: Any, technique: int, knowledge: int, skill: float, fields: float) -> float:
    """A year's own output at ordinary luck with `fields` of assets and land."""
    if technique == NONE:
        return 0.0
    if technique == TRADITIONAL:
        return p.productivity_traditional * skill * fields**p.exponent_traditional
    productivity = p.productivity_known if knowledge else p.productivity_improved
    return productivity * skill * fields**p.exponent_improved


def labour_share(p: Any, technique: int) -> float:
    """Share of labour that own work takes from wages."""
    return (0.0, p.labour_traditional, p.labour_improved)[technique]


def year_outlay(p: Any, technique: int, knowledge: int) -> float:
    """A year's outlay."""
    improved = p.outlay_known if knowledge else p.outlay_improved
    return (0.0, p.outlay_traditional, improved)[technique]


def price_of_change(change: float, resale: float) -> float:
    """Money paid for a change of assets."""
    return change if change > 0 else resale * change


def grow(terms: Any, savings: float) -> float:
    """Savings with their return, debt with its interest; what is owed beyond the limit bears none."""
    if savings >= 0:
        return savings * terms.return_save
    if savings >= -terms.credit_limit:
        return savings * terms.return_borrow
    return -terms.credit_limit * terms.return_borrow + (savings + terms.credit_limit)


def settle(
    resale: float, limit: float, money: float, outlay: float, floor: float, assets: float,
    kept: float, carried: float,
) -> tuple[float, float, float, bool, float]:  # fmt: skip
    """Assets kept, savings carried, consumption, whether the outlay was paid, and what need sold.

    Step by step: buy less, draw on savings, sell, borrow, give up the field, go hungry, owe.
    """
    kept, carried = max(kept, 0.0), max(carried, -limit)
    raised = 0.0

    def eaten() -> float:
        return money - outlay - carried - price_of_change(kept - assets, resale)

    if eaten() < floor and kept > assets:
        kept = max(assets, kept - (floor - eaten()))
    if eaten() < floor and carried > 0:
        carried = max(0.0, carried - (floor - eaten()))
    if eaten() < floor:
        before = kept
        kept = max(0.0, kept - (floor - eaten()) / resale)
        raised = resale * (before - kept)
    if eaten() < floor:
        carried = max(-limit, carried - (floor - eaten()))
    is_covered = floor - eaten() <= PENNY
    is_paid = outlay <= 0 or is_covered or eaten() > 0
    if not is_paid:
        outlay = 0.0
    consumption = eaten()
    if consumption < 0:
        carried, consumption = carried + consumption, 0.0
    return kept, carried, consumption, is_paid, raised


def mind(knowledge: int, confidence: int) -> int:
    """Place of a planner among those who know or not, and believe or not."""
    return {(0, 1): 0, (1, 1): 1, (0, 0): 2, (1, 0): 3}[knowledge, confidence]


def skill_of(table: list[float], score: float) -> float:
    """Log2 skill at a normal score, between scores of -3 and 3 that are evenly tabled."""
    return float(np.interp(score, np.linspace(-3.0, 3.0, len(table)), table))


def score_of(table: list[float], level: float) -> float:
    """The score at which skill is `level`; where it is the same for a stretch, the middle of that."""
    scores = np.linspace(-3.0, 3.0, len(table))
    equal = [score for score, skill in zip(scores, table, strict=True) if skill == level]
    if equal:
        return float((equal[0] + equal[-1]) / 2.0)
    return float(np.interp(level, table, scores))


def class_of(is_above: bool, kind: int) -> int:
    """Above the threshold, or below it in a type of some kind."""
    return ABOVE if is_above else BELOW[kind]


# Tables


def tables_of(tables: Any) -> SimpleNamespace:
    """The kernel's flat tables with their axes: slot, land, mind, skill, other income and so on."""
    land, minds = int(tables.n_land), int(tables.n_minds)
    skill, other = int(tables.n_skill), int(tables.n_other)
    cells = (int(tables.n_assets), int(tables.n_money))
    return SimpleNamespace(
        plans=tables.plans.reshape(-1, land, minds, skill, other, 3, *cells, 2),
        choice=tables.choice.reshape(-1, land, minds, skill, other, *cells, 2),
        escape=tables.escape.reshape(land, minds, skill, other, *cells),
        kinds=tables.kinds.reshape(land, minds, skill, other),
        skill_nodes=[float(x) for x in tables.skill_nodes],
        assets=[float(x) for x in tables.assets.nodes],
        money=[float(x) for x in tables.money.nodes],
    )


def place(nodes: list[float], x: float) -> tuple[int, float]:
    """The node on the left of `x` and the share of the way to the next; the ends hold what is beyond."""
    left = min(max(bisect_right(nodes, x) - 1, 0), len(nodes) - 2)
    share = (x - nodes[left]) / (nodes[left + 1] - nodes[left])
    return left, min(max(share, 0.0), 1.0)


def read(tables: Any, person: Any, table: np.ndarray, assets: float, money: float) -> float:
    """Value of `table` (n_skill, n_other, n_assets, n_money) between its nodes, for one household."""
    n_skill, n_other = table.shape[:2]
    skill, other = divmod(person.type_at, n_other)
    i, across = place(tables.assets, assets)
    j, along = place(tables.money, money)
    axes = (
        (min(skill, n_skill - 1), min(skill + 1, n_skill - 1), person.skill_place),
        (min(other, n_other - 1), min(other + 1, n_other - 1), person.other_place),
        (i, i + 1, across),
        (j, j + 1, along),
    )
    total = 0.0
    for corner in product((0, 1), repeat=4):
        node = tuple(axis[side] for axis, side in zip(axes, corner, strict=True))
        shares = [axis[2] if side else 1 - axis[2] for axis, side in zip(axes, corner, strict=True)]
        total += float(table[node]) * prod(shares)
    return total


# One life


def row(table: Any, i: int) -> SimpleNamespace:
    """One row of a tuple of arrays, as plain numbers; a list for what differs by arm."""
    names = (name for name in table._fields if name != "reach")
    told = SimpleNamespace(**{name: getattr(table, name)[i].item() for name in names})
    if "reach" in table._fields:
        told.reach = table.reach[:, i].tolist()
    return told


def plain(p: Any) -> SimpleNamespace:
    """Parameters as plain numbers, seasons as lists."""
    return SimpleNamespace(**{name: getattr(p, name).tolist() for name in p._fields})


class Memory:
    """What other lives of a household, under the same luck, must know of those lived before."""

    def __init__(self) -> None:
        self.start: dict[int, int] = {}
        """Class at the start, by household."""
        self.heirs: dict[int, SimpleNamespace] = {}
        """First heirs of the life without programme and shock."""


class Life:
    """One household in one arm, world and replicate; what changes carries the kernel's names."""

    def __init__(
        self, world: Any, i: int, arm: int, calamity: int, replicate: int, memory: Memory
    ) -> None:
        self.p, self.tables, self.scenario = plain(world.p), tables_of(world.tables), world.scenario
        self.i, self.person, self.memory = i, row(world.households, i), memory
        self.arm, self.calamity, self.luck_of = arm, calamity, (world.seed, replicate)
        self.per_year = self.p.periods_per_year
        for name in (
            "assets", "savings", "technique", "knowledge", "confidence", "participation", "age",
            "skill", "wages", "type_at", "skill_place", "school", "child_health", "child_school",
        ):  # fmt: skip
            setattr(self, name, getattr(self.person, name))
        self.weight, self.consumption_last = self.person.weight, self.person.consumption
        self.other_place = self.person.other_place
        self.generation = self.is_enrolled = self.spell = self.is_from_threshold = 0
        self.child_pay = self.crop = self.lean = 0.0
        self.drought = 1.0
        self.eaten: tuple[tuple[float, ...], ...] = ((),)
        """Yearly consumption by generation."""
        self.heir: SimpleNamespace | None = None
        self._open_year()
        words = self._chance(0, SEVERITY)
        share_hit = float(world.scenario.share_hit)
        self.severity = 2.0 * unit(words[1]) / share_hit if unit(words[0]) < share_hit else 0.0
        self.reach = self.person.reach[arm]
        entrants = float(world.scenario.entrants[arm]) if calamity > 0 else 0.0
        if self.reach == NO_LIST and self.severity > 0 and unit(words[2]) < entrants:
            self.reach = ENTRANT
        self._agree(0)

    def _chance(self, when: int, purpose: int, which: int = 0) -> tuple[int, ...]:
        return chance(self.person.key, when, purpose, *self.luck_of, which)

    def _open_year(self) -> None:
        self.income_year = self.consumption_year = self.own_year = self.wages_year = 0.0
        self.output_year = self.pooled_year = self.sold_year = self.estate_left = 0.0
        self.is_destitute = self.hungry = 0

    def _agree(self, row: int) -> None:
        """Terms of the programme; row 0 is the life before the start."""
        for name in (
            "own_factor", "input_help", "outlay_keep", "return_save", "return_borrow",
            "credit_limit",
        ):  # fmt: skip
            setattr(self, name, self._given(name, row))

    def _given(self, name: str, at: int) -> float:
        """What the lists on which the household is bring it at a time."""
        table = getattr(self.scenario, name)[self.arm]
        return float((table[self.calamity] if table.ndim == 3 else table)[at, self.reach])

    @property
    def child_age(self) -> float:
        return self.age - self.p.birth_age

    @property
    def is_of_school_age(self) -> bool:
        return self.p.school_age <= self.child_age < self.p.school_end

    # 1. Age and succession.

    def grow_older(self, year: int) -> None:
        """A year passes, and at some age one heir takes over."""
        self.age += 1.0
        self.is_succession = self.age >= self.p.succession_age
        if not self.is_succession:
            return
        p = self.p
        self.age = p.heir_age
        estate = self.assets + self.savings
        self.assets, self.savings = self.assets * p.inheritance, self.savings * p.inheritance
        self.estate_left = estate - self.assets - self.savings
        words = self._chance(year, HEIR)
        if unit(words[2]) >= p.confidence_inherited:
            self.confidence = int(unit(words[3]) < p.confidence_start)
        if self.generation == 0:
            self._follow_channels()
        if p.is_redrawn:
            self._redraw_skill(normal_pair(words[0], words[1])[0])
        if self.generation == 0:
            self.heir = SimpleNamespace(
                school=self.child_school, school_parent=self.school, health=self.child_health,
                confident=self.confidence, inherited=self.assets + self.savings,
                log_skill=log2(self.skill),
            )  # fmt: skip
        self.school, self.child_school, self.child_health = self.child_school, 0.0, 0.0
        self.generation += 1
        self.eaten = (*self.eaten, ())

    def _follow_channels(self) -> None:
        """Through a channel that is off an heir has what its twin without programmes has."""
        if self.arm == 0 and self.calamity == 0:
            self.memory.heirs[self.i] = SimpleNamespace(**vars(self))
        twin, off = self.memory.heirs[self.i], int(self.scenario.channels_off[self.arm])
        channels = (("assets", "savings"), ("child_school",), ("child_health",), ("confidence",))
        for bit, names in enumerate(channels):
            for name in names if off >> bit & 1 else ():
                setattr(self, name, getattr(twin, name))

    def _redraw_skill(self, luck: float) -> None:
        p, land = self.p, self.person.land_at
        table = p.skill_at[land]
        score = p.skill_persistence * score_of(table, log2(self.skill)) + p.skill_luck[land] * luck
        level = skill_of(table, score)
        level += p.school_effect * (self.child_school - p.reference_school)
        level += p.health_effect * (self.child_health - p.reference_health)
        self.skill = min(max(2.0**level, LEAST_SKILL), MOST_SKILL)
        self.wages = p.wage * self.skill**p.wage_elasticity
        n_skill, n_other = self.tables.kinds.shape[2:]
        cell, self.skill_place = 0, 0.0
        if n_skill > 1:
            cell, self.skill_place = place(self.tables.skill_nodes, log2(self.skill))
        self.type_at = cell * n_other + self.type_at % n_other

    # 2. Luck and losses, 3. income.

    def earn(self, t: int) -> None:
        """What comes in was earned in the period before, and struck by its losses.

        A drought strikes a crop until it is in. Assets wear out, produce, and may then be lost.
        """
        p, before, season = self.p, t - 1, t % self.per_year
        self.luck = period_luck(p, self.person.key, t, *self.luck_of)

        def left(name: str) -> float:
            lost = float(getattr(self.scenario, name)[self.calamity, before]) if t > 0 else 0.0
            return 1.0 - min(lost * self.severity, 1.0)

        dear = float(self.scenario.price[self.calamity, before]) - 1.0 if t > 0 else 0.0
        self.assets *= p.keep
        fields = self.assets + self.person.land
        own = own_output(p, self.technique, self.knowledge, self.skill, fields)
        own *= p.season_output[season] * self.luck.harvest * self.drought * left("own_loss")
        own *= self.own_factor * (1.0 + p.sales_gain * dear)
        wages = self.wages * (1.0 - labour_share(p, self.technique)) / self.per_year
        wages *= self.luck.wage * left("wage_loss")
        other = self.person.other / self.per_year * left("other_loss")
        self.earned = own + wages
        self.income = own + wages + other + self.child_pay
        self.money = grow(self, self.savings) + self.income - self.luck.bill
        self.assets *= self.luck.survive * left("asset_loss")
        self.own_year, self.wages_year = self.own_year + own, self.wages_year + wages
        self.output_year += own
        share = p.season_output[season]
        self.crop += share * self.luck.harvest * self.drought * left("own_loss")

    # 4. At planting: the coming drought, status, what was learnt.

    def strike(self, year: int) -> None:
        """The drought of the crop about to be planted."""
        words = chance(self.person.village, year, DROUGHT, *self.luck_of)
        is_dry = unit(words[0]) < self.p.drought
        self.drought = 1.0 - self.p.drought_loss if is_dry else 1.0

    def judge(self, t: int) -> None:
        """Where the household stands to the threshold, and for how long."""

        def escapes(who: Any) -> float:
            at = mind(who.knowledge, who.confidence)
            table = self.tables.escape[self.person.land_at, at]
            return read(self.tables, self, table, self.assets, self.money)

        self.chance = escapes(self)
        is_above = self.chance >= 0.5
        if is_above and self.spell <= 0:
            self.is_from_threshold = int(escapes(self.person) < 0.5)
        self.spell = (max(self.spell, 0) + 1) if is_above else (min(self.spell, 0) - 1)
        if t == 0 and self.arm == 0 and self.calamity == 0:
            self.memory.start[self.i] = class_of(is_above, self.person.type_kind)

    @property
    def start(self) -> int:
        return self.memory.start[self.i]

    def status(self) -> dict[str, float]:
        """Outcomes of the year before that are known only at the next planting."""
        is_up = self.spell > self.scenario.escape_years
        is_down = self.spell < -self.scenario.escape_years
        escaped = self.start == TRAPPED and is_up
        return {
            "above_threshold": float(self.spell > 0),
            "escaped": float(escaped),
            "escaped_wealth": float(escaped and not self.is_from_threshold),
            "escaped_threshold": float(escaped and self.is_from_threshold != 0),
            "fallen": float(self.start == ABOVE and is_down),
            "lifted": float(self.start == NO_WAY_UP and is_up),
        }

    def learn(self, year: int, seen: float) -> None:
        """What a crop, or the share of neighbours who run it, does to the belief in the technique."""
        p = self.p
        has_tried = self.technique == IMPROVED
        is_severe = has_tried and self.crop < p.severe_loss
        lot = unit(self._chance(year, BELIEF)[0])
        self.belief = ""
        if self.confidence and is_severe and lot < p.broken_by_loss:
            self.confidence, self.belief = 0, "broken"
        elif not self.confidence and has_tried and not is_severe and lot < p.corrected_by_trying:
            self.confidence, self.belief = 1, "by trying"
        elif not self.confidence and not has_tried and lot < p.corrected_by_neighbours * seen:
            self.confidence, self.belief = 1, "by neighbours"

    def forget(self, year: int) -> None:
        """Knowledge that the crop of the year did not use may be forgotten."""
        self.has_forgotten = False
        if self.knowledge and self.technique != IMPROVED and self.p.knowledge_loss > 0:
            self.has_forgotten = unit(self._chance(year, YEAR)[0]) < self.p.knowledge_loss
            self.knowledge = 0 if self.has_forgotten else 1

    # 5. Deliveries; what neighbours share is below, for a whole village.

    def receive(self, t: int) -> None:
        """Terms, money, assets, lessons and groups."""
        self._agree(t + 1)
        size = self.person.size
        paid = self._given("transfer", t) + self._given("transfer_household", t) / size
        if 0.0 <= self.child_age < ADULT:
            paid += self._given("per_child", t) / size
        self._pay(paid)
        self.assets += self._given("grant", t) + self._given("grant_household", t) / size
        self.participation = min(self.participation + self._given("participation", t), 1.0)
        if unit(self._chance(t, LEARNING)[0]) < self._given("training", t):
            self.knowledge = 1
        self.is_coached = unit(self._chance(t, COACHING)[0]) < self._given("coaching", t)
        self.confidence = 1 if self.is_coached else self.confidence

    def _pay(self, amount: float) -> None:
        self.money, self.income = self.money + amount, self.income + amount

    # 6. School.

    def enrol(self, t: int) -> None:
        """School or work for a year, and the fee."""
        p, size = self.p, self.person.size
        can_work = p.work_age <= self.child_age < ADULT
        self.is_enrolled = int(self.is_of_school_age and self._wants_school(t, can_work))
        a_child = p.children / size
        self.fee = p.school_fee * a_child if self.is_enrolled else 0.0
        self.money -= self.fee
        works = can_work and not self.is_enrolled
        self.child_pay = p.child_work * a_child / self.per_year if works else 0.0

    def _wants_school(self, t: int, can_work: bool) -> bool:
        """Whether a year of school is worth what it costs one child.

        Money hangs on school for the whole family. What is given up today weighs the more, the less
        the family ate. Of its taste, half lasts for a generation, the first one's in all
        replicates, and half is the year's.
        """
        p, year = self.p, t // self.per_year
        stake = self._given("at_stake", t) * self.person.size + self._given("pupil_stake", t)
        cost = p.school_fee + (p.child_work if can_work else 0.0) - stake / p.children
        seed, replicate = self.luck_of
        family = chance(
            self.person.key, self.generation, CHILD, seed, replicate if self.generation else 0, 0
        )
        lasting, passing = (
            normal_pair(*words[:2])[0] for words in (family, self._chance(year, CHILD, 1))
        )
        taste = 2.0 ** (p.school_taste * (lasting + passing) / sqrt(2.0))
        worth = p.school_worth * max(self.consumption_last, HUNGRY) ** p.crra * taste
        return cost <= 0.0 or worth >= cost

    def receive_for_school(self, t: int) -> None:
        """Transfers unless a child of school age is out of school; meals and the like for pupils.

        Where nobody chooses, all children of school age are at school.
        """
        size = self.person.size
        is_pupil = self.is_of_school_age if not self.p.is_schooling else self.is_enrolled
        paid = self._given("per_pupil", t) / size if is_pupil else 0.0
        hangs = self._given("conditional", t) + self._given("conditional_household", t) / size
        is_withheld = self.is_of_school_age and not is_pupil
        self.withheld = hangs if is_withheld else 0.0
        paid += hangs - self.withheld
        self._pay(paid)

    # 7. Choice: the technique at planting; then what to keep, to carry and to eat.

    def feel_prices(self) -> None:
        """Share of food in consumption, which falls as people grow richer."""
        eaten = max(self.consumption_last, HUNGRY)
        share = self.p.food_share - self.p.food_share_slope * log2(eaten)
        self.food = min(max(share, 0.0), 1.0)

    def plant(self, t: int) -> None:
        """The technique whose plan is worth most."""
        table = self._plans(self.tables.choice, t)
        gaps = [read(self.tables, self, table[..., n], self.assets, self.money) for n in (0, 1)]
        worth = [0.0, *gaps]
        self.technique = worth.index(max(worth))

    def _plans(self, table: np.ndarray, t: int) -> np.ndarray:
        slot = int(self.scenario.slot[self.arm, t, self.reach])
        rows: np.ndarray = table[slot, self.person.land_at, mind(self.knowledge, self.confidence)]
        return rows

    def choose(self, t: int) -> None:
        """Consume, save or borrow, invest or sell, and pay the outlay."""
        p, season, tables = self.p, t % self.per_year, self.tables
        self.held, self.planted = self.assets, self.technique
        table = self._plans(tables.plans, t)[:, :, self.technique]
        wish = [read(tables, self, table[..., n], self.assets, self.money) for n in (0, 1)]
        dear = 1.0 + self.food * (float(self.scenario.price[self.calamity, t]) - 1.0)
        self.price = p.season_price[season] * dear
        need = p.need * self.price / self.per_year
        due = year_outlay(p, self.technique, self.knowledge)
        if self.technique == IMPROVED:
            due = max(due - self.input_help, 0.0)
        due *= self.outlay_keep * p.season_outlay[season]
        self.assets, self.savings, eaten, self.is_paid, raised = settle(
            p.resale, self.credit_limit, self.money, due, need, self.assets, *wish
        )
        self.technique = self.technique if self.is_paid else NONE
        spent = due if self.is_paid else 0.0
        self.income -= spent
        self.consumption = eaten / self.price
        self.own_year -= spent
        self.income_year += self.income
        self.consumption_year += self.consumption
        self.sold_year += raised
        if season == p.season_price.index(max(p.season_price)):
            self.lean = self.consumption * self.per_year
        if eaten < need - ALMOST:
            self.is_destitute = 1
        self.hungry += self.consumption * self.per_year < p.food_line

    # 8. Children grow; the year is recorded.

    def raise_children(self, year: int) -> None:
        """Early food becomes health, and a year at school counts less what was closed."""
        p = self.p
        if p.is_health and 0.0 <= self.child_age < SMALL_CHILD:
            fed = min(max(self.consumption_year / p.health_line, LEAST), 1.0)
            self.child_health += fed**p.health_curve / SMALL_CHILD
        if self.is_enrolled:
            self.child_school += 1.0 - float(self.scenario.school_closed[self.calamity, year])
        self.eaten = (*self.eaten[:-1], (*self.eaten[-1], self.consumption_year))

    def year(self) -> dict[str, float]:
        """Outcomes of the year that ends."""
        consumption, income = self.consumption_year, self.income_year
        gap = max(1.0 - consumption, 0.0)
        return {
            "income": income,
            "consumption": consumption,
            "assets": self.assets,
            "savings": max(self.savings, 0.0),
            "debt": max(-self.savings, 0.0),
            "improved": float(self.technique == IMPROVED),
            "own_work": float(self.technique != NONE),
            "poor": float(consumption < 1.0),
            "poverty_gap": gap,
            "poverty_severity": gap**2,
            "poor_income": float(income < 1.0),
            "destitute": float(self.is_destitute),
            "knowledge": float(self.knowledge),
            "income_squared": income**2,
            "consumption_squared": consumption**2,
            "assets_squared": self.assets**2,
            "estate_left": self.estate_left,
            "own_income": self.own_year,
            "own_output": self.output_year,
            "wages": self.wages_year,
            "confident": float(self.confidence),
            "participation": self.participation,
            "pooled": self.pooled_year,
            "enrolled": float(self.is_enrolled),
            "school_age": float(self.is_of_school_age),
            "distress_sales": self.sold_year,
            "lean_consumption": self.lean,
            "hungry_months": self.hungry * 12 / self.per_year,
            "hungry": float(self.hungry > 0),
        }

    def close_year(self) -> None:
        """Yearly flows start again."""
        self.consumption_last = self.consumption_year
        self._open_year()

    def end(self) -> tuple[int, dict[str, float] | None]:
        """Class of an heir at the end of the run, and its consumption beside its parent's.

        None where either lived too short in the run, or the heir has handed over in its turn.
        """
        n_skill, n_other = self.tables.kinds.shape[2:]
        skill, other = divmod(self.type_at, n_other)
        skill = min(skill + (self.skill_place > 0.5), n_skill - 1)
        other = min(other + (self.other_place > 0.5), n_other - 1)
        at = mind(self.knowledge, self.confidence)
        kind = int(self.tables.kinds[self.person.land_at, at, skill, other])
        ends = class_of(self.spell > 0, kind)
        if self.generation != 1 or min(map(len, self.eaten)) < MIN_YEARS:
            return ends, None
        parent, heir = (max(sum(years) / len(years), LEAST) for years in self.eaten)
        return ends, {
            "adults": 1.0,
            "log_consumption": log(heir),
            "log_consumption_parent": log(parent),
            "log_consumption_squared": log(heir) ** 2,
            "log_consumption_parent_squared": log(parent) ** 2,
            "log_consumption_product": log(heir) * log(parent),
            "consumption": heir,
            "poor": float(heir < 1.0),
            "trapped": float(ends == TRAPPED),
        }


# A village


def units(weight: float, value: float) -> int:
    """A weighted value in whole units of the ledger."""
    return round(weight * value * UNIT)


def share_income(p: Any, village: Iterable[Any]) -> list[int]:
    """Everybody pays in a share of what it earned, and gets back by persons and participation.

    Cents that do not divide go to whom they reach as one counts through the village, so that what is
    paid out is what was paid in. Returns what each got net, in whole units.
    """
    members = list(village)
    paid = [units(h.weight, p.pool_share * h.participation * h.earned) for h in members]
    parts = [units(h.weight, h.participation) for h in members]
    if sum(parts) == 0:
        return [0] * len(members)
    due = [floor(Fraction(sum(paid) * sum(parts[:j]), sum(parts))) for j in range(len(parts) + 1)]
    return [due[j + 1] - due[j] - paid[j] for j in range(len(paid))]


def live(
    world: Any, members: Iterable[int], arm: int, calamity: int, replicate: int,
    memory: Memory | None = None,
) -> Iterator[list[SimpleNamespace]]:  # fmt: skip
    """Yield what happens to the households of one village in every period, and at the closing planting.

    For each the state after what came in (`came_in`), before the choice (`ready`) and after it
    (`chosen`), the same with `year` at a year's end, that year's outcomes; a planting after the
    first has `status`, the outcomes of the year before that are known only then. After the last
    they have `end`. The life without programme and shock comes first, others get its memory.
    """
    memory = memory or Memory()
    village = [Life(world, i, arm, calamity, replicate, memory) for i in members]
    p = village[0].p
    per_year, n_periods = p.periods_per_year, world.n_years * p.periods_per_year
    weights = [h.person.weight for h in village]
    for t in range(n_periods + 1):
        year, season = divmod(t, per_year)
        is_planting = season == 0
        told = [SimpleNamespace(t=t, i=h.i, status=None, year=None) for h in village]
        for h in village:
            h.is_succession, h.has_forgotten, h.belief = False, False, ""
            if is_planting and t > 0:
                h.grow_older(year)
            h.earn(t)
        for now, h in zip(told, village, strict=True):
            now.luck, now.drought = h.luck, h.drought
            if is_planting and p.drought > 0:
                h.strike(year)
            if is_planting:
                h.judge(t)
                now.chance = h.chance
                now.status = h.status() if t > 0 else None
        if is_planting and t > 0:
            runs = sum(w for w, h in zip(weights, village, strict=True) if h.technique == IMPROVED)
            for h in village:
                if village[0].tables.kinds.shape[1] > 2:
                    h.learn(year, runs / sum(weights))
                h.forget(year)
        for now, h in zip(told, village, strict=True):
            h.crop = 0.0 if is_planting else h.crop
            now.came_in = SimpleNamespace(**vars(h))
            now.start = h.start
        if t == n_periods:
            for now, h in zip(told, village, strict=True):
                now.end = h.end()
            yield told
            return
        for h in village:
            h.receive(t)
        for h, got in zip(village, share_income(p, village), strict=True):
            h.got = got / (h.weight * UNIT)
            h.money += h.got
            h.pooled_year += h.got
        for now, h in zip(told, village, strict=True):
            h.fee = 0.0
            if is_planting:
                h.feel_prices()
            if is_planting and p.is_schooling:
                h.enrol(t)
            h.receive_for_school(t)
            if is_planting:
                h.plant(t)
            now.ready = SimpleNamespace(**vars(h))
            h.choose(t)
            if season == per_year - 1:
                h.raise_children(year)
                now.year = h.year()
            now.chosen = SimpleNamespace(**vars(h))
            if season == per_year - 1:
                h.close_year()
        yield told


# Everybody


def villages_of(households: Any) -> list[list[int]]:
    """Households of each village, in their order."""
    village = households.village.tolist()
    return [[i for i, v in enumerate(village) if v == each] for each in dict.fromkeys(village)]


def lives_of(
    world: Any, arm: int, calamity: int, replicate: int, memory: Memory
) -> list[list[SimpleNamespace]]:
    """Lives of all households in one arm and world, in their order."""
    told: dict[int, list[SimpleNamespace]] = {}
    for members in villages_of(world.households):
        periods = list(live(world, members, arm, calamity, replicate, memory))
        told |= {i: [now[j] for now in periods] for j, i in enumerate(members)}
    return [told[i] for i in sorted(told)]


def bin_of(value: float) -> int:
    """Bin of the histograms: twenty a doubling from 2^-6 on; the ends take what lies beyond."""
    return min(max(floor((log2(max(value, LEAST)) + 6.0) * 20.0), 0), N_BINS - 1)


def heir_bin_of(log_value: float) -> int:
    """Bin of generations' mean consumption: four a doubling from 2^-6 on."""
    return min(max(floor((log_value / log(2.0) + 6.0) * 4.0), 0), N_HEIR_BINS - 1)


Lives = dict[tuple[int, int, int], list[list[SimpleNamespace]]]


def sums_of(world: Any) -> tuple[Lives, dict[str, np.ndarray]]:
    """All lives of a world by arm, calamity and replicate, and what they add up to, in lines and persons."""
    people, scenario = world.households, world.scenario
    n_arms, n_worlds = scenario.transfer.shape[:2]
    sums, lives = _nothing(world), Lives()
    for r in range(world.n_replicates):
        memory, is_out = Memory(), np.zeros((n_worlds, people.key.size), int)
        for a, w in np.ndindex(n_arms, n_worlds):
            lives[a, w, r] = lives_of(world, a, w, r + world.first_replicate, memory)
            for i, life in enumerate(lives[a, w, r]):
                person, closing = row(people, i), life[-1]
                eaten = _add_years(sums, world, (a, w, r), person, life)
                group = int(person.is_eligible == 0)
                _add_heir(sums, (a, w, r), group, person.weight, closing)
                bit = int(scenario.pattern_bit[a])
                if bit >= 0 and closing.came_in.spell > scenario.escape_years:
                    is_out[w, i] |= 1 << bit
                if w > 0 and group == 0:
                    calm = [now.year["consumption"] for now in lives[a, 0, r][i] if now.year]
                    is_below = (eaten < 0.95 * np.array(calm))[int(scenario.shock_year) :]
                    last = is_below.nonzero()[0].max(initial=-1) + 1
                    sums["recovery"][a, r, last] += person.weight
        for i, life in enumerate(lives[0, 0, r]):
            sums["start"][r, life[0].start] += people.weight[i]
            if life[0].start in (TRAPPED, NO_WAY_UP):
                for w in range(n_worlds):
                    sums["pattern"][w, r, is_out[w, i]] += people.weight[i]
    return lives, sums


def _nothing(world: Any) -> dict[str, np.ndarray]:
    """Sums to which nothing has been added, in the kernel's names and shapes."""
    n_years, people = world.n_years, world.households
    arms, worlds, n_periods = world.scenario.transfer.shape[:3]
    lives = (arms, worlds, world.n_replicates)
    n_horizons, n_villages = int(world.scenario.horizon.max()) + 1, int(people.village.max()) + 1
    shapes = {
        "year": (*lives, n_years, 2, 35),
        "village": (arms, worlds, n_horizons, 2, 35, n_villages),
        "period": (*lives, n_periods, 2, 2),
        "histogram": (arms, worlds, n_horizons, 2, N_BINS),
        "mobility": (arms, worlds, 5, N_BINS),
        "pattern": (worlds, world.n_replicates, 16),
        "start": (world.n_replicates, 5),
        "recovery": (arms, world.n_replicates, n_years + 1),
        "heir": (*lives, 2, 19),
        "heir_joint": (arms, worlds, N_HEIR_BINS, N_HEIR_BINS),
        "heir_class": (*lives, 2, 5, 5),
        "panel": (arms, worlds, int(people.panel_row.max()) + 1, n_years, 5),
        "status": (2,),
    }
    return {name: np.zeros(shape) for name, shape in shapes.items()}


def _add_years(
    sums: dict[str, np.ndarray], world: Any, at: tuple[int, int, int], person: Any,
    life: list[SimpleNamespace],
) -> np.ndarray:  # fmt: skip
    """Add a life's periods and years, and return what was eaten in each year."""
    per_year, weight, g = world.p.periods_per_year, person.weight, int(person.is_eligible == 0)
    for now in life[:-1]:
        flows = np.array([now.chosen.consumption, now.chosen.income])
        sums["period"][at][now.t, g] += weight * flows * per_year
    eaten = []
    for y, now in enumerate(life[:-1][per_year - 1 :: per_year]):
        outcomes = now.year | life[now.t + 1].status
        values, horizon = np.array(list(outcomes.values())), int(world.scenario.horizon[y])
        sums["year"][at][y, g] += weight * values
        if horizon >= 0:
            sums["village"][at[:2]][horizon, g, :, person.village] += weight * values
            for n, name in enumerate(("income", "consumption")):
                sums["histogram"][at[:2]][horizon, n, bin_of(outcomes[name])] += weight
        if at[2] == 0 and person.panel_row >= 0:
            kept = (now.chosen.assets, now.chosen.savings, now.chosen.technique)
            told = (outcomes["income"], outcomes["consumption"], *kept)
            sums["panel"][at[:2]][person.panel_row, y] = told
        eaten.append(outcomes["consumption"])
    sums["mobility"][at[:2]][person.quintile, bin_of(eaten[-1])] += weight
    return np.array(eaten)


def _add_heir(
    sums: dict[str, np.ndarray], at: tuple[int, int, int], g: int, weight: float, closing: Any
) -> None:
    """Add the heirs of one household, at the succession and at the end."""
    heir, (ends, grown) = closing.came_in.heir, closing.end
    if heir is None:
        return
    school, parent = heir.school, heir.school_parent
    sums["heir"][at][g, :10] += weight * np.array(
        [1.0, school, parent, school**2, parent**2, school * parent, heir.health, heir.confident,
         heir.inherited, heir.log_skill]
    )  # fmt: skip
    sums["heir_class"][at][g, closing.start, ends] += weight
    if grown is not None:
        sums["heir"][at][g, 10:] += weight * np.array(list(grown.values()))
        bins = (heir_bin_of(grown[f"log_consumption{who}"]) for who in ("_parent", ""))
        sums["heir_joint"][at[:2]][tuple(bins)] += weight
