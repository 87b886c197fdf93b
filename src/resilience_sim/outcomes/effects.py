"""Effects: contrasts between arms for eligible persons, with errors of luck and of sampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.outcomes.axes import ELIGIBLE, STANDARD_ARMS
from resilience_sim.outcomes.contrasts import Contrast, contrast_rows, sample_of
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results


def effects(
    results: Results, scenario: str = "", tlu_per_line: float | None = None
) -> pd.DataFrame:
    """Contrasts between arms at every horizon, world and outcome, for eligible persons.

    `control` is an arm minus none, `cash` is both minus cash, `productive` is both minus
    productive, `interaction` is both - cash - productive + none. Money comes in levels, as a
    percentage of the mean of the arm compared with (none for the interaction, so its percentages
    are points; NaN where that mean is under 0.01 lines) and, for income, consumption and assets, in
    standard deviations among eligible persons under none in the same world and year, which are
    taken as given. Shares come in percentage points. Twins share luck, so a contrast is a mean of
    differences. With `tlu_per_line`, tropical livestock units that a line of assets buys, assets
    come in those too.

    Returns
    -------
    One row per contrast, world, outcome, unit and horizon; columns and units in `UNITS["effects"]`.
    The interval joins luck and sampling only; with one replicate it is sampling alone.
    """
    sample = sample_of(results, ELIGIBLE)
    rows = [
        row
        for contrast in contrasts(results.arms)
        for row in contrast_rows(results, sample, contrast, ELIGIBLE, tlu_per_line)
    ]
    return tidy("effects", rows, scenario)


def contrasts(arms: Sequence[str]) -> list[Contrast]:
    """The contrasts that these arms can make: each needs all its own."""
    found = [
        Contrast(arm, "control", {arm: 1.0, "none": -1.0}, "none") for arm in arms if arm != "none"
    ]
    found += [
        Contrast("both", other, {"both": 1.0, other: -1.0}, other)
        for other in ("cash", "productive")
        if {"both", other} <= set(arms)
    ]
    if set(STANDARD_ARMS) <= set(arms):
        signs = {"both": 1.0, "cash": -1.0, "productive": -1.0, "none": 1.0}
        found.append(Contrast("both", "interaction", signs, "none"))
    return found
