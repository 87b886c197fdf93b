"""Who gets what, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from resilience_sim.config import (
    Basis,
    Content,
    ContentKind,
    Programme,
    Targeting,
    TargetingRule,
)
from resilience_sim.errors import ConfigError
from resilience_sim.programmes import Deliveries, deliveries

TRANSFER = Content(
    kind=ContentKind.TRANSFER,
    value=0.12,
    basis=Basis.PERSON,
    start_month=0,
    months=24,
    unit_cost=0.15,
    success=None,
    source="Butler (1872)",
    quality="fictional",
)
GRANT = replace(TRANSFER, kind=ContentKind.ASSET_GRANT, value=0.3, months=1, unit_cost=0.4)
TRAINING = replace(
    TRANSFER, kind=ContentKind.TRAINING, value=0.0, months=6, unit_cost=0.1, success=0.75
)


@dataclass(frozen=True)
class People:
    """Households of 2, 4 and 6 persons; the first two are poor and stand for 4 and 8 persons."""

    weight: np.ndarray
    size: np.ndarray
    income: np.ndarray

    @property
    def persons(self) -> np.ndarray:
        return self.weight * self.size

    @property
    def n_households(self) -> int:
        return len(self.size)


PEOPLE = People(np.array([2.0, 2.0, 1.0]), np.array([2.0, 4.0, 6.0]), np.array([0.5, 0.9, 1.0]))


def delivered(
    *contents: Content,
    n_periods: int = 12,
    periods_per_year: int = 4,
    targeting: Targeting | None = None,
) -> Deliveries:
    """Deliveries of the arms none and all, the latter with all of `contents`."""
    programme = Programme(
        contents={str(index): content for index, content in enumerate(contents)},
        arms={"none": [], "all": [str(index) for index in range(len(contents))]},
        targeting=targeting or Targeting(TargetingRule.BELOW_LINE, 1.0),
    )
    people: Any = PEOPLE
    return deliveries(programme, ["none", "all"], n_periods, periods_per_year, people)


def test_a_transfer_by_hand() -> None:
    got = delivered(TRANSFER)
    # 0.12 a year is 0.03 a quarter, for eight of twelve quarters.
    np.testing.assert_allclose(got.transfer, [[0] * 12, [0.03] * 8 + [0] * 4], rtol=1e-6)
    np.testing.assert_array_equal(got.phase, [[0] * 12, [1] * 8 + [0] * 4])
    np.testing.assert_allclose(got.mean_transfer_per_year, [0, 0.12])
    # Two years at 0.15.
    np.testing.assert_allclose(got.cost, [0, 0.3])
    for other in (got.transfer_household, got.grant, got.grant_household, got.training):
        assert not other.any()
    assert got.names == ("none", "all")
    assert got.transfer.dtype == np.float32
    assert got.phase.dtype == np.int32


def test_a_period_partly_covered_gets_its_months() -> None:
    late = replace(TRANSFER, start_month=4, months=6)
    # Months 4 to 9: two months of the second quarter, three of the third, one of the fourth.
    got = delivered(late, n_periods=4)
    np.testing.assert_allclose(got.transfer[1], [0, 0.02, 0.03, 0.01], rtol=1e-6)
    np.testing.assert_array_equal(got.phase[1], [0, 1, 1, 1])
    np.testing.assert_allclose(got.mean_transfer_per_year[1], 0.12)
    monthly = delivered(late, n_periods=12, periods_per_year=12)
    np.testing.assert_allclose(monthly.transfer[1], [0] * 4 + [0.01] * 6 + [0] * 2, rtol=1e-6)
    yearly = delivered(late, n_periods=1, periods_per_year=1)
    np.testing.assert_allclose(yearly.transfer[1], [0.06], rtol=1e-6)


def test_what_is_given_per_household_is_divided_over_eligible_persons() -> None:
    got = delivered(replace(TRANSFER, basis=Basis.HOUSEHOLD), replace(GRANT, basis=Basis.HOUSEHOLD))
    np.testing.assert_allclose(got.transfer_household[1, :8], 0.03, rtol=1e-6)
    np.testing.assert_allclose(got.grant_household[1, 0], 0.3, rtol=1e-6)
    assert not got.transfer.any()
    assert not got.grant.any()
    # The poor: 4 households with 12 persons, so a third of a household for each person.
    np.testing.assert_allclose(got.mean_transfer_per_year[1], 0.12 / 3)
    np.testing.assert_allclose(got.cost[1], (2 * 0.15 + 0.4) / 3)


def test_a_grant_is_handed_over_once_or_in_parts() -> None:
    np.testing.assert_allclose(delivered(GRANT).grant[1], [0.3] + [0] * 11, rtol=1e-6)
    parts = delivered(replace(GRANT, start_month=2, months=6), n_periods=4)
    # A month of the first quarter, three of the second, two of the third.
    np.testing.assert_allclose(parts.grant[1], [0.05, 0.15, 0.1, 0], rtol=1e-6)
    np.testing.assert_allclose(parts.cost[1], 0.4)
    assert not parts.phase.any()


def test_a_training_succeeds_as_often_as_it_says() -> None:
    got = delivered(TRAINING)
    # Half the months in each of two quarters: 1 - (1 - 0.75)^0.5 = 0.5, twice.
    np.testing.assert_allclose(got.training[1], [0.5, 0.5] + [0] * 10, rtol=1e-6)
    np.testing.assert_allclose(got.cost[1], 0.1)
    for n_periods, periods_per_year in ((3, 1), (12, 4), (36, 12)):
        learning = delivered(TRAINING, n_periods=n_periods, periods_per_year=periods_per_year)
        unlearnt = np.prod(1 - learning.training[1].astype(float))
        assert unlearnt == pytest.approx(0.25, rel=1e-5)
    sure = delivered(replace(TRAINING, success=1.0))
    np.testing.assert_array_equal(sure.training[1], [1, 1] + [0] * 10)
    never = delivered(replace(TRAINING, success=0.0))
    assert not never.training.any()


def test_contents_of_an_arm_add_up() -> None:
    top_up = replace(TRANSFER, value=0.24, start_month=12, months=12, unit_cost=0.24)
    got = delivered(TRANSFER, top_up, GRANT, GRANT, TRAINING, TRAINING)
    np.testing.assert_allclose(got.transfer[1, :9], [0.03] * 4 + [0.09] * 4 + [0], rtol=1e-6)
    # Two years run; 0.24 in all from the one and 0.24 from the other.
    np.testing.assert_allclose(got.mean_transfer_per_year[1], 0.24)
    np.testing.assert_allclose(got.grant[1, 0], 0.6, rtol=1e-6)
    # Learning from either of two: 1 - 0.5 * 0.5.
    np.testing.assert_allclose(got.training[1, :2], 0.75, rtol=1e-6)
    np.testing.assert_allclose(got.cost[1], 2 * 0.15 + 0.24 + 2 * 0.4 + 2 * 0.1)


def test_what_comes_after_the_run_is_neither_delivered_nor_paid_for() -> None:
    got = delivered(TRANSFER, replace(GRANT, start_month=100), n_periods=4)
    np.testing.assert_allclose(got.transfer[1], 0.03, rtol=1e-6)
    np.testing.assert_allclose(got.cost[1], 0.15)
    assert not got.grant.any()


def test_a_zero_programme_is_no_programme() -> None:
    got = delivered(replace(TRANSFER, value=0.0), replace(GRANT, value=0.0))
    for array in (got.transfer, got.grant, got.training, got.phase, got.mean_transfer_per_year):
        np.testing.assert_array_equal(array[1], array[0])


def test_who_is_eligible() -> None:
    # Strictly below the cutoff.
    np.testing.assert_array_equal(delivered(TRANSFER).eligible, [True, True, False])
    everybody = Targeting(TargetingRule.ALL, 0.0)
    assert delivered(TRANSFER, targeting=everybody).eligible.all()


def test_somebody_must_be_eligible() -> None:
    with pytest.raises(ConfigError, match=r"cutoff must lie above the lowest income \(0.5 lines"):
        delivered(TRANSFER, targeting=Targeting(TargetingRule.BELOW_LINE, 0.5))
