import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.mobility import mobility, rank_slope, transition


def test_nobody_moves():
    counts = np.eye(5)
    assert transition(counts, np.ones(5)) == pytest.approx(np.eye(5))
    assert rank_slope(counts) == pytest.approx(1)
    assert rank_slope(counts[::-1]) == pytest.approx(-1)


def test_everybody_forgets():
    counts = np.ones((5, 20))
    assert transition(counts, np.ones(20)) == pytest.approx(np.full((5, 5), 0.2))
    assert rank_slope(counts) == pytest.approx(0, abs=1e-15)


def test_a_cut_divides_a_bin_in_proportion():
    # Two bins of 1 and 1: the second fifth of persons ends at .4, so bin one (0 to .5) holds the
    # first two fifths and half of the third: shares .4, .4, .2.
    shares = transition(np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]]), np.array([1.0, 1.0]))
    assert shares[0] == pytest.approx([0.4, 0.4, 0.2, 0, 0])
    assert shares[4] == pytest.approx([0, 0, 0.2, 0.4, 0.4])


def test_persons_beyond_the_reference_fall_in_the_outer_quintiles():
    reference = np.array([0.0, 1.0, 1.0, 0.0])
    counts = np.array([[1.0, 0, 0, 0]] * 4 + [[0, 0, 0, 1.0]])
    shares = transition(counts, reference)
    assert shares[0] == pytest.approx([1, 0, 0, 0, 0])
    assert shares[4] == pytest.approx([0, 0, 0, 0, 1])


def test_slope_of_two_groups_worked_by_hand():
    # Starts at ranks .25 and .75; ends: of the poor 3/4 in the low bin (.25), of the rich 1/4.
    # Mean end ranks .375 and .625: slope .25 / .5.
    assert rank_slope(np.array([[3.0, 1.0], [1.0, 3.0]])) == pytest.approx(0.5)


def test_untreated_quintiles_hold_a_fifth_each():
    made = synthetic_results.results()
    table = mobility(made)
    rows = table[(table.measure == "transition") & (table.arm == "none") & (table.shock == "none")]
    shares = rows.estimate.to_numpy().reshape(5, 5)
    assert shares.sum(1) == pytest.approx(1)
    start = made.mobility[0, 0].sum(1) / made.mobility[0, 0].sum()
    assert start @ shares == pytest.approx(0.2)
    both = table[(table.measure == "transition") & (table.arm == "both") & (table.shock == "none")]
    assert both[both.to_quintile == 5].estimate.mean() > 0.2, "cuts are those of the arm none"
    assert len(table) == 4 * 2 * 26
    assert table[table.measure == "rank_slope"].from_quintile.isna().all()
