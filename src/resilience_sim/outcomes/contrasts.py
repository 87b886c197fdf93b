"""Contrasts: signed sums of arms for one group of persons, with errors of luck and of sampling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from resilience_sim.outcomes.axes import Array, arm_index, horizon_index, outcome_index
from resilience_sim.outcomes.uncertainty import (
    influence_of_mean,
    influence_of_ratio,
    interval,
    luck_error,
    sample_error,
)
from resilience_sim.outcomes.units import SQUARED, reported
from resilience_sim.outcomes.units import outcome as outcome_of

if TYPE_CHECKING:
    from resilience_sim.results import Results

ROUNDING = 1e-12
SMALLEST_BASE = 0.01
"""In the unit of the outcome; a percentage of a smaller mean says nothing and is left out."""
IN_SD = (
    "standard deviations among eligible persons under none",
    "standard deviations among persons not eligible under none",
)
"""By group."""
IN_TLU = "tropical livestock units per person, as if assets were livestock"
SMALLEST_SPREAD = 1e-6
"""Share of the mean square below which a variance is rounding."""


class Contrast(NamedTuple):
    """One comparison: what is added up, and the arm whose mean a percentage refers to."""

    arm: str
    comparison: str
    signs: dict[str, float]
    base: str


class Sample(NamedTuple):
    """Means of one group of persons: by replicate, and what each village adds to them."""

    draws: Array
    """(A, W, H, O, R) means, in the unit of each outcome."""
    influence: Array
    """(A, W, H, O, V) influences on the mean over replicates, as `influence_of_mean` has them."""


def contrast_rows(
    results: Results,
    sample: Sample,
    contrast: Contrast,
    group: int,
    tlu_per_line: float | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows of one contrast in the columns of `effects`, from the sample of one group."""
    level_draws, level_influence = contrasted(results, sample, contrast.signs)
    base_draws, base_influence = contrasted(results, sample, {contrast.base: 1.0})
    level, base = level_draws.mean(axis=-1), base_draws.mean(axis=-1)
    divisor = np.where(base < SMALLEST_BASE, np.nan, base)
    ratio_draws = influence_of_ratio(level, divisor, level_draws, base_draws)
    ratio_influence = influence_of_ratio(level, divisor, level_influence, base_influence)
    stratum, n_replicates = results.village_stratum, level_draws.shape[-1]
    n_households = (results.n_eligible, results.n_households - results.n_eligible)[group]
    in_level = (level, luck_error(level_draws, -1), sample_error(level_influence, stratum))
    in_ratio = (
        level / divisor,
        luck_error(ratio_draws, -1),
        sample_error(ratio_influence, stratum),
    )
    above = share_above_zero(level_draws, base)

    def told(values: tuple[Array, Array, Array], scale: Array | float = 1.0) -> Any:
        """Estimate, errors and interval in one unit, (W, H, O, 5) as lists."""
        estimate, se_luck, se_sample = (scale * each for each in values)
        ends = interval(estimate, se_luck, se_sample, n_replicates)
        return np.stack([estimate, se_luck, se_sample, *ends], axis=-1).tolist()

    levels, points, percent = told(in_level), told(in_level, 100.0), told(in_ratio, 100.0)
    in_tlu = None if tlu_per_line is None else told(in_level, tlu_per_line)
    above, control = above.tolist(), base.tolist()
    for name in reported(results.outcomes):
        o, measured = outcome_index(results, name), outcome_of(name)
        units = [("pp", "percentage points", points)]
        if not measured.is_share:
            units = [
                ("level", measured.unit, levels),
                ("percent", "percent of control_mean", percent),
            ]
        if name + SQUARED in results.outcomes:
            scale = (1.0 / control_sd(results, name, group))[..., None]
            units.append(("sd", IN_SD[group], told(in_level, scale)))
        if name == "assets" and in_tlu is not None:
            units.append(("tlu", IN_TLU, in_tlu))
        for w, h in np.ndindex(level.shape[:2]):
            for unit, measured_in, numbers in units:
                estimate, se_luck, se_sample, low, high = numbers[w][h][o]
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
                    "share_above_zero": above[w][h][o],
                    "control_mean": control[w][h][o],
                    "n_households": n_households,
                }


def sample_of(results: Results, group: int) -> Sample:
    """Means of one group at the horizons, ready for contrasts."""
    years = horizon_index(results)
    return Sample(
        np.moveaxis(results.year_mean[:, :, :, years, group, :], 2, -1),
        influence_of_mean(results.village_sum[:, :, :, group], results.village_weight[group]),
    )


def contrasted(results: Results, sample: Sample, signs: Mapping[str, float]) -> Sample:
    """Signed sum over arms, draws (W, H, O, R) and influences (W, H, O, V).

    Over the arms of the contrast alone, so that others cannot spoil it.
    """
    sign = np.array([signs.get(arm, 0.0) for arm in results.arms])
    used = sign != 0
    return Sample(*(np.tensordot(sign[used], by_arm[used], axes=1) for by_arm in sample))


def share_above_zero(draws: Array, scale: Array) -> Array:
    """Share of replicates, the last axis of `draws`, above zero; rounding error counts as zero.

    `scale` (...,) is the size of what was subtracted; differences of 1e-12 of it are rounding.
    """
    above = (draws > ROUNDING * np.maximum(np.abs(scale), ROUNDING)[..., None]).mean(axis=-1)
    return np.where(np.isnan(draws).any(axis=-1), np.nan, above)


def control_sd(results: Results, name: str, group: int) -> Array:
    """Standard deviation of one outcome among the persons of a group under none, shape (W, H).

    The variance within a replicate, mean over replicates; NaN where it is no more than rounding.
    """
    none = results.year_mean[arm_index(results, "none")][:, :, horizon_index(results), group]
    square = none[..., outcome_index(results, name + SQUARED)]
    variance = (square - none[..., outcome_index(results, name)] ** 2).mean(axis=1)
    known = variance > SMALLEST_SPREAD * square.mean(axis=1)
    return np.sqrt(np.where(known, variance, np.nan))
