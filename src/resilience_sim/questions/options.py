"""Options: what could be done, each an arm of some settings, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from resilience_sim.calibration.cases import Case, Effort
from resilience_sim.config import MONTHS, Config, Content, Equal, Response
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.population import Households
from resilience_sim.programmes import deliveries
from resilience_sim.programmes.contents import Calendar, count, monthly, total
from resilience_sim.questions.measures import Measure

Setting = float | int | str
NOTHING, BOTH = "none", "both"
"""Arms: nobody gets anything; the contents that options hand over."""


@dataclass(frozen=True)
class Option:
    """One thing that could be done: an arm of some settings."""

    name: str
    settings: Mapping[str, Setting]
    """What makes it, by name; columns of the table."""
    config: Config
    arm: str
    """Which arm of the config it is."""
    contents: tuple[Content, ...] = ()
    """What it hands over, in the months in which it comes."""
    cost: float = 0.0
    """Lines per household that is eligible by the case's own rule, over the run, undiscounted."""
    present_cost: float = 0.0
    """The same, discounted to the start of the run."""


@dataclass(frozen=True)
class Question:
    """Options to compare, whose lives they are judged by, and in what."""

    name: str
    options: tuple[Option, ...]
    reference: Option
    """What effects are measured against; one of the options, or nothing."""
    judged: NDArray[np.bool_]
    """Shape (n_households,): whose outcomes count."""
    judged_words: str
    measures: tuple[Measure, ...]
    setting_units: Mapping[str, str]
    """Unit of each setting that options have, by name."""

    @property
    def lived(self) -> tuple[Option, ...]:
        """The reference first, then the other options."""
        return (self.reference, *(each for each in self.options if each is not self.reference))


class Setup(NamedTuple):
    """A case made ready for questions: coarse settings, households, and who is eligible by its own rule."""

    config: Config
    households: Households
    eligible: NDArray[np.bool_]
    discount: float
    """Discount rate of costs, per year."""

    @property
    def homes(self) -> float:
        """Weight of the eligible households."""
        return float(self.households.weight[self.eligible].sum())

    @property
    def is_shocked(self) -> bool:
        """Whether a shock strikes in a second world."""
        return self.config.shock.name != NOTHING


def setup(config: Config, effort: Effort, discount: float) -> Setup:
    """Load the households, and coarsen the planner as `effort` says; nobody responds to the shock.

    Raises
    ------
    ConfigError
        Where the case has no arm of both programmes, or a discount is none.
    """
    problems = []
    if not config.programme.arms.get(BOTH):
        allowed = "have an arm both with contents, which the options hand over"
        problems.append(Problem("programme.arms", allowed, ", ".join(config.programme.arms)))
    if not 0 <= discount <= 1:
        problems.append(Problem("discount", "lie in [0, 1] (per year)", f"{discount:g}"))
    if problems:
        raise ConfigError(problems)
    case = Case(config, [], {}, effort, [BOTH], years=config.horizon_years)
    coarse = replace(
        case.config,
        arms=[NOTHING, BOTH],
        shock=replace(case.config.shock, response=Response()),
        programme=replace(case.config.programme, equal=Equal.NONE),
        outcomes=replace(case.config.outcomes, horizons_years=config.outcomes.horizons_years),
    )
    return Setup(coarse, case.households, deliveries(coarse, case.households).eligible, discount)


def both_of(config: Config) -> dict[str, Content]:
    """Contents of the arm of both programmes, by name."""
    return {name: config.programme.contents[name] for name in config.programme.arms[BOTH]}


def with_arms(config: Config, arms: Mapping[str, Mapping[str, Content]]) -> Config:
    """The settings with these arms beside none, each with contents of its own."""
    contents = {f"{arm}:{name}": each for arm, held in arms.items() for name, each in held.items()}
    named = {arm: [f"{arm}:{name}" for name in held] for arm, held in arms.items()}
    programme = replace(
        config.programme, contents=contents, arms={NOTHING: [], **named}, arm_scale={}
    )
    return replace(config, programme=programme, arms=[NOTHING, *arms])


def nothing(setup: Setup) -> Option:
    """The option in which nobody gets anything."""
    return Option(NOTHING, {}, with_arms(setup.config, {}), NOTHING)


def priced(setup: Setup, options: Sequence[Option]) -> tuple[Option, ...]:
    """The options with their costs, as `deliveries` counts them over the whole list of each."""
    given = {id(each.config): deliveries(each.config, setup.households) for each in options}
    found = []
    for each in options:
        laid = given[id(each.config)]
        persons = setup.households.persons[laid.eligible].sum()
        cost = float(laid.cost[laid.names.index(each.arm)] * persons / setup.homes)
        found.append(replace(each, cost=cost, present_cost=cost * _present(setup, each.contents)))
    return tuple(found)


def costs_of(
    setup: Setup,
    contents: Iterable[Content],
    listed: NDArray[np.bool_] | None = None,
    discount: float = 0.0,
) -> list[float]:
    """Cost of each content for a list, or for all eligible, in lines per eligible household.

    Discounted to the start of the run at a rate per year; what comes after the run costs nothing.
    """
    config = setup.config
    calendar = Calendar(
        config.horizon_years * config.periods_per_year, MONTHS // config.periods_per_year
    )
    worth = (1 + discount) ** (-np.arange(calendar.n_months) / MONTHS)
    who = setup.eligible if listed is None else listed
    times = count(who, setup.eligible, setup.households, config.generations)
    size = setup.households.persons[setup.eligible].sum() / setup.homes
    return [
        float(each.unit_cost * (monthly(each, calendar) * worth).sum() * times.of(each) * size)
        for each in contents
    ]


def _present(setup: Setup, contents: Sequence[Content]) -> float:
    """What a line of these contents' cost is worth at the start of the run, weighed by their cost."""
    plain = total(costs_of(setup, contents))
    return total(costs_of(setup, contents, discount=setup.discount)) / plain if plain > 0 else 1.0
