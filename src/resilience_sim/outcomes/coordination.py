"""Coordination: what it is worth, at the same money, in poverty, escapes and money per escape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import (
    ELIGIBLE,
    arm_index,
    coordination_arms,
    has_arms,
)
from resilience_sim.outcomes.contrasts import Contrast, contrast_rows, sample_of
from resilience_sim.outcomes.costs import PER_CHANGE, PER_MEMBER, Gain, Price, gains, price
from resilience_sim.outcomes.uncertainty import interval, luck_error, sample_error
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

OUTCOMES = ("poor", "income", "consumption", "escaped", "lifted")
UNITS_TOLD = ("level", "percent", "pp")
BOTH = "both"
NO_PRICE = "one of the two has no price"


def coordination(results: Results, scenario: str = "") -> pd.DataFrame:
    """Worlds with two lists, coordinated and not: against none and against each other.

    `control` is a world minus none; `uncoordinated` the coordinated world minus the one without, at
    the same money. Where no coordination was asked for beyond the world without it, that world is
    told beside `both` (comparison `both`), which reaches everybody eligible and costs more. `level`
    is a world itself: its cost per eligible member, and the money per person more who escaped, was
    lifted or is not poor than under none. Effects are of eligible persons, listed or not, with the
    errors of `effects`. The interval of a price is that of the gain, turned over; the interval of a
    difference of prices is by the delta method. The lists are one draw, so the luck of being listed
    is in `se_sample` alone.

    Returns
    -------
    One row per arm, world, comparison, measure, unit and horizon; columns and units in
    `UNITS["coordination"]`. Empty where coordination is off. Prices are NaN, with a reason, where
    the gain may be zero.
    """
    told = _told(results)
    rows: list[dict[str, object]] = []
    if told.arms:
        rows += [*_effect_rows(results, told), *_cost_rows(results, told)]
        rows += _price_rows(results, told)
    return tidy("coordination", rows, scenario)


class _Told(NamedTuple):
    """Arms that are told against none, and the two whose difference is told."""

    arms: tuple[str, ...]
    pair: tuple[str, str] | None


def _told(results: Results) -> _Told:
    arms = coordination_arms(results)
    if len(arms) > 1:
        return _Told(arms, (arms[1], arms[0]))
    if arms and has_arms(results, (BOTH,)):
        return _Told((*arms, BOTH), (arms[0], BOTH))
    return _Told(arms, None)


def _effect_rows(results: Results, told: _Told) -> Iterator[dict[str, object]]:
    found = [Contrast(arm, "control", {arm: 1.0, "none": -1.0}, "none") for arm in told.arms]
    if told.pair is not None:
        arm, base = told.pair
        found.append(Contrast(arm, base, {arm: 1.0, base: -1.0}, base))
    sample, horizons = sample_of(results, ELIGIBLE), results.horizons_years
    years = {12 * horizon: horizon for horizon in horizons}
    for contrast in found:
        for row in contrast_rows(results, sample, contrast, ELIGIBLE):
            if row["outcome"] in OUTCOMES and row["unit"] in UNITS_TOLD:
                horizon = years[row.pop("horizon_months")]
                yield {**row, "measure": row["outcome"], "horizon_years": horizon, "reason": ""}


def _cost_rows(results: Results, told: _Told) -> Iterator[dict[str, object]]:
    cost = {arm: float(results.cost[arm_index(results, arm)]) for arm in told.arms}
    rows = [(arm, "level", cost[arm]) for arm in told.arms]
    if told.pair is not None:
        arm, base = told.pair
        rows.append((arm, base, cost[arm] - cost[base]))
    for world in results.worlds:
        for arm, comparison, value in rows:
            yield {
                "arm": arm,
                "shock": world,
                "comparison": comparison,
                "measure": "cost_per_member",
                "unit": "level",
                "horizon_years": results.horizons_years[-1],
                "measured_in": PER_MEMBER,
                "estimate": value,
                "se_luck": np.nan,
                "se_sample": np.nan,
                "ci_low": np.nan,
                "ci_high": np.nan,
                "reason": "",
            }


def _price_rows(results: Results, told: _Told) -> Iterator[dict[str, object]]:
    for gain in gains(results):
        mean, se_luck, se_sample = gain.judged(results)
        low, high = interval(mean, se_luck, se_sample, gain.draws.shape[-1])
        for w, h in np.ndindex(mean.shape[1:]):
            place = {
                "shock": results.worlds[w],
                "measure": gain.measure,
                "unit": "level",
                "horizon_years": results.horizons_years[h],
                "measured_in": PER_CHANGE,
            }
            prices = {}
            for arm in told.arms:
                at = arm_index(results, arm), w, h
                cost = float(results.cost[at[0]])
                found = prices[arm] = price(cost, float(mean[at]), float(low[at]), gain.no_gain)
                yield {
                    **place,
                    "arm": arm,
                    "comparison": "level",
                    "estimate": found.estimate,
                    "se_luck": found.slope * se_luck[at],
                    "se_sample": found.slope * se_sample[at],
                    "ci_low": np.nan if found.reason else cost / high[at],
                    "ci_high": np.nan if found.reason else cost / low[at],
                    "reason": found.reason,
                }
            if told.pair is not None:
                yield place | _difference(results, gain, prices, told.pair, w, h)


def _difference(
    results: Results, gain: Gain, prices: dict[str, Price], pair: tuple[str, str], w: int, h: int
) -> dict[str, object]:
    """How much dearer a unit of the gain is under the first arm of the pair."""
    arm, base = pair
    slopes = {arm: -prices[arm].slope, base: prices[base].slope}
    draws, influence = (
        sum(slope * values[arm_index(results, each), w, h] for each, slope in slopes.items())
        for values in (gain.draws, gain.influence)
    )
    estimate = np.asarray(prices[arm].estimate - prices[base].estimate)
    se_luck, se_sample = luck_error(draws, 0), sample_error(influence, results.village_stratum)
    low, high = interval(estimate, se_luck, se_sample, gain.draws.shape[-1])
    return {
        "arm": arm,
        "comparison": base,
        "estimate": float(estimate),
        "se_luck": float(se_luck),
        "se_sample": float(se_sample),
        "ci_low": float(low),
        "ci_high": float(high),
        "reason": NO_PRICE if np.isnan(estimate) else "",
    }
