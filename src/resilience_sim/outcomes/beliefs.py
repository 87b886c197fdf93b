"""Complementarity by what households believe: the interaction at several believed hazards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.outcomes.units import outcome as outcome_of
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results


def beliefs(results: Results, scenario: str = "") -> pd.DataFrame:
    """Interaction of both over cash and productive by the believed hazard that cash ends.

    From a subsample of whole villages with `n_households`, eligible persons, at one horizon,
    without shock. Money and counts in levels and in percent of the mean of none, shares in
    percentage points.

    Returns
    -------
    One row per hazard, outcome and unit; columns and units in `UNITS["beliefs"]`. Empty where the
    run did not ask for it.
    """
    rows = []
    for belief in results.beliefs:
        for name, (level, percent, share_above_zero) in belief.interaction.items():
            measured = outcome_of(name)
            units = [("pp", "percentage points", 100.0 * level)]
            if not measured.is_share:
                units = [
                    ("level", measured.unit, level),
                    ("percent", "percent of the mean of none", percent),
                ]
            for unit, measured_in, estimate in units:
                rows.append(
                    {
                        "hazard": belief.hazard,
                        "horizon_years": belief.horizon_years,
                        "outcome": name,
                        "unit": unit,
                        "measured_in": measured_in,
                        "estimate": estimate,
                        "share_above_zero": share_above_zero,
                        "n_households": belief.n_households,
                    }
                )
    return tidy("beliefs", rows, scenario)
