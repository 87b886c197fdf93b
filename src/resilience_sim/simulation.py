"""Prepare an experiment once, run it as often as wanted."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from resilience_sim import solver
from resilience_sim.config import Config
from resilience_sim.imputed import start_of
from resilience_sim.kernels.counting import BINS_PER_DOUBLING, FIXED_POINT, LOWEST_BIN_LOG2, N_BINS
from resilience_sim.kernels.people import Sums
from resilience_sim.kernels.primitives import (
    CHANNELS,
    CLASS_NAMES,
    OUTCOMES,
    PERIOD_OUTCOMES,
    TYPE_NAMES,
    Primitives,
)
from resilience_sim.lives import Arms, Lives, Phases, fixed_weights, phases_of
from resilience_sim.model import LABOUR, labour_at_work
from resilience_sim.model import primitives as primitives_of
from resilience_sim.population import Households, load
from resilience_sim.programmes import Deliveries, deliveries
from resilience_sim.results import (
    GROUPS,
    PANEL_COLUMNS,
    STANDARD_ARMS,
    BeliefResult,
    ChannelResult,
    Results,
)
from resilience_sim.shocks import ShockPath, shock_path
from resilience_sim.solver import Phase, Policies, TypeAxes
from resilience_sim.typical import QUARTER_LINE, typical_types

BELIEF_OUTCOMES = ("income", "consumption", "assets", "improved", "escaped")

Progress = Callable[[str, int, int], None]
"""Told the stage, how much of it is done, and how much there is."""
Provide = Callable[
    [Config, Primitives, TypeAxes, Sequence[Phase], solver.Progress | None], Policies
]
"""Where policies come from: `solver.provide`, or what a sweep has at hand."""


@dataclass(frozen=True)
class Experiment:
    """A prepared scenario: who lives, what is delivered, what strikes."""

    config: Config
    households: Households
    deliveries: Deliveries
    shock: ShockPath
    primitives: Primitives
    seconds: float
    """Wall time of the preparation."""

    @property
    def worlds(self) -> tuple[str, ...]:
        """Names of the worlds: without a shock, and with it where there is one."""
        return ("none",) if self.config.shock.name == "none" else ("none", self.config.shock.name)

    @property
    def horizons_years(self) -> tuple[int, ...]:
        """Horizons that lie within the run."""
        within = {y for y in self.config.outcomes.horizons_years if y <= self.config.horizon_years}
        return tuple(sorted(within)) or (self.config.horizon_years,)


def prepare(
    config: Config, progress: Progress | None = None, households: Households | None = None
) -> Experiment:
    """Load the population and lay out programmes and shocks.

    Parameters
    ----------
    config
        A checked configuration.
    progress
        Told of the stage "population".
    households
        What `load` gave for the same population, seed and generations; loaded here where None.

    Raises
    ------
    SurveyError, ConfigError
        With every problem found.
    """
    began = time.perf_counter()
    if progress is not None:
        progress("population", 0, 1)
    if households is None:
        households = load(config.population, config.seed, config.generations)
    n_periods = config.horizon_years * config.periods_per_year
    given = deliveries(config, households)
    strike = shock_path(config.shock, n_periods, config.periods_per_year)
    if progress is not None:
        progress("population", 1, 1)
    return Experiment(
        config, households, given, strike, primitives_of(config), time.perf_counter() - began
    )


def run(
    experiment: Experiment,
    primitives: Primitives | None = None,
    progress: Progress | None = None,
    provide: Provide = solver.provide,
) -> Results:
    """Solve the policies, or take those kept from an earlier run, and live all arms, worlds and replicates.

    Parameters
    ----------
    experiment
        From `prepare`; it may be run many times.
    primitives
        Another world for the same households; the experiment's own where None.
    progress
        Told of the stages "policies" and "simulation".
    provide
        Gives the policies of phases that are asked for.

    Raises
    ------
    SolverError
        Where policies do not settle.
    SimulationError
        Where numbers stopped being finite.
    """
    p = primitives if primitives is not None else experiment.primitives
    config = experiment.config
    began = time.perf_counter()
    start = start_of(config, p, experiment.households)
    p = start.complete(p)
    phases = phases_of(config, experiment.deliveries)
    asked = _belief_phases(experiment, phases)
    policies = provide(
        config, p, start.axes, _wanted(phases, asked),
        partial(progress, "policies") if progress else None,
    )  # fmt: skip
    solved = time.perf_counter()
    lives = Lives(experiment, p, start, policies)
    del start  # the kernel has its own form of it, and a large run other uses for the memory
    sums = lives.live(
        phases,
        range(len(lives.blocks)),
        experiment.worlds,
        config.horizon_years,
        with_panel=True,
        progress=partial(progress, "simulation") if progress else None,
    )
    beliefs = tuple(_belief(experiment, lives, hazard, told) for hazard, told in asked.items())
    channels = _channels(experiment, lives, phases)
    seconds = {
        "population": experiment.seconds,
        "policies": solved - began,
        "simulation": time.perf_counter() - solved,
    }
    return _results(experiment, lives, sums, beliefs, channels, seconds)


def phases_asked(experiment: Experiment) -> list[Phase]:
    """Phases of programmes for which `run` will ask policies."""
    phases = phases_of(experiment.config, experiment.deliveries)
    return _wanted(phases, _belief_phases(experiment, phases))


def _wanted(phases: Phases, asked: dict[float, Phases]) -> list[Phase]:
    """All phases once, those of other beliefs last."""
    told = (each for group in (phases, *asked.values()) for each in group.values())
    return list(dict.fromkeys(phase for each in told for phase, _ in each))


def _belief_phases(experiment: Experiment, phases: Phases) -> dict[float, Phases]:
    """Phases for each belief that complementarity is to be told for."""
    asked = experiment.config.outcomes
    has_arms = set(STANDARD_ARMS) <= set(experiment.deliveries.names)
    if not (phases and has_arms and asked.belief_households):
        return {}
    return {
        hazard: phases_of(experiment.config, experiment.deliveries, hazard)
        for hazard in asked.belief_hazards
    }


def _belief(experiment: Experiment, lives: Lives, hazard: float, phases: Phases) -> BeliefResult:
    """Complementarity on a subsample of whole villages under one belief."""
    chosen = lives.subsample(experiment.config.outcomes.belief_households)
    inside = lives.inside(chosen)
    eligible = lives.households.is_eligible[inside] != 0
    weight = fixed_weights(lives.households.weight[inside][eligible]).sum()
    horizon = next((y for y in experiment.horizons_years if y >= 5), experiment.horizons_years[-1])
    arms = [experiment.deliveries.names.index(a) for a in STANDARD_ARMS]
    sums = lives.live(phases, chosen, ("none",), horizon, Arms(arms, [0] * len(arms)))
    mean = (
        sums.year[:, 0, :, horizon - 1, 0] / weight if weight else sums.year[:, 0, :, 0, 0] * np.nan
    )
    none, cash, productive, both = mean
    gap = both - cash - productive + none
    told = {}
    for name in BELIEF_OUTCOMES:
        o = OUTCOMES.index(name)
        level, control = float(gap[:, o].mean()), float(none[:, o].mean())
        percent = 100.0 * level / control if control > 0 else float("nan")
        told[name] = (level, percent, float((gap[:, o] > 0).mean()))
    return BeliefResult(hazard, int(inside.size), horizon, told)


def _channels(experiment: Experiment, lives: Lives, phases: Phases) -> ChannelResult | None:
    """Effects on heirs with channels switched off, one at a time and together, on a subsample."""
    wanted = experiment.config.outcomes.channel_households
    names = experiment.deliveries.names
    told = [a for a in names if a != "none" and a in STANDARD_ARMS]
    if not (wanted and told and experiment.config.mechanisms.succession):
        return None
    chosen = lives.subsample(wanted)
    variants = {"none off": 0} | {f"{name} off": 1 << c for c, name in enumerate(CHANNELS)}
    variants["all off"] = (1 << len(CHANNELS)) - 1
    at = [names.index("none")] + [names.index(arm) for arm in told for _ in variants]
    arms = Arms(at, [0] + list(variants.values()) * len(told))
    sums = lives.live(phases, chosen, ("none",), experiment.config.horizon_years, arms)
    moments = sums.heir[:, 0, :, 0] / FIXED_POINT
    shape = (len(told), len(variants), *moments.shape[1:])
    return ChannelResult(
        tuple(told), tuple(variants), moments[1:].reshape(shape), moments[0],
        int(lives.inside(chosen).size),
    )  # fmt: skip


def _results(
    experiment: Experiment,
    lives: Lives,
    sums: Sums,
    beliefs: tuple[BeliefResult, ...],
    channels: ChannelResult | None,
    seconds: dict[str, float],
) -> Results:
    config, people = experiment.config, experiment.households
    kernel_people = lives.households
    fixed = fixed_weights(kernel_people.weight)
    group = np.where(kernel_people.is_eligible != 0, 0, 1)
    village_weight = np.zeros((len(GROUPS), people.n_villages), np.int64)
    np.add.at(village_weight, (group, people.village), fixed)
    group_weight = village_weight.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        year_mean = sums.year / group_weight[:, None]
        period_mean = sums.period / group_weight[:, None]
        reached = config.horizon_years - experiment.shock.start_period // config.periods_per_year
        recovery = sums.recovery[..., : reached + 1] / group_weight[0]
        below = sums.pattern.sum(axis=-1, keepdims=True)
        patterns = sums.pattern / below
    unit = FIXED_POINT
    own, improved = (OUTCOMES.index(name) for name in ("own_work", "improved"))
    labour = labour_at_work(config, year_mean[..., own], year_mean[..., improved])
    village_sum = sums.village / (unit * config.replicates)
    village_labour = labour_at_work(
        config, village_sum[..., own, :], village_sum[..., improved, :], village_weight / unit
    )
    n_arms, n_worlds = len(experiment.deliveries.names), len(experiment.worlds)
    bins = _survey_bins(people.income)
    survey = np.bincount(bins, weights=kernel_people.weight, minlength=N_BINS)
    first = np.zeros((n_arms, n_worlds, 1, 2, N_BINS))
    first[..., 0, :] = survey
    histogram = np.concatenate([first, sums.histogram / (unit * config.replicates)], axis=2)
    edges = 2.0 ** (LOWEST_BIN_LOG2 + np.arange(N_BINS + 1) / BINS_PER_DOUBLING)
    is_currency = config.population.survey.line_per_person_month
    typical = typical_types(config, lives)
    return Results(
        case_name=config.case_name,
        arms=experiment.deliveries.names,
        worlds=experiment.worlds,
        outcomes=(*OUTCOMES, LABOUR),
        period_outcomes=PERIOD_OUTCOMES,
        groups=GROUPS,
        horizons_years=experiment.horizons_years,
        periods_per_year=config.periods_per_year,
        seed=config.seed,
        n_households=people.n_households,
        n_eligible=int(kernel_people.is_eligible.sum()),
        n_persons=float(people.persons.sum()),
        mean_size=float(people.persons.sum() / people.weight.sum()),
        group_weight=group_weight / unit,
        village_weight=village_weight / unit,
        village_stratum=people.village_stratum,
        year_mean=np.concatenate([year_mean, labour[..., None]], axis=-1),
        village_sum=np.concatenate([village_sum, village_labour[..., None, :]], axis=-2),
        period_mean=period_mean,
        histogram=histogram,
        bin_edges=edges,
        mobility=sums.mobility / (unit * config.replicates),
        patterns=patterns,
        start_share=sums.start / fixed.sum(),
        start_class_names=CLASS_NAMES,
        recovery=recovery,
        shock_start_period=experiment.shock.start_period,
        cost=experiment.deliveries.cost,
        heir_moments=sums.heir / unit,
        heir_joint=sums.heir_joint / (unit * config.replicates),
        heir_class=sums.heir_class / unit,
        channels=channels,
        lists=experiment.deliveries.lists,
        coordination=config.coordination.name,
        is_synthetic_demography=people.is_synthetic_demography,
        line_currency_per_year=12.0 * is_currency,
        beliefs=beliefs,
        thresholds=_thresholds(lives),
        panel=_panel(experiment, sums.panel, people.id[kernel_people.panel_row >= 0]),
        notes=(*people.notes, *lives.notes, *_response_notes(experiment.shock)),
        seconds=seconds,
        has_policies_from_before=lives.policies.are_from_before,
        motion=typical.motion,
        chances=typical.chances,
    )


def _response_notes(shock: ShockPath) -> tuple[str, ...]:
    """What the response to a shock costs, which the table of costs leaves out."""
    cost = shock.response_cost
    if not (cost.top_up or cost.entrant):
        return ()
    return (
        f"The response to the shock costs {cost.top_up:.3g} lines per member on the social list and "
        f"{cost.entrant:.3g} per member of a household taken in; costs below leave it out.",
    )


def _survey_bins(income: np.ndarray) -> np.ndarray:
    level = np.log2(np.maximum(income, 1e-6)) - LOWEST_BIN_LOG2
    bins: np.ndarray = np.clip((level * BINS_PER_DOUBLING).astype(int), 0, N_BINS - 1)
    return bins


def _panel(
    experiment: Experiment, panel: np.ndarray, ids: np.ndarray
) -> dict[str, np.ndarray] | None:
    """The panel as columns, one row per household, arm, world and year."""
    if not panel.size:
        return None
    arms, worlds, rows, years = np.indices(panel.shape[:4]).reshape(4, -1)
    named = {
        "id": ids[rows],
        "arm": np.asarray(experiment.deliveries.names)[arms],
        "shock": np.asarray(experiment.worlds)[worlds],
        "year": years + 1,
    }
    return named | {name: panel[..., c].ravel() for c, name in enumerate(PANEL_COLUMNS)}


def _thresholds(lives: Lives) -> dict[str, np.ndarray]:
    """Types with what they are, their class, the assets at which escape is likelier than 1/4, 1/2, 3/4."""
    policies = lives.policies
    axes, chance = policies.axes, policies.escape
    land, mind, skill, other = np.indices(chance.shape[:4]).reshape(4, -1)
    money_at = np.searchsorted(policies.money.nodes, QUARTER_LINE)
    at_money = chance[..., money_at].reshape(-1, chance.shape[-2])
    rests = policies.rests.reshape(-1, 2, 4)

    def crossing(level: float) -> np.ndarray:
        is_up = at_money >= level
        first = is_up.argmax(axis=1)
        return np.where(is_up.any(axis=1), policies.assets.nodes[first], np.nan)

    return {
        "land": axes.land[land],
        "skill": 2.0 ** axes.log_skill[skill],
        "other_income": axes.other[other],
        "has_knowledge": (mind % 2).astype(bool),
        "is_confident": mind < 2,
        "kind": np.asarray(TYPE_NAMES)[policies.type_class.ravel()],
        "assets_p25": crossing(0.25),
        "assets_p50": crossing(0.50),
        "assets_p75": crossing(0.75),
        "rest_low_assets": rests[:, 0, 0],
        "rest_low_consumption": rests[:, 0, 2],
        "rest_high_assets": rests[:, 1, 0],
        "rest_high_consumption": rests[:, 1, 2],
    }
