"""Traps as printed: who began where, who got out, was lifted or fell, and who needed what."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from resilience_sim.report.page import (
    INDENT,
    arm_line,
    cell,
    count,
    difference_words,
    error,
    finding,
    fit,
    in_order,
    number,
    pick,
    title,
    where,
    world_label,
    world_words,
    wrapped,
)

MEANING = {
    "above_the_threshold": "in ten years likely above the line by the improved technique",
    "trapped": "below it, and ordinary luck leads to the lower of the type's two rests",
    "no_way_up": "below it, and ordinary luck leads all of the type to one low rest",
    "wage_route": "below it, but above the line in the end, by other means",
    "on_the_way_up": "below it, but ordinary luck leads to the improved technique",
}
TRAP = "trap"
SHOWN = (("escapes", "out"), ("lifted", "lifted"), ("falls", "fallen"))
CELL = 14
WORD_WIDTHS = {"productive alone": 17, "cash alone": 12, "only both": 12}


def escape_section(
    escape: pd.DataFrame, thresholds: pd.DataFrame, effects: pd.DataFrame, escape_years: int
) -> list[str]:
    """Lines on the classes of the start and on who left them."""
    lines = title("Who is trapped, who gets out, who falls: at the start, percent of all persons")
    start = where(escape, horizon_years=0, arm=escape.arm.iloc[0], shock="none")
    for measure in start.measure:
        row = where(start, measure=measure).iloc[0]
        share = f"{number(100 * row.estimate, 1):>5} ±{error(100 * row.se_luck)}"
        meaning = MEANING.get(measure, "")
        name = measure.replace("_", " ")
        lines.append(f"{INDENT}{share:<12}{f'{name}: {meaning}' if meaning else name}")
    lines += wrapped(_threshold_words(thresholds), INDENT)
    later = escape[escape.horizon_years > 0]
    year, worlds = int(later.horizon_years.max()), in_order(later.shock)
    lines += wrapped(
        f"In year {year}, percent: out, of who began trapped; lifted, of who began with no way up; "
        "fallen, of who began above. Out and lifted are above the threshold, fallen below, for "
        f"{count(escape_years, 'year')} or longer.",
        INDENT,
    )
    lines.append(arm_line("", [f"{fit(world_label(world), 20):<20}" for world in worlds], 3 * CELL))
    lines.append(arm_line("", [word for _ in worlds for _, word in SHOWN], CELL))
    for arm in in_order(later.arm):
        rows = where(later, arm=arm, horizon_years=year)
        cells = [
            cell(where(rows, measure=measure, shock=world), 100, 1)
            for world in worlds
            for measure, _ in SHOWN
        ]
        lines.append(arm_line(arm, cells, CELL))
    return lines + finding(_escape_sentences(later, start, effects))


def needed_section(needed: pd.DataFrame) -> list[str]:
    """Lines on who needed what, where the four standard arms were lived."""
    if needed.empty:
        return []
    lines = title(
        "Who needed what to get out, percent of who began trapped or with no way up",
        "Four lives under the same luck, at the end of the run. hurt: out under less, not under "
        "more.",
    )
    words = in_order(needed.needed)
    lines.append(_word_line("", words, words))
    for world in in_order(needed.shock):
        rows = where(needed, shock=world)
        cells = [cell(where(rows, needed=word), 100, 1) for word in words]
        lines.append(_word_line(world_label(world), cells, words))
    return lines + finding(_needed_sentences(needed))


def _threshold_words(thresholds: pd.DataFrame) -> str:
    trapped = where(thresholds, kind=TRAP)
    known = trapped.assets_p50.dropna()
    words = f"Planner types with two rests: {len(trapped)} of {len(thresholds)}"
    if known.empty:
        return f"{words}."
    low, high = number(known.min(), 2), number(known.max(), 2)
    between = f"{low}" if low == high else f"{low} to {high}"
    return f"{words}, thresholds at {between} lines of assets."


def _word_line(label: str, cells: Iterable[str], words: list[str]) -> str:
    text = f"{INDENT}{fit(label, 10):<11}"
    for found, word in zip(cells, words, strict=True):
        text += f"{found:>{WORD_WIDTHS.get(word, 11)}}"
    return text.rstrip()


def _escape_sentences(
    later: pd.DataFrame, start: pd.DataFrame, effects: pd.DataFrame
) -> Iterable[str]:
    shown = ["escaped", "lifted"]
    if pick(start, "estimate", measure="trapped") == 0:
        yield "Nobody began trapped, so this run says nothing about escapes."
        shown = ["lifted"]
    year = int(later.horizon_years.max())
    rows = where(effects, comparison="control", shock="none", horizon_months=12 * year)
    if rows.empty:
        return
    arm = "both" if "both" in set(rows.arm) else rows.arm.iloc[-1]
    parts = []
    for outcome in shown:
        at = where(rows, arm=arm, outcome=outcome).iloc[0]
        parts.append(f"{outcome} by {difference_words(at, 2)}")
    yield f"Under {arm} the share of the eligible differs from none: {'; '.join(parts)}."


def _needed_sentences(needed: pd.DataFrame) -> Iterable[str]:
    for world in in_order(needed.shock)[:1]:
        rows = where(needed, shock=world)
        only_both, never, hurt = (
            100 * pick(rows, "estimate", needed=word) for word in ("only both", "never", "hurt")
        )
        if math.isnan(never):
            yield "Nobody began trapped or with no way up."
            return
        yield (
            f"Of 100 persons, {world_words(world)}, {number(only_both, 1)} got out only with both, "
            f"{number(never, 1)} in no life and {number(hurt, 1)} were hurt."
        )
