import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.chances import chances
from resilience_sim.outcomes.motion import motion


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


@pytest.mark.parametrize("table", [motion, chances])
def test_columns_are_those_of_the_run(made, table):
    told, given = table(made, "erewhon"), getattr(made, table.__name__)
    assert len(told) == len(given["estimate"])
    for name, values in given.items():
        assert told[name].to_numpy().tolist() == np.asarray(values).tolist(), name


@pytest.mark.parametrize("table", [motion, chances])
def test_a_run_without_types_has_an_empty_table(table):
    assert table(synthetic_results.results(motion={}, chances={})).empty
