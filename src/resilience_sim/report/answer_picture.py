"""The answer to a policy question as one picture: a panel for each headline, bands over draws."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from resilience_sim.report.answers import goal_words, headlines, summary
from resilience_sim.report.page import fit, in_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {
    "chosen": "#009E73",
    "undecided": "#E69F00",
    "behind": "#0072B2",
    "no band": "#000000",
    "unknown": "#999999",
}
"""Of verdicts; Okabe and Ito (2008), told apart by who is colour-blind."""
MARKERS = {"chosen": "o", "undecided": "D", "behind": "s", "no band": "o", "unknown": "x"}
WORDS = {
    "chosen": "chosen",
    "undecided": "bands overlap too much to choose",
    "behind": "behind the best",
    "no band": "one draw: no band",
    "unknown": "cannot be told",
}
GREY = "#666666"
PANELS_A_ROW = 3
PANEL_INCHES = 3.9
VERDICT_COLUMNS = 54
TITLE_COLUMNS, SOURCE_COLUMNS = 118, 170
NUMERIC = {
    "cash_percent": "percent of the budget for cash",
    "gap_months": "months from cash to productive support (below zero: productive first)",
}
"""Settings that are drawn along the horizontal axis, where they are the only ones."""


def picture(table: pd.DataFrame, path: Path, command: str = "") -> None:
    """Draw an answer as SVG; its title says what was found, its last line where it comes from."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "resilience_sim", "svg.fonttype": "path"}):
        drawn(table, command).savefig(path, format="svg", metadata={"Date": None})


def drawn(table: pd.DataFrame, command: str = "") -> Figure:
    """The picture of an answer, as a figure of its own that no global state knows."""
    from matplotlib.figure import Figure

    panels = headlines(table)
    n_columns = 2 if len(panels) == 4 else min(PANELS_A_ROW, len(panels))
    n_rows = -(-len(panels) // n_columns)
    told = table[table["is_headline"] & (table["verdict"] != "reference")]
    options, along = in_order(told["option"]), _along(table)
    found = textwrap.wrap(summary(table), TITLE_COLUMNS)
    source = textwrap.wrap(_source(table, command), SOURCE_COLUMNS)
    top, bottom = 0.35 + 0.2 * len(found), 0.45 + 0.14 * len(source)
    panel = 3.3 if along else 1.75 + 0.3 * len(options)
    width, height = PANEL_INCHES * PANELS_A_ROW, top + panel * n_rows + bottom
    figure = Figure(figsize=(width, height), dpi=100)
    figure.text(0.012, 1 - 0.12 / height, "\n".join(found), va="top", fontsize=11, weight="bold")
    left = 0.075 if along else 0.135
    for at, rows in enumerate(panels):
        column, row = at % n_columns, at // n_columns
        each = (0.985 - left) / n_columns
        corner = (left + column * each, (bottom + panel * (n_rows - 1 - row) + 0.75) / height)
        share = 0.76 if along else 0.9
        axes = figure.add_axes((*corner, share * each, (panel - 1.55) / height))
        if along:
            _curve(axes, rows, along)
        else:
            _dots(axes, rows, options, is_named=column == 0)
        words = goal_words(rows["outcome"].iloc[0], rows["horizon_years"].iloc[0])
        axes.set_title(
            f"{words[0].upper()}{words[1:]}", loc="left", fontsize=10, weight="bold", pad=28
        )
        axes.text(
            0, 1.03, _verdict(rows), transform=axes.transAxes, fontsize=8, color=GREY, va="bottom"
        )
        axes.tick_params(labelsize=8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    _legend(figure, told, (0.2 + 0.14 * len(source)) / height)
    figure.text(0.012, 0.08 / height, "\n".join(source), fontsize=7.5, color=GREY, va="bottom")
    return figure


def _along(table: pd.DataFrame) -> str:
    """The one setting that options differ in, where it is a number to draw along; else nothing."""
    names = list(table.columns)
    settings = names[names.index("option") + 1 : names.index("cost")]
    return settings[0] if len(settings) == 1 and settings[0] in NUMERIC else ""


def _measured(rows: pd.DataFrame) -> str:
    """What an axis shows, with its unit."""
    first = rows.iloc[0]
    return "\n".join(textwrap.wrap(f"{first['outcome'].replace('_', ' ')}, {first['unit']}", 34))


def _verdict(rows: pd.DataFrame) -> str:
    """What effects are against, and who is chosen, or among whom nobody can choose."""
    first, told = rows.iloc[0], rows[rows["verdict"] != "reference"]
    world = "" if first["shock"] == "none" else f" under {first['shock']}"
    chosen, open_ = (
        list(told.loc[told["verdict"] == verdict, "option"]) for verdict in ("chosen", "undecided")
    )
    said = WORDS[told["verdict"].iloc[0]]
    if chosen:
        said = f"chosen: {chosen[0]}"
    elif open_:
        said = f"too close: {'all' if len(open_) == len(told) else ', '.join(open_)}"
    against = f"against {first['reference']}{world}; {first['better']} is better"
    return "\n".join(fit(text.replace("_", " "), VERDICT_COLUMNS) for text in (against, said))


def _curve(axes: Axes, rows: pd.DataFrame, along: str) -> None:
    """Effects along one setting: a band over draws, the median, and a mark for each verdict."""
    told = rows[rows["verdict"] != "reference"].sort_values(along)
    if not told["low"].isna().any():
        axes.fill_between(told[along], told["low"], told["high"], color="#56B4E9", alpha=0.35, lw=0)
    axes.plot(told[along], told["median"], color=GREY, lw=1)
    axes.axhline(0.0, color="black", lw=0.8)
    for row in told.to_dict("records"):
        _mark(axes, row[along], row["median"], row["verdict"])
    axes.set_xticks(sorted(told[along]))
    axes.set_xlabel("\n".join(textwrap.wrap(NUMERIC[along], 44)), fontsize=8)
    axes.set_ylabel(_measured(rows), fontsize=8)


def _dots(axes: Axes, rows: pd.DataFrame, options: list[str], is_named: bool) -> None:
    """Effects of options from top to bottom, each with its band over draws."""
    for row in rows[rows["verdict"] != "reference"].to_dict("records"):
        at = options.index(row["option"])
        if not math.isnan(row["low"]):
            ends = [row["low"], row["high"]]
            axes.plot(ends, [at, at], color=COLOURS[row["verdict"]], lw=3, alpha=0.55)
        _mark(axes, row["median"], at, row["verdict"])
    axes.axvline(0.0, color="black", lw=0.8)
    axes.set_ylim(len(options) - 0.5, -0.5)
    names = [name.replace("_", " ") for name in options] if is_named else [""] * len(options)
    axes.set_yticks(range(len(options)), names)
    axes.set_xlabel(_measured(rows), fontsize=8)


def _mark(axes: Axes, x: float, y: float, verdict: str) -> None:
    axes.plot([x], [y], MARKERS[verdict], color=COLOURS[verdict], ms=6.5, mec="black", mew=0.6)


def _legend(figure: Figure, told: pd.DataFrame, at: float) -> None:
    from matplotlib.lines import Line2D

    seen = [verdict for verdict in COLOURS if (told["verdict"] == verdict).any()]
    marks: list[Any] = [
        Line2D([], [], ls="", marker=MARKERS[each], color=COLOURS[each], mec="black", mew=0.6)
        for each in seen
    ]
    figure.legend(
        marks, [WORDS[each] for each in seen], loc="lower left", ncols=len(seen), fontsize=8.5,
        frameon=False, bbox_to_anchor=(0.005, at),
    )  # fmt: skip


def _source(table: pd.DataFrame, command: str) -> str:
    first = table.iloc[0]
    n_draws = int(first["n_draws"])
    seen = "pooled set" if first["drawn_for"] == "new" else f"fit of {first['drawn_for']}"
    band = "median and 90 % band over" if n_draws > 1 else "of"
    draws = f"{n_draws} draws" if n_draws > 1 else "one draw"
    asked = f"{command}; " if command else ""
    return (
        f"{asked}case {first['scenario']}, {first['judged']}; {band} {draws} ({seen}); luck and sample "
        "are in the table"
    )
