import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.recovery import recovery
from resilience_sim.outcomes.resilience import resilience


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


@pytest.fixture(scope="module")
def table(made):
    return recovery(made)


def rows(table, arm, measure):
    return table[(table.arm == arm) & (table.measure == measure)]


@pytest.mark.parametrize("arm", synthetic_results.ARMS)
def test_the_deepest_gap_is_the_depth_of_the_shock(table, made, arm):
    gap = rows(table, arm, "gap")
    told = resilience(made)
    depth = told[(told.arm == arm) & (told.measure == "depth")].iloc[0]
    trough = told[(told.arm == arm) & (told.measure == "months_to_trough")].iloc[0]
    deepest = gap.loc[gap.estimate.idxmax()]
    assert deepest.estimate == pytest.approx(depth.estimate, abs=1e-12)
    assert deepest.se_luck == pytest.approx(depth.se_luck, abs=1e-12)
    assert deepest.months == trough.estimate


def test_months_count_from_the_period_of_the_shock(table):
    gap = rows(table, "none", "gap")
    n_periods = synthetic_results.N_YEARS * synthetic_results.PERIODS_PER_YEAR
    assert gap.months.tolist() == [
        3.0 * i for i in range(n_periods - synthetic_results.SHOCK_START)
    ]


def test_who_is_not_back_goes_on_from_who_is_back(table, made):
    # RECOVERY: half never below, then .2, .1, .05, .05 back after 1 to 4 years, .1 in the last year.
    told = rows(table, "none", "not_back")
    assert told.months.tolist() == [12.0 * year for year in range(5)]
    assert told.estimate.tolist() == pytest.approx([0.5, 0.3, 0.2, 0.15, 0.1])
    shares = resilience(made)
    back = shares[(shares.arm == "none") & (shares.measure == "back_within_2_years")].estimate
    assert told.estimate.iloc[2] == pytest.approx(1 - back.iloc[0])


def test_nothing_recovers_where_nothing_strikes():
    assert recovery(synthetic_results.one_arm()).empty


def test_one_replicate_knows_no_luck():
    assert np.isnan(recovery(synthetic_results.results(n_replicates=1)).se_luck).all()
