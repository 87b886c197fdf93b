import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.inequality import gini, quantile
from resilience_sim.outcomes.poverty import poverty


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


@pytest.fixture(scope="module")
def table(made):
    return poverty(made, "erewhon")


def cell(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize(
    ("measure", "of", "outcome"),
    [
        ("headcount", "consumption", "poor"),
        ("gap", "consumption", "poverty_gap"),
        ("severity", "consumption", "poverty_severity"),
        ("headcount", "income", "poor_income"),
    ],
)
def test_poverty_counts_all_persons(made, table, measure, of, outcome):
    people = synthetic_results.households()
    values = people.values[outcome][2, 1, :, 4]
    draws = (values * people.persons).sum(-1) / people.persons.sum()
    found = cell(
        table, arm="productive", shock="covid_like", horizon_years=5, measure=measure, of=of
    )
    assert found.estimate == pytest.approx(draws.mean())
    assert found.se_luck == pytest.approx(draws.std(ddof=1) / np.sqrt(3))
    assert found.se_sample > 0


def test_histogram_measures_come_close_to_the_persons_and_have_no_errors(made, table):
    persons = synthetic_results.households().persons
    values = synthetic_results.households().values["consumption"][0, 0, :, 4].ravel()
    weights = np.tile(persons, 3)
    at = {"arm": "none", "shock": "none", "horizon_years": 5, "of": "consumption"}
    assert cell(table, measure="gini", **at).estimate == pytest.approx(
        gini(values, weights), abs=1e-3
    )
    for measure, level in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
        exact = quantile(values, weights, level)
        assert cell(table, measure=measure, **at).estimate == pytest.approx(exact, abs=0.03)
    histogram = table[table.measure.isin(["gini", "p10", "p50", "p90"])]
    assert histogram.se_luck.isna().all()
    assert histogram.se_sample.isna().all()


def test_horizon_zero_is_the_survey(made, table):
    start = table[table.horizon_years == 0]
    assert set(start.of) == {"income"}
    poor = synthetic_results.households().income_at_start < 1
    expected = (
        synthetic_results.households().persons[poor].sum()
        / synthetic_results.households().persons.sum()
    )
    assert start[start.measure == "headcount"].estimate.to_numpy() == pytest.approx(expected)


def test_a_group_without_persons_does_not_spoil_the_mean(made):
    everyone = synthetic_results.results(group_weight=np.array([1.0, 0.0]))
    everyone.year_mean[..., 1, :] = np.nan
    table = poverty(everyone)
    assert table[table.measure == "gap"].estimate.notna().all()
