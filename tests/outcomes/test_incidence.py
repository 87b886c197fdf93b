from dataclasses import replace

import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.incidence import PERCENTILES, incidence


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


def moved(made, arm, bins):
    """The run with everybody under one arm some bins up, in both worlds and at all horizons."""
    histogram = np.zeros_like(made.histogram)
    histogram[..., 100:140] = 1.0
    at = made.arms.index(arm)
    histogram[at] = np.roll(histogram[at], bins, axis=-1)
    return replace(made, histogram=histogram)


def test_a_move_of_everybody_is_the_same_gain_everywhere(made):
    # Twenty bins double: ten are a factor of sqrt(2) at every percentile.
    table = incidence(moved(made, "both", 10))
    both = table[(table.arm == "both") & (table.comparison == "control")]
    assert len(both) == 2 * len(synthetic_results.HORIZONS) * len(PERCENTILES)
    assert both.estimate.to_numpy() == pytest.approx(100 * (np.sqrt(2) - 1), abs=0.02)
    others = table[(table.arm != "both") | (table.comparison == "calm")]
    assert len(others) and (others.estimate == 0).all()


def test_gains_are_between_the_quantiles_that_stand_beside_them(made):
    table = incidence(made)
    expected = 100 * (table["quantile"] / table.compared - 1)
    assert table.estimate.to_numpy() == pytest.approx(expected.to_numpy())
    assert (
        table.groupby(["arm", "shock", "comparison", "horizon_years"])["quantile"].diff().dropna()
        >= 0
    ).all()


def test_none_is_compared_with_its_calm_alone(made):
    none = incidence(made).query("arm == 'none'")
    assert set(none.comparison) == {"calm"} and set(none.shock) == {"covid_like"}
    assert incidence(synthetic_results.one_arm()).empty
