"""What options are judged by: escapes, poverty, recovery and the start of children, read from lives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from resilience_sim.kernels.people import Sums
from resilience_sim.kernels.primitives import OUTCOMES, PERIOD_OUTCOMES
from resilience_sim.lives import Lives, fixed_weights
from resilience_sim.outcomes.axes import CALM_WORLD, ELIGIBLE, Array
from resilience_sim.outcomes.heirs import STATISTICS
from resilience_sim.outcomes.resilience import recovery
from resilience_sim.outcomes.uncertainty import influence_of_mean

SHOCKED_WORLD = 1
POINTS = "percentage points"
OF_LINE = "percent of the poverty line, mean over persons"
LINES_A_YEAR = "annual poverty lines per person and year"
SUMMED = {"got_out": ("escaped", "lifted")}
"""Outcomes that are sums: above the threshold for good, of who began trapped or with no way up."""
LARGER_SHARES = ("got_out", "escaped", "lifted", "improved", "enrolled")
SMALLER_SHARES = ("poor", "poverty_gap", "hungry", "destitute")
HEIRS = {
    "heirs_consumption": ("consumption", 1.0, LINES_A_YEAR),
    "heirs_school": ("school", 1.0, "years of school"),
    "heirs_poor": ("poor", 100.0, POINTS),
}
"""Outcome, the statistic of heirs behind it, its scale and its unit."""
BACK_YEARS, AREA_YEARS = 2, 5
"""Years from the shock within which somebody must be back for good, and over which losses are added up."""


class Measure(NamedTuple):
    """One number by which options are judged."""

    goal: str
    """escapes, poverty, recovery or children."""
    outcome: str
    unit: str
    year: int
    """Year of the run in which it is read; the last one for what is counted over the whole run."""
    world: int
    """CALM_WORLD or SHOCKED_WORLD."""
    is_more_better: bool
    is_headline: bool
    """Whether it is printed and drawn, and its goal's choice is told by it."""
    scale: float = 1.0
    """From what lives count to the unit."""


def yearly(
    goal: str, outcome: str, year: int, is_headline: bool = False, world: int = CALM_WORLD
) -> Measure:
    """A mean over the judged persons in one year: a share, or lines per year."""
    is_more_better = outcome not in SMALLER_SHARES
    if outcome in (*LARGER_SHARES, *SMALLER_SHARES):
        unit = OF_LINE if outcome == "poverty_gap" else POINTS
        return Measure(goal, outcome, unit, year, world, is_more_better, is_headline, 100.0)
    return Measure(goal, outcome, LINES_A_YEAR, year, world, is_more_better, is_headline)


def recoveries(last_year: int) -> tuple[Measure, ...]:
    """Consumption lost to the shock over five years from it, and who is back within two for good."""
    lost = f"percent of a year's normal consumption, in {AREA_YEARS} years from the shock"
    return (
        Measure("recovery", "area_lost", lost, last_year, SHOCKED_WORLD, False, True, 100.0),
        Measure("recovery", "back", POINTS, last_year, SHOCKED_WORLD, True, False, 100.0),
    )


def of_heirs(last_year: int) -> tuple[Measure, ...]:
    """What heirs have and are, at the end of the run."""
    return tuple(
        Measure(
            "children", outcome, unit, last_year, CALM_WORLD, outcome != "heirs_poor", n == 0, scale
        )
        for n, (outcome, (_, scale, unit)) in enumerate(HEIRS.items())
    )


class Reading(NamedTuple):
    """Measures of every arm: A arms, M measures, R replicates, V villages."""

    draws: Array
    """(A, M, R) in the unit of the measure."""
    influence: Array
    """(A, M, V) of the villages on the mean over replicates; NaN where villages do not report it."""


def read(sums: Sums, lives: Lives, measures: Sequence[Measure], horizons: Sequence[int]) -> Reading:
    """Read measures off what lives add up to, for the judged persons."""
    judged = lives.households.is_eligible != 0
    weight = np.where(judged, fixed_weights(lives.households.weight), 0)
    villages = np.bincount(lives.households.village, weight).astype(np.float64)
    n_arms, _, n_replicates = sums.year.shape[:3]
    draws = np.full((n_arms, len(measures), n_replicates), np.nan)
    influence = np.full((n_arms, len(measures), villages.size), np.nan)
    for m, measure in enumerate(measures):
        if measure.outcome in HEIRS:
            statistic, scale, _ = HEIRS[measure.outcome]
            moments = sums.heir[:, measure.world, :, ELIGIBLE].astype(np.float64)
            draws[:, m] = scale * STATISTICS[statistic].of(moments)
        elif measure.outcome == "area_lost":
            draws[:, m] = measure.scale * _area_lost(sums, lives)
        elif measure.outcome == "back":
            draws[:, m] = measure.scale * _back(sums, lives) / weight.sum()
        else:
            names = SUMMED.get(measure.outcome, (measure.outcome,))
            at = [OUTCOMES.index(name) for name in names]
            told = sums.year[:, measure.world, :, measure.year - 1, ELIGIBLE][..., at].sum(axis=-1)
            h = list(horizons).index(measure.year)
            by_village = sums.village[:, measure.world, h, ELIGIBLE][:, at].sum(axis=1)
            draws[:, m] = measure.scale * told / weight.sum()
            influence[:, m] = measure.scale * influence_of_mean(by_village / n_replicates, villages)
    return Reading(draws, influence)


def _area_lost(sums: Sums, lives: Lives) -> Array:
    """Years of normal consumption lost to the shock, shape (A, R)."""
    per_year, start = (
        lives.experiment.config.periods_per_year,
        lives.experiment.shock.start_period,
    )
    paths = sums.period[..., ELIGIBLE, PERIOD_OUTCOMES.index("consumption")]
    paths = paths[..., : start + AREA_YEARS * per_year]
    gaps = 1 - paths[:, SHOCKED_WORLD] / paths[:, CALM_WORLD]
    lost = [[recovery(gap, 12 / per_year, start).area_years for gap in arm] for arm in gaps]
    return np.array(lost)


def _back(sums: Sums, lives: Lives) -> Array:
    """Persons who are back for good, shape (A, R); NaN where the run ends too soon to tell."""
    config, strike = lives.experiment.config, lives.experiment.shock
    reached = config.horizon_years - strike.start_period // config.periods_per_year
    back = sums.recovery[..., : BACK_YEARS + 1].sum(axis=-1)
    return back if reached > BACK_YEARS else np.full(back.shape, np.nan)


def of_programmes(years: Sequence[int], is_shocked: bool, last_year: int) -> list[Measure]:
    """Escapes, poverty and consumption in some years, and recovery where a shock strikes.

    Headlines are who got out and who is poor in the last of the years, the poverty gap in the first
    and the last, and the consumption lost to the shock.
    """
    goals = {
        "escapes": ("got_out", "escaped", "lifted"),
        "poverty": ("poor", "poverty_gap", "consumption"),
    }
    last = years[-1]
    heads = {("got_out", last), ("poor", last), ("poverty_gap", years[0]), ("poverty_gap", last)}
    found = [
        yearly(goal, outcome, year, (outcome, year) in heads)
        for goal, outcomes in goals.items()
        for year in years
        for outcome in outcomes
    ]
    return found + list(recoveries(last_year) if is_shocked else ())
