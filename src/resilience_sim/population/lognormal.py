"""Lognormal incomes by rank, such that a population of any size has the mean that was asked for."""

from __future__ import annotations

from math import erfc, inf, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resilience_sim.population.observed import Numbers

_NORMAL = NormalDist()


def lognormal_by_rank(
    order: NDArray[np.intp], persons: Numbers, mean: float, sd_log: float
) -> Numbers:
    """Hand out a lognormal distribution over persons, the lowest incomes to the first in `order`.

    Each household gets the mean of its own stretch of the distribution, so the mean over persons is
    `mean` whatever the number of households, and the share below any value is off by no more than
    the household that straddles it.

    Parameters
    ----------
    order
        Households from the lowest to the highest, shape (n,).
    persons
        What each counts, shape (n,).
    mean, sd_log
        Mean, and standard deviation of the log.
    """
    weight = persons[order]
    ends = np.cumsum(weight)
    edges = normal_quantiles(np.append(0.0, ends / ends[-1]))
    below = normal_shares(edges - sd_log)  # share of all income that lies below each edge
    values = np.empty(len(order))
    values[order] = mean * np.diff(below) / (weight / ends[-1])
    return values


def normal_quantiles(shares: ArrayLike) -> Numbers:
    """Values below which these shares of a standard normal distribution lie; infinite at 0 and 1."""
    ends = {0.0: -inf, 1.0: inf}
    return np.array(
        [
            ends[share] if share in ends else _NORMAL.inv_cdf(share)
            for share in np.minimum(shares, 1.0).tolist()
        ]
    )


def normal_shares(values: ArrayLike) -> Numbers:
    """Shares of a standard normal distribution that lie below these values."""
    return np.array([0.5 * erfc(-value / sqrt(2)) for value in np.asarray(values).tolist()])


def midpoints(n: int) -> Numbers:
    """Shares in the middle of `n` equal stretches of a distribution."""
    return (np.arange(n) + 0.5) / n


def normal_scores(n: int) -> Numbers:
    """Ascending numbers of mean zero and variance one (none where `n` is 1) that are nearly normal."""
    scores = normal_quantiles(midpoints(n))
    return scores / np.std(scores) if n > 1 else scores
