"""What the village's pool does to plans."""

import numpy as np

from oracle import Household, settle_type
from resilience_sim.solver import TypeAxes, solve
from small_planners import by_season, world


def test_the_pool_insures_what_it_takes_and_gives_back() -> None:
    # Where all earn alike on average, it takes a share of what luck brings and gives its mean back.
    wages_only = ("technology.productivity.traditional=0.01", "mechanisms.improved_technique=false",
                  "mechanisms.land=false", "luck.illness_rate=0", "planner.tolerance=1e-5")  # fmt: skip
    config, p = world(*wages_only)
    tax = 0.3
    wages = float(p.wage) * 0.9 ** float(p.wage_elasticity)
    axes = TypeAxes(np.array([0.0]), np.log2(np.array([0.9])), np.array([0.2]))
    pooled_axes = TypeAxes(axes.land, axes.log_skill, axes.other + tax * wages)
    alone = solve(config, p, axes, [])
    pooled = solve(config, p._replace(pool_tax=np.float32(tax)), pooled_axes, [])
    taxed = solve(config, p._replace(pool_tax=np.float32(tax)), axes, [])
    is_common = (alone.money.nodes > 0) & (alone.money.nodes < 2)
    plain, shared, poorer = (
        by_season(each)[:, :, 0, 0, is_common, 1] for each in (alone, pooled, taxed)
    )
    # Less is saved against luck, a little; a tax alone would move savings by ten times as much.
    assert -0.01 < (shared - plain).mean() < -0.001
    assert np.abs(poorer - plain).mean() > 5 * np.abs(shared - plain).mean()
    worth = [
        settle_type(
            config, p._replace(pool_tax=np.float32(t)), Household(0.0, 0.9, other)
        ).solution.value
        for t, other in ((0.0, 0.2), (tax, 0.2 + tax * wages))
    ]
    assert (worth[1] > worth[0])[:, :, 0].mean() > 0.99
