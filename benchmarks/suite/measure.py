"""What is measured, in which order, and what the ratios are made of.

Everything that is compared is measured in turns, in the same round; a ratio is the median of the
rounds' ratios. What cannot be measured leaves an empty row with the reason.
"""

from __future__ import annotations

import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from resilience_sim.kernels.vector import LANES
from resilience_sim.lives import workspace

from . import machine, numpy_twin, peers, twins
from .twins import MissingError
from .world import World, crowd, kernel_sums, live, n_threads, world_of, zero_sums


class Goal(NamedTuple):
    """What a ratio means, and where it should lie."""

    bound: str
    meaning: str


GOALS = {
    "kernel_vs_c_vectorised": Goal("<= 1.15", "kernel's time over that of the vectorised C twin"),
    "kernel_vs_c_scalar": Goal(">= 10", "how many times faster than the C twin in doubles"),
    "kernel_vs_numpy": Goal(">= 20", "how many times faster than the NumPy twin"),
    "kernel_vs_mesa": Goal(">= 1000", "how many times faster than the Mesa loop"),
    "threads_2_vs_1": Goal(">= 1.85", "speed-up of two threads at the larger of two crowds"),
    "planner_vs_c": Goal("<= 1.5", "planner's time over that of its C twin"),
}
NO_PLANNER_TWIN = "the planner's C twin is not written yet"
QUICK_TYPES = ("planner.n_skill=3", "planner.n_other=2")
SMALL_RUN = (
    "case=erewhon",
    "population.n_households=500",
    "replicates=2",
    "horizon_years=5",
    "outcomes.horizons_years=[5]",
)
NUMPY_BLOCK = (
    4096  # households; the fastest of 1,000 to 16,000 on the machine the suite was written on
)
MESA_HOUSEHOLDS, MESA_YEARS = 200, 5
SECONDS_PER_LIFE = 60.0
"""A crowd that would live longer than this is left out."""


@dataclass(frozen=True)
class Settings:
    """How much to measure."""

    is_quick: bool = False
    overrides: tuple[str, ...] = ()

    @property
    def rounds(self) -> int:
        """Rounds of each comparison."""
        return 3 if self.is_quick else 9

    @property
    def world(self) -> tuple[str, ...]:
        """Overrides of the world that is lived in."""
        return (*(QUICK_TYPES if self.is_quick else ()), *self.overrides)


@dataclass(frozen=True)
class Row:
    """One measurement: median and best of its rounds, or neither and the reason."""

    group: str
    what: str
    unit: str
    median: float | None
    best: float | None
    note: str = ""


@dataclass
class Report:
    """All that was measured."""

    machine: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    ratios: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(GOALS))
    ratios_of_best: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(GOALS))
    """The same between the best of all rounds: nearer the truth where others use the machine."""
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, group: str, what: str, unit: str, values: list[float], note: str = "") -> None:
        """Add a row of one or more rounds."""
        best = min(values) if "per second" not in unit else max(values)
        self.rows.append(Row(group, what, unit, statistics.median(values), best, note))

    def lack(self, group: str, what: str, unit: str, reason: str) -> None:
        """Add an empty row."""
        self.rows.append(Row(group, what, unit, None, None, reason))

    def compare(self, name: str, over: list[float], under: list[float]) -> None:
        """Set a ratio to the median of the rounds' ratios."""
        self.ratios_of_best[name] = min(over) / min(under)
        self.ratios[name] = statistics.median(a / b for a, b in zip(over, under, strict=True))


Tell = Callable[[str], None]
PER = "ns per household-period"


def bench(settings: Settings, tell: Tell) -> Report:
    """Measure everything; `tell` is told what is going on."""
    report = Report(machine.describe())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tell("households and their planner")
        solved = world_of(settings.world)
        _twins(report, settings, solved.world, folder, tell)
        _threads(report, settings, solved.world, tell)
        _scaling(report, settings, solved.world, tell)
        _panel(report, settings, solved.world, folder, tell)
        _memory(report, solved.world)
        _planner(report, settings, solved.policy_seconds, solved.plans_bytes, tell)
        _whole(report, settings, folder, tell)
        if not settings.is_quick:
            _instructions(report, solved.world, folder, tell)
    return report


@contextmanager
def _lacking(report: Report, group: str, what: str, unit: str, *ratios: str) -> Iterator[None]:
    """Turn something missing into an empty row, and into the reason of the ratios that rest on it."""
    try:
        yield
    except MissingError as error:
        report.lack(group, what, unit, str(error))
        report.reasons |= {name: str(error) for name in ratios}


def _twins(report: Report, settings: Settings, base: World, folder: Path, tell: Tell) -> None:
    """The kernel beside its twins, all in each round; of kernel and C the best of two warm lives."""
    n, years = (16_000, 20) if settings.is_quick else (28_000, 40)
    world = crowd(base, n, min(years, base.n_years))
    chunked = replace(world, block_households=NUMPY_BLOCK)
    few = crowd(base, MESA_HOUSEHOLDS, min(MESA_YEARS, base.n_years))
    group = f"kernel, one thread, {world.n:,} households, {world.n_years} years"
    names = {
        "C, vectorised, float32": ("twin_vector", "kernel_vs_c_vectorised"),
        "C, scalar, float64": ("twin_scalar", "kernel_vs_c_scalar"),
    }
    found: dict[str, twins.Twin] = {}
    for what, (name, ratio) in names.items():
        tell(f"building {name}")
        with _lacking(report, group, what, PER, ratio):
            found[what] = twins.twin(name, world, folder)
    took: dict[str, list[float]] = {}

    def note(what: str, seconds: float, lived: World) -> None:
        took.setdefault(what, []).append(1e9 * seconds / lived.household_periods)

    _, sums = live(world)
    agreement = {}
    mesa_reason = ""
    for turn in range(settings.rounds):
        tell(f"kernel and twins, round {turn + 1} of {settings.rounds}")
        note("kernel", min(live(world)[0] for _ in range(3)), world)
        for what, one in found.items():
            note(what, min(one.seconds(2)), world)
            if turn == 0:
                agreement[what] = _agreement(world, kernel_sums(world, sums), one.sums())
        began = time.perf_counter()
        numpy_twin.live(chunked, is_kernel_luck=False)
        note("NumPy, float32", time.perf_counter() - began, world)
        if not mesa_reason:
            try:
                note("Mesa", peers.mesa_seconds(few), few)
            except MissingError as error:
                mesa_reason = str(error)
    report.add(group, "kernel", PER, took["kernel"])
    for what, (_, ratio) in names.items():
        if what in took:
            report.add(group, what, PER, took[what], agreement[what])
            pair = (took["kernel"], took[what])
            report.compare(ratio, *(pair if ratio == "kernel_vs_c_vectorised" else pair[::-1]))
    report.add(
        group,
        "NumPy, float32",
        PER,
        took["NumPy, float32"],
        "NumPy's own Philox; agrees in distribution",
    )
    report.compare("kernel_vs_numpy", took["NumPy, float32"], took["kernel"])
    if mesa_reason:
        report.lack(group, "Mesa", PER, mesa_reason)
        report.reasons["kernel_vs_mesa"] = mesa_reason
    else:
        report.add(
            group, "Mesa", PER, took["Mesa"], f"{few.n} agents, {few.n_years} years, Python's luck"
        )
        report.compare("kernel_vs_mesa", took["Mesa"], took["kernel"])
    if settings.is_quick:
        report.lack(group, "HARK", "ns per agent-period", "left out of --quick")
        return
    tell("HARK")
    with _lacking(report, group, "HARK", "ns per agent-period"):
        hark, seconds = peers.hark_seconds()
        report.add(
            group, "HARK", "ns per agent-period", [1e9 * each for each in seconds],
            f"IndShockConsumerType of {hark}, 10,000 agents: one asset, one rule, lasting and passing "
            "shocks to income; no technique, land, debt, school, heirs, beliefs, villages or sums",
        )  # fmt: skip


def _agreement(world: World, ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> str:
    """How far a twin's sums lie from the kernel's."""
    if all(np.array_equal(ours[name], theirs[name]) for name in ours):
        return "every sum equal to the kernel's"
    persons = np.rint(world.households.weight * 2.0**20).sum()
    period = np.abs(ours["period"] - theirs["period"]).sum(axis=1) / persons
    year = np.abs(ours["year"] - theirs["year"]).sum(axis=1) / persons
    income, headcount = period[:, 1].max(), year[:, 7].max()
    return f"mean income within {income:.1g}, headcount within {headcount:.1g} of the kernel's"


def _threads(report: Report, settings: Settings, base: World, tell: Tell) -> None:
    if n_threads() < 2:
        reason = "this machine has one processor"
        report.reasons["threads_2_vs_1"] = reason
        report.lack("threads", "two threads", PER, reason)
        return
    years = min(base.n_years, 5 if settings.is_quick else 20)
    for n in (10_000, 100_000):
        world = crowd(base, n, years)
        took: dict[int, list[float]] = {1: [], 2: []}
        tell(f"threads, {n:,} households")
        for _ in range(settings.rounds):
            for threads, each in took.items():
                each.append(1e9 * live(world, threads)[0] / world.household_periods)
        for threads, each in took.items():
            report.add("threads", f"{threads}, {n:,} households", PER, each)
        report.compare("threads_2_vs_1", took[1], took[2])
        speed = report.ratios["threads_2_vs_1"]
        report.rows.append(
            Row("threads", f"speed-up of two, {n:,} households", "times", speed, None)
        )


def _scaling(report: Report, settings: Settings, base: World, tell: Tell) -> None:
    """Sizes of blocks and of the population, one thread."""
    years, rounds = min(base.n_years, 5), 3
    middle = crowd(base, 20_000, years)
    sizes = (64, 256, 512, 1024, 4096)
    took: dict[int, list[float]] = {size: [] for size in sizes}
    tell("sizes of blocks")
    for _ in range(rounds):
        for size in sizes:
            world = replace(middle, block_households=size)
            took[size].append(1e9 * live(world)[0] / world.household_periods)
    for size in sizes:
        report.add("block of households", f"{size:,}", PER, took[size])
    counts = (
        (1_000, 10_000, 100_000)
        if settings.is_quick
        else (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
    )
    per_second = statistics.median(took[512]) * 1e-9
    for n in counts:
        what, group = f"{n:,}", f"households, {years} years"
        needed = 5.0 * n * sum(each.nbytes for each in base.households) / base.n
        seconds = per_second * n * years * int(base.p.periods_per_year)
        if needed > machine.available_bytes():
            report.lack(group, what, PER, f"needs about {needed / 2**30:.0f} GiB of memory")
        elif seconds > SECONDS_PER_LIFE:
            report.lack(group, what, PER, f"would take about {seconds:.0f} s a life")
        else:
            tell(f"{n:,} households")
            world = crowd(base, n, years)
            lives = [live(world)[0] for _ in range(1 if n > 1_000_000 else rounds)]
            report.add(group, what, PER, [1e9 * each / world.household_periods for each in lives])


def _panel(report: Report, settings: Settings, base: World, folder: Path, tell: Tell) -> None:
    """A panel of one household in twenty beside none, and files of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tell("panel and Parquet")
    plain = crowd(base, 20_000, min(base.n_years, 10))
    is_kept = np.arange(plain.n) % 20 == 0
    row = np.where(is_kept, np.cumsum(is_kept) - 1, -1).astype(np.int32)
    panel = np.zeros((1, 1, int(is_kept.sum()), plain.n_years, 5), np.float32)
    kept = replace(
        plain,
        households=plain.households._replace(panel_row=row),
        zero_sums=plain.zero_sums._replace(panel=panel),
    )
    without, with_panel = [], []
    for _ in range(settings.rounds):
        without.append(1e9 * live(plain)[0] / plain.household_periods)
        with_panel.append(1e9 * live(kept)[0] / kept.household_periods)
    report.add("panel", "aggregates only", PER, without)
    report.add("panel", "with a panel of 5 %", PER, with_panel)
    slow = statistics.median(a / b for a, b in zip(with_panel, without, strict=True))
    report.rows.append(Row("panel", "with over without", "times", slow, None, "goal <= 1.2"))
    everyone = replace(
        kept, households=plain.households._replace(panel_row=np.arange(plain.n, dtype=np.int32))
    )
    everyone = replace(
        everyone,
        zero_sums=plain.zero_sums._replace(
            panel=np.zeros((1, 1, plain.n, plain.n_years, 5), np.float32)
        ),
    )
    values = live(everyone)[1].panel.reshape(-1, 5)
    columns = ("income", "consumption", "assets", "savings", "technique")
    table = pa.table({name: np.ascontiguousarray(values[:, c]) for c, name in enumerate(columns)})
    ways = {
        "Parquet as by default": {},
        "Parquet, zstd and byte_stream_split": {
            "compression": "zstd", "compression_level": 1, "use_dictionary": False,
            "use_byte_stream_split": True,
        },
    }  # fmt: skip
    for what, options in ways.items():
        path, took = folder / "panel.parquet", []
        for _ in range(settings.rounds):
            began = time.perf_counter()
            pq.write_table(table, path, **options)
            took.append(1e9 * (time.perf_counter() - began) / len(values))
        size = path.stat().st_size / values.nbytes
        report.add("panel", what, "ns per row of five numbers", took, f"{size:.2f} of the raw size")


def _memory(report: Report, base: World) -> None:
    """Bytes per household, counted from the arrays."""
    state, scratch, _ = workspace(LANES, 1)
    years = base.n_years
    per_block = sum(each.nbytes for each in scratch) / LANES + 4 * (years - 1)
    fixed = sum(each.nbytes for each in base.households) / base.n
    report.add("memory", "households, unchanging", "bytes per household", [fixed])
    report.add(
        "memory",
        "state",
        "bytes per household of a block",
        [sum(each.nbytes for each in state) / LANES],
    )
    report.add(
        "memory", "scratch", "bytes per household of a block", [float(per_block)],
        f"{years} years; grows by 4 bytes a year of the unshocked twin",
    )  # fmt: skip
    sums = zero_sums(base)
    report.add(
        "memory",
        "sums of one arm, world and replicate",
        "KiB",
        [sum(each.nbytes for each in sums) / 1024],
    )


def _planner(report: Report, settings: Settings, first: float, size: int, tell: Tell) -> None:
    """One solve without programmes, on one thread."""
    note = f"{' '.join(settings.world) or 'default grids'}; {size / 1e6:.0f} MB of tables"
    report.add("planner", "first solve, compiling what is not cached", "s", [first], note)
    if not settings.is_quick:
        tell("planner")
        report.add("planner", "solve", "s", [world_of(settings.world).policy_seconds], note)
    # The planner's C twin goes here: compare("planner_vs_c", ours, its) and drop the reason.
    report.lack("planner", "C twin", "s", NO_PLANNER_TWIN)
    report.reasons["planner_vs_c"] = NO_PLANNER_TWIN


def _whole(report: Report, settings: Settings, folder: Path, tell: Tell) -> None:
    """`resilience-sim run` as a process of its own: cold with an empty cache, and warm."""
    warm_runs = 1 if settings.is_quick else 3
    jobs = {"small run": (*SMALL_RUN, *settings.overrides)}
    if not settings.is_quick:
        jobs["default run"] = settings.overrides
    for what, overrides in jobs.items():
        took, memory = [], []
        for turn in range(warm_runs + (not settings.is_quick and what == "small run")):
            is_cold = not settings.is_quick and what == "small run" and turn == 0
            tell(f"{what}{', compiling' if is_cold else ''}")
            cache = str(folder / "cache") if what == "small run" and not settings.is_quick else None
            seconds, peak = _one_run(folder / f"{what}-{turn}", overrides, cache)
            if is_cold:
                report.add("whole process", f"{what}, cold", "s", [seconds], "all kernels compiled")
            else:
                took.append(seconds)
                memory.append(peak)
        report.add("whole process", f"{what}, warm", "s", took, " ".join(overrides))
        report.add("whole process", f"{what}, peak memory", "MB", memory)


LAUNCH = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
quiet = subprocess.DEVNULL
status = subprocess.run(sys.argv[1:], stdout=quiet, stderr=quiet).returncode
took = time.perf_counter() - began
print(json.dumps([status, took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0]))
"""  # of a small process in between: a child's peak memory counts what its parent held when it was made


def _one_run(output: Path, overrides: tuple[str, ...], cache: str | None) -> tuple[float, float]:
    """Wall seconds and peak memory (MB) of one run."""
    environment = os.environ | ({"RESILIENCE_SIM_CACHE_DIR": cache} if cache else {})
    words = [sys.executable, "-m", "resilience_sim", "run", f"output_dir={output}", *overrides]
    told = subprocess.run(
        [sys.executable, "-c", LAUNCH, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    status, seconds, peak = json.loads(told.stdout)
    if status:
        raise RuntimeError(f"resilience-sim run {' '.join(overrides)} failed with status {status}")
    return seconds, peak


def _instructions(report: Report, base: World, folder: Path, tell: Tell) -> None:
    """Instructions per household-period: the difference of a longer and a shorter life, single-stepped."""
    code = (
        f"from {__package__} import twins\nimport pickle, pathlib\n"
        "twins.count_kernel(pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()), pathlib.Path(sys.argv[2]))\n"
    )
    for what, n in (("kernel", 64), ("C, vectorised, float32", 64), ("C, scalar, float64", 16)):
        tell(f"counting instructions: {what}")
        with _lacking(report, "instructions", what, "per household-period"):
            counts, lived = [], []
            for years in (1, 2):
                world = crowd(base, n, years)
                if what == "kernel":
                    mark, pickled = twins.build_mark(folder), folder / "world.pickle"
                    pickled.write_bytes(pickle.dumps(world))
                    words = twins.python_words(code, str(pickled), str(mark))
                else:
                    name = "twin_vector" if "vectorised" in what else "twin_scalar"
                    one = twins.twin(name, world, folder)
                    words = [str(one.program), str(one.data), str(folder / "counted"), "1", "count"]
                counts.append(twins.counted(words, folder))
                lived.append(world.household_periods)
            each = (counts[1] - counts[0]) / (lived[1] - lived[0])
            report.add("instructions", what, "per household-period", [each], f"block of {n}")
