"""Settings: each problem is told at once, in one line: where, what is allowed, what was found."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience_sim.cli import compose
from resilience_sim.config import (
    Behaviour,
    Meaning,
    from_mapping,
    key_problem,
    meaning_of,
    validate,
)
from resilience_sim.errors import ConfigError, InputError, Problem, SurveyError

LINE = re.compile(r"^ConfigError: \S.* must .+; got .+\.( .+[.?])?$")


@pytest.fixture(scope="module")
def erewhon() -> dict[str, Any]:
    return asdict(compose(["case=erewhon"]))


@pytest.fixture
def tree(erewhon: dict[str, Any]) -> dict[str, Any]:
    return asdict(from_mapping(erewhon))


def lines(tree: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        from_mapping(tree)
    return str(caught.value).splitlines()


def put(tree: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    *path, last = key.split(".")
    group = tree
    for name in path:
        group = group[name]
    group[last] = value
    return tree


# Errors


def test_a_problem_is_one_line() -> None:
    problem = Problem("a.b", "lie in [0, 1] (share)", "12\n", "Did you mean 0.12?")
    assert str(problem) == "a.b must lie in [0, 1] (share); got 12 . Did you mean 0.12?"
    assert str(Problem("a", "be given", "nothing")) == "a must be given; got nothing."


def test_errors_carry_every_problem_and_their_own_name() -> None:
    problems = [Problem("a", "be given", "nothing"), Problem("b", "be given", "nothing")]
    error = SurveyError(problems)
    assert isinstance(error, InputError)
    assert error.problems == problems
    assert [line.split(":")[0] for line in str(error).splitlines()] == ["SurveyError"] * 2


# Reading


def test_what_was_read_can_be_written_and_read_again(tree: dict[str, Any]) -> None:
    config = from_mapping(tree)
    assert asdict(config) == tree
    assert validate(config) == []
    assert config.planner.behaviour is Behaviour.PLANNER


def test_whole_numbers_are_numbers_and_choices_are_enums(tree: dict[str, Any]) -> None:
    put(tree, "preferences.crra", 2)
    put(tree, "planner.behaviour", "rule_of_thumb")
    config = from_mapping(tree)
    assert isinstance(config.preferences.crra, float)
    assert config.planner.behaviour is Behaviour.RULE_OF_THUMB


def test_defaults_of_the_schema_are_used_where_nothing_is_given(tree: dict[str, Any]) -> None:
    for name in ("seed", "mechanisms", "outcomes", "output_dir"):
        del tree[name]
    config = from_mapping(tree)
    assert (config.seed, config.output_dir) == (1, None)
    assert config.mechanisms.borrowing is True


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("preferences.crra", -1.5, "lie in [0.2, 10] (elasticity); got -1.5. Did you mean 1.5?"),
        (
            "preferences.discount_factor",
            92,
            "lie in [0.5, 1) (per year); got 92. Did you mean 0.92?",
        ),
        ("preferences.need", True, "lie in [0, 0.95] (lines per year); got true."),
        ("preferences.need", float("nan"), "lie in [0, 0.95] (lines per year); got nan."),
        ("preferences.need", None, "lie in [0, 0.95] (lines per year); got null."),
        ("preferences.crra", "2", "lie in [0.2, 10] (elasticity); got '2'. Did you mean 2?"),
        ("preferences", 3, "be a group of settings (crra, discount_factor, need); got 3."),
        ("finance.return_save", 1.02, "lie in [0.1, 1] (per year); got 1.02."),
        ("finance.return_borrow", 1.0, "lie in (1, 10] (per year); got 1."),
        ("planner.believed_end.hazard", 1.2, "lie in [0, 1] (per year); got 1.2."),
        ("seed", 1.5, "be a whole number in [0, 4294967295] (number); got 1.5."),
        ("replicates", 0, "be a whole number in [1, 1000] (count); got 0."),
        ("periods_per_year", 6, "be one of 1, 4, 12 (periods); got 6."),
        ("mechanisms.saving", "off", "be true or false; got 'off'."),
        ("output_dir", 3, "be text"),
        ("output_dir", " ", "name a folder, or be null; got ' '."),
        (
            "population.kind",
            "servey",
            "be one of survey, synthetic, moments; got 'servey'. Did you mean survey?",
        ),
        ("population.n_households", 0, "be a whole number in [1, 100000000] (households); got 0."),
        ("case_name", "../here", "be made of letters, digits, _ and -; got '../here'."),
        ("seasons.price", [1.0] * 11, "hold 12 entries"),
        ("seasons.price", [1.1] * 12, "have mean 1 over the twelve months; got 1.1."),
        ("seasons.output_share", [0.1] * 12, "sum to 1 over the twelve months; got 1.2."),
        (
            "technology.labour",
            {"none": 0.0},
            "have the keys none, traditional, improved; got none.",
        ),
        ("technology.productivity.none", 0.1, "be 0, for none means no own production; got 0.1."),
        ("technology.exponent.improved", 0.1, "be at least exponent.traditional (0.28); got 0.1."),
        ("generations.heir_age", 70, "lie below succession_age (65 years); got 70."),
        ("shock.start_month", 120, "lie before the end of the run (month 120); got 120."),
        ("shock.path", [], "hold the depth of at least one quarter; got []."),
        ("outcomes.belief_hazards", [0.2, 0.2], "name each hazard once; got [0.2, 0.2]."),
        ("programme.arms.cash", ["transfr"], "got 'transfr'. Did you mean transfer?"),
        ("programme.contents.transfer.start_month", 120, "before the end of the run (month 120)"),
        (
            "programme.contents.training.success",
            None,
            "be a share for a content of kind training; got null.",
        ),
        ("programme.contents.transfer.success", 0.5, "be null for a content of kind transfer"),
        (
            "programme.contents.training.value",
            0.5,
            "be 0 for a content of kind training; got 0.5. What it costs stands in unit_cost.",
        ),
        (
            "programme.contents.transfer.return_save",
            1.0,
            "be null for a content of kind transfer; got 1.",
        ),
        ("programme.contents.asset_grant.basis", "child", "be person or household for a content"),
        ("programme.contents.asset_grant.condition", "school", "be none for a content of kind"),
        ("programme.arm_scale", {"hlf": 0.5}, "got 'hlf'. Did you mean half?"),
        ("programme.served_after_clients", {"hlf": 0.5}, "got 'hlf'. Did you mean half?"),
        ("programme.arm_scale", {"half": 11}, "half must lie in [0, 10] (factor); got 11."),
        ("programme.targeting.rule", "same", "be one of all, below_line, proxy_means; got 'same'."),
        ("programme.targeting.quota", 0, "lie in (0, 1] (share), or be null; got 0."),
        ("programme.targeting.villages", 0, "lie in (0, 1] (share); got 0."),
        (
            "programme.targeting_productive.asset_floor",
            1.0,
            "be null where rule is same; got 1. Give it a rule of its own (all, below_line,",
        ),
        ("programme.targeting_productive.villages", 0.5, "be 1 where rule is same; got 0.5."),
        ("generations.heir_age", 55, "lie at least 15 years below succession_age (65 years)"),
        ("shock.response.top_up", 0.1, "be 0 where months is 0; got 0.1. Say for how many months"),
        ("shock.response.entrants", 0.1, "be 0 where months is 0; got 0.1."),
        (
            "shock.response.months",
            6,
            "be 0 where neither top_up nor entrant_transfer is paid; got 6.",
        ),
        ("programme.contents.transfer.quality", "sure", "be one of verified, secondary,"),
        ("arms", "none", "be a list"),
    ],
)
def test_each_problem_says_where_what_and_got(
    tree: dict[str, Any], key: str, value: Any, line: str
) -> None:
    told = lines(put(tree, key, value))
    assert len(told) == 1
    assert told[0].startswith(f"ConfigError: {key}")
    assert line in told[0]
    assert LINE.match(told[0])


def test_childhood_comes_in_order(tree: dict[str, Any]) -> None:
    put(tree, "generations.work_age", 5)
    assert lines(tree)[0].endswith("school_age must lie below work_age (5 years); got 6.")
    put(tree, "generations.work_age", 16)
    put(tree, "generations.heir_age", 15)
    told = lines(tree)
    assert told[0].endswith("work_age must lie below heir_age (15 years); got 16.")
    assert told[1].endswith("school_years must end before heir_age (15 years); got 12 from age 6.")


CONTENT: dict[str, Any] = {
    "kind": "transfer", "value": 0.1, "basis": "person", "start_month": 0, "months": 12,
    "unit_cost": 0.1, "success": None, "source": "Butler (1872)", "quality": "fictional",
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"kind": "coaching", "value": 0.0}, "success must be a share"),
        ({"kind": "coaching", "success": 0.5}, "value must be 0 for a content of kind coaching"),
        ({"kind": "coaching", "value": 0.0, "success": 0.5}, None),
        ({"kind": "accompaniment", "value": 0.0}, None),
        ({"kind": "accompaniment", "value": 0.0, "success": 0.3}, None),
        ({"kind": "accompaniment"}, "value must be 0 for a content of kind accompaniment"),
        ({"kind": "input_support", "success": 0.3}, "success must be null for a content of kind"),
        ({"kind": "outlay_support"}, None),
        (
            {"kind": "outlay_support", "value": 30},
            "value must lie in [0, 1] (share) for a content of kind outlay_support; got 30. "
            "Did you mean 0.3?",
        ),
        ({"kind": "price_support", "value": 1.2}, "value must lie in [0, 1] (share)"),
        ({"kind": "savings_group", "return_save": 1.05, "return_borrow": 1.2}, None),
        (
            {"kind": "savings_group", "return_save": 1.2, "return_borrow": 1.2},
            "return_save must lie below every return_borrow, of finance and of contents (1.2); "
            "got 1.2.",
        ),
        (
            {"kind": "savings_group", "return_save": 1.4},
            "return_save must lie below every return_borrow, of finance and of contents (1.35)",
        ),
        ({"kind": "home_garden", "return_borrow": 1.2}, "return_borrow must be null"),
        ({"condition": "school", "basis": "child"}, None),
        ({"kind": "home_garden", "condition": "school"}, "condition must be none"),
        ({"kind": "school_meals", "basis": "child"}, None),
        ({"kind": "school_meals"}, "basis must be child for a content of kind school_meals"),
        (
            {"kind": "training", "value": 0.0, "success": 1, "basis": "child"},
            "basis must be person",
        ),
    ],
)
def test_a_content_has_what_its_kind_needs(
    tree: dict[str, Any], content: dict[str, Any], told: str | None
) -> None:
    tree["programme"]["contents"]["more"] = CONTENT | content
    if told is None:
        assert validate(from_mapping(tree)) == []
    else:
        (line,) = lines(tree)
        assert line.startswith("ConfigError: programme.contents.more.")
        assert told in line
        assert LINE.match(line)


def test_savings_of_one_group_cannot_be_lent_by_another(tree: dict[str, Any]) -> None:
    group = CONTENT | {"kind": "savings_group"}
    contents = tree["programme"]["contents"]
    contents["save"] = group | {"return_save": 1.1}
    contents["lend"] = group | {"return_borrow": 1.05}
    assert "save.return_save must lie below every return_borrow" in lines(tree)[0]
    contents["save"]["return_save"] = None
    assert validate(from_mapping(tree)) == []
    put(tree, "finance.return_save", 1.0)
    contents["lend"]["return_borrow"] = 1.0
    assert "lend.return_borrow must lie above finance.return_save (1); got 1." in lines(tree)[0]


def test_lists_have_sound_rules(tree: dict[str, Any]) -> None:
    own = tree["programme"]["targeting_productive"]
    own |= {"rule": "proxy_means", "cutoff": 0.0, "quota": 0.0, "asset_floor": 2.0}
    own |= {"asset_ceiling": 1.0, "land_floor": 1.0, "land_ceiling": 1.0}
    put(tree, "programme.targeting.land_floor", 1.0)
    told = lines(tree)
    assert [line.split()[1] for line in told] == [
        f"programme.targeting_productive.{name}"
        for name in ("cutoff", "quota", "asset_floor", "land_floor")
    ]
    assert "must lie above 0 where rule is proxy_means; got 0." in told[0]
    assert "must lie below asset_ceiling (1 lines); got 2." in told[2]


def test_arms_are_made_equal_to_one_that_hands_something_over(tree: dict[str, Any]) -> None:
    put(tree, "programme.equal_to", "csh")
    assert validate(from_mapping(tree)) == []  # and is not asked for
    put(tree, "programme.equal", "budget")
    assert "other than none (cash, productive, both, half)" in lines(tree)[0]
    assert lines(tree)[0].endswith("got 'csh'. Did you mean cash?")
    put(tree, "programme.equal_to", "none")
    assert lines(tree)[0].startswith("ConfigError: programme.equal_to must name an arm")
    put(tree, "programme.equal_to", "productive")
    assert validate(from_mapping(tree)) == []


def test_coordination_needs_both(tree: dict[str, Any]) -> None:
    put(tree, "arms", ["none", "cash"])
    assert validate(from_mapping(tree)) == []
    put(tree, "coordination.name", "formal")
    assert lines(tree) == [
        "ConfigError: arms must contain both where coordination.name is formal; got "
        "['none', 'cash']. Add the arm both, or take coordination=off."
    ]
    del tree["programme"]["arms"]["both"]
    assert "programme.arms must have the arm both" in lines(tree)[1]


def test_coordination_can_be_afforded_and_told_apart(tree: dict[str, Any]) -> None:
    put(tree, "coordination.name", "full")
    tree["programme"]["arms"]["full"] = ["transfer"]
    tree["arms"].append("full")
    tree["coordination"] |= {"coverage": 0.99, "admin_share": 0.1}
    tree["coordination"]["terms"]["admin_saving"] = 0.2
    told = lines(tree)
    assert "arms must name none of the worlds of coordination (uncoordinated," in told[0]
    assert told[1].startswith(
        "ConfigError: coordination.coverage must be at most 1 - admin_share * terms.admin_saving "
        "(0.98)"
    )
    assert len(told) == 2
    put(tree, "coordination.name", "off")
    assert validate(from_mapping(tree)) == []
    put(tree, "coordination.name", "none")
    put(tree, "coordination.coverage", 0)
    assert "coordination.coverage must lie in (0, 1] (share); got 0." in lines(tree)[1]


def test_every_blow_strikes_within_the_run(tree: dict[str, Any]) -> None:
    tree["shock"]["also"] = {
        "late": {"start_month": 120, "path": [1.0], "own_loss": 0.2},
        "no where": {"start_month": 0, "path": []},
    }
    told = lines(tree)
    assert [line.split(" must ")[0] for line in told] == [
        "ConfigError: shock.also.late.start_month",
        "ConfigError: shock.also.no where",
        "ConfigError: shock.also.no where.path",
    ]
    tree["shock"]["also"] = {"dry": {"start_month": 30, "path": [1.0], "own_loss": 0.2}}
    assert validate(from_mapping(tree)) == []


def test_without_a_shock_nothing_strikes_and_nothing_is_done(tree: dict[str, Any]) -> None:
    put(tree, "shock.name", "none")
    for name in ("wage_loss", "own_loss", "other_loss", "price_rise", "school_closed"):
        put(tree, f"shock.{name}", 0.0)
    assert validate(from_mapping(tree)) == []
    put(tree, "shock.school_closed", 0.5)
    tree["shock"]["also"] = {"dry": {"start_month": 30, "path": [1.0]}}
    tree["shock"]["response"] |= {"months": 6, "top_up": 0.1}
    told = lines(tree)
    assert [line.split()[1] for line in told] == [
        "shock.school_closed",
        "shock.also",
        "shock.response.months",
    ]
    assert all("where shock.name is none" in line for line in told)


def test_a_response_is_paid_to_somebody_within_the_run(tree: dict[str, Any]) -> None:
    response = tree["shock"]["response"]
    response |= {"months": 6, "top_up": 0.1, "entrants": 0.3}
    assert lines(tree)[0].endswith("entrants must be 0 where entrant_transfer is 0; got 0.3.")
    response |= {"entrants": 0.0, "entrant_transfer": 0.1}
    assert lines(tree)[0].endswith("entrant_transfer must be 0 where entrants is 0; got 0.1.")
    response |= {"entrants": 0.3}
    assert validate(from_mapping(tree)) == []
    response |= {"delay_months": 96}
    assert lines(tree)[0].endswith(
        "delay_months must end before the run (month 120); got 96 from month 24."
    )


def test_moments_tell_inequality_once(tree: dict[str, Any]) -> None:
    moments = tree["population"]["moments"]
    moments |= {"poverty_headcount": None, "income_gini": None}
    assert validate(from_mapping(tree)) == []  # for nobody reads them
    put(tree, "population.kind", "moments")
    assert lines(tree)[0].endswith(
        "poverty_headcount must be a share where income_gini is null, and null where it is not; "
        "got null and income_gini null."
    )
    moments |= {"poverty_headcount": 0.5, "income_gini": 0.5}
    assert lines(tree)[0].endswith("got 0.5 and income_gini 0.5.")
    moments |= {"poverty_headcount": None, "income_gini": 0.5}
    assert validate(from_mapping(tree)) == []
    moments |= {"poverty_headcount": 1.0, "income_gini": None, "assets_sd": 2.0}
    moments |= {"own_income": 0.7, "other_income": 0.4}
    told = lines(tree)
    assert [line.split()[1] for line in told] == [
        f"population.moments.{name}" for name in ("poverty_headcount", "own_income", "assets_sd")
    ]
    assert "must be at most 1 - other_income (0.6); got 0.7." in told[1]


def test_arms_need_none_and_known_names(tree: dict[str, Any]) -> None:
    told = lines(put(tree, "arms", ["cash", "cash", "bth"]))
    assert len(told) == 3
    assert "contain none" in told[0]
    assert "name each arm once" in told[1]
    assert told[2].endswith("got 'bth'. Did you mean both?")


def test_a_survey_needs_a_file(tree: dict[str, Any]) -> None:
    assert "population.survey.file" in lines(put(tree, "population.kind", "survey"))[0]


def test_numbers_in_lists_and_mappings_are_named_by_their_place(tree: dict[str, Any]) -> None:
    put(tree, "seasons.price", [1.0] * 11 + [9.0])
    put(tree, "technology.labour.improved", 1.5)
    told = lines(tree)
    assert told[0].startswith("ConfigError: technology.labour.improved must lie in [0, 1]")
    assert told[1].startswith("ConfigError: seasons.price[11] must lie in [0.2, 5]")
    assert len(told) == 2


def test_unknown_and_missing_keys_are_told_with_the_nearest_one(tree: dict[str, Any]) -> None:
    tree["preferences"]["crrra"] = 2.0
    tree["n_households"] = 5
    del tree["luck"]["drought_rate"]
    del tree["finance"]
    told = lines(tree)
    assert "Did you mean population.n_households?" in told[0]
    assert "Did you mean preferences.crra?" in told[1]
    assert told[2:] == [
        "ConfigError: finance must be given; got nothing.",
        "ConfigError: luck.drought_rate must be given; got nothing.",
    ]


def test_everything_is_told_at_once(tree: dict[str, Any]) -> None:
    put(tree, "preferences.crra", 99.0)
    put(tree, "nonsense", 1)
    put(tree, "horizon_years", "long")
    put(tree, "seasons.price", [1.2] * 12)
    put(tree, "arms", ["cash"])
    told = lines(tree)
    assert [line.split()[1] for line in told] == [
        "nonsense",
        "horizon_years",
        "preferences.crra",
        "arms",
        "seasons.price",
    ]
    assert all(LINE.match(line) for line in told)


def test_rules_wait_for_what_they_read(tree: dict[str, Any]) -> None:
    put(tree, "seasons.price", ["dear"] * 12)
    assert len(lines(tree)) == 12  # and no mean of words


def test_validate_judges_what_python_made(erewhon: dict[str, Any]) -> None:
    config = from_mapping(erewhon)
    assert validate(replace(config, arms=["none"])) == []
    wrong = replace(config, seed="one", replicates=-1)  # type: ignore[arg-type]
    assert [problem.where for problem in validate(wrong)] == ["seed", "replicates"]


# Keys and meanings


@pytest.mark.parametrize(
    "key",
    ["seed", "population", "population.n_households", "programme.contents.any.value"],
)
def test_known_keys(key: str) -> None:
    assert key_problem(key) is None


def test_unknown_keys() -> None:
    problem = key_problem("population.n_househods")
    assert problem is not None
    assert problem.hint == "Did you mean population.n_households?"
    assert key_problem("seed.deeper") is not None
    assert key_problem("programme.contents.any.valu") is not None


def test_meaning_of_a_key() -> None:
    assert meaning_of("planner.believed_end.hazard").unit == "per year"
    with pytest.raises(KeyError):
        meaning_of("planner.nothing")


def test_bounds_can_be_open() -> None:
    closed = Meaning("", "", 0, 1)
    half = Meaning("", "", 0, 1, is_above=True, is_below=True)
    assert closed.holds(0) and closed.holds(1) and not closed.holds(1.01)
    assert not half.holds(0) and not half.holds(1) and half.holds(0.5)
    assert (closed.interval, half.interval) == ("[0, 1]", "(0, 1)")


@settings(max_examples=60, deadline=None)
@given(
    key=st.sampled_from(
        ["luck.harvest_sd", "finance.credit_limit", "technology.wage", "preferences.need"]
    ),
    value=st.one_of(st.floats(), st.integers(), st.text(max_size=5), st.none(), st.booleans()),
)
def test_a_value_is_taken_or_told(erewhon: dict[str, Any], key: str, value: Any) -> None:
    tree = asdict(from_mapping(erewhon))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and meaning_of(key).holds(value):
        group, name = key.split(".")
        assert getattr(getattr(from_mapping(put(tree, key, value)), group), name) == value
    else:
        assert lines(put(tree, key, value))[0].startswith(f"ConfigError: {key} must lie in ")
