"""A planner's plans by brute force: the slow and obvious twin of the planner's kernels.

Plain numpy, written from the equations of the model and not from the kernel: every state tries
every pair of assets kept and savings carried on a dense grid, for every technique. It shares with
the kernel the parameters, the nodes of a period's luck and the nodes of states, nothing else.
"""

from typing import NamedTuple

import numpy as np

from resilience_sim.config import Config
from resilience_sim.kernels.bellman import solve_type
from resilience_sim.kernels.primitives import IMPROVED, N_TECHNIQUES, Primitives
from resilience_sim.kernels.prospects import (
    SMALLEST_SURPLUS,
    PlannerGrids,
    Solution,
    blank_solution,
    income_classes,
    money_places,
)
from resilience_sim.model import yearly_wages
from resilience_sim.solver import planner_grids

EVALUATIONS = 40  # years over which the oracle's plans are followed between two searches


class Household(NamedTuple):
    """A planner type."""

    land: float
    skill: float
    other: float
    """Lines per year."""


class Plans(NamedTuple):
    """Arrays (2, n_seasons, 3, n_assets, n_money): by knowledge, season and technique."""

    value: np.ndarray
    assets: np.ndarray
    savings: np.ndarray


Places = tuple[np.ndarray, np.ndarray]
"""Where money lands next period: cells of its grid, and places within them."""


class Settled(NamedTuple):
    """One type through the kernel."""

    grids: PlannerGrids
    solution: Solution
    places: Places
    status: int
    searches: int


def places_of(config: Config, p: Primitives, household: Household, transfer: float = 0.0) -> Places:
    """Where money lands for one type; `transfer` in lines per year."""
    grids = planner_grids(config, p)
    shape = (2, config.periods_per_year, N_TECHNIQUES, grids.assets.at.size, grids.luck_share.size)
    income = np.empty(shape)
    wages = float(yearly_wages(p, np.asarray(household.skill)))
    income_classes(p, grids, *household, wages, income)
    cells = np.empty((*shape, grids.savings.at.size), np.int16)
    inside = np.empty(cells.shape, np.float32)
    money_places(p, grids, income, transfer, cells, inside)
    return cells, inside


def settle_type(
    config: Config,
    p: Primitives,
    household: Household,
    transfer: float = 0.0,
    hazard: float = 0.0,
    ends: np.ndarray | None = None,
    redraw: np.ndarray | None = None,
) -> Settled:
    """Solve one type with the kernel: without programmes, or in a phase of cash.

    `p` is the world as the type believes it to be. `transfer` is in lines per year and ends with
    `hazard` per period; what is kept is then worth `ends`, the `future` of the life afterwards.
    `redraw`, shaped like it, is what another skill of heirs adds.
    """
    grids = planner_grids(config, p)
    places = places_of(config, p, household, transfer)
    solution = blank_solution(grids)
    allowed = np.array([True, True, config.mechanisms.improved_technique])
    status, searches, _ = solve_type(
        p, grids, *places, allowed, np.zeros_like(solution.future) if redraw is None else redraw,
        hazard, solution.future if ends is None else ends, config.planner.tolerance,
        config.planner.max_years, 1.0, solution,
    )  # fmt: skip
    return Settled(grids, solution, places, status, searches)


class Oracle:
    """One type's problem on given nodes of assets and money, with choices `finer` times as dense.

    Parameters
    ----------
    p
        What the world is like.
    household
        The type.
    assets, money, savings
        Nodes; values are read as straight lines between those of assets and money. Choices are
        tried at the nodes of assets and savings and at `finer` - 1 places between each two.
    harvest, wage
        Luck of a period: (factor, probability) of own output; (factor, bill, probability) of wages.
    """

    def __init__(
        self,
        p: Primitives,
        household: Household,
        assets: np.ndarray,
        money: np.ndarray,
        savings: np.ndarray,
        harvest: np.ndarray,
        wage: np.ndarray,
        finer: int,
    ) -> None:
        self.p = Primitives(*(np.asarray(each, np.float64) for each in p))
        assets, money, savings = (np.asarray(each, np.float64) for each in (assets, money, savings))
        self.household, self.assets, self.money = household, assets, money
        self.kept, self.carried = denser(assets, finer), denser(savings, finer)
        self.harvest, self.wage = harvest, wage
        self.n_seasons = int(p.periods_per_year)
        self.shape = (2, self.n_seasons, N_TECHNIQUES, assets.size, money.size)

    def utility(self, consumption: np.ndarray, season: int) -> np.ndarray:
        """CRRA in yearly consumption above need, straight below a small surplus, per period."""
        p, small = self.p, SMALLEST_SURPLUS
        surplus = p.periods_per_year * consumption / p.season_price[season] - p.need
        at = np.maximum(surplus, small)
        level = np.log(at) if p.crra == 1 else at ** (1 - p.crra) / (1 - p.crra)
        return (level + np.minimum(surplus - small, 0) * small**-p.crra) / p.periods_per_year

    def outlay(self, season: int, technique: int, known: int) -> float:
        """Money a technique asks for in a season."""
        p = self.p
        yearly = (0.0, p.outlay_traditional, p.outlay_known if known else p.outlay_improved)
        return float(yearly[technique] * p.season_outlay[season])

    def incomes(self, kept: np.ndarray, season: int, technique: int, known: int) -> np.ndarray:
        """Income that comes in in `season` from assets kept before, (n_kept, n_harvest, n_wage)."""
        p, (land, skill, other) = self.p, self.household
        improved = p.productivity_known if known else p.productivity_improved
        productivity = (0.0, p.productivity_traditional, improved)[technique]
        exponent = (1.0, p.exponent_traditional, p.exponent_improved)[technique]
        labour = (0.0, p.labour_traditional, p.labour_improved)[technique]
        own = productivity * skill * (p.keep * kept + land) ** exponent
        wages = p.wage * skill**p.wage_elasticity * (1 - labour) / p.periods_per_year
        left = 1 - p.pool_tax
        own, wages = left * own, left * wages
        return (
            (own * p.season_output[season])[:, None, None] * self.harvest[:, 0][:, None]
            + wages * self.wage[:, 0]
            - self.wage[:, 1]
            + other / p.periods_per_year
        )

    def ahead(
        self,
        value: np.ndarray,
        season: int,
        technique: int,
        known: int,
        kept: np.ndarray,
        carried: np.ndarray,
    ) -> np.ndarray:
        """Expected value of assets kept and savings carried; arrays of one shape."""
        p = self.p
        share, hazard = p.inheritance, p.succession_hazard
        own_life = self.lived(value, season, technique, known, kept, carried)
        if hazard == 0:
            return own_life
        at = (season, technique, known, share * kept, share * carried)
        heirs = sum(chance * one.lived(table, *at) for chance, one, table in self.heirs(value))
        return (1 - hazard) * own_life + hazard * heirs

    def heirs(self, value: np.ndarray) -> list[tuple[float, "Oracle", np.ndarray]]:
        """Who the heirs may be: chance, type and value; here all are of the parent's type."""
        return [(1.0, self, value)]

    def lived(
        self,
        value: np.ndarray,
        season: int,
        technique: int,
        known: int,
        kept: np.ndarray,
        carried: np.ndarray,
    ) -> np.ndarray:
        p = self.p
        following = (season + 1) % self.n_seasons
        if following == 0:  # a technique is chosen, and knowledge that was not used may have gone
            best = value[:, 0].max(axis=1)
            forgotten = p.knowledge_loss if known and technique != IMPROVED else 0.0
            table = (1 - forgotten) * best[known] + forgotten * best[0]
        else:
            table = value[known, following, technique]
        income = self.incomes(kept.ravel(), following, technique, known)
        earned = np.where(carried > 0, p.return_save, p.return_borrow) * carried
        money = earned.ravel()[:, None, None] + income
        chance = self.harvest[:, 1][:, None] * self.wage[:, 2]
        lost = 1 - (1 - p.asset_loss) ** (4 / p.periods_per_year)
        left = (p.keep * kept).ravel()
        whole = (self.read(table, left, money) * chance).sum(axis=(1, 2))
        struck = (self.read(table, left * (1 - p.asset_loss_share), money) * chance).sum(
            axis=(1, 2)
        )
        return ((1 - lost) * whole + lost * struck).reshape(kept.shape)

    def read(self, table: np.ndarray, assets: np.ndarray, money: np.ndarray) -> np.ndarray:
        """Table read bilinearly, flat beyond its ends; `assets` (n,), `money` (n, a, b)."""
        row, across = _place(self.assets, assets)
        cell, along = _place(self.money, money)
        row, across = (each[:, None, None] for each in (row, across))
        low = (1 - along) * table[row, cell] + along * table[row, cell + 1]
        high = (1 - along) * table[row + 1, cell] + along * table[row + 1, cell + 1]
        return (1 - across) * low + across * high

    def solve(self, tolerance: float = 1e-9, max_searches: int = 60) -> Plans:
        """Search all choices, follow the plans found for years, and again until values rest."""
        plans = Plans(*(np.zeros(self.shape) for _ in Plans._fields))
        kept, carried = np.meshgrid(self.kept, self.carried, indexing="ij")
        for _ in range(max_searches):
            before = plans.value.copy()
            for season in reversed(range(self.n_seasons)):
                for known in range(2):
                    for technique in range(N_TECHNIQUES):
                        ahead = self.ahead(plans.value, season, technique, known, kept, carried)
                        self.search(plans, (known, season, technique), ahead)
            if np.abs(plans.value - before).max() < tolerance * np.abs(before).max():
                return plans
            plans = plans._replace(value=self.follow(plans, plans.value, EVALUATIONS))
        raise AssertionError("the oracle's values did not come to rest")

    def search(self, plans: Plans, at: tuple[int, int, int], ahead: np.ndarray) -> None:
        """Fill one season and technique of `plans` with the best of all choices."""
        known, season, technique = at
        outlay = self.outlay(season, technique, known)
        change = self.kept - self.assets[:, None]
        cost = np.where(change > 0, change, self.p.resale * change)
        for i in range(self.assets.size):
            left = self.money[:, None] - outlay - cost[i]  # (n_money, n_kept)
            eaten = left[:, :, None] - self.carried
            worth = self.utility(eaten, season) + self.p.discount * ahead
            best = worth.reshape(self.money.size, -1).argmax(axis=1)
            k, a = np.unravel_index(best, ahead.shape)
            plans.value[(*at, i)] = worth[np.arange(self.money.size), k, a]
            plans.assets[(*at, i)], plans.savings[(*at, i)] = self.kept[k], self.carried[a]

    def follow(self, plans: Plans, value: np.ndarray, years: int) -> np.ndarray:
        """Value of living by `plans` for some years, starting the count back from `value`."""
        value = value.copy()
        flow = np.empty(self.shape)
        for known, season, technique in np.ndindex(*self.shape[:3]):
            at = (known, season, technique)
            change = plans.assets[at] - self.assets[:, None]
            cost = np.where(change > 0, change, self.p.resale * change)
            left = self.money - self.outlay(season, technique, known) - cost
            flow[at] = self.utility(left - plans.savings[at], season)
        for _ in range(years):
            for season in reversed(range(self.n_seasons)):
                for known in range(2):
                    new = [
                        flow[known, season, technique]
                        + self.p.discount
                        * self.ahead(
                            value, season, technique, known, plans.assets[known, season, technique],
                            plans.savings[known, season, technique],
                        )
                        for technique in range(N_TECHNIQUES)
                    ]  # fmt: skip
                    value[known, season] = new
        return value


class Dynasty:
    """Types that differ in skill and are each other's heirs, by plain iteration of values.

    Parameters
    ----------
    oracles
        One for each skill.
    chances
        (n, n): of the heir's skill, by the parent's.
    """

    def __init__(self, oracles: list[Oracle], chances: np.ndarray) -> None:
        self.oracles, self.chances = oracles, chances
        self.values = [np.zeros(each.shape) for each in oracles]
        for parent, oracle in enumerate(oracles):
            oracle.heirs = lambda _, parent=parent: list(
                zip(self.chances[parent], self.oracles, self.before, strict=True)
            )

    def iterate(self, n: int) -> float:
        """Renew all values `n` times, all from those before; how far the last time moved them, relative."""
        first = self.oracles[0]
        kept, carried = np.meshgrid(first.kept, first.carried, indexing="ij")
        moved = 0.0
        for _ in range(n):
            self.before = self.values
            self.values = []
            for oracle, old in zip(self.oracles, self.before, strict=True):
                new = Plans(*(np.empty(oracle.shape) for _ in Plans._fields))
                # Seasons go backwards through a year that ends with last time's values.
                value = old.copy()
                for season in reversed(range(oracle.n_seasons)):
                    for known, technique in np.ndindex(2, N_TECHNIQUES):
                        ahead = oracle.ahead(value, season, technique, known, kept, carried)
                        oracle.search(new, (known, season, technique), ahead)
                    value[:, season] = new.value[:, season]
                self.values.append(new.value)
            gaps = [
                np.abs(a - b).max() / np.abs(b).max()
                for a, b in zip(self.before, self.values, strict=True)
            ]
            moved = max(gaps)
        return moved


def oracle_of(settled: Settled, p: Primitives, household: Household, finer: int) -> Oracle:
    """The oracle on the kernel's nodes."""
    grids = settled.grids
    return Oracle(
        p,
        household,
        grids.assets.at,
        grids.money.at,
        grids.savings.at,
        grids.harvest,
        grids.wage,
        finer,
    )


def lasting_surplus(p: Primitives, value: np.ndarray) -> np.ndarray:
    """Yearly consumption above need, the same in every period for ever, that is worth `value`.

    Values of utility say little; this is in lines per year. It inverts `prospects.utility`.
    """
    crra, small = float(p.crra), SMALLEST_SURPLUS
    yearly = value * (1 - float(p.discount)) * float(p.periods_per_year)
    edge = np.log(small) if crra == 1 else small ** (1 - crra) / (1 - crra)
    above = np.maximum(yearly, edge)
    surplus = np.exp(above) if crra == 1 else ((1 - crra) * above) ** (1 / (1 - crra))
    return np.where(yearly >= edge, surplus, small + (yearly - edge) * small**crra)


def denser(nodes: np.ndarray, finer: int) -> np.ndarray:
    """Nodes with `finer` - 1 more between each two."""
    steps = np.arange(finer) / finer
    inside = nodes[:-1, None] + np.diff(nodes)[:, None] * steps
    return np.append(inside.ravel(), nodes[-1])


def read_between(
    grids: PlannerGrids, table: np.ndarray, assets: np.ndarray, money: np.ndarray
) -> np.ndarray:
    """A table on the kernel's nodes (..., n_assets, n_money), read on others as straight lines."""
    row, across = _place(grids.assets.at, assets)
    cell, along = _place(grids.money.at, money)
    by_row = table[..., row, :] + across[:, None] * (table[..., row + 1, :] - table[..., row, :])
    return by_row[..., cell] + along * (by_row[..., cell + 1] - by_row[..., cell])


def _place(nodes: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cell = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, nodes.size - 2)
    return cell, np.clip((x - nodes[cell]) / (nodes[cell + 1] - nodes[cell]), 0.0, 1.0)
