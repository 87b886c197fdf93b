"""Recovery: the path by which consumption comes back after a shock, and how many are not back yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import CALM_WORLD, ELIGIBLE
from resilience_sim.outcomes.uncertainty import luck_error
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

GAP = "decimal of normal consumption"
NOT_BACK = "share of eligible persons, decimal"


def recovery(results: Results, scenario: str = "") -> pd.DataFrame:
    """Gap of mean consumption by period, and persons not back by year, since the shock began.

    The gap is mean consumption without the shock minus with it, relative to the former, both under the
    same luck; eligible persons. Not back after so many years is who eats less than 95 % of its twin
    in a later year. Errors are those of luck, over replicates.

    Returns
    -------
    One row per arm, shock, measure and time; columns and units in `UNITS["recovery"]`. Empty without a
    shocked world.
    """
    rows: list[dict[str, object]] = []
    for w in range(1, len(results.worlds)):
        for a, arm in enumerate(results.arms):
            place = {"arm": arm, "shock": results.worlds[w]}
            rows += [place | row for row in (*_gaps(results, a, w), *_not_back(results, a))]
    return tidy("recovery", rows, scenario)


def _gaps(results: Results, a: int, w: int) -> Iterator[dict[str, object]]:
    of = results.period_outcomes.index("consumption")
    paths = results.period_mean[a, :, :, :, ELIGIBLE, of]
    normal, shocked = paths[CALM_WORLD], paths[w]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = 1 - shocked.mean(axis=0) / normal.mean(axis=0)
        error = luck_error(1 - shocked / normal, axis=0)
    months = 12 / results.periods_per_year
    for period in range(results.shock_start_period, mean.size):
        since = (period - results.shock_start_period) * months
        yield _row("gap", since, GAP, float(mean[period]), float(error[period]))


def _not_back(results: Results, a: int) -> Iterator[dict[str, object]]:
    by_replicate = 1 - np.cumsum(results.recovery[a], axis=-1)
    for year in range(by_replicate.shape[-1] - 1):
        draws = np.maximum(by_replicate[:, year], 0.0)
        yield _row("not_back", 12.0 * year, NOT_BACK, draws.mean(), float(luck_error(draws, 0)))


def _row(
    measure: str, months: float, unit: str, estimate: float, error: float
) -> dict[str, object]:
    return {
        "measure": measure,
        "months": months,
        "measured_in": unit,
        "estimate": estimate,
        "se_luck": error,
    }
