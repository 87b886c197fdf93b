"""Where a number lies on a grid, and tables read between their nodes."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from reference import place as plain_place
from resilience_sim.kernels import interpolation
from small_world import grid

GRIDS = {
    "assets": (0.0, 40.0, 40, 0.25),
    "money": (-0.17, 30.0, 48, 0.05),
    "nearly even": (0.0, 1.0, 9, 4.0),
    "two nodes": (-1.0, 3.0, 2, 0.5),
}


@numba.njit
def located(nodes: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cells, places = np.empty(x.size, np.int32), np.empty(x.size, np.float32)
    for i in range(x.size):
        cells[i], places[i] = interpolation.locate(nodes, x[i])
    return cells, places


@numba.njit
def blended(
    table: np.ndarray,
    corner: np.ndarray,
    step: int,
    row: int,
    across: np.ndarray,
    along: np.ndarray,
) -> np.ndarray:
    out = np.empty(corner.size, np.float32)
    for i in range(corner.size):
        out[i] = interpolation.blend(
            table, corner[i], np.int32(step), across[i], along[i], np.int32(row)
        )
    return out


@pytest.fixture(params=GRIDS, ids=str)
def nodes(request: pytest.FixtureRequest) -> Any:
    return grid(*GRIDS[request.param])


def test_every_node_is_found(nodes: Any) -> None:
    # At a node the neighbour's right end is as good as its own left end; both read the node itself.
    cells, places = located(nodes, nodes.nodes)
    np.testing.assert_allclose(cells + places, np.arange(nodes.nodes.size), rtol=0, atol=2e-5)


def test_points_between_nodes_against_the_twin(nodes: Any) -> None:
    x = np.random.default_rng(2).uniform(nodes.nodes[0], nodes.nodes[-1], 20_000).astype(np.float32)
    cells, places = located(nodes, x)
    plain = [plain_place(nodes.nodes.astype(float).tolist(), float(each)) for each in x]
    np.testing.assert_allclose(cells + places, [cell + share for cell, share in plain], atol=5e-5)
    # What is read back is the point itself.
    left, right = nodes.nodes[cells].astype(float), nodes.nodes[cells + 1].astype(float)
    read = left + places * (right - left)
    np.testing.assert_allclose(read, x, rtol=2e-6, atol=2e-6)


def test_points_beyond_the_ends_are_read_at_the_ends(nodes: Any) -> None:
    low, high = nodes.nodes[0], nodes.nodes[-1]
    x = np.array([low - 100, low - 1e-3, low, high, high + 1e-3, 1e6, 1e30], np.float32)
    cells, places = located(nodes, x)
    last = nodes.nodes.size - 2
    np.testing.assert_array_equal(cells[:3], 0)
    np.testing.assert_array_equal(places[:3], 0)
    np.testing.assert_array_equal(cells[3:], last)
    np.testing.assert_allclose(places[3:], 1, rtol=0, atol=1e-5)


def test_places_never_fall(nodes: Any) -> None:
    x = np.linspace(nodes.nodes[0] - 0.1, nodes.nodes[-1] + 0.1, 50_000).astype(np.float32)
    cells, places = located(nodes, x)
    assert np.diff(cells.astype(float) + places).min() > -2e-5


@pytest.mark.parametrize("step", [1, 2])
def test_blend_is_bilinear(step: int) -> None:
    # A bilinear function is read exactly; another slice of the table must not be touched.
    rng = np.random.default_rng(4)
    n_assets, n_money = 5, 7
    i, j = np.meshgrid(np.arange(n_assets), np.arange(n_money), indexing="ij")
    exact = 0.5 + 0.25 * i - 0.125 * j + 0.0625 * i * j
    table = np.full((n_assets, n_money, step), 1e9, np.float32)
    table[..., 0] = exact
    row = n_money * step
    cell, other = rng.integers(0, n_assets - 1, 500), rng.integers(0, n_money - 1, 500)
    across, along = rng.uniform(size=(2, 500)).astype(np.float32)
    told = blended(
        table.ravel(), (cell * row + other * step).astype(np.int32), step, row, across, along
    )
    k, m = cell + across.astype(float), other + along.astype(float)
    np.testing.assert_allclose(
        told, 0.5 + 0.25 * k - 0.125 * m + 0.0625 * k * m, rtol=1e-6, atol=1e-6
    )


def test_blend_by_hand() -> None:
    # Corners 0 and 1 (left), 4 and 8 (right): at a quarter along and half across,
    # left 0.25, right 4 + 0.25 * 4 = 5, between them 2.625.
    table = np.array([0, 1, 4, 8], np.float32)
    told = blended(
        table,
        np.zeros(1, np.int32),
        1,
        2,
        np.array([0.5], np.float32),
        np.array([0.25], np.float32),
    )
    assert told[0] == 2.625
