"""Files of surveys and maps: where they lie, and reading a table as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from resilience_sim.errors import Problem, SurveyError

if TYPE_CHECKING:
    import pandas as pd

PACKAGED = "package:"
"""Opens the name of a file that we ship."""
TABLES = (".parquet", ".csv", ".dta")
"""Endings of the tables that can be read; ours have the first."""
_LONGEST = 200
"""Characters of a value or a list that a message shows."""


def path_of(file: str, folder: str = "") -> Path:
    """Path of a file; one that we ship lies in this folder of our data."""
    if not file.startswith(PACKAGED):
        return Path(file).expanduser()
    data = Path(str(resources.files("resilience_sim"))) / "data" / folder
    return data / Path(file.removeprefix(PACKAGED)).name


def file_problem(file: str, where: str, endings: Sequence[str], folder: str = "") -> Problem | None:
    """Say why a file cannot be opened, told under the setting that names it; None where it can."""
    path = path_of(file, folder)
    if not path.is_file():
        got = f"{file!r}, a folder" if path.is_dir() else repr(file)
        return Problem(where, "name a file that exists", got, _shipped(file, endings, folder))
    if path.suffix.lower() not in endings:
        return Problem(where, f"end in {', '.join(endings)}", repr(file))
    if path.stat().st_size == 0:
        return Problem(file, "hold something", "an empty file")
    return None


def read_table(file: str) -> pd.DataFrame:
    """Read a table as it is; a CSV as text, so that what stands in it can be told.

    Raises
    ------
    SurveyError
        Where it cannot be read, or holds no household.
    """
    import pandas as pd

    problem = file_problem(file, "population.survey.file", TABLES)
    if problem is not None:
        raise SurveyError([problem])
    path = path_of(file)
    ending = path.suffix.lower()
    readers: dict[str, Callable[[Path], pd.DataFrame]] = {
        ".parquet": _parquet,
        ".csv": _csv,
        ".dta": lambda path: pd.read_stata(path, convert_categoricals=False),
    }
    try:
        table = readers[ending](path)
    except Exception as error:  # each reader has its own ways to fail, all of them the file's fault
        reason = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
        hint = "Save it as UTF-8." if isinstance(error, UnicodeDecodeError) else ""
        unreadable = Problem(file, f"be a readable {ending} file", short(reason), hint)
        raise SurveyError([unreadable]) from error
    if table.empty:
        raise SurveyError([Problem(file, "hold at least one household", "no rows")])
    return table.set_axis([str(name) for name in table.columns], axis="columns")


def short(text: str) -> str:
    """Cut a text to what a message can show."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _shipped(file: str, endings: Sequence[str], folder: str) -> str:
    """Name the files we ship, where one of them was asked for."""
    if not file.startswith(PACKAGED):
        return ""
    beside = sorted(path_of(file, folder).parent.iterdir())
    names = [PACKAGED + path.name for path in beside if path.suffix == endings[0]]
    return f"Shipped: {', '.join(names)}."


def _parquet(path: Path) -> pd.DataFrame:
    """All columns, those that pandas set aside as an index among them."""
    import pandas as pd

    table = pd.read_parquet(path)
    has_names = any(name is not None for name in table.index.names)
    return table.reset_index() if has_names else table


def _csv(path: Path) -> pd.DataFrame:
    """Every cell as text; without a header, so that rows that are too long are an error."""
    import pandas as pd

    cells = pd.read_csv(path, header=None, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    names = [str(name).strip() for name in cells.iloc[0]]
    if len(names) == 1:
        raise ValueError(f"a single column {names[0]!r}, for cells are separated by commas")
    return cells.iloc[1:].set_axis(names, axis="columns").reset_index(drop=True)
