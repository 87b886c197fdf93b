import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.trajectories import trajectories


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


def test_yearly_means_of_eligible_and_of_all(made):
    table = trajectories(made)
    persons, group = synthetic_results.households().persons, synthetic_results.households().group
    values = synthetic_results.households().values["assets"][1, 1, :, 2]
    for name, chosen in (("eligible", group == 0), ("all", group < 2)):
        draws = (values[:, chosen] * persons[chosen]).sum(-1) / persons[chosen].sum()
        found = table.query(
            "arm == 'cash' and shock == 'covid_like' and frequency == 'year' and year == 3"
            f" and outcome == 'assets' and group == '{name}'"
        )
        assert len(found) == 1
        assert found["mean"].iloc[0] == pytest.approx(draws.mean())
        assert found.se_luck.iloc[0] == pytest.approx(draws.std(ddof=1) / np.sqrt(3))
        assert found.period.isna().all()


def test_periods_stand_in_their_year(made):
    table = trajectories(made).query(
        "frequency == 'period' and arm == 'none' and outcome == 'income'"
    )
    assert set(table.outcome) == {"income"}
    assert table.period.min() == 1
    assert table.period.max() == 24
    assert ((table.period - 1) // 4 + 1 == table.year).all()
    trough = table.query("shock == 'covid_like' and group == 'all' and period == 6")
    assert trough["mean"].iloc[0] == pytest.approx(1 - synthetic_results.DEPTH["none"])


def test_every_combination_once(made):
    table = trajectories(made)
    key = ["arm", "shock", "group", "frequency", "year", "period", "outcome"]
    assert not table.duplicated(key).any()
    n_shown = len(made.outcomes) - 3  # without the three squares
    assert len(table) == 4 * 2 * 2 * (6 * n_shown + 24 * 2)
    assert not table.outcome.str.endswith("_squared").any()
