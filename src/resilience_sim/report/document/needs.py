"""Who needed what, and who left the classes of the start."""

from __future__ import annotations

import pandas as pd

from resilience_sim.report.document.drawing import drawing, svg_of
from resilience_sim.report.document.parts import Chart, Panel, absent
from resilience_sim.report.document.sheets import estimate, wide
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.page import (
    error,
    in_order,
    number,
    pick,
    where,
    world_label,
    world_words,
)

BAR = "#0072B2"
NEVER = "never"


def who_needed_what(stored: Stored) -> Chart:
    """Shares of those who began below, by what got them out over four lives under the same luck."""
    rows = stored.table("needed")
    subject = "Who needed what to get out"
    if rows.empty:
        has_table = "needed" in stored.tables
        reason = (
            "the four standard arms were not all lived" if has_table else stored.lacks("needed")
        )
        return absent("who-needed-what", subject, reason)
    if rows["estimate"].isna().all():
        return absent("who-needed-what", subject, "nobody began trapped or with no way up")
    panels = tuple(_panel(stored, where(rows, shock=world)) for world in in_order(rows["shock"]))
    calm = where(rows, shock="none")
    only, never = (100 * pick(calm, "estimate", needed=word) for word in ("only both", NEVER))
    title = (
        f"Of 100 who began trapped or with no way up, {number(only, 2)} got out only with both, "
        f"{number(never, 1)} in no life"
    )
    return Chart(
        "who-needed-what", title, panels, stored.source("needed"),
        wide(rows, ["needed"], "shock", estimate(100, 2), ["percent"], "needed.parquet"),
        "Every household lives the four arms under the same luck; out at the end of the run. hurt: out "
        "under less, not under more. never is told in the title and the table, not drawn: it would hide the "
        "rest. Whiskers: 95 % from luck alone.",
    )  # fmt: skip


def _panel(stored: Stored, rows: pd.DataFrame) -> Panel:
    world = rows["shock"].iloc[0]
    drawn = rows[rows["needed"] != NEVER].iloc[::-1]
    values = 100 * drawn["estimate"]
    halves = (100 * stored.width_of_luck * drawn["se_luck"]).fillna(0.0)
    with drawing(2.5, margins=None) as (figure, axes):
        axes.barh(drawn["needed"], values, color=BAR, height=0.62)
        axes.errorbar(
            values,
            drawn["needed"],
            xerr=halves,
            fmt="none",
            ecolor="black",
            capsize=2,
            elinewidth=0.9,
        )
        most = max(float((values + halves).max()), 1e-3)
        for place, told, half in zip(range(len(drawn)), values, halves, strict=True):
            axes.annotate(
                number(told, 2), (told + half, place), xytext=(4, 0), textcoords="offset points",
                va="center", fontsize=8,
            )  # fmt: skip
        axes.set_xlim(0, 1.18 * most)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("Percent of persons who began trapped or with no way up")
        svg = svg_of(figure, f"who-needed-what-{world}")
    told = [
        f"{word} {number(100 * share, 2)} ±{error(100 * luck)}"
        for word, share, luck in zip(rows["needed"], rows["estimate"], rows["se_luck"], strict=True)
    ]
    return Panel(
        svg, f"Bars, percent, {world_words(world)}: {'; '.join(told)}.", world_label(world)
    )
