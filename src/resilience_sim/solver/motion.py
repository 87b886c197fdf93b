"""Asset motion: where ordinary luck takes the assets of one planner type."""

from collections.abc import Sequence

import numpy as np

from resilience_sim.config import Config
from resilience_sim.kernels import escape
from resilience_sim.kernels.primitives import Primitives
from resilience_sim.kernels.prospects import PlannerGrids, Solution, blank_solution
from resilience_sim.model import yearly_wages
from resilience_sim.solver.grids import planner_grids
from resilience_sim.solver.policies import Policies

Cell = tuple[int, int, int, int]
"""Where a type stands on the axes of `Policies`: land, mind, skill, other income."""


def luckless_motion(
    config: Config,
    p: Primitives,
    policies: Policies,
    cell: Cell,
    money: float,
    years: Sequence[int],
) -> np.ndarray:
    """Assets some years on, by assets now, without programmes and when luck is always ordinary.

    Parameters
    ----------
    config, p
        Those that `policies` were solved with.
    policies
        Plans of every type.
    cell
        The type: places on land, mind, skill and other income.
    money
        At hand at the first planting, lines.
    years
        How far to look.

    Returns
    -------
    Assets at planting, lines, shape (years, n_assets); the first axis in the order of `years`, the
    second that of the nodes of assets.
    """
    land, mind, skill, other = cell
    grids = planner_grids(config, p, float(policies.money.nodes[0]))
    solution = _plans_of(policies, cell, grids)
    ability = float(2.0 ** policies.axes.log_skill[skill])
    place = float(policies.axes.land[land]), ability, float(policies.axes.other[other])
    wages = float(yearly_wages(p, np.asarray(ability)))
    assets = np.asarray(policies.assets.nodes, np.float64)
    starts = np.column_stack([assets, np.full(assets.size, money)])
    later, out = np.empty((len(years), assets.size)), np.empty((assets.size, 4))
    for i, year in enumerate(years):
        # What the kernel tells of a year stands at its planting, so that a year more is lived.
        escape.luckless_rest(p, grids, *place, wages, mind % 2, year + 1, starts, solution, out)
        later[i] = out[:, 0]
    return later


def _plans_of(policies: Policies, cell: Cell, grids: PlannerGrids) -> Solution:
    """Plans without programmes of one type, in the form in which they were solved."""
    land, mind, skill, other = cell
    known = mind % 2
    solution = blank_solution(grids)
    better = policies.choice[policies.base_slots[0], land, mind, skill, other]
    solution.value[known, 0, 0] = 0.0
    solution.value[known, 0, 1:] = np.moveaxis(better, -1, 0)
    for season, slot in enumerate(policies.base_slots):
        plans = policies.plans[slot, land, mind, skill, other]
        solution.assets[known, season] = plans[..., 0]
        solution.savings[known, season] = plans[..., 1]
    return solution
