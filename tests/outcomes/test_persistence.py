import csv
from importlib import resources

import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.generations import generations
from resilience_sim.outcomes.heirs import NO_HEIRS, TOO_SHORT
from resilience_sim.outcomes.persistence import persistence

USABLE = {"Colombia", "Mexico", "Peru", "Ethiopia", "Mali", "Zambia"}


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


@pytest.fixture(scope="module")
def table(made):
    return persistence(made, "erewhon")


def reported():
    """Rows of the packaged table, read anew."""
    path = resources.files("resilience_sim").joinpath("data/parameters.csv")
    with path.open(encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["block"].startswith("intergen")]


def row(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_six_countries_are_usable_and_lesotho_says_itself_that_it_is_not(table):
    assert set(table.country) == USABLE
    assert {row["country_or_scope"] for row in reported()} - USABLE == {"Lesotho", "GDIM"}
    lesotho = [row for row in reported() if row["country_or_scope"] == "Lesotho"]
    assert lesotho and all("UNUSABLE" in row["locator"] for row in lesotho)
    assert set(table.quality) <= {"verified", "secondary"}


def test_estimates_are_those_of_the_untreated(made, table):
    rows = generations(made).query("arm == 'none' and shock == 'none' and comparison == 'level'")
    for measure in ("school_slope", "school_correlation", "elasticity"):
        ours = row(rows, measure=measure, group="all")
        told = table[table.measure == measure]
        assert (told.estimate == ours.estimate).all()
        assert (told.se_luck == ours.se_luck).all()


@pytest.mark.parametrize(
    ("measure", "name", "parent", "told"),
    [
        ("school_slope", "persistence IGP", "max", "better schooled"),
        ("school_slope", "persistence IGP", "avg", "mean of both"),
        ("school_correlation", "parent-child schooling correlation COR", "max", "better schooled"),
    ],
)
@pytest.mark.parametrize("country", sorted(USABLE))
def test_gaps_are_to_the_numbers_reported(table, measure, name, parent, told, country):
    source = [
        row
        for row in reported()
        if row["parameter"].startswith(name)
        and row["country_or_scope"] == country
        and f"parent={parent}" in row["locator"]
    ]
    assert len(source) == 1
    found = row(table, measure=measure, country=country, parent=told)
    assert found.reported == float(source[0]["value"])
    assert found.gap == pytest.approx(found.estimate - found.reported)
    assert found.locator == source[0]["locator"] and found.source == source[0]["source"]
    assert (found.caution != "") == (country == "Zambia")


def test_elasticities_of_income_are_told_where_there_are_any(table):
    rows = table[table.measure == "elasticity"]
    assert set(rows.country) == {"Colombia", "Peru", "Ethiopia", "Mali"}
    assert row(rows, country="Mali").reported == 0.714


def test_synthetic_demography_is_said(table):
    assert set(table.demography) == {"synthetic"}


def test_without_successions_reports_stand_alone_with_a_reason():
    table = persistence(synthetic_results.nobody_hands_over(synthetic_results.results()))
    assert table[["estimate", "se_luck", "gap"]].isna().all(axis=None)
    assert table.reported.notna().all()
    of = dict(zip(table.measure, table.reason, strict=True))
    assert of["school_slope"] == of["school_correlation"] == NO_HEIRS
    assert of["elasticity"] == TOO_SHORT
    assert set(table.country) == USABLE


def test_the_shock_and_the_other_arms_do_not_matter(table):
    made = synthetic_results.results()
    made.heir_moments[1:] = made.heir_moments[0, 1] = 7.0
    again = persistence(made, "erewhon")
    assert np.array_equal(again.estimate, table.estimate)
