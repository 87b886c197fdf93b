"""The household-period that is measured: one arm without programmes or shock, every mechanism on.

The suite takes the arguments of the kernel from a life that the package itself lives, so that it measures what
runs, and makes crowds of any size from the same households, each copy under luck of its own.
"""

from __future__ import annotations

import inspect
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from resilience_sim import compose, prepare, solver
from resilience_sim.imputed import start_of
from resilience_sim.kernels import population_step as step
from resilience_sim.kernels.people import Households, Sums
from resilience_sim.lives import (
    BLOCK_HOUSEHOLDS,
    Lives,
    Room,
    blocks_of,
    enough,
    over_blocks,
    phases_of,
)
from resilience_sim.results import GROUPS

OVERRIDES = (
    "arms=[none]", "shock=none", "replicates=1", "outcomes.belief_households=0",
    "outcomes.channel_households=0", "outcomes.panel_share=0", "outcomes.horizons_years=[5]", "threads=1",
)  # fmt: skip
SUM_NAMES = (
    "year", "village", "period", "histogram", "mobility", "pattern", "start", "heir", "heir_joint",
    "heir_class", "status",
)  # fmt: skip
"""Sums that the C twins write, in their order."""


@dataclass(frozen=True)
class World:
    """Households and tables in the kernel's own form, and how long they are to live."""

    p: Any
    tables: Any
    households: Households
    scenario: Any
    seed: int
    n_years: int
    block_households: int
    zero_sums: Sums
    """Of one village, for shapes."""

    @property
    def n(self) -> int:
        """Households."""
        return int(self.households.key.size)

    @property
    def household_periods(self) -> int:
        """Household-periods of one life."""
        return self.n * self.n_years * int(self.p.periods_per_year)

    @property
    def blocks(self) -> np.ndarray:
        """First and last household of blocks of whole villages, int64 (n_blocks, 2)."""
        return blocks_of(self.households.village, self.block_households)


@dataclass(frozen=True)
class Solved:
    """A world, and what its planner cost."""

    world: World
    policy_seconds: float
    plans_bytes: int


def world_of(overrides: tuple[str, ...] = (), block_households: int = BLOCK_HOUSEHOLDS) -> Solved:
    """Prepare households, solve their planners and take down what the kernel is called with."""
    config = compose([*OVERRIDES, *overrides])
    experiment = prepare(config)
    start = start_of(config, experiment.primitives, experiment.households)
    p = start.complete(experiment.primitives)
    began = time.perf_counter()
    policies = solver.solve(config, p, start.axes, [])
    seconds = time.perf_counter() - began
    lives = Lives(experiment, p, start, policies)
    with noting(step, "simulate") as noted:
        lives.live(
            phases_of(config, experiment.deliveries), [0], experiment.worlds, config.horizon_years
        )
    at = noted[0]
    world = World(
        at["p"], at["tables"], at["households"], at["scenario"], int(at["seed"]), int(at["n_years"]),
        block_households, at["sums"],
    )  # fmt: skip
    return Solved(
        world, seconds, policies.plans.nbytes + policies.choice.nbytes + policies.escape.nbytes
    )


@contextmanager
def noting(module: Any, name: str, answer: object = None) -> Iterator[list[dict[str, Any]]]:
    """Note the arguments of a module's kernel, by name, instead of calling it, and answer its caller."""
    noted: list[dict[str, Any]] = []
    kernel = getattr(module, name)
    names = inspect.signature(getattr(kernel, "py_func", kernel))

    def note(*given: Any) -> object:
        noted.append(dict(names.bind(*given).arguments))
        return answer

    setattr(module, name, note)
    try:
        yield noted
    finally:
        setattr(module, name, kernel)


def crowd(world: World, n: int, n_years: int | None = None) -> World:
    """`n` households: the world's, as many copies of them as it takes, in villages of their own."""
    base = world.households
    copies, at = np.divmod(np.arange(n), base.key.size)
    n_villages = int(base.village.max()) + 1
    taken: dict[str, np.ndarray] = {}
    for name, values in zip(base._fields, base, strict=True):
        taken[name] = np.ascontiguousarray(values[..., at])
    taken["key"] = np.arange(n, dtype=np.uint32)
    taken["village"] = (base.village[at] + copies * n_villages).astype(np.int32)
    taken["panel_row"] = np.full(n, -1, np.int32)
    return replace(world, households=Households(**taken), n_years=n_years or world.n_years)


def zero_sums(world: World) -> Sums:
    """Empty sums of a world; those that go by village are wide enough for all of its villages."""
    n_villages = int(world.households.village.max()) + 1

    def empty(name: str, values: np.ndarray) -> np.ndarray:
        shape = (*values.shape[:-1], n_villages) if name == "village" else values.shape
        return np.zeros(shape, values.dtype)

    return Sums(
        *(empty(name, each) for name, each in zip(Sums._fields, world.zero_sums, strict=True))
    )


def live(world: World, threads: int = 1) -> tuple[float, Sums]:
    """Seconds of one life of all blocks as `lives.Lives.live` lives them, and its sums."""
    blocks, total = world.blocks, zero_sums(world)
    began = time.perf_counter()

    def simulate(some: np.ndarray, room: Room, sums: Sums) -> None:
        step.simulate(
            world.p, world.tables, world.households, some, world.scenario, world.n_years, 0, 1,
            world.seed, *room, sums,
        )  # fmt: skip

    blocks = enough(blocks, world.households.village, threads)
    over_blocks(simulate, blocks, total, world.n_years, 1, threads)
    return time.perf_counter() - began, total


_KINDS = {"f4": 0, "f8": 1, "i4": 2, "i8": 3, "u4": 4, "i2": 5}


def write(world: World, path: Path) -> None:
    """Write what a C twin of lives reads."""
    named: dict[str, Any] = {
        "n_years": np.int64(world.n_years), "n_horizons": np.int64(world.zero_sums.village.shape[2]),
        "n_villages": np.int64(world.households.village.max() + 1), "seed": np.int64(world.seed),
        "replicate": np.int64(0), "blocks": world.blocks,
    }  # fmt: skip
    named |= fields("p.", world.p) | fields("households.", world.households)
    named |= fields("tables.", world.tables)
    named |= {
        f"scenario.{name}": _first(name, value) for name, value in world.scenario._asdict().items()
    }
    write_arrays(named, path)


def fields(prefix: str, of: Any) -> dict[str, Any]:
    """Fields of a named tuple, and of those in it, by name."""
    named: dict[str, Any] = {}
    for name, value in of._asdict().items():
        is_tuple = hasattr(value, "_asdict")
        named |= fields(f"{prefix}{name}.", value) if is_tuple else {prefix + name: value}
    return named


def write_arrays(named: dict[str, Any], path: Path) -> None:
    """Write how many arrays there are, a name, kind, length and place for each, and the arrays."""
    arrays = {name: np.ascontiguousarray(value).ravel() for name, value in named.items()}
    place = (64 + 80 * len(arrays) + 63) // 64 * 64
    head, places = [struct.pack("<q56x", len(arrays))], []
    for name, values in arrays.items():
        head.append(
            struct.pack("<56sqqq", name.encode(), _KINDS[values.dtype.str[1:]], values.size, place)
        )
        places.append(place)
        place = (place + values.nbytes + 63) // 64 * 64
    with path.open("wb") as out:
        out.write(b"".join(head))
        for at, values in zip(places, arrays.values(), strict=True):
            out.seek(at)
            out.write(values.tobytes())
        out.truncate(place)


def _first(name: str, value: Any) -> Any:
    """What holds for the first arm, and within it for the first world."""
    values = np.asarray(value)
    by_world = {"own_loss", "wage_loss", "other_loss", "asset_loss", "price", "school_closed"}
    by_both = {"transfer", "transfer_household", "is_given"}
    if name in by_both:
        return values[0, 0]
    shared = {"share_hit", "shock_year", "horizon", "escape_years"}
    if name in shared:
        return values
    assert values.ndim == 0 or len(values) == 1 or name in by_world, name
    return values[0] if values.ndim else values


def read_sums(world: World, path: Path) -> dict[str, np.ndarray]:
    """Sums that a C twin wrote, in the shapes of the kernel's for its one arm, world and replicate."""
    flat, at, found = np.fromfile(path, np.int64), 0, {}
    for name, shape in sum_shapes(world).items():
        size = int(np.prod(shape))
        found[name] = flat[at : at + size].reshape(shape)
        at += size
    assert at == flat.size, "the twin wrote other sums than were asked for"
    return found


def sum_shapes(world: World) -> dict[str, tuple[int, ...]]:
    """Shapes of the sums of one arm, world and replicate; the years and periods lived alone."""
    zero = world.zero_sums
    years, periods = world.n_years, world.n_years * int(world.p.periods_per_year)
    n_villages = int(world.households.village.max()) + 1
    return {
        "year": (years, *zero.year.shape[4:]), "village": (*zero.village.shape[2:-1], n_villages),
        "period": (periods, *zero.period.shape[4:]), "histogram": zero.histogram.shape[2:],
        "mobility": zero.mobility.shape[2:], "pattern": zero.pattern.shape[2:], "start": zero.start.shape[1:],
        "heir": zero.heir.shape[3:], "heir_joint": zero.heir_joint.shape[2:],
        "heir_class": zero.heir_class.shape[3:], "status": zero.status.shape,
    }  # fmt: skip


def kernel_sums(world: World, sums: Sums) -> dict[str, np.ndarray]:
    """The kernel's sums in the same form."""
    shapes = sum_shapes(world)
    found = {}
    for name, shape in shapes.items():
        values = getattr(sums, name)
        values = (
            values.reshape(-1, *values.shape[values.ndim - len(shape) :])[0]
            if name != "status"
            else values
        )
        found[name] = values[: shape[0]]
    return found


def group_weight(world: World) -> np.ndarray:
    """Persons of each group in units of the sums, int64 (n_groups,)."""
    group = np.where(world.households.is_eligible != 0, 0, 1)
    persons = np.rint(world.households.weight * 2.0**20).astype(np.int64)
    return np.array([persons[group == g].sum() for g in range(len(GROUPS))])


def n_threads() -> int:
    """Processors of the machine."""
    return os.cpu_count() or 1
