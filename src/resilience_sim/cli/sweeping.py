"""The verbs `sweep` and `aggregate`: many scenarios, each done once, and one data set of them."""

from __future__ import annotations

import hashlib
import re
import shlex
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from resilience_sim.cli import launching, queueing
from resilience_sim.cli.composition import group_options
from resilience_sim.cli.expanding import Expansion, expand
from resilience_sim.cli.progress import JobBar
from resilience_sim.cli.telling import closing, gathered, opening, overview, ready_sweeps, told
from resilience_sim.config import suggestion
from resilience_sim.errors import ConfigError, Problem

if TYPE_CHECKING:
    from resilience_sim.config import Config
    from resilience_sim.sweeps import Job, Plan

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 1, 2, 130
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
    command = f"resilience-sim {verb} {shlex.join(words)}"
    plan = sweeps.plan_of(directory, command, expansion.tables, values, keys, code())
    if "--dry-run" in asked.flags:
        print(overview(plan, sweeps.standing(plan)), end="")
        return 0
    with sweeps.only_one(directory):
        queueing.wait_for_earlier(directory)
        sweeps.write_plan(plan)
        return _work(plan, configs, expansion, asked)


def aggregate(words: Sequence[str]) -> int:
    """Gather the finished jobs of a sweep, and return the exit code: 1 where some are not done."""
    from resilience_sim import sweeps

    directories, given, problems = [], dict[str, str](), []
    for word in words:
        key, is_given, value = word.partition("=")
        if is_given and key in ("table", "output"):
            given[key] = value
        elif word.startswith("-") or (is_given and not Path(word).exists()):
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
    output = Path(given["output"]) if "output" in given else None
    made = sweeps.aggregate(Path(directories[0]), given.get("table"), output)
    print(gathered(made), end="")
    return 0 if made.is_complete else EXIT_FAILED


def _sorted_out(words: Sequence[str], verb: str) -> _Asked:
    """Words by what they are for; unknown ones are told at once."""
    asked, problems, launcher = _Asked(), [], ""
    for word in words:
        key, is_given, value = word.partition("=")
        if word.startswith("-"):
            asked.flags.add(word)
            if word not in FLAGS:
                hint = suggestion(word, FLAGS)
                allowed = f"be an option of {verb}"
                problems.append(Problem(word, allowed, "an unknown option", hint))
        elif key == "launcher" and is_given:
            launcher = value
        elif key in ("output_dir", "hydra.sweep.dir") and is_given:
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
    chosen = [word.partition("=")[2] for word in asked.hydra if word.startswith("hydra/launcher=")]
    if chosen:
        launching.require_plugin(chosen[-1])
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

    before = sweeps.standing(plan)
    print(opening(plan, before), end="", flush=True)
    done = {job.key for job in before.done}
    first = {job.key: at for at, job in reversed(list(enumerate(plan.jobs)))}
    todo = sorted(at for key, at in first.items() if key not in done)
    began, engine = time.perf_counter(), 0.0
    outside: list[str] = []
    try:
        with JobBar(len(todo)) as bar:
            if todo and expansion.launcher == launching.BASIC:
                engine = _one_by_one(plan, configs, todo, bar)
            elif todo:
                outside = _launched(plan, todo, expansion, asked, bar)
    except KeyboardInterrupt:
        n_done, n_jobs = len(sweeps.standing(plan).done), before.n_jobs
        print(f"Interrupted: {n_done} of {n_jobs} jobs are done and stay. To go on: {plan.command}")
        return EXIT_INTERRUPTED
    after, seconds = sweeps.standing(plan), time.perf_counter() - began
    print(closing(plan, before, after, seconds, engine, outside), end="", flush=True)
    codes = {failure.exit_code for _, failure in after.failed}
    if after.missing or EXIT_FAILED in codes:
        return EXIT_FAILED
    return EXIT_BAD_INPUT if codes else 0


def _one_by_one(plan: Plan, configs: Sequence[Config], todo: Sequence[int], bar: JobBar) -> float:
    """Do jobs in this process, each written while the next one lives; returns seconds in the engine."""
    from resilience_sim import sweeps

    shared, engine = sweeps.Shared(configs), 0.0
    order = shared.order([configs[at] for at in todo])
    writing: tuple[Future[None], Job, float] | None = None

    def written() -> None:
        if writing is not None:
            future, job, began = writing
            future.result()
            bar.done(told(plan, job, time.perf_counter() - began))

    with ThreadPoolExecutor(max_workers=1) as writer:
        for at in (todo[place] for place in order):
            began = time.perf_counter()
            lived = sweeps.live(plan, plan.jobs[at], configs[at], shared, bar)
            engine += lived.seconds
            written()
            writing = writer.submit(lived.finish), plan.jobs[at], began
        written()
    return engine


def _launched(
    plan: Plan, todo: Sequence[int], expansion: Expansion, asked: _Asked, bar: JobBar
) -> list[str]:
    """Do jobs by a launcher of Hydra, and tell those that end; returns what went wrong outside of jobs."""
    jobs = [expansion.scenarios[at].overrides for at in todo]
    words = [*asked.hydra, *(word for word in asked.settings if word.startswith("sweep="))]
    with _watched(plan, [plan.jobs[at] for at in todo], bar):
        return launching.launch(
            plan.directory, jobs, words, expansion.launcher, expansion.max_batch_size, bar.says
        )


@contextmanager
def _watched(plan: Plan, jobs: Sequence[Job], bar: JobBar) -> Iterator[None]:
    """Tell jobs as they end, by the folder of the sweep."""
    from resilience_sim import sweeps

    is_over, left = Event(), list(jobs)
    noted = {job.key: _time_of(plan.note(job)) for job in jobs}

    def look() -> None:
        for job in list(left):
            is_done = sweeps.state_of(plan, job) is sweeps.State.DONE
            if is_done or _time_of(plan.note(job)) not in (0, noted[job.key]):
                left.remove(job)
                bar.done(told(plan, job))

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
    """When a file was last written; 0 where there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0
