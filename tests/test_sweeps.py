"""Sweeps from the command line: each job once, whatever comes between."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pandas as pd
import pytest

from resilience_sim import simulation
from resilience_sim.cli import compose, launching, main
from resilience_sim.cli.expanding import _composed, expand, job_config
from resilience_sim.cli.progress import JobBar, clock
from resilience_sim.errors import ConfigError
from resilience_sim.sweeps import do, keys, read_plan, standing
from small_sweeps import TINY, fingerprints

READY = sorted(
    path.stem for path in (Path(__file__).parents[1] / "scenarios" / "sweep").glob("*.yaml")
)

PAGE = (Path(__file__).parents[1] / "docs" / "sweeps.md").read_text(encoding="utf-8")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note the seeds of what is simulated, and do it."""
    seeds: list[int] = []
    real = simulation.run

    def run(experiment: Any, **rest: Any) -> Any:
        seeds.append(experiment.config.seed)
        return real(experiment, **rest)

    monkeypatch.setattr(simulation, "run", run)
    return seeds


def jobs_of(folder: Path) -> dict[str, tuple[str, int]]:
    return fingerprints(folder / "jobs")


# Each once


def test_a_sweep_is_done_once_and_says_so(
    elsewhere: Path, done: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*TINY, "seed=1,2,3"]
    assert main(["sweep", *words, "output_dir=s"]) == 0
    text = capsys.readouterr().out
    assert "3 jobs in s: 3 to do" in text
    assert re.search(r"^3/3 +[\d.]+ s +seed=3$", text, re.MULTILINE)
    assert re.search(r"3 jobs: 3 done now in .*% of it in the engine", text)
    assert "Next: resilience-sim aggregate s" in text
    first = jobs_of(elsewhere / "s")
    assert sum(name.endswith("manifest.json") for name in first) == 3
    assert main(["sweep", *words, "output_dir=s"]) == 0
    text = capsys.readouterr().out
    assert "3 jobs in s: 3 done before and left as they are, nothing to do" in text
    assert done == [1, 2, 3]
    assert jobs_of(elsewhere / "s") == first, "no byte and no time of a finished result moves"
    assert main(["sweep", *words[:-1], "seed=2,3,4,5", "threads=2", "output_dir=s"]) == 0
    assert done == [1, 2, 3, 4, 5]
    assert first.items() <= jobs_of(elsewhere / "s").items()
    assert "1 finished there are of other settings" in capsys.readouterr().out


def test_a_job_writes_what_a_run_of_the_same_would(elsewhere: Path) -> None:
    assert main(["sweep", *TINY, "seed=4,5", "output_dir=s"]) == 0
    assert (
        main(["run", *(word for word in TINY if "tables" not in word), "seed=5", "output_dir=r"])
        == 0
    )
    plan = read_plan(Path("s"))
    (job,) = [job for job in plan.jobs if job.values == {"seed": 5}]
    for name in ("effects", "poverty"):
        alone = pd.read_parquet(f"r/{name}.parquet")
        swept = pd.read_parquet(plan.folder(job) / f"{name}.parquet")
        pd.testing.assert_frame_equal(alone, swept, check_exact=True)
    names = {path.name for path in plan.folder(job).iterdir()}
    assert names == {"config.yaml", "effects.parquet", "poverty.parquet", "manifest.json"}
    manifest = json.loads((plan.folder(job) / "manifest.json").read_text())
    assert manifest["command"] == [plan.command]
    assert plan.command.startswith("resilience-sim sweep case=erewhon")


def test_other_code_is_another_result(
    elsewhere: Path, done: list[int], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert main(["sweep", *TINY, "seed=1,2", "output_dir=s"]) == 0
    first = jobs_of(elsewhere / "s")
    monkeypatch.setattr(keys, "code", lambda: "another")
    assert main(["sweep", *TINY, "seed=1,2", "output_dir=s"]) == 0
    assert done == [1, 2, 1, 2]
    assert first.items() <= jobs_of(elsewhere / "s").items()
    assert "2 finished there are of other settings, data or code" in capsys.readouterr().out


def test_the_same_words_find_the_same_folder(elsewhere: Path, done: list[int]) -> None:
    assert main(["run", "--multirun", *TINY, "seed=1,2"]) == 0
    assert main(["sweep", "seed=1,2", *reversed(TINY), "threads=2"]) == 0
    assert main(["run", "-m", *TINY, "seed=1,2"]) == 0
    assert done == [1, 2]
    assert len(list((elsewhere / "runs").iterdir())) == 1


def test_a_killed_sweep_goes_on_where_it_was(elsewhere: Path, done: list[int]) -> None:
    words = ["sweep", *TINY, "seed=1,2,3,4,5,6,7,8", "output_dir=s"]
    program = f"import sys; sys.path[:0] = {sys.path!r}; from resilience_sim.cli import main; "
    program += f"sys.exit(main({words!r}))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("2/8"):
                process.send_signal(signal.SIGKILL)
                break
        process.wait(timeout=60)
    assert process.returncode == -signal.SIGKILL
    before = jobs_of(elsewhere / "s")
    finished = {job.values["seed"] for job in standing(read_plan(Path("s"))).done}
    assert {1, 2} <= finished < set(range(1, 9)), "the kill was to strike midway"
    assert main(words) == 0
    assert done == [seed for seed in range(1, 9) if seed not in finished]
    assert before.items() <= jobs_of(elsewhere / "s").items()
    assert len(standing(read_plan(Path("s"))).done) == 8


def test_an_interrupt_says_what_stays(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = simulation.run

    def run(experiment: Any, **rest: Any) -> Any:
        if experiment.config.seed == 2:
            raise KeyboardInterrupt
        return real(experiment, **rest)

    monkeypatch.setattr(simulation, "run", run)
    assert main(["sweep", *TINY, "seed=1,2,3", "output_dir=s"]) == 130
    assert "Interrupted: 1 of 3 jobs are done and stay. To go on: " in capsys.readouterr().out
    assert not (elsewhere / "s" / "failed").exists()


def test_a_job_that_another_process_did_meanwhile_has_not_failed(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that outlived a killed sweep, beside the next start."""
    real = simulation.run

    def run(experiment: Any, **rest: Any) -> Any:
        monkeypatch.setattr(simulation, "run", real)
        plan = read_plan(Path("s"))
        do(plan, plan.jobs[0], experiment.config)
        return real(experiment, **rest)

    monkeypatch.setattr(simulation, "run", run)
    assert main(["sweep", *TINY, "seed=1", "output_dir=s"]) == 0
    assert len(standing(read_plan(Path("s"))).done) == 1
    assert not list((elsewhere / "s").glob("failed/*"))


# What fails


def test_what_failed_is_noted_and_tried_again(
    elsewhere: Path, done: list[int], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    working = simulation.run

    def run(experiment: Any, **rest: Any) -> Any:
        if experiment.config.seed == 2:
            raise RuntimeError("the sky\nfell")
        return working(experiment, **rest)

    monkeypatch.setattr(simulation, "run", run)
    words = ["sweep", *TINY, "seed=1,2,3", "output_dir=s"]
    assert main(words) == 1
    text = capsys.readouterr().out
    assert "FAILED seed=2: RuntimeError: the sky fell" in text
    assert "3 jobs: 2 done now" in text and "1 failed" in text
    assert done == [1, 3], "the others are done all the same"
    (note,) = (elsewhere / "s" / "failed").iterdir()
    told = json.loads(note.read_text())
    assert (told["exit_code"], told["values"]) == (1, {"seed": 2})
    assert told["reason"] == ["RuntimeError: the sky fell"] and "Traceback" in told["details"]
    first = jobs_of(elsewhere / "s")
    assert main(words) == 1, "it fails again, and is tried again"
    monkeypatch.setattr(simulation, "run", working)
    assert main(words) == 0
    assert "1 failed before and tried again" in capsys.readouterr().out
    assert done == [1, 3, 2]
    assert first.items() <= jobs_of(elsewhere / "s").items()
    assert list((elsewhere / "s" / "failed").iterdir()) == []


def test_failures_in_the_engine_and_of_input(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is poor enough for the one cutoff, which only the population knows."""
    words = [*TINY, "programme.targeting.cutoff=0.00001,1.0", "output_dir=s"]
    assert main(["sweep", *words]) == 2
    assert "programme.targeting.cutoff must lie above the lowest income" in capsys.readouterr().out
    assert main(["aggregate", "s"]) == 1
    text = capsys.readouterr().out
    assert (
        "1 of 2 jobs, keyed by programme.targeting.cutoff" in text
        and "not done: cutoff=1e-05" in text
    )
    failures = pd.read_parquet("s/aggregate/failures.parquet")
    assert failures["programme.targeting.cutoff"].tolist() == [1e-5]
    assert (
        failures["exit_code"].tolist() == [2] and "cutoff must lie above" in failures["reason"][0]
    )
    effects = pd.read_parquet("s/aggregate/effects.parquet")
    assert set(effects["programme.targeting.cutoff"]) == {1.0}


def test_bad_values_are_told_before_anything_is_simulated(
    elsewhere: Path, done: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*TINY, "seed=1,2", "luck.drought_rate=0.1,9", "preferences.crra=0,2,99"]
    assert main(["sweep", *words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == ["preferences.crra"] * 2 + ["luck.drought_rate"]
    assert done == [] and list(elsewhere.iterdir()) == []


# Words and files


def test_a_dry_run_counts_and_writes_nothing(
    elsewhere: Path, done: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", "sweep=transfer_by_grant", "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "200 jobs in runs/sweep_transfer_by_grant, 0 done before; nothing was run" in text
    assert "transfer.value=0.1 asset_grant.value=0.05" in text
    assert done == [] and list(elsewhere.iterdir()) == []


def test_ready_sweeps_are_listed_with_the_users_own(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "scenarios" / "sweep").mkdir(parents=True)
    (elsewhere / "scenarios" / "sweep" / "mine.yaml").write_text(
        "# @package _global_\n# resilience-sim sweep sweep=mine\n#\n# Seeds of Erewhon. No more.\n"
        "defaults: [override /case: erewhon]\n"
        "hydra: {mode: MULTIRUN, sweeper: {params: {seed: '1,2'}}}\n"
    )
    assert main(["sweep", "--list"]) == 0
    text = capsys.readouterr().out
    for name in (*READY, "mine"):
        assert re.search(rf"^  {name} +\S", text, re.MULTILINE), name
    assert "Seeds of Erewhon\n" in text
    assert main(["sweep", "sweep=mine", "seed=3,4,5", "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "3 jobs" in text and "seed: 3, 4, 5" in text, "what is typed goes before the file"
    assert main(["run", "sweep=mine", "--dry-run"]) == 0
    assert "2 jobs" in capsys.readouterr().out


@pytest.mark.parametrize("name", READY)
def test_a_ready_sweep_composes_and_opens_with_its_command(name: str, elsewhere: Path) -> None:
    folder = Path(__file__).parents[1] / "scenarios" / "sweep"
    lines = (folder / f"{name}.yaml").read_text().splitlines()
    assert lines[0] == "# @package _global_"
    assert lines[1].split() == ["#", "resilience-sim", "sweep", f"sweep={name}"]
    expansion = expand([f"sweep={name}"])
    n_values: dict[str, set[str]] = {}
    for scenario in expansion.scenarios:
        for key, value in scenario.values.items():
            n_values.setdefault(key, set()).add(str(value))
    n_jobs = 1
    for values in n_values.values():
        n_jobs *= len(values)
    assert len(expansion.scenarios) == n_jobs > 20, "all combinations, and no value twice"
    for scenario in (expansion.scenarios[1], expansion.scenarios[-1]):
        assert job_config(_composed(scenario.overrides)["tree"]) == scenario.config
        assert {"none", "cash", "productive", "both"} <= set(scenario.config.arms)
        assert scenario.config.outcomes.draws == 0
    assert expansion.tables is not None and "effects" in expansion.tables


@pytest.mark.parametrize(
    "words",
    [
        ["case=erewhon,mexico", "seed=1,2", "shock=none,drought"],
        ["case=erewhon", "+programme.arms.new=[training],[]", "seed=7"],
        ["case=erewhon", "arms=[none,cash],[none,both]", "coordination=off"],
        ["case=erewhon", "population.n_households=null,50", "mechanisms.land=true,false"],
        ["case=erewhon", "programme.targeting={rule:all,cutoff:1},{rule:below_line,cutoff:2}"],
        ["case=erewhon", "shock.source='a, b',c", "seed=range(1,4)"],
    ],
)
def test_scenarios_are_what_hydra_composes(words: list[str]) -> None:
    scenarios = expand(words).scenarios
    assert len(scenarios) > 1
    for each in scenarios:
        assert compose(each.overrides) == each.config
    assert len({keys.key_of(each.config) for each in scenarios}) == len(scenarios)


def test_problems_of_many_jobs_are_told_once_and_not_without_end() -> None:
    with pytest.raises(ConfigError) as caught:
        expand(["case=erewhon", "seed=1,2,3", "replicates=" + ",".join(map(str, range(-30, 0)))])
    assert len(caught.value.problems) == 21
    assert "10 further problems" in str(caught.value)


# Launchers


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["launcher=joblib", "hydra/launcher=submitit_local"])
def test_launchers_do_what_is_missing(
    launcher: str, elsewhere: Path, done: list[int], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    assert main(["sweep", *TINY, "seed=1", "output_dir=s"]) == 0
    first = jobs_of(elsewhere / "s")
    words = ["sweep", *TINY, "seed=1,2,3", "output_dir=s", launcher]
    cutoff = "programme.targeting.cutoff=1.0"
    assert main([*words, cutoff]) == 0
    text = capsys.readouterr().out
    assert "1 done before" in text and "2/2" in text, text
    assert done == [1], "the others are simulated elsewhere"
    assert first.items() <= jobs_of(elsewhere / "s").items()
    assert main(["aggregate", "s", "table=effects"]) == 0
    effects = pd.read_parquet("s/aggregate/effects.parquet")
    assert sorted(set(effects["seed"])) == [1, 2, 3]
    assert main([*words, "programme.targeting.cutoff=0.00001"]) == 2
    assert "FAILED seed=2: " in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["launcher=joblib", "launcher=submitit_local"])
def test_a_killed_sweep_of_a_launcher_goes_on_where_it_was(
    launcher: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its processes may outlive it, and do a job beside the next start; none is done or noted wrongly."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    words = ["sweep", *TINY, "seed=1,2,3,4", "output_dir=s", launcher]
    words += (
        ["hydra.launcher.n_jobs=2"] if "joblib" in launcher else ["hydra.sweeper.max_batch_size=2"]
    )
    program = f"import sys; from resilience_sim.cli import main; sys.exit(main({words!r}))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("1/4"):
                process.send_signal(signal.SIGKILL)
                break
        process.wait(timeout=60)
        before = jobs_of(elsewhere / "s")
        n_before = sum(name.endswith("manifest.json") for name in before)
        assert 1 <= n_before < 4, "the kill was to strike midway"
        assert main(words) == 0
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert before.items() <= jobs_of(elsewhere / "s").items()
    assert len(standing(read_plan(Path("s"))).done) == 4
    assert not list((elsewhere / "s").glob("failed/*"))


@pytest.mark.slow
def test_a_process_that_is_killed_is_told(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As by a machine that runs out of memory."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    killed: list[int] = []

    def kill() -> None:
        while not killed:
            for told in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    line = told.read_text().split("\0")
                    if "submitit.core._submit" in line and str(elsewhere) in " ".join(line):
                        killed.append(int(told.parent.name))
                        os.kill(killed[0], signal.SIGKILL)
                        return
            time.sleep(0.05)

    killer = Thread(target=kill, daemon=True)
    killer.start()
    words = ["sweep", *TINY, "seed=1,2", "output_dir=s", "launcher=submitit_local"]
    assert main([*words, "hydra.sweeper.max_batch_size=1"]) == 1
    text = capsys.readouterr().out
    assert "A process ended before its job did: UncompletedJobError: " in text
    assert "2 jobs: 1 done now" in text and "1 not done" in text, text


def test_slurm_is_a_word_away() -> None:
    import hydra
    from hydra.utils import instantiate

    from resilience_sim.cli.composition import searchpath_override, settings_directories

    words = ["hydra/launcher=submitit_slurm", "hydra.launcher.partition=long"]
    words = [*launching.settings_of(words), *words]
    with hydra.initialize_config_dir(str(settings_directories()[0]), version_base="1.3"):
        composed = hydra.compose(
            "config", [searchpath_override(), "hydra.job.name=x", "hydra.sweep.dir=s", *words],
            return_hydra_config=True,
        )  # fmt: skip
        launcher = instantiate(composed.hydra.launcher)
    assert type(launcher).__name__ == "SlurmLauncher"
    told = {name: launcher.params[name] for name in ("cpus_per_task", "mem_gb", "timeout_min")}
    assert told == {"cpus_per_task": 4, "mem_gb": 8, "timeout_min": 240}
    assert (launcher.params["partition"], launcher.params["name"]) == ("long", "resilience-sim")


def test_slurm_that_is_not_there_is_told(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(elsewhere))
    assert main(["sweep", *TINY, "seed=1,2", "output_dir=s", "launcher=submitit_slurm"]) == 2
    assert "there is no sbatch here" in capsys.readouterr().err


def test_submitit_local_is_given_as_many_jobs_as_there_are_processors() -> None:
    assert launching.at_once("submitit_local", None) == os.cpu_count()
    assert launching.at_once("submitit_local", 3) == 3
    assert launching.at_once("submitit_slurm", None) is None


@pytest.mark.parametrize("words", [["launcher=slurm"], ["hydra/launcher=slurm"]])
def test_an_unknown_launcher_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", *TINY, "seed=1,2", *words]) == 2
    assert "basic, joblib, submitit_local, submitit_slurm" in capsys.readouterr().err


def test_a_launcher_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"resilience-sim\[launchers\]"):
        launching.require_plugin("joblib")
    launching.require_plugin("basic")


def test_a_worker_with_other_code_says_so(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a cluster whose nodes see another installation."""
    assert main(["sweep", *TINY, "seed=1,2", "output_dir=s"]) == 0
    monkeypatch.setattr(keys, "code", lambda: "another")
    expansion = expand([*TINY, "seed=1,2"])
    wrong = launching.launch(
        Path("s"), [each.overrides for each in expansion.scenarios], [], "basic", None, print
    )
    assert wrong and "which s does not plan" in wrong[0].replace(str(elsewhere) + "/", "")
    assert len(standing(read_plan(Path("s"))).done) == 2


# The page


def commands(page: str) -> list[list[str]]:
    blocks = [block for block in page.split("```")[1::2] if block.startswith("\n")]
    return [line.split()[1:] for block in blocks for line in block.splitlines() if line]


def test_what_the_page_says_works(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its commands in its order; sweeps that last are laid out and not run."""
    asked = commands(PAGE)
    assert {words[0] for words in asked} == {"sweep", "run", "aggregate"} and len(asked) > 10
    (elsewhere / "scenarios" / "sweep").mkdir(parents=True)
    valley = PAGE.split("```yaml\n")[1].split("```")[0]
    (elsewhere / "scenarios" / "sweep" / "valley.yaml").write_text(valley)
    for words in [*asked, valley.splitlines()[1].split()[2:]]:
        if words[0] == "aggregate" or "--list" in words:
            assert main(words) == 0, words
        elif "output_dir=first" in words:
            small = [word for word in TINY if not word.startswith(("case", "shock"))]
            assert main([*words, *small]) == 0, words
        else:
            assert main([*words, "--dry-run"]) == 0, words
    assert "6 jobs in runs/sweep_valley" in capsys.readouterr().out
    names: dict[str, Any] = {}
    exec(PAGE.split("```python\n")[1].split("```")[0], names)
    assert names["table"].shape == (2, 4) and names["table"].notna().all(axis=None)
    assert names["failures"].empty and len(names["effects"]["seed"].unique()) == 3


def test_the_page_counts_the_jobs_of_every_ready_sweep() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", PAGE, re.MULTILINE))
    assert sorted(rows) == READY
    assert {name: len(expand([f"sweep={name}"]).scenarios) for name in READY} == {
        name: int(n) for name, n in rows.items()
    }


# Progress


def test_time_left_is_told_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("resilience_sim.cli.progress.TELL_SECONDS", 0.0)
    with JobBar(3) as bar:
        bar("policies", 1, 4)
        bar.done("seed=1")
    told = capsys.readouterr()
    assert told.out == "1/3  seed=1\n"
    first, second = told.err.splitlines()
    assert first == "progress: 0 of 3 jobs, 0 s passed, policies 25 %"
    assert re.fullmatch(r"progress: 1 of 3 jobs, \d+ s passed, about \d+ s left", second)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
