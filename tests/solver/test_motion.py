"""Asset motion: what ordinary luck makes of assets, told again from the plans that were kept."""

import numpy as np
import pytest

from resilience_sim.kernels.primitives import TRAP, WAY_UP
from resilience_sim.solver.motion import luckless_motion
from small_planners import TRAPPING, policies, world

LONG = 200  # years, after which a life has come to rest
NEAR = 0.05  # lines of assets


def lives(kind: int, *overrides: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Assets at the start, after one year and in the end, and the rests, of one type of a kind."""
    found = policies("many", (), *TRAPPING, *overrides)
    cell = tuple(int(i[0]) for i in np.nonzero(found.type_class == kind))
    assert len(cell) == 4
    config, p = world(*TRAPPING, *overrides, "threads=2")
    later = luckless_motion(config, p, found, cell, 0.25, (1, LONG))
    return found.assets.nodes, later, found.rests[cell][:, 0]


def test_every_life_ends_at_one_of_the_two_rests_of_a_trap() -> None:
    nodes, (_, end), (low, high) = lives(TRAP)
    at_low, at_high = np.abs(end - low) < NEAR, np.abs(end - high) < NEAR
    assert (at_low | at_high).all()
    assert at_low[0] and at_high[-1]
    assert (np.diff(at_high.astype(int)) >= 0).all(), "who starts with more never ends lower"
    assert nodes[0] == 0


def test_no_year_adds_more_than_its_income_and_money() -> None:
    nodes, (later, _), _ = lives(TRAP)
    assert (later >= 0).all() and (later - nodes).max() < 5


def test_a_way_up_has_one_end() -> None:
    _, (_, end), (low, high) = lives(WAY_UP, "mechanisms.outlay=false")
    assert end == pytest.approx(np.full(end.size, high), abs=2 * NEAR)
    assert high - low < 2 * NEAR
