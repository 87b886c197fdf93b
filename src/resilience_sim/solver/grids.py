"""Nodes on which planners choose, and the world as each of them sees it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from resilience_sim.config import Config
from resilience_sim.kernels.curves import Nodes, nodes_at, places, sheet_of
from resilience_sim.kernels.lanes import LANES
from resilience_sim.kernels.primitives import N_TECHNIQUES, Grid, Primitives
from resilience_sim.kernels.prospects import PlannerGrids, spending_utility
from resilience_sim.model import Terms, discouraged, under

ASSET_BEND, MONEY_BEND, SAVINGS_BEND = 0.05, 0.1, 0.1  # lines; below it nodes are evenly spaced
N_DEBT = 3  # nodes of savings below zero
NO_SAVINGS = (
    1e-3  # lines that plans without saving look at; single precision tells no slope over less
)
N_DEBT_MONEY = 4  # nodes of money below zero


@dataclass(frozen=True)
class World:
    """What holds while some terms do, and the nodes on which it is planned in."""

    p: Primitives
    believed: tuple[Primitives, ...]
    """As the confident see it and, where that makes a difference, as the discouraged do."""
    grids: PlannerGrids


def worlds_under(config: Config, p: Primitives, terms: Iterable[Terms]) -> dict[Terms, World]:
    """The world without programmes and under each of `terms`; all share nodes of assets and money."""
    found = {each: under(p, each) for each in (Terms(), *terms)}
    lowest = min(_lowest_money(each) for each in found.values())
    on = config.mechanisms
    is_split = on.confidence and on.improved_technique and float(p.perceived_return) != 1.0
    worlds = {}
    for each, here in found.items():
        believed = (here, discouraged(here)) if is_split else (here,)
        worlds[each] = World(here, believed, planner_grids(config, here, lowest))
    return worlds


def planner_grids(config: Config, p: Primitives, lowest: float | None = None) -> PlannerGrids:
    """Nodes of assets, money and savings, luck by class, and every place on them common to all types.

    `lowest` is the least money, in lines; None takes what a household of `p` can be left with.
    """
    settings = config.planner
    lowest = _lowest_money(p) if lowest is None else lowest
    resale = float(p.resale)
    assets, money = _state_nodes(config, lowest)
    savings = _savings_nodes(config, p)
    n_spend = -(-settings.n_money // LANES) * LANES
    top = settings.money_max + resale * settings.assets_max
    spend = _with_debt(lowest, top, MONEY_BEND, n_spend, N_DEBT_MONEY)
    on_assets, on_savings = nodes_at(assets, ASSET_BEND), nodes_at(savings, SAVINGS_BEND)
    on_money, on_spend = nodes_at(money, MONEY_BEND), nodes_at(spend, MONEY_BEND)
    trade = assets[None, :] - assets[:, None]
    paid = np.where(trade > 0, trade, resale * trade)
    trade_cell, trade_place = _places(on_spend, money - paid[:, :, None])
    left = float(p.keep) * assets
    share = float(p.inheritance)
    harvest, wage = _luck_nodes(config, p)
    flow = np.empty(
        (2, config.periods_per_year, N_TECHNIQUES, savings.size, spend.size), np.float32
    )
    spending_utility(p, spend.astype(np.float32), savings.astype(np.float32), flow)
    return PlannerGrids(
        on_assets, on_money, on_savings, on_spend, sheet_of(on_assets, on_money),
        sheet_of(on_assets, on_savings), sheet_of(on_assets, on_spend),
        trade_cell.astype(np.int16).ravel(), trade_place.ravel(),
        np.float32(1.0 - (1.0 - float(p.asset_loss)) ** (4.0 / config.periods_per_year)),
        *_places(on_assets, np.stack([left, left * (1.0 - float(p.asset_loss_share))])),
        *_places(on_assets, share * assets),
        *_savings_of_heirs(on_assets, on_savings, share),
        harvest, wage, _luck_classes(settings.n_luck), flow,
    )  # fmt: skip


def _places(nodes: Nodes, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells (int32) and places in them (float32, not clipped) of points on nodes; both shaped like `points`."""
    cells, inside = np.empty(points.size, np.int32), np.empty(points.size, np.float32)
    places(nodes, points.astype(np.float32).ravel(), cells, inside)
    return cells.reshape(points.shape), inside.reshape(points.shape)


def state_grids(config: Config, p: Primitives, terms: Iterable[Terms]) -> tuple[Grid, Grid]:
    """Assets and money, on which all worlds of `worlds_under` plan, as the population kernel reads them."""
    lowest = min(_lowest_money(under(p, each)) for each in (Terms(), *terms))
    assets, money = _state_nodes(config, lowest)
    return _kernel_grid(assets, ASSET_BEND), _kernel_grid(money, MONEY_BEND)


def with_savings(grids: PlannerGrids, savings: np.ndarray, p: Primitives) -> PlannerGrids:
    """The same nodes but for those of savings, for expected values there; flows are not for use."""
    nodes = nodes_at(savings, SAVINGS_BEND)
    at, place = _savings_of_heirs(grids.assets, nodes, float(p.inheritance))
    return grids._replace(
        savings=nodes, choices=sheet_of(grids.assets, nodes), heir_savings_at=at,
        heir_savings_place=place,
    )  # fmt: skip


def _savings_of_heirs(assets: Nodes, savings: Nodes, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Where in a flat table of choices a share of savings lies, and the place in its cell."""
    cells, inside = _places(savings, share * savings.at)
    first = np.arange(assets.at.size, dtype=np.int32)[:, None] * np.int32(savings.at.size)
    return (first + cells).ravel(), np.tile(inside, assets.at.size)


def _state_nodes(config: Config, lowest: float) -> tuple[np.ndarray, np.ndarray]:
    settings = config.planner
    assets = _bent(settings.assets_max, ASSET_BEND, settings.n_assets)
    return assets, _with_debt(
        lowest, settings.money_max, MONEY_BEND, settings.n_money, N_DEBT_MONEY
    )


def _kernel_grid(at: np.ndarray, bend: float) -> Grid:
    """Nodes as the population kernel reads them."""
    nodes = nodes_at(at, bend)
    return Grid(
        nodes.inverse_bend, nodes.scale, nodes.debt_cells, nodes.debt_scale, np.int32(at.size - 2),
        nodes.at, nodes.inverse_width,
    )  # fmt: skip


def _lowest_money(p: Primitives) -> float:
    """Debt up to the limit a period on, and a bill of illness."""
    return -float(p.credit_limit) * float(p.return_borrow) - float(p.illness_bill)


def _bent(high: float, bend: float, n: int) -> np.ndarray:
    """`n` nodes from zero to high, evenly spaced in log2(1 + x / bend)."""
    steps = np.linspace(0.0, np.log2(1.0 + high / bend), n)
    nodes: np.ndarray = bend * (2.0**steps - 1.0)
    return nodes


def _with_debt(low: float, high: float, bend: float, n: int, n_debt: int) -> np.ndarray:
    """The same with `n_debt` of the nodes evenly spaced below zero, from low, where that is debt."""
    debt = np.linspace(low, 0.0, n_debt + 1)[:-1] if low < 0.0 else np.empty(0)
    return np.concatenate([debt, _bent(high, bend, n - debt.size)])


def _savings_nodes(config: Config, p: Primitives) -> np.ndarray:
    """Savings from the credit limit up; zero is a node, for saving and borrowing differ in price."""
    limit = float(p.credit_limit)
    if not config.mechanisms.saving:
        return _with_debt(-limit, NO_SAVINGS, SAVINGS_BEND, 2 + N_DEBT * (limit > 0.0), N_DEBT)
    settings = config.planner
    return _with_debt(-limit, settings.money_max, SAVINGS_BEND, settings.n_savings, N_DEBT)


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
