from dataclasses import replace

import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.lists import NOBODY_LISTED, NOBODY_POOR, lists


def estimate(table, name, measure):
    found = table[(table["list"] == name) & (table.measure == measure)]
    assert len(found) == 1
    return found.estimate.iloc[0]


def test_errors_are_told_as_they_are_and_overlap_is_worked_out():
    table = lists(synthetic_results.results())
    assert estimate(table, "social", "coverage") == 0.5
    assert estimate(table, "social", "inclusion_error") == 0.2
    assert estimate(table, "productive", "exclusion_error") == 0.55
    # 0.3 of all persons are on both: 3 in 5 of the social list, 3 in 4 of the productive.
    assert estimate(table, "social", "overlap") == pytest.approx(0.6)
    assert estimate(table, "productive", "overlap") == pytest.approx(0.75)
    assert estimate(table, "both", "coverage_if_apart") == pytest.approx(0.2)
    assert (table.reason == "").all()


def test_a_list_of_nobody_has_no_errors_but_reasons():
    made = synthetic_results.results()
    social, productive, both = made.lists
    nobody = {"coverage": 0.0, "inclusion_error": np.nan, "exclusion_error": np.nan}
    changed = (social, replace(productive, **nobody), replace(both, **nobody))
    table = lists(replace(made, lists=changed))
    rows = table[table["list"] == "productive"].set_index("measure").reason
    assert rows["inclusion_error"] == rows["overlap"] == NOBODY_LISTED
    assert rows["exclusion_error"] == NOBODY_POOR
    assert estimate(table, "social", "overlap") == 0


def test_without_lists_there_are_no_rows():
    made = synthetic_results.results()
    assert len(lists(replace(made, lists=()))) == 0
    assert set(lists(replace(made, lists=made.lists[:1]))["list"]) == {"social"}
