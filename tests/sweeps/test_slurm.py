"""Sweeps through a real Slurm of one node, which the tests start for themselves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest

import small_slurm
from resilience_sim.cli import main
from resilience_sim.sweeps import read_plan, standing
from small_sweeps import TINY, fingerprints

pytestmark = pytest.mark.slow

SLURM = [
    "launcher=submitit_slurm", "hydra.launcher.partition=long", "hydra.launcher.timeout_min=30",
    "hydra.launcher.mem_gb=1", "hydra.launcher.cpus_per_task=2",
]  # fmt: skip
LATER = "+hydra.launcher.additional_parameters.begin=now+1hour"
NAME = "--name=resilience-sim"


@pytest.fixture(scope="module")
def conf() -> Iterator[Path]:
    """Run a Slurm for the tests of this file."""
    if not small_slurm.is_installed():
        pytest.skip("slurmctld is not installed: apt-get install slurm-wlm munge")
    with ExitStack() as stack:
        try:
            conf = stack.enter_context(small_slurm.one_node())
        except RuntimeError as error:
            pytest.skip(f"this machine lets no Slurm start: {error}")
        yield conf


@pytest.fixture
def slurm(
    conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    """Stand in an empty folder of a node where jobs are submitted; what is called asks its Slurm."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLURM_CONF", str(conf))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))

    def ask(*words: str) -> str:
        return small_slurm.ask(conf, *words)

    yield ask
    ask("scancel", NAME)


def in_queue(slurm: Callable[..., str]) -> str:
    return slurm("squeue", "--noheader", NAME, "--format=%i %T")


def wait_for(is_so: Callable[[], object], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not come to be"
        time.sleep(0.1)


def test_jobs_that_are_missing_are_done_as_arrays_and_say_why_they_fail(
    slurm: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Three are missing, and an array of this Slurm holds two; for one cutoff nobody is poor enough."""
    cutoff = "programme.targeting.cutoff"
    assert main(["sweep", *TINY, f"{cutoff}=1.0,2.0", "output_dir=here"]) == 0
    assert main(["sweep", *TINY, f"{cutoff}=1.0", "output_dir=s"]) == 0
    first = fingerprints(Path("s/jobs"))
    words = ["sweep", *TINY, f"{cutoff}=0.00001,1.0,2.0,3.0", "output_dir=s", *SLURM]
    capsys.readouterr()
    assert main(words) == 2
    text = capsys.readouterr().out
    assert "4 jobs in s: 1 done before" in text and "3/3" in text, text
    assert "4 jobs: 2 done now" in text and "1 failed" in text, text
    assert f"{cutoff} must lie above the lowest income" in text
    assert "Slurm ended" not in text, "a job that fails has not failed Slurm"
    assert first.items() <= fingerprints(Path("s/jobs")).items()
    assert not Path("s/.queued.json").exists()
    scripts = [path.read_text() for path in Path("s/.submitit").glob("*/*_submission.sh")]
    assert sorted("--array=0-1" in script for script in scripts) == [False, True]
    for script in scripts:
        assert "#SBATCH --partition=long" in script and "#SBATCH --time=30" in script
        assert re.search(r"^srun .*--cpus-per-task=2 ", script, re.MULTILINE)
    effects = {}
    for folder in ("here", "s"):
        plan = read_plan(Path(folder))
        (job,) = [job for job in plan.jobs if job.values == {cutoff: 2.0}]
        effects[folder] = pd.read_parquet(plan.folder(job) / "effects.parquet")
    pd.testing.assert_frame_equal(effects["here"], effects["s"], check_exact=True)


def test_what_slurm_refuses_is_told(
    slurm: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", *TINY, "seed=1,2", "output_dir=s", *SLURM, "hydra.launcher.partition=nowhere"]
    assert main(words) == 1
    text = capsys.readouterr().out
    assert "Slurm did not take 2 of 2: " in text and "nowhere" in text and "2 not done" in text


def test_a_job_that_slurm_ends_is_told(
    slurm: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", *TINY, "seed=1,2", "output_dir=s", *SLURM]
    assert main([*words, "hydra.launcher.setup=[exit 3]"]) == 1
    text = capsys.readouterr().out
    assert re.search(r"^\d+_0 and 1 more: Slurm ended it as FAILED", text, re.MULTILINE), text

    def cancel() -> None:
        wait_for(lambda: in_queue(slurm).endswith("RUNNING"))
        slurm("scancel", NAME)

    canceller = Thread(target=cancel)
    canceller.start()
    alone = ["hydra.launcher.setup=[sleep 100]", "hydra.launcher.cpus_per_task=8"]
    assert main([*words, *alone]) == 1
    canceller.join()
    text = capsys.readouterr().out
    assert "and 1 more: Slurm ended it as CANCELLED" in text and "2 not done" in text, text


def test_an_array_outlives_the_command_and_is_found_again(
    slurm: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", *TINY, "seed=1,2", "output_dir=s", *SLURM]
    # Who starts tests in the background has them deaf to Ctrl-C, and their children with them.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"from resilience_sim.cli import main; sys.exit(main({[*words, LATER]}))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        wait_for(Path("s/.queued.json").exists)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    (array,) = {number.split("_")[0] for number in json.loads(Path("s/.queued.json").read_text())}
    assert f"scancel {array} stops it" in told and "Interrupted: 0 of 2 jobs" in told
    assert in_queue(slurm).startswith(f"{array}_[0-1")
    assert slurm("scontrol", "update", f"jobid={array}", "starttime=now") == ""
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "from an earlier start, and waited for: 2;" in text
    assert "2 done before" in text and "nothing to do" in text
    assert len(standing(read_plan(Path("s"))).done) == 2
    assert [path.name for path in Path("s/.submitit").glob("[0-9]*") if "_" not in path.name] == [
        array
    ], "nothing is handed over twice"
