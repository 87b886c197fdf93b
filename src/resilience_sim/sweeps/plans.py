"""The jobs of a sweep, on disk: which there are, which are done, which failed and why.

The folder of a sweep holds `sweep.json`, one run directory below `jobs` for each job that is done, and
one file below `failed` for each that is not, with the reason. A job is done where its run directory
stands, which appears complete or not at all; so whoever is killed leaves nothing to repair.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from resilience_sim.errors import InputError, Problem
from resilience_sim.runs import MANIFEST

PLAN = "sweep.json"
JOBS = "jobs"
FAILED = "failed"
LOCK = ".lock"
FORMAT = 1
LONGEST_NAME = 100
"""Characters of swept values in the name of a folder; the key follows."""

Value = bool | int | float | str | None
"""A swept value; of a list the text as typed."""


class SweepError(InputError):
    """A folder that is not that of a sweep, or in which one is at work."""


class State(StrEnum):
    """What has become of a job."""

    DONE = "done"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True)
class Job:
    """One scenario of a sweep."""

    key: str
    """Of `keys.key_of`."""
    name: str
    """Of its folder below `jobs`: swept values for people, and the key."""
    values: dict[str, Value]
    """By swept setting, as typed."""


@dataclass(frozen=True)
class Failure:
    """Why a job is not done."""

    exit_code: int
    """2 bad input, 1 anything else."""
    reason: list[str]
    """One line for each problem."""
    details: str = ""
    """Where in the code it happened, where that is not plain from the reason."""


@dataclass(frozen=True)
class Plan:
    """What a sweep is to do, in the order in which it does it."""

    directory: Path
    command: str
    """That starts it, and goes on with it."""
    tables: list[str] | None
    """Tables that every job writes; None for all."""
    jobs: list[Job]
    code: str
    """Hash of the package."""

    @property
    def columns(self) -> list[str]:
        """Swept settings, as typed."""
        return list(dict.fromkeys(name for job in self.jobs for name in job.values))

    def folder(self, job: Job) -> Path:
        """Run directory of a job."""
        return self.directory / JOBS / job.name

    def note(self, job: Job) -> Path:
        """File that says why a job failed."""
        return self.directory / FAILED / f"{job.name}.json"

    def others(self) -> list[str]:
        """Finished folders that no job of this plan is: of other settings or other code."""
        own = {job.name for job in self.jobs}
        there = (self.directory / JOBS).glob(f"[!.]*/{MANIFEST}")
        return sorted({path.parent.name for path in there} - own)


@dataclass(frozen=True)
class Standing:
    """How far a sweep is."""

    done: list[Job]
    failed: list[tuple[Job, Failure]]
    missing: list[Job]

    @property
    def n_jobs(self) -> int:
        """How many jobs there are."""
        return len(self.done) + len(self.failed) + len(self.missing)


def plan_of(
    directory: Path,
    command: str,
    tables: list[str] | None,
    values: Sequence[Mapping[str, Value]],
    keys: Sequence[str],
    code: str,
) -> Plan:
    """Lay out jobs: their swept values, in order, and their keys.

    What is there under a key stays under its name, whatever was swept when it was made.
    """
    short = short_names(tuple(dict.fromkeys(name for each in values for name in each)))
    first = _there(directory)
    jobs = []
    for told, key in zip(values, keys, strict=True):
        name = first.setdefault(key, _name(told, short, key))
        jobs.append(Job(key, name, dict(told)))
    return Plan(directory, command, tables, jobs, code)


def write_plan(plan: Plan) -> None:
    """Write `sweep.json`, whole or not at all."""
    told = asdict(plan) | {"format": FORMAT}
    del told["directory"]
    write_json(plan.directory / PLAN, told)


def read_plan(directory: Path) -> Plan:
    """Read the plan of the sweep in a folder.

    Raises
    ------
    SweepError
        Where there is none.
    """
    path = directory / PLAN
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        jobs = [Job(**job) for job in told["jobs"]]
        return Plan(directory, told["command"], told["tables"], jobs, told["code"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        got = "no such folder" if not directory.is_dir() else f"one without a readable {PLAN}"
        hint = "resilience-sim sweep says at its end where it wrote."
        raise SweepError(
            [Problem(str(directory), "be the folder of a sweep", got, hint)]
        ) from error


def state_of(plan: Plan, job: Job) -> State:
    """What has become of a job."""
    if (plan.folder(job) / MANIFEST).is_file():
        return State.DONE
    return State.FAILED if plan.note(job).is_file() else State.MISSING


def standing(plan: Plan) -> Standing:
    """What has become of every job, each key once."""
    jobs: dict[str, Job] = {}
    for job in plan.jobs:
        jobs.setdefault(job.key, job)
    by_state: dict[State, list[Job]] = {state: [] for state in State}
    for job in jobs.values():
        by_state[state_of(plan, job)].append(job)
    failures = [(job, read_failure(plan, job)) for job in by_state[State.FAILED]]
    return Standing(by_state[State.DONE], failures, by_state[State.MISSING])


def read_failure(plan: Plan, job: Job) -> Failure:
    """Why a job failed."""
    told = json.loads(plan.note(job).read_text(encoding="utf-8"))
    return Failure(told["exit_code"], told["reason"], told["details"])


def write_failure(plan: Plan, job: Job, failure: Failure) -> None:
    """Note why a job failed, in place of what was noted before."""
    write_json(plan.note(job), asdict(job) | asdict(failure))


def write_json(path: Path, told: Mapping[str, Any]) -> None:
    """Write one file, whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    partial.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


@cache
def short_names(keys: tuple[str, ...]) -> dict[str, str]:
    """The shortest ends of dotted keys that still tell them apart."""
    short = {}
    for key in keys:
        parts = key.lstrip("+").split(".")
        ends = [".".join(parts[-n:]) for n in range(1, len(parts) + 1)]
        counts = Counter(
            end for other in keys for end in ends if f".{other.lstrip('+')}".endswith(f".{end}")
        )
        short[key] = next((end for end in ends if counts[end] == 1), ends[-1])
    return short


@contextmanager
def only_one(directory: Path) -> Iterator[None]:
    """Be the only sweep at work in a folder; it is made.

    Raises
    ------
    SweepError
        Where another one is, or where the folder cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / LOCK, os.O_CREAT | os.O_RDWR)
    except OSError as error:
        got = f"{directory} ({error.strerror or error})"
        raise SweepError(
            [Problem("output_dir", "be a folder that can be written to", got)]
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        hint = "Wait for it, or choose another output_dir."
        problem = Problem(str(directory), "have one sweep at work at a time", "another one", hint)
        raise SweepError([problem]) from error
    try:
        yield
    finally:
        os.close(descriptor)


def _there(directory: Path) -> dict[str, str]:
    """Names by key of what failed or is done in a folder; what is done goes before."""
    noted = [path.stem for path in (directory / FAILED).glob("[!.]*.json")]
    done = [path.parent.name for path in (directory / JOBS).glob(f"[!.]*/{MANIFEST}")]
    return {name.rpartition("_")[2]: name for name in [*noted, *done]}


def _name(values: Mapping[str, Value], short: Mapping[str, str], key: str) -> str:
    """A folder's name: without `=`, which readers of Parquet take for a column."""
    told = "_".join(f"{short[name]}-{value}" for name, value in values.items())
    plain = re.sub(r"[^\w.+-]+", "-", told)[:LONGEST_NAME].strip("-.")
    return f"{plain}_{key}" if plain else key
