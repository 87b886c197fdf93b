"""Roles that a survey may have besides income: welfare, consumption, work, livestock, land, people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from resilience_sim.cli import compose
from resilience_sim.config import Imputation, PopulationKind, Survey
from resilience_sim.errors import ConfigError, SurveyError
from resilience_sim.population import Households, load
from resilience_sim.population.roles import ROLES

SETTINGS = compose(["case=erewhon"])
AGES = SETTINGS.generations
IMPUTATION: Imputation = replace(
    SETTINGS.population.imputation,
    assets_per_own_income=2.0,
    vehicle_value=1.0,
    land_own=0.5,
    land_none=0.05,
    transitory_share=0.0,
    min_earned=0.05,
    tlu_value=1.5,
    land_per_hectare=4.0,
    income_median=0.8,
    income_sd_log=0.6,
)
NEEDED = {"id": "hh", "weight": "w", "size": "n"}
ROWS: dict[str, list[Any]] = {
    "hh": ["a", "b", "c", "d"],
    "w": [1, 1, 2, 4],
    "n": [4, 2, 1, 1],
    "score": [30, 10, 20, 40],
    "eaten": [480, 480, 240, 60],  # at 10 a person and month: 1, 2, 2 and 0.5 lines a year
    "farm": [30, 0, 10, 0],
    "hired": [10, 5, 30, 0],
    "cows": [2, 0, 0, 1],
    "fields": [1.0, 0.0, 0.5, 0.0],
    "bikes": [0, 2, 0, 0],
    "head": [40, 50, 60, 70],
    "school": [4, 8, 0, 12],
    "dry": [0, 1, 0, 0],
    "wet": ["no", "no", "yes", "no"],
}


def households(
    folder: Path,
    roles: Mapping[str, str],
    imputation: Imputation = IMPUTATION,
    n_households: int | None = None,
    **changes: list[Any],
) -> Households:
    """The four households above, a village each, by these roles and the needed ones."""
    pd.DataFrame({**ROWS, **changes}).to_parquet(folder / "tiny.parquet")
    survey = Survey(
        file=str(folder / "tiny.parquet"),
        columns={**NEEDED, **roles},
        line_per_person_month=10.0,
        line_source="Butler (1872)",
        income_months=12,
    )
    population = replace(
        SETTINGS.population,
        kind=PopulationKind.SURVEY,
        n_households=n_households,
        survey=survey,
        imputation=imputation,
    )
    return load(population, 1, AGES)


def has_note(people: Households, words: str) -> bool:
    return any(words in note for note in people.notes)


def test_consumption_stands_for_income_where_there_is_none(tmp_path: Path) -> None:
    people = households(tmp_path, {"consumption": "eaten"})
    np.testing.assert_allclose(people.income, [1.0, 2.0, 2.0, 0.5])
    assert has_note(people, "consumption stands for it")
    both = households(tmp_path, {"consumption": "eaten", "income": "score"})
    np.testing.assert_allclose(
        both.income, np.array([30, 10, 20, 40]) / 120 / np.array([4, 2, 1, 1])
    )
    assert not has_note(both, "consumption stands")


# Income by rank of welfare


def test_welfare_gives_income_by_rank(tmp_path: Path) -> None:
    people = households(tmp_path, {"welfare": "score"})
    order = np.argsort(people.income)
    assert list(people.id[order]) == ["b", "c", "a", "d"]
    # Mean over persons: that of the lognormal, whatever the number of households.
    mean = np.sum(people.persons * people.income) / people.persons.sum()
    assert mean == pytest.approx(0.8 * np.exp(0.6**2 / 2))
    assert has_note(people, "handed out by rank of the welfare score (4 different values")


def test_income_by_rank_has_the_median_and_the_spread(tmp_path: Path) -> None:
    n = 2000
    rows = {"hh": [str(i) for i in range(n)], "w": [1] * n, "n": [3] * n, "score": list(range(n))}
    pd.DataFrame(rows).to_parquet(tmp_path / "many.parquet")
    survey = Survey(str(tmp_path / "many.parquet"), {**NEEDED, "welfare": "score"}, 1.0, "none", 1)
    population = replace(
        SETTINGS.population, kind=PopulationKind.SURVEY, survey=survey, imputation=IMPUTATION
    )
    people = load(population, 1, AGES)
    assert np.median(people.income) == pytest.approx(0.8, rel=2e-3)
    assert np.std(np.log(people.income)) == pytest.approx(0.6, rel=1e-2)
    # Below one line: Phi(log(1 / 0.8) / 0.6) = Phi(0.3719) = 0.6450.
    assert np.mean(people.income < 1) == pytest.approx(0.6450, abs=1e-3)


def test_ties_are_broken_by_id_alone(tmp_path: Path) -> None:
    even = [1, 1, 1, 1]
    people = households(tmp_path, {"welfare": "score"}, score=even)
    assert len(set(people.income)) == 4
    turned = {name: values[::-1] for name, values in ROWS.items()}
    again = households(tmp_path, {"welfare": "score"}, **{**turned, "score": even})
    np.testing.assert_array_equal(again.id, people.id)
    np.testing.assert_array_equal(again.income, people.income)
    # Another id is another lot: over many names each place is as likely.
    places = []
    for i in range(40):
        named = households(tmp_path, {"welfare": "score"}, score=even, hh=[f"x{i}", "b", "c", "d"])
        places.append(int(np.sum(named.income < named.income[named.id == f"x{i}"][0])))
    assert set(places) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ({}, "say which column is income, consumption or welfare"),
        ({"wages": "hired", "own": "farm", "other": "score"}, "income: A + B + C"),
        (
            {"welfare": "score", "wages": "hired"},
            "be left out where income is imputed from welfare; got a column of wages",
        ),
        ({"income": "eaten", "own_work": "farm"}, "be given together with the other of own_work"),
        (
            {"income": "eaten", "own": "farm", "own_work": "farm", "paid_work": "hired"},
            "be left out where wages or own income have columns",
        ),
    ],
)
def test_roles_that_do_not_go_together(tmp_path: Path, roles: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        households(tmp_path, roles)
    assert said in str(caught.value)


# Work and own activity


def test_earnings_are_divided_like_time_at_work(tmp_path: Path) -> None:
    roles = {"consumption": "eaten", "own_work": "farm", "paid_work": "hired"}
    people = households(tmp_path, roles)
    # a: 30 of 40 hours; b: none of 5; c: 10 of 40; d did not work: the share of all persons
    # together, weights 4, 2, 2, 4: (4 30 + 2 10) / (4 40 + 2 5 + 2 40) = 140 / 250.
    np.testing.assert_allclose(people.own, [0.75, 0.0, 0.5, 0.5 * 140 / 250])
    np.testing.assert_allclose(people.wages + people.own, people.income)
    assert has_note(people, "in the proportion of time at work")


def test_land_and_livestock_make_own_activity_where_no_flag_does(tmp_path: Path) -> None:
    roles = {"income": "eaten", "land": "fields", "livestock": "cows"}
    assert list(households(tmp_path, roles).has_own_activity) == [True, False, True, True]
    flagged = households(tmp_path, {**roles, "own_activity": "dry"})
    assert list(flagged.has_own_activity) == [False, True, False, False]


def test_flags_may_be_words(tmp_path: Path) -> None:
    people = households(tmp_path, {"income": "eaten", "own_activity": "dry + wet"})
    assert list(people.has_own_activity) == [False, True, True, False]


# Stocks


def test_livestock_is_counted_with_tools_and_vehicles(tmp_path: Path) -> None:
    roles = {"income": "eaten", "livestock": "cows", "vehicles": "bikes", "own_activity": "farm"}
    people = households(tmp_path, roles)
    # a: 1.5 x 2 / 4 and tools of 2 x 0.05; b works for others: no tools, and no cow; c: tools;
    # d: a cow, but no own activity and no tools.
    np.testing.assert_allclose(people.assets, [0.75 + 0.1, 0.0, 0.1, 1.5])
    assert has_note(people, "at 1.5 lines per tropical livestock unit")
    measured = households(tmp_path, {**roles, "assets": "score"})
    # 30, 10, 20 and 40 over 12 months of 10 for each member, and the cows.
    np.testing.assert_allclose(
        measured.assets, [30 / 480 + 0.75, 10 / 240, 20 / 120, 40 / 120 + 1.5]
    )


def test_land_is_measured_in_hectares_and_never_nothing(tmp_path: Path) -> None:
    people = households(tmp_path, {"income": "eaten", "land": "fields"})
    np.testing.assert_allclose(people.land, [1.0, 0.05, 2.0, 0.05])
    assert has_note(people, "at 4 lines a hectare")
    assert not has_note(people, "Land imputed")


# People


def test_measured_demography_is_kept_and_said_to_be_so(tmp_path: Path) -> None:
    people = households(tmp_path, {"income": "eaten", "age": "head", "adult_school": "school"})
    assert people.adult_school is not None
    np.testing.assert_allclose(people.age, [40, 50, 60, 70])
    np.testing.assert_allclose(people.adult_school, [4, 8, 0, 12])
    assert people.has_measured_age and not people.is_synthetic_demography
    assert not has_note(people, "synthetic demography")


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ({"age": "head"}, "School of heads"),
        ({"adult_school": "school"}, "Ages of heads"),
        ({}, "A"),
    ],
)
def test_what_of_the_demography_is_synthetic_is_told(
    tmp_path: Path, roles: dict[str, str], said: str
) -> None:
    people = households(tmp_path, {"income": "eaten", **roles})
    assert people.is_synthetic_demography
    told = [note for note in people.notes if "synthetic demography" in note]
    assert any(note.startswith(said) for note in told)
    assert len(told) == 2 - len(roles)
    assert people.has_measured_age is ("age" in roles)
    assert (people.adult_school is None) is ("adult_school" not in roles)


def test_empty_ages_and_schooling_get_the_mean_of_the_others(tmp_path: Path) -> None:
    roles = {"income": "eaten", "age": "head", "adult_school": "school"}
    people = households(tmp_path, roles, head=[40, None, 60, 70])
    # Persons 4, 2 and 4: (4 40 + 2 60 + 4 70) / 10 = 56.
    np.testing.assert_allclose(people.age, [40, 56, 60, 70])
    assert has_note(people, "Ages of heads missing for 1 households: 56.0 years")
    nobody = households(tmp_path, roles, school=[None] * 4)
    assert nobody.adult_school is None


def test_a_resample_keeps_what_was_observed(tmp_path: Path) -> None:
    roles = {"income": "eaten", "age": "head", "adult_school": "school"}
    whole = households(tmp_path, roles)
    drawn = households(tmp_path, roles, n_households=30)
    for name in ("age", "adult_school"):
        known = dict(zip(whole.id, getattr(whole, name), strict=True))
        origin = [id.split("/")[0] for id in drawn.id]
        assert [known[id] for id in origin] == list(getattr(drawn, name))
    assert drawn.has_measured_age


@pytest.mark.parametrize(
    ("role", "column", "values", "said"),
    [
        ("livestock", "cows", [-1, 0, 0, 0], "column cows, row 1 (id a) must be at least 0"),
        ("livestock", "cows", [None, 0, 0, 0], "got nothing. Write 0 where there is none."),
        ("land", "fields", [1, 2, 3, np.inf], "column fields, row 4 (id d) must be finite"),
        ("age", "head", [40, 50, 130, 20], "column head, row 3 (id c) must be at most 120"),
        ("age", "head", [0, 50, 13, 20], "column head, row 1 (id a) must be above 0"),
        ("adult_school", "school", [1, 2, 3, 99], "must be at most 30"),
        ("own_activity", "dry", ["maybe", "0", "1", "0"], "be a number, yes or no"),
        (
            "own_activity",
            "dry",
            [None, 0, 1, 0],
            "column dry, row 1 (id a) must be a number, yes or no",
        ),
        ("welfare", "score", [1, None, 3, 4], "column score, row 2 (id b) must be a number"),
        ("consumption", "eaten", [1, 2, -3, 4], "column eaten, row 3 (id c) must be at least 0"),
    ],
)
def test_what_can_be_wrong_with_the_new_roles(
    tmp_path: Path, role: str, column: str, values: list[Any], said: str
) -> None:
    roles = {"income": "score", role: column}
    if role == "welfare":
        del roles["income"]
    with pytest.raises(SurveyError) as caught:
        households(tmp_path, roles, **{column: values})
    assert said in str(caught.value)


def test_every_role_is_documented() -> None:
    """The table of docs/surveys.md has the roles of the code, and conf/population/survey.yaml too."""
    root = Path(__file__).parents[1]
    page = (root / "docs" / "surveys.md").read_text(encoding="utf-8")
    table = page.split("| role |")[1].split("\n\n")[0]
    told = [line.split("|")[1].strip(" `") for line in table.splitlines() if line.startswith("| `")]
    assert told == list(ROLES)
    assert list(compose(["population=survey"]).population.survey.columns) == list(ROLES)
