"""Policy functions: what households of every planner type would do, in tables the population kernel reads."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from resilience_sim.config import Behaviour, Config
from resilience_sim.errors import SolverError
from resilience_sim.kernels import bellman
from resilience_sim.kernels.bellman import PlannerGrids, Solution
from resilience_sim.kernels.primitives import (
    IMPROVED,
    N_TECHNIQUES,
    NO_WAY_UP,
    TRAP,
    WAGE_ROUTE,
    WAY_UP,
    Grid,
    Primitives,
)
from resilience_sim.kernels.rule import rule_of_thumb_plans
from resilience_sim.model import yearly_wages

ASSET_BEND, MONEY_BEND, SAVINGS_BEND = 0.25, 0.05, 0.05  # lines; below it nodes are evenly spaced
HOWARD_YEARS = 12  # years over which plans are evaluated between two searches
ESCAPE_HORIZON_YEARS = 10  # design section 3
LUCKLESS_YEARS = 150
DISTINCT_REST = 0.25  # lines of assets between two places of rest that count as two
CHOICE_SCALE = 0.02  # utility gap at which the stored choice of technique is half saturated

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TypeAxes:
    """Nodes of the planner types: land (lines), skill (log2, evenly spaced) and other income (lines a year)."""

    land: np.ndarray
    log_skill: np.ndarray
    other: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of nodes of land, skill and other income."""
        return self.land.size, self.log_skill.size, self.other.size

    def cells(self) -> Iterator[tuple[int, int, int]]:
        """All types, as indices of land, skill and other income."""
        lands, skills, others = (range(n) for n in self.shape)
        return product(lands, skills, others)


@dataclass(frozen=True)
class CashPhase:
    """A transfer as planners see it."""

    transfer: float
    """Lines per member and year."""
    n_periods: int
    """True length, which planners know where the end is believed a date."""
    first_season: int
    """Season of the first payment."""
    hazard: float | None
    """Believed chance per year that it ends; None where the end is a known date."""


@dataclass(frozen=True)
class Policies:
    """Tables of plans. S slots (a season of a phase), L land, K knowledge, H skill, O other, T technique."""

    axes: TypeAxes
    assets: Grid
    money: Grid
    plans: np.ndarray
    """(S, L, 2, H, O, 3, n_assets, n_money, 2) float32: assets kept and savings carried, lines."""
    choice: np.ndarray
    """(S, L, 2, H, O, n_assets, n_money, 2) float32 in (-1, 1): traditional and improved against none, at
    planting; positive where better."""
    escape: np.ndarray
    """(L, 2, H, O, n_assets, n_money) float32: escape probability at planting, without programmes."""
    type_class: np.ndarray
    """(L, 2, H, O) int32: a kind of type in the words of `primitives.TYPE_NAMES`."""
    rests: np.ndarray
    """(L, 2, H, O, 2, 4): lowest and highest luckless rest; assets, money, consumption, technique."""
    base_slots: np.ndarray
    """(n_seasons,) slots of the life without programmes."""
    phase_slots: dict[CashPhase, np.ndarray]
    """Slots of each cash phase, by season (hazard) or by period since its start (known end)."""
    cycles: int
    """Largest number of improvement cycles a type needed."""


def planner_grids(config: Config, p: Primitives) -> PlannerGrids:
    """Nodes of assets, money and savings, luck by class, and every place on them common to all types."""
    settings = config.planner
    assets = _bent(0.0, settings.assets_max, ASSET_BEND, settings.n_assets)
    lowest = -float(p.credit_limit) * float(p.return_borrow) - float(p.illness_bill)
    money = _bent(lowest, settings.money_max, MONEY_BEND, settings.n_money)
    savings = _savings_nodes(config, p)
    top = settings.money_max + float(p.resale) * settings.assets_max
    spend = _bent(lowest, top, MONEY_BEND, settings.n_money + settings.n_money // 8)
    trade = assets[None, :] - assets[:, None]
    paid = np.where(trade > 0, trade, float(p.resale) * trade)
    trade_cell, trade_place = bellman.places(spend, money[None, None, :] - paid[:, :, None])
    left = float(p.keep) * assets
    struck = np.stack([left, left * (1.0 - float(p.asset_loss_share))])
    loss_cell, loss_place = bellman.places(assets, struck)
    share = float(p.inheritance)
    heir_cell, heir_place = bellman.places(assets, share * assets)
    owed_cell, owed_place = bellman.places(savings, share * savings)
    harvest, wage = _luck_nodes(config, p)
    flow = np.empty((2, config.periods_per_year, N_TECHNIQUES, spend.size, savings.size))
    bellman.spending_utility(p, spend, savings, flow)
    return PlannerGrids(
        assets, money, savings, spend, trade_cell.ravel(), trade_place.ravel(), loss_cell, loss_place,
        heir_cell, heir_place, owed_cell, owed_place, harvest, wage, _luck_classes(settings.n_luck),
        flow,
    )  # fmt: skip


def solve(
    config: Config,
    p: Primitives,
    axes: TypeAxes,
    phases: Sequence[CashPhase],
    progress: Progress | None = None,
) -> Policies:
    """Solve every planner type without programmes and in every cash phase.

    Parameters
    ----------
    config
        Grids, beliefs and behaviour of planners; switches.
    p
        What the world is like.
    axes
        Planner types.
    phases
        Distinct cash phases as they are believed.
    progress
        Called with (types solved, types in all).

    Raises
    ------
    SolverError
        Where values still move after `planner.max_years`; it says how far the worst type got.
    """
    grids = planner_grids(config, p)
    base_slots, by_phase, n_slots = _slots(config, phases)
    shape = axes.shape
    cells = (grids.assets.size, grids.money.size)
    plans = np.empty((n_slots, shape[0], 2, *shape[1:], N_TECHNIQUES, *cells, 2), np.float32)
    choice = np.empty((n_slots, shape[0], 2, *shape[1:], *cells, 2), np.float32)
    escape = np.empty((shape[0], 2, *shape[1:], *cells), np.float32)
    type_class = np.empty((shape[0], 2, *shape[1:]), np.int32)
    rests = np.empty((shape[0], 2, *shape[1:], 2, 4))
    types = list(axes.cells())

    def one(where: tuple[int, int, int]) -> tuple[int, int, float]:
        land, skill, other = where
        household = _Type(config, p, grids, axes, where)
        status, cycles, change = household.solve()
        household.write(base_slots, household.base, plans, choice)
        for phase in phases:
            told = household.live_through(phase, by_phase[phase], plans, choice)
            status, cycles, change = (
                max(status, told[0]),
                max(cycles, told[1]),
                max(change, told[2]),
            )
        escape[land, :, skill, other] = household.escape()
        type_class[land, :, skill, other], rests[land, :, skill, other] = household.rest()
        return status, cycles, change

    outcomes = in_threads(config.threads, one, types, progress)
    worst = max(outcomes, key=lambda told: (told[0], told[2]))
    if worst[0] != bellman.CONVERGED:
        raise SolverError(
            f"planner did not settle within planner.max_years={config.planner.max_years}: the worst type's "
            f"values still move by {worst[2]:.2g} (planner.tolerance={config.planner.tolerance:g}); raise "
            "planner.max_years or planner.tolerance"
        )
    return Policies(
        axes, _kernel_grid(grids.assets, ASSET_BEND), _kernel_grid(grids.money, MONEY_BEND), plans,
        choice, escape, type_class, rests, base_slots, by_phase, max(told[1] for told in outcomes),
    )  # fmt: skip


class _Type:
    """One planner type on its way through the phases."""

    def __init__(
        self,
        config: Config,
        p: Primitives,
        grids: PlannerGrids,
        axes: TypeAxes,
        where: tuple[int, int, int],
    ) -> None:
        self.config, self.p, self.grids, self.where = config, p, grids, where
        self.land = float(axes.land[where[0]])
        self.skill = float(2.0 ** axes.log_skill[where[1]])
        self.other = float(axes.other[where[2]])
        self.wages = float(yearly_wages(p, np.asarray(self.skill)))
        self.is_allowed = np.array([True, True, config.mechanisms.improved_technique])
        n_seasons = config.periods_per_year
        self.shape = (2, n_seasons, N_TECHNIQUES, grids.assets.size)
        self.income = np.empty((*self.shape, grids.luck_share.size))
        bellman.income_classes(p, grids, self.land, self.skill, self.other, self.wages, self.income)
        self.base = self._blank()

    def solve(self) -> tuple[int, int, float]:
        """Solve the life without programmes."""
        cells, inside = self._places(0.0)
        self.base_places = cells, inside
        if self.config.planner.behaviour is Behaviour.RULE_OF_THUMB:
            self._follow_rule(self.base, 0.0)
            return bellman.CONVERGED, 0, 0.0
        return self._settle(cells, inside, 0.0, self.base.future, self.base)

    def live_through(
        self, phase: CashPhase, slots: np.ndarray, plans: np.ndarray, choice: np.ndarray
    ) -> tuple[int, int, float]:
        """Solve one cash phase, as it is believed, and write its plans."""
        solution = self._blank()
        solution.value[:] = self.base.value
        told = (bellman.CONVERGED, 0, 0.0)
        if self.config.planner.behaviour is Behaviour.RULE_OF_THUMB:
            self._follow_rule(solution, phase.transfer)
        elif phase.hazard is None:
            self._count_down(phase, slots, plans, choice, solution)
            return told
        else:
            hazard = 1.0 - (1.0 - phase.hazard) ** (1.0 / self.config.periods_per_year)
            cells, inside = self._places(phase.transfer)
            told = self._settle(cells, inside, hazard, self.base.future, solution)
        self.write(slots, solution, plans, choice)
        return told

    def write(
        self, slots: np.ndarray, solution: Solution, plans: np.ndarray, choice: np.ndarray
    ) -> None:
        """Store a phase's plans, season by season."""
        for season, slot in enumerate(slots):
            self._write_season(int(slot), season, solution, plans, choice)

    def escape(self) -> np.ndarray:
        """Escape probability without programmes, (2, n_assets, n_money)."""
        out = np.empty((2, self.grids.assets.size, self.grids.money.size))
        cells, inside = self.base_places
        bellman.escape_probability(
            self.p, self.grids, cells, inside, ESCAPE_HORIZON_YEARS, self.base, out
        )
        return out

    def rest(self) -> tuple[np.ndarray, np.ndarray]:
        """Class of the type with and without knowledge (2,), and its lowest and highest rest (2, 2, 4)."""
        starts = np.array(
            [
                (k, m)
                for k in self.grids.assets[::3]
                for m in self.grids.money[:: max(1, self.grids.money.size // 4)]
            ]
        )
        kinds, ends = np.empty(2, np.int32), np.empty((2, 2, 4))
        for known in range(2):
            out = np.empty((len(starts), 4))
            bellman.luckless_rest(
                self.p, self.grids, self.land, self.skill, self.other, self.wages, known,
                LUCKLESS_YEARS, starts, self.base, out,
            )  # fmt: skip
            low, high = out[np.argmin(out[:, 0])], out[np.argmax(out[:, 0])]
            ends[known] = low, high
            kinds[known] = classify(low, high)
        return kinds, ends

    def _settle(
        self,
        cells: np.ndarray,
        inside: np.ndarray,
        hazard: float,
        end_future: np.ndarray,
        solution: Solution,
    ) -> tuple[int, int, float]:
        return bellman.solve_type(  # type: ignore[no-any-return]
            self.p, self.grids, cells, inside, self.is_allowed, hazard, end_future,
            self.config.planner.tolerance, self.config.planner.max_years, HOWARD_YEARS, solution,
        )  # fmt: skip

    def _count_down(
        self,
        phase: CashPhase,
        slots: np.ndarray,
        plans: np.ndarray,
        choice: np.ndarray,
        solution: Solution,
    ) -> None:
        """Plans of a cash phase whose end is known: from the last payment backwards."""
        cells, inside = self._places(phase.transfer)
        n_seasons = self.config.periods_per_year
        for back in range(phase.n_periods):
            left = phase.n_periods - 1 - back
            season = (phase.first_season + left) % n_seasons
            for known in (1, 0):  # a year of one season reads value[0] for both
                bellman.step_back(
                    self.p, self.grids, cells, inside, season, known, self.is_allowed, solution, back == 0,
                    self.base.future[known, season], solution,
                )  # fmt: skip
            self._write_season(int(slots[left]), season, solution, plans, choice)

    def _follow_rule(self, solution: Solution, transfer: float) -> None:
        rule_of_thumb_plans(
            self.p, self.grids, self.land, self.skill, self.other + transfer, self.wages,
            self.is_allowed, self.config.planner.buffer_months, solution,
        )  # fmt: skip

    def _write_season(
        self, slot: int, season: int, solution: Solution, plans: np.ndarray, choice: np.ndarray
    ) -> None:
        land, skill, other = self.where
        plans[slot, land, :, skill, other, ..., 0] = solution.assets[:, season]
        plans[slot, land, :, skill, other, ..., 1] = solution.savings[:, season]
        gap = solution.value[:, season, 1:] - solution.value[:, season, :1]
        # Infeasible plans are worth very much less; a saturated gap keeps the border between two
        # nodes fair.
        choice[slot, land, :, skill, other] = np.moveaxis(gap / (np.abs(gap) + CHOICE_SCALE), 1, -1)

    def _places(self, transfer: float) -> tuple[np.ndarray, np.ndarray]:
        shape = (*self.shape, self.grids.luck_share.size, self.grids.savings.size)
        cells, inside = np.empty(shape, np.int32), np.empty(shape)
        bellman.money_places(self.p, self.grids, self.income, transfer, cells, inside)
        return cells, inside

    def _blank(self) -> Solution:
        n_money, n_savings = self.grids.money.size, self.grids.savings.size
        return Solution(
            np.zeros((*self.shape, n_money)), np.zeros((*self.shape, n_money)),
            np.zeros((*self.shape, n_money)), np.zeros((*self.shape, n_savings)),
        )  # fmt: skip


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


def _slots(
    config: Config, phases: Sequence[CashPhase]
) -> tuple[np.ndarray, dict[CashPhase, np.ndarray], int]:
    """Slots of the tables: without programmes, by phase, and how many in all."""
    n_seasons = config.periods_per_year
    is_planned = config.planner.behaviour is Behaviour.PLANNER
    by_phase, n_slots = {}, n_seasons
    for phase in phases:
        n = phase.n_periods if phase.hazard is None and is_planned else n_seasons
        by_phase[phase] = n_slots + np.arange(n)
        n_slots += n
    return np.arange(n_seasons), by_phase, n_slots


def in_threads(
    threads: int,
    work: Callable[[Any], Any],
    items: list[Any],
    progress: Progress | None,
) -> list[Any]:
    """Run `work` on every item, in order of the result; kernels release the interpreter lock."""
    results: list[Any] = []
    if progress is not None:
        progress(0, len(items))
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for result in pool.map(work, items):
            results.append(result)
            if progress is not None:
                progress(len(results), len(items))
    return results


def _bent(low: float, high: float, bend: float, n: int) -> np.ndarray:
    """`n` nodes from low to high, evenly spaced in log2(1 + (x - low) / bend)."""
    steps = np.linspace(0.0, np.log2(1.0 + (high - low) / bend), n)
    nodes: np.ndarray = low + bend * (2.0**steps - 1.0)
    return nodes


def _savings_nodes(config: Config, p: Primitives) -> np.ndarray:
    """Savings from the credit limit up; zero is a node, for saving and borrowing differ in price."""
    limit = float(p.credit_limit)
    debt = np.linspace(-limit, 0.0, 4)[:-1] if limit > 0.0 else np.empty(0)
    if not config.mechanisms.saving:
        return np.append(debt, [0.0, 1e-6])
    above = _bent(0.0, config.planner.money_max, SAVINGS_BEND, config.planner.n_savings - debt.size)
    return np.concatenate([debt, above])


def _luck_nodes(config: Config, p: Primitives) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of a period's luck in own output (factor, probability) and in wages (factor, bill, probability).

    Lognormal factors of mean one at Gauss-Hermite nodes; droughts and illnesses as mixtures. A
    period of a year averages four draws. A month shares its quarter's draw, which the planner, who
    takes periods as independent, counts as three times the variance.
    """
    points, weights = np.polynomial.hermite_e.hermegauss(3)
    weights = weights / weights.sum()
    quarters = int(p.quarters_per_period)

    def factors(sd: float) -> np.ndarray:
        averaged = np.sqrt(np.log1p(np.expm1(sd**2) * int(p.periods_per_quarter) / quarters))
        drawn = np.exp(averaged * points)
        factor: np.ndarray = drawn / (weights @ drawn)
        return factor

    drought, loss = float(p.drought), float(p.drought_loss)
    own = factors(float(p.harvest_sd))
    harvest = np.concatenate(
        [
            np.stack([own, weights * (1 - drought)], 1),
            np.stack([own * (1 - loss), weights * drought], 1),
        ]
    )
    ill = 1.0 - (1.0 - float(p.illness)) ** quarters
    lost, months = float(p.illness_labour) / quarters, int(p.periods_per_quarter)
    paid = factors(float(p.wage_sd))
    well = np.stack([paid, np.zeros(3), weights * (1 - ill)], 1)
    sick = np.stack(
        [paid * (1 - lost), np.full(3, float(p.illness_bill) / months), weights * ill], 1
    )
    return harvest, np.concatenate([well, sick])


def _luck_classes(n: int) -> np.ndarray:
    """Probabilities of the classes into which luck is gathered, thinner towards both ends."""
    edges = (1.0 - np.cos(np.pi * np.arange(n + 1) / n)) / 2.0
    shares: np.ndarray = np.diff(edges)
    return shares


def _kernel_grid(nodes: np.ndarray, bend: float) -> Grid:
    """A grid as the population kernel reads it, single precision."""
    widths = np.diff(nodes)
    span = np.log2(1.0 + (nodes[-1] - nodes[0]) / bend)
    return Grid(
        low=np.float32(nodes[0]),
        inverse_bend=np.float32(1.0 / bend),
        scale=np.float32((nodes.size - 1) / span),
        last=np.int32(nodes.size - 2),
        nodes=nodes.astype(np.float32),
        inverse_widths=np.append(1.0 / widths, 1.0 / widths[-1]).astype(np.float32),
    )
