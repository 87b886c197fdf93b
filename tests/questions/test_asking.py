"""The verb `ask`: what it teaches, what it refuses, and what it leaves behind."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from resilience_sim.calibration import draws as shipped
from resilience_sim.cli import asking, main, texts
from resilience_sim.cli.composition import compose
from resilience_sim.runs import UNITS_KEY
from small_questions import draws

QUICK = [
    "case=erewhon",
    "draws=2",
    "population.n_households=80",
    "replicates=2",
    "horizon_years=7",
    "outcomes.horizons_years=[2,6]",
]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["ask", *words]) == 2
    return capsys.readouterr().err


def test_help_has_an_example_of_each_question_that_reads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["ask"]) == 0
    assert capsys.readouterr().out == texts.ASK_HELP
    assert max(map(len, texts.ASK_HELP.splitlines())) <= 100
    commands = [
        line.strip() for line in texts.ASK_HELP.splitlines() if "resilience-sim ask " in line
    ]
    asked = [asking._read(shlex.split(line.split("  ")[0])[2:]) for line in commands[2:]]
    assert {each.question for each in asked} == set(asking.KEYS)
    for each in asked:
        compose([*asking.BEFORE_YOURS[each.question], *each.settings])


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from resilience_sim.cli import main; main(['ask', '--help']); "
        "sys.exit(sorted({'numba', 'pandas', 'hydra', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_bad_questions_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Did you mean frontier?" in refused(capsys, "fronteir")
    told = refused(capsys, "frontier", "draws=0", "mixes=[a]", "gaps=[6]", "budget=much")
    for words in (
        "draws must be a whole number, 1 or more; got '0'",
        "mixes must be a list of whole numbers",
        "gaps must be a key of ask frontier; got 'gaps=[6]'. It belongs to ask order.",
        "budget must be a number, 0 or more; got 'much'",
    ):
        assert words in told
    assert "Did you mean case?" in refused(capsys, "order", "cse=erewhon")


def test_your_settings_replace_those_of_a_question() -> None:
    asked = asking._read(["order", "case=erewhon", "horizon_years=8", "gaps=[3,9]", "draws=5"])
    config = compose([*asking.BEFORE_YOURS["order"], *asked.settings])
    assert config.horizon_years == 8 and asking._years(config) == [2, 5]
    assert asked.lists == {"gaps": [3, 9]} and asked.numbers == {"draws": 5}


def test_a_response_of_the_shock_is_kept_and_another_is_the_shipped_top_up() -> None:
    own = asking._response(compose(["case=erewhon", "shock=covid_with_new_entrants"]))
    assert (own.delay_months, own.top_up, own.entrants) == (3, 0.13, 0.0)
    shipped = asking._response(compose(["case=erewhon", "shock=drought"]))
    assert shipped == compose(["shock=covid_with_top_up"]).shock.response


@pytest.mark.parametrize("question", ["coordination", "shock"])
def test_an_answer_leaves_a_table_a_picture_and_a_text(
    question: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shipped, "shipped", lambda: draws(2))
    folder = tmp_path / "answer"
    words = ["ask", question, *QUICK, f"output_dir={folder}"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert (folder / "answer.txt").read_text() in printed and "  => " in printed
    assert {each.name for each in folder.iterdir()} == {
        "answer.parquet", "answer.svg", "answer.txt", "config.yaml"
    }  # fmt: skip
    table = pq.read_table(folder / "answer.parquet")
    units = json.loads(table.schema.metadata[UNITS_KEY])
    assert set(units) == set(table.column_names) and table.num_rows > 10
    assert main(words) == 2
    assert "be a new or empty directory" in capsys.readouterr().err
