"""Resilience: how deep the shock cut, how long recovery took, who never recovered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import CALM_WORLD, ELIGIBLE, Array
from resilience_sim.outcomes.uncertainty import luck_error
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

RECOVERED_GAP = 0.1
BACK_WITHIN_YEARS = (1, 2, 5)
NO_GAP = "consumption never fell below that of the world without shock"
STILL_OPEN = "the gap had not closed at the end of the run"
TOO_SHORT = "the run is too short"
ELIGIBLE_SHARE = "share of eligible persons, decimal"


class Recovery(NamedTuple):
    """How one path of consumption left that of its twin and came back; gaps are decimals of it."""

    depth: float
    trough: int
    months_to_trough: float
    months_to_recover: float
    area_years: float
    reason: str


def resilience(results: Results, scenario: str = "") -> pd.DataFrame:
    """Depth, time to recover, area lost and share never back, by arm, for eligible persons.

    The gap of a period is mean consumption without the shock minus with it, relative to the former,
    both worlds under the same luck. Depth, trough, recovery and area belong to the path averaged
    over replicates. Their `se_luck` is: of depth, the error of the gap at that trough; of the area,
    of its replicates; of the months to recover, of the months of each replicate's own path, NaN
    where one of them never recovers. A household is back once its yearly consumption stays at 95 %
    or more of its twin's; years count from the one in which the shock starts.

    Returns
    -------
    One row per arm, shock and measure; columns and units in `UNITS["resilience"]`. Empty without a
    shocked world.
    """
    rows = []
    for w in range(1, len(results.worlds)):
        for a, arm in enumerate(results.arms):
            measures = [*_path_measures(results, a, w), *_back_measures(results.recovery[a])]
            for measure, measured_in, estimate, se_luck, reason in measures:
                rows.append(
                    {
                        "arm": arm,
                        "shock": results.worlds[w],
                        "measure": measure,
                        "measured_in": measured_in,
                        "estimate": estimate,
                        "se_luck": se_luck,
                        "reason": reason,
                    }
                )
    return tidy("resilience", rows, scenario)


def recovery(gap: Array, months_per_period: float, start: int) -> Recovery:
    """Read one path of relative gaps, shape (n_periods,), decimals of normal consumption.

    The shock begins in period `start`. Recovery is the first period after the trough with a gap
    below a tenth of the depth, counted in months from the beginning. The area is the sum of all
    gaps in years of normal consumption; later gains are taken off it.
    """
    trough = start + int(np.argmax(gap[start:]))
    depth, area = float(gap[trough]), float(gap.sum() * months_per_period / 12)
    if not depth > 0:
        return Recovery(depth, trough, np.nan, np.nan, area, NO_GAP)
    to_trough = (trough - start) * months_per_period
    closed = np.flatnonzero(gap[trough + 1 :] < RECOVERED_GAP * depth)
    if closed.size == 0:
        return Recovery(depth, trough, to_trough, np.nan, area, STILL_OPEN)
    to_recover = (trough + 1 + int(closed[0]) - start) * months_per_period
    return Recovery(depth, trough, to_trough, to_recover, area, "")


_Measure = tuple[str, str, float, float, str]


def _path_measures(results: Results, a: int, w: int) -> list[_Measure]:
    of = results.period_outcomes.index("consumption")
    paths = results.period_mean[a, :, :, :, ELIGIBLE, of]
    normal, shocked = paths[CALM_WORLD], paths[w]
    months, start = 12 / results.periods_per_year, results.shock_start_period
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_gap = 1 - shocked.mean(axis=0) / normal.mean(axis=0)
        gaps = 1 - shocked / normal
    path = recovery(mean_gap, months, start)
    own = [recovery(gap, months, start) for gap in gaps]
    deviations = gaps[:, path.trough]
    error = {
        "depth": deviations,
        "trough": np.array([r.months_to_trough for r in own]),
        "recover": np.array([r.months_to_recover for r in own]),
        "area": np.array([r.area_years for r in own]),
    }
    luck = {name: float(luck_error(draws, 0)) for name, draws in error.items()}
    no_depth = path.reason if path.reason == NO_GAP else ""
    return [
        ("depth", "decimal of normal consumption", path.depth, luck["depth"], ""),
        (
            "months_to_trough",
            "months since the shock began",
            path.months_to_trough,
            luck["trough"],
            no_depth,
        ),
        (
            "months_to_recover",
            "months since the shock began",
            path.months_to_recover,
            luck["recover"] if np.isfinite(path.months_to_recover) else np.nan,
            path.reason,
        ),
        ("area_lost", "years of normal consumption", path.area_years, luck["area"], ""),
    ]


def _back_measures(last_year_below: Array) -> list[_Measure]:
    """Shares by the last year below, from shape (R, years since the shock + 1); 0 is never."""
    n_years = last_year_below.shape[-1] - 1
    measures: list[_Measure] = []
    for years in BACK_WITHIN_YEARS:
        back = last_year_below[:, : years + 1].sum(axis=-1)
        reason = "" if years < n_years else TOO_SHORT
        measures.append(_share(f"back_within_{years}_years", back, reason))
    for measure, column in (("never_below", 0), ("never_back", -1)):
        measures.append(_share(measure, last_year_below[:, column], ""))
    return measures


def _share(measure: str, draws: Array, reason: str) -> _Measure:
    estimate, error = (np.nan, np.nan) if reason else (draws.mean(), luck_error(draws, 0))
    return measure, ELIGIBLE_SHARE, float(estimate), float(error), reason
