"""Outcomes: tidy tables of what the experiment found. pandas starts here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.outcomes.beliefs import beliefs
from resilience_sim.outcomes.costs import costs
from resilience_sim.outcomes.effects import effects
from resilience_sim.outcomes.escape import escape
from resilience_sim.outcomes.mobility import mobility
from resilience_sim.outcomes.needed import needed
from resilience_sim.outcomes.panel import panel
from resilience_sim.outcomes.poverty import poverty
from resilience_sim.outcomes.resilience import resilience
from resilience_sim.outcomes.thresholds import thresholds
from resilience_sim.outcomes.trajectories import trajectories
from resilience_sim.outcomes.units import UNITS

if TYPE_CHECKING:
    from resilience_sim.results import Results

__all__ = ["TABLES", "UNITS", "tables"]

TABLES = {
    "effects": effects,
    "poverty": poverty,
    "escape": escape,
    "needed": needed,
    "resilience": resilience,
    "mobility": mobility,
    "costs": costs,
    "trajectories": trajectories,
    "beliefs": beliefs,
    "thresholds": thresholds,
}
"""What every run has; the panel comes on request."""


def tables(results: Results, scenario: str | None = None) -> dict[str, pd.DataFrame]:
    """All tables of one run, by name.

    Parameters
    ----------
    results
        What was simulated.
    scenario
        Name of the composed scenario, the first column of every table; None for that of the case.

    Returns
    -------
    One tidy frame per entry of `TABLES`, and the `panel` where the run kept one. Columns and their
    units stand in `UNITS[name]` and in `frame.attrs["units"]`, with the same columns and types
    whatever the run contains.
    """
    name = results.case_name if scenario is None else scenario
    asked = TABLES if results.panel is None else {**TABLES, "panel": panel}
    return {table: build(results, name) for table, build in asked.items()}
