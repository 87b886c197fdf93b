"""The verbs `sweep` and `aggregate`: many scenarios, each done once, and one data set of them."""

from __future__ import annotations

import hashlib
import math
import re
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from resilience_sim.cli import launching
from resilience_sim.cli.composition import group_options, scenario_files
from resilience_sim.cli.expanding import Expansion, expand
from resilience_sim.cli.progress import JobBar, clock
from resilience_sim.config import suggestion
from resilience_sim.errors import ConfigError, Problem

if TYPE_CHECKING:
    from resilience_sim.config import Config
    from resilience_sim.sweeps import Job, Plan

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 1, 2, 130
SHOWN = 5
"""Jobs, or failures, of which an overview shows as many."""
LONGEST_FOLDER = 60
"""Characters of a folder's name that is made from words."""
LOOK_SECONDS = 0.5
"""How often the folder is looked at while others work."""
FLAGS = ("--list", "--dry-run", "--multirun", "-m")


@dataclass
class _Asked:
    """Words of a sweep, sorted."""

    settings: list[str] = field(default_factory=list)
    hydra: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    output_dir: str | None = None


def sweep(words: Sequence[str], verb: str = "sweep") -> int:
    """Do the scenarios of a sweep that are not done, and return the exit code.

    Parameters
    ----------
    words
        Overrides, some with several values; `launcher=NAME`, `output_dir=DIR`; `--list`, `--dry-run`.
    verb
        How it was called: "sweep", or "run" with `--multirun`.

    Returns
    -------
    0 all are done, 1 some failed, 2 all that failed had bad input, 130 interrupted.

    Raises
    ------
    ConfigError
        With the problems of all scenarios, before any of them is simulated.
    """
    asked = _sorted_out(words, verb)
    if "--list" in asked.flags:
        print(ready_sweeps(), end="")
        return 0
    from resilience_sim import sweeps
    from resilience_sim.sweeps.keys import code

    expansion = expand([*asked.settings, *asked.hydra])
    launching.require_plugin(expansion.launcher)
    directory = Path(asked.output_dir or Path("runs") / _folder(asked.settings))
    configs = [each.config for each in expansion.scenarios]
    keys = [sweeps.key_of(config, expansion.tables) for config in configs]
    values = [each.values for each in expansion.scenarios]
    command = shlex.join(["resilience-sim", verb, *words])
    plan = sweeps.plan_of(directory, command, expansion.tables, values, keys, code())
    if "--dry-run" in asked.flags:
        print(_overview(plan), end="")
        return 0
    with sweeps.only_one(directory):
        sweeps.write_plan(plan)
        return _work(plan, configs, expansion, asked)


def aggregate(words: Sequence[str]) -> int:
    """Gather the finished jobs of a sweep, and return the exit code: 1 where some are not done."""
    from resilience_sim import sweeps

    directories, told, problems = [], dict[str, str](), []
    for word in words:
        key, is_told, value = word.partition("=")
        if is_told and key in ("table", "output"):
            told[key] = value
        elif word.startswith("-") or (is_told and not Path(word).exists()):
            hint = suggestion(key, ("table", "output"))
            problems.append(Problem(key, "be one of DIR, table=NAME, output=DIR", repr(word), hint))
        else:
            directories.append(word)
    if len(directories) != 1 and not problems:
        hint = "resilience-sim sweep says at its end where it wrote."
        got = " ".join(directories) or "nothing"
        problems = [Problem("DIR", "be the folder of one sweep", got, hint)]
    if problems:
        raise ConfigError(problems)
    output = Path(told["output"]) if "output" in told else None
    made = sweeps.aggregate(Path(directories[0]), told.get("table"), output)
    columns = ", ".join(made.plan.columns)
    lines = [f"{made.n_done} of {len(made.plan.jobs)} jobs, keyed by {columns}"]
    lines += [f"  {name:<14}{rows:>10,} rows" for name, rows in made.rows.items()]
    lines += [f"  {'failures':<14}{len(made.failures):>10,} rows"]
    for job, failure in made.failures[:SHOWN]:
        why = failure.reason[0] if failure else "not tried yet"
        lines.append(f"  not done: {_label(plan_names(made.plan), job)}: {why}")
    if len(made.failures) > SHOWN:
        lines.append(f"  and {len(made.failures) - SHOWN} more")
    first = next((name for name in ("effects", *made.rows) if name in made.rows), "failures")
    lines += [f"Files in {made.directory}", f"In Python: pandas.read_parquet({str(made.directory / first)!r}"
              " + '.parquet')"]  # fmt: skip
    if made.failures:
        lines.append(f"Next: {made.plan.command}")
    print("\n".join(lines))
    return 0 if made.is_complete else EXIT_FAILED


def ready_sweeps() -> str:
    """Sweeps that lie ready, ours and those of the working directory, a line for each."""
    names = group_options().get("sweep", [])
    width = max(map(len, names), default=0)
    lines = [f"  sweep={name:<{width}}  {_first_sentence('sweep', name)}" for name in names]
    return "\n".join(["Sweeps that lie ready", *lines, ""])


def _first_sentence(group: str, name: str) -> str:
    """What a file says of itself, after the command that it opens with."""
    lines = scenario_files(group, name)[0].read_text(encoding="utf-8").splitlines()
    comments = [line.lstrip("#").strip() for line in lines if line.startswith("#")]
    prose = [
        line for line in comments if line and not line.startswith(("@package", "resilience-sim"))
    ]
    sentence = " ".join(prose).partition(". ")[0]
    return sentence if sentence.endswith(".") else f"{sentence}." if sentence else ""


def _sorted_out(words: Sequence[str], verb: str) -> _Asked:
    """Words by what they are for; unknown ones are told at once."""
    asked, problems, launcher = _Asked(), [], ""
    for word in words:
        key, is_told, value = word.partition("=")
        if word.startswith("-"):
            asked.flags.add(word)
            if word not in FLAGS:
                hint = suggestion(word, FLAGS)
                allowed = f"be an option of {verb}"
                problems.append(Problem(word, allowed, "an unknown option", hint))
        elif key == "launcher" and is_told:
            launcher = value
        elif key in ("output_dir", "hydra.sweep.dir") and is_told:
            asked.output_dir = value
        elif key == "hydra/sweeper" and value != "basic":
            allowed = "be basic, which lists the values it is told"
            problems.append(Problem(key, allowed, value))
        elif key.lstrip("+~").startswith(("hydra.", "hydra/")):
            asked.hydra.append(word)
        else:
            asked.settings.append(word)
    if launcher and launcher not in launching.LAUNCHERS:
        hint = suggestion(launcher, launching.LAUNCHERS)
        allowed = f"be one of {', '.join(launching.LAUNCHERS)}"
        problems.append(Problem("launcher", allowed, repr(launcher), hint))
    elif launcher:
        asked.hydra.append(f"hydra/launcher={launcher}")
    if not asked.settings and "--list" not in asked.flags and verb == "sweep" and not problems:
        names = ", ".join(group_options().get("sweep", []))
        hint = "resilience-sim sweep --list says what each does."
        got = "neither"
        allowed = (
            f"be given: sweep=NAME ({names}), or settings with several values such as seed=1,2,3"
        )
        problems.append(Problem("sweep", allowed, got, hint))
    if problems:
        raise ConfigError(problems)
    if any(word.startswith("hydra/launcher=") for word in asked.hydra):
        launching.require_plugin(
            [w.partition("=")[2] for w in asked.hydra if w.startswith("hydra/launcher=")][-1]
        )
    asked.hydra = [*launching.settings_of(asked.hydra), *asked.hydra]
    return asked


def _folder(settings: Sequence[str]) -> str:
    """Name of the folder for these settings: the same for the same, whatever their order."""
    telling = [word for word in settings if word.partition("=")[0] != "threads"]
    names = [word.partition("=")[2] for word in telling if word.startswith("sweep=")]
    others = sorted(word for word in telling if not word.startswith("sweep="))
    text = "_".join(["sweep", *names, *others])
    plain = re.sub(r"[^\w.+-]+", "-", text).strip("-.")
    if len(plain) <= LONGEST_FOLDER:
        return plain
    return f"{plain[:LONGEST_FOLDER]}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _work(plan: Plan, configs: Sequence[Config], expansion: Expansion, asked: _Asked) -> int:
    """Do what is missing, and say what became of the sweep."""
    from resilience_sim import sweeps

    states = {job.key: sweeps.state_of(plan, job) for job in plan.jobs}
    first = {job.key: at for at, job in reversed(list(enumerate(plan.jobs)))}
    todo = [at for key, at in first.items() if states[key] is not sweeps.State.DONE]
    todo.sort()
    n_before, n_again = (
        sum(state is wanted for state in states.values())
        for wanted in (sweeps.State.DONE, sweeps.State.FAILED)
    )
    print(_opening(plan, len(states), n_before, n_again), flush=True)
    began, engine = time.perf_counter(), 0.0
    outside: list[str] = []
    try:
        if todo:
            with JobBar(len(todo)) as bar:
                if expansion.launcher == launching.BASIC:
                    engine = _one_by_one(plan, configs, todo, bar)
                else:
                    outside = _launched(plan, todo, expansion, asked, bar)
    except KeyboardInterrupt:
        n_done = sum(sweeps.state_of(plan, job) is sweeps.State.DONE for job in plan.jobs)
        print(
            f"Interrupted: {n_done} of {len(plan.jobs)} jobs are done and stay. To go on: {plan.command}"
        )
        return EXIT_INTERRUPTED
    seconds = time.perf_counter() - began
    return _closing(plan, first, len(todo), n_before, seconds, engine, outside)


def _opening(plan: Plan, n_jobs: int, n_before: int, n_again: int) -> str:
    n_todo = n_jobs - n_before
    facts = [f"{_jobs(n_before)} done before and left as they are" if n_before else "",
             f"{n_again} failed before and tried again" if n_again else "",
             f"{n_todo} to do" if n_todo else "nothing to do"]  # fmt: skip
    lines = [f"{_jobs(n_jobs)} in {plan.directory}: {', '.join(filter(None, facts))}"]
    if others := plan.others():
        lines.append(
            f"{len(others)} finished there are of other settings, data or code; they stay, and are not counted"
        )
    return "\n".join(lines)


def _one_by_one(plan: Plan, configs: Sequence[Config], todo: Sequence[int], bar: JobBar) -> float:
    """Do jobs in this process; returns seconds in the engine."""
    from resilience_sim import sweeps

    shared = sweeps.Shared(configs)
    names, engine = plan_names(plan), 0.0
    order = shared.order([configs[at] for at in todo])
    for at in (todo[place] for place in order):
        began = time.perf_counter()
        job = plan.jobs[at]
        seconds = sweeps.do(plan, job, configs[at], shared, bar)
        if math.isfinite(seconds):
            engine += seconds
        bar.done(_line(plan, names, job, time.perf_counter() - began))
    return engine


def _launched(
    plan: Plan, todo: Sequence[int], expansion: Expansion, asked: _Asked, bar: JobBar
) -> list[str]:
    """Do jobs by a launcher of Hydra, and tell those that end meanwhile; returns what went wrong there."""
    jobs = [expansion.scenarios[at].overrides for at in todo]
    words = [*asked.hydra, *(word for word in asked.settings if word.startswith("sweep="))]
    with _watched(plan, [plan.jobs[at] for at in todo], bar):
        return launching.launch(
            plan.directory, jobs, words, expansion.launcher, expansion.max_batch_size
        )


@contextmanager
def _watched(plan: Plan, jobs: Sequence[Job], bar: JobBar) -> Iterator[None]:
    """Tell jobs as they end, by the folder of the sweep."""
    from resilience_sim import sweeps

    names, is_over = plan_names(plan), Event()
    noted = {job.key: _time_of(plan.note(job)) for job in jobs}
    left = list(jobs)

    def look() -> None:
        for job in list(left):
            is_new = _time_of(plan.note(job)) != noted[job.key] and plan.note(job).exists()
            if is_new or sweeps.state_of(plan, job) is sweeps.State.DONE:
                left.remove(job)
                bar.done(_line(plan, names, job))

    def watch() -> None:
        while not is_over.wait(LOOK_SECONDS):
            look()

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        look()


def _time_of(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def _line(plan: Plan, names: Callable[[str], str], job: Job, seconds: float | None = None) -> str:
    """One job that ended."""
    from resilience_sim import sweeps

    took = f"{seconds:6.1f} s  " if seconds is not None else ""
    if sweeps.state_of(plan, job) is sweeps.State.FAILED:
        return f"{took}FAILED {_label(names, job)}: {sweeps.read_failure(plan, job).reason[0]}"
    return f"{took}{_label(names, job)}"


def _closing(
    plan: Plan, first: dict[str, int], n_todo: int, n_before: int, seconds: float, engine: float,
    outside: Sequence[str],
) -> int:  # fmt: skip
    """Say what was done, what failed and why; returns the exit code."""
    from resilience_sim import sweeps

    jobs = [plan.jobs[at] for at in first.values()]
    states = {job.key: sweeps.state_of(plan, job) for job in jobs}
    failed = [job for job in jobs if states[job.key] is sweeps.State.FAILED]
    missing = [job for job in jobs if states[job.key] is sweeps.State.MISSING]
    n_now = n_todo - len(failed) - len(missing)
    share = f", {100 * engine / seconds:.0f} % of it in the engine" if engine else ""
    facts = [f"{n_now} done now in {clock(seconds)}{share}" if n_todo else "",
             f"{n_before} done before" if n_before else "",
             f"{len(failed)} failed" if failed else "",
             f"{len(missing)} not done" if missing else ""]  # fmt: skip
    lines = [f"{_jobs(len(jobs))}: {'; '.join(filter(None, facts))}"]
    names = plan_names(plan)
    codes = set()
    for at, job in enumerate(failed):
        failure = sweeps.read_failure(plan, job)
        codes.add(failure.exit_code)
        if at < SHOWN:
            lines.append(f"  failed: {_label(names, job)}: {failure.reason[0]}")
    if len(failed) > SHOWN:
        lines.append(f"  and {len(failed) - SHOWN} more")
    lines += [f"  {each}" for each in outside]
    if failed:
        lines.append(f"Reasons in full in {plan.directory / 'failed'}")
    if failed or missing:
        lines.append(f"Next, tries again what is not done: {plan.command}")
    lines.append(f"Next: resilience-sim aggregate {shlex.quote(str(plan.directory))}")
    print("\n".join(lines), flush=True)
    if missing or EXIT_FAILED in codes:
        return EXIT_FAILED
    return EXIT_BAD_INPUT if codes else 0


def _overview(plan: Plan) -> str:
    """What would be done, for who asks first."""
    from resilience_sim import sweeps

    jobs = list({job.key: job for job in reversed(plan.jobs)}.values())[::-1]
    n_done = sum(sweeps.state_of(plan, job) is sweeps.State.DONE for job in jobs)
    counts = [
        f"{name}: {len(dict.fromkeys(str(job.values.get(name)) for job in plan.jobs))} values"
        for name in plan.columns
    ]
    names = plan_names(plan)
    lines = [
        f"{_jobs(len(jobs))} in {plan.directory}, {n_done} done before; nothing was run",
        *counts,
    ]
    lines += [f"  {_label(names, job)}" for job in jobs[:SHOWN]]
    if len(jobs) > SHOWN:
        lines.append(f"  and {len(jobs) - SHOWN} more")
    return "\n".join(lines) + "\n"


def plan_names(plan: Plan) -> Callable[[str], str]:
    """Short names of the swept settings of a plan, for people."""
    from resilience_sim.sweeps.plans import short_names

    short = short_names(plan.columns)
    return lambda name: short[name]


def _label(names: Callable[[str], str], job: Job) -> str:
    return " ".join(f"{names(name)}={value}" for name, value in job.values.items()) or job.key


def _jobs(n: int) -> str:
    return f"{n:,} job" if n == 1 else f"{n:,} jobs"
