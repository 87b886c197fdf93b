"""What assets kept and savings carried are worth: expected value over luck, losses, forgetting and succession.

W_s(k', a', T') = E V_{s+1}(survive * keep * k', R(a') a' + income_{s+1}(keep * k', T'), T')
"""

import numpy as np

from resilience_sim.kernels.curves import curvature, curvature_along
from resilience_sim.kernels.vector import kernel, load, load_table, loop_kernel, store


@kernel
def _look_ahead(grids, loss, value, bends, mixed):
    """Expected value over the loss of assets: fill `mixed` (n_assets kept, n_money)."""
    curvature(grids.assets, value, bends)
    for i in range(grids.assets.size):
        row, across = grids.loss_cell[0, i], grids.loss_place[0, i]
        other_row, other_across = grids.loss_cell[1, i], grids.loss_place[1, i]
        for m in range(grids.money.size):
            bent = bends[row, m] * (across - 1.0)
            whole = value[row, m] + across * (value[row + 1, m] - value[row, m] + bent)
            bent = bends[other_row, m] * (other_across - 1.0)
            rise = value[other_row + 1, m] - value[other_row, m]
            struck = value[other_row, m] + other_across * (rise + bent)
            mixed[i, m] = (1.0 - loss) * whole + loss * struck


@kernel
def _expect_income(shares, cells, inside, mixed, bends, future):
    """Expected value over classes of luck: fill `future` (n_assets, n_savings)."""
    n_assets, n_savings = future.shape
    n_luck, n_money = shares.size, mixed.shape[1]
    flat_mixed, flat_bends, flat_future = mixed.ravel(), bends.ravel(), future.ravel()
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
                low, place = load_table(flat_mixed, at), load_table(flat_inside, start + j)
                bent = load_table(flat_bends, at) * (place - 1.0)
                got = low + place * (load_table(flat_mixed, at + 1) - low + bent)
                store(flat_future, out + j, load(flat_future, out + j) + share * got)


@kernel
def _expect_same_income(shares, cells, inside, mixed, bends, upright, upright_bends, sums, future):
    """The same where income does not depend on assets, so that they can be gone through side by side.

    `cells`, `inside` are those of the first node of assets. `upright`, `upright_bends` (n_money,
    n_assets) and `sums` (n_savings, n_assets) are written over.
    """
    n_assets, n_savings = future.shape
    for m in range(upright.shape[0]):
        for i in range(n_assets):
            upright[m, i] = mixed[i, m]
            upright_bends[m, i] = bends[i, m]
    flat, flat_bends, flat_sums = upright.ravel(), upright_bends.ravel(), sums.ravel()
    for j in range(n_savings):
        for i in range(n_assets):
            sums[j, i] = 0.0
        out = j * n_assets
        for n in range(shares.size):
            share, place = shares[n], inside[n, j]
            start = cells[n, j] * n_assets
            for i in range(n_assets):
                low = load_table(flat, start + i)
                bent = load_table(flat_bends, start + i) * (place - 1.0)
                got = low + place * (load_table(flat, start + n_assets + i) - low + bent)
                store(flat_sums, out + i, load(flat_sums, out + i) + share * got)
    for i in range(n_assets):
        for j in range(n_savings):
            future[i, j] = sums[j, i]


@kernel
def _to_the_heir(grids, future, out):
    """What the heir's share of assets kept and savings carried is worth: fill `out` (n_assets, n_savings)."""
    n_assets, n_savings = future.shape
    for i in range(n_assets):
        a, f = grids.heir_asset_cell[i], grids.heir_asset_place[i]
        for j in range(n_savings):
            b, g = grids.heir_savings_cell[j], grids.heir_savings_place[j]
            low = future[a, b] + g * (future[a, b + 1] - future[a, b])
            high = future[a + 1, b] + g * (future[a + 1, b + 1] - future[a + 1, b])
            out[i, j] = low + f * (high - low)


@kernel
def _foresee_heir(p, grids, redraw, future, spare):
    """Mix in the value to the heir, whose skill may be another: `redraw` is what that adds."""
    hazard = p.succession_hazard
    if hazard <= 0.0:
        return
    _to_the_heir(grids, future, spare)
    for i in range(future.shape[0]):
        for j in range(future.shape[1]):
            future[i, j] += hazard * (spare[i, j] + redraw[i, j] - future[i, j])


@kernel
def _best_technique(value, best):
    """Value before the choice of technique at planting: the largest of the three, (n_assets, n_money)."""
    for i in range(best.shape[0]):
        for m in range(best.shape[1]):
            best[i, m] = max(value[0, i, m], max(value[1, i, m], value[2, i, m]))


@kernel
def new_desk(grids):
    """Arrays that one season's look ahead writes over."""
    n_assets, n_money = grids.assets.size, grids.money.size
    return (
        np.empty((n_assets, n_money)), np.empty((n_assets, n_money)), np.zeros((n_assets, n_money)),
        np.empty((n_assets, n_money)), np.empty((n_assets, grids.savings.size)),
        np.empty((n_money, n_assets)), np.empty((n_money, n_assets)),
        np.empty((grids.savings.size, n_assets)), np.zeros((n_assets, n_money)),
    )  # fmt: skip


@kernel
def _own_future(p, grids, value, season, known, technique, cells, inside, desk, out):
    """Fill `out` (n_assets, n_savings): expected value of what is kept while the head lives.

    Techniques of a season are to be asked for in their order: at planting they share what lies on
    the desk. Knowledge that is not used may be forgotten before the next planting; the improved
    technique uses it.
    """
    best, mixture, bends, mixed, _, upright, upright_bends, sums, side_bends = desk
    following = (season + 1) % value.shape[1]
    loss = 1.0 - (1.0 - p.asset_loss) ** (4.0 / p.periods_per_year)
    is_planting = following == 0
    forgets = p.knowledge_loss if (is_planting and known == 1) else 0.0
    if is_planting and technique == 0:
        _best_technique(value[known, 0], best)
        _best_technique(value[0, 0], mixture)
        for i in range(grids.assets.size):
            for m in range(grids.money.size):
                mixture[i, m] = best[i, m] + forgets * (mixture[i, m] - best[i, m])
    if not is_planting:
        _look_ahead(grids, loss, value[known, following, technique], bends, mixed)
    elif technique == 0:
        _look_ahead(grids, loss, mixture, bends, mixed)
    elif technique == 2 and forgets > 0.0:
        _look_ahead(grids, loss, best, bends, mixed)
    if technique == 0 or not is_planting or (technique == 2 and forgets > 0.0):
        curvature_along(grids.money, mixed, side_bends)
    if technique == 0:
        _expect_same_income(
            grids.luck_share, cells[0, season, 0, 0], inside[0, season, 0, 0], mixed, side_bends,
            upright, upright_bends, sums, out,
        )  # fmt: skip
    else:
        at = (known if technique == 2 else 0, season, technique)
        _expect_income(grids.luck_share, cells[at], inside[at], mixed, side_bends, out)


@kernel
def season_future(p, grids, value, season, known, cells, inside, redraw, desk, out):
    """Fill `out` (3, n_assets, n_savings): expected value of what is kept in `season`.

    `redraw` (shaped like a solution's future) is what the heir's other skill adds.
    """
    for technique in range(3):
        _own_future(p, grids, value, season, known, technique, cells, inside, desk, out[technique])
        _foresee_heir(p, grids, redraw[known, season, technique], out[technique], desk[4])


@loop_kernel
def future_of(p, grids, value, cells, inside, redraw, out):
    """Expected value of what is kept, by a solution's `value`: fill `out`, shaped like its future."""
    desk = new_desk(grids)
    for known in range(2):
        for season in range(value.shape[1]):
            season_future(
                p, grids, value, season, known, cells, inside, redraw, desk, out[known, season]
            )


@loop_kernel
def heirs_value(p, grids, value, cells, inside, out):
    """What is kept is worth so much to an heir of this type's skill: fill `out`, shaped like the future."""
    desk = new_desk(grids)
    own = np.empty((grids.assets.size, grids.savings.size))
    for known in range(2):
        for season in range(value.shape[1]):
            for technique in range(3):
                _own_future(p, grids, value, season, known, technique, cells, inside, desk, own)
                _to_the_heir(grids, own, out[known, season, technique])


@loop_kernel
def redraw_of(chances, heirs, parent, redraw):
    """What another skill of heirs adds to the value of what is kept: fill `redraw` (n,), of one parent's skill.

    `chances` (n_skill,) are those of the heir's, `heirs` (n_skill, n) what heirs make of what is
    kept. Returns the mean by which `redraw` moved, and the mean of its moves relative to value.
    """
    n = redraw.size
    expected = np.zeros(n)
    for skill in range(chances.size):
        if chances[skill] > 0.0:
            for at in range(n):
                expected[at] += chances[skill] * heirs[skill, at]
    level, moved = 0.0, 0.0
    for at in range(n):
        new = expected[at] - heirs[parent, at]
        move = new - redraw[at]
        level += move
        moved += abs(move) / (1.0 + abs(heirs[parent, at]))
        redraw[at] = new
    return level / n, moved / n
