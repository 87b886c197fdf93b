import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.spillovers import spillovers


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


def row(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize(
    ("outcome", "unit", "scale"),
    [("consumption", "level", 1), ("pooled", "level", 1), ("confident", "pp", 100),
     ("improved", "pp", 100)],
)  # fmt: skip
def test_effects_on_the_ineligible_are_summed_over_them_alone(made, outcome, unit, scale):
    people = synthetic_results.households()
    others = people.group == 1
    weight = people.persons[others]
    values = people.values[outcome][:, 1, :, 4][..., others]
    draws = (values * weight).sum(-1) / weight.sum()
    difference = scale * (draws[2] - draws[0])
    found = row(spillovers(made), arm="productive", shock="covid_like", outcome=outcome, unit=unit,
                horizon_months=60)  # fmt: skip
    assert found.estimate == pytest.approx(difference.mean())
    assert found.se_luck == pytest.approx(difference.std(ddof=1) / np.sqrt(3))
    assert found.control_mean == pytest.approx(draws[0].mean())
    assert found.n_households == others.sum()


def test_standard_deviations_are_those_of_the_ineligible(made):
    people = synthetic_results.households()
    others = people.group == 1
    values = people.values["assets"][0, 0, :, 4][:, others]
    spread = np.mean([np.cov(x, aweights=people.persons[others], ddof=0) for x in values])
    at = {"arm": "both", "shock": "none", "outcome": "assets", "horizon_months": 60}
    table = spillovers(made)
    level, sd = (row(table, unit=unit, **at) for unit in ("level", "sd"))
    assert sd.estimate == pytest.approx(level.estimate / np.sqrt(spread))
    assert "not eligible" in sd.measured_in


def test_only_arms_against_none_are_told(made):
    table = spillovers(made)
    assert set(table.comparison) == {"control"}
    assert set(table.arm) == {"cash", "productive", "both"}


def test_where_everybody_is_eligible_there_are_no_rows(made):
    weight = made.group_weight * [1, 0]
    assert len(spillovers(synthetic_results.results(group_weight=weight))) == 0
