"""Measured outcomes as printed: five indices with assumed loadings."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from resilience_sim.report.page import (
    arm_line,
    cell,
    count,
    finding,
    in_order,
    interval_words,
    number,
    title,
    told_horizons,
    where,
)

HEADS = {
    "dietary_diversity": "diet",
    "perceived_wellbeing": "well-being",
    "hygiene": "hygiene",
    "market_access": "market",
    "social_capital": "social capital",
}
CELL = 16


def measured_section(measured: pd.DataFrame) -> list[str]:
    """Lines on the measured indices, where an arm was lived beside none."""
    control = where(measured, comparison="control", shock="none")
    if control.empty:
        return []
    year = told_horizons(control.horizon_months // 12)[0]
    lines = title(
        f"Measured, loadings assumed: arms minus none, eligible persons, {count(year, 'year')}, no shock",
        "Hundredths of an index point, thought of as a standard deviation: what a survey would see "
        f"of these lives. Content received is {control.content.iloc[0]}. No feedback on anybody.",
    )
    lines.append(arm_line("", HEADS.values(), CELL))
    for arm in in_order(control.arm):
        rows = where(control, arm=arm, horizon_months=12 * year)
        cells = [cell(where(rows, measure=measure), 100, 1) for measure in HEADS]
        lines.append(arm_line(arm, cells, CELL))
    return lines + finding(_sentences(control, year))


def _sentences(control: pd.DataFrame, year: int) -> Iterable[str]:
    rows = where(control, horizon_months=12 * year, measure="dietary_diversity")
    arm = "both" if "both" in set(rows.arm) else rows.arm.iloc[-1]
    row = where(rows, arm=arm).iloc[0]
    yield (
        f"Under {arm} measured diet differs after {count(year, 'year')} by "
        f"{number(row.estimate, 3)} points, {interval_words(row.ci_low, row.ci_high, 3)}, as far as "
        "the loadings hold."
    )
