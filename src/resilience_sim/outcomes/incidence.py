"""Growth incidence: what arms and shocks do to consumption at every place of the distribution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import CALM_WORLD, arm_index
from resilience_sim.outcomes.inequality import histogram_quantile
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

PERCENTILES = range(5, 100, 5)
CONSUMPTION = 1
"""Place of consumption in the histograms; income comes first."""
GAIN = "percent of the same quantile of the world and arm compared with"


def incidence(results: Results, scenario: str = "") -> pd.DataFrame:
    """Quantiles of consumption beside those of none, and with a shock beside those without it.

    Quantiles of all persons, each world and arm ranked within itself: persons at one place need not be
    the same. From histograms that are means over replicates, so their errors are not known.

    Returns
    -------
    One row per arm, world, comparison, horizon and percentile; columns and units in
    `UNITS["incidence"]`. `estimate` is the gain in percent, NaN where the quantile compared with is
    zero.
    """
    return tidy("incidence", list(_rows(results)), scenario)


def _rows(results: Results) -> Iterator[dict[str, object]]:
    quantiles = _quantiles(results)
    none = arm_index(results, "none")
    n_arms, n_worlds = quantiles.shape[:2]
    for a, w in np.ndindex(n_arms, n_worlds):
        compared = []
        if a != none:
            compared.append(("control", quantiles[none, w]))
        if w != CALM_WORLD:
            compared.append(("calm", quantiles[a, CALM_WORLD]))
        for comparison, base in compared:
            for h, i in np.ndindex(base.shape):
                own, other = quantiles[a, w, h, i], base[h, i]
                yield {
                    "arm": results.arms[a],
                    "shock": results.worlds[w],
                    "comparison": comparison,
                    "horizon_years": results.horizons_years[h],
                    "percentile": PERCENTILES[i],
                    "measured_in": GAIN,
                    "estimate": 100 * (own / other - 1) if other > 0 else np.nan,
                    "quantile": own,
                    "compared": other,
                }


def _quantiles(results: Results) -> np.ndarray:
    """Quantiles of consumption, shape (A, W, H, percentiles), lines per year."""
    counts = results.histogram[:, :, 1:, CONSUMPTION]
    out = np.empty((*counts.shape[:-1], len(PERCENTILES)))
    for at in np.ndindex(counts.shape[:-1]):
        out[at] = [
            histogram_quantile(counts[at], results.bin_edges, percent / 100)
            for percent in PERCENTILES
        ]
    return out
