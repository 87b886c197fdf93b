"""Where plans lead: chances of living above the line by the improved technique, and places of rest."""

import numpy as np

from resilience_sim.kernels.bellman import new_trail, trace_all
from resilience_sim.kernels.curves import between, curvature, place_of
from resilience_sim.kernels.foresight import new_desk, season_future
from resilience_sim.kernels.household import labour_share, own_output, year_outlay
from resilience_sim.kernels.vector import flat, kernel, load, loop_kernel, store

f4, i4 = np.float32, np.int32
_ZERO, _ONE = f4(0.0), f4(1.0)
_AT_REST = 1e-6  # lines that assets and money may move in a year


@kernel
def _chosen(solution, known, chosen):
    """The technique that would be planted: fill `chosen` (n_assets, n_money)."""
    for i in range(chosen.shape[0]):
        for m in range(chosen.shape[1]):
            best = 0
            for technique in range(1, 3):
                here = solution.value[known, 0, technique, i, m]
                if here > solution.value[known, 0, best, i, m]:
                    best = technique
            chosen[i, m] = best


@kernel
def _is_up(p, grids, solution, known, technique, i, m):
    """Whether the improved technique is planted and consumption above the line, 1 or 0."""
    at = (known, 0, technique, i, m)
    outlay = year_outlay(p, np.int32(technique), np.int32(known)) * p.season_outlay[0]
    change = solution.assets[at] - grids.assets.at[i]
    cost = change if change > 0.0 else p.resale * change
    eaten = grids.money.at[m] - solution.savings[at] - cost - outlay
    is_above = eaten * p.periods_per_year / p.season_price[0] > 1.0
    return 1.0 if (technique == 2 and is_above) else 0.0


@loop_kernel
def escape_probability(p, grids, cells, inside, years, solution, out):
    """Chance to live by the improved technique above the line `years` on; fill `out` (2, n_assets, n_money).

    Judged at planting, before the technique is chosen, under the stored plans, by carrying the
    indicator back through the transitions `cells` and `inside` (no draws). Consumption above the
    line means more than the period's share of it, at the season's price. Heirs are judged as if of
    the parent's skill.
    """
    n_seasons, n_assets, n_money = (
        solution.value.shape[1],
        grids.assets.at.size,
        grids.money.at.size,
    )
    n_savings = i4(grids.savings.at.size)
    trail = new_trail(solution.value.shape)
    trace_all(p, grids, np.ones(3, np.bool_), solution, trail)
    chance, future = np.zeros(solution.value.shape, f4), np.empty(solution.future.shape, f4)
    redraw = np.zeros(solution.future.shape, f4)
    desk, spare = new_desk(grids), np.empty(future.shape[3:], f4)
    size = n_assets * n_savings
    table, bends, straight = np.empty(size, f4), np.empty(size, f4), np.zeros(size, f4)
    chosen = np.empty((2, n_assets, n_money), np.int32)
    for known in range(2):
        _chosen(solution, known, chosen[known])
        for i in range(n_assets):
            for m in range(n_money):
                technique = chosen[known, i, m]
                chance[known, 0, :, i, m] = _is_up(p, grids, solution, known, technique, i, m)
    for _ in range(years):
        for back in range(n_seasons):
            season = n_seasons - 1 - back
            for known in (1, 0):  # a year of one season reads chance[0] for both
                season_future(
                    p, grids, chance, season, known, cells, inside, redraw, desk, spare,
                    future[known, season],
                )  # fmt: skip
                for technique in range(3):
                    table[:] = flat(future[known, season, technique])
                    curvature(grids.choices, table, bends)
                    at = (known, season, technique)
                    corner, got = flat(trail.corner[at]), flat(chance[at])
                    across, along = flat(trail.across[at]), flat(trail.along[at])
                    for n in range(got.size):
                        read = between(
                            table, bends, straight, n_savings, load(corner, n), load(across, n),
                            load(along, n),
                        )  # fmt: skip
                        store(got, n, min(max(read, _ZERO), _ONE))
                if season == 0:
                    for i in range(n_assets):
                        for m in range(n_money):
                            got = chance[known, 0, chosen[known, i, m], i, m]
                            for technique in range(3):
                                chance[known, 0, technique, i, m] = got
    out[:] = chance[:, 0, 0]


@kernel
def _read(table, row, across, cell, place):
    low = table[row, cell] + place * (table[row, cell + 1] - table[row, cell])
    high = table[row + 1, cell] + place * (table[row + 1, cell + 1] - table[row + 1, cell])
    return low + across * (high - low)


@loop_kernel
def luckless_rest(p, grids, land, skill, other, wage_skill, known, years, starts, solution, out):
    """Where a type comes to rest when luck is always ordinary; fill `out` (n_starts, 4).

    `starts` (n_starts, 2) are assets and money at planting. Ordinary luck is the mean of every
    draw. Years are lived until one moves nothing, `years` at most. Columns of `out`: assets, money,
    consumption (lines per year) and technique at the last planting.
    """
    n_seasons = solution.value.shape[1]
    mean_harvest = (grids.harvest[:, 0] * grids.harvest[:, 1]).sum()
    mean_wage = (grids.wage[:, 0] * grids.wage[:, 2]).sum()
    mean_bill = (grids.wage[:, 1] * grids.wage[:, 2]).sum()
    left = np.float32(1.0) - p.pool_tax
    wages = wage_skill * left
    for n in range(starts.shape[0]):
        assets, money = starts[n, 0], starts[n, 1]
        technique = 0
        for _ in range(years):
            eaten, assets_before, money_before = 0.0, assets, money
            for season in range(n_seasons):
                row, across = place_of(grids.assets, f4(assets))
                cell, place = place_of(grids.money, f4(money))
                across, place = min(max(across, 0.0), 1.0), min(max(place, 0.0), 1.0)
                if season == 0:
                    out[n, 0], out[n, 1] = assets, money
                    best = f4(-1e30)
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
                own = left * own_output(
                    p, np.int32(technique), np.int32(known), np.float32(skill),
                    np.float32(p.keep * kept + land),
                )  # fmt: skip
                factor = p.return_save if carried > 0.0 else p.return_borrow
                used = labour_share(p, np.int32(technique))
                money = (
                    carried * factor
                    + own * p.season_output[(season + 1) % n_seasons] * mean_harvest
                    + wages * (1.0 - used) / p.periods_per_year * mean_wage
                    - mean_bill
                    + other / p.periods_per_year
                )
                assets = p.keep * kept * (1.0 - grids.loss * p.asset_loss_share)
            out[n, 2], out[n, 3] = eaten, technique
            if max(abs(assets - assets_before), abs(money - money_before)) < _AT_REST:
                break
