"""Coordination: worlds as the files have them, at the same money, and never worse than without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resilience_sim.errors import ConfigError
from resilience_sim.programmes import deliveries
from resilience_sim.questions.worlds import AS_FOUND, worlds
from small_questions import TERMS, erewhon


def test_worlds_cost_the_same_and_are_those_of_the_files() -> None:
    setup = erewhon()
    question = worlds(setup, TERMS, [6])
    assert [each.name for each in question.options] == ["uncoordinated", "formal", "full"]
    assert question.reference is question.options[0]
    for option in question.options:
        assert option.cost == pytest.approx(question.reference.cost, rel=1e-9)
        if option.name in TERMS:
            assert option.config.coordination.terms == TERMS[option.name]
    late, early = (each.present_cost for each in question.options[:2])
    assert late < early  # uncoordinated productive support comes a year later


def test_a_world_is_the_one_that_a_run_lives() -> None:
    setup = erewhon()
    run = replace(
        setup.config,
        coordination=replace(setup.config.coordination, name="formal", terms=TERMS["formal"]),
    )
    own = deliveries(run, setup.households)
    option = worlds(setup, TERMS, [6]).options[1]
    ours = deliveries(option.config, setup.households)
    row, of_run = ours.names.index(option.arm), own.names.index("formal")
    assert (ours.reach[row] == own.reach[of_run]).all()
    assert (ours.transfer[row] == own.transfer[of_run]).all()


def test_a_world_of_a_case_that_has_its_own_is_told_and_none_falls_behind() -> None:
    setup = erewhon(
        "coordination=formal",
        "coordination.without.productive_delivery=0.86",
        "coordination.terms.shared_registry=0.22",
    )
    question = worlds(setup, TERMS, [6])
    terms = {each.name: each.config.coordination.terms for each in question.options}
    assert terms[AS_FOUND].shared_registry == 0.22
    assert terms["formal"].productive_delivery == terms["full"].productive_delivery == 0.86
    assert terms["full"].lag_months == 3


def test_lists_longer_than_all_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"coordination.coverage must leave room.*formal"):
        worlds(erewhon("coordination.coverage=1.0"), TERMS, [6])
