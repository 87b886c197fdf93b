"""What is measured, in which order, and what the ratios are made of.

Everything that is compared is measured in turns, in the same round; a ratio is the median of the
rounds' ratios. What cannot be measured leaves an empty row with the reason.
"""

from __future__ import annotations

import pickle
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from resilience_sim import runs
from resilience_sim.kernels.lanes import LANES
from resilience_sim.lives import workspace
from resilience_sim.outcomes.panel import panel as panel_table
from resilience_sim.results import PANEL_COLUMNS

from . import machine, numpy_twin, peers, twins
from .planning import planner
from .report import LEFT_OUT, PER, Report, Settings, Tell, lacking
from .twins import MissingError
from .whole import whole
from .world import World, crowd, kernel_sums, live, n_threads, world_of, zero_sums

NUMPY_BLOCK = (
    4096  # households; the fastest of 1,000 to 16,000 on the machine the suite was written on
)
MESA_HOUSEHOLDS, MESA_YEARS = 200, 5
SECONDS_PER_LIFE = 60.0
"""A crowd that would live longer than this is left out."""


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
        _pool(report, settings, solved.world, tell)
        _panel(report, settings, solved.world, folder, tell)
        _memory(report, solved.world)
        planner(report, settings, solved.policy_seconds, solved.plans_bytes, folder, tell)
        whole(report, settings, folder, tell)
        if not settings.is_quick:
            _instructions(report, solved.world, folder, tell)
    return report


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
        with lacking(report, group, what, PER, ratio):
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
        report.lack(group, "HARK", "ns per agent-period", LEFT_OUT)
        return
    tell("HARK")
    with lacking(report, group, "HARK", "ns per agent-period"):
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
    for n, goal in ((10_000, ">= 1.75"), (100_000, ">= 1.85")):
        world = crowd(base, n, years)
        took: dict[int, list[float]] = {1: [], 2: []}
        tell(f"threads, {n:,} households")
        for _ in range(settings.rounds):
            for threads, each in took.items():
                each.append(1e9 * live(world, threads)[0] / world.household_periods)
        for threads, each in took.items():
            report.add("threads", f"{threads}, {n:,} households", PER, each)
        report.compare("threads_2_vs_1", took[1], took[2])
        report.relate("threads", f"speed-up of two, {n:,} households", took[1], took[2], "", goal)


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


def _pool(report: Report, settings: Settings, base: World, tell: Tell) -> None:
    """What the village's pool costs: the same lives with it and without."""
    tell("village pool")
    pooled = crowd(base, 20_000, min(base.n_years, 10))
    alone = replace(pooled, p=pooled.p._replace(pool_share=np.float32(0.0)))
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(settings.rounds):
        for world, each in zip((pooled, alone), took, strict=True):
            each.append(1e9 * live(world)[0] / world.household_periods)
    report.add("village pool", "on", PER, took[0])
    report.add("village pool", "off", PER, took[1], "the same tables of plans")
    report.relate("village pool", "on over off", *took, "", "<= 1.25")


def _panel(report: Report, settings: Settings, base: World, folder: Path, tell: Tell) -> None:
    """A panel of one household in twenty beside none, and files of it as the package writes them."""
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
    report.relate("panel", "with over without", with_panel, without, "", "<= 1.2")
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
    frame = panel_table(cast(Any, SimpleNamespace(panel=_columns(everyone, values))))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    path = folder / "panel.parquet"
    ways: dict[str, tuple[Callable[[], None], str]] = {
        "Parquet as the package writes it": (lambda: runs.write_table(path, frame), "<= 0.75"),
        "Parquet as pyarrow writes it by default": (lambda: pq.write_table(table, path), ""),
    }
    for what, (write_it, goal) in ways.items():
        took = []
        for _ in range(settings.rounds):
            began = time.perf_counter()
            write_it()
            took.append(1e9 * (time.perf_counter() - began) / len(values))
        size = path.stat().st_size / values.nbytes
        report.add("panel", what, "ns per row of nine columns", took)
        report.add(
            "panel", f"{what}, size", "of the five numbers, raw", [size],
            "household, arm, world and year are in the file too", goal,
        )  # fmt: skip


def _columns(world: World, values: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of a panel of everyone, as `results.Results.panel` holds them."""
    digits = len(str(world.n))
    name = np.strings.zfill(np.arange(world.n).astype(str), digits)
    n_rows = len(values)
    return {
        "id": np.repeat(name, world.n_years),
        "arm": np.full(n_rows, "none"),
        "shock": np.full(n_rows, "none"),
        "year": np.tile(np.arange(1, world.n_years + 1), world.n),
    } | {column: values[:, c] for c, column in enumerate(PANEL_COLUMNS)}


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


def _instructions(report: Report, base: World, folder: Path, tell: Tell) -> None:
    """Instructions per household-period: the difference of a longer and a shorter life, single-stepped."""
    code = (
        f"from {__package__} import twins\nimport pickle, pathlib\n"
        "twins.count_kernel(pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()), pathlib.Path(sys.argv[2]))\n"
    )
    for what, n in (("kernel", 64), ("C, vectorised, float32", 64), ("C, scalar, float64", 16)):
        tell(f"counting instructions: {what}")
        with lacking(report, "instructions", what, "per household-period"):
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
