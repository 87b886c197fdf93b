"""Costs as printed: per member, per household, and per person who got out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from resilience_sim.report.page import (
    INDENT,
    MISSING,
    cell,
    count,
    finding,
    fit,
    in_order,
    number,
    pick,
    title,
    told_horizons,
    where,
    wrapped,
)

NAMES = {"cost_per_escape": "escape", "cost_per_lifted": "lifted", "cost_per_poor": "poor"}
WORDS = {
    "cost_per_escape": "One person more out of the trap",
    "cost_per_lifted": "One person more lifted",
    "cost_per_poor": "One fewer poor, by transfers still paid too,",
}


def costs_section(costs: pd.DataFrame) -> list[str]:
    """Lines on what the arms cost, without shock."""
    here = costs[(costs.shock == "none") & (costs.arm != "none")]
    if here.empty:
        return []
    first, last = (told_horizons(here.horizon_years) * 2)[:2]
    has_currency = (here.measure == "cost_per_household_currency").any()
    lines = title(
        "Cost of the whole programme, undiscounted, no shock, annual poverty lines",
        "Then of one person more out of the trap, lifted from no way up, or not poor than under "
        "none.",
    )
    currency = f"{'in currency':>13}" if has_currency else ""
    gains = (("cost_per_escape", last), ("cost_per_lifted", last), ("cost_per_poor", first))
    heads = "".join(f"{f'per {NAMES[measure]} {year}y':>15}" for measure, year in gains)
    lines.append(f"{INDENT}{'':<13}{'per member':>11}{'household':>11}{currency}{heads}")
    for arm in in_order(here.arm):
        rows = where(here, arm=arm)
        member, household = (
            number(pick(rows, "estimate", measure=f"cost_per_{of}"), 3, 8)
            for of in ("member", "household")
        )
        paid = pick(rows, "estimate", measure="cost_per_household_currency")
        currency = f"{paid:>13,.0f}" if has_currency else ""
        cells = [cell(where(rows, measure=of, horizon_years=year), 1, 1) for of, year in gains]
        lines.append(
            f"{INDENT}{fit(arm, 12):<13}{member:>11}{household:>11}{currency}"
            + "".join(f"{text:>15}" for text in cells)
        )
    lines += wrapped(" ".join(_missing(here, gains)), INDENT)
    return lines + finding(_sentences(here, gains))


def _missing(costs: pd.DataFrame, gains: Sequence[tuple[str, int]]) -> Iterable[str]:
    """Why prices are missing, once for each reason, with the prices and arms it holds for."""
    held: dict[str, list[str]] = {}
    for measure, year in gains:
        rows = where(costs, measure=measure, horizon_years=year)
        for reason in in_order(rows.reason[rows.reason != ""]):
            arms = rows.arm[rows.reason == reason]
            who = "all arms" if len(arms) == len(rows) else ", ".join(arms)
            held.setdefault(reason, []).append(f"per {NAMES[measure]} ({who})")
    return [f"{MISSING} {reason}: {', '.join(cases)}." for reason, cases in held.items()]


def _sentences(costs: pd.DataFrame, gains: Sequence[tuple[str, int]]) -> Iterable[str]:
    """The cheapest arm for the first gain that has a price."""
    for measure, year in gains:
        rows = where(costs, measure=measure, horizon_years=year)
        known = rows[rows.estimate.notna()]
        if len(known):
            cheapest = known.sort_values("estimate").iloc[0]
            told = f"costs least under {cheapest.arm}"
            if len(known) == 1:
                told = f"has a price under {cheapest.arm} alone"
            yield (
                f"{WORDS[measure]} after {count(year, 'year')} {told}: "
                f"{number(cheapest.estimate, 1)} lines."
            )
            return
    yield "No gain is surely above zero, so none has a price."
