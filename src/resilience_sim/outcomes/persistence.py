"""Persistence: how far schooling passes on untreated, beside what is reported of six countries."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.evidence import Reported, parameters
from resilience_sim.outcomes.axes import CALM_WORLD, arm_index
from resilience_sim.outcomes.generations import ALL, demography, heir_sums
from resilience_sim.outcomes.heirs import STATISTICS, missing
from resilience_sim.outcomes.uncertainty import jackknife
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

COMPARED = (
    (
        "school_slope",
        "intergenerational_education",
        "persistence IGP (own years on parental years)",
    ),
    ("school_correlation", "intergenerational_education", "parent-child schooling correlation COR"),
    ("elasticity", "intergenerational_income", "intergenerational income elasticity IGEincome"),
)
"""Statistic of heirs, and the block and name of the rows it stands beside."""
SOURCE = "GDIM"
SEEN = ("verified", "secondary")
UNUSABLE = "UNUSABLE"
PARENT = re.compile(r"parent=(\w+)")
PARENTS = {"max": "better schooled", "avg": "mean of both", "": "income"}
"""What of the parents a row is about, by how the source says it."""


def persistence(results: Results, scenario: str = "") -> pd.DataFrame:
    """Schooling of heirs on that of their parents under none without shock, and the gap to reports.

    The reports are the World Bank's, for whole countries; a row is usable if it was seen (quality
    verified or secondary) and does not say of itself that it is not. Six countries are: Colombia,
    Mexico, Peru, Ethiopia, Mali and Zambia. Lesotho's rows are not, for parents' schooling was
    coded near zero. The source defines persistence by the better schooled parent; a household of
    the model has one adult schooling. The elasticity of consumption stands beside elasticities of
    income by mixed methods, where there are any. With synthetic demography the schooling of parents
    is drawn, so their part in the slope is assumed too.

    Returns
    -------
    One row per measure, country and kind of parent; columns and units in `UNITS["persistence"]`.
    `gap` is the estimate minus what is reported. Estimate and gap are NaN, with a reason, where
    nobody handed over.
    """
    return tidy("persistence", list(_rows(results)), scenario)


def usable(block: str, name: str) -> list[Reported]:
    """Reported numbers of one name that may be compared with."""
    return [
        row
        for row in parameters(block)
        if row.name == name
        and row.source.startswith(SOURCE)
        and row.quality in SEEN
        and UNUSABLE not in row.locator
    ]


def _rows(results: Results) -> Iterator[dict[str, object]]:
    untreated = heir_sums(results)[:, arm_index(results, "none"), CALM_WORLD, ALL]
    for measure, block, name in COMPARED:
        statistic = STATISTICS[measure]
        estimate, se_luck = jackknife(statistic.of, untreated)
        is_missing = bool(pd.isna(estimate))
        for row in usable(block, name):
            reported = math.nan if row.value is None else row.value
            parent = PARENT.search(row.locator)
            _, _, caution = row.locator.partition(" | ")
            yield {
                "measure": measure,
                "country": row.scope,
                "parent": PARENTS[parent.group(1) if parent else ""],
                "measured_in": statistic.unit,
                "estimate": float(estimate),
                "se_luck": float(se_luck),
                "reported": reported,
                "gap": float(estimate) - reported,
                "demography": demography(results),
                "caution": caution,
                "quality": row.quality,
                "source": row.source,
                "locator": row.locator,
                "reason": missing(statistic, untreated.sum(axis=0)) if is_missing else "",
            }
