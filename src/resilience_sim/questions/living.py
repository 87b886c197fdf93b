"""All options of a question under one draw: the same households, luck and policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from resilience_sim import solver
from resilience_sim.calibration.priors import with_values
from resilience_sim.calibration.structures import STRUCTURES
from resilience_sim.calibration.uncertainty import Draw
from resilience_sim.config import Config
from resilience_sim.imputed import start_of
from resilience_sim.lives import Lives, phases_of
from resilience_sim.model import primitives as primitives_of
from resilience_sim.outcomes.axes import Array
from resilience_sim.outcomes.uncertainty import luck_error, sample_error
from resilience_sim.population import Households
from resilience_sim.programmes import Deliveries, deliveries
from resilience_sim.programmes.delivery import FIELDS, Support
from resilience_sim.questions.measures import read
from resilience_sim.questions.options import Option, Question, Setup
from resilience_sim.shocks import shock_path
from resilience_sim.simulation import Experiment


class Lived(NamedTuple):
    """A question under one draw: K options that are lived, M measures."""

    mean: Array
    """(K, M) in the unit of the measure."""
    se_luck: Array
    """(K, K, M) of the first option less the second, over replicates."""
    se_sample: Array
    """(K, K, M) of the same, over villages; NaN where they do not report."""


def live(question: Question, setup: Setup, draw: Draw) -> Lived:
    """Live every option of a question under one draw.

    Options that differ in the response to the shock alone are lived one world after the other, all
    others side by side; all by the same policies.

    Raises
    ------
    SolverError, SimulationError
        Where policies do not settle under the draw, or numbers run away.
    """

    def drawn(config: Config) -> Config:
        return STRUCTURES[draw.structure](with_values(config, draw.values))

    options, households = question.lived, setup.households
    config = drawn(setup.config)
    config = replace(config, outcomes=replace(config.outcomes, horizons_years=_horizons(question)))
    by_response: dict[str, list[int]] = {}
    for k, each in enumerate(options):
        by_response.setdefault(repr(each.config.shock.response), []).append(k)
    laid: dict[int, tuple[Config, Deliveries]] = {}
    for each in options:
        if id(each.config) not in laid:
            told = drawn(each.config)
            laid[id(each.config)] = told, deliveries(told, households)
    p = primitives_of(config)
    start = start_of(config, p, households)
    p = start.complete(p)
    experiments = []
    for places in by_response.values():
        some = [options[k] for k in places]
        shock = laid[id(some[0].config)][0].shock
        given = together(some, [laid[id(each.config)][1] for each in some], question.judged)
        path = shock_path(
            shock, config.horizon_years * config.periods_per_year, config.periods_per_year
        )
        told = replace(config, shock=shock)
        experiments.append(Experiment(told, households, given, path, p, seconds=0.0))
    phases = [phases_of(each.config, each.deliveries) for each in experiments]
    wanted = dict.fromkeys(phase for told in phases for each in told.values() for phase, _ in each)
    policies = solver.solve(config, p, start.axes, list(wanted))
    n_years, horizons = config.horizon_years, _horizons(question)
    draws: list[Array] = [np.empty(0)] * len(options)
    influence: list[Array] = [np.empty(0)] * len(options)
    for experiment, known, places in zip(experiments, phases, by_response.values(), strict=True):
        lives = Lives(experiment, p, start, policies)
        sums = lives.live(known, range(len(lives.blocks)), experiment.worlds, n_years)
        found = read(sums, lives, question.measures, horizons)
        for at, k in enumerate(places):
            draws[k], influence[k] = found.draws[at], found.influence[at]
    return _judged(np.array(draws), np.array(influence), households)


def together(
    options: Sequence[Option], given: Sequence[Deliveries], judged: NDArray[np.bool_]
) -> Deliveries:
    """What options deliver, as the arms of one experiment.

    Each reaches households by its own lists; those judged stand where the eligible do.
    """
    rows = [
        (each, each.names.index(option.arm)) for each, option in zip(given, options, strict=True)
    ]
    supports: list[Support] = list(
        dict.fromkeys(support for each in given for support in each.supports)
    )

    def support_at(each: Deliveries, row: int) -> NDArray[np.int32]:
        place = np.array([0, *(1 + supports.index(own) for own in each.supports)], np.int32)
        found: NDArray[np.int32] = place[each.support_at[row]]
        return found

    handed = {name: np.stack([getattr(each, name)[row] for each, row in rows]) for name in FIELDS}
    return Deliveries(
        names=tuple(f"{k}:{option.name}" for k, option in enumerate(options)),
        reach=np.stack([each.reach[row] for each, row in rows]),
        support_at=np.stack([support_at(each, row) for each, row in rows]),
        supports=tuple(supports),
        cost=np.array([each.cost[row] for each, row in rows]),
        eligible=judged,
        lists=given[0].lists,
        **handed,
    )


def _horizons(question: Question) -> list[int]:
    return sorted({each.year for each in question.measures})


def _judged(draws: Array, influence: Array, households: Households) -> Lived:
    """Means of the options and errors of their differences, from (K, M, R) and (K, M, V)."""
    apart = draws[:, None] - draws[None]
    n_options = len(draws)
    se_sample = np.full(apart.shape[:-1], np.nan)
    for k in range(n_options):
        se_sample[k] = sample_error(influence[k] - influence, households.village_stratum)
    return Lived(draws.mean(axis=-1), luck_error(apart, -1), se_sample)
