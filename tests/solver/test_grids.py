"""Nodes of savings, and luck as planners expect it."""

import numpy as np
import pytest

from resilience_sim.solver import planner_grids
from small_planners import world


def test_nodes_of_savings_hold_the_limit_and_nothing() -> None:
    config, p = world()
    nodes = planner_grids(config, p).savings.at
    assert nodes[0] == -p.credit_limit
    assert 0.0 in nodes, "saving and borrowing differ in price, so zero is a kink"
    assert (np.diff(nodes) > 0).all()


def test_luck_of_a_period_has_the_moments_of_its_draws() -> None:
    for per_year in (1, 4, 12):
        config, p = world(f"periods_per_year={per_year}")
        grids = planner_grids(config, p)
        (good, chance), quarters = grids.harvest.T, int(p.quarters_per_period)
        drought = float(p.drought), float(p.drought_loss)
        mean = 1 - drought[0] * drought[1]
        assert good @ chance == pytest.approx(mean, rel=1e-6)
        # Months share a quarter's draw; taken as independent they must vary three times as much.
        spread = np.expm1(float(p.harvest_sd) ** 2) * int(p.periods_per_quarter) / quarters
        square = (1 + spread) * (1 - drought[0] + drought[0] * (1 - drought[1]) ** 2)
        # Three nodes carry the square of a month's threefold variance less exactly.
        assert good**2 @ chance == pytest.approx(square, rel=0.03 if per_year == 12 else 0.01)
        paid, bill, odds = grids.wage.T
        ill = 1 - (1 - float(p.illness)) ** quarters
        lost = float(p.illness_labour) / quarters
        assert paid @ odds == pytest.approx(1 - ill * lost, rel=1e-6)
        owed = ill * float(p.illness_bill) / int(p.periods_per_quarter)
        assert bill @ odds == pytest.approx(owed, rel=1e-6)
