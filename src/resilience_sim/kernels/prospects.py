"""What a planner faces: nodes, utility, the income of a period by classes of luck, and money that comes of it.

One *type* is a triple of land, skill and other income; knowledge, season and technique are solved
together, for a type's households pass between them. Value and policies live on nodes of assets and
money at hand. Tables are in single precision; incomes are gathered in double. Assets depreciate
before they produce; a loss of assets strikes after the period's output.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels.curves import place_of
from resilience_sim.kernels.elementary import exp2, log2
from resilience_sim.kernels.household import labour_share, own_output, year_outlay
from resilience_sim.kernels.primitives import N_TECHNIQUES
from resilience_sim.kernels.skill import score_of, skill_of
from resilience_sim.kernels.vector import at_hand, flat, kernel, load_table, loop_kernel, store

f4, i4 = np.float32, np.int32
_ZERO, _ONE = f4(0.0), f4(1.0)
SMALLEST_SURPLUS = f4(
    0.05
)  # lines per year above need, below which utility goes on in a straight line
_LOG2_SMALLEST = f4(math.log2(0.05))
_LN_2 = f4(math.log(2.0))


class PlannerGrids(NamedTuple):
    """Nodes and precomputed places, shared by all types of a world. Float32 and int32."""

    assets: Any  # Nodes
    money: Any
    savings: Any  # from minus the credit limit
    spend: Any  # money left once assets are traded
    states: Any  # Sheet of tables of assets and money
    choices: Any  # of assets and savings
    spending: Any  # of assets and spend
    trade_cell: (
        Any  # (n_assets now * n_assets kept * n_money,) int16: money less the trade on `spend`
    )
    trade_place: Any  # the same shape, may lie outside [0, 1] at the ends
    loss: Any  # probability that assets are lost in a period
    loss_cell: Any  # (2, n_assets): assets next period without and with a loss
    loss_place: Any
    heir_asset_cell: Any  # (n_assets,): assets of the heir
    heir_asset_place: Any
    heir_savings_at: (
        Any  # (n_assets * n_savings,): the heir's savings, index in a flat table of choices
    )
    heir_savings_place: Any
    harvest: Any  # (n_harvest, 2) float64: factor and probability of a period's own output
    wage: Any  # (n_wage, 3) float64: factor, bill (lines) and probability of a period's wages
    luck_share: (
        Any  # (n_luck,) float64: probabilities of the classes into which income luck is gathered
    )
    flow: (
        Any  # (2, n_seasons, 3, n_savings, n_spend) utility of spending a node and carrying a node
    )


class Solution(NamedTuple):
    """Arrays of one type; knowledge k in {0, 1}, season s, technique T (chosen at planting, held later)."""

    value: Any  # (2, n_seasons, 3, n_assets, n_money)
    assets: Any  # the same shape: assets kept
    savings: Any  # the same shape: savings carried
    future: Any  # (2, n_seasons, 3, n_assets, n_savings): expected value of what is kept


def blank_solution(grids: PlannerGrids) -> Solution:
    """A solution of zeros."""
    shape = (2, grids.flow.shape[1], N_TECHNIQUES, grids.assets.at.size)
    value, assets, savings = (np.zeros((*shape, grids.money.at.size), f4) for _ in range(3))
    return Solution(value, assets, savings, np.zeros((*shape, grids.savings.at.size), f4))


@kernel
def utility(p, consumption, price):
    """Utility of a period's consumption (lines, at a season's price), times the length of the period.

    CRRA in the yearly flow above need; below a small surplus it goes on in a straight line, so that
    hunger stays comparable: more is still better.
    """
    return utility_above(p, f4(p.periods_per_year) * consumption / price - p.need)


@kernel
def utility_above(p, surplus):
    """Utility of a period by what is eaten above need, in lines per year."""
    level = utility_of_surplus(p.crra, log2(max(surplus, SMALLEST_SURPLUS)))
    short = min(surplus - SMALLEST_SURPLUS, _ZERO)
    return (level + hungry_slope(p.crra) * short) / f4(p.periods_per_year)


@kernel
def utility_of_surplus(crra, log_surplus):
    """CRRA utility by the log2 of what there is above need."""
    power = exp2((_ONE - crra) * log_surplus) / (_ONE - crra)
    return _LN_2 * log_surplus if crra == _ONE else power


@kernel
def hungry_slope(crra):
    """Marginal utility at the smallest surplus and below."""
    return exp2(-crra * _LOG2_SMALLEST)


@loop_kernel
def spending_utility(p, spend, savings, out):
    """Fill `out` (2, n_seasons, 3, n_savings, n_spend): utility of money `spend` less outlay and savings."""
    for known in range(2):
        for season in range(out.shape[1]):
            price = p.season_price[season]
            for technique in range(3):
                outlay = year_outlay(p, i4(technique), i4(known)) * p.season_outlay[season]
                for j in range(savings.size):
                    for x in range(spend.size):
                        left = spend[x] - outlay - savings[j]
                        out[known, season, technique, j, x] = utility(p, left, price)


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
                for i in range(grids.assets.at.size):
                    yearly = own_output(
                        p, np.int32(technique), np.int32(knowledge), np.float32(skill),
                        np.float32(p.keep * grids.assets.at[i] + land),
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
    grown = np.empty(grids.savings.at.size, f4)
    _place_money(p, grids, income, transfer, grown, flat(cells), flat(inside))


@loop_kernel
def _place_money(p, grids, income, transfer, grown, cells, inside):
    """The same, all flat; `grown` (n_savings,) is written over."""
    n_seasons, n_savings = income.shape[1], grown.size
    money = at_hand(grids.money)
    for j in range(n_savings):
        saved = grids.savings.at[j]
        arrears = min(saved + p.credit_limit, _ZERO)
        grown[j] = (saved - arrears) * (
            p.return_save if saved > _ZERO else p.return_borrow
        ) + arrears
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
                        earned = f4(
                            income[knowledge, following, technique, i, n]
                            + transfer / p.periods_per_year
                        )
                        at = ((first + i) * n_luck + n) * n_savings
                        for j in range(n_savings):
                            cell, place = place_of(money, load_table(grown, j) + earned)
                            store(cells, at + j, np.int16(cell))
                            store(inside, at + j, min(max(place, _ZERO), _ONE))


@loop_kernel
def heirs_log_skill(p, land, log_skill, luck, out):
    """Log2 skill of heirs of parents at nodes `log_skill`, by normal luck: fill `out` (n_skill, n_luck)."""
    table = p.skill_at[land]
    for h in range(log_skill.size):
        score = p.skill_persistence * score_of(table, np.float32(log_skill[h]))
        for n in range(luck.size):
            out[h, n] = skill_of(table, score + p.skill_luck[land] * np.float32(luck[n]))
