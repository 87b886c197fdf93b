"""What assets kept and savings carried are worth: expected value over luck, losses, forgetting and succession.

W_s(k', a', T') = E V_{s+1}(survive * keep * k', R(a') a' + income_{s+1}(keep * k', T'), T')

Tables that are read by gathers are filled by plain stores: `vector.store` promises that nobody reads
them so.
"""

from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels.curves import curvature, curvature_along
from resilience_sim.kernels.lanes import LANES, LOOKUP
from resilience_sim.kernels.lookups import add_curves
from resilience_sim.kernels.vector import (
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
_ZERO, _ONE = f4(0.0), f4(1.0)


class Desk(NamedTuple):
    """Arrays that one season's look ahead writes over; float32, flat tables of assets and money or savings."""

    best: Any  # value at planting
    mixture: Any  # the same, where knowledge may be forgotten
    bends: Any
    mixed: Any  # expected over the loss of assets; the next two say how it runs from each node of money on
    slope: Any
    bent: Any
    row: Any  # (n_savings,)
    shares: Any  # (n_luck,) probabilities of the classes of luck
    heir: Any


@loop_kernel
def new_desk(grids):
    """An empty desk; what is looked up in whole vectors goes on for one row more."""
    n_assets, n_money, n_savings = grids.assets.at.size, grids.money.at.size, grids.savings.at.size
    size = n_assets * n_money
    padded = size + LOOKUP
    return Desk(
        np.empty(size, f4), np.empty(size, f4), np.empty(size, f4), np.zeros(padded, f4),
        np.zeros(padded, f4), np.zeros(padded, f4), np.empty(n_savings, f4),
        grids.luck_share.astype(f4), np.empty(n_assets * n_savings, f4),
    )  # fmt: skip


@kernel
def _look_ahead(grids, loss, value, desk):
    """Expected value over the loss of assets, as a curve along money: fill what lies mixed on the desk."""
    n_money, size = grids.money.at.size, value.size
    bends, mixed, slope, bent = desk.bends, desk.mixed[:size], desk.slope, desk.bent[:size]
    curvature(grids.states, value, bends)
    left = _ONE - loss
    for i in range(grids.assets.at.size):
        row, across = grids.loss_cell[0, i] * n_money, grids.loss_place[0, i]
        other_row, other_across = grids.loss_cell[1, i] * n_money, grids.loss_place[1, i]
        aside, other_aside, first = across - _ONE, other_across - _ONE, i * n_money
        above, other_above = row + n_money, other_row + n_money
        for m in range(n_money):
            low = load(value, row + m)
            rise = load(value, above + m) - low + load(bends, row + m) * aside
            whole = low + across * rise
            low = load(value, other_row + m)
            rise = load(value, other_above + m) - low + load(bends, other_row + m) * other_aside
            struck = low + other_across * rise
            put(mixed, first + m, left * whole + loss * struck)
    curvature_along(grids.states, mixed, bent)
    for n in range(size - 1):
        put(slope, n, load(mixed, n + 1) - load(mixed, n) - load(bent, n))


@loop_kernel
def _expect_income(shares, cells, inside, is_same, low, slope, bent, row, n_money, future):
    """Expected value over classes of luck: fill `future` (n_assets, n_savings).

    Where income `is_same` with all assets, `cells` and `inside` are those of the first node.
    """
    n_assets, n_savings = future.shape
    n_luck = shares.size
    flat_cells, flat_inside, out = flat(cells), flat(inside), flat(future)
    is_looked_up = n_money <= LOOKUP and n_savings % LANES == 0
    for i in range(n_assets):
        first = i4(i * n_money)
        start = 0 if is_same else i * n_luck * n_savings
        if is_looked_up:
            for j in range(0, n_savings, LANES):
                add_curves(
                    low, slope, bent, first, flat_cells, flat_inside, start + j, n_savings, shares,
                    row, j,
                )  # fmt: skip
        else:
            for j in range(n_savings):
                store(row, j, _ZERO)
            for n in range(n_luck):
                for j in range(n_savings):
                    here = start + n * n_savings + j
                    at, place = (
                        i4(first + i4(load_table(flat_cells, here))),
                        load_table(flat_inside, here),
                    )
                    rise = fused(load_table(bent, at), place, load_table(slope, at))
                    got = fused(place, rise, load_table(low, at))
                    store(row, j, fused(load_table(shares, n), got, load(row, j)))
        for j in range(n_savings):
            put(out, i * n_savings + j, load(row, j))


@kernel
def _to_the_heir(grids, future, desk, out):
    """What the heir's share of assets kept and savings carried is worth: fill `out` (n_assets, n_savings)."""
    n_assets, n_savings = future.shape
    own, found = desk.heir, flat(out)
    for i in range(n_assets):
        row, first = at_hand(future[i]), i4(i * n_savings)
        for j in range(n_savings):
            n = i * n_savings + j
            at, place = (
                load_table(grids.heir_savings_at, n),
                load_table(grids.heir_savings_place, n),
            )
            cell = i4(at - first)
            low = load_table(row, cell)
            put(own, n, low + place * (load_table(row, i4(cell + i4(1))) - low))
    for i in range(n_assets):
        at, place = grids.heir_asset_cell[i] * n_savings, grids.heir_asset_place[i]
        for j in range(n_savings):
            low = load(own, at + j)
            put(found, i * n_savings + j, low + place * (load(own, at + n_savings + j) - low))


@kernel
def _foresee_heir(p, grids, redraw, future, spare, desk):
    """Mix in the value to the heir, whose skill may be another: `redraw` is what that adds."""
    hazard = p.succession_hazard
    if hazard <= _ZERO:
        return
    _to_the_heir(grids, future, desk, spare)
    out, heirs, added = flat(future), flat(spare), flat(redraw)
    for n in range(out.size):
        own = load(out, n)
        put(out, n, own + hazard * (load(heirs, n) + load(added, n) - own))


@kernel
def _best_technique(value, best):
    """Value before the choice of technique at planting: the largest of the three; fill `best`, flat."""
    none, traditional, improved = flat(value[0]), flat(value[1]), flat(value[2])
    for n in range(best.size):
        best[n] = max(none[n], max(traditional[n], improved[n]))


@loop_kernel
def _own_future(p, grids, value, season, known, technique, cells, inside, desk, out):
    """Fill `out` (n_assets, n_savings): expected value of what is kept while the head lives.

    Techniques of a season are to be asked for in their order: at planting they share what lies on
    the desk. Knowledge that is not used may be forgotten before the next planting; the improved
    technique uses it.
    """
    best, mixture = desk.best, desk.mixture
    following = (season + 1) % value.shape[1]
    is_planting = following == 0
    forgets = p.knowledge_loss if (is_planting and known == 1) else _ZERO
    if is_planting and technique == 0:
        _best_technique(value[known, 0], best)
        _best_technique(value[0, 0], mixture)
        for n in range(best.size):
            mixture[n] = best[n] + forgets * (mixture[n] - best[n])
    if not is_planting:
        _look_ahead(grids, grids.loss, flat(value[known, following, technique]), desk)
    elif technique == 0:
        _look_ahead(grids, grids.loss, mixture, desk)
    elif technique == 2 and forgets > _ZERO:
        _look_ahead(grids, grids.loss, best, desk)
    at = (known if technique == 2 else 0, season, technique)
    _expect_income(
        desk.shares, cells[at], inside[at], technique == 0, desk.mixed, desk.slope, desk.bent,
        desk.row, grids.money.at.size, out,
    )  # fmt: skip


@loop_kernel
def season_future(p, grids, value, season, known, cells, inside, redraw, desk, spare, out):
    """Fill `out` (3, n_assets, n_savings): expected value of what is kept in `season`.

    `redraw` (shaped like a solution's future) is what the heir's other skill adds; `spare`
    (n_assets, n_savings) is written over.
    """
    for technique in range(3):
        _own_future(p, grids, value, season, known, technique, cells, inside, desk, out[technique])
        _foresee_heir(p, grids, redraw[known, season, technique], out[technique], spare, desk)


@loop_kernel
def future_of(p, grids, value, cells, inside, redraw, out):
    """Expected value of what is kept, by a solution's `value`: fill `out`, shaped like its future."""
    desk, spare = new_desk(grids), np.empty(out.shape[3:], f4)
    for known in range(2):
        for season in range(value.shape[1]):
            season_future(
                p,
                grids,
                value,
                season,
                known,
                cells,
                inside,
                redraw,
                desk,
                spare,
                out[known, season],
            )


@loop_kernel
def heirs_value(p, grids, value, cells, inside, out):
    """What is kept is worth so much to an heir of this type's skill: fill `out`, shaped like the future."""
    desk, own = new_desk(grids), np.empty(out.shape[3:], f4)
    for known in range(2):
        for season in range(value.shape[1]):
            for technique in range(3):
                _own_future(p, grids, value, season, known, technique, cells, inside, desk, own)
                _to_the_heir(grids, own, desk, out[known, season, technique])


@loop_kernel
def redraw_of(chances, heirs, parent, redraw):
    """What another skill of heirs adds to the value of what is kept: fill `redraw` (n,), of one parent's skill.

    `chances` (n_skill,) are those of the heir's, `heirs` (n_skill, n) what heirs make of what is
    kept. Returns the mean by which `redraw` moved, and the mean of its moves relative to value.
    """
    n = redraw.size
    expected = np.zeros(n, f4)
    for skill in range(chances.size):
        chance = f4(chances[skill])
        if chance > _ZERO:
            for at in range(n):
                expected[at] += chance * heirs[skill, at]
    level, moved = 0.0, 0.0
    for at in range(n):
        new = expected[at] - heirs[parent, at]
        move = new - redraw[at]
        level += move
        moved += abs(move) / (1.0 + abs(heirs[parent, at]))
        redraw[at] = new
    return level / n, moved / n
