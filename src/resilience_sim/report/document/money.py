"""Money: what one person more costs, and what the arms give for what they cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullLocator

from resilience_sim.outcomes.uncertainty import NORMAL_95
from resilience_sim.report.costs import costs_section
from resilience_sim.report.document.drawing import (
    FAINT,
    MARK_HANDLE,
    Margins,
    drawing,
    legend_above,
    look_of,
    svg_of,
    zero_line,
)
from resilience_sim.report.document.parts import Chart, Panel, Sheet, absent, sheet_of
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.page import (
    MISSING,
    cell,
    count,
    in_order,
    interval_words,
    number,
    pick,
    said,
    told_horizons,
    where,
)

PRICES = {
    "cost_per_escape": "person more out of the trap",
    "cost_per_lifted": "person more lifted",
    "cost_per_poor": "person fewer poor",
}
APART, LINE = 0.14, 0.1
"""Between two arms of a year: the most, as a share of its row; and inches."""
GAINS = (
    ("poor", -1.0, "Fewer poor", 0),
    ("lifted", 1.0, "More lifted from no way up", -1),
    ("escaped", 1.0, "More out of the trap", -1),
)
"""Outcome, which way is better, words, and which of the two horizons told."""


def cost_per_gain(stored: Stored) -> Chart:
    """What one person more out, lifted or not poor costs, by arm, without shock."""
    subject = "What one person more costs"
    rows = _priced(stored)
    if rows.empty:
        return absent("cost-per-gain", subject, "no arm beside none was lived")
    known = rows.dropna(subset=["estimate"])
    sheet = _price_sheet(rows)
    if known.empty:
        return Chart("cost-per-gain", "No gain is surely above zero, so none has a price", (), "", sheet,
                     reason="a gain that may be zero has no price")  # fmt: skip
    return Chart(
        "cost-per-gain", _price_title(stored),
        tuple(_prices(stored, known, measure) for measure in PRICES if measure in set(known["measure"])),
        stored.source("costs"), sheet,
        "Cost of the whole programme, undiscounted, of all eligible, over the persons more than under none in "
        "that year; no shock. Whiskers: 95 %, thick from luck, thin from sampling, apart. What is not drawn "
        "has a gain that may be zero, and so no price.",
    )  # fmt: skip


def frontier(stored: Stored) -> Chart:
    """Cost of each arm against what it gains."""
    subject = "What the arms give for what they cost"
    effects, costs = stored.table("effects"), stored.table("costs")
    if effects.empty or costs.empty:
        return absent("frontier", subject, "no arm beside none was lived")
    control = where(effects, comparison="control", shock="none", unit="pp")
    panels, lines, titles = [], [], []
    for outcome, sign, words, which in GAINS:
        rows = where(control, outcome=outcome)
        if rows.empty:
            continue
        year = told_horizons(rows["horizon_months"] // 12)[which]
        points = _points(stored, where(rows, horizon_months=12 * year), costs, sign)
        panels.append(
            _plane(stored, points, f"frontier-{outcome}", f"{words} after {count(year, 'year')}")
        )
        lines += [
            [
                f"{words}, year {year}",
                arm,
                number(cost, 3),
                number(gain, 3),
                f"[{number(low, 3)}, {number(high, 3)}]",
            ]
            for arm, cost, gain, low, high in points
        ]
        if outcome == "poor":
            titles = _frontier_title(stored, points, year)
    columns = ["gain, points", "arm", "cost, lines per member", "gain", "95 % interval"]
    return Chart(
        "frontier", "".join(titles) or subject, tuple(panels), stored.source("costs", "effects"),
        sheet_of(columns, lines, "effects.parquet"),
        "Cost of the whole programme per eligible member, undiscounted, against the gain over none of the "
        "eligible, no shock. Whiskers: 95 % from luck and sampling, parameters held fixed. The line joins "
        "none with the arms that no other arm beats at the same or a lower cost.",
        further=(
            "The points are the arms of this run. Mixes of cash and productive support that cost the same, "
            "each with its band over draws, are told by", stored.question("frontier"),
        ),
    )  # fmt: skip


Point = tuple[str, float, float, float, float]
"""Arm, cost, gain, and the ends of the gain's interval."""


def _priced(stored: Stored) -> pd.DataFrame:
    costs = stored.table("costs")
    if costs.empty:
        return costs
    rows = costs[
        costs["measure"].isin(PRICES) & (costs["shock"] == "none") & (costs["arm"] != "none")
    ]
    return rows


def _prices(stored: Stored, rows: pd.DataFrame, measure: str) -> Panel:
    """Prices of one gain by year, arms one below the other."""
    at = where(rows, measure=measure)
    years, arms = sorted(set(at["horizon_years"])), in_order(rows["arm"])
    apart = min(0.7 / len(arms), APART)
    parts = []
    height = 0.75 + max(0.36, LINE * len(arms)) * len(years)
    with drawing(height, margins=Margins(left=0.78)) as (figure, axes):
        for i, arm in enumerate(arms):
            look, own = look_of(arm, stored.arms), where(at, arm=arm)
            place = np.array([years.index(year) for year in own["horizon_years"]]) + apart * (
                i - (len(arms) - 1) / 2
            )
            price = own["estimate"].to_numpy()
            for half, width in (
                (NORMAL_95 * np.nan_to_num(own["se_sample"].to_numpy()), 0.8),
                (np.nan_to_num(stored.width_of_luck * own["se_luck"].to_numpy()), 2.2),
            ):
                low = np.maximum(price - half, 0.02 * price)
                axes.hlines(place, low, price + half, color=look.color, linewidth=width)
            axes.plot(price, place, look.marker, color=look.color, markersize=5, label=arm)
            parts += [
                f"{arm} in year {year}: {number(x, 1)}"
                for year, x in zip(own["horizon_years"], price, strict=True)
            ]
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_yticks(range(len(years)), [count(year, "year") for year in years])
        axes.set_ylim(len(years) - 0.5, -0.5)
        for line in range(1, len(years)):
            axes.axhline(line - 0.5, color=FAINT, linewidth=0.8)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("Lines per person (logarithmic)")
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}" if x >= 1 else f"{x:g}")
        legend_above(axes, MARK_HANDLE)
        svg = svg_of(figure, f"cost-per-gain-{measure.replace('_', '-')}")
    words = f"One {PRICES[measure]}"
    return Panel(svg, f"Prices in lines of one {PRICES[measure]}: {'; '.join(parts)}.", words)


def _price_title(stored: Stored) -> str:
    """What the console says of prices at its two horizons."""
    told = said(costs_section(stored.table("costs"))).removesuffix(".")
    return (
        f"At the first and the last horizon told: {told[0].lower()}{told[1:]}"
        if told.startswith("No gain")
        else told
    )


def _price_sheet(rows: pd.DataFrame) -> Sheet:
    lines = [
        [
            f"{PRICES[row['measure']]}, year {row['horizon_years']}", row["arm"],
            cell(pd.Series(row), 1, 1), row["reason"] or MISSING,
        ]
        for row in rows.to_dict("records")
    ]  # fmt: skip
    return sheet_of(["one", "arm", "lines ±luck/sample", "why none"], lines, "costs.parquet")


def _points(stored: Stored, rows: pd.DataFrame, costs: pd.DataFrame, sign: float) -> list[Point]:
    points: list[Point] = [("none", 0.0, 0.0, 0.0, 0.0)]
    for row in rows.to_dict("records"):
        cost = pick(costs, "estimate", arm=row["arm"], measure="cost_per_member", shock="none")
        ends = sorted((sign * row["ci_low"], sign * row["ci_high"]))
        points.append((row["arm"], cost, sign * row["estimate"], *ends))
    return [point for point in points if np.isfinite(point[1])]


def _undominated(points: list[Point]) -> list[Point]:
    """Arms in order of cost, of which each gains more than all cheaper ones."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda each: (each[1], -each[2])):
        if not kept or point[2] > kept[-1][2]:
            kept.append(point)
    return kept


def _plane(stored: Stored, points: list[Point], name: str, heading: str) -> Panel:
    with drawing() as (figure, axes):
        zero_line(axes)
        best = _undominated(points)
        axes.plot(
            [p[1] for p in best], [p[2] for p in best], color="#999999", linewidth=1, zorder=1
        )
        for arm, cost, gain, low, high in points:
            look = look_of(arm, stored.arms)
            half = np.nan_to_num([[gain - low], [high - gain]])
            axes.errorbar(
                [cost], [gain], yerr=half, color=look.color, fmt=look.marker, markersize=6.5, capsize=2.5,
                elinewidth=1.1, label=arm,
            )  # fmt: skip
        axes.set_xlabel("Cost, lines per eligible member")
        axes.set_ylabel("Gain over none, percentage points")
        legend_above(axes, MARK_HANDLE)
        svg = svg_of(figure, name)
    told = "; ".join(
        f"{arm} {number(gain, 2)} for {number(cost, 3)}" for arm, cost, gain, *_ in points
    )
    return Panel(svg, f"Points of gain against cost, {heading.lower()}: {told}.", heading)


def _frontier_title(stored: Stored, points: list[Point], year: int) -> list[str]:
    found = [point for point in points if point[0] == stored.lead and point[0] != "none"]
    if not found:
        return []
    arm, cost, gain, low, high = found[0]
    return [
        f"For {number(cost, 3)} lines per member {arm} has {number(gain, 1)} points fewer poor after "
        f"{count(year, 'year')}, {interval_words(low, high, 1)}"
    ]
