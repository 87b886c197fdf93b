"""The frontier: every mix costs the budget, and no money goes where it can do nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resilience_sim.config import Content
from resilience_sim.errors import ConfigError
from resilience_sim.programmes.contents import side_of, total
from resilience_sim.questions.mixes import MIXES, frontier
from resilience_sim.questions.options import Option, Setup, both_of, costs_of
from small_questions import erewhon


def part_of_cash(setup: Setup, option: Option) -> float:
    """Share of an option's cost that its social contents have."""
    costs = costs_of(setup, option.contents)
    social = [
        cost for cost, each in zip(costs, option.contents, strict=True) if side_of(each) == "social"
    ]
    return total(social) / option.cost


def content(option: Option, kind: str) -> Content:
    """The content of one kind."""
    return next(each for each in option.contents if each.kind == kind)


@pytest.mark.parametrize("budget", [None, 0.7, 4.0])
def test_every_mix_costs_the_budget_and_is_what_it_says(budget: float | None) -> None:
    setup = erewhon()
    question = frontier(setup, budget=budget)
    half = 0.5 * total(costs_of(setup, both_of(setup.config).values()))
    for mix, option in zip(MIXES, question.options, strict=True):
        assert option.cost == pytest.approx(budget or half, rel=1e-9)
        assert part_of_cash(setup, option) == pytest.approx(mix / 100, abs=1e-9)
        assert option.settings == {"cash_percent": mix}
        assert 0 < option.present_cost < option.cost


def test_the_mix_of_both_at_half_its_cost_is_half_of_it() -> None:
    setup = erewhon()
    held = both_of(setup.config)
    cost = dict(zip(held, costs_of(setup, held.values()), strict=True))
    share = 100 * cost["transfer"] / total(cost.values())
    (option,) = frontier(setup, mixes=[share]).options  # type: ignore[list-item]
    for before, after in zip(held.values(), option.contents, strict=True):
        assert after.value == pytest.approx(before.value / 2)
        assert after.unit_cost == pytest.approx(before.unit_cost / 2)


def test_a_success_that_has_reached_one_takes_no_more_money() -> None:
    setup = erewhon()
    productive = frontier(setup, mixes=[0], budget=4.0).options[0]
    training, grant = content(productive, "training"), content(productive, "asset_grant")
    own = both_of(setup.config)
    assert training.success == pytest.approx(1.0)
    assert training.unit_cost == pytest.approx(own["training"].unit_cost / 0.8)
    assert grant.value / grant.unit_cost == pytest.approx(0.30 / 0.33)
    assert productive.cost == pytest.approx(4.0)


def test_a_side_that_cannot_use_its_money_is_refused() -> None:
    setup = erewhon()
    programme = replace(setup.config.programme, arms={"none": [], "both": ["transfer", "training"]})
    taught = setup._replace(config=replace(setup.config, programme=programme))
    with pytest.raises(ConfigError, match="leave the productive side at most"):
        frontier(taught, budget=4.0)


@pytest.mark.parametrize(
    ("mixes", "budget", "match"),
    [([120], None, "mixes must"), ([50, 50], None, "mixes must"), ([50], 0.0, "lie above 0")],
)
def test_what_is_no_mix_or_no_money_is_refused(
    mixes: list[int], budget: float | None, match: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        frontier(erewhon(), mixes, budget)
