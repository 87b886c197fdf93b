import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.effects import effects
from resilience_sim.outcomes.uncertainty import NORMAL_95
from resilience_sim.outcomes.units import UNITS


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


@pytest.fixture(scope="module")
def table(made):
    return effects(made, "erewhon")


def eligible_means(made, outcome, years):
    """Means of eligible persons by arm, world and replicate, summed household by household."""
    households = synthetic_results.households()
    values = households.values[outcome][:, :, :, years - 1]
    means = np.zeros(values.shape[:3])
    for at in np.ndindex(means.shape):
        total = weight = 0.0
        for i in range(synthetic_results.N_HOUSEHOLDS):
            if households.group[i] == 0:
                total += households.persons[i] * values[(*at, i)]
                weight += households.persons[i]
        means[at] = total / weight
    return means


def row(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


COMPARISONS = {
    ("cash", "control"): ([-1, 1, 0, 0], 0),
    ("productive", "control"): ([-1, 0, 1, 0], 0),
    ("both", "control"): ([-1, 0, 0, 1], 0),
    ("both", "cash"): ([0, -1, 0, 1], 1),
    ("both", "productive"): ([0, 0, -1, 1], 2),
    ("both", "interaction"): ([1, -1, -1, 1], 0),
}


@pytest.mark.parametrize(("arm", "comparison"), COMPARISONS)
@pytest.mark.parametrize("world", [0, 1])
def test_money_effects_equal_those_summed_household_by_household(
    made, table, arm, comparison, world
):
    sign, base = COMPARISONS[arm, comparison]
    means = eligible_means(made, "consumption", 5)[:, world]
    draws = np.array(sign) @ means
    at = {
        "arm": arm,
        "comparison": comparison,
        "shock": made.worlds[world],
        "outcome": "consumption",
        "horizon_months": 60,
    }
    level, percent = row(table, unit="level", **at), row(table, unit="percent", **at)
    assert level.estimate == pytest.approx(draws.mean())
    assert level.se_luck == pytest.approx(draws.std(ddof=1) / np.sqrt(3))
    assert level.control_mean == pytest.approx(means[base].mean())
    assert level.share_above_zero == np.mean(draws > 0)
    assert percent.estimate == pytest.approx(100 * draws.mean() / means[base].mean())
    # Student's quantile for three replicates, the normal one for the sample.
    half = np.hypot(4.302653 * level.se_luck, NORMAL_95 * level.se_sample)
    assert level.ci_high - level.estimate == pytest.approx(half)
    assert level.estimate - level.ci_low == pytest.approx(half)


def test_points_of_the_interaction_add_up(table):
    at = {"shock": "none", "outcome": "income", "unit": "percent", "horizon_months": 24}
    cash, productive, both = (
        row(table, arm=arm, comparison="control", **at).estimate
        for arm in ("cash", "productive", "both")
    )
    points = row(table, comparison="interaction", **at).estimate
    assert points == pytest.approx(both - cash - productive)


def test_shares_come_in_percentage_points_alone(made, table):
    rows = table[table.outcome == "poor"]
    assert set(rows.unit) == {"pp"}
    assert set(rows.measured_in) == {"percentage points"}
    means = eligible_means(made, "poor", 2)[:, 0]
    at = row(rows, arm="cash", comparison="control", shock="none", horizon_months=24)
    assert at.estimate == pytest.approx(100 * (means[1] - means[0]).mean())


def test_months_come_as_they_are_and_in_percent(made, table):
    rows = table[table.outcome == "hungry_months"]
    assert set(rows.unit) == {"level", "percent"}
    assert set(rows[rows.unit == "level"].measured_in) == {"months per year, mean over persons"}
    assert set(table[table.outcome == "hungry"].unit) == {"pp"}
    means = eligible_means(made, "hungry_months", 2)[:, 0]
    at = {"arm": "cash", "comparison": "control", "shock": "none", "horizon_months": 24}
    level, percent = row(rows, unit="level", **at), row(rows, unit="percent", **at)
    assert level.estimate == pytest.approx((means[1] - means[0]).mean())
    assert level.control_mean == pytest.approx(means[0].mean())
    assert percent.estimate == pytest.approx(100 * level.estimate / level.control_mean)


def test_sample_error_of_a_contrast_is_that_of_its_villages(made, table):
    # The slow twin: residuals of the difference, village by village, stratum by stratum.
    households = synthetic_results.households()
    eligible = households.group == 0
    values = households.values["consumption"][:, 0, :, 1].mean(axis=1)
    difference = (values[3] - values[0])[eligible]
    persons, village = households.persons[eligible], households.village[eligible]
    mean = (persons * difference).sum() / persons.sum()
    residual = [
        (persons * (difference - mean))[village == v].sum() / persons.sum()
        for v in range(synthetic_results.N_VILLAGES)
    ]
    variance = 0.0
    for stratum in range(4):
        z = np.array(residual)[synthetic_results.STRATUM == stratum]
        if len(z) == 1:
            variance += (z[0] - np.mean(residual)) ** 2
        else:
            variance += len(z) / (len(z) - 1) * ((z - z.mean()) ** 2).sum()
    at = row(
        table, arm="both", comparison="control", shock="none", outcome="consumption",
        unit="level", horizon_months=24,
    )  # fmt: skip
    assert at.se_sample == pytest.approx(np.sqrt(variance))


def test_percentages_carry_the_error_of_their_base(made, table):
    # Jackknife over villages is another road to the error of a ratio.
    weight = made.village_weight[0]
    o = made.outcomes.index("consumption")
    sums = made.village_sum[:, 0, 0, 0, o]

    def percent(kept):
        none, both = (sums[a, kept].sum() / weight[kept].sum() for a in (0, 3))
        return 100 * (both - none) / none

    n = synthetic_results.N_VILLAGES
    left_out = np.array([percent(np.arange(n) != v) for v in range(n)])
    jackknife = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    one_stratum = effects(synthetic_results.results(village_stratum=np.zeros(n, int)))
    at = {"arm": "both", "comparison": "control", "shock": "none", "horizon_months": 24}
    found = row(one_stratum, outcome="consumption", unit="percent", **at).se_sample
    assert found == pytest.approx(jackknife, rel=0.1)


def test_planted_complementarity_is_found(table):
    found = row(
        table, comparison="interaction", shock="none", outcome="consumption", unit="level",
        horizon_months=60,
    )  # fmt: skip
    assert found.ci_low < 0.05 < found.ci_high


def test_a_programme_that_does_nothing_has_no_effect_to_the_bit():
    made = synthetic_results.results()
    for values in (made.year_mean, made.village_sum):
        values[1:] = values[0]
    table = effects(made)
    assert (table.estimate == 0).all()
    assert (table.se_luck == 0).all()
    assert (table.se_sample == 0).all()
    assert (table.share_above_zero == 0).all()


def test_rounding_is_not_complementarity():
    made = synthetic_results.results()
    # Cash does nothing, so both equals productive: exact zero up to the order of the additions.
    for values in (made.year_mean, made.village_sum):
        values[1] = values[0]
        values[3] = values[2] * (1 + 1e-16) + 1e-17
    table = effects(made)
    interaction = table[table.comparison == "interaction"]
    assert (interaction.share_above_zero == 0).all()


@pytest.mark.parametrize("outcome", ["income", "consumption", "assets"])
@pytest.mark.parametrize("world", [0, 1])
def test_standard_deviations_are_those_among_eligible_households_of_none(
    made, table, outcome, world
):
    people = synthetic_results.households()
    eligible = people.group == 0
    persons = people.persons[eligible]
    # Within each replicate, person by person, then the mean variance.
    values = people.values[outcome][0, world, :, 4][:, eligible]
    variances = [np.cov(draw, aweights=persons, ddof=0) for draw in values]
    at = {"arm": "both", "shock": made.worlds[world], "outcome": outcome, "horizon_months": 60}
    for comparison in ("control", "cash", "interaction"):
        level = row(table, unit="level", comparison=comparison, **at)
        sd = row(table, unit="sd", comparison=comparison, **at)
        for column in ("estimate", "se_luck", "se_sample", "ci_low", "ci_high"):
            expected = level[column] / np.sqrt(np.mean(variances))
            assert sd[column] == pytest.approx(expected)


def test_only_what_has_squares_has_standard_deviations_and_squares_stay_inside(table):
    assert set(table[table.unit == "sd"].outcome) == {"income", "consumption", "assets"}
    assert not table.outcome.str.endswith("_squared").any()


def test_assets_come_in_livestock_units_where_their_worth_is_known(made, table):
    assert "tlu" not in set(table.unit)
    in_tlu = effects(made, "erewhon", tlu_per_line=0.7)
    at = {"arm": "both", "comparison": "control", "shock": "none", "horizon_months": 60}
    assert set(in_tlu[in_tlu.unit == "tlu"].outcome) == {"assets"}
    level, tlu = (row(in_tlu, outcome="assets", unit=unit, **at) for unit in ("level", "tlu"))
    for column in ("estimate", "se_luck", "se_sample", "ci_low", "ci_high"):
        assert tlu[column] == pytest.approx(0.7 * level[column])
    assert "livestock" in tlu.measured_in


def test_everybody_alike_leaves_standard_deviations_unknown():
    made = synthetic_results.results()
    o, squared = (made.outcomes.index(name) for name in ("assets", "assets_squared"))
    made.year_mean[0, ..., o], made.year_mean[0, ..., squared] = 2.0, 4.0 * (1 + 1e-9)
    rows = effects(made).query("outcome == 'assets' and unit == 'sd'")
    assert rows.estimate.isna().all()


@pytest.mark.parametrize("mean", [0.0, 1e-9, 0.009, -0.5])
def test_a_percentage_of_next_to_nothing_is_unknown_not_infinite(mean):
    made = synthetic_results.results()
    o = made.outcomes.index("debt")
    made.year_mean[0, ..., o] = mean
    rows = effects(made).query("outcome == 'debt' and comparison == 'control'")
    percent, level = rows[rows.unit == "percent"], rows[rows.unit == "level"]
    for column in ("estimate", "se_luck", "se_sample", "ci_low", "ci_high"):
        assert percent[column].isna().all()
        assert level[column].notna().all()
    assert (percent.control_mean == mean).all()


def test_households_counted_are_the_eligible(made, table):
    assert set(table.n_households) == {made.n_eligible}


def test_one_replicate_leaves_luck_unknown_and_says_no_more_than_the_sample():
    table = effects(synthetic_results.results(n_replicates=1))
    assert table.se_luck.isna().all()
    known = table[table.estimate.notna()]
    half = known.ci_high - known.estimate
    assert half.to_numpy() == pytest.approx(NORMAL_95 * known.se_sample.to_numpy())


def test_missing_arms_leave_out_only_their_contrasts(made):
    fields = {"arms": ("none", "cash"), "year_mean": made.year_mean[:2]}
    table = effects(synthetic_results.results(**fields, village_sum=made.village_sum[:2]))
    assert set(zip(table.arm, table.comparison, strict=True)) == {("cash", "control")}
    alone = {"arms": ("none",), "year_mean": made.year_mean[:1]}
    empty = effects(synthetic_results.results(**alone, village_sum=made.village_sum[:1]))
    assert len(empty) == 0
    assert list(empty.columns) == list(UNITS["effects"])
    assert empty.dtypes.equals(table.dtypes)


def test_order_of_arms_does_not_matter(made, table):
    order = [3, 0, 2, 1]
    swapped = effects(
        synthetic_results.results(
            arms=tuple(made.arms[i] for i in order),
            year_mean=made.year_mean[order],
            village_sum=made.village_sum[order],
        ),
        "erewhon",
    )
    key = ["arm", "comparison", "shock", "outcome", "unit", "horizon_months"]
    a, b = (t.sort_values(key).reset_index(drop=True) for t in (table, swapped))
    assert a[key].equals(b[key])
    for name in ("estimate", "se_luck", "se_sample"):
        assert a[name].to_numpy() == pytest.approx(b[name].to_numpy(), abs=1e-12)


def test_nobody_eligible_gives_unknown_effects_not_an_error(made):
    nobody = made.year_mean.copy()
    nobody[..., 0, :] = np.nan
    weight = made.village_weight.copy()
    weight[0] = 0
    table = effects(synthetic_results.results(year_mean=nobody, village_weight=weight))
    assert table.estimate.isna().all()
    assert table.share_above_zero.isna().all()
