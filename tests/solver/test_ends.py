"""When cash is believed to end: never, at any time, at once, or at a known date."""

import numpy as np
import pytest

from oracle import Household, Oracle, Places, Plans, Settled, lasting_surplus, settle_type
from resilience_sim.kernels import bellman
from resilience_sim.kernels.primitives import Primitives
from resilience_sim.kernels.prospects import Solution
from resilience_sim.model import Terms, under
from resilience_sim.solver import Phase, Policies, TypeAxes, solve
from resilience_sim.solver.grids import worlds_under
from resilience_sim.solver.planner_type import PlannerType
from small_planners import (
    AXES,
    CASH,
    CLOSE,
    COMMON_MONEY,
    EXACT,
    OTHER_HEIRS,
    SHY,
    by_season,
    cash,
    dated,
    policies,
    slots_of,
    world,
)

ONE = AXES["one"]
FARMER = Household(1.0, float(2.0 ** ONE.log_skill[0]), float(ONE.other[0]))
SMALL = ("planner.n_assets=12", "planner.n_money=20", "planner.n_savings=16", *CLOSE)
LEAST_MONEY = 0.1  # lines; with less, people go hungry, where utility is a line


# --- no end, and an end at any time ------------------------------------------------------------


def test_cash_for_ever_is_other_income() -> None:
    config, p = world(*EXACT)
    paid = settle_type(config, p, FARMER, transfer=CASH).solution
    richer = settle_type(config, p, FARMER._replace(other=FARMER.other + CASH)).solution
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


def kept_of(found: Policies, phase: Phase) -> np.ndarray:
    """What plans keep for later, in lines of money: savings and what the assets bought cost."""
    plans, nodes = by_season(found, phase).astype(float), found.assets.nodes
    change = plans[..., 0] - nodes[:, None]
    resale = 0.7
    return plans[..., 1] + np.where(change > 0, change, resale * change)


def test_cash_believed_lasting_is_eaten_and_cash_believed_short_is_kept() -> None:
    hazards = (0.0, 0.2, 1.0)
    found = policies("one", tuple(cash(each) for each in hazards), *EXACT)
    is_common = found.money.nodes < COMMON_MONEY
    kept = [kept_of(found, cash(each))[..., is_common] for each in hazards]
    assert kept[0].mean() < kept[1].mean() < kept[2].mean()
    assert (kept[0] <= kept[2] + 1e-3).mean() > 0.97
    # In money: of a payment of a quarter, at least a twentieth more is kept where no other is
    # awaited.
    assert (kept[2] - kept[0]).mean() > 0.05 * CASH / 4


@pytest.mark.parametrize("overrides", [(), SHY, (*SHY, *OTHER_HEIRS)])
def test_who_is_surprised_each_time_plans_as_without_programmes(overrides: tuple[str, ...]) -> None:
    """A payment believed to be the last is money at hand, also where terms are named that change nothing.

    Measured equal to the bit. A rounding of what is kept is allowed for: it may turn a tie.
    """
    _, p = world(*overrides)
    as_it_is = Terms(return_save=float(p.return_save) ** int(p.periods_per_year))
    surprises = cash(1.0), Phase(CASH, as_it_is, 0, 0, 1.0)
    halves = cash(0.5)
    found = policies("few", (*surprises, halves), *overrides)

    def moved(phase: Phase) -> np.ndarray:
        return np.abs(found.plans[slots_of(found, phase)] - found.plans[found.base_slots])

    for phase in surprises:
        assert (moved(phase) <= 1e-5).mean() > 0.999
        choice = found.choice[slots_of(found, phase)[0]] - found.choice[found.base_slots[0]]
        assert (np.abs(choice) <= 1e-5).mean() > 0.999
    # Negative control: who reckons with another payment plans otherwise.
    assert (moved(halves) <= 1e-5).mean() < 0.5 and moved(halves).mean() > 0.03


# --- a known date ------------------------------------------------------------------------------


def test_a_single_payment_of_a_known_date_is_planned_with_as_money_alone() -> None:
    found = policies("one", (dated(1),), *EXACT)
    np.testing.assert_array_equal(by_season(found, dated(1))[0], by_season(found)[0])
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


@pytest.mark.parametrize("first_season", [1, 2])  # the last is then just before planting, or at it
def test_what_is_kept_in_the_last_period_is_worth_what_it_is_worth_without_programmes(
    first_season: int,
) -> None:
    """Plans of the last of three periods against brute force, in lasting consumption above need.

    Measured: plans cost 0.2 % of it on average, and 0.8 % at most where people are fed; those of the
    first period would cost 3 % on average, those without programmes 2.5 %. Terms are wild on purpose:
    to plan as if they held for one income more costs only 0.4 % and 2 %.
    """
    given = Terms(outlay_share=0.5, price_rise=3.0, return_save=3.0, credit_more=0.3)
    phase = Phase(CASH, given, 3, first_season, None)
    last = (first_season + 2) % 4
    life = (*SMALL, "mechanisms.succession=false")
    config, p = world(*life)
    worlds = worlds_under(config, p, [given])
    alone = PlannerType(config, worlds, ONE, (0, 0, 0))
    alone.settle(0, config.planner.tolerance, config.planner.max_years)
    grids = worlds[given].grids
    now, after = (
        Oracle(
            each, FARMER, grids.assets.at, grids.money.at, grids.savings.at, grids.harvest, grids.wage,
            finer=4,
        )
        for each in (under(p, given), p)
    )  # fmt: skip
    found = policies("one", (phase,), *life)
    slots = found.phase_slots[phase]
    is_fed = grids.money.at >= LEAST_MONEY
    told, first, without = (
        forgone(now, after, alone.base[0].value, last, found.plans[slot][0, :, 0, 0])
        for slot in (slots[-1], slots[0], found.base_slots[last])
    )
    assert np.abs(told).mean() < 0.003 and told[..., is_fed].max() < 0.012
    assert first.mean() > 0.02 and without.mean() > 0.015


def forgone(
    now: Oracle, after: Oracle, value: np.ndarray, season: int, plans: np.ndarray
) -> np.ndarray:
    """Share of lasting surplus that plans of one season cost, (2, 3, n_assets, n_money).

    They are made in the world `now`; what is kept is worth `value` in the world `after`.
    """
    p = after.p
    kept, carried = np.meshgrid(now.kept, now.carried, indexing="ij")
    best = Plans(*(np.empty(now.shape) for _ in Plans._fields))
    out = np.empty(plans.shape[:-1])
    for known, technique in np.ndindex(out.shape[:2]):
        at = (value, season, technique, known)
        now.search(best, (known, season, technique), after.ahead(*at, kept, as_debt(p, carried)))
        keeps, carries = (plans[known, technique, ..., n].astype(float) for n in range(2))
        change = keeps - now.assets[:, None]
        cost = np.where(change > 0, change, p.resale * change)
        eaten = now.money - now.outlay(season, technique, known) - cost - carries
        ahead = after.ahead(*at, keeps, as_debt(p, carries))
        worth = now.utility(eaten, season) + p.discount * ahead
        most = best.value[known, season, technique]
        out[known, technique] = 1 - lasting_surplus(p, worth) / lasting_surplus(p, most)
    return out


def as_debt(p: Primitives, carried: np.ndarray) -> np.ndarray:
    """Savings that grow to the same with interest on all debt: arrears beyond the limit bear none."""
    beyond = np.minimum(carried + p.credit_limit, 0)
    return carried - beyond + beyond / p.return_borrow


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
    base = settle_type(config, p, FARMER)
    places = settle_type(config, p, FARMER, transfer=CASH).places
    last = step_back(p, base, places, base.solution, is_last=True)
    first = step_back(p, base, places, last, is_last=False)
    plans = np.stack([first.assets[:, 0], first.savings[:, 0]], axis=-1)
    np.testing.assert_allclose(by_season(found, dated(2))[0], plans, atol=1e-3)


def step_back(
    p: Primitives, base: Settled, places: Places, after: Solution, is_last: bool
) -> Solution:
    """One period of a year before `after`, both kinds of knowledge from the same values."""
    new = Solution(*(each.copy() for each in base.solution))
    bellman.step_back(
        p, base.grids, *places, 0, np.ones(3, bool), np.zeros_like(new.future), after, is_last,
        base.solution.future, new,
    )  # fmt: skip
    return new
