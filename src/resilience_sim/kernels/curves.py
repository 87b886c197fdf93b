"""Where a number lies among the planner's nodes, and tables read along a curve between; single precision."""

from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels.elementary import log2
from resilience_sim.kernels.vector import at_hand, kernel, load, load_table, loop_kernel, put, store

f4 = np.float32
i4 = np.int32
_ZERO, _ONE = f4(0.0), f4(1.0)
_AIM_LOW = f4(1e-3)  # cells; a hundred times what single precision may miss


class Nodes(NamedTuple):
    """Nodes that lie evenly in log2(1 + x / bend), and evenly below zero; float32."""

    at: Any  # (n,)
    width: Any  # (n,) of the cell from each node to the next; the last entry repeats
    inverse_width: Any  # (n,)
    inverse_both: (
        Any  # (n,) one over the width of the two cells beside each node; ends are not for use
    )
    inverse_bend: Any
    scale: Any  # cells per unit of log2
    debt_cells: Any  # cells below zero
    debt_scale: Any  # cells per line there


def nodes_at(at: np.ndarray, bend: float) -> Nodes:
    """Nodes `at` (n,), in lines, evenly in log2(1 + x / bend) from zero up and evenly below."""
    width = np.append(np.diff(at), at[-1] - at[-2])
    n_debt = int((at < 0.0).sum())
    both = np.append(width[0], width[:-1]) + width
    span = np.log2(1.0 + at[-1] / bend)
    return Nodes(
        at.astype(f4), width.astype(f4), (1.0 / width).astype(f4), (1.0 / both).astype(f4),
        f4(1.0 / bend), f4((at.size - 1 - n_debt) / span), f4(n_debt),
        f4(n_debt / -at[0] if n_debt else 0.0),
    )  # fmt: skip


@kernel
def place_of(nodes, x):
    """Cell (int32) of a number, and the place within it, 0 at its left node and 1 at its right, not clipped."""
    last = i4(nodes.at.size - 2)
    above = log2(_ONE + max(x, _ZERO) * nodes.inverse_bend) * nodes.scale
    # The logarithm may miss by a little beside a node: aim a little low and look at one node.
    aim = nodes.debt_cells + min(x, _ZERO) * nodes.debt_scale + above - _AIM_LOW
    cell = max(min(i4(aim), last), i4(0))
    is_beyond = (load_table(nodes.at, i4(cell + i4(1))) <= x) & (cell < last)
    cell = i4(cell + i4(1)) if is_beyond else cell
    return cell, (x - load_table(nodes.at, cell)) * load_table(nodes.inverse_width, cell)


@loop_kernel
def places(nodes, points, cells, inside):
    """Fill the cells (int32) and places (float32) of many points, float32, all flat."""
    nodes = at_hand(nodes)
    for n in range(points.size):
        cell, place = place_of(nodes, load_table(points, n))
        store(cells, n, cell)
        store(inside, n, place)


class Sheet(NamedTuple):
    """What bends of tables on two sorts of nodes are reckoned with; float32, flat."""

    n_columns: Any  # int32
    row_before: Any  # (n_rows,) to a second difference across rows: of the step from the row before
    row_after: Any  # of the step to the next; zero in the first row and the last
    row_squared: Any  # squared width of the cell to the next row
    before: Any  # the same along rows, entry by entry; zero in the first column and the last
    after: Any
    squared: Any  # zero in the last column


def sheet_of(rows: Nodes, columns: Nodes) -> Sheet:
    """The sheet of tables (n_rows, n_columns)."""
    shape = rows.at.size, columns.at.size

    def steps(nodes: Nodes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        before = np.append(nodes.inverse_width[0], nodes.inverse_width[:-1]) * nodes.inverse_both
        after, squared = nodes.inverse_width * nodes.inverse_both, nodes.width**2
        before[[0, -1]] = after[[0, -1]] = squared[-1] = 0.0
        return before, after, squared

    along = [np.tile(each, shape[0]) for each in steps(columns)]
    return Sheet(i4(shape[1]), *steps(rows), *along)


@kernel
def _smaller(one, other):
    """The one of two numbers nearer to zero; zero where their signs differ."""
    nearer = one if abs(one) < abs(other) else other
    return nearer if one * other > _ZERO else _ZERO


@loop_kernel
def curvature(sheet, table, bends):
    """Half the curvature of a table on each segment between two rows, times its squared width; all flat.

    The smaller of the two nodes' second differences, and zero where they disagree in sign: reading
    between rows follows a smooth curve without overshooting at a kink.
    """
    n_columns = int(sheet.n_columns)
    last = table.size // n_columns - 1
    for n in range(n_columns):
        store(bends, n, _ZERO)
        store(bends, (last - 1) * n_columns + n, _ZERO)
        store(bends, last * n_columns + n, _ZERO)
    for row in range(1, last - 1):
        before, after, squared = sheet.row_before[row], sheet.row_after[row], sheet.row_squared[row]
        next_before, next_after = sheet.row_before[row + 1], sheet.row_after[row + 1]
        first = row * n_columns
        for n in range(first, first + n_columns):
            here, above = load_table(table, n), load_table(table, n + n_columns)
            rise, next_rise = here - load_table(table, n - n_columns), above - here
            last_rise = load_table(table, n + 2 * n_columns) - above
            turn = next_rise * after - rise * before
            next_turn = last_rise * next_after - next_rise * next_before
            store(bends, n, _smaller(turn, next_turn) * squared)


@loop_kernel
def curvature_along(sheet, table, bends):
    """What `curvature` is across rows, along each row: fill `bends`; all flat."""
    size = table.size
    for n in range(1, size - 1):  # first the second difference at a node
        before, here, after = load(table, n - 1), load(table, n), load(table, n + 1)
        rise, next_rise = here - before, after - here
        put(bends, n, next_rise * load_table(sheet.after, n) - rise * load_table(sheet.before, n))
    put(bends, 0, _ZERO)
    put(bends, size - 1, _ZERO)
    for n in range(size - 1):  # then the smaller of a segment's two; zero beside both ends
        smaller = _smaller(load(bends, n), load(bends, n + 1))
        put(bends, n, smaller * load_table(sheet.squared, n))


@kernel
def between(table, bends, side_bends, n_columns, corner, across, place):
    """A flat table between two rows, `across` from one to the next, and two columns, at `place`.

    `corner` is the index of the cell, `bends` and `side_bends` what `curvature` and
    `curvature_along` made of the table.
    """
    above, right = i4(corner + n_columns), i4(corner + i4(1))
    aside = place - _ONE
    near, far = load_table(table, corner), load_table(table, above)
    low = near + place * (load_table(table, right) - near + load_table(side_bends, corner) * aside)
    rise = load_table(table, i4(above + i4(1))) - far
    high = far + place * (rise + load_table(side_bends, above) * aside)
    bend = load_table(bends, corner)
    bend = bend + place * (load_table(bends, right) - bend)
    return low + across * ((high - low) + bend * (across - _ONE))
