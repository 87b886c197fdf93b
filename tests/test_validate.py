"""The verb `validate`: everything that is wrong at once, never a traceback, or what is in a survey."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import resilience_sim
from resilience_sim.cli import compose, main
from resilience_sim.population import load
from resilience_sim.runs import input_files

MAP = """\
columns: {id: hh, weight: w, size: n, income: inc, village: place, land: ha}
line_per_person_month: 10
line_source: Butler (1872)
income_months: 12
"""
ROWS: dict[str, list[Any]] = {
    "hh": ["a", "b", "c"],
    "w": [1.0, 2.0, 3.0],
    "n": [1, 2, 3],
    "inc": [60.0, 480.0, 360.0],
    "place": ["east", "east", "west"],
    "ha": [0.5, 0.0, 2.0],
}
WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "parquet": lambda table, path: table.to_parquet(path),
    "dta": lambda table, path: table.to_stata(path, write_index=False),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a sound map."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "map.yaml").write_text(MAP, encoding="utf-8")
    return tmp_path


def write(kind: str, **changes: list[Any]) -> str:
    """Write the tiny survey, changed, and return its name."""
    name = f"tiny.{kind}"
    WRITERS[kind](pd.DataFrame({**ROWS, **changes}), Path(name))
    return name


def told(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """Problems of a command that must end with exit code 2 and print nothing else."""
    assert main(["validate", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    lines = err.splitlines()
    assert all(line.startswith(("SurveyError: ", "ConfigError: ")) for line in lines)
    return lines


@pytest.mark.parametrize("kind", list(WRITERS))
def test_a_sound_survey_is_told_in_short(
    kind: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = write(kind)
    before = sorted(here.iterdir())
    assert main(["validate", f"survey={name}", "map=map.yaml"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= 120
    text = " ".join(out.split())
    assert f"{name}, read by map.yaml: nothing is wrong." in text
    # 1, 4 and 9 persons; incomes .5, 2 and 1: the first is poor, 1 of 14.
    assert "households 3 that stand for 6" in text
    assert "persons 14" in text
    assert "villages 2 in strata: 1" in text
    assert "headcount 7.1 percent of persons" in text
    assert "income 1.00 1.00 2.00 lines per year" in text
    assert "Land as measured" in text and "synthetic demography" in text
    assert f"population.survey.file={name} population.survey.map=map.yaml" in text
    assert sorted(here.iterdir()) == before  # it writes nothing


def test_the_command_it_ends_with_composes_to_the_same_population(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.rename(write("csv"), "my survey.csv")
    words = ["survey=my survey.csv", "map=map.yaml", "population.imputation.land_per_hectare=3"]
    assert main(["validate", *words]) == 0
    command = capsys.readouterr().out.splitlines()[-1]
    verb, *overrides = shlex.split(command)[1:]
    assert verb == "run"
    config = compose(["population.kind=survey", *overrides])
    assert config.population.survey.file == "my survey.csv"
    assert config.population.imputation.land_per_hectare == 3
    assert load(config.population, 1, config.generations).n_households == 3


@pytest.mark.parametrize("kind", list(WRITERS))
def test_every_problem_is_told_at_once_by_column_row_and_value(
    kind: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = MAP.replace("size: n", "sise: n, size: m").replace("months: 12", "months: 0")
    Path("map.yaml").write_text(text, encoding="utf-8")
    name = write(
        kind, hh=["a", "b", "a"], w=[1.0, -2.0, 3.0], inc=[60.0, 1.0, -3.0], place=["e", "", "e"]
    )
    lines = told(capsys, f"survey={name}", "map=map.yaml")
    for said in (
        "map.yaml, line 1, columns.sise must name roles out of",
        "map.yaml, line 4, income_months must be a whole number in [1, 24] (months); got '0'.",
        f"{name} must have one column m (size: members, persons); got none.",
        f"{name}, column w, row 2 (id b) must be above 0 (households it stands for); got -2.",
        f"{name}, column place, row 2 (id b) must hold a name; got nothing.",
        f"{name}, column hh, row 3 (id a) must name each household once; got the id of row 1.",
        f"{name}, column inc, row 3 (id a) must be at least 0 unless own income is below 0; got -3.",
    ):
        assert any(said in line for line in lines), (said, lines)
    assert len(lines) == 7


def test_text_and_infinity_are_told_as_they_stand(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = write("csv", inc=["1 200", "inf", ""])
    lines = told(capsys, f"survey={name}", "map=map.yaml")
    assert [line.split("got ")[1] for line in lines] == ["'1 200'.", "nothing.", "inf."]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.csv", None, "population.survey.file must name a file that exists"),
        ("tiny.xlsx", b"PK", "must end in .parquet, .csv, .dta"),
        ("tiny", b"hh,w\n", "must end in .parquet, .csv, .dta"),
        ("empty.csv", b"", "got an empty file"),
        ("empty.dta", b"", "got an empty file"),
        ("blank.csv", b"\n\n\n", "must be a readable .csv file"),
        ("header.csv", b"hh,w,n,inc,place,ha\n", "must hold at least one household"),
        ("latin.csv", "hh,w\nMu\xf1oz,1\n".encode("latin-1"), "Save it as UTF-8."),
        ("semicolon.csv", b"hh;w\na;1\n", "a single column 'hh;w'"),
        ("ragged.csv", b"hh,w\na,1\nb,1,2\n", "must be a readable .csv file"),
        ("noise.csv", bytes(range(256)), "must be a readable .csv file"),
        ("noise.parquet", bytes(range(256)), "must be a readable .parquet file"),
        ("noise.dta", bytes(range(256)), "must be a readable .dta file"),
        ("stata.parquet", b"\x71\x02\x01\x00", "must be a readable .parquet file"),
    ],
)
def test_files_that_cannot_be_read(
    name: str, content: bytes | None, said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        Path(name).write_bytes(content)
    (line,) = told(capsys, f"survey={name}", "map=map.yaml")
    assert said in line and name in line


def test_a_folder_is_no_survey(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("data.csv").mkdir()
    (line,) = told(capsys, "survey=data.csv", "map=map.yaml")
    assert "got 'data.csv', a folder." in line


def test_an_index_of_pandas_is_a_column_too(here: Path) -> None:
    pd.DataFrame(ROWS).set_index("hh").to_parquet("tiny.parquet")
    assert main(["validate", "survey=tiny.parquet", "map=map.yaml"]) == 0


# Words of the command


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tiny.csv", "map.yaml"], "Did you mean survey=tiny.csv?"),
        (["tiny.csv", "map.yaml"], "Did you mean map=map.yaml?"),
        (["map=map.yaml"], "survey must name the file that the map is for"),
        (["survey=tiny.csv"], "from its columns hh, w, n, inc, place, ha."),
        (["survey=", "map=map.yaml"], "population.survey.file must name a file"),
        (["sruvey=tiny.csv", "map=map.yaml"], "survey must name the file"),
        (["survey=tiny.csv", "map=map.yaml", "sead=1"], "sead must be a setting we know"),
        (["survey=tiny.csv", "map=map.yml"], "population.survey.map must name a file that exists"),
        (["survey=map.yaml", "map=tiny.csv"], "'tiny.csv'"),
        (["case=utopia"], "case must be one of"),
    ],
)
def test_words_that_do_not_do(
    words: list[str], said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("csv")
    lines = told(capsys, *words)
    assert any(said in line for line in lines), lines


def test_wrong_settings_and_a_wrong_survey_are_told_together(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = write("csv", w=[1.0, 0.0, 1.0])
    lines = told(capsys, f"survey={name}", "map=map.yaml", "luck.drought_rate=9")
    assert [line.split()[1] for line in lines] == ["luck.drought_rate", "tiny.csv,"]


def test_columns_can_be_typed_in_place_of_a_map(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = write("csv")
    columns = "population.survey.columns={id: hh, weight: w, size: n, income: inc}"
    words = [
        "case=erewhon",
        f"survey={name}",
        columns,
        "population.survey.line_per_person_month=10",
    ]
    assert main(["validate", *words]) == 0
    assert "households            3" in capsys.readouterr().out


@pytest.mark.parametrize("case", ["mexico", "erewhon"])
def test_the_population_of_a_case_can_be_checked(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", f"case={case}", "population.n_households=100"]) == 0
    out = capsys.readouterr().out
    assert "households          100" in out
    assert out.splitlines()[-1] == f"  resilience-sim run case={case} population.n_households=100"


def test_help_teaches_maps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--help"]) == 0
    text = capsys.readouterr().out
    for word in (
        "survey=FILE map=FILE",
        "line_per_person_month",
        "where",
        "exit codes",
        "livestock",
    ):
        assert word in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_run_notes_the_hashes_of_survey_and_map(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"population.survey.file={write('csv')}", "population.survey.map=map.yaml"]
    config = compose(["case=erewhon", "population=survey", "population.kind=survey", *words])
    files = input_files(config)
    assert files == {"survey": Path("tiny.csv"), "map": Path("map.yaml")}
    shipped = input_files(compose(["case=mexico"]))
    assert list(shipped) == ["survey"] and shipped["survey"].is_file()
    assert input_files(compose(["case=erewhon"])) == {}


# Groups of the population


@pytest.mark.parametrize("case", ["mexico", "erewhon"])
@pytest.mark.parametrize("kind", ["survey", "moments", "synthetic"])
def test_a_population_that_is_typed_beats_that_of_the_case(case: str, kind: str) -> None:
    population = compose([f"case={case}", f"population={kind}"]).population
    assert population.kind == kind
    assert not any(population.survey.columns.values())


def test_cases_keep_their_own_population() -> None:
    mexico = compose().population
    assert (mexico.kind, mexico.survey.income_months) == ("survey", 3)
    assert mexico.survey.columns["village"] == "upm"
    assert compose(["case=erewhon"]).population.kind == "synthetic"


def test_a_survey_can_be_read_by_typed_columns_alone(here: Path) -> None:
    columns = "population.survey.columns={id: hh, weight: w, size: n, income: inc}"
    config = compose(
        ["population=survey", f"population.survey.file={write('csv')}", columns,
         "population.survey.line_per_person_month=10", "population.survey.income_months=12"]
    )  # fmt: skip
    assert load(config.population, 1, config.generations).n_households == 3


# What the page says


def test_the_page_shows_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[1] / "docs" / "surveys.md").read_text(encoding="utf-8")
    (command,) = (line for line in page.splitlines() if "validate population=moments" in line)
    shown = page.split(command)[1].splitlines()[1]
    assert told(capsys, *command.split()[2:]) == [shown]


def test_the_map_on_the_page_is_sound(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[1] / "docs" / "surveys.md").read_text(encoding="utf-8")
    Path("map.yaml").write_text(page.split("```yaml")[1].split("```")[0], encoding="utf-8")
    rows = {"region": ["n", "s"], "HHID": [1, 1], "hhwgt": [1, 2], "hhsize": [3, 4], "EA": [7, 8]}
    rows |= {"inc_wage": [5, 6], "inc_crop": [7, 8], "year": [2016, 2016], "stratum": [2, 6]}
    pd.DataFrame(rows).to_parquet("survey.parquet")
    lines = told(capsys, "survey=survey.parquet", "map=map.yaml")
    assert (
        len(lines) == 1 and "got '4'. It holds 2, 6." in lines[0]
    )  # stratum 4 is not in this file
    pd.DataFrame({**rows, "stratum": [2, 4]}).to_parquet("survey.parquet")
    text = Path("map.yaml").read_text(encoding="utf-8").replace("[2, 4, 6]", "[2, 4]")
    Path("map.yaml").write_text(text, encoding="utf-8")
    assert main(["validate", "survey=survey.parquet", "map=map.yaml"]) == 0


def test_what_is_valid_can_be_prepared(here: Path) -> None:
    """The words that `validate` ends with are those that `run` takes."""
    words = [f"population.survey.file={write('parquet')}", "population.survey.map=map.yaml"]
    config = compose(["case=erewhon", "population=survey", *words])
    people = resilience_sim.prepare(config).households
    assert list(people.id) == ["a", "b", "c"]
    assert resilience_sim.prepare(compose(["population=moments"])).households.n_households == 900
