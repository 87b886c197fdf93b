"""The rule of thumb in the place of the planner."""

import numpy as np

from resilience_sim.kernels.primitives import IMPROVED
from small_planners import SHY, cash, dated, planted, policies, terms, world

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


def test_rule_of_thumb_knows_terms_and_beliefs() -> None:
    helped = terms(input_help=0.1)
    found = policies("many", (helped,), *RULE, *SHY, "confidence.perceived_return=0.8")
    confident, shy = (planted(found)[:, minds] == IMPROVED for minds in (np.s_[:2], np.s_[2:]))
    assert (confident & ~shy).any() and not (shy & ~confident).any()
    after, before = (planted(found, each) == IMPROVED for each in (helped, None))
    assert (after & ~before).any() and not (before & ~after).any()


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
