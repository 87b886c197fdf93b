import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.escape import escape


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


def cell(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_escapes_are_counted_per_person_trapped_at_the_start(made):
    table = escape(made)
    values = made.households.values["escaped"][3, 0, :, 4]
    draws = (values * made.households.persons).sum(-1) / made.households.persons.sum() / 0.35
    at = {"arm": "both", "shock": "none", "horizon_years": 5}
    found = cell(table, measure="escapes", **at)
    assert found.estimate == pytest.approx(draws.mean())
    assert found.se_luck == pytest.approx(draws.std(ddof=1) / np.sqrt(3))
    split = [cell(table, measure=f"escapes_by_{way}", **at) for way in ("wealth", "threshold")]
    assert sum(part.estimate for part in split) == pytest.approx(found.estimate)


def test_classes_of_the_start_sum_to_everybody_and_carry_no_errors(made):
    start = escape(made).query("horizon_years == 0 and arm == 'cash' and shock == 'covid_like'")
    assert start.estimate.sum() == pytest.approx(1)
    assert list(start.measure) == ["open", "trapped", "no_way_up", "wage_route"]
    assert start.se_sample.isna().all()


def test_nobody_trapped_leaves_escapes_unknown():
    table = escape(synthetic_results.results(start_share=np.array([0.9, 0.0, 0.1, 0.0])))
    assert table[table.measure == "escapes"].estimate.isna().all()
    assert table[table.measure == "falls"].estimate.notna().all()
