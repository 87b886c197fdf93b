"""Where numbers lie on a grid, and tables read along a curve between nodes."""

import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features
from numba import njit

from resilience_sim.kernels.curves import (
    Bend,
    bent_bracket,
    between,
    cells_of,
    curvature,
    curvature_along,
    fused,
    places,
)
from resilience_sim.kernels.vector import is_compiled

i4 = np.int32


# --- where numbers lie --------------------------------------------------------------------------


def bent(low: float, high: float, bend: float, n: int) -> tuple[np.ndarray, Bend]:
    n_debt = min(4, n - 2) if low < 0 else 0
    span = np.log2(1 + high / bend)
    above = bend * (2.0 ** np.linspace(0, span, n - n_debt) - 1)
    nodes = np.append(np.linspace(low, 0, n_debt, endpoint=False), above)
    return nodes, Bend(1 / bend, (n - 1 - n_debt) / span, n_debt, n_debt / -low if n_debt else 0.0)


def around(nodes: np.ndarray) -> np.ndarray:
    """Points at, beside, between and beyond nodes."""
    spread = np.random.default_rng(3).uniform(nodes[0] - 1, nodes[-1] + 9, 4000)
    beside = [np.nextafter(nodes, side) for side in (-np.inf, np.inf)]
    return np.concatenate([spread, nodes, nodes - 1e-8, nodes + 1e-8, *beside])


@pytest.mark.parametrize(
    ("low", "high", "bend", "n"),
    [(-0.14, 58.0, 0.05, 54), (0.0, 40.0, 0.25, 40), (-2.0, 30.0, 0.05, 1000), (-0.1, 9.0, 0.3, 3)],
)
def test_cells_are_found_without_a_search(low: float, high: float, bend: float, n: int) -> None:
    nodes, told = bent(low, high, bend, n)
    points = around(nodes)
    cells, inside = np.array([bent_bracket(told, nodes, each) for each in points]).T
    searched, place = places(nodes, points)
    np.testing.assert_array_equal(cells, searched)
    np.testing.assert_array_equal(inside, place)
    right = np.clip(np.searchsorted(nodes, points, side="right") - 1, 0, n - 2)
    np.testing.assert_array_equal(cells, right)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 9, 40, 65])
def test_many_cells_are_found_together(n: int) -> None:
    nodes = np.cumsum(np.random.default_rng(n).lognormal(size=n))
    points = around(nodes)
    cells = np.empty(points.size, np.int32)
    cells_of(nodes, points, cells)
    np.testing.assert_array_equal(cells, places(nodes, points)[0])


def test_a_product_and_a_sum_are_one_operation_where_the_machine_has_it() -> None:
    compute = njit(lambda a, b, c: fused(a, b, c)) if is_compiled else fused
    assert compute(2.0, 3.0, 4.0) == 10.0
    # A tenth times ten is one and a rounding error, which only the fused operation sees.
    has_it = is_compiled and get_host_cpu_features().get("fma", False)
    assert compute(0.1, 10.0, -1.0) == (2.0**-54 if has_it else 0.0)


# --- reading between nodes ---------------------------------------------------------------------


def test_places_lie_where_a_search_finds_them() -> None:
    nodes = np.array([-0.5, 0.0, 0.1, 1.0, 4.0])
    points = np.array([[-0.5, -0.1, 0.0], [0.05, 4.0, 2.5], [-1.0, 5.0, 0.1]])
    cells, inside = places(nodes, points)
    assert cells.dtype == np.int32 and cells.shape == inside.shape == points.shape
    np.testing.assert_array_equal(cells, [[0, 0, 1], [1, 3, 3], [0, 3, 2]])
    # Not clipped: what lies beyond an end goes on in the line of the end's cell.
    np.testing.assert_allclose(inside, [[0, 0.8, 0], [0.5, 1, 0.5], [-1, 4 / 3, 0]])


def read_rows(nodes: np.ndarray, column: np.ndarray, per_cell: int = 9) -> tuple[np.ndarray, ...]:
    """Places between nodes and a one-column table read there, (n_nodes - 1, per_cell) each."""
    table = np.column_stack([column, column])
    bends, flat = np.zeros(table.shape), np.zeros(table.size)
    curvature(nodes, table, bends)
    at = nodes[:-1, None] + np.diff(nodes)[:, None] * np.linspace(0, 1, per_cell)
    read = [
        [
            between(table.ravel(), bends.ravel(), flat, i4(2), i4(2 * row), across, 0.3)
            for across in np.linspace(0, 1, per_cell)
        ]
        for row in range(nodes.size - 1)
    ]
    return at, np.array(read)


def test_reading_between_nodes_never_overshoots() -> None:
    rng = np.random.default_rng(4)
    for trial in range(40):
        nodes = np.cumsum(rng.lognormal(sigma=1.0, size=9))
        column = rng.normal(size=9) if trial % 2 else np.cumsum(rng.lognormal(sigma=1.0, size=9))
        at, read = read_rows(nodes, column)
        slope = np.diff(column) / np.diff(nodes)
        chord = column[:-1, None] + slope[:, None] * (at - nodes[:-1, None])
        tolerance = 1e-12 * np.abs(column).max()
        # At the nodes it is the table; elsewhere it lies between the chord and the neighbours'
        # chords drawn on.
        np.testing.assert_allclose(read[:, 0], column[:-1], atol=tolerance)
        np.testing.assert_allclose(read[:, -1], column[1:], atol=tolerance)
        for row in range(1, nodes.size - 2):
            before = column[row] + slope[row - 1] * (at[row] - nodes[row])
            after = column[row + 1] + slope[row + 1] * (at[row] - nodes[row + 1])
            drawn_on = np.array([before, after, chord[row]])
            assert (read[row] <= drawn_on.max(axis=0) + tolerance).all()
            assert (read[row] >= drawn_on.min(axis=0) - tolerance).all()
        if not trial % 2:  # what rises at the nodes rises between them
            assert (np.diff(read, axis=1) >= -tolerance).all()
        # A kink, where curvature changes its sign, and both ends are read as chords.
        bend = np.diff(slope)
        is_kinked = np.concatenate([[True], bend[:-1] * bend[1:] <= 0, [True]])
        np.testing.assert_allclose(read[is_kinked], chord[is_kinked], atol=tolerance)


def test_reading_between_nodes_follows_a_smooth_curve_more_closely_than_chords() -> None:
    nodes = np.linspace(0.0, 4.0, 9)
    at, read = read_rows(nodes, np.sqrt(1 + nodes))
    truth = np.sqrt(1 + at)
    chord = truth[:, :1] + (truth[:, -1:] - truth[:, :1]) * np.linspace(0, 1, 9)
    inner = np.s_[1:-1]
    assert np.abs(read - truth)[inner].max() < 0.6 * np.abs(chord - truth)[inner].max()


def test_reading_along_a_row_is_reading_across_rows() -> None:
    rng = np.random.default_rng(7)
    nodes = np.cumsum(rng.lognormal(size=8))
    table = rng.normal(size=(8, 3)).cumsum(axis=0)
    across, along = np.zeros(table.shape), np.zeros(table.T.shape)
    curvature(nodes, table, across)
    curvature_along(nodes, np.ascontiguousarray(table.T), along)
    # The last row of `across` is not a segment.
    np.testing.assert_allclose(along.T[:-1], across[:-1], rtol=1e-12, atol=1e-12)
    # Read at a node of the rows, only the row's own bend counts.
    turned = np.ascontiguousarray(table.T)
    for row in range(2):
        for cell in range(7):
            corner, place = i4(8 * row + cell), 0.3
            read = between(
                turned.ravel(), np.zeros(turned.size), along.ravel(), i4(8), corner, 0.0, place
            )
            chord = turned[row, cell] + place * (turned[row, cell + 1] - turned[row, cell])
            assert read == pytest.approx(chord + along[row, cell] * place * (place - 1))
