"""Complementarity: the interaction over time, by what is believed of cash, and by the model's structure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from resilience_sim.report.document.drawing import (
    Look,
    Margins,
    drawing,
    legend_above,
    svg_of,
    zero_line,
)
from resilience_sim.report.document.parts import Chart, Panel, Sheet, absent, sheet_of
from resilience_sim.report.document.sheets import value, wide
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.page import (
    MISSING,
    count,
    in_order,
    interval_words,
    no_sum,
    number,
    told_horizons,
    where,
    world_label,
)

OUTCOMES = ("income", "consumption")
LOOKS = {
    "income": Look("#0072B2", "-", "o"),
    "consumption": Look("#D55E00", (0, (5, 1.5)), "s"),
}
NOT_FOUR = "the four standard arms were not all lived"
NO_DRAWS = (
    "the run asked for no draws; with outcomes.draws=24 it tells effects again under draws that the evidence "
    "leaves, and under other structures of the model"
)
UNIT = "Interaction, percent of the mean of none"


def interaction_over_time(stored: Stored) -> Chart:
    """Interaction of both by horizon and world, with intervals."""
    subject = "Do both together give more than their sum?"
    effects = stored.table("effects")
    if effects.empty:
        return absent("interaction-over-time", subject, "no arm was lived beside none")
    rows = where(effects, comparison="interaction", unit="percent")
    rows = rows[rows["outcome"].isin(OUTCOMES)]
    if rows.empty:
        return absent("interaction-over-time", subject, NOT_FOUR)
    panels = tuple(_over_time(where(rows, shock=world)) for world in in_order(rows["shock"]))
    told = where(rows, shock="none", outcome="consumption")
    parts = []
    for year in told_horizons(told["horizon_months"] // 12):
        row = where(told, horizon_months=12 * year).iloc[0]
        ends = interval_words(row.ci_low, row.ci_high, 2)
        parts.append(f"{number(row.estimate, 2)} % after {count(year, 'year')}, {ends}")
    sheet = sheet_of(
        ["world", "outcome", "year", "interaction, %", "95 % interval", "replicates above zero"],
        [
            [
                world_label(row["shock"]), row["outcome"], f"{row['horizon_months'] // 12}",
                number(row["estimate"], 3),
                f"[{number(row['ci_low'], 3)}, {number(row['ci_high'], 3)}]",
                number(row["share_above_zero"], 2),
            ]
            for row in rows.to_dict("records")
        ],
        "effects.parquet",
    )  # fmt: skip
    return Chart(
        "interaction-over-time", f"Both less the sum of each, in consumption: {'; '.join(parts)}", panels,
        stored.source("effects"), sheet,
        "Interaction: both less cash less productive plus none, eligible persons. Whiskers: 95 % from luck "
        "and sampling, with parameters and structure held fixed. "
        f"{no_sum(stored.setting('programme.arms', {}))}".rstrip(),
    )  # fmt: skip


def interaction_by_belief(stored: Stored) -> Chart:
    """The same interaction by the believed end of cash."""
    subject = "The interaction by how long people believe cash will last"
    rows = stored.table("beliefs")
    if rows.empty:
        reason = NOT_FOUR if len(set(stored.arms) & {"none", "cash", "productive", "both"}) < 4 else (
            "outcomes.belief_households or outcomes.belief_hazards asked for none"
        )  # fmt: skip
        return absent("interaction-by-belief", subject, reason)
    told = where(rows, unit="percent")
    told = told[told["outcome"].isin(OUTCOMES)]
    years = int(rows["horizon_years"].iloc[0])
    consumption = where(told, outcome="consumption").dropna(subset=["estimate"])
    with drawing(margins=Margins(bottom=0.6)) as (figure, axes):
        zero_line(axes)
        for outcome in OUTCOMES:
            at, look = where(told, outcome=outcome), LOOKS[outcome]
            axes.plot(
                range(len(at)), at["estimate"], color=look.color, linestyle=look.line, marker=look.marker,
                markersize=6, label=outcome,
            )  # fmt: skip
        hazards = in_order(told["hazard"])
        axes.set_xticks(range(len(hazards)), [_believed(hazard) for hazard in hazards])
        axes.set_xlim(-0.3, len(hazards) - 0.7)
        axes.set_xlabel("Believed chance per year that cash ends")
        axes.set_ylabel(UNIT)
        legend_above(axes)
        svg = svg_of(figure, "interaction-by-belief")
    values = [
        f"{number(row['estimate'], 2)} % where cash is believed {_ends(row['hazard'])}"
        for row in consumption.to_dict("records")
    ]
    return Chart(
        "interaction-by-belief",
        f"Both less the sum of each, in consumption after {count(years, 'year')}, by belief alone: "
        f"{'; '.join(values)}",
        (Panel(svg, f"Points by believed chance that cash ends. Consumption: {'; '.join(values)}."),),
        stored.source("beliefs"),
        wide(rows, ["outcome", "unit"], "hazard", value("estimate", 1, 4), None, "beliefs.parquet"),
        f"{count(int(rows['n_households'].iloc[0]), 'household')}, eligible persons, no shock. Errors are not "
        "known.",
    )  # fmt: skip


def interaction_by_structure(stored: Stored) -> Chart:
    """The interaction over draws that the evidence leaves, and under other structures."""
    subject = "The interaction by structure of the model"
    table = stored.table("uncertainty")
    if table.empty:
        return absent("interaction-by-structure", subject, NO_DRAWS)
    rows = where(table, comparison="interaction", shock="none", unit="percent")
    rows = rows[rows["outcome"].isin(OUTCOMES)]
    if rows.empty:
        return absent("interaction-by-structure", subject, NOT_FOUR)
    year = int(rows["horizon_months"].max()) // 12
    at = where(rows, horizon_months=12 * year)
    drawn = where(at, source="draws", outcome="income").iloc[0]
    ends = f"[{number(drawn.low, 2)}, {number(drawn.high, 2)}]"
    held = "holds zero" if drawn.low <= 0 <= drawn.high else "leaves zero out"
    return Chart(
        "interaction-by-structure",
        f"Over {drawn.n_draws} draws the interaction in income after {count(year, 'year')} is "
        f"{number(drawn['median'], 2)} %, {ends}, which {held}{_structures(at)}",
        (_banded(at, "interaction-by-structure", "source", UNIT),),
        stored.source("uncertainty"), _band_sheet(rows),
        "Marks: median; whiskers: 5 % and 95 % quantiles over draws of the parameters. Variants have no "
        "weights. Luck and sampling are apart, in the charts above.",
    )  # fmt: skip


def _structures(rows: pd.DataFrame) -> str:
    """What other structures make of the interaction in income, to close a title."""
    others = rows[(rows["source"] != "draws") & (rows["outcome"] == "income")]
    told = [
        f"{number(row['median'], 2)} % with {row['source'].replace('_', ' ')}"
        for row in others.to_dict("records")
    ]
    return f"; by structure {', '.join(told)}" if told else ""


def effects_over_draws(stored: Stored) -> Chart:
    """Each arm against none over draws of the parameters."""
    subject = "Effects of the arms over draws of the parameters"
    table = stored.table("uncertainty")
    if table.empty:
        return absent("effects-over-draws", subject, NO_DRAWS)
    rows = where(table, comparison="control", shock="none", unit="percent", source="draws")
    rows = rows[rows["outcome"].isin(OUTCOMES)]
    if rows.empty:
        return absent("effects-over-draws", subject, stored.lacks("uncertainty"))
    year = int(rows["horizon_months"].max()) // 12
    at = where(rows, horizon_months=12 * year)
    arm = stored.lead if stored.lead in set(at["arm"]) else at["arm"].iloc[-1]
    row = where(at, arm=arm, outcome="consumption").iloc[0]
    return Chart(
        "effects-over-draws",
        f"Over draws {arm} moves consumption after {count(year, 'year')} by {number(row['median'], 1)} %, "
        f"[{number(row['low'], 1)}, {number(row['high'], 1)}]; {row['share_above_zero']:.0%} of draws are "
        "above zero",
        (_banded(at, "effects-over-draws", "arm", "Arm less none, percent of the mean of none"),),
        stored.source("uncertainty"), _band_sheet(where(table, shock="none", source="draws")),
        "Marks: median; whiskers: 5 % and 95 % quantiles over draws that the evidence leaves.",
    )  # fmt: skip


def _ends(hazard: float) -> str:
    """What is believed of the end of cash, within a sentence."""
    words = {0.0: "to be for ever", 1.0: "to end at once"}
    return words.get(hazard, f"to end with chance {hazard:g} a year")


def _believed(hazard: float) -> str:
    words = {0.0: "0\npermanent", 1.0: "1\nends at once"}
    return words.get(hazard, f"{hazard:g}\n{1 / hazard:.0f} years more" if hazard else "0")


def _over_time(rows: pd.DataFrame) -> Panel:
    world = rows["shock"].iloc[0]
    years = sorted({int(months) // 12 for months in rows["horizon_months"]})
    parts = []
    with drawing() as (figure, axes):
        zero_line(axes)
        for i, outcome in enumerate(OUTCOMES):
            at, look = where(rows, outcome=outcome), LOOKS[outcome]
            place = np.array([years.index(int(m) // 12) for m in at["horizon_months"]]) + 0.14 * (
                i - 0.5
            )
            mean = at["estimate"].to_numpy()
            below, above = mean - at["ci_low"].to_numpy(), at["ci_high"].to_numpy() - mean
            axes.errorbar(
                place, mean, yerr=np.nan_to_num([below, above]), color=look.color, fmt=look.marker,
                markersize=5.5, capsize=2.5, elinewidth=1.1, label=outcome,
            )  # fmt: skip
            parts += [
                f"{outcome} {number(each, 2)} in year {year}"
                for each, year in zip(mean, at["horizon_months"] // 12, strict=True)
            ]
        axes.set_xticks(range(len(years)), [str(year) for year in years])
        axes.set_xlim(-0.5, len(years) - 0.5)
        axes.set_xlabel("Year of the run")
        axes.set_ylabel(UNIT)
        legend_above(axes)
        svg = svg_of(figure, f"interaction-over-time-{world}")
    return Panel(svg, f"Points with whiskers, percent: {'; '.join(parts)}.", world_label(world))


def _banded(rows: pd.DataFrame, name: str, column: str, unit: str) -> Panel:
    """Medians and bands beside each other, one line for each value of `column`."""
    lines: Sequence[str] = in_order(rows[column])
    parts = []
    with drawing(1.3 + 0.42 * len(lines), margins=None) as (figure, axes):
        zero_line(axes, vertical=True)
        for i, outcome in enumerate(OUTCOMES):
            at, look = where(rows, outcome=outcome), LOOKS[outcome]
            place = np.array([lines.index(each) for each in at[column]]) + 0.2 * (i - 0.5)
            middle = at["median"].to_numpy()
            below, above = middle - at["low"].to_numpy(), at["high"].to_numpy() - middle
            axes.errorbar(
                middle, place, xerr=np.nan_to_num([below, above]), color=look.color, fmt=look.marker,
                markersize=5.5, capsize=2.5, elinewidth=1.1, label=outcome,
            )  # fmt: skip
            parts += [
                f"{outcome}, {each} {number(x, 2)}"
                for each, x in zip(at[column], middle, strict=True)
            ]
        axes.set_yticks(range(len(lines)), [each.replace("_", " ") for each in lines])
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(unit)
        legend_above(axes)
        svg = svg_of(figure, name)
    return Panel(svg, f"Medians with bands, percent: {'; '.join(parts)}.")


def _band_sheet(rows: pd.DataFrame) -> Sheet:
    lines = [
        [
            row["source"].replace("_", " "), row["arm"], row["comparison"], row["outcome"].replace("_", " "),
            row["unit"], f"{row['horizon_months'] // 12}", number(row["median"], 3),
            f"[{number(row['low'], 3)}, {number(row['high'], 3)}]",
            f"{row['share_above_zero']:.2f}" if row["share_above_zero"] == row["share_above_zero"] else MISSING,
        ]
        for row in rows.to_dict("records")
    ]  # fmt: skip
    columns = [
        "source",
        "arm",
        "contrast",
        "outcome",
        "unit",
        "year",
        "median",
        "5 % to 95 %",
        "above zero",
    ]
    return sheet_of(columns, lines, "uncertainty.parquet")
