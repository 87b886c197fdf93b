"""The worked example of docs/api.md runs as it stands, and shows what the page says of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import resilience_sim
from resilience_sim.outcomes import UNITS

PAGE = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Folder and names that the page's one block of Python leaves behind."""
    (block,) = FENCED.findall(PAGE)
    folder, names = tmp_path_factory.mktemp("api"), {"__name__": "example"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MPLBACKEND", "agg")
        exec(compile(block, "docs/api.md", "exec"), names)
    return folder, names


def effect(table: pd.DataFrame, arm: str = "cash") -> np.ndarray:
    rows = table[
        (table.arm == arm)
        & (table.comparison == "control")
        & (table.outcome == "consumption")
        & (table.unit == "percent")
    ]
    return rows.sort_values("horizon_months").estimate.to_numpy()


def test_it_plots_what_it_reads_in_its_own_folder(example: tuple[Path, dict[str, Any]]) -> None:
    folder, names = example
    assert [path.name for path in folder.iterdir()] == ["effects.png"]
    assert (folder / "effects.png").read_bytes().startswith(PNG)
    lines = names["axes"].get_lines()
    assert [line.get_label() for line in lines] == list(names["PROGRAMMES"])
    for line, table in zip(lines, names["effects"].values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4, 5])
        np.testing.assert_array_equal(line.get_ydata(), effect(table))


def test_programmes_part_where_cash_ends(example: tuple[Path, dict[str, Any]]) -> None:
    _, names = example
    short, long = (effect(table) for table in names["effects"].values())
    assert names["experiment"].config.programme.contents["transfer"].months == 60
    assert (short > 0).all()
    np.testing.assert_array_equal(long[:3], short[:3])
    assert (long[3:] > short[3:]).all()
    # Negative control: what is not cash has not changed.
    productive = [effect(table, "productive") for table in names["effects"].values()]
    np.testing.assert_array_equal(*productive)


def test_the_page_tells_columns_and_calls_that_exist() -> None:
    table = PAGE.split("| column | meaning |")[1].split("\n\n")[0]
    first_cells = [row.split("|")[1] for row in table.splitlines() if row]
    told = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert len(told) > 5
    assert set(told) <= set(UNITS["effects"])
    for name in ("compose", "prepare", "run"):
        assert f"`{name}(" in PAGE
        assert callable(getattr(resilience_sim, name))
    calls = re.findall(r"^\| `(runs|report|evidence)\.(\w+)\(", PAGE, re.MULTILINE)
    assert len(calls) == 4
    for module, name in calls:
        home = __import__(f"resilience_sim.{module}", fromlist=[name])
        assert callable(getattr(home, name))
