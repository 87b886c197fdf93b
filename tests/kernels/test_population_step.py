"""The population step: equal to its slow twin, honest with money, and the same whoever counts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numba.core.runtime import _nrt_python as runtime
from numba.core.runtime import rtsys

import reference
import small_world as small
from resilience_sim import simulation
from resilience_sim.cli import compose
from resilience_sim.kernels import population_step as step
from resilience_sim.kernels.primitives import (
    ABOVE,
    CLASS_NAMES,
    N_FLOWS,
    NO_WAY_UP,
    ON_THE_WAY,
    OUTCOMES,
    PERIOD_OUTCOMES,
    TRAP,
    TRAPPED,
    TYPE_NAMES,
    WAGE_ROUTE,
    WAY_UP,
)
from resilience_sim.results import Results
from resilience_sim.simulation import prepare, run, workspace
from small_world import World

UNIT = step.FIXED_POINT
LOSSES = ("own_loss", "wage_loss", "other_loss", "asset_loss")
QUICK = [
    "case=erewhon", "horizon_years=5", "planner.n_assets=12", "planner.n_money=14",
    "planner.n_savings=12", "planner.tolerance=0.01", "outcomes.belief_households=0", "threads=2",
]  # fmt: skip
YEARLY = ("income_year", "consumption_year", "own_year", "wages_year")
HARD_TIMES = [
    "luck.illness_rate=0.6", "luck.illness_bill=0.2", "luck.drought_rate=0.4",
    "luck.drought_loss=0.8", "luck.asset_loss_rate=0.4", "generations.succession_age=50",
    "generations.initial_age_high=49",
    "technology.knowledge_loss=0.2", "shock.start_month=12", "shock.wage_loss=0.5",
    "shock.own_loss=0.5", "shock.other_loss=0.4", "shock.asset_loss=0.2", "shock.price_rise=0.3",
]  # fmt: skip
# What has to happen to somebody in the small world, told from a period of a twin.
EVENTS: dict[str, Callable[[SimpleNamespace], bool]] = {
    "succession": lambda now: now.is_succession,
    "drought": lambda now: now.drought < 1,
    "illness": lambda now: now.luck.bill > 0,
    "loss of assets": lambda now: now.luck.survive < 1,
    "sale": lambda now: now.assets < now.held - 1e-3,
    "debt": lambda now: -0.1 < now.savings < 0,
    "arrears": lambda now: now.savings < -0.101,
    "field given up": lambda now: not now.is_paid,
    "traditional": lambda now: now.planted == 1,
    "improved": lambda now: now.planted == 2,
    "knowledge lost": lambda now: now.has_forgotten,
}


def lived(words: list[str]) -> tuple[World, Results]:
    """Run a configuration; the results, and what the kernel was given."""
    calls: list[tuple[Any, ...]] = []
    simulate = step.simulate

    def watch(*args: Any) -> None:
        calls.append(args)
        simulate(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "simulate", watch)
        results = run(prepare(compose(words)))
    blocks = np.concatenate([call[3] for call in calls])
    first = World(*calls[0][: len(World._fields)])
    return first._replace(blocks=blocks[np.argsort(blocks[:, 0])]), results


@pytest.fixture(scope="module")
def erewhon() -> tuple[World, Results]:
    """Our fictional country in hard times, so that people sell, borrow, owe and give up fields."""
    return lived([*QUICK, *HARD_TIMES])


@pytest.fixture(scope="module")
def small_sums() -> step.Sums:
    return small.simulate(small.small_world(2))


def passes(
    world: World, arm: int, calamity: int, replicate: int, sums: step.Sums | None = None
) -> Iterator[SimpleNamespace]:
    """Live one arm and world pass by pass, as `simulate` does, and yield every period's numbers.

    With `sums`, consumption and income are added to `sums.period` as on the way through `simulate`.
    """
    p, people, scenario = world.p, world.households, world.scenario
    first, n = 0, people.key.size
    state, scratch, _ = workspace(n, world.n_years)
    seed, number = np.uint32(world.seed), np.uint32(replicate)
    step.begin(people, first, n, state, scratch, scenario.share_hit, seed, number)
    per_year = int(p.periods_per_year)
    n_periods = world.n_years * per_year

    def copy(*names: str) -> dict[str, np.ndarray]:
        return {
            name: getattr(state if name in state._fields else scratch, name).copy()
            for name in names
        }

    for t in range(n_periods + 1):
        year, season = divmod(t, per_year)
        now = SimpleNamespace(t=t, **copy("severity"))
        now.before = SimpleNamespace(**copy("assets", "savings", "technique", "knowledge", "age"))
        if season == 0 and t > 0:
            step.grow_older(p, n, state.age, state.assets, state.savings, state.estate_left)
        now.inherited = SimpleNamespace(**copy("assets", "savings"))
        earned_at = t - 1 + per_year
        for q in range(p.quarters_per_period):
            step.draw_luck(
                p, people.key, first, n,
                earned_at * p.quarters_per_period // p.periods_per_quarter + q,
                q == 0, earned_at % p.periods_per_quarter == 0, seed, number, scratch.harvest,
                scratch.wage, scratch.bill, scratch.survive,
            )  # fmt: skip
        losses = [
            getattr(scenario, name)[calamity, t - 1] if t > 0 else np.float32(0) for name in LOSSES
        ]
        step.earn(
            p, first, n, p.season_output[season], *losses, people.skill, people.land, people.wages,
            people.other, state.technique, state.knowledge, scratch.harvest, scratch.wage,
            scratch.bill, scratch.survive, scratch.drought, scratch.severity, state.assets,
            state.savings, scratch.money, scratch.income, state.own_year, state.wages_year,
        )  # fmt: skip
        now.earned = scratch.income.copy()
        vars(now).update(
            copy("harvest", "wage", "bill", "survive", "drought", "age", "estate_left")
        )
        if season == 0:
            if p.drought > 0:
                step.strike_villages(p, people, first, n, year, seed, number, scratch.drought)
            now.judged = SimpleNamespace(**copy("assets", "money", "knowledge"))
            step.judge(world.tables, people, first, n, t == 0, state, scratch)
            if p.knowledge_loss > 0 and t > 0:
                step.forget(
                    p, people, first, n, year, seed, number, state.technique, state.knowledge
                )
        vars(now).update(copy("start", "began_above", "spell"))
        if t == n_periods:
            yield now
            return
        names = ("transfer", "transfer_household", "grant", "grant_household", "training")
        given = [getattr(scenario, name)[arm, t] for name in names]
        if sum(given) > 0:
            step.deliver(
                people, first, n, t, *given, seed, number, scratch.money, scratch.income,
                state.assets, state.knowledge,
            )  # fmt: skip
        now.received, now.held = scratch.income.copy(), state.assets.copy()
        vars(now).update(copy("money", "knowledge"))
        slots = (scenario.slot[arm, t], scenario.free_slot[t])
        kinds = (
            people.type_at, people.land_at, people.skill_place, people.other_place,
            people.is_eligible,
        )  # fmt: skip
        if season == 0:
            step.plant(
                world.tables, first, n, *slots, *kinds, state.knowledge, state.assets, scratch.money,
                state.technique,
            )  # fmt: skip
        now.planted = state.technique.copy()
        now.price = float(p.season_price[season]) * float(scenario.price[calamity, t])
        step.decide(
            p, world.tables, first, n, *slots, p.season_outlay[season], p.season_price[season],
            scenario.price[calamity, t], *kinds, state.assets, state.savings, state.technique,
            state.knowledge, scratch.money, scratch.income, scratch.consumption, state.income_year,
            state.consumption_year, state.own_year, state.is_destitute,
        )  # fmt: skip
        vars(now).update(copy("assets", "savings", "technique", "income", "consumption", *YEARLY))
        if season == per_year - 1:
            for name in YEARLY:
                getattr(state, name)[:] = 0
        if sums is not None:
            step.add_period(
                people, first, n, np.float32(per_year), scratch.consumption, scratch.income,
                sums.period[arm, calamity, replicate, t],
            )  # fmt: skip
        yield now


def same(one: Results, other: Results, but: Iterable[str] = ("seconds",)) -> None:
    """Assert that two results are the same to the bit."""
    for field in fields(Results):
        if field.name not in but:
            a, b = getattr(one, field.name), getattr(other, field.name)
            np.testing.assert_equal(a, b, err_msg=field.name)


def same_sums(one: step.Sums, other: step.Sums) -> None:
    for name in step.Sums._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def takes_for_chance(
    tables: step.Tables, people: step.Households, i: int, at: SimpleNamespace, chance: float,
    tolerance: float,
) -> bool:  # fmt: skip
    """Whether `judge` takes `chance` for household `i`'s chance of escape, within `tolerance`.

    The kernel tells no more than on which side of one half a household stands. Added to the whole
    table, what `chance` lacks to one half brings the household there: a little more and it is above.
    """
    sides = []
    for beyond in (-tolerance, tolerance):
        moved = tables._replace(escape=tables.escape + np.float32(0.5 - chance + beyond))
        state, scratch, _ = workspace(1, 1)
        state.assets[0], scratch.money[0] = at.assets[i], at.money[i]
        state.knowledge[0] = at.knowledge[i]
        step.judge(moved, people, i, 1, False, state, scratch)
        sides.append(int(state.spell[0]))
    return sides == [-1, 1]


# Twin


def assert_twin(
    world: World, chosen: Iterable[int], arm: int, calamity: int, replicate: int
) -> list[list[SimpleNamespace]]:
    """Compare households period by period; return the twins' lives."""
    mine = list(passes(world, arm, calamity, replicate))
    lives = []
    for i in chosen:
        twin = list(
            reference.live(
                world.p, world.tables, world.households, i, world.scenario, arm, calamity,
                world.n_years, world.seed, replicate,
            )
        )  # fmt: skip
        lives.append(twin)
        for now, slow in zip(mine, twin, strict=True):
            where = f"household {i}, arm {arm}, world {calamity}, period {now.t}"
            exact = ["start", "spell"]
            close = ["severity", "drought"]
            luck = ["harvest", "wage", "bill", "survive"]
            if hasattr(slow, "assets"):
                exact += ["knowledge", "planted", "technique"]
                close += ["age", "money", "held", "income", "consumption", "assets", "savings"]
                close += YEARLY
            for name in exact:
                assert getattr(now, name)[i] == getattr(slow, name), (where, name)
            assert now.began_above[i] == (slow.start == ABOVE), where
            if hasattr(slow, "chance"):
                within = max(4e-5 * slow.chance, 2e-5)
                assert takes_for_chance(
                    world.tables, world.households, i, now.judged, slow.chance, within
                ), where
            if slow.year is not None:
                told, estate = float(now.estate_left[i]), slow.year["estate_left"]
                assert told == pytest.approx(estate, rel=4e-5, abs=2e-5), where
            for name in luck:
                told, twin_luck = float(getattr(now, name)[i]), getattr(slow.luck, name)
                assert told == pytest.approx(twin_luck, rel=2e-6), (where, name)
            for name in close:
                told = float(getattr(now, name)[i])
                assert told == pytest.approx(getattr(slow, name), rel=4e-5, abs=2e-5), (where, name)
    return lives


@pytest.mark.parametrize(("arm", "calamity"), [(0, 0), (1, 1), (3, 1)])
def test_twin_under_real_policies(erewhon: tuple[World, Results], arm: int, calamity: int) -> None:
    world, _ = erewhon
    eligible = np.flatnonzero(world.households.is_eligible)
    chosen = [*eligible[:: eligible.size // 8].tolist(), 1, 399]
    lives = assert_twin(world, chosen, arm, calamity, replicate=1)
    assert any(now.is_succession for life in lives for now in life)


@pytest.mark.parametrize("per_year", [1, 12])
def test_twin_in_years_and_in_months(per_year: int) -> None:
    rule = ["planner.behaviour=rule_of_thumb", "horizon_years=3", f"periods_per_year={per_year}"]
    world, _ = lived([*QUICK, *HARD_TIMES, *rule])
    assert_twin(world, [0, 57, 200, 311], arm=3, calamity=1, replicate=0)
    # What the twin is compared with is what `simulate` does.
    whole, parts = small.simulate(world), small.zero_sums(world)
    for _ in passes(world, 3, 1, 0, parts):
        pass
    np.testing.assert_array_equal(parts.period[3, 1, 0], whole.period[3, 1, 0])
    assert parts.period[3, 1, 0].any()


def test_twin_on_formula_policies_with_every_outcome(small_sums: step.Sums) -> None:
    """All arms, worlds and replicates; and what the kernel sums is what the twins add up to."""
    world = small.small_world(2)
    people = world.households
    n, weight = people.key.size, people.weight
    groups = [people.is_eligible != 0, people.is_eligible == 0]
    seen = dict.fromkeys(EVENTS, False)
    patterns = np.zeros((2, 2, n), int)
    start = np.zeros((2, n), int)

    def summed(values: list[list[float]]) -> np.ndarray:
        each = np.array(values) * weight[:, None]
        return np.stack([each[group].sum(axis=0) for group in groups])

    for arm, calamity, replicate in np.ndindex(4, 2, 2):
        lives = assert_twin(world, range(n), arm, calamity, replicate)
        year_sums = small_sums.year[arm, calamity, replicate] / UNIT
        for year, last in enumerate(range(small.PER_YEAR, len(lives[0]), small.PER_YEAR)):
            outcomes = [life[last - 1].year | life[last].status for life in lives]
            assert tuple(outcomes[0]) == OUTCOMES
            twin = summed([[each[name] for name in OUTCOMES] for each in outcomes])
            np.testing.assert_allclose(year_sums[year], twin, rtol=5e-5, atol=2e-5)
        for t, told in enumerate(small_sums.period[arm, calamity, replicate] / UNIT):
            flows = [[getattr(life[t], name) for name in PERIOD_OUTCOMES] for life in lives]
            twin = summed(flows) * small.PER_YEAR
            np.testing.assert_allclose(told, twin, rtol=5e-5, atol=5e-5)
        for name, has_happened in EVENTS.items():
            seen[name] |= any(has_happened(now) for life in lives for now in life[:-1])
        for i, life in enumerate(lives):
            if life[-1].spell > world.scenario.escape_years:
                patterns[calamity, replicate, i] |= 1 << arm
            start[replicate, i] = life[-1].start
    assert all(seen.values()), seen
    assert set(start.ravel().tolist()) == set(range(len(CLASS_NAMES)))

    fixed = np.rint(weight * UNIT).astype(np.int64)
    for replicate in range(2):
        below = fixed * np.isin(start[replicate], (TRAPPED, NO_WAY_UP))
        for calamity in range(2):
            twin = np.bincount(patterns[calamity, replicate], weights=below, minlength=16)
            np.testing.assert_array_equal(small_sums.pattern[calamity, replicate], twin)
        twin = np.bincount(start[replicate], weights=fixed, minlength=len(CLASS_NAMES))
        np.testing.assert_array_equal(small_sums.start[replicate], twin)
    assert (small_sums.pattern.sum(axis=(0, 1)) > 0).sum() >= 3


def test_a_twin_with_other_luck_is_told_apart(erewhon: tuple[World, Results]) -> None:
    # Negative control for the twins: one more draw on the seed and nothing fits.
    world, _ = erewhon
    now = next(passes(world, 0, 0, 0))
    slow = next(
        reference.live(world.p, world.tables, world.households, 3, world.scenario, 0, 0, 1, 999, 0)
    )
    assert float(now.harvest[3]) != pytest.approx(slow.luck.harvest, rel=1e-3)


def test_passes_one_by_one_are_simulate(erewhon: tuple[World, Results]) -> None:
    """What the tests here look at is what `simulate` does, to the bit, and what `run` reports."""
    world, results = erewhon
    whole, parts = small.simulate(world), small.zero_sums(world)
    for arm, calamity, replicate in ((0, 0, 0), (3, 1, 1)):
        for _ in passes(world, arm, calamity, replicate, parts):
            pass
        at = (arm, calamity, replicate)
        np.testing.assert_array_equal(parts.period[at], whole.period[at])
        assert parts.period[at].any()
    weight = results.group_weight * UNIT
    np.testing.assert_array_equal(results.year_mean, whole.year / weight[:, None])


def test_every_corner_of_the_tables_counts() -> None:
    """Tables of pure noise, households anywhere between types and nodes: plant, decide and judge."""
    n, rng = 400, np.random.default_rng(6)
    axes = small.formula_tables()
    shapes = reference.tables_of(axes)
    noise = {
        name: rng.uniform(-1, 1, getattr(shapes, name).shape).astype(np.float32)
        for name in ("plans", "choice", "escape")
    }
    noise["plans"] = np.abs(noise["plans"])
    tables = small.tables(axes.assets, axes.money, *noise.values())
    nodes = reference.tables_of(tables)
    skill, other = rng.integers(0, small.N_SKILL - 1, n), rng.integers(0, small.N_OTHER - 1, n)
    people = small.households(
        n, type_at=skill * small.N_OTHER + other, land_at=rng.integers(0, small.N_LAND, n),
        skill_place=rng.uniform(size=n), other_place=rng.uniform(size=n),
        is_eligible=rng.integers(0, 2, n),
    )  # fmt: skip
    state, scratch, _ = workspace(n, 1)
    state.assets[:], scratch.money[:] = rng.uniform(0, 6, n), rng.uniform(3, 5, n)
    state.knowledge[:] = rng.integers(0, 2, n)
    at_planting = SimpleNamespace(
        assets=state.assets.copy(), money=scratch.money.copy(), knowledge=state.knowledge.copy()
    )
    held = at_planting.assets
    p, (slot, free) = small.primitives(need=np.float32(0.001)), (5, 2)
    kinds = (
        people.type_at, people.land_at, people.skill_place, people.other_place, people.is_eligible,
    )  # fmt: skip
    step.judge(tables, people, 0, n, True, state, scratch)
    step.plant(
        tables, 0, n, slot, free, *kinds, state.knowledge, state.assets, scratch.money,
        state.technique,
    )  # fmt: skip
    planted = state.technique.copy()
    step.decide(
        p, tables, 0, n, slot, free, np.float32(0), np.float32(1), np.float32(1), *kinds,
        state.assets, state.savings, state.technique, state.knowledge, scratch.money,
        scratch.income, scratch.consumption, state.income_year, state.consumption_year,
        state.own_year, state.is_destitute,
    )  # fmt: skip
    n_granted = 0
    for i in range(n):
        person = reference.row(people, i)
        at = (float(held[i]), float(scratch.money[i]))
        known = int(state.knowledge[i])
        table = nodes.escape[person.land_at, known]
        chance = reference.read(nodes, person, table, *at)
        assert takes_for_chance(tables, people, i, at_planting, chance, 1e-5)
        # Negative control: what is told apart is that fine.
        assert not takes_for_chance(tables, people, i, at_planting, chance + 3e-5, 1e-5)
        if abs(chance - 0.5) > 1e-5:
            assert state.spell[i] == (1 if chance > 0.5 else -1)
        chosen = slot if person.is_eligible else free
        table = nodes.choice[chosen, person.land_at, known]
        worth = [0.0, *(reference.read(nodes, person, table[..., c], *at) for c in (0, 1))]
        if np.diff(sorted(worth))[-1] > 1e-5:  # not within rounding of a tie
            assert planted[i] == np.argmax(worth)
        table = nodes.plans[chosen, person.land_at, known][:, :, planted[i]]
        wish = [reference.read(nodes, person, table[..., c], *at) for c in (0, 1)]
        twin = reference.settle(reference.plain(p), at[1], 0.0, 0.001 / 4, at[0], *wish)
        told = (state.assets[i], state.savings[i], scratch.consumption[i])
        assert [float(x) for x in told] == pytest.approx(twin[:3], abs=4e-5)
        n_granted += twin[:2] == tuple(wish)
    assert n_granted > 0.9 * n
    assert set(planted.tolist()) == {0, 1, 2}


# A tiny world by hand


def test_tiny_luckless_world_by_hand() -> None:
    """Two households, three yearly periods, no luck; every number below is worked out by hand.

    The world. A year's output of the traditional technique is skill times assets (productivity 1,
    exponent 1, no land); it takes half of the wages (1) and an outlay of 1/4. Half of the assets
    wears out in a year; sold assets return half. Savings keep their value. Need 1/10.
    The plans, for everybody: keep 1/2 + assets / 2, carry a quarter of the money in hand, plant the
    traditional technique if assets exceed 1/2. Cash of 3/16 and a grant of 1/2 in the second year.

    Ada (eligible) starts with 2 of assets, the traditional technique in the ground.
      year 0: assets 2 -> 1, output 1, wages 1/2: income 3/2, money 3/2. Assets 1 > 1/2: plants.
              Keeps 1/2 + 1/2 = 1, carries 3/8, pays 1/4, eats 3/2 - 3/8 - 1/4 = 7/8.
              Net income 5/4, 3/4 of it own.
      year 1: assets 1 -> 1/2, output 1/2, wages 1/2, cash 3/16: income 19/16,
              money 3/8 + 19/16 = 25/16. Assets 1/2 + 1/2 (grant) = 1: plants. Keeps 1,
              carries 25/64, pays 1/4, eats 25/16 - 25/64 - 1/4 = 59/64.
              Net income 15/16, 1/4 of it own.
      year 2: assets 1 -> 1/2, output 1/2, wages 1/2: income 1, money 25/64 + 1 = 89/64.
              Assets 1/2: does not plant. Keeps 3/4, buying 1/4; carries 89/256;
              eats 89/64 - 1/4 - 89/256 = 203/256. Net income 1, 1/2 of it own.
    Bea (not eligible) starts with nothing and plants nothing: wages 1 in every year.
      year 0: money 1. Keeps 1/2, buying it; carries 1/4; eats 1/4. Income 1.
      year 1: assets 1/2 -> 1/4, money 1/4 + 1 = 5/4. Keeps 5/8, buying 3/8; carries 5/16;
              eats 5/4 - 3/8 - 5/16 = 9/16.
      year 2: assets 5/8 -> 5/16, money 5/16 + 1 = 21/16. Keeps 21/32, buying 11/32; carries 21/64;
              eats 21/16 - 11/32 - 21/64 = 41/64.
    """
    p = small.primitives(
        periods_per_year=np.int32(1), quarters_per_period=np.int32(4),
        need=np.float32(0.1), productivity_traditional=np.float32(1), exponent_traditional=np.float32(1),
        labour_traditional=np.float32(0.5), outlay_traditional=np.float32(0.25),
        keep=np.float32(0.5), resale=np.float32(0.5), return_save=np.float32(1),
        knowledge_loss=np.float32(0), harvest_sd=np.float32(0), wage_sd=np.float32(0),
        illness=np.float32(0), asset_loss=np.float32(0), drought=np.float32(0),
        succession_age=np.float32(1e9), season_output=np.ones(1, np.float32),
        season_outlay=np.ones(1, np.float32), season_price=np.ones(1, np.float32),
    )  # fmt: skip
    assets, money = small.grid(0.0, 4.0, 2), small.grid(0.0, 8.0, 2)
    k, m = assets.nodes[:, None], money.nodes[None, :]
    plans = np.zeros((1, 1, 2, 1, 1, 3, 2, 2, 2))
    plans[..., 0], plans[..., 1] = 0.5 + 0.5 * k, 0.25 * m
    choice = np.zeros((1, 1, 2, 1, 1, 2, 2, 2))
    choice[..., 0], choice[..., 1] = (k - 0.5) / 4, -0.9
    tables = small.tables(assets, money, plans, choice, np.zeros((1, 2, 1, 1, 2, 2)))
    people = small.households(
        2, wages=1, is_eligible=[1, 0], assets=[2, 0], technique=[1, 0], weight=[1, 1]
    )
    cash, grant = np.zeros((1, 3), np.float32), np.zeros((1, 3), np.float32)
    cash[0, 1], grant[0, 1] = 3 / 16, 0.5
    scenario = small.scenario(3, 1, transfer=cash, grant=grant)
    blocks = np.array([[0, 2]], np.int64)
    sums = small.simulate(World(p, tables, people, blocks, scenario, 3, 0, 1, 1))
    ada = {
        "income": [5 / 4, 15 / 16, 1],
        "own_income": [3 / 4, 1 / 4, 1 / 2],
        "wages": [1 / 2, 1 / 2, 1 / 2],
        "consumption": [7 / 8, 59 / 64, 203 / 256],
        "assets": [1, 1, 3 / 4],
        "savings": [3 / 8, 25 / 64, 89 / 256],
        "own_work": [1, 1, 0],
        "poor_income": [0, 1, 0],
        "poverty_gap": [1 / 8, 5 / 64, 53 / 256],
    }
    bea = {
        "income": [1, 1, 1],
        "own_income": [0, 0, 0],
        "wages": [1, 1, 1],
        "consumption": [1 / 4, 9 / 16, 41 / 64],
        "assets": [1 / 2, 5 / 8, 21 / 32],
        "savings": [1 / 4, 5 / 16, 21 / 64],
        "own_work": [0, 0, 0],
        "poor_income": [0, 0, 0],
        "poverty_gap": [3 / 4, 7 / 16, 23 / 64],
    }
    for group, worked in enumerate((ada, bea)):
        for name, years in worked.items():
            told = sums.year[0, 0, 0, :, group, OUTCOMES.index(name)] / UNIT
            np.testing.assert_allclose(told, years, rtol=0, atol=2e-6, err_msg=name)
    flows = dict(zip(PERIOD_OUTCOMES, np.moveaxis(sums.period[0, 0, 0] / UNIT, -1, 0), strict=True))
    np.testing.assert_allclose(flows["consumption"][:, 0], ada["consumption"], atol=2e-6)
    np.testing.assert_allclose(flows["income"][:, 1], bea["income"], atol=2e-6)


# Money in equals money out


def shortfall(world: World, now: SimpleNamespace, arm: int, calamity: int) -> np.ndarray:
    """Money in less money out of every household in one period, in double precision.

    In: savings or debt with their return, earnings, transfers, what sold assets return. Out: bills,
    consumption at its price, savings carried, assets bought, outlay paid. Assets before the choice
    follow from those of the period before: inherited, worn out, struck, granted.
    """
    p, people, scenario = reference.plain(world.p), world.households, world.scenario
    t = now.t  # a loss strikes the period in which assets stood, before this decision
    is_new_year = t > 0 and t % p.periods_per_year == 0
    is_heir = is_new_year & (now.before.age.astype(float) + 1 >= p.succession_age)
    share = np.where(is_heir, p.inheritance, 1.0)
    savings, assets = (
        share * getattr(now.before, name).astype(float) for name in ("savings", "assets")
    )
    grown = np.array([reference.grow(p, each) for each in savings])
    eligible, size = people.is_eligible != 0, people.size.astype(float)
    transfer, grant = (
        eligible * (float(getattr(scenario, name)[arm, t]) + float(per_household[arm, t]) / size)
        for name, per_household in (
            ("transfer", scenario.transfer_household),
            ("grant", scenario.grant_household),
        )
    )
    struck = float(scenario.asset_loss[calamity, t - 1]) if t > 0 else 0.0
    loss = np.minimum(struck * now.severity.astype(float), 1.0)
    held = assets * p.keep * now.survive.astype(float) * (1.0 - loss) + grant
    bought = now.assets - held
    paid = np.where(bought > 0, bought, p.resale * bought)
    outlay = now.earned.astype(float) + transfer - now.income
    money_in = grown + now.earned + transfer
    money_out = now.bill + now.consumption.astype(float) * now.price + now.savings + paid + outlay
    return money_in - money_out


@pytest.mark.parametrize(("arm", "calamity"), [(0, 0), (3, 1)])
def test_money_is_conserved_for_every_household_and_period(
    erewhon: tuple[World, Results], arm: int, calamity: int
) -> None:
    world, _ = erewhon
    p = reference.plain(world.p)
    events = ("sales", "debts", "arrears", "heirs", "estates", "debts left", "fields given up")
    seen = dict.fromkeys((*events, "hunger"), 0)
    for now in passes(world, arm, calamity, 0):
        if now.t == world.n_years * p.periods_per_year:
            break
        scale = 1 + np.abs(now.money) + now.held + np.abs(now.before.savings)
        assert np.abs(shortfall(world, now, arm, calamity) / scale).max() < 3e-6, now.t
        # What an heir does not get leaves the dynasty, and nothing else does.
        wealth, inherited = (
            at.assets.astype(float) + at.savings for at in (now.before, now.inherited)
        )
        is_heir = now.age < now.before.age
        left = np.where(is_heir, now.estate_left, 0.0)
        assert np.abs((wealth - inherited - left) / scale).max() < 1e-6, now.t
        seen["estates"] += (left > 1e-3).sum()
        seen["debts left"] += (left < -1e-3).sum()
        # The outlay is that of the technique in the ground, whole or not at all.
        season = now.t % p.periods_per_year
        due = p.season_outlay[season] * np.array(
            [
                reference.year_outlay(p, *each)
                for each in zip(now.planted, now.knowledge, strict=True)
            ]
        )
        is_paid = (now.technique == now.planted) | (due == 0)
        np.testing.assert_allclose(now.received - now.income, due * is_paid, atol=2e-6)
        assert (now.technique[~is_paid] == 0).all()
        seen["sales"] += (now.assets < now.held * 0.999).sum()
        seen["debts"] += (now.savings < 0).sum()
        seen["arrears"] += (now.savings < -p.credit_limit - 1e-5).sum()
        seen["heirs"] += (now.age < now.before.age).sum()
        seen["fields given up"] += (~is_paid).sum()
        need = p.need / p.periods_per_year
        seen["hunger"] += (now.consumption < need - 1e-4).sum()
        assert min(now.assets.min(), now.consumption.min()) >= 0
    assert min(seen.values()) > 0, seen


def test_a_leak_of_a_ten_thousandth_is_caught(erewhon: tuple[World, Results]) -> None:
    # Negative control: the bound above is far finer than a leak that would matter.
    world, _ = erewhon
    now = next(passes(world, 0, 0, 0))
    now.savings = now.savings + np.float32(1e-4)
    scale = 1 + np.abs(now.money) + now.held + np.abs(now.before.savings)
    assert np.abs(shortfall(world, now, 0, 0) / scale).min() > 3e-6


def test_an_estate_by_hand() -> None:
    """An heir gets four fifths per member of what there is, of debt too; the rest leaves the dynasty."""
    p = small.primitives()  # succession at 60, the heir is 25
    age = np.array([59, 59, 58, 60, 25], np.float32)
    assets = np.array([2, 0.5, 2, 0, 1], np.float32)
    savings = np.array([1, -1, 1, -0.05, 0], np.float32)
    estate_left = np.full(5, 9, np.float32)  # what was there is written over
    step.grow_older(p, 5, age, assets, savings, estate_left)
    assert age.tolist() == [25, 25, 59, 25, 26]
    np.testing.assert_allclose(assets, [1.6, 0.4, 2, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(savings, [0.8, -0.8, 1, -0.04, 0], rtol=1e-6)
    np.testing.assert_allclose(estate_left, [0.6, -0.1, 0, -0.01, 0], rtol=1e-5, atol=1e-8)


def test_estates_are_told_in_the_year_of_the_succession_and_only_then() -> None:
    """Heads of 57, 58, 59 and 25, succession at 60, four years: who leaves an estate, and when."""
    world = small.small_world()
    n = 4
    people = small.households(
        n, age=[57, 58, 59, 25], assets=3.0, savings=1.0, wages=1.0, is_eligible=1
    )
    one = world._replace(households=people, blocks=np.array([[0, n]], np.int64))
    for only in range(n):
        alone = people._replace(weight=(np.arange(n) == only).astype(float))
        sums = small.simulate(one._replace(households=alone))
        told = sums.year[0, 0, 0, :, 0, OUTCOMES.index("estate_left")] / UNIT
        # A head is a year older at every planting but the first.
        assert told.nonzero()[0].tolist() == ([60 - int(people.age[only])] if only < 3 else [])


# What must not matter


def test_a_programme_of_value_zero_is_no_programme() -> None:
    """Contents that run for years but are worth nothing change nothing, to the bit."""
    empty = [f"programme.contents.{name}.value=0" for name in ("transfer", "asset_grant")]
    world, results = lived([*QUICK, *empty, "programme.contents.training.success=0"])
    assert not (world.scenario.transfer.any() or world.scenario.training.any())
    for name in ("year_mean", "village_sum", "period_mean", "mobility", "recovery"):
        values = getattr(results, name)
        for arm in range(1, len(results.arms)):
            np.testing.assert_array_equal(values[arm], values[0], err_msg=f"{name}, arm {arm}")


def test_a_programme_of_any_value_is_not(erewhon: tuple[World, Results]) -> None:
    # Negative control: each arm differs from none among the eligible.
    _, results = erewhon
    for arm in range(1, len(results.arms)):
        assert (results.year_mean[arm, ..., 0, :2] != results.year_mean[0, ..., 0, :2]).all()


def test_a_shock_of_depth_zero_is_no_shock() -> None:
    world = small.small_world()
    calm = {name: np.zeros_like(getattr(world.scenario, name)) for name in LOSSES}
    calm["price"] = np.ones_like(world.scenario.price)
    sums = small.simulate(world._replace(scenario=world.scenario._replace(**calm)))
    for name in ("year", "village", "period", "histogram", "mobility", "panel"):
        values = getattr(sums, name)
        np.testing.assert_array_equal(values[:, 1], values[:, 0], err_msg=name)
    np.testing.assert_array_equal(sums.pattern[1], sums.pattern[0])
    assert sums.recovery[..., 1:].sum() == 0


def test_arms_share_luck(erewhon: tuple[World, Results]) -> None:
    world, results = erewhon
    names = ("harvest", "wage", "bill", "survive", "drought", "severity")
    lives = [list(passes(world, arm, world_at, 0)) for arm, world_at in ((0, 0), (1, 0), (3, 1))]
    for none, *others in zip(*lives, strict=True):
        for other in others:
            for name in names:
                np.testing.assert_array_equal(getattr(none, name), getattr(other, name))
    # Who is not eligible lives the same life in every arm, to the bit; who is does not.
    outside = results.year_mean[..., 1, :]
    np.testing.assert_array_equal(outside, np.broadcast_to(outside[:1], outside.shape))
    # Negative control: another replicate is another luck.
    other = next(passes(world, 0, 0, 1))
    assert (other.harvest != lives[0][0].harvest).mean() > 0.99
    assert (results.year_mean[:, :, 0, ..., 0] != results.year_mean[:, :, 1, ..., 0]).all()


def test_villages_share_droughts_and_households_do_not_share_harvests(
    erewhon: tuple[World, Results],
) -> None:
    world, _ = erewhon
    village = world.households.village
    _, now, *_ = passes(world, 0, 0, 0)
    by_village = [np.unique(now.drought[village == v]) for v in np.unique(village)]
    assert all(each.size == 1 for each in by_village)
    assert np.unique(now.drought).size == 2
    assert np.unique(now.harvest).size > 0.99 * village.size


def test_a_drought_lasts_from_one_planting_to_the_next(erewhon: tuple[World, Results]) -> None:
    """It strikes the crop in the ground; the harvest of what was planted before the run is spared."""
    world, _ = erewhon
    per_year = int(world.p.periods_per_year)
    droughts = [now.drought for now in passes(world, 0, 0, 0)]
    assert (droughts[0] == 1).all()
    village = world.households.village
    seeds = (np.uint32(world.seed), np.uint32(0))
    for year in range(world.n_years):
        crop = droughts[year * per_year + 1 : (year + 1) * per_year + 1]
        words = [reference.chance(v, year, reference.DROUGHT, *map(int, seeds)) for v in village]
        is_dry = np.array([reference.unit(each[0]) for each in words]) < float(world.p.drought)
        left = np.where(is_dry, np.float32(1) - world.p.drought_loss, np.float32(1))
        np.testing.assert_array_equal(crop, np.broadcast_to(left, (per_year, village.size)))
        assert 0 < is_dry.sum() < is_dry.size


@pytest.mark.parametrize("name", [*LOSSES, "price"])
@pytest.mark.parametrize("struck", [0, 6, 15])
def test_a_loss_strikes_what_comes_in_next_and_a_price_what_is_eaten_now(
    name: str, struck: int
) -> None:
    """One kind of shock in one quarter alone: the first decision that it changes, in every sum."""
    world = small.small_world()
    n_periods = world.n_years * small.PER_YEAR
    paths = {each: np.zeros((2, n_periods), np.float32) for each in LOSSES}
    paths["price"] = np.ones((2, n_periods), np.float32)
    paths[name][1, struck] = 1.5 if name == "price" else 0.7
    sums = small.simulate(world._replace(scenario=world.scenario._replace(**paths)))
    differs = sums.period[:, 0] != sums.period[:, 1]
    first = struck if name == "price" else struck + 1
    assert not differs[:, :, :first].any()
    assert differs[:, :, first : first + 1].any() == (first < n_periods)
    if name in ("own_loss", "wage_loss", "other_loss"):
        assert differs[:, :, first : first + 1, :, 1].any() == (first < n_periods)
    years = sums.year[:, 0] != sums.year[:, 1]
    assert not years[:, :, : first // small.PER_YEAR, :, :N_FLOWS].any()
    # Assets lost in the last quarter are missed at the closing round, after all flows of the run.
    if name == "asset_loss" and first == n_periods:
        assert years[:, :, -1, :, OUTCOMES.index("above_threshold")].any()


def test_luck_lives_in_calendar_time() -> None:
    """A quarter's draw is shared by its months, and a year's luck is the mean of its quarters'."""
    n = 50
    key = np.arange(n, dtype=np.uint32)

    def luck(per_year: int, earned_at: int) -> dict[str, np.ndarray]:
        quarters, months = max(1, 4 // per_year), max(1, per_year // 4)
        p = small.primitives(
            quarters_per_period=np.int32(quarters), periods_per_quarter=np.int32(months)
        )
        drawn = {name: np.zeros(n, np.float32) for name in ("harvest", "wage", "bill", "survive")}
        for q in range(quarters):
            step.draw_luck(
                p, key, 0, n, earned_at * quarters // months + q, q == 0, earned_at % months == 0,
                np.uint32(7), np.uint32(0), *drawn.values(),
            )  # fmt: skip
        return drawn

    for year in range(2):
        yearly, by_quarter = luck(1, year), [luck(4, 4 * year + q) for q in range(4)]
        for name, join in (("harvest", np.mean), ("wage", np.mean), ("bill", np.sum)):
            quarterly = join([each[name] for each in by_quarter], axis=0)
            np.testing.assert_allclose(yearly[name], quarterly, rtol=1e-6, err_msg=name)
        survived = np.prod([each["survive"] for each in by_quarter], axis=0)
        np.testing.assert_allclose(yearly["survive"], survived, rtol=1e-6)
        for q, quarter in enumerate(by_quarter):
            months = [luck(12, 12 * year + 3 * q + m) for m in range(3)]
            for month in months:
                np.testing.assert_array_equal(month["harvest"], quarter["harvest"])
                np.testing.assert_array_equal(month["wage"], quarter["wage"])
            bills = np.sum([month["bill"] for month in months], axis=0)
            np.testing.assert_allclose(bills, quarter["bill"], rtol=1e-6)
            np.testing.assert_array_equal(months[0]["survive"], quarter["survive"])
            assert (months[1]["survive"] == 1).all() and (months[2]["survive"] == 1).all()


@pytest.fixture(scope="module")
def one_thread() -> Results:
    return run(prepare(compose([*QUICK, "threads=1"])))


def test_threads_do_not_matter(one_thread: Results) -> None:
    same(run(prepare(compose([*QUICK, "threads=2"]))), one_thread)
    # Negative control: a seed does.
    other = run(prepare(compose([*QUICK, "seed=2"])))
    with pytest.raises(AssertionError):
        same(other, one_thread, but=("seconds", "seed"))


@pytest.mark.parametrize("size", [1, 37, 100_000])
def test_block_sizes_do_not_matter(
    one_thread: Results, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(simulation, "BLOCK_HOUSEHOLDS", size)
    world, results = lived([*QUICK, "threads=2"])
    assert len(world.blocks) == {1: 40, 37: 10, 100_000: 1}[size]
    same(results, one_thread)


def test_order_of_villages_does_not_matter(small_sums: step.Sums) -> None:
    world = small.small_world(2)
    apart = np.array([[7, 10], [0, 4], [4, 7]], np.int64)
    together = np.array([[0, 10]], np.int64)
    for blocks in (apart, together, world.blocks[::-1].copy()):
        same_sums(small.simulate(world._replace(blocks=blocks)), small_sums)


def test_households_reordered_in_the_survey_give_the_same_answer(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    n = 120
    income = np.exp(rng.normal(-0.2, 0.8, n)).round(4)
    own = np.where(rng.uniform(size=n) < 0.5, income * 0.5, 0).round(4)
    rows = [
        f"h{i:03d},v{i % 12:02d},{1 + i % 3},{1 + i % 5},{income[i]},{own[i]},{20 + i % 60}"
        for i in range(n)
    ]
    header = "hh,place,weight,members,income,own,age"
    columns = "{id: hh, village: place, weight: weight, size: members, income: income, own: own, age: age}"
    told = []
    for order in (np.arange(n), rng.permutation(n)):
        survey = tmp_path / f"survey{order[0]}.csv"
        survey.write_text("\n".join([header, *(rows[i] for i in order)]) + "\n")
        words = [
            *QUICK, "population.kind=survey", f"population.survey.file='{survey}'",
            f"+population.survey.columns={columns}", "population.survey.income_months=12",
            "population.survey.line_per_person_month=0.0833333", "outcomes.panel_share=0.3",
        ]  # fmt: skip
        told.append(run(prepare(compose(words))))
    same(*told)
    assert told[0].n_households == n


# With and without a compiler


def plain_python(code: str, folder: Path) -> dict[str, np.ndarray]:
    """Run `code` without JIT; it saves arrays to the file named by its argument."""
    out = folder / "plain.npz"
    tests, source = Path(small.__file__).parent, Path(simulation.__file__).parents[1]
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": os.pathsep.join((str(tests), str(source))),
    }
    subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code, str(out)],
        check=True, env=environment, timeout=120,
    )  # fmt: skip
    return dict(np.load(out))


def test_plain_python_gives_the_same_sums(tmp_path: Path) -> None:
    """Compiled code may fuse a product with a sum, so flows differ in the last digit; counts do not."""
    compiled = small.simulate(small.small_world())
    code = "import runpy; runpy.run_module('small_world', run_name='__main__')"
    told = plain_python(code, tmp_path)
    assert set(told) == set(step.Sums._fields)
    for name in ("year", "village", "period", "panel"):
        values = getattr(compiled, name)
        unit = 1.0 if name == "panel" else UNIT
        np.testing.assert_allclose(
            told[name] / unit, values / unit, rtol=2e-5, atol=2e-5, err_msg=name
        )
    for name in ("histogram", "mobility", "pattern", "start", "recovery", "status"):
        np.testing.assert_array_equal(told[name], getattr(compiled, name), err_msg=name)


SMALL_SOLVE = """
import sys
import numpy as np
from resilience_sim import solver
from resilience_sim.cli import compose
from resilience_sim.model import primitives
words = [
    "case=erewhon", "periods_per_year=1", "planner.n_assets=5", "planner.n_money=6",
    "planner.n_savings=7", "planner.n_luck=2", "planner.tolerance=0.01", "planner.assets_max=4",
    "planner.money_max=4", "threads=1",
]
config = compose(words)
axes = solver.TypeAxes(np.array([0.5]), np.array([0.1]), np.array([0.2]))
cash = solver.CashPhase(0.2, 0, 0, 0.2)
told = solver.solve(config, primitives(config), axes, [cash])
np.savez(
    sys.argv[1], plans=told.plans, choice=told.choice, escape=told.escape, kind=told.type_class,
    rests=told.rests,
)
"""


def test_plain_python_solves_the_same_planner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["compiled", str(tmp_path / "compiled.npz")])
    exec(compile(SMALL_SOLVE, "small solve", "exec"), {})
    compiled = dict(np.load(tmp_path / "compiled.npz"))
    told = plain_python(SMALL_SOLVE, tmp_path)
    for name, values in compiled.items():
        np.testing.assert_allclose(told[name], values, rtol=1e-6, atol=1e-6, err_msg=name)
    # Negative control: the plans depend on what they should.
    assert np.ptp(compiled["plans"]) > 1 and not np.allclose(*compiled["plans"])


# What is summed


def test_every_outcome_is_summed(small_sums: step.Sums) -> None:
    per_outcome = np.abs(small_sums.year).sum(axis=(0, 1, 2, 3, 4))
    assert dict(zip(OUTCOMES, per_outcome > 0, strict=True)) == dict.fromkeys(OUTCOMES, True)
    assert (np.abs(small_sums.period).sum(axis=(0, 1, 2, 3, 4)) > 0).all()


def test_sums_fit_each_other(small_sums: step.Sums) -> None:
    world = small.small_world(2)
    people, sums = world.households, small_sums
    fixed = np.rint(people.weight * UNIT).astype(np.int64)
    # Villages, summed over replicates, are the years at the horizons (here every year).
    np.testing.assert_array_equal(
        sums.village.sum(axis=-1), sums.year.sum(axis=2), err_msg="village"
    )
    # Everybody is in one bin, one class, one quintile, one year of recovery.
    assert (sums.histogram.sum(axis=-1) == 2 * fixed.sum()).all()
    assert (sums.start.sum(axis=-1) == fixed.sum()).all()
    by_quintile = np.bincount(people.quintile, weights=fixed, minlength=5)
    np.testing.assert_array_equal(sums.mobility.sum(axis=-1), np.tile(2 * by_quintile, (4, 2, 1)))
    assert (sums.recovery.sum(axis=-1) == fixed[people.is_eligible != 0].sum()).all()
    assert sums.status[0] == 0
    year = {name: sums.year[..., o] for o, name in enumerate(OUTCOMES)}
    np.testing.assert_array_equal(
        year["escaped"], year["escaped_wealth"] + year["escaped_threshold"]
    )
    for part, whole in (("improved", "own_work"), ("poverty_severity", "poverty_gap")):
        assert (year[part] <= year[whole]).all()
    # A year's flows are the mean of its periods' yearly rates, up to rounding of each term.
    flows = sums.period.reshape(*sums.year.shape[:4], small.PER_YEAR, 2, 2).mean(axis=4) / UNIT
    for n, name in enumerate(PERIOD_OUTCOMES):
        np.testing.assert_allclose(year[name] / UNIT, flows[..., n], rtol=1e-5, atol=1e-5)


def test_sums_are_those_of_the_panel(small_sums: step.Sums) -> None:
    """With everybody in the panel, replicate 0 can be summed up again from its rows."""
    world = small.small_world(2)
    people, panel = world.households, small_sums.panel.astype(float)
    income, consumption, assets, savings, technique = np.moveaxis(panel, -1, 0)
    values = {
        "income": income,
        "consumption": consumption,
        "assets": assets,
        "savings": np.maximum(savings, 0),
        "debt": np.maximum(-savings, 0),
        "improved": technique == 2,
        "own_work": technique != 0,
        "poor": consumption < 1,
        "poverty_gap": np.maximum(1 - consumption, 0),
        "poverty_severity": np.maximum(1 - consumption, 0) ** 2,
        "poor_income": income < 1,
        "income_squared": income**2,
        "consumption_squared": consumption**2,
        "assets_squared": assets**2,
    }
    for g in (0, 1):
        rows = (people.is_eligible != 0) == (g == 0)
        for name, each in values.items():
            summed = (each[:, :, rows] * people.weight[rows, None]).sum(axis=2)
            told = small_sums.year[:, :, 0, :, g, OUTCOMES.index(name)] / UNIT
            np.testing.assert_allclose(told, summed, rtol=1e-6, atol=1e-5, err_msg=name)
    # The last year since the shock in which the eligible ate under 95 % of their unshocked twin.
    since = int(world.scenario.shock_year)
    below = consumption[:, 1, :, since:] < 0.95 * consumption[:, 0, :, since:]
    last = (below * np.arange(1, below.shape[-1] + 1)).max(axis=-1)
    fixed = np.rint(people.weight * UNIT).astype(np.int64)
    for arm in range(4):
        twin = np.bincount(
            last[arm], weights=fixed * (people.is_eligible != 0), minlength=world.n_years + 1
        )
        np.testing.assert_array_equal(small_sums.recovery[arm, 0], twin)
    assert (last > 0).any() and (last < below.shape[-1]).any()


def test_histogram_bins_hold_what_their_edges_say() -> None:
    # Twenty bins a doubling from 2^-6 on; the ends take what lies beyond.
    for value, log2_value in ((1.01, np.log2(1.01)), (0.3, np.log2(0.3)), (5.5, np.log2(5.5))):
        assert step.bin_of(np.float32(value)) == int((log2_value + 6) * 20)
    ends = [step.bin_of(np.float32(x)) for x in (-1, 0, 1e-9, 1e9)]
    assert ends == [0, 0, 0, step.N_BINS - 1]


def escape_by_assets(knows: float = 0.0) -> step.Tables:
    """Tables in which the chance of escape is a fifth of assets, more for who has knowledge."""
    formulas = small.formula_tables()
    shape = reference.tables_of(formulas).escape.shape
    known = np.array([0.0, knows])[:, None, None, None, None]
    chance = np.broadcast_to(formulas.assets.nodes[:, None] / 5 + known, shape)
    return formulas._replace(escape=np.ascontiguousarray(chance, np.float32).ravel())


def test_class_at_the_start_is_above_the_threshold_or_that_of_the_kind_of_type() -> None:
    """Four kinds of type; assets of 1, 2, 3 and 4 lines, the threshold at 2.5."""
    kinds = (WAY_UP, TRAP, NO_WAY_UP, WAGE_ROUTE)
    assert [TYPE_NAMES[kind] for kind in kinds] == ["way up", "trap", "no way up", "wage route"]
    n = 16
    people = small.households(n, type_kind=np.repeat(kinds, 4), assets=np.tile([1, 2, 3, 4], 4))
    state, scratch, _ = workspace(n, 1)
    state.assets[:] = people.assets
    step.judge(escape_by_assets(), people, 0, n, True, state, scratch)
    below = ["on the way up", "trapped", "no way up", "wage route"]
    told = [CLASS_NAMES[start] for start in scratch.start]
    assert told == [name for kind in below for name in (kind, kind, *["above the threshold"] * 2)]
    np.testing.assert_array_equal(scratch.began_above, people.assets > 2.5)
    np.testing.assert_array_equal(state.spell, np.where(people.assets > 2.5, 1, -1))
    # A later planting moves spells, not classes.
    before = scratch.start.copy(), scratch.began_above.copy()
    state.assets[:] = 5 - people.assets
    step.judge(escape_by_assets(), people, 0, n, False, state, scratch)
    np.testing.assert_array_equal(state.spell, np.where(people.assets > 2.5, -1, 1))
    np.testing.assert_array_equal((scratch.start, scratch.began_above), before)


def test_the_class_at_the_start_is_that_before_anything_is_delivered_or_lost() -> None:
    """One class per replicate: no arm and no world changes it, whatever comes at once."""
    world = small.small_world(2)
    told = small.simulate(world).start
    calm = {name: np.zeros_like(getattr(world.scenario, name)) for name in LOSSES}
    given = ("transfer", "transfer_household", "grant", "grant_household", "training")
    calm |= {name: np.zeros_like(getattr(world.scenario, name)) for name in given}
    bare = world._replace(scenario=world.scenario._replace(**calm))
    np.testing.assert_array_equal(small.simulate(bare).start, told)
    # First the arm in which the most is delivered at once, in a world where all is lost at once.
    lost = {name: np.ones_like(getattr(world.scenario, name)) for name in LOSSES}
    turned = {
        name: np.ascontiguousarray(getattr(world.scenario, name)[::-1]) for name in (*given, "slot")
    }
    harsh = world._replace(scenario=world.scenario._replace(**lost, **turned))
    np.testing.assert_array_equal(small.simulate(harsh).start, told)
    # Negative control: what households hold when it begins does change it.
    richer = world.households._replace(assets=world.households.assets + np.float32(2))
    assert (small.simulate(world._replace(households=richer)).start != told).any()


def one_life(
    keep: float,
    escape_years: int,
    tables: step.Tables | None = None,
    given: dict[str, np.ndarray] | None = None,
    **columns: Any,
) -> tuple[step.Sums, dict[str, np.ndarray]]:
    """Sums of one eligible household whose assets keep a share every quarter, and its years by outcome."""
    world = small.small_world(
        keep=np.float32(keep), asset_loss=np.float32(0), succession_age=np.float32(1e9),
        need=np.float32(0), knowledge_loss=np.float32(0),
    )  # fmt: skip
    people = small.households(1, wages=0.3, is_eligible=1, **columns)
    one = world._replace(
        tables=tables if tables is not None else escape_by_assets(), households=people,
        blocks=np.array([[0, 1]], np.int64),
        scenario=small.scenario(
            small.N_YEARS, escape_years=np.int32(escape_years), **(given or {})
        ),
    )  # fmt: skip
    sums = small.simulate(one)
    return sums, dict(zip(OUTCOMES, sums.year[0, 0, 0, :, 0].T / UNIT, strict=True))


@pytest.mark.parametrize("kind", [WAY_UP, TRAP, NO_WAY_UP, WAGE_ROUTE])
def test_only_who_was_above_the_threshold_can_fall_below_it(kind: int) -> None:
    """A fall is the reverse of an escape: crossed downwards and held. Who never was above cannot fall.

    One household so poor that its escape probability is below one half at every planting.
    """
    sums, year = one_life(0.97, 1, type_kind=kind, assets=0.0)
    assert sums.start[0].nonzero()[0].tolist() == [
        {WAY_UP: ON_THE_WAY, TRAP: TRAPPED}.get(kind, kind)
    ]
    assert not year["above_threshold"].any()
    assert not year["fallen"].any()


@pytest.mark.parametrize("kind", [WAY_UP, TRAP, NO_WAY_UP, WAGE_ROUTE])
@pytest.mark.parametrize("years", [1, 2, 3])
def test_who_was_above_the_threshold_and_stays_below_it_has_fallen(kind: int, years: int) -> None:
    # Assets of 40 lines stand at 4 at the first planting: a chance of 4/5. A year later, at the
    # planting that closes the first year, nothing like it is left. The fall is held once that is
    # `years` ago.
    sums, year = one_life(0.1, years, type_kind=kind, assets=40.0)
    assert sums.start[0].nonzero()[0].tolist() == [ABOVE]
    assert not year["above_threshold"].any()
    assert year["fallen"].tolist() == [0] * years + [1] * (small.N_YEARS - years)
    # Nobody who began above escapes or is lifted, and nobody who fell has got out.
    assert not (year["escaped"].any() or year["lifted"].any())
    assert not sums.pattern[0, 0, 1:].any()


@pytest.mark.parametrize("kind", [WAY_UP, TRAP, NO_WAY_UP, WAGE_ROUTE])
@pytest.mark.parametrize("years", [1, 2, 3, 4])
@pytest.mark.parametrize("knows", [0.0, 1.0])
def test_who_gets_above_the_threshold_and_stays_there_has_escaped_or_is_lifted(
    kind: int, years: int, knows: float
) -> None:
    """A grant of 20 lines or training, delivered at the first planting, lasts to the end of the run.

    With the grant the household crosses by wealth, with training by what it learnt. It is out once
    the planting at which it was first above is `years` ago: from a trap it has escaped, where there
    was no way up it is lifted.
    """
    tables = escape_by_assets(knows)
    given = "training" if knows else "grant"
    delivered = np.zeros((1, small.N_YEARS * small.PER_YEAR), np.float32)
    delivered[0, 0] = 1 if knows else 20
    sums, year = one_life(0.97, years, tables, {given: delivered}, type_kind=kind, assets=1.0)
    assert sums.start[0].nonzero()[0].tolist() == [
        {WAY_UP: ON_THE_WAY, TRAP: TRAPPED}.get(kind, kind)
    ]
    assert year["above_threshold"].all()
    out = [0.0] * years + [1.0] * (small.N_YEARS - years)
    never = [0.0] * small.N_YEARS
    assert year["escaped"].tolist() == (out if kind == TRAP else never)
    how = "escaped_threshold" if knows else "escaped_wealth"
    other = "escaped_wealth" if knows else "escaped_threshold"
    assert year[how].tolist() == (out if kind == TRAP else never)
    assert year[other].tolist() == never
    assert year["lifted"].tolist() == (out if kind == NO_WAY_UP else never)
    assert not year["fallen"].any()
    is_out = kind in (TRAP, NO_WAY_UP) and years < small.N_YEARS
    assert sums.pattern[0, 0].nonzero()[0].tolist() == (
        [int(is_out)] if kind in (TRAP, NO_WAY_UP) else []
    )


@pytest.mark.parametrize("period", [0, 5])
def test_what_the_eligible_get(period: int) -> None:
    """Cash is money and income, a grant is assets; who learns is drawn anew in every period."""
    n, seed, replicate = 2_000, np.uint32(4), np.uint32(1)
    is_eligible = np.arange(n) % 2
    people = small.households(n, is_eligible=is_eligible, size=np.repeat([2, 4], n // 2))

    def delivered(at: int, *given: float) -> SimpleNamespace:
        money, income, assets = np.float32([[1], [2], [3]]).repeat(n, axis=1)
        knowledge = np.zeros(n, np.int32)
        step.deliver(
            people, 0, n, at, *map(np.float32, given), seed, replicate, money, income, assets,
            knowledge,
        )  # fmt: skip
        return SimpleNamespace(money=money, income=income, assets=assets, learns=knowledge == 1)

    now = delivered(period, 0.1, 0.4, 0.3, 0.8, 0.3)
    cash = is_eligible * (0.1 + 0.4 / people.size)
    np.testing.assert_allclose(now.money, 1 + cash, rtol=1e-6)
    np.testing.assert_allclose(now.income, 2 + cash, rtol=1e-6)
    np.testing.assert_allclose(now.assets, 3 + is_eligible * (0.3 + 0.8 / people.size), rtol=1e-6)
    words = [reference.chance(key, period, reference.LEARNING, 4, 1)[0] for key in people.key]
    is_able = np.array([reference.unit(word) for word in words]) < 0.3
    np.testing.assert_array_equal(now.learns, is_able & (is_eligible == 1))
    # Of who did not learn, in the next period as many learn as of all.
    again = delivered(period + 1, 0, 0, 0, 0, 0.3).learns
    for group in (now.learns, ~now.learns):
        among = again[group & (is_eligible == 1)]
        assert abs(among.mean() - 0.3) < 3 * np.sqrt(0.3 * 0.7 / among.size)
    assert not delivered(period, 0.1, 0.4, 0.3, 0.8, 0).learns.any()


def test_only_knowledge_that_is_not_used_is_forgotten() -> None:
    """Everybody draws, one in five forgets, unless the improved technique stood on the fields."""
    n, p = 3_000, small.primitives()
    people = small.households(n)
    technique = np.repeat([0, 1, 2], n // 3).astype(np.int32)
    seed, replicate = np.uint32(4), np.uint32(1)
    knowledge = np.ones(n, np.int32)
    step.forget(p, people, 0, n, 3, seed, replicate, technique, knowledge)
    words = [reference.chance(key, 3, reference.YEAR, 4, 1)[0] for key in people.key]
    forgets = np.array([reference.unit(word) for word in words]) < 0.2
    np.testing.assert_array_equal(knowledge == 0, forgets & (technique != 2))
    assert forgets[technique == 2].sum() > 100
    # Who knows nothing learns nothing by it.
    nothing = np.zeros(n, np.int32)
    step.forget(p, people, 0, n, 3, seed, replicate, technique, nothing)
    assert not nothing.any()


# Size


def test_the_workspace_holds_what_the_kernel_takes() -> None:
    """Every field by its name: counts and flags are int32, numbers float32, and all are of the block."""
    state, scratch, values = workspace(7, 3)
    for group in (state, scratch):
        for name, array in group._asdict().items():
            shape = {"twin": (3, 7), "pattern": (2, 7)}.get(name, (7,))
            assert array.shape == shape and array.dtype == small.kind_of(name), name
            assert not array.any()
    arrays = [*state, *scratch, values]
    assert len({id(array) for array in arrays}) == len(arrays)
    assert values.shape == (len(OUTCOMES),)


def test_state_is_72_bytes_per_household() -> None:
    """One number of each field of `State` per household: what every period reads and writes."""
    calls: list[tuple[Any, ...]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "simulate", lambda *args: calls.append(args))
        run(prepare(compose([*QUICK, "planner.behaviour=rule_of_thumb"])))
    state = next(arg for arg in calls[0] if isinstance(arg, step.State))
    assert all(array.ndim == 1 for array in state)
    bytes_each = sum(array.itemsize for array in state)
    assert bytes_each == 4 * len(step.State._fields)
    assert bytes_each == 72


def test_nothing_is_allocated_in_the_period_loop() -> None:
    """The runtime's count of allocations does not depend on how long people live."""
    was_counting = runtime.memsys_stats_enabled()
    runtime.memsys_enable_stats()
    try:
        counts = []
        for n_years in (1, 4):
            world = small.small_world(2)._replace(n_years=n_years)
            small.simulate(world)  # compiled
            before = rtsys.get_allocation_stats().alloc
            small.simulate(world)
            counts.append(rtsys.get_allocation_stats().alloc - before)
        # Negative control: what does allocate is counted.
        before = rtsys.get_allocation_stats().alloc
        for _ in range(5):
            step.draws.uniforms(world.households.key, 0, 0, 1, 0)
        n_allocating = rtsys.get_allocation_stats().alloc - before
    finally:
        if not was_counting:
            runtime.memsys_disable_stats()
    assert counts[0] == counts[1] < 100
    assert n_allocating >= 5


def test_outcomes_known_at_planting_come_last() -> None:
    # The kernel sums the first N_FLOWS at a year's end and the others at the next planting.
    assert len(set(OUTCOMES)) == len(OUTCOMES)
    assert OUTCOMES[N_FLOWS:] == (
        "above_threshold", "escaped", "escaped_wealth", "escaped_threshold", "fallen", "lifted",
    )  # fmt: skip
