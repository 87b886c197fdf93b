"""Trajectories: every outcome by year, and consumption and income by period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import ELIGIBLE, Array, all_persons
from resilience_sim.outcomes.uncertainty import luck_error
from resilience_sim.outcomes.units import LINES_PER_YEAR, outcome, reported, tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results


def trajectories(results: Results, scenario: str = "") -> pd.DataFrame:
    """Means over time by arm, world and group (eligible, all), yearly and by period.

    Returns
    -------
    Yearly rows for every outcome and period rows (annualised) for consumption and income; columns
    and units in `UNITS["trajectories"]`.
    """
    n_years, n_periods = results.year_mean.shape[3], results.period_mean.shape[3]
    year = np.arange(1, n_years + 1)
    period = np.arange(1, n_periods + 1)
    year_of_period = (period - 1) // results.periods_per_year + 1
    yearly = {name: outcome(name).unit for name in reported(results.outcomes)}
    by_period = dict.fromkeys(results.period_outcomes, LINES_PER_YEAR)
    kept = [results.outcomes.index(name) for name in yearly]
    frames = [
        _long(results, results.year_mean[..., kept], yearly, "year", year, None),
        _long(results, results.period_mean, by_period, "period", year_of_period, period),
    ]
    return tidy("trajectories", pd.concat(frames, ignore_index=True), scenario)


def _long(
    results: Results,
    values: Array,
    measured: dict[str, str],
    frequency: str,
    year: np.ndarray,
    period: np.ndarray | None,
) -> pd.DataFrame:
    """Long frame of values (A,W,R,T,G,O), with O in the order of `measured`."""
    groups = np.stack(
        [values[..., ELIGIBLE, :], all_persons(values, results.group_weight, axis=4)], axis=-2
    )
    mean = groups.mean(axis=2)
    error = luck_error(groups, axis=2)
    index = pd.MultiIndex.from_product(
        [results.arms, results.worlds, range(len(year)), ["eligible", "all"], list(measured)],
        names=["arm", "shock", "time", "group", "outcome"],
    )
    frame = index.to_frame(index=False)
    time = frame.pop("time").to_numpy()
    frame["frequency"] = frequency
    frame["year"] = year[time]
    numbered = np.full(len(time), pd.NA, dtype=object) if period is None else period[time]
    frame["period"] = pd.array(numbered, dtype="Int64")
    frame["measured_in"] = frame["outcome"].map(measured)
    frame["mean"], frame["se_luck"] = mean.ravel(), error.ravel()
    return frame
