"""The default run as a user starts it: cold with compilation, then warm; peak memory; state per household.

    python benchmarks/bench_default_run.py [RUNS [OVERRIDE ...]]

Each run is a process of its own, `resilience-sim run`, in an empty directory. The first one starts with an
empty cache of compiled kernels. Prints a Markdown table beside the goals, with the machine's description.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from resilience_sim import compose, prepare
from resilience_sim.kernels.population_step import State
from resilience_sim.simulation import workspace

GOALS = {
    "cold, s": 120.0,
    "warm, s (median)": 30.0,
    "peak memory, MB": 1000.0,
    "state, bytes": 96.0,
}


def one_run(folder: Path, name: str, overrides: list[str]) -> tuple[float, float]:
    """Wall seconds and peak memory (MB) of one process."""
    environment = os.environ | {"RESILIENCE_SIM_CACHE_DIR": str(folder / "cache")}
    command = [
        sys.executable,
        "-m",
        "resilience_sim",
        "run",
        f"output_dir={folder / name}",
        *overrides,
    ]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024.0


def state_bytes() -> int:
    """Bytes of state per household: one entry of every array a period may change."""
    state = workspace(1, 1)[0]
    assert isinstance(state, State)
    return sum(np.asarray(field).itemsize for field in state)


def main(arguments: list[str]) -> None:
    """Run and print."""
    n_runs = int(arguments[0]) if arguments else 3
    overrides = arguments[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cold, cold_memory = one_run(folder, "cold", overrides)
        warm = [one_run(folder, f"warm{i}", overrides) for i in range(n_runs)]
    households = prepare(compose(overrides)).households.n_households
    figures = {
        "cold, s": cold,
        "warm, s (median)": statistics.median(seconds for seconds, _ in warm),
        "peak memory, MB": max(cold_memory, *(memory for _, memory in warm)),
        "state, bytes": float(state_bytes()),
    }
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()};")
    print(
        f"{households:,} households; {n_runs} warm runs; overrides: {' '.join(overrides) or 'none'}\n"
    )
    print("| figure | measured | goal |\n| --- | --- | --- |")
    for figure, measured in figures.items():
        print(f"| {figure} | {measured:.1f} | at most {GOALS[figure]:.0f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
