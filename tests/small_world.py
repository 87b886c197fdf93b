"""A made-up place of a few households with tables drawn by hand: no planner is solved.

Plans are plain formulas of assets and money, luck is frequent, and every class of household is
there, so that a few years visit every branch of the population step, compiled or not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels import choices, earnings, family, people, records
from resilience_sim.kernels import population_step as step
from resilience_sim.kernels.counting import FIXED_POINT, N_BINS
from resilience_sim.kernels.primitives import (
    CLASS_NAMES,
    HEIR_MOMENTS,
    HIGHEST_SCORE,
    N_FLOWS,
    N_HEIR_BINS,
    N_LISTS,
    N_SCORES,
    NO_WAY_UP,
    OUTCOMES,
    TRAP,
    TRAPPED,
    WAGE_ROUTE,
    WAY_UP,
    Grid,
    Primitives,
)

N_SKILL, N_OTHER, N_LAND, N_MINDS = 3, 3, 2, 4
PER_YEAR, N_YEARS = 4, 8
ARMS = ("none", "cash", "productive", "both", "assets and health off", "school and belief off")
NONE, CASH, PRODUCTIVE, BOTH = range(4)
LOSSES = ("own_loss", "wage_loss", "other_loss", "asset_loss")
TERMS = (
    "own_factor", "input_help", "outlay_keep", "return_save", "return_borrow", "credit_limit",
)  # fmt: skip
UNCONDITIONAL = ("transfer", "transfer_household")
CONDITIONAL = ("conditional", "conditional_household", "per_pupil")
HANDED = ("per_child", "grant", "grant_household", "training", "coaching", "participation")
_COUNTS = {
    "village", "type_at", "land_at", "reach", "type_kind", "quintile", "panel_row", "technique",
    "knowledge", "confidence", "generation", "spell", "hungry", "start", "last_below", "pattern",
    "few",
}  # fmt: skip


def kind_of(name: str) -> Any:
    """How the kernel holds a field of households, state or scratch."""
    if name in _COUNTS or name.startswith(("is_", "has_", "began_")):
        return np.int32
    kinds = {"key": np.uint32, "weight": np.float64}
    return kinds.get(name, np.float32)


class World(NamedTuple):
    """What `simulate` is given, in the order in which it takes it."""

    p: Primitives
    tables: people.Tables
    households: people.Households
    blocks: np.ndarray
    scenario: people.Scenario
    n_years: int
    first_replicate: int
    n_replicates: int
    seed: int


def primitives(**changes: Any) -> Primitives:
    """Quarterly parameters with frequent luck; `changes` replace them, as the kernel holds them."""
    scalars = {
        "crra": 1.5, "discount": 0.98, "need": 0.27,
        "productivity_traditional": 0.6, "productivity_improved": 0.9, "productivity_known": 1.1,
        "exponent_traditional": 0.3, "exponent_improved": 0.5,
        "labour_traditional": 0.3, "labour_improved": 0.5,
        "outlay_traditional": 0.15, "outlay_improved": 0.4, "outlay_known": 0.3,
        "wage": 0.8, "wage_elasticity": 1.2, "keep": 0.97, "resale": 0.7, "knowledge_loss": 0.2,
        "return_save": 0.99, "return_borrow": 1.08, "credit_limit": 0.1,
        "harvest_sd": 0.4, "wage_sd": 0.3, "illness": 0.2, "illness_labour": 0.5,
        "illness_bill": 0.2, "asset_loss": 0.1, "asset_loss_share": 0.3,
        "drought": 0.4, "drought_loss": 0.5, "succession_age": 60.0, "heir_age": 56.0,
        "inheritance": 0.8, "succession_hazard": 0.0,
        "pool_share": 0.2, "pool_tax": 0.1,
        "perceived_return": 0.7, "confidence_start": 0.6, "confidence_inherited": 0.4,
        "corrected_by_trying": 0.6, "corrected_by_neighbours": 0.5, "severe_loss": 0.8,
        "broken_by_loss": 0.6,
        "food_share": 0.5, "food_share_slope": 0.06, "food_line": 0.5, "sales_gain": 0.5,
        "skill_persistence": 0.4,
        "school_effect": 0.08, "health_effect": 0.3, "reference_school": 3.0,
        "reference_health": 0.6, "birth_age": 49.0, "children": 2.4,
        "health_line": 1.0, "health_curve": 0.5,
        "school_age": 6.0, "school_end": 10.0, "school_fee": 0.03, "work_age": 8.0,
        "child_work": 0.12, "school_worth": 0.15, "school_taste": 1.5,
    }  # fmt: skip
    scores = np.linspace(-HIGHEST_SCORE, HIGHEST_SCORE, N_SCORES)
    arrays = {
        "skill_at": [0.5 * scores - 0.2, np.maximum(0.4 * scores, 0.1)],
        "skill_luck": [0.8, 0.7],
        "season_output": [0.2, 0.1, 0.2, 0.5],
        "season_outlay": [0.6, 0.3, 0.1, 0.0],
        "season_price": [1.0, 1.1, 1.0, 0.9],
    }
    counts = {
        "periods_per_year": PER_YEAR, "quarters_per_period": 1, "periods_per_quarter": 1,
        "is_redrawn": 1, "is_health": 1, "is_schooling": 1,
    }  # fmt: skip
    given = scalars | arrays | counts | changes
    as_held = {name: np.int32(given[name]) for name in counts}
    as_held |= {name: np.asarray(given[name], np.float32) for name in arrays}
    return Primitives(**{name: np.float32(given[name]) for name in scalars} | as_held)


#: Everything that this step of the work added is off, so that a household lives by itself.
ALONE = {"pool_share": 0, "is_redrawn": 0, "is_health": 0, "is_schooling": 0, "sales_gain": 0}


def grid(low: float, high: float, n: int, bend: float = 0.25) -> Grid:
    """`n` nodes evenly spaced in log2(1 + x / bend) from zero, and one below it where low is debt."""
    n_debt = int(low < 0)
    span = np.log2(1.0 + high / bend)
    nodes = bend * (2.0 ** np.linspace(0.0, span, n - n_debt) - 1.0)
    nodes = np.append([low] * n_debt, nodes)
    widths = np.diff(nodes)
    return Grid(
        np.float32(1.0 / bend), np.float32((n - 1 - n_debt) / span), np.float32(n_debt),
        np.float32(n_debt / -low if n_debt else 0.0), np.int32(n - 2), nodes.astype(np.float32),
        np.append(1.0 / widths, 1.0 / widths[-1]).astype(np.float32),
    )  # fmt: skip


def tables(
    assets: Grid, money: Grid, plans: Any, choice: Any, escape: Any, kinds: Any = TRAP,
    skill_nodes: Any = None,
) -> people.Tables:  # fmt: skip
    """Flat tables from arrays with their axes (those of `solver.Policies`)."""
    _, n_land, n_minds, n_skill, n_other, _, n_assets, n_money, _ = plans.shape
    nodes = np.arange(n_skill) - n_skill // 2 if skill_nodes is None else skill_nodes
    kinds = np.broadcast_to(kinds, (n_land, n_minds, n_skill, n_other))

    def flat(values: Any) -> np.ndarray:
        return np.ascontiguousarray(values, np.float32).ravel()

    sizes = (np.int32(n) for n in (n_skill, n_other, n_land, n_minds, n_assets, n_money))
    return people.Tables(
        flat(plans), flat(choice), flat(escape), np.ascontiguousarray(kinds, np.int32).ravel(),
        flat(nodes), assets, money, *sizes,
    )  # fmt: skip


def formula_tables() -> people.Tables:
    """Tables from formulas; slots 0 to 3 are the seasons without support, 4 to 7 with it."""
    assets, money = grid(0.0, 6.0, 6), grid(-0.5, 5.0, 7, 0.1)
    slot, land, mind, skill, other, technique, k, m = np.ix_(
        range(2 * PER_YEAR), range(N_LAND), range(N_MINDS), range(N_SKILL), range(N_OTHER),
        range(3), assets.nodes, money.nodes,
    )  # fmt: skip
    known, shy = mind % 2, mind // 2
    eager = 0.02 * skill + 0.01 * other + 0.03 * (slot >= PER_YEAR) + 0.01 * slot + 0.02 * land
    kept = np.maximum((0.98 + 0.02 * technique) * k + (0.15 + eager) * (m - 0.1), 0.0)
    carried = 0.45 * m - 0.08 - 0.02 * technique + 0.03 * known + 0.02 * shy - 0.5 * eager
    shape = np.broadcast_shapes(kept.shape, carried.shape)
    plans = np.stack([np.broadcast_to(kept, shape), np.broadcast_to(carried, shape)], axis=-1)

    def gap(x: Any) -> np.ndarray:
        one = x / (np.abs(x) + 0.3)
        return np.broadcast_to(one, shape)[:, :, :, :, :, 0]

    traditional = gap(
        k + 0.3 * m - 0.35 + 0.05 * land + 0.05 * skill + 0.0 * (slot + known + other)
    )
    improved = gap(k + m - 1.0 + 0.6 * known - 0.3 * shy + eager)
    likely = 0.05 + 0.8 * k / (1.0 + k) + 0.2 * known - 0.1 * shy
    likely = likely + 0.03 * skill + 0.02 * other + 0.02 * m
    escape = np.broadcast_to(np.clip(likely, 0.0, 1.0), shape)[0, :, :, :, :, 0]
    kinds = np.indices((N_LAND, N_MINDS, N_SKILL, N_OTHER)).sum(axis=0) % 4
    choice = np.stack([traditional, improved], axis=-1)
    return tables(assets, money, plans, choice, escape, kinds, np.array([-1.0, 0.0, 1.5]))


def escape_by_assets(knows: float = 0.0) -> people.Tables:
    """Tables in which the chance of escape is a fifth of assets, more for who has knowledge."""
    formulas = formula_tables()
    known = np.arange(N_MINDS)[:, None, None, None, None] % 2 * knows
    shape = (N_LAND, N_MINDS, N_SKILL, N_OTHER, int(formulas.n_assets), int(formulas.n_money))
    chance = np.broadcast_to(formulas.assets.nodes[:, None] / 5 + known, shape)
    return formulas._replace(escape=np.ascontiguousarray(chance, np.float32).ravel())


def households(n: int, n_arms: int = 1, **columns: Any) -> people.Households:
    """`n` households; columns that are not given are zero.

    Size, skill, weight, confidence and consumption are one; who is eligible is on both lists in
    every arm.
    """
    ones = {"weight", "size", "skill", "confidence", "consumption"}
    given: dict[str, Any] = {"key": np.arange(n), "panel_row": np.arange(n)} | columns
    if "reach" not in given:
        given["reach"] = 3 * np.asarray(given.get("is_eligible", 0))
    filled = []
    for name in people.Households._fields:
        values = given.get(name, 1.0 if name in ones else 0.0)
        shape = (n_arms, n) if name == "reach" else n
        filled.append(np.array(np.broadcast_to(values, shape), dtype=kind_of(name)))
    return people.Households(*filled)


def scenario(
    n_years: int, per_year: int = PER_YEAR, n_arms: int = 1, n_worlds: int = 1,
    p: Primitives | None = None, **changes: Any,
) -> people.Scenario:  # fmt: skip
    """Nothing delivered and nothing lost; horizons at every year's end; `changes` replace fields.

    What is delivered comes by arm, (world,) period and list; one dimension less is for all lists.
    What families see at stake with school, and flags, follow from it.
    """
    p = primitives() if p is None else p
    n_periods = n_years * per_year
    lists, terms = (n_arms, n_periods, N_LISTS), (n_arms, n_periods + 1, N_LISTS)
    by_world = (n_arms, n_worlds, n_periods, N_LISTS)
    free = (np.arange(n_periods) % per_year).astype(np.int32)
    values: dict[str, Any] = {
        "slot": np.broadcast_to(free[:, None], lists).copy(),
        "channels_off": np.zeros(n_arms, np.int32),
        "entrants": np.zeros(n_arms, np.float32),
        "pattern_bit": np.arange(n_arms, dtype=np.int32),
        "school_closed": np.zeros((n_worlds, n_years), np.float32),
        "price": np.ones((n_worlds, n_periods), np.float32),
        "share_hit": np.float32(1e-6),
        "shock_year": np.int32(n_years),
        "horizon": np.arange(n_years, dtype=np.int32),
        "escape_years": np.int32(2),
    }
    values |= {name: np.zeros((n_worlds, n_periods), np.float32) for name in LOSSES}
    neutral = (1.0, 0.0, 1.0, p.return_save, p.return_borrow, p.credit_limit)
    shapes = {name: by_world for name in UNCONDITIONAL}
    shapes |= {name: lists for name in (*CONDITIONAL, *HANDED)}
    given: dict[str, Any] = dict.fromkeys(shapes, 0.0)
    shapes |= {name: terms for name in TERMS}
    given |= dict(zip(TERMS, neutral, strict=True))
    for name, shape in shapes.items():
        told = np.asarray(changes.pop(name, given[name]), np.float32)
        if told.ndim == 2:  # by arm and period, for every list but none
            told = told[..., None] * (np.arange(N_LISTS) > 0)
        if name in UNCONDITIONAL and told.ndim == 3:
            told = told[:, None]
        values[name] = np.array(np.broadcast_to(told, shape), np.float32)
    values |= flags(values, per_year)
    return people.Scenario(**(values | changes))


def flags(values: dict[str, Any], per_year: int) -> dict[str, Any]:
    """What follows from deliveries and terms, as `lives` tells the kernel."""
    told = {name: values[name] != 0 for name in (*UNCONDITIONAL, *CONDITIONAL, *HANDED)}
    in_hand = sum(told[name][:, None] for name in HANDED)
    handed = sum(told[name] for name in UNCONDITIONAL) + in_hand
    terms = np.stack([values[name] for name in TERMS])
    return {
        "at_stake": values["conditional"] * np.float32(per_year),
        "pupil_stake": (values["conditional_household"] + values["per_pupil"])
        * np.float32(per_year),
        "is_given": handed.any(axis=-1).astype(np.int32),
        "is_conditional": sum(told[name] for name in CONDITIONAL).any(axis=-1).astype(np.int32),
        "is_new_terms": (terms[:, :, 1:] != terms[:, :, :-1]).any(axis=(0, 3)).astype(np.int32),
    }


def zero_sums(world: World) -> people.Sums:
    """Sums to which nothing has been added."""
    n_arms, n_worlds = world.scenario.slot.shape[0], world.scenario.price.shape[0]
    n_periods = world.n_years * int(world.p.periods_per_year)
    n_horizons = int(world.scenario.horizon.max()) + 1
    n_villages = int(world.households.village.max()) + 1
    n_outcomes, n_classes = len(OUTCOMES), len(CLASS_NAMES)
    lives = (n_arms, n_worlds, world.n_replicates)
    rows = int(world.households.panel_row.max()) + 1

    def counts(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.int64)

    return people.Sums(
        year=counts(*lives, world.n_years, 2, n_outcomes),
        village=counts(n_arms, n_worlds, n_horizons, 2, n_outcomes, n_villages),
        period=counts(*lives, n_periods, 2, 2),
        histogram=counts(n_arms, n_worlds, n_horizons, 2, N_BINS),
        mobility=counts(n_arms, n_worlds, 5, N_BINS),
        pattern=counts(n_worlds, world.n_replicates, 16),
        start=counts(world.n_replicates, n_classes),
        recovery=counts(n_arms, world.n_replicates, world.n_years + 1),
        heir=counts(*lives, 2, len(HEIR_MOMENTS)),
        heir_joint=counts(n_arms, n_worlds, N_HEIR_BINS, N_HEIR_BINS),
        heir_class=counts(*lives, 2, n_classes, n_classes),
        panel=np.zeros((n_arms, n_worlds, rows, world.n_years, 5), np.float32),
        status=counts(2),
    )


def workspace(
    size: int, n_years: int, n_draws: int = 1
) -> tuple[people.State, people.Scratch, people.Households]:
    """Arrays of a block, as a run lays them out."""
    from resilience_sim import lives  # kernels are tested without the modules above them

    return lives.workspace(size, n_years, n_draws)


def state_of(n: int, n_years: int) -> tuple[people.State, people.Scratch]:
    """State and scratch of `n` households alone, none filled up."""
    state, scratch, _ = workspace(n, n_years)

    def alone(arrays: Any) -> Any:
        return arrays._make(np.ascontiguousarray(each[..., :n]) for each in arrays)

    return alone(state), alone(scratch)


def simulate(
    world: World, sums: people.Sums | None = None, is_luck_kept: bool = True
) -> people.Sums:
    """Live the world and return its sums; one draw of luck for all arms and worlds, or one for each."""
    size = int(np.diff(world.blocks, axis=1).max())
    sums = zero_sums(world) if sums is None else sums
    n_draws = world.n_years * int(world.p.periods_per_year) + 1 if is_luck_kept else 1
    step.simulate(*world, *workspace(size, world.n_years, n_draws), sums)
    return sums


# Pass by pass


class Block:
    """All households of a world, which lives pass by pass as `simulate` does; every stage can be seen."""

    def __init__(self, world: World, sums: people.Sums | None = None) -> None:
        self.world, self.n = world, world.households.key.size
        self.sums = zero_sums(world) if sums is None else sums
        self.state, self.scratch = state_of(self.n, world.n_years)
        self.n_villages = earnings.find_villages(world.households, 0, self.n, self.scratch)

    def everything(self) -> people.Sums:
        """Live all replicates, arms and worlds, and return their sums."""
        n_arms, n_worlds = self.sums.mobility.shape[:2]
        for r in range(self.world.n_replicates):
            self.scratch.pattern[:] = 0
            for arm, calamity in np.ndindex(n_arms, n_worlds):
                for _ in self.live(arm, calamity, r):
                    pass
            weight = np.rint(self.world.households.weight * FIXED_POINT).astype(np.int64)
            start = self.scratch.start
            np.add.at(self.sums.start[r], start, weight)
            below = np.isin(start, (TRAPPED, NO_WAY_UP))
            for w in range(n_worlds):
                np.add.at(self.sums.pattern[w, r], self.scratch.pattern[w, below], weight[below])
        return self.sums

    def seen(self) -> SimpleNamespace:
        """Copies of everything that a household carries."""
        luck = {
            name: getattr(self.scratch, name)[0] for name in ("harvest", "wage", "bill", "survive")
        }
        both = self.state._asdict() | self.scratch._asdict() | luck
        return SimpleNamespace(**{name: array.copy() for name, array in both.items()})

    def live(self, arm: int, calamity: int, r: int) -> Iterator[SimpleNamespace]:
        """Yield every period of a life, as it was at each of its stages.

        `before` the period, `older` after ageing and succession, `judged` at planting, `came_in`
        when all that a household has of its own is in hand, `ready` before the choice, `chosen`
        after it and before the year is closed. The closing planting has no choice.
        """
        p, tables, households, _, scenario, n_years, *_ = self.world
        state, scratch, sums, n = self.state, self.scratch, self.sums, self.n
        n_villages = self.n_villages
        key, replicate = np.uint32(self.world.seed), np.uint32(self.world.first_replicate + r)
        zero, one = np.float32(0), np.float32(1)
        per_year = int(p.periods_per_year)
        luck = (key, replicate)
        year_out = sums.year[arm, calamity, r]
        village_out = sums.village[arm, calamity]
        step.begin(households, 0, n, state, scratch, scenario.share_hit, *luck)
        entrants = scenario.entrants[arm] if calamity > 0 else zero
        earnings.list_households(
            households.reach[arm], 0, n, entrants, *luck, households.key, scratch.severity,
            scratch.reach,
        )  # fmt: skip

        def agree(row: int) -> None:
            terms = (getattr(scenario, name)[arm, row] for name in TERMS)
            earnings.take_terms(n, scratch.reach, *terms, scratch)

        def divide() -> None:
            earnings.divide_pots(households, 0, n, n_villages, state, scratch)

        agree(0)
        divide()
        for t in range(n_years * per_year + 1):
            year, season = divmod(t, per_year)
            is_planting, is_first = season == 0, t == 0
            now = SimpleNamespace(t=t, before=self.seen())
            if is_planting and not is_first:
                family.grow_older(
                    p, n, state.age, state.assets, state.savings, state.estate_left, scratch.is_heir
                )
                family.succeed(
                    p, tables, households, 0, n, year, arm == 0 and calamity == 0,
                    scenario.channels_off[arm], *luck, state, scratch, sums.heir[arm, calamity, r],
                )  # fmt: skip
            now.older = self.seen()
            earned_at = t - 1 + per_year
            for q in range(p.quarters_per_period):
                earnings.draw_luck(
                    p, households.key, 0, n,
                    earned_at * p.quarters_per_period // p.periods_per_quarter + q, q == 0,
                    earned_at % p.periods_per_quarter == 0, *luck, scratch.harvest[0], scratch.wage[0],
                    scratch.bill[0], scratch.survive[0],
                )  # fmt: skip
            lost = [zero if is_first else getattr(scenario, x)[calamity, t - 1] for x in LOSSES]
            rise = zero if is_first else scenario.price[calamity, t - 1] - one
            earnings.earn(
                p, 0, n, p.season_output[season], *lost, one + p.sales_gain * rise,
                households.land, households.other, state.skill, state.wages, state.technique,
                state.knowledge, scratch.harvest[0], scratch.wage[0], scratch.bill[0], scratch.survive[0],
                scratch.drought, scratch.severity, scratch.own_factor, scratch.return_save,
                scratch.return_borrow, scratch.credit_limit, state.child_pay, state.assets,
                state.savings, scratch.money, scratch.income, scratch.earned, state.crop,
                state.own_year, state.output_year, state.wages_year,
            )  # fmt: skip
            now.drought = scratch.drought.copy()
            if is_planting:
                if p.drought > 0:
                    earnings.strike_villages(p, households, 0, n, year, *luck, scratch.drought)
                is_start = is_first and arm == 0 and calamity == 0
                choices.judge(tables, households, 0, n, is_start, state, scratch)
                now.judged = self.seen()
                if not is_first:
                    records.record(
                        p, households, 0, n, N_FLOWS, len(OUTCOMES), scenario.escape_years,
                        state, scratch, year_out[year - 1], scenario.horizon[year - 1],
                        village_out,
                    )  # fmt: skip
                    if tables.n_minds > 2:
                        family.learn(p, households, 0, n, n_villages, year, *luck, state, scratch)
                    if p.knowledge_loss > 0:
                        family.forget(
                            p, households, 0, n, year, *luck, state.technique, state.knowledge
                        )
                state.crop[:] = 0
            now.came_in = self.seen()
            if t == n_years * per_year:
                yield now
                break
            if scenario.is_new_terms[arm, t]:
                agree(t + 1)
            if scenario.is_given[arm, calamity, t]:
                earnings.deliver(
                    p, households, 0, n, t, scratch.reach,
                    *(getattr(scenario, name)[arm, calamity, t] for name in UNCONDITIONAL),
                    *(getattr(scenario, name)[arm, t] for name in HANDED), *luck, state, scratch,
                )  # fmt: skip
                divide()
            now.delivered = self.seen()
            if p.pool_share > 0:
                earnings.share_income(p, households, 0, n, n_villages, state, scratch, sums.status)
            now.shared = self.seen()
            if is_planting:
                choices.feel_prices(p, n, state.consumption_last, scratch.food)
                if p.is_schooling:
                    choices.enrol(
                        p, households, 0, n, year, scratch.reach, scenario.at_stake[arm, t],
                        scenario.pupil_stake[arm, t], *luck, state, scratch,
                    )  # fmt: skip
            if scenario.is_conditional[arm, t]:
                earnings.deliver_for_school(
                    p, households, 0, n, scratch.reach,
                    *(getattr(scenario, name)[arm, t] for name in CONDITIONAL), state, scratch,
                )  # fmt: skip
            slots = scenario.slot[arm, t]
            places = (
                state.type_at, households.land_at, state.skill_place, households.other_place,
                scratch.reach,
            )  # fmt: skip
            if is_planting:
                choices.plant(
                    tables, 0, n, slots, *places, state.knowledge, state.confidence, state.assets,
                    scratch.money, state.technique,
                )  # fmt: skip
            now.ready = self.seen()
            choices.decide(
                p, tables, 0, n, slots, p.season_outlay[season], p.season_price[season],
                scenario.price[calamity, t], season == np.argmax(p.season_price), *places,
                scratch.food, scratch.input_help, scratch.outlay_keep, scratch.credit_limit,
                state.assets, state.savings, state.technique, state.knowledge, state.confidence,
                scratch.money, scratch.income, scratch.consumption, state.income_year,
                state.consumption_year, state.own_year, state.is_destitute, state.hungry,
                state.sold_year, state.lean,
            )  # fmt: skip
            records.add_period(
                households, 0, n, np.float32(per_year), scratch.consumption, scratch.income,
                sums.period[arm, calamity, r, t],
            )  # fmt: skip
            if season == per_year - 1:
                family.raise_children(p, n, scenario.school_closed[calamity, year], state)
            now.chosen = self.seen()
            if season == per_year - 1:
                records.record(
                    p, households, 0, n, 0, N_FLOWS, scenario.escape_years, state, scratch,
                    year_out[year], scenario.horizon[year], village_out,
                )  # fmt: skip
                rows = sums.panel[arm, calamity, : sums.panel.shape[2] if r == 0 else 0]
                records.close_year(
                    households, 0, n, year, year == n_years - 1, calamity, scenario.shock_year,
                    scenario.horizon[year], state, scratch, sums.histogram[arm, calamity],
                    sums.mobility[arm, calamity], rows, sums.status,
                )  # fmt: skip
            yield now
        records.finish_world(
            households, 0, n, arm, calamity, r, scenario, n_years, state, scratch, sums
        )
        records.record_adults(
            tables, households, 0, n, p.heir_age, state, scratch, sums.heir[arm, calamity, r],
            sums.heir_joint[arm, calamity], sums.heir_class[arm, calamity, r],
        )  # fmt: skip


def passes(world: World, arm: int, calamity: int, r: int) -> Iterator[SimpleNamespace]:
    """One life pass by pass, after those that it refers to: without a shock, and without a programme."""
    block = Block(world)
    for first in dict.fromkeys([(0, 0), (arm, 0)]):
        if first != (arm, calamity):
            for _ in block.live(*first, r):
                pass
    yield from block.live(arm, calamity, r)


def takes_for_chance(
    tables: people.Tables, living: people.Households, i: int, at: SimpleNamespace, chance: float,
    tolerance: float,
) -> bool:  # fmt: skip
    """Whether `judge` takes `chance` for household `i`'s chance of escape, within `tolerance`.

    The kernel tells no more than on which side of one half a household stands. Added to the whole
    table, what `chance` lacks to one half brings the household there: a little more and it is above.
    """
    sides = []
    for beyond in (-tolerance, tolerance):
        moved = tables._replace(escape=tables.escape + np.float32(0.5 - chance + beyond))
        state, scratch = state_of(1, 1)
        scratch.money[0] = at.money[i]
        for name in ("assets", "knowledge", "confidence", "type_at", "skill_place"):
            getattr(state, name)[0] = getattr(at, name)[i]
        choices.judge(moved, living, i, 1, False, state, scratch)
        sides.append(int(state.spell[0]))
    return sides == [-1, 1]


# The small world


def small_world(n_replicates: int = 1, **changes: Any) -> World:
    """Twelve households in three villages, six arms, a calm and a struck world, eight years."""
    n = 12
    lists = [3, 0, 3, 0, 1, 2, 0, 3, 1, 2, 0, 0]
    living = households(
        n,
        len(ARMS),
        reach=[lists, *[lists] * (len(ARMS) - 1)],
        village=[0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2],
        weight=[0.5, 1.0, 1.5, 1.0, 0.7, 1.3, 1.0, 1.2, 0.8, 1.0, 1.1, 0.9],
        size=[1, 2, 3, 4, 5, 6, 7, 3, 2, 4, 5, 3],
        land=[0.1, 0.5, 0.2, 0.2, 0.3, 1.0, 0.2, 0.1, 0.4, 0.1, 0.3, 0.2],
        land_at=[0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0],
        type_at=[0, 1, 3, 4, 0, 4, 3, 1, 0, 4, 3, 1],
        skill=[0.5, 1.0, 0.8, 1.5, 0.7, 1.2, 0.9, 0.6, 1.1, 0.4, 0.8, 1.3],
        wages=[0.5, 0.8, 1.1, 1.2, 1.0, 1.4, 0.7, 0.9, 0.15, 0.05, 0.6, 1.0],
        other=[0.0, 0.1, 0.3, 0.0, 0.2, 0.0, 0.4, 0.1, 0.0, 0.0, 0.1, 0.2],
        skill_place=[0.0, 0.3, 0.6, 1.0, 0.2, 0.8, 0.5, 0.1, 0.7, 0.0, 0.4, 0.9],
        other_place=[0.0, 0.4, 1.0, 0.0, 0.7, 0.0, 0.9, 0.2, 0.1, 0.0, 0.6, 0.3],
        is_eligible=[1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0],
        type_kind=[
            TRAP, WAY_UP, NO_WAY_UP, WAY_UP, TRAP, TRAP, WAGE_ROUTE, TRAP, WAY_UP, WAY_UP, TRAP,
            NO_WAY_UP,
        ],
        quintile=[0, 4, 1, 4, 2, 3, 3, 1, 4, 0, 2, 2],
        assets=[0.4, 4.0, 0.9, 2.5, 0.9, 0.7, 0.5, 0.8, 1.6, 0.6, 1.2, 2.0],
        savings=[0.1, 0.5, -0.25, 1.0, 0.0, 0.3, 0.2, 0.1, -0.1, -0.1, 0.2, 0.1],
        technique=[1, 2, 0, 2, 1, 1, 0, 1, 2, 1, 2, 1],
        knowledge=[1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1],
        confidence=[0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1],
        participation=[0.5, 0.6, 0.7, 0.5, 0.4, 0.9, 0.0, 0.5, 0.5, 0.8, 0.3, 0.6],
        # A head hands over at 60 to one of 56; its child is 49 years younger.
        age=[57.5, 46.0, 56.5, 55.5, 52.0, 57.0, 50.0, 56.5, 59.5, 55.0, 70.0, 58.0],
        school=[0, 3, 2, 6, 1, 5, 4, 2, 0, 3, 8, 1],
        child_health=[0.8, 0.0, 0.9, 1.0, 0.4, 0.7, 0.1, 0.9, 1.0, 0.8, 0.5, 0.6],
        child_school=[2.0, 0.0, 1.0, 0.5, 0.0, 1.5, 0.0, 1.0, 3.0, 0.0, 4.0, 2.5],
        consumption=[0.4, 1.8, 0.6, 1.5, 0.5, 0.9, 0.7, 0.5, 0.8, 0.2, 0.9, 1.2],
    )  # fmt: skip
    p = primitives(**changes)
    blocks = np.array([[0, 8], [8, 12]], np.int64)
    seed = 17  # at which every outcome befalls somebody
    return World(
        p, formula_tables(), living, blocks, small_scenario(p), N_YEARS, 0, n_replicates, seed
    )


def small_scenario(p: Primitives) -> people.Scenario:
    """Every kind of content and of loss, some on the social list and some on the productive one."""
    n_arms, n_periods = len(ARMS), N_YEARS * PER_YEAR
    lists = (n_arms, n_periods, N_LISTS)
    given = {name: np.zeros(lists, np.float32) for name in (*UNCONDITIONAL, *CONDITIONAL, *HANDED)}
    cash, productive = np.array([CASH, BOTH, 4, 5]), np.array([PRODUCTIVE, BOTH, 4, 5])

    def bring(
        name: str, arms: np.ndarray, listed: tuple[int, ...], when: slice, value: float
    ) -> None:
        for code in listed:
            given[name][arms, when, code] = value

    social, other = (1, 3), (2, 3)
    bring("transfer", cash, social, slice(0, 12), 0.05)
    bring("transfer_household", cash, social, slice(2, 10), 0.06)
    bring("per_child", cash, social, slice(4, 16), 0.03)
    bring("conditional", cash, social, slice(4, 26), 0.03)
    bring("conditional_household", cash, social, slice(8, 22), 0.02)
    bring("per_pupil", cash, social, slice(6, 20), 0.02)
    bring("grant", productive, other, slice(0, 1), 1.5)
    bring("grant_household", productive, other, slice(1, 2), 2.0)
    bring("training", productive, other, slice(0, 2), 0.4)
    bring("coaching", productive, other, slice(1, 8), 0.3)
    bring("participation", productive, other, slice(0, 4), 0.12)
    by_world = {name: np.stack([given.pop(name)] * 2, axis=1) for name in UNCONDITIONAL}
    by_world["transfer"][cash, 1, 9:13] += np.array([0, 0.04, 0, 0.04, 0.07], np.float32)
    terms = {
        name: np.full((n_arms, n_periods + 1, N_LISTS), value, np.float32)
        for name, value in zip(
            TERMS, (1, 0, 1, p.return_save, p.return_borrow, p.credit_limit), strict=True
        )
    }
    helped = np.ix_(productive, range(1, 11), other)
    for name, value in zip(TERMS, (1.2, 0.1, 0.7, 1.01, 1.03, 0.4), strict=True):
        terms[name][helped] = value
    for name, value in zip(TERMS, (1.1, 0.2, 0.5, 1.02, 1.05, 0.01), strict=True):
        terms[name][np.ix_(productive, [5], other)] = value  # for a quarter alone
    terms["input_help"][np.ix_(productive, range(11, 15), other)] = 0.5  # more than it costs
    struck = {name: np.zeros((2, n_periods), np.float32) for name in LOSSES}
    for name, loss in zip(struck, (0.5, 0.4, 0.2, 0.3), strict=True):
        struck[name][1, 5:8] = loss
        struck[name][1, [0, -1]] = loss / 2  # the first that reaches income, and one at the closing
    price = np.ones((2, n_periods), np.float32)
    price[1, 5:9] = 1.3
    closed = np.zeros((2, N_YEARS), np.float32)
    closed[1, 1:3] = (0.75, 0.25)
    slot = np.zeros(lists, np.int32) + (np.arange(n_periods) % PER_YEAR)[:, None].astype(np.int32)
    for arms, listed in ((cash, social), (productive, other)):
        slot[np.ix_(arms, range(8), listed)] = PER_YEAR + np.arange(8)[:, None] % PER_YEAR
    bits = [0, 1, 2, 3, -1, -1]
    return scenario(
        N_YEARS, PER_YEAR, n_arms, 2, p, slot=slot, price=price, share_hit=np.float32(0.7),
        shock_year=np.int32(1), school_closed=closed, pattern_bit=np.array(bits, np.int32),
        channels_off=np.array([0, 0, 0, 0, 1 | 4, 2 | 8], np.int32),
        entrants=np.array([0, 0.5, 0, 0.5, 0.5, 0.5], np.float32),
        **by_world, **given, **terms, **struck,
    )  # fmt: skip


if __name__ == "__main__":
    # Run by the test of compiled against plain Python: sums of the small world go to a file.
    np.savez(Path(sys.argv[1]), **simulate(small_world())._asdict())
