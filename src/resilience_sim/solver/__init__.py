"""Policy functions: what households of every planner type would do, in tables the population kernel reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resilience_sim.config import Behaviour, Config
from resilience_sim.errors import SolverError
from resilience_sim.kernels import bellman
from resilience_sim.kernels.primitives import N_TECHNIQUES, Grid, Primitives
from resilience_sim.model import Terms
from resilience_sim.solver.axes import Phase, TypeAxes
from resilience_sim.solver.grids import (
    ASSET_BEND,
    MONEY_BEND,
    kernel_grid,
    planner_grids,
    worlds_under,
)
from resilience_sim.solver.heirs import settle_dynasties
from resilience_sim.solver.planner_type import (
    ESCAPE_HORIZON_YEARS,
    SETTLED,
    PlannerType,
    Tables,
    Told,
    classify,
)
from resilience_sim.solver.threads import Progress, in_threads

__all__ = [
    "ESCAPE_HORIZON_YEARS",
    "Phase",
    "Policies",
    "Progress",
    "TypeAxes",
    "classify",
    "in_threads",
    "planner_grids",
    "solve",
]


@dataclass(frozen=True)
class Policies:
    """Tables of plans. S slots (a season of a phase), L land, M minds, H skill, O other, T technique.

    A mind is what one knows and believes: knowledge (0 or 1), plus 2 where one is discouraged; M is 2
    where confidence is switched off.
    """

    axes: TypeAxes
    assets: Grid
    money: Grid
    plans: np.ndarray
    """(S, L, M, H, O, 3, n_assets, n_money, 2) float32: assets kept and savings carried, lines."""
    choice: np.ndarray
    """(S, L, M, H, O, n_assets, n_money, 2) float32 in (-1, 1): traditional and improved against none, at
    planting; positive where better."""
    escape: np.ndarray
    """(L, M, H, O, n_assets, n_money) float32: escape probability at planting, without programmes."""
    type_class: np.ndarray
    """(L, M, H, O) int32: a kind of type in the words of `primitives.TYPE_NAMES`."""
    rests: np.ndarray
    """(L, M, H, O, 2, 4): lowest and highest luckless rest; assets, money, consumption, technique."""
    base_slots: np.ndarray
    """(n_seasons,) slots of the life without programmes."""
    phase_slots: dict[Phase, np.ndarray]
    """Slots of each phase, by season (hazard) or by period since its start (known end)."""
    searches: int
    """Largest number of searches for better plans a type needed."""


def solve(
    config: Config,
    p: Primitives,
    axes: TypeAxes,
    phases: Sequence[Phase],
    progress: Progress | None = None,
) -> Policies:
    """Solve every planner type without programmes and in every phase of one.

    Parameters
    ----------
    config
        Grids, beliefs and behaviour of planners; switches.
    p
        What the world is like.
    axes
        Planner types.
    phases
        Distinct phases of programmes as they are believed.
    progress
        Called with how much is done and how much there is; types count once for each of a few passes.

    Raises
    ------
    SolverError
        Where values still move after `planner.max_years`; it says how far the worst type got.
    """
    worlds = worlds_under(config, p, (phase.terms for phase in phases))
    types = [PlannerType(config, worlds, axes, where) for where in axes.cells()]
    n_passes = len(types[0].base) + 1
    told = []
    for belief in range(len(types[0].base)):
        told += _settle(config, p, axes, types, belief, _part(progress, belief, n_passes))
    base_slots, by_phase, n_slots = _slots(config, phases)
    n_land, n_skill, n_other = axes.shape
    grids = types[0].world.grids
    shape = (n_land, 4 if config.mechanisms.confidence else 2, n_skill, n_other)
    cells = (grids.assets.size, grids.money.size)
    tables = Tables(
        np.empty((n_slots, *shape, N_TECHNIQUES, *cells, 2), np.float32),
        np.empty((n_slots, *shape, *cells, 2), np.float32),
    )
    escape = np.empty((*shape, *cells), np.float32)
    type_class, rests = np.empty(shape, np.int32), np.empty((*shape, 2, 4))

    def live(one: PlannerType) -> Told:
        land, skill, other = one.where
        for belief, solution in enumerate(one.base):
            one.write(base_slots, belief, solution, tables)
            chance, (kinds, ends) = one.escape(belief), one.rest(belief)
            for minds in one.minds[belief]:
                at = (land, minds, skill, other)
                escape[at], type_class[at], rests[at] = chance, kinds, ends
        return max(
            (one.live_through(each, slots, tables) for each, slots in by_phase.items()
             if slots is not base_slots), default=SETTLED,
        )  # fmt: skip

    told += in_threads(config.threads, live, types, _part(progress, n_passes - 1, n_passes))
    worst = max(told)
    if worst.status != bellman.CONVERGED:
        raise SolverError(
            f"planner did not settle within planner.max_years={config.planner.max_years}: the worst type's "
            f"plans can still be bettered by {worst.gain:.2g} (planner.tolerance="
            f"{config.planner.tolerance:g}); raise planner.max_years or planner.tolerance"
        )
    return Policies(
        axes, kernel_grid(grids.assets, ASSET_BEND), kernel_grid(grids.money, MONEY_BEND),
        tables.plans, tables.choice, escape, type_class, rests, base_slots, by_phase,
        max(each.searches for each in told),
    )  # fmt: skip


def _settle(
    config: Config,
    p: Primitives,
    axes: TypeAxes,
    types: Sequence[PlannerType],
    belief: int,
    progress: Progress | None,
) -> list[Told]:
    """Solve the life without programmes of all types, as it is believed."""
    if belief:
        for one in types:
            one.lose_heart()
    if p.is_redrawn and config.planner.behaviour is Behaviour.PLANNER:
        return settle_dynasties(config, p, axes, types, belief, progress)
    limit, max_years = config.planner.tolerance, config.planner.max_years
    return in_threads(
        config.threads, lambda one: one.settle(belief, limit, max_years), types, progress
    )


def _part(progress: Progress | None, part: int, n_parts: int) -> Progress | None:
    """Progress of one of several passes of equal length, as part of the whole."""
    if progress is None:
        return None
    whole = progress
    return lambda done, n: whole(part * n + done, n_parts * n)


def _changes_no_plan(phase: Phase) -> bool:
    """Whether plans are those without programmes: cash believed to end at once is money at hand, no more."""
    return phase.hazard == 1.0 and phase.terms == Terms()


def _slots(
    config: Config, phases: Sequence[Phase]
) -> tuple[np.ndarray, dict[Phase, np.ndarray], int]:
    """Slots of the tables: without programmes, by phase, and how many in all."""
    n_seasons = config.periods_per_year
    is_planned = config.planner.behaviour is Behaviour.PLANNER
    base_slots, by_phase, n_slots = np.arange(n_seasons), {}, n_seasons
    for phase in phases:
        if is_planned and _changes_no_plan(phase):
            by_phase[phase] = base_slots
            continue
        n = phase.n_periods if phase.hazard is None and is_planned else n_seasons
        by_phase[phase] = n_slots + np.arange(n)
        n_slots += n
    return base_slots, by_phase, n_slots
