"""Paths: poverty of all persons and consumption of the eligible, year by year, by arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.outcomes.uncertainty import NORMAL_95
from resilience_sim.report.document.drawing import (
    drawing,
    legend_above,
    look_of,
    luck_band,
    svg_of,
    whole_years,
)
from resilience_sim.report.document.parts import Chart, Panel, Sheet, absent
from resilience_sim.report.document.sheets import estimate, wide
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.page import (
    count,
    interval_words,
    number,
    pick,
    told_horizons,
    where,
    world_label,
    world_words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHADES = "Bands: 95 % from luck alone, often thinner than the line."
WHISKERS = " Whiskers: 95 % from sampling households alone, where a run keeps it."
APART = 0.22
"""Years between the whiskers of two arms."""


def poverty_paths(stored: Stored) -> Chart:
    """Headcount of all persons by year and arm, in each world."""
    rows = _yearly(stored, "poor", "all")
    if rows.empty:
        return absent("poverty-paths", "Poverty by year", stored.lacks("trajectories"))
    poverty = stored.table("poverty")
    at = where(poverty, measure="headcount", of="consumption")
    panels = tuple(
        _panel(
            stored, f"poverty-paths-{world}", where(rows, shock=world), 100, "Poor, percent of persons",
            where(at, shock=world),
        )
        for world in stored.worlds
    )  # fmt: skip
    return Chart(
        "poverty-paths", _poverty_title(stored, at), panels,
        stored.source("trajectories", "poverty"),
        _sheet(rows, 100, 1),
        f"Persons whose real consumption of twelve months is under the line. {SHADES}{WHISKERS}"
        f"{stored.band_words}",
    )  # fmt: skip


def consumption_paths(stored: Stored) -> Chart:
    """Mean consumption of the eligible by year and arm, in each world."""
    rows = _yearly(stored, "consumption", "eligible").dropna(subset=["mean"])
    if rows.empty:
        return absent("consumption-paths", "Consumption by year", stored.lacks("trajectories"))
    panels = tuple(
        _panel(
            stored, f"consumption-paths-{world}", where(rows, shock=world), 1,
            "Lines per person and year", None,
        )
        for world in stored.worlds
    )  # fmt: skip
    return Chart(
        "consumption-paths", _consumption_title(stored), panels, stored.source("trajectories"),
        _sheet(rows, 1, 3),
        f"Mean real consumption of eligible persons, in annual poverty lines. {SHADES}{stored.band_words}",
    )  # fmt: skip


def _sheet(rows: pd.DataFrame, scale: float, digits: int) -> Sheet:
    """Means by world, year and arm, each with its error of luck."""
    return wide(
        rows.rename(columns={"mean": "estimate"}), ["shock", "year"], "arm", estimate(scale, digits),
        ["world", "year"], "trajectories.parquet",
    )  # fmt: skip


def _yearly(stored: Stored, outcome: str, group: str) -> pd.DataFrame:
    rows = stored.table("trajectories")
    if rows.empty:
        return rows
    return where(rows, outcome=outcome, group=group, frequency="year")


def _panel(
    stored: Stored,
    name: str,
    rows: pd.DataFrame,
    scale: float,
    unit: str,
    sampled: pd.DataFrame | None,
) -> Panel:
    world = rows["shock"].iloc[0]
    with drawing() as (figure, axes):
        for arm in stored.arms:
            look = look_of(arm, stored.arms)
            at = where(rows, arm=arm)
            year, mean = at["year"].to_numpy(), scale * at["mean"].to_numpy()
            if arm in stored.banded:
                half = scale * stored.width_of_luck * at["se_luck"].to_numpy()
                luck_band(axes, year, mean - half, mean + half, look)
            axes.plot(year, mean, color=look.color, linestyle=look.line, label=arm)
            if sampled is not None and arm in stored.banded:
                shift = APART * (stored.banded.index(arm) - (len(stored.banded) - 1) / 2)
                _whiskers(axes, where(sampled, arm=arm), scale, look.color, shift)
        if world != "none":
            _mark_shock(axes, stored)
        axes.set_xlabel("Year of the run")
        axes.set_ylabel(unit)
        axes.set_xlim(0, float(rows["year"].max()) + 1)
        whole_years(axes)
        legend_above(axes)
        return Panel(svg_of(figure, name), _alt(rows, scale, unit), world_label(world))


def _whiskers(axes: Axes, rows: pd.DataFrame, scale: float, color: str, shift: float) -> None:
    later = rows[(rows["horizon_years"] > 0) & rows["se_sample"].notna()]
    axes.errorbar(
        later["horizon_years"] + shift, scale * later["estimate"],
        yerr=NORMAL_95 * scale * later["se_sample"], fmt="none", ecolor=color, elinewidth=0.9, capsize=1.8,
    )  # fmt: skip


def _mark_shock(axes: Axes, stored: Stored) -> None:
    month = stored.setting("shock.start_month")
    if month is not None:
        axes.axvline(month / 12 + 1, color="#888888", linewidth=0.8, linestyle=":")
        axes.annotate(
            "shock", (month / 12 + 1, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -8),
            textcoords="offset points", fontsize=7.5, color="#666666",
        )  # fmt: skip


def _alt(rows: pd.DataFrame, scale: float, unit: str) -> str:
    first, last = int(rows["year"].min()), int(rows["year"].max())
    digits = 1 if scale == 100 else 3
    told = [
        f"{arm} from {number(scale * at['mean'].iloc[0], digits)} to "
        f"{number(scale * at['mean'].iloc[-1], digits)}"
        for arm, at in rows.groupby("arm", sort=False)
    ]
    world = world_words(rows["shock"].iloc[0])
    return f"Lines by year {first} to {last}, {world}. {unit}: {'; '.join(told)}."


def _poverty_title(stored: Stored, rows: pd.DataFrame) -> str:
    calm = where(rows, shock="none")
    years = told_horizons(calm["horizon_years"][calm["horizon_years"] > 0])
    arms = dict.fromkeys([stored.lead, "none"])
    parts = []
    for year in years:
        told = [
            f"{number(100 * pick(calm, 'estimate', arm=arm, horizon_years=year), 1)} under {arm}"
            for arm in arms
        ]
        parts.append(f"after {count(year, 'year')} {' against '.join(told)}")
    return f"Of 100 persons, without shock, are poor {'; '.join(parts)}"


def _consumption_title(stored: Stored) -> str:
    effects = stored.table("effects")
    rows = where(
        effects, outcome="consumption", comparison="control", unit="level", shock="none", arm=stored.lead
    ) if len(effects) else effects  # fmt: skip
    if rows.empty:
        return "Mean consumption of the eligible by year"
    parts = []
    for year in told_horizons(rows["horizon_months"] // 12):
        row = where(rows, horizon_months=12 * year).iloc[0]
        ends = interval_words(row.ci_low, row.ci_high, 3)
        parts.append(f"{number(row.estimate, 3)} lines after {count(year, 'year')}, {ends}")
    return (
        f"Consumption of the eligible under {stored.lead} differs from none by {'; '.join(parts)}"
    )
