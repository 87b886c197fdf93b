import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.costs import NO_COST, TOO_UNSURE, costs, has_currency


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


def cell(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def eligible_draws(outcome, arm, year, n_replicates):
    people = synthetic_results.households(n_replicates)
    eligible = people.group == 0
    persons = people.persons[eligible]
    values = people.values[outcome][arm, 0, :, year - 1][:, eligible]
    return (values * persons).sum(-1) / persons.sum()


def test_cost_of_one_poor_fewer():
    n = 12  # enough of them to tell the gain from zero
    made = synthetic_results.results(n_replicates=n)
    draws = eligible_draws("poor", 0, 5, n) - eligible_draws("poor", 3, 5, n)
    found = cell(costs(made), arm="both", shock="none", horizon_years=5, measure="cost_per_poor")
    assert found.estimate == pytest.approx(0.45 / draws.mean())
    # Delta method: c / g has slope c / g^2 in g.
    expected = 0.45 / draws.mean() ** 2 * draws.std(ddof=1) / np.sqrt(n)
    assert found.se_luck == pytest.approx(expected)
    assert found.se_sample > 0
    assert found.reason == ""


@pytest.mark.parametrize(
    ("measure", "outcome"), [("cost_per_escape", "escaped"), ("cost_per_lifted", "lifted")]
)
def test_escapes_and_lifts_are_priced_by_those_beyond_none(measure, outcome):
    made = synthetic_results.results()
    o = made.outcomes.index(outcome)
    # Under both a fifth of everybody is out, under none nobody, in every village.
    made.year_mean[0, ..., o], made.year_mean[3, ..., o] = 0.0, 0.2
    made.village_sum[0, ..., o, :] = 0.0
    made.village_sum[3, ..., o, :] = 0.2 * made.village_weight
    found = cell(costs(made), arm="both", shock="none", horizon_years=5, measure=measure)
    assert found.estimate == pytest.approx(0.45 / 0.2)
    assert found.se_sample == pytest.approx(0, abs=1e-12)


def test_outlays_are_those_of_a_household_of_mean_size(made):
    table = costs(made)
    at = {"arm": "cash", "shock": "none"}
    assert cell(table, measure="cost_per_member", **at).estimate == 0.2
    assert cell(table, measure="cost_per_household", **at).estimate == pytest.approx(0.8)
    currency = cell(table, measure="cost_per_household_currency", **at)
    assert currency.estimate == pytest.approx(0.8 * 12_000)
    assert "currency" in currency.measured_in


def test_money_that_was_in_lines_has_no_currency():
    in_lines = synthetic_results.results(line_currency_per_year=12.0)
    assert not has_currency(in_lines)
    assert "cost_per_household_currency" not in set(costs(in_lines).measure)


def test_without_a_gain_there_is_no_price_but_a_reason():
    made = synthetic_results.results()
    made.year_mean[1] = made.year_mean[0]
    table = costs(made)
    for measure in ("cost_per_escape", "cost_per_lifted", "cost_per_poor"):
        rows = table[(table.arm == "cash") & (table.measure == measure)]
        assert rows.estimate.isna().all()
        assert rows.se_luck.isna().all()
        assert rows.reason.str.startswith("no ").all()
    assert len(table[(table.arm == "none") & table.measure.isin(["cost_per_escape"])]) == 0


def test_a_gain_that_may_be_zero_has_no_price():
    made = synthetic_results.results()
    o = made.outcomes.index("poor")
    # Mean gain 0.01, replicates -0.04, 0.01, 0.06: the interval holds zero.
    made.year_mean[1, ..., o] = made.year_mean[0, ..., o]
    made.year_mean[1, ..., o] -= np.array([-0.04, 0.01, 0.06])[None, :, None, None]
    rows = costs(made).query("arm == 'cash' and measure == 'cost_per_poor'")
    assert rows.estimate.isna().all()
    assert set(rows.reason) == {TOO_UNSURE}


def test_a_free_arm_has_no_price():
    table = costs(synthetic_results.results(cost=np.zeros(4)))
    rows = table[table.measure == "cost_per_escape"]
    assert rows.estimate.isna().all()
    assert set(rows.reason) == {NO_COST}
