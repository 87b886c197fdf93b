import pytest

import synthetic_results
from resilience_sim.outcomes import UNITS, tables

REQUIRED_OF_EFFECTS = {
    "scenario", "shock", "arm", "comparison", "outcome", "unit", "horizon_months", "estimate",
    "se_luck", "se_sample", "ci_low", "ci_high", "control_mean", "n_households",
}  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return tables(synthetic_results.results(), "erewhon")


def test_every_column_has_a_unit_and_travels_with_it(made):
    assert set(made) == set(UNITS)
    for name, table in made.items():
        assert list(table.columns) == list(UNITS[name])
        assert table.attrs["units"] == UNITS[name]
        assert all(UNITS[name].values())


def test_tables_of_the_issue_are_there(made):
    expected = "effects poverty escape needed resilience mobility costs trajectories".split()
    assert set(expected) <= set(made)
    assert set(made["effects"].columns) >= REQUIRED_OF_EFFECTS


def test_every_row_names_its_scenario_and_unit(made):
    for table in made.values():
        assert (table.scenario == "erewhon").all()
        assert table.measured_in.notna().all()


def test_keys_are_unique(made):
    values = {"estimate", "se_luck", "se_sample", "ci_low", "ci_high", "mean", "control_mean"}
    for name, table in made.items():
        key = [column for column in table.columns if column not in values]
        assert not table.duplicated(key).any(), name


def test_a_small_run_has_the_same_columns_and_types(made):
    full = synthetic_results.results()
    small = synthetic_results.results(
        n_replicates=1, arms=("none",), worlds=("none",), belief=(),
    )  # fmt: skip
    for field in ("year_mean", "village_sum", "period_mean", "histogram", "mobility"):
        setattr(small, field, getattr(full, field)[:1, :1])
    small.cost_per_household = full.cost_per_household[:1]
    small.cost_per_household_currency = full.cost_per_household_currency[:1]
    for name, table in tables(small).items():
        assert table.dtypes.equals(made[name].dtypes), name
