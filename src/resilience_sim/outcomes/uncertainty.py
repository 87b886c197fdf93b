"""How exactly the run computed a number: luck and sampling, kept apart.

`se_luck` is the standard error over replicate seeds of their mean. `se_sample` is the design-based
standard error of a weighted mean, or of a contrast of such means, by Taylor linearisation with
villages as clusters within strata. Neither says how sure the world is: parameters and structure are
not in them. The village sums are means over replicates, so a little luck is left in `se_sample`
and an interval from both is slightly too wide rather than too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from resilience_sim.outcomes.axes import Array

NORMAL_95 = 1.959963984540054


def luck_error(draws: Array, axis: int) -> Array:
    """Standard error over replicates of their mean, in the unit of `draws`.

    NaN with one replicate: nothing can be said about luck from a single draw of it.
    """
    n_replicates = draws.shape[axis]
    if n_replicates < 2:
        return np.full(np.delete(draws.shape, axis), np.nan)
    return np.asarray(draws.std(axis=axis, ddof=1) / np.sqrt(n_replicates), dtype=np.float64)


def jackknife(statistic: Callable[[Array], Array], sums: Array) -> tuple[Array, Array]:
    """Return a statistic of sums over replicates, and its standard error of luck.

    Parameters
    ----------
    statistic
        Takes sums of the shape of one replicate, further axes before them, and keeps these.
    sums
        Shape (n_replicates, ...): sums that add up over replicates.

    Returns
    -------
    The statistic of all replicates together, and its error from leaving out one at a time; of a
    mean over replicates of equal weight that is `luck_error`. The error is NaN with one replicate,
    and where the statistic is not known without one of them.

    References
    ----------
    Efron and Tibshirani (1993), chapter 11: the jackknife estimate of a standard error.
    """
    n_replicates = sums.shape[0]
    total = sums.sum(axis=0)
    estimate = np.asarray(statistic(total), dtype=np.float64)
    if n_replicates < 2:
        return estimate, np.full(estimate.shape, np.nan)
    without = statistic(total - sums)
    spread = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return estimate, np.sqrt((n_replicates - 1) / n_replicates * spread)


def influence_of_mean(village_sum: Array, village_weight: Array) -> Array:
    """What each village adds to the deviation of a weighted mean, linearised.

    Parameters
    ----------
    village_sum
        Shape (..., n_villages): person-weighted sums of an outcome.
    village_weight
        Shape (n_villages,): the persons behind each sum. Zero where nobody of the group lives.

    Returns
    -------
    Shape (..., n_villages) in the unit of the outcome; sums to zero. Linear, so the influence of a
    contrast of means is the same contrast of influences.

    References
    ----------
    Woodruff (1971), JASA 66: the variance of a ratio is that of its linearised residuals.
    """
    total = village_weight.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = village_sum.sum(axis=-1, keepdims=True) / total
        return np.asarray((village_sum - mean * village_weight) / total, dtype=np.float64)


def influence_of_ratio(
    numerator: Array, denominator: Array, influence_n: Array, influence_d: Array
) -> Array:
    """Influence of `numerator / denominator` by the delta method.

    Shapes: `numerator` and `denominator` (...,), their influences (..., n_villages). The same
    formula turns deviations of replicates into deviations of a ratio.
    """
    n, d = numerator[..., None], denominator[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(influence_n / d - n / d**2 * influence_d, dtype=np.float64)


def sample_error(influence: Array, village_stratum: NDArray[np.integer]) -> Array:
    """Standard error from sampling villages with replacement within strata.

    Parameters
    ----------
    influence
        Shape (..., n_villages), as `influence_of_mean` returns it.
    village_stratum
        Shape (n_villages,): stratum of each village.

    Returns
    -------
    Shape (...,). The variance is the sum over strata of n / (n - 1) times the squared deviations
    of the villages from their stratum mean. A stratum with one village has no mean to deviate
    from: its deviation is taken from the grand mean of all villages, with factor one (the usual
    conservative treatment of single units). NaN with fewer than two villages in all.
    """
    n_villages = influence.shape[-1]
    if n_villages < 2:
        return np.full(influence.shape[:-1], np.nan)
    _, stratum = np.unique(village_stratum, return_inverse=True)
    count = np.bincount(stratum)
    order = np.argsort(stratum, kind="stable")
    starts = np.concatenate([[0], np.cumsum(count)[:-1]])
    by_stratum = np.add.reduceat(influence[..., order], starts, axis=-1) / count
    grand = influence.mean(axis=-1, keepdims=True)
    centre = np.where(count == 1, grand, by_stratum)[..., stratum]
    factor = np.where(count == 1, 1.0, count / np.maximum(count - 1, 1))[stratum]
    squares = influence - centre
    squares *= squares
    squares *= factor
    return np.asarray(np.sqrt(squares.sum(axis=-1)), dtype=np.float64)


def combined_error(se_luck: Array, se_sample: Array) -> Array:
    """Both kinds in quadrature; where one is unknown (NaN) the other alone, NaN where both are."""
    both_unknown = np.isnan(se_luck) & np.isnan(se_sample)
    total = np.sqrt(np.nan_to_num(se_luck) ** 2 + np.nan_to_num(se_sample) ** 2)
    return np.where(both_unknown, np.nan, total)


def interval(
    estimate: Array, se_luck: Array, se_sample: Array, n_replicates: int
) -> tuple[Array, Array]:
    """Lower and upper end of the 95 % interval from luck and sampling together.

    Half its width joins in quadrature Student's quantile times the error of luck, which a few
    replicates know badly, and the normal quantile times the error of sampling.
    """
    half = combined_error(student_95(n_replicates) * se_luck, NORMAL_95 * se_sample)
    return estimate - half, estimate + half


@cache
def student_95(n_replicates: int) -> float:
    """Quantile of Student's t that a mean of `n_replicates` leaves with 2.5 % on either side.

    NaN with one replicate.

    References
    ----------
    Abramowitz and Stegun (1964), 26.7.3 and 26.7.4: the exact sums for whole degrees of freedom.
    """
    freedom = n_replicates - 1
    if freedom < 1:
        return math.nan
    low, high = NORMAL_95, 13.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        is_short = _share_within(middle, freedom) < 0.95
        low, high = (middle, high) if is_short else (low, middle)
    return high


def _share_within(t: float, freedom: int) -> float:
    """Probability that Student's t lies within -t and t."""
    angle = math.atan(t / math.sqrt(freedom))
    is_odd = freedom % 2 == 1
    term = math.cos(angle) if is_odd else 1.0
    total = 0.0
    for k in range(2 if is_odd else 1, freedom, 2):
        total += term
        term *= math.cos(angle) ** 2 * k / (k + 1)
    if is_odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total
