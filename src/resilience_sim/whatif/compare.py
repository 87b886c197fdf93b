"""Two saved scenarios side by side, and the difference between them with its error."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import arm_index
from resilience_sim.outcomes.contrasts import Sample
from resilience_sim.outcomes.uncertainty import combined_error, interval
from resilience_sim.results import Results
from resilience_sim.whatif.cases import Choice
from resilience_sim.whatif.live import Found
from resilience_sim.whatif.telling import MEASURES, Judged, arms_of, judged, of_measure, samples

WORLDS = ("no shock", "shock")


@dataclass(frozen=True)
class Saved:
    """A scenario that was kept, with what every stage had found of it by then."""

    name: str
    choice: Choice
    found: tuple[Found, ...]


@dataclass(frozen=True)
class Comparison:
    """Two scenarios, number by number."""

    rests_on: tuple[str, str]
    are_twins: bool
    """Whether the same households live under the same luck in both, so that differences are means of twins'."""
    table: pd.DataFrame
    """arm, world, year, measure, first, second, difference, low, high; units as `MEASURES` has them."""


def compared(first: Saved, second: Saved) -> Comparison:
    """Compare two scenarios by the finest stage that both have reached.

    Where the same households live in both, the interval of a difference is that of twins; else errors
    of the two are joined as if they had nothing to do with each other.
    """
    a, b = _alike(first, second)
    are_twins = _are_twins(a.results, b.results)
    arms = [arm for arm in arms_of(a.results) if arm in b.results.arms]
    years = [year for year in a.results.horizons_years if year in b.results.horizons_years]
    n_worlds = min(len(a.results.worlds), len(b.results.worlds))
    groups = [samples(found.results) for found in (a, b)]
    rows = []
    for told, arm in product(MEASURES, arms):
        ours, theirs = (
            of_measure(
                Sample(*(each[arm_index(found.results, arm)] for each in group[told.of_all])), told
            )
            for found, group in zip((a, b), groups, strict=True)
        )  # fmt: skip
        numbers = [judged(ours, a.results, told.scale), judged(theirs, b.results, told.scale)]
        for w, year in product(range(n_worlds), years):
            here, there = ((w, found.results.horizons_years.index(year)) for found in (a, b))
            one, other = (
                Judged(*(each[at] for each in number))
                for number, at in zip(numbers, (here, there), strict=True)
            )
            if are_twins:
                gap = Sample(*(y[there] - x[here] for x, y in zip(ours, theirs, strict=True)))
                difference = judged(gap, a.results, told.scale)
            else:
                n_replicates = min(a.config.replicates, b.config.replicates)
                difference = _apart(one, other, n_replicates)
            values = (
                one.estimate,
                other.estimate,
                difference.estimate,
                difference.low,
                difference.high,
            )
            shown = [float(each) for each in values]
            place = {"arm": arm, "world": WORLDS[w], "year": year, "measure": told.name}
            columns = ("first", "second", "difference", "low", "high")
            rows.append(place | dict(zip(columns, shown, strict=True)))
    return Comparison((a.rests_on, b.rests_on), are_twins, pd.DataFrame(rows))


def _alike(first: Saved, second: Saved) -> tuple[Found, Found]:
    """The latest of both at the finest stage that both have reached."""
    theirs = {_fineness(found): found for found in second.found}
    for found in reversed(first.found):
        if _fineness(found) in theirs:
            return found, theirs[_fineness(found)]
    return first.found[-1], second.found[-1]


def _fineness(found: Found) -> tuple[int, int, str]:
    """What numbers rest on, but for draws, which do not move them."""
    return found.results.n_households, found.config.replicates, found.stage.words


def _are_twins(a: Results, b: Results) -> bool:
    weights = [each.village_weight.sum(axis=0) for each in (a, b)]
    return (
        (a.seed, a.n_households, a.n_persons) == (b.seed, b.n_households, b.n_persons)
        and a.year_mean.shape[2] == b.year_mean.shape[2]
        and np.array_equal(*weights)
    )


def _apart(ours: Judged, theirs: Judged, n_replicates: int) -> Judged:
    """The difference of two numbers of which nothing is shared."""
    difference = theirs.estimate - ours.estimate
    se_luck = combined_error(ours.se_luck, theirs.se_luck)
    se_sample = combined_error(ours.se_sample, theirs.se_sample)
    ends = interval(difference, se_luck, se_sample, n_replicates)
    return Judged(difference, se_luck, se_sample, *ends)
