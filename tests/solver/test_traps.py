"""Traps and their absence: where people come to rest without luck, and how their types are called."""

import numpy as np
import pytest

from resilience_sim.kernels.primitives import IMPROVED, NO_WAY_UP, TRAP, WAGE_ROUTE, WAY_UP
from resilience_sim.solver import Policies, classify
from small_planners import TRAPPING, policies

NO_TRAP = (
    "technology.exponent.traditional=0.45", "technology.exponent.improved=0.45",
    "technology.productivity.traditional=0.8", "technology.productivity.improved=0.8",
    "technology.knowledge_productivity=1", "mechanisms.outlay=false",
    "mechanisms.labour_taken=false",
)  # fmt: skip
SAME_REST = 0.1  # lines of assets; on any scale that matters these are one


def rest_gap(found: Policies) -> np.ndarray:
    """Lines of assets between the lowest and the highest luckless rest of every type."""
    return found.rests[..., 1, 0] - found.rests[..., 0, 0]


def test_one_basin_where_nothing_makes_a_trap() -> None:
    found = policies("many", (), *NO_TRAP)
    assert rest_gap(found).max() < SAME_REST
    assert not (found.type_class == TRAP).any()
    # It is a rest with something in it: at skill 1.4 people keep assets above a line's worth.
    assert found.rests[..., 0, 0].max() > 1
    # More skill, more assets, whatever the land and other income.
    assert (np.diff(found.rests[..., 0, 0], axis=2) > -SAME_REST).all()


def test_two_basins_where_the_better_technique_costs_much_before_it_pays() -> None:
    found = policies("many", (), *TRAPPING)
    gap = rest_gap(found)
    is_trapped = found.type_class == TRAP
    assert is_trapped.any()
    assert gap[is_trapped].min() > 1
    low, high = found.rests[is_trapped][:, 0], found.rests[is_trapped][:, 1]
    assert (high[:, 3] == IMPROVED).all() and (high[:, 2] > 1).all()
    assert ((low[:, 3] != IMPROVED) | (low[:, 2] <= 1)).all()


def test_the_trap_goes_with_the_outlay() -> None:
    found = policies("many", (), *TRAPPING, "mechanisms.outlay=false")
    assert not (found.type_class == TRAP).any()
    assert rest_gap(found).max() < SAME_REST
    trapped = policies("many", (), *TRAPPING).type_class == TRAP
    assert (found.type_class[trapped] == WAY_UP).mean() > 0.8, "who was trapped now goes up"


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        # Assets, money, consumption, technique.
        ((0.1, 0.2, 0.6, 1), (3.0, 0.5, 1.2, 2), TRAP),
        ((0.1, 0.2, 1.1, 1), (3.0, 0.5, 1.2, 2), TRAP),
        ((3.0, 0.5, 1.2, 2), (3.0, 0.5, 1.2, 2), WAY_UP),
        ((1.0, 0.5, 1.2, 2), (3.0, 0.5, 1.4, 2), WAY_UP),
        ((0.1, 0.2, 1.1, 0), (0.2, 0.2, 1.1, 0), WAGE_ROUTE),
        ((0.1, 0.2, 0.6, 1), (0.1, 0.2, 0.6, 1), NO_WAY_UP),
        # Two rests, and the upper one is no way of living above the line.
        ((0.1, 0.2, 0.6, 1), (3.0, 0.5, 0.9, 2), NO_WAY_UP),
        # Closer together than what counts as two.
        ((3.0, 0.5, 0.99, 2), (3.2, 0.5, 1.01, 2), NO_WAY_UP),
    ],
)
def test_classes_by_hand(low: tuple[float, ...], high: tuple[float, ...], kind: int) -> None:
    assert classify(np.array(low), np.array(high)) == kind
