"""The best plans of one season, given what is kept is worth: first savings, then assets, for each technique.

Given the assets kept and the technique, saving is a one-dimensional problem that does not depend on
the assets held, so it is solved first, then the assets, then (at planting) the technique. Choices
are refined between nodes. Loops over money and what is spent vectorise: no branch, no search.
"""

from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels.curves import bent_bracket, between, curvature, curvature_along, fused
from resilience_sim.kernels.elementary import exp2_double, log2_double
from resilience_sim.kernels.household import year_outlay
from resilience_sim.kernels.prospects import SMALLEST_SURPLUS, utility_of_surplus
from resilience_sim.kernels.vector import kernel, load, load_table, loop_kernel, store

i4 = np.int32
_FLAT = 1e-12  # utility per line; a flatter future is not worth a thought


class Bench(NamedTuple):
    """Arrays that one search writes over."""

    worth: Any  # (2, 3, n_assets, n_spend)
    saved: Any  # the same shape
    bends: Any  # the same shape
    best: Any  # (n_spend,)
    node: Any  # (n_spend,) int32
    carried: Any  # (n_spend,)
    ahead: Any  # (n_savings,)
    curve: Any  # (n_savings,)
    curves: Any  # (n_assets, n_savings)
    side_bends: Any  # (2, 3, n_assets, n_spend)
    assets: Any  # (2, 3, n_assets, n_money), what the search finds
    savings: Any  # the same shape
    score: Any  # (n_money,)
    choice: Any  # (n_money,) int32
    kept: Any  # (n_money,)


@kernel
def new_bench(grids):
    """An empty bench."""
    n_assets, n_spend = grids.assets.size, grids.spend.size
    n_savings, n_money = grids.savings.size, grids.money.size
    shape = (2, 3, n_assets, n_spend)
    return Bench(
        np.zeros(shape), np.zeros(shape), np.zeros(shape),
        np.empty(n_spend), np.empty(n_spend, np.int32), np.empty(n_spend),
        np.empty(n_savings), np.empty(n_savings), np.empty((n_assets, n_savings)), np.zeros(shape),
        np.zeros((2, 3, n_assets, n_money)), np.zeros((2, 3, n_assets, n_money)),
        np.empty(n_money), np.empty(n_money, np.int32), np.empty(n_money),
    )  # fmt: skip


@kernel
def _best_nodes(discount, flow, future, best, node):
    """Best node of savings for every node of spend: fill `best` and `node` (n_spend,).

    The best node never falls as money rises (utility is concave); where rounding says otherwise
    the search goes on from the last one.
    """
    n_savings, n_spend = flow.shape
    flat = flow.ravel()
    for x in range(n_spend):
        store(best, x, fused(discount, future[0], load_table(flat, x)))
        store(node, x, i4(0))
    for j in range(1, n_savings):
        ahead = future[j]
        for x in range(n_spend):
            score = fused(discount, ahead, load_table(flat, j * n_spend + x))
            highest, chosen = load(best, x), load(node, x)
            is_better = score > highest
            store(best, x, score if is_better else highest)
            store(node, x, i4(j) if is_better else chosen)
    start = 0
    for x in range(n_spend):
        if node[x] < start:
            best[x] = -1e300
            for j in range(start, n_savings):
                score = fused(discount, future[j], flow[j, x])
                if score > best[x]:
                    best[x] = score
                    node[x] = j
        start = node[x]


@kernel
def _best_beside(p, price, savings, future, curve, node, money):
    """The best savings in one of the cells beside a node, and their score.

    In the cell where the score rises away from the node. There a line more eaten is worth as much
    as a line more saved; the surplus at which it is hardly bends with what is saved, so that two of
    Newton's steps from the middle find it. `curve` (n_savings,) bends `future`. Where neither cell
    rises, or people are too hungry to care, the score is the lowest.
    """
    crra, worth, scale = float(p.crra), float(p.discount) * price, float(p.periods_per_year) / price
    last = i4(savings.size - 2)
    right, left = min(node, last), max(i4(node - i4(1)), i4(0))
    after, here, own = i4(left + i4(1)), i4(right + i4(1)), load_table(savings, node)
    low, middle = load_table(savings, left), load_table(savings, after)
    start, high = load_table(savings, right), load_table(savings, here)
    first, second = load_table(future, left), load_table(future, after)
    base, third = load_table(future, right), load_table(future, here)
    left_bent, right_bent = load_table(curve, left), load_table(curve, right)
    surplus = (money - own) * scale - float(p.need)
    marginal = exp2_double(-crra * log2_double(max(surplus, SMALLEST_SURPLUS)))
    gain_right = worth * (third - base - right_bent) / (high - start)
    gain_left = worth * (second - first + left_bent) / (middle - low)
    is_right = (node <= last) & (gain_right > marginal)
    is_left = (node > i4(0)) & (gain_left < marginal)
    start, width = start if is_right else low, (high - start) if is_right else (middle - low)
    base, rise = base if is_right else first, (third - base) if is_right else (second - first)
    bent = right_bent if is_right else left_bent
    place = 0.5
    for _ in range(2):
        gain = max(worth * (rise + bent * (2.0 * place - 1.0)) / width, _FLAT)
        wanted = exp2_double(log2_double(gain) / -crra)
        surplus = (money - (start + place * width)) * scale - float(p.need)
        slope = width * scale - wanted / (crra * gain) * (2.0 * worth * bent / width)
        place = min(max(place + (surplus - wanted) / max(slope, _FLAT), 0.0), 1.0)
    surplus = (money - (start + place * width)) * scale - float(p.need)
    log_at = log2_double(max(surplus, SMALLEST_SURPLUS))
    ahead = base + place * (rise + bent * (place - 1.0))
    level = utility_of_surplus(crra, log_at) / float(p.periods_per_year)
    is_found = (is_right | is_left) & (surplus > SMALLEST_SURPLUS)
    return start + place * width, level + float(p.discount) * ahead if is_found else -1e300


@kernel
def _save_best(p, grids, flow, price, outlay, future, curve, worth, saved, bench):
    """Best saving for one row of assets kept: fill `worth` and `saved` (n_spend,).

    First the best node, then inside the better of the cells beside it; `curve` bends `future`.
    """
    best, node, carried, ahead = bench.best, bench.node, bench.carried, bench.ahead
    n_savings, n_spend = flow.shape
    for j in range(n_savings):
        ahead[j] = future[j]  # tables are read from where nothing vectorised has written
        bench.curve[j] = curve[j]
    _best_nodes(float(p.discount), flow, ahead, best, node)
    for x in range(n_spend):
        money = load_table(grids.spend, x) - outlay
        height, at = load(best, x), load(node, x)
        choice = load_table(grids.savings, at)
        wish, score = _best_beside(p, price, grids.savings, ahead, bench.curve, at, money)
        is_better = score > height
        store(best, x, score if is_better else height)
        store(carried, x, wish if is_better else choice)
    for x in range(n_spend):
        worth[x] = best[x]
        saved[x] = carried[x]


@kernel
def _worth_of(p, grids, worth, bends, side_bends, held, money, row, low, high, kept):
    """Worth of keeping `kept`, on segment `row` from `low` to `high`, out of assets `held` and `money`."""
    change = kept - held
    left_over = money - (change if change > 0.0 else p.resale * change)
    cell, place = bent_bracket(grids.spend_bend, grids.spend, left_over)
    n_spend = i4(grids.spend.size)
    corner = i4(i4(row * n_spend) + cell)
    return between(worth, bends, side_bends, n_spend, corner, (kept - low) / (high - low), place)


@kernel
def _vertex(x0, x1, x2, y0, y1, y2):
    """Where the parabola through three points is highest; the middle of the wider side where it is not bent.

    Not quite at any of the three, where a look would tell nothing.
    """
    s0 = (y1 - y0) / (x1 - x0)
    s1 = (y2 - y1) / (x2 - x1)
    bend = (s1 - s0) / (x2 - x0)
    middle = 0.5 * (x0 + x1) if x1 - x0 > x2 - x1 else 0.5 * (x1 + x2)
    top = 0.5 * (x0 + x1) - 0.5 * s0 / bend
    margin = 0.02 * (x2 - x0)
    inside = min(max(top, x0 + margin), x2 - margin)
    x = middle if bend >= -1e-300 else inside
    return 0.5 * (x0 + x1) if x == x1 else x


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
def _trade_worth(grids, worth, i, kept, m):
    """Worth of keeping node `kept` for assets node `i` and money node `m`."""
    n_assets, n_money = i4(grids.assets.size), i4(grids.money.size)
    at = i4(i4(i4(i * n_assets + kept) * n_money) + m)
    cell = i4(i4(kept * i4(grids.spend.size)) + load_table(grids.trade_cell, at))
    low = load_table(worth, cell)
    return low + load_table(grids.trade_place, at) * (load_table(worth, i4(cell + i4(1))) - low)


@kernel
def _best_kept_nodes(grids, worth, i, score, choice):
    """Best node of assets to keep for assets node `i`: fill `score` and `choice` (n_money,)."""
    n_assets, n_money, n_spend = grids.assets.size, grids.money.size, grids.spend.size
    for m in range(n_money):
        score[m] = -1e300
        choice[m] = 0
    for kept in range(n_assets):
        start = (i * n_assets + kept) * n_money
        first = kept * n_spend
        for m in range(n_money):
            at = first + load_table(grids.trade_cell, start + m)
            low = load_table(worth, at)
            got = low + load_table(grids.trade_place, start + m) * (load_table(worth, at + 1) - low)
            best, chosen = load(score, m), load(choice, m)
            is_better = got > best
            store(score, m, got if is_better else best)
            store(choice, m, i4(kept) if is_better else chosen)


@kernel
def _keep_best(p, grids, i, worth, bends, side_bends, saved, outlay, bench, assets, savings):
    """Best assets to keep for assets node `i`, refined: fill `assets` and `savings` (n_money,)."""
    score, choice, kept = bench.score, bench.choice, bench.kept
    n_spend = i4(grids.spend.size)
    worth, bends, saved = worth.ravel(), bends.ravel(), saved.ravel()
    side_bends = side_bends.ravel()
    last = i4(grids.assets.size - 2)
    held = grids.assets[i]
    _best_kept_nodes(grids, worth, i, score, choice)
    for m in range(score.size):
        # The two segments beside the best node: a look at the middle of each, then, around the best
        # of the five places, two more.
        node, best, money = load(choice, m), load(score, m), load_table(grids.money, m)
        is_first, is_top = node == i4(0), node > last
        below, above = i4(0) if is_first else i4(node - i4(1)), min(node, last)
        low, mid = load_table(grids.assets, below), load_table(grids.assets, node)
        high = load_table(grids.assets, i4(above + i4(1)))
        low, high = mid + mid - high if is_first else low, mid + mid - low if is_top else high
        x0, x2 = 0.5 * (low + mid), 0.5 * (mid + high)
        y0 = _worth_of(p, grids, worth, bends, side_bends, held, money, below, low, mid, x0)
        y2 = _worth_of(p, grids, worth, bends, side_bends, held, money, above, mid, high, x2)
        y0, y2 = (-1e300 if is_first else y0), (-1e300 if is_top else y2)
        is_left, is_right = (y0 > best) & (y0 >= y2), (y2 > best) & (y2 > y0)
        edge = i4(below if is_left else i4(above + i4(1)))
        far = _trade_worth(grids, worth, i4(i), edge, i4(m))
        a1 = x0 if is_left else (x2 if is_right else mid)
        b1 = y0 if is_left else (y2 if is_right else best)
        a0 = low if is_left else (mid if is_right else x0)
        b0 = far if is_left else (best if is_right else y0)
        a2 = mid if is_left else (high if is_right else x2)
        b2 = best if is_left else (far if is_right else y2)
        x = _vertex(a0, a1, a2, b0, b1, b2)
        row = below if x < mid else above
        first, second = low if x < mid else mid, mid if x < mid else high
        y = _worth_of(p, grids, worth, bends, side_bends, held, money, row, first, second, x)
        a0, a1, a2, b0, b1, b2 = _narrow(a0, a1, a2, b0, b1, b2, x, y)
        x = _vertex(a0, a1, a2, b0, b1, b2)
        row = below if x < mid else above
        first, second = low if x < mid else mid, mid if x < mid else high
        y = _worth_of(p, grids, worth, bends, side_bends, held, money, row, first, second, x)
        store(kept, m, x if y > b1 else a1)
    for m in range(score.size):  # what is saved there
        keeps, money = load(kept, m), load_table(grids.money, m)
        change = keeps - held
        left_over = money - (change if change > 0.0 else p.resale * change)
        cell, place = bent_bracket(grids.spend_bend, grids.spend, left_over)
        place = min(max(place, 0.0), 1.0)
        row = min(load(choice, m), last)
        row = max(i4(row - i4(1)), i4(0)) if load_table(grids.assets, row) > keeps else row
        first, second = load_table(grids.assets, row), load_table(grids.assets, i4(row + i4(1)))
        across = (keeps - first) / (second - first)
        at = i4(i4(row * n_spend) + cell)
        above = i4(at + n_spend)
        low = load_table(saved, at) + place * (
            load_table(saved, i4(at + i4(1))) - load_table(saved, at)
        )
        high = load_table(saved, above) + place * (
            load_table(saved, i4(above + i4(1))) - load_table(saved, above)
        )
        wish = low + across * (high - low)
        store(assets, m, keeps)
        store(savings, m, max(min(wish, left_over - outlay), load_table(grids.savings, 0)))


@kernel
def _outlay(p, season, known, technique):
    return year_outlay(p, np.int32(technique), np.int32(known)) * p.season_outlay[season]


@loop_kernel
def _save_all(p, grids, season, is_allowed, future, bench):
    """Best saving for all assets kept, with and without knowledge, for every technique: fill the bench."""
    price = p.season_price[season]
    n_assets = grids.assets.size
    for known in range(2):
        for technique in range(3):
            if not is_allowed[technique]:
                continue
            worth, saved = bench.worth[known, technique], bench.saved[known, technique]
            curvature_along(grids.savings, future[known, technique], bench.curves)
            for kept in range(n_assets):
                _save_best(
                    p, grids, grids.flow[known, season, technique], price,
                    _outlay(p, season, known, technique), future[known, technique, kept],
                    bench.curves[kept],                    worth[kept], saved[kept], bench,
                )  # fmt: skip
            curvature(grids.assets, worth, bench.bends[known, technique])
            curvature_along(grids.spend, worth, bench.side_bends[known, technique])


@loop_kernel
def search(p, grids, season, is_allowed, future, bench):
    """One season's best plans, with and without knowledge, given what is kept is worth `future`.

    `future` is shaped like a solution's, `bench` comes from `new_bench`; its `assets` and `savings`
    are filled.
    """
    _save_all(p, grids, season, is_allowed, future, bench)
    for i in range(grids.assets.size):  # outermost: places of its trades stay at hand
        for known in range(2):
            for technique in range(3):
                if is_allowed[technique]:
                    _keep_best(
                        p, grids, i, bench.worth[known, technique], bench.bends[known, technique],
                        bench.side_bends[known, technique], bench.saved[known, technique],
                        _outlay(p, season, known, technique), bench,
                        bench.assets[known, technique, i], bench.savings[known, technique, i],
                    )  # fmt: skip
