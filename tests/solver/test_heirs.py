"""Heirs of another skill: how likely they are, and types that settle together, against brute force."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from oracle import Dynasty, Household, Oracle, lasting_surplus
from resilience_sim.cli import compose
from resilience_sim.config import Config
from resilience_sim.errors import SolverError
from resilience_sim.kernels.bellman import CONVERGED, NOT_CONVERGED
from resilience_sim.kernels.primitives import HIGHEST_SCORE, N_SCORES, Primitives
from resilience_sim.model import primitives
from resilience_sim.solver import TypeAxes
from resilience_sim.solver.grids import worlds_under
from resilience_sim.solver.heirs import chances_of_heirs, settle_dynasties
from resilience_sim.solver.planner_type import PlannerType, Told

CASE = (
    "case=erewhon", "shock=none", "mechanisms.pooling=false", "planner.max_years=3000", "threads=1",
)  # fmt: skip
MEAN, SPREAD = -0.2, 0.6  # log2 skill
LEAST_MONEY = 0.1  # lines; with less, people go hungry, where utility is a line


@cache
def world(*overrides: str) -> tuple[Config, Primitives]:
    config = compose([*CASE, *overrides])
    return config, spread(primitives(config))


def spread(
    p: Primitives, n_land: int = 1, persistence: float = 0.4, luck: float = 0.9
) -> Primitives:
    """Skill spread as log-normal on every kind of land."""
    scores = np.linspace(-HIGHEST_SCORE, HIGHEST_SCORE, N_SCORES)
    return p._replace(
        skill_at=np.tile(MEAN + SPREAD * scores, (n_land, 1)).astype(np.float32),
        skill_luck=np.full(n_land, luck, np.float32),
        skill_persistence=np.float32(persistence),
    )


def axes(*log_skill: float, other: tuple[float, ...] = (0.2,)) -> TypeAxes:
    return TypeAxes(np.array([1.0]), np.array(log_skill), np.array(other))


# --- chances ------------------------------------------------------------------------------------


def test_chances_are_those_of_draws() -> None:
    _, p = world()
    nodes = np.array([-1.6, -0.9, -0.5, 0.0, 0.3, 1.1])
    chances = chances_of_heirs(p, axes(*nodes))[0]
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-12)
    assert chances.min() >= 0
    luck = np.random.default_rng(5).normal(size=400_000)
    for parent, level in enumerate(nodes):
        drawn = np.clip(MEAN + 0.4 * (level - MEAN) + SPREAD * 0.9 * luck, nodes[0], nodes[-1])
        assert chances[parent] @ nodes == pytest.approx(drawn.mean(), abs=0.02)
        hats = [np.interp(drawn, nodes, hat).mean() for hat in np.eye(nodes.size)]
        np.testing.assert_allclose(chances[parent], hats, atol=0.03)
    rising = chances @ nodes
    assert (np.diff(rising) > 0).all(), "abler parents have abler heirs"


def test_an_heir_like_the_parent_is_the_parents_type() -> None:
    _, p = world()
    nodes = np.array([-0.9, -0.2, 0.4])
    same = chances_of_heirs(spread(p, persistence=1.0, luck=0.0), axes(*nodes))[0]
    np.testing.assert_allclose(same, np.eye(3), atol=1e-5)
    np.testing.assert_array_equal(chances_of_heirs(p, axes(0.1))[0], [[1.0]])


def test_skill_must_be_spread_on_every_kind_of_land() -> None:
    _, p = world()
    two = TypeAxes(np.array([0.2, 1.0]), np.array([0.0]), np.array([0.0]))
    with pytest.raises(SolverError, match=r"2 kinds of land; got 1.*Start\.complete"):
        chances_of_heirs(p, two)
    assert chances_of_heirs(spread(p, 2), two).shape == (2, 1, 1)


# --- types that settle together -----------------------------------------------------------------


class Settled(NamedTuple):
    """Types of one line after both beliefs."""

    types: list[PlannerType]
    told: list[Told]


def settle(config: Config, p: Primitives, nodes: TypeAxes) -> Settled:
    worlds = worlds_under(config, p, ())
    types = [PlannerType(config, worlds, nodes, where) for where in nodes.cells()]
    told = []
    for belief in range(len(types[0].base)):
        if belief:
            for one in types:
                one.lose_heart()
        told += settle_dynasties(config, p, nodes, types, belief, None)
    return Settled(types, told)


def at_planting(value: np.ndarray) -> np.ndarray:
    return value[:, 0].max(axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("belief", [0, 1])
def test_values_equal_those_of_all_skills_together_by_brute_force(belief: int) -> None:
    config, p = world(
        "periods_per_year=1", "planner.n_assets=9", "planner.n_money=40", "planner.n_savings=24",
        "planner.assets_max=8", "planner.money_max=6", "planner.tolerance=1e-6",
        "technology.knowledge_loss=0.1", "generations.heir_age=45", "preferences.discount_factor=0.85",
    )  # fmt: skip
    nodes = axes(-0.9, -0.1, 0.6)
    types = settle(config, p, nodes).types
    same = settle(config, spread(p, persistence=1.0, luck=0.0), nodes).types
    there = types[0].world.believed[belief]
    grids = types[0].world.grids
    chances = chances_of_heirs(p, nodes)[0]

    def by_force(chances: np.ndarray) -> list[np.ndarray]:
        dynasty = Dynasty(
            [
                Oracle(
                    there, Household(1.0, float(2.0**level), 0.2), grids.assets.at, grids.money.at,
                    grids.savings.at, grids.harvest, grids.wage, finer=2,
                )
                for level in nodes.log_skill
            ],
            chances,
        )  # fmt: skip
        assert dynasty.iterate(80) < 1e-5
        return [at_planting(each) for each in dynasty.values]

    best, alike = by_force(chances), by_force(np.eye(3))
    is_fed = grids.money.at >= LEAST_MONEY
    for n, (value, without) in enumerate(zip(best, alike, strict=True)):
        told, as_parents = (at_planting(each[n].base[belief].value) for each in (types, same))
        # The kernel reads what choices are worth between nodes of money a little from below.
        gap = lasting_surplus(p, told) / lasting_surplus(p, value) - 1
        assert np.abs(gap[..., is_fed]).mean() < 0.01
        # Most of that is not in what heirs of another skill change.
        moved, found = (value - without)[..., is_fed], (told - as_parents)[..., is_fed]
        assert np.abs(moved).mean() > (0.1 if n == 1 else 0.5)
        assert np.abs(found - moved).mean() < 0.01


def test_able_parents_expect_less_able_heirs_and_others_more() -> None:
    config, p = world()
    nodes = axes(-1.2, -0.2, 0.8)
    types = settle(config, p, nodes).types
    alike = settle(config, spread(p, persistence=1.0, luck=0.0), nodes).types
    for belief in range(2):
        gain = [
            (at_planting(one.base[belief].value) - at_planting(other.base[belief].value)).mean()
            for one, other in zip(types, alike, strict=True)
        ]
        assert gain[0] > 0.05 > -0.05 > gain[2]


def test_settled_types_stay_where_they_are() -> None:
    config, p = world("planner.tolerance=1e-5")
    types, told = settle(config, p, axes(-0.9, -0.1, 0.6))
    assert all(each.status == CONVERGED and each.gain < 1e-5 for each in told)
    before = [one.base[0].value.copy() for one in types]
    again = settle_dynasties(config, p, axes(-0.9, -0.1, 0.6), types, 0, None)
    assert all(each.status == CONVERGED and each.searches <= 2 for each in again)
    # A year that moves values by less than the tolerance leaves them within ten of it, by discounting.
    for one, old in zip(types, before, strict=True):
        assert (np.abs(one.base[0].value - old) / (1 + np.abs(old))).mean() < 1e-4


def test_the_life_of_one_line_does_not_depend_on_others() -> None:
    config, p = world()
    both = settle(config, p, axes(-0.9, 0.6, other=(0.0, 0.4)))
    alone = settle(config, p, axes(-0.9, 0.6, other=(0.4,)))
    for one, same in zip(both.types[1::2], alone.types, strict=True):
        for belief in range(2):
            np.testing.assert_array_equal(one.base[belief].value, same.base[belief].value)


def test_a_line_that_does_not_settle_is_told() -> None:
    config, p = world("planner.max_years=1", "planner.tolerance=1e-6")
    told = settle(config, p, axes(-0.9, 0.6)).told
    assert all(each.status == NOT_CONVERGED and each.gain > 1e-6 for each in told)
