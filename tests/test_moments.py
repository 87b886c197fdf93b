"""A population from published moments: it has them, small or large, and says where they are from."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from resilience_sim.cli import compose
from resilience_sim.errors import ConfigError
from resilience_sim.population import Households, load
from resilience_sim.population.lognormal import lognormal_by_rank, normal_quantiles, normal_shares

SETTINGS = compose(["case=erewhon", "population=moments", "population.kind=moments"])
PUBLISHED = replace(
    SETTINGS.population.moments,
    n_villages=60,
    households_per_village=15,
    size_mean=4.8,
    size_sd=2.0,
    income_mean=1.1,
    poverty_headcount=0.6,
    income_gini=None,
    village_share=0.2,
    own_households=0.7,
    own_income=0.6,
    other_income=0.15,
    assets_mean=None,
    assets_sd=None,
    source="Butler (1872)",
    quality="fictional",
)


def made(n_households: int | None = None, seed: int = 1, **changes: Any) -> Households:
    population = replace(
        SETTINGS.population,
        n_households=n_households,
        moments=replace(PUBLISHED, **changes),
    )
    return load(population, seed, SETTINGS.generations)


def mean_of(values: np.ndarray, persons: np.ndarray) -> float:
    return float(np.average(values, weights=persons))


def gini_of(values: np.ndarray, persons: np.ndarray) -> float:
    order = np.argsort(values)
    share, value = persons[order] / persons.sum(), values[order]
    rank = np.cumsum(share) - share / 2
    return float(2 * np.sum(share * value * rank) / np.sum(share * value) - 1)


def share_between(people: Households) -> float:
    """Variance of log income that lies between villages, over persons."""
    log, persons, village = np.log(people.income), people.persons, people.village
    mean = np.bincount(village, persons * log) / np.bincount(village, persons)
    total = mean_of((log - mean_of(log, persons)) ** 2, persons)
    return mean_of((mean[village] - mean_of(log, persons)) ** 2, persons) / total


# The lognormal


def test_quantiles_and_shares_are_each_others_inverse() -> None:
    shares = np.array([0.0, 1e-9, 0.025, 0.5, 0.975, 1.0])
    quantiles = normal_quantiles(shares)
    assert quantiles[0] == -np.inf and quantiles[-1] == np.inf
    np.testing.assert_allclose(quantiles[2:5], [-1.959964, 0, 1.959964], atol=1e-6)
    np.testing.assert_allclose(normal_shares(quantiles), shares, rtol=1e-6)


def test_stretches_of_a_lognormal_by_hand() -> None:
    # Two equal halves at spread 1: below the median lies Phi(0 - 1) = .158655 of all income.
    halves = lognormal_by_rank(np.array([1, 0]), np.ones(2), mean=3.0, sd_log=1.0)
    np.testing.assert_allclose(halves, [6 * (1 - 0.158655), 6 * 0.158655], rtol=1e-5)
    np.testing.assert_allclose(lognormal_by_rank(np.arange(3), np.ones(3), 2.0, 0.0), 2.0)


# The population


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "target", [{"poverty_headcount": 0.6}, {"poverty_headcount": 0.35, "income_mean": 1.6}]
)
def test_mean_and_headcount_over_persons_are_those_published(
    seed: int, target: dict[str, float]
) -> None:
    people = made(seed=seed, **target)
    assert people.n_households == 900
    income, persons = people.income, people.persons
    assert mean_of(income, persons) == pytest.approx(target.get("income_mean", 1.1), rel=1e-9)
    poor = persons[income < 1].sum() / persons.sum()
    assert poor == pytest.approx(target["poverty_headcount"], abs=0.01)


@pytest.mark.parametrize("gini", [0.0, 0.2, 0.4, 0.6])
def test_gini_is_that_published(gini: float) -> None:
    people = made(poverty_headcount=None, income_gini=gini, income_mean=0.8)
    assert mean_of(people.income, people.persons) == pytest.approx(0.8)
    assert gini_of(people.income, people.persons) == pytest.approx(gini, abs=0.003)


@pytest.mark.parametrize("n_households", [1, 7, 60])
def test_small_populations_have_the_mean_too(n_households: int) -> None:
    people = made(n_households)
    assert people.n_households == n_households
    assert mean_of(people.income, people.persons) == pytest.approx(1.1)
    assert list(np.unique(people.village)) == list(range(-(-n_households // 15)))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_villages_share_the_variance_asked_for(share: float) -> None:
    assert share_between(made(village_share=share)) == pytest.approx(share, abs=0.02)


def test_sizes_are_whole_and_have_their_moments() -> None:
    for mean, sd in ((4.8, 2.0), (3.71, 1.9), (6.0, 3.0), (4.0, 0.0), (4.8, 0.4)):
        size = made(size_mean=mean, size_sd=sd).size
        assert (size == np.rint(size)).all() and size.min() >= 1
        assert size.mean() == pytest.approx(mean, abs=0.01)
        assert size.std() == pytest.approx(sd, abs=0.01)
    people = made()
    correlation = np.corrcoef(people.size, np.log(people.income))[0, 1]
    assert abs(correlation) < 3 / np.sqrt(900)  # sizes have nothing to do with income


def test_parts_of_income_have_their_means() -> None:
    people = made()
    np.testing.assert_allclose(people.wages + people.own + people.other, people.income)
    assert min(people.wages.min(), people.own.min(), people.other.min()) >= 0
    owners = people.has_own_activity
    assert owners.mean() == pytest.approx(0.7, abs=1e-3)
    assert (people.other / people.income).mean() == pytest.approx(0.15, abs=1e-6)
    assert (people.own / people.income)[owners].mean() == pytest.approx(0.6, abs=0.01)
    assert not people.own[~owners].any()
    idle = made(own_income=0.0)
    assert idle.has_own_activity.mean() == pytest.approx(0.7, abs=1e-3)
    assert not idle.own.any()


def test_assets_are_those_published_or_imputed() -> None:
    assert any("Assets imputed" in note for note in made().notes)
    people = made(assets_mean=1.4)
    owners, persons = people.has_own_activity, people.persons
    assert mean_of(people.assets[owners], persons[owners]) == pytest.approx(1.4)
    assert not people.assets[~owners].any()
    np.testing.assert_allclose(
        np.ptp((people.assets / np.maximum(people.own, 1e-9))[owners]), 0, atol=1e-9
    )
    spread = made(assets_mean=1.4, assets_sd=2.1)
    assets = spread.assets[owners]
    assert mean_of(assets, persons[owners]) == pytest.approx(1.4)
    assert np.sqrt(mean_of((assets - 1.4) ** 2, persons[owners])) == pytest.approx(2.1, rel=0.1)
    order = np.argsort(spread.own[owners])
    assert (np.diff(assets[order]) >= 0).all()
    even = made(assets_mean=1.4, own_income=0.0)
    np.testing.assert_allclose(even.assets[owners], 1.4)


def test_the_population_is_a_function_of_the_seed() -> None:
    one, two = made(), made()
    for each in fields(one):
        np.testing.assert_array_equal(getattr(one, each.name), getattr(two, each.name))
    other = made(seed=2)
    assert not np.array_equal(one.income, other.income)
    assert not np.array_equal(one.size, other.size)


def test_notes_tell_source_quality_and_what_was_made() -> None:
    (note,) = (note for note in made().notes if "published moments" in note)
    assert "(Butler (1872); fictional)" in note
    # q = Phi^-1(.6) = .25335; s = q + sqrt(q^2 + 2 log 1.1) = .7583; median 1.1 exp(-s^2 / 2).
    assert "standard deviation of the log 0.758, median 0.825 lines" in note
    assert "20% of the variance lies between villages" in note
    assert "mean 4.80 and standard deviation 2.00" in note
    assert any("synthetic demography" in note for note in made().notes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        # Phi(sqrt(-2 log .8)) = .7482 is the least headcount at a mean of .8.
        ({"income_mean": 0.8, "poverty_headcount": 0.7}, "be above 0.748 with income_mean 0.8"),
        ({"income_mean": 1.0, "poverty_headcount": 0.5}, "be above 0.500 with income_mean 1"),
        (
            {"income_mean": 0.7, "poverty_headcount": 0.85},
            "there are two; got 0.85. Set it to null, and income_gini to 0.242 or 0.753.",
        ),
        ({"income_mean": 3.0, "poverty_headcount": 0.97}, "go with a Gini of at most 0.9"),
        (
            {"size_mean": 4.5, "size_sd": 0.3},
            "size_sd must be at least 0.5, for members are counted",
        ),
    ],
)
def test_moments_that_no_population_has(changes: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(**changes)
    assert said in str(caught.value)


def test_the_two_ginis_that_are_offered_have_the_headcount() -> None:
    for gini in (0.242, 0.753):
        people = made(income_mean=0.7, poverty_headcount=None, income_gini=gini)
        poor = people.persons[people.income < 1].sum() / people.persons.sum()
        assert poor == pytest.approx(0.85, abs=0.01)
