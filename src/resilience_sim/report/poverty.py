"""Poverty as printed: headcount, gap and severity of all persons, and what the arms do to it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from resilience_sim.report.page import (
    arm_line,
    blocks,
    cell,
    count,
    difference_words,
    finding,
    in_order,
    number,
    pick,
    title,
    told_horizons,
    where,
    world_label,
)

MEASURES = ("headcount", "gap", "severity")
CELL = 14
HORIZONS_PER_BLOCK = 2


def poverty_section(poverty: pd.DataFrame, effects: pd.DataFrame) -> list[str]:
    """Lines on poverty from the tables `poverty` and `effects`."""
    survey = pick(poverty, "estimate", horizon_years=0, measure="headcount")
    lines = title(
        "Poverty of all persons, percent (gap and severity: percent of the line)",
        "Real consumption of twelve months under the line. In the survey, by income, "
        f"{number(100 * survey, 1)} percent are poor.",
    )
    shown = where(poverty, of="consumption")
    horizons = sorted(set(shown.horizon_years[shown.horizon_years > 0]))
    for years in blocks(horizons, HORIZONS_PER_BLOCK):
        heads = [f"{measure} {year}y" for year in years for measure in MEASURES]
        for world in in_order(shown.shock):
            lines.append(arm_line(world_label(world), heads, CELL))
            for arm in in_order(shown.arm):
                rows = where(shown, shock=world, arm=arm)
                cells = [
                    cell(where(rows, horizon_years=year, measure=measure), 100, 1)
                    for year in years
                    for measure in MEASURES
                ]
                lines.append(arm_line(arm, cells, CELL))
    return lines + finding(_headcount_sentences(effects))


def _headcount_sentences(effects: pd.DataFrame) -> Iterable[str]:
    rows = where(effects, outcome="poor", comparison="control", shock="none")
    if rows.empty:
        return
    arm = "both" if "both" in set(rows.arm) else rows.arm.iloc[-1]
    parts = []
    for year in told_horizons(rows.horizon_months // 12):
        at = where(rows, arm=arm, horizon_months=12 * year).iloc[0]
        parts.append(f"after {count(year, 'year')} by {difference_words(at, 1)}")
    yield f"Under {arm} the headcount of the eligible differs from none {'; '.join(parts)}."
