"""Weighted inequality and poverty measures, from persons and from histograms.

Own numpy, tested on hand-computed cases: two packages tried returned wrong weighted Ginis.
"""

from __future__ import annotations

import numpy as np

from resilience_sim.outcomes.axes import Array


def gini(values: Array, weights: Array) -> float:
    """Weighted Gini coefficient of values of shape (n,) with weights of shape (n,).

    One minus twice the area under the Lorenz curve, which is drawn with straight pieces between
    observations; 0 where all are equal. NaN without weight or where the mean is not above zero.
    """
    order = np.argsort(values, kind="stable")
    value, weight = values[order], weights[order]
    total_weight, total = weight.sum(), (weight * value).sum()
    if not total_weight > 0 or not total > 0:
        return float("nan")
    share = weight / total_weight
    lorenz = np.cumsum(weight * value) / total
    before = np.concatenate([[0.0], lorenz[:-1]])
    return float(1.0 - (share * (lorenz + before)).sum())


def quantile(values: Array, weights: Array, level: float) -> float:
    """Smallest value at which the weighted share of persons at or below reaches `level`.

    Shapes (n,); `level` in (0, 1]. NaN without weight.
    """
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    if cumulated.size == 0 or not cumulated[-1] > 0:
        return float("nan")
    target = level * cumulated[-1] * (1.0 - 1e-12)
    return float(values[order][np.searchsorted(cumulated, target)])


def poverty_index(values: Array, weights: Array, line: float, power: int) -> float:
    """Foster-Greer-Thorbecke index with strict `value < line`.

    Shapes (n,). Power 0 is the headcount, 1 the gap, 2 the severity. A decimal; NaN without weight.
    """
    total = weights.sum()
    if not total > 0:
        return float("nan")
    is_poor = values < line
    gap = np.where(is_poor, (line - values) / line, 0.0)
    return float((weights * is_poor * gap**power).sum() / total)


def histogram_gini(counts: Array, edges: Array) -> float:
    """Gini of a histogram: `counts` (n_bins,) persons, `edges` (n_bins + 1,).

    Everybody in a bin stands at its middle, so inequality within bins is left out.
    """
    return gini(bin_middle(edges), counts)


def histogram_quantile(counts: Array, edges: Array, level: float) -> float:
    """Quantile of a histogram, persons spread evenly within each bin. NaN without weight."""
    total = counts.sum()
    if not total > 0:
        return float("nan")
    cumulated = np.concatenate([[0.0], np.cumsum(counts)]) / total
    position = int(np.searchsorted(cumulated, level, side="left"))
    position = min(max(position, 1), counts.size)
    low, high = edges[position - 1], edges[position]
    share = (level - cumulated[position - 1]) / (cumulated[position] - cumulated[position - 1])
    if not np.isfinite(high - low):
        return float(low if np.isfinite(low) else high)
    return float(low + share * (high - low))


def histogram_share_below(counts: Array, edges: Array, line: float) -> float:
    """Share of a histogram below `line`; exact where it is an edge, else spread within its bin."""
    total = counts.sum()
    if not total > 0:
        return float("nan")
    cumulated = np.concatenate([[0.0], np.cumsum(counts)]) / total
    known = np.isfinite(edges)
    return float(np.interp(line, edges[known], cumulated[known]))


def bin_middle(edges: Array) -> Array:
    """Middle of each bin, shape (n_bins,); an open bin stands at its finite edge."""
    low, high = edges[:-1], edges[1:]
    middle = 0.5 * (low + high)
    return np.where(np.isfinite(middle), middle, np.where(np.isfinite(low), low, high))
