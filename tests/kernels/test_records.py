"""What is summed: bins, yearly outcomes and statuses, heirs beside their parents."""

from __future__ import annotations

from math import exp, log, log2
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import reference
import small_world as small
from resilience_sim.kernels import counting, people, records
from resilience_sim.kernels.counting import FIXED_POINT as UNIT
from resilience_sim.kernels.primitives import (
    ABOVE,
    HEIR_MOMENTS,
    MIN_YEARS,
    N_AT_SUCCESSION,
    N_FLOWS,
    N_HEIR_BINS,
    NO_WAY_UP,
    ON_THE_WAY,
    OUTCOMES,
    TRAP,
    TRAPPED,
    WAGE_ROUTE,
    WAY_UP,
)
from small_world import World

KINDS = (WAY_UP, TRAP, NO_WAY_UP, WAGE_ROUTE)
N_YEARS = 4
f4 = np.float32


# Numbers as they are counted


def test_weighted_values_are_counted_in_units_by_hand() -> None:
    # 1.5 persons times 0.25 lines are 0.375 * 2^20 units; halves go to the even neighbour.
    assert counting.fixed(1.5, f4(0.25)) == 393_216
    told = [counting.fixed(1.0, f4(x * 2.0**-20)) for x in (0.4, 0.5, 1.5, -0.6)]
    assert told == [0, 0, 2, -1]


def test_histogram_bins_hold_what_their_edges_say() -> None:
    # Twenty bins a doubling from 2^-6 on; the ends take what lies beyond.
    for value in (1.01, 0.3, 5.5):
        assert counting.bin_of(f4(value)) == int((log2(value) + 6) * 20)
        assert reference.bin_of(value) == int((log2(value) + 6) * 20)
    ends = [counting.bin_of(f4(x)) for x in (-1, 0, 1e-9, 1e9)]
    assert ends == [0, 0, 0, counting.N_BINS - 1]


# A period


def test_a_period_is_added_by_group_as_yearly_rates_by_hand() -> None:
    # Weights 1, 2 and 4; of a quarter's 0.25, 0.5 and 0.125 eaten a year's are 1, 2 and 0.5.
    living = small.households(3, weight=[1.0, 2.0, 4.0], is_eligible=[1, 0, 1])
    out = np.full((2, 2), 5, np.int64)
    eaten, got = f4([0.25, 0.5, 0.125]), f4([0.5, -0.25, 0.0])
    records.add_period(living, 0, 3, f4(4), eaten, got, out)
    assert ((out - 5) / UNIT).tolist() == [[1 + 2, 2], [4, -2]]


# A year


def recorded(
    low: int, high: int, horizon: int = -1, per_year: int = small.PER_YEAR, **given: Any
) -> tuple[Any, np.ndarray]:
    """Outcomes of one eligible household of weight 2, and those by village (1, G, O, 3)."""
    state, scratch = small.state_of(1, 1)
    for name, value in given.items():
        getattr(state if name in state._fields else scratch, name)[:] = value
    living = small.households(1, weight=2.0, is_eligible=1, village=1)
    year = np.zeros((2, len(OUTCOMES)), np.int64)
    village = np.zeros((1, 2, len(OUTCOMES), 3), np.int64)
    records.record(
        small.primitives(periods_per_year=per_year), living, 0, 1, low, high, np.int32(2), state,
        scratch, year, horizon, village,
    )  # fmt: skip
    assert not year[1].any()
    return dict(zip(OUTCOMES, year[0] / UNIT / 2.0, strict=True)), village


def test_flows_of_a_year_by_hand() -> None:
    """A poor year of a head of 56 with a child of 7, in its own words."""
    told, village = recorded(
        0, N_FLOWS, income_year=0.75, consumption_year=0.5, assets=1.5, savings=-0.25, technique=2,
        is_destitute=1, knowledge=1, estate_left=0.125, own_year=0.5, output_year=0.625,
        wages_year=0.25, age=56, confidence=1, participation=0.625, pooled_year=-0.0625,
        is_enrolled=1, sold_year=0.375, lean=0.4375, hungry=3,
    )  # fmt: skip
    assert told == dict.fromkeys(OUTCOMES, 0.0) | {
        "income": 0.75, "consumption": 0.5, "assets": 1.5, "debt": 0.25, "improved": 1,
        "own_work": 1, "poor": 1, "poverty_gap": 0.5, "poverty_severity": 0.25, "poor_income": 1,
        "destitute": 1, "knowledge": 1, "income_squared": 0.5625, "consumption_squared": 0.25,
        "assets_squared": 2.25, "estate_left": 0.125, "own_income": 0.5, "own_output": 0.625,
        "wages": 0.25, "confident": 1, "participation": 0.625, "pooled": -0.0625, "enrolled": 1,
        "school_age": 1, "distress_sales": 0.375, "lean_consumption": 0.4375, "hungry_months": 9, "hungry": 1,
    }  # fmt: skip
    assert not village.any()
    # Strictly below the line is poor; a traditional field is own work; savings are not debt.
    rich, _ = recorded(
        0, N_FLOWS, income_year=1, consumption_year=1, savings=0.25, technique=1, age=70
    )
    worked = {
        "income": 1, "consumption": 1, "savings": 0.25, "own_work": 1, "income_squared": 1,
        "consumption_squared": 1,
    }  # fmt: skip
    assert rich == dict.fromkeys(OUTCOMES, 0.0) | worked


@pytest.mark.parametrize("per_year", [1, 4, 12])
def test_periods_short_of_food_are_months_of_the_year(per_year: int) -> None:
    for periods in range(per_year + 1):
        told, _ = recorded(0, N_FLOWS, per_year=per_year, hungry=periods)
        assert told["hungry_months"] == 12 * periods / per_year
        assert told["hungry"] == (periods > 0)


def test_outcomes_at_a_horizon_are_those_of_the_village() -> None:
    told, village = recorded(0, N_FLOWS, 0, income_year=0.75, consumption_year=2.0)
    assert not village[..., [0, 2]].any() and not village[:, 1].any()
    for o, name in enumerate(OUTCOMES):
        assert village[0, 0, o, 1] / UNIT / 2.0 == told[name]


@pytest.mark.parametrize("start", range(5))
@pytest.mark.parametrize("spell", [-4, -3, -2, 1, 2, 3, 4])
def test_statuses_by_hand(start: int, spell: int) -> None:
    """Out or down once a spell is longer than two plantings, counted from where the household began."""
    for is_threshold in (0, 1):
        told, _ = recorded(
            N_FLOWS, len(OUTCOMES), start=start, spell=spell, is_from_threshold=is_threshold,
            began_above=start == ABOVE,
        )  # fmt: skip
        escaped = start == TRAPPED and spell > 2
        assert told == dict.fromkeys(OUTCOMES, 0.0) | {
            "above_threshold": spell > 0,
            "escaped": escaped,
            "escaped_wealth": escaped and not is_threshold,
            "escaped_threshold": escaped and is_threshold == 1,
            "fallen": start == ABOVE and spell < -2,
            "lifted": start == NO_WAY_UP and spell > 2,
        }


def test_a_closed_year_leaves_nothing_behind_but_what_was_eaten() -> None:
    """Histograms and quintile of the last year; then all flows of the year start from nothing."""
    state, scratch = small.state_of(2, 3)
    living = small.households(2, weight=[1.0, 2.0], quintile=[0, 3], panel_row=[-1, 0])
    flows = (
        "income_year", "consumption_year", "own_year", "output_year", "wages_year", "pooled_year",
        "sold_year", "estate_left",
    )  # fmt: skip
    for name in flows:
        getattr(state, name)[:] = [0.5, 1.5]
    state.is_destitute[:], state.hungry[:] = 1, 3
    state.assets[:], state.savings[:], state.technique[:] = 2, -0.5, 2
    histogram = np.zeros((1, 2, counting.N_BINS), np.int64)
    mobility, status = np.zeros((5, counting.N_BINS), np.int64), np.zeros(2, np.int64)
    panel = np.zeros((1, 3, 5), np.float32)
    records.close_year(
        living, 0, 2, 1, True, 0, np.int32(1), 0, state, scratch, histogram, mobility, panel, status
    )
    for kind in range(2):
        assert histogram[0, kind, 100] == UNIT and histogram[0, kind].sum() == 3 * UNIT
        assert histogram[0, kind, counting.bin_of(f4(1.5))] == 2 * UNIT
    assert mobility[0, 100] == UNIT and mobility[3].sum() == 2 * UNIT and mobility.sum() == 3 * UNIT
    np.testing.assert_array_equal(panel[0, 1], [1.5, 1.5, 2, -0.5, 2])
    assert not panel[0, [0, 2]].any()
    np.testing.assert_array_equal(scratch.twin[1], [0.5, 1.5])
    np.testing.assert_array_equal(state.consumption_last, [0.5, 1.5])
    assert not state.is_destitute.any() and not state.hungry.any()
    left = [name for name in flows if getattr(state, name).any()]
    assert left == []
    assert not status.any()


def test_numbers_that_are_not_finite_are_told() -> None:
    for name, value in (
        ("income_year", np.nan), ("consumption_year", np.inf), ("assets", 2e6), ("assets", 1e5),
    ):  # fmt: skip
        state, scratch = small.state_of(1, 1)
        getattr(state, name)[:] = value
        status = np.zeros(2, np.int64)
        records.close_year(
            small.households(1), 0, 1, 0, False, 0, np.int32(1), -1, state, scratch,
            np.zeros((1, 2, counting.N_BINS), np.int64), np.zeros((5, counting.N_BINS), np.int64),
            np.zeros((0, 1, 5), np.float32), status,
        )  # fmt: skip
        # Not a number compares with nothing, compiled or not.
        assert status.tolist() == [int(value != 1e5), 0], (name, value)


def test_recovery_is_the_last_year_below_the_twin_by_hand() -> None:
    """Under 95 % of what the twin ate: in years 1 and 2 since the shock, then in 1 alone, then never."""
    n_years, shock_year = 4, 1
    twin = np.ones((n_years, 3))
    eaten = np.array([[0.5, 0.5, 0.5], [0.9, 0.94, 0.96], [0.8, 0.95, 1.0], [1.0, 2.0, 0.951]])
    state, scratch = small.state_of(3, n_years)
    living = small.households(3, is_eligible=1)
    sums = np.zeros((1, 1, n_years + 1), np.int64)
    for calamity, path in ((0, twin), (1, eaten)):
        for year in range(n_years):
            state.consumption_year[:] = path[year]
            records.close_year(
                living, 0, 3, year, False, calamity, np.int32(shock_year), -1, state, scratch,
                np.zeros((1, 2, counting.N_BINS), np.int64),
                np.zeros((5, counting.N_BINS), np.int64), np.zeros((0, n_years, 5), np.float32),
                np.zeros(2, np.int64),
            )  # fmt: skip
        records.finish_world(
            living, 0, 3, 0, calamity, 0, small.scenario(n_years, n_worlds=2), n_years, state,
            scratch, small_sums(sums),
        )  # fmt: skip
    assert (sums[0, 0] / UNIT).tolist() == [1, 1, 1, 0, 0]


def small_sums(recovery: np.ndarray) -> people.Sums:
    """Sums of which only the recovery is looked at."""
    return small.zero_sums(small.small_world())._replace(recovery=recovery)


# Spells over a life


def one_life(
    keep: float,
    escape_years: int,
    tables: people.Tables | None = None,
    given: dict[str, np.ndarray] | None = None,
    **columns: Any,
) -> tuple[people.Sums, dict[str, np.ndarray]]:
    """Sums of one eligible household whose assets keep a share every quarter, and its years by outcome."""
    p = small.primitives(
        keep=keep, asset_loss=0, succession_age=1e9, need=0, knowledge_loss=0, illness_bill=0.1
    )
    living = small.households(1, wages=0.3, is_eligible=1, **columns)
    scenario = small.scenario(
        N_YEARS, p=p, escape_years=np.int32(escape_years), **(given or {})
    )  # fmt: skip
    one = World(
        p, tables if tables is not None else small.escape_by_assets(), living,
        np.array([[0, 1]], np.int64), scenario, N_YEARS, 0, 1, 3,
    )  # fmt: skip
    sums = small.simulate(one)
    return sums, dict(zip(OUTCOMES, sums.year[0, 0, 0, :, 0].T / UNIT, strict=True))


@pytest.mark.parametrize("kind", KINDS)
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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("years", [1, 2, 3])
def test_who_was_above_the_threshold_and_stays_below_it_has_fallen(kind: int, years: int) -> None:
    # Assets of 40 lines stand at 4 at the first planting: a chance of 4/5. A year later, at the
    # planting that closes the first year, nothing like it is left. The fall is held once that is
    # `years` ago.
    sums, year = one_life(0.1, years, type_kind=kind, assets=40.0)
    assert sums.start[0].nonzero()[0].tolist() == [ABOVE]
    assert not year["above_threshold"].any()
    assert year["fallen"].tolist() == [0] * years + [1] * (N_YEARS - years)
    # Nobody who began above escapes or is lifted, and nobody who fell has got out.
    assert not (year["escaped"].any() or year["lifted"].any())
    assert not sums.pattern[0, 0, 1:].any()


@pytest.mark.parametrize("kind", KINDS)
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
    tables = small.escape_by_assets(knows)
    given = "training" if knows else "grant"
    delivered = np.zeros((1, N_YEARS * small.PER_YEAR), np.float32)
    delivered[0, 0] = 1 if knows else 20
    sums, year = one_life(0.97, years, tables, {given: delivered}, type_kind=kind, assets=1.0)
    assert sums.start[0].nonzero()[0].tolist() == [
        {WAY_UP: ON_THE_WAY, TRAP: TRAPPED}.get(kind, kind)
    ]
    assert year["above_threshold"].all()
    out = [0.0] * years + [1.0] * (N_YEARS - years)
    never = [0.0] * N_YEARS
    assert year["escaped"].tolist() == (out if kind == TRAP else never)
    how = "escaped_threshold" if knows else "escaped_wealth"
    other = "escaped_wealth" if knows else "escaped_threshold"
    assert year[how].tolist() == (out if kind == TRAP else never)
    assert year[other].tolist() == never
    assert year["lifted"].tolist() == (out if kind == NO_WAY_UP else never)
    assert not year["fallen"].any()
    is_out = kind in (TRAP, NO_WAY_UP) and years < N_YEARS
    assert sums.pattern[0, 0].nonzero()[0].tolist() == (
        [int(is_out)] if kind in (TRAP, NO_WAY_UP) else []
    )


# Heirs beside their parents


def grown_up(
    n: int = 1, tables: people.Tables | None = None, columns: dict[str, Any] | None = None,
    **given: Any,
) -> SimpleNamespace:  # fmt: skip
    """What `record_adults` tells of eligible heirs of 56 + 4 years, unless told otherwise."""
    state, scratch = small.state_of(n, 1)
    neutral = {"generation": 1, "age": 60, "confidence": 1, "lived": 0.0, "lived_heir": 4.0}
    for name, value in (neutral | given).items():
        getattr(state if name in state._fields else scratch, name)[:] = value
    living = small.households(n, is_eligible=1, **(columns or {}))
    out = np.zeros((2, len(HEIR_MOMENTS)), np.int64)
    joint = np.zeros((N_HEIR_BINS, N_HEIR_BINS), np.int64)
    classes = np.zeros((2, 5, 5), np.int64)
    records.record_adults(
        small.formula_tables() if tables is None else tables, living, 0, n, f4(56), state, scratch,
        out, joint, classes,
    )  # fmt: skip
    return SimpleNamespace(
        moments=dict(zip(HEIR_MOMENTS, out[0] / UNIT, strict=True)), joint=joint / UNIT,
        classes=classes[0] / UNIT,
    )  # fmt: skip


def test_an_heir_beside_its_parent_by_hand() -> None:
    """The parent ate 2 a year (log2 is 1), the heir 2 lines in 4 years, 0.5 a year; weight 2."""
    told = grown_up(lived=1.0, lived_heir=2.0, start=TRAPPED, columns={"weight": 2.0})
    half, two = log(0.5), log(2)
    worked = {
        "adults": 2, "log_consumption": 2 * half, "log_consumption_parent": 2 * two,
        "log_consumption_squared": 2 * half**2, "log_consumption_parent_squared": 2 * two**2,
        "log_consumption_product": 2 * half * two, "consumption": 1, "poor": 2,
    }  # fmt: skip
    assert {name: told.moments[name] for name in worked} == pytest.approx(worked, abs=5e-6)
    assert not any(told.moments[name] for name in HEIR_MOMENTS[:N_AT_SUCCESSION])
    # Four bins a doubling from 2^-6: log2 of 1 is in bin 28, of -1 in bin 20.
    assert told.joint[28, 20] == 2 and told.joint.sum() == 2
    # At the line it is not poor.
    assert grown_up(lived_heir=4.0).moments["poor"] == 0


def test_bins_of_a_lifes_consumption() -> None:
    means = (1e-9, 2.0**-5.9, 0.3, 1.0, 7.7, 2.0**7.9, 1e6)
    for mean in means:
        told = grown_up(lived_heir=4 * mean, lived=log2(max(mean, 1e-6))).joint
        at = reference.heir_bin_of(log(max(mean, 1e-6)))
        assert told[at, at] == 1, mean
    bins = [reference.heir_bin_of(log(mean)) for mean in means]
    assert bins[0] == 0 and bins[-1] == N_HEIR_BINS - 1 and bins == sorted(bins)


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"age": 59}, True),  # three years
        ({"age": 58}, False),  # two
        ({"age": 56}, False),  # a succession at the closing
        ({"lived": -2e9}, False),  # the parent lived too short in the run
        ({"generation": 2}, False),  # the heir has handed over in its turn
    ],
)
def test_who_lived_too_short_is_in_a_class_but_not_compared(
    changes: dict[str, float], counts: bool
) -> None:
    assert MIN_YEARS == 3
    told = grown_up(**changes)
    assert told.classes.sum() == 1
    assert (told.moments["adults"], told.joint.sum()) == (counts, counts)
    # Who was never succeeded is nowhere.
    assert not grown_up(generation=0).classes.any()


def test_class_at_the_end_is_that_of_the_nearest_type_by_hand() -> None:
    """Kinds by land, mind, skill and other income: every place on its own."""
    kinds = np.zeros((small.N_LAND, small.N_MINDS, small.N_SKILL, small.N_OTHER), int)
    at = (
        1,
        2,
        2,
        1,
    )  # the second land, discouraged without knowledge, highest skill, middling other
    kinds[at] = NO_WAY_UP
    formulas = small.formula_tables()
    tables = formulas._replace(kinds=kinds.astype(np.int32).ravel())
    here: dict[str, Any] = {
        "type_at": 1 * small.N_OTHER + 0, "skill_place": 0.6, "confidence": 0, "knowledge": 0,
        "spell": -1, "start": TRAPPED,
    }  # fmt: skip
    columns = {"land_at": 1, "other_place": 0.6}
    told = grown_up(tables=tables, columns=columns, **here).classes
    assert told[TRAPPED, NO_WAY_UP] == 1
    # Anywhere else the type has a way up.
    for change in ({"skill_place": 0.4}, {"knowledge": 1}, {"confidence": 1}, {"type_at": 0}):
        told = grown_up(tables=tables, columns=columns, **(here | change)).classes
        assert told[TRAPPED, ON_THE_WAY] == 1, change
    for change in ({"land_at": 0}, {"other_place": 0.4}):
        told = grown_up(tables=tables, columns=columns | change, **here).classes
        assert told[TRAPPED, ON_THE_WAY] == 1, change
    # Above the threshold the kind does not matter.
    assert grown_up(tables=tables, columns=columns, **(here | {"spell": 1})).classes[1, ABOVE] == 1


def test_an_heir_who_ends_in_a_trap_is_told() -> None:
    trap = small.formula_tables()
    trap = trap._replace(kinds=np.full_like(trap.kinds, TRAP))
    told = grown_up(tables=trap, spell=-1, start=ON_THE_WAY)
    assert told.classes[ON_THE_WAY, TRAPPED] == 1 and told.moments["trapped"] == 1
    assert grown_up(tables=trap, spell=1).moments["trapped"] == 0


def test_moments_give_the_elasticity_that_was_put_in() -> None:
    """Heirs whose log consumption is 0.4 of the parent's, and noise: the slope comes out of the sums."""
    n, rng = 5_000, np.random.default_rng(7)
    parent = rng.normal(0, 0.5, n)
    heir = 0.1 + 0.4 * parent + rng.normal(0, 0.3, n)
    told = grown_up(n, lived=parent / log(2), lived_heir=4 * np.exp(heir)).moments
    mean = {name: value / told["adults"] for name, value in told.items()}
    product = mean["log_consumption_product"]
    product -= mean["log_consumption"] * mean["log_consumption_parent"]
    spread = mean["log_consumption_parent_squared"] - mean["log_consumption_parent"] ** 2
    assert product / spread == pytest.approx(np.polyfit(parent, heir, 1)[0], abs=1e-4)
    assert mean["consumption"] == pytest.approx(float(np.exp(heir).mean()), rel=1e-5)
    assert exp(mean["log_consumption"]) < mean["consumption"]
