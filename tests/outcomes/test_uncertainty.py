import numpy as np
import pytest
from scipy.stats import t

from resilience_sim.outcomes.uncertainty import (
    NORMAL_95,
    combined_error,
    influence_of_mean,
    influence_of_ratio,
    interval,
    jackknife,
    luck_error,
    sample_error,
    student_95,
)


def test_luck_error_worked_by_hand():
    # 1, 2, 3 around 2: variance 1, over three replicates.
    assert luck_error(np.array([1.0, 2.0, 3.0]), 0) == pytest.approx(1 / np.sqrt(3))


def test_jackknife_of_a_mean_is_its_usual_error():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    sums = np.stack([values, np.ones(4)], axis=-1)  # a sum and the weight behind it
    estimate, error = jackknife(lambda s: s[..., 0] / s[..., 1], sums)
    assert estimate == 4.0
    assert error == pytest.approx(values.std(ddof=1) / 2)


def test_jackknife_of_a_ratio_worked_by_hand():
    # Sums 1/1, 2/1 and 6/2: together 9/4. Without one: 8/3, 7/3 and 3/2, mean 13/6, deviations
    # 1/2, 1/6 and -2/3, squares 18/36 + ... = 26/36; times 2/3.
    sums = np.array([[1.0, 1.0], [2.0, 1.0], [6.0, 2.0]])
    estimate, error = jackknife(lambda s: s[..., 0] / s[..., 1], sums)
    assert estimate == 2.25
    assert error == pytest.approx(np.sqrt(2 / 3 * 26 / 36))


def test_jackknife_agrees_with_the_spread_of_drawn_ratios():
    rng = np.random.default_rng(5)
    sums = rng.uniform(1, 2, (3000, 8, 2)) * [1, 3]
    found = [jackknife(lambda s: s[..., 0] / s[..., 1], each) for each in sums]
    estimates, errors = np.array(found).T
    assert np.mean(errors**2) == pytest.approx(estimates.var(), rel=0.08)


def test_jackknife_keeps_axes_and_knows_when_it_knows_nothing():
    sums = np.ones((3, 2, 4, 2))
    sums[1:, 0, 0, 1] = 0.0  # a weight that one replicate alone has
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate, error = jackknife(lambda s: s[..., 0] / s[..., 1], sums)
    assert estimate.shape == error.shape == (2, 4)
    assert np.isnan(error[0, 0]) and (error.ravel()[1:] == 0).all()
    assert np.isnan(jackknife(lambda s: s[..., 0], sums[:1])[1]).all()


def test_one_replicate_says_nothing_about_luck():
    assert np.isnan(luck_error(np.ones((4, 1, 2)), axis=1)).all()
    assert luck_error(np.ones((4, 1, 2)), axis=1).shape == (4, 2)


def test_equal_villages_in_one_stratum_give_the_textbook_error():
    means = np.array([1.0, 2.0, 4.0, 7.0])
    weight = np.full(4, 10.0)
    influence = influence_of_mean(means * weight, weight)
    assert influence.sum() == pytest.approx(0, abs=1e-15)
    expected = means.std(ddof=1) / np.sqrt(4)
    assert sample_error(influence, np.zeros(4, int)) == pytest.approx(expected)


def test_strata_take_out_what_differs_between_them():
    # Two strata, constant within: nothing left to vary. Pooled they would.
    means, weight = np.array([1.0, 1.0, 5.0, 5.0]), np.ones(4)
    influence = influence_of_mean(means * weight, weight)
    assert sample_error(influence, np.array([0, 0, 1, 1])) == pytest.approx(0, abs=1e-15)
    assert sample_error(influence, np.zeros(4, int)) > 1


def test_a_single_village_deviates_from_the_grand_mean():
    # Mean 0. Two villages deviate from their mean 0.05 by 0.15, factor 2; the single one by -0.1.
    influence = np.array([0.2, -0.1, -0.1])
    expected = np.sqrt(2 * (0.15**2 + 0.15**2) + 0.1**2)
    assert sample_error(influence, np.array([7, 7, 9])) == pytest.approx(expected)


def test_one_village_in_all_says_nothing_about_the_sample():
    assert np.isnan(sample_error(np.zeros((3, 1)), np.zeros(1, int))).all()


def test_order_and_names_of_strata_do_not_matter():
    rng = np.random.default_rng(2)
    influence, stratum = rng.normal(size=(5, 30)), rng.integers(0, 6, 30)
    order = rng.permutation(30)
    renamed = (stratum * 13 + 5)[order]
    assert sample_error(influence[:, order], renamed) == pytest.approx(
        sample_error(influence, stratum)
    )


def test_errors_of_drawn_samples_agree_with_their_spread():
    rng = np.random.default_rng(11)
    n_samples, n_villages = 4000, 40
    stratum = np.repeat([0, 1], n_villages // 2)
    weight = rng.uniform(5, 15, (n_samples, n_villages))
    mean = np.where(stratum == 0, 1.0, 3.0) + rng.normal(size=(n_samples, n_villages))
    total = mean * weight
    estimates = total.sum(1) / weight.sum(1)
    errors = [
        float(sample_error(influence_of_mean(total[i], weight[i]), stratum))
        for i in range(n_samples)
    ]
    # The variance of an estimated variance over 4000 draws is under three percent.
    assert np.mean(np.square(errors)) == pytest.approx(estimates.var(), rel=0.08)


def test_influence_of_a_ratio_is_its_derivative():
    rng = np.random.default_rng(4)
    top, bottom = rng.uniform(1, 2, 9), rng.uniform(1, 2, 9)
    d_top, d_bottom = rng.normal(size=9), rng.normal(size=9)
    step = 1e-6
    numeric = ((top + step * d_top) / (bottom + step * d_bottom) - top / bottom) / step
    exact = influence_of_ratio(top, bottom, d_top[:, None], d_bottom[:, None])[:, 0]
    assert exact == pytest.approx(numeric, rel=1e-4)


def test_intervals_join_what_is_known():
    luck, sample = np.array([3.0, np.nan, np.nan]), np.array([4.0, 4.0, np.nan])
    assert combined_error(luck, sample)[:2].tolist() == [5.0, 4.0]
    assert np.isnan(combined_error(luck, sample)[2])
    low, high = interval(np.full(3, 10.0), luck, sample, n_replicates=1001)
    assert low[0] == pytest.approx(10 - NORMAL_95 * 5, abs=0.01)
    assert high[1] == pytest.approx(10 + NORMAL_95 * 4)
    assert np.isnan(low[2])


def test_few_replicates_know_their_error_badly():
    for n_replicates in (2, 3, 4, 8, 9, 31, 1000):
        assert student_95(n_replicates) == pytest.approx(t.ppf(0.975, n_replicates - 1), rel=1e-9)
    assert np.isnan(student_95(1))
    low, _ = interval(np.array([0.0]), np.array([1.0]), np.array([0.0]), n_replicates=2)
    assert low[0] == pytest.approx(-12.706, abs=1e-3)
