"""Policy functions: what households of every planner type would do, in tables the population kernel reads."""

from collections.abc import Sequence
from dataclasses import replace

from resilience_sim.config import Behaviour, Config
from resilience_sim.errors import SolverError
from resilience_sim.kernels import bellman
from resilience_sim.kernels.primitives import Primitives
from resilience_sim.solver import kept
from resilience_sim.solver.axes import Phase, TypeAxes
from resilience_sim.solver.grids import planner_grids, worlds_under
from resilience_sim.solver.heirs import settle_dynasties
from resilience_sim.solver.planner_type import (
    ESCAPE_HORIZON_YEARS,
    SETTLED,
    PlannerType,
    Told,
    classify,
)
from resilience_sim.solver.policies import Policies, blank, with_values
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
    "provide",
    "solve",
]


def provide(
    config: Config,
    p: Primitives,
    axes: TypeAxes,
    phases: Sequence[Phase],
    progress: Progress | None = None,
) -> Policies:
    """Policies kept from an earlier run that solved the same, or solved now and kept; see `solve`.

    They are the same to the bit.
    """
    found = kept.read(config, p, axes, phases)
    if found is None:
        found = solve(config, p, axes, phases, progress)
        kept.keep(found, config, p, axes, phases)
    return found


def solve(
    config: Config,
    p: Primitives,
    axes: TypeAxes,
    phases: Sequence[Phase],
    progress: Progress | None = None,
    neighbour: Policies | None = None,
    is_neighbour: bool = False,
    with_escape: bool = True,
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
    neighbour
        Policies of a similar world, with as many types, nodes and phases, solved as a neighbour: it is
        begun with their plans and values. What is found is as good, but not the same to the bit.
    is_neighbour
        Whether a later solve may begin here; it takes half as much memory again.
    with_escape
        Whether escape probabilities, classes of types and their places of rest are found. Where they are not
        they are zero, and what lives tell by them means nothing (outcomes from `primitives.N_FLOWS` on).

    Raises
    ------
    SolverError
        Where values still move after `planner.max_years`; it says how far the worst type got. Where
        the neighbour's tables have other shapes.
    """
    worlds = worlds_under(config, p, (phase.terms for phase in phases))
    types = [PlannerType(config, worlds, axes, where) for where in axes.cells()]
    policies = blank(config, p, axes, phases)
    if is_neighbour:
        policies = with_values(policies, len(types[0].base), types[0].redraw[0])
    if neighbour is not None:
        _require_alike(policies, neighbour)
        for one in types:
            one.begin_like(neighbour)
    n_passes = len(types[0].base) + 1
    told = []
    for belief in range(len(types[0].base)):
        told += _settle(config, p, axes, types, belief, _part(progress, belief, n_passes))

    def live(one: PlannerType) -> Told:
        land, skill, other = one.where
        for belief, solution in enumerate(one.base):
            one.write(policies.base_slots, belief, solution, policies)
            one.write_redraw(belief, policies)
            if with_escape:
                chance, (kinds, ends) = one.escape(belief), one.rest(belief)
                for minds in one.minds[belief]:
                    at = (land, minds, skill, other)
                    policies.escape[at], policies.type_class[at] = chance, kinds
                    policies.rests[at] = ends
        worst = max(
            (one.live_through(phase, slots, policies, neighbour)
             for phase, slots in policies.phase_slots.items() if slots is not policies.base_slots),
            default=SETTLED,
        )  # fmt: skip
        one.let_go()
        return worst

    told += in_threads(config.threads, live, types, _part(progress, n_passes - 1, n_passes))
    worst = max(told)
    if worst.status != bellman.CONVERGED:
        raise SolverError(
            f"planner did not settle within planner.max_years={config.planner.max_years}: the worst type's "
            f"plans can still be bettered by {worst.gain:.2g} (planner.tolerance="
            f"{config.planner.tolerance:g}); raise planner.max_years or planner.tolerance"
        )
    return replace(policies, searches=max(each.searches for each in told))


def _require_alike(policies: Policies, neighbour: Policies) -> None:
    """A neighbour must have values, and its phases the same slots of the same tables."""

    def layout(of: Policies) -> tuple[object, ...]:
        return of.plans.shape, [slots.tolist() for slots in of.phase_slots.values()]

    if neighbour.values is None or neighbour.redraw is None:
        raise SolverError("a neighbour must have been solved with is_neighbour=True")
    if layout(policies) != layout(neighbour):
        raise SolverError(
            f"plans of a neighbour must have the shape {policies.plans.shape} (slots, land, minds, skill, "
            "other, technique, assets, money, 2) and the same slots for each phase; got "
            f"{neighbour.plans.shape}; solve without a neighbour"
        )


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
