"""Mobility: from the quintile of income at the start to that of consumption in the last year."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import CALM_WORLD, Array, arm_index
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

N_QUINTILES = 5
OF_ROW = "share of the persons who began in from_quintile, decimal"
SLOPE = "ranks of the last year per rank at the start"


def mobility(results: Results, scenario: str = "") -> pd.DataFrame:
    """Quintile transitions and the slope of rank on rank, by arm and world, all persons.

    The cuts of the last year are the quintiles of the arm none without shock, so that the other
    arms can move up together; a bin that a cut divides is divided in proportion. The slope ranks
    each arm and world within itself; with five groups at the start it is a slope over group means.

    Returns
    -------
    Twenty-five transition rows and one slope row per arm and world; columns and units in
    `UNITS["mobility"]`. Without errors: the matrix is a mean over replicates and knows no villages.
    """
    return tidy("mobility", list(_rows(results)), scenario)


def transition(counts: Array, reference: Array) -> Array:
    """Shares (5, 5) of each initial quintile in each quintile of the last year.

    Parameters
    ----------
    counts
        Shape (5, n_bins), persons by initial quintile and consumption bin.
    reference
        Shape (n_bins,), persons whose quintiles are the cuts.

    Returns
    -------
    Rows sum to one; NaN for an initial quintile without persons.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        by_quintile = counts @ quintile_of_bins(reference)
        return np.asarray(by_quintile / counts.sum(axis=1, keepdims=True), dtype=np.float64)


def rank_slope(counts: Array) -> float:
    """Slope of the second rank on the first, from counts (n_groups, n_bins) in rising order.

    Everybody of a group or bin has its middle rank. NaN where all stand in one group.
    """
    start_weight, end_weight = counts.sum(axis=1), counts.sum(axis=0)
    total = counts.sum()
    if not total > 0:
        return float("nan")
    start_rank, end_rank = _middle_ranks(start_weight), _middle_ranks(end_weight)
    deviation = start_rank - (start_weight * start_rank).sum() / total
    spread = (start_weight * deviation**2).sum()
    if not spread > 0:
        return float("nan")
    return float((deviation @ counts @ end_rank) / spread)


def quintile_of_bins(reference: Array) -> Array:
    """Share of each bin in each quintile of `reference`, shape (n_bins, 5); rows sum to one."""
    total = reference.sum()
    upper = np.cumsum(reference) / total
    lower = np.concatenate([[0.0], upper[:-1]])
    edges = np.linspace(0.0, 1.0, N_QUINTILES + 1)
    inside = np.minimum(upper[:, None], edges[1:]) - np.maximum(lower[:, None], edges[:-1])
    share = np.maximum(inside, 0.0)
    empty = reference <= 0
    share[empty] = np.clip(np.ceil(upper[empty] * N_QUINTILES), 1, N_QUINTILES)[
        :, None
    ] == np.arange(1, N_QUINTILES + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(share / share.sum(axis=1, keepdims=True), dtype=np.float64)


def _rows(results: Results) -> Iterator[dict[str, object]]:
    none = arm_index(results, "none")
    reference = results.mobility[none, CALM_WORLD].sum(axis=0)
    for a, arm in enumerate(results.arms):
        for w, world in enumerate(results.worlds):
            counts = results.mobility[a, w]
            shares = transition(counts, reference)
            for start in range(N_QUINTILES):
                for end in range(N_QUINTILES):
                    yield {
                        "arm": arm,
                        "shock": world,
                        "measure": "transition",
                        "from_quintile": start + 1,
                        "to_quintile": end + 1,
                        "measured_in": OF_ROW,
                        "estimate": shares[start, end],
                    }
            yield {
                "arm": arm,
                "shock": world,
                "measure": "rank_slope",
                "from_quintile": pd.NA,
                "to_quintile": pd.NA,
                "measured_in": SLOPE,
                "estimate": rank_slope(counts),
            }


def _middle_ranks(weight: Array) -> Array:
    return np.asarray((np.cumsum(weight) - 0.5 * weight) / weight.sum(), dtype=np.float64)
