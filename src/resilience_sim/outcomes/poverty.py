"""Poverty and inequality among all persons, by arm, world and horizon."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import all_persons, horizon_index, outcome_index
from resilience_sim.outcomes.inequality import (
    histogram_gini,
    histogram_quantile,
    histogram_share_below,
)
from resilience_sim.outcomes.uncertainty import influence_of_mean, luck_error, sample_error
from resilience_sim.outcomes.units import DECIMAL_SHARE, LINES_PER_YEAR, OTHER_OUTCOMES, tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

LINE = 1.0
MEASURED = (
    ("headcount", "consumption", "poor", DECIMAL_SHARE),
    ("gap", "consumption", "poverty_gap", OTHER_OUTCOMES["poverty_gap"]),
    ("severity", "consumption", "poverty_severity", OTHER_OUTCOMES["poverty_severity"]),
    ("headcount", "income", "poor_income", DECIMAL_SHARE),
)
QUANTILES = (("p10", 0.1), ("p50", 0.5), ("p90", 0.9))
VARIABLES = ("income", "consumption")


def poverty(results: Results, scenario: str = "") -> pd.DataFrame:
    """Headcount, gap and severity, Gini and quantiles, over all persons.

    Headcount, gap and severity (strict y < 1 on the last twelve months) carry both errors. Gini,
    P10, P50 and P90 come from histograms that are means over replicates without villages, so their
    errors are not known (NaN). Horizon 0 is the survey: income only, the same for every arm.

    Returns
    -------
    One row per arm, world, horizon and measure; columns and units in `UNITS["poverty"]`.
    """
    rows = [*_measured_rows(results), *_histogram_rows(results)]
    return tidy("poverty", rows, scenario)


def _measured_rows(results: Results) -> Iterator[dict[str, object]]:
    draws = all_persons(
        results.year_mean[:, :, :, horizon_index(results)], results.group_weight, axis=4
    )
    kept = [outcome_index(results, name) for _, _, name, _ in MEASURED]
    influence = influence_of_mean(
        results.village_sum[:, :, :, :, kept].sum(axis=3), results.village_weight.sum(axis=0)
    )
    draws = draws[..., kept]
    mean, se_luck = draws.mean(axis=2), luck_error(draws, axis=2)
    se_sample = sample_error(influence, results.village_stratum)
    for o, (measure, of, _, measured_in) in enumerate(MEASURED):
        for at in np.ndindex(mean.shape[:-1]):
            a, w, h = at
            yield {
                "arm": results.arms[a],
                "shock": results.worlds[w],
                "horizon_years": results.horizons_years[h],
                "measure": measure,
                "of": of,
                "measured_in": measured_in,
                "estimate": mean[*at, o],
                "se_luck": se_luck[*at, o],
                "se_sample": se_sample[*at, o],
            }


def _histogram_rows(results: Results) -> Iterator[dict[str, object]]:
    edges = results.bin_edges
    horizons = (0, *results.horizons_years)
    for a, w, h, v in np.ndindex(results.histogram.shape[:-1]):
        if h == 0 and VARIABLES[v] != "income":
            continue
        counts = results.histogram[a, w, h, v]
        measures = [
            (name, histogram_quantile(counts, edges, level), LINES_PER_YEAR)
            for name, level in QUANTILES
        ]
        measures.append(("gini", histogram_gini(counts, edges), "Gini coefficient, 0 to 1"))
        if h == 0:
            below = histogram_share_below(counts, edges, LINE)
            measures.append(("headcount", below, DECIMAL_SHARE))
        for measure, estimate, measured_in in measures:
            yield {
                "arm": results.arms[a],
                "shock": results.worlds[w],
                "horizon_years": horizons[h],
                "measure": measure,
                "of": VARIABLES[v],
                "measured_in": measured_in,
                "estimate": estimate,
                "se_luck": np.nan,
                "se_sample": np.nan,
            }
