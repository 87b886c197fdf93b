"""Sheets: rows of a tidy table laid out wide, as the table behind a chart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from resilience_sim.report.document.parts import Sheet, sheet_of
from resilience_sim.report.page import MISSING, cell, in_order, number

Shown = Callable[[pd.Series], str]
"""How one row of a table is shown."""


def estimate(scale: float, digits: int) -> Shown:
    """Show an estimate with its errors: of luck, then of the sample where it is known."""

    def shown(row: pd.Series) -> str:
        if math.isnan(row.se_luck):
            return number(scale * row.estimate, digits, 9)
        if "se_sample" in row.index and math.isnan(row.se_sample):
            row = row.drop("se_sample")
        return cell(row, scale, digits, max(digits, 2))

    return shown


def value(column: str, scale: float, digits: int) -> Shown:
    """Show one column as a number."""
    return lambda row: number(scale * float(row[column]), digits, 9)


def wide(
    rows: pd.DataFrame,
    index: Sequence[str],
    columns: str,
    shown: Shown,
    heads: Sequence[str] | None = None,
    file: str = "",
) -> Sheet:
    """One line for each value of `index`, one column for each value of `columns`.

    Parameters
    ----------
    rows
        Rows of a tidy table, at most one for each place.
    index, columns
        Names of columns; those of `index` open every line.
    shown
        How a row is told in its place.
    heads
        Heads of the index; the names themselves where None.
    file
        Where the numbers stand in full.
    """
    across = in_order(rows[columns])
    found: dict[tuple[Any, ...], dict[Any, str]] = {}
    for _, row in rows.iterrows():
        place = tuple(row[name] for name in index)
        found.setdefault(place, {})[row[columns]] = shown(row)
    lines = [
        [*map(plainly, place), *(cells.get(each, MISSING) for each in across)]
        for place, cells in found.items()
    ]
    return sheet_of([*(heads or index), *map(plainly, across)], lines, file)


def plainly(value: Any) -> str:
    """A value of an index as text: whole numbers without decimals, names without underscores."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("_", " ")
