"""What the programmes cost: per household member, per escape, per person lifted out of poverty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import ELIGIBLE, arm_index, horizon_index, outcome_index
from resilience_sim.outcomes.uncertainty import influence_of_mean, luck_error, sample_error
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.simulation import Results

PER_MEMBER = "annual poverty lines per eligible household member"
PER_CHANGE = "annual poverty lines per person"
NO_COST = "the arm costs nothing"
GAINS = (
    ("cost_per_escape", "escaped", 1.0, "no escapes beyond those of the arm none"),
    ("cost_per_lifted", "poor", -1.0, "no fewer poor than in the arm none"),
)


def costs(results: Results, scenario: str = "") -> pd.DataFrame:
    """Cost of each arm over the whole programme, and what one escape or one exit from poverty cost.

    The cost per escape divides the cost per eligible member by the escapes per eligible person that
    the arm adds to those of none by the horizon; the cost per person lifted does the same with the
    fall in the headcount of consumption at the horizon. What ineligible neighbours gain is left
    out. Errors by the delta method; the cost itself is known.

    Returns
    -------
    One row per arm, world, horizon and measure; columns and units in `UNITS["costs"]`. `estimate`
    is NaN, with a reason, where the arm costs nothing or the gain is not above zero.
    """
    return tidy("costs", [*_outlay_rows(results), *_gain_rows(results)], scenario)


def _outlay_rows(results: Results) -> Iterator[dict[str, object]]:
    measures = (
        ("cost_per_member", PER_MEMBER, results.cost_per_household),
        (
            "cost_per_household",
            "currency of the case per eligible household",
            results.cost_per_household_currency,
        ),
    )
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


def _gain_rows(results: Results) -> Iterator[dict[str, object]]:
    years, none = horizon_index(results), arm_index(results, "none")
    means = np.moveaxis(results.year_mean[:, :, :, years, ELIGIBLE, :], 2, -1)
    influence = influence_of_mean(
        results.village_sum[:, :, :, ELIGIBLE], results.village_weight[ELIGIBLE]
    )
    for measure, name, sign, no_gain in GAINS:
        o = outcome_index(results, name)
        draws = sign * (means[:, :, :, o] - means[none, :, :, o])
        gain, se_luck = draws.mean(axis=-1), luck_error(draws, -1)
        se_sample = sample_error(
            influence[:, :, :, o] - influence[none, :, :, o], results.village_stratum
        )
        for at in np.ndindex(gain.shape):
            a, w, h = at
            cost = float(results.cost_per_household[a])
            if results.arms[a] == "none":
                continue
            estimate, slope, reason = _per_gain(cost, float(gain[at]), no_gain)
            yield {
                "arm": results.arms[a],
                "shock": results.worlds[w],
                "horizon_years": results.horizons_years[h],
                "measure": measure,
                "measured_in": PER_CHANGE,
                "estimate": estimate,
                "se_luck": slope * se_luck[at],
                "se_sample": slope * se_sample[at],
                "reason": reason,
            }


def _per_gain(cost: float, gain: float, no_gain: str) -> tuple[float, float, str]:
    """Cost per unit of gain, how steeply it answers to the gain, and why it may be missing."""
    if not cost > 0:
        return np.nan, np.nan, NO_COST
    if not gain > 1e-12:
        return np.nan, np.nan, no_gain
    return cost / gain, cost / gain**2, ""
