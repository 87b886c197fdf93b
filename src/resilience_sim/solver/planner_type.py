"""One planner type on its way through the life without programmes and the phases of programmes."""

from typing import NamedTuple

import numpy as np

from resilience_sim.config import Behaviour, Config
from resilience_sim.kernels import bellman, escape, foresight
from resilience_sim.kernels.primitives import (
    IMPROVED,
    N_TECHNIQUES,
    NO_WAY_UP,
    TRAP,
    WAGE_ROUTE,
    WAY_UP,
)
from resilience_sim.kernels.prospects import (
    Solution,
    blank_solution,
    income_classes,
    money_places,
)
from resilience_sim.kernels.rule import rule_of_thumb_plans
from resilience_sim.model import Terms, yearly_wages
from resilience_sim.solver.axes import Phase, TypeAxes
from resilience_sim.solver.grids import World, with_savings
from resilience_sim.solver.policies import Policies

ESCAPE_HORIZON_YEARS = 10  # design section 3
LUCKLESS_YEARS = 150
DISTINCT_REST = 0.25  # lines of assets between two places of rest that count as two
NO_PLANS = 1.0  # relative gain of the first search that is expected where there are no plans
OTHER_WORLD = 0.01  # where the plans are those of a world with other terms, or of other heirs
SIMILAR_WORLD = (
    0.0  # where they are a neighbour's: its values are close, and must be made exact first
)
CHOICE_SCALE = 0.02  # utility gap at which the stored choice of technique is half saturated

Places = tuple[np.ndarray, np.ndarray]
"""Cells and places within them of the money that what is kept turns into."""


class Told(NamedTuple):
    """How a solution came out; the worst of several is the largest."""

    status: int
    gain: float
    """Mean relative gain in value of the last search for better plans."""
    searches: int


SETTLED = Told(bellman.CONVERGED, 0.0, 0)


class PlannerType:
    """A type's solutions, for the confident and, where beliefs differ, the discouraged."""

    def __init__(
        self,
        config: Config,
        worlds: dict[Terms, World],
        axes: TypeAxes,
        where: tuple[int, int, int],
    ) -> None:
        self.config, self.worlds, self.where = config, worlds, where
        self.world = worlds[Terms()]
        self.land = float(axes.land[where[0]])
        self.skill = float(2.0 ** axes.log_skill[where[1]])
        self.other = float(axes.other[where[2]])
        self.wages = float(yearly_wages(self.world.p, np.asarray(self.skill)))
        n_minds = 4 if config.mechanisms.confidence else 2
        pairs = [slice(first, first + 2) for first in range(0, n_minds, 2)]
        is_split = len(self.world.believed) == len(pairs)
        self.minds = [[pair] for pair in pairs] if is_split else [pairs]
        """By belief, the minds that hold it: pairs without and with knowledge."""
        self.most_savings = np.float32(np.inf if config.mechanisms.saving else 0.0)
        self.is_allowed = np.array([True, True, config.mechanisms.improved_technique])
        self.base = [blank_solution(self.world.grids) for _ in self.world.believed]
        self.redraw = [np.zeros_like(each.future) for each in self.base]
        """What another skill of heirs adds to the value of what is kept, by belief."""
        self.to_heirs: np.ndarray | None = None
        """Where it is noted what heirs of this type's skill make of what is kept; None where nobody asks."""
        self._expected_gain = [NO_PLANS] * len(self.base)
        self._incomes: dict[tuple[int, int], np.ndarray] = {}

    def begin_like(self, neighbour: Policies) -> None:
        """Begin with plans and values of a similar world, in tables of the same shapes."""
        assert neighbour.redraw is not None
        land, skill, other = self.where
        for belief, solution in enumerate(self.base):
            self._read(neighbour, neighbour.base_slots, belief, solution)
            self.redraw[belief][:] = neighbour.redraw[land, belief, skill, other]
        self._expected_gain = [SIMILAR_WORLD] * len(self.base)

    def lose_heart(self) -> None:
        """Let the discouraged begin where the confident are, unless they have plans of their own."""
        if self._expected_gain[1] < NO_PLANS:
            return
        for new, old in zip(self.base[1], self.base[0], strict=True):
            new[:] = old
        self.redraw[1][:] = self.redraw[0]
        self._expected_gain[1] = self._expected_gain[0]

    def settle(self, belief: int, tolerance: float, max_years: int) -> Told:
        """Solve the life without programmes as it is believed, going on from what is there."""
        solution = self.base[belief]
        if self.config.planner.behaviour is Behaviour.RULE_OF_THUMB:
            self._follow_rule(self.world, belief, 0.0, solution)
            return SETTLED
        places = self._places(self.world, belief, 0.0)
        told = self._settle(
            self.world, belief, places, 0.0, solution.future, tolerance, max_years,
            self._expected_gain[belief], solution,
        )  # fmt: skip
        self._expected_gain[belief] = OTHER_WORLD
        self._tell_heirs(solution, places)
        return told

    def value(self, belief: int, tolerance: float, max_years: int) -> None:
        """Value the plans that are there anew, until a year moves them by less than `tolerance`, relative."""
        world, solution = self.world, self.base[belief]
        places = self._places(world, belief, 0.0)
        trail = bellman.new_trail(solution.value.shape)
        bellman.trace_all(world.p, world.grids, self.is_allowed, solution, trail)
        bellman.value_plans(
            world.p, world.grids, *places, self.is_allowed, self.redraw[belief], np.float32(0.0),
            solution.future, tolerance, max_years, trail, solution,
        )  # fmt: skip
        self._tell_heirs(solution, places)

    def lift(self, belief: int, value: float, redraw: float) -> None:
        """Raise all values, and what another skill of heirs adds, by a constant."""
        self.base[belief].value[:] += value
        self.redraw[belief][:] += redraw

    def live_through(
        self, phase: Phase, slots: np.ndarray, policies: Policies, neighbour: Policies | None
    ) -> Told:
        """Solve one phase of a programme, as it is believed, and write its plans.

        A lasting phase begins with what the same slots of a `neighbour` hold, where there is one.
        """
        world = self.worlds[phase.terms]
        is_ruled = self.config.planner.behaviour is Behaviour.RULE_OF_THUMB
        told, confident = SETTLED, None
        for belief in range(len(self.base)):
            solution = blank_solution(world.grids)
            if is_ruled:
                self._follow_rule(world, belief, phase.transfer, solution)
            elif phase.hazard is None:
                self._count_down(phase, belief, slots, policies, solution)
                continue
            else:
                if neighbour is None:
                    self._begin_without(belief, confident, solution)
                else:
                    self._begin_with_change(neighbour, slots, belief, solution)
                gain = OTHER_WORLD if neighbour is None else SIMILAR_WORLD
                told = max(told, self._live_in(phase, belief, gain, solution))
            confident = solution
            self.write(slots, belief, solution, policies)
        return told

    def write(self, slots: np.ndarray, belief: int, solution: Solution, policies: Policies) -> None:
        """Store a phase's plans, season by season."""
        for season, slot in enumerate(slots):
            self._write_season(int(slot), season, belief, solution, policies)

    def write_redraw(self, belief: int, policies: Policies) -> None:
        """Store what another skill of heirs adds, where it is asked for."""
        land, skill, other = self.where
        if policies.redraw is not None:
            policies.redraw[land, belief, skill, other] = self.redraw[belief]

    def let_go(self) -> None:
        """Forget the solutions, once all that is asked of them is written: they take much memory."""
        self.base.clear()
        self.redraw.clear()
        self._incomes.clear()
        self.to_heirs = None

    def escape(self, belief: int) -> np.ndarray:
        """Escape probability without programmes, (2, n_assets, n_money), by what is true of the technique."""
        grids = self.world.grids
        out = np.empty((2, grids.assets.at.size, grids.money.at.size), np.float32)
        escape.escape_probability(
            self.world.p, grids, *self._places(self.world, 0, 0.0), ESCAPE_HORIZON_YEARS,
            self.base[belief], out,
        )  # fmt: skip
        return out

    def rest(self, belief: int) -> tuple[np.ndarray, np.ndarray]:
        """Class of the type with and without knowledge (2,), and its lowest and highest rest (2, 2, 4)."""
        grids = self.world.grids
        starts = np.array(
            [
                (k, m)
                for k in grids.assets.at[::3]
                for m in grids.money.at[:: max(1, grids.money.at.size // 4)]
            ]
        )
        kinds, ends = np.empty(2, np.int32), np.empty((2, 2, 4))
        for known in range(2):
            out = np.empty((len(starts), 4))
            escape.luckless_rest(
                self.world.p, grids, self.land, self.skill, self.other, self.wages, known,
                LUCKLESS_YEARS, starts, self.base[belief], out,
            )  # fmt: skip
            low, high = out[np.argmin(out[:, 0])], out[np.argmax(out[:, 0])]
            ends[known] = low, high
            kinds[known] = classify(low, high)
        return kinds, ends

    def _tell_heirs(self, solution: Solution, places: Places) -> None:
        """Note what heirs of this type's skill make of what is kept, where somebody asks."""
        if self.to_heirs is not None:
            foresight.heirs_value(
                self.world.p, self.world.grids, solution.value, *places, self.to_heirs
            )

    def _begin_without(self, belief: int, confident: Solution | None, solution: Solution) -> None:
        """Begin a phase as without it; the discouraged with what it brings the `confident`."""
        base = self.base[belief]
        solution.value[:] = base.value
        solution.assets[:], solution.savings[:] = base.assets, base.savings
        if confident is not None:
            solution.value[:] += confident.value - self.base[0].value

    def _begin_with_change(
        self, neighbour: Policies, slots: np.ndarray, belief: int, solution: Solution
    ) -> None:
        """Begin a phase with a neighbour's plans, and with what it changes there."""
        without = blank_solution(self.world.grids)
        self._read(neighbour, neighbour.base_slots, belief, without)
        self._read(neighbour, slots, belief, solution)
        solution.value[:] += self.base[belief].value - without.value

    def _read(
        self, neighbour: Policies, slots: np.ndarray, belief: int, solution: Solution
    ) -> None:
        """Plans and values of this type in a neighbour's tables, season by season."""
        assert neighbour.values is not None
        land, skill, other = self.where
        mind = self.minds[belief][0]
        for season, slot in enumerate(slots):
            plans = neighbour.plans[slot, land, mind, skill, other]
            solution.assets[:, season], solution.savings[:, season] = plans[..., 0], plans[..., 1]
            solution.value[:, season] = neighbour.values[slot, land, belief, skill, other]

    def _live_in(self, phase: Phase, belief: int, expected_gain: float, solution: Solution) -> Told:
        """Solve a lasting phase, going on from what is there."""
        world = self.worlds[phase.terms]
        hazard = 1.0 - (1.0 - float(phase.hazard or 0.0)) ** (1.0 / self.config.periods_per_year)
        places = self._places(world, belief, phase.transfer)
        return self._settle(
            world, belief, places, hazard, self._afterwards(world, belief),
            self.config.planner.tolerance, self.config.planner.max_years,
            expected_gain if hazard < 1.0 else NO_PLANS, solution,
        )  # fmt: skip

    def _settle(
        self,
        world: World,
        belief: int,
        places: Places,
        hazard: float,
        end_future: np.ndarray,
        tolerance: float,
        max_years: int,
        expected_gain: float,
        solution: Solution,
    ) -> Told:
        status, searches, gain = bellman.solve_type(
            world.p, world.grids, *places, self.is_allowed, self._redraw(world, belief), hazard,
            end_future, tolerance, max_years, expected_gain, solution,
        )  # fmt: skip
        return Told(status, gain, searches)

    def _count_down(
        self, phase: Phase, belief: int, slots: np.ndarray, policies: Policies, solution: Solution
    ) -> None:
        """Plans of a phase whose end is known: from the last payment backwards."""
        world = self.worlds[phase.terms]
        places = self._places(world, belief, phase.transfer)
        redraw, afterwards = self._redraw(world, belief), self._afterwards(world, belief)
        n_seasons = self.config.periods_per_year
        for back in range(phase.n_periods):
            left = phase.n_periods - 1 - back
            season = (phase.first_season + left) % n_seasons
            bellman.step_back(
                world.p, world.grids, *places, season, self.is_allowed, redraw, solution, back == 0,
                afterwards, solution,
            )  # fmt: skip
            self._write_season(int(slots[left]), season, belief, solution, policies)

    def _follow_rule(self, world: World, belief: int, transfer: float, solution: Solution) -> None:
        rule_of_thumb_plans(
            world.believed[belief], world.grids, self.land, self.skill, self.other + transfer,
            self.wages, self.is_allowed, self.config.planner.buffer_months, solution,
        )  # fmt: skip

    def _write_season(
        self, slot: int, season: int, belief: int, solution: Solution, policies: Policies
    ) -> None:
        land, skill, other = self.where
        for minds in self.minds[belief]:
            policies.plans[slot, land, minds, skill, other, ..., 0] = solution.assets[:, season]
            policies.plans[slot, land, minds, skill, other, ..., 1] = np.minimum(
                solution.savings[:, season], self.most_savings
            )
        if season == 0:
            gap = solution.value[:, 0, 1:] - solution.value[:, 0, :1]
            # Infeasible plans are worth very much less; a saturated gap keeps the border between two
            # nodes fair.
            saturated = np.moveaxis(gap / (np.abs(gap) + CHOICE_SCALE), 1, -1)
            for minds in self.minds[belief]:
                policies.choice[slot, land, minds, skill, other] = saturated
        if policies.values is not None:
            policies.values[slot, land, belief, skill, other] = solution.value[:, season]

    def _places(self, world: World, belief: int, transfer: float) -> Places:
        grids = world.grids
        n_seasons = self.config.periods_per_year
        shape = (2, n_seasons, N_TECHNIQUES, grids.assets.at.size, grids.luck_share.size)
        name = (id(world.believed), belief)
        if name not in self._incomes:
            self._incomes[name] = np.empty(shape)
            income_classes(
                world.believed[belief], grids, self.land, self.skill, self.other, self.wages,
                self._incomes[name],
            )  # fmt: skip
        cells = np.empty((*shape, grids.savings.at.size), np.int16)
        inside = np.empty(cells.shape, np.float32)
        money_places(world.p, grids, self._incomes[name], transfer, cells, inside)
        return cells, inside

    def _redraw(self, world: World, belief: int) -> np.ndarray:
        """What another skill of heirs adds, on the nodes of savings of a world."""
        table: np.ndarray = self.redraw[belief]
        old, new = self.world.grids.savings.at, world.grids.savings.at
        if np.array_equal(old, new):
            return table
        cell = np.clip(np.searchsorted(old, new, side="right") - 1, 0, old.size - 2)
        place = np.clip((new - old[cell]) / (old[cell + 1] - old[cell]), 0.0, 1.0).astype(
            np.float32
        )
        read = table[..., cell] + place * (table[..., cell + 1] - table[..., cell])
        return np.ascontiguousarray(read)

    def _afterwards(self, world: World, belief: int) -> np.ndarray:
        """What is kept is worth so much once a phase has ended, on the nodes of savings of its world."""
        base = self.base[belief]
        future: np.ndarray = base.future
        if np.array_equal(world.grids.savings.at, self.world.grids.savings.at):
            return future
        there = World(
            self.world.p, self.world.believed,
            with_savings(self.world.grids, world.grids.savings.at, self.world.p),
        )  # fmt: skip
        out = np.empty((*future.shape[:-1], world.grids.savings.at.size), np.float32)
        foresight.future_of(
            there.p, there.grids, base.value, *self._places(there, belief, 0.0),
            self._redraw(there, belief), out,
        )  # fmt: skip
        return out


def classify(low: np.ndarray, high: np.ndarray) -> int:
    """Class of a type from its lowest and highest luckless rest (assets, money, consumption, technique).

    Two rests, told apart on an absolute scale, make a trap if the upper one alone is the improved
    technique above the line. One rest is a way up, a wage route (above the line by other means) or
    no way up.
    """
    low_is_up = low[3] == IMPROVED and low[2] > 1.0
    high_is_up = high[3] == IMPROVED and high[2] > 1.0
    if high[0] - low[0] > DISTINCT_REST and high_is_up and not low_is_up:
        return TRAP
    if low_is_up:
        return WAY_UP
    return WAGE_ROUTE if low[2] > 1.0 else NO_WAY_UP
