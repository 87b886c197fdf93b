"""What jobs of a sweep have in common, made once: households, and the policies of planners.

Most of a planner's work is the life without programmes, which programmes do not change. So jobs that
differ in programmes, shocks, arms or length alone have their phases solved together, in one world. What
is found is the same to the bit as if each had been solved alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from resilience_sim import simulation, solver
from resilience_sim.errors import InputError, SolverError
from resilience_sim.population import load
from resilience_sim.solver.kept import feed

if TYPE_CHECKING:
    from resilience_sim.config import Config
    from resilience_sim.kernels.primitives import Primitives
    from resilience_sim.population import Households
    from resilience_sim.solver import Phase, Policies, TypeAxes

MOST_SLOTS = 40
"""Seasons of phases that are solved together; each takes 11 MB for a node of land on the default grids."""
_UNKNOWN_TO_PLANNERS = (
    "programme", "coordination", "shock", "outcomes", "arms", "horizon_years", "replicates",
    "threads", "output_dir",
)  # fmt: skip
"""Settings that change neither who the planners are nor the world they plan in without programmes."""


class Shared:
    """Households and policies of the job before, for the next that asks for the same.

    Parameters
    ----------
    configs
        Of all jobs of a sweep, done or not, in order: a sweep that goes on solves together what it
        solved together before, and so finds it kept.
    """

    def __init__(self, configs: Sequence[Config]) -> None:
        self._alike: dict[str, list[Config]] = {}
        for config in configs:
            self._alike.setdefault(_world_of(config), []).append(config)
        self._parts: dict[str, list[list[Phase]]] = {}
        self._households: tuple[str, Households] | None = None
        self._policies: tuple[str, Policies] | None = None

    def order(self, configs: Sequence[Config]) -> list[int]:
        """Places of jobs in an order in which those that share policies follow each other."""
        worlds = {name: at for at, name in enumerate(self._alike)}
        keys = []
        for config in configs:
            name = _world_of(config)
            phases = next(_phases_of([config], self.households(config)), [])
            keys.append((worlds.get(name, len(worlds)), self._part_of(config, phases)))
        return sorted(range(len(configs)), key=lambda at: keys[at])

    def households(self, config: Config) -> Households:
        """Households of a job, as `load` has them."""
        name = _hash(config.population, config.seed, config.generations)
        if self._households is None or self._households[0] != name:
            self._households = name, load(config.population, config.seed, config.generations)
        return self._households[1]

    def provide(
        self,
        config: Config,
        p: Primitives,
        axes: TypeAxes,
        phases: Sequence[Phase],
        progress: solver.Progress | None = None,
    ) -> Policies:
        """Policies with at least these phases, at hand or solved with those of jobs to come."""
        name = _hash(config.planner, config.mechanisms, config.periods_per_year, p._asdict(), axes)
        if self._policies is not None:
            known, policies = self._policies
            if known == name and _has(policies, phases):
                return policies
        self._policies = None  # before others are made: they take much memory
        parts, at = self._parts_of(config), self._part_of(config, phases)
        try:
            found = solver.provide(
                config, p, axes, parts[at] if at < len(parts) else phases, progress
            )
        except SolverError:
            if at >= len(parts) or parts[at] == list(phases):
                raise
            return solver.provide(config, p, axes, phases, progress)
        self._policies = name, found
        return found

    def _part_of(self, config: Config, phases: Sequence[Phase]) -> int:
        """Which part of the phases that are solved together has these; past the last where none has."""
        parts = self._parts_of(config)
        for at, part in enumerate(parts):
            if set(phases) <= set(part) and _terms(phases) == _terms(part):
                return at
        return len(parts)

    def _parts_of(self, config: Config) -> list[list[Phase]]:
        """Phases of alike jobs, in parts that are solved together and fit into memory."""
        name = _world_of(config)
        if name not in self._parts:
            alike = self._alike.get(name, [config])
            self._parts[name] = _parts(config, _phases_of(alike, self.households(config)))
        return self._parts[name]


def _parts(config: Config, asked: Iterator[list[Phase]]) -> list[list[Phase]]:
    """Lists of phases with the same terms, none longer than `MOST_SLOTS` unless one job asks it so."""
    parts: list[list[Phase]] = []
    for phases in dict.fromkeys(tuple(each) for each in asked):
        for part in parts:
            more = list(dict.fromkeys([*part, *phases]))
            slots = sum(phase.n_periods or config.periods_per_year for phase in more)
            if _terms(part) == _terms(phases) and slots <= MOST_SLOTS:
                part[:] = more
                break
        else:
            parts.append(list(phases))
    return parts


def _phases_of(configs: Sequence[Config], households: Households) -> Iterator[list[Phase]]:
    """Phases that each asks for; of one that cannot be laid out, and so will fail, none."""
    for config in configs:
        try:
            experiment = simulation.prepare(config, households=households)
        except InputError:
            continue
        yield simulation.phases_asked(experiment)


def _has(policies: Policies, phases: Sequence[Phase]) -> bool:
    """Whether these phases are there, on the nodes they would have alone."""
    return set(phases) <= set(policies.phase_slots) and _terms(phases) == _terms(
        list(policies.phase_slots)
    )


def _terms(phases: Sequence[Phase]) -> set[Any]:
    return {phase.terms for phase in phases}


def _world_of(config: Config) -> str:
    """What planners know besides programmes; a job that is like another only in this is solved alone."""
    names = [each.name for each in fields(config) if each.name not in _UNKNOWN_TO_PLANNERS]
    return _hash({name: getattr(config, name) for name in names})


def _hash(*parts: Any) -> str:
    digest = hashlib.sha256()
    for part in parts:
        feed(digest, part)
    return digest.hexdigest()
