from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import synthetic_results
from resilience_sim.outcomes import TABLES, UNITS, tables
from resilience_sim.outcomes.axes import STANDARD_ARMS
from resilience_sim.outcomes.beliefs import beliefs
from resilience_sim.outcomes.units import LINES_PER_YEAR, outcome
from resilience_sim.results import PANEL_COLUMNS, BeliefResult
from resilience_sim.results import STANDARD_ARMS as SIMULATED_ARMS

REQUIRED_OF_EFFECTS = {
    "scenario", "shock", "arm", "comparison", "outcome", "unit", "horizon_months", "estimate",
    "se_luck", "se_sample", "ci_low", "ci_high", "control_mean", "n_households",
}  # fmt: skip
PANEL = {
    "id": np.array(["a", "a", "b", "b"]),
    "arm": np.array(["none", "cash"] * 2),
    "shock": np.array(["none"] * 4),
    "year": np.array([1, 1, 1, 1]),
} | {name: np.arange(4, dtype=np.float32) for name in PANEL_COLUMNS}


@pytest.fixture(scope="module")
def made():
    return tables(synthetic_results.coordinated("formal"), "erewhon")


def test_every_column_has_a_unit_and_travels_with_it(made):
    assert set(made) == set(TABLES) == set(UNITS) - {"panel"}
    for name, table in made.items():
        assert list(table.columns) == list(UNITS[name])
        assert table.attrs["units"] == UNITS[name]
        assert all(UNITS[name].values())


def test_tables_of_the_issue_are_there(made):
    expected = "effects poverty escape needed resilience mobility costs trajectories".split()
    expected += "generations persistence channels lists coordination spillovers measured".split()
    assert set(expected) <= set(made)
    assert all(len(made[name]) for name in expected)
    assert set(made["effects"].columns) >= REQUIRED_OF_EFFECTS


def test_every_row_names_its_scenario_and_unit(made):
    for name, table in made.items():
        assert (table.scenario == "erewhon").all()
        if name != "thresholds":  # its units are those of the columns
            assert table.measured_in.notna().all()


def test_keys_are_unique(made):
    values = {"estimate", "se_luck", "se_sample", "ci_low", "ci_high", "mean", "control_mean"}
    values |= {"reported", "gap", "share_of_effect", "locator"}
    for name, table in made.items():
        key = [column for column in table.columns if column not in values]
        assert not table.duplicated(key).any(), name


def test_a_small_run_has_the_same_columns_and_types(made):
    for name, table in tables(synthetic_results.one_arm(n_replicates=1)).items():
        assert table.dtypes.equals(made[name].dtypes), name


def test_every_outcome_of_the_kernel_has_a_unit_of_its_kind():
    for name in ("own_income", "own_output", "pooled", "distress_sales", "lean_consumption"):
        assert not outcome(name).is_share and outcome(name).unit.startswith(LINES_PER_YEAR)
    for name in ("confident", "participation", "enrolled", "school_age", "hungry"):
        assert outcome(name).is_share and "decimal" in outcome(name).unit
        assert outcome(name).unit != outcome("poor").unit, "more than a share of persons is said"
    assert not outcome("hungry_months").is_share
    assert outcome("hungry_months").unit == "months per year, mean over persons"


def test_beliefs_tell_months_as_they_are_and_shares_in_points():
    told = {"hungry_months": (-0.3, -5.0, 0.0), "hungry": (-0.02, -4.0, 0.0)}
    rows = beliefs(synthetic_results.results(beliefs=(BeliefResult(0.2, 40, 5, told),)))
    found = dict(zip(zip(rows.outcome, rows.unit, strict=True), rows.estimate, strict=True))
    assert found == {
        ("hungry_months", "level"): -0.3,
        ("hungry_months", "percent"): -5.0,
        ("hungry", "pp"): -2.0,
    }


def test_what_a_run_lacks_is_an_empty_table_or_has_a_reason(made):
    short = synthetic_results.nobody_hands_over(synthetic_results.results(channels=None, lists=()))
    short = replace(short, group_weight=short.group_weight * [1, 0])
    few = tables(short)
    for name in ("channels", "lists", "coordination", "spillovers"):
        assert len(few[name]) == 0, name
        assert few[name].dtypes.equals(made[name].dtypes), name
    for name in ("generations", "persistence"):
        missing = few[name][few[name].estimate.isna()]
        assert len(missing) and (missing.reason != "").all()


def test_the_scenario_is_that_of_the_case_unless_named(made):
    for table in tables(synthetic_results.coordinated("formal")).values():
        assert set(table.scenario) == {"erewhon"}


def test_thresholds_are_a_row_for_each_planner_type(made):
    table = made["thresholds"]
    given = synthetic_results.results().thresholds
    assert len(table) == 2
    for name, values in given.items():
        pd.testing.assert_series_equal(
            table[name], pd.Series(values, name=name), check_dtype=False, check_exact=False
        )
    assert table.has_knowledge.dtype == bool


def test_a_column_that_is_missing_is_named():
    made = synthetic_results.results()
    lacking = {name: values for name, values in made.thresholds.items() if name != "kind"}
    with pytest.raises(KeyError, match="kind"):
        tables(replace(made, thresholds=lacking))


def test_a_panel_is_a_table_with_units_and_single_floats():
    table = tables(synthetic_results.results(panel=PANEL))["panel"]
    assert list(table.columns) == ["scenario", *PANEL]
    assert table.attrs["units"] == UNITS["panel"]
    assert table.consumption.dtype == np.float32
    assert table.technique.tolist() == [0, 1, 2, 3]
    assert table.id.tolist() == ["a", "a", "b", "b"]


def test_arms_have_the_names_of_the_simulation():
    assert STANDARD_ARMS == SIMULATED_ARMS
