"""Prepare an experiment once, run it as often as wanted."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from resilience_sim import solver
from resilience_sim.config import Behaviour, BeliefKind, Config
from resilience_sim.errors import SimulationError
from resilience_sim.imputed import Start, start_of
from resilience_sim.kernels import draws
from resilience_sim.kernels import population_step as step
from resilience_sim.kernels.primitives import (
    CLASS_NAMES,
    OUTCOMES,
    PERIOD_OUTCOMES,
    TYPE_NAMES,
    Primitives,
)
from resilience_sim.model import primitives as primitives_of
from resilience_sim.population import Households, load
from resilience_sim.programmes import Deliveries, deliveries
from resilience_sim.results import (
    GROUPS,
    PANEL_COLUMNS,
    STANDARD_ARMS,
    BeliefResult,
    Results,
)
from resilience_sim.shocks import ShockPath, shock_path
from resilience_sim.solver import CashPhase, Policies

BELIEF_OUTCOMES = ("income", "consumption", "assets", "improved", "escaped")
BLOCK_HOUSEHOLDS = 512  # a block's state stays in the second-level cache
N_QUINTILES = 5
N_PATTERNS = 16  # of getting out or not in the four standard arms

Progress = Callable[[str, int, int], None]
"""Told the stage, how much of it is done, and how much there is."""


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


def prepare(config: Config, progress: Progress | None = None) -> Experiment:
    """Load the population and lay out programmes and shocks.

    Raises
    ------
    SurveyError, ConfigError
        With every problem found.
    """
    began = time.perf_counter()
    if progress is not None:
        progress("population", 0, 1)
    households = load(config.population, config.seed, config.generations)
    n_periods = config.horizon_years * config.periods_per_year
    given = deliveries(
        config.programme, config.arms, n_periods, config.periods_per_year, households
    )
    strike = shock_path(config.shock, n_periods, config.periods_per_year)
    if progress is not None:
        progress("population", 1, 1)
    return Experiment(
        config, households, given, strike, primitives_of(config), time.perf_counter() - began
    )


def run(
    experiment: Experiment, primitives: Primitives | None = None, progress: Progress | None = None
) -> Results:
    """Solve the policies and live all arms, worlds and replicates.

    Parameters
    ----------
    experiment
        From `prepare`; it may be run many times.
    primitives
        Another world for the same households; the experiment's own where None.
    progress
        Told of the stages "policies" and "simulation".

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
    phases = _phases(experiment)
    asked = _belief_phases(experiment, phases)
    wanted = dict.fromkeys(
        [*phases.values(), *(each for told in asked.values() for each in told.values())]
    )
    policies = solver.solve(
        config, p, start.axes, list(wanted), partial(progress, "policies") if progress else None
    )
    solved = time.perf_counter()
    lives = _Lives(experiment, p, start, policies)
    everyone = range(len(lives.blocks))
    sums = lives.live(
        phases,
        everyone,
        experiment.worlds,
        config.horizon_years,
        with_panel=True,
        progress=progress,
    )
    beliefs = tuple(_belief(lives, hazard, told) for hazard, told in asked.items())
    seconds = {
        "population": experiment.seconds,
        "policies": solved - began,
        "simulation": time.perf_counter() - solved,
    }
    return _results(experiment, lives, sums, beliefs, seconds)


def _phases(experiment: Experiment, hazard: float | None = None) -> dict[int, CashPhase]:
    """Cash phase of each arm that has one; `hazard` replaces the configured belief."""
    believed = experiment.config.planner.believed_end
    is_planned = experiment.config.planner.behaviour is Behaviour.PLANNER
    is_dated = believed.kind is BeliefKind.DATE and hazard is None and is_planned
    belief = believed.hazard if hazard is None else hazard
    given = experiment.deliveries
    phases = {}
    for a in range(len(given.names)):
        running = np.flatnonzero(given.phase[a])
        if running.size:
            phases[a] = CashPhase(
                float(given.mean_transfer_per_year[a]),
                int(running[-1] - running[0] + 1) if is_dated else 0,
                int(running[0]) % experiment.config.periods_per_year if is_dated else 0,
                None if is_dated else belief,
            )
    return phases


def _belief_phases(
    experiment: Experiment, phases: dict[int, CashPhase]
) -> dict[float, dict[int, CashPhase]]:
    """Cash phases for each belief that complementarity is to be told for."""
    asked = experiment.config.outcomes
    has_arms = set(STANDARD_ARMS) <= set(experiment.deliveries.names)
    if not (phases and has_arms and asked.belief_households):
        return {}
    return {hazard: _phases(experiment, hazard) for hazard in asked.belief_hazards}


class _Lives:
    """Households of a run in kernel form, with their policies, ready to live under any belief."""

    def __init__(
        self, experiment: Experiment, p: Primitives, start: Start, policies: Policies
    ) -> None:
        self.experiment, self.p, self.start, self.policies = experiment, p, start, policies
        self.households = _kernel_households(experiment, start, policies)
        self.blocks = _blocks(experiment.households.village)
        n_skill, n_other = policies.axes.log_skill.size, policies.axes.other.size
        self.tables = step.Tables(
            policies.plans.ravel(), policies.choice.ravel(), policies.escape.ravel(),
            policies.assets, policies.money, np.int32(n_skill), np.int32(n_other),
            np.int32(policies.axes.land.size), np.int32(policies.assets.nodes.size),
            np.int32(policies.money.nodes.size),
        )  # fmt: skip

    def live(
        self,
        phases: dict[int, CashPhase],
        chosen: Sequence[int],
        worlds: Sequence[str],
        n_years: int,
        with_panel: bool,
        progress: Progress | None = None,
    ) -> step.Sums:
        """Live the chosen blocks and return the sums over them."""
        config = self.experiment.config
        scenario = self._scenario(phases, len(worlds))
        total = self._zero_sums(len(worlds), n_years, with_panel)
        chunks = np.array_split(
            np.asarray(chosen, np.int64), min(len(chosen), 8 * _n_threads(config))
        )

        def one(chunk: np.ndarray) -> step.Sums:
            mine = self._zero_sums(len(worlds), n_years, False)._replace(
                village=total.village, panel=total.panel
            )  # villages and panel rows belong to one block alone
            size = int(np.diff(self.blocks[chunk], axis=1).max())
            step.simulate(
                self.p, self.tables, self.households, self.blocks[chunk], scenario,
                n_years, 0, config.replicates, config.seed, *workspace(size, n_years), mine,
            )  # fmt: skip
            return mine

        told = partial(progress, "simulation") if progress else None
        for mine in solver.in_threads(config.threads, one, chunks, told):
            for name in (
                "year",
                "period",
                "histogram",
                "mobility",
                "pattern",
                "start",
                "recovery",
                "status",
            ):
                getattr(total, name)[...] += getattr(mine, name)
        if total.status[0]:
            raise SimulationError(
                f"{total.status[0]} yearly incomes, consumptions or assets are not finite or above a "
                "million lines; try larger planner.assets_max and planner.money_max, or smaller "
                "technology values"
            )
        return total

    def _scenario(self, phases: dict[int, CashPhase], n_worlds: int) -> step.Scenario:
        experiment = self.experiment
        config, given, strike = experiment.config, experiment.deliveries, experiment.shock
        per_year, n_years = config.periods_per_year, config.horizon_years
        n_periods = n_years * per_year
        free = self.policies.base_slots[np.arange(n_periods) % per_year].astype(np.int32)
        slot = np.tile(free, (len(given.names), 1))
        for a, phase in phases.items():
            running = np.flatnonzero(given.phase[a])
            slots = self.policies.phase_slots[phase]
            at = running - running[0] if phase.n_periods else running % per_year
            slot[a, running] = slots[at]
        horizon = np.full(n_years, -1, np.int32)
        horizon[np.asarray(experiment.horizons_years) - 1] = np.arange(
            len(experiment.horizons_years)
        )

        def by_world(path: np.ndarray, calm: float) -> np.ndarray:
            return np.stack([np.full(n_periods, calm, np.float32), path])[:n_worlds]

        bits = [STANDARD_ARMS.index(a) if a in STANDARD_ARMS else -1 for a in given.names]
        return step.Scenario(
            slot, free, given.transfer, given.transfer_household, given.grant,
            given.grant_household, given.training if config.mechanisms.knowledge else
            np.zeros_like(given.training), np.asarray(bits, np.int32), by_world(strike.own_loss,
            0.0), by_world(strike.wage_loss, 0.0), by_world(strike.other_loss, 0.0),
            by_world(strike.asset_loss, 0.0), by_world(strike.price, 1.0),
            np.float32(max(strike.share_hit, 1e-6)), np.int32(strike.start_period // per_year),
            horizon, np.int32(config.outcomes.escape_years),
        )  # fmt: skip

    def _zero_sums(self, n_worlds: int, n_years: int, with_panel: bool) -> step.Sums:
        experiment = self.experiment
        config = experiment.config
        n_arms = len(experiment.deliveries.names)
        lives = (n_arms, n_worlds, config.replicates)
        n_horizons, n_groups = len(experiment.horizons_years), len(GROUPS)
        n_villages = experiment.households.n_villages
        rows = int(self.households.panel_row.max()) + 1 if with_panel else 0
        shared = (n_arms, n_worlds, n_horizons)

        def counts(*shape: int) -> np.ndarray:
            return np.zeros(shape, np.int64)

        return step.Sums(
            year=counts(*lives, n_years, n_groups, len(OUTCOMES)),
            village=counts(*shared, n_groups, len(OUTCOMES), n_villages),
            period=counts(
                *lives, n_years * config.periods_per_year, n_groups, len(PERIOD_OUTCOMES)
            ),
            histogram=counts(*shared, 2, step.N_BINS),
            mobility=counts(n_arms, n_worlds, N_QUINTILES, step.N_BINS),
            pattern=counts(n_worlds, config.replicates, N_PATTERNS),
            start=counts(config.replicates, len(CLASS_NAMES)),
            recovery=counts(n_arms, config.replicates, n_years + 1),
            panel=np.zeros((n_arms, n_worlds, rows, n_years, len(PANEL_COLUMNS)), np.float32),
            status=counts(1),
        )


def _belief(lives: _Lives, hazard: float, phases: dict[int, CashPhase]) -> BeliefResult:
    """Complementarity on a subsample of whole villages under one belief."""
    experiment = lives.experiment
    wanted = experiment.config.outcomes.belief_households
    sizes = np.diff(lives.blocks, axis=1)[:, 0]
    spaced = np.argsort(np.arange(sizes.size) * 0.6180339887498949 % 1.0, kind="stable")
    n_blocks = int(np.searchsorted(np.cumsum(sizes[spaced]), wanted)) + 1
    chosen = np.sort(spaced[:n_blocks])
    inside = np.concatenate([np.arange(*lives.blocks[b]) for b in chosen])
    eligible = lives.households.is_eligible[inside] != 0
    weight = _fixed_weights(lives.households.weight[inside][eligible]).sum()
    horizon = next((y for y in experiment.horizons_years if y >= 5), experiment.horizons_years[-1])
    sums = lives.live(phases, chosen.tolist(), ("none",), horizon, with_panel=False)
    arms = [experiment.deliveries.names.index(a) for a in STANDARD_ARMS]
    mean = (
        sums.year[:, 0, :, horizon - 1, 0] / weight if weight else sums.year[:, 0, :, 0, 0] * np.nan
    )
    none, cash, productive, both = (mean[a] for a in arms)
    gap = both - cash - productive + none
    told = {}
    for name in BELIEF_OUTCOMES:
        o = OUTCOMES.index(name)
        level, control = float(gap[:, o].mean()), float(none[:, o].mean())
        percent = 100.0 * level / control if control > 0 else float("nan")
        told[name] = (level, percent, float((gap[:, o] > 0).mean()))
    return BeliefResult(hazard, int(inside.size), horizon, told)


def _n_threads(config: Config) -> int:
    return config.threads or os.cpu_count() or 1


def _fixed_weights(weight: np.ndarray) -> np.ndarray:
    fixed: np.ndarray = np.rint(weight * step.FIXED_POINT).astype(np.int64)
    return fixed


def _blocks(village: np.ndarray) -> np.ndarray:
    """First and last household of blocks of whole villages, int64 (n_blocks, 2)."""
    ends = np.append(np.flatnonzero(np.diff(village)) + 1, village.size)
    edges = [0]
    for end in ends:
        if end - edges[-1] >= BLOCK_HOUSEHOLDS or end == village.size:
            edges.append(int(end))
    return np.column_stack([edges[:-1], edges[1:]]).astype(np.int64)


def workspace(size: int, n_years: int) -> tuple[step.State, step.Scratch, np.ndarray]:
    """Arrays that a worker uses again for every block."""

    def reals() -> np.ndarray:
        return np.zeros(size, np.float32)

    def counts() -> np.ndarray:
        return np.zeros(size, np.int32)

    state = step.State(
        reals(), reals(), counts(), counts(), reals(), reals(), reals(), reals(), reals(), reals(),
        reals(), reals(), counts(), counts(), counts(), reals(), reals(), reals(),
    )  # fmt: skip
    scratch = step.Scratch(
        reals(), reals(), reals(), reals(), reals(), reals(), reals(), reals(), reals(), counts(),
        counts(), np.zeros((n_years, size), np.float32), counts(), np.zeros((2, size), np.int32),
    )  # fmt: skip
    return state, scratch, np.zeros(len(OUTCOMES), np.float32)


def _kernel_households(experiment: Experiment, start: Start, policies: Policies) -> step.Households:
    config, people = experiment.config, experiment.households
    axes = policies.axes
    skill_cell, skill_place = _nearest_cell(axes.log_skill, np.log2(start.skill))
    other_cell, other_place = _nearest_cell(axes.other, people.other)
    land_at = np.abs(axes.land[None, :] - start.land[:, None]).argmin(axis=1)
    n = people.n_households
    key = np.arange(n, dtype=np.uint32)
    share = config.outcomes.panel_share
    is_kept = draws.uniforms(key, 0, draws.PURPOSE_PANEL, config.seed, 0) < share
    near = (
        np.where(
            skill_place > 0.5, np.minimum(skill_cell + 1, axes.log_skill.size - 1), skill_cell
        ),
        np.where(other_place > 0.5, np.minimum(other_cell + 1, axes.other.size - 1), other_cell),
    )
    persons = people.persons

    def real(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(values, dtype=np.float32)

    def count(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(values, dtype=np.int32)

    order = np.argsort(people.income, kind="stable")
    rank = np.empty(n)
    rank[order] = np.cumsum(persons[order]) / persons.sum()
    return step.Households(
        key=key,
        village=count(people.village),
        weight=persons / persons.mean(),
        size=real(people.size),
        land=real(start.land),
        skill=real(start.skill),
        wages=real(start.wages),
        other=real(people.other),
        type_at=count(skill_cell * axes.other.size + other_cell),
        land_at=count(land_at),
        skill_place=real(skill_place),
        other_place=real(other_place),
        is_eligible=count(experiment.deliveries.eligible),
        type_kind=count(policies.type_class[land_at, start.knowledge, near[0], near[1]]),
        quintile=count(np.minimum((rank * N_QUINTILES).astype(int), N_QUINTILES - 1)),
        panel_row=count(np.where(is_kept, np.cumsum(is_kept) - 1, -1)),
        assets=real(people.assets),
        savings=real(people.savings if config.mechanisms.saving else np.zeros(n)),
        technique=count(start.technique),
        knowledge=count(start.knowledge),
        confidence=real(np.ones(n)),
        participation=real(np.zeros(n)),
        age=real(people.age),
        child_age=real(np.zeros(n)),
        child_health=real(np.ones(n)),
        child_school=real(np.zeros(n)),
    )


def _nearest_cell(nodes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cell and place of values between type nodes; beyond the ends a type is the end's."""
    if nodes.size == 1:
        return np.zeros(values.size, int), np.zeros(values.size)
    cell = np.clip(np.searchsorted(nodes, values, side="right") - 1, 0, nodes.size - 2)
    place = (values - nodes[cell]) / (nodes[cell + 1] - nodes[cell])
    return cell, np.clip(place, 0.0, 1.0)


def _results(
    experiment: Experiment,
    lives: _Lives,
    sums: step.Sums,
    beliefs: tuple[BeliefResult, ...],
    seconds: dict[str, float],
) -> Results:
    config, people = experiment.config, experiment.households
    kernel_people = lives.households
    fixed = _fixed_weights(kernel_people.weight)
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
    unit = step.FIXED_POINT
    n_arms, n_worlds = len(experiment.deliveries.names), len(experiment.worlds)
    bins = _survey_bins(people.income)
    survey = np.bincount(bins, weights=kernel_people.weight, minlength=step.N_BINS)
    first = np.zeros((n_arms, n_worlds, 1, 2, step.N_BINS))
    first[..., 0, :] = survey
    histogram = np.concatenate([first, sums.histogram / (unit * config.replicates)], axis=2)
    edges = 2.0 ** (step.LOWEST_BIN_LOG2 + np.arange(step.N_BINS + 1) / step.BINS_PER_DOUBLING)
    is_currency = config.population.survey.line_per_person_month
    return Results(
        case_name=config.case_name,
        arms=experiment.deliveries.names,
        worlds=experiment.worlds,
        outcomes=OUTCOMES,
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
        year_mean=year_mean,
        village_sum=sums.village / (unit * config.replicates),
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
        line_currency_per_year=12.0 * is_currency,
        beliefs=beliefs,
        thresholds=_thresholds(lives),
        panel=_panel(experiment, sums.panel, people.id[kernel_people.panel_row >= 0]),
        notes=(*people.notes, *lives.start.notes),
        seconds=seconds,
    )


def _survey_bins(income: np.ndarray) -> np.ndarray:
    level = np.log2(np.maximum(income, 1e-6)) - step.LOWEST_BIN_LOG2
    bins: np.ndarray = np.clip((level * step.BINS_PER_DOUBLING).astype(int), 0, step.N_BINS - 1)
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


def _thresholds(lives: _Lives) -> dict[str, np.ndarray]:
    """Types with what they are, their class, the assets at which escape is likelier than 1/4, 1/2, 3/4."""
    policies = lives.policies
    axes, chance = policies.axes, policies.escape
    land, known, skill, other = np.indices(chance.shape[:4]).reshape(4, -1)
    money_at = np.searchsorted(policies.money.nodes, 0.25)  # a quarter's line at hand
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
        "has_knowledge": known.astype(bool),
        "kind": np.asarray(TYPE_NAMES)[policies.type_class.ravel()],
        "assets_p25": crossing(0.25),
        "assets_p50": crossing(0.50),
        "assets_p75": crossing(0.75),
        "rest_low_assets": rests[:, 0, 0],
        "rest_low_consumption": rests[:, 0, 2],
        "rest_high_assets": rests[:, 1, 0],
        "rest_high_consumption": rests[:, 1, 2],
    }
