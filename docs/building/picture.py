"""The picture of the README: poverty and consumption by arm over the years of a stored run.

    python docs/building/picture.py RUN docs/pictures/arms.svg

RUN is the directory that `make run` wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes

from resilience_sim.report.colours import ARMS
from resilience_sim.runs import read_run

COLOURS = {arm: ARMS[arm] for arm in ("none", "cash", "productive", "both")}
SIZE = (9.0, 3.4)  # inches


def draw(run: Path, picture: Path) -> None:
    """Draw a run on white, so that it reads the same on a light and on a dark page."""
    style = {"svg.hashsalt": "resilience_sim", "font.size": 9, "savefig.facecolor": "white"}
    with mpl.rc_context(style):
        from matplotlib.figure import Figure

        tables = read_run(run).tables
        figure = Figure(figsize=SIZE, layout="constrained")
        left, right = figure.subplots(1, 2)
        _poor(left, tables["trajectories"])
        _consumption(right, tables["trajectories"])
        for axes in (left, right):
            axes.set_xlabel("year")
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(picture, format="svg", metadata={"Date": None, "Creator": None})


def yearly(trajectories: pd.DataFrame, arm: str, shock: str, group: str, outcome: str) -> pd.Series:
    """Yearly means of one outcome under one arm in one world, by year."""
    rows = trajectories.query(
        "frequency == 'year' and arm == @arm and shock == @shock and group == @group "
        "and outcome == @outcome"
    )
    return rows.set_index("year")["mean"]


def _poor(axes: Axes, table: pd.DataFrame) -> None:
    """Poor persons by arm: without the shock as lines, with it as dots."""
    shocks = [name for name in table["shock"].unique() if name != "none"]
    for arm, colour in COLOURS.items():
        calm = 100 * yearly(table, arm, "none", "all", "poor")
        axes.plot(calm.index, calm, color=colour, label=arm)
        for shock in shocks:
            struck = 100 * yearly(table, arm, shock, "all", "poor")
            axes.plot(struck.index, struck, color=colour, linestyle=":")
    axes.set_title("Poor, % of all persons (dotted: with the shock)", loc="left")


def _consumption(axes: Axes, table: pd.DataFrame) -> None:
    """Consumption of the eligible above none by arm, without the shock."""
    none = yearly(table, "none", "none", "eligible", "consumption")
    for arm, colour in list(COLOURS.items())[1:]:
        gain = 100 * (yearly(table, arm, "none", "eligible", "consumption") / none - 1)
        axes.plot(gain.index, gain, color=colour, label=arm)
    axes.axhline(0, color=COLOURS["none"], label="none")
    axes.set_title("Consumption of the eligible, % above none", loc="left")
    axes.legend(frameon=False)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
