"""What a planner faces: utility, classes of luck, and where money lands."""

from functools import cache

import numpy as np
import pytest

from oracle import Household, Oracle
from resilience_sim.cli import compose
from resilience_sim.config import Config
from resilience_sim.kernels.household import labour_share, own_output
from resilience_sim.kernels.primitives import HIGHEST_SCORE, N_SCORES, Primitives
from resilience_sim.kernels.prospects import (
    PlannerGrids,
    heirs_log_skill,
    income_classes,
    money_places,
    utility,
)
from resilience_sim.model import primitives
from resilience_sim.solver import planner_grids
from resilience_sim.solver.grids import with_savings

CASE = ("case=erewhon", "shock=none")
FARMER = Household(land=1.0, skill=0.8, other=0.1)


@cache
def world(*overrides: str) -> tuple[Config, Primitives]:
    config = compose([*CASE, *overrides])
    return config, primitives(config)


@pytest.mark.parametrize("crra", [1.0, 1.5, 3.0])
def test_utility_equals_its_twin(crra: float) -> None:
    config, p = world(f"preferences.crra={crra}")
    grids = planner_grids(config, p)
    oracle = Oracle(
        p,
        FARMER,
        grids.assets.at,
        grids.money.at,
        grids.savings.at,
        grids.harvest,
        grids.wage,
        finer=1,
    )
    eaten = np.linspace(-0.1, 3.0, 63)
    for season in range(4):
        price = p.season_price[season]
        kernel = [utility(p, np.float32(each), price) for each in eaten]
        np.testing.assert_allclose(kernel, oracle.utility(eaten, season), rtol=3e-6, atol=1e-6)
    slopes = np.diff(oracle.utility(eaten, 0))
    assert (slopes > 0).all() and (np.diff(slopes) < 1e-9).all(), "more is better, ever less so"


# --- luck ---------------------------------------------------------------------------------------


def luck_by_hand(
    p: Primitives, grids: PlannerGrids, household: Household, **at: int
) -> tuple[np.ndarray, np.ndarray]:
    """Every income of one state and its probability, (n_harvest * n_wage,) each."""
    technique, known = np.int32(at["technique"]), np.int32(at["known"])
    held = np.float32(p.keep * grids.assets.at[at["assets"]] + household.land)
    own = own_output(p, technique, known, np.float32(household.skill), held)
    own = own * p.season_output[at["season"]]
    wages = float(p.wage) * household.skill ** float(p.wage_elasticity)
    wages *= (1 - labour_share(p, technique)) / p.periods_per_year
    left = 1 - float(p.pool_tax)
    income = left * own * grids.harvest[:, :1] + left * wages * grids.wage[:, 0] - grids.wage[:, 1]
    chance = grids.harvest[:, 1:] * grids.wage[:, 2]
    return income.ravel() + household.other / p.periods_per_year, chance.ravel()


@pytest.mark.parametrize("n_luck", [1, 2, 5, 8, 40])
def test_classes_of_luck_keep_the_mean_of_income(n_luck: int) -> None:
    config, p = world(f"planner.n_luck={n_luck}")
    grids = planner_grids(config, p)
    assert grids.luck_share.sum() == pytest.approx(1, abs=1e-14)
    assert grids.harvest[:, 1].sum() == pytest.approx(1, abs=1e-14)
    assert grids.wage[:, 2].sum() == pytest.approx(1, abs=1e-14)
    out = np.empty((2, 4, 3, grids.assets.at.size, n_luck))
    wages = float(p.wage) * FARMER.skill ** float(p.wage_elasticity)
    income_classes(p, grids, *FARMER, wages, out)
    for known, season, technique in np.ndindex(*out.shape[:3]):
        for assets in (0, 7, grids.assets.at.size - 1):
            income, chance = luck_by_hand(
                p, grids, FARMER, known=known, season=season, technique=technique, assets=assets
            )
            classes = out[known, season, technique, assets]
            # In single precision own output may differ in its last bit between two compilations.
            assert classes @ grids.luck_share == pytest.approx(income @ chance, rel=3e-7)
            assert (np.diff(classes) >= -1e-12).all(), "from the poorest luck up"
            slack = 3e-7 * income.max()
            assert income.min() - slack <= classes[0] and classes[-1] <= income.max() + slack


def test_mean_of_classes_does_not_depend_on_their_number() -> None:
    # The mean to rounding error of double precision, and most of the spread with eight classes.
    means, spreads = [], []
    for n_luck in (1, 4, 8, 40):
        config, p = world(f"planner.n_luck={n_luck}")
        grids = planner_grids(config, p)
        out = np.empty((2, 4, 3, grids.assets.at.size, n_luck))
        income_classes(p, grids, *FARMER, 0.5, out)
        means.append(out @ grids.luck_share)
        spreads.append((out - means[-1][..., None]) ** 2 @ grids.luck_share)
    for mean in means[1:]:
        np.testing.assert_allclose(mean, means[0], rtol=1e-13)
    assert (spreads[0] < 1e-20).all()
    worked = np.s_[:, :, 1:]
    assert (spreads[2][worked] > 0.85 * spreads[3][worked]).all()


def test_the_pool_takes_a_share_of_earnings_and_none_of_the_rest() -> None:
    config, p = world("pooling.share=0.4", "pooling.participation=0.5", "luck.illness_rate=0")
    assert p.pool_tax == pytest.approx(0.2)
    grids = planner_grids(config, p)
    shape = (2, 4, 3, grids.assets.at.size, grids.luck_share.size)
    taxed, free = np.empty(shape), np.empty(shape)
    income_classes(p, grids, *FARMER, 0.5, taxed)
    income_classes(p._replace(pool_tax=np.float32(0)), grids, *FARMER, 0.5, free)
    rest = FARMER.other / 4
    np.testing.assert_allclose(taxed - rest, 0.8 * (free - rest), rtol=1e-6)


# --- where money lands --------------------------------------------------------------------------


def money_by_hand(p: Primitives, saved: np.ndarray, income: np.ndarray) -> np.ndarray:
    """Money next period (n_luck, n_savings), as documented: arrears beyond the limit bear no interest."""
    limit = float(p.credit_limit)
    owed, arrears = np.clip(saved, -limit, 0), np.minimum(saved + limit, 0)
    grown = np.maximum(saved, 0) * p.return_save + owed * p.return_borrow + arrears
    return grown + income[:, None]


@pytest.mark.parametrize("beyond", [0.0, 0.4])
def test_money_lands_where_savings_and_income_lead(beyond: float) -> None:
    # Savings beyond the limit are those of a phase with more credit that has just ended.
    config, p = world("finance.credit_limit=0.2")
    grids = planner_grids(config, p, lowest=-1.0)
    if beyond:
        grids = with_savings(grids, np.concatenate([[-0.2 - beyond], grids.savings.at]), p)
    income = np.empty((2, 4, 3, grids.assets.at.size, grids.luck_share.size))
    income_classes(p, grids, *FARMER, 0.5, income)
    cells, inside = places(p, grids, income)
    width = np.diff(grids.money.at)
    for known, season, technique, i in ((0, 1, 1, 4), (1, 3, 2, 7), (0, 0, 2, 0), (0, 2, 0, 0)):
        at = (known, season, technique, i)
        lands = grids.money.at[cells[at]] + inside[at] * width[cells[at]]
        told = money_by_hand(
            p, grids.savings.at, income[known, (season + 1) % 4, technique, i] + 0.05
        )
        np.testing.assert_allclose(
            lands, np.clip(told, *grids.money.at[[0, -1]]), rtol=1e-6, atol=2e-7
        )


def places(p: Primitives, grids: PlannerGrids, income: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cells = np.zeros((*income.shape, grids.savings.at.size), np.int16)
    inside = np.zeros(cells.shape, np.float32)
    money_places(p, grids, income, 0.2, cells, inside)
    return cells, inside


def test_what_makes_no_difference_is_filled_once() -> None:
    # Who does not work on their own earns alike with all assets; knowledge serves the improved
    # technique alone. What is not filled would not be read.
    config, p = world()
    income = np.empty((2, 4, 3, planner_grids(config, p).assets.at.size, config.planner.n_luck))
    income_classes(p, planner_grids(config, p), *FARMER, 0.5, income)
    np.testing.assert_array_equal(
        income[:, :, 0], np.broadcast_to(income[:1, :, 0, :1], income[:, :, 0].shape)
    )
    np.testing.assert_array_equal(income[1, :, 1], income[0, :, 1])
    assert (income[1, :, 2] != income[0, :, 2]).any()


# --- heirs --------------------------------------------------------------------------------------


def test_heirs_skill_lies_between_the_parents_and_the_mean() -> None:
    _, p = world()
    score = np.linspace(-HIGHEST_SCORE, HIGHEST_SCORE, N_SCORES)
    spread = np.stack([0.5 * score - 0.4, 0.1 * score**3])  # even, and uneven, on two kinds of land
    p = p._replace(
        skill_persistence=np.float32(0.4), skill_at=spread.astype(np.float32),
        skill_luck=np.array([0.9, 0.2], np.float32),
    )  # fmt: skip
    parents, luck = np.array([-1.4, -0.4, 0.1]), np.array([-1.0, 0.0, 2.0])
    out = np.empty((3, 3))
    heirs_log_skill(p, 0, parents, luck, out)
    mean, slope = -0.4, 0.5
    told = mean + 0.4 * (parents[:, None] - mean) + slope * 0.9 * luck
    np.testing.assert_allclose(out, told, atol=1e-5)
    heirs_log_skill(p, 1, np.array([0.1 * 2.0**3]), luck, out[:1])
    np.testing.assert_allclose(out[0], 0.1 * (0.4 * 2.0 + 0.2 * luck) ** 3, atol=5e-3)
