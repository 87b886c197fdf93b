from dataclasses import replace

import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.resilience import (
    NO_GAP,
    STILL_OPEN,
    TOO_SHORT,
    recovery,
    resilience,
)


def cell(table, arm, measure):
    return table[(table.arm == arm) & (table.measure == measure)].iloc[0]


def test_a_path_worked_by_hand():
    # Quarters: shock begins in the third, trough 0.4 in the fourth; 0.05 is not under a tenth
    # of 0.4, 0.03 is: 5 quarters after the beginning. Area (.2 + .4 + .2 + .1 + .05 + .03) / 4.
    path = recovery(np.array([0, 0, 0.2, 0.4, 0.2, 0.1, 0.05, 0.03, 0.0]), 3, start=2)
    assert path.depth == 0.4
    assert path.trough == 3
    assert path.months_to_trough == 3
    assert path.months_to_recover == 15
    assert path.area_years == pytest.approx(0.98 / 4)
    assert path.reason == ""


def test_a_gap_that_stays_has_no_recovery():
    path = recovery(np.array([0, 0.4, 0.2, 0.2]), 12, start=1)
    assert np.isnan(path.months_to_recover)
    assert path.reason == STILL_OPEN


def test_a_shock_that_never_hurt_has_neither_trough_nor_recovery():
    path = recovery(np.array([0, -0.1, 0.0]), 3, start=1)
    assert np.isnan(path.months_to_trough)
    assert path.reason == NO_GAP


def test_table_reads_the_planted_shock():
    table = resilience(synthetic_results.results())
    for arm, depth in synthetic_results.DEPTH.items():
        found = cell(table, arm, "depth")
        assert found.estimate == pytest.approx(depth)
        # Replicates at 0.9, 1.0 and 1.1 of the depth.
        assert found.se_luck == pytest.approx(0.1 * depth / np.sqrt(3))
        # The planted path is 0.05 of the depth in its seventh quarter.
        assert cell(table, arm, "months_to_recover").estimate == 18
        assert cell(table, arm, "months_to_recover").se_luck == 0
    area = cell(table, "none", "area_lost").estimate
    assert area == pytest.approx(0.2 * (0.5 + 1 + 1 + 0.75 + 0.5 + 0.25 + 0.05) / 4)


def test_shares_back_by_year():
    table = resilience(synthetic_results.results())
    # Last year below: never .5, the year it strikes .2, then .1, .05, .05, and the last year .1.
    expected = {
        "never_below": 0.5,
        "back_within_1_years": 0.7,
        "back_within_2_years": 0.8,
        "never_back": 0.1,
    }
    for measure, share in expected.items():
        assert cell(table, "none", measure).estimate == pytest.approx(share)
    # The shock strikes in year two of six: the fifth year from then on is the last of the run, so
    # who is still below in it cannot be told from who comes back later.
    assert cell(table, "none", "back_within_5_years").reason == TOO_SHORT


def test_a_short_run_cannot_tell_who_is_back_later():
    made = synthetic_results.results()
    made = replace(made, recovery=made.recovery[:, :, :3])
    table = resilience(made)
    assert cell(table, "none", "back_within_1_years").reason == ""
    for years in (2, 5):
        found = cell(table, "none", f"back_within_{years}_years")
        assert np.isnan(found.estimate)
        assert found.reason == TOO_SHORT


def test_without_a_shocked_world_there_is_nothing_to_tell():
    made = synthetic_results.results()
    made = replace(made, worlds=("none",), period_mean=made.period_mean[:, :1])
    assert len(resilience(made)) == 0


def test_recovery_is_counted_from_the_start_of_the_shock_not_from_the_first_gap():
    # The shock starts in the second quarter and first shows in the third, trough in the fourth.
    path = recovery(np.array([0, 0, 0.1, 0.2, 0.01]), 3, start=1)
    assert path.months_to_trough == 6
    assert path.months_to_recover == 9
