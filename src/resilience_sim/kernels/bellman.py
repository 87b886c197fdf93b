"""The planner: what a household of one type would do, in every state, season and programme phase.

Value, for assets k, money at hand m and technique T (design section 2):

    V_s(k, m, T) = max over k', a' (and T' at planting) of u(c) + discount * W_s(k', a', T')
    c = m - a' - cost(k' - k) - outlay_s(T')

A cycle searches for the best plans of a year once (`search`), then follows them for some years.
Double precision throughout.
"""

import math

import numpy as np

from resilience_sim.kernels.curves import between, cells_of, curvature, fused
from resilience_sim.kernels.foresight import new_desk, season_future
from resilience_sim.kernels.household import year_outlay
from resilience_sim.kernels.prospects import SMALLEST_SURPLUS
from resilience_sim.kernels.search import improve, new_bench
from resilience_sim.kernels.vector import kernel, load, load_table, loop_kernel, store

EVALUATED_CYCLES = 12  # searches between which plans are evaluated; later ones follow each other
SHIFTED_CYCLES = 60  # up to which plain iteration from a warm start is helped on
CONVERGED, NOT_CONVERGED = 0, 1
i4 = np.int32


@loop_kernel
def find_places(grids, solution, row, cell, place):
    """Where stored plans lie: row among assets, cell among savings, place in it; shaped like plans."""
    kept, carried = solution.assets.ravel(), solution.savings.ravel()
    flat_row, flat_cell, flat_place = row.ravel(), cell.ravel(), place.ravel()
    cells_of(grids.assets, kept, flat_row)
    cells_of(grids.savings, carried, flat_cell)
    for n in range(kept.size):
        at = load(flat_cell, n)
        left, right = load_table(grids.savings, at), load_table(grids.savings, i4(at + i4(1)))
        store(flat_place, n, (load(carried, n) - left) / (right - left))


@kernel
def _utility_of_plans(p, grids, price, outlay, assets, savings, surplus, out):
    """Utility of what plans of one season leave to eat: fill `out` (n_assets, n_money).

    `bellman.utility` of many at a time; `surplus` (n_assets * n_money,) is written over.
    """
    n_assets, n_money = assets.shape
    kept, carried, flat = assets.ravel(), savings.ravel(), out.ravel()
    slope, resale = SMALLEST_SURPLUS ** (-float(p.crra)), float(p.resale)
    for i in range(n_assets):
        held, at = grids.assets[i], i * n_money
        for m in range(n_money):
            change = load(kept, at + m) - held
            money = load_table(grids.money, m) - load(carried, at + m)
            bought, sold = money - change, fused(-resale, change, money)
            consumption = (bought if change > 0.0 else sold) - outlay
            above = p.periods_per_year * consumption / price - p.need
            store(surplus, at + m, max(above, SMALLEST_SURPLUS))
            store(flat, at + m, slope * (min(above, SMALLEST_SURPLUS) - SMALLEST_SURPLUS))
    power = 1.0 - p.crra
    for n in range(surplus.size):
        level = math.log(surplus[n]) if p.crra == 1.0 else surplus[n] ** power / power
        flat[n] = (level + flat[n]) / p.periods_per_year


@loop_kernel
def remember(p, grids, is_allowed, solution, cache):
    """Fill the cache of `evaluate` from the stored plans."""
    flow, row, cell, place = cache
    find_places(grids, solution, row, cell, place)
    surplus = np.empty(grids.assets.size * grids.money.size)
    for known in range(2):
        for season in range(solution.value.shape[1]):
            for technique in range(3):
                if is_allowed[technique]:
                    outlay = year_outlay(p, i4(technique), i4(known)) * p.season_outlay[season]
                    _utility_of_plans(
                        p, grids, p.season_price[season], outlay,
                        solution.assets[known, season, technique],
                        solution.savings[known, season, technique], surplus,
                        flow[known, season, technique],
                    )  # fmt: skip


@loop_kernel
def evaluate(p, grids, season, known, is_allowed, future, solution, cache, table, bends):
    """Value of the stored plans of one season (a Howard step); fills value.

    `cache` is a tuple of arrays shaped like the policies: utility, and the place of each plan in
    `future`. `table` and `bends` (n_assets, n_savings) are written over.
    """
    n_savings = i4(grids.savings.size)
    discount = float(p.discount)
    for technique in range(3):
        if not is_allowed[technique]:
            continue
        for i in range(grids.assets.size):
            for j in range(n_savings):
                table[i, j] = future[technique, i, j]
        curvature(grids.assets, table, bends)
        flow, row, cell, place = (
            cache[0][known, season, technique].ravel(), cache[1][known, season, technique].ravel(),
            cache[2][known, season, technique].ravel(), cache[3][known, season, technique].ravel(),
        )  # fmt: skip
        kept = solution.assets[known, season, technique].ravel()
        value = solution.value[known, season, technique].ravel()
        flat_table, flat_bends = table.ravel(), bends.ravel()
        for n in range(value.size):
            ahead = between(
                grids.assets, flat_table, flat_bends, n_savings, load(row, n), load(kept, n),
                load(cell, n), load(place, n),
            )  # fmt: skip
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
def _change(is_allowed, value, before):
    """Mean relative change of value at planting, its plain mean; `before` becomes `value`."""
    change, shift, n_states = 0.0, 0.0, 0
    for known in range(2):
        for technique in range(3):
            if is_allowed[technique]:
                for i in range(before.shape[2]):
                    for m in range(before.shape[3]):
                        new = value[known, 0, technique, i, m]
                        old = before[known, technique, i, m]
                        change += abs(new - old) / (1.0 + abs(new))
                        shift += new - old
                        n_states += 1
                        before[known, technique, i, m] = new
    return change / n_states, shift, n_states


@loop_kernel
def solve_type(
    p,
    grids,
    cells,
    inside,
    is_allowed,
    redraw,
    end_hazard,
    end_future,
    tolerance,
    max_years,
    howard,
    done,
    solution,
):
    """Solve one type for a lasting phase: cycles of a year until values stop moving.

    `cells`, `inside` come from `money_places`, `redraw` is shaped like `solution.future`. With
    `end_hazard` > 0 the phase ends each period with that probability, and what is kept is then
    worth `end_future` (the same shape). Each cycle evaluates the plans that are there over `howard`
    years and then improves all seasons once. `done` cycles have gone before: with none, only the
    values of `solution` are used, else its plans too. Returns status, cycles in all, and the last
    relative change of value, a mean over states.
    """
    n_seasons = solution.value.shape[1]
    shape = solution.value.shape
    cache = (
        np.empty(shape), np.empty(shape, np.int32), np.empty(shape, np.int32), np.empty(shape)
    )  # fmt: skip
    n_assets, n_savings = grids.assets.size, grids.savings.size
    desk = new_desk(grids)
    table, bends = np.empty((n_assets, n_savings)), np.zeros((n_assets, n_savings))
    bench = new_bench(grids)
    before = solution.value[:, 0].copy()
    change = 1e300
    years = 0
    cycle = done
    while years < max_years:
        # Searching weighs plans by what trading leaves, evaluating spends them out; where the two
        # differ (people who cannot cover their need hardly care when they go hungry) plain
        # iteration settles them.
        if 0 < cycle <= EVALUATED_CYCLES:
            years += howard
            remember(p, grids, is_allowed, solution, cache)
            for _ in range(howard):
                for back in range(n_seasons):
                    season = n_seasons - 1 - back
                    for known in (1, 0):  # a year of one season reads value[0] for both
                        future = _foresee(
                            p, grids, season, known, cells, inside, redraw, end_hazard, end_future,
                            solution, desk,
                        )  # fmt: skip
                        evaluate(
                            p,
                            grids,
                            season,
                            known,
                            is_allowed,
                            future,
                            solution,
                            cache,
                            table,
                            bends,
                        )
        years += 1
        cycle += 1
        for back in range(n_seasons):
            season = n_seasons - 1 - back
            for known in (1, 0):
                _foresee(
                    p,
                    grids,
                    season,
                    known,
                    cells,
                    inside,
                    redraw,
                    end_hazard,
                    end_future,
                    solution,
                    desk,
                )
            improve(p, grids, season, is_allowed, bench, solution)
        factor = p.discount * (1.0 - end_hazard)
        change, shift, n_states = _change(is_allowed, solution.value, before)
        if change < tolerance or end_hazard >= 1.0:  # what ends at once looks no further ahead
            return CONVERGED, cycle, change
        is_plain = cycle > EVALUATED_CYCLES + 1
        if 1 < cycle < EVALUATED_CYCLES or (done > 0 and is_plain and cycle < SHIFTED_CYCLES):
            # What all states still have to go is common to them and known: the geometric tail of
            # their mean change (MacQueen 1966). Adding it leaves plans alone and saves cycles.
            carry = factor ** (n_seasons * (1 if is_plain else howard + 1))
            ahead = carry / (1.0 - carry) * shift / n_states
            solution.value[:] += ahead
            before[:] += ahead
    return NOT_CONVERGED, cycle, change


@loop_kernel
def step_back(
    p, grids, cells, inside, season, is_allowed, redraw, after, ends, end_future, solution
):
    """One period of a phase with a known end: plans of `season` given next period's values `after`.

    `after` is a Solution whose value belongs to the following season; when `ends`, what is kept is
    worth `end_future` (shaped like `solution.future`) instead. Fills value, policies and future of
    `season` in `solution`, which may be `after` itself.
    """
    desk = new_desk(grids)
    for known in range(2):
        future = solution.future[known, season]
        if ends:
            future[:] = end_future[known, season]
        else:
            season_future(p, grids, after.value, season, known, cells, inside, redraw, desk, future)
    improve(p, grids, season, is_allowed, new_bench(grids), solution)
