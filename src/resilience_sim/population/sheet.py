"""The columns of a survey by role, checked cell by cell, with every problem told by column and row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resilience_sim.config import suggestion
from resilience_sim.errors import Problem
from resilience_sim.population.files import short
from resilience_sim.population.maps import Reading
from resilience_sim.population.observed import Flags, Names, Numbers
from resilience_sim.population.roles import ROLES, Role

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROWS = 3
"""Rows told for one and the same mistake in one column."""
_MOST_LINES = 20
"""Lines told altogether."""
_MOST_VALUES = 8
"""Values of a column that a message lists."""
_NOTHING = frozenset({"nan", "NaT", "<NA>"})
"""The ways pandas writes nothing."""
_YES, _NO = ("true", "yes"), ("false", "no")


class Sheet:
    """The columns of a survey by role, checked one by one.

    `names` and `numbers` hold the roles that could be read, shape (n_households,); `problems` what
    is wrong, as much of it as a person reads. Numbers that may be empty are NaN there.
    """

    def __init__(self, file: str, table: pd.DataFrame, reading: Reading) -> None:
        self.file = file
        self.n_rows_in_file = len(table)
        self.names: dict[str, Names] = {}
        self.numbers: dict[str, Numbers] = {}
        self.columns = {role: text for role, text in reading.columns.items() if role in ROLES}
        problems: list[Problem] = []
        self._rows = _kept_rows(file, table, reading, problems)
        self.n_rows = len(self._rows)
        kept = table.iloc[self._rows]
        for role in sorted(self.columns, key=list(ROLES).index):  # ids first: they name the rows
            sources = self._sources(role, table, problems)
            if not sources:
                continue
            if ROLES[role].is_name:
                parts = [self._names(source, kept[source], problems) for source in sources]
                joined = ["-".join(row) for row in zip(*parts, strict=True)]
                self.names[role] = np.array(joined, np.str_)
            else:
                values = [self._numbers(role, source, kept[source], problems) for source in sources]
                self.numbers[role] = np.sum(values, axis=0)
        problems += _contradictions(self)
        self.problems = _shortened(problems, file)

    def tell(
        self,
        column: str,
        wrong: Flags,
        allowed: str,
        got: Callable[[int], str],
        hint: str = "",
    ) -> list[Problem]:
        """Problems of the rows where `wrong` is True: the first few, then how many more."""
        rows = np.flatnonzero(wrong)
        n_more = len(rows) - _MOST_ROWS
        problems = []
        for count, index in enumerate(map(int, rows[:_MOST_ROWS]), start=1):
            is_last = count == min(_MOST_ROWS, len(rows))
            more = f"More rows like it: {n_more:,}." if n_more > 0 else ""
            told = f"{more} {hint}".strip() if is_last else ""
            where = f"{self.file}, column {column}, {self._row(index)}"
            problems.append(Problem(where, allowed, got(index), told))
        return problems

    def row_number(self, index: int) -> int:
        """Number of a row in the file; the first row of data is 1."""
        return int(self._rows[index]) + 1

    def _row(self, index: int) -> str:
        """Say which row, and whose: "row 3 (id b)"."""
        id = self.names["id"][index] if "id" in self.names else ""
        number = self.row_number(index)
        return f"row {number} (id {id})" if id else f"row {number}"

    def _sources(self, role: str, table: pd.DataFrame, problems: list[Problem]) -> list[str]:
        """Columns that make up a role; empty where one is missing, or stands twice in the file."""
        known = list(table.columns)
        given = self.columns[role]
        sources = [given] if given in known else [part.strip() for part in given.split("+")]
        bad = [source for source in sources if known.count(source) != 1]
        for source in bad:
            allowed = f"have one column {source} ({role}: {ROLES[role].text})"
            if source in known:
                got, hint = f"{known.count(source)} of that name", ""
            else:
                got, hint = "none", _near(source, known)
            problems.append(Problem(self.file, allowed, got, hint))
        return [] if bad else sources

    def _names(self, column: str, values: pd.Series[Any], problems: list[Problem]) -> list[str]:
        """Names as text; a number without decimals is written without a point."""
        cells = [as_name(cell) for cell in values.to_numpy(dtype=object)]
        empty = np.array([not cell for cell in cells], np.bool_)
        problems += self.tell(column, empty, "hold a name", lambda _: "nothing")
        return cells

    def _numbers(
        self, role: str, column: str, values: pd.Series[Any], problems: list[Problem]
    ) -> Numbers:
        """Numbers, checked against what the role allows."""
        rules = ROLES[role]
        numbers, is_text = _as_numbers(values, rules.is_flag)
        is_missing = np.isnan(numbers) & ~is_text
        is_infinite = np.isinf(numbers)

        def got(index: int) -> str:
            return short(repr(values.iloc[index]) if is_text[index] else f"{numbers[index]:g}")

        allowed = f"be a number{', yes or no' if rules.is_flag else ''} ({rules.text})"
        problems += self.tell(column, is_text, allowed, got)
        if not rules.may_be_empty:
            hint = "Write 0 where there is none." if rules.low == 0 and not rules.is_above else ""
            problems += self.tell(column, is_missing, allowed, lambda _: "nothing", hint)
        problems += self.tell(column, is_infinite, f"be finite ({rules.text})", got)
        is_finite = np.isfinite(numbers)
        if role == "weight" and not numbers[is_finite].any() and is_finite.any():
            where = f"{self.file}, column {column}"
            allowed = f"hold weights above 0 ({rules.text})"
            problems.append(Problem(where, allowed, "0 in every row"))
            return numbers
        problems += self.tell(column, is_finite & _is_low(numbers, rules), _low_text(rules), got)
        is_high = is_finite & (numbers > rules.high)
        problems += self.tell(column, is_high, f"be at most {rules.high:g} ({rules.text})", got)
        return (numbers != 0).astype(np.float64) if rules.is_flag else numbers


def as_name(cell: object) -> str:
    """Return a cell as a name; nothing where it is empty."""
    if isinstance(cell, str):
        return "" if cell in _NOTHING else cell.strip()
    if cell is None or str(cell) in _NOTHING:
        return ""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def _as_numbers(values: pd.Series[Any], is_flag: bool) -> tuple[Numbers, Flags]:
    """Cells as numbers, NaN where they are empty or text, and which of them are text."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "bfiu":
        return values.to_numpy(np.float64), np.zeros(len(values), np.bool_)
    parsed = [_as_number(cell, is_flag) for cell in values.to_numpy(dtype=object)]
    numbers = np.array([np.nan if number is None else number for number in parsed], np.float64)
    return numbers, np.array([number is None for number in parsed], np.bool_)


def _as_number(cell: object, is_flag: bool) -> float | None:
    """Return a cell as a number: NaN where it is empty, None where it is text."""
    text = "" if cell is None else str(cell).strip().lower()
    if text in ("", "nan", "nat", "<na>"):
        return np.nan
    if is_flag and text in (*_YES, *_NO):
        return float(text in _YES)
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def _is_low(numbers: Numbers, rules: Role) -> Flags:
    return numbers <= rules.low if rules.is_above else numbers < rules.low


def _low_text(rules: Role) -> str:
    return f"be {'above' if rules.is_above else 'at least'} {rules.low:g} ({rules.text})"


def _near(name: str, known: list[str]) -> str:
    """Name the column that was probably meant, or those there are."""
    return suggestion(name, known) or short(f"It has {', '.join(known)}.")


def _kept_rows(
    file: str, table: pd.DataFrame, reading: Reading, problems: list[Problem]
) -> NDArray[np.int64]:
    """Rows that the reading keeps, from 0; none where it cannot be told which."""
    keep = np.ones(len(table), np.bool_)
    known = list(table.columns)
    n_problems = len(problems)
    for column, wanted in reading.where.items():
        place = reading.place(f"where.{column}")
        if known.count(column) != 1:
            got = f"{known.count(column)} of that name in {file}"
            problems.append(Problem(place, "name one column", got, _near(column, known)))
            continue
        cells = np.array([as_name(cell).casefold() for cell in table[column]], np.str_)
        there = np.unique(cells)
        for value in wanted:
            if value.casefold() not in there:
                hint = f"It holds {_listed(list(there))}."
                allowed = f"ask for values of column {column}"
                problems.append(Problem(place, allowed, repr(value), hint))
        keep &= np.isin(cells, [value.casefold() for value in wanted])
    if len(problems) > n_problems:
        return np.zeros(0, np.int64)
    if not keep.any():
        asked = "; ".join(f"{name} {', '.join(values)}" for name, values in reading.where.items())
        allowed = f"hold at least one household with {asked}"
        problems.append(Problem(file, allowed, f"none in {len(keep):,} rows"))
    return np.flatnonzero(keep)


def _listed(values: list[str]) -> str:
    told = ", ".join(value or "nothing" for value in values[:_MOST_VALUES])
    n_more = len(values) - _MOST_VALUES
    return short(f"{told} and {n_more:,} more" if n_more > 0 else told)


def _contradictions(sheet: Sheet) -> Iterator[Problem]:
    """Yield what is wrong between rows or columns, as far as the columns could be read."""
    if "id" in sheet.names:
        id = sheet.names["id"]
        _, first, inverse = np.unique(id, return_index=True, return_inverse=True)
        earlier = first[inverse]
        is_again = (earlier != np.arange(len(id))) & (id != "")
        are_many = np.count_nonzero(is_again) > _MOST_ROWS
        yield from sheet.tell(
            sheet.columns["id"],
            is_again,
            "name each household once",
            lambda row: f"the id of row {sheet.row_number(earlier[row])}",
            "Several waves in one file? Keep one with `where`." if are_many else "",
        )
    if "village" in sheet.names and "stratum" in sheet.names:
        village, stratum = sheet.names["village"], sheet.names["stratum"]
        _, first, inverse = np.unique(village, return_index=True, return_inverse=True)
        home = first[inverse]
        yield from sheet.tell(
            sheet.columns["stratum"],
            (stratum != stratum[home]) & (village != "") & (stratum != ""),
            "be the same throughout a village",
            lambda row: (
                f"{stratum[row]} for village {village[row]}, which is in "
                f"{stratum[home[row]]} in row {sheet.row_number(home[row])}"
            ),
        )
    if "income" in sheet.numbers and ("own" in sheet.numbers or "own" not in sheet.columns):
        income = sheet.numbers["income"]
        own = sheet.numbers.get("own", np.zeros(len(income)))
        yield from sheet.tell(
            sheet.columns["income"],
            (income < 0) & np.isfinite(income) & (own >= 0),
            "be at least 0 unless own income is below 0",
            lambda row: f"{income[row]:g}",
        )


def _shortened(problems: list[Problem], file: str) -> list[Problem]:
    """Keep what a person reads, and the number of what was left out."""
    n_more = len(problems) - _MOST_LINES
    if n_more <= 0:
        return problems
    rest = Problem(file, "be free of such problems", f"{n_more} more lines like these")
    return [*problems[:_MOST_LINES], rest]
