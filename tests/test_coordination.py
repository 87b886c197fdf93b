"""Two programmes that work together, or do not: lists, what arrives, when, and for what money."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from resilience_sim.config import Config, Coordination, CoordinationTerms
from resilience_sim.programmes import UNCOORDINATED, Deliveries, deliveries
from resilience_sim.programmes.coordination import drawn_lists, places, worlds
from resilience_sim.programmes.delivery import FIELDS
from resilience_sim.programmes.targeting import Lists
from small_programmes import GRANT, TRAINING, TRANSFER, config_of, people

N = 4000
WITHOUT = CoordinationTerms(
    shared_registry=0.0,
    lag_months=12,
    social_delivery=0.85,
    productive_delivery=0.65,
    social_delay_months=0,
    productive_delay_months=6,
    local_liaison=0.0,
    admin_saving=0.0,
)
SURE = replace(
    WITHOUT,
    lag_months=0,
    social_delivery=1.0,
    productive_delivery=1.0,
    productive_delay_months=0,
)
FORMAL = Coordination(
    name="formal",
    coverage=0.5,
    admin_share=0.1,
    without=WITHOUT,
    terms=replace(WITHOUT, shared_registry=0.8, lag_months=3, admin_saving=0.2),
)
# Four in five households are eligible; weights and sizes differ.
WHO = people(
    np.where(np.arange(N) % 5 < 4, 0.5, 2.0),
    weight=0.5 + np.arange(N) % 3,
    size=2.0 + np.arange(N) % 4,
)
ELIGIBLE = WHO.income < 1
CONTENTS = {"cash": TRANSFER, "grant": GRANT, "training": TRAINING}
ARMS = {"cash": ["cash"], "both": list(CONTENTS)}


def config(coordination: Coordination = FORMAL, **settings: Any) -> Config:
    return replace(config_of(CONTENTS, ARMS, **settings), coordination=coordination)


def lived(
    terms: CoordinationTerms, without: CoordinationTerms = SURE, **settings: Any
) -> Deliveries:
    """Deliveries with the arms none, cash, both, uncoordinated and formal."""
    coordination = replace(FORMAL, without=without, terms=terms)
    who: Any = WHO
    return deliveries(config(coordination, **settings), who)


def lists(terms: CoordinationTerms, seed: int = 1) -> Lists:
    who: Any = WHO
    return drawn_lists(FORMAL, terms, ELIGIBLE, who, seed)


def share(part: np.ndarray, whole: np.ndarray = ELIGIBLE) -> float:
    """Households of a part, of those of a whole, weighted."""
    return float(WHO.weight[part & whole].sum() / WHO.weight[whole].sum())


# Worlds


def test_a_world_stands_beside_the_one_without() -> None:
    assert worlds(replace(FORMAL, name="off")) == {}
    assert worlds(replace(FORMAL, name="none")) == {UNCOORDINATED: WITHOUT}
    assert worlds(FORMAL) == {UNCOORDINATED: WITHOUT, "formal": FORMAL.terms}
    assert lived(SURE).names == ("none", "cash", "both", "uncoordinated", "formal")


def test_the_arms_of_the_complementarity_test_know_nothing_of_it() -> None:
    who: Any = WHO
    off = deliveries(config(replace(FORMAL, name="off")), who)
    on = deliveries(config(), who)
    assert off.names == ("none", "cash", "both")
    assert on.supports == off.supports
    for name in (*FIELDS, "reach", "support_at", "cost"):
        np.testing.assert_array_equal(getattr(on, name)[:3], getattr(off, name))
    assert on.lists == off.lists


def test_perfect_coordination_of_full_lists_is_both() -> None:
    full = replace(FORMAL, coverage=1.0, without=SURE, terms=SURE)
    who: Any = WHO
    got = deliveries(config(full), who)
    for name in (*FIELDS, "reach"):
        np.testing.assert_array_equal(getattr(got, name)[3], getattr(got, name)[2])
    np.testing.assert_array_equal(got.support_at[3, 3], got.support_at[2, 3])
    np.testing.assert_allclose(got.cost[3], got.cost[2])


# Lists


@pytest.mark.parametrize("shared", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("saving", [0.0, 0.2])
def test_both_lists_are_full(shared: float, saving: float) -> None:
    terms = replace(SURE, shared_registry=shared, admin_saving=saving)
    drawn = lists(terms)
    room = 0.5 / (1 - 0.1 * saving)
    assert places(FORMAL, terms) == pytest.approx(room)
    total = WHO.weight[ELIGIBLE].sum()
    # A household stands for at most 2.5, and the productive list is drawn in two parts.
    assert abs(share(drawn.social) - room) * total <= 2.5 / 2
    assert abs(share(drawn.productive) - room) * total <= 2.5
    assert not (drawn.either & ~ELIGIBLE).any()


def test_lists_are_drawn_apart_or_from_one_registry() -> None:
    apart, near, one = (lists(replace(SURE, shared_registry=s)) for s in (0.0, 0.6, 1.0))
    np.testing.assert_array_equal(one.social, one.productive)
    # Apart: half of the one list is on the other, within three standard errors.
    spread = 0.5 / np.sqrt(apart.social.sum())
    on_both = share(apart.productive, apart.social)
    assert abs(on_both - 0.5) < 3 * spread
    # Near: 0.6 of it, and of the other 0.4 what its part of all others is: 0.4 * 0.4 / 1.4.
    assert abs(share(near.productive, near.social) - (0.6 + 0.4 * 0.4 / 1.4)) < 3 * spread
    np.testing.assert_array_equal(apart.social, near.social)


def test_a_longer_list_holds_all_that_a_shorter_one_does() -> None:
    short, long = (lists(replace(SURE, admin_saving=saving)) for saving in (0.0, 1.0))
    for name in ("social", "productive"):
        assert not (getattr(short, name) & ~getattr(long, name)).any()
        assert getattr(long, name).sum() > getattr(short, name).sum()


def test_a_place_is_drawn_by_name_and_seed() -> None:
    order = np.random.default_rng(3).permutation(N)
    who: Any = WHO.taken(order)
    terms = replace(SURE, shared_registry=0.5)
    drawn, turned = lists(terms), drawn_lists(FORMAL, terms, ELIGIBLE[order], who, 1)
    np.testing.assert_array_equal(turned.social, drawn.social[order])
    np.testing.assert_array_equal(turned.productive, drawn.productive[order])
    assert not np.array_equal(lists(terms, seed=2).social, drawn.social)


# What arrives


def test_delivery_misses_households_of_a_list_and_liaison_brings_some_in() -> None:
    terms = replace(SURE, social_delivery=0.7, productive_delivery=0.4)
    liaison = replace(terms, local_liaison=0.5)
    full, missed = lived(terms).reach[-2:]
    brought = lived(liaison).reach[-1]
    for bit, listed, with_liaison in ((1, 0.7, 0.85), (2, 0.4, 0.7)):
        on_list = full & bit > 0
        spread = 3 * 0.5 / np.sqrt(on_list.sum())
        assert abs(np.mean(missed[on_list] & bit > 0) - listed) < spread
        assert abs(np.mean(brought[on_list] & bit > 0) - with_liaison) < spread
        # Nobody who is not listed is reached, and liaison loses nobody.
        assert not (missed[~on_list] & bit).any()
        assert not (brought[~on_list] & bit).any()
        assert not ((missed & bit > 0) & (brought & bit == 0)).any()
    # One programme's misses say nothing of the other's.
    on_both = full == 3
    reached = missed[on_both]
    assert abs(np.mean(reached == 3) - 0.28) < 3 * np.sqrt(0.28 * 0.72 / on_both.sum())
    assert set(np.unique(full)) == {0, 1, 2, 3}


def test_nobody_is_reached_where_nothing_is_delivered() -> None:
    got = lived(replace(SURE, social_delivery=0.0, productive_delivery=0.0))
    assert not got.reach[-1].any()
    # Paid for all the same.
    assert got.cost[-1] == got.cost[-2] > 0


def test_contents_come_late() -> None:
    terms = replace(SURE, social_delay_months=3, lag_months=6, productive_delay_months=3)
    got = lived(terms)
    for name, quarters in (("transfer", 1), ("grant", 3), ("training", 3)):
        for code in range(4):
            on_time, delayed = getattr(got, name)[-2:, code]
            np.testing.assert_array_equal(delayed[:quarters], 0)
            np.testing.assert_allclose(delayed[quarters:], on_time[:-quarters], rtol=1e-6)
            assert name != "transfer" or delayed.any() == (code in (1, 3))
    np.testing.assert_array_equal(got.support_at[-1, 3], [0] + [1] * 8 + [0] * 3)
    assert len(got.supports) == 1


def test_what_comes_after_the_run_is_lost_and_paid_for() -> None:
    got = lived(replace(SURE, social_delay_months=30, lag_months=40))
    # Of three years 30 months are waited: half a year of cash at 0.12 is left, and no grant.
    np.testing.assert_allclose(got.transfer[-1, 3].sum(), 0.06, rtol=1e-6)
    assert not got.grant[-1].any() and not got.training[-1].any()
    np.testing.assert_allclose(got.cost[-1], got.cost[-2])


# Money


def test_worlds_cost_the_same_though_one_saves() -> None:
    got = lived(FORMAL.terms, WITHOUT)
    # Half of the eligible: two years of cash at 0.15, a grant at 0.4, a training at 0.1.
    np.testing.assert_allclose(got.cost[-2:], 0.5 * (0.3 + 0.4 + 0.1))
    bills = []
    for terms in (WITHOUT, FORMAL.terms):
        drawn = lists(terms)
        listed = [WHO.persons[on].sum() for on in (drawn.social, drawn.productive)]
        bill = listed[0] * 0.3 + listed[1] * 0.5
        bills.append(bill * (1 - 0.1 * terms.admin_saving) / WHO.persons[ELIGIBLE].sum())
    # What is on the lists costs what was planned, to 1 %.
    np.testing.assert_allclose(bills, got.cost[-2:], rtol=0.01)
    # Without the saving the longer lists would cost more than that.
    assert bills[1] / (1 - 0.1 * 0.2) > 1.01 * bills[0]


def test_scale_reaches_the_worlds_of_coordination() -> None:
    whole = lived(WITHOUT)
    half = lived(WITHOUT, arm_scale={"both": 0.5})
    np.testing.assert_allclose(half.cost[2:], whole.cost[2:] / 2)
    np.testing.assert_allclose(half.grant[2:], whole.grant[2:] / 2, rtol=1e-6)
    np.testing.assert_array_equal(half.reach, whole.reach)
