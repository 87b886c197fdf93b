"""Whole processes: importing, compiling, and runs of the command line, with policies kept and solved anew."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .report import LEFT_OUT, Report, Settings, Tell

GROUP = "whole process"
SMALL = (
    "case=erewhon", "population.n_households=500", "replicates=2", "horizon_years=5",
    "outcomes.horizons_years=[5]",
)  # fmt: skip
MILLION = (
    "population.n_households=1000000", "horizon_years=40", "periods_per_year=4", "replicates=1",
    "arms=[none,cash,productive,both]", "shock=none", "outcomes.belief_households=0",
    "outcomes.channel_households=0",
)  # fmt: skip
SOLVED = "default run, policies solved anew"
KEPT = "default run, policies kept"
MANY = "a million households"
GOALS = {
    "import of the package": "<= 0.35",
    "pandas, pyarrow and hydra that it loads": "<= 0",
    "compiling all kernels": "<= 10",
    "compiled by a second process": "<= 0",
    SOLVED: "<= 8",
    KEPT: "<= 3",
    MANY: "<= 30",
}
GOAL_MB = "<= 1000"
KEEPS = "RESILIENCE_SIM_POLICIES_GB"
LONG = 60.0
"""Seconds; a run that takes longer is not repeated."""

IMPORT = """
import json, sys, time
began = time.perf_counter()
import {modules}
took = time.perf_counter() - began
print(json.dumps([took, [name for name in ("pandas", "pyarrow", "hydra") if name in sys.modules]]))
"""

LAUNCH = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
told = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
took = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
print(json.dumps([told.returncode, told.stderr[-2000:], took, peak]))
"""  # of a small process in between: a child's peak memory counts what its parent held when it was made

RUN = """
import json, sys
from numba.core import event
from numba.core.dispatcher import Dispatcher
timer = event.TimingListener()
event.register("numba:compile", timer)
from resilience_sim.cli import main
status = main(["run", *sys.argv[2:]])
kernels = [
    value.stats
    for name, module in list(sys.modules.items()) if name.startswith("resilience_sim.kernels.")
    for value in vars(module).values()
    if isinstance(value, Dispatcher) and value.__module__ == name and value.stats.cache_path
]
told = {
    "n_served": sum(sum(each.cache_hits.values()) for each in kernels),
    "n_compiled": sum(sum(each.cache_misses.values()) for each in kernels),
    "compiling": timer.duration if timer.done else 0.0,
}
with open(sys.argv[1], "w") as out:
    json.dump(told, out)
sys.exit(status)
"""  # the verb `run`, and what it compiled


@dataclass(frozen=True)
class Run:
    """One run of the command line in a process of its own."""

    seconds: float
    peak: float
    """MB (1e6 bytes)."""
    compiling: float
    """Seconds."""
    n_compiled: int
    n_served: int
    """Kernels that came from the cache on disk."""
    has_kept_policies: bool
    words: tuple[str, ...]


def whole(report: Report, settings: Settings, folder: Path, tell: Tell) -> None:
    """Import, compile and run, with a cache of kernels and policies of its own where all is measured."""
    _imports(report, settings, tell)
    if settings.is_quick:
        tell("small run")
        words = _words(SMALL, settings.overrides)
        _run(folder / "run", words, {KEEPS: "0"})
        second = _run(folder / "run", words, {KEEPS: "0"})
        _compiled(report, None, second)
        _small(report, [second])
        for what in (SOLVED, KEPT, MANY):
            report.lack(GROUP, what, "s", LEFT_OUT, GOALS[what])
            report.lack(GROUP, f"{what}, peak memory", "MB", LEFT_OUT, GOAL_MB)
        return
    cache = folder / "cache"

    def run(*words: str, keeps: str = "2") -> Run:
        environment = {"RESILIENCE_SIM_CACHE_DIR": str(cache), KEEPS: keeps}
        return _run(folder / "run", _words(words, settings.overrides), environment)

    tell("small run, compiling")
    cold = run(*SMALL, keeps="0")
    tell("small run")
    warm = _repeated(lambda: run(*SMALL, keeps="0"))
    _compiled(report, cold, warm[0])
    _small(report, warm)
    _default(report, cache, run, tell)
    _million(report, run, tell)


def _imports(report: Report, settings: Settings, tell: Tell) -> None:
    """Import the package, and all that a run needs, after Python's own start."""
    tell("imports")
    took: list[float] = []
    for _ in range(settings.rounds):
        seconds, loaded = _imported("resilience_sim")
        took.append(seconds)
    report.add(
        GROUP,
        "import of the package",
        "s",
        took,
        "after Python's own start",
        GOALS["import of the package"],
    )
    what = "pandas, pyarrow and hydra that it loads"
    report.add(GROUP, what, "packages", [float(len(loaded))], ", ".join(loaded), GOALS[what])
    needed = "resilience_sim.simulation, resilience_sim.outcomes, resilience_sim.runs, resilience_sim.report"
    report.add(
        GROUP, "import of all that a run needs", "s",
        [_imported(needed)[0] for _ in range(settings.rounds)], "Numba, pandas and pyarrow among it",
    )  # fmt: skip


def _imported(modules: str) -> tuple[float, list[str]]:
    """Seconds that an import takes in a new process, and which of the heavy packages it loads."""
    words = [sys.executable, "-c", IMPORT.format(modules=modules)]
    told = subprocess.run(words, capture_output=True, text=True, check=True)
    seconds, loaded = json.loads(told.stdout)
    return seconds, loaded


def _compiled(report: Report, cold: Run | None, second: Run) -> None:
    """What compiling costs once, and that the next process compiles nothing."""
    what = "compiling all kernels"
    if cold is None:
        report.lack(GROUP, what, "s", LEFT_OUT, GOALS[what])
        report.lack(GROUP, "small run, cold", "s", LEFT_OUT)
    else:
        note = f"{cold.n_compiled} kernels, empty cache"
        report.add(GROUP, what, "s", [cold.compiling], note, GOALS[what])
        report.add(GROUP, "small run, cold", "s", [cold.seconds], note)
    what, note = "compiled by a second process", f"{second.n_served} come from the cache"
    report.add(GROUP, what, "kernels", [float(second.n_compiled)], note, GOALS[what])


def _small(report: Report, runs: list[Run]) -> None:
    _add(report, "small run, policies solved anew", runs, "", "", "")


def _default(report: Report, cache: Path, run: Callable[..., Run], tell: Tell) -> None:
    """The run without a word on the command line: policies solved anew, and then as they were kept."""

    def anew() -> Run:
        shutil.rmtree(cache / "policies", ignore_errors=True)
        return run()

    tell(SOLVED)
    solved = _repeated(anew)
    if solved[0].n_compiled:  # what the small run did not need
        solved = solved[1:] or _repeated(anew)
    _add(report, SOLVED, solved, "kernels compiled before", GOALS[SOLVED], GOAL_MB)
    tell(KEPT)
    kept = _repeated(run)
    _add(report, KEPT, kept, _policies(kept), GOALS[KEPT], GOAL_MB)


def _million(report: Report, run: Callable[..., Run], tell: Tell) -> None:
    """A million households, copies of those of the survey; the first run keeps policies for the others."""
    note = f"{os.cpu_count()} cores"
    tell(f"{MANY}, policies solved anew")
    _add(report, f"{MANY}, policies solved anew", [run(*MILLION)], note, "", "")
    tell(MANY)
    runs = _repeated(lambda: run(*MILLION))
    _add(report, MANY, runs, f"{note}; {_policies(runs)}", GOALS[MANY], GOAL_MB)


def _policies(runs: list[Run]) -> str:
    return (
        "policies kept before"
        if all(each.has_kept_policies for each in runs)
        else "policies could not be kept, and are solved anew"
    )


def _words(own: tuple[str, ...], overrides: tuple[str, ...]) -> tuple[str, ...]:
    """Words of a run, and those overrides that leave it what it is called."""
    keys = {word.partition("=")[0] for word in own}
    return (*own, *(word for word in overrides if word.partition("=")[0] not in keys))


def _add(report: Report, what: str, runs: list[Run], note: str, goal: str, goal_mb: str) -> None:
    """A row of seconds and one of memory."""
    told = "; ".join(part for part in (note, " ".join(runs[0].words)) if part)
    report.add(GROUP, what, "s", [each.seconds for each in runs], told, goal)
    report.add(GROUP, f"{what}, peak memory", "MB", [each.peak for each in runs], "", goal_mb)


def _repeated(run: Callable[[], Run]) -> list[Run]:
    """Three runs, or one where it takes long."""
    runs = [run()]
    while runs[0].seconds < LONG and len(runs) < 3:
        runs.append(run())
    return runs


def _run(output: Path, words: tuple[str, ...], changed: dict[str, str]) -> Run:
    """Run to a folder that is removed, under an environment that is changed."""
    counts = output.with_suffix(".json")
    command = [sys.executable, "-c", RUN, str(counts), f"output_dir={output}", *words]
    told = subprocess.run(
        [sys.executable, "-c", LAUNCH, *command],
        env=os.environ | changed, capture_output=True, text=True, check=True,
    )  # fmt: skip
    status, error, seconds, peak = json.loads(told.stdout)
    if status:
        raise RuntimeError(
            f"resilience-sim run {' '.join(words)} failed with status {status}: {error}"
        )
    manifest = json.loads((output / "manifest.json").read_text())
    shutil.rmtree(output)
    has_kept = manifest["policies_from_before"]
    return Run(
        seconds, peak, **json.loads(counts.read_text()), has_kept_policies=has_kept, words=words
    )
