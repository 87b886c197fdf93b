"""The command line: verbs, help, exit codes, sweeps, and what Hydra lets through but we do not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from resilience_sim.cli import application, compose, main
from resilience_sim.cli.progress import Bars
from resilience_sim.config import Config
from resilience_sim.errors import ConfigError

WIDTH = 100
QUICK = [
    "case=erewhon",
    "population.n_households=80",
    "replicates=2",
    "horizon_years=3",
    "outcomes.horizons_years=[2,3]",
    "outcomes.belief_households=20",
    "threads=1",
]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Config, Path]]:
    """Note what would be simulated, and where it would be written, without doing it."""
    asked: list[tuple[Config, Path]] = []
    monkeypatch.setattr(application, "_simulate", lambda *words: asked.append(words))
    return asked


# Help


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["-h"],
        ["run", "--help"],
        ["run", "-h"],
        ["validate", "--help"],
        ["ask", "--help"],
        ["bench", "--help"],
        ["sweep", "--help"],
        ["aggregate", "--help"],
        ["report", "--help"],
    ],
)
def test_help_teaches_within_the_width(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "examples" in text and "exit codes" in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_help_of_run_names_keys_meanings_defaults_and_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["run", "--help"])
    text = capsys.readouterr().out
    for word in (
        "erewhon|",
        "arms=[none,cash,productive,both,half]",
        "population=default|mexico|moments|survey|synthetic",
        "replicates=8",
        "population.n_households=null",
        "mechanisms.NAME=false",
        "manifest.json",
    ):
        assert word in text


def test_help_does_not_load_what_it_does_not_need() -> None:
    program = (
        "import sys; from resilience_sim.cli import main; main(['--help']); "
        "sys.exit(sorted({'numba', 'pandas', 'hydra', 'rich'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("resilience-sim 0.")


# Bad input


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["rnu"],
            "verb must be one of run, sweep, aggregate, report, ask, whatif, validate, evidence, calibrate, "
            "score, bench; got 'rnu'. Did you mean run?",
        ),
        (["valdiate"], "Did you mean validate?"),
        (["case=erewhon"], "Did you mean resilience-sim run case=erewhon?"),
        (["run", "case=erewhn"], "got 'erewhn'. Did you mean erewhon?"),
        (
            ["run", "erewhon"],
            "erewhon must be given as KEY=VALUE; got 'erewhon'. Did you mean case=",
        ),
        (
            ["run", "sead=1"],
            "sead must be a setting we know; got an unknown key. Did you mean seed?",
        ),
        (["run", "n_households=1"], "Did you mean population.n_households?"),
        (["run", "+x.y=1"], "x.y must be a setting we know; got an unknown key."),
        (["run", "seed=1,2"], "seed must be one value; got 1,2. Add --multirun"),
        (["run", "horizon_years=abc"], "horizon_years must be a whole number in [1, 100] (years)"),
        (["run", "arms=[none, cash"], "must be given as KEY=VALUE"),
        (["run", "~preferences.crra"], "preferences.crra must be given; got nothing."),
        (["run", "programme.arms.new=[transfer]"], "overrides must fit the files they change"),
        (["run", "--multirun", "sead=1,2"], "sead must be a setting we know"),
        (["run", "--multirun", "case=erewhon,utopia"], "got 'utopia'"),
        (["run", "--multirun", "case=erewhon", "replicates=0"], "replicates must be a whole"),
        (["run", "--mulitrun", "seed=1"], "--mulitrun must be an option of run; got an unknown"),
        (["sweep"], "sweep must be given: sweep=NAME ("),
        (["sweep", "sweep=transfer_by_grnt"], "Did you mean transfer_by_grant?"),
        (["sweep", "seed=1,2", "launcher=joblb"], "Did you mean joblib?"),
        (["sweep", "seed=1,2", "hydra/sweeper=ax"], "hydra/sweeper must be basic"),
        (["sweep", "seed=interval(1,2)"], "seed must have values that can be listed"),
        (["sweep", "seed=1,2", "tables=[efects]"], "Did you mean effects?"),
        (["sweep", "seed=1,2", "--dryrun"], "Did you mean --dry-run?"),
        (["aggregate"], "DIR must be the folder of one sweep; got nothing."),
        (["aggregate", "nowhere"], "nowhere must be the folder of a sweep; got no such folder."),
        (["aggregate", "."], "got one without a readable sweep.json."),
        (["aggregate", "tabel=effects", "."], "Did you mean table?"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    words: list[str],
    line: str,
    elsewhere: Path,
    simulated: list[tuple[Config, Path]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(words) == 2
    errors = ("ConfigError", "SweepError")
    told = [each for each in capsys.readouterr().err.splitlines() if each.startswith(errors)]
    assert line in told[0]
    assert "Traceback" not in "".join(told)
    assert not simulated


def test_every_problem_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["+x.y=1", "sead=3", "case=erewhn", "luck.drought_rate=9", "arms=[cash]", "seed=one"]
    assert main(["run", *words]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in told] == [
        "x.y",
        "sead",
        "case",
        "seed",
        "luck.drought_rate",
        "arms",
    ]


def test_an_output_folder_in_use_is_told_before_anything_is_simulated(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "out").mkdir()
    (elsewhere / "out" / "mine.txt").write_text("keep")
    monkeypatch.setattr("resilience_sim.simulation.prepare", pytest.fail)
    assert main(["run", "case=erewhon", "output_dir=out"]) == 2
    assert "output_dir must be a new or empty directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (RuntimeError("the sky fell"), 1, "resilience-sim: RuntimeError: the sky fell"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_other_errors(
    error: BaseException,
    code: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*words: object) -> None:
        raise error

    monkeypatch.setattr(application, "_simulate", fail)
    assert main(["run", "case=erewhon"]) == code
    assert text in capsys.readouterr().err


# Where runs go


def test_a_run_gets_its_own_folder_and_hydra_leaves_nothing(
    elsewhere: Path, simulated: list[tuple[Config, Path]]
) -> None:
    assert main(["run", "case=erewhon", "seed=7", "shock=none"]) == 0
    ((config, directory),) = simulated
    assert (config.case_name, config.seed) == ("erewhon", 7)
    assert directory.parent == Path("runs")
    assert directory.name.startswith("erewhon-none-7-")
    assert list(elsewhere.iterdir()) == []


def test_output_dir_is_the_folder(simulated: list[tuple[Config, Path]]) -> None:
    assert main(["run", "case=erewhon", "output_dir=here/there"]) == 0
    assert simulated[0][1] == Path("here/there")


def test_flags_of_hydra_work(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--cfg", "job", "case=erewhon"]) == 0
    assert "case_name: erewhon" in capsys.readouterr().out
    assert list(elsewhere.iterdir()) == []


# Composition


def test_what_people_type_most_composes() -> None:
    config = compose(
        "case=erewhon shock=none seed=3 replicates=2 horizon_years=10 arms=[none,cash] "
        "population.n_households=5000 threads=1 output_dir=out mechanisms.seasons=false".split()
    )
    assert (config.arms, config.population.n_households) == (["none", "cash"], 5000)
    assert (config.shock.name, config.threads, config.output_dir) == ("none", 1, "out")
    assert config.mechanisms.seasons is False
    assert config.mechanisms.land is True


def test_an_arm_of_ones_own() -> None:
    config = compose(["+programme.arms.skills=[training]", "arms=[none,skills]"])
    assert config.programme.arms["skills"] == ["training"]


def test_compose_raises_and_does_not_print(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        compose(["seed=-1", "nothing=2"])
    assert [problem.where for problem in caught.value.problems] == ["nothing", "seed"]
    assert capsys.readouterr().err == ""


# All of it


def test_a_whole_run(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *QUICK, "output_dir=out"]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= WIDTH
    names = {path.name for path in (elsewhere / "out").iterdir()}
    assert {"manifest.json", "config.yaml", "effects.parquet", "poverty.parquet"} <= names
    assert [path.name for path in elsewhere.iterdir()] == ["out"]
    assert main(["run", *QUICK, "output_dir=out"]) == 2  # never over a finished run


def test_bars_stay_quiet_when_it_is_quick(capsys: pytest.CaptureFixture[str]) -> None:
    with Bars() as bars:
        bars("policies", 1, 2)
    assert capsys.readouterr().err == ""


def test_bars_show_what_lasts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resilience_sim.cli.progress.PATIENCE_SECONDS", 0.0)
    with Bars() as bars:
        bars("policies", 0, 2)
        time.sleep(0.3)
        bars("policies", 2, 2)
    assert "policies" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["calibrate", "score"])
def test_fits_and_scores_explain_themselves(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"usage: resilience-sim {verb}" in text and "case=" in text
    assert max(map(len, text.splitlines())) <= 104


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["calibrate", "case=peru"], "case must be all or one of"),
        (["calibrate", "first=many"], "first must be a whole number"),
        (["score", "first=3"], "first must be one of case=, draws=, output_dir="),
        (["score", "draws=nowhere"], "resilience-sim calibrate"),
    ],
)
def test_bad_words_of_fits_and_scores_are_told(
    words: list[str], told: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert told in capsys.readouterr().err
    assert not (elsewhere / "runs").exists()


def test_the_scorecard_is_printed_and_written(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", "case=zambia_casu_hgsf", "output_dir=card"]) == 0
    text = capsys.readouterr().out
    assert "ZM01" in text and "goal" in text
    table = pd.read_parquet(elsewhere / "card" / "scorecard.parquet")
    assert set(table["case_id"]) == {"zambia_casu_hgsf"} and table["median"].notna().any()


@pytest.fixture
def higgs(elsewhere: Path) -> Path:
    """The case of docs/calibration.md, saved where the page says."""
    page = (Path(__file__).parents[1] / "docs" / "calibration.md").read_text()
    folder = elsewhere / "scenarios" / "case"
    folder.mkdir(parents=True)
    text = page.split("```yaml\n")[1].split("```")[0]
    assert text.startswith("# @package _global_\n# resilience-sim run case=higgs\n")
    (folder / "higgs.yaml").write_text(text)
    return elsewhere


def test_a_case_of_ones_own_is_found_in_the_folder_one_works_in(higgs: Path) -> None:
    config = compose(["case=higgs"])
    assert config.case_name == "higgs" and config.outcomes.draws == 24
    with pytest.raises(ConfigError, match="higgs"):
        compose(["case=hicks"])


def test_a_case_of_ones_own_runs_with_bands_of_the_pooled_set(
    higgs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = [
        "population.n_households=150", "replicates=1", "horizon_years=3", "outcomes.draws=2",
        "outcomes.belief_households=0", "outcomes.channel_households=0", "planner.n_skill=3",
        "planner.n_other=2", "planner.n_assets=14", "planner.n_money=20", "planner.n_savings=14",
        "planner.tolerance=1e-3", "shock=none",
    ]  # fmt: skip
    assert main(["run", "case=higgs", *small, "output_dir=out"]) == 0
    assert "pooled set" in capsys.readouterr().out
    table = pd.read_parquet(higgs / "out" / "uncertainty.parquet")
    assert set(table["drawn_for"]) == {"new"} and set(table["arm"]) >= {"cash", "both"}
