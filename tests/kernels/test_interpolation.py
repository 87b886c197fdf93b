"""Where a number lies on a grid, and tables read between their nodes."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from reference import place as plain_place
from resilience_sim.kernels import interpolation, lookups, vector
from resilience_sim.kernels.lanes import LANES, LOOKUP, TILE
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
def singles(table: np.ndarray, corner: np.ndarray, steps: Any, places: np.ndarray) -> np.ndarray:
    out, (row, other, skill) = np.empty((corner.size, 1), np.float32), steps
    for i in range(corner.size):
        at = (places[0, i], places[1, i], places[2, i], places[3, i])
        out[i, 0] = interpolation.between(table, corner[i], other, skill, row, at)
    return out


@numba.njit
def many_singles(
    table: np.ndarray, corner: np.ndarray, steps: Any, places: np.ndarray
) -> np.ndarray:
    out = np.empty((corner.size, 1), np.float32)
    counts, reals = vector.tile(np.int32, 1), vector.tile(np.float32, 5)
    for start in range(0, corner.size, LANES):
        size = min(corner.size - start, LANES)
        fill(counts, reals, start, size, corner, places)
        lookups.mix_lanes(table, 1, counts, 0, steps, reals)
        for k in range(size):
            out[start + k, 0] = reals[k + 4 * TILE]
    return out


@numba.njit
def pairs(table: np.ndarray, corner: np.ndarray, steps: Any, places: np.ndarray) -> np.ndarray:
    out = np.empty((corner.size, 2), np.float32)
    counts, reals = vector.tile(np.int32, 1), vector.tile(np.float32, 6)
    for start in range(0, corner.size, LANES):
        size = min(corner.size - start, LANES)
        fill(counts, reals, start, size, corner, places)
        lookups.mix_lanes(table, 2, counts, 0, steps, reals)
        for k in range(size):
            out[start + k] = reals[k + 4 * TILE], reals[k + 5 * TILE]
    return out


@numba.njit
def fill(
    counts: Any, reals: Any, start: int, size: int, corner: np.ndarray, places: np.ndarray
) -> None:
    for k in range(LANES):
        counts[k] = corner[start + k] if k < size else 0
        for r in range(4):
            reals[k + r * TILE] = places[r, start + k] if k < size else 0


READ = {"one": (1, singles), "lanes": (1, many_singles), "pairs": (2, pairs)}


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


@pytest.mark.parametrize("way", READ)
def test_what_is_linear_along_every_axis_is_read_exactly(way: str) -> None:
    width, read = READ[way]
    rng = np.random.default_rng(4)
    shape = (2, 3, 4, 5, 7)  # slots, skill, other, assets, money; the first slot is another's
    slot, *axes = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    values = [formula(*axes) for formula in (_tilted, _twisted)][:width]
    table = np.where((slot == 0)[..., None], 1e9, np.stack(values, axis=-1)).astype(np.float32)
    cells = np.array([rng.integers(0, n - 1, 500) for n in shape[1:]])
    corner = np.ravel_multi_index((np.ones(500, int), *cells), shape) * width
    places = rng.uniform(size=(4, 500)).astype(np.float32)  # money, assets, other, skill
    steps = tuple(np.int32(width * n) for n in (7, 5 * 7, 4 * 5 * 7))
    told = read(table.ravel(), corner.astype(np.int32), steps, places)
    at = cells + places[::-1].astype(float)
    for v, formula in enumerate((_tilted, _twisted)[:width]):
        np.testing.assert_allclose(told[:, v], formula(*at), rtol=1e-6, atol=1e-6)


def _tilted(skill: Any, other: Any, assets: Any, money: Any) -> Any:
    return 0.5 + 0.25 * assets - 0.125 * money + 0.0625 * assets * money + skill - 0.5 * other


def _twisted(skill: Any, other: Any, assets: Any, money: Any) -> Any:
    return 1.0 + 0.5 * skill * assets - 0.25 * other * money + 0.125 * skill * other


def test_many_households_are_read_as_each_by_itself_to_the_bit() -> None:
    rng = np.random.default_rng(5)
    table = rng.normal(size=4 * 5 * 7 * 8).astype(np.float32)
    steps, places = tuple(np.int32(n) for n in (8, 56, 280)), rng.uniform(size=(4, 203))
    corner = rng.integers(0, 700, 203).astype(np.int32)
    told = [
        each(table, corner, steps, places.astype(np.float32)) for each in (singles, many_singles)
    ]
    np.testing.assert_array_equal(*told)


def test_places_are_found_in_grids_of_any_length() -> None:
    """From the shelf up to 64 nodes, in memory beyond; what lies behind the array is not read."""
    for n in (2, 16, 31, 40, 64, 65, 200):
        rng = np.random.default_rng(n)
        nodes, widths = (rng.uniform(size=n).astype(np.float32) for _ in range(2))
        cells = rng.integers(0, n, LANES).astype(np.int32)
        numbers = rng.uniform(-0.5, 3.0, LANES).astype(np.float32)
        wanted = np.clip((numbers - nodes[cells]) * widths[cells], 0, 1)
        np.testing.assert_array_equal(placed(nodes, widths, cells, numbers), wanted)


@numba.njit
def placed(
    nodes: np.ndarray, widths: np.ndarray, cells: np.ndarray, numbers: np.ndarray
) -> np.ndarray:
    shelf, counts, reals = (
        vector.tile(np.float32, 1), vector.tile(np.int32, 1), vector.tile(np.float32, 1)
    )  # fmt: skip
    lookups.shelve(nodes, shelf, 0)
    lookups.shelve(widths, shelf, LOOKUP)
    for k in range(LANES):
        counts[k], reals[k] = cells[k], numbers[k]
    lookups.place_lanes(nodes, widths, shelf, 0, counts, 0, reals, 0)
    return reals[:LANES].copy()


def test_few_are_found_among_many() -> None:
    counts = (np.random.default_rng(1).uniform(size=100) < 0.1).astype(np.int32)
    few = np.empty(100, np.int32)
    for first, n in ((0, 100), (3, 77), (96, 99), (5, 5)):
        wanted = first + np.flatnonzero(counts[first:n])
        assert found(counts, first, n, few) == wanted.size
        np.testing.assert_array_equal(few[: wanted.size], wanted)


@numba.njit
def found(counts: np.ndarray, first: int, n: int, few: np.ndarray) -> int:
    return lookups.find(counts, first, n, np.int32(1), few)


def test_one_cell_of_one_type_by_hand() -> None:
    # Corners 0 and 1 (left), 4 and 8 (right): at a quarter along and half across,
    # left 0.25, right 4 + 0.25 * 4 = 5, between them 2.625.
    table = np.array([0, 1, 4, 8], np.float32)
    steps, places = (np.int32(2), np.int32(0), np.int32(0)), np.zeros((4, 1), np.float32)
    places[:, 0] = (0.25, 0.5, 0.3, 0.7)
    assert singles(table, np.zeros(1, np.int32), steps, places)[0, 0] == 2.625
    # The same as the second of a pair.
    table = np.array([9, 0, 9, 1, 9, 4, 9, 8], np.float32)
    steps = (np.int32(4), np.int32(0), np.int32(0))
    assert pairs(table, np.zeros(1, np.int32), steps, places).tolist() == [[9, 2.625]]
