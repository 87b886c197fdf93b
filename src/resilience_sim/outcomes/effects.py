"""Effects: contrasts between arms for eligible persons, with errors of luck and of sampling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import (
    ELIGIBLE,
    STANDARD_ARMS,
    Array,
    arm_index,
    has_arms,
    horizon_index,
    outcome_index,
)
from resilience_sim.outcomes.uncertainty import (
    influence_of_mean,
    influence_of_ratio,
    interval,
    luck_error,
    sample_error,
)
from resilience_sim.outcomes.units import SQUARED, reported, tidy
from resilience_sim.outcomes.units import outcome as outcome_of

if TYPE_CHECKING:
    from resilience_sim.results import Results


ROUNDING = 1e-12
SMALLEST_BASE = 0.01
"""Lines; a percentage of a smaller mean says nothing and is left out."""
IN_SD = "standard deviations among eligible persons under none"
SMALLEST_SPREAD = 1e-6
"""Share of the mean square below which a variance is rounding."""


class Contrast(NamedTuple):
    """One comparison: what is added up, and the arm whose mean a percentage refers to."""

    arm: str
    comparison: str
    signs: dict[str, float]
    base: str


def effects(results: Results, scenario: str = "") -> pd.DataFrame:
    """Contrasts between arms at every horizon, world and outcome, for eligible persons.

    `control` is an arm minus none, `cash` is both minus cash, `productive` is both minus
    productive, `interaction` is both - cash - productive + none. Money comes in levels, as a
    percentage of the mean of the arm compared with (none for the interaction, so its percentages
    are points; NaN where that mean is under 0.01 lines) and, for income, consumption and assets, in
    standard deviations among eligible persons under none in the same world and year, which are
    taken as given. Shares come in percentage points. Twins share luck, so a contrast is a mean of
    differences.

    Returns
    -------
    One row per contrast, world, outcome, unit and horizon; columns and units in `UNITS["effects"]`.
    The interval joins luck and sampling only; with one replicate it is sampling alone.
    """
    years = horizon_index(results)
    draws = np.moveaxis(results.year_mean[:, :, :, years, ELIGIBLE, :], 2, -1)
    influence = influence_of_mean(
        results.village_sum[:, :, :, ELIGIBLE], results.village_weight[ELIGIBLE]
    )
    rows = [
        row
        for contrast in contrasts(results)
        for row in _contrast_rows(results, contrast, draws, influence)
    ]
    return tidy("effects", rows, scenario)


def contrasts(results: Results) -> list[Contrast]:
    """The contrasts this run can make: each needs all its arms."""
    found = [
        Contrast(arm, "control", {arm: 1.0, "none": -1.0}, "none")
        for arm in results.arms
        if arm != "none"
    ]
    found += [
        Contrast("both", other, {"both": 1.0, other: -1.0}, other)
        for other in ("cash", "productive")
        if has_arms(results, ("both", other))
    ]
    if has_arms(results, STANDARD_ARMS):
        signs = {"both": 1.0, "cash": -1.0, "productive": -1.0, "none": 1.0}
        found.append(Contrast("both", "interaction", signs, "none"))
    return found


def control_sd(results: Results, name: str) -> Array:
    """Standard deviation of one outcome among eligible persons under none, shape (W, H).

    The variance within a replicate, mean over replicates; NaN where it is no more than rounding.
    """
    none = results.year_mean[arm_index(results, "none")][:, :, horizon_index(results), ELIGIBLE]
    square = none[..., outcome_index(results, name + SQUARED)]
    variance = (square - none[..., outcome_index(results, name)] ** 2).mean(axis=1)
    known = variance > SMALLEST_SPREAD * square.mean(axis=1)
    return np.sqrt(np.where(known, variance, np.nan))


def share_above_zero(draws: Array, scale: Array) -> Array:
    """Share of replicates, the last axis of `draws`, above zero; rounding error counts as zero.

    `scale` (...,) is the size of what was subtracted; differences of 1e-12 of it are rounding.
    """
    above = (draws > ROUNDING * np.maximum(np.abs(scale), ROUNDING)[..., None]).mean(axis=-1)
    return np.where(np.isnan(draws).any(axis=-1), np.nan, above)


def _contrast_rows(
    results: Results, contrast: Contrast, draws: Array, influence: Array
) -> Iterator[dict[str, object]]:
    """Rows of one contrast from draws (A,W,H,O,R) and influences (A,W,H,O,V) of the means."""
    sign = np.array([contrast.signs.get(arm, 0.0) for arm in results.arms])
    base_arm = arm_index(results, contrast.base)
    level_draws, level_influence = _contrasted(sign, draws), _contrasted(sign, influence)
    base_draws, base_influence = draws[base_arm], influence[base_arm]
    level, base = level_draws.mean(axis=-1), base_draws.mean(axis=-1)
    divisor = np.where(base < SMALLEST_BASE, np.nan, base)
    ratio_draws = influence_of_ratio(level, divisor, level_draws, base_draws)
    ratio_influence = influence_of_ratio(level, divisor, level_influence, base_influence)
    stratum, n_replicates = results.village_stratum, draws.shape[-1]
    in_level = (level, luck_error(level_draws, -1), sample_error(level_influence, stratum))
    in_ratio = (
        level / divisor,
        luck_error(ratio_draws, -1),
        sample_error(ratio_influence, stratum),
    )
    above = share_above_zero(level_draws, base)

    for name in reported(results.outcomes):
        o, measured = outcome_index(results, name), outcome_of(name)
        units = [("pp", "percentage points", np.full(level.shape[:2], 100.0), in_level)]
        if measured.is_money:
            ones = np.ones(level.shape[:2])
            units = [
                ("level", measured.unit, ones, in_level),
                ("percent", "percent of control_mean", 100.0 * ones, in_ratio),
            ]
        if name + SQUARED in results.outcomes:
            units.append(("sd", IN_SD, 1.0 / control_sd(results, name), in_level))
        for w, h in np.ndindex(level.shape[:2]):
            for unit, measured_in, scale, values in units:
                estimate, se_luck, se_sample = (scale[w, h] * value[w, h, o] for value in values)
                low, high = interval(estimate, se_luck, se_sample, n_replicates)
                yield {
                    "arm": contrast.arm,
                    "shock": results.worlds[w],
                    "comparison": contrast.comparison,
                    "outcome": name,
                    "unit": unit,
                    "horizon_months": 12 * results.horizons_years[h],
                    "measured_in": measured_in,
                    "estimate": estimate,
                    "se_luck": se_luck,
                    "se_sample": se_sample,
                    "ci_low": low,
                    "ci_high": high,
                    "share_above_zero": above[w, h, o],
                    "control_mean": base[w, h, o],
                    "n_households": results.n_eligible,
                }


def _contrasted(sign: Array, by_arm: Array) -> Array:
    """Signed sum over the arms of the contrast alone, so that other arms cannot spoil it."""
    used = sign != 0
    return np.asarray(np.tensordot(sign[used], by_arm[used], axes=1), dtype=np.float64)
