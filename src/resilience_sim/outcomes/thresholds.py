"""Thresholds: what the planner types are, where they rest, and from which assets they escape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results


def thresholds(results: Results, scenario: str = "") -> pd.DataFrame:
    """Planner types with their class, their thresholds and their luckless rests, in lines.

    Thresholds are found, not set: the least assets on the grid, a quarter's line at hand, from
    which the chance to live by the improved technique above the line ten years on is at least 1/4,
    1/2 and 3/4, without programmes; NaN where no assets on the grid suffice. A row is a type, not a
    person: types are not weighted by who lives them.

    Returns
    -------
    One row per type; columns and units in `UNITS["thresholds"]`.
    """
    return tidy("thresholds", results.thresholds, scenario)
