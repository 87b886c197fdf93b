"""Build the C twins with gcc, run them in processes of their own, and count instructions."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resilience_sim.kernels import population_step as step
from resilience_sim.lives import workspace

from .world import World, read_sums, write, zero_sums

SOURCES = Path(__file__).parent / "c"
FLAGS = {
    "twin_scalar": ("-O3", "-march=native"),
    "twin_vector": ("-O3", "-march=native", "-mprefer-vector-width=512", "-Wno-unused-function"),
    "planner_vector": (
        "-O3", "-march=native", "-mprefer-vector-width=512", "-ffp-contract=off",
        "-Wno-unused-function", "-Wno-psabi",
    ),
    "count_instructions": ("-O2",),
}  # fmt: skip


class MissingError(Exception):
    """Something that a measurement needs is not here; the text says what, and what to do."""


def build(name: str, folder: Path) -> Path:
    """Compile one of the C sources and return the program."""
    gcc = shutil.which("gcc")
    if gcc is None:
        raise MissingError("gcc is not installed; the C twins are built with it")
    program = folder / name
    command = [gcc, *FLAGS[name], "-o", str(program), str(SOURCES / f"{name}.c"), "-lm"]
    told = subprocess.run(command, capture_output=True, text=True)
    if told.returncode:
        first = told.stderr.strip().splitlines()[:1] or ["no message"]
        raise MissingError(f"gcc could not build {name}.c: {first[0].rpartition('error: ')[2]}")
    return program


def told_by(program: Path, data: Path, out: Path, repeats: int) -> str:
    """What a twin prints that reads `data`, writes `out` and repeats what it does."""
    words = [str(program), str(data), str(out), str(repeats)]
    told = subprocess.run(words, capture_output=True, text=True)
    if told.returncode:
        raise MissingError(
            f"{program.name} stopped with status {told.returncode}: {told.stderr.strip()}"
        )
    return told.stdout


@dataclass(frozen=True)
class Twin:
    """A built twin and the world it is to live."""

    program: Path
    world: World
    data: Path

    def seconds(self, repeats: int = 1) -> list[float]:
        """Seconds of each life, after one that warms up; what it needs is read before the clock starts."""
        return [
            float(word) for word in told_by(self.program, self.data, self._sums, repeats).split()
        ]

    def sums(self) -> dict[str, np.ndarray]:
        """Sums of the last life."""
        return read_sums(self.world, self._sums)

    @property
    def _sums(self) -> Path:
        return self.data.with_name(f"{self.program.name}.sums")


def twin(name: str, world: World, folder: Path) -> Twin:
    """Build a twin and write its world."""
    program = build(name, folder)
    data = folder / f"world-{world.n}-{world.n_years}.bin"
    if not data.exists():
        write(world, data)
    return Twin(program, world, data)


def counted(words: list[str], folder: Path) -> int:
    """Instructions that a program takes between its two marks."""
    counter = build("count_instructions", folder)
    told = subprocess.run([str(counter), *words], capture_output=True, text=True)
    lines = [line for line in told.stderr.splitlines() if line.startswith("instructions ")]
    if not lines:
        raise MissingError("instructions cannot be counted here: tracing a process is not allowed")
    return int(lines[-1].split()[1])


def count_kernel(world: World, mark: Path) -> None:
    """Live once between two marks; for a process that runs under the counter, in its main thread."""
    set_mark = ctypes.CDLL(str(mark)).mark
    first, second = _arguments(world), _arguments(world)
    step.simulate(*first)
    set_mark()
    step.simulate(*second)
    set_mark()


def _arguments(world: World) -> tuple[object, ...]:
    size = int(np.diff(world.blocks, axis=1).max())
    return (
        world.p, world.tables, world.households, world.blocks, world.scenario, world.n_years, 0, 1,
        world.seed, *workspace(size, world.n_years), zero_sums(world),
    )  # fmt: skip


def build_mark(folder: Path) -> Path:
    """Compile the breakpoint that a Python process sets."""
    gcc = shutil.which("gcc")
    if gcc is None:
        raise MissingError("gcc is not installed")
    library = folder / "mark.so"
    subprocess.run(
        [gcc, "-shared", "-fPIC", "-o", str(library), str(SOURCES / "mark.c")], check=True
    )
    return library


def python_words(code: str, *words: str) -> list[str]:
    """A command that runs Python code which first loads this package under the name it has here."""
    home = Path(__file__).parent
    load = (
        "import importlib.util as u, sys\n"
        f"s = u.spec_from_file_location({__package__!r}, {str(home / '__init__.py')!r}, "
        f"submodule_search_locations=[{str(home)!r}])\n"
        f"m = u.module_from_spec(s); sys.modules[{__package__!r}] = m; s.loader.exec_module(m)\n"
    )
    return [sys.executable, "-c", load + code, *words]
