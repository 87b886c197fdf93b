"""Mobility: from the fifth at the start, or the parents' fifth, to the fifth one ends in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resilience_sim.report.document.drawing import Margins, drawing, svg_of
from resilience_sim.report.document.parts import Chart, Panel, absent
from resilience_sim.report.document.sheets import value, wide
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.page import in_order, number, pick, where

FIFTHS = (1, 2, 3, 4, 5)
COLORS = "Blues"
DARKEST, WHITE_FROM = 80.0, 48.0
"""Percent at which the scale ends, and from which numbers are written in white."""


def quintile_transitions(stored: Stored) -> Chart:
    """Where the fifths of income at the start end up, by arm, without shock."""
    subject = "Where the fifths of the start end up"
    table = stored.table("mobility")
    if table.empty:
        return absent("quintile-transitions", subject, stored.lacks("mobility"))
    rows = where(table, measure="transition", shock="none")
    arms = in_order(["none", stored.lead])
    stay = " and ".join(
        f"{number(100 * pick(rows, 'estimate', arm=arm, from_quintile=1, to_quintile=1), 1)} under {arm}"
        for arm in arms
    )
    years = int(stored.setting("horizon_years", 0))
    return Chart(
        "quintile-transitions",
        f"Of 100 persons in the poorest fifth at the start {stay} are in the lowest after {years} years",
        tuple(
            heat_panel(where(rows, arm=arm), f"quintile-transitions-{arm}", "Fifth of income at the start",
                       "Fifth of consumption in the last year", f"Under {arm}")
            for arm in arms
        ),
        stored.source("mobility"),
        wide(rows, ["arm", "from_quintile"], "to_quintile", value("estimate", 100, 1),
             ["arm, percent", "from fifth"], "mobility.parquet"),
        "Percent of the persons of a row, all persons, no shock. Cuts of the last year are those of none, so "
        "that other arms can move up together. 1 is the poorest.",
    )  # fmt: skip


def heirs_transitions(stored: Stored) -> Chart:
    """Where the heirs of the parents' fifths stand, by arm, without shock."""
    subject = "Where heirs stand beside their parents"
    table = stored.table("generations")
    if table.empty:
        return absent("heirs-transitions", subject, stored.lacks("generations"))
    rows = where(table, measure="transition", shock="none", group="all", comparison="level")
    if rows.empty or rows["estimate"].isna().all():
        return absent(
            "heirs-transitions", subject, "nobody hands over and is followed within this run"
        )
    arms = in_order(["none", stored.lead])
    stay = " and ".join(
        f"{number(100 * pick(rows, 'estimate', arm=arm, from_quintile=1, to_quintile=1), 1)} under {arm}"
        for arm in arms
    )
    return Chart(
        "heirs-transitions", f"Of 100 heirs of parents in the lowest fifth {stay} stand in the lowest",
        tuple(
            heat_panel(where(rows, arm=arm), f"heirs-transitions-{arm}", "Fifth of the parent",
                       "Fifth of the heir", f"Under {arm}")
            for arm in arms
        ),
        stored.source("generations"),
        wide(rows, ["arm", "from_quintile"], "to_quintile", value("estimate", 100, 1),
             ["arm, percent", "parent's fifth"], "generations.parquet"),
        "Percent of the heirs of a row, by mean consumption of each generation; all persons, no shock; cuts "
        "of the arm none.",
    )  # fmt: skip


def heat_panel(rows: pd.DataFrame, name: str, start: str, end: str, heading: str) -> Panel:
    """A matrix of shares by fifth as a map with its numbers."""
    shares = np.array(
        [
            [100 * pick(rows, "estimate", from_quintile=i, to_quintile=j) for j in FIFTHS]
            for i in FIFTHS
        ]
    )
    with drawing(3.3, 3.9, Margins(left=0.5, top=0.08)) as (figure, axes):
        edges = np.arange(len(FIFTHS) + 1) + 0.5
        axes.pcolormesh(
            edges, edges, shares, cmap=COLORS, vmin=0, vmax=DARKEST, edgecolors="white", linewidth=1
        )
        for i, j in np.ndindex(shares.shape):
            axes.text(
                j + 1, i + 1, number(float(shares[i, j]), 1), ha="center", va="center",
                color="white" if shares[i, j] > WHITE_FROM else "#222222",
            )  # fmt: skip
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(edges[-1], edges[0])
        axes.set_xticks(FIFTHS)
        axes.set_yticks(FIFTHS)
        axes.grid(False)
        axes.set_xlabel(f"{end} (1 poorest)")
        axes.set_ylabel(start)
        svg = svg_of(figure, name)
    told = "; ".join(
        f"from {i + 1}: {', '.join(number(share, 1) for share in row)}"
        for i, row in enumerate(shares)
    )
    return Panel(svg, f"Matrix of percent by fifth, {heading.lower()}: {told}.", heading)
