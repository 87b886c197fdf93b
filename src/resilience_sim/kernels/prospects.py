"""What a planner faces: nodes, utility, the income of a period by classes of luck, and money that comes of it.

One *type* is a triple of land, skill and other income; knowledge, season and technique are solved
together, for a type's households pass between them. Value and policies live on nodes of assets and
money at hand. Double precision throughout. Assets depreciate before they produce; a loss of assets
strikes after the period's output.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels.curves import bent_bracket, fused
from resilience_sim.kernels.elementary import exp2_double, log2_double
from resilience_sim.kernels.household import labour_share, own_output, year_outlay
from resilience_sim.kernels.skill import score_of, skill_of
from resilience_sim.kernels.vector import kernel, load_table, loop_kernel, store

SMALLEST_SURPLUS = 0.05  # lines per year above need, below which utility goes on in a straight line
_LOG2_SMALLEST = math.log2(SMALLEST_SURPLUS)
_LN_2 = math.log(2.0)
f4, i4 = np.float32, np.int32


class PlannerGrids(NamedTuple):
    """Nodes and precomputed places, shared by all types. Float64 and int32."""

    assets: Any  # (n_assets,)
    money: Any  # (n_money,)
    savings: Any  # (n_savings,), from minus the credit limit
    spend: Any  # (n_spend,) money left once assets are traded
    money_bend: Any  # Bend of `money`
    spend_bend: Any  # Bend of `spend`
    trade_cell: (
        Any  # (n_assets now * n_assets kept * n_money,) int32: money less the trade on `spend`
    )
    trade_place: Any  # the same shape, float64, may lie outside [0, 1] at the ends
    loss_cell: Any  # (2, n_assets) int32: assets next period without and with a loss
    loss_place: Any  # (2, n_assets)
    heir_asset_cell: Any  # (n_assets,) int32: assets of the heir
    heir_asset_place: Any
    heir_savings_cell: Any  # (n_savings,) int32
    heir_savings_place: Any
    harvest: Any  # (n_harvest, 2) factor and probability of a period's own output
    wage: Any  # (n_wage, 3) factor, bill (lines) and probability of a period's wages
    luck_share: Any  # (n_luck,) probabilities of the classes into which income luck is gathered
    flow: (
        Any  # (2, n_seasons, 3, n_savings, n_spend) utility of spending a node and carrying a node
    )


class Solution(NamedTuple):
    """Arrays of one type; knowledge k in {0, 1}, season s, technique T (chosen at planting, held later)."""

    value: Any  # (2, n_seasons, 3, n_assets, n_money)
    assets: Any  # the same shape: assets kept
    savings: Any  # the same shape: savings carried
    future: Any  # (2, n_seasons, 3, n_assets, n_savings): expected value of what is kept


@kernel
def utility(p, consumption, price):
    """Utility of a period's consumption (lines, at a season's price), times the length of the period.

    CRRA in the yearly flow above need; below a small surplus it goes on in a straight line, so that
    hunger stays comparable: more is still better.
    """
    surplus = p.periods_per_year * consumption / price - p.need
    at = max(surplus, SMALLEST_SURPLUS)
    level = utility_of_surplus(float(p.crra), log2_double(at))
    short = min(surplus - SMALLEST_SURPLUS, 0.0)
    return fused(hungry_slope(float(p.crra)), short, level) / p.periods_per_year


@kernel
def utility_of_surplus(crra, log_surplus):
    """CRRA utility by the log2 of what there is above need."""
    if crra == 1.0:
        return _LN_2 * log_surplus
    return exp2_double((1.0 - crra) * log_surplus) / (1.0 - crra)


@kernel
def hungry_slope(crra):
    """Marginal utility at the smallest surplus and below."""
    return exp2_double(-crra * _LOG2_SMALLEST)


@loop_kernel
def spending_utility(p, spend, savings, out):
    """Fill `out` (2, n_seasons, 3, n_savings, n_spend): utility of money `spend` less outlay and savings."""
    for known in range(2):
        for season in range(out.shape[1]):
            for technique in range(3):
                outlay = (
                    year_outlay(p, np.int32(technique), np.int32(known)) * p.season_outlay[season]
                )
                for j in range(savings.size):
                    for x in range(spend.size):
                        out[known, season, technique, j, x] = utility(
                            p, spend[x] - outlay - savings[j], p.season_price[season]
                        )


@kernel
def _gather_classes(income, probability, shares, out):
    """Means of income within classes of given probability, from the poorest luck up; the mean is kept."""
    order = np.argsort(income)
    n = 0
    left = probability[order[0]]
    for c in range(shares.size):
        want = shares[c]
        total = 0.0
        got = 0.0
        while want > 1e-12 and n < order.size:
            take = min(left, want)
            total += take * income[order[n]]
            got += take
            want -= take
            left -= take
            if left <= 1e-12:
                n += 1
                if n < order.size:
                    left = probability[order[n]]
        out[c] = total / got if got > 0.0 else income[order[order.size - 1]]


@loop_kernel
def income_classes(p, grids, land, skill, other, wage_skill, out):
    """Fill `out` (2, n_seasons, 3, n_assets, n_luck): a period's money income by class of luck, in lines.

    The season is that of the period in which the income comes in; the assets are those kept before.
    What the village's pool takes of earnings is taken off; what it gives back is in `other`.
    """
    n_harvest, n_wage = grids.harvest.shape[0], grids.wage.shape[0]
    income = np.empty(n_harvest * n_wage)
    probability = np.empty(n_harvest * n_wage)
    left = 1.0 - p.pool_tax
    for knowledge in range(2):
        for season in range(out.shape[1]):
            for technique in range(3):
                used = labour_share(p, np.int32(technique))
                for i in range(grids.assets.size):
                    yearly = own_output(
                        p, np.int32(technique), np.int32(knowledge), np.float32(skill),
                        np.float32(p.keep * grids.assets[i] + land),
                    )  # fmt: skip
                    own = left * (yearly * p.season_output[season])
                    wage = left * (wage_skill * (1.0 - used) / p.periods_per_year)
                    n = 0
                    for h in range(n_harvest):
                        for w in range(n_wage):
                            income[n] = (
                                own * grids.harvest[h, 0]
                                + wage * grids.wage[w, 0]
                                - grids.wage[w, 1]
                                + other / p.periods_per_year
                            )
                            probability[n] = grids.harvest[h, 1] * grids.wage[w, 2]
                            n += 1
                    _gather_classes(
                        income, probability, grids.luck_share, out[knowledge, season, technique, i]
                    )


@loop_kernel
def money_places(p, grids, income, transfer, cells, inside):
    """Where money lands next period: fill `cells` and `inside` (2, n_seasons, 3, n_assets, n_luck, n_savings).

    The season is that of the choice; the income comes in one season later, a transfer (lines per
    year) too. Debt beyond the credit limit is arrears, which bear no interest. What knowledge makes
    no difference to is filled without knowledge alone, what assets make none to (no own work) for
    the first node of assets alone; `foresight` reads it so.
    """
    n_seasons, n_savings = income.shape[1], grids.savings.size
    flat_cells, flat_inside = cells.ravel(), inside.ravel()
    factor, arrears = np.empty(n_savings), np.empty(n_savings)
    for j in range(n_savings):
        factor[j] = p.return_save if grids.savings[j] > 0.0 else p.return_borrow
        arrears[j] = min(grids.savings[j] + p.credit_limit, 0.0)
    _, _, n_techniques, n_assets, n_luck = income.shape
    for knowledge in range(2):
        for season in range(n_seasons):
            following = (season + 1) % n_seasons
            for technique in range(n_techniques):
                if knowledge > 0 and technique < 2:
                    continue
                for i in range(n_assets if technique > 0 else 1):
                    first = ((knowledge * n_seasons + season) * n_techniques + technique) * n_assets
                    for n in range(n_luck):
                        earned = (
                            income[knowledge, following, technique, i, n]
                            + transfer / p.periods_per_year
                        )
                        at = ((first + i) * n_luck + n) * n_savings
                        for j in range(n_savings):
                            beyond = load_table(arrears, j)
                            owned = load_table(grids.savings, j) - beyond
                            money = fused(owned, load_table(factor, j), earned) + beyond
                            cell, place = bent_bracket(grids.money_bend, grids.money, money)
                            store(flat_cells, at + j, np.int16(cell))
                            store(flat_inside, at + j, f4(min(max(place, 0.0), 1.0)))


@loop_kernel
def heirs_log_skill(p, land, log_skill, luck, out):
    """Log2 skill of heirs of parents at nodes `log_skill`, by normal luck: fill `out` (n_skill, n_luck)."""
    table = p.skill_at[land]
    for h in range(log_skill.size):
        score = p.skill_persistence * score_of(table, np.float32(log_skill[h]))
        for n in range(luck.size):
            out[h, n] = skill_of(table, score + p.skill_luck[land] * np.float32(luck[n]))
