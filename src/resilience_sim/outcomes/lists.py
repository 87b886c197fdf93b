"""Lists: who is on the lists of the two programmes, how well they are aimed, how they overlap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.units import DECIMAL_SHARE, tidy

if TYPE_CHECKING:
    from resilience_sim.results import ListResult, Results

SOCIAL, PRODUCTIVE, BOTH = "social", "productive", "both"
OF_LISTED = "share of persons on the list, decimal"
OF_POOR = "share of poor persons, decimal"
NOBODY_LISTED = "nobody is on the list"
NOBODY_POOR = "nobody is poor"


def lists(results: Results, scenario: str = "") -> pd.DataFrame:
    """Coverage, targeting errors and overlap of the social and the productive list.

    `inclusion_error` is who is listed and not poor, of the listed; `exclusion_error` who is poor
    and not listed, of the poor; poor by the income of the survey. List `both` holds who is on the
    two. `overlap` is the share of a list that is on the other one too, and `coverage_if_apart` the
    coverage that `both` would have were the lists drawn apart from all persons. Facts about the
    population at the start, in every arm, so without errors.

    Returns
    -------
    One row per list and measure; columns and units in `UNITS["lists"]`. NaN, with a reason, where
    a share is of nobody.
    """
    found = {each.name: each for each in results.lists}
    rows = [row for each in results.lists for row in _error_rows(each)]
    if {SOCIAL, PRODUCTIVE, BOTH} <= set(found):
        rows += _overlap_rows(found)
    return tidy("lists", rows, scenario)


def _error_rows(listed: ListResult) -> Iterator[dict[str, object]]:
    yield _row(listed.name, "coverage", DECIMAL_SHARE, listed.coverage, "")
    yield _row(listed.name, "inclusion_error", OF_LISTED, listed.inclusion_error, NOBODY_LISTED)
    yield _row(listed.name, "exclusion_error", OF_POOR, listed.exclusion_error, NOBODY_POOR)


def _overlap_rows(found: dict[str, ListResult]) -> Iterator[dict[str, object]]:
    on_both = found[BOTH].coverage
    for name in (SOCIAL, PRODUCTIVE):
        listed = found[name].coverage
        overlap = on_both / listed if listed > 0 else np.nan
        yield _row(name, "overlap", OF_LISTED, overlap, NOBODY_LISTED)
    apart = found[SOCIAL].coverage * found[PRODUCTIVE].coverage
    yield _row(BOTH, "coverage_if_apart", DECIMAL_SHARE, apart, "")


def _row(
    name: str, measure: str, measured_in: str, estimate: float, reason: str
) -> dict[str, object]:
    return {
        "list": name,
        "measure": measure,
        "measured_in": measured_in,
        "estimate": estimate,
        "reason": reason if np.isnan(estimate) else "",
    }
