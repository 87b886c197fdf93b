from dataclasses import replace

import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.coordination import NO_PRICE, coordination
from resilience_sim.outcomes.costs import TOO_UNSURE, costs
from resilience_sim.outcomes.effects import effects
from resilience_sim.outcomes.uncertainty import NORMAL_95, student_95

N = 12  # replicates; enough of them to tell gains from zero


@pytest.fixture(scope="module")
def table():
    return coordination(synthetic_results.coordinated("formal", synthetic_results.results(N)))


@pytest.fixture(scope="module")
def of_both():
    return effects(synthetic_results.results(N))


def row(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize(
    ("measure", "unit"),
    [("poor", "pp"), ("income", "level"), ("consumption", "level"), ("escaped", "pp")],
)
@pytest.mark.parametrize("shock", ["none", "covid_like"])
def test_coordination_is_worth_the_difference_of_the_two_worlds(
    table, of_both, measure, unit, shock
):
    # The worlds have 0.7 and 0.4 of the effect of both, so the difference has 0.3 of it.
    at = {"shock": shock, "unit": unit}
    whole = row(of_both, arm="both", comparison="control", outcome=measure, horizon_months=60, **at)
    at |= {"measure": measure, "horizon_years": 5}
    for arm, comparison, share in (
        ("uncoordinated", "control", 0.4),
        ("formal", "control", 0.7),
        ("formal", "uncoordinated", 0.3),
    ):
        found = row(table, arm=arm, comparison=comparison, **at)
        for column in ("estimate", "se_luck", "se_sample", "ci_low", "ci_high"):
            expected = share * whole[column]
            assert found[column] == pytest.approx(expected, abs=1e-12), column


def test_money_is_told_per_member_and_is_the_same(table):
    costs_of = table[table.measure == "cost_per_member"]
    assert row(costs_of, arm="formal", comparison="level", shock="none").estimate == 0.2
    assert row(costs_of, arm="formal", comparison="uncoordinated", shock="none").estimate == 0


@pytest.fixture(scope="module")
def priced():
    """Under both a fifth of everybody escapes, give or take a hundredth by replicate; under none nobody."""
    made = synthetic_results.results(N)
    o = made.outcomes.index("escaped")
    jitter = 0.01 * np.linspace(-1, 1, N)
    made.year_mean[0, ..., o] = made.village_sum[0, ..., o, :] = 0.0
    made.year_mean[3, ..., o] = (0.2 + jitter)[None, :, None, None]
    made.village_sum[3, ..., o, :] = 0.2 * made.village_weight
    return synthetic_results.coordinated("formal", made), 0.2 + jitter


def test_an_escape_has_a_price_with_a_band(priced):
    made, gains = priced
    table = coordination(made)
    at = {"measure": "cost_per_escape", "shock": "none", "horizon_years": 5}
    found = row(table, arm="formal", comparison="level", **at)
    assert found.estimate == pytest.approx(0.2 / (0.7 * 0.2))
    # The ends of the gain's interval, turned over: cheap where the gain is large.
    half = student_95(N) * gains.std(ddof=1) / np.sqrt(N)
    assert found.ci_low == pytest.approx(0.2 / (0.7 * (0.2 + half)))
    assert found.ci_high == pytest.approx(0.2 / (0.7 * (0.2 - half)))
    same = row(costs(made), arm="formal", **at)
    assert found.estimate == same.estimate and found.se_luck == same.se_luck


def test_a_difference_of_prices_has_the_error_of_both_together(priced):
    made, gains = priced
    at = {"measure": "cost_per_escape", "shock": "none", "horizon_years": 5}
    found = row(coordination(made), arm="formal", comparison="uncoordinated", **at)
    # 0.2 / 0.7 g less 0.2 / 0.4 g falls with g: slope 0.2 (1 / 0.4 - 1 / 0.7) / g^2.
    factor = 0.2 * (1 / 0.7 - 1 / 0.4)
    assert found.estimate == pytest.approx(factor / 0.2)
    error = abs(factor) / 0.2**2 * gains.std(ddof=1) / np.sqrt(N)
    assert found.se_luck == pytest.approx(error)
    assert found.se_sample == pytest.approx(0, abs=1e-9)
    assert found.ci_low == pytest.approx(found.estimate - student_95(N) * error)
    assert found.ci_high < 0, "an escape is surely cheaper"


def test_a_gain_that_may_be_zero_has_no_price_and_no_difference():
    made = synthetic_results.coordinated("formal")
    rows = coordination(made).query("measure == 'cost_per_escape' and horizon_years == 5")
    level, difference = (rows[rows.comparison == each] for each in ("level", "uncoordinated"))
    assert level.estimate.isna().all() and level.ci_low.isna().all() and level.ci_high.isna().all()
    assert set(level.reason) == {TOO_UNSURE}
    assert set(difference.reason) == {NO_PRICE}
    assert difference[["estimate", "se_luck", "ci_low", "ci_high"]].isna().all(axis=None)


def test_the_world_without_coordination_stands_beside_both():
    made = synthetic_results.coordinated("none", synthetic_results.results(N))
    table = coordination(made)
    assert set(table.arm) == {"uncoordinated", "both"}
    whole = row(effects(made), arm="both", comparison="control", shock="none", unit="level",
                outcome="consumption", horizon_months=60)  # fmt: skip
    at = {"shock": "none", "measure": "consumption", "unit": "level", "horizon_years": 5}
    assert row(table, arm="both", comparison="control", **at).estimate == whole.estimate
    less = row(table, arm="uncoordinated", comparison="both", **at)
    assert less.estimate == pytest.approx(-0.6 * whole.estimate)
    money = row(table, measure="cost_per_member", arm="uncoordinated", comparison="both",
                shock="none")  # fmt: skip
    assert money.estimate == pytest.approx(0.2 - 0.45)


def test_without_both_the_world_stands_beside_none_alone():
    made = synthetic_results.coordinated("none")
    kept = [0, 1, 4]
    few = {name: getattr(made, name)[kept] for name in synthetic_results.BY_ARM}
    table = coordination(replace(made, arms=("none", "cash", "uncoordinated"), **few))
    assert set(table.arm) == {"uncoordinated"}
    assert set(table.comparison) == {"control", "level"}


def test_where_coordination_is_off_there_are_no_rows():
    assert len(coordination(synthetic_results.results())) == 0


def test_percentages_refer_to_the_world_compared_with(table):
    at = {"shock": "none", "measure": "income", "horizon_years": 5, "arm": "formal"}
    level = row(table, comparison="uncoordinated", unit="level", **at)
    percent = row(table, comparison="uncoordinated", unit="percent", **at)
    people = synthetic_results.households(N)
    eligible = people.group == 0
    weight = people.persons[eligible]
    by_arm = (people.values["income"][:, 0, :, 4][..., eligible] * weight).sum(-1) / weight.sum()
    base = (0.6 * by_arm[0] + 0.4 * by_arm[3]).mean()
    assert percent.estimate == pytest.approx(100 * level.estimate / base)
    half = np.hypot(student_95(N) * percent.se_luck, NORMAL_95 * percent.se_sample)
    assert percent.ci_high - percent.estimate == pytest.approx(half)
