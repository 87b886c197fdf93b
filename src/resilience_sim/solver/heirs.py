"""Heirs of another skill: types that hand over to each other, and settle together."""

from collections.abc import Sequence

import numpy as np

from resilience_sim.config import Config
from resilience_sim.errors import SolverError
from resilience_sim.kernels import bellman
from resilience_sim.kernels.foresight import redraw_of
from resilience_sim.kernels.primitives import Primitives
from resilience_sim.kernels.prospects import heirs_log_skill
from resilience_sim.solver.axes import TypeAxes
from resilience_sim.solver.planner_type import PlannerType, Told
from resilience_sim.solver.threads import Progress, in_threads

N_LUCK = 31  # Gauss-Hermite nodes of luck in an heir's score; closer together than nodes of skill
FIRST_TOLERANCE = 1e-3  # relative gain of a search at which types first look at each other
MAX_ROUNDS = 20  # of settling
MAX_LOOKS = 20  # at each other, between two rounds
YEARS_BETWEEN_LOOKS = 6  # in which plans are valued


def chances_of_heirs(p: Primitives, axes: TypeAxes) -> np.ndarray:
    """Chance that the heir of a type is of another skill type, (n_land, n_skill, n_skill).

    Skill between two nodes counts for both, in proportion; beyond the end nodes it is the end's.
    Schooling and health of the heir are taken to be those that leave skill as it is.

    Raises
    ------
    SolverError
        Where `p` does not say how skill is spread on each kind of land.
    """
    log_skill, n = axes.log_skill, axes.log_skill.size
    if len(p.skill_luck) != axes.land.size or len(p.skill_at) != axes.land.size:
        raise SolverError(
            f"skill of heirs must be spread on each of {axes.land.size} kinds of land; got "
            f"{len(p.skill_at)} of them; complete the primitives with `Start.complete`"
        )
    points, weights = np.polynomial.hermite_e.hermegauss(N_LUCK)
    weights = weights / weights.sum()
    chances = np.zeros((axes.land.size, n, n))
    levels = np.empty((n, N_LUCK))
    for land in range(axes.land.size):
        heirs_log_skill(p, land, log_skill, points, levels)
        at = np.interp(levels, log_skill, np.arange(n))  # in cells; clipped at both ends
        cell = np.minimum(at.astype(int), max(n - 2, 0))
        for parent in range(n):
            across = at[parent] - cell[parent]
            np.add.at(chances[land, parent], cell[parent], weights * (1.0 - across))
            np.add.at(chances[land, parent], np.minimum(cell[parent] + 1, n - 1), weights * across)
    shares: np.ndarray = chances / chances.sum(axis=-1, keepdims=True)
    return shares


def settle_dynasties(
    config: Config,
    p: Primitives,
    axes: TypeAxes,
    types: Sequence[PlannerType],
    belief: int,
    progress: Progress | None,
) -> list[Told]:
    """Solve the life without programmes where heirs have a skill of their own.

    What another skill of heirs adds to the value of what is kept depends on the values of all skill
    types of a land and other income, and these on it. So types settle, look at each other and value
    their plans anew until what heirs add rests, settle again, and so on until that moves nothing.

    Parameters
    ----------
    types
        In the order of `axes.cells()`.
    belief
        Index of what is believed.
    progress
        Told of the first round alone; later ones are shorter.

    Returns
    -------
    How each type came out; its searches are those of all rounds.
    """
    chances = chances_of_heirs(p, axes)
    where = np.arange(len(types)).reshape(axes.shape)
    lines = [
        _Line(p, chances[land], where[land, :, other], types, belief)
        for land in range(axes.land.size)
        for other in range(axes.other.size)
    ]
    limit, max_years = config.planner.tolerance, config.planner.max_years
    told = [Told(bellman.NOT_CONVERGED, np.inf, 0)] * len(types)
    active = lines
    for n in range(MAX_ROUNDS):
        tolerance = max(limit, FIRST_TOLERANCE) if n == 0 and belief == 0 else limit

        def settle(at: int, tolerance: float = tolerance) -> Told:
            return types[at].settle(belief, tolerance, max_years)

        numbers = [int(at) for line in active for at in line.at]
        found = in_threads(config.threads, settle, numbers, progress if n == 0 else None)
        for at, result in zip(numbers, found, strict=True):
            told[at] = result._replace(searches=told[at].searches + result.searches)
        moved = in_threads(config.threads, _Line.look, active, None)
        moving = [line for line, move in zip(active, moved, strict=True) if move >= limit]
        active = moving if tolerance == limit else active
        if not active:
            return told
        for _ in range(MAX_LOOKS):
            if not moving:
                break

            def value(at: int) -> None:
                types[at].value(belief, limit, YEARS_BETWEEN_LOOKS)

            numbers = [int(at) for line in moving for at in line.at]
            in_threads(config.threads, value, numbers, None)
            moved = in_threads(config.threads, _Line.look, moving, None)
            moving = [line for line, move in zip(moving, moved, strict=True) if move >= limit]
    for line in active:
        for at in map(int, line.at):
            told[at] = told[at]._replace(status=bellman.NOT_CONVERGED)
    return told


class _Line:
    """Types of one land and other income, from the lowest skill up: each may be heir to each."""

    def __init__(
        self,
        p: Primitives,
        chances: np.ndarray,
        at: np.ndarray,
        types: Sequence[PlannerType],
        belief: int,
    ) -> None:
        self.at, self.chances, self.belief = at, chances, belief
        self.types = [types[n] for n in at]
        self.heirs = np.empty((at.size, *self.types[0].base[belief].future.shape), np.float32)
        for one, heir in zip(self.types, self.heirs, strict=True):
            one.to_heirs = heir
        factor, hazard = float(p.discount), float(p.succession_hazard)
        self.gain = factor * hazard / (1.0 - factor)  # of what heirs add for ever, in values
        self.yearly = hazard * float(p.periods_per_year)  # of what they add, in a year's values

    def look(self) -> float:
        """Renew what another skill of heirs adds; by how much a year's values will move for it, relative.

        Most of the move is common to all states of a type. How far it goes in the end, with every
        type moving, is known, and added at once; what is left to the rounds is its shape.
        """
        n = self.at.size
        level, moved = np.empty(n), np.empty(n)
        values = self.heirs.reshape(n, -1)
        for parent, one in enumerate(self.types):
            level[parent], moved[parent] = redraw_of(
                self.chances[parent], values, parent, one.redraw[self.belief].reshape(-1)
            )
        others = self.chances - np.eye(n)
        rise = np.linalg.solve(np.eye(n) - self.gain * others, self.gain * level)
        for one, value, redraw in zip(self.types, rise, others @ rise, strict=True):
            one.lift(self.belief, value, redraw)
        return self.yearly * float(moved.max())
