import numpy as np
import pytest

import synthetic_results
from resilience_sim.kernels.primitives import HEIR_MOMENTS, MIN_YEARS
from resilience_sim.outcomes.generations import NOBODY_BEGAN, NOBODY_THERE, generations
from resilience_sim.outcomes.heirs import ALL_ALIKE, NO_HEIRS, TOO_SHORT
from resilience_sim.outcomes.mobility import rank_slope

NONE, BOTH = 0, 3


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


@pytest.fixture(scope="module")
def table(made):
    return generations(made, "erewhon")


@pytest.fixture(scope="module")
def people():
    return synthetic_results.households()


def row(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def chosen(people, judged, group):
    """Households whose heirs are judged, of one group or of all."""
    heirs = people.heirs.has_heir if judged == "heirs" else people.heirs.is_followed
    return heirs & (people.group == 0) if group == "eligible" else heirs


def weighted(people, values, arm, world, judged, group, replicates):
    """Values of one or two variables and weights, of all heirs of some replicates in one long row."""
    at = chosen(people, judged, group)
    rows = [each[arm, world][list(replicates)][:, at].ravel() for each in values]
    return *rows, np.tile(people.persons[at], len(replicates))


def line(heir, parent, weight):
    """Slope and correlation from a weighted covariance matrix."""
    (xx, xy), (_, yy) = np.cov(parent, heir, aweights=weight, ddof=0)
    return xy / xx, xy / np.sqrt(xx * yy)


def jackknifed(statistic, n_replicates=3):
    """The statistic of all replicates, and its error from leaving out one at a time."""
    every = range(n_replicates)
    without = [statistic([r for r in every if r != left]) for left in every]
    spread = sum((value - np.mean(without)) ** 2 for value in without)
    return statistic(list(every)), np.sqrt((n_replicates - 1) / n_replicates * spread)


@pytest.mark.parametrize("group", ["eligible", "all"])
@pytest.mark.parametrize(("measure", "of"), [("school_slope", 0), ("school_correlation", 1)])
def test_slopes_of_school_are_those_of_a_regression_over_heirs(table, people, group, measure, of):
    heirs = people.heirs

    def statistic(replicates, arm=BOTH):
        values = (heirs.school, heirs.school_parent)
        return line(*weighted(people, values, arm, 1, "heirs", group, replicates))[of]

    at = {"arm": "both", "shock": "covid_like", "group": group, "measure": measure}
    found = row(table, comparison="level", **at)
    estimate, error = jackknifed(statistic)
    assert found.estimate == pytest.approx(estimate)
    assert found.se_luck == pytest.approx(error)
    estimate, error = jackknifed(lambda of: statistic(of) - statistic(of, NONE))
    difference = row(table, comparison="control", **at)
    assert difference.estimate == pytest.approx(estimate)
    assert difference.se_luck == pytest.approx(error)
    assert found.reason == difference.reason == ""


def test_elasticity_is_a_slope_in_logs_over_those_who_are_followed(table, people):
    logs = [np.log(each) for each in (people.heirs.consumption, people.heirs.consumption_parent)]

    def statistic(replicates):
        return line(*weighted(people, logs, BOTH, 0, "adults", "all", replicates))[0]

    found = row(table, arm="both", shock="none", group="all", comparison="level",
                measure="elasticity")  # fmt: skip
    estimate, error = jackknifed(statistic)
    assert found.estimate == pytest.approx(estimate)
    assert found.se_luck == pytest.approx(error)


@pytest.mark.parametrize(
    ("measure", "judged", "value"),
    [
        ("school", "heirs", lambda heirs: heirs.school),
        ("school_parent", "heirs", lambda heirs: heirs.school_parent),
        ("health", "heirs", lambda heirs: heirs.health),
        ("confident", "heirs", lambda heirs: heirs.confident),
        ("inherited", "heirs", lambda heirs: heirs.inherited),
        ("log_skill", "heirs", lambda heirs: heirs.log_skill),
        ("consumption", "adults", lambda heirs: heirs.consumption),
        ("poor", "adults", lambda heirs: heirs.consumption < 1),
        ("trapped", "adults", lambda heirs: heirs.end == synthetic_results.TRAPPED),
    ],
)
def test_means_are_those_of_the_heirs(table, people, measure, judged, value):
    def draw(replicate, arm):
        values = (value(people.heirs).astype(float),)
        x, w = weighted(people, values, arm, 0, judged, "eligible", [replicate])
        return (w * x).sum() / w.sum()

    draws = np.array([[draw(r, arm) for r in range(3)] for arm in (NONE, BOTH)])
    at = {"arm": "both", "shock": "none", "group": "eligible", "measure": measure}
    level, control = (row(table, comparison=each, **at) for each in ("level", "control"))
    assert level.estimate == pytest.approx(draws[1].mean())
    # The same heirs in every replicate, so the jackknife is the usual error of a mean.
    assert level.se_luck == pytest.approx(draws[1].std(ddof=1) / np.sqrt(3), abs=1e-12)
    difference = draws[1] - draws[0]
    assert control.estimate == pytest.approx(difference.mean(), abs=1e-12)
    assert control.se_luck == pytest.approx(difference.std(ddof=1) / np.sqrt(3), abs=1e-12)


def test_who_is_told_of_is_counted(table, people):
    for measure, judged in (("handed_over", "heirs"), ("followed", "adults")):
        told = chosen(people, judged, "all")
        found = row(table, arm="cash", shock="none", group="all", comparison="level",
                    measure=measure)  # fmt: skip
        assert found.estimate == pytest.approx(people.persons[told].sum() / people.persons.sum())


@pytest.mark.parametrize(
    ("measure", "began"),
    [("trapped_to_trapped", "TRAPPED"), ("no_way_up_to_no_way_up", "NO_WAY_UP")],
)
def test_who_stays_in_a_class_is_counted_heir_by_heir(table, people, measure, began):
    kind = getattr(synthetic_results, began)
    stayed = everybody = 0.0
    for r in range(3):
        for i in np.flatnonzero(people.heirs.has_heir):
            if people.start[r, i] == kind:
                everybody += people.persons[i]
                stayed += people.persons[i] * (people.heirs.end[BOTH, 0, r, i] == kind)
    found = row(table, arm="both", shock="none", group="all", comparison="level", measure=measure)
    assert found.estimate == pytest.approx(stayed / everybody)


def test_one_life_of_four_heirs_worked_by_hand(made):
    # Parents with 0, 0, 6 and 6 years, heirs with 2, 4, 5 and 9: means 3 and 7, slope 4 / 6.
    # Deviations from 5: product sum 3 (3 + 1 + 0 + 4) = 24, squares 9 + 1 + 0 + 16 = 26 and 36.
    sums = dict.fromkeys(HEIR_MOMENTS, 0.0) | {
        "heirs": 4, "school": 20, "school_parent": 12, "school_squared": 4 + 16 + 25 + 81,
        "school_parent_squared": 72, "school_product": 6 * 14,
    }  # fmt: skip
    made = synthetic_results.results(n_replicates=1)
    made.heir_moments[:] = 0.0
    made.heir_moments[..., 0, :] = list(sums.values())
    table = generations(made)
    at = {"arm": "none", "shock": "none", "group": "all", "comparison": "level"}
    assert row(table, measure="school_slope", **at).estimate == pytest.approx(2 / 3)
    expected = 24 / np.sqrt(26 * 36)
    assert row(table, measure="school_correlation", **at).estimate == pytest.approx(expected)
    assert row(table, measure="school", **at).estimate == 5
    assert np.isnan(row(table, measure="school", **at).se_luck), "one replicate knows no luck"


def test_rank_slope_and_matrix_are_of_all_and_cut_by_the_untreated(made, table):
    at = {"arm": "both", "shock": "none", "measure": "rank_slope"}
    assert row(table, **at).group == "all"
    assert row(table, **at).estimate == pytest.approx(rank_slope(made.heir_joint[BOTH, 0]))
    rows = table[(table.measure == "transition") & (table.shock == "none")]
    assert set(rows.group) == {"all"}
    matrix = rows[rows.arm == "none"].estimate.to_numpy().reshape(5, 5)
    assert matrix.sum(1) == pytest.approx(1)
    # Parents' fifths weigh the same among the untreated, so heirs' fifths do too.
    assert matrix.mean(0) == pytest.approx(0.2)
    treated = rows[rows.arm == "both"].estimate.to_numpy().reshape(5, 5)
    assert treated[:, 3:].sum() > matrix[:, 3:].sum(), "cuts are those of the arm none"


def test_heirs_who_stand_where_their_parents_stood():
    made = synthetic_results.results()
    made.heir_joint[:] = 0.0
    made.heir_joint[..., np.arange(20, 25), np.arange(30, 35)] = 1.0
    table = generations(made)
    rows = table[(table.arm == "none") & (table.shock == "none")]
    matrix = rows[rows.measure == "transition"].estimate.to_numpy().reshape(5, 5)
    assert matrix == pytest.approx(np.eye(5))
    assert row(rows, measure="rank_slope").estimate == pytest.approx(1)


def test_a_programme_without_effect_has_none_on_heirs(made):
    made = synthetic_results.results()
    for name in ("heir_moments", "heir_class"):
        getattr(made, name)[1:] = getattr(made, name)[0]
    rows = generations(made).query("comparison == 'control'")
    assert (rows.estimate == 0).all()
    assert (rows.se_luck == 0).all()


def test_a_run_without_successions_says_why_nothing_is_known(made):
    table = generations(synthetic_results.nobody_hands_over(synthetic_results.results()))
    shares = table[table.measure.isin(["handed_over", "followed"])]
    assert (shares.estimate == 0).all()
    rest = table.drop(shares.index)
    assert rest.estimate.isna().all()
    assert rest.se_luck.isna().all()
    of = dict(zip(rest.measure, rest.reason, strict=True))
    assert of["school"] == of["school_slope"] == of["trapped_to_trapped"] == NO_HEIRS
    assert of["elasticity"] == of["poor"] == of["rank_slope"] == of["transition"] == TOO_SHORT
    assert str(MIN_YEARS) in TOO_SHORT


def test_what_is_missing_has_its_own_reason():
    made = synthetic_results.results()
    m = HEIR_MOMENTS.index
    # No schooling at all; nobody began trapped; under cash nobody is followed.
    for name in ("school", "school_squared", "school_parent", "school_parent_squared"):
        made.heir_moments[..., m(name)] = 0.0
    made.heir_moments[..., m("school_product")] = 0.0
    made.heir_moments[1, ..., m("adults") :] = 0.0
    made.heir_moments[0, 1, ..., m("adults") :] = 0.0
    made.heir_class[..., synthetic_results.TRAPPED, :] = 0.0
    made.heir_joint[:, :, :28] = 0.0
    made.heir_joint[1, 0, 28:] = 0.0
    made.heir_joint[1, 0, 50, 50] = 1.0
    table = generations(made)
    at = {"shock": "none", "group": "all", "comparison": "level"}
    slope = row(table, arm="both", measure="school_slope", **at)
    assert np.isnan(slope.estimate) and slope.reason == ALL_ALIKE
    school = row(table, arm="both", measure="school", **at)
    assert school.estimate == 0 and school.reason == ""
    assert row(table, arm="both", measure="trapped_to_trapped", **at).reason == NOBODY_BEGAN
    assert row(table, arm="cash", measure="poor", **at).reason == TOO_SHORT
    control = at | {"comparison": "control"}
    assert row(table, arm="cash", measure="poor", **control).reason == TOO_SHORT
    assert row(table, arm="both", measure="poor", **control).reason == ""
    # Under the shock it is none that nobody is followed in, so a difference from it is missing.
    struck = {"arm": "both", "shock": "covid_like", "group": "all", "measure": "poor"}
    assert row(table, comparison="level", **struck).reason == ""
    assert row(table, comparison="control", **struck).reason == TOO_SHORT
    cash = table[(table.arm == "cash") & (table.shock == "none") & (table.measure == "transition")]
    assert set(cash.reason[cash.estimate.isna()]) == {NOBODY_THERE}
    assert cash.estimate.notna().sum() == 5


def test_where_ages_come_from_is_said(table):
    assert set(table.demography) == {"synthetic"}
    surveyed = generations(synthetic_results.results(is_synthetic_demography=False))
    assert set(surveyed.demography) == {"from the survey"}
