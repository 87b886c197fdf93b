"""Asset motion and escape: where ordinary luck takes assets, and the chance to get out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.report.document.drawing import (
    CHANCES,
    INK,
    Margins,
    drawing,
    legend_above,
    svg_of,
)
from resilience_sim.report.document.parts import Chart, Panel, Sheet, absent, sheet_of
from resilience_sim.report.document.sheets import value, wide
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.page import count, in_order, number, where

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKED = (("assets_p25", "1/4"), ("assets_p50", "1/2"), ("assets_p75", "3/4"))
"""Thresholds of the table, and the chance each stands for."""
TYPE = ("land", "skill", "other_income", "has_knowledge", "is_confident")
HELD_MONEY = 0.25
"""Lines at hand at which the table of thresholds is told."""
TOLD_FIRST = ("trap", "no way up")
"""Kinds of types that a title speaks of, if there are any."""
LEVELS = np.linspace(0.0, 1.0, 11)
ROOM = 1.6
"""How far beyond the highest rest or threshold a picture reaches."""
BEND = 0.1
"""Lines of assets or money around which an axis turns from even to logarithmic."""
ROADS = (("#0072B2", "-"), ("#CC79A7", (0, (5, 1.5))))
"""Colour and line of a year on, and of more."""
TICKS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
MOST_LINES = 12


def asset_motion(stored: Stored) -> Chart:
    """The luckless annual map of a typical type of each kind, with thresholds and rests."""
    rows = stored.table("motion")
    subject = "Where a year of ordinary luck takes assets"
    if rows.empty:
        return absent("asset-motion", subject, stored.lacks("motion"))
    kinds = in_order(rows["kind"])
    panels = tuple(_motion_panel(stored, where(rows, kind=kind)) for kind in kinds)
    thin = rows[rows.groupby(["kind", "years"], sort=False).cumcount() % 3 == 0]
    return Chart(
        "asset-motion", _motion_title(where(rows, kind="trap", years=rows["years"].max())), panels,
        stored.source("motion", "thresholds"),
        wide(thin.round({"assets": 3}), ["kind", "assets"], "years", value("estimate", 1, 3),
             ["kind of type; years on", "assets, lines"], "motion.parquet"),
        "Of each kind the planner type that most persons live, without programmes, a quarter of a line at "
        "hand, luck always ordinary. Above the diagonal assets grow, below it they shrink; dots are rests, "
        "at which there is other money at hand, so that they may lie off the curves. Vertical lines: assets "
        "with which escape within ten years has a chance of 1/4, 1/2 and 3/4, luck included.",
    )  # fmt: skip


def escape_chances(stored: Stored) -> Chart:
    """The escape probability of the same types over assets and money at hand."""
    rows = stored.table("chances")
    subject = "The chance to escape over assets and savings"
    if rows.empty:
        return absent("escape-chances", subject, stored.lacks("chances"))
    kinds = in_order(rows["kind"])
    panels = tuple(_chance_panel(where(rows, kind=kind)) for kind in kinds)
    kind = next((each for each in TOLD_FIRST if each in kinds), kinds[0])
    return Chart(
        "escape-chances", _chance_title(where(rows, kind=kind)), panels, stored.source("chances"),
        _chance_sheet(where(rows, kind=kind)),
        "Chance to live by the improved technique above the line ten years on, without programmes, by "
        "what is owned and what is at hand at planting: savings and the season's income. "
        "The same types as above; the table is that of the type of kind "
        f"{kind}.",
    )  # fmt: skip


def crossing(rows: pd.DataFrame) -> float:
    """Assets at which a map crosses the diagonal from below, interpolated; the last of several.

    NaN where it never does.
    """
    assets, gain = rows["assets"].to_numpy(), (rows["estimate"] - rows["assets"]).to_numpy()
    rises = np.flatnonzero((gain[:-1] < 0) & (gain[1:] > 0))
    if rises.size == 0:
        return float("nan")
    i = int(rises[-1])
    share = gain[i] / (gain[i] - gain[i + 1])
    return float(assets[i] + share * (assets[i + 1] - assets[i]))


def _motion_panel(stored: Stored, rows: pd.DataFrame) -> Panel:
    kind = rows["kind"].iloc[0]
    found = _threshold(stored, rows.iloc[0])
    rests, marks = _rests(found), _marks(found)
    reach = ROOM * max([1.0, *rests, *(at for at, _ in marks)])
    reach = min(reach, float(rows["assets"].max()), MOST_LINES)
    with drawing() as (figure, axes):
        axes.plot([0, reach], [0, reach], color="#888888", linewidth=0.9, label="as much as now")
        for years in in_order(rows["years"]):
            at = where(rows, years=years)
            color, line = ROADS[0] if years == 1 else ROADS[1]
            axes.plot(
                at["assets"], at["estimate"], color=color, linestyle=line,
                label=f"{count(years, 'year')} on",
            )  # fmt: skip
        _mark(axes, [(at, label) for at, label in marks if at <= reach])
        axes.plot(
            rests, rests, "o", color="#009E73", markeredgecolor="white", markersize=7, label="rest",
            clip_on=False, zorder=5,
        )  # fmt: skip
        axes.set_xlim(0, reach)
        axes.set_ylim(0, reach)
        axes.set_xlabel("Assets at planting, lines per person")
        axes.set_ylabel("Assets later, lines")
        legend_above(axes)
        svg = svg_of(figure, f"asset-motion-{kind.replace(' ', '-')}")
    return Panel(svg, _motion_alt(kind, rests, marks, reach), _type_words(rows.iloc[0]))


def _mark(axes: Axes, marks: list[tuple[float, str]]) -> None:
    """Thresholds with their chances, one below the other, so that close ones do not write over each other."""
    for i, (at, label) in enumerate(marks):
        axes.axvline(at, color="#D55E00", linewidth=0.9, linestyle=(0, (3, 1.5)))
        axes.annotate(
            f"chance {label}", (at, 0.02 + 0.07 * i), xycoords=("data", "axes fraction"),
            xytext=(3, 0), textcoords="offset points", fontsize=7.5, color="#9C3F00",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
        )  # fmt: skip


def _threshold(stored: Stored, told: pd.Series) -> pd.Series | None:
    """Row of the table of thresholds for the same type."""
    table = stored.table("thresholds")
    found = where(table, **{name: told[name] for name in TYPE}) if len(table) else table
    return found.iloc[0] if len(found) else None


def _rests(found: pd.Series | None) -> list[float]:
    if found is None:
        return []
    low, high = float(found.rest_low_assets), float(found.rest_high_assets)
    return [low] if high - low < 0.02 * max(1.0, high) else [low, high]


def _marks(found: pd.Series | None) -> list[tuple[float, str]]:
    if found is None:
        return []
    told = [(float(found[name]), label) for name, label in MARKED if np.isfinite(found[name])]
    places = in_order(round(at, 2) for at, _ in told)
    together = [[each for each in told if round(each[0], 2) == place] for place in places]
    return [(each[0][0], ", ".join(label for _, label in each)) for each in together]


def _type_words(row: pd.Series) -> str:
    knows = "knows" if row["has_knowledge"] else "does not know"
    believes = "" if row["is_confident"] else ", discouraged"
    return (
        f"{row['kind'].capitalize()}: land {number(row['land'], 2)}, skill {number(row['skill'], 2)}, "
        f"{knows} the technique{believes}; {number(100 * row['share'], 1)} % of persons"
    )


def _motion_alt(kind: str, rests: list[float], marks: list[tuple[float, str]], reach: float) -> str:
    where_rests = " and ".join(number(at, 2) for at in rests) or "unknown places"
    told = [f"{label} at {number(at, 2)}" for at, label in marks] or ["none on the grid"]
    return (
        f"Assets one and ten years on over assets now, to {number(reach, 1)} lines, for a type of kind {kind}. "
        f"Rests at {where_rests} lines. Thresholds by chance: {', '.join(told)}."
    )


def _motion_title(trap: pd.DataFrame) -> str:
    if trap.empty:
        return "Nobody lives in a type with two rests: ordinary luck leads each type to one place"
    at = crossing(trap)
    if not np.isfinite(at):
        return "In the commonest type with two rests ordinary luck parts nowhere with a quarter line at hand"
    return (
        f"In the commonest type with a trap, ordinary luck parts at {number(at, 2)} lines of assets: "
        "below, assets melt away; above, they grow"
    )


def _chance_panel(rows: pd.DataFrame) -> Panel:
    kind = rows["kind"].iloc[0]
    grid = rows.pivot(index="money", columns="assets", values="estimate")
    assets, money = (axis.to_numpy(np.float64) for axis in (grid.columns, grid.index))
    chance = grid.to_numpy()
    right, top = min(assets[-1], MOST_LINES), min(money[-1], 3.0)
    inside_x, inside_y = assets <= right, (money <= top) & (money >= 0)
    right, top = assets[inside_x][-1], money[inside_y][-1]
    shown = chance[np.ix_(inside_y, inside_x)]
    with drawing(margins=Margins(right=0.5, top=0.08)) as (figure, axes):
        x, y = np.arcsinh(assets[inside_x] / BEND), np.arcsinh(money[inside_y] / BEND)
        filled = axes.contourf(x, y, shown, LEVELS, cmap=CHANCES)
        if shown.min() < 0.5 < shown.max():
            lines = axes.contour(x, y, shown, [0.5], colors="white", linewidths=1.4)
            axes.clabel(lines, fmt={0.5: "1/2"}, fontsize=8)
        bar = figure.colorbar(filled, ax=axes, ticks=[0, 0.25, 0.5, 0.75, 1], pad=0.02)
        bar.set_label("Chance", color=INK)
        for set_ticks, set_limits, far in (
            (axes.set_xticks, axes.set_xlim, right), (axes.set_yticks, axes.set_ylim, top),
        ):  # fmt: skip
            at = [tick for tick in TICKS if tick <= far]
            set_ticks(np.arcsinh(np.array(at) / BEND), [f"{tick:g}" for tick in at])
            set_limits(0, float(np.arcsinh(far / BEND)))
        if shown.max() < LEVELS[1]:
            axes.annotate(
                f"below {LEVELS[1]:g} everywhere", (0.5, 0.5), xycoords="axes fraction", ha="center",
                color="white",
            )  # fmt: skip
        axes.grid(False)
        axes.set_xlabel("Assets at planting, lines per person")
        axes.set_ylabel("Money at hand, lines")
        svg = svg_of(figure, f"escape-chances-{kind.replace(' ', '-')}")
    low, high = number(shown[0, 0], 2), number(shown[-1, -1], 2)
    alt = (
        f"Map of the chance to escape for a type of kind {kind}, from {low} with neither assets nor "
        f"money to {high} with {number(right, 0)} lines of assets and {number(top, 0)} of money."
    )
    return Panel(svg, alt, _type_words(rows.iloc[0]))


def _needed_assets(rows: pd.DataFrame, money: float) -> float:
    """Least assets on the grid with a chance of one half, at the node of money next above `money`."""
    nodes = np.unique(rows["money"].to_numpy(np.float64))
    at = where(rows, money=nodes[min(int(np.searchsorted(nodes, money)), nodes.size - 1)])
    up = at[at["estimate"] >= 0.5]
    return float(up["assets"].min()) if len(up) else float("nan")


def _chance_title(rows: pd.DataFrame) -> str:
    kind = rows["kind"].iloc[0]
    less, more = (_needed_assets(rows, money) for money in (HELD_MONEY, 1.0))
    if not (np.isfinite(less) and np.isfinite(more)):
        return f"A type of kind {kind} has no even chance to escape anywhere on the grid"
    if less == more == 0:
        return f"The commonest type of kind {kind} has an even chance to escape from nothing"
    return (
        f"For an even chance to escape the commonest type of kind {kind} needs {number(less, 2)} lines of "
        f"assets with a quarter of a line at hand, {number(more, 2)} with one line"
    )


def _chance_sheet(rows: pd.DataFrame) -> Sheet:
    """Every third node of assets and every fourth of money that is no debt."""
    grid = rows.pivot(index="assets", columns="money", values="estimate")
    assets, money = grid.index.to_numpy(np.float64)[::3], grid.columns.to_numpy(np.float64)
    chances = grid.to_numpy()[::3, money >= 0][:, ::4].tolist()
    columns = ["assets \\ money, lines", *(number(m, 2) for m in money[money >= 0][::4].tolist())]
    lines = [
        [number(at, 2), *(number(chance, 2) for chance in row)]
        for at, row in zip(assets.tolist(), chances, strict=True)
    ]
    return sheet_of(columns, lines, "chances.parquet")
