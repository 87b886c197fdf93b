"""Asset motion: where ordinary luck takes the assets of typical planner types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.outcomes.units import LINES, tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results


def motion(results: Results, scenario: str = "") -> pd.DataFrame:
    """Assets one year and ten years on over assets at planting, without programmes, luck always ordinary.

    Of each kind of planner type the one that most persons live. It begins with a quarter of a line at
    hand, as the thresholds do. Where the map of ten years crosses the diagonal from below, ordinary
    luck parts: below it assets melt, above it they grow.

    Returns
    -------
    One row per type, years and node of assets; columns and units in `UNITS["motion"]`. `estimate`
    is the assets so many years on.
    """
    table = pd.DataFrame(results.motion)
    return tidy("motion", table if table.empty else table.assign(measured_in=LINES), scenario)
