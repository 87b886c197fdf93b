"""Tables of plans for every planner type, season and phase of a programme."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from resilience_sim.config import Behaviour, Config
from resilience_sim.kernels.primitives import N_TECHNIQUES, Grid, Primitives
from resilience_sim.model import Terms
from resilience_sim.solver.axes import Phase, TypeAxes
from resilience_sim.solver.grids import state_grids


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
    """(S, L, M, H, O, n_assets, n_money, 2) float32 in (-1, 1): traditional and improved against none;
    positive where better. Zero but in `planting_slots`, and so in memory only there."""
    escape: np.ndarray
    """(L, M, H, O, n_assets, n_money) float32: escape probability at planting, without programmes."""
    type_class: np.ndarray
    """(L, M, H, O) int32: a kind of type in the words of `primitives.TYPE_NAMES`."""
    rests: np.ndarray
    """(L, M, H, O, 2, 4): lowest and highest luckless rest; assets, money, consumption, technique."""
    base_slots: np.ndarray
    """(n_seasons,) slots of the life without programmes."""
    planting_slots: np.ndarray
    """(P,) slots of the planting season, in which alone a technique is chosen."""
    phase_slots: dict[Phase, np.ndarray]
    """Slots of each phase, by season (hazard) or by period since its start (known end)."""
    values: np.ndarray | None = None
    """(S, L, B, H, O, 2, 3, n_assets, n_money) float32: what plans are worth, by belief B (1 or 2) and
    knowledge; with `redraw`, for a solve that begins here. None unless asked for."""
    redraw: np.ndarray | None = None
    """(L, B, H, O, 2, n_seasons, 3, n_assets, n_savings) float32: what another skill of heirs adds."""
    searches: int = 0
    """Largest number of searches for better plans a type needed."""
    are_from_before: bool = False
    """Whether they were kept on disk from an earlier solve."""


def blank(config: Config, p: Primitives, axes: TypeAxes, phases: Sequence[Phase]) -> Policies:
    """Tables of the right shapes with nothing in them yet; those for neighbours left out."""
    base_slots, by_phase, n_slots = _slots(config, phases)
    assets, money = state_grids(config, p, (phase.terms for phase in phases))
    n_land, n_skill, n_other = axes.shape
    shape = (n_land, 4 if config.mechanisms.confidence else 2, n_skill, n_other)
    cells = (assets.nodes.size, money.nodes.size)
    return Policies(
        axes,
        assets,
        money,
        np.empty((n_slots, *shape, N_TECHNIQUES, *cells, 2), np.float32),
        np.zeros((n_slots, *shape, *cells, 2), np.float32),
        np.zeros((*shape, *cells), np.float32),
        np.zeros(shape, np.int32),
        np.zeros((*shape, 2, 4)),
        base_slots,
        _planting(config, base_slots, by_phase),
        by_phase,
    )


def with_values(policies: Policies, n_beliefs: int, redraw: np.ndarray) -> Policies:
    """The same with tables for neighbours, empty too; `redraw` is that of one type and belief."""
    n_slots, n_land, _, n_skill, n_other, n_techniques, *cells, _ = policies.plans.shape
    types = (n_land, n_beliefs, n_skill, n_other)
    return replace(
        policies,
        values=np.empty((n_slots, *types, 2, n_techniques, *cells), np.float32),
        redraw=np.empty((*types, *redraw.shape), np.float32),
    )


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


def _planting(
    config: Config, base_slots: np.ndarray, by_phase: dict[Phase, np.ndarray]
) -> np.ndarray:
    """Slots of the planting season, season 0."""
    n_seasons, found = config.periods_per_year, {int(base_slots[0])}
    for phase, slots in by_phase.items():
        seasons = (phase.first_season + np.arange(slots.size)) % n_seasons
        found.update(slots[seasons == 0].tolist())
    return np.array(sorted(found))
