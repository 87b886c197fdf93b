import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.costs import costs


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


def cell(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def eligible_draws(made, outcome, arm, year):
    eligible = made.households.group == 0
    persons = made.households.persons[eligible]
    values = made.households.values[outcome][arm, 0, :, year - 1][:, eligible]
    return (values * persons).sum(-1) / persons.sum()


@pytest.mark.parametrize(
    ("measure", "outcome", "sign"),
    [("cost_per_escape", "escaped", 1), ("cost_per_lifted", "poor", -1)],
)
def test_cost_of_one_more_person(made, measure, outcome, sign):
    draws = sign * (eligible_draws(made, outcome, 3, 5) - eligible_draws(made, outcome, 0, 5))
    found = cell(costs(made), arm="both", shock="none", horizon_years=5, measure=measure)
    assert found.estimate == pytest.approx(0.45 / draws.mean())
    # Delta method: c / g has slope c / g^2 in g.
    expected = 0.45 / draws.mean() ** 2 * draws.std(ddof=1) / np.sqrt(3)
    assert found.se_luck == pytest.approx(expected)
    assert found.se_sample > 0
    assert found.reason == ""


def test_outlays_are_copied(made):
    table = costs(made)
    at = {"arm": "cash", "shock": "none"}
    assert cell(table, measure="cost_per_member", **at).estimate == 0.2
    assert cell(table, measure="cost_per_household", **at).estimate == 20000


def test_without_a_gain_there_is_no_price_but_a_reason():
    made = synthetic_results.results()
    made.year_mean[1] = made.year_mean[0]
    table = costs(made)
    for measure in ("cost_per_escape", "cost_per_lifted"):
        rows = table[(table.arm == "cash") & (table.measure == measure)]
        assert rows.estimate.isna().all()
        assert rows.se_luck.isna().all()
        assert rows.reason.str.startswith("no ").all()
    assert len(table[(table.arm == "none") & table.measure.isin(["cost_per_escape"])]) == 0


def test_a_free_arm_has_no_price():
    table = costs(synthetic_results.results(cost_per_household=np.zeros(4)))
    rows = table[table.measure == "cost_per_escape"]
    assert rows.estimate.isna().all()
    assert set(rows.reason) == {"the arm costs nothing"}
