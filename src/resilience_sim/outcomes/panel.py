"""Panel: single households, year by year, where the run kept some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results


def panel(results: Results, scenario: str = "") -> pd.DataFrame:
    """Income, consumption, assets, savings and technique of the households kept, replicate 0.

    Returns
    -------
    One row per household, arm, world and year; columns and units in `UNITS["panel"]`. Empty where
    the run kept nobody.
    """
    return tidy("panel", results.panel or {}, scenario)
