"""Where a number lies among the planner's nodes, and tables read along a curve between; double precision."""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from resilience_sim.kernels.elementary import log2
from resilience_sim.kernels.vector import is_compiled, kernel, load, load_table, loop_kernel, store

f4 = np.float32
i4 = np.int32
_AIM_LOW = f4(1e-3)  # cells; a hundred times what single precision may miss


class Bend(NamedTuple):
    """How the nodes of a grid lie: evenly in log2(1 + x / bend), and evenly below zero. Float64."""

    inverse_bend: Any
    scale: Any  # cells per unit of log2
    debt_cells: Any  # cells below zero
    debt_scale: Any  # cells per line there


if is_compiled:

    @intrinsic
    def fused(typing_context, a, b, c):
        """A product and a sum as one operation wherever the machine has it, also out of a loop.

        The compiler contracts products and sums that stand together; here a product may be moved
        out of a loop, away from its sum, and the last bit would depend on how the loop is written.
        """

        def generate(context, builder, signature, args):
            double = ir.DoubleType()
            kind = ir.FunctionType(double, [double] * 3)
            function = builder.module.declare_intrinsic("llvm.fmuladd", [double], kind)
            return builder.call(function, args)

        return types.float64(types.float64, types.float64, types.float64), generate

else:

    def fused(a, b, c):
        """Plain twin."""
        return a * b + c


@kernel
def bracket(nodes, x):
    """Cell of a sorted grid that holds `x`, and the place within it, not clipped."""
    low, high = 0, nodes.size - 2
    while low < high:
        middle = (low + high + 1) // 2
        if nodes[middle] <= x:
            low = middle
        else:
            high = middle - 1
    return low, (x - nodes[low]) / (nodes[low + 1] - nodes[low])


@kernel
def bent_bracket(bend, nodes, x):
    """The cell (int32) and place that `bracket` finds, on a bent grid, without a search: vectorises."""
    last = i4(nodes.size - 2)
    above = log2(f4(1.0 + max(x, 0.0) * bend.inverse_bend)) * f4(bend.scale)
    # Single precision may miss by a little beside a node: aim a little low and look at one node.
    aim = f4(bend.debt_cells + min(x, 0.0) * bend.debt_scale) + above - _AIM_LOW
    cell = min(i4(max(aim, f4(0.0))), last)
    node = load_table(nodes, i4(cell + i4(1)))
    is_right = (node <= x) & (cell < last)
    other = load_table(nodes, i4(cell + i4(2)) if is_right else cell)
    low = node if is_right else other
    high = other if is_right else node
    return (i4(cell + i4(1)) if is_right else cell), (x - low) / (high - low)


@kernel
def cells_of(nodes, points, cells):
    """The cells that `bracket` finds for many points (n,): fill `cells` (n,) int32, many at a time."""
    last = i4(nodes.size - 2)
    for n in range(points.size):
        store(cells, n, i4(0))
    step = i4(1)
    while step + step <= last:
        step += step
    while step > 0:
        for n in range(points.size):
            low = load(cells, n)
            trial = i4(low + step)
            node = load_table(nodes, min(trial, last))
            is_beyond = (trial <= last) & (node <= load(points, n))
            store(cells, n, trial if is_beyond else low)
        step //= 2


@loop_kernel
def places(nodes, points):
    """Cells (int32) and places (float64, not clipped) of many points on a grid; both shaped like `points`."""
    flat = points.ravel()
    cells = np.empty(flat.size, np.int32)
    inside = np.empty(flat.size)
    for n in range(flat.size):
        cell, place = bracket(nodes, flat[n])
        cells[n] = cell
        inside[n] = place
    return cells.reshape(points.shape), inside.reshape(points.shape)


@kernel
def curvature(nodes, table, bends):
    """Half the curvature of `table` (n_nodes, n) on each segment between two rows, times its squared width.

    The smaller of the two nodes' second differences, and zero where they disagree in sign: reading
    between rows follows a smooth curve without overshooting at a kink.
    """
    n, n_columns = table.shape
    for column in range(n_columns):
        bends[n - 2, column] = 0.0
        bends[n - 1, column] = 0.0
    for r in range(n - 2):  # first the second difference at node r + 1
        width, next_width = nodes[r + 1] - nodes[r], nodes[r + 2] - nodes[r + 1]
        both = width + next_width
        for column in range(n_columns):
            first = (table[r + 1, column] - table[r, column]) / width
            second = (table[r + 2, column] - table[r + 1, column]) / next_width
            bends[r, column] = (second - first) / both
    for back in range(n - 2):  # then, from the top, the smaller of a segment's two
        r = n - 2 - back
        squared = (nodes[r + 1] - nodes[r]) * (nodes[r + 1] - nodes[r])
        for column in range(n_columns):
            before, here = bends[r - 1, column], bends[r, column]
            smaller = before if abs(before) < abs(here) else here
            bends[r, column] = smaller * squared if before * here > 0.0 else 0.0
    for column in range(n_columns):
        bends[0, column] = 0.0


@kernel
def curvature_along(nodes, table, bends):
    """What `curvature` is across rows, along each row of `table` (n, n_nodes): fill `bends`."""
    n_rows, n = table.shape
    flat, out = table.ravel(), bends.ravel()
    for r in range(n_rows):
        start = r * n
        for m in range(1, n - 1):  # first the second difference at node m
            width, next_width = nodes[m] - nodes[m - 1], nodes[m + 1] - nodes[m]
            here = load(flat, start + m)
            first = (here - load(flat, start + m - 1)) / width
            second = (load(flat, start + m + 1) - here) / next_width
            store(out, start + m, (second - first) / (width + next_width))
        out[start] = 0.0
        out[start + n - 1] = 0.0
        for m in range(n - 1):  # then the smaller of a segment's two; zero beside both ends
            width = nodes[m + 1] - nodes[m]
            here, following = load(out, start + m), load(out, start + m + 1)
            smaller = here if abs(here) < abs(following) else following
            store(out, start + m, smaller * (width * width) if here * following > 0.0 else 0.0)


@kernel
def between(table, bends, side_bends, n_columns, corner, across, place):
    """A flat table between two rows, `across` from one to the next, and two columns, at `place`.

    `corner` is the index of the cell, `bends` and `side_bends` what `curvature` and
    `curvature_along` made of the table.
    """
    above, right = i4(corner + n_columns), i4(corner + i4(1))
    far = i4(above + i4(1))
    aside = place - 1.0
    low = load_table(table, corner) + place * (
        load_table(table, right)
        - load_table(table, corner)
        + load_table(side_bends, corner) * aside
    )
    high = load_table(table, above) + place * (
        load_table(table, far) - load_table(table, above) + load_table(side_bends, above) * aside
    )
    bend = load_table(bends, corner) + place * (
        load_table(bends, right) - load_table(bends, corner)
    )
    return low + across * ((high - low) + bend * (across - 1.0))
