"""Who gets what, and when."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from resilience_sim.cli import compose
from resilience_sim.config import (
    Basis,
    Condition,
    Config,
    Content,
    ContentKind,
    Equal,
    ProgrammeMode,
    Side,
    Targeting,
    TargetingRule,
    from_mapping,
)
from resilience_sim.errors import ConfigError
from resilience_sim.model import Terms
from resilience_sim.programmes import Deliveries, Support, deliveries
from resilience_sim.programmes.contents import count, planned_times, side_of
from resilience_sim.programmes.delivery import FIELDS
from small_programmes import (
    COACHING,
    EVERYBODY,
    GRANT,
    GROUP,
    MEALS,
    POOR,
    THREE,
    TRAINING,
    TRANSFER,
    config_of,
    people,
)

SOCIAL, PRODUCTIVE, BOTH = 1, 2, 3
PAGE = (Path(__file__).parents[1] / "docs" / "contents.md").read_text(encoding="utf-8")


def laid(config: Config, who: Any = THREE) -> Deliveries:
    return deliveries(config, who)


def delivered(*contents: Content, who: Any = THREE, **settings: Any) -> Deliveries:
    """Deliveries of the arms none and all, the latter with all of `contents`."""
    named = {str(index): content for index, content in enumerate(contents)}
    return laid(config_of(named, {"all": list(named)}, **settings), who)


def transfer_known(got: Deliveries, arm: int = 1, code: int = BOTH) -> list[float]:
    """What planners of an arm know of money by period, lines per member and year."""
    transfers = [0.0, *(support.transfer for support in got.supports)]
    return [transfers[at] for at in got.support_at[arm, code]]


# One content


def test_a_transfer_by_hand() -> None:
    got = delivered(TRANSFER)
    # 0.12 a year is 0.03 a quarter, for eight of twelve quarters.
    np.testing.assert_allclose(got.transfer[1, BOTH], [0.03] * 8 + [0] * 4, rtol=1e-6)
    np.testing.assert_array_equal(got.support_at[1, BOTH], [1] * 8 + [0] * 4)
    assert got.supports == (Support(pytest.approx(0.12), Terms()),)
    # Two years at 0.15.
    np.testing.assert_allclose(got.cost, [0, 0.3])
    for name in set(FIELDS) - {"transfer"}:
        assert not getattr(got, name).any()
    assert got.names == ("none", "all")
    assert got.transfer.shape == (2, 4, 12)
    assert got.transfer.dtype == np.float32
    assert got.support_at.dtype == got.reach.dtype == np.int32


def test_a_period_partly_covered_gets_its_months() -> None:
    late = replace(TRANSFER, start_month=4, months=6)
    # Months 4 to 9: two months of the second quarter, three of the third, one of the fourth.
    got = delivered(late, horizon_years=1)
    np.testing.assert_allclose(got.transfer[1, BOTH], [0, 0.02, 0.03, 0.01], rtol=1e-6)
    np.testing.assert_allclose(transfer_known(got), [0, 0.12, 0.12, 0.12])
    monthly = delivered(late, horizon_years=1, periods_per_year=12)
    np.testing.assert_allclose(monthly.transfer[1, BOTH], [0] * 4 + [0.01] * 6 + [0] * 2, rtol=1e-6)
    yearly = delivered(late, horizon_years=1, periods_per_year=1)
    np.testing.assert_allclose(yearly.transfer[1, BOTH], [0.06], rtol=1e-6)
    np.testing.assert_allclose(transfer_known(yearly), [0.12])


def test_what_is_given_per_household_is_divided_over_eligible_persons() -> None:
    got = delivered(replace(TRANSFER, basis=Basis.HOUSEHOLD), replace(GRANT, basis=Basis.HOUSEHOLD))
    np.testing.assert_allclose(got.transfer_household[1, BOTH, :8], 0.03, rtol=1e-6)
    np.testing.assert_allclose(got.grant_household[1, BOTH, 0], 0.3, rtol=1e-6)
    assert not got.transfer.any()
    assert not got.grant.any()
    # The poor: 4 households with 12 persons, so a third of a household for each person.
    np.testing.assert_allclose(transfer_known(got)[0], 0.12 / 3)
    np.testing.assert_allclose(got.cost[1], (2 * 0.15 + 0.4) / 3)


def test_a_grant_is_handed_over_once_or_in_parts() -> None:
    np.testing.assert_allclose(delivered(GRANT).grant[1, BOTH], [0.3] + [0] * 11, rtol=1e-6)
    parts = delivered(replace(GRANT, start_month=2, months=6), horizon_years=1)
    # A month of the first quarter, three of the second, two of the third.
    np.testing.assert_allclose(parts.grant[1, BOTH], [0.05, 0.15, 0.1, 0], rtol=1e-6)
    np.testing.assert_allclose(parts.cost[1], 0.4)
    assert not parts.support_at.any()


def test_a_training_succeeds_as_often_as_it_says() -> None:
    got = delivered(TRAINING)
    # Half the months in each of two quarters: 1 - (1 - 0.75)^0.5 = 0.5, twice.
    np.testing.assert_allclose(got.training[1, BOTH], [0.5, 0.5] + [0] * 10, rtol=1e-6)
    np.testing.assert_allclose(got.cost[1], 0.1)
    for periods_per_year in (1, 4, 12):
        learning = delivered(TRAINING, periods_per_year=periods_per_year)
        unlearnt = np.prod(1 - learning.training[1, BOTH].astype(float))
        assert unlearnt == pytest.approx(0.25, rel=1e-5)
    sure = delivered(replace(TRAINING, success=1.0))
    np.testing.assert_array_equal(sure.training[1, BOTH], [1, 1] + [0] * 10)
    never = delivered(replace(TRAINING, success=0.0))
    assert not never.training.any()


def test_coaching_and_visits_give_confidence() -> None:
    visits = replace(
        TRAINING, kind=ContentKind.ACCOMPANIMENT, success=0.36, participation=0.2, months=12
    )
    got = delivered(COACHING, visits)
    # The visits: 1 - 0.64^(1/4) a quarter. The coaching leaves half in each of two quarters.
    left = 0.64**0.25
    expected = [1 - 0.5 * left] * 2 + [1 - left] * 2 + [0] * 8
    np.testing.assert_allclose(got.coaching[1, BOTH], expected, rtol=1e-6)
    np.testing.assert_allclose(got.participation[1, BOTH], [0.05] * 4 + [0] * 8, rtol=1e-6)
    assert not got.training.any()
    # Visits are social, coaching is productive.
    np.testing.assert_allclose(got.coaching[1, SOCIAL, :5], [1 - left] * 4 + [0], rtol=1e-5)
    np.testing.assert_allclose(got.coaching[1, PRODUCTIVE, :3], [0.5, 0.5, 0], rtol=1e-6)
    # Whatever the kind, over its own months: here eight quarters.
    meetings = delivered(replace(TRANSFER, participation=0.4))
    np.testing.assert_allclose(meetings.participation[1, BOTH], [0.05] * 8 + [0] * 4, rtol=1e-6)
    quiet = delivered(replace(visits, success=None))
    assert not quiet.coaching.any() and quiet.participation.any()


def test_a_training_convinces_a_part_of_those_it_can_reach() -> None:
    assert not delivered(TRAINING).coaching.any()  # nobody, unless told
    config = config_of({"training": TRAINING}, {"both": ["training"]})
    convincing = replace(config, confidence=replace(config.confidence, corrected_by_training=0.5))
    got, before = laid(convincing), laid(config)
    # Half of 0.75 over six months, half of them in each of two quarters.
    discouraged = np.prod(1 - got.coaching[1, BOTH].astype(float))
    assert discouraged == pytest.approx(1 - 0.375, rel=1e-5)
    np.testing.assert_allclose(got.coaching[1, BOTH, :3], [1 - 0.625**0.5] * 2 + [0], rtol=1e-6)
    np.testing.assert_array_equal(got.training, before.training)
    contents = {"training": TRAINING, "coaching": COACHING}
    beside = config_of(contents, {"both": list(contents)})
    beside = replace(beside, confidence=replace(beside.confidence, corrected_by_training=0.5))
    # The coaching leaves half in each of two quarters; both leave the product.
    np.testing.assert_allclose(laid(beside).coaching[1, BOTH, :2], 1 - 0.5 * 0.625**0.5, rtol=1e-6)


@pytest.mark.parametrize(
    ("content", "field", "a_year"),
    [
        (replace(TRANSFER, condition=Condition.SCHOOL), "conditional", 0.12),
        (
            replace(TRANSFER, condition=Condition.SCHOOL, basis=Basis.HOUSEHOLD),
            "conditional_household",
            0.12,
        ),
        # 2.4 children in Erewhon, as everywhere by default.
        (replace(TRANSFER, basis=Basis.CHILD), "per_child", 0.288),
        (replace(TRANSFER, basis=Basis.CHILD, condition=Condition.SCHOOL), "per_pupil", 0.288),
        (MEALS, "per_pupil", 0.288),
        (replace(TRANSFER, kind=ContentKind.HOME_GARDEN), "transfer", 0.12),
    ],
)
def test_money_goes_where_its_conditions_are_judged(
    content: Content, field: str, a_year: float
) -> None:
    got = delivered(content)
    np.testing.assert_allclose(getattr(got, field)[1, BOTH, :8], a_year / 4, rtol=1e-6)
    assert not getattr(got, field)[1, BOTH, 8:].any()
    assert not any(getattr(got, name).any() for name in set(FIELDS) - {field})


def test_money_for_children_is_spread_over_a_headship() -> None:
    # Heads are 30 to 65, their children are born at 35: under 18 for 18 of 35 years, of school
    # age (6 to 18) for 12. A third of a household for each person, with 2.4 children.
    child = delivered(replace(TRANSFER, basis=Basis.CHILD))
    np.testing.assert_allclose(transfer_known(child)[0], 0.12 * 2.4 / 3 * 18 / 35)
    np.testing.assert_allclose(child.cost[1], 2 * 0.15 * 2.4 / 3 * 18 / 35)
    meals = delivered(MEALS)
    np.testing.assert_allclose(transfer_known(meals)[0], 0.12 * 2.4 / 3 * 12 / 35)


def test_children_born_before_the_house_was_handed_over_are_counted_from_then() -> None:
    ages = replace(compose(["case=erewhon"]).generations, heir_age=30.0, succession_age=50.0)
    who: Any = THREE
    everyone = np.ones(3, np.bool_)
    # Born when the parent is 20, ten years before it heads the house: under age for 8 of 20 years.
    got = count(everyone, everyone, who, ages)
    np.testing.assert_allclose(got.children, 5 / 18 * 2.4 * 8 / 20)
    np.testing.assert_allclose(got.members, 1)
    poor = np.array([True, True, False])
    np.testing.assert_allclose(count(poor, everyone, who, ages).members, 12 / 18)


# Several contents


def test_contents_of_an_arm_add_up() -> None:
    top_up = replace(TRANSFER, value=0.24, start_month=12, months=12, unit_cost=0.24)
    got = delivered(TRANSFER, top_up, GRANT, GRANT, TRAINING, TRAINING)
    np.testing.assert_allclose(got.transfer[1, BOTH, :9], [0.03] * 4 + [0.09] * 4 + [0], rtol=1e-6)
    # Planners know the one transfer for a year, then both.
    np.testing.assert_allclose(transfer_known(got), [0.12] * 4 + [0.36] * 4 + [0] * 4)
    np.testing.assert_allclose(got.grant[1, BOTH, 0], 0.6, rtol=1e-6)
    # Learning from either of two: 1 - 0.5 * 0.5.
    np.testing.assert_allclose(got.training[1, BOTH, :2], 0.75, rtol=1e-6)
    np.testing.assert_allclose(got.cost[1], 2 * 0.15 + 0.24 + 2 * 0.4 + 2 * 0.1)


def test_each_programme_hands_over_its_own_contents() -> None:
    got = delivered(TRANSFER, GRANT, replace(GRANT, side=Side.SOCIAL, value=0.2), who=THREE)
    np.testing.assert_allclose(got.transfer[1, :, 0], [0, 0.03, 0, 0.03], rtol=1e-6)
    np.testing.assert_allclose(got.grant[1, :, 0], [0, 0.2, 0.3, 0.5], rtol=1e-6)
    for name in FIELDS:
        assert not getattr(got, name)[:, 0].any()
    assert not got.support_at[:, 0].any()


def test_terms_of_several_supports_combine() -> None:
    inputs = replace(TRANSFER, kind=ContentKind.INPUT_SUPPORT, value=0.06, basis=Basis.HOUSEHOLD)
    outlay = replace(TRANSFER, kind=ContentKind.OUTLAY_SUPPORT, value=0.5)
    price = replace(TRANSFER, kind=ContentKind.PRICE_SUPPORT, value=0.1)
    dear = replace(GROUP, return_save=None, return_borrow=1.3, months=24, participation=0.0)
    got = delivered(
        inputs, inputs, outlay, replace(outlay, value=0.2), price, replace(GROUP, months=24), dear
    )
    (support,) = got.supports
    terms = support.terms
    assert support.transfer == 0
    # Two helps of 0.06 a household, of which there is a third for each person.
    assert terms.input_help == pytest.approx(2 * 0.06 / 3)
    # 1 - 0.5 * 0.8.
    assert terms.outlay_share == pytest.approx(0.6)
    assert terms.price_rise == 0.1
    assert (terms.return_save, terms.return_borrow) == (1.02, 1.2)
    assert terms.credit_more == pytest.approx(0.1)
    np.testing.assert_array_equal(got.support_at[1, BOTH], [1] * 8 + [0] * 4)
    # Two years of six contents at 0.15 a year, those per household a third; two groups once.
    np.testing.assert_allclose(got.cost[1], 2 * 0.15 * (2 / 3 + 3) + 2 * 0.15)
    assert not any(getattr(got, name).any() for name in set(FIELDS) - {"participation"})


def test_a_group_never_makes_returns_worse() -> None:
    # Without: 0.97 and 1.35 a year.
    poor = replace(GROUP, value=0.0, return_save=0.9, return_borrow=1.5)
    got = delivered(poor)
    assert got.supports == ()
    assert not got.support_at.any()
    assert got.participation.any()


def test_no_credit_where_there_is_no_borrowing() -> None:
    config = config_of({"group": GROUP}, {"all": ["group"]})
    mechanisms = replace(config.mechanisms, borrowing=False)
    (support,) = laid(replace(config, mechanisms=mechanisms)).supports
    assert support.terms.credit_more == 0
    assert support.terms.return_save == 1.02


def test_arms_share_the_supports_they_have_in_common() -> None:
    contents = {"cash": TRANSFER, "late": replace(TRANSFER, start_month=7), "group": GROUP}
    arms = {"cash": ["cash"], "both": ["cash", "group"], "late": ["late"]}
    got = laid(config_of(contents, arms))
    # Cash alone, and cash with the group, which is there for the first year.
    assert len(got.supports) == 2
    np.testing.assert_allclose([each.transfer for each in got.supports], 0.12)
    np.testing.assert_array_equal(got.support_at[1, BOTH], [1] * 8 + [0] * 4)
    np.testing.assert_array_equal(got.support_at[2, BOTH], [2] * 4 + [1] * 4 + [0] * 4)
    np.testing.assert_array_equal(got.support_at[3, BOTH], [0] * 2 + [1] * 9 + [0])
    # In a trial nobody is reached by one programme alone, so no planner is asked about it.
    assert not got.support_at[:, :BOTH].any()


def test_what_comes_after_the_run_is_neither_delivered_nor_paid_for() -> None:
    got = delivered(TRANSFER, replace(GRANT, start_month=100), horizon_years=1)
    np.testing.assert_allclose(got.transfer[1, BOTH], 0.03, rtol=1e-6)
    np.testing.assert_allclose(got.cost[1], 0.15)
    assert not got.grant.any()


def test_a_zero_programme_is_no_programme() -> None:
    got = delivered(
        *(replace(each, value=0.0) for each in (TRANSFER, GRANT, MEALS)),
        replace(TRAINING, success=0.0),
        replace(TRANSFER, kind=ContentKind.OUTLAY_SUPPORT, value=0.0),
    )
    for name in (*FIELDS, "support_at", "reach"):
        np.testing.assert_array_equal(getattr(got, name)[1], getattr(got, name)[0])
    assert got.supports == ()


# Scale


def test_half_an_arm_is_half_of_what_it_gives_costs_and_teaches() -> None:
    contents = {"cash": TRANSFER, "grant": GRANT, "training": replace(TRAINING, months=3)}
    arms = {"both": list(contents), "half": list(contents)}
    got = laid(config_of(contents, arms, arm_scale={"half": 0.5}))
    for name in ("transfer", "grant", "training"):
        whole, half = getattr(got, name)[1:, BOTH, 0]
        assert half == pytest.approx(whole / 2)
    np.testing.assert_allclose(got.cost[2], got.cost[1] / 2)
    np.testing.assert_allclose([each.transfer for each in got.supports], [0.12, 0.06])


def test_who_is_served_after_clients_gets_less_of_what_is_productive_alone() -> None:
    contents = {"cash": TRANSFER, "grant": GRANT, "training": replace(TRAINING, months=3)}
    arms = {"both": list(contents), "late": list(contents)}
    got = laid(config_of(contents, arms, served_after_clients={"late": 0.4}))
    assert got.transfer[2, BOTH, 0] == got.transfer[1, BOTH, 0]
    for name in ("grant", "training"):
        whole, late = getattr(got, name)[1:, BOTH, 0]
        assert late == pytest.approx(0.4 * whole)
    np.testing.assert_allclose(got.cost[1:], [0.3 + 0.4 + 0.1, 0.3 + 0.4 * (0.4 + 0.1)])


def test_a_scaled_share_ends_at_one() -> None:
    outlay = replace(TRANSFER, kind=ContentKind.OUTLAY_SUPPORT, value=0.5)
    contents = {"outlay": outlay, "training": replace(TRAINING, months=3)}
    got = laid(config_of(contents, {"more": list(contents)}, arm_scale={"more": 3.0}))
    assert got.supports[0].terms.outlay_share == 1
    np.testing.assert_array_equal(got.training[1, BOTH, 0], 1)
    np.testing.assert_allclose(got.cost[1], 3 * (2 * 0.15 + 0.1))


ARMS = {"cash": ["cash"], "grant": ["grant"], "both": ["cash", "grant"]}


def test_arms_of_equal_budget_cost_the_same() -> None:
    contents = {"cash": TRANSFER, "grant": GRANT}
    got = laid(config_of(contents, ARMS, equal=Equal.BUDGET, equal_to="cash"))
    np.testing.assert_allclose(got.cost, [0, 0.3, 0.3, 0.3])
    # The grant is three quarters of itself, for it cost 0.4; both are 3/7, for they cost 0.7.
    np.testing.assert_allclose(got.grant[1:, BOTH, 0], [0, 0.225, 0.9 / 7], rtol=1e-6)
    np.testing.assert_allclose(got.transfer[1:, BOTH, 0], [0.03, 0, 0.09 / 7], rtol=1e-6)


def test_arms_of_equal_value_give_the_same() -> None:
    contents = {"cash": TRANSFER, "grant": GRANT}
    settings: dict[str, Any] = {"equal": Equal.VALUE, "equal_to": "grant"}
    got = laid(config_of(contents, ARMS, arm_scale={"grant": 2.0}, **settings))
    given = (got.transfer + got.grant)[:, BOTH].sum(axis=1)
    # Two grants.
    np.testing.assert_allclose(given, [0, 0.6, 0.6, 0.6], rtol=1e-6)
    # Only what falls into the run counts: a year of cash is 0.12.
    short = laid(config_of(contents, ARMS, horizon_years=1, **settings))
    np.testing.assert_allclose(short.transfer[1, BOTH].sum(), 0.3, rtol=1e-6)


def test_an_arm_with_nothing_to_scale_is_told() -> None:
    contents = {"cash": TRANSFER, "training": TRAINING}
    arms = {"cash": ["cash"], "taught": ["training"], "empty": []}
    with pytest.raises(ConfigError) as caught:
        laid(config_of(contents, arms, equal=Equal.VALUE))
    told = str(caught.value).splitlines()
    assert len(told) == 2
    assert "programme.arms.taught must hold a content that gives lines within the run" in told[0]
    assert told[0].split("got ")[1].startswith("training.")
    assert told[1].split("got ")[1].startswith("no content.")
    budget = laid(config_of(contents, {"cash": ["cash"], "taught": ["training"]}))
    assert budget.cost[2] == pytest.approx(0.1)
    with pytest.raises(ConfigError, match=r"programme\.equal_to must name an arm with"):
        laid(config_of(contents, arms, equal=Equal.VALUE, equal_to="taught"))


# Who is reached


def test_a_trial_reaches_everybody_on_either_list_in_every_arm() -> None:
    got = delivered(TRANSFER, GRANT)
    # Strictly below the cutoff.
    np.testing.assert_array_equal(got.eligible, [True, True, False])
    np.testing.assert_array_equal(got.reach, [[3, 3, 0]] * 2)
    own = Targeting(TargetingRule.BELOW_LINE, 0.6)
    wide = delivered(TRANSFER, GRANT, targeting=own, targeting_productive=POOR)
    np.testing.assert_array_equal(wide.reach, [[3, 3, 0]] * 2)
    assert delivered(TRANSFER, targeting=EVERYBODY).eligible.all()


def test_a_rollout_reaches_who_is_listed() -> None:
    # The social list: all but the third, 12 persons in 4 households; the productive list: the
    # third and the second, 14 persons in 3. Of 18 persons in 5 households, all are on a list.
    who = people(
        [0.5, 0.9, 1.0], weight=[2.0, 2.0, 1.0], size=[2.0, 4.0, 6.0], land=[0.0, 1.0, 1.0]
    )
    got = delivered(
        TRANSFER,
        replace(TRANSFER, basis=Basis.HOUSEHOLD),
        GRANT,
        replace(GRANT, basis=Basis.HOUSEHOLD),
        who=who,
        mode=ProgrammeMode.ROLLOUT,
        targeting_productive=replace(EVERYBODY, land_floor=0.5),
    )
    np.testing.assert_array_equal(got.reach, [[1, 3, 2]] * 2)
    np.testing.assert_array_equal(got.eligible, [True] * 3)
    np.testing.assert_allclose(got.cost[1], (0.3 * (12 + 4) + 0.4 * (14 + 3)) / 18)
    # A person on the social list gets 0.12, and its part of what 4 households of 12 persons get.
    for code in (SOCIAL, BOTH):
        np.testing.assert_allclose(transfer_known(got, 1, code)[0], 0.12 * (1 + 4 / 12))
    assert not got.support_at[1, PRODUCTIVE].any()
    assert len(got.supports) == 1
    overlap = got.lists[2]
    assert overlap.name == "both"
    np.testing.assert_allclose(overlap.coverage, 8 / 18)


def test_equal_budgets_hold_for_lists_too() -> None:
    got = laid(
        config_of(
            {"cash": TRANSFER, "grant": GRANT},
            ARMS,
            equal=Equal.BUDGET,
            mode=ProgrammeMode.ROLLOUT,
            targeting_productive=EVERYBODY,
        )
    )
    # 12 of 18 persons get cash, 18 the grant; 0.3 * 12 / 18 for all.
    np.testing.assert_allclose(got.cost[1:], 0.2)
    np.testing.assert_allclose(got.grant[2, BOTH, 0], 0.3 * 0.2 / 0.4, rtol=1e-6)


def test_somebody_must_be_eligible() -> None:
    with pytest.raises(ConfigError, match=r"cutoff must lie above the lowest income \(0.5 lines"):
        delivered(TRANSFER, targeting=Targeting(TargetingRule.BELOW_LINE, 0.5))


# As in step 1


def test_the_standard_arms_of_erewhon_by_hand() -> None:
    config = compose(["case=erewhon", "arms=[none,cash,productive,both]"])
    got = laid(config, people([0.5, 2.0]))
    # Ten years. Cash: 0.15 a year for three. Productive: 0.3 at once, 0.8 over a year.
    quarters = np.arange(40)
    cash = np.where(quarters < 12, 0.15 / 4, 0)
    grant = np.where(quarters < 1, 0.3, 0)
    training = np.where(quarters < 4, 1 - 0.2**0.25, 0)
    nothing = np.zeros(40)
    for name, expected in {
        "transfer": [nothing, cash, nothing, cash],
        "grant": [nothing, nothing, grant, grant],
        "training": [nothing, nothing, training, training],
    }.items():
        np.testing.assert_allclose(getattr(got, name)[:, BOTH], expected, rtol=1e-6, atol=0)
    np.testing.assert_array_equal(got.support_at[:, BOTH] > 0, got.transfer[:, BOTH] > 0)
    assert got.supports == (Support(pytest.approx(0.15, rel=1e-12), Terms()),)
    np.testing.assert_allclose(got.cost, [0, 0.51, 0.43, 0.94])
    np.testing.assert_array_equal(got.reach, [[3, 0]] * 4)


# The page


def rows() -> dict[str, list[str]]:
    """Rows of the page's table by kind."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {kind.strip("`"): rest for kind, *rest in cells}


def test_the_page_tells_every_kind_its_side_and_how_its_cost_counts() -> None:
    assert set(rows()) == {kind.value for kind in ContentKind}
    for kind, (side, _, _, cost) in rows().items():
        content = replace(TRANSFER, kind=ContentKind(kind), months=24)
        assert side == side_of(content).value
        assert cost == ("per year" if planned_times(content) == 2 else "once")


def test_the_example_of_the_page_composes_and_delivers() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    override = yaml.safe_load(example)
    tree = asdict(compose(["case=erewhon"]))
    tree["programme"]["contents"] |= override["programme"]["contents"]
    tree["programme"]["arms"] |= override["programme"]["arms"]
    tree["arms"] = override["arms"]
    config = from_mapping(tree)
    used = [name for arm in override["programme"]["arms"].values() for name in arm]
    assert set(override["programme"]["contents"]) <= set(used)
    got = laid(config)
    assert got.names == tuple(override["arms"])
    assert all(got.cost[1:] > 0)
    assert got.coaching.any() and got.per_pupil.any() and len(got.supports) > 1
