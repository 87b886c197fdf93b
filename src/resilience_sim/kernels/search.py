"""The best plans of one season, given what is kept is worth: first savings, then assets, for each technique.

Given the assets kept and the technique, saving is a one-dimensional problem that does not depend on
the assets held, so it is solved first, then the assets, then (at planting) the technique. Choices
are refined between nodes. Loops over money and what is spent vectorise: no branch, no search.
"""

from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels.curves import between, curvature, curvature_along, place_of
from resilience_sim.kernels.elementary import exp2, log2
from resilience_sim.kernels.household import year_outlay
from resilience_sim.kernels.lanes import LOOKUP
from resilience_sim.kernels.lookups import highest_lines, highest_sums
from resilience_sim.kernels.prospects import SMALLEST_SURPLUS, utility_of_surplus
from resilience_sim.kernels.vector import (
    abreast,
    at_hand,
    flat,
    fused,
    kernel,
    load,
    load_table,
    loop_kernel,
    put,
    store,
)

f4, i4 = np.float32, np.int32
_ZERO, _HALF, _ONE, _TWO = f4(0.0), f4(0.5), f4(1.0), f4(2.0)
_FLAT = f4(1e-12)  # utility per line; a flatter future is not worth a thought
_LOWEST = f4(-1e20)  # worth of what cannot be


class Bench(NamedTuple):
    """Arrays that one search writes over. Float32 unless said otherwise; tables are flat."""

    worth: Any  # of keeping a node of assets and spending a node, at the best saving
    rises: Any  # from a node of spend to the next; the same shape
    saved: Any  # (n_assets * n_spend,) that saving
    bends: Any  # the same shape
    side_bends: Any  # the same shape
    best: Any  # (n_spend,)
    node: Any  # (n_spend,) int32
    carried: Any  # (n_spend,)
    ahead: Any  # (n_savings,)
    rise: Any  # (n_savings,) of what is kept, from a node of savings to the next
    curve: Any  # (n_savings,) how it bends there
    wanted: (
        Any  # (2, n_savings) surplus at which a line more is as well eaten, at both ends of a cell
    )
    curves: Any  # (n_assets, n_savings)
    score: Any  # (n_assets, n_money) worth of the best node of assets to keep
    choice: Any  # the same shape, int32, that node
    kept: Any  # (n_assets * n_money,)
    held: Any  # the same shape: assets in a state
    money: Any  # the same shape: money there
    trades: Any  # the same shape, int32, where trades of that state begin among all
    assets: Any  # (2, 3, n_assets, n_money), what the search finds
    savings: Any  # the same shape


@loop_kernel
def new_bench(grids):
    """An empty bench."""
    n_assets, n_spend = grids.assets.at.size, grids.spend.at.size
    n_savings, n_money = grids.savings.at.size, grids.money.at.size
    size, states = n_assets * n_spend, (2, 3, n_assets, n_money)
    held, money = np.empty(n_assets * n_money, f4), np.empty(n_assets * n_money, f4)
    trades = np.empty(n_assets * n_money, i4)
    for i in range(n_assets):
        for m in range(n_money):
            n = i * n_money + m
            held[n], money[n] = grids.assets.at[i], grids.money.at[m]
            trades[n] = i * n_assets * n_money + m
    return Bench(
        np.empty(size, f4), np.zeros(size, f4), np.empty(size, f4),
        np.empty(size, f4), np.empty(size, f4), np.empty(n_spend, f4), np.empty(n_spend, i4),
        np.empty(n_spend, f4), np.empty(n_savings, f4), np.empty(n_savings, f4),
        np.empty(n_savings, f4), np.empty((2, n_savings), f4), np.empty((n_assets, n_savings), f4),
        np.empty((n_assets, n_money), f4), np.empty((n_assets, n_money), i4),
        np.empty(n_assets * n_money, f4), held, money, trades,
        np.empty(states, f4), np.empty(states, f4),
    )  # fmt: skip


@loop_kernel
def _best_nodes(discount, flow, future, best, node):
    """Best node of savings for every node of spend: fill `best` and `node` (n_spend,).

    The best node never falls as money rises (utility is concave); where rounding says otherwise
    the search goes on from the last one.
    """
    n_savings, n_spend = flow.shape
    flows = flat(flow)
    if n_spend == LOOKUP:
        highest_sums(discount, future, flows, best, node)
    else:
        for x in range(n_spend):
            store(best, x, fused(discount, future[0], load_table(flows, x)))
            store(node, x, i4(0))
        for j in range(1, n_savings):
            ahead = future[j]
            for x in range(n_spend):
                score = fused(discount, ahead, load_table(flows, j * n_spend + x))
                highest, chosen = load(best, x), load(node, x)
                is_better = score > highest
                store(best, x, score if is_better else highest)
                store(node, x, i4(j) if is_better else chosen)
    start = i4(0)
    for x in range(n_spend):
        if node[x] < start:
            best[x] = _LOWEST
            for j in range(start, n_savings):
                score = fused(discount, future[j], flow[j, x])
                if score > best[x]:
                    best[x] = score
                    node[x] = i4(j)
        start = node[x]


@kernel
def _wanted(crra, gain):
    """Surplus at which a line eaten is worth `gain`."""
    return exp2(log2(max(gain, _FLAT)) / -crra)


@loop_kernel
def _weigh_cells(p, price, savings, future, curve, ahead, rise, bent, wanted):
    """What is kept, cell by cell of savings, and the surplus that it asks for at both ends of each.

    Fill `ahead`, `rise`, `bent` (n_savings,) and `wanted` (2, n_savings).
    """
    worth = p.discount * price
    last = ahead.size - 1
    for j in range(last + 1):
        put(ahead, j, load(future, j))
        put(bent, j, load(curve, j))
    for j in range(last):
        put(rise, j, load(future, j + 1) - load(future, j))
    put(rise, last, _ZERO)
    left, right = wanted[0], wanted[1]
    for j in range(last + 1):
        per_line = worth * load_table(savings.inverse_width, j)
        rises, bend = load(rise, j), load(bent, j)
        put(left, j, _wanted(p.crra, per_line * (rises - bend)))
        put(right, j, _wanted(p.crra, per_line * (rises + bend)))


@loop_kernel
@abreast(4)
def _save_between(p, price, outlay, spend, savings, ahead, rise, bent, wanted, best, node, carried):
    """The best saving in the cells beside the best node, where it beats the node: `best`, `carried`.

    In the cell where the score rises away from the node. There a line more eaten is worth as much
    as a line more saved; the surplus at which it is is almost straight along the cell, so that where
    straight lines cross, and two of Newton's steps from there, find it. Where neither cell rises, or
    people are too hungry to care, the node stays.
    """
    scale, share = f4(p.periods_per_year) / price, _ONE / f4(p.periods_per_year)
    worth, last = p.discount * price, i4(savings.at.size - 2)
    at_left, at_right, savings = at_hand(wanted[0]), at_hand(wanted[1]), at_hand(savings)
    ahead, rise, bent = at_hand(ahead), at_hand(rise), at_hand(bent)
    for x in range(best.size):
        at, height = load(node, x), load(best, x)
        money = load_table(spend.at, x) - outlay
        own = load_table(savings.at, at)
        surplus = max((money - own) * scale - p.need, SMALLEST_SURPLUS)
        before = max(i4(at - i4(1)), i4(0))
        is_right = (at <= last) & (load_table(at_left, at) < surplus)
        is_left = (at > i4(0)) & (load_table(at_right, before) > surplus)
        cell = at if is_right else before
        start, width = load_table(savings.at, cell), load_table(savings.width, cell)
        base, rises, bend = load_table(ahead, cell), load_table(rise, cell), load_table(bent, cell)
        first, second = load_table(at_left, cell), load_table(at_right, cell)
        has, span = (money - start) * scale - p.need, width * scale
        place = (has - first) / max(span + second - first, _FLAT)
        place = min(max(place, _ZERO), _ONE)
        per_line = worth / width
        for _ in range(2):
            gain = max(per_line * (rises + bend * (_TWO * place - _ONE)), _FLAT)
            asked = _wanted(p.crra, gain)
            steeper = span - asked / (p.crra * gain) * (_TWO * per_line * bend)
            place = place + (has - place * span - asked) / max(steeper, _FLAT)
            place = min(max(place, _ZERO), _ONE)
        left = has - place * span
        level = utility_of_surplus(p.crra, log2(max(left, SMALLEST_SURPLUS))) * share
        score = fused(p.discount, base + place * (rises + bend * (place - _ONE)), level)
        is_better = (is_right | is_left) & (left > SMALLEST_SURPLUS) & (score > height)
        store(best, x, score if is_better else height)
        store(carried, x, start + place * width if is_better else own)


@kernel
def _save_all(p, grids, flow, price, outlay, future, bench):
    """Best saving for all assets kept and money spent: fill worth and saved of the bench."""
    n_assets, n_spend = grids.assets.at.size, bench.best.size
    worth, size = bench.worth, n_assets * n_spend
    curvature_along(grids.choices, flat(future), flat(bench.curves))
    for kept in range(n_assets):
        _weigh_cells(
            p, price, grids.savings, future[kept], bench.curves[kept], bench.ahead, bench.rise,
            bench.curve, bench.wanted,
        )  # fmt: skip
        _best_nodes(p.discount, flow, bench.ahead, bench.best, bench.node)
        _save_between(
            p, price, outlay, grids.spend, grids.savings, bench.ahead, bench.rise, bench.curve,
            bench.wanted, bench.best, bench.node, bench.carried,
        )  # fmt: skip
        for x in range(n_spend):
            put(worth, kept * n_spend + x, load(bench.best, x))
            put(bench.saved, kept * n_spend + x, load(bench.carried, x))
    for n in range(size - 1):
        put(bench.rises, n, load(worth, n + 1) - load(worth, n))
    curvature(grids.spending, worth, bench.bends)
    curvature_along(grids.spending, worth, bench.side_bends)


@kernel
def _worth_of(spend, resale, worth, bends, side_bends, held, money, row, across, kept):
    """Worth of keeping `kept`, `across` the cell `row` of assets, out of assets `held` and `money`."""
    change = kept - held
    left_over = money - (change if change > _ZERO else resale * change)
    cell, place = place_of(spend, left_over)
    n_spend = i4(spend.at.size)
    corner = i4(i4(row * n_spend) + cell)
    return between(worth, bends, side_bends, n_spend, corner, across, place)


@kernel
def _vertex(x0, x1, x2, y0, y1, y2):
    """Where the parabola through three points is highest; the middle of the wider side where it is not bent.

    Not quite at any of the three, where a look would tell nothing.
    """
    s0 = (y1 - y0) / (x1 - x0)
    s1 = (y2 - y1) / (x2 - x1)
    bend = (s1 - s0) / (x2 - x0)
    middle = _HALF * (x0 + x1) if x1 - x0 > x2 - x1 else _HALF * (x1 + x2)
    top = _HALF * (x0 + x1) - _HALF * s0 / bend
    margin = f4(0.02) * (x2 - x0)
    inside = min(max(top, x0 + margin), x2 - margin)
    x = middle if bend >= -_FLAT else inside
    return _HALF * (x0 + x1) if x == x1 else x


@kernel
def _narrow(x0, x1, x2, y0, y1, y2, x, y):
    """Three places of a search, and their worth, after one more: the best stays in the middle."""
    is_left, is_better = x < x1, y > y1
    a0 = (x0 if is_better else x) if is_left else (x1 if is_better else x0)
    b0 = (y0 if is_better else y) if is_left else (y1 if is_better else y0)
    a2 = (x1 if is_better else x2) if is_left else (x2 if is_better else x)
    b2 = (y1 if is_better else y2) if is_left else (y2 if is_better else y)
    return a0, (x if is_better else x1), a2, b0, (y if is_better else y1), b2


@kernel
def _look_once_more(
    spend, resale, worth, bends, side_bends, held, money, sides, x0, x1, x2, y0, y1, y2
):
    """The three places after a look at the top of the parabola through them."""
    below, above, low, mid, wide, next_wide = sides
    x = _vertex(x0, x1, x2, y0, y1, y2)
    is_below = x < mid
    row, first = (below if is_below else above), (low if is_below else mid)
    across = (x - first) * (wide if is_below else next_wide)
    y = _worth_of(spend, resale, worth, bends, side_bends, held, money, row, across, x)
    return _narrow(x0, x1, x2, y0, y1, y2, x, y)


@kernel
def _trade_worth(grids, worth, start, kept):
    """Worth of keeping node `kept` in the state whose trades lie from `start` on."""
    at = i4(start + i4(kept * i4(grids.money.at.size)))
    cell = i4(i4(kept * i4(grids.spend.at.size)) + i4(load_table(grids.trade_cell, at)))
    low = load_table(worth, cell)
    return low + load_table(grids.trade_place, at) * (load_table(worth, i4(cell + i4(1))) - low)


@loop_kernel
def _best_kept_nodes(grids, worth, rises, i, score, choice):
    """Best node of assets to keep for assets node `i`: fill `score` and `choice` (n_money,)."""
    n_assets, n_money, n_spend = grids.assets.at.size, grids.money.at.size, grids.spend.at.size
    cells, inside = grids.trade_cell, grids.trade_place
    if n_spend == LOOKUP and n_money == LOOKUP:
        highest_lines(worth, rises, cells, inside, i * n_assets * n_money, score, choice)
    else:
        for m in range(n_money):
            store(score, m, _LOWEST)
            store(choice, m, i4(0))
        for kept in range(n_assets):
            start, first = (i * n_assets + kept) * n_money, i4(kept * n_spend)
            for m in range(n_money):
                at = i4(first + i4(load_table(cells, start + m)))
                got = fused(
                    load_table(inside, start + m), load_table(rises, at), load_table(worth, at)
                )
                best, chosen = load(score, m), load(choice, m)
                is_better = got > best
                store(score, m, got if is_better else best)
                store(choice, m, i4(kept) if is_better else chosen)


@loop_kernel
@abreast(4)
def _keep_best(p, grids, outlay, bench, assets, savings):
    """Best assets to keep in all states, refined: fill `assets` and `savings`, flat.

    The two segments beside the best node: a look at the middle of each, then, around the best of
    the five places, two more.
    """
    n_spend, last = i4(grids.spend.at.size), i4(grids.assets.at.size - 2)
    least = load_table(grids.savings.at, 0)
    worth, bends, side_bends, saved = bench.worth, bench.bends, bench.side_bends, bench.saved
    score, choice, kept = flat(bench.score), flat(bench.choice), bench.kept
    spend, nodes = at_hand(grids.spend), at_hand(grids.assets)
    for n in range(kept.size):
        node, best = load(choice, n), load(score, n)
        held, money = load_table(bench.held, n), load_table(bench.money, n)
        is_first, is_top = node == i4(0), node > last
        below, above = i4(0) if is_first else i4(node - i4(1)), min(node, last)
        low, mid = load_table(nodes.at, below), load_table(nodes.at, node)
        high = load_table(nodes.at, i4(above + i4(1)))
        wide = load_table(nodes.inverse_width, below)
        next_wide = load_table(nodes.inverse_width, above)
        low, high = mid + mid - high if is_first else low, mid + mid - low if is_top else high
        x0, x2 = _HALF * (low + mid), _HALF * (mid + high)
        y0 = _worth_of(spend, p.resale, worth, bends, side_bends, held, money, below, _HALF, x0)
        y2 = _worth_of(spend, p.resale, worth, bends, side_bends, held, money, above, _HALF, x2)
        y0, y2 = (_LOWEST if is_first else y0), (_LOWEST if is_top else y2)
        is_left, is_right = (y0 > best) & (y0 >= y2), (y2 > best) & (y2 > y0)
        edge = below if is_left else i4(above + i4(1))
        far = _trade_worth(grids, worth, load_table(bench.trades, n), edge)
        a1 = x0 if is_left else (x2 if is_right else mid)
        b1 = y0 if is_left else (y2 if is_right else best)
        a0 = low if is_left else (mid if is_right else x0)
        b0 = far if is_left else (best if is_right else y0)
        a2 = mid if is_left else (high if is_right else x2)
        b2 = best if is_left else (far if is_right else y2)
        sides = (below, above, low, mid, wide, next_wide)
        a0, a1, a2, b0, b1, b2 = _look_once_more(
            spend, p.resale, worth, bends, side_bends, held, money, sides, a0, a1, a2, b0, b1, b2
        )
        a0, a1, a2, b0, b1, b2 = _look_once_more(
            spend, p.resale, worth, bends, side_bends, held, money, sides, a0, a1, a2, b0, b1, b2
        )
        store(kept, n, a1)
    for n in range(kept.size):  # what is saved there
        keeps, held, money = load(kept, n), load_table(bench.held, n), load_table(bench.money, n)
        change = keeps - held
        left_over = money - (change if change > _ZERO else p.resale * change)
        cell, place = place_of(spend, left_over)
        place = min(max(place, _ZERO), _ONE)
        row = min(load(choice, n), last)
        row = max(i4(row - i4(1)), i4(0)) if load_table(nodes.at, row) > keeps else row
        across = (keeps - load_table(nodes.at, row)) * load_table(nodes.inverse_width, row)
        at = i4(i4(row * n_spend) + cell)
        over = i4(at + n_spend)
        near, far = load_table(saved, at), load_table(saved, over)
        near = near + place * (load_table(saved, i4(at + i4(1))) - near)
        far = far + place * (load_table(saved, i4(over + i4(1))) - far)
        wish = near + across * (far - near)
        store(assets, n, keeps)
        store(savings, n, max(min(wish, left_over - outlay), least))


@kernel
def _outlay(p, season, known, technique):
    return year_outlay(p, i4(technique), i4(known)) * p.season_outlay[season]


@loop_kernel
def search(p, grids, season, is_allowed, future, bench):
    """One season's best plans, with and without knowledge, given what is kept is worth `future`.

    `future` is shaped like a solution's, `bench` comes from `new_bench`; its `assets` and `savings`
    are filled.
    """
    price = p.season_price[season]
    for known in range(2):
        for technique in range(3):
            if is_allowed[technique]:
                outlay = _outlay(p, season, known, technique)
                _save_all(
                    p, grids, grids.flow[known, season, technique], price, outlay,
                    future[known, season, technique], bench,
                )  # fmt: skip
                for i in range(grids.assets.at.size):
                    _best_kept_nodes(
                        grids, bench.worth, bench.rises, i, bench.score[i], bench.choice[i]
                    )
                _keep_best(
                    p, grids, outlay, bench, flat(bench.assets[known, technique]),
                    flat(bench.savings[known, technique]),
                )  # fmt: skip
