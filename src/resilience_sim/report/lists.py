"""Lists as printed: how well the two programmes are aimed, and how far their lists overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from resilience_sim.report.page import arm_line, finding, in_order, number, pick, title, where

SHOWN = (
    ("coverage", "of all persons"),
    ("inclusion_error", "of listed, not poor"),
    ("exclusion_error", "of poor, not listed"),
    ("overlap", "of listed, on both"),
)
CELL = 21


def lists_section(lists: pd.DataFrame) -> list[str]:
    """Lines on who is listed, where the run has lists."""
    if lists.empty:
        return []
    lines = title(
        "Who is on the lists of the two programmes, percent",
        "Poor by the income of the survey.",
    )
    lines.append(arm_line("", [head for _, head in SHOWN], CELL))
    for name in in_order(lists["list"]):
        rows = lists[lists["list"] == name]
        cells = [number(100 * pick(rows, "estimate", measure=of), 1) for of, _ in SHOWN]
        lines.append(arm_line(name, cells, CELL))
    return lines + finding(_sentences(lists))


def _sentences(lists: pd.DataFrame) -> Iterable[str]:
    missed, wasted = (
        100 * pick(where(lists, measure=of), "estimate", list="social")
        for of in ("exclusion_error", "inclusion_error")
    )
    if not math.isnan(missed) and not math.isnan(wasted):
        yield (
            f"The social list misses {number(missed, 1)} of 100 poor persons, and "
            f"{number(wasted, 1)} of 100 on it are not poor."
        )
    both, apart = (
        100 * pick(where(lists, measure=of), "estimate", list="both")
        for of in ("coverage", "coverage_if_apart")
    )
    if not math.isnan(apart):
        yield (
            f"On both lists are {number(both, 1)} of 100 persons; were they drawn apart from "
            f"everybody, {number(apart, 1)} would be."
        )
