"""Where numbers lie on a grid, and tables read along a curve between nodes."""

import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features
from numba import njit

from resilience_sim.kernels.curves import (
    Nodes,
    between,
    curvature,
    curvature_along,
    nodes_at,
    place_of,
    places,
    sheet_of,
)
from resilience_sim.kernels.lanes import LANES, LOOKUP, is_compiled
from resilience_sim.kernels.lookups import add_curves, highest_lines, highest_sums
from resilience_sim.kernels.vector import at_hand, fused, load_table, loop_kernel, store

f4, i4 = np.float32, np.int32


# --- where numbers lie --------------------------------------------------------------------------


def bent(low: float, high: float, bend: float, n: int) -> Nodes:
    n_debt = min(4, n - 2) if low < 0 else 0
    span = np.log2(1 + high / bend)
    above = bend * (2.0 ** np.linspace(0, span, n - n_debt) - 1)
    return nodes_at(np.append(np.linspace(low, 0, n_debt, endpoint=False), above), bend)


def around(nodes: np.ndarray) -> np.ndarray:
    """Points at, beside, between and beyond nodes; float32."""
    spread = np.random.default_rng(3).uniform(nodes[0] - 1, nodes[-1] + 9, 4000).astype(f4)
    beside = [np.nextafter(nodes, f4(side)) for side in (-np.inf, np.inf)]
    return np.concatenate([spread, nodes, nodes - f4(1e-6), nodes + f4(1e-6), *beside])


@pytest.mark.parametrize(
    ("low", "high", "bend", "n"),
    [(-0.14, 58.0, 0.05, 54), (0.0, 40.0, 0.25, 40), (-2.0, 30.0, 0.05, 1000), (-0.1, 9.0, 0.3, 3)],
)
def test_cells_are_found_without_a_search(low: float, high: float, bend: float, n: int) -> None:
    nodes = bent(low, high, bend, n)
    points = around(nodes.at)
    cells, inside = np.empty(points.size, i4), np.empty(points.size, f4)
    places(nodes, points, cells, inside)
    right = np.clip(np.searchsorted(nodes.at, points, side="right") - 1, 0, n - 2)
    np.testing.assert_array_equal(cells, right)
    # Not clipped: what lies beyond an end goes on in the line of the end's cell.
    told = (points - nodes.at[cells]) / np.diff(nodes.at)[cells]
    np.testing.assert_allclose(inside, told, rtol=5e-5, atol=5e-5)
    one_by_one = np.array([place_of(nodes, each) for each in points[:200]]).T
    np.testing.assert_array_equal(one_by_one[0], cells[:200])


def test_a_product_and_a_sum_are_one_operation_where_the_machine_has_it() -> None:
    compute = njit(lambda a, b, c: fused(a, b, c)) if is_compiled else fused
    assert compute(f4(2.0), f4(3.0), f4(4.0)) == 10.0
    # A tenth times ten is one and a rounding error, which only the fused operation sees.
    has_it = is_compiled and get_host_cpu_features().get("fma", False)
    error = float(f4(0.1)) * 10.0 - 1.0
    assert compute(f4(0.1), f4(10.0), f4(-1.0)) == pytest.approx(error if has_it else 0.0, rel=1e-6)


def test_curves_are_looked_up_in_lanes_as_one_by_one() -> None:
    rng = np.random.default_rng(8)
    width, step = 50, 2 * LANES  # of a row; a look into whole vectors goes on beyond it
    low, slope, bend = (rng.normal(size=3 * width + LOOKUP).astype(f4) for _ in range(3))
    shares = rng.random(3).astype(f4)
    cells = rng.integers(0, width, 3 * step).astype(np.int16)
    inside = rng.random(3 * step).astype(f4)
    sums = np.ones(step, f4)
    told = sums.copy()
    here = np.arange(LANES, 3 * step).reshape(-1, LANES)[::2]  # every other vector, from the second
    at, place = 2 * width + cells[here], inside[here]
    told[LANES:] = shares @ (low[at] + place * (slope[at] + bend[at] * place))

    def add(low, slope, bend, cells, inside, shares, sums):  # type: ignore[no-untyped-def]
        first = i4(2 * width)
        add_curves(low, slope, bend, first, cells, inside, LANES, step, shares, sums, LANES)

    if LOOKUP or not is_compiled:
        (njit(add) if is_compiled else add)(low, slope, bend, cells, inside, shares, sums)
        np.testing.assert_allclose(sums, told, rtol=2e-6, atol=1e-6)


@pytest.mark.skipif(
    is_compiled and not LOOKUP, reason="compiled for AVX-512 alone; nobody calls it else"
)
def test_the_highest_at_each_place_is_the_first_of_the_highest() -> None:
    rng, n = np.random.default_rng(9), LOOKUP or 4 * LANES
    shape = 5, n
    low, rise, inside = (rng.integers(0, 4, shape).astype(f4) for _ in range(3))
    cells = rng.integers(0, n, shape).astype(np.int16)
    best, chosen, other = np.empty(n, f4), np.empty(n, i4), np.empty(n, i4)
    ahead = rng.integers(0, 4, 5).astype(f4)

    def search(low, rise, cells, inside, ahead, best, chosen, sums, other):  # type: ignore[no-untyped-def]
        highest_lines(low, rise, cells, inside, best.size, best, chosen)
        highest_sums(f4(2.0), ahead, low, sums, other)

    twice = (np.concatenate([each.ravel(), each.ravel()]) for each in (cells, inside))
    sums = np.empty(n, f4)
    (njit(search) if is_compiled else search)(
        low.ravel(), rise.ravel(), *twice, ahead, best, chosen, sums, other
    )
    row = (np.arange(5)[:, None] + 1) % 5  # cells and places begin one row on
    lines = np.take_along_axis(low, cells[row, np.arange(n)].astype(int), 1)
    rises = np.take_along_axis(rise, cells[row, np.arange(n)].astype(int), 1)
    lines = lines + inside[row, np.arange(n)] * rises
    np.testing.assert_array_equal(best, lines.max(0))
    np.testing.assert_array_equal(chosen, lines.argmax(0))
    np.testing.assert_array_equal(sums, (2.0 * ahead[:, None] + low).max(0))
    np.testing.assert_array_equal(other, (2.0 * ahead[:, None] + low).argmax(0))


@loop_kernel
def _find(table, cells, out):  # type: ignore[no-untyped-def]
    table = at_hand(table)
    for n in range(out.size):
        store(out, n, load_table(table, load_table(cells, n)))


@pytest.mark.parametrize("size", [1, 5, 16, 50, 64, 65, 200])
def test_a_table_at_hand_tells_what_the_table_does(size: int) -> None:
    rng = np.random.default_rng(size)
    table, cells = rng.normal(size=size).astype(f4), rng.integers(0, size, 5 * LANES + 3).astype(i4)
    out = np.empty(cells.size, f4)
    _find(table, cells, out)
    np.testing.assert_array_equal(out, table[cells])


# --- reading between nodes ---------------------------------------------------------------------


def bends_of(rows: Nodes, table: np.ndarray) -> np.ndarray:
    """What `curvature` makes of a table (n_rows, n_columns), columns evenly spaced."""
    columns = nodes_at(np.linspace(0.0, 1.0, table.shape[1]), 1.0)
    bends = np.full(table.size, np.nan, f4)
    curvature(sheet_of(rows, columns), table.astype(f4).ravel(), bends)
    return bends.reshape(table.shape)


def read_rows(nodes: Nodes, column: np.ndarray, per_cell: int = 9) -> tuple[np.ndarray, ...]:
    """Places between nodes and a one-column table read there, (n_nodes - 1, per_cell) each."""
    table = np.column_stack([column, column]).astype(f4)
    bends, flat = bends_of(nodes, table).ravel(), np.zeros(table.size, f4)
    at = nodes.at[:-1, None] + np.diff(nodes.at)[:, None] * np.linspace(0, 1, per_cell)
    read = [
        [
            between(table.ravel(), bends, flat, i4(2), i4(2 * row), f4(across), f4(0.3))
            for across in np.linspace(0, 1, per_cell)
        ]
        for row in range(nodes.at.size - 1)
    ]
    return at, np.array(read)


def test_reading_between_nodes_never_overshoots() -> None:
    rng = np.random.default_rng(4)
    for trial in range(40):
        nodes = nodes_at(np.cumsum(rng.lognormal(sigma=1.0, size=9)), 1.0)
        column = rng.normal(size=9) if trial % 2 else np.cumsum(rng.lognormal(sigma=1.0, size=9))
        at, read = read_rows(nodes, column)
        slope = np.diff(column) / np.diff(nodes.at)
        chord = column[:-1, None] + slope[:, None] * (at - nodes.at[:-1, None])
        tolerance = 1e-5 * np.abs(column).max()
        # At the nodes it is the table; elsewhere it lies between the chord and the neighbours'
        # chords drawn on.
        np.testing.assert_allclose(read[:, 0], column[:-1], atol=tolerance)
        np.testing.assert_allclose(read[:, -1], column[1:], atol=tolerance)
        for row in range(1, nodes.at.size - 2):
            before = column[row] + slope[row - 1] * (at[row] - nodes.at[row])
            after = column[row + 1] + slope[row + 1] * (at[row] - nodes.at[row + 1])
            drawn_on = np.array([before, after, chord[row]])
            assert (read[row] <= drawn_on.max(axis=0) + tolerance).all()
            assert (read[row] >= drawn_on.min(axis=0) - tolerance).all()
        if not trial % 2:  # what rises at the nodes rises between them
            assert (np.diff(read, axis=1) >= -tolerance).all()


def test_reading_between_nodes_follows_a_smooth_curve_more_closely_than_chords() -> None:
    nodes = nodes_at(np.linspace(0.0, 4.0, 9), 1.0)
    at, read = read_rows(nodes, np.sqrt(1 + nodes.at))
    truth = np.sqrt(1 + at)
    chord = truth[:, :1] + (truth[:, -1:] - truth[:, :1]) * np.linspace(0, 1, 9)
    inner = np.s_[1:-1]
    assert np.abs(read - truth)[inner].max() < 0.6 * np.abs(chord - truth)[inner].max()


def test_reading_along_a_row_is_reading_across_rows() -> None:
    rng = np.random.default_rng(7)
    nodes = nodes_at(np.cumsum(rng.lognormal(size=8)), 1.0)
    even = nodes_at(np.linspace(0.0, 1.0, 3), 1.0)
    table = rng.normal(size=(8, 3)).cumsum(axis=0).astype(f4)
    across, along = bends_of(nodes, table), np.full(table.size, np.nan, f4)
    turned = np.ascontiguousarray(table.T)
    curvature_along(sheet_of(even, nodes), turned.ravel(), along)
    along = along.reshape(turned.shape)
    # The last row of `across` is not a segment.
    np.testing.assert_allclose(along.T[:-1], across[:-1], rtol=1e-4, atol=1e-6)
    assert np.isfinite(along).all() and np.isfinite(across).all()
    # Read at a node of the rows, only the row's own bend counts.
    for row in range(2):
        for cell in range(7):
            corner, place = i4(8 * row + cell), f4(0.3)
            read = between(
                turned.ravel(),
                np.zeros(turned.size, f4),
                along.ravel(),
                i4(8),
                corner,
                f4(0.0),
                place,
            )
            chord = turned[row, cell] + place * (turned[row, cell + 1] - turned[row, cell])
            assert read == pytest.approx(chord + along[row, cell] * place * (place - 1), rel=1e-5)
