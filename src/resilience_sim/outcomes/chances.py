"""Chances: the escape probability of typical planner types over assets and money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

CHANCE = "chance to live above the line by the improved technique ten years on, decimal"


def chances(results: Results, scenario: str = "") -> pd.DataFrame:
    """Escape probability over assets and money at planting, without programmes, of the types of `motion`.

    Returns
    -------
    One row per type, node of assets and node of money; columns and units in `UNITS["chances"]`.
    """
    table = pd.DataFrame(results.chances)
    return tidy("chances", table if table.empty else table.assign(measured_in=CHANCE), scenario)
