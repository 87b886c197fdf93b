"""Where a number lies on a grid, and tables read between their nodes."""

import numpy as np

from resilience_sim.kernels.elementary import log2
from resilience_sim.kernels.lanes import LANES, LOOKUP, TILE
from resilience_sim.kernels.lookups import mix_corners, mix_lanes, place_lanes, shelve
from resilience_sim.kernels.vector import kernel, load_table

f4 = np.float32
i4 = np.int32
_ZERO, _ONE = f4(0.0), f4(1.0)


@kernel
def locate(grid, x):
    """Cell (int32) and place within it, 0 at its left node and 1 at its right; clipped to the grid's ends."""
    cell = cell_of(grid, x)
    return cell, place_in(grid, cell, x)


@kernel
def cell_of(grid, x):
    """Cell of `locate`; a loop over it needs no gather."""
    debt = grid.debt_cells + min(x, _ZERO) * grid.debt_scale
    cell = i4(debt + log2(_ONE + max(x, _ZERO) * grid.inverse_bend) * grid.scale)
    return min(max(cell, i4(0)), grid.last)


@kernel
def place_in(grid, cell, x):
    """Place of `locate` in a cell that is known."""
    place = (x - load_table(grid.nodes, cell)) * load_table(grid.inverse_widths, cell)
    return min(max(place, _ZERO), _ONE)


@kernel
def between(table, corner, other_step, skill_step, row, places):
    """A table of one value a node, read between two nodes each of money, assets, other income and skill.

    `corner` is the lowest of the sixteen nodes. Nodes of money lie side by side, those of assets
    `row` apart and those of types `other_step` and `skill_step`; `places` lie in that order between
    0 and 1.
    """
    return mix_corners(table, 1, _types(corner, other_step, skill_step), row, places)[0]


@kernel
def _types(corner, other_step, skill_step):
    above = i4(corner + skill_step)
    return corner, i4(corner + other_step), above, i4(above + other_step)


@kernel
def shelve_grids(tables, shelf):
    """Put the grids of money and assets into a tile of two rows, for `read_tile`."""
    shelve(tables.money.nodes, shelf, 0)
    shelve(tables.money.inverse_widths, shelf, LOOKUP)
    shelve(tables.assets.nodes, shelf, 2 * LOOKUP)
    shelve(tables.assets.inverse_widths, shelf, 3 * LOOKUP)


@kernel
def read_tile(
    tables, table, width, size, shelf, counts, reals, other_step, skill_step, row
):  # fmt: skip
    """Read a table for the first `size` households of a tile, as `between` reads it for one.

    `counts` holds rows of corners and of cells of money and assets; `reals` rows of money, assets,
    and places of other income and skill. The values are put into the next `width` rows of `reals`.
    """
    whole = (size + LANES - 1) // LANES * LANES
    for k in range(size, whole):  # households that are not there read the first node
        for r in range(3):
            counts[k + r * TILE] = i4(0)
        for r in range(4):
            reals[k + r * TILE] = _ZERO
    money, assets = tables.money, tables.assets
    for k in range(0, whole, LANES):
        place_lanes(money.nodes, money.inverse_widths, shelf, 0, counts, k + TILE, reals, k)
        place_lanes(
            assets.nodes, assets.inverse_widths, shelf, 2 * LOOKUP, counts, k + 2 * TILE, reals,
            k + TILE,
        )  # fmt: skip
        mix_lanes(table, width, counts, k, (row, other_step, skill_step), reals)
