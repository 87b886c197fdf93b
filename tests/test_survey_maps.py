"""Maps: how a small YAML file says which columns, rows and money a survey has, and how it can fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from resilience_sim.cli import compose
from resilience_sim.config import Population, PopulationKind, Survey
from resilience_sim.errors import ConfigError, InputError, SurveyError
from resilience_sim.population import Households, load

SETTINGS = compose(["case=erewhon"])
SOUND = """\
columns:
  id: hh            # the household
  weight: w
  size: n
  income: wage + farm
where: {wave: 2, zone: [north, south]}
line_per_person_month: 100
line_source: Butler (1872)
income_months: 3
"""
ROWS: dict[str, list[Any]] = {
    "wave": [1, 1, 2, 2, 2, 2],
    "hh": ["a", "b", "a", "b", "c", "d"],
    "zone": ["north", "south", "north", "South", "north", "west"],
    "w": [1, 1, 1, 1, 2, 1],
    "n": [1, 1, 1, 2, 1, 1],
    "wage": [0, 0, 300, 0, 75, 0],
    "farm": [0, 0, 0, 600, 75, 0],
}


def population(
    folder: Path, text: str, table: pd.DataFrame | None = None, **settings: Any
) -> Population:
    (folder / "tiny.yaml").write_text(text, encoding="utf-8")
    (pd.DataFrame(ROWS) if table is None else table).to_csv(folder / "tiny.csv", index=False)
    survey = Survey(
        **{
            "file": str(folder / "tiny.csv"),
            "columns": {"id": "another", "own": "column"},
            "line_per_person_month": 7.0,
            "line_source": "another",
            "income_months": 12,
            "map": str(folder / "tiny.yaml"),
            **settings,
        }
    )
    return replace(SETTINGS.population, kind=PopulationKind.SURVEY, survey=survey)


def read(folder: Path, text: str = SOUND, **settings: Any) -> Households:
    return load(population(folder, text, **settings), 1, SETTINGS.generations)


def problems_of(folder: Path, text: str, **settings: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(folder, text, **settings)
    return [str(problem) for problem in caught.value.problems]


def test_a_map_says_how_to_read_and_settings_beside_it_do_not(tmp_path: Path) -> None:
    people = read(tmp_path)
    # Wave 2 in the north and the South: 300 over one member is a line, 600 over two as well; c has
    # half of one.
    assert list(people.id) == ["a", "b", "c"]
    np.testing.assert_allclose(people.income, [1.0, 1.0, 0.5])
    assert any("by the map" in note and "tiny.yaml" in note for note in people.notes)
    assert any("Rows kept: 3 of 6 (wave 2; zone north, south)." in note for note in people.notes)
    assert any("100.00 in survey currency" in note for note in people.notes)


def test_rows_that_are_typed_replace_those_of_the_map(tmp_path: Path) -> None:
    assert list(read(tmp_path, where={"wave": "1"}).id) == ["a", "b"]
    assert list(read(tmp_path, where={"zone": "west"}).id) == ["d"]
    assert list(read(tmp_path, where={"hh": "a, c"}).id) == ["a", "c"]


def test_rows_can_be_chosen_without_a_map(tmp_path: Path) -> None:
    columns = {"id": "hh", "weight": "w", "size": "n", "income": "wage"}
    people = read(tmp_path, columns=columns, map=None, where={"wave": "2"})
    assert list(people.id) == ["a", "b", "c", "d"]


def test_numbers_name_rows_whatever_their_type(tmp_path: Path) -> None:
    table = pd.DataFrame(ROWS).assign(wave=lambda rows: rows["wave"].astype(float))
    path = tmp_path / "float.dta"
    table.to_stata(path, write_index=False)
    assert list(read(tmp_path, file=str(path)).id) == ["a", "b", "c"]


def test_rows_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    wrong = pd.DataFrame(ROWS).assign(w=[1, 1, 1, 1, -2, 1])
    (line,) = problems_of(tmp_path, SOUND, table=wrong)
    assert "column w, row 5 (id c) must be above 0" in line


def test_a_panel_without_a_choice_of_wave_is_understood(tmp_path: Path) -> None:
    many = pd.DataFrame(
        {"hh": [1, 2, 3, 4] * 2, "w": 1, "n": 1, "wage": 1, "farm": 1, "wave": [1] * 4 + [2] * 4}
    )
    without = "\n".join(line for line in SOUND.splitlines() if not line.startswith("where"))
    lines = problems_of(tmp_path, without, table=many)
    assert "got the id of row 1" in lines[0]
    assert lines[-1].endswith(
        "More rows like it: 1. Several waves in one file? Keep one with `where`."
    )


def test_yaml_takes_nothing_for_something_else(tmp_path: Path) -> None:
    """In YAML 1.1 `no` is false, 010 is 8 and 1_0 is 10; here they are what they look like."""
    table = pd.DataFrame(ROWS).assign(wave=["no", "no", "010", "010", "1_0", "010"])
    text = SOUND.replace("wave: 2, zone: [north, south]", "wave: 010")
    assert list(read(tmp_path, text, table=table).id) == ["a", "b", "d"]
    assert list(read(tmp_path, text.replace("010", "no"), table=table).id) == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("  id: hh", "  idd: hh"), "line 2, columns.idd must name roles out of id, weight"),
        (("  id: hh", "  idd: hh"), "tiny.yaml, columns must say which column is id"),
        (("  id: hh", "  shock: hh"), "line 2, columns.shock must name roles out of id, weight"),
        (("weight: w", "wieght: w"), "line 3, columns.wieght"),
        (("  size: n", "  size: m"), "tiny.csv must have one column m (size: members, persons)"),
        (("  size: n", "  size:"), "line 4, columns.size must be text; got nothing."),
        (("  size: n", "  size: [n]"), "line 4, columns.size must be text; got a list."),
        (("  size: n", "  id: n"), "line 4, columns.id must be given once"),
        (("where: {wave", "were: {wave"), "line 6, were must be one of columns, where"),
        (("where: {wave", "were: {wave"), "Did you mean where?"),
        (("{wave: 2", "{wav: 2"), "line 6, where.wav must name one column; got 0 of that name"),
        (("{wave: 2", "{wav: 2"), "Did you mean wave?"),
        (
            ("wave: 2", "wave: 3"),
            "where.wave must ask for values of column wave; got '3'. It holds 1",
        ),
        (("wave: 2", "wave: []"), "line 6, where.wave must be text; got an empty list."),
        (("{wave: 2, zone: [north, south]}", "2"), "line 6, where must be a mapping; got '2'."),
        (("[north, south]", "east"), "got 'east'. It holds north, south, west."),
        (
            ("month: 100", "month: 1,941"),
            "line 7, line_per_person_month must be a number in (0, inf)",
        ),
        (("month: 100", "month: 1,941"), "got '1,941'. Did you mean 1941?"),
        (("month: 100", "month: 0"), "got '0'."),
        (("month: 100", "month: nan"), "got 'nan'."),
        (("line_per_person_month: 100\n", ""), "nothing, though income holds money"),
        (("line_source: Butler (1872)\n", ""), "line_source must say where the line comes from"),
        (("income_months: 3", ""), "income_months must be given (months the money columns cover"),
        (("income_months: 3", "income_months: 2.5"), "be a whole number in [1, 24] (months)"),
        (("income_months: 3", "income_months: 99"), "got '99'."),
        (("income_months: 3", "income_months: [3]"), "income_months must be text; got a list."),
    ],
)
def test_what_is_wrong_with_a_map_is_told_by_line(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    assert change[0] in SOUND
    lines = problems_of(tmp_path, SOUND.replace(*change))
    assert any(said in line for line in lines), lines


def test_a_sound_map_has_no_problems_and_needs_no_line_without_money(tmp_path: Path) -> None:
    read(tmp_path)
    score = "columns: {id: hh, weight: w, size: n, welfare: wage}\nwhere: {wave: 2}\n"
    people = read(tmp_path, score)
    assert not any("survey currency" in note for note in people.notes)


def test_problems_of_map_and_survey_are_told_together(tmp_path: Path) -> None:
    text = SOUND.replace("income_months: 3", "income_months: x").replace("  size: n", "  size: m")
    text = text.replace("  id: hh", "  idd: hh").replace("weight: w", "weight: wage")
    with pytest.raises(SurveyError) as caught:
        read(tmp_path, text)
    told = str(caught.value)
    for said in (
        "income_months",
        "columns.idd",
        "one column m",
        "column wage, row 4 must be above 0",
    ):
        assert said in told
    assert all(line.startswith("SurveyError: ") for line in told.splitlines())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.yaml", None, "population.survey.map must name a file that exists"),
        ("map.txt", b"columns: {}", "must end in .yaml, .yml"),
        ("empty.yaml", b"", "got an empty file"),
        ("comment.yaml", b"# nothing\n", "be a mapping of keys to values"),
        ("list.yaml", b"- a\n- b\n", "be a mapping of keys to values"),
        ("broken.yaml", b"columns: {id: hh\nwhere: 3", "broken.yaml, line 2 must be YAML text"),
        ("tab.yaml", b"columns:\n\tid: hh\n", "tab.yaml, line 2 must be YAML text"),
        ("latin.yaml", "columns: {id: a\xf1o}".encode("latin-1"), "be YAML text"),
        ("noise.yaml", bytes(range(32)), "be YAML text"),
        ("two.yaml", b"a: 1\n---\nb: 2\n", "be YAML text"),
    ],
)
def test_unusable_maps(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, map=str(tmp_path / name))
    assert said in str(caught.value)
    assert len(caught.value.problems) == 1


def test_an_unusable_map_and_an_absent_survey_are_told_together(tmp_path: Path) -> None:
    lines = problems_of(tmp_path, SOUND, file="absent.csv", map="absent.yaml")
    assert [line.split()[0] for line in lines] == [
        "population.survey.map",
        "population.survey.file",
    ]


def test_an_unknown_shipped_map_names_those_there_are(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, SOUND, map="package:malawi.yaml")
    assert line.endswith("Shipped: package:malawi_ihps.yaml.")
