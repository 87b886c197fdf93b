"""Chances of escape: by the plans of a type, through the world as it is."""

import numpy as np
import pytest

from oracle import Household, Places, Settled, oracle_of, places_of, settle_type
from resilience_sim.cli import compose
from resilience_sim.kernels import escape
from resilience_sim.kernels.primitives import IMPROVED, Primitives
from resilience_sim.model import discouraged
from resilience_sim.solver import ESCAPE_HORIZON_YEARS, solve
from small_planners import AXES, CASE, EXACT, SHY, TRAPPING, policies, world

ONE = AXES["one"]


def test_chance_of_escape_is_a_chance_and_rises_with_assets_money_and_knowledge() -> None:
    found = policies("many", (), *TRAPPING)
    chance = found.escape
    assert chance.min() >= 0 and chance.max() <= 1
    assert chance.min() < 0.05 and chance.max() > 0.95
    # Where plans jump, reading between nodes leaves dents (0.053 the deepest measured).
    assert np.diff(chance, axis=-2).min() > -0.07
    assert (np.diff(chance, axis=-2) < -1e-3).mean() < 0.02
    assert np.diff(chance, axis=-1).min() > -0.07
    knows_more = policies("many", ()).escape
    assert (knows_more[:, 1] >= knows_more[:, 0] - 0.02).all()
    assert knows_more[:, 1].mean() > knows_more[:, 0].mean() + 0.02
    # Without a better yield or outlay, knowing changes nothing.
    same = policies("many", (), "mechanisms.knowledge=false").escape
    np.testing.assert_allclose(same[:, 1], same[:, 0], atol=1e-6)


def test_chance_of_escape_is_none_without_the_improved_technique() -> None:
    assert not policies("one", (), "mechanisms.improved_technique=false").escape.any()


def test_plans_are_the_same_where_nobody_asks_for_escape() -> None:
    config, p = world(*TRAPPING)
    asked, unasked = (
        solve(config, p, AXES["many"], [], with_escape=is_asked) for is_asked in (True, False)
    )
    assert (asked.plans == unasked.plans).all() and (asked.choice == unasked.choice).all()
    assert asked.escape.any() and asked.rests.any()
    assert not unasked.escape.any() and not unasked.rests.any()


def lives_between_nodes(
    p: Primitives, settled: Settled, household: Household, known: int, assets: float, money: float,
    n: int,
) -> np.ndarray:  # fmt: skip
    """Draw `n` lives as the population lives them: anywhere between the nodes."""
    grids, plans = settled.grids, settled.solution
    oracle = oracle_of(settled, p, household, finer=1)
    draws = np.random.default_rng(13)
    n_seasons = int(p.periods_per_year)

    def read(table: np.ndarray) -> np.ndarray:
        return oracle.read(table, a, m[:, None, None])[:, 0, 0]

    a, m = np.full(n, assets), np.full(n, money)
    technique = np.zeros(n, int)
    for t in range(ESCAPE_HORIZON_YEARS * n_seasons + 1):
        season = t % n_seasons
        if season == 0:
            technique = np.argmax([read(plans.value[known, 0, each]) for each in range(3)], axis=0)
        kept = np.choose(technique, [read(plans.assets[known, season, each]) for each in range(3)])
        carried = np.choose(
            technique, [read(plans.savings[known, season, each]) for each in range(3)]
        )
        if t == ESCAPE_HORIZON_YEARS * n_seasons:
            break
        good = draws.choice(len(grids.harvest), n, p=grids.harvest[:, 1])
        paid = draws.choice(len(grids.wage), n, p=grids.wage[:, 2])
        following = (season + 1) % n_seasons
        income = [
            oracle.incomes(kept, following, each, known)[np.arange(n), good, paid]
            for each in range(3)
        ]
        m = np.where(carried > 0, p.return_save, p.return_borrow) * carried
        m += np.choose(technique, income)
        struck = draws.random(n) < 1 - (1 - float(p.asset_loss)) ** (4 / n_seasons)
        a = p.keep * kept * np.where(struck, 1 - p.asset_loss_share, 1)
    outlay = np.choose(technique, [oracle.outlay(0, each, known) for each in range(3)])
    paid = np.where(kept > a, kept - a, p.resale * (kept - a))
    eaten = (m - carried - paid - outlay) * n_seasons / p.season_price[0]
    return (technique == IMPROVED) & (eaten > 1)


@pytest.mark.parametrize(
    ("known", "per_year", "is_shy"),
    [(0, 1, False), (1, 1, False), (0, 4, False), (1, 4, False), (0, 4, True), (1, 1, True)],
)
def test_chance_of_escape_equals_that_of_lives_between_the_nodes(
    known: int, per_year: int, is_shy: bool
) -> None:
    # What is carried back over forty quarters must not blur: at the default grids a chance is good
    # to five points.
    config, p = world(
        *TRAPPING, "mechanisms.succession=false", "technology.knowledge_loss=0",
        "planner.n_assets=40", "planner.n_money=48", "planner.n_savings=40",
        "planner.tolerance=1e-4", f"periods_per_year={per_year}",
    )  # fmt: skip
    household = Household(1.0, 0.8, 0.2)
    # Plans are made by what is believed; lives go by what is true.
    settled = settle_type(config, discouraged(p) if is_shy else p, household)
    oracle = oracle_of(settled, p, household, finer=1)
    chance = chance_of(p, settled, places_of(config, p, household))
    at = np.array([0.25, 1.0, 1.5, 3.0])
    solved = oracle.read(chance[known], at, np.full((4, 1, 1), 0.3))[:, 0, 0]
    drawn = [
        lives_between_nodes(p, settled, household, known, each, 0.3, 4000).mean() for each in at
    ]
    np.testing.assert_allclose(solved, drawn, atol=0.05)


def chance_of(p: Primitives, settled: Settled, places: Places) -> np.ndarray:
    chance = np.empty((2, settled.grids.assets.at.size, settled.grids.money.at.size), np.float32)
    escape.escape_probability(
        p, settled.grids, *places, ESCAPE_HORIZON_YEARS, settled.solution, chance
    )
    return chance


def test_the_discouraged_are_judged_by_what_is_true() -> None:
    config, p = world(*SHY, *EXACT)
    household = Household(1.0, float(2.0 ** ONE.log_skill[0]), float(ONE.other[0]))
    settled = settle_type(config, discouraged(p), household)
    true, believed = (chance_of(p, settled, at) for at in (
        places_of(config, p, household), settled.places
    ))  # fmt: skip
    found = policies("one", (), *SHY, *EXACT).escape[0, 2:, 0, 0]
    assert np.abs(found - true).mean() < 1e-3
    assert np.abs(found - believed).mean() > 5e-2


def test_no_draws_are_needed_for_the_chance_of_escape() -> None:
    # Solved: other seeds and orders of types have no say.
    _, p = world(*TRAPPING)
    again = solve(compose([*CASE, *TRAPPING, "seed=99"]), p, AXES["many"], [])
    np.testing.assert_array_equal(again.escape, policies("many", (), *TRAPPING).escape)
