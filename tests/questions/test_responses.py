"""A shock and what is done about it: nothing is nothing, and a line is a line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resilience_sim.calibration.structures import STRUCTURES
from resilience_sim.config import Response
from resilience_sim.errors import ConfigError
from resilience_sim.questions.living import Lived, live
from resilience_sim.questions.measures import SHOCKED_WORLD, Measure
from resilience_sim.questions.options import Question, Setup
from resilience_sim.questions.responses import responses
from small_questions import TOP_UP, draw, erewhon

INCOME = Measure("money", "income", "lines", 3, SHOCKED_WORLD, True, True)


def asked(setup: Setup, **keys: object) -> Question:
    question = responses(setup, TOP_UP, **keys)  # type: ignore[arg-type]
    return replace(question, measures=(*question.measures, INCOME))


@pytest.fixture(scope="module")
def setup() -> Setup:
    return erewhon("mechanisms.pooling=false", "shock.start_month=24")


@pytest.fixture(scope="module")
def question(setup: Setup) -> Question:
    return asked(setup)


@pytest.fixture(scope="module")
def lived(setup: Setup, question: Question) -> Lived:
    return live(question, setup, draw())


def test_doing_nothing_is_no_response_bit_for_bit(
    setup: Setup, question: Question, lived: Lived
) -> None:
    option = question.reference
    assert (
        option.name == "nothing" and option.cost == 0 and option.config.shock.response.months == 0
    )
    bare = replace(option, config=replace(option.config,
                   shock=replace(option.config.shock, response=Response())))  # fmt: skip
    alone = live(replace(question, options=(bare,), reference=bare), setup, draw())
    assert np.array_equal(alone.mean[0], lived.mean[0], equal_nan=True)


def test_responses_cost_the_same_and_the_money_arrives(
    setup: Setup, question: Question, lived: Lived
) -> None:
    """Income of all persons rises by what the response costs: expected cost is paid cost."""
    m = len(question.measures) - 1
    everyone = setup.households.persons.sum() / setup.homes
    paid = {each.name: each.cost for each in question.options}
    assert paid["top_up"] == pytest.approx(paid["new_entrants"], rel=1e-12)
    assert paid["top_up"] == pytest.approx(paid["half_and_half"], rel=1e-12)
    for k, option in enumerate(question.lived[1:], start=1):
        arrived = (lived.mean[k, m] - lived.mean[0, m]) * everyone
        off = 0.005 if option.name == "top_up" else 0.12  # entrants are drawn by lot
        assert arrived == pytest.approx(option.cost, rel=off), option.name


def test_a_response_helps_under_the_shock(question: Question, lived: Lived) -> None:
    lost = next(m for m, each in enumerate(question.measures) if each.outcome == "area_lost")
    assert (lived.mean[1:, lost] < lived.mean[0, lost]).all()


def test_more_money_than_all_entrants_take_raises_what_they_get() -> None:
    few, many = (
        next(
            each
            for each in responses(erewhon(f"coordination.coverage={share}"), TOP_UP).options
            if each.name == "new_entrants"
        )
        for share in (0.3, 0.95)
    )
    assert float(few.settings["entrants"]) < 1 == many.settings["entrants"]
    assert few.settings["entrant_transfer"] == TOP_UP.top_up < many.settings["entrant_transfer"]


def test_a_budget_scales_what_everybody_gets(setup: Setup) -> None:
    for option in asked(setup, budget=0.05).options[1:]:
        assert option.cost == pytest.approx(0.05)
    assert asked(setup, budget=0.05).options[1].settings["top_up"] < TOP_UP.top_up


def test_the_shock_moves_to_the_year_asked_for(setup: Setup) -> None:
    question = asked(setup, year=4)
    assert {each.settings["shock_month"] for each in question.options} == {36}
    assert {each.config.shock.start_month for each in question.options} == {36}
    path = STRUCTURES["two_exponents"](question.options[1].config).shock
    assert path.response.top_up == 0.13


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"year": 9}, "year must strike"),
        ({"arm": "productive"}, "name an arm that hands out cash"),
        ({"arm": "nobody"}, "name an arm that hands out cash"),
        ({"budget": 0.0}, "lie above 0"),
    ],
)
def test_what_cannot_be_asked_is_refused(setup: Setup, keys: dict[str, object], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        asked(setup, **keys)


def test_the_programme_is_cash_or_else_whatever_pays(setup: Setup) -> None:
    assert {each.arm for each in asked(setup).options} == {"cash"}
    arms = {name: held for name, held in setup.config.programme.arms.items() if name != "cash"}
    programme = replace(setup.config.programme, arms=arms)
    left = setup._replace(config=replace(setup.config, programme=programme))
    assert {each.arm for each in asked(left).options} == {"both"}


def test_no_shock_is_no_question() -> None:
    with pytest.raises(ConfigError, match="name a shock that strikes"):
        responses(erewhon("shock=none"), TOP_UP)
