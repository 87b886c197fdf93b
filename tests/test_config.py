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
            "be one of survey, synthetic; got 'servey'. Did you mean survey?",
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
        ("programme.contents.training.success", None, "be a share for a training; got null."),
        ("programme.contents.transfer.success", 0.5, "be null for a content of kind transfer"),
        ("programme.contents.training.value", 0.5, "be 0 for a training; got 0.5."),
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
