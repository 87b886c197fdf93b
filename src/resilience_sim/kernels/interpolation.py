"""Where a number lies on a grid, and tables read between their nodes."""

import numpy as np

from resilience_sim.kernels.elementary import log2
from resilience_sim.kernels.vector import kernel, load_table

f4 = np.float32
i4 = np.int32
_ZERO, _ONE = f4(0.0), f4(1.0)


@kernel
def locate(grid, x):
    """Cell (int32) and place within it, 0 at its left node and 1 at its right; clipped to the grid's ends."""
    above = log2(_ONE + max(x, _ZERO) * grid.inverse_bend) * grid.scale
    cell = i4(grid.debt_cells + min(x, _ZERO) * grid.debt_scale + above)
    cell = min(max(cell, i4(0)), grid.last)
    place = (x - load_table(grid.nodes, cell)) * load_table(grid.inverse_widths, cell)
    return cell, min(max(place, _ZERO), _ONE)


@kernel
def blend(table, corner, step, place_assets, place_money, row):
    """Bilinear value of a table whose entries lie `step` apart along money and `row` apart along assets."""
    a = load_table(table, corner)
    b = load_table(table, i4(corner + step))
    c = load_table(table, i4(corner + row))
    d = load_table(table, i4(corner + row + step))
    low = a + place_money * (b - a)
    high = c + place_money * (d - c)
    return low + place_assets * (high - low)
