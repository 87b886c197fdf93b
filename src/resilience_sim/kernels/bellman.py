"""The planner: what a household of one type would do, in every state, season and programme phase.

One *type* is a triple of land, skill and other income; knowledge, season and technique are solved
together, for a type's households pass between them. Value and policies live on nodes of assets and
money at hand; the search is nested: given the assets kept and the technique, saving is a one-
dimensional problem that does not depend on the assets held, so it is solved first, then the assets,
then (at planting) the technique. Choices are refined between nodes. Double precision throughout.

Value, for assets k, money at hand m and technique T (design section 2):

    V_s(k, m, T) = max over k', a' (and T' at planting) of u(c) + discount * W_s(k', a', T')
    c = m - a' - cost(k' - k) - outlay_s(T')
    W_s(k', a', T') = E V_{s+1}(survive * keep * k', R(a') a' + income_{s+1}(keep * k', T'), T')

Assets depreciate before they produce; a loss of assets strikes after the period's output.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels.household import labour_share, own_output, year_outlay
from resilience_sim.kernels.vector import kernel, load, load_table, loop_kernel, store

SMALLEST_SURPLUS = 0.05  # lines per year above need, below which utility goes on in a straight line
EVALUATED_CYCLES = 12  # searches between which plans are evaluated; later ones follow each other
CONVERGED, NOT_CONVERGED = 0, 1


class PlannerGrids(NamedTuple):
    """Nodes and precomputed places, shared by all types. Float64 and int32."""

    assets: Any  # (n_assets,)
    money: Any  # (n_money,)
    savings: Any  # (n_savings,), from minus the credit limit
    spend: Any  # (n_spend,) money left once assets are traded
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
        Any  # (2, n_seasons, 3, n_spend, n_savings) utility of spending a node and carrying a node
    )


class Solution(NamedTuple):
    """Arrays of one type; knowledge k in {0, 1}, season s, technique T (chosen at planting, held later)."""

    value: Any  # (2, n_seasons, 3, n_assets, n_money)
    assets: Any  # the same shape: assets kept
    savings: Any  # the same shape: savings carried
    future: Any  # (2, n_seasons, 3, n_assets, n_savings): expected value of what is kept


@kernel
def _bracket(nodes, x):
    """Cell of a sorted grid that holds `x`, and the place within it, not clipped."""
    low, high = 0, nodes.size - 2
    while low < high:
        middle = (low + high + 1) // 2
        if nodes[middle] <= x:
            low = middle
        else:
            high = middle - 1
    return low, (x - nodes[low]) / (nodes[low + 1] - nodes[low])


@loop_kernel
def places(nodes, points):
    """Cells (int32) and places (float64, not clipped) of many points on a grid; both shaped like `points`."""
    flat = points.ravel()
    cells = np.empty(flat.size, np.int32)
    inside = np.empty(flat.size)
    for n in range(flat.size):
        cell, place = _bracket(nodes, flat[n])
        cells[n] = cell
        inside[n] = place
    return cells.reshape(points.shape), inside.reshape(points.shape)


@kernel
def utility(p, consumption, price):
    """Utility of a period's consumption (lines, at a season's price), times the length of the period.

    CRRA in the yearly flow above need; below a small surplus it goes on in a straight line, so that
    hunger stays comparable: more is still better.
    """
    surplus = p.periods_per_year * consumption / price - p.need
    at = max(surplus, SMALLEST_SURPLUS)
    level = math.log(at) if p.crra == 1.0 else at ** (1.0 - p.crra) / (1.0 - p.crra)
    if surplus < SMALLEST_SURPLUS:
        level += SMALLEST_SURPLUS ** (-p.crra) * (surplus - SMALLEST_SURPLUS)
    return level / p.periods_per_year


@loop_kernel
def spending_utility(p, spend, savings, out):
    """Fill `out` (2, n_seasons, 3, n_spend, n_savings): utility of money `spend` less outlay and savings."""
    for known in range(2):
        for season in range(out.shape[1]):
            for technique in range(3):
                outlay = (
                    year_outlay(p, np.int32(technique), np.int32(known)) * p.season_outlay[season]
                )
                for x in range(spend.size):
                    for j in range(savings.size):
                        out[known, season, technique, x, j] = utility(
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
    """
    n_harvest, n_wage = grids.harvest.shape[0], grids.wage.shape[0]
    income = np.empty(n_harvest * n_wage)
    probability = np.empty(n_harvest * n_wage)
    for knowledge in range(2):
        for season in range(out.shape[1]):
            for technique in range(3):
                used = labour_share(p, np.int32(technique))
                for i in range(grids.assets.size):
                    yearly = own_output(
                        p, np.int32(technique), np.int32(knowledge), np.float32(skill),
                        np.float32(p.keep * grids.assets[i] + land),
                    )  # fmt: skip
                    own = yearly * p.season_output[season]
                    wage = wage_skill * (1.0 - used) / p.periods_per_year
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
    year) too.
    """
    n_seasons = income.shape[1]
    for knowledge in range(2):
        for season in range(n_seasons):
            following = (season + 1) % n_seasons
            for technique in range(3):
                for i in range(grids.assets.size):
                    for n in range(grids.luck_share.size):
                        earned = (
                            income[knowledge, following, technique, i, n]
                            + transfer / p.periods_per_year
                        )
                        for j in range(grids.savings.size):
                            saved = grids.savings[j]
                            factor = p.return_save if saved > 0.0 else p.return_borrow
                            cell, place = _bracket(grids.money, saved * factor + earned)
                            cells[knowledge, season, technique, i, n, j] = cell
                            inside[knowledge, season, technique, i, n, j] = min(
                                max(place, 0.0), 1.0
                            )


@kernel
def _bends(nodes, table, bends):
    """Half the curvature of `table` (n_nodes, n) along its rows, on each segment between two nodes.

    The smaller of the two nodes' second differences, and zero where they disagree in sign: reading
    between rows follows a smooth curve without overshooting at a kink.
    """
    n, n_columns = table.shape
    for column in range(n_columns):
        bends[n - 2, column] = 0.0
        bends[n - 1, column] = 0.0
    for r in range(n - 2):  # first the second difference at node r + 1
        width, next_width = nodes[r + 1] - nodes[r], nodes[r + 2] - nodes[r + 1]
        both = width + next_width
        for column in range(n_columns):
            first = (table[r + 1, column] - table[r, column]) / width
            second = (table[r + 2, column] - table[r + 1, column]) / next_width
            bends[r, column] = (second - first) / both
    for back in range(n - 2):  # then, from the top, the smaller of a segment's two
        r = n - 2 - back
        for column in range(n_columns):
            before, here = bends[r - 1, column], bends[r, column]
            smaller = before if abs(before) < abs(here) else here
            bends[r, column] = smaller if before * here > 0.0 else 0.0
    for column in range(n_columns):
        bends[0, column] = 0.0


@kernel
def _between(nodes, table, bends, row, x, cell, place):
    """Table at `x` between rows `row` and `row` + 1, and `place` within columns `cell` and `cell` + 1."""
    low = table[row, cell] + place * (table[row, cell + 1] - table[row, cell])
    high = table[row + 1, cell] + place * (table[row + 1, cell + 1] - table[row + 1, cell])
    bend = bends[row, cell] + place * (bends[row, cell + 1] - bends[row, cell])
    left, right = x - nodes[row], x - nodes[row + 1]
    return low + (high - low) * left / (nodes[row + 1] - nodes[row]) + bend * left * right


@kernel
def _look_ahead(grids, loss, value, bends, mixed):
    """Expected value over the loss of assets: fill `mixed` (n_assets kept, n_money)."""
    _bends(grids.assets, value, bends)
    for i in range(grids.assets.size):
        row, other_row = grids.loss_cell[0, i], grids.loss_cell[1, i]
        left = grids.loss_place[0, i] * (grids.assets[row + 1] - grids.assets[row])
        right = left - (grids.assets[row + 1] - grids.assets[row])
        width = grids.assets[other_row + 1] - grids.assets[other_row]
        other_left = grids.loss_place[1, i] * width
        other_right = other_left - width
        for m in range(grids.money.size):
            whole = value[row, m] + grids.loss_place[0, i] * (value[row + 1, m] - value[row, m])
            whole += bends[row, m] * left * right
            struck = value[other_row, m] + grids.loss_place[1, i] * (
                value[other_row + 1, m] - value[other_row, m]
            )
            struck += bends[other_row, m] * other_left * other_right
            mixed[i, m] = (1.0 - loss) * whole + loss * struck


@kernel
def _expect_income(shares, cells, inside, mixed, future):
    """Expected value over classes of luck: fill `future` (n_assets, n_savings)."""
    n_assets, n_savings = future.shape
    n_luck, n_money = shares.size, mixed.shape[1]
    flat_mixed, flat_future = mixed.ravel(), future.ravel()
    flat_cells, flat_inside = cells.ravel(), inside.ravel()
    for i in range(n_assets):
        row, out = i * n_money, i * n_savings
        for j in range(n_savings):
            future[i, j] = 0.0
        for n in range(n_luck):
            share = shares[n]
            start = (i * n_luck + n) * n_savings
            for j in range(n_savings):
                at = row + load_table(flat_cells, start + j)
                low = load_table(flat_mixed, at)
                got = low + load_table(flat_inside, start + j) * (
                    load_table(flat_mixed, at + 1) - low
                )
                store(flat_future, out + j, load(flat_future, out + j) + share * got)


@kernel
def _foresee_heir(p, grids, future, spare):
    """Mix in the value to the heir, to whom a share of assets and savings passes at succession."""
    hazard = p.succession_hazard
    if hazard <= 0.0:
        return
    n_assets, n_savings = future.shape
    for i in range(n_assets):
        a, f = grids.heir_asset_cell[i], grids.heir_asset_place[i]
        for j in range(n_savings):
            b, g = grids.heir_savings_cell[j], grids.heir_savings_place[j]
            low = future[a, b] + g * (future[a, b + 1] - future[a, b])
            high = future[a + 1, b] + g * (future[a + 1, b + 1] - future[a + 1, b])
            spare[i, j] = low + f * (high - low)
    for i in range(n_assets):
        for j in range(n_savings):
            future[i, j] += hazard * (spare[i, j] - future[i, j])


@kernel
def _best_technique(value, best):
    """Value before the choice of technique at planting: the largest of the three, (n_assets, n_money)."""
    for i in range(best.shape[0]):
        for m in range(best.shape[1]):
            best[i, m] = max(value[0, i, m], max(value[1, i, m], value[2, i, m]))


@kernel
def _new_desk(grids):
    """Arrays that one season's look ahead writes over."""
    n_assets, n_money = grids.assets.size, grids.money.size
    return (
        np.empty((n_assets, n_money)), np.empty((n_assets, n_money)), np.zeros((n_assets, n_money)),
        np.empty((n_assets, n_money)), np.empty((n_assets, grids.savings.size)),
    )  # fmt: skip


@kernel
def _season_future(p, grids, value, season, known, cells, inside, desk, out):
    """Fill `out` (3, n_assets, n_savings): expected value of what is kept in `season`.

    Knowledge that is not used may be forgotten before the next planting; the improved technique
    uses it.
    """
    best, mixture, bends, mixed, spare = desk
    n_seasons = value.shape[1]
    following = (season + 1) % n_seasons
    loss = 1.0 - (1.0 - p.asset_loss) ** (4.0 / p.periods_per_year)
    is_planting = following == 0
    forgets = p.knowledge_loss if (is_planting and known == 1) else 0.0
    if is_planting:
        _best_technique(value[known, 0], best)
        _best_technique(value[0, 0], mixture)
        for i in range(grids.assets.size):
            for m in range(grids.money.size):
                mixture[i, m] = best[i, m] + forgets * (mixture[i, m] - best[i, m])
    for technique in range(3):
        if not is_planting:
            _look_ahead(grids, loss, value[known, following, technique], bends, mixed)
        elif technique == 0:
            _look_ahead(grids, loss, mixture, bends, mixed)
        elif technique == 2 and forgets > 0.0:
            _look_ahead(grids, loss, best, bends, mixed)
        _expect_income(
            grids.luck_share, cells[known, season, technique], inside[known, season, technique],
            mixed, out[technique],
        )  # fmt: skip
        _foresee_heir(p, grids, out[technique], spare)


@kernel
def _save_best(p, grids, flow, price, outlay, future, worth, saved, cell_consumption, cell_utility):
    """Best saving for one row of assets kept: fill `worth` and `saved` (n_spend,).

    `future` (n_savings,) is read as piecewise linear, so within a cell the best consumption is
    where marginal utility equals the discounted slope: one number per cell, and the optimum is
    exact for that reading. The best node never falls as money rises (utility is concave), so the
    search goes on from the last one.
    """
    n_savings = grids.savings.size
    per_year = float(p.periods_per_year)
    for j in range(n_savings - 1):
        slope = p.discount * (future[j + 1] - future[j]) / (grids.savings[j + 1] - grids.savings[j])
        if slope > 0.0:
            surplus = (price * slope) ** (-1.0 / p.crra)
            if surplus > SMALLEST_SURPLUS:
                cell_consumption[j] = (surplus + p.need) * price / per_year
                cell_utility[j] = utility(p, cell_consumption[j], price)
                continue
        cell_consumption[j] = -1.0
    start = 0
    for x in range(grids.spend.size):
        money = grids.spend[x] - outlay
        best = -1e300
        at = start
        for j in range(start, n_savings):
            score = flow[x, j] + p.discount * future[j]
            if score > best:
                best = score
                at = j
        start = at
        choice = grids.savings[at]
        for j in range(max(at - 1, 0), min(at + 1, n_savings - 1)):
            consumption = cell_consumption[j]
            if consumption > 0.0:
                wish = money - consumption
                if grids.savings[j] < wish < grids.savings[j + 1]:
                    place = (wish - grids.savings[j]) / (grids.savings[j + 1] - grids.savings[j])
                    score = cell_utility[j] + p.discount * (
                        future[j] + place * (future[j + 1] - future[j])
                    )
                    if score > best:
                        best = score
                        choice = wish
        worth[x] = best
        saved[x] = choice


@kernel
def _worth_of(p, grids, worth, bends, i, m, row, kept):
    """Worth of keeping `kept`, which lies on segment `row`, for assets node `i` and money node `m`."""
    change = kept - grids.assets[i]
    money = grids.money[m] - (change if change > 0.0 else p.resale * change)
    cell, place = _bracket(grids.spend, money)
    return _between(grids.assets, worth, bends, row, kept, cell, place)


@kernel
def _vertex(x0, x1, x2, y0, y1, y2):
    """Where the parabola through three points is highest; the middle of the wider side where it is not bent."""
    s0 = (y1 - y0) / (x1 - x0)
    s1 = (y2 - y1) / (x2 - x1)
    bend = (s1 - s0) / (x2 - x0)
    if bend >= -1e-300:
        return 0.5 * (x0 + x1) if x1 - x0 > x2 - x1 else 0.5 * (x1 + x2)
    top = 0.5 * (x0 + x1) - 0.5 * s0 / bend
    margin = 0.02 * (x2 - x0)
    return min(max(top, x0 + margin), x2 - margin)


@kernel
def _search_segment(p, grids, worth, bends, i, m, row, left, right):
    """Best place on one segment, and its worth, from the worth at its two nodes: three looks inside."""
    x0, x2 = grids.assets[row], grids.assets[row + 1]
    x1 = 0.5 * (x0 + x2)
    y0, y2 = left, right
    y1 = _worth_of(p, grids, worth, bends, i, m, row, x1)
    for _ in range(2):
        x = _vertex(x0, x1, x2, y0, y1, y2)
        if x == x1:
            x = 0.5 * (x0 + x1)
        y = _worth_of(p, grids, worth, bends, i, m, row, x)
        if x < x1:
            if y > y1:
                x2, y2, x1, y1 = x1, y1, x, y
            else:
                x0, y0 = x, y
        else:
            if y > y1:
                x0, y0, x1, y1 = x1, y1, x, y
            else:
                x2, y2 = x, y
    return x1, y1


@kernel
def _trade_worth(grids, worth, i, kept, m):
    """Worth of keeping node `kept` for assets node `i` and money node `m`."""
    n_assets, n_money = grids.assets.size, grids.money.size
    at = (i * n_assets + kept) * n_money + m
    cell = grids.trade_cell[at]
    low = worth[kept, cell]
    return low + grids.trade_place[at] * (worth[kept, cell + 1] - low)


@kernel
def _keep_best(p, grids, worth, bends, saved, outlay, value, assets, savings, score, choice):
    """Best assets to keep, refined between nodes: fill `value`, `assets`, `savings` (n_assets, n_money)."""
    n_assets, n_money = value.shape
    flat_worth = worth.ravel()
    for i in range(n_assets):
        for m in range(n_money):
            score[m] = -1e300
            choice[m] = 0
        for kept in range(n_assets):
            start = (i * n_assets + kept) * n_money
            first = kept * grids.spend.size
            for m in range(n_money):
                at = first + load_table(grids.trade_cell, start + m)
                low = load_table(flat_worth, at)
                got = low + load_table(grids.trade_place, start + m) * (
                    load_table(flat_worth, at + 1) - low
                )
                best, chosen = load(score, m), load(choice, m)
                is_better = got > best
                store(score, m, got if is_better else best)
                store(choice, m, np.int64(kept) if is_better else chosen)
        for m in range(n_money):
            node = choice[m]
            kept, height = grids.assets[node], score[m]
            if node > 0:
                far = _trade_worth(grids, worth, i, node - 1, m)
                at, got = _search_segment(p, grids, worth, bends, i, m, node - 1, far, score[m])
                if got > height:
                    kept, height = at, got
            if node < n_assets - 1:
                far = _trade_worth(grids, worth, i, node + 1, m)
                at, got = _search_segment(p, grids, worth, bends, i, m, node, score[m], far)
                if got > height:
                    kept, height = at, got
            change = kept - grids.assets[i]
            money = grids.money[m] - (change if change > 0.0 else p.resale * change)
            cell, place = _bracket(grids.spend, money)
            place = min(max(place, 0.0), 1.0)
            row, across = _bracket(grids.assets, kept)
            low = saved[row, cell] + place * (saved[row, cell + 1] - saved[row, cell])
            high = saved[row + 1, cell] + place * (saved[row + 1, cell + 1] - saved[row + 1, cell])
            wish = low + across * (high - low)
            value[i, m] = height
            assets[i, m] = kept
            savings[i, m] = max(min(wish, money - outlay), grids.savings[0])


@loop_kernel
def improve(p, grids, season, known, is_allowed, future, solution):
    """One season's best plans given the expected value `future` of what is kept; fills value and policies."""
    n_assets, n_spend = grids.assets.size, grids.spend.size
    worth, saved = np.empty((n_assets, n_spend)), np.empty((n_assets, n_spend))
    cell_consumption, cell_utility = np.empty(grids.savings.size), np.empty(grids.savings.size)
    score, choice = np.empty(grids.money.size), np.empty(grids.money.size, np.int64)
    bends = np.zeros((n_assets, n_spend))
    price = p.season_price[season]
    for technique in range(3):
        if not is_allowed[technique]:
            solution.value[known, season, technique, :, :] = -1e12
            continue
        outlay = year_outlay(p, np.int32(technique), np.int32(known)) * p.season_outlay[season]
        for kept in range(n_assets):
            _save_best(
                p, grids, grids.flow[known, season, technique], price, outlay, future[technique,
                kept], worth[kept], saved[kept], cell_consumption, cell_utility,
            )  # fmt: skip
        _bends(grids.assets, worth, bends)
        _keep_best(
            p, grids, worth, bends, saved, outlay, solution.value[known, season, technique],
            solution.assets[known, season, technique], solution.savings[known, season, technique],
            score, choice,
        )  # fmt: skip


@loop_kernel
def evaluate(p, grids, season, known, is_allowed, future, solution, cache):
    """Value of the stored plans of one season (a Howard step); fills value.

    `cache` is a tuple of arrays shaped like the policies: utility, and the place of each plan in
    `future`.
    """
    flow, row, cell, place = cache
    bends = np.zeros((grids.assets.size, grids.savings.size))
    for technique in range(3):
        if not is_allowed[technique]:
            continue
        ahead = future[technique]
        _bends(grids.assets, ahead, bends)
        for i in range(grids.assets.size):
            for m in range(grids.money.size):
                at = (known, season, technique, i, m)
                ahead_value = _between(
                    grids.assets, ahead, bends, row[at], solution.assets[at], cell[at], place[at]
                )
                solution.value[at] = flow[at] + p.discount * ahead_value


@loop_kernel
def remember(p, grids, is_allowed, solution, cache):
    """Fill the cache of `evaluate` from the stored plans."""
    flow, row, cell, place = cache
    for known in range(2):
        for season in range(solution.value.shape[1]):
            price = p.season_price[season]
            for technique in range(3):
                if not is_allowed[technique]:
                    continue
                outlay = (
                    year_outlay(p, np.int32(technique), np.int32(known)) * p.season_outlay[season]
                )
                for i in range(grids.assets.size):
                    for m in range(grids.money.size):
                        at = (known, season, technique, i, m)
                        change = solution.assets[at] - grids.assets[i]
                        cost = change if change > 0.0 else p.resale * change
                        consumption = grids.money[m] - solution.savings[at] - cost - outlay
                        flow[at] = utility(p, consumption, price)
                        row[at], _ = _bracket(grids.assets, solution.assets[at])
                        cell[at], place[at] = _bracket(grids.savings, solution.savings[at])


@loop_kernel
def solve_type(
    p,
    grids,
    cells,
    inside,
    is_allowed,
    end_hazard,
    end_future,
    tolerance,
    max_years,
    howard,
    solution,
):
    """Solve one type for a lasting phase: cycles of a year until values stop moving.

    `cells`, `inside` come from `money_places`. With `end_hazard` > 0 the phase ends each period
    with that probability, and what is kept is then worth `end_future` (shaped like
    `solution.future`). Each cycle improves all seasons once and then evaluates the plans over
    `howard` years. Returns status, cycles, and the last relative change of value, a mean over
    states.
    """
    n_seasons = solution.value.shape[1]
    shape = solution.value.shape
    flow, place = np.empty(shape), np.empty(shape)
    row, cell = np.empty(shape, np.int32), np.empty(shape, np.int32)
    cache = (flow, row, cell, place)
    n_assets, n_money, n_savings = grids.assets.size, grids.money.size, grids.savings.size
    desk = _new_desk(grids)
    before = solution.value[:, 0].copy()
    change = 1e300
    years = 0
    cycle = 0
    while years < max_years:
        # Searching weighs plans by what trading leaves, evaluating spends them out; where the two
        # differ (people who cannot cover their need hardly care when they go hungry) plain
        # iteration settles them.
        steps = howard + 1 if cycle < EVALUATED_CYCLES else 1
        years += steps
        cycle += 1
        for step in range(steps):
            for back in range(n_seasons):
                season = n_seasons - 1 - back
                for known in (1, 0):  # a year of one season reads value[0] for both
                    future = solution.future[known, season]
                    _season_future(
                        p, grids, solution.value, season, known, cells, inside, desk, future
                    )
                    if end_hazard > 0.0:
                        for technique in range(3):
                            for i in range(n_assets):
                                for j in range(n_savings):
                                    future[technique, i, j] += end_hazard * (
                                        end_future[known, season, technique, i, j]
                                        - future[technique, i, j]
                                    )
                    if step == 0:
                        improve(p, grids, season, known, is_allowed, future, solution)
                    else:
                        evaluate(p, grids, season, known, is_allowed, future, solution, cache)
            if step == 0:
                change, shift, n_states = 0.0, 0.0, 0
                for known in range(2):
                    for technique in range(3):
                        if is_allowed[technique]:
                            for i in range(n_assets):
                                for m in range(n_money):
                                    new = solution.value[known, 0, technique, i, m]
                                    old = before[known, technique, i, m]
                                    change += abs(new - old) / (1.0 + abs(new))
                                    shift += new - old
                                    n_states += 1
                                    before[known, technique, i, m] = new
                change /= n_states
                if change < tolerance:
                    return CONVERGED, cycle, change
                if 1 < cycle < EVALUATED_CYCLES:
                    # What all states still have to go is common to them and known: the geometric
                    # tail of their mean change (MacQueen 1966). Adding it leaves plans alone and
                    # saves cycles.
                    carry = (p.discount * (1.0 - end_hazard)) ** (n_seasons * steps)
                    ahead = carry / (1.0 - carry) * shift / n_states
                    solution.value[:] += ahead
                    before[:] += ahead
                remember(p, grids, is_allowed, solution, cache)
    return NOT_CONVERGED, cycle, change


@loop_kernel
def step_back(
    p, grids, cells, inside, season, known, is_allowed, after, ends, end_future, solution
):
    """One period of a phase with a known end: plans of `season` given next period's values `after`.

    `after` is a Solution whose value belongs to the following season; when `ends`, what is kept is
    worth `end_future` (3, n_assets, n_savings) instead. Fills value, policies and future of
    `season` in `solution`.
    """
    desk = _new_desk(grids)
    future = solution.future[known, season]
    if ends:
        future[:] = end_future
    else:
        _season_future(p, grids, after.value, season, known, cells, inside, desk, future)
    improve(p, grids, season, known, is_allowed, future, solution)


@loop_kernel
def escape_probability(p, grids, cells, inside, years, solution, out):
    """Chance to live by the improved technique above the line `years` on; fill `out` (2, n_assets, n_money).

    Judged at planting, before the technique is chosen, under the stored plans, by carrying the
    indicator back through the plans' own transitions (no draws). Consumption above the line means
    more than the period's share of it, at the season's price.
    """
    n_seasons = solution.value.shape[1]
    shape = solution.value.shape
    chance = Solution(
        np.zeros(shape), solution.assets, solution.savings, np.empty(solution.future.shape)
    )
    n_assets, n_money = grids.assets.size, grids.money.size
    desk = _new_desk(grids)
    bends = np.zeros(chance.future.shape[2:])
    for year in range(years + 1):
        for back in range(n_seasons):
            season = n_seasons - 1 - back
            if year == 0 and season > 0:
                continue
            for known in (1, 0):  # a year of one season reads value[0] for both
                future = chance.future[known, season]
                if year > 0:
                    _season_future(
                        p, grids, chance.value, season, known, cells, inside, desk, future
                    )
                    for technique in range(3):
                        _bends(grids.assets, future[technique], bends[technique])
                for i in range(n_assets):
                    for m in range(n_money):
                        first, last = 0, 3
                        if season == 0:  # the technique that would be chosen here
                            for technique in range(1, 3):
                                here = solution.value[known, 0, technique, i, m]
                                if here > solution.value[known, 0, first, i, m]:
                                    first = technique
                            last = first + 1
                        for technique in range(first, last):
                            at = (known, season, technique, i, m)
                            if year == 0:
                                outlay = (
                                    year_outlay(p, np.int32(technique), np.int32(known))
                                    * p.season_outlay[0]
                                )
                                change = solution.assets[at] - grids.assets[i]
                                cost = change if change > 0.0 else p.resale * change
                                eaten = grids.money[m] - solution.savings[at] - cost - outlay
                                is_above = eaten * p.periods_per_year / p.season_price[0] > 1.0
                                got = 1.0 if (technique == 2 and is_above) else 0.0
                            else:
                                row, _ = _bracket(grids.assets, solution.assets[at])
                                cell, place = _bracket(grids.savings, solution.savings[at])
                                got = _between(
                                    grids.assets, future[technique], bends[technique], row,
                                    solution.assets[at], cell, place,
                                )  # fmt: skip
                                got = min(max(got, 0.0), 1.0)
                            if season == 0:
                                for each in range(3):
                                    chance.value[known, 0, each, i, m] = got
                            else:
                                chance.value[at] = got
    for known in range(2):
        for i in range(n_assets):
            for m in range(n_money):
                out[known, i, m] = chance.value[known, 0, 0, i, m]


@kernel
def _read(table, row, across, cell, place):
    low = table[row, cell] + place * (table[row, cell + 1] - table[row, cell])
    high = table[row + 1, cell] + place * (table[row + 1, cell + 1] - table[row + 1, cell])
    return low + across * (high - low)


@loop_kernel
def luckless_rest(p, grids, land, skill, other, wage_skill, known, years, starts, solution, out):
    """Where a type comes to rest when luck is always ordinary; fill `out` (n_starts, 4).

    `starts` (n_starts, 2) are assets and money at planting. Ordinary luck is the mean of every
    draw. Columns of `out`: assets, money, consumption (lines per year) and technique at the last
    planting.
    """
    n_seasons = solution.value.shape[1]
    mean_harvest = (grids.harvest[:, 0] * grids.harvest[:, 1]).sum()
    mean_wage = (grids.wage[:, 0] * grids.wage[:, 2]).sum()
    mean_bill = (grids.wage[:, 1] * grids.wage[:, 2]).sum()
    loss = 1.0 - (1.0 - p.asset_loss) ** (4.0 / p.periods_per_year)
    for n in range(starts.shape[0]):
        assets, money = starts[n, 0], starts[n, 1]
        technique = 0
        for _ in range(years):
            eaten = 0.0
            for season in range(n_seasons):
                row, across = _bracket(grids.assets, assets)
                cell, place = _bracket(grids.money, money)
                across, place = min(max(across, 0.0), 1.0), min(max(place, 0.0), 1.0)
                if season == 0:
                    out[n, 0], out[n, 1] = assets, money
                    best = -1e300
                    for each in range(3):
                        worth = _read(solution.value[known, 0, each], row, across, cell, place)
                        if worth > best:
                            best = worth
                            technique = each
                kept = _read(solution.assets[known, season, technique], row, across, cell, place)
                carried = _read(
                    solution.savings[known, season, technique], row, across, cell, place
                )
                outlay = (
                    year_outlay(p, np.int32(technique), np.int32(known)) * p.season_outlay[season]
                )
                change = kept - assets
                cost = change if change > 0.0 else p.resale * change
                eaten += money - carried - cost - outlay
                own = own_output(
                    p, np.int32(technique), np.int32(known), np.float32(skill),
                    np.float32(p.keep * kept + land),
                )  # fmt: skip
                factor = p.return_save if carried > 0.0 else p.return_borrow
                used = labour_share(p, np.int32(technique))
                money = (
                    carried * factor
                    + own * p.season_output[(season + 1) % n_seasons] * mean_harvest
                    + wage_skill * (1.0 - used) / p.periods_per_year * mean_wage
                    - mean_bill
                    + other / p.periods_per_year
                )
                assets = p.keep * kept * (1.0 - loss * p.asset_loss_share)
            out[n, 2], out[n, 3] = eaten, technique
