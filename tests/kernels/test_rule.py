"""The rule of thumb: equal to the equations of the model, and within the grid of savings."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest

import reference
from resilience_sim.kernels.curves import nodes_at
from resilience_sim.kernels.prospects import PlannerGrids, Solution
from resilience_sim.kernels.rule import rule_of_thumb_plans
from small_world import PER_YEAR, primitives

P = primitives()
ASSETS = np.array([0.0, 0.2, 0.5, 1.0, 3.0, 12.0])
MONEY = np.array([-0.3, -0.05, 0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 4.0, 20.0])
SAVINGS = np.array([-0.1, 0.0, 1.0, 8.0])  # the top is in reach of the richest


class Farmer(NamedTuple):
    """One type, in the order in which the rule takes it."""

    land: float = 0.3
    skill: float = 1.2
    other: float = 0.1
    wages: float = 0.7


def plans(savings: np.ndarray = SAVINGS, allowed: tuple[bool, ...] = (True,) * 3) -> Solution:
    grids = PlannerGrids._make([None] * len(PlannerGrids._fields))
    nodes = (nodes_at(each, 1.0)._replace(at=each) for each in (ASSETS, MONEY, savings))
    grids = grids._replace(**dict(zip(("assets", "money", "savings"), nodes, strict=True)))
    shape = (2, PER_YEAR, 3, ASSETS.size, MONEY.size)
    solution = Solution(
        *(np.full(shape, np.nan) for _ in range(3)), np.zeros((*shape[:-1], savings.size))
    )
    rule_of_thumb_plans(P, grids, *Farmer(), np.array(allowed), 3.0, solution)
    return solution


def net_income(technique: int, known: int, assets: float) -> float:
    """A year's income less outlay at ordinary luck, and less what the pool takes of earnings."""
    p, (land, skill, other, wages) = reference.plain(P), Farmer()
    own = reference.own_output(p, technique, known, skill, assets + land)
    paid = wages * (1 - reference.labour_share(p, technique))
    return (1 - p.pool_tax) * (own + paid) - reference.year_outlay(p, technique, known) + other


def twin(
    known: int, season: int, technique: int, assets: float, money: float
) -> tuple[float, float, float]:
    """Assets kept, savings carried before they are held to their grid, and money eaten."""
    p = reference.plain(P)
    net = net_income(technique, known, assets)
    left = money - reference.year_outlay(p, technique, known) * p.season_outlay[season]
    buffer = 3 / 12 * net
    eaten = min(left, net / PER_YEAR) + 0.3 * max(left - net / PER_YEAR - buffer, 0)
    bought = sold = 0.0
    if (net_income(technique, known, assets + 0.1) - net) / 0.1 > 0.25:
        bought = 0.5 * max(left - eaten - buffer, 0)
    if bought == 0:
        sold = min(max(p.need / PER_YEAR - eaten, 0) / p.resale, assets)
    eaten += p.resale * sold
    return assets + bought - sold, left - eaten - bought + p.resale * sold, eaten


CASES = list(product(range(2), range(PER_YEAR), range(3), range(ASSETS.size), range(MONEY.size)))


def test_plans_twin() -> None:
    told = plans()
    seen = dict.fromkeys(("buys", "sells", "carries the most", "between"), 0)
    for at in CASES:
        known, season, technique, i, m = at
        kept, carried, _ = twin(known, season, technique, ASSETS[i], MONEY[m])
        assert told.assets[at] == pytest.approx(kept, rel=1e-5, abs=1e-5), at
        held = min(max(carried, SAVINGS[0]), SAVINGS[-1])
        assert told.savings[at] == pytest.approx(held, rel=1e-5, abs=1e-5), at
        seen["buys"] += kept > ASSETS[i]
        seen["sells"] += kept < ASSETS[i]
        seen["carries the most"] += carried > SAVINGS[-1] + 1e-3
        seen["between"] += held == carried
    assert min(seen.values()) > 0, seen


def test_savings_lie_on_their_grid() -> None:
    assert plans().savings.min() == pytest.approx(0, abs=1e-12)  # no debt is planned
    assert plans().savings.max() == SAVINGS[-1]
    # Negative control: without a top in reach more is carried, and nothing else is planned.
    wide = np.append(SAVINGS, 1e3)
    assert plans(wide).savings.max() > SAVINGS[-1] + 1
    np.testing.assert_array_equal(np.minimum(plans(wide).savings, SAVINGS[-1]), plans().savings)
    np.testing.assert_array_equal(plans(wide).assets, plans().assets)


@pytest.mark.parametrize("allowed", [(True, True, True), (True, True, False), (True, False, False)])
def test_the_technique_is_the_best_that_can_be_paid_for(allowed: tuple[bool, ...]) -> None:
    told = plans(allowed=allowed)
    np.testing.assert_array_equal(told.value.sum(axis=2), 1)
    assert set(np.unique(told.value)) <= {0, 1}
    p = reference.plain(P)
    planted = np.argmax(told.value, axis=2)
    for known, season, technique, i, m in CASES:
        if technique:
            continue
        outlays = [reference.year_outlay(p, T, known) * p.season_outlay[season] for T in range(3)]
        worth = [
            net_income(T, known, ASSETS[i])
            if allowed[T] and (T == 0 or MONEY[m] - outlays[T] >= p.need / PER_YEAR)
            else -np.inf
            for T in range(3)
        ]
        assert planted[known, season, i, m] == int(np.argmax(worth)), (known, season, i, m)
    assert set(np.unique(planted)) == set(np.flatnonzero(allowed))
