"""Heirs: what sums of moments say of them, as means, slopes and correlations.

Sums come in the order of `primitives.HEIR_MOMENTS` on their last axis; every statistic keeps the
axes before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from resilience_sim.kernels.primitives import HEIR_MOMENTS, MIN_YEARS
from resilience_sim.outcomes.axes import Array
from resilience_sim.outcomes.units import LINES, LINES_PER_YEAR

SMALLEST_WEIGHT = 1e-9
"""Persons, in weights of mean one; less is rounding."""
SMALLEST_VARIANCE = 1e-9
"""Share of the mean square below which a variance is rounding."""
OF_HEIRS = "share of heirs, decimal"
NO_HEIRS = "no household handed over in the run"
TOO_SHORT = f"no heir and parent each lived {MIN_YEARS} years in the run"
ALL_ALIKE = "there is nothing to correlate: all are alike"


class Statistic(NamedTuple):
    """A number about heirs: its unit, how it comes from sums of moments, and who it is about."""

    unit: str
    of: Callable[[Array], Array]
    """Sums (..., M) to values (...); NaN where they do not say."""
    judged: str
    """Moment that weighs who it is about: "heirs" or "adults"."""


def missing(statistic: Statistic, total: Array) -> str:
    """Why a statistic of these sums, shape (M,), is not known; to be asked where it is not."""
    if total[_at(statistic.judged)] > SMALLEST_WEIGHT:
        return ALL_ALIKE
    return NO_HEIRS if statistic.judged == "heirs" else TOO_SHORT


def moment(sums: Array, name: str) -> Array:
    """One moment out of sums of shape (..., M): shape (...)."""
    return sums[..., _at(name)]


def ratio(above: Array, below: Array) -> Array:
    """`above / below`, NaN where nothing stands below."""
    with np.errstate(invalid="ignore", divide="ignore"):
        known = np.where(below > SMALLEST_WEIGHT, below, np.nan)
        return np.asarray(above / known, dtype=np.float64)


def _at(name: str) -> int:
    return HEIR_MOMENTS.index(name)


def _mean(sums: Array, of: str, among: str) -> Array:
    return ratio(moment(sums, of), moment(sums, among))


def _slope(sums: Array, of: str, among: str) -> Array:
    """Slope of the heir's value on the parent's."""
    return _covariance(sums, of, among) / _variance(sums, f"{of}_parent", among)


def _correlation(sums: Array, of: str, among: str) -> Array:
    spread = _variance(sums, f"{of}_parent", among) * _variance(sums, of, among)
    return np.asarray(_covariance(sums, of, among) / np.sqrt(spread), dtype=np.float64)


def _covariance(sums: Array, of: str, among: str) -> Array:
    product = _mean(sums, f"{of}_product", among)
    return product - _mean(sums, of, among) * _mean(sums, f"{of}_parent", among)


def _variance(sums: Array, of: str, among: str) -> Array:
    """Variance of one value; NaN where it is no more than rounding."""
    square = _mean(sums, f"{of}_squared", among)
    variance = square - _mean(sums, of, among) ** 2
    return np.where(variance > SMALLEST_VARIANCE * square, variance, np.nan)


def _statistic(
    unit: str, of: Callable[[Array, str, str], Array], name: str, judged: str
) -> Statistic:
    def of_sums(sums: Array) -> Array:
        return of(sums, name, judged)

    return Statistic(unit, of_sums, judged)


STATISTICS = {
    "elasticity": _statistic(
        "log consumption of the heir per log consumption of the parent",
        _slope, "log_consumption", "adults",
    ),
    "school_slope": _statistic(
        "years of the heir per year of the parent", _slope, "school", "heirs"
    ),
    "school_correlation": _statistic("correlation", _correlation, "school", "heirs"),
    "school": _statistic("years, mean of heirs", _mean, "school", "heirs"),
    "school_parent": _statistic("years, mean of their parents", _mean, "school_parent", "heirs"),
    "health": _statistic("index 0 to 1, mean of heirs as children", _mean, "health", "heirs"),
    "confident": _statistic(OF_HEIRS, _mean, "confident", "heirs"),
    "inherited": _statistic(
        f"{LINES}, assets and savings inherited, mean", _mean, "inherited", "heirs"
    ),
    "log_skill": _statistic("log2 of earning ability, mean of heirs", _mean, "log_skill", "heirs"),
    "consumption": _statistic(
        f"{LINES_PER_YEAR}, mean of heirs over their years in the run",
        _mean, "consumption", "adults",
    ),
    "poor": _statistic(f"{OF_HEIRS}, by their mean consumption", _mean, "poor", "adults"),
    "trapped": _statistic(f"{OF_HEIRS}, at the end of the run", _mean, "trapped", "adults"),
}  # fmt: skip
"""What is told of heirs, by name."""
