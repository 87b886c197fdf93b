"""Children: how closely heirs follow their parents, and by which channel a programme reaches them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resilience_sim.report.document.drawing import (
    MARK_HANDLE,
    Margins,
    drawing,
    legend_above,
    look_of,
    svg_of,
    zero_line,
)
from resilience_sim.report.document.parts import Chart, Panel, absent
from resilience_sim.report.document.sheets import estimate, wide
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.page import error, in_order, number, pick, where

SLOPES = (
    ("elasticity", "Elasticity of\nconsumption"),
    ("rank_slope", "Rank slope of\nconsumption"),
    ("school_slope", "School, years\nper parent's year"),
)
SPLIT = "consumption"
HUNDREDTHS = 100.0


def persistence_by_arm(stored: Stored) -> Chart:
    """Slopes of heirs on parents, by arm, without shock."""
    subject = "How closely heirs follow their parents"
    table = stored.table("generations")
    if table.empty:
        return absent("persistence-by-arm", subject, stored.lacks("generations"))
    rows = where(table, shock="none", group="all", comparison="level")
    told = rows[rows["measure"].isin([name for name, _ in SLOPES])]
    if told.empty or told["estimate"].isna().all():
        return absent(
            "persistence-by-arm", subject, "nobody hands over and is followed within this run"
        )
    parts = [
        f"{number(pick(told, 'estimate', measure='rank_slope', arm=arm), 3)} under {arm}"
        for arm in in_order(["none", stored.lead])
    ]
    return Chart(
        "persistence-by-arm", f"Of a rank of the parent heirs keep {' and '.join(parts)}",
        (_slopes(stored, told),), stored.source("generations"),
        wide(rows[rows["measure"] != "transition"], ["measure"], "arm", estimate(1, 3), ["measure"],
             "generations.parquet"),
        "Heirs of all persons, no shock. 0: no bond between generations. Whiskers: 95 % from luck alone; "
        "of the rank slope none is known.",
    )  # fmt: skip


def channels_by_arm(stored: Stored) -> Chart:
    """The effect on heirs' consumption, split by channel, of each arm."""
    subject = "By which way a programme reaches the children"
    table = stored.table("channels")
    if table.empty:
        return absent(
            "channels-by-arm", subject,
            "the run split no effect on heirs: outcomes.channel_households is 0, succession is off, or no "
            "standard arm was lived beside none",
        )  # fmt: skip
    rows = where(table, measure=SPLIT)
    if rows["estimate"].isna().all():
        return absent("channels-by-arm", subject, f"{rows['reason'].iloc[0]}")
    arm = stored.lead if stored.lead in set(rows["arm"]) else rows["arm"].iloc[-1]
    at = where(rows, arm=arm)
    ways = at[~at["part"].isin(["effect", "interaction", "remainder"])]
    most = ways.iloc[int(ways["estimate"].abs().to_numpy().argmax())]
    whole = where(at, part="effect").iloc[0]
    gain = f"{number(whole.estimate, 4)} lines ±{error(whole.se_luck, 4)}"
    title = (
        f"Heirs consume {gain} more for {arm}; most of it comes by {most['part']}: "
        f"{number(most['estimate'], 4)} ±{error(most['se_luck'], 4)}"
    )
    if not stored.width_of_luck * whole.se_luck < whole.estimate:
        title = f"What heirs consume more for {arm} may be nothing: {gain}"
    return Chart(
        "channels-by-arm", title, (_split(stored, rows),), stored.source("channels"),
        wide(table, ["arm", "measure"], "part", estimate(1, 4), None, "channels.parquet"),
        "A channel's part: the effect less the effect with it off. Interaction: what the channels do together "
        "beyond their sum. Remainder: the effect with all off. Heirs of the eligible, no shock. Whiskers: "
        "95 % from luck alone.",
    )  # fmt: skip


def _slopes(stored: Stored, rows: pd.DataFrame) -> Panel:
    parts = []
    with drawing(margins=Margins(bottom=0.4)) as (figure, axes):
        zero_line(axes)
        shift = 0.7 / max(len(stored.arms), 1)
        for i, arm in enumerate(stored.arms):
            look = look_of(arm, stored.arms)
            at = [where(rows, arm=arm, measure=name).iloc[0] for name, _ in SLOPES]
            means = np.array([row.estimate for row in at])
            half = stored.width_of_luck * np.nan_to_num([row.se_luck for row in at])
            place = np.arange(len(SLOPES)) + shift * (i - (len(stored.arms) - 1) / 2)
            axes.errorbar(
                place, means, yerr=np.nan_to_num(half), color=look.color, fmt=look.marker, markersize=5,
                capsize=2, elinewidth=1, label=arm,
            )  # fmt: skip
            told = [
                f"{name.replace('_', ' ')} {number(x, 3)}"
                for (name, _), x in zip(SLOPES, means, strict=True)
            ]
            parts.append(f"{arm}: {', '.join(told)}")
        axes.set_xticks(range(len(SLOPES)), [words for _, words in SLOPES])
        axes.set_xlim(-0.5, len(SLOPES) - 0.5)
        axes.set_ylim(bottom=0)
        axes.grid(axis="x", visible=False)
        axes.set_ylabel("Heir per unit of the parent")
        legend_above(axes, MARK_HANDLE)
        svg = svg_of(figure, "persistence-by-arm")
    return Panel(svg, f"Slopes of heirs on parents. {'; '.join(parts)}.")


def _split(stored: Stored, rows: pd.DataFrame) -> Panel:
    parts, arms = in_order(rows["part"]), in_order(rows["arm"])
    told = []
    with drawing(3.5, margins=None) as (figure, axes):
        zero_line(axes, vertical=True)
        thick = 0.8 / len(arms)
        for i, arm in enumerate(arms):
            look, at = look_of(arm, stored.arms), where(rows, arm=arm)
            means = HUNDREDTHS * at["estimate"].to_numpy()
            half = HUNDREDTHS * stored.width_of_luck * np.nan_to_num(at["se_luck"].to_numpy())
            place = np.arange(len(parts)) + thick * (i - (len(arms) - 1) / 2)
            axes.barh(place, means, height=0.86 * thick, color=look.color, label=arm)
            axes.errorbar(
                means,
                place,
                xerr=np.nan_to_num(half),
                fmt="none",
                ecolor="black",
                elinewidth=0.8,
                capsize=1.5,
            )
            told.append(
                f"{arm}: "
                + ", ".join(f"{part} {number(x, 2)}" for part, x in zip(parts, means, strict=True))
            )
        axes.set_yticks(range(len(parts)), parts)
        axes.set_ylim(len(parts) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("Effect on heirs' consumption, hundredths of a line a year")
        legend_above(axes, MARK_HANDLE)
        svg = svg_of(figure, "channels-by-arm")
    return Panel(svg, f"Bars, hundredths of a line. {'; '.join(told)}.")
