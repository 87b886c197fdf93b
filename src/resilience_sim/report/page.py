"""The page: how numbers, errors, intervals and lines are set, within 100 columns, no colour."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

WIDTH = 100
INDENT = "  "
MISSING = "-"
ARROW = "=> "
ARM_WIDTH = 13
STANDARD_ARMS = ("none", "cash", "productive", "both")
LONG_TERM_YEARS = 5

Tables = Mapping[str, pd.DataFrame]


def number(value: float, digits: int, width: int = 6) -> str:
    """Up to `digits` decimals; fewer, or powers of ten, where `width` is too narrow for them."""
    if math.isnan(value):
        return MISSING
    for kept in range(digits, -1, -1):
        text = f"{value:.{kept}f}"
        text = text[1:] if text.startswith("-") and float(text) == 0 else text
        if len(text) <= width:
            return text
    return f"{value:.0e}".replace("e+0", "e").replace("e+", "e")


def error(value: float, digits: int = 2) -> str:
    """A standard error without its leading zero, `digits` + 1 places at most; 0 if exactly so."""
    if value == 0:
        return "0"
    text = number(value, digits, digits + 2)
    return text[1:] if text.startswith("0.") else number(value, digits, digits + 1)


def cell(row: pd.DataFrame | pd.Series, scale: float, digits: int, fine: int = 2) -> str:
    """An estimate with its errors, "61.2 ±.04/.85", from the one row there is, or missing."""
    if isinstance(row, pd.DataFrame):
        if row.empty:
            return MISSING
        row = row.iloc[0]
    if math.isnan(row.estimate):
        return MISSING
    luck = error(scale * row.se_luck, fine)
    sample = f"/{error(scale * row.se_sample, fine)}" if "se_sample" in row.index else ""
    return f"{number(scale * row.estimate, digits, digits + 4)} ±{luck}{sample}"


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The same rows without units, and words as Python keeps them: rows are found in half the time."""
    bare = table.copy(deep=False)
    bare.attrs = {}  # before all else: every step would copy them
    words = [name for name, kind in bare.dtypes.items() if kind == "str"]
    return bare.astype(dict.fromkeys(words, object)).copy()  # columns of a kind side by side


def where(table: pd.DataFrame, **at: object) -> pd.DataFrame:
    """Rows of a table at the given values of its columns."""
    is_there = np.ones(len(table), np.bool_)
    for name, value in at.items():
        is_there &= (table[name] == value).to_numpy(np.bool_)
    return table[is_there]


def pick(table: pd.DataFrame, column: str, **at: object) -> float:
    """The value of `column` in the row that `at` finds; NaN where there is none."""
    found = where(table, **at)
    return float(found[column].iloc[0]) if len(found) else math.nan


def difference_words(row: pd.Series, digits: int) -> str:
    """A difference in percentage points with its interval, in words."""
    if row.estimate == row.ci_low == row.ci_high == 0:
        return "nothing at all"
    ends = interval_words(row.ci_low, row.ci_high, digits)
    return f"{number(row.estimate, digits)} points, {ends}"


def interval_words(low: float, high: float, digits: int) -> str:
    """A 95 % interval, and whether zero is in it; two digits more where one end would hide that."""
    if math.isnan(low) or math.isnan(high):
        return "[unknown]"
    if low <= 0 <= high:
        return f"[{number(low, digits)}, {number(high, digits)}], which contains zero"
    fine = digits + 2 if min(abs(low), abs(high)) < 0.5 * 10**-digits else digits
    return f"[{number(low, fine)}, {number(high, fine)}]"


def told_horizons(years: Iterable[int]) -> list[int]:
    """The two horizons a narrow table has room for: the first from five years on, and the last."""
    ordered = sorted(set(int(each) for each in years))
    first = next((each for each in ordered if each >= LONG_TERM_YEARS), ordered[0])
    return in_order([first, ordered[-1]])


def in_order(values: Iterable[Any]) -> list[Any]:
    """Distinct values in the order of their first appearance."""
    return list(dict.fromkeys(values))


def blocks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Pieces of at most `size` items."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def world_words(name: str) -> str:
    """A world within a sentence."""
    return "without shock" if name == "none" else f"with {name}"


def world_label(name: str) -> str:
    """A world as the head of a table."""
    return "no shock" if name == "none" else name


def count(quantity: int, noun: str) -> str:
    """A quantity with its noun, plural where it is not one."""
    return f"{quantity:,} {noun}" if quantity == 1 else f"{quantity:,} {noun}s"


def fit(text: str, width: int) -> str:
    """Text cut to `width`, with a mark where something was cut."""
    return text if len(text) <= width else text[: width - 1] + "…"


def arm_line(arm: str, cells: Iterable[str], width: int, label_width: int = ARM_WIDTH) -> str:
    """One row of a table: an arm, then cells of equal width."""
    label = f"{fit(arm, label_width - 1):<{label_width}}"
    return (INDENT + label + "".join(f"{text:>{width}}" for text in cells)).rstrip()


def reasons(rows: pd.DataFrame) -> list[str]:
    """Why estimates are missing: a line for each reason, with the measures it holds for."""
    notes = rows[rows.reason != ""].groupby("reason", sort=False).measure.agg(in_order)
    lines = []
    for reason, measures in notes.items():
        named = ", ".join(measure.replace("_", " ") for measure in measures)
        lines += wrapped(f"{MISSING} {named}: {reason}", INDENT)
    return lines


def title(text: str, explanation: str = "") -> list[str]:
    """Opening of a section."""
    return [text, *(wrapped(explanation, INDENT) if explanation else [])]


def finding(sentences: Iterable[str]) -> list[str]:
    """Closing of a section: what its numbers say, marked by an arrow."""
    told = " ".join(sentences)
    return wrapped(ARROW + told, INDENT, INDENT + "   ") if told else []


def no_sum(arms: Mapping[str, Sequence[str]]) -> str:
    """Why the interaction is no test of complementarity, as a sentence; nothing where it is one.

    `arms` are the contents of each arm: both has to hand over what cash and productive do, no more and no
    less. Where another arm has the rest of both, it is named.
    """
    if not set(STANDARD_ARMS) <= set(arms):
        return ""
    both, productive = set(arms["both"]), set(arms["productive"])
    parts = productive | set(arms["cash"])
    told = [
        f"{verb} {', '.join(names)}"
        for verb, names in (("lacks", sorted(parts - both)), ("adds", sorted(both - parts)))
        if names
    ]
    if not told:
        return ""
    instead = [arm for arm, held in arms.items() if held and set(held) == both - productive]
    test = f", which is both - {instead[0]} - productive + none" if instead else ""
    return (
        f"Both is not cash and productive together (it {' and '.join(told)}), so that the interaction is "
        f"no test of complementarity{test}."
    )


def wrapped(text: str, indent: str = "", later: str | None = None) -> list[str]:
    """Text in lines that fit the page."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if later is None else later,
        break_long_words=True,
    )


def said(lines: Sequence[str]) -> str:
    """What a section says at its end, as one line; empty where it says nothing."""
    mark = f"{INDENT}{ARROW}"
    first = next((i for i, line in enumerate(lines) if line.startswith(mark)), len(lines))
    return " ".join(line.strip() for line in lines[first:]).removeprefix(ARROW)
