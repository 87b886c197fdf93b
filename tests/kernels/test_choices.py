"""What households decide: where they stand, school or work, what to plant, and what to eat and keep."""

from __future__ import annotations

from math import log2, sqrt
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest

import reference
import small_world as small
from resilience_sim.kernels import choices, people
from resilience_sim.kernels.primitives import (
    CLASS_NAMES,
    N_LISTS,
    NO_WAY_UP,
    TRAP,
    TYPE_NAMES,
    WAGE_ROUTE,
    WAY_UP,
    Primitives,
)

SEED, REPLICATE = np.uint32(4), np.uint32(1)
LUCK = (SEED, REPLICATE)
f4 = np.float32
KINDS = (WAY_UP, TRAP, NO_WAY_UP, WAGE_ROUTE)


# Where they stand


def test_class_at_the_start_is_above_the_threshold_or_that_of_the_kind_of_type() -> None:
    """Four kinds of type; assets of 1, 2, 3 and 4 lines, the threshold at 2.5."""
    assert [TYPE_NAMES[kind] for kind in KINDS] == ["way up", "trap", "no way up", "wage route"]
    n = 16
    living = small.households(n, type_kind=np.repeat(KINDS, 4), assets=np.tile([1, 2, 3, 4], 4))
    state, scratch = small.state_of(n, 1)
    state.assets[:] = living.assets
    choices.judge(small.escape_by_assets(), living, 0, n, True, state, scratch)
    below = ["on the way up", "trapped", "no way up", "wage route"]
    told = [CLASS_NAMES[start] for start in scratch.start]
    assert told == [name for kind in below for name in (kind, kind, *["above the threshold"] * 2)]
    np.testing.assert_array_equal(scratch.began_above, living.assets > 2.5)
    np.testing.assert_array_equal(state.spell, np.where(living.assets > 2.5, 1, -1))
    # A later planting moves spells, not classes.
    before = scratch.start.copy(), scratch.began_above.copy()
    state.assets[:] = 5 - living.assets
    choices.judge(small.escape_by_assets(), living, 0, n, False, state, scratch)
    np.testing.assert_array_equal(state.spell, np.where(living.assets > 2.5, -1, 1))
    np.testing.assert_array_equal((scratch.start, scratch.began_above), before)


def test_classes_by_hand() -> None:
    told = [[int(choices.class_of(is_above, kind)) for kind in KINDS] for is_above in (True, False)]
    assert told == [[0, 0, 0, 0], [4, 1, 2, 3]]
    assert told == [[reference.class_of(up, kind) for kind in KINDS] for up in (True, False)]


def test_minds_by_hand() -> None:
    # Nothing, knowledge; then the same for who is discouraged.
    told = [choices.mind_of(np.int32(k), np.int32(c)) for c in (1, 0) for k in (0, 1)]
    assert told == [0, 1, 2, 3]
    assert told == [reference.mind(k, c) for c in (1, 0) for k in (0, 1)]


@pytest.mark.parametrize("name", ["knowledge", "confidence"])
def test_a_threshold_that_moved_is_told_from_wealth_that_crossed(name: str) -> None:
    """Chances by mind alone or by assets alone: who crosses by what it has become, and who by what it has."""
    formulas = small.formula_tables()
    shape = reference.tables_of(formulas).escape.shape
    minds = {"knowledge": [0.2, 0.8, 0.2, 0.8], "confidence": [0.8, 0.8, 0.2, 0.2]}[name]
    by_mind = np.broadcast_to(np.array(minds)[:, None, None, None, None], shape)
    tables = formulas._replace(escape=np.ascontiguousarray(by_mind, np.float32).ravel())
    living = small.households(2, knowledge=0, confidence=0)
    state, scratch = small.state_of(2, 1)
    state.assets[:], state.spell[:] = 3, -4
    getattr(state, name)[0] = 1
    choices.judge(tables, living, 0, 2, False, state, scratch)
    assert state.spell.tolist() == [1, -5]
    assert state.is_from_threshold.tolist() == [1, 0]
    # With wealth that would have been enough from the start, the same change is not what counts.
    state.spell[:] = -4
    choices.judge(small.escape_by_assets(), living, 0, 2, False, state, scratch)
    assert state.spell.tolist() == [1, 1]
    assert state.is_from_threshold.tolist() == [0, 0]


def noise_tables(rng: np.random.Generator) -> people.Tables:
    """Tables of pure noise on the axes of the small world."""
    axes = small.formula_tables()
    shapes = reference.tables_of(axes)
    noise = {
        name: rng.uniform(-1, 1, getattr(shapes, name).shape).astype(np.float32)
        for name in ("plans", "choice", "escape")
    }
    noise["plans"] = np.abs(noise["plans"])
    return small.tables(axes.assets, axes.money, *noise.values())


def test_every_corner_of_the_tables_counts() -> None:
    """Tables of pure noise, households anywhere between types and nodes: plant, decide and judge."""
    n, rng = 400, np.random.default_rng(6)
    tables = noise_tables(rng)
    nodes = reference.tables_of(tables)
    skill, other = rng.integers(0, small.N_SKILL - 1, n), rng.integers(0, small.N_OTHER - 1, n)
    living = small.households(
        n, land_at=rng.integers(0, small.N_LAND, n), other_place=rng.uniform(size=n)
    )
    state, scratch = small.state_of(n, 1)
    state.assets[:], scratch.money[:] = rng.uniform(0, 6, n), rng.uniform(3, 5, n)
    state.knowledge[:], state.confidence[:] = rng.integers(0, 2, (2, n))
    state.type_at[:], state.skill_place[:] = skill * small.N_OTHER + other, rng.uniform(size=n)
    scratch.reach[:] = rng.integers(0, N_LISTS, n)
    scratch.credit_limit[:], scratch.outlay_keep[:] = 0.1, 0.0
    at_planting = SimpleNamespace(**(state._asdict() | {"money": scratch.money}))
    at_planting = SimpleNamespace(**{k: v.copy() for k, v in vars(at_planting).items()})
    held = at_planting.assets
    p, slots = small.primitives(need=0.001), np.array([2, 5, 7, 3, 1], np.int32)
    choices.judge(tables, living, 0, n, True, state, scratch)
    places = (
        state.type_at, living.land_at, state.skill_place, living.other_place, scratch.reach,
    )  # fmt: skip
    choices.plant(
        tables, 0, n, slots, *places, state.knowledge, state.confidence, state.assets,
        scratch.money, state.technique,
    )  # fmt: skip
    planted = state.technique.copy()
    choices.decide(
        p, tables, 0, n, slots, f4(0), f4(1), f4(1), False, *places, scratch.food,
        scratch.input_help, scratch.outlay_keep, scratch.credit_limit, state.assets, state.savings,
        state.technique, state.knowledge, state.confidence, scratch.money, scratch.income,
        scratch.consumption, state.income_year, state.consumption_year, state.own_year,
        state.is_destitute, state.hungry, state.sold_year, state.lean,
    )  # fmt: skip
    n_granted = 0
    for i in range(n):
        person = reference.row(living, i)
        person.type_at, person.skill_place = int(state.type_at[i]), float(state.skill_place[i])
        at = (float(held[i]), float(scratch.money[i]))
        mind = reference.mind(int(state.knowledge[i]), int(state.confidence[i]))
        table = nodes.escape[person.land_at, mind]
        chance = reference.read(nodes, person, table, *at)
        assert small.takes_for_chance(tables, living, i, at_planting, chance, 1e-5)
        # Negative control: what is told apart is that fine.
        assert not small.takes_for_chance(tables, living, i, at_planting, chance + 3e-5, 1e-5)
        if abs(chance - 0.5) > 1e-5:
            assert state.spell[i] == (1 if chance > 0.5 else -1)
        chosen = int(slots[scratch.reach[i]])
        table = nodes.choice[chosen, person.land_at, mind]
        worth = [0.0, *(reference.read(nodes, person, table[..., c], *at) for c in (0, 1))]
        if np.diff(sorted(worth))[-1] > 1e-5:  # not within rounding of a tie
            assert planted[i] == np.argmax(worth)
        table = nodes.plans[chosen, person.land_at, mind][:, :, planted[i]]
        wish = [reference.read(nodes, person, table[..., c], *at) for c in (0, 1)]
        twin = reference.settle(float(p.resale), 0.1, at[1], 0.0, 0.001 / 4, at[0], *wish)
        told = (state.assets[i], state.savings[i], scratch.consumption[i])
        assert [float(x) for x in told] == pytest.approx(twin[:3], abs=4e-5)
        n_granted += twin[:2] == tuple(wish)
    assert n_granted > 0.9 * n
    assert set(planted.tolist()) == {0, 1, 2}


def test_one_type_alone_is_read_as_it_is() -> None:
    """With one node of skill and of other income nothing beside it is read."""
    assets, money = small.grid(0.0, 6.0, 3), small.grid(0.0, 5.0, 3)
    plans, choice = np.zeros((1, 1, 2, 1, 1, 3, 3, 3, 2)), np.zeros((1, 1, 2, 1, 1, 3, 3, 2))
    choice[:, :, 0, ..., 0], choice[:, :, 1, ..., 0] = 0.1, -0.1
    tables = small.tables(assets, money, plans, choice, np.full((1, 2, 1, 1, 3, 3), 0.6))
    living = small.households(2, skill_place=0.9, other_place=0.7)
    state, scratch = small.state_of(2, 1)
    state.confidence[:], state.knowledge[:] = 1, [0, 1]
    state.assets[:], scratch.money[:], state.skill_place[:] = 2, 3, 0.9
    choices.plant(
        tables, 0, 2, np.zeros(N_LISTS, np.int32), state.type_at, living.land_at,
        state.skill_place, living.other_place, scratch.reach, state.knowledge, state.confidence,
        state.assets, scratch.money, state.technique,
    )  # fmt: skip
    assert state.technique.tolist() == [1, 0]
    choices.judge(tables, living, 0, 2, True, state, scratch)
    assert state.spell.tolist() == [1, 1]


# What they eat and keep


def decided(
    p: Primitives | None = None, consumption_last: Any = 1.0, season_outlay: float = 0.6,
    price: float = 1.0, shock_price: float = 1.0, is_lean: bool = False, keeps: bool = True,
    **given: Any,
) -> SimpleNamespace:  # fmt: skip
    """What `decide` makes of households who wish to keep their assets and to carry nothing."""
    p = small.primitives() if p is None else p
    n = max(np.size(each) for each in (consumption_last, *given.values()))
    assets, money = small.grid(0.0, 4.0, 2), small.grid(-2.0, 8.0, 2)
    plans = np.zeros((1, 1, 4, 1, 1, 3, 2, 2, 2))
    plans[..., 0] = assets.nodes[:, None] * keeps
    zeros = np.zeros((1, 1, 4, 1, 1, 2, 2, 2))
    tables = small.tables(assets, money, plans, zeros, zeros[0, ..., 0])
    state, scratch = small.state_of(n, 1)
    living = small.households(n)
    neutral = {"outlay_keep": 1.0, "credit_limit": 0.0, "confidence": 1}
    for name, value in (neutral | given).items():
        getattr(state if name in state._fields else scratch, name)[:] = value
    state.consumption_last[:] = consumption_last
    choices.feel_prices(p, n, state.consumption_last, scratch.food)
    choices.decide(
        p, tables, 0, n, np.zeros(N_LISTS, np.int32), f4(season_outlay), f4(price),
        f4(shock_price), is_lean, state.type_at, living.land_at, state.skill_place,
        living.other_place, scratch.reach, scratch.food, scratch.input_help, scratch.outlay_keep,
        scratch.credit_limit, state.assets, state.savings, state.technique, state.knowledge,
        state.confidence, scratch.money, scratch.income, scratch.consumption, state.income_year,
        state.consumption_year, state.own_year, state.is_destitute, state.hungry, state.sold_year,
        state.lean,
    )  # fmt: skip
    return SimpleNamespace(**(state._asdict() | scratch._asdict()))


def test_help_with_outlays_by_hand() -> None:
    """A season in which 0.6 of the year's outlay falls due: 0.15 traditional, 0.4 improved, 0.3 known.

    A programme takes 0.1 a year off the improved one, and pays 0.3 of every outlay:
    0.15 * 0.7 * 0.6 = 0.063, (0.4 - 0.1) * 0.7 * 0.6 = 0.126, (0.3 - 0.1) * 0.7 * 0.6 = 0.084.
    """
    technique, known = [0, 1, 2, 2], [0, 0, 0, 1]
    bare = decided(technique=technique, knowledge=known, money=1.0, income=1.0)
    np.testing.assert_allclose(1 - bare.consumption, [0, 0.09, 0.24, 0.18], atol=2e-7)
    helped = decided(
        technique=technique, knowledge=known, money=1.0, income=1.0, input_help=0.1, outlay_keep=0.7
    )
    np.testing.assert_allclose(1 - helped.consumption, [0, 0.063, 0.126, 0.084], atol=2e-7)
    # An outlay is no income, and is told as own work's.
    np.testing.assert_allclose(1 - helped.income, [0, 0.063, 0.126, 0.084], atol=2e-7)
    np.testing.assert_allclose(helped.own_year, [0, -0.063, -0.126, -0.084], atol=2e-7)
    assert not helped.output_year.any()
    # Help beyond what it costs is not paid out.
    over = decided(technique=technique, knowledge=known, money=1.0, income=1.0, input_help=0.5)
    np.testing.assert_allclose(1 - over.consumption, [0, 0.09, 0, 0], atol=2e-7)
    assert over.technique.tolist() == technique


def test_help_saves_a_field_that_would_be_given_up() -> None:
    # At hand 0.2, nothing to sell, no credit; the field costs 0.24, with help 0.126.
    alone, helped = decided(technique=2, money=0.2), decided(
        technique=2, money=0.2, input_help=0.1, outlay_keep=0.7
    )  # fmt: skip
    assert (alone.technique[0], helped.technique[0]) == (0, 2)
    assert alone.consumption[0] == pytest.approx(0.2)
    assert helped.consumption[0] == pytest.approx(0.074)


def test_a_credit_group_carries_who_would_go_hungry() -> None:
    # Need 0.27 / 4 = 0.0675; nothing at hand. A limit of 0.05 or 0.1 lets borrow 0.05 or 0.0675.
    told = decided(money=0.0, credit_limit=[0.0, 0.05, 0.1])
    np.testing.assert_allclose(told.consumption, [0, 0.05, 0.0675], atol=1e-7)
    np.testing.assert_allclose(told.savings, [0, -0.05, -0.0675], atol=1e-7)
    assert told.is_destitute.tolist() == [1, 1, 0]


def test_the_poor_spend_more_of_it_on_food_by_hand() -> None:
    """Half of what is eaten at the line is food, 0.06 less a doubling; below 0.05 lines nothing changes."""
    told = decided(consumption_last=[1, 2, 0.5, 0.25, 0.05, 0.0, 2.0**20], money=1.0).food
    low = 0.5 + 0.06 * log2(20)
    np.testing.assert_allclose(told, [0.5, 0.44, 0.56, 0.62, low, low, 0], atol=1e-6)
    steep = small.primitives(food_share_slope=0.3)
    assert decided(steep, consumption_last=[0.05, 8.0]).food.tolist() == [1, 0]


def test_dear_food_costs_the_poor_more_and_sellers_gain() -> None:
    """Food is 0.3 dearer: who ate 0.5 has its money worth 1 / 1.168, who ate 2 has 1 / 1.132."""
    told = decided(consumption_last=[0.5, 2.0], money=1.0, shock_price=1.3)
    np.testing.assert_allclose(told.consumption, [1 / 1.168, 1 / 1.132], rtol=1e-6)
    calm = decided(consumption_last=[0.5, 2.0], money=1.0)
    assert calm.consumption.tolist() == [1, 1]
    # The season's price is that of all that is eaten.
    lean = decided(consumption_last=[0.5, 2.0], money=1.0, price=1.1, shock_price=1.3)
    np.testing.assert_allclose(lean.consumption, told.consumption / 1.1, rtol=1e-6)


def test_the_need_is_real_by_hand() -> None:
    """Who has no money sells what the need costs now, and eats the need: 0.0675 at 1.1 * 1.168."""
    cost = 0.0675 * 1.1 * 1.168
    told = decided(
        consumption_last=[0.5, 0.5], money=0.0, assets=[2.0, 0.05], price=1.1, shock_price=1.3
    )
    assert told.assets[0] == pytest.approx(2 - cost / 0.7, rel=1e-6)
    np.testing.assert_allclose(told.sold_year, [cost, 0.7 * 0.05], rtol=1e-5)
    np.testing.assert_allclose(told.consumption, [0.0675, 0.035 / (1.1 * 1.168)], rtol=1e-5)
    assert told.is_destitute.tolist() == [0, 1]


def test_a_sale_that_was_planned_is_no_distress() -> None:
    told = decided(money=[0.0, 1.0], assets=2.0, keeps=False)
    assert told.assets.tolist() == [0, 0]
    assert told.sold_year.tolist() == [0, 0]
    np.testing.assert_allclose(told.consumption, [1.4, 2.4], rtol=1e-6)


def test_flows_add_up_over_a_year_and_the_lean_season_is_remembered() -> None:
    told = decided(money=0.5, income=0.4, income_year=1.0, consumption_year=2.0, lean=0.7)
    assert told.income_year[0] == pytest.approx(1.4)
    assert told.consumption_year[0] == pytest.approx(2.5)
    assert told.lean[0] == pytest.approx(0.7)
    # Of 0.5 at a price of 1.1 in the lean season a year would be 4 * 0.5 / 1.1.
    lean = decided(money=0.5, price=1.1, is_lean=True, lean=0.7)
    assert lean.lean[0] == pytest.approx(2 / 1.1)
    # Who was destitute earlier in the year was so in that year.
    assert decided(money=0.5, is_destitute=1).is_destitute[0] == 1


def test_who_cannot_buy_the_food_of_the_line_is_short_of_food_by_hand() -> None:
    """The line's food costs 0.5 a year, 0.125 a quarter: 0.12 is less, 0.125 and 0.13 are not."""
    told = decided(money=[0.12, 0.125, 0.13])
    assert told.hungry.tolist() == [1, 0, 0]
    assert told.is_destitute.tolist() == [0, 0, 0]  # the need is 0.0675
    # What counts is real: at a price of 1.1, and of 1.15 for food, half of what is eaten, 0.13 buys less.
    assert decided(money=0.13, price=1.1).hungry.tolist() == [1]
    assert decided(money=0.13, shock_price=1.15).hungry.tolist() == [1]
    # Periods add up over the year, and one with enough takes none back.
    assert decided(money=[0.12, 0.13], hungry=[2, 2]).hungry.tolist() == [3, 2]
    # Without a food line nobody is short, not even who eats nothing.
    assert decided(small.primitives(food_line=0.0), money=0.0).hungry.tolist() == [0]


@pytest.mark.parametrize("per_year", [1, 4, 12])
def test_the_food_line_is_a_yearly_rate_whatever_the_period(per_year: int) -> None:
    p = small.primitives(periods_per_year=per_year)
    told = decided(p, money=[0.49 / per_year, 0.51 / per_year], season_outlay=0.0)
    assert told.hungry.tolist() == [1, 0]


# School or work


def enrolled(
    age: Any, p: Primitives | None = None, n: int = 1, year: int = 0, reach: int = 0,
    size: float = 4.0, consumption: Any = 1.0, generation: int = 0, replicate: int = 1,
    at_stake: float = 0.0, pupil_stake: float = 0.0,
) -> SimpleNamespace:  # fmt: skip
    """What `enrol` decides for children of some age; the head is 49 years older."""
    p = small.primitives(school_taste=0) if p is None else p
    n = max(n, np.size(age), np.size(consumption))
    state, scratch = small.state_of(n, 1)
    state.age[:] = np.asarray(age) + 49
    state.consumption_last[:], state.generation[:] = consumption, generation
    scratch.money[:], scratch.reach[:] = 1.0, reach
    rows = (f4([0, stake, 0, stake, 0]) for stake in (at_stake, pupil_stake))
    choices.enrol(
        p, small.households(n, size=size), 0, n, year, scratch.reach, *rows, SEED,
        np.uint32(replicate), state, scratch,
    )  # fmt: skip
    return SimpleNamespace(goes=state.is_enrolled == 1, paid=1 - scratch.money, pay=state.child_pay)


def test_children_learn_or_work_by_hand() -> None:
    """School from 6 to 10 costs 0.03 a child and year, work from 8 pays 0.12, a couple has 2.4.

    A year of school is worth 0.15 at the line, times consumption to the power of 1.5. Before work is
    possible it is worth its fee down to a consumption of (0.03 / 0.15)^(2/3) = 0.342; then it costs
    0.15, and who eats less than the line cannot afford it. Four persons share.
    """
    told = enrolled([7, 7, 8, 8], consumption=[0.34, 0.345, 0.99, 1.01])
    assert told.goes.tolist() == [False, True, False, True]
    np.testing.assert_allclose(told.paid, np.array([0, 1, 0, 1]) * 0.03 * 2.4 / 4, atol=1e-7)
    np.testing.assert_allclose(told.pay, np.array([0, 0, 1, 0]) * 0.12 * 2.4 / 4 / 4, rtol=1e-6)


def test_ages_of_school_and_work() -> None:
    ages = [-3, 5.9, 6, 7.9, 8, 9.9, 10, 17.9, 18, 30]
    rich, poor = enrolled(ages, consumption=5.0), enrolled(ages, consumption=0.1)
    assert rich.goes.tolist() == [6 <= age < 10 for age in ages]
    assert (rich.pay > 0).tolist() == [10 <= age < 18 for age in ages]
    assert not poor.goes.any()
    assert (poor.pay > 0).tolist() == [8 <= age < 18 for age in ages]


def test_money_that_hangs_on_school_by_hand() -> None:
    """0.02 a member and year hang on school: for 4 persons and 2.4 children 0.0333 a child, above the fee."""
    starving = dict(age=7, consumption=0.0, size=4)
    assert not enrolled(**starving).goes[0]
    assert enrolled(**starving, reach=1, at_stake=0.02).goes[0]
    assert not enrolled(**starving, reach=1, at_stake=0.015).goes[0]
    # By the household 0.02 is 0.0083 a child; 0.08 is as good as 0.02 a member.
    assert not enrolled(**starving, reach=3, pupil_stake=0.02).goes[0]
    assert enrolled(**starving, reach=3, pupil_stake=0.08).goes[0]
    # It hangs for who is on the list.
    assert not enrolled(**starving, reach=2, at_stake=0.02).goes[0]
    # In part: 0.12 a child off 0.15 leaves the fee, which a consumption of 0.345 bears.
    working = dict(age=8, consumption=0.345, size=4)
    assert not enrolled(**working).goes[0]
    assert enrolled(**working, reach=1, at_stake=0.072).goes[0]


def share_at_school(age: float = 9, **given: Any) -> float:
    n, changes = 4_000, given.pop("p", {})
    return float(enrolled(age, small.primitives(**changes), n, **given).goes.mean())


def test_enrolment_falls_with_pay_and_fees_and_rises_with_money_that_hangs_on_it() -> None:
    base = share_at_school()
    assert 0.2 < base < 0.8
    pays = [share_at_school(p={"child_work": pay}) for pay in (0.0, 0.06, 0.12, 0.24)]
    assert pays == sorted(pays, reverse=True) and pays[0] > pays[-1] + 0.2
    assert share_at_school(p={"school_fee": 0.1}) < base - 0.05
    for stake in ({"at_stake": 0.05}, {"pupil_stake": 0.2}):
        assert share_at_school(reach=1, **stake) > base + 0.1
        assert share_at_school(reach=2, **stake) == base
    richer = [share_at_school(consumption=c) for c in (0.3, 0.6, 1.2, 2.4)]
    assert richer == sorted(richer) and richer[0] < richer[-1] - 0.4
    assert share_at_school(p={"school_worth": 0.3}) > base + 0.1


def test_the_share_at_school_is_that_of_the_taste_that_suffices() -> None:
    """Worth 0.15 * 0.8^1.5 beside a cost of 0.15 a child: taste must make up for 0.8^1.5."""
    told = share_at_school(consumption=0.8)
    needed = -1.5 * log2(0.8) / 1.5  # standard deviations of a log2 taste of 1.5
    share = 1 - NormalDist().cdf(needed)
    assert abs(told - share) < 3 * sqrt(share * (1 - share) / 4_000)


@numba.njit
def tastes(keys: np.ndarray, generation: int, year: int, replicate: int) -> np.ndarray:
    out = np.empty(keys.size, np.float32)
    for i in range(keys.size):
        out[i] = choices.taste_for_school(
            keys[i], np.int32(generation), np.uint32(year), np.uint32(4), np.uint32(replicate)
        )
    return out


def test_half_of_taste_lasts_for_a_generation() -> None:
    n = 20_000
    keys = np.arange(n, dtype=np.uint32)
    base = tastes(keys, 0, 3, 1).astype(float)
    assert abs(base.mean()) < 3 / sqrt(n)
    assert abs((base**2).mean() - 1) < 3 * sqrt(2 / n)
    # Another year of the same generation; the same year of another one; another generation and year.
    for (generation, year), tie in (((0, 4), 0.5), ((1, 3), 0.5), ((1, 4), 0.0)):
        other = tastes(keys, generation, year, 1).astype(float)
        assert abs((base * other).mean() - tie) < 3 * sqrt((1 + tie**2) / n)
    # Another replicate is another draw, but for what lasts of the families at the start.
    for generation, tie in ((0, 0.5), (1, 0.0)):
        one, other = (tastes(keys, generation, 3, r).astype(float) for r in (0, 1))
        assert abs((one * other).mean() - tie) < 3 * sqrt((1 + tie**2) / n)


def before_the_start(
    child_age: Any, consumption: Any, p: Primitives, n: int = 1
) -> np.ndarray:  # fmt: skip
    n = max(n, np.size(child_age), np.size(consumption))
    key, out = np.arange(n, dtype=np.uint32), np.zeros(n, np.float32)
    told = (np.array(np.broadcast_to(x, n), np.float32) for x in (child_age, consumption))
    choices.school_so_far(p, key, *told, SEED, out)
    return out


def test_school_so_far_by_hand() -> None:
    p = small.primitives(school_taste=0)
    # All four years, the two before work pays, none; and what is behind a child of 6, 7, 9, 10.
    told = before_the_start([12, 12, 12], [2, 0.5, 0.1], p)
    assert told.tolist() == [4, 2, 0]
    assert before_the_start([3, 6, 7, 9, 10, 30], 2.0, p).tolist() == [0, 0, 1, 3, 4, 4]
    assert before_the_start([3, 6, 7, 9, 10, 30], 0.5, p).tolist() == [0, 0, 1, 2, 2, 2]


def test_school_so_far_is_as_likely_as_in_the_run() -> None:
    """Each year before the start is chosen as one of the run would be at the same consumption."""
    p, n = small.primitives(), 4_000
    told = before_the_start(10.0, 0.8, p, n) / 4
    ages = (6, 7, 8, 9)
    run = np.mean([share_at_school(age, consumption=0.8, year=age) for age in ages])
    assert abs(told.mean() - run) < 3 * sqrt(2 * 0.25 / n)
    assert set((told * 4).tolist()) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("child_age", [6.0, 7.4, 9.9])
def test_nobody_has_more_school_than_there_is(child_age: float) -> None:
    """Years before the start and years of the run together: four are on offer, whatever the birthday."""
    p = small.primitives(school_taste=0)
    so_far = float(before_the_start(child_age, 2.0, p)[0])
    years = enrolled(child_age + np.arange(8), p, consumption=2.0).goes.sum()
    assert so_far + years <= 4
    assert so_far + years > 3
