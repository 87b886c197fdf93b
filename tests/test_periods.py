"""The length of a period is a choice of numerics: a year is a year whatever it is cut into."""

from functools import cache

import numpy as np
import pytest

from resilience_sim.cli import compose
from resilience_sim.kernels.primitives import OUTCOMES
from resilience_sim.results import Results
from resilience_sim.simulation import prepare, run

FLAT = f"[{','.join([repr(1 / 12)] * 12)}]"
# Flat seasons and slack credit: then nothing hangs on the month in which money comes.
EVEN = (
    "case=erewhon", "shock=none", "mechanisms.seasons=false", f"seasons.outlay_share={FLAT}",
    "finance.credit_limit=0.3", "finance.return_borrow=1.2", "finance.return_save=1",
    "outcomes.belief_households=0", "arms=[none,cash]", "horizon_years=5",
)  # fmt: skip
FINE = (
    "planner.n_assets=30", "planner.n_money=60", "planner.n_savings=50", "planner.tolerance=1e-4",
    "population.synthetic.n_villages=100", "replicates=4",
)  # fmt: skip
COARSE = (
    "case=erewhon", "arms=[none,cash]", "horizon_years=4", "replicates=1", "threads=2",
    "population.synthetic.n_villages=20", "planner.n_assets=12", "planner.n_money=14",
    "planner.n_savings=12", "planner.tolerance=0.01", "outcomes.belief_households=0",
    "outcomes.channel_households=0",
)  # fmt: skip


@cache
def lived(per_year: int, *overrides: str) -> Results:
    return run(prepare(compose([f"periods_per_year={per_year}", *overrides])))


def mean(results: Results, name: str, years: slice) -> np.ndarray:
    """Mean over all persons, replicates and some years, by arm."""
    by_group = results.year_mean[:, 0, :, years, :, OUTCOMES.index(name)].mean(axis=(1, 2))
    return by_group @ (results.group_weight / results.group_weight.sum())


FIRST_ENGINE = tuple(
    f"mechanisms.{name}=false"
    for name in ("confidence", "pooling", "skill_redrawn", "schooling", "child_health")
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("off", "within"),
    # The whole model was measured at 1.0 %, on finer grids of every kind too.
    [(FIRST_ENGINE, 0.010), ((), 0.0125)],
    ids=["first engine", "whole model"],
)
def test_months_and_quarters_agree_on_annual_results(off: tuple[str, ...], within: float) -> None:
    # From the second year: in the first a household that decides in quarters holds a quarter's
    # income, and one that decides in months a month's.
    months, quarters = (lived(n, *EVEN, *FINE, *off) for n in (12, 4))
    later = slice(1, 5)
    for name in ("income", "consumption"):
        np.testing.assert_allclose(
            mean(months, name, later), mean(quarters, name, later), rtol=within, err_msg=name
        )
    np.testing.assert_allclose(
        mean(months, "poor", later), mean(quarters, "poor", later), atol=0.015
    )
    # Assets are flat near their best, and a month's plans are read three times as often.
    np.testing.assert_allclose(
        mean(months, "assets", later), mean(quarters, "assets", later), rtol=0.1
    )
    # What cash does to consumption while it runs, in lines: the effect is .15 less what is kept.
    running = slice(1, 3)
    effects = [np.diff(mean(each, "consumption", running))[0] for each in (months, quarters)]
    assert effects[0] == pytest.approx(effects[1], abs=0.01)
    assert min(effects) > 0.03


def test_scarce_credit_and_seasons_make_the_period_matter() -> None:
    # Negative control: where money is short before the harvest, months and quarters are different
    # lives.
    seasonal = (
        "case=erewhon", "shock=none", "finance.credit_limit=0", "arms=[none]", "horizon_years=5",
        "outcomes.belief_households=0", "technology.outlay.improved=0.4",
    )  # fmt: skip
    later = slice(1, 5)
    months, quarters, years = (mean(lived(n, *seasonal), "assets", later)[0] for n in (12, 4, 1))
    assert abs(months / quarters - 1) > 0.02
    assert abs(years / quarters - 1) > 0.02


@pytest.mark.parametrize("per_year", [1, 4, 12])
def test_every_length_of_a_period_runs(per_year: int) -> None:
    results = lived(per_year, *EVEN, "replicates=1", "horizon_years=3")
    assert np.isfinite(results.year_mean).all()
    assert results.year_mean.shape[3] == 3
    assert results.period_mean.shape[3] == 3 * per_year
    # A year's income is the mean of its periods' yearly rates.
    income = results.year_mean[..., OUTCOMES.index("income")]
    by_period = results.period_mean[..., results.period_outcomes.index("income")]
    shape = (*by_period.shape[:3], 3, per_year, 2)
    np.testing.assert_allclose(by_period.reshape(shape).mean(axis=4), income, rtol=1e-4)


@pytest.mark.parametrize("per_year", [1, 4, 12])
def test_training_succeeds_as_often_as_it_says(per_year: int) -> None:
    # A year's training with success .8, nothing forgotten: afterwards four in five know of those
    # who did not. Some 200 eligible households, four times: three standard errors are 5 points.
    results = lived(
        per_year, "case=erewhon", "shock=none", "arms=[none,productive]", "horizon_years=2",
        "outcomes.belief_households=0", "technology.knowledge_loss=0", "replicates=4",
        "mechanisms.succession=false",
    )  # fmt: skip
    knowing = results.year_mean[:, 0, :, 1, 0, OUTCOMES.index("knowledge")].mean(axis=1)
    learnt = (knowing[1] - knowing[0]) / (1 - knowing[0])
    assert learnt == pytest.approx(0.8, abs=0.06)


def test_costs_do_not_depend_on_the_period() -> None:
    found = [lived(n, *EVEN, "replicates=1", "horizon_years=3").cost for n in (1, 4, 12)]
    assert found[0][1] > 0
    for each in found[1:]:
        np.testing.assert_allclose(each, found[0], rtol=1e-6)


@pytest.mark.parametrize("per_year", [1, 4, 12])
def test_months_short_of_food_are_months_of_a_year(per_year: int) -> None:
    results = lived(per_year, *COARSE)
    months, hungry = (
        results.year_mean[..., OUTCOMES.index(n)] for n in ("hungry_months", "hungry")
    )
    assert months.min() >= 0 and months.max() <= 12 and months.max() > 0
    # Who is short of food is so for a period at least, and for all of the year at most.
    rounding = 1e-5  # months; sums are in units of 2^-20
    assert (hungry * (12 / per_year) - rounding <= months).all()
    assert (months <= 12 * hungry + rounding).all()
