"""The planner: what a household of one type would do, in every state, season and programme phase.

Value, for assets k, money at hand m and technique T (design section 2):

    V_s(k, m, T) = max over k', a' (and T' at planting) of u(c) + discount * W_s(k', a', T')
    c = m - a' - cost(k' - k) - outlay_s(T')

Policy iteration (Howard 1960): what the plans that are there are worth for ever is found first, then
every season is searched for better ones. What a search finds is valued by the reading of the future
by which all plans are. Searching reads it a little less finely, so two plans may take turns: after
some searches a plan is taken only where it is worth more, values never fall from then on, and the
search ends. Tables are in single precision.
"""

from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels.curves import between, curvature, curvature_along, place_of
from resilience_sim.kernels.foresight import new_desk, season_future
from resilience_sim.kernels.household import year_outlay
from resilience_sim.kernels.prospects import utility_above
from resilience_sim.kernels.search import new_bench, search
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

CONVERGED, NOT_CONVERGED = 0, 1
VALUED_BETTER = 0.2  # of the tolerance: how exactly plans are valued before the last search
VALUED_FIRST = 0.05  # of the last search's gain: how exactly before an earlier one
VALUED_FINEST = 5e-7  # relative; what single precision can tell
MIXED_YEARS = 4  # years that are mixed to speed valuation up
SAMPLED = 5  # every so many states tell how to mix them
FREE_SEARCHES = 12  # of which everything found is taken
_LEAST_GAIN = 1e-6  # relative; rounding is no reason to change a plan
f4, i4 = np.float32, np.int32
_ZERO, _ONE = f4(0.0), f4(1.0)


class Trail(NamedTuple):
    """Where plans lead, shaped like plans. Float32 unless said otherwise."""

    flow: Any  # utility of what is eaten
    corner: Any  # int32, index of the cell of assets kept and savings carried in a season's future
    across: Any  # place in the cell, along assets
    along: Any  # along savings


class Tray(NamedTuple):
    """Arrays on which plans are valued; float32."""

    table: Any  # (n_assets * n_savings,) what is kept is worth
    bends: Any  # the same shape
    side_bends: Any  # the same shape
    spare: Any  # (n_assets, n_savings)
    worth: Any  # (n_assets * n_money,)
    taken: Any  # (n_assets * n_money,) int32
    kept: Any  # (n_assets * n_money,)
    carried: Any  # (n_assets * n_money,)


@loop_kernel
def new_trail(shape):
    """An empty trail."""
    return Trail(np.empty(shape, f4), np.empty(shape, i4), np.empty(shape, f4), np.empty(shape, f4))


@loop_kernel
def new_tray(grids):
    """An empty tray."""
    n_assets, n_savings = grids.assets.at.size, grids.savings.at.size
    size, choices = n_assets * grids.money.at.size, n_assets * n_savings
    return Tray(
        np.empty(choices, f4), np.empty(choices, f4), np.empty(choices, f4),
        np.empty((n_assets, n_savings), f4),
        np.empty(size, f4), np.empty(size, i4), np.empty(size, f4), np.empty(size, f4),
    )  # fmt: skip


@loop_kernel
def _trace(p, grids, price, outlay, kept, carried, flow, corner, across, along):
    """Where plans of one season and technique lead: fill their trail; all flat."""
    n_money, n_savings = grids.money.at.size, i4(grids.savings.at.size)
    scale = f4(p.periods_per_year) / price
    assets, savings = at_hand(grids.assets), at_hand(grids.savings)
    for i in range(grids.assets.at.size):
        held, first = load_table(grids.assets.at, i), i * n_money
        for m in range(n_money):
            keeps, carries = load_table(kept, first + m), load_table(carried, first + m)
            row, place = place_of(assets, keeps)
            column, beside = place_of(savings, carries)
            change = keeps - held
            paid = change if change > _ZERO else p.resale * change
            eaten = load_table(grids.money.at, m) - carries - paid - outlay
            store(flow, first + m, utility_above(p, scale * eaten - p.need))
            store(corner, first + m, i4(i4(row * n_savings) + column))
            store(across, first + m, place)
            store(along, first + m, beside)


@kernel
def trace_season(p, grids, season, known, technique, assets, savings, tray, trail):
    """Fill the trail of plans (n_assets, n_money) of one season and technique, with or without knowledge."""
    outlay = year_outlay(p, i4(technique), i4(known)) * p.season_outlay[season]
    at, kept, carried = (known, season, technique), flat(assets), flat(savings)
    for n in range(kept.size):
        put(tray.kept, n, load(kept, n))
        put(tray.carried, n, load(carried, n))
    _trace(
        p, grids, p.season_price[season], outlay, tray.kept, tray.carried,
        flat(trail.flow[at]), flat(trail.corner[at]), flat(trail.across[at]),
        flat(trail.along[at]),
    )  # fmt: skip


@loop_kernel
@abreast(2)
def follow(discount, n_savings, future, bends, side_bends, flow, corner, across, along, value):
    """What plans of one season and technique are worth: fill `value`; all flat."""
    for n in range(value.size):
        ahead = between(
            future, bends, side_bends, n_savings, load(corner, n), load(across, n), load(along, n)
        )
        store(value, n, fused(discount, ahead, load(flow, n)))


@kernel
def _foresee(
    p, grids, season, known, cells, inside, redraw, end_hazard, end_future, solution, desk, tray
):
    """Fill the future of a season in a phase that ends with probability `end_hazard`; and return it."""
    future = solution.future[known, season]
    season_future(
        p, grids, solution.value, season, known, cells, inside, redraw, desk, tray.spare, future
    )
    if end_hazard > _ZERO:
        worth, ends = flat(future), flat(end_future[known, season])
        for n in range(worth.size):
            here = load(worth, n)
            put(worth, n, here + end_hazard * (load(ends, n) - here))
    return future


@kernel
def _lay(grids, future, tray):
    """Lay what is kept is worth, and how it bends, on the tray."""
    worth = flat(future)
    for n in range(worth.size):
        put(tray.table, n, load(worth, n))
    curvature(grids.choices, tray.table, tray.bends)
    curvature_along(grids.choices, tray.table, tray.side_bends)


@kernel
def _follow_on(p, grids, at, trail, tray, value):
    """What plans `at` a knowledge, season and technique are worth, by what lies on the tray: fill `value`."""
    follow(
        p.discount, i4(grids.savings.at.size), tray.table, tray.bends, tray.side_bends,
        flat(trail.flow[at]), flat(trail.corner[at]),
        flat(trail.across[at]), flat(trail.along[at]), value,
    )  # fmt: skip


@loop_kernel
def _live_season(p, grids, season, known, is_allowed, future, trail, tray, value):
    """Value of the plans of one season, given the future: fill `value` (3, n_assets, n_money)."""
    for technique in range(3):
        if is_allowed[technique]:
            _lay(grids, future[technique], tray)
            _follow_on(p, grids, (known, season, technique), trail, tray, flat(value[technique]))


@loop_kernel
def live_year(
    p, grids, cells, inside, is_allowed, redraw, end_hazard, end_future, trail, desk, tray, solution
):
    """Live a year by the plans of a solution, backwards: renew its value and future."""
    n_seasons = solution.value.shape[1]
    for back in range(n_seasons):
        season = n_seasons - 1 - back
        for known in (1, 0):  # a year of one season reads value[0] for both
            future = _foresee(
                p, grids, season, known, cells, inside, redraw, end_hazard, end_future, solution,
                desk, tray,
            )  # fmt: skip
            _live_season(
                p,
                grids,
                season,
                known,
                is_allowed,
                future,
                trail,
                tray,
                solution.value[known, season],
            )


@loop_kernel
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


@loop_kernel
def _note_year(value, is_allowed, x, gone, weights, move):
    """Where a year led from `x`: fill `gone` (n,), and at every so many states how it is weighed and moved."""
    part = x.size // 6
    for known in range(2):
        for technique in range(3):
            start, new = (3 * known + technique) * part, flat(value[known, 0, technique])
            counts = _ONE if is_allowed[technique] else _ZERO
            for n in range(part):
                put(gone, start + n, load(new, n))
            for s in range(-(-start // SAMPLED), -(-(start + part) // SAMPLED)):
                led = load(gone, s * SAMPLED)
                store(weights, s, counts / (_ONE + abs(led)))
                store(move, s, led - load(x, s * SAMPLED))


@loop_kernel
def _weigh_years(move, moves, weights, matrix, right, n_mixed):
    """Fill the normal equations of the combination of years that moves least.

    `moves` (years, n) are differences between years of what a year moved. Products of three are in
    single precision, sums in double.
    """
    for a in range(n_mixed):
        right[a] = 0.0
        for b in range(a + 1):
            matrix[a, b] = 0.0
    for s in range(move.size):
        weight = weights[s] * weights[s]
        for a in range(n_mixed):
            one = weight * moves[a, s]
            right[a] += one * move[s]
            for b in range(a + 1):
                matrix[a, b] += one * moves[b, s]
    for a in range(n_mixed):
        matrix[a, a] *= 1.0 + 1e-6
        for b in range(a):
            matrix[b, a] = matrix[a, b]


@loop_kernel
def _mix(year, led, right, n_mixed, x):
    """Anderson's mixing (1965): of the years so far, the combination that moves least: fill `x` (n,).

    `led` (MIXED_YEARS + 1, n) says where the last years led; `right` (MIXED_YEARS,) has a share for
    each change between two of them.
    """
    latest = led[year % (MIXED_YEARS + 1)]
    for n in range(x.size):
        store(x, n, load_table(latest, n))
    for a in range(n_mixed):
        last = year - (year - 1 - a) % MIXED_YEARS  # the latest change that has place `a`
        to, since = led[last % (MIXED_YEARS + 1)], led[(last - 1) % (MIXED_YEARS + 1)]
        share = f4(right[a])
        for n in range(x.size):
            store(x, n, load(x, n) - share * (load_table(to, n) - load_table(since, n)))


@loop_kernel
def value_plans(
    p, grids, cells, inside, is_allowed, redraw, end_hazard, end_future, tolerance, max_years,
    trail, solution,
):  # fmt: skip
    """What the plans of a solution are worth for ever: fill its value and future.

    Years are lived until the mean relative move of a year is under `tolerance`, or `max_years`
    have gone. Returns the years and the last move.
    """
    desk, tray = new_desk(grids), new_tray(grids)
    x = solution.value[:, 0].copy()
    now, n_sampled = flat(x), (x.size + SAMPLED - 1) // SAMPLED
    led = np.zeros((MIXED_YEARS + 1, x.size), f4)
    moves = np.zeros((MIXED_YEARS, n_sampled), f4)
    weights, move, move_before = (
        np.empty(n_sampled, f4),
        np.empty(n_sampled, f4),
        np.empty(n_sampled, f4),
    )
    matrix, right = np.zeros((MIXED_YEARS, MIXED_YEARS)), np.zeros(MIXED_YEARS)
    mean = 1e300
    for year in range(max_years):
        live_year(
            p, grids, cells, inside, is_allowed, redraw, end_hazard, end_future, trail, desk, tray,
            solution,
        )  # fmt: skip
        _note_year(solution.value, is_allowed, now, led[year % (MIXED_YEARS + 1)], weights, move)
        total, counted = 0.0, 0.0
        for s in range(n_sampled):
            total += abs(move[s]) * weights[s]
            counted += 1.0 if weights[s] > _ZERO else 0.0
        mean = total / counted
        if mean < tolerance or year == max_years - 1:
            return year + 1, mean
        n_mixed = min(year, MIXED_YEARS)
        for s in range(n_sampled):
            moves[(year - 1) % MIXED_YEARS, s] = move[s] - move_before[s] if year > 0 else _ZERO
            move_before[s] = move[s]
        _weigh_years(move, moves, weights, matrix, right, n_mixed)
        _solve_square(matrix, right, n_mixed)
        _mix(year, led, right, n_mixed, now)
        solution.value[:, 0] = x
    return max_years, mean


@loop_kernel
def trace_all(p, grids, is_allowed, solution, trail):
    """Fill the trail of all plans of a solution."""
    tray = new_tray(grids)
    for known in range(2):
        for season in range(solution.value.shape[1]):
            for technique in range(3):
                if is_allowed[technique]:
                    at = (known, season, technique)
                    trace_season(
                        p, grids, season, known, technique, solution.assets[at], solution.savings[at],
                        tray, trail,
                    )  # fmt: skip


@loop_kernel
def _take(taken, new, old):
    """Take what is new where it is `taken`; all flat."""
    for n in range(old.size):
        here, other = load(old, n), load(new, n)
        put(old, n, other if load(taken, n) != i4(0) else here)


@loop_kernel
def _weigh(is_free, worth, value, taken):
    """Mark plans to take: all where that `is_free`, or those worth more; the sum of relative gains."""
    gain = 0.0
    for n in range(value.size):
        size = _ONE + abs(worth[n])
        more = worth[n] - value[n]
        is_taken = is_free or more > f4(_LEAST_GAIN) * size
        put(taken, n, i4(1) if is_taken else i4(0))
        gain += abs(more) / size if is_taken else 0.0
    return gain


@loop_kernel
def _take_better(p, grids, season, is_allowed, is_free, bench, fresh, tray, trail, solution):
    """Take the plans on the bench where they are worth more: update plans, trail and value of a season.

    All of them where that `is_free`. Returns the mean relative change.
    """
    gain, n_states = 0.0, 0
    for known in range(2):
        for technique in range(3):
            at = (known, season, technique)
            if not is_allowed[technique]:
                solution.value[at][:, :] = f4(-1e12)
                continue
            trace_season(
                p, grids, season, known, technique, bench.assets[known, technique],
                bench.savings[known, technique], tray, fresh,
            )  # fmt: skip
            _lay(grids, solution.future[at], tray)
            _follow_on(p, grids, at, fresh, tray, tray.worth)
            value = flat(solution.value[at])
            gain += _weigh(is_free, tray.worth, value, tray.taken)
            _take(tray.taken, tray.worth, value)
            _take(tray.taken, flat(bench.assets[known, technique]), flat(solution.assets[at]))
            _take(tray.taken, flat(bench.savings[known, technique]), flat(solution.savings[at]))
            _take(tray.taken, flat(fresh.flow[at]), flat(trail.flow[at]))
            _take(tray.taken, flat(fresh.corner[at]), flat(trail.corner[at]))
            _take(tray.taken, flat(fresh.across[at]), flat(trail.across[at]))
            _take(tray.taken, flat(fresh.along[at]), flat(trail.along[at]))
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
    n_seasons = solution.value.shape[1]
    trail, fresh = new_trail(solution.value.shape), new_trail(solution.value.shape)
    desk, bench, tray = new_desk(grids), new_bench(grids), new_tray(grids)
    hazard = f4(end_hazard)
    is_new = expected_gain >= 1.0
    if not is_new:
        trace_all(p, grids, is_allowed, solution, trail)
    gain, years, searches = expected_gain, 0, 0
    while years < max_years:
        if not is_new and hazard < _ONE:
            lived, _ = value_plans(
                p, grids, cells, inside, is_allowed, redraw, hazard, end_future,
                max(VALUED_BETTER * tolerance, VALUED_FIRST * gain, VALUED_FINEST),
                max_years - years, trail, solution,
            )  # fmt: skip
            years += lived
        gain = 0.0
        for back in range(n_seasons):
            season = n_seasons - 1 - back
            for known in (1, 0):
                future = _foresee(
                    p, grids, season, known, cells, inside, redraw, hazard, end_future, solution,
                    desk, tray,
                )  # fmt: skip
                if not is_new:
                    _live_season(
                        p, grids, season, known, is_allowed, future, trail, tray,
                        solution.value[known, season],
                    )  # fmt: skip
            search(p, grids, season, is_allowed, solution.future, bench)
            gain += _take_better(
                p,
                grids,
                season,
                is_allowed,
                searches < FREE_SEARCHES,
                bench,
                fresh,
                tray,
                trail,
                solution,
            )
        years += 1
        searches += 1
        is_new = False
        if gain < tolerance or hazard >= _ONE:  # what ends at once looks no further ahead
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
    desk, bench, tray = new_desk(grids), new_bench(grids), new_tray(grids)
    trail, fresh = new_trail(solution.value.shape), new_trail(solution.value.shape)
    for known in range(2):
        future = solution.future[known, season]
        if ends:
            future[:] = end_future[known, season]
        else:
            season_future(
                p,
                grids,
                after.value,
                season,
                known,
                cells,
                inside,
                redraw,
                desk,
                tray.spare,
                future,
            )
    search(p, grids, season, is_allowed, solution.future, bench)
    _take_better(p, grids, season, is_allowed, True, bench, fresh, tray, trail, solution)
