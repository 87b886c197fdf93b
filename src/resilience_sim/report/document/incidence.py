"""Growth incidence: gains in consumption along the distribution, by arm and by shock."""

from __future__ import annotations

import pandas as pd

from resilience_sim.report.document.drawing import drawing, legend_above, look_of, svg_of, zero_line
from resilience_sim.report.document.parts import Chart, Panel, absent
from resilience_sim.report.document.sheets import value, wide
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.page import count, number, pick, told_horizons, where

LOW, HIGH = 20, 80
"""Percentiles that titles speak of."""


def growth_incidence(stored: Stored) -> Chart:
    """Gain of each percentile of consumption under an arm, and its loss in a shock."""
    rows = stored.table("incidence")
    subject = "Gains along the distribution of consumption"
    if rows.empty:
        has_table = "incidence" in stored.tables
        reason = "none alone was lived, without shock" if has_table else stored.lacks("incidence")
        return absent("growth-incidence", subject, reason)
    gains = where(rows, comparison="control", shock="none")
    panels, told = [], []
    if len(gains):
        for year in told_horizons(gains["horizon_years"]):
            at = where(gains, horizon_years=year)
            told.append(at)
            heading = f"Arms against none, after {count(year, 'year')}, no shock"
            panels.append(_panel(stored, at, f"growth-incidence-{year}", heading))
    losses = where(rows, comparison="calm")
    if len(losses):
        year = _first_after_shock(stored, losses)
        at = where(losses, horizon_years=year)
        told.append(at)
        heading = f"With {stored.worlds[-1]} against without, after {count(year, 'year')}"
        panels.append(_panel(stored, at, "growth-incidence-shock", heading))
    return Chart(
        "growth-incidence", _title(stored, told[0]), tuple(panels), stored.source("incidence"),
        wide(pd.concat(told), ["comparison", "horizon_years", "percentile"], "arm",
             value("estimate", 1, 2), ["compared with", "year", "percentile"], "incidence.parquet"),
        "Percent of the same percentile of the world compared with; all persons, each world ranked within "
        "itself, so persons at one place need not be the same. From histograms over replicates: "
        "errors are not known.",
    )  # fmt: skip


def _first_after_shock(stored: Stored, rows: pd.DataFrame) -> int:
    years = sorted(set(int(year) for year in rows["horizon_years"]))
    began = float(stored.setting("shock.start_month", 0)) / 12
    return next((year for year in years if year > began), years[-1])


def _panel(stored: Stored, rows: pd.DataFrame, name: str, heading: str) -> Panel:
    parts = []
    with drawing() as (figure, axes):
        zero_line(axes)
        for arm, at in rows.groupby("arm", sort=False):
            look = look_of(str(arm), stored.arms)
            axes.plot(
                at["percentile"], at["estimate"], color=look.color, linestyle=look.line,
                marker=look.marker, markevery=3, label=str(arm),
            )  # fmt: skip
            low, high = (pick(at, "estimate", percentile=each) for each in (LOW, HIGH))
            parts.append(f"{arm} {number(low, 1)} at percentile {LOW}, {number(high, 1)} at {HIGH}")
        axes.set_xlabel("Percentile of persons by consumption")
        axes.set_ylabel("Difference, percent")
        axes.set_xlim(0, 100)
        legend_above(axes)
        svg = svg_of(figure, name)
    return Panel(svg, f"Percent difference by percentile: {'; '.join(parts)}.", heading)


def _title(stored: Stored, rows: pd.DataFrame) -> str:
    arm = stored.lead if stored.lead in set(rows["arm"]) else rows["arm"].iloc[-1]
    low, high = (pick(rows, "estimate", arm=arm, percentile=each) for each in (LOW, HIGH))
    year = int(rows["horizon_years"].iloc[0])
    if rows["comparison"].iloc[0] == "calm":
        of = f"Consumption under {arm} differs with the shock"
    else:
        of = f"Consumption under {arm} differs from none"
    return (
        f"{of} after {count(year, 'year')} by {number(low, 1)} % at the {LOW}th percentile and by "
        f"{number(high, 1)} % at the {HIGH}th"
    )
