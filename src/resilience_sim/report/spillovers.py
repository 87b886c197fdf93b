"""Spillovers as printed: what reaches those who are not eligible."""

from __future__ import annotations

from collections.abc import Collection, Iterable

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

SHOWN = (
    ("consumption", "percent", "consumption", 1, 2),
    ("poor", "pp", "poor", 1, 2),
    ("pooled", "level", "from pool", 100, 2),
    ("confident", "pp", "confident", 1, 2),
    ("improved", "pp", "improved", 1, 2),
)
"""Outcome, unit, head of its column, scale and decimals."""
CELL = 17


def spillovers_section(spillovers: pd.DataFrame, left_out: Collection[str]) -> list[str]:
    """Lines on persons not eligible, where there are any; arms in `left_out` are told elsewhere."""
    calm = where(spillovers[~spillovers.arm.isin(left_out)], shock="none")
    if calm.empty:
        return []
    lines = title(
        "Spillovers: arms minus none, persons not eligible in the same villages, no shock",
        "Consumption in percent of the mean of none, net receipts from the pool in hundredths of a "
        "line a year, the rest in percentage points; "
        f"{count(int(calm.n_households.iloc[0]), 'household')}.",
    )
    for year in told_horizons(calm.horizon_months // 12):
        lines.append(arm_line(f"after {year}y", [head for _, _, head, _, _ in SHOWN], CELL))
        for arm in in_order(calm.arm):
            rows = where(calm, arm=arm, horizon_months=12 * year)
            cells = [
                cell(where(rows, outcome=outcome, unit=unit), scale, digits)
                for outcome, unit, _, scale, digits in SHOWN
            ]
            lines.append(arm_line(arm, cells, CELL))
    return lines + finding(_sentences(calm))


def _sentences(calm: pd.DataFrame) -> Iterable[str]:
    arm = "both" if "both" in set(calm.arm) else calm.arm.iloc[-1]
    parts = []
    for year in told_horizons(calm.horizon_months // 12):
        at = where(calm, arm=arm, horizon_months=12 * year, outcome="consumption", unit="percent")
        row = at.iloc[0]
        ends = interval_words(row.ci_low, row.ci_high, 2)
        parts.append(f"after {count(year, 'year')} by {number(row.estimate, 2)} %, {ends}")
    yield f"Under {arm} consumption of those not eligible differs {'; '.join(parts)}."
