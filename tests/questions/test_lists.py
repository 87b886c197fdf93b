"""Targeting: lists whose errors are those of a run, at the same money."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from resilience_sim import compose, prepare
from resilience_sim.errors import ConfigError
from resilience_sim.outcomes.lists import lists as lists_table
from resilience_sim.programmes import deliveries
from resilience_sim.programmes.contents import total
from resilience_sim.questions.lists import targeting
from resilience_sim.questions.options import Question, both_of, costs_of, setup
from small_questions import SMALL, WORDS, erewhon


@pytest.fixture(scope="module")
def question() -> Question:
    return targeting(erewhon(), years=[6])


def settings(question: Question, name: str) -> dict[str, float]:
    return next(
        cast(dict[str, float], dict(each.settings))
        for each in question.options
        if each.name == name
    )


def test_errors_are_those_of_the_lists_of_a_run(question: Question) -> None:
    config = compose([*WORDS, "population.n_households=240", "arms=[none,both]"])
    for option in question.options:
        told = option.config.programme
        rules = replace(
            config.programme,
            mode=told.mode,
            targeting=told.targeting,
            targeting_productive=told.targeting_productive,
        )
        run = prepare(replace(config, programme=rules))
        table = lists_table(cast(Any, SimpleNamespace(lists=run.deliveries.lists)))
        for row in table.to_dict("records"):
            key = f"{row['list']}_{row['measure']}"
            if key in option.settings:
                assert option.settings[key] == row["estimate"], (option.name, key)


def test_every_rule_spends_the_same(question: Question) -> None:
    """Within half of the largest household, which with thousands of them is nothing."""
    many = setup(compose(WORDS), replace(SMALL, n_households=2400), 0.05)
    for ready, asked, off in ((erewhon(), question, 0.02), (many, targeting(many), 0.002)):
        whole = total(costs_of(ready, both_of(ready.config).values()))
        for option in asked.options:
            assert option.cost == pytest.approx(0.5 * whole, rel=off), option.name


def test_who_knows_more_errs_less(question: Question) -> None:
    best, proxy, blind = (
        settings(question, name) for name in ("poorest", "proxy_means", "lottery")
    )
    for error in ("social_inclusion_error", "social_exclusion_error"):
        assert best[error] < proxy[error] < blind[error] or error == "social_inclusion_error"
    assert best["social_inclusion_error"] == 0
    assert blind["social_inclusion_error"] > 0.2
    everyone = settings(question, "everyone_thin")
    assert everyone["social_coverage"] == 1 and everyone["social_exclusion_error"] == 0
    assert 0 < everyone["package"] < 1
    assert settings(question, "proxy_two_lists")["both_coverage"] < proxy["both_coverage"]


def test_productive_support_by_kind_goes_to_who_has_assets(question: Question) -> None:
    ready = erewhon()
    option = next(each for each in question.options if each.name == "proxy_by_kind")
    reach = deliveries(option.config, ready.households).reach[1]
    assert (ready.households.assets[reach >= 2] >= 0.01).all() and (reach >= 2).any()


def test_villages_are_taken_whole_but_for_the_last(question: Question) -> None:
    ready = erewhon()
    option = next(each for each in question.options if each.name == "poorest_villages")
    reach = deliveries(option.config, ready.households).reach[1]
    village = ready.households.village
    share = np.bincount(village, reach > 0) / np.bincount(village)
    covered = share > 0
    left_out = int(((1 - share[covered]) * np.bincount(village)[covered]).sum())
    assert left_out <= np.bincount(village).max()


@pytest.mark.parametrize("budget", [0.0, 100.0])
def test_a_budget_that_leaves_nothing_to_choose_is_refused(budget: float) -> None:
    with pytest.raises(ConfigError, match="lie above 0 and below"):
        targeting(erewhon(), budget)
