"""Outcomes: tidy tables of what the experiment found. pandas starts here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.outcomes.beliefs import beliefs
from resilience_sim.outcomes.chances import chances
from resilience_sim.outcomes.channels import channels
from resilience_sim.outcomes.coordination import coordination
from resilience_sim.outcomes.costs import costs
from resilience_sim.outcomes.effects import effects
from resilience_sim.outcomes.escape import escape
from resilience_sim.outcomes.generations import generations
from resilience_sim.outcomes.incidence import incidence
from resilience_sim.outcomes.lists import lists
from resilience_sim.outcomes.measured import measured
from resilience_sim.outcomes.mobility import mobility
from resilience_sim.outcomes.motion import motion
from resilience_sim.outcomes.needed import needed
from resilience_sim.outcomes.panel import panel
from resilience_sim.outcomes.persistence import persistence
from resilience_sim.outcomes.poverty import poverty
from resilience_sim.outcomes.recovery import recovery
from resilience_sim.outcomes.resilience import resilience
from resilience_sim.outcomes.spillovers import spillovers
from resilience_sim.outcomes.thresholds import thresholds
from resilience_sim.outcomes.trajectories import trajectories
from resilience_sim.outcomes.units import UNITS

if TYPE_CHECKING:
    from resilience_sim.config import Config
    from resilience_sim.results import Results

__all__ = ["TABLES", "UNITS", "tables"]

TABLES: dict[str, Callable[[Results, str], pd.DataFrame]] = {
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
    "generations": generations,
    "persistence": persistence,
    "channels": channels,
    "lists": lists,
    "coordination": coordination,
    "spillovers": spillovers,
    "measured": measured,
    "recovery": recovery,
    "incidence": incidence,
    "motion": motion,
    "chances": chances,
}
"""What every run has; the panel comes on request."""


def tables(
    results: Results,
    scenario: str | None = None,
    config: Config | None = None,
    names: Collection[str] | None = None,
) -> dict[str, pd.DataFrame]:
    """All tables of one run, by name, or those asked for.

    Parameters
    ----------
    results
        What was simulated.
    scenario
        Name of the composed scenario, the first column of every table; None for that of the case.
    config
        The composed config, for what results do not say: the contents that measured outcomes count,
        and livestock units in the effects. None leaves both out.
    names
        Entries of `TABLES` to make; None makes all.

    Returns
    -------
    One tidy frame per entry of `TABLES` that is asked for, and the `panel` where the run kept one.
    Columns and their units stand in `UNITS[name]` and in `frame.attrs["units"]`, with the same
    columns and types whatever the run contains.
    """
    name = results.case_name if scenario is None else scenario
    asked = dict(TABLES) if results.panel is None else {**TABLES, "panel": panel}
    if config is not None:
        asked["effects"] = partial(effects, tlu_per_line=config.outcomes.tlu_per_line)
        asked["measured"] = partial(measured, programme=config.programme)
    return {
        table: build(results, name)
        for table, build in asked.items()
        if names is None or table in names or table == "panel"
    }
