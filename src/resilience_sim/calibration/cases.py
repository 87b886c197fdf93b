"""A case prepared once and simulated for many draws: parameters in, means of every arm out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from resilience_sim import solver
from resilience_sim.calibration.forecasts import (
    CALM,
    DIVERGENCE,
    DIVERGENCE_YEARS,
    MEDIAN_OF_MEAN,
    SMALL_CASH,
    Lived,
    added,
    arms_of,
    forecast,
    require_arms,
)
from resilience_sim.calibration.priors import Values, with_values
from resilience_sim.calibration.structures import STRUCTURES, VARIANTS
from resilience_sim.config import Config, Planner, Shock
from resilience_sim.errors import SimulationError, SolverError
from resilience_sim.evidence import Target
from resilience_sim.imputed import start_of
from resilience_sim.kernels.primitives import N_FLOWS, OUTCOMES
from resilience_sim.lives import Arms, Lives, fixed_weights, phases_of
from resilience_sim.model import LABOUR, labour_at_work
from resilience_sim.model import primitives as primitives_of
from resilience_sim.outcomes.axes import ELIGIBLE, STANDARD_ARMS
from resilience_sim.outcomes.inequality import quantile
from resilience_sim.outcomes.measured import content_points
from resilience_sim.population import load
from resilience_sim.programmes import deliveries
from resilience_sim.results import PANEL_COLUMNS
from resilience_sim.shocks import shock_path
from resilience_sim.simulation import Experiment

STANDING = ("stands_income", "stands_poor", "stands_own")
"""How far the untreated world drifts to the last year: log mean income, headcount and log own income.

They come after a case's targets; a world that does not stand still cannot be the one that was surveyed."""
STANDING_TOLERANCE = (0.10, 0.05, 0.20)
"""Logs, decimal and logs; assumed."""
SMALLEST_ASSETS = 1e-3
"""Lines; smaller holdings count as this in logs."""
SHOCK = "shock"
"""Name of the world in which the case's own shock strikes."""
_TOLD_WITHOUT_SHOCK = ("effects", "measured", DIVERGENCE)
OWN_TABLES = (*_TOLD_WITHOUT_SHOCK, SHOCK)
"""Tables of targets that name no other shock than the case's own."""


@dataclass(frozen=True)
class Effort:
    """How finely a draw is simulated.

    Beside the default planner of runs no effect that was looked at moves by more than a third of its
    tolerance, most by less than a tenth (`docs/decisions/calibration.md`), at a thirtieth of the time.
    """

    n_skill: int = 5
    n_other: int = 2
    n_assets: int = 16
    n_money: int = 24
    n_savings: int = 16
    n_luck: int = 4
    tolerance: float = 1e-3
    replicates: int = 2
    n_households: int = 2000

    def planner(self, planner: Planner) -> Planner:
        """The planner on these grids."""
        return replace(
            planner,
            n_skill=self.n_skill,
            n_other=self.n_other,
            n_assets=self.n_assets,
            n_money=self.n_money,
            n_savings=self.n_savings,
            n_luck=self.n_luck,
            tolerance=self.tolerance,
        )


class Case:
    """One case with its population, ready for draws; all of them under the same luck.

    Parameters
    ----------
    config
        The composed case.
    targets
        Those to forecast; targets that nothing represents are left out by the caller.
    shocks
        Settings of the worlds that targets name besides the case's own shock, by name; all of them.
    effort
        How finely a draw is simulated.
    arms
        Further arms to live, besides the standard ones and those that targets compare.
    years
        Least length of the simulation; it is as long as the targets need.
    is_shocked
        Whether the case's own shock is lived under even if no target asks for it.
    split
        Assets, lines per member, between households whose divergence is told; None: none is.
    with_escape
        Whether outcomes that hang on the chance of escape (`primitives.N_FLOWS` and later) are told even if no
        target asks for them; they take up to a tenth of the time.

    Raises
    ------
    ConfigError
        Where a target compares an arm that the case does not have.
    """

    def __init__(
        self,
        config: Config,
        targets: Sequence[Target],
        shocks: Mapping[str, Shock],
        effort: Effort | None = None,
        arms: Sequence[str] = (),
        years: int = 1,
        is_shocked: bool = False,
        split: float | None = None,
        with_escape: bool = False,
    ) -> None:
        effort = effort or Effort()
        self.split = split
        of_escape = OUTCOMES[N_FLOWS:]
        self.with_escape = with_escape or any(target.measure in of_escape for target in targets)
        require_arms(targets, tuple(config.programme.arms))
        self.targets = tuple(targets)
        told = {target.table for target in targets} - {*_TOLD_WITHOUT_SHOCK}
        told |= {SHOCK} if is_shocked else set()
        self.shocks = {n: config.shock if n == SHOCK else shocks[n] for n in sorted(told)}
        read = [target.year or 1 for target in targets]
        after = max((target.years_after for target in targets), default=0)
        struck = [shock.start_month // 12 + 1 + after for shock in self.shocks.values()]
        lived = dict.fromkeys([*STANDARD_ARMS, *arms_of(targets), *arms])
        if SMALL_CASH in config.programme.arms:
            lived[SMALL_CASH] = None
        self.arms_under: dict[str, tuple[str, ...]] = {}
        """By shock, the arms that live it: those that its targets compare, or all."""
        for name in self.shocks:
            compared = arms_of([target for target in targets if target.table == name])
            is_whole = is_shocked and name == SHOCK
            self.arms_under[name] = tuple(arm for arm in lived if is_whole or arm in compared)
        self.config = _for_draws(config, effort, max([years, *read, *struck]), list(lived), split)
        self.households = load(self.config.population, self.config.seed, self.config.generations)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what `simulate` returns: the targets, `STANDING`, and the targets if arms simply added."""
        names = [target.target_id for target in self.targets]
        return (*names, *STANDING, *(f"{name}_added" for name in names))

    def simulate(self, structure: str, values: Values) -> np.ndarray:
        """Forecasts of the targets and the drift of the untreated world under one draw.

        Returns
        -------
        Shape (len(outputs),); all NaN where policies do not settle or numbers run away.
        """
        try:
            lived = self.live(structure, values)
        except (SolverError, SimulationError):
            return np.full(len(self.outputs), np.nan)
        sums = added(lived)
        told = [forecast(target, lived) for target in self.targets]
        if_added = [forecast(target, sums) for target in self.targets]
        return np.array([*told, *_drift(lived), *if_added])

    def live(self, structure: str, values: Values, variant: str | None = None) -> Lived:
        """Means of every arm and world under one draw, or under a variant of its structure.

        Errors of the solver are let through.
        """
        config = STRUCTURES[structure](with_values(self.config, values))
        if variant is not None:
            config = VARIANTS[variant](config)
        given = deliveries(config, self.households)
        p = primitives_of(config)
        start = start_of(config, p, self.households)
        p = start.complete(p)
        phases = phases_of(config, given)
        wanted = dict.fromkeys(phase for told in phases.values() for phase, _ in told)
        policies = solver.solve(config, p, start.axes, list(wanted), with_escape=self.with_escape)
        n_periods = config.horizon_years * config.periods_per_year
        outcomes = OUTCOMES if self.with_escape else OUTCOMES[:N_FLOWS]
        means: dict[str, np.ndarray] = {}
        for name, arms in self._to_live(given.names).items():
            told = replace(self.config, shock=self.shocks.get(name, config.shock))
            shock = with_values(told, values).shock
            path = shock_path(shock, n_periods, config.periods_per_year)
            experiment = Experiment(
                replace(config, shock=shock), self.households, given, path, p, seconds=0.0
            )
            lives = Lives(experiment, p, start, policies)
            at = [given.names.index(arm) for arm in arms]
            sums = lives.live(
                phases,
                range(len(lives.blocks)),
                (CALM,) if name == CALM else (CALM, name),
                config.horizon_years,
                Arms(at, [0] * len(at)),
                with_panel=self.split is not None and len(at) == len(given.names),
            )
            inside = lives.households.is_eligible != 0
            weight = fixed_weights(lives.households.weight[inside]).sum()
            found = sums.year[..., ELIGIBLE, : len(outcomes)].mean(axis=2) / weight
            if len(at) == len(given.names):
                means[CALM], panel = found[:, 0], sums.panel
            means[name] = np.full((len(given.names), *found.shape[2:]), np.nan)
            means[name][at] = found[:, -1]
        own_work, improved = (OUTCOMES.index(name) for name in ("own_work", "improved"))
        for world, mean in means.items():
            labour = labour_at_work(config, mean[..., own_work], mean[..., improved])
            means[world] = np.concatenate([mean, labour[..., None]], axis=-1)
        years = range(1, config.horizon_years + 1)
        people, persons = self.households, self.households.persons[inside]
        income, own = people.income[inside], people.own[inside]
        return Lived(
            arms=given.names,
            outcomes=(*outcomes, LABOUR),
            means=means,
            content=content_points(config.programme, given.names, years),
            shock_year={name: shock.start_month // 12 + 1 for name, shock in self.shocks.items()},
            size=float(persons.sum() / people.weight[inside].sum()),
            tlu_per_line=config.outcomes.tlu_per_line,
            start={
                "income": float(np.average(income, weights=persons)),
                "own_income": float(np.average(own, weights=persons)),
                "poor_income": float(np.average(income < 1.0, weights=persons)),
                MEDIAN_OF_MEAN: median_of_mean(own, people.weight[inside]),
            },
            divergence={}
            if self.split is None
            else divergence(panel[given.names.index("both"), 0], self.split),
        )

    def _to_live(self, every: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Arms to live by shock, of `every` that is delivered: a world of coordination is an arm, too.

        Without a shock all arms are lived, unless some shock has all of them beside it.
        """
        has_all = [
            name for name, arms in self.arms_under.items() if set(arms) == set(self.config.arms)
        ]
        under = {**self.arms_under, **dict.fromkeys(has_all, every)}
        return under if has_all else {CALM: every, **under}


def median_of_mean(own: np.ndarray, weight: np.ndarray) -> float:
    """Median over mean of what is positive in `own` (n,), by `weight` (n,); NaN where nothing is."""
    has = own > 0.0
    if not has.any():
        return float("nan")
    return quantile(own[has], weight[has], 0.5) / float(np.average(own[has], weights=weight[has]))


def divergence(panel: np.ndarray, split: float) -> dict[str, float]:
    """What happens to log assets of who begins below a split, and above minus below.

    `panel` has shape (households, years, columns of a panel).
    """
    first, last = (panel[:, year - 1, PANEL_COLUMNS.index("assets")] for year in DIVERGENCE_YEARS)
    change = np.log(np.maximum(last, SMALLEST_ASSETS)) - np.log(np.maximum(first, SMALLEST_ASSETS))
    is_above = first > split
    below = float(change[~is_above].mean()) if not is_above.all() else float("nan")
    above = float(change[is_above].mean()) if is_above.any() else float("nan")
    return {"below": below, "above_minus_below": above - below}


def _drift(lived: Lived) -> tuple[float, float, float]:
    """Drift of the untreated world from the start to the last year, in the order of `STANDING`."""
    last = dict(zip(lived.outcomes, lived.means["none"][lived.arms.index("none"), -1], strict=True))

    def moved(name: str) -> float:
        return float(np.log(max(last[name], 1e-6) / max(lived.start[name], 1e-6)))

    return moved("income"), last["poor_income"] - lived.start["poor_income"], moved("own_income")


def _for_draws(
    config: Config, effort: Effort, horizon: int, arms: list[str], split: float | None
) -> Config:
    """The case as draws are simulated: short, coarse, and without what no target needs."""
    typed = config.population.n_households
    n_households = min(typed or effort.n_households, effort.n_households)
    outcomes = replace(
        config.outcomes,
        horizons_years=[horizon],
        belief_households=0,
        channel_households=0,
        panel_share=0.0 if split is None else 1.0,
        draws=0,
    )
    return replace(
        config,
        arms=arms,
        planner=effort.planner(config.planner),
        outcomes=outcomes,
        horizon_years=horizon,
        replicates=effort.replicates,
        threads=1,
        population=replace(config.population, n_households=n_households),
        coordination=replace(config.coordination, name="off"),
    )
