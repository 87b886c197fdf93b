"""The queue of Slurm: jobs of a sweep are handed over as arrays, waited for, and found again by the next start.

submitit writes the scripts and carries jobs and their results. It would wait by `sacct`, which a cluster
may lack, and then never learns of a job that was killed; so `squeue` is asked here.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from resilience_sim.cli.progress import JobBar
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.sweeps.plans import write_json

NOTE = ".queued.json"
"""In the folder of a sweep: which jobs of Slurm were handed over, and where each leaves its result."""
ENDED = frozenset(
    "BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY TIMEOUT UNLISTED".split()
)
"""States of Slurm that a job does not leave; UNLISTED is ours, for one that Slurm has forgotten."""
HINTS = {
    "TIMEOUT": "; hydra.launcher.timeout_min gives more minutes",
    "OUT_OF_MEMORY": "; hydra.launcher.mem_gb gives more",
}
LOOK_SECONDS = 0.5
"""How often results are looked for."""
ASK_SECONDS = (1.0, 30.0)
"""How often Slurm is asked: at first, and at last."""
LATE_SECONDS = 15.0
"""How long a shared file system may take to show the result of a job that has ended."""

Queued = dict[str, Path]
"""Jobs of Slurm by their number, and the files of their results."""


def work(
    launcher: Any, jobs: Sequence[Sequence[str]], first: int, directory: Path,
    told: Callable[[str], None],
) -> list[str]:  # fmt: skip
    """Hand jobs to Slurm and wait for them.

    Parameters
    ----------
    launcher
        The one of Hydra's submitit plugin, set up; it does a job in the process that Slurm makes.
    jobs
        Overrides of each job.
    first
        Number of the first.
    directory
        Folder of the sweep, where they are noted.
    told
        Told what Slurm is at.

    Returns
    -------
    What went wrong outside of the jobs themselves, each thing once.

    Raises
    ------
    ConfigError
        Where Slurm has no commands here.
    """
    if shutil.which("sbatch") is None:
        hint = "launcher=submitit_local does the same on this machine."
        got = "submitit_slurm, and there is no sbatch here"
        raise ConfigError([Problem("launcher", "be one that is there", got, hint)])
    queued: Queued = {}
    refused: list[str] = []
    longest = _longest_array()
    try:
        for start in range(0, len(jobs), longest):
            try:
                queued |= _submitted(launcher, jobs[start : start + longest], first + start)
            except RuntimeError as error:
                why = " ".join(str(error).split())
                refused = [f"Slurm did not take {len(jobs) - start} of {len(jobs)}: {why}"]
                break
            _note(directory, queued)
        states = _waited(queued, told)
    except KeyboardInterrupt:
        if queued:
            arrays = _arrays(queued)
            print(f"Slurm goes on, and the next start finds it there; scancel {arrays} stops it")
        raise
    (directory / NOTE).unlink(missing_ok=True)
    return [*refused, *_wrong(queued, states)]


def wait_for_earlier(directory: Path) -> None:
    """Wait for what an earlier start handed to Slurm and did not wait for; without Slurm for nothing."""
    note = directory / NOTE
    if not note.is_file() or shutil.which("squeue") is None:
        return
    noted = json.loads(note.read_text(encoding="utf-8"))
    listed = _listed()
    queued = {
        number: Path(result)
        for number, result in noted.items()
        if listed is None or _state(number, listed)[0] not in ENDED
    }
    if queued:
        arrays = _arrays(queued)
        print(
            f"In the queue of Slurm from an earlier start, and waited for: {len(queued)}; "
            f"scancel {arrays} stops that",
            flush=True,
        )
        with JobBar(len(queued)) as bar:
            _waited(queued, bar.says)
    note.unlink()


def _note(directory: Path, queued: Mapping[str, Path]) -> None:
    files = {number: str(result) for number, result in queued.items()}
    write_json(directory / NOTE, files)


def _longest_array() -> int:
    """How many jobs Slurm takes in one array."""
    shown = subprocess.run(
        ["scontrol", "show", "config"], capture_output=True, text=True, check=False
    )
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", shown.stdout, re.MULTILINE)
    return max(1, int(found[1])) if found else 1001


def _submitted(launcher: Any, jobs: Sequence[Sequence[str]], first: int) -> Queued:
    """Hand over one array, by the settings that `hydra.launcher` has."""
    import submitit
    from hydra.core.singleton import Singleton
    from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf

    settings = dict(launcher.params)
    executor = submitit.AutoExecutor(
        settings.pop("submitit_folder"), cluster="slurm",
        slurm_max_num_timeout=settings.pop("max_num_timeout"),
    )  # fmt: skip
    # By its manual, since Slurm 22.05 a step asks for the processors of its job anew.
    cpus = settings.get("cpus_per_task") or 1
    settings.setdefault("srun_args", [f"--cpus-per-task={cpus}"])
    common = {field.name for field in fields(BaseQueueConf)}
    executor.update_parameters(
        **{name if name in common else f"slurm_{name}": each for name, each in settings.items()}
    )
    n, numbers = len(jobs), range(first, first + len(jobs))
    with _outside_of_a_job():
        handed = executor.map_array(
            launcher, [list(job) for job in jobs], ["hydra.sweep.dir"] * n, numbers,
            [f"job_id_for_{number}" for number in numbers], [Singleton.get_state()] * n,
        )  # fmt: skip
    return {job.job_id: job.paths.result_pickle for job in handed}


@contextmanager
def _outside_of_a_job() -> Iterator[None]:
    """Hide what Slurm tells the job that this process may be in: its limits are not those of ours."""
    hidden = {
        name: os.environ.pop(name)
        for name in list(os.environ)
        if name.startswith("SLURM_") and name not in ("SLURM_CONF", "SLURM_CLUSTERS")
    }
    try:
        yield
    finally:
        os.environ.update(hidden)


def _waited(queued: Mapping[str, Path], told: Callable[[str], None]) -> dict[str, str]:
    """Wait until all have left the queue; returns the last state of each."""
    states = dict.fromkeys(queued, "PENDING")
    told_last, pause, next_time = "", ASK_SECONDS[0], 0.0
    while left := [
        number
        for number, result in queued.items()
        if states[number] not in ENDED and not result.exists()
    ]:
        if time.monotonic() >= next_time:
            listed = _listed()
            if listed is None:
                told_last = "Slurm does not answer"
            else:
                now = [_state(number, listed) for number in left]
                states |= {number: state for number, (state, _) in zip(left, now, strict=True)}
                told_last = _summary(now)
            next_time = time.monotonic() + pause
            pause = min(1.5 * pause, ASK_SECONDS[1])
        told(told_last)
        time.sleep(LOOK_SECONDS)
    _wait_for_files(queued, states)
    return states


def _wait_for_files(queued: Mapping[str, Path], states: Mapping[str, str]) -> None:
    """Wait a little for results that must be there, though they are not seen."""
    until = time.monotonic() + LATE_SECONDS
    awaited = [queued[number] for number, state in states.items() if state == "COMPLETED"]
    while not all(result.exists() for result in awaited) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)


def _listed() -> dict[str, tuple[str, str]] | None:
    """State and reason of each of the user's jobs that Slurm remembers; None where it does not answer."""
    asked = subprocess.run(
        ["squeue", "--noheader", "--array", "--states=all", f"--user={os.getuid()}",
         "--format=%i|%T|%r"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if asked.returncode:
        return None
    rows = (line.strip().split("|") for line in asked.stdout.splitlines() if line.strip())
    return {number: (state, reason) for number, state, reason in rows}


def _state(number: str, listed: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """State and reason of one job; those of an array that never began may be listed as the array alone."""
    array = number.partition("_")[0]
    return listed.get(number) or listed.get(array) or ("UNLISTED", "")


def _summary(now: Sequence[tuple[str, str]]) -> str:
    """States of those in the queue, with the reason why some wait: Slurm: 3 pending (Resources), 1 running."""
    words = Counter(
        f"{state.lower()} ({reason})" if state == "PENDING" else state.lower()
        for state, reason in now
        if state not in ENDED
    )
    told = ", ".join(f"{n} {word}" for word, n in sorted(words.items()))
    return f"Slurm: {told}" if told else ""


def _arrays(queued: Mapping[str, Path]) -> str:
    return " ".join(dict.fromkeys(number.partition("_")[0] for number in queued))


def _wrong(queued: Mapping[str, Path], states: Mapping[str, str]) -> list[str]:
    """Why jobs left no result, or one that is no success: one line for each reason."""
    from hydra.core.utils import JobStatus

    reasons: dict[str, list[str]] = {}
    for number, result in queued.items():
        if not result.exists():
            state = states[number]
            reason = f"Slurm ended it as {state}{HINTS.get(state, '')}"
            reasons.setdefault(reason, []).append(number)
            continue
        outcome, back = pickle.loads(result.read_bytes())
        if outcome != "success":
            reasons.setdefault(str(back).strip().splitlines()[-1], []).append(number)
        elif back.status is JobStatus.FAILED:
            error = " ".join(str(vars(back)["_return_value"]).split())
            reasons.setdefault(error, []).append(number)
    logs = next(iter(queued.values())).parent.parent if queued else ""
    return [
        f"{numbers[0]}{f' and {len(numbers) - 1} more' if numbers[1:] else ''}: {reason} "
        f"(logs in {logs})"
        for reason, numbers in reasons.items()
    ]
