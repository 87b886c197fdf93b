"""The planner: what a household of one type would do, in every state, season and programme phase.

Value, for assets k, money at hand m and technique T (design section 2):

    V_s(k, m, T) = max over k', a' (and T' at planting) of u(c) + discount * W_s(k', a', T')
    c = m - a' - cost(k' - k) - outlay_s(T')

Policy iteration (Howard 1960): what the plans that are there are worth for ever is found first, then
every season is searched for better ones. What a search finds is valued by the reading of the future
by which all plans are. Searching reads it a little less finely, so two plans may take turns: after
some searches a plan is taken only where it is worth more, values never fall from then on, and the
search ends. Double precision throughout.
"""

from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels.curves import between, cells_of, curvature, curvature_along, fused
from resilience_sim.kernels.elementary import log2_double
from resilience_sim.kernels.foresight import new_desk, season_future
from resilience_sim.kernels.household import year_outlay
from resilience_sim.kernels.prospects import SMALLEST_SURPLUS, hungry_slope, utility_of_surplus
from resilience_sim.kernels.search import new_bench, search
from resilience_sim.kernels.vector import kernel, load, load_table, loop_kernel, store

CONVERGED, NOT_CONVERGED = 0, 1
VALUED_BETTER = 0.2  # of the tolerance: how exactly plans are valued before the last search
VALUED_FIRST = 0.05  # of the last search's gain: how exactly before an earlier one
MIXED_YEARS = 4  # years that are mixed to speed valuation up
SAMPLED = 5  # every so many states tell how to mix them
FREE_SEARCHES = 12  # of which everything found is taken
_LEAST_GAIN = 1e-9  # relative; rounding is no reason to change a plan
i4 = np.int32


class Trail(NamedTuple):
    """Where plans lead, shaped like plans."""

    flow: Any  # utility of what is eaten
    corner: Any  # int32, index of the cell of assets kept and savings carried in a season's future
    across: Any  # place in the cell, along assets
    along: Any  # along savings


@kernel
def new_trail(shape):
    """An empty trail."""
    return Trail(np.empty(shape), np.empty(shape, np.int32), np.empty(shape), np.empty(shape))


@loop_kernel
def make_trail(shape):
    """An empty trail, from outside the kernels."""
    return new_trail(shape)


@kernel
def _trace(p, grids, price, outlay, assets, savings, spare, cell, flow, corner, across, along):
    """Where plans (n_assets, n_money) of one season and technique lead: fill the trail of them.

    `spare` and `cell` (n_assets * n_money,) are written over.
    """
    n_assets, n_money = assets.shape
    n_savings = i4(grids.savings.size)
    kept, carried = assets.ravel(), savings.ravel()
    flow, corner, across, along = flow.ravel(), corner.ravel(), across.ravel(), along.ravel()
    cells_of(grids.assets, kept, corner)
    cells_of(grids.savings, carried, cell)
    for n in range(kept.size):
        row, column = load(corner, n), load(cell, n)
        low, high = load_table(grids.assets, row), load_table(grids.assets, i4(row + i4(1)))
        left, right = (
            load_table(grids.savings, column),
            load_table(grids.savings, i4(column + i4(1))),
        )
        store(across, n, (load(kept, n) - low) / (high - low))
        store(along, n, (load(carried, n) - left) / (right - left))
        store(corner, n, i4(i4(row * n_savings) + column))
    slope, resale = hungry_slope(float(p.crra)), float(p.resale)
    for i in range(n_assets):
        held, at = grids.assets[i], i * n_money
        for m in range(n_money):
            change = load(kept, at + m) - held
            money = load_table(grids.money, m) - load(carried, at + m)
            bought, sold = money - change, fused(-resale, change, money)
            consumption = (bought if change > 0.0 else sold) - outlay
            above = p.periods_per_year * consumption / price - p.need
            store(spare, at + m, max(above, SMALLEST_SURPLUS))
            store(flow, at + m, slope * (min(above, SMALLEST_SURPLUS) - SMALLEST_SURPLUS))
    crra, share = float(p.crra), 1.0 / p.periods_per_year
    for n in range(spare.size):
        level = utility_of_surplus(crra, log2_double(load(spare, n)))
        store(flow, n, (level + load(flow, n)) * share)


@loop_kernel
def trace_season(p, grids, season, known, technique, assets, savings, spare, cell, trail):
    """Fill the trail of one season and technique, with or without knowledge."""
    outlay = year_outlay(p, i4(technique), i4(known)) * p.season_outlay[season]
    at = (known, season, technique)
    _trace(
        p, grids, p.season_price[season], outlay, assets, savings, spare, cell, trail.flow[at],
        trail.corner[at], trail.across[at], trail.along[at],
    )  # fmt: skip


@loop_kernel
def follow(discount, n_savings, future, bends, side_bends, flow, corner, across, along, value):
    """What plans of one season and technique are worth: fill `value`; all flat."""
    for n in range(value.size):
        ahead = between(
            future, bends, side_bends, n_savings, load(corner, n), load(across, n), load(along, n)
        )
        store(value, n, load(flow, n) + discount * ahead)


@kernel
def _foresee(
    p, grids, season, known, cells, inside, redraw, end_hazard, end_future, solution, desk
):
    """Fill the future of a season in a phase that ends with probability `end_hazard`; and return it."""
    future = solution.future[known, season]
    season_future(p, grids, solution.value, season, known, cells, inside, redraw, desk, future)
    if end_hazard > 0.0:
        for technique in range(3):
            for i in range(future.shape[1]):
                for j in range(future.shape[2]):
                    future[technique, i, j] += end_hazard * (
                        end_future[known, season, technique, i, j] - future[technique, i, j]
                    )
    return future


@kernel
def _live_season(
    p, grids, season, known, is_allowed, future, trail, table, bends, side_bends, value
):
    """Value of the plans of one season, given the future: fill `value` (3, n_assets, n_money)."""
    for technique in range(3):
        if is_allowed[technique]:
            table[:, :] = future[technique]  # what vectorised loops have written is no lookup table
            curvature(grids.assets, table, bends)
            curvature_along(grids.savings, table, side_bends)
            at = (known, season, technique)
            follow(
                float(p.discount), i4(grids.savings.size), table.ravel(), bends.ravel(), side_bends.ravel(),
                trail.flow[at].ravel(), trail.corner[at].ravel(), trail.across[at].ravel(),
                trail.along[at].ravel(), value[technique].ravel(),
            )  # fmt: skip


@kernel
def _solve_square(matrix, right, n):
    """Solve the first `n` normal equations in place (Gauss); nearly dependent ones get nothing."""
    for k in range(n):
        if matrix[k, k] <= 0.0:
            matrix[k, k] = 1e300
        for r in range(k + 1, n):
            factor = matrix[r, k] / matrix[k, k]
            for c in range(k, n):
                matrix[r, c] -= factor * matrix[k, c]
            right[r] -= factor * right[k]
    for back in range(n):
        k = n - 1 - back
        for c in range(k + 1, n):
            right[k] -= matrix[k, c] * right[c]
        right[k] /= matrix[k, k]


@kernel
def _mix(x, gone, moves, moved_from, weights, matrix, right, n_mixed):
    """Anderson's mixing (1965): of the years so far, the combination that moves least: fill `x`.

    `gone` (n,) is where a year leads from `x`. `moves` and `moved_from` (years, n) are differences
    between years of what a year moved and of where it led.
    """
    n = x.size
    for a in range(n_mixed):
        right[a] = 0.0
        for b in range(a + 1):
            matrix[a, b] = 0.0
    for at in range(0, n, SAMPLED):
        weight = weights[at]
        move = gone[at] - x[at]
        for a in range(n_mixed):
            one = weight * moves[a, at]
            right[a] += one * move
            for b in range(a + 1):
                matrix[a, b] += one * moves[b, at]
    for a in range(n_mixed):
        matrix[a, a] *= 1.0 + 1e-10
        for b in range(a):
            matrix[b, a] = matrix[a, b]
    _solve_square(matrix, right, n_mixed)
    for at in range(n):
        x[at] = gone[at]
    for a in range(n_mixed):
        share = right[a]
        for at in range(n):
            x[at] -= share * moved_from[a, at]


@loop_kernel
def value_plans(
    p, grids, cells, inside, is_allowed, redraw, end_hazard, end_future, tolerance, max_years,
    trail, solution,
):  # fmt: skip
    """What the plans of a solution are worth for ever: fill its value and future.

    Years are lived until the mean relative move of a year is under `tolerance`, or `max_years`
    have gone. Returns the years and the last move.
    """
    n_seasons, n_assets, n_savings = solution.value.shape[1], grids.assets.size, grids.savings.size
    desk = new_desk(grids)
    table = np.empty((n_assets, n_savings))
    bends, side_bends = np.zeros((n_assets, n_savings)), np.zeros((n_assets, n_savings))
    shape = (2, 3, n_assets, grids.money.size)
    x = solution.value[:, 0].copy()
    flat, n = x.ravel(), x.size
    gone, weights = np.empty(n), np.empty(n)
    moves, moved_from = np.zeros((MIXED_YEARS, n)), np.zeros((MIXED_YEARS, n))
    before, before_move = np.empty(n), np.empty(n)
    matrix, right = np.zeros((MIXED_YEARS, MIXED_YEARS)), np.zeros(MIXED_YEARS)
    move = 1e300
    for year in range(max_years):
        for back in range(n_seasons):
            season = n_seasons - 1 - back
            for known in (1, 0):  # a year of one season reads value[0] for both
                future = _foresee(
                    p, grids, season, known, cells, inside, redraw, end_hazard, end_future,
                    solution, desk,
                )  # fmt: skip
                _live_season(
                    p, grids, season, known, is_allowed, future, trail, table, bends, side_bends,
                    solution.value[known, season],
                )  # fmt: skip
        move, n_states, at = 0.0, 0, 0
        for known in range(2):
            for technique in range(3):
                for i in range(shape[2]):
                    for m in range(shape[3]):
                        new = solution.value[known, 0, technique, i, m]
                        gone[at] = new
                        if is_allowed[technique]:
                            weights[at] = 1.0 / (1.0 + abs(new))
                            move += abs(new - flat[at]) * weights[at]
                            n_states += 1
                        else:
                            weights[at] = 0.0
                        weights[at] *= weights[at]
                        at += 1
        move /= n_states
        if move < tolerance or year == max_years - 1:
            return year + 1, move
        if year > 0:
            place = (year - 1) % MIXED_YEARS
            for at in range(n):
                moves[place, at] = gone[at] - flat[at] - before_move[at]
                moved_from[place, at] = gone[at] - before[at]
        for at in range(n):
            before[at] = gone[at]
            before_move[at] = gone[at] - flat[at]
        _mix(flat, gone, moves, moved_from, weights, matrix, right, min(year, MIXED_YEARS))
        solution.value[:, 0] = x
    return max_years, move


@loop_kernel
def trace_all(p, grids, is_allowed, solution, trail):
    """Fill the trail of all plans of a solution."""
    size = grids.assets.size * grids.money.size
    spare, cell = np.empty(size), np.empty(size, np.int32)
    for known in range(2):
        for season in range(solution.value.shape[1]):
            for technique in range(3):
                if is_allowed[technique]:
                    trace_season(
                        p, grids, season, known, technique, solution.assets[known, season, technique],
                        solution.savings[known, season, technique], spare, cell, trail,
                    )  # fmt: skip


@loop_kernel
def _take(taken, new, old):
    """Take what is new where it is `taken`; all flat."""
    for n in range(old.size):
        store(old, n, load_table(new, n) if load_table(taken, n) != i4(0) else load(old, n))


@kernel
def _take_better(
    p, grids, season, is_allowed, is_free, bench, fresh, table, bends, side_bends, spare, cell,
    worth, trail, solution,
):  # fmt: skip
    """Take the plans on the bench where they are worth more: update plans, trail and value of a season.

    All of them where that `is_free`. Returns the mean relative change.
    """
    gain, n_states, taken = 0.0, 0, cell
    for known in range(2):
        for technique in range(3):
            at = (known, season, technique)
            if not is_allowed[technique]:
                solution.value[at][:, :] = -1e12
                continue
            trace_season(
                p, grids, season, known, technique, bench.assets[known, technique],
                bench.savings[known, technique], spare, cell, fresh,
            )  # fmt: skip
            table[:, :] = solution.future[at]
            curvature(grids.assets, table, bends)
            curvature_along(grids.savings, table, side_bends)
            follow(
                float(p.discount), i4(grids.savings.size), table.ravel(), bends.ravel(), side_bends.ravel(),
                fresh.flow[at].ravel(), fresh.corner[at].ravel(), fresh.across[at].ravel(),
                fresh.along[at].ravel(), worth,
            )  # fmt: skip
            value = solution.value[at].ravel()
            for n in range(value.size):
                size = 1.0 + abs(worth[n])
                more = worth[n] - value[n]
                is_taken = is_free or more > _LEAST_GAIN * size
                taken[n] = i4(1) if is_taken else i4(0)
                gain += abs(more) / size if is_taken else 0.0
            _take(taken, worth, value)
            _take(taken, bench.assets[known, technique].ravel(), solution.assets[at].ravel())
            _take(taken, bench.savings[known, technique].ravel(), solution.savings[at].ravel())
            _take(taken, fresh.flow[at].ravel(), trail.flow[at].ravel())
            _take(taken, fresh.corner[at].ravel(), trail.corner[at].ravel())
            _take(taken, fresh.across[at].ravel(), trail.across[at].ravel())
            _take(taken, fresh.along[at].ravel(), trail.along[at].ravel())
            n_states += value.size
    return gain / n_states


@loop_kernel
def solve_type(
    p, grids, cells, inside, is_allowed, redraw, end_hazard, end_future, tolerance, max_years,
    expected_gain, solution,
):  # fmt: skip
    """Solve one type for a lasting phase: value plans and search for better ones until none is found.

    `cells`, `inside` come from `money_places`, `redraw` is shaped like `solution.future`. With
    `end_hazard` > 0 the phase ends each period with that probability, and what is kept is then
    worth `end_future` (the same shape). Begins from the values of `solution`, and where the
    `expected_gain` of the first search is under 1 from its plans, which are valued the more exactly
    the smaller it is. Returns status, searches, and the last search's mean relative gain in value,
    over states and the year.
    """
    n_seasons, n_assets, n_savings = solution.value.shape[1], grids.assets.size, grids.savings.size
    size = n_assets * grids.money.size
    trail, fresh = new_trail(solution.value.shape), new_trail(solution.value.shape)
    table = np.empty((n_assets, n_savings))
    bends, side_bends = np.zeros((n_assets, n_savings)), np.zeros((n_assets, n_savings))
    spare, cell, worth = np.empty(size), np.empty(size, np.int32), np.empty(size)
    desk, bench = new_desk(grids), new_bench(grids)
    is_new = expected_gain >= 1.0
    if not is_new:
        trace_all(p, grids, is_allowed, solution, trail)
    gain, years, searches = expected_gain, 0, 0
    while years < max_years:
        if not is_new and end_hazard < 1.0:
            lived, _ = value_plans(
                p, grids, cells, inside, is_allowed, redraw, end_hazard, end_future,
                max(VALUED_BETTER * tolerance, VALUED_FIRST * gain), max_years - years, trail,
                solution,
            )  # fmt: skip
            years += lived
        gain = 0.0
        for back in range(n_seasons):
            season = n_seasons - 1 - back
            for known in (1, 0):
                future = _foresee(
                    p, grids, season, known, cells, inside, redraw, end_hazard, end_future,
                    solution, desk,
                )  # fmt: skip
                if not is_new:
                    _live_season(
                        p, grids, season, known, is_allowed, future, trail, table, bends, side_bends,
                        solution.value[known, season],
                    )  # fmt: skip
            search(p, grids, season, is_allowed, solution.future[:, season], bench)
            gain += _take_better(
                p, grids, season, is_allowed, searches < FREE_SEARCHES, bench, fresh, table, bends,
                side_bends, spare, cell, worth, trail, solution,
            )  # fmt: skip
        years += 1
        searches += 1
        is_new = False
        if gain < tolerance or end_hazard >= 1.0:  # what ends at once looks no further ahead
            return CONVERGED, searches, gain
    return NOT_CONVERGED, searches, gain


@loop_kernel
def step_back(
    p, grids, cells, inside, season, is_allowed, redraw, after, ends, end_future, solution
):
    """One period of a phase with a known end: plans of `season` given next period's values `after`.

    `after` is a Solution whose value belongs to the following season; when `ends`, what is kept is
    worth `end_future` (shaped like `solution.future`) instead. Fills value, policies and future of
    `season` in `solution`, which may be `after` itself.
    """
    n_assets, n_savings = grids.assets.size, grids.savings.size
    size = n_assets * grids.money.size
    desk, bench = new_desk(grids), new_bench(grids)
    trail, fresh = new_trail(solution.value.shape), new_trail(solution.value.shape)
    table = np.empty((n_assets, n_savings))
    bends, side_bends = np.zeros((n_assets, n_savings)), np.zeros((n_assets, n_savings))
    spare, cell, worth = np.empty(size), np.empty(size, np.int32), np.empty(size)
    for known in range(2):
        future = solution.future[known, season]
        if ends:
            future[:] = end_future[known, season]
        else:
            season_future(p, grids, after.value, season, known, cells, inside, redraw, desk, future)
    search(p, grids, season, is_allowed, solution.future[:, season], bench)
    _take_better(
        p, grids, season, is_allowed, True, bench, fresh, table, bends, side_bends, spare, cell, worth, trail,
        solution,
    )  # fmt: skip
