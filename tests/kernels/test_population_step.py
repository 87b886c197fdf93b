"""The population step: equal to its slow twin, honest with money, and the same whoever counts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from math import log2
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numba.core.runtime import _nrt_python as runtime
from numba.core.runtime import rtsys

import reference
import resilience_sim
import small_world as small
from resilience_sim.cli import compose
from resilience_sim.kernels import draws, people
from resilience_sim.kernels import population_step as step
from resilience_sim.kernels.counting import FIXED_POINT as UNIT
from resilience_sim.kernels.lanes import LANES
from resilience_sim.kernels.primitives import (
    ABOVE,
    HEIR_MOMENTS,
    N_AT_SUCCESSION,
    N_FLOWS,
    N_LISTS,
    N_SCORES,
    OUTCOMES,
    PERIOD_OUTCOMES,
    SHOCK_ENTRANT,
)
from resilience_sim.results import Results
from small_world import LOSSES, World

QUICK = [
    "case=erewhon", "horizon_years=5", "planner.n_assets=12", "planner.n_money=14",
    "planner.n_savings=12", "planner.tolerance=0.01", "outcomes.belief_households=0",
    "outcomes.channel_households=0", "threads=2",
]  # fmt: skip
HARD_TIMES = [
    "luck.illness_rate=0.6", "luck.illness_bill=0.2", "luck.drought_rate=0.4",
    "luck.drought_loss=0.8", "luck.asset_loss_rate=0.4", "generations.succession_age=50",
    "generations.initial_age_high=49",
    "technology.knowledge_loss=0.2", "shock.start_month=12", "shock.wage_loss=0.5",
    "shock.own_loss=0.5", "shock.other_loss=0.4", "shock.asset_loss=0.2", "shock.price_rise=0.3",
]  # fmt: skip
COUNTS = (
    "technique", "knowledge", "confidence", "generation", "type_at", "is_enrolled", "spell",
    "is_destitute", "hungry", "is_from_threshold", "reach",
)  # fmt: skip
LEDGER = {
    **dict.fromkeys(("amount", "running", "village_sum", "village_persons"), np.int64),
    **dict.fromkeys(("share_before", "share_upto"), np.float64),
    **dict.fromkeys(("village_at", "village_last"), np.int32),
}
NUMBERS = (
    "assets", "savings", "participation", "age", "skill", "wages", "skill_place", "school",
    "child_health", "child_school", "child_pay", "crop", "consumption_last", "income_year",
    "consumption_year", "own_year", "output_year", "wages_year", "estate_left", "pooled_year",
    "sold_year", "lean", "severity", "drought", "money", "income", "earned", *small.TERMS,
)  # fmt: skip
# What has to happen to somebody in the small world, told from a period of a twin.
EVENTS: dict[str, Callable[[SimpleNamespace], bool]] = {
    "succession": lambda now: now.came_in.is_succession,
    "second succession": lambda now: now.came_in.generation > 1,
    "drought": lambda now: now.drought < 1,
    "illness": lambda now: now.luck.bill > 0,
    "loss of assets": lambda now: now.luck.survive < 1,
    "sale in need": lambda now: now.chosen.sold_year > now.ready.sold_year,
    "debt": lambda now: -0.1 < now.chosen.savings < 0,
    "arrears": lambda now: now.chosen.savings < -now.chosen.credit_limit - 1e-3,
    "field given up": lambda now: not now.chosen.is_paid,
    "destitution": lambda now: now.chosen.is_destitute != 0,
    "hunger": lambda now: now.chosen.hungry > now.ready.hungry,
    "hunger again": lambda now: now.chosen.hungry > 1,
    "traditional": lambda now: now.chosen.planted == 1,
    "improved": lambda now: now.chosen.planted == 2,
    "improved with help": lambda now: now.chosen.planted == 2 and now.chosen.input_help > 0,
    "improved for nothing": lambda now: now.chosen.planted == 2 and now.chosen.input_help > 0.4,
    "knowledge lost": lambda now: now.came_in.has_forgotten,
    "knowledge taught": lambda now: now.ready.knowledge > now.came_in.knowledge,
    "belief broken": lambda now: now.came_in.belief == "broken",
    "belief by trying": lambda now: now.came_in.belief == "by trying",
    "belief by neighbours": lambda now: now.came_in.belief == "by neighbours",
    "belief by coaching": lambda now: now.ready.confidence > now.came_in.confidence,
    "pool pays": lambda now: now.ready.got > 1e-3,
    "pool takes": lambda now: now.ready.got < -1e-3,
    "full participation": lambda now: now.ready.participation == 1,
    "pupil": lambda now: now.ready.is_enrolled != 0,
    "money withheld": lambda now: now.ready.withheld > 0,
    "working child": lambda now: now.ready.child_pay > 0,
    "health": lambda now: now.chosen.child_health > now.ready.child_health,
    "school closed": lambda now: 0 < now.chosen.child_school - now.ready.child_school < 1,
    "taken in after the shock": lambda now: now.chosen.reach == SHOCK_ENTRANT,
}


def lived(words: list[str]) -> tuple[World, Results]:
    """Run a configuration; the results, and what the kernel was given."""
    from resilience_sim.simulation import prepare, run

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
def small_sums() -> people.Sums:
    return small.simulate(small.small_world(2))


def same(one: Results, other: Results, but: Iterable[str] = ("seconds",)) -> None:
    """Assert that two results are the same to the bit."""
    for field in fields(Results):
        if field.name not in but:
            a, b = getattr(one, field.name), getattr(other, field.name)
            np.testing.assert_equal(told(a), told(b), err_msg=field.name)


def told(value: Any) -> Any:
    """Dataclasses as dictionaries, in tuples too."""
    if isinstance(value, tuple):
        return tuple(told(each) for each in value)
    return vars(value) if hasattr(value, "__dataclass_fields__") else value


def same_sums(one: people.Sums, other: people.Sums) -> None:
    for name in people.Sums._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def changed(world: World, **scenario: Any) -> World:
    """The same world with fields of its scenario replaced, and what follows from them."""
    values = world.scenario._asdict() | scenario
    values |= small.flags(values, int(world.p.periods_per_year))
    return world._replace(scenario=people.Scenario(**values))


def calm(world: World) -> dict[str, np.ndarray]:
    """Fields of a scenario in which nothing strikes."""
    nothing = {name: np.zeros_like(getattr(world.scenario, name)) for name in LOSSES}
    closed = np.zeros_like(world.scenario.school_closed)
    return nothing | {"price": np.ones_like(world.scenario.price), "school_closed": closed}


def with_top_up(world: World) -> np.ndarray:
    """What the unconditional money of the calm world adds up to in both worlds."""
    return np.repeat(world.scenario.transfer[:, :1], 2, axis=1)


# Twin


def assert_close(
    mine: Iterable[float], twin: Iterable[float], where: tuple[Any, ...], rel: float = 4e-5,
    least: float = 2e-5,
) -> None:  # fmt: skip
    """Compare numbers of several households, relative to the twin's or, near zero, to `least`."""
    told, slow = np.asarray(mine, float), np.asarray(twin, float)
    off = np.abs(told - slow) > np.maximum(rel * np.abs(slow), least)
    assert not off.any(), (*where, off.nonzero()[0], told[off], slow[off])


def assert_as_told(
    here: SimpleNamespace, chosen: list[int], slow: list[SimpleNamespace], where: tuple[Any, ...]
) -> None:
    """Compare all that households carry at a stage of a period."""
    for name in COUNTS:
        mine, twin = getattr(here, name)[chosen].tolist(), [getattr(each, name) for each in slow]
        assert mine == twin, (*where, name)
    for name in NUMBERS:
        twin = [getattr(each, name) for each in slow]
        assert_close(getattr(here, name)[chosen], twin, (*where, name))
    lived, is_first = here.lived[chosen], np.array([each.generation == 0 for each in slow])
    so_far = [sum(each.eaten[0]) for each in slow]
    assert_close(lived[is_first], np.array(so_far)[is_first], (*where, "lived"))
    for mine, each in zip(lived, slow, strict=True):
        if each.generation > 0 and len(each.eaten[0]) < 3:
            assert mine <= -1e9, where
        elif each.generation > 0:
            mean = sum(each.eaten[0]) / len(each.eaten[0])
            assert mine == pytest.approx(log2(mean), abs=1e-4), where
    heirs = [sum(each.eaten[1]) if each.generation else 0.0 for each in slow]
    assert_close(here.lived_heir[chosen], heirs, (*where, "lived_heir"))


def assert_twin(
    world: World, mine: Iterable[SimpleNamespace], lives: dict[int, list[SimpleNamespace]],
    where: tuple[Any, ...],
) -> None:  # fmt: skip
    """Compare the kernel's passes with households' lives, stage by stage."""
    chosen = list(lives)
    for now in mine:
        slow, at = [lives[i][now.t] for i in chosen], (*where, f"period {now.t}")
        here = now.came_in
        for name in ("harvest", "wage", "bill", "survive"):
            luck = [getattr(each.luck, name) for each in slow]
            assert_close(getattr(here, name)[chosen], luck, (*at, name), 2e-6, 0.0)
        assert_close(now.drought[chosen], [each.drought for each in slow], (*at, "drought"), 1e-6)
        assert here.start[chosen].tolist() == [each.start for each in slow], at
        assert here.began_above[chosen].tolist() == [each.start == ABOVE for each in slow], at
        for i, each in zip(chosen, slow, strict=True):
            if hasattr(each, "chance"):
                within = max(4e-5 * each.chance, 2e-5)
                assert small.takes_for_chance(
                    world.tables, world.households, i, now.judged, each.chance, within
                ), (*at, i)
        for stage in ("came_in", "ready", "chosen"):
            if hasattr(slow[0], stage):
                told = [getattr(each, stage) for each in slow]
                assert_as_told(getattr(now, stage), chosen, told, (*at, stage))
        if hasattr(slow[0], "chosen"):
            eaten = [each.chosen.consumption for each in slow]
            assert_close(now.chosen.consumption[chosen], eaten, (*at, "consumption"))
            food = [each.chosen.food for each in slow]
            assert_close(now.chosen.food[chosen], food, (*at, "food"), 1e-5, 1e-6)


def lives_in(
    world: World, villages: Sequence[int], arm: int, calamity: int, replicate: int
) -> dict[int, list[SimpleNamespace]]:
    """Twins of the households of some villages, after the lives that this one refers to."""
    lives: dict[int, list[SimpleNamespace]] = {}
    homes = reference.villages_of(world.households)
    for members in (homes[v] for v in villages):
        memory = reference.Memory()
        for life in dict.fromkeys([(0, 0), (arm, calamity)]):
            periods = list(reference.live(world, members, *life, replicate, memory))
        lives |= {i: [now[j] for now in periods] for j, i in enumerate(members)}
    return lives


@pytest.mark.parametrize(("arm", "calamity"), [(0, 0), (1, 1), (3, 1)])
def test_twin_under_real_policies(erewhon: tuple[World, Results], arm: int, calamity: int) -> None:
    world, _ = erewhon
    lives = lives_in(world, [0, 17, 39], arm, calamity, 1)
    assert_twin(world, small.passes(world, arm, calamity, 1), lives, (arm, calamity))
    told = [now for life in lives.values() for now in life]
    for happens in ("succession", "pool pays", "pool takes", "pupil", "drought"):
        assert any(EVENTS[happens](now) for now in told if hasattr(now, "chosen")), happens


@pytest.mark.parametrize("per_year", [1, 12])
def test_twin_in_years_and_in_months(per_year: int) -> None:
    rule = ["planner.behaviour=rule_of_thumb", "horizon_years=3", f"periods_per_year={per_year}"]
    world, _ = lived([*QUICK, *HARD_TIMES, *rule])
    lives = lives_in(world, [5], 3, 1, 0)
    assert_twin(world, small.passes(world, 3, 1, 0), lives, (3, 1))
    # What the twin is compared with is what `simulate` does.
    same_sums(small.Block(world).everything(), small.simulate(world))


def test_twin_on_formula_policies_with_every_outcome(small_sums: people.Sums) -> None:
    """All arms, worlds and replicates; and what the kernel sums is what the twins add up to."""
    world = small.small_world(2)
    lives, twin = reference.sums_of(world)
    block = small.Block(world)
    for arm, calamity, r in sorted(lives, key=lambda at: at[2]):
        told = dict(enumerate(lives[arm, calamity, r]))
        assert_twin(world, block.live(arm, calamity, r), told, (arm, calamity, r))
    happened = [now for told in lives.values() for life in told for now in life[:-1]]
    missing = [name for name, has in EVENTS.items() if not any(map(has, happened))]
    assert not missing
    outcomes = happened[3].year | happened[4].status
    assert tuple(outcomes) == OUTCOMES
    for name in people.Sums._fields:
        unit = 1.0 if name in ("panel", "status") else UNIT
        summed = getattr(small_sums, name) / unit
        np.testing.assert_allclose(summed, twin[name], rtol=5e-5, atol=5e-5, err_msg=name)
    assert (small_sums.start.sum(axis=0) > 0).all()
    assert (small_sums.pattern.sum(axis=(0, 1)) > 0).sum() >= 3
    adults = small_sums.heir.sum(axis=(0, 1, 2, 3))
    assert dict(zip(HEIR_MOMENTS, adults != 0, strict=True)) == dict.fromkeys(HEIR_MOMENTS, True)
    assert (small_sums.heir_joint.sum(axis=(0, 1)) > 0).sum() > 5


def test_a_twin_with_other_luck_is_told_apart() -> None:
    # Negative control for the twins: one more draw on the seed and nothing fits.
    world = small.small_world()
    other = lives_in(world._replace(seed=world.seed + 1), [0], 0, 0, 0)
    with pytest.raises(AssertionError):
        assert_twin(world, small.passes(world, 0, 0, 0), other, ())


def test_passes_one_by_one_are_simulate(small_sums: people.Sums) -> None:
    """What the tests here look at is what `simulate` does, to the bit."""
    same_sums(small.Block(small.small_world(2)).everything(), small_sums)


def test_what_the_kernel_sums_is_what_a_run_reports(erewhon: tuple[World, Results]) -> None:
    world, results = erewhon
    sums = small.simulate(world)
    weight = results.group_weight * UNIT
    kernels = results.year_mean[..., : len(OUTCOMES)]  # `labour` stands behind them
    np.testing.assert_array_equal(kernels, sums.year / weight[:, None])
    np.testing.assert_array_equal(results.heir_moments, sums.heir / UNIT)
    np.testing.assert_array_equal(results.heir_class, sums.heir_class / UNIT)
    np.testing.assert_array_equal(results.heir_joint, sums.heir_joint / (UNIT * world.n_replicates))
    assert sums.heir.any() and sums.year.any()


# Tiny worlds by hand


def tiny(**changes: Any) -> dict[str, Any]:
    """Yearly periods without luck, need, knowledge to lose, pool or children; `changes` come on top."""
    return {
        "periods_per_year": 1, "quarters_per_period": 4, "need": 0.1,
        "productivity_traditional": 1, "exponent_traditional": 1, "labour_traditional": 0.5,
        "outlay_traditional": 0.25, "keep": 0.5, "resale": 0.5, "return_save": 1,
        "knowledge_loss": 0, "harvest_sd": 0, "wage_sd": 0, "illness": 0, "asset_loss": 0,
        "drought": 0, "succession_age": 1e9, "season_output": [1], "season_outlay": [1],
        "season_price": [1], **small.ALONE, **changes,
    }  # fmt: skip


def tiny_tables(kept: Any, carried: Any, traditional: Any) -> people.Tables:
    """One type whose plans are straight lines in assets k up to 4 and money m up to 8."""
    assets, money = small.grid(0.0, 4.0, 2), small.grid(0.0, 8.0, 2)
    k, m = assets.nodes[:, None], money.nodes[None, :]
    plans = np.zeros((1, 1, 2, 1, 1, 3, 2, 2, 2))
    plans[..., 0], plans[..., 1] = kept(k, m), carried(k, m)
    choice = np.zeros((1, 1, 2, 1, 1, 2, 2, 2))
    choice[..., 0], choice[..., 1] = traditional(k, m), -0.9
    return small.tables(assets, money, plans, choice, np.zeros((1, 2, 1, 1, 2, 2)))


def assert_worked(sums: people.Sums, group: int, worked: dict[str, list[float]]) -> None:
    for name, years in worked.items():
        told = sums.year[0, 0, 0, :, group, OUTCOMES.index(name)] / UNIT
        np.testing.assert_allclose(told, years, rtol=0, atol=3e-6, err_msg=name)


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
              Net income 5/4, 3/4 of it own: output 1 less the outlay.
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
    p = small.primitives(**tiny())
    tables = tiny_tables(
        lambda k, m: 0.5 + 0.5 * k + 0 * m, lambda k, m: 0.25 * m + 0 * k,
        lambda k, m: (k - 0.5) / 4 + 0 * m,
    )  # fmt: skip
    living = small.households(2, wages=1, is_eligible=[1, 0], assets=[2, 0], technique=[1, 0])
    cash, grant = np.zeros((1, 3), np.float32), np.zeros((1, 3), np.float32)
    cash[0, 1], grant[0, 1] = 3 / 16, 0.5
    scenario = small.scenario(3, 1, p=p, transfer=cash, grant=grant)
    blocks = np.array([[0, 2]], np.int64)
    sums = small.simulate(World(p, tables, living, blocks, scenario, 3, 0, 1, 1))
    ada = {
        "income": [5 / 4, 15 / 16, 1],
        "own_income": [3 / 4, 1 / 4, 1 / 2],
        "own_output": [1, 1 / 2, 1 / 2],
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
        "own_output": [0, 0, 0],
        "wages": [1, 1, 1],
        "consumption": [1 / 4, 9 / 16, 41 / 64],
        "assets": [1 / 2, 5 / 8, 21 / 32],
        "savings": [1 / 4, 5 / 16, 21 / 64],
        "own_work": [0, 0, 0],
        "poor_income": [0, 0, 0],
        "poverty_gap": [3 / 4, 7 / 16, 23 / 64],
    }
    for group, worked in enumerate((ada, bea)):
        assert_worked(sums, group, worked)
    flows = dict(zip(PERIOD_OUTCOMES, np.moveaxis(sums.period[0, 0, 0] / UNIT, -1, 0), strict=True))
    np.testing.assert_allclose(flows["consumption"][:, 0], ada["consumption"], atol=2e-6)
    np.testing.assert_allclose(flows["income"][:, 1], bea["income"], atol=2e-6)


def test_tiny_village_with_children_by_hand() -> None:
    """Two neighbours share, send children to school and hand over; every number is worked by hand.

    The world. A year's wages are skill times 1, of which half is pooled by both; who has no fields
    eats all that is in hand. Two children a couple, of school age from 6 to 12 and able to work from
    7: a year of school costs 1/16 a child, work pays 1/4. Families weigh 7/16, times what a member
    ate the year before (risk aversion 1), against the cost.
    Money hangs on school for Bea alone: 1/32 a member in year 0, 1/16 in year 1. In year 2 schools
    are closed half the time. Both heads are 57, and hand over at 60; a child is 50 years younger.
    Log2 skill is its score; an heir's is its parent's plus half a point a year of school from 3.5
    on.

    Ada (2 persons, skill 1, wages 1, ate 1):
      year 0: pays 1/2 into the pool, gets (1/2 + 1/4) / 2 = 3/8. Child of 7: cost 1/16 + 1/4 = 5/16,
              worth 7/16 * 1: school, for 1/16 * 2 children / 2 persons. Eats 1 - 1/8 - 1/16 = 13/16.
      year 1: worth 7/16 * 13/16 = 91/256 > 80/256: school. Eats 13/16 again.
      year 2: the same. School so far 3 + 1 + 1 + 1/2.
      year 3: the heir has 5 1/2 years of school, skill 2^((5.5 - 3.5) / 2) = 2 and wages of 2. Pays
              1, gets (1 + 1/4) / 2 = 5/8; no child yet. Eats 2 - 3/8 = 13/8.
    Bea (4 persons, skill and wages 1/2, ate 1/2):
      year 0: stake 1/32 * 4 / 2 = 1/16 a child, cost 1/4, worth 7/16 * 1/2 = 7/32: work. The money
              is withheld. Pool 3/8 - 1/4 = 1/8: eats 1/2 + 1/8 = 5/8.
      year 1: the child earned 1/4 * 2 / 4 = 1/8: income 5/8. Stake 1/8, cost 3/16 = 6/32, worth
              7/16 * 5/8 = 8.75/32 (and less than the 10/32 without stake): school, for 1/32.
              With 1/16 for it income is 11/16; eats 5/8 + 1/8 - 1/32 + 1/16 = 25/32.
      year 2: income 1/2. Cost 5/16 = 160/512, worth 7/16 * 25/32 = 175/512: school.
              Eats 1/2 + 1/8 - 1/32 = 19/32. School so far 2 + 0 + 1 + 1/2.
      year 3: the heir has 3 1/2 years, skill and wages of 1/2. Eats 1/2 + 3/8 = 7/8.
    """
    p = small.primitives(**tiny(
        pool_share=0.5, is_redrawn=1, is_schooling=1, crra=1, wage=1, wage_elasticity=1,
        succession_age=60, heir_age=30, birth_age=50, children=2, school_age=6, school_end=12,
        work_age=7, school_fee=1 / 16, child_work=0.25, school_worth=7 / 16, school_taste=0,
        skill_persistence=1, skill_at=[np.linspace(-3, 3, N_SCORES)], skill_luck=[0],
        school_effect=0.5, health_effect=0, reference_school=3.5, confidence_inherited=1,
    ))  # fmt: skip
    nothing = tiny_tables(
        lambda k, m: 0 * (k + m), lambda k, m: 0 * (k + m), lambda k, m: 0 * (k + m) - 0.5
    )
    living = small.households(
        2, size=[2, 4], skill=[1, 0.5], wages=[1, 0.5], consumption=[1, 0.5], age=57,
        participation=1, is_eligible=[0, 1], school=[4, 1], child_school=[3, 2],
    )  # fmt: skip
    hangs, closed = np.zeros((1, 4), np.float32), np.zeros((1, 4), np.float32)
    hangs[0, :2], closed[0, 2] = (1 / 32, 1 / 16), 0.5
    scenario = small.scenario(4, 1, p=p, conditional=hangs, school_closed=closed)
    blocks = np.array([[0, 2]], np.int64)
    sums = small.simulate(World(p, nothing, living, blocks, scenario, 4, 0, 1, 1))
    ada = {
        "income": [1, 1, 1, 2],
        "consumption": [13 / 16, 13 / 16, 13 / 16, 13 / 8],
        "wages": [1, 1, 1, 2],
        "enrolled": [1, 1, 1, 0],
        "school_age": [1, 1, 1, 0],
        "pooled": [-1 / 8, -1 / 8, -1 / 8, -3 / 8],
    }
    bea = {
        "income": [1 / 2, 11 / 16, 1 / 2, 1 / 2],
        "consumption": [5 / 8, 25 / 32, 19 / 32, 7 / 8],
        "wages": [1 / 2, 1 / 2, 1 / 2, 1 / 2],
        "enrolled": [0, 1, 1, 0],
        "school_age": [1, 1, 1, 0],
        "pooled": [1 / 8, 1 / 8, 1 / 8, 3 / 8],
    }
    # Heirs: one each, school beside the parent's, products, then log2 skill; all too young to compare.
    heirs = {
        0: {"heirs": 1, "school": 3.5, "school_parent": 1, "school_squared": 12.25,
            "school_parent_squared": 1, "school_product": 3.5, "log_skill": -1},
        1: {"heirs": 1, "school": 5.5, "school_parent": 4, "school_squared": 30.25,
            "school_parent_squared": 16, "school_product": 22, "log_skill": 1},
    }  # fmt: skip
    for group, worked in heirs.items():
        told = dict(zip(HEIR_MOMENTS, sums.heir[0, 0, 0, group] / UNIT, strict=True))
        others = dict.fromkeys(set(HEIR_MOMENTS) - set(worked) - {"confident"}, 0.0)
        assert {name: told[name] for name in worked} == pytest.approx(worked, abs=3e-6)
        assert {name: told[name] for name in others} == others
    for group, worked in enumerate((bea, ada)):
        assert_worked(sums, group, worked)


# Money in equals money out


def shortfall(world: World, now: SimpleNamespace, arm: int, calamity: int) -> np.ndarray:
    """Money in less money out of every household in one period, in double precision.

    In: savings or debt with their return on the terms of the period before, earnings of adults and
    children, transfers, what neighbours shared, what sold assets return. Out: bills, school fees,
    consumption at its price, savings carried, assets bought, outlay paid. Assets before the choice
    follow from those of the period before: inherited, worn out, struck, granted.
    """
    p, living, scenario = reference.plain(world.p), world.households, world.scenario
    t, size = now.t, living.size.astype(float)  # a loss strikes the period before this decision
    old, new = now.older, now.chosen

    def exact(at: SimpleNamespace, name: str) -> np.ndarray:
        return np.asarray(getattr(at, name), float)

    def given(name: str) -> np.ndarray:
        table = getattr(scenario, name)[arm]
        rows = (table[calamity] if table.ndim == 3 else table)[t]
        return rows[now.ready.reach].astype(float)

    terms = zip(
        exact(old, "savings"), exact(old, "return_save"), exact(old, "return_borrow"),
        exact(old, "credit_limit"), strict=True,
    )  # fmt: skip
    grown = np.array(
        [
            reference.grow(SimpleNamespace(return_save=s, return_borrow=b, credit_limit=c), held)
            for held, s, b, c in terms
        ]
    )
    child_age = exact(now.ready, "age") - p.birth_age
    is_pupil = now.ready.is_enrolled != 0
    is_out = (p.school_age <= child_age) & (child_age < p.school_end) & ~is_pupil
    transfer = given("transfer") + given("transfer_household") / size
    transfer += given("per_child") / size * ((child_age >= 0) & (child_age < 18))
    transfer += (given("conditional") + given("conditional_household") / size) * ~is_out
    transfer += given("per_pupil") / size * is_pupil
    fee = p.school_fee * p.children / size * is_pupil * (t % p.periods_per_year == 0)
    grant = given("grant") + given("grant_household") / size
    struck = float(scenario.asset_loss[calamity, t - 1]) if t > 0 else 0.0
    loss = np.minimum(struck * exact(now.came_in, "severity"), 1.0)
    held = exact(old, "assets") * p.keep * exact(now.came_in, "survive") * (1.0 - loss) + grant
    shared = exact(now.ready, "pooled_year") - exact(now.came_in, "pooled_year")
    bought = exact(new, "assets") - held
    paid = np.where(bought > 0, bought, p.resale * bought)
    outlay = exact(now.ready, "income") - exact(new, "income")
    rise = float(scenario.price[calamity, t]) - 1.0
    price = p.season_price[t % p.periods_per_year] * (1.0 + exact(new, "food") * rise)
    money_in = grown + exact(now.came_in, "income") + transfer + shared
    eaten = exact(new, "consumption") * price
    return money_in - (
        exact(now.came_in, "bill") + fee + eaten + exact(new, "savings") + paid + outlay
    )


def scale(now: SimpleNamespace) -> np.ndarray:
    """Sums of money that pass through a household's hands, for what rounding may lose."""
    told: np.ndarray = 1 + np.abs(now.ready.money) + now.ready.assets + np.abs(now.older.savings)
    return told


def assert_honest(world: World, arm: int, calamity: int) -> dict[str, int]:
    """Money adds up for every household and period of a life; how often things happened."""
    p = reference.plain(world.p)
    is_followed = int(world.scenario.channels_off[arm]) & 1
    events = (
        "sales", "debts", "arrears", "heirs", "estates", "debts left", "fields given up", "hunger",
        "fees", "child pay", "shares",
    )  # fmt: skip
    seen = dict.fromkeys(events, 0)
    for now in small.passes(world, arm, calamity, 0):
        if not hasattr(now, "chosen"):
            break
        assert np.abs(shortfall(world, now, arm, calamity) / scale(now)).max() < 3e-6, now.t
        # What an heir does not get leaves the dynasty, and nothing else does.
        wealth, inherited = (at.assets.astype(float) + at.savings for at in (now.before, now.older))
        is_heir = now.older.age < now.before.age
        left = np.where(is_heir, now.older.estate_left, 0.0)
        if not is_followed:
            assert np.abs((wealth - inherited - left) / scale(now)).max() < 1e-6, now.t
        # The outlay is that of the technique in the ground on the programme's terms, whole or not
        # at all.
        season, new = now.t % p.periods_per_year, now.chosen
        planted = now.ready.technique
        due = np.array(
            [
                reference.year_outlay(p, *each)
                for each in zip(planted, now.ready.knowledge, strict=True)
            ]
        )
        due = np.maximum(due - now.ready.input_help * (planted == 2), 0.0)
        due *= p.season_outlay[season] * now.ready.outlay_keep
        is_paid = (new.technique == planted) | (due == 0)
        np.testing.assert_allclose(now.ready.income - new.income, due * is_paid, atol=2e-6)
        assert (new.technique[~is_paid] == 0).all()
        # Within a village nothing is made or lost.
        shared = now.ready.pooled_year.astype(float) - now.came_in.pooled_year
        village, weight = world.households.village, world.households.weight
        assert np.abs(np.bincount(village, weight * shared)).max() < 1e-5, now.t
        seen["estates"] += (left > 1e-3).sum()
        seen["debts left"] += (left < -1e-3).sum()
        seen["sales"] += (new.assets < now.ready.assets * 0.999).sum()
        seen["debts"] += (new.savings < 0).sum()
        seen["arrears"] += (new.savings < -new.credit_limit - 1e-5).sum()
        seen["heirs"] += is_heir.sum()
        seen["fields given up"] += (~is_paid).sum()
        seen["hunger"] += (new.consumption < p.need / p.periods_per_year - 1e-4).sum()
        seen["fees"] += (now.ready.is_enrolled != 0).sum()
        seen["child pay"] += (now.came_in.child_pay > 0).sum()
        seen["shares"] += (np.abs(shared) > 1e-3).sum()
        assert min(new.assets.min(), new.consumption.min()) >= 0
    return seen


@pytest.mark.parametrize(("arm", "calamity"), [(0, 0), (3, 1)])
def test_money_is_conserved_for_every_household_and_period(
    erewhon: tuple[World, Results], arm: int, calamity: int
) -> None:
    world, _ = erewhon
    seen = assert_honest(world, arm, calamity)
    assert min(seen.values()) > 0, seen


def test_money_is_conserved_whatever_is_delivered_and_lost() -> None:
    world, seen = small.small_world(), dict[str, int]()
    for arm, calamity in np.ndindex(len(small.ARMS), 2):
        told = assert_honest(world, arm, calamity)
        seen = {name: seen.get(name, 0) + n for name, n in told.items()}
    assert min(seen.values()) > 0, seen


def test_own_output_is_own_income_and_the_outlay_paid() -> None:
    """For every household, year, arm and world; equal to the bit where no outlay was paid."""
    world = small.small_world()
    of, seen = world.households, {"paid": 0, "nothing paid": 0}
    for arm, calamity in np.ndindex(len(small.ARMS), 2):
        outlay = np.zeros(len(of.key))
        for now in small.passes(world, arm, calamity, 0):
            if not hasattr(now, "chosen"):
                break
            outlay += now.ready.income.astype(float) - now.chosen.income
            output, own = now.chosen.output_year, now.chosen.own_year
            at = (arm, calamity, now.t)
            np.testing.assert_allclose(output.astype(float) - own, outlay, atol=1e-5, err_msg=at)
            assert (output == own)[outlay == 0].all() and (output >= own).all(), at
            seen["paid"] += (outlay > 1e-3).sum()
            seen["nothing paid"] += ((outlay == 0) & (own > 0)).sum()
            if now.t % small.PER_YEAR == small.PER_YEAR - 1:
                outlay[:] = 0
    assert min(seen.values()) > 0, seen


def test_a_leak_of_a_ten_thousandth_is_caught() -> None:
    # Negative control: the bound above is far finer than a leak that would matter.
    world = small.small_world()
    now = next(small.passes(world, 0, 0, 0))
    now.chosen.savings += np.float32(1e-4)
    assert np.abs(shortfall(world, now, 0, 0) / scale(now)).min() > 3e-6
    # And a share that neighbours get without anybody's paying it.
    now = next(small.passes(world, 0, 0, 0))
    now.ready.pooled_year += np.float32(1e-4)
    assert np.abs(shortfall(world, now, 0, 0) / scale(now)).min() > 3e-6


def test_estates_are_told_in_the_year_of_the_succession_and_only_then() -> None:
    """Heads of 57, 58, 59 and 50, succession at 60, eight years: who leaves an estate, and when."""
    world = small.small_world(heir_age=25, pool_share=0)
    n = 4
    living = small.households(
        n, len(small.ARMS), age=[57, 58, 59, 50], assets=3.0, savings=1.0, wages=1.0, is_eligible=1
    )
    one = world._replace(households=living, blocks=np.array([[0, n]], np.int64))
    for only in range(n):
        alone = living._replace(weight=(np.arange(n) == only).astype(float))
        sums = small.simulate(one._replace(households=alone))
        told = sums.year[0, 0, 0, :, 0, OUTCOMES.index("estate_left")] / UNIT
        # A head is a year older at every planting but the first.
        assert told.nonzero()[0].tolist() == ([60 - int(living.age[only])] if only < 3 else [])


def test_flows_of_a_year_start_again_with_the_next() -> None:
    """What is told of a year is the sum over its own periods: of the pool and of sales in need too."""
    flows = ("pooled_year", "sold_year", "own_year", "output_year", "wages_year", "income_year")
    most = dict.fromkeys(flows, 0.0)
    for now in small.passes(small.small_world(), 0, 1, 0):
        for name in flows:
            so_far = getattr(now.before, name)
            most[name] = max(most[name], float(np.abs(so_far).max()))
            assert now.t % small.PER_YEAR or not so_far.any(), (name, now.t)
    assert min(most.values()) > 0


# What must not matter


def test_a_programme_of_value_zero_is_no_programme(small_sums: people.Sums) -> None:
    """Every content runs for the whole time and is worth nothing: nothing changes, to the bit."""
    world = small.small_world(2)
    nothing = {
        name: np.zeros_like(getattr(world.scenario, name))
        for name in (*small.UNCONDITIONAL, *small.CONDITIONAL, *small.HANDED)
    }
    for name in small.TERMS:
        table = getattr(world.scenario, name)
        nothing[name] = np.broadcast_to(table[:1, :1], table.shape).copy()
    slot = np.broadcast_to(world.scenario.slot[:, :, :1], world.scenario.slot.shape).copy()
    empty = changed(world, **nothing, slot=slot)
    running = {
        name: np.ones_like(getattr(world.scenario, name))
        for name in ("is_given", "is_conditional", "is_new_terms")
    }
    sums = small.simulate(empty._replace(scenario=empty.scenario._replace(**running)))
    for name in (
        "year", "village", "period", "histogram", "mobility", "panel", "heir", "heir_joint",
        "heir_class",
    ):  # fmt: skip
        values = getattr(sums, name)
        np.testing.assert_array_equal(values[0], getattr(small_sums, name)[0], err_msg=name)
        for arm in range(1, len(small.ARMS)):
            # In a shock, an heir whose channels are off has what its twin without one has.
            alike = slice(1) if world.scenario.channels_off[arm] else slice(2)
            np.testing.assert_array_equal(
                values[arm, alike], values[0, alike], err_msg=f"{name}, arm {arm}"
            )
    # Negative control: contents of some value change the eligible in every arm.
    for arm in range(1, len(small.ARMS)):
        assert (small_sums.year[arm, ..., 0, :2] != small_sums.year[0, ..., 0, :2]).any()


def test_contents_of_value_zero_are_no_programme_in_a_run() -> None:
    empty = [f"programme.contents.{name}.value=0" for name in ("transfer", "asset_grant")]
    world, results = lived([*QUICK, *empty, "programme.contents.training.success=0"])
    assert not (world.scenario.transfer[:, 0].any() or world.scenario.training.any())
    for name in ("year_mean", "village_sum", "period_mean", "mobility", "heir_moments"):
        values = getattr(results, name)[:, 0]
        for arm in range(1, len(results.arms)):
            np.testing.assert_array_equal(values[arm], values[0], err_msg=f"{name}, arm {arm}")


def test_a_programme_of_any_value_is_not(erewhon: tuple[World, Results]) -> None:
    # Negative control: each arm differs from none among the eligible.
    _, results = erewhon
    for arm in range(1, len(results.arms)):
        assert (results.year_mean[arm, ..., 0, :2] != results.year_mean[0, ..., 0, :2]).all()


def test_a_shock_of_depth_zero_is_no_shock() -> None:
    world = small.small_world()
    sums = small.simulate(changed(world, **calm(world), transfer=with_top_up(world)))
    followed = world.scenario.channels_off != 0
    for name in ("year", "village", "period", "histogram", "mobility", "panel"):
        values = getattr(sums, name)[~followed]
        np.testing.assert_array_equal(values[:, 1], values[:, 0], err_msg=name)
    np.testing.assert_array_equal(sums.pattern[1], sums.pattern[0])
    assert sums.recovery[~followed, :, 1:].sum() == 0


def test_arms_share_luck() -> None:
    world = small.small_world()
    names = ("harvest", "wage", "bill", "survive", "drought", "severity")
    lives = [list(small.passes(world, *life, 0)) for life in ((0, 0), (1, 0), (3, 1))]
    for none, *others in zip(*lives, strict=True):
        for other in others:
            for name in names:
                mine, its = getattr(none.came_in, name), getattr(other.came_in, name)
                np.testing.assert_array_equal(mine, its)
    # Negative control: another replicate is another luck.
    two = world._replace(n_replicates=2)
    other = next(small.passes(two, 0, 0, 1))
    assert (other.came_in.harvest != lives[0][0].came_in.harvest).all()


def test_who_is_on_no_list_feels_programmes_only_through_neighbours() -> None:
    """Without pool and learning from neighbours it lives the same life in every arm, to the bit."""
    alone = small.small_world(2, pool_share=0, corrected_by_neighbours=0)
    arms = np.arange(4)  # an heir whose channels are off is another's heir, listed or not
    calm_only = small.simulate(alone).year[arms, 0]
    outside = np.array(alone.households.is_eligible) == 0
    assert (alone.households.reach[:, outside] == 0).all()
    np.testing.assert_array_equal(
        calm_only[..., 1, :], np.broadcast_to(calm_only[:1, ..., 1, :], calm_only[..., 1, :].shape)
    )
    # With them, what its neighbours get reaches it.
    for spill in ({"pool_share": 0}, {"corrected_by_neighbours": 0}):
        sums = small.simulate(small.small_world(2, **spill)).year[arms, 0]
        assert (sums[3, ..., 1, :] != sums[0, ..., 1, :]).any(), spill


def test_nothing_is_learnt_or_forgotten_before_the_first_crop() -> None:
    """Knowledge that is lost when a crop did not use it, a belief that any crop sets right.

    At the first planting one leaves the improved technique and one the traditional: the crop that
    stood before the start teaches nothing. From then on nobody plants.
    """
    p = small.primitives(knowledge_loss=1, corrected_by_trying=1, severe_loss=0, succession_age=1e9)
    world = small.small_world()
    living = small.households(2, knowledge=1, confidence=0, technique=[2, 1], wages=0.5)
    nowhere = small.formula_tables()
    nowhere = nowhere._replace(choice=np.full_like(nowhere.choice, -0.5))
    blocks = np.array([[0, 2]], np.int64)
    lived = world._replace(
        p=p, tables=nowhere, households=living, blocks=blocks, scenario=small.scenario(2, p=p),
        n_years=2,
    )  # fmt: skip
    sums = small.simulate(lived)
    told = dict(zip(OUTCOMES, sums.year[0, 0, 0, :, 1].T / UNIT, strict=True))
    assert told["knowledge"].tolist() == [2, 0]
    assert not told["confident"].any() and not told["own_work"].any()


def test_a_drought_lasts_from_one_planting_to_the_next() -> None:
    """It strikes the crop in the ground; the harvest of what was planted before the run is spared."""
    world = small.small_world()
    per_year, village = small.PER_YEAR, world.households.village
    droughts = [now.drought for now in small.passes(world, 0, 0, 0)]
    assert (droughts[0] == 1).all()
    n_dry = 0
    for year in range(world.n_years):
        crop = droughts[year * per_year + 1 : (year + 1) * per_year + 1]
        words = [reference.chance(v, year, reference.DROUGHT, world.seed, 0) for v in village]
        is_dry = np.array([reference.unit(each[0]) for each in words]) < float(world.p.drought)
        left = np.where(is_dry, np.float32(1) - world.p.drought_loss, np.float32(1))
        np.testing.assert_array_equal(crop, np.broadcast_to(left, (per_year, village.size)))
        n_dry += is_dry.sum()
    assert 0 < n_dry < village.size * world.n_years


@pytest.mark.parametrize("name", [*LOSSES, "price"])
@pytest.mark.parametrize("struck", [0, 6, 15])
def test_a_loss_strikes_what_comes_in_next_and_a_price_what_is_eaten_now(
    name: str, struck: int
) -> None:
    """One kind of shock in one quarter alone: the first decision that it changes, in every sum."""
    world = small.small_world()._replace(n_years=4)
    paths = calm(world) | {"transfer": with_top_up(world)}
    paths[name] = paths[name].copy()
    paths[name][1, struck] = 1.5 if name == "price" else 0.7
    horizon = np.arange(8, dtype=np.int32) % 4
    sums = small.simulate(changed(world, **paths, horizon=horizon))
    n_periods = 4 * small.PER_YEAR
    arms = np.arange(4)  # where no channel is off
    differs = (sums.period[:, 0] != sums.period[:, 1])[arms]
    first = struck if name == "price" else struck + 1
    assert not differs[:, :, :first].any()
    assert differs[:, :, first : first + 1].any() == (first < n_periods)
    if name in ("own_loss", "wage_loss", "other_loss"):
        assert differs[:, :, first : first + 1, :, 1].any() == (first < n_periods)
    years = (sums.year[:, 0] != sums.year[:, 1])[arms]
    assert not years[:, :, : first // small.PER_YEAR, :, :N_FLOWS].any()
    # Assets lost in the last quarter are missed at the closing round, after all flows of the run.
    if name == "asset_loss" and first == n_periods:
        assert years[:, :, -1, :, OUTCOMES.index("above_threshold")].any()


@pytest.fixture(scope="module")
def one_thread() -> Results:
    from resilience_sim.simulation import prepare, run

    return run(prepare(compose([*QUICK, "threads=1"])))


def test_threads_do_not_matter(one_thread: Results) -> None:
    from resilience_sim.simulation import prepare, run

    same(run(prepare(compose([*QUICK, "threads=2"]))), one_thread)
    # Negative control: a seed does.
    other = run(prepare(compose([*QUICK, "seed=2"])))
    with pytest.raises(AssertionError):
        same(other, one_thread, but=("seconds", "seed"))


@pytest.mark.parametrize("size", [1, 37, 100_000])
def test_block_sizes_do_not_matter(
    one_thread: Results, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    from resilience_sim import lives

    monkeypatch.setattr(lives, "BLOCK_HOUSEHOLDS", size)
    world, results = lived([*QUICK, "threads=2"])
    # One block would leave a thread without work: it is cut into four a thread.
    assert len(world.blocks) == {1: 40, 37: 14, 100_000: 8}[size]
    same(results, one_thread)


def test_blocks_lived_at_once_add_up_to_the_same(small_sums: people.Sums) -> None:
    """Each block in a thread of its own, many times over: the sums are those of one thread."""
    world = small.small_world(2)
    by_village = np.array([[0, 5], [5, 8], [8, 12]], np.int64)

    def one(block: np.ndarray) -> people.Sums:
        return small.simulate(world._replace(blocks=block[None]))

    with ThreadPoolExecutor(3) as pool:
        for _ in range(5):
            apart = list(pool.map(one, by_village))
            added = (sum(getattr(each, name) for each in apart) for name in people.Sums._fields)
            same_sums(people.Sums(*added), small_sums)


def test_order_of_blocks_does_not_matter(small_sums: people.Sums) -> None:
    world = small.small_world(2)
    apart = np.array([[8, 12], [0, 5], [5, 8]], np.int64)
    together = np.array([[0, 12]], np.int64)
    for blocks in (apart, together, world.blocks[::-1].copy()):
        same_sums(small.simulate(world._replace(blocks=blocks)), small_sums)


def reordered(world: World, order: Sequence[int]) -> World:
    """The same households in another order, villages whole."""
    living = world.households
    moved = {name: getattr(living, name)[..., order].copy() for name in living._fields}
    blocks = np.array([[0, len(order)]], np.int64)
    return world._replace(households=people.Households(**moved), blocks=blocks)


def test_order_of_villages_does_not_matter(small_sums: people.Sums) -> None:
    world = small.small_world(2)
    same_sums(small.simulate(reordered(world, [8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7])), small_sums)


@pytest.mark.parametrize("pools", [True, False])
def test_order_within_a_village_does_not_matter(pools: bool) -> None:
    """To the bit but for the pool, in which a unit of 2^-20 lines goes to another neighbour."""
    world = small.small_world(2, **({} if pools else {"pool_share": 0}))
    told = small.simulate(world)
    other = small.simulate(reordered(world, [4, 2, 0, 3, 1, 7, 6, 5, 9, 11, 10, 8]))
    for name in people.Sums._fields:
        mine, its = getattr(told, name), getattr(other, name)
        if pools and name in ("year", "village", "period", "panel", "heir"):
            unit = 1.0 if name == "panel" else UNIT
            np.testing.assert_allclose(its / unit, mine / unit, rtol=5e-5, atol=5e-5)
        else:
            np.testing.assert_array_equal(its, mine, err_msg=name)


def test_households_reordered_in_the_survey_give_the_same_answer(tmp_path: Path) -> None:
    from resilience_sim.simulation import prepare, run

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


def test_luck_kept_for_all_arms_and_worlds_is_the_luck_of_each(small_sums: people.Sums) -> None:
    same_sums(small.simulate(small.small_world(2), is_luck_kept=False), small_sums)


def test_what_a_workspace_was_used_for_before_does_not_matter(small_sums: people.Sums) -> None:
    """A worker's arrays come from another block: nothing of it shows."""
    world = small.small_world(2)
    for used in (7, 1):
        state, scratch, block = small.workspace(8, world.n_years)
        for array in (*state, *scratch, *block):
            array[...] = used
        sums = small.zero_sums(world)
        step.simulate(*world, state, scratch, block, sums)
        same_sums(sums, small_sums)


# Lists, top-ups and new entrants


def test_a_top_up_reaches_who_has_cash_and_only_in_the_shock() -> None:
    """A quiet shock whose only trace is a top-up of a tenth of a line in periods 9 and 10."""
    world = small.small_world()
    topped = with_top_up(world)
    topped[[1, 3], 1, 9:11] += 0.1 * np.array([0, 1, 0, 1, 0], np.float32)
    sums = small.simulate(changed(world, **calm(world), transfer=topped))
    gained = (sums.period[:, 1] - sums.period[:, 0])[:4, 0, :, :, 1] / UNIT
    living = world.households
    listed = np.isin(living.reach[0], (1, 3))
    yearly = 0.1 * small.PER_YEAR * (living.weight * listed).sum()
    assert gained[[1, 3], 9, 0] == pytest.approx(yearly, rel=1e-5)
    assert not gained[[0, 2]].any() and not gained[:, :9].any()
    assert gained[1, 10, 0] == pytest.approx(yearly, rel=0.1)  # what it bought earns already


def test_entrants_are_a_share_of_the_hit_who_are_on_no_list() -> None:
    """A third of them is taken in, gets what entrants get, and lives by nobody's programme plans."""
    n = 3_000
    world = small.small_world()
    living = small.households(
        n, 2, village=np.arange(n) // 10, is_eligible=np.arange(n) % 2, wages=0.5
    )
    transfer = np.zeros((2, 2, 4, N_LISTS), np.float32)
    transfer[1, 1, 2] = (0, 0.1, 0.2, 0.3, 0.4)
    scenario = small.scenario(
        1, n_arms=2, n_worlds=2, p=world.p, transfer=transfer, share_hit=np.float32(0.5),
        entrants=np.array([0, 1 / 3], np.float32),
    )  # fmt: skip
    world = world._replace(
        households=living, scenario=scenario, n_years=1, blocks=np.array([[0, n]], np.int64)
    )
    now = list(small.passes(world, 1, 1, 0))[2]
    is_hit, is_listed = now.ready.severity > 0, living.is_eligible != 0
    taken = now.ready.reach == SHOCK_ENTRANT
    assert not taken[is_listed | ~is_hit].any()
    among = taken[is_hit & ~is_listed]
    assert abs(among.mean() - 1 / 3) < 3 * np.sqrt(2 / 9 / among.size)
    np.testing.assert_array_equal(now.ready.reach[~taken], 3 * is_listed[~taken])
    got = now.delivered.money - now.came_in.money
    paid = np.where(taken, 0.4, np.where(is_listed, 0.3, 0.0))
    np.testing.assert_allclose(got, paid, atol=1e-6)
    # Nobody is taken in without the shock, nor in an arm that takes nobody in; nor does luck change.
    for life in ((1, 0), (0, 1)):
        other = list(small.passes(world, *life, 0))[2]
        np.testing.assert_array_equal(other.ready.reach, 3 * is_listed)
        np.testing.assert_array_equal(other.ready.severity, now.ready.severity)


# With and without a compiler


def plain_python(code: str, folder: Path, *allowed: str) -> dict[str, np.ndarray]:
    """Run `code` without JIT; it saves arrays to the file named by its argument.

    What NumPy warns of is an error, but for warnings that begin as allowed.
    """
    warnings = ["error::RuntimeWarning", *(f"ignore:{text}:RuntimeWarning" for text in allowed)]
    flags = [word for each in warnings for word in ("-W", each)]
    out = folder / "plain.npz"
    tests, source = Path(small.__file__).parent, Path(resilience_sim.__file__).parents[1]
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": os.pathsep.join((str(tests), str(source))),
    }
    subprocess.run(
        [sys.executable, *flags, "-c", code, str(out)],
        check=True, env=environment, timeout=120,
    )  # fmt: skip
    return dict(np.load(out))


def test_plain_python_gives_the_same_sums(tmp_path: Path) -> None:
    """Compiled code may fuse a product with a sum, so flows differ in the last digit; counts do not."""
    compiled = small.simulate(small.small_world())
    code = "import runpy; runpy.run_module('small_world', run_name='__main__')"
    told = plain_python(code, tmp_path)
    assert set(told) == set(people.Sums._fields)
    flows = ("year", "village", "period", "panel", "heir")
    for name in flows:
        values = getattr(compiled, name)
        unit = 1.0 if name == "panel" else UNIT
        np.testing.assert_allclose(
            told[name] / unit, values / unit, rtol=2e-5, atol=2e-5, err_msg=name
        )
    for name in set(people.Sums._fields) - set(flows):
        np.testing.assert_array_equal(told[name], getattr(compiled, name), err_msg=name)


SMALL_SOLVE = """
import sys
import numpy as np
from resilience_sim import solver
from resilience_sim.cli import compose
from resilience_sim.model import Terms, primitives
words = [
    "case=erewhon", "periods_per_year=1", "planner.n_assets=5", "planner.n_money=6",
    "planner.n_savings=7", "planner.n_luck=2", "planner.tolerance=0.01", "planner.assets_max=4",
    "planner.money_max=4", "threads=1",
]
config = compose(words)
axes = solver.TypeAxes(np.array([0.5]), np.array([-0.1, 0.1]), np.array([0.2]))
phase = solver.Phase(0.2, Terms(input_help=0.1), 0, 0, 0.2)
told = solver.solve(config, primitives(config), axes, [phase])
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
    # The search has no branches: where curves are straight it divides, and does not look at it.
    told = plain_python(SMALL_SOLVE, tmp_path, "divide by zero")
    for name, values in compiled.items():
        # Where the best is flat, rounding of single precision moves assets by a thousandth of a line;
        # choices are gaps of utility in units of 0.02, and so is what rounding does to them.
        exact = {"plans": 2e-3, "choice": 1e-3}.get(name, 1e-4)
        np.testing.assert_allclose(told[name], values, rtol=exact, atol=exact, err_msg=name)
    # Negative control: the plans depend on what they should.
    assert np.ptp(compiled["plans"]) > 1 and not np.allclose(*compiled["plans"])


# What is summed


def test_every_outcome_is_summed(small_sums: people.Sums) -> None:
    per_outcome = np.abs(small_sums.year).sum(axis=(0, 1, 2, 3, 4))
    assert dict(zip(OUTCOMES, per_outcome > 0, strict=True)) == dict.fromkeys(OUTCOMES, True)
    assert (np.abs(small_sums.period).sum(axis=(0, 1, 2, 3, 4)) > 0).all()


def test_sums_fit_each_other(small_sums: people.Sums) -> None:
    world = small.small_world(2)
    living, sums, n_arms = world.households, small_sums, len(small.ARMS)
    fixed = np.rint(living.weight * UNIT).astype(np.int64)
    # Villages, summed over replicates, are the years at the horizons (here every year).
    np.testing.assert_array_equal(
        sums.village.sum(axis=-1), sums.year.sum(axis=2), err_msg="village"
    )
    # Everybody is in one bin, one class, one quintile, one year of recovery.
    assert (sums.histogram.sum(axis=-1) == 2 * fixed.sum()).all()
    assert (sums.start.sum(axis=-1) == fixed.sum()).all()
    by_quintile = np.bincount(living.quintile, weights=fixed, minlength=5)
    np.testing.assert_array_equal(
        sums.mobility.sum(axis=-1), np.tile(2 * by_quintile, (n_arms, 2, 1))
    )
    assert (sums.recovery.sum(axis=-1) == fixed[living.is_eligible != 0].sum()).all()
    assert not sums.status.any()
    year = {name: sums.year[..., o] for o, name in enumerate(OUTCOMES)}
    np.testing.assert_array_equal(
        year["escaped"], year["escaped_wealth"] + year["escaped_threshold"]
    )
    parts = (
        ("improved", "own_work"), ("poverty_severity", "poverty_gap"), ("enrolled", "school_age"),
        ("hungry", "hungry_months"),
    )  # fmt: skip
    for part, whole in parts:
        assert (year[part] <= year[whole]).all()
    # Own output is own income and outlay, which is never below zero and is paid in every arm.
    assert (year["own_output"] >= year["own_income"]).all()
    outlay = (year["own_output"] - year["own_income"]).sum(axis=(1, 2, 3, 4))
    assert (outlay > 0).all()
    # A year's flows are the mean of its periods' yearly rates, up to rounding of each term.
    flows = sums.period.reshape(*sums.year.shape[:4], small.PER_YEAR, 2, 2).mean(axis=4) / UNIT
    for n, name in enumerate(PERIOD_OUTCOMES):
        np.testing.assert_allclose(year[name] / UNIT, flows[..., n], rtol=1e-5, atol=1e-5)
    # Who is an heir has a class at the end; who has lived long enough is in the joint table.
    heirs = dict(zip(HEIR_MOMENTS, np.moveaxis(sums.heir, -1, 0), strict=True))
    np.testing.assert_array_equal(sums.heir_class.sum(axis=(-1, -2)), heirs["heirs"])
    np.testing.assert_array_equal(
        sums.heir_joint.sum(axis=(-1, -2)), heirs["adults"].sum(axis=(2, 3))
    )
    assert (heirs["adults"] <= heirs["heirs"]).all() and (heirs["adults"] != heirs["heirs"]).any()
    assert (sums.heir_class.sum(axis=(0, 1, 3, 5)) <= sums.start * n_arms * 2).all()


def test_what_a_pool_pays_out_is_what_it_got(small_sums: people.Sums) -> None:
    """In every village and year, and over both groups; between the groups it moves money."""
    pooled = small_sums.village[..., OUTCOMES.index("pooled"), :] / UNIT
    assert np.abs(pooled.sum(axis=3)).max() < 2e-5
    assert np.abs(pooled).max() > 0.05


def test_sums_are_those_of_the_panel(small_sums: people.Sums) -> None:
    """With everybody in the panel, replicate 0 can be summed up again from its rows."""
    world = small.small_world(2)
    living, panel = world.households, small_sums.panel.astype(float)
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
        rows = (living.is_eligible != 0) == (g == 0)
        for name, each in values.items():
            summed = (each[:, :, rows] * living.weight[rows, None]).sum(axis=2)
            told = small_sums.year[:, :, 0, :, g, OUTCOMES.index(name)] / UNIT
            np.testing.assert_allclose(told, summed, rtol=1e-6, atol=1e-5, err_msg=name)
    # The last year since the shock in which the eligible ate under 95 % of their unshocked twin.
    since = int(world.scenario.shock_year)
    below = consumption[:, 1, :, since:] < 0.95 * consumption[:, 0, :, since:]
    last = (below * np.arange(1, below.shape[-1] + 1)).max(axis=-1)
    fixed = np.rint(living.weight * UNIT).astype(np.int64)
    for arm in range(len(small.ARMS)):
        twin = np.bincount(
            last[arm], weights=fixed * (living.is_eligible != 0), minlength=world.n_years + 1
        )
        np.testing.assert_array_equal(small_sums.recovery[arm, 0], twin)
    assert (last > 0).any() and (last < below.shape[-1]).any()


def test_the_class_at_the_start_is_that_before_anything_is_delivered_or_lost() -> None:
    """One class per replicate: no arm and no world changes it, whatever comes at once."""
    world = small.small_world(2)
    told = small.simulate(world).start
    given = (*small.UNCONDITIONAL, *small.CONDITIONAL, *small.HANDED, "slot")
    turned = {
        name: np.ascontiguousarray(getattr(world.scenario, name)[::-1]) for name in given
    }  # first the arm in which the most is delivered at once
    lost = {name: np.ones_like(getattr(world.scenario, name)) for name in LOSSES}
    for other in (calm(world), lost | turned):
        np.testing.assert_array_equal(small.simulate(changed(world, **other)).start, told)
    # Negative control: what households hold when it begins does change it.
    richer = world.households._replace(assets=world.households.assets + np.float32(2))
    assert (small.simulate(world._replace(households=richer)).start != told).any()


# Size


def test_the_workspace_holds_what_the_kernel_takes() -> None:
    """Every field by its name: counts and flags are int32, numbers float32, and all are of the block."""
    groups = small.workspace(17, 3)
    n = 2 * LANES  # whole vectors
    shapes = {"twin": (3, n), "pattern": (2, n), "twin_heir": (5, n), "reach": (n,)}
    shapes |= dict.fromkeys(("harvest", "wage", "bill", "survive"), (1, n))
    for group in groups:
        shapes |= {"reach": (1, 0)} if isinstance(group, people.Households) else {}
        for name, array in group._asdict().items():
            assert array.shape == shapes.get(name, (n,)), name
            assert array.dtype == LEDGER.get(name, small.kind_of(name)), name
            assert not array.any()
    arrays = [array for group in groups for array in group]
    assert len({id(array) for array in arrays}) == len(arrays)


def test_state_is_at_most_136_bytes_per_household() -> None:
    """One number of each field of `State` per household: what every period reads and writes."""
    state, _ = small.state_of(11, 3)
    assert all(array.shape == (11,) for array in state)
    bytes_each = sum(array.itemsize for array in state)
    assert bytes_each == 4 * len(people.State._fields)
    assert bytes_each <= 136


def test_nothing_is_allocated_in_the_period_loop() -> None:
    """The runtime's count of allocations does not depend on how long people live."""
    was_counting = runtime.memsys_stats_enabled()
    runtime.memsys_enable_stats()
    try:
        counts = []
        for n_years in (1, 8):
            world = small.small_world(2)._replace(n_years=n_years)
            small.simulate(world)  # compiled
            before = rtsys.get_allocation_stats().alloc
            small.simulate(world)
            counts.append(rtsys.get_allocation_stats().alloc - before)
        # Negative control: what does allocate is counted.
        before = rtsys.get_allocation_stats().alloc
        for _ in range(5):
            draws.uniforms(world.households.key, 0, 0, 1, 0)
        n_allocating = rtsys.get_allocation_stats().alloc - before
    finally:
        if not was_counting:
            runtime.memsys_disable_stats()
    assert counts[0] == counts[1] < 200  # the arrays that are handed over
    assert n_allocating >= 5


def test_outcomes_known_at_planting_come_last() -> None:
    # The kernel sums the first N_FLOWS at a year's end and the others at the next planting.
    assert len(set(OUTCOMES)) == len(OUTCOMES)
    assert OUTCOMES[N_FLOWS:] == (
        "above_threshold", "escaped", "escaped_wealth", "escaped_threshold", "fallen", "lifted",
    )  # fmt: skip
    # And of heirs the first moments at the succession, the others at the end of the run.
    assert len(set(HEIR_MOMENTS)) == len(HEIR_MOMENTS)
    assert HEIR_MOMENTS[N_AT_SUCCESSION] == "adults"
