"""Policy functions: traps and their absence, beliefs about cash, and chances of escape."""

from functools import cache

import numpy as np
import pytest

from oracle import Household, Settled, oracle_of, settle_type
from resilience_sim.cli import compose
from resilience_sim.config import Config
from resilience_sim.errors import SolverError
from resilience_sim.kernels import bellman, escape
from resilience_sim.kernels.primitives import (
    IMPROVED,
    NO_WAY_UP,
    TRAP,
    WAGE_ROUTE,
    WAY_UP,
    Primitives,
)
from resilience_sim.kernels.prospects import Solution
from resilience_sim.model import Terms, primitives
from resilience_sim.solver import (
    ESCAPE_HORIZON_YEARS,
    Phase,
    Policies,
    TypeAxes,
    classify,
    planner_grids,
    solve,
)

# Types on their own: whose heirs are of another skill, and who is discouraged, is tested in tests/solver.
CASE = (
    "case=erewhon", "shock=none", "mechanisms.confidence=false", "mechanisms.pooling=false",
    "mechanisms.skill_redrawn=false",
)  # fmt: skip
EXACT = ("planner.tolerance=1e-6", "planner.max_years=3000")
AXES = TypeAxes(
    np.array([0.2, 1.0]), np.log2(np.array([0.5, 0.7, 0.9, 1.1, 1.4])), np.array([0.0, 0.4])
)
ONE = TypeAxes(np.array([1.0]), np.log2(np.array([0.9])), np.array([0.2]))
NO_TRAP = (
    "technology.exponent.traditional=0.45", "technology.exponent.improved=0.45",
    "technology.productivity.traditional=0.8", "technology.productivity.improved=0.8",
    "technology.knowledge_productivity=1", "mechanisms.outlay=false",
    "mechanisms.labour_taken=false",
)  # fmt: skip
TRAPPING = (
    "technology.exponent.improved=0.55", "technology.productivity.improved=1.0",
    "technology.outlay.improved=0.6", "technology.knowledge_outlay=1", "finance.credit_limit=0",
    "technology.resale_discount=0.5",
)  # fmt: skip
SAME_REST = 0.1  # lines of assets; on any scale that matters these are one
CASH = 0.15  # lines per year


@cache
def world(*overrides: str) -> tuple[Config, Primitives]:
    config = compose([*CASE, *overrides])
    return config, primitives(config)


@cache
def policies(
    axes_name: str, phases: tuple[Phase, ...], *overrides: str, threads: int = 2
) -> Policies:
    config, p = world(*overrides, f"threads={threads}")
    return solve(config, p, {"many": AXES, "one": ONE}[axes_name], phases)


def rest_gap(found: Policies) -> np.ndarray:
    """Lines of assets between the lowest and the highest luckless rest of every type."""
    return found.rests[..., 1, 0] - found.rests[..., 0, 0]


def cash(hazard: float) -> Phase:
    return Phase(CASH, Terms(), 0, 0, hazard)


def dated(n_periods: int, first_season: int = 0) -> Phase:
    return Phase(CASH, Terms(), n_periods, first_season, None)


# --- traps -------------------------------------------------------------------------------------


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


# --- beliefs about cash ------------------------------------------------------------------------


def by_season(found: Policies, phase: Phase | None = None) -> np.ndarray:
    """Plans of the only type of ONE: (n_seasons, 2, 3, n_assets, n_money, 2)."""
    slots = found.base_slots if phase is None else found.phase_slots[phase]
    return found.plans[slots][:, 0, :, 0, 0]


def test_cash_for_ever_is_other_income() -> None:
    config, p = world(*EXACT)
    household = Household(1.0, float(2.0 ** ONE.log_skill[0]), float(ONE.other[0]))
    paid = settle_type(config, p, household, transfer=CASH).solution
    richer = settle_type(config, p, household._replace(other=household.other + CASH)).solution
    np.testing.assert_allclose(paid.value, richer.value, rtol=1e-9)
    np.testing.assert_allclose(paid.assets, richer.assets, atol=1e-6)
    np.testing.assert_allclose(paid.savings, richer.savings, atol=1e-6)
    # The same through the tables. There the search sets out from the life without cash, and plans
    # are flat near their best, so a few of them differ by more than the tolerance of the solver.
    found = policies("one", (cash(0.0),), *EXACT)
    same = solve(config, p, TypeAxes(ONE.land, ONE.log_skill, ONE.other + CASH), [])
    gap = np.abs(by_season(found, cash(0.0)) - by_season(same))
    assert (gap < 2e-3).mean() > 0.95 and gap.mean() < 5e-3
    # Negative control: without the cash plans are others.
    other_gap = np.abs(by_season(found, cash(0.0)) - by_season(found))
    assert (other_gap < 2e-3).mean() < 0.7 and other_gap.mean() > 5e-2


def test_cash_that_ends_at_once_is_planned_with_as_money_alone() -> None:
    # Who is sure that no payment follows plans as without a programme from the money at hand.
    found = policies("one", (cash(1.0), dated(1)), *EXACT)
    np.testing.assert_array_equal(by_season(found, dated(1))[0], by_season(found)[0])
    assert (np.abs(by_season(found, cash(1.0)) - by_season(found)) < 1e-5).mean() > 0.999
    slot, base = found.phase_slots[dated(1)][0], found.base_slots[0]
    np.testing.assert_array_equal(found.choice[slot], found.choice[base])


def test_the_last_payments_of_a_known_date_are_those_of_a_shorter_one() -> None:
    # Six quarters from season 2 end in season 3, and so do the two quarters from season 2 of the
    # year after.
    found = policies("one", (dated(6, 2), dated(2, 2)), *EXACT)
    long, short = by_season(found, dated(6, 2)), by_season(found, dated(2, 2))
    np.testing.assert_array_equal(long[4:], short)
    np.testing.assert_array_equal(long[5], by_season(found)[3])
    assert np.abs(long[1] - long[5]).max() > 1e-3, "a year earlier the same season is another"


def test_far_dates_are_like_no_end() -> None:
    years = (1, 5, 20, 60)
    found = policies("one", (cash(0.0), *(dated(4 * n) for n in years)), *EXACT)
    for_ever = by_season(found, cash(0.0))[0]
    gaps = [np.abs(by_season(found, dated(4 * n))[0] - for_ever).mean() for n in years]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.25 * gaps[0]


def test_a_year_that_is_one_period_knows_its_date_too() -> None:
    # Two years to go, knowing, and knowledge may be forgotten: what follows is next year's plan of
    # either kind, not this year's.
    overrides = ("periods_per_year=1", "technology.knowledge_loss=0.5", *EXACT)
    found = policies("one", (dated(2),), *overrides)
    config, p = world(*overrides)
    household = Household(1.0, float(2.0 ** ONE.log_skill[0]), 0.2)
    base = settle_type(config, p, household)
    places = settle_type(config, p, household, transfer=CASH).places
    last = step_back(p, base, places, base.solution, is_last=True)
    first = step_back(p, base, places, last, is_last=False)
    plans = np.stack([first.assets[:, 0], first.savings[:, 0]], axis=-1)
    np.testing.assert_allclose(by_season(found, dated(2))[0], plans, atol=1e-3)


def step_back(
    p: Primitives,
    base: Settled,
    places: tuple[np.ndarray, np.ndarray],
    after: Solution,
    is_last: bool,
) -> Solution:
    """One period of a year before `after`, both kinds of knowledge from the same values."""
    new = Solution(*(each.copy() for each in base.solution))
    no_redraw = np.zeros_like(base.solution.future)
    bellman.step_back(
        p, base.grids, *places, 0, np.ones(3, bool), no_redraw, after, is_last,
        base.solution.future, new,
    )  # fmt: skip
    return new


def kept_of(found: Policies, phase: Phase) -> np.ndarray:
    """What plans keep for later, in lines of money: savings and what the assets bought cost."""
    plans, nodes = by_season(found, phase).astype(float), found.assets.nodes
    change = plans[..., 0] - nodes[:, None]
    resale = 0.7
    return plans[..., 1] + np.where(change > 0, change, resale * change)


def test_cash_believed_lasting_is_eaten_and_cash_believed_short_is_kept() -> None:
    hazards = (0.0, 0.2, 1.0)
    found = policies("one", tuple(cash(each) for each in hazards), *EXACT)
    is_common = found.money.nodes < 3
    kept = [kept_of(found, cash(each))[..., is_common] for each in hazards]
    assert kept[0].mean() < kept[1].mean() < kept[2].mean()
    assert (kept[0] <= kept[2] + 1e-3).mean() > 0.97
    # In money: of a payment of a quarter, at least a twentieth more is kept where no other is
    # awaited.
    assert (kept[2] - kept[0]).mean() > 0.05 * CASH / 4


# --- the rule of thumb -------------------------------------------------------------------------

RULE = ("planner.behaviour=rule_of_thumb",)


def test_rule_of_thumb_fills_all_tables() -> None:
    phases = (cash(0.2), dated(6))
    found = policies("many", phases, *RULE)
    assert set(found.phase_slots) == set(phases)
    assert found.plans.shape[0] == 4 + 4 + 4, (
        "a rule has no memory of dates: a slot for each season"
    )
    assert np.isfinite(found.plans).all() and np.isfinite(found.choice).all()
    assert found.plans[..., 0].min() >= 0
    assert found.plans[..., 1].min() >= -world(*RULE)[1].credit_limit
    assert ((found.escape >= 0) & (found.escape <= 1)).all()
    assert (np.abs(found.choice) <= 1).all()


def test_rule_of_thumb_differs_from_planning_and_knows_cash() -> None:
    ruled = policies("many", (cash(0.2),), *RULE)
    planned = policies("many", (cash(0.2),))
    assert np.abs(ruled.plans - planned.plans).mean() > 0.05
    with_cash, without = (
        ruled.plans[slots] for slots in (ruled.phase_slots[cash(0.2)], ruled.base_slots)
    )
    assert np.abs(with_cash - without).max() > 0.01
    # Cash is ordinary income to the rule: from the same money less is kept.
    assert with_cash.sum(axis=-1).mean() < without.sum(axis=-1).mean()


def test_rule_of_thumb_consumes_its_income_and_never_more_than_it_has() -> None:
    _, p = world(*RULE)
    found = policies("many", (), *RULE)
    money, assets = found.money.nodes, found.assets.nodes
    change = found.plans[..., 0] - assets[:, None]
    paid = np.where(change > 0, change, p.resale * change)
    none = np.s_[:, :, :, :, :, 0]
    eaten = (money - found.plans[..., 1] - paid)[none]
    at_hand = np.broadcast_to(money, eaten.shape)
    assert (eaten[at_hand >= 0] >= -1e-6).all()
    assert (np.diff(eaten, axis=-1) >= -1e-5).all(), "more money, more food"


# --- chances of escape -------------------------------------------------------------------------


def test_chance_of_escape_is_a_chance_and_rises_with_assets_money_and_knowledge() -> None:
    found = policies("many", (), *TRAPPING)
    chance = found.escape
    assert chance.min() >= 0 and chance.max() <= 1
    assert chance.min() < 0.05 and chance.max() > 0.95
    assert np.diff(chance, axis=-2).min() > -0.05
    assert (np.diff(chance, axis=-2) < -1e-3).mean() < 0.02
    assert np.diff(chance, axis=-1).min() > -0.05
    knows_more = policies("many", ()).escape
    assert (knows_more[:, 1] >= knows_more[:, 0] - 0.02).all()
    assert knows_more[:, 1].mean() > knows_more[:, 0].mean() + 0.02
    # Without a better yield or outlay, knowing changes nothing.
    same = policies("many", (), "mechanisms.knowledge=false").escape
    np.testing.assert_allclose(same[:, 1], same[:, 0], atol=1e-6)


def test_chance_of_escape_is_none_without_the_improved_technique() -> None:
    assert not policies("one", (), "mechanisms.improved_technique=false").escape.any()


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


@pytest.mark.parametrize("known", [0, 1])
@pytest.mark.parametrize("per_year", [1, 4])
def test_chance_of_escape_equals_that_of_lives_between_the_nodes(known: int, per_year: int) -> None:
    # What is carried back over forty quarters must not blur: at the default grids a chance is good
    # to five points.
    config, p = world(
        *TRAPPING, "mechanisms.succession=false", "technology.knowledge_loss=0",
        "planner.n_assets=40", "planner.n_money=48", "planner.n_savings=40",
        "planner.tolerance=1e-4", f"periods_per_year={per_year}",
    )  # fmt: skip
    household = Household(1.0, 0.8, 0.2)
    settled = settle_type(config, p, household)
    oracle = oracle_of(settled, p, household, finer=1)
    chance = np.empty((2, settled.grids.assets.size, settled.grids.money.size))
    escape.escape_probability(
        p, settled.grids, *settled.places, ESCAPE_HORIZON_YEARS, settled.solution, chance
    )
    at = np.array([0.25, 1.0, 1.5, 3.0])
    solved = oracle.read(chance[known], at, np.full((4, 1, 1), 0.3))[:, 0, 0]
    drawn = [
        lives_between_nodes(p, settled, household, known, each, 0.3, 4000).mean() for each in at
    ]
    np.testing.assert_allclose(solved, drawn, atol=0.05)


def test_no_draws_are_needed_for_the_chance_of_escape() -> None:
    # Solved: other seeds and orders of types have no say.
    _, p = world(*TRAPPING)
    again = solve(compose([*CASE, *TRAPPING, "seed=99"]), p, AXES, [])
    np.testing.assert_array_equal(again.escape, policies("many", (), *TRAPPING).escape)


# --- the solver --------------------------------------------------------------------------------


def test_threads_do_not_matter() -> None:
    phases = (cash(0.2), dated(6))
    one, three = (policies("many", phases, threads=n) for n in (1, 3))
    for name in ("plans", "choice", "escape", "type_class", "rests"):
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name))


def test_types_are_solved_apart() -> None:
    # A type's plans do not depend on which other types there are.
    many = policies("many", ())
    config, p = world()
    alone = solve(config, p, TypeAxes(AXES.land[1:], AXES.log_skill[2:3], AXES.other[1:]), [])
    np.testing.assert_array_equal(alone.plans[:, 0, :, 0, 0], many.plans[:, 1, :, 2, 1])


def test_a_planner_that_does_not_settle_says_how_far_it_got() -> None:
    config, p = world("planner.max_years=1", "planner.tolerance=1e-5")
    with pytest.raises(SolverError) as caught:
        solve(config, p, ONE, [])
    message = str(caught.value)
    for part in ("planner.max_years=1", "still move by", "planner.tolerance=1e-05", "raise"):
        assert part in message
    assert "\n" not in message


def test_progress_counts_types() -> None:
    config, p = world()
    told: list[tuple[int, int]] = []
    solve(config, p, TypeAxes(AXES.land, AXES.log_skill[:2], AXES.other), [],
          lambda done, n: told.append((done, n)))  # fmt: skip
    # Types without programmes first, then what their phases make of them.
    assert told[-8:] == [(n, 16) for n in range(9, 17)]
    assert told[0] == (0, 16)


def test_nodes_of_savings_hold_the_limit_and_nothing() -> None:
    config, p = world()
    nodes = planner_grids(config, p).savings
    assert nodes[0] == -p.credit_limit
    assert 0.0 in nodes, "saving and borrowing differ in price, so zero is a kink"
    assert (np.diff(nodes) > 0).all()


def test_luck_of_a_period_has_the_moments_of_its_draws() -> None:
    for per_year in (1, 4, 12):
        config, p = world(f"periods_per_year={per_year}")
        grids = planner_grids(config, p)
        (good, chance), quarters = grids.harvest.T, int(p.quarters_per_period)
        drought = float(p.drought), float(p.drought_loss)
        mean = 1 - drought[0] * drought[1]
        assert good @ chance == pytest.approx(mean, rel=1e-6)
        # Months share a quarter's draw; taken as independent they must vary three times as much.
        spread = np.expm1(float(p.harvest_sd) ** 2) * int(p.periods_per_quarter) / quarters
        square = (1 + spread) * (1 - drought[0] + drought[0] * (1 - drought[1]) ** 2)
        # Three nodes carry the square of a month's threefold variance less exactly.
        assert good**2 @ chance == pytest.approx(square, rel=0.03 if per_year == 12 else 0.01)
        paid, bill, odds = grids.wage.T
        ill = 1 - (1 - float(p.illness)) ** quarters
        lost = float(p.illness_labour) / quarters
        assert paid @ odds == pytest.approx(1 - ill * lost, rel=1e-6)
        owed = ill * float(p.illness_bill) / int(p.periods_per_quarter)
        assert bill @ odds == pytest.approx(owed, rel=1e-6)
