"""The rule of thumb: a cheap alternative to the planner, and a robustness check.

A household consumes its ordinary income, and a fixed share of what it holds beyond a buffer, as in
the buffer-stock rule that Deaton (1992, "Household saving in LDCs") and Allen and Carroll (2001)
propose as an approximation to optimal saving; half of what then remains goes into assets where they
earn more than they cost. It plants the technique with the largest net income at its assets that it
can pay for.
"""

import numpy as np

from resilience_sim.kernels.household import labour_share, own_output, year_outlay
from resilience_sim.kernels.vector import kernel, loop_kernel

CONSUMED_SHARE = 0.3  # of money beyond ordinary income and buffer
INVESTED_SHARE = 0.5  # of money beyond consumption and buffer
REQUIRED_RETURN = 0.25  # yearly, at which assets are bought


@kernel
def _net_income(p, technique, known, skill, assets, land, wages, other):
    """A year's income net of outlay at ordinary luck, after what the village's pool takes of earnings."""
    left = np.float32(1.0) - p.pool_tax
    own = own_output(
        p, np.int32(technique), np.int32(known), left * np.float32(skill), np.float32(assets + land)
    )
    outlay = year_outlay(p, np.int32(technique), np.int32(known))
    free = 1.0 - labour_share(p, np.int32(technique))
    return own - outlay + (left * wages) * free + other


@loop_kernel
def rule_of_thumb_plans(p, grids, land, skill, other, wages, is_allowed, buffer_months, solution):
    """Fill the plans of one type, and its value with 1 for the technique planted and 0 for the others.

    `p` is the world as the household believes it to be.
    """
    n_seasons = solution.value.shape[1]
    for known in range(2):
        for i in range(grids.assets.at.size):
            assets = float(grids.assets.at[i])
            for season in range(n_seasons):
                for m in range(grids.money.at.size):
                    planted, most = 0, -1e300
                    for technique in range(3):
                        outlay = (
                            year_outlay(p, np.int32(technique), np.int32(known))
                            * p.season_outlay[season]
                        )
                        money = float(grids.money.at[m]) - outlay
                        net = _net_income(p, technique, known, skill, assets, land, wages, other)
                        is_payable = technique == 0 or money >= p.need / p.periods_per_year
                        if is_allowed[technique] and is_payable and net > most:
                            planted, most = technique, net
                        ordinary = net / p.periods_per_year
                        buffer = buffer_months / 12.0 * net
                        beyond = max(money - ordinary - buffer, 0.0)
                        eaten = min(money, ordinary) + CONSUMED_SHARE * beyond
                        more = _net_income(
                            p, technique, known, skill, assets + 0.1, land, wages, other
                        )
                        is_worth = (more - net) / 0.1 > REQUIRED_RETURN
                        rest = max(money - eaten - buffer, 0.0)
                        bought = INVESTED_SHARE * rest if is_worth else 0.0
                        hungry = max(p.need / p.periods_per_year - eaten, 0.0)
                        sold = min(hungry / p.resale, assets) if bought == 0.0 else 0.0
                        eaten += sold * p.resale
                        solution.assets[known, season, technique, i, m] = assets + bought - sold
                        rest = money - eaten - bought + sold * p.resale
                        solution.savings[known, season, technique, i, m] = min(
                            max(rest, grids.savings.at[0]),
                            grids.savings.at[grids.savings.at.size - 1],
                        )
                        solution.value[known, season, technique, i, m] = 0.0
                    solution.value[known, season, planted, i, m] = 1.0
