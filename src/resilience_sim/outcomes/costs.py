"""What the programmes cost: per member, per household, and per person who got out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import ELIGIBLE, Array, arm_index, outcome_index
from resilience_sim.outcomes.contrasts import Sample, sample_of
from resilience_sim.outcomes.uncertainty import interval, luck_error, sample_error
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

PER_MEMBER = "annual poverty lines per eligible household member"
PER_HOUSEHOLD = "annual poverty lines per household of mean size"
PER_HOUSEHOLD_CURRENCY = "currency of the survey per household of mean size"
PER_CHANGE = "annual poverty lines per person"
MONTHS = 12
NO_COST = "the arm costs nothing"
GAINS = (
    ("cost_per_escape", "escaped", 1.0, "no more escapes than under none"),
    ("cost_per_lifted", "lifted", 1.0, "no more lifted than under none"),
    ("cost_per_poor", "poor", -1.0, "no fewer poor than under none"),
)
"""Measure, outcome, which way is better, and what is said where there is no gain."""
TOO_UNSURE = "a gain that may be zero has no price"


class Gain(NamedTuple):
    """What arms have beyond none, for the better: A arms, W worlds, H horizons."""

    measure: str
    """Name of what one unit of it costs."""
    no_gain: str
    """Reason where there is none."""
    draws: Array
    """(A, W, H, R) by replicate."""
    influence: Array
    """(A, W, H, V) of the villages on the mean over replicates."""

    def judged(self, results: Results) -> tuple[Array, Array, Array]:
        """Mean, error of luck and error of sampling, each of shape (A, W, H)."""
        return (
            self.draws.mean(axis=-1),
            luck_error(self.draws, -1),
            sample_error(self.influence, results.village_stratum),
        )


class Price(NamedTuple):
    """What one unit of a gain costs, how steeply that answers to the gain, and why it is missing."""

    estimate: float
    slope: float
    reason: str


def costs(results: Results, scenario: str = "") -> pd.DataFrame:
    """Cost of each arm over the whole programme, undiscounted, and of one person more who got out.

    The cost per escape divides the cost per eligible member by the escapes per eligible person that
    the arm has at the horizon beyond those of none; `cost_per_lifted` does the same for those who
    began with no way up and `cost_per_poor` for persons fewer under the line in that year. Errors
    by the delta method; the cost itself is known. Households are counted at the mean size of all.

    Returns
    -------
    One row per arm, world, horizon and measure; columns and units in `UNITS["costs"]`. `estimate`
    is NaN, with a reason, where the arm costs nothing or the interval of the gain touches zero.
    The cost in currency has no rows where money was in lines from the beginning.
    """
    return tidy("costs", [*_outlay_rows(results), *_gain_rows(results)], scenario)


def has_currency(results: Results) -> bool:
    """Whether the line is worth something else than one unit a month: money came in a currency."""
    return bool(results.line_currency_per_year != MONTHS)


def _outlay_rows(results: Results) -> Iterator[dict[str, object]]:
    household = results.cost * results.mean_size
    measures = [
        ("cost_per_member", PER_MEMBER, results.cost),
        ("cost_per_household", PER_HOUSEHOLD, household),
    ]
    if has_currency(results):
        currency = household * results.line_currency_per_year
        measures.append(("cost_per_household_currency", PER_HOUSEHOLD_CURRENCY, currency))
    for a, arm in enumerate(results.arms):
        for world in results.worlds:
            for measure, measured_in, cost in measures:
                yield {
                    "arm": arm,
                    "shock": world,
                    "horizon_years": results.horizons_years[-1],
                    "measure": measure,
                    "measured_in": measured_in,
                    "estimate": float(cost[a]),
                    "se_luck": np.nan,
                    "se_sample": np.nan,
                    "reason": "",
                }


def gains(results: Results) -> Iterator[Gain]:
    """Escapes, lifts and persons fewer in poverty that arms have beyond none, of the eligible."""
    sample, none = sample_of(results, ELIGIBLE), arm_index(results, "none")
    for measure, name, sign, no_gain in GAINS:
        o = outcome_index(results, name)
        by_arm = Sample(*(sign * values[:, :, :, o] for values in sample))
        beyond = Sample(*(values - values[none] for values in by_arm))
        yield Gain(measure, no_gain, *beyond)


def price(cost: float, gain: float, low: float, no_gain: str) -> Price:
    """Cost per unit of a gain whose interval begins at `low`."""
    if not cost > 0:
        return Price(np.nan, np.nan, NO_COST)
    if not gain > 1e-12:
        return Price(np.nan, np.nan, no_gain)
    if low <= 0:
        return Price(np.nan, np.nan, TOO_UNSURE)
    return Price(cost / gain, cost / gain**2, "")


def _gain_rows(results: Results) -> Iterator[dict[str, object]]:
    for gain in gains(results):
        mean, se_luck, se_sample = gain.judged(results)
        low, _ = interval(mean, se_luck, se_sample, gain.draws.shape[-1])
        for a, w, h in np.ndindex(mean.shape):
            if results.arms[a] == "none":
                continue
            at = a, w, h
            found = price(float(results.cost[a]), float(mean[at]), float(low[at]), gain.no_gain)
            yield {
                "arm": results.arms[a],
                "shock": results.worlds[w],
                "horizon_years": results.horizons_years[h],
                "measure": gain.measure,
                "measured_in": PER_CHANGE,
                "estimate": found.estimate,
                "se_luck": found.slope * se_luck[at],
                "se_sample": found.slope * se_sample[at],
                "reason": found.reason,
            }
