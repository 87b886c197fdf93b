"""One type of the planner: solved by the kernel, and by its C twin in a process of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from resilience_sim import compose, prepare
from resilience_sim.imputed import start_of
from resilience_sim.kernels import bellman
from resilience_sim.kernels.prospects import Solution
from resilience_sim.solver.grids import worlds_under
from resilience_sim.solver.planner_type import SETTLED, PlannerType

from . import twins
from .world import OVERRIDES, fields, noting, write_arrays

YEARS = 8
"""Years that are valued at a stretch to time one."""


class Seconds(NamedTuple):
    """Processor time of solving a type from nothing, of a year that is valued, and of the first search."""

    solve: float
    year: float
    search: float


class Found(NamedTuple):
    """What a solve comes to."""

    solution: Solution
    """Without the future where it is the twin's."""
    searches: int
    gain: float
    """Of the last search."""
    years: int | None
    """None where it is the kernel's, which does not tell."""


@dataclass(frozen=True)
class Problem:
    """One type's life without programmes: what `bellman.solve_type` is called with, by name."""

    given: dict[str, Any]

    def solve(self) -> Found:
        """Solve it with the kernel, from nothing."""
        solution = self._blank()
        _, searches, gain = bellman.solve_type(*self._with(solution=solution).values())
        return Found(solution, searches, gain, None)

    def seconds(self) -> Seconds:
        """How long the kernel takes."""
        solution, first = self._blank(), self._blank()
        solve = _took(bellman.solve_type, *self._with(solution=solution).values())
        search = _took(bellman.solve_type, *self._with(solution=first, max_years=1).values())
        given = dict(self.given)
        trail = bellman.new_trail(solution.value.shape)
        bellman.trace_all(given["p"], given["grids"], given["is_allowed"], solution, trail)
        del given["expected_gain"], given["solution"]
        given |= {"end_hazard": np.float32(given["end_hazard"]), "tolerance": 0.0}
        took = []
        for n in (1, 1 + YEARS):
            words = (given | {"max_years": n}).values()
            took.append(_took(bellman.value_plans, *words, trail, solution))
        return Seconds(solve, (took[1] - took[0]) / YEARS, search)

    def write(self, path: Path) -> None:
        """Write what the twin reads."""
        given = self._with(solution=self._blank())
        named = fields("p.", given.pop("p")) | fields("", given.pop("grids"))
        solution = given.pop("solution")
        named |= {f"solution.{name}": getattr(solution, name) for name in _PLANS}
        named["is_allowed"] = given.pop("is_allowed").astype(np.int32)
        write_arrays(named | {name: _single(value) for name, value in given.items()}, path)

    def _with(self, **other: Any) -> dict[str, Any]:
        return self.given | other

    def _blank(self) -> Solution:
        return Solution(*(np.zeros_like(each) for each in self.given["solution"]))


_PLANS = ("value", "assets", "savings")


def _single(value: Any) -> Any:
    """Numbers as the twin reads them."""
    return np.float64(value) if isinstance(value, float) else value


def _took(kernel: Any, *given: Any) -> float:
    began = time.process_time()
    kernel(*given)
    return time.process_time() - began


def problem_of(overrides: tuple[str, ...] = ()) -> Problem:
    """The type in the middle of all axes."""
    config = compose([*OVERRIDES, *overrides])
    experiment = prepare(config)
    start = start_of(config, experiment.primitives, experiment.households)
    axes, worlds = start.axes, worlds_under(config, start.complete(experiment.primitives), ())
    middle = tuple(len(axis) // 2 for axis in (axes.land, axes.log_skill, axes.other))
    one = PlannerType(config, worlds, axes, (middle[0], middle[1], middle[2]))
    settings = config.planner
    with noting(bellman, "solve_type", (SETTLED.status, SETTLED.searches, SETTLED.gain)) as noted:
        one.settle(0, settings.tolerance, settings.max_years)
    if not noted:
        raise twins.MissingError("nothing is solved where a rule of thumb is followed")
    return Problem(noted[0])


@dataclass(frozen=True)
class PlannerTwin:
    """The built twin and the type that it is to solve."""

    program: Path
    data: Path
    shape: tuple[int, ...]

    def seconds(self, repeats: int = 1) -> list[Seconds]:
        """How long the twin takes each time, after one that warms up."""
        told = twins.told_by(self.program, self.data, self._plans, repeats)
        return [Seconds(*map(float, line.split())) for line in told.splitlines()]

    def found(self) -> Found:
        """What the last solve came to."""
        raw = self._plans.read_bytes()
        searches, gain, years = np.frombuffer(raw[:24])
        tables = np.frombuffer(raw[24:], np.float32).reshape(len(_PLANS), *self.shape)
        return Found(
            Solution(tables[0], tables[1], tables[2], None), int(searches), float(gain), int(years)
        )

    @property
    def _plans(self) -> Path:
        return self.data.with_suffix(".plans")


def planner_twin(problem: Problem, folder: Path) -> PlannerTwin:
    """Build the twin and write its type."""
    program, data = twins.build("planner_vector", folder), folder / "type.bin"
    problem.write(data)
    return PlannerTwin(program, data, problem.given["solution"].value.shape)


def agreement(ours: Found, theirs: Found) -> str:
    """How far what the twin found lies from what the kernel did."""
    pairs = [(getattr(ours.solution, name), getattr(theirs.solution, name)) for name in _PLANS]
    if all(np.array_equal(*pair) for pair in pairs):
        return "values and plans equal to the kernel's, to the bit"
    (value, other), *plans = pairs
    gap = float((np.abs(other - value) / (1.0 + np.abs(value))).mean())
    moved = float(np.mean([np.abs(one - another) > 0.01 for one, another in plans]))
    return f"values within {gap:.1g} of the kernel's on average, {moved:.1%} of plans elsewhere"
