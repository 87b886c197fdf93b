"""Reading a household survey through a map of columns, and saying exactly what is wrong with it.

A role names one column of the file, or several joined by " + ": numbers are then summed, flags are
set where one of them is, names are joined by "-".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resilience_sim.config import Survey
from resilience_sim.errors import ConfigError, Problem, SurveyError
from resilience_sim.population.observed import Names, Numbers, Observed

if TYPE_CHECKING:
    import pandas as pd

PACKAGED = "package:"
"""Opens the name of a survey that we ship."""

_MOST_ROWS = 3
"""Rows told for one and the same mistake in one column."""
_MOST_LINES = 20
"""Lines told altogether."""
_ROUNDING = 1e-3
"""How far the parts of income may be from income before it is told (relative)."""


@dataclass(frozen=True)
class Role:
    """What a column can stand for, and what its values may be."""

    text: str
    """Meaning and unit."""
    low: float = -inf
    """Smallest value allowed."""
    is_above: bool = False
    """True where `low` itself is not allowed."""
    is_name: bool = False
    """True for names, which are never calculated with."""
    is_flag: bool = False
    """True where anything but zero or "false" means yes."""


_MONEY = "survey currency per household"
ROLES: Mapping[str, Role] = {
    "id": Role("name of the household", is_name=True),
    "weight": Role("households it stands for", 0, is_above=True),
    "size": Role("members, persons", 0, is_above=True),
    "income": Role(f"all income, {_MONEY}"),
    "wages": Role(f"pay from others, {_MONEY}", 0),
    "own": Role(f"income of own enterprises, below zero for a loss, {_MONEY}"),
    "other": Role(f"remittances, pensions, transfers, {_MONEY}", 0),
    "village": Role("name of the village or sampling unit", is_name=True),
    "stratum": Role("name of the design stratum", is_name=True),
    "vehicles": Role("vehicles of the household, count", 0),
    "own_activity": Role("has an own enterprise, yes or no", is_flag=True),
    "assets": Role(f"productive assets, {_MONEY}", 0),
    "savings": Role(f"savings less debt, {_MONEY}"),
    "age": Role("age of the head, years", 0, is_above=True),
}
"""Roles of columns; id, weight, size and income are needed. Incomes cover `income_months` months.

Of the parts of income, the one for which there is no column takes what is left of income: wages
where there are none, else other; own income without a column is zero. Without villages each
household is its own; without strata there is one. Households with own income above zero have own
activity whatever the flag says.
"""


def read_survey(survey: Survey) -> Observed:
    """Read households and put their money on the scale of the poverty line, per member and year.

    Parameters
    ----------
    survey
        A Parquet, CSV or Stata file, one row per household; `columns` maps roles (`ROLES`) to
        columns.

    Raises
    ------
    ConfigError
        Where `columns` names a role that does not exist, or not those that are needed.
    SurveyError
        Where the file cannot be read, lacks columns, or holds values that cannot be used: column,
        data row (the first is 1), id and value of each, up to a length that a person reads.
    """
    _check_roles(survey.columns)
    table = _table(survey.file)
    sheet = _Sheet(Path(survey.file.removeprefix(PACKAGED)).name, table, survey.columns)
    problems = [*sheet.problems, *_contradictions(sheet)]
    if problems:
        raise SurveyError(_shortened(problems, sheet.file))
    return _on_scale(sheet, survey)


def _check_roles(columns: Mapping[str, str]) -> None:
    problems = []
    for role in columns:
        if role not in ROLES:
            near = get_close_matches(role, ROLES, 1)
            hint = f"Did you mean {near[0]}?" if near else ""
            problems.append(
                Problem(
                    "population.survey.columns",
                    f"name roles out of {', '.join(ROLES)}",
                    repr(role),
                    hint,
                )
            )
    for role in ("id", "weight", "size", "income"):
        if role not in columns:
            problems.append(
                Problem(
                    "population.survey.columns",
                    f"say which column is {role} ({ROLES[role].text})",
                    ", ".join(columns) or "no columns",
                )
            )
    if problems:
        raise ConfigError(problems)


def _table(file: str) -> pd.DataFrame:
    """Read the file as it is; a CSV as text, so that what stands in it can be told."""
    import pandas as pd

    readers: dict[str, Callable[[Path], pd.DataFrame]] = {
        ".parquet": pd.read_parquet,
        ".csv": _csv,
        ".dta": lambda path: pd.read_stata(path, convert_categoricals=False),
    }
    where = "population.survey.file"
    path = _path(file)
    if not path.is_file():
        raise SurveyError([Problem(where, "name a file that exists", repr(file), _shipped(file))])
    reader = readers.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(readers)
        raise SurveyError([Problem(where, f"end in {kinds}", repr(file))])
    if path.stat().st_size == 0:
        raise SurveyError([Problem(file, "hold a table of households", "an empty file")])
    try:
        table = reader(path)
    except Exception as error:  # each reader has its own ways to fail, all of them the file's fault
        reason = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
        allowed = f"be a readable {path.suffix.lower()} file"
        raise SurveyError([Problem(file, allowed, _short(reason))]) from error
    if table.empty:
        raise SurveyError([Problem(file, "hold at least one household", "no rows")])
    return table


def _path(file: str) -> Path:
    if not file.startswith(PACKAGED):
        return Path(file).expanduser()
    folder = Path(str(resources.files("resilience_sim"))) / "data"
    return folder / Path(file.removeprefix(PACKAGED)).name


def _shipped(file: str) -> str:
    """Name the surveys we ship, where one of them was asked for."""
    if not file.startswith(PACKAGED):
        return ""
    names = sorted(path.name for path in _path(file).parent.glob("*.parquet"))
    return f"Shipped: {', '.join(PACKAGED + name for name in names)}."


def _csv(path: Path) -> pd.DataFrame:
    """Every cell as text; without a header, so that rows that are too long are an error."""
    import pandas as pd

    cells = pd.read_csv(path, header=None, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    names = [str(name).strip() for name in cells.iloc[0]]
    if len(names) == 1:
        raise ValueError(f"a single column {names[0]!r}, for cells are separated by commas")
    return cells.iloc[1:].set_axis(names, axis="columns").reset_index(drop=True)


class _Sheet:
    """The columns of a survey by role, checked one by one.

    `names` and `numbers` hold the roles that could be read, shape (n_households,); `problems` what
    was wrong.
    """

    def __init__(self, file: str, table: pd.DataFrame, columns: Mapping[str, str]) -> None:
        self.file = file
        self.n_rows = len(table)
        self.columns = columns
        self.names: dict[str, Names] = {}
        self.numbers: dict[str, Numbers] = {}
        self.problems: list[Problem] = []
        for role in sorted(columns, key=list(ROLES).index):  # ids first: they name the rows
            sources = self._sources(role, table)
            if not sources:
                continue
            if ROLES[role].is_name:
                parts = [self._name(source, table[source]) for source in sources]
                self.names[role] = np.array(["-".join(row) for row in zip(*parts, strict=True)])
            else:
                values = [self._number(role, source, table[source]) for source in sources]
                self.numbers[role] = np.sum(values, axis=0)

    def row(self, index: int) -> str:
        """Say which row, and whose: "row 3 (id b)"."""
        id = self.names["id"][index] if "id" in self.names else ""
        return f"row {index + 1} (id {id})" if id else f"row {index + 1}"

    def tell(
        self,
        column: str,
        wrong: NDArray[np.bool_],
        allowed: str,
        got: Callable[[int], str],
    ) -> list[Problem]:
        """Problems of the rows where `wrong` is True: the first few, then how many more."""
        rows = np.flatnonzero(wrong)
        n_more = len(rows) - _MOST_ROWS
        problems = []
        for count, index in enumerate(map(int, rows[:_MOST_ROWS]), start=1):
            is_last = count == _MOST_ROWS and n_more > 0
            hint = f"More rows like it: {n_more:,}." if is_last else ""
            where = f"{self.file}, column {column}, {self.row(index)}"
            problems.append(Problem(where, allowed, got(index), hint))
        return problems

    def _sources(self, role: str, table: pd.DataFrame) -> list[str]:
        """Columns that make up a role; empty where one is missing, or stands twice in the file."""
        known = [str(name) for name in table.columns]
        given = self.columns[role]
        sources = [given] if given in known else [part.strip() for part in given.split("+")]
        bad = [source for source in sources if known.count(source) != 1]
        for source in bad:
            near = get_close_matches(source, known, 1)
            hint = f"Did you mean {near[0]}?" if near else _short(f"It has {', '.join(known)}.")
            allowed = f"have one column {source} ({role}: {ROLES[role].text})"
            got = f"{known.count(source)} of that name" if source in known else "none"
            hint = "" if source in known else hint
            self.problems.append(Problem(self.file, allowed, got, hint))
        return [] if bad else sources

    def _name(self, column: str, values: pd.Series[Any]) -> list[str]:
        """Names as text; a number without decimals is written without a point."""
        cells = [_name(cell) for cell in values]
        empty = np.array([not cell for cell in cells])
        self.problems += self.tell(column, empty, "hold a name", lambda _: "nothing")
        return cells

    def _number(self, role: str, column: str, values: pd.Series[Any]) -> Numbers:
        """Numbers, checked against what the role allows."""
        rules = ROLES[role]
        cells = list(values)
        parsed = [_number(cell, rules.is_flag) for cell in cells]
        numbers = np.array([np.nan if number is None else number for number in parsed])
        is_text = np.array([number is None for number in parsed])
        is_missing = np.isnan(numbers) & ~is_text
        is_infinite = np.isinf(numbers)

        def got(index: int) -> str:
            return _short(repr(cells[index]) if is_text[index] else f"{numbers[index]:g}")

        allowed = f"be a number ({rules.text})"
        self.problems += self.tell(column, is_text, allowed, got)
        self.problems += self.tell(column, is_missing, allowed, lambda _: "nothing")
        self.problems += self.tell(column, is_infinite, f"be finite ({rules.text})", got)
        is_finite = np.isfinite(numbers)
        if role == "weight" and not numbers[is_finite].any() and is_finite.any():
            where = f"{self.file}, column {column}"
            self.problems.append(
                Problem(where, f"hold weights above 0 ({rules.text})", "0 in every row")
            )
            return numbers
        is_low = is_finite & (numbers < rules.low)
        if rules.is_above:
            is_low |= numbers == rules.low
        bound = f"be {'above' if rules.is_above else 'at least'} {rules.low:g} ({rules.text})"
        self.problems += self.tell(column, is_low, bound, got)
        return (numbers != 0).astype(np.float64) if rules.is_flag else numbers


def _name(cell: object) -> str:
    if cell is None or str(cell) in ("nan", "NaT", "<NA>"):  # the ways pandas writes nothing
        return ""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def _number(cell: object, is_flag: bool) -> float | None:
    """Return a cell as a number: NaN where it is empty, None where it is text."""
    text = "" if cell is None else str(cell).strip().lower()
    if text in ("", "nan", "nat", "<na>"):
        return np.nan
    if is_flag and text in ("true", "false"):
        return float(text == "true")
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _contradictions(sheet: _Sheet) -> Iterator[Problem]:
    """Yield what is wrong between rows or columns, as far as the columns could be read."""
    if "id" in sheet.names:
        id = sheet.names["id"]
        _, first, inverse = np.unique(id, return_index=True, return_inverse=True)
        earlier = first[inverse]
        yield from sheet.tell(
            sheet.columns["id"],
            (earlier != np.arange(len(id))) & (id != ""),
            "name each household once",
            lambda row: f"the id of row {earlier[row] + 1}",
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
                f"{stratum[home[row]]} in row {home[row] + 1}"
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


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:197]}..."


def _on_scale(sheet: _Sheet, survey: Survey) -> Observed:
    """From currency per household and months to lines per member and year."""
    numbers, names, n = sheet.numbers, sheet.names, sheet.n_rows
    size = numbers["size"]
    per_month = size * survey.line_per_person_month
    flows: dict[str, Numbers] = {
        role: numbers[role] / (survey.income_months * per_month)
        for role in ("income", "wages", "own", "other")
        if role in numbers
    }
    stocks = {
        role: numbers[role] / (12 * per_month) for role in ("assets", "savings") if role in numbers
    }
    notes = [
        f"Money is counted in poverty lines: {survey.line_per_person_month:,.2f} in survey "
        f"currency per person and month ({survey.line_source})."
    ]
    wages, own, other, part_notes = _parts(flows)
    notes += part_notes
    if "village" not in names:
        notes.append("The survey names no villages: each household is its own.")
    if "stratum" not in names:
        notes.append("The survey names no strata: there is one.")
    has_own_activity = own > 0
    if "own_activity" in numbers:
        has_own_activity |= numbers["own_activity"] > 0
    return Observed(
        id=names["id"],
        village=names.get("village", names["id"]),
        stratum=names.get("stratum", np.full(n, "1")),
        weight=numbers["weight"],
        size=size,
        income=flows["income"],
        wages=wages,
        own=own,
        other=other,
        vehicles=numbers.get("vehicles", np.zeros(n)),
        has_own_activity=has_own_activity,
        assets=stocks.get("assets"),
        savings=stocks.get("savings"),
        age=numbers.get("age"),
        notes=tuple(notes),
    )


def _parts(flows: dict[str, Numbers]) -> tuple[Numbers, Numbers, Numbers, list[str]]:
    """Wages, own and other income (lines per year); one without a column gets what is left."""
    income, notes = flows["income"], []
    nothing = np.zeros_like(income)
    own = flows.get("own", nothing)
    wages, other = flows.get("wages"), flows.get("other")
    if "own" not in flows:
        notes.append("The survey has no own income: it is taken as zero.")
    if wages is None:
        other = nothing if other is None else other
        wages = np.maximum(income - own - other, 0)
        notes.append("Wages are what the other parts leave of income.")
    elif other is None:
        other = np.maximum(income - own - wages, 0)
        notes.append("Other income is what wages and own income leave of income.")
    gap = np.abs(wages + own + other - income)
    is_off = gap > _ROUNDING * np.maximum(np.abs(income), _ROUNDING)
    if is_off.any():
        notes.append(
            "Households whose parts of income do not sum to it: "
            f"{np.count_nonzero(is_off):,}, by {np.max(gap):.3g} lines at most; "
            "poverty counts income, the model the parts."
        )
    return wages, own, other, notes
