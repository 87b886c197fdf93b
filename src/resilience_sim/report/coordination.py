"""Coordination as printed: what it is worth in poverty, escapes and money per escape."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from resilience_sim.report.page import (
    INDENT,
    MISSING,
    count,
    difference_words,
    finding,
    fit,
    in_order,
    interval_words,
    number,
    pick,
    reasons,
    title,
    told_horizons,
    where,
)

EFFECTS = (
    ("poor", "pp", "poor, points", 2),
    ("income", "level", "income, lines", 3),
    ("consumption", "level", "consumption, lines", 3),
    ("escaped", "pp", "escaped, points", 2),
    ("lifted", "pp", "lifted, points", 2),
)
PRICES = (
    ("cost_per_escape", "lines per escape"),
    ("cost_per_lifted", "lines per lifted"),
    ("cost_per_poor", "lines per poor fewer"),
)
LABEL, CELL = 22, 25
WITHOUT = "uncoordinated"
SAME_MONEY = 0.01
"""Largest relative difference of two costs that are called the same."""
OWN = ("control", "level")
"""Comparisons that tell of one world, not of the difference of two."""


def coordination_section(coordination: pd.DataFrame) -> list[str]:
    """Lines on what coordination is worth, where the run lived worlds of it."""
    if coordination.empty:
        return []
    calm = where(coordination, shock="none")
    arm, base = _pair(calm)
    lines = title(
        f"What coordination is worth: {_heading(calm, arm, base)}",
        "Eligible persons, listed or not, no shock; each world minus none, then their difference, "
        "with 95 % intervals of luck and sample. Prices: lines for one person more out of the trap, "
        "lifted, or not poor, than under none.",
    )
    worlds = in_order([base, arm])
    columns: list[tuple[str, tuple[str, ...]]] = [(world, OWN) for world in worlds]
    heads = [f"{fit(world, 13)} - none" for world in worlds]
    if base != arm:
        columns.append((arm, (base,)))
        heads.append(fit(f"{arm} - {base}", CELL - 1))
    for year in told_horizons(calm.horizon_years[calm.measure == "poor"]):
        at = where(calm, horizon_years=year)
        lines.append(_line(f"after {count(year, 'year')}", heads))
        for measure, unit, label, digits in EFFECTS:
            rows = where(at, measure=measure, unit=unit)
            lines.append(_line(label, [_cell(rows, *column, digits) for column in columns]))
        for measure, label in PRICES:
            cells = [_cell(where(at, measure=measure), *column, 1) for column in columns]
            if set(cells) != {MISSING}:
                lines.append(_line(label, cells))
    lines += reasons(where(calm, comparison="level"))
    return lines + finding(_sentences(calm, arm, base))


def _pair(calm: pd.DataFrame) -> tuple[str, str]:
    """The world looked at and what it is compared with; twice the same where there is one alone."""
    found = calm[~calm.comparison.isin(OWN)]
    if found.empty:
        return calm.arm.iloc[0], calm.arm.iloc[0]
    return found.arm.iloc[0], found.comparison.iloc[0]


def _heading(calm: pd.DataFrame, arm: str, base: str) -> str:
    """What is compared, and whether it costs the same."""
    if arm == base:
        return f"{arm} alone"
    if base != WITHOUT:
        return f"{arm} against {base}, which reaches all eligible"
    own, other = _costs(calm, arm, base)
    is_same = abs(own - other) <= SAME_MONEY * other
    return f"{arm} against {base}, {'at the same money' if is_same else 'not at the same money'}"


def _costs(calm: pd.DataFrame, *arms: str) -> list[float]:
    """Cost of each world, lines per eligible member."""
    rows = where(calm, measure="cost_per_member", comparison="level")
    return [pick(rows, "estimate", arm=arm) for arm in arms]


def _line(label: str, cells: Iterable[str]) -> str:
    return (f"{INDENT}{label:<{LABEL}}" + "".join(f"{text:>{CELL}}" for text in cells)).rstrip()


def _cell(rows: pd.DataFrame, arm: str, comparisons: tuple[str, ...], digits: int) -> str:
    found = rows[(rows.arm == arm) & rows.comparison.isin(comparisons)]
    if found.empty or math.isnan(found.estimate.iloc[0]):
        return MISSING
    row = found.iloc[0]
    estimate, low, high = (number(x, digits, 6) for x in (row.estimate, row.ci_low, row.ci_high))
    return f"{estimate} [{low}, {high}]"


def _sentences(calm: pd.DataFrame, arm: str, base: str) -> Iterable[str]:
    if arm == base:
        yield f"There is nothing to compare {arm} with in this run."
        return
    own, other = _costs(calm, arm, base)
    year = max(calm.horizon_years)
    at = where(calm, horizon_years=year, arm=arm, comparison=base, unit="pp")
    parts = [
        f"{words} by {difference_words(where(at, measure=measure).iloc[0], 2)}"
        for measure, words in (("poor", "poverty"), ("escaped", "escapes"), ("lifted", "lifts"))
    ]
    yield (
        f"For {number(own, 3)} against {number(other, 3)} lines per eligible member, {arm} differs "
        f"from {base} after {count(year, 'year')} in {'; '.join(parts)}."
    )
    price = where(calm, horizon_years=year, measure="cost_per_escape")
    found = where(price, comparison="level")
    if found.estimate.notna().all() and len(found):
        dearer = where(price, comparison=base).iloc[0]
        one, two = (pick(found, "estimate", arm=each) for each in (arm, base))
        yield (
            f"An escape costs {number(one, 1)} rather than {number(two, 1)} lines, a difference of "
            f"{number(dearer.estimate, 1)}, {interval_words(dearer.ci_low, dearer.ci_high, 1)}."
        )
