import numpy as np
import pytest

from resilience_sim.outcomes.inequality import (
    bin_middle,
    gini,
    histogram_gini,
    histogram_quantile,
    histogram_share_below,
    poverty_index,
    quantile,
)


@pytest.mark.parametrize(
    ("values", "weights", "expected"),
    [
        # One person has all: 1 - 1/n.
        ([0.0, 1.0], [1.0, 1.0], 0.5),
        ([0.0, 1.0], [3.0, 1.0], 0.75),
        # Lorenz points (1/2, 1/4), (1, 1): 1 - (1/2 * 1/4 + 1/2 * 5/4) = 1/4.
        ([3.0, 1.0], [1.0, 1.0], 0.25),
        # One of weight 3 counts as three persons: 1, 1, 1, 5 has Gini 0.375.
        ([5.0, 1.0], [1.0, 3.0], 0.375),
        ([2.0, 2.0, 2.0], [1.0, 5.0, 2.0], 0.0),
    ],
)
def test_gini_of_cases_worked_by_hand(values, weights, expected):
    assert gini(np.array(values), np.array(weights)) == pytest.approx(expected, abs=1e-15)


def test_gini_equals_the_mean_difference_between_pairs():
    rng = np.random.default_rng(3)
    values, weights = rng.lognormal(size=40), rng.uniform(0.2, 3, size=40)
    pairs = np.abs(values[:, None] - values) * weights[:, None] * weights
    mean = (values * weights).sum() / weights.sum()
    expected = pairs.sum() / weights.sum() ** 2 / (2 * mean)
    assert gini(values, weights) == pytest.approx(expected, rel=1e-12)
    unweighted = gini(values, np.ones(40))
    assert abs(unweighted - expected) > 1e-3, "the weights must matter for this test to say much"


def test_measures_without_persons_are_unknown():
    nobody = np.zeros(3)
    assert np.isnan(gini(np.arange(3.0), nobody))
    assert np.isnan(quantile(np.arange(3.0), nobody, 0.5))
    assert np.isnan(poverty_index(np.arange(3.0), nobody, 1.0, 0))
    assert np.isnan(histogram_gini(nobody, np.arange(4.0)))
    assert np.isnan(histogram_quantile(nobody, np.arange(4.0), 0.5))
    assert np.isnan(histogram_share_below(nobody, np.arange(4.0), 0.5))
    assert np.isnan(gini(np.zeros(3), np.ones(3)))


def test_quantiles_count_persons():
    values, weights = np.array([30.0, 10.0, 20.0]), np.array([1.0, 1.0, 2.0])
    assert quantile(values, weights, 0.25) == 10
    assert quantile(values, weights, 0.26) == 20
    assert quantile(values, weights, 0.75) == 20
    assert quantile(values, weights, 1.0) == 30


def test_poverty_is_strict_and_counts_persons():
    # 0.5 is poor with gap 0.5, exactly 1.0 is not poor, 2.0 is not; persons 2, 3, 5.
    values, weights = np.array([0.5, 1.0, 2.0]), np.array([2.0, 3.0, 5.0])
    assert poverty_index(values, weights, 1.0, 0) == pytest.approx(0.2)
    assert poverty_index(values, weights, 1.0, 1) == pytest.approx(0.1)
    assert poverty_index(values, weights, 1.0, 2) == pytest.approx(0.05)


def test_histogram_measures_worked_by_hand():
    counts, edges = np.array([2.0, 0.0, 2.0]), np.array([0.0, 1.0, 2.0, 4.0])
    assert histogram_quantile(counts, edges, 0.25) == pytest.approx(0.5)
    assert histogram_quantile(counts, edges, 0.5) == pytest.approx(1.0)
    assert histogram_quantile(counts, edges, 0.75) == pytest.approx(3.0)
    assert histogram_share_below(counts, edges, 1.0) == pytest.approx(0.5)
    assert histogram_share_below(counts, edges, 3.0) == pytest.approx(0.75)
    # Middles 0.5 and 3.0, half the persons each: (3 - 0.5) / (2 * 3.5).
    assert histogram_gini(counts, edges) == pytest.approx(2.5 / 7)


def test_an_open_bin_stands_at_its_finite_edge():
    edges = np.array([-np.inf, 0.0, 1.0, np.inf])
    assert bin_middle(edges).tolist() == [0.0, 0.5, 1.0]
    assert histogram_quantile(np.array([0.0, 1.0, 9.0]), edges, 0.9) == 1.0
    assert histogram_share_below(np.array([1.0, 2.0, 1.0]), edges, 1.0) == pytest.approx(0.75)


def test_fine_histograms_come_close_to_the_persons():
    rng = np.random.default_rng(5)
    values, weights = rng.lognormal(0, 0.7, 4000), rng.uniform(1, 5, 4000)
    edges = np.linspace(0, values.max() + 0.01, 2001)
    counts = np.histogram(values, edges, weights=weights)[0]
    width = edges[1] - edges[0]
    assert histogram_gini(counts, edges) == pytest.approx(gini(values, weights), abs=1e-4)
    for level in (0.1, 0.5, 0.9):
        exact = quantile(values, weights, level)
        assert histogram_quantile(counts, edges, level) == pytest.approx(exact, abs=width)
