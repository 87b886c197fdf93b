"""Heirs as printed: what the children inherit and become, and how that compares with reports."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from resilience_sim.report.page import (
    INDENT,
    arm_line,
    cell,
    error,
    finding,
    fit,
    in_order,
    number,
    pick,
    reasons,
    title,
    where,
)

SHOWN = (
    ("elasticity", "elasticity", 1, 3),
    ("rank_slope", "rank slope", 1, 3),
    ("school_slope", "sch. slope", 1, 3),
    ("school", "school", 1, 2),
    ("health", "health", 1, 3),
    ("poor", "poor", 100, 1),
    ("trapped_to_trapped", "trapped", 100, 1),
)
"""Measure, head of its column, scale and decimals."""
CELL = 12
FIFTH, MATRIX, FIFTHS = 7, 11, (1, 2, 3, 4, 5)
COMPARED = (
    ("school_slope", "slope"),
    ("school_correlation", "correlation"),
    ("elasticity", "elasticity"),
)
COUNTRY, LABEL = 11, 24
MEAN_OF_BOTH = "mean of both"
"""Parents of the reports that are not printed: persistence is defined by the better schooled."""


def heirs_section(
    generations: pd.DataFrame, persistence: pd.DataFrame, case_name: str
) -> list[str]:
    """Lines on heirs without shock, and on untreated persistence beside what is reported."""
    is_synthetic = generations.demography.iloc[0] == "synthetic"
    calm = where(generations, shock="none")
    rows = where(calm, group="all", comparison="level")
    handed, followed = (
        100 * pick(rows, "estimate", measure=measure, arm="none")
        for measure in ("handed_over", "followed")
    )
    heading = f"What the children inherit{' (synthetic demography)' if is_synthetic else ''}"
    if handed == 0:
        nobody = "Nobody hands over within this run, so it says nothing about heirs."
        return title(heading) + finding([nobody])
    lines = title(
        heading,
        ("Ages and schooling at the start are imputed. " if is_synthetic else "")
        + f"Heirs of all persons, no shock; in the run {number(handed, 1)} percent hand over, "
        f"{number(followed, 1)} percent with heir and parent followed. ±: luck alone. Elasticity and "
        "rank slope: of consumption on the parent's; sch. slope: years of school on the parent's; "
        "school in years; health 0 to 1; percent poor, and still trapped of who began trapped.",
    )
    lines.append(arm_line("", [head for _, head, _, _ in SHOWN], CELL))
    for arm in in_order(rows.arm):
        cells = [_cell(where(rows, arm=arm, measure=of), *how) for of, _, *how in SHOWN]
        lines.append(arm_line(arm, cells, CELL))
    lines += reasons(rows[rows.measure.isin([of for of, *_ in SHOWN])])
    arm = "both" if "both" in set(rows.arm) else rows.arm.iloc[-1]
    lines += _matrices(where(rows, measure="transition"), in_order(["none", arm]))
    lines += _beside(persistence)
    sentences = [*_persistence_sentences(persistence, case_name)]
    sentences += _effect_sentences(where(calm, group="eligible", comparison="control", arm=arm))
    return lines + finding(sentences)


def _cell(row: pd.DataFrame, scale: float, digits: int) -> str:
    if math.isnan(row.se_luck.iloc[0]):
        return number(scale * row.estimate.iloc[0], digits)
    return cell(row, scale, digits, max(digits, 2))


def _matrices(transition: pd.DataFrame, arms: list[str]) -> list[str]:
    """Mobility matrices of two arms side by side, in percent; none where nobody is followed."""
    if transition.estimate.isna().all():
        return []
    fifths = "".join(f"{fifth:>{FIFTH}}" for fifth in FIFTHS)
    lines = [
        f"{INDENT}Percent of the heirs of parents in a fifth of consumption, by their own fifth",
        f"{INDENT}fifth" + "".join(f"{fit(arm, MATRIX - 1):>{MATRIX}}{fifths}" for arm in arms),
    ]
    for parent in FIFTHS:
        text = f"{INDENT}{parent:<5}"
        for arm in arms:
            row = where(transition, arm=arm, from_quintile=parent).sort_values("to_quintile")
            text += f"{'':>{MATRIX}}" + "".join(
                f"{number(100 * x, 1):>{FIFTH}}" for x in row.estimate
            )
        lines.append(text.rstrip())
    return lines


def _beside(persistence: pd.DataFrame) -> list[str]:
    """Reported persistence by country, and how far ours is from it."""
    told = persistence[persistence.parent != MEAN_OF_BOTH]
    countries = in_order(told.country)
    marks = {
        country: "*"
        if (where(told, country=country, measure="school_slope").caution != "").any()
        else ""
        for country in countries
    }
    lines = [
        f"{INDENT}{'Untreated, and reported':<{LABEL}}"
        + "".join(f"{country + marks[country]:>{COUNTRY}}" for country in countries)
    ]
    for measure, name in COMPARED:
        rows = where(told, measure=measure)
        ours = rows.iloc[0]
        value = f"{name} {number(ours.estimate, 3)} ±{error(ours.se_luck)}"
        for label, column in ((value, "reported"), ("  ours less reported", "gap")):
            values = [pick(rows, column, country=country) for country in countries]
            lines.append(
                f"{INDENT}{label:<{LABEL}}" + "".join(f"{number(x, 3):>{COUNTRY}}" for x in values)
            )
    lines.append(f"{INDENT}Elasticities: reported of income by mixed methods, ours of consumption.")
    cautions = in_order(told.caution[(told.caution != "") & (told.measure == "school_slope")])
    lines += [f"{INDENT}* {caution.lower().replace(' | ', ', ')}" for caution in cautions]
    return lines


def _persistence_sentences(persistence: pd.DataFrame, case_name: str) -> Iterable[str]:
    rows = where(persistence[persistence.parent != MEAN_OF_BOTH], measure="school_slope")
    ours, low, high = rows.estimate.iloc[0], rows.reported.min(), rows.reported.max()
    if math.isnan(ours):
        yield f"Persistence of schooling is not known: {rows.reason.iloc[0]}."
        return
    place = "below all of" if ours < low else "above all of" if ours > high else "within"
    told = (
        f"Untreated, a year of the parent's school goes with {number(ours, 2)} of the heir's, "
        f"{place} the {number(low, 2)} to {number(high, 2)} reported for {len(rows)} countries"
    )
    own = rows[[country.lower() in case_name.lower() for country in rows.country]]
    gaps = zip(own.country, own.gap, strict=True)
    yield told + "".join(f"; {gap:+.2f} from {country}" for country, gap in gaps) + "."


def _effect_sentences(control: pd.DataFrame) -> Iterable[str]:
    """What heirs of the eligible have by the last of the standard arms."""
    if control.empty:
        return
    parts = []
    for measure, words, scale, digits in (
        ("school", "years of school", 1, 2),
        ("poor", "points in poverty", 100, 1),
        ("trapped_to_trapped", "points in staying trapped", 100, 1),
    ):
        row = where(control, measure=measure).iloc[0]
        if not math.isnan(row.estimate):
            value = number(scale * row.estimate, digits)
            parts.append(f"{value} ±{error(scale * row.se_luck)} {words}")
    if parts:
        yield f"Heirs of the eligible differ under {control.arm.iloc[0]} by {', '.join(parts)}."
