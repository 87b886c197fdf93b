from collections import Counter

import numpy as np
import pytest

import synthetic_results
from resilience_sim.cli import compose
from resilience_sim.config import ContentKind
from resilience_sim.kernels.primitives import OUTCOMES
from resilience_sim.outcomes import tables
from resilience_sim.outcomes.measured import (
    CONTENT,
    COUNTED,
    INDICES,
    NOT_KNOWN,
    NOT_TRIAL,
    STRUCTURAL,
    measured,
)

WORSE = {"poverty_gap", "destitute"}


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


@pytest.fixture
def programme():
    """Visits in arm cash for 30 months from month 6, in half of them less."""
    programme = compose(["case=erewhon"]).programme
    visits = programme.contents["training"]
    visits.kind, visits.start_month, visits.months = ContentKind.ACCOMPANIMENT, 6, 30
    programme.contents = {"visits": visits}
    programme.arms = {"none": [], "cash": ["visits"], "productive": [], "both": ["visits"]}
    programme.arm_scale = {"both": 0.5}
    return programme


def row(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize("measure", INDICES)
def test_an_index_is_the_loaded_sum_of_the_effects(made, measure):
    people = synthetic_results.households()
    eligible = people.group == 0
    weight = people.persons[eligible]
    draws = np.zeros(3)
    for loading in STRUCTURAL:
        if loading.measure == measure:
            values = people.values[loading.on][:, 0, :, 4][..., eligible]
            means = (values * weight).sum(-1) / weight.sum()
            draws += loading.points * (means[3] - means[0])
    found = row(measured(made), arm="both", comparison="control", shock="none", measure=measure,
                horizon_months=60)  # fmt: skip
    assert found.estimate == pytest.approx(draws.mean())
    assert found.se_luck == pytest.approx(draws.std(ddof=1) / np.sqrt(3))
    assert found.se_sample > 0
    assert found.loadings == "assumed" and "assumed" in found.measured_in


def test_five_indices_with_loadings_that_go_the_right_way():
    assert set(INDICES) == {
        "dietary_diversity", "perceived_wellbeing", "hygiene", "market_access", "social_capital",
    }  # fmt: skip
    assert {loading.on for loading in STRUCTURAL} <= set(OUTCOMES)
    assert {loading.on for loading in CONTENT} <= {kind.value for kind in ContentKind}
    for loading in (*STRUCTURAL, *CONTENT):
        assert (loading.points < 0) == (loading.on in WORSE)
        assert loading.because
    twice = Counter((loading.measure, loading.on) for loading in (*STRUCTURAL, *CONTENT))
    assert set(twice.values()) == {1}


def test_content_counts_while_it_is_delivered(made, programme):
    # Months 6 to 35: half of the first year, all of the second, half of the third.
    made = synthetic_results.results(
        horizons_years=(1, 2, 3, 5), village_sum=np.repeat(made.village_sum[:, :, :1], 4, axis=2)
    )
    points = next(x.points for x in CONTENT if (x.measure, x.on) == ("hygiene", "accompaniment"))
    with_content, without = measured(made, programme=programme), measured(made)
    assert set(with_content.content) == {COUNTED}
    for arm, scale in (("cash", 1.0), ("productive", 0.0), ("both", 0.5)):
        at = {"arm": arm, "comparison": "control", "shock": "none", "measure": "hygiene"}
        for year, received in ((1, 0.5), (2, 1.0), (3, 1.0), (5, 0.0)):
            more, less = (row(t, horizon_months=12 * year, **at) for t in (with_content, without))
            expected = points * scale * received
            assert more.estimate - less.estimate == pytest.approx(expected, abs=1e-12)
            assert more.se_luck == pytest.approx(less.se_luck)
    diet = {"arm": "cash", "comparison": "control", "shock": "none", "horizon_months": 24}
    same = [row(t, measure="dietary_diversity", **diet).estimate for t in (with_content, without)]
    assert same[0] == pytest.approx(same[1])


def test_measuring_makes_no_complementarity(programme):
    # No interaction in any mean, and contents of both that are those of cash and productive.
    made = synthetic_results.results()
    for values in (made.year_mean, made.village_sum):
        values[3] = values[1] + values[2] - values[0]
    programme.arm_scale = {}
    table = measured(made, programme=programme)
    assert table[table.comparison == "interaction"].estimate.to_numpy() == pytest.approx(
        0, abs=1e-12
    )
    assert table[table.comparison == "control"].estimate.abs().max() > 0.01


def test_content_that_is_not_known_is_not_counted_and_that_is_said(made, programme):
    assert set(measured(made).content) == {NOT_KNOWN}
    config = compose(["case=erewhon", "programme.mode=rollout"])
    rolled = measured(made, programme=config.programme)
    assert set(rolled.content) == {NOT_TRIAL}
    assert (rolled.estimate == measured(made).estimate).all()


def test_all_tables_count_content_where_the_config_is_at_hand(made):
    assert set(tables(made)["measured"].content) == {NOT_KNOWN}
    assert set(tables(made, config=compose(["case=erewhon"]))["measured"].content) == {COUNTED}


def test_worlds_of_coordination_are_left_out():
    table = measured(synthetic_results.coordinated("formal"))
    assert set(table.arm) == {"cash", "productive", "both"}
