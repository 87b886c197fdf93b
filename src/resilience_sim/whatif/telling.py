"""Numbers of the page: levels, effects, what one more unit of budget buys, and the interaction.

Each comes with the error of luck and of the sample and their joint interval, as tables of a run have
them, and beside these, never merged, the band over draws of the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from resilience_sim.calibration.forecasts import CALM
from resilience_sim.calibration.scoring import quantiles
from resilience_sim.outcomes.axes import ELIGIBLE, all_persons, horizon_index, outcome_index
from resilience_sim.outcomes.contrasts import Sample, contrasted, sample_of
from resilience_sim.outcomes.uncertainty import (
    influence_of_mean,
    interval,
    luck_error,
    sample_error,
)
from resilience_sim.results import Results
from resilience_sim.whatif.live import Found
from resilience_sim.whatif.scenario import MORE, TREATED

INTERACTION = {"both": 1.0, "cash": -1.0, "productive": -1.0, "none": 1.0}
PER_THOUSAND = 1000.0
KEPT = 64
"""Tables kept in memory, for they are asked for at every turn of the page."""
DRAWN = ("draws_low", "draws_median", "draws_high")


class Measure(NamedTuple):
    """One outcome as the page tells it."""

    name: str
    outcomes: tuple[str, ...]
    """Names in the results, which add up."""
    label: str
    unit: str
    difference: str
    """Unit of a difference."""
    scale: float
    """Unit of the page per unit of the results."""
    better: int
    """1 where more is better, -1 where less is."""
    of_all: bool = False
    """Of all persons rather than of the eligible."""


_PERSONS = "% of eligible persons"
_LINES = "lines per person and year"
MEASURES = (
    Measure("poor", ("poor",), "Poor", _PERSONS, "points", 100.0, -1),
    Measure("out", ("escaped", "lifted"), "Out of the trap", _PERSONS, "points", 100.0, 1),
    Measure("consumption", ("consumption",), "Consumption", _LINES, _LINES, 1.0, 1),
    Measure("escaped", ("escaped",), "Out: began trapped", _PERSONS, "points", 100.0, 1),
    Measure("lifted", ("lifted",), "Out: began with no way up", _PERSONS, "points", 100.0, 1),
    Measure(
        "poor_of_all", ("poor",), "Poor, of all", "% of all persons", "points", 100.0, -1, True
    ),
)
TOLD = tuple(dict.fromkeys(name for each in MEASURES for name in each.outcomes))
"""Outcomes that any measure is made of."""
EVERY = tuple(each.name for each in MEASURES)
SHOWN = ("poor", "out", "consumption")
"""Measures of the cards and charts."""
BOUGHT = ("out", "escaped", "lifted", "poor")
"""Measures of which one more unit of budget buys something."""


def measure(name: str) -> Measure:
    """One measure by its name."""
    return next(each for each in MEASURES if each.name == name)


def arms_of(results: Results) -> list[str]:
    """Arms that are told: the four, then worlds of coordination."""
    return [arm for arm in results.arms if not arm.endswith(MORE)]


@lru_cache(KEPT)
def levels(found: Found) -> pd.DataFrame:
    """Mean of every measure in every arm, world and year told, with the columns of `Judged` and `DRAWN`."""
    return _table(found, {arm: {arm: 1.0} for arm in arms_of(found.results)})


@lru_cache(KEPT)
def effects(found: Found) -> pd.DataFrame:
    """Every arm less none, and the interaction: both - cash - productive + none."""
    signs = {arm: {arm: 1.0, "none": -1.0} for arm in arms_of(found.results) if arm != "none"}
    return _table(found, {**signs, "interaction": INTERACTION})


@lru_cache(KEPT)
def bought(found: Found) -> pd.DataFrame:
    """What one more line for each eligible household buys, persons of 1,000 eligible, by arm.

    From a twin of the arm with a quarter more of everything: what it gains beyond the arm, over what it
    costs beyond it. Households are counted at the mean size of all. Arms whose budget does not grow
    have no rows.
    """
    results = found.results
    cost = dict(zip(results.arms, results.cost, strict=True))
    tables = []
    for arm in TREATED:
        more = cost.get(arm + MORE, 0.0) - cost[arm]
        if more > 0.0:
            per_line = PER_THOUSAND / (more * results.mean_size)
            signs = {arm: {arm + MORE: 1.0, arm: -1.0}}
            tables.append(_table(found, signs, BOUGHT, per_line))
    return pd.concat(tables, ignore_index=True) if tables else _frame([])


def budgets(found: Found) -> dict[str, float]:
    """Cost of every arm, lines per eligible household of mean size over the whole programme."""
    results = found.results
    household = results.cost * results.mean_size
    told = dict(zip(results.arms, household.tolist(), strict=True))
    return {arm: told[arm] for arm in arms_of(results)}


def samples(results: Results) -> tuple[Sample, Sample]:
    """Means of the eligible, and of all persons; of the outcomes `TOLD` alone, for all take long."""
    at = [outcome_index(results, name) for name in TOLD]
    told = replace(
        results,
        outcomes=TOLD,
        year_mean=results.year_mean[..., at],
        village_sum=results.village_sum[..., at, :],
    )
    by_year = told.year_mean[:, :, :, horizon_index(told)]
    everyone = Sample(
        np.moveaxis(all_persons(by_year, told.group_weight, axis=4), 2, -1),
        influence_of_mean(told.village_sum.sum(axis=3), told.village_weight.sum(axis=0)),
    )
    return sample_of(told, ELIGIBLE), everyone


def of_measure(sample: Sample, asked: Measure) -> Sample:
    """A sample of one measure: of shapes (..., O, R) and (..., O, V) without the axis of outcomes."""
    at = [TOLD.index(name) for name in asked.outcomes]
    return Sample(*(each[..., at, :].sum(axis=-2) for each in sample))


class Judged(NamedTuple):
    """Numbers with errors and interval, arrays of one shape."""

    estimate: np.ndarray
    se_luck: np.ndarray
    se_sample: np.ndarray
    low: np.ndarray
    high: np.ndarray


def judged(sample: Sample, results: Results, scale: float) -> Judged:
    """Means over replicates times `scale`, their errors and 95 % intervals, without the last axis."""
    estimate = scale * sample.draws.mean(axis=-1)
    se_luck = abs(scale) * luck_error(sample.draws, -1)
    se_sample = abs(scale) * sample_error(sample.influence, results.village_stratum)
    ends = interval(estimate, se_luck, se_sample, sample.draws.shape[-1])
    return Judged(estimate, se_luck, se_sample, *ends)


def _table(
    found: Found,
    contrasts: Mapping[str, Mapping[str, float]],
    names: Sequence[str] = EVERY,
    per: float | None = None,
) -> pd.DataFrame:
    """Signed sums over arms; with `per`, better is more and one unit of the outcome counts as much."""
    results, rows = found.results, []
    groups = samples(results)
    for what, signs in contrasts.items():
        samples_of = [contrasted(results, group, signs) for group in groups]
        for name in names:
            asked = measure(name)
            scale = asked.scale if per is None else asked.better * per
            told = judged(of_measure(samples_of[asked.of_all], asked), results, scale)
            for (w, world), (h, year) in product(
                enumerate(results.worlds), enumerate(results.horizons_years)
            ):
                numbers = {name: float(each[w, h]) for name, each in told._asdict().items()}
                band = _band(found, asked, signs, w, year, scale)
                place = {"arm": what, "world": world, "year": year, "measure": asked.name}
                rows.append(place | numbers | dict(zip(DRAWN, band, strict=True)))
    return _frame(rows)


def _frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    columns = ["arm", "world", "year", "measure", *Judged._fields, *DRAWN]
    return pd.DataFrame(rows, columns=columns)


def _band(
    found: Found, asked: Measure, signs: Mapping[str, float], w: int, year: int, scale: float
) -> tuple[float, float, float]:
    """5 %, 50 % and 95 % over draws; NaN where they do not tell it."""
    unknown = (math.nan, math.nan, math.nan)
    if not found.lived or asked.of_all:
        return unknown
    first = found.lived[0]
    world = [CALM, *(name for name in first.means if name != CALM)][w]
    if year > first.means[world].shape[1] or not set(signs) <= set(first.arms):
        return unknown
    at = [first.arms.index(arm) for arm in signs]
    o = [first.outcomes.index(name) for name in asked.outcomes]
    values = np.array([each.means[world][at, year - 1][:, o].sum(axis=1) for each in found.lived])
    weight = np.ones(len(found.lived))
    return quantiles(scale * (values @ np.array(list(signs.values()))), weight)
