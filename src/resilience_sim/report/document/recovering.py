"""Recovery: how consumption comes back after a shock, and how many are not back, by arm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resilience_sim.report.document.drawing import (
    drawing,
    legend_above,
    look_of,
    luck_band,
    svg_of,
    zero_line,
)
from resilience_sim.report.document.parts import Chart, Panel, absent
from resilience_sim.report.document.sheets import estimate, wide
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.page import number, pick, where

LONGEST_MONTHS = 120
"""What comes later is in the table alone."""


def recovery_curves(stored: Stored) -> Chart:
    """Gap of mean consumption by months, and persons not back by years, since the shock began."""
    subject = "Recovery from the shock"
    if len(stored.worlds) == 1:
        return absent("recovery-curves", subject, "the run has no shock")
    rows = stored.table("recovery")
    if rows.empty or rows["estimate"].isna().all():
        return absent("recovery-curves", subject, stored.lacks("recovery"))
    rows = rows[rows["months"] <= LONGEST_MONTHS]
    gap, not_back = where(rows, measure="gap"), where(rows, measure="not_back")
    panels = [_panel(stored, gap, "recovery-gap", "Gap, percent of normal consumption")]
    if len(not_back):
        panels.append(
            _panel(
                stored,
                not_back,
                "recovery-not-back",
                "Not back yet, percent of persons",
                is_share=True,
            )
        )
    return Chart(
        "recovery-curves", _title(stored), tuple(panels), stored.source("recovery", "resilience"),
        wide(rows, ["measure", "months"], "arm", estimate(100, 2), ["percent", "months since"],
             "recovery.parquet"),
        "Eligible persons against the same lives without the shock. Not back: eating less than 95 % of that "
        "life in some later year. Bands: 95 % from luck alone. What the shock takes from income is "
        f"assumed; how households carry it is the result.{stored.band_words}",
    )  # fmt: skip


def _panel(
    stored: Stored, rows: pd.DataFrame, name: str, unit: str, is_share: bool = False
) -> Panel:
    parts = []
    with drawing() as (figure, axes):
        zero_line(axes)
        for arm in stored.arms:
            at, look = where(rows, arm=arm), look_of(arm, stored.arms)
            if at.empty:
                continue
            year, mean = at["months"].to_numpy() / 12, 100 * at["estimate"].to_numpy()
            if arm in stored.banded:
                half = 100 * stored.width_of_luck * at["se_luck"].to_numpy()
                low, high = mean - half, mean + half
                if is_share:
                    low, high = np.clip(low, 0, 100), np.clip(high, 0, 100)
                luck_band(axes, year, low, high, look)
            axes.plot(year, mean, color=look.color, linestyle=look.line, label=arm)
            parts.append(
                f"{arm} at most {number(float(mean.max()), 1)}, at last {number(float(mean[-1]), 1)}"
            )
        axes.set_xlabel("Years since the shock began")
        axes.set_ylabel(unit)
        axes.set_xlim(left=0)
        legend_above(axes)
        svg = svg_of(figure, name)
    return Panel(svg, f"{unit}, by years since the shock: {'; '.join(parts)}.", unit.split(",")[0])


def _title(stored: Stored) -> str:
    rows = stored.table("resilience")
    parts = []
    for arm in dict.fromkeys(["none", stored.lead]):
        depth, never = (
            100 * pick(rows, "estimate", arm=arm, measure=measure)
            for measure in ("depth", "never_back")
        )
        parts.append(
            f"under {arm} by {number(depth, 1)} %, and {number(never, 1)} % are never back"
        )
    return f"{stored.worlds[-1]} cuts mean consumption at its trough {'; '.join(parts)}"
