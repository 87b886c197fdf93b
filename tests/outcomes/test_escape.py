import numpy as np
import pytest

import synthetic_results
from resilience_sim.kernels.primitives import CLASS_NAMES
from resilience_sim.outcomes.axes import ABOVE, NO_WAY_UP, TRAPPED
from resilience_sim.outcomes.escape import escape


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


def cell(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_classes_have_the_names_of_the_kernel():
    assert {ABOVE, TRAPPED, NO_WAY_UP} < set(CLASS_NAMES)


@pytest.mark.parametrize(
    ("measure", "outcome", "began"),
    [
        ("escapes", "escaped", synthetic_results.TRAPPED),
        ("lifted", "lifted", synthetic_results.NO_WAY_UP),
        ("falls", "fallen", synthetic_results.ABOVE),
    ],
)
def test_a_share_has_its_own_class_as_denominator(made, measure, outcome, began):
    people = synthetic_results.households()
    # Household by household: of the persons who began in the class, how many are out.
    values = people.values[outcome][3, 0, :, 4]
    out = (values * people.persons).sum(-1)
    base = ((people.start == began) * people.persons).sum(-1)
    assert np.all(values[people.start != began] == 0)
    at = {"arm": "both", "shock": "none", "horizon_years": 5}
    found = cell(escape(made), measure=measure, **at)
    assert found.estimate == pytest.approx(out.sum() / base.sum())
    # Linearised ratio of two means over replicates.
    deviation = (out - found.estimate * base) / base.mean()
    assert found.se_luck == pytest.approx(deviation.std(ddof=1) / np.sqrt(3))
    assert found.se_sample > 0


def test_escapes_split_into_wealth_and_threshold(made):
    table = escape(made).query("horizon_years > 0")
    by = table.pivot_table(
        index=["arm", "shock", "horizon_years"], columns="measure", values="estimate"
    )
    parts = by.escapes_by_wealth + by.escapes_by_threshold
    assert parts.to_numpy() == pytest.approx(by.escapes.to_numpy())


def test_classes_of_the_start_sum_to_everybody_and_carry_the_error_of_luck(made):
    start = escape(made).query("horizon_years == 0 and arm == 'cash' and shock == 'covid_like'")
    assert start.estimate.sum() == pytest.approx(1)
    assert list(start.measure) == [name.replace(" ", "_") for name in CLASS_NAMES]
    trapped = made.start_share[:, synthetic_results.TRAPPED]
    found = cell(start, measure="trapped")
    assert found.se_luck == pytest.approx(trapped.std(ddof=1) / np.sqrt(3))
    assert start.se_sample.isna().all()


def test_nobody_trapped_leaves_escapes_unknown():
    nobody = np.tile([0.8, 0.0, 0.2, 0.0, 0.0], (3, 1))
    table = escape(synthetic_results.results(start_share=nobody)).query("horizon_years > 0")
    rows = table[table.measure.str.startswith("escapes")]
    assert rows.estimate.isna().all()
    assert rows.se_luck.isna().all()
    assert rows.se_sample.isna().all()
    assert table[table.measure.isin(["lifted", "falls"])].estimate.notna().all()
