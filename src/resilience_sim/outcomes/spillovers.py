"""Spillovers: what the arms do to persons who are not eligible, in the same villages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.outcomes.axes import INELIGIBLE
from resilience_sim.outcomes.contrasts import contrast_rows, sample_of
from resilience_sim.outcomes.effects import contrasts
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results


def spillovers(results: Results, scenario: str = "") -> pd.DataFrame:
    """Each arm minus none at every horizon, world and outcome, for persons not eligible.

    No arm reaches them, but for those whom a response takes in after a shock; what comes to them
    comes by the village: its pool and what neighbours learn from each other. Measured as in
    `effects`; standard deviations are those among persons not eligible.

    Returns
    -------
    One row per arm, world, outcome, unit and horizon; columns and units in `UNITS["spillovers"]`.
    Empty where everybody is eligible.
    """
    if not results.group_weight[INELIGIBLE] > 0:
        return tidy("spillovers", [], scenario)
    sample = sample_of(results, INELIGIBLE)
    rows = [
        row
        for contrast in contrasts(results.arms)
        if contrast.comparison == "control"
        for row in contrast_rows(results, sample, contrast, INELIGIBLE)
    ]
    return tidy("spillovers", rows, scenario)
