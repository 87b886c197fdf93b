"""What comes in: luck in calendar time, income, what lists deliver, and what neighbours share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import reference
import small_world as small
from resilience_sim.kernels import earnings
from resilience_sim.kernels.counting import FIXED_POINT as UNIT
from resilience_sim.kernels.primitives import N_LISTS, SHOCK_ENTRANT

SEED, REPLICATE = np.uint32(4), np.uint32(1)
LUCK = (SEED, REPLICATE)
f4 = np.float32


def words_of(people: Any, when: int, purpose: int) -> np.ndarray:
    """First uniforms of households, from the twin."""
    words = (reference.chance(key, when, purpose, 4, 1)[0] for key in people.key)
    return np.array([reference.unit(word) for word in words])


# Luck


def test_luck_lives_in_calendar_time() -> None:
    """A quarter's draw is shared by its months, and a year's luck is the mean of its quarters'."""
    n = 50
    key = np.arange(n, dtype=np.uint32)

    def luck(per_year: int, earned_at: int) -> dict[str, np.ndarray]:
        quarters, months = max(1, 4 // per_year), max(1, per_year // 4)
        p = small.primitives(quarters_per_period=quarters, periods_per_quarter=months)
        drawn = {name: np.zeros(n, np.float32) for name in ("harvest", "wage", "bill", "survive")}
        for q in range(quarters):
            earnings.draw_luck(
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


def test_villages_share_droughts() -> None:
    n, p = 3_000, small.primitives()
    people = small.households(n, village=np.arange(n) // 10)
    drought = np.zeros(n, np.float32)
    earnings.strike_villages(p, people, 0, n, 5, *LUCK, drought)
    by_village = drought.reshape(-1, 10)
    assert (by_village == by_village[:, :1]).all()
    is_dry = by_village[:, 0] < 1
    np.testing.assert_allclose(by_village[is_dry, 0], 0.5)
    # Four droughts in ten years.
    assert abs(is_dry.mean() - 0.4) < 3 * np.sqrt(0.24 / is_dry.size)
    # Another year is another draw.
    other = np.zeros(n, np.float32)
    earnings.strike_villages(p, people, 0, n, 6, *LUCK, other)
    assert (other != drought).any()


# Lists


def test_lists_are_those_of_the_arm_and_entrants_are_drawn_from_who_is_hit_and_on_none() -> None:
    n = 4_000
    reach = np.tile(np.arange(4, dtype=np.int32), n // 4)
    severity = f4(np.repeat([0.0, 1.5], n // 2))
    key = np.arange(n, dtype=np.uint32)

    def listed(share: float) -> np.ndarray:
        out = np.full(n, 9, np.int32)
        earnings.list_households(reach, 0, n, f4(share), *LUCK, key, severity, out)
        return out

    np.testing.assert_array_equal(listed(0.0), reach)
    some, all_ = listed(0.3), listed(1.0)
    could = (reach == 0) & (severity > 0)
    np.testing.assert_array_equal(some[~could], reach[~could])
    assert (all_[could] == SHOCK_ENTRANT).all()
    assert set(some[could].tolist()) == {0, SHOCK_ENTRANT}
    taken = (some[could] == SHOCK_ENTRANT).mean()
    assert abs(taken - 0.3) < 3 * np.sqrt(0.21 / could.sum())
    # Who is taken in by a smaller programme is taken in by a larger one.
    assert (listed(0.6)[some == SHOCK_ENTRANT] == SHOCK_ENTRANT).all()


def test_households_of_a_later_block_keep_their_lists() -> None:
    reach = np.array([3, 0, 1, 2], np.int32)
    out = np.zeros(2, np.int32)
    earnings.list_households(
        reach, 2, 2, f4(0), *LUCK, np.arange(4, dtype=np.uint32), f4([0, 0]), out
    )
    assert out.tolist() == [1, 2]


def test_terms_are_those_of_the_list() -> None:
    _, scratch = small.state_of(5, 1)
    rows = f4(np.arange(6 * N_LISTS).reshape(6, N_LISTS))
    reach = np.array([4, 0, 2, 2, 1], np.int32)
    earnings.take_terms(5, reach, *rows, scratch)
    for name, row in zip(small.TERMS, rows, strict=True):
        np.testing.assert_array_equal(getattr(scratch, name), row[reach], err_msg=name)


# Income


def earned(p: Any = None, n: int = 1, **given: Any) -> SimpleNamespace:
    """What `earn` makes of one quarter; everything that is not given is neutral."""
    p = small.primitives(keep=1) if p is None else p
    state, scratch = small.state_of(n, 1)
    losses = [f4(given.pop(name, 0.0)) for name in small.LOSSES]
    gain, season = f4(given.pop("price_gain", 1.0)), f4(given.pop("season_output", 0.25))
    neutral: dict[str, Any] = {
        "land": 0.0, "other": 0.0, "skill": 1.0, "wages": 1.0, "technique": 0, "knowledge": 0,
        "harvest": 1.0, "wage": 1.0, "bill": 0.0, "survive": 1.0, "drought": 1.0, "severity": 0.0,
        "own_factor": 1.0, "return_save": p.return_save, "return_borrow": p.return_borrow,
        "credit_limit": p.credit_limit, "child_pay": 0.0, "assets": 0.0, "savings": 0.0,
    }  # fmt: skip
    assert not set(given) - set(neutral)
    values = {
        name: np.array(np.broadcast_to(given.get(name, value), n), small.kind_of(name))
        for name, value in neutral.items()
    }
    out = {
        "money": scratch.money, "income": scratch.income, "earned": scratch.earned,
        "crop": state.crop, "own_year": state.own_year, "output_year": state.output_year,
        "wages_year": state.wages_year,
    }  # fmt: skip
    earnings.earn(p, 0, n, season, *losses, gain, *values.values(), *out.values())
    return SimpleNamespace(**out, **values)


def test_income_by_hand() -> None:
    # Traditional on 1 line of assets: 0.6 * 2 (skill) * 1^0.3 = 1.2 a year, a quarter of it now:
    # 0.3, of which luck leaves 0.8 * 0.5 = 0.12. Wages 1, three tenths of labour gone, 0.7 / 4, times
    # 1.2 = 0.21. Other 0.4 / 4 = 0.1, a child 0.05. Savings 0.5 * 0.99, a bill of 0.15.
    told = earned(
        skill=2, assets=1, technique=1, harvest=0.8, drought=0.5, wage=1.2, other=0.4,
        child_pay=0.05, savings=0.5, bill=0.15, survive=0.7,
    )  # fmt: skip
    assert told.own_year[0] == told.output_year[0] == pytest.approx(0.12)
    assert told.wages_year[0] == pytest.approx(0.21)
    assert told.earned[0] == pytest.approx(0.33)
    assert told.income[0] == pytest.approx(0.48)
    assert told.money[0] == pytest.approx(0.495 + 0.48 - 0.15)
    assert told.assets[0] == pytest.approx(0.7)
    # The crop so far: a quarter of the year's, at 0.8 * 0.5 of what is ordinary.
    assert told.crop[0] == pytest.approx(0.1)


def test_a_childs_pay_is_income_but_neither_pooled_nor_struck() -> None:
    told = earned(child_pay=0.05, severity=1.0, wage_loss=1.0, own_loss=1.0, other_loss=1.0)
    assert told.income[0] == told.money[0] == pytest.approx(0.05)
    assert told.earned[0] == 0


def test_losses_of_a_shock_strike_by_severity() -> None:
    # Severity 0, 1 and 4: of own output (0.15 a quarter on 1 line), wages 0.175, other 0.1 and
    # assets 1, a loss of 0.3 takes nothing, 0.3, and all.
    told = earned(
        n=3, assets=1, technique=1, other=0.4, severity=[0, 1, 4], own_loss=0.3, wage_loss=0.3,
        other_loss=0.3, asset_loss=0.3,
    )  # fmt: skip
    left = np.array([1, 0.7, 0])
    np.testing.assert_allclose(told.own_year, 0.15 * left, rtol=1e-6)
    np.testing.assert_allclose(told.wages_year, 0.175 * left, rtol=1e-6)
    np.testing.assert_allclose(told.income, 0.425 * left, rtol=1e-6)
    np.testing.assert_allclose(told.assets, left, rtol=1e-6)
    np.testing.assert_allclose(told.crop, 0.25 * left, rtol=1e-6)


def test_price_support_and_dear_food_raise_what_own_output_sells_for() -> None:
    """A programme that adds a fifth to the price, and a rise that adds a tenth: sellers alone gain."""
    plain, helped = earned(assets=1, technique=1), earned(assets=1, technique=1, own_factor=1.2)
    dear = earned(assets=1, technique=1, price_gain=1.1)
    both = earned(assets=1, technique=1, price_gain=1.1, own_factor=1.2)
    for told, factor in ((helped, 1.2), (dear, 1.1), (both, 1.32)):
        assert told.own_year[0] == pytest.approx(factor * plain.own_year[0])
        assert told.wages_year[0] == plain.wages_year[0]
        assert told.crop[0] == plain.crop[0]  # the crop is not better, it sells better
    assert earned(price_gain=1.1, own_factor=1.2).income[0] == earned().income[0]


def test_savings_grow_on_the_terms_of_the_household() -> None:
    told = earned(
        n=3, wages=0, savings=[1, -0.3, -0.3], return_save=[1.01, 0.99, 0.99],
        return_borrow=[1, 1.03, 1.03], credit_limit=[0, 0.4, 0.1],
    )  # fmt: skip
    # Of the last one's debt 0.1 bears interest and 0.2 is arrears.
    np.testing.assert_allclose(told.money, [1.01, -0.309, -0.303], rtol=1e-5)


def test_a_year_adds_up_over_its_periods() -> None:
    p = small.primitives(keep=1)
    state, scratch = small.state_of(1, 1)
    people = small.households(1, wages=1)
    scratch.own_factor[:] = scratch.harvest[:] = scratch.wage[:] = scratch.survive[:] = 1
    scratch.drought[:], state.technique[:], state.assets[:], state.skill[:] = 1, 1, 1, 1
    state.wages[:] = 1
    zero, one = f4(0), f4(1)
    for season in range(4):
        earnings.earn(
            p, 0, 1, p.season_output[season], zero, zero, zero, zero, one, people.land,
            people.other, state.skill, state.wages, state.technique, state.knowledge,
            scratch.harvest[0], scratch.wage[0], scratch.bill[0], scratch.survive[0], scratch.drought,
            scratch.severity, scratch.own_factor, scratch.return_save, scratch.return_borrow,
            scratch.credit_limit, state.child_pay, state.assets, state.savings, scratch.money,
            scratch.income, scratch.earned, state.crop, state.own_year, state.output_year,
            state.wages_year,
        )  # fmt: skip
    # 0.6 of output, 0.7 of wages, and a crop that was just ordinary.
    assert state.own_year[0] == state.output_year[0] == pytest.approx(0.6)
    assert state.wages_year[0] == pytest.approx(0.7)
    assert state.crop[0] == pytest.approx(1.0)


# What lists deliver


def delivered(
    people: Any, period: int, reach: Any = 3, p: Any = None, age: float = 60.0, **given: Any
) -> SimpleNamespace:
    """What `deliver` adds to money 1, income 2, assets 3 and participation 0.5; rows by list."""
    p = small.primitives() if p is None else p
    n = people.key.size
    state, scratch = small.state_of(n, 1)
    scratch.money[:], scratch.income[:], state.assets[:] = 1, 2, 3
    state.participation[:], state.age[:] = 0.5, age
    names = ("transfer", "transfer_household", "per_child", "grant", "grant_household",
             "training", "coaching", "participation")  # fmt: skip
    rows = [f4(np.broadcast_to(given.pop(name, 0.0), N_LISTS)) for name in names]
    assert not given
    earnings.deliver(
        p, people, 0, n, period, np.array(np.broadcast_to(reach, n), np.int32), *rows, *LUCK, state,
        scratch,
    )  # fmt: skip
    return SimpleNamespace(
        money=scratch.money, income=scratch.income, assets=state.assets,
        learns=state.knowledge == 1, is_coached=state.confidence == 1,
        participation=state.participation,
    )  # fmt: skip


@pytest.mark.parametrize("period", [0, 5])
def test_what_the_listed_get(period: int) -> None:
    """Cash is money and income, a grant is assets; who learns is drawn anew in every period."""
    n = 2_000
    is_listed = np.arange(n) % 2
    people = small.households(n, size=np.repeat([2, 4], n // 2))
    now = delivered(
        people, period, 3 * is_listed, transfer=0.1, transfer_household=0.4, grant=0.3,
        grant_household=0.8, training=0.3, coaching=0.2, participation=0.1,
    )  # fmt: skip
    cash = is_listed * (0.1 + 0.4 / people.size)
    np.testing.assert_allclose(now.money, 1 + cash, rtol=1e-6)
    np.testing.assert_allclose(now.income, 2 + cash, rtol=1e-6)
    np.testing.assert_allclose(now.assets, 3 + is_listed * (0.3 + 0.8 / people.size), rtol=1e-6)
    np.testing.assert_allclose(now.participation, 0.5 + 0.1 * is_listed)
    for told, purpose, share in (
        (now.learns, reference.LEARNING, 0.3),
        (now.is_coached, reference.COACHING, 0.2),
    ):
        is_able = words_of(people, period, purpose) < share
        np.testing.assert_array_equal(told, is_able & (is_listed == 1))
    # Of who did not learn, in the next period as many learn as of all.
    again = delivered(people, period + 1, 3 * is_listed, training=0.3).learns
    for group in (now.learns, ~now.learns):
        among = again[group & (is_listed == 1)]
        assert abs(among.mean() - 0.3) < 3 * np.sqrt(0.3 * 0.7 / among.size)
    # Who learns is not who gains confidence.
    both = (now.learns & now.is_coached)[is_listed == 1]
    assert abs(both.mean() - 0.06) < 3 * np.sqrt(0.06 * 0.94 / both.size)
    nothing = delivered(people, period, 3 * is_listed)
    assert not (nothing.learns.any() or nothing.is_coached.any())


def test_each_list_brings_its_own() -> None:
    people = small.households(N_LISTS)
    rows = np.arange(N_LISTS) / 10
    now = delivered(people, 0, np.arange(N_LISTS), transfer=rows, grant=rows)
    np.testing.assert_allclose(now.money, 1 + rows, rtol=1e-6)
    np.testing.assert_allclose(now.assets, 3 + rows, rtol=1e-6)


def test_child_money_is_paid_while_a_child_is_under_age() -> None:
    # Heads of 48, 49, 66 and 67, a child 49 years younger: unborn, 0, 17 and 18. 0.4 for 4 persons.
    people = small.households(4, size=4)
    told = [
        delivered(people, 0, age=head, per_child=0.4).money[0] - 1 for head in (48, 49, 66.9, 67)
    ]
    assert told == pytest.approx([0, 0.1, 0.1, 0])


def test_participation_rises_up_to_full() -> None:
    people = small.households(3)
    told = [delivered(people, 0, participation=rise).participation[0] for rise in (0.2, 0.5, 0.8)]
    assert told == pytest.approx([0.7, 1.0, 1.0])


def hung_on_school(age: Any, is_enrolled: Any, reach: Any = 3, **given: Any) -> np.ndarray:
    """What `deliver_for_school` pays to households of four."""
    n = np.size(age)
    p, people = small.primitives(), small.households(n, size=4)
    state, scratch = small.state_of(n, 1)
    state.age[:], state.is_enrolled[:] = age, is_enrolled
    rows = [f4(np.broadcast_to(given.get(name, 0.0), N_LISTS)) for name in small.CONDITIONAL]
    earnings.deliver_for_school(
        p, people, 0, n, np.array(np.broadcast_to(reach, n), np.int32), *rows, state, scratch
    )
    np.testing.assert_array_equal(scratch.money, scratch.income)
    return scratch.money


def test_conditional_money_is_withheld_while_a_child_of_school_age_is_out_of_school() -> None:
    # School age is 6 to 10; a head is 49 years older. Children of 5, 6, 9 and 10, at school or not.
    age = np.array([54, 55, 58, 59, 55, 58])
    at_school = [0, 0, 0, 0, 1, 1]
    told = hung_on_school(age, at_school, conditional=0.1, conditional_household=0.2)
    np.testing.assert_allclose(told, [0.15, 0, 0, 0.15, 0.15, 0.15], rtol=1e-6)
    meals = hung_on_school(age, at_school, per_pupil=0.2)
    np.testing.assert_allclose(meals, [0, 0, 0, 0, 0.05, 0.05], rtol=1e-6)
    # Rows are by list.
    rows = np.arange(N_LISTS) / 10
    told = hung_on_school(np.full(N_LISTS, 54), 0, np.arange(N_LISTS), conditional=rows)
    np.testing.assert_allclose(told, rows)


# What neighbours share


def shared(
    earned: Any, participation: Any = 1.0, weight: Any = 1.0, village: Any = 0, share: float = 0.5
) -> SimpleNamespace:
    """What `share_income` moves: net by household, in whole units, and what it says was lost."""
    n = np.size(earned)
    people = small.households(n, weight=weight, village=village)
    state, scratch = small.state_of(n, 1)
    scratch.earned[:], scratch.money[:] = earned, 1.0
    state.participation[:], state.pooled_year[:] = participation, 0.25
    p, status = small.primitives(pool_share=share), np.zeros(2, np.int64)
    n_villages = earnings.find_villages(people, 0, n, scratch)
    earnings.divide_pots(people, 0, n, n_villages, state, scratch)
    earnings.share_income(p, people, 0, n, n_villages, state, scratch, status)
    got = state.pooled_year.astype(float) - 0.25
    return SimpleNamespace(
        got=got, money=scratch.money, status=status, weight=people.weight, village=people.village
    )


def test_bad_luck_of_one_is_shared_and_that_of_all_is_not() -> None:
    """Half of what two equal neighbours earn is pooled, and halved.

    Who earned 1 beside one who earned nothing: pays 1/2, gets 1/4. If both lose half of 1: each
    pays and gets 1/4.
    """
    assert shared([1, 0]).got.tolist() == [-0.25, 0.25]
    assert shared([1, 1]).got.tolist() == [0, 0]
    assert shared([0.5, 0.5]).got.tolist() == [0, 0]
    np.testing.assert_allclose(shared([1, 0]).money, [0.75, 1.25])


def test_shares_are_by_persons_and_participation_by_hand() -> None:
    # Three persons earn 1 each, one earns nothing: pot 3 * 1/2; of four persons each gets 3/8.
    np.testing.assert_allclose(shared([1, 0], weight=[3, 1]).got, [-1 / 8, 3 / 8], atol=2e-6)
    # The one takes part by half: pot 3/2, parts 3 and 1/2, so that it gets (3/2) / (7/2) * 1/2 =
    # 3/14, and the three together 9/7, 3/7 each.
    told = shared([1, 0], [1, 0.5], [3, 1])
    np.testing.assert_allclose(told.got, [3 / 7 - 1 / 2, 3 / 14], atol=2e-6)


def test_who_does_not_take_part_neither_pays_nor_gets() -> None:
    told = shared([1, 0, 5, 0], [1, 1, 0, 0])
    assert told.got.tolist() == [-0.25, 0.25, 0, 0]
    assert not shared([1, 0, 5], 0.0).got.any()
    # Alone in the pool one gets back what one pays.
    assert not shared([1, 0, 5], [1, 0, 0]).got.any()


def test_villages_do_not_share_with_each_other() -> None:
    told = shared([1, 0, 1, 0, 1, 1], village=[0, 0, 1, 1, 2, 2])
    assert told.got.tolist() == [-0.25, 0.25, -0.25, 0.25, 0, 0]


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_ledger_of_every_village_sums_to_zero(share: float) -> None:
    """To the unit of 2^-20 lines, in two thousand villages of odd sizes, and as the twin keeps it."""
    rng = np.random.default_rng(9)
    n = 9_000
    village = np.sort(rng.integers(0, 2_000, n))
    earned = rng.lognormal(-1.5, 1.0, n).clip(0, 3)
    part, weight = rng.choice([0.0, 0.3, 0.77, 1.0], n), rng.uniform(0.1, 2.5, n)
    told = shared(earned, part, weight, village, share)
    ledger = told.got * weight * UNIT
    # `got` is told in single precision, fine enough to tell the whole unit.
    units = np.rint(ledger)
    slack = 2.0**-23 * weight * UNIT * (0.25 + np.abs(told.got))
    assert (np.abs(ledger - units) <= slack + 1e-9).all() and slack.max() < 0.5
    assert not np.bincount(village, units).any()
    assert told.status.tolist() == [0, 0]
    # What reaches purses is that, up to single precision.
    assert np.abs(np.bincount(village, weight * told.got)).max() < 1e-6
    p = SimpleNamespace(pool_share=float(f4(share)))
    members = [
        SimpleNamespace(weight=w, participation=float(a), earned=float(e))
        for w, a, e in zip(weight, f4(part), f4(earned), strict=True)
    ]
    for v in range(0, 2_000, 40):
        inside = np.flatnonzero(village == v)
        twin = reference.share_income(p, [members[i] for i in inside])
        assert sum(twin) == 0
        assert np.abs(units[inside] - twin).max(initial=0) <= 1


def test_a_ledger_that_does_not_close_would_be_told() -> None:
    # Negative control: not every whole number beyond 2^53 units is one of double precision.
    told = shared([3e6, 1e6, 0.3], weight=[1e5, 3e5, 0.7])
    assert told.status[1] > 0
    assert shared([3.0, 1.0, 0.3], weight=[1e5, 3e5, 0.7]).status[1] == 0


def test_order_within_a_village_moves_single_units_only() -> None:
    rng = np.random.default_rng(2)
    n = 60
    earned, part, weight = rng.uniform(0, 2, n), rng.uniform(0, 1, n), rng.uniform(0.2, 2, n)
    told = shared(earned, part, weight)
    order = rng.permutation(n)
    other = shared(earned[order], part[order], weight[order])
    moved = np.abs(other.got - told.got[order]) * weight[order] * UNIT
    assert moved.max() < 2.5
    assert np.abs(told.got).max() > 0.01


def test_a_pool_narrows_what_luck_spreads_and_leaves_the_mean() -> None:
    """A hundred villages of twenty; the pool takes the idiosyncratic part of luck, not the village's."""
    rng = np.random.default_rng(11)
    village = np.repeat(np.arange(100), 20)
    common = rng.lognormal(0, 0.3, 100)[village]
    earned = common * rng.lognormal(0, 0.5, village.size)
    after = earned + shared(earned, village=village, share=0.4).got
    means = [np.bincount(village, each) / 20 for each in (earned, after)]
    np.testing.assert_allclose(*means, rtol=1e-5)
    spread = [
        (each - mean[village]).std() for each, mean in zip((earned, after), means, strict=True)
    ]
    # Everybody keeps 0.6 of its own distance from the village's mean.
    assert spread[1] == pytest.approx(0.6 * spread[0], rel=1e-4)
