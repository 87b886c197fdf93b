"""Channels: what of a programme's effect on heirs came by which way from parent to child."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import Array
from resilience_sim.outcomes.heirs import STATISTICS, Statistic, missing
from resilience_sim.outcomes.uncertainty import jackknife, student_95
from resilience_sim.outcomes.units import LINES_PER_YEAR, tidy

if TYPE_CHECKING:
    from resilience_sim.results import ChannelResult, Results

MEASURES = {
    "consumption": (LINES_PER_YEAR, 1.0),
    "poor": ("percentage points of heirs, by their mean consumption", 100.0),
    "school": ("years", 1.0),
    "log_skill": ("log2 of earning ability", 1.0),
    "trapped": ("percentage points of heirs, at the end of the run", 100.0),
}
"""Statistics of heirs that are split: the unit of an effect on them, and its scale."""
EFFECT, INTERACTION, REMAINDER = "effect", "interaction", "remainder"


def channels(results: Results, scenario: str = "") -> pd.DataFrame:
    """Split a programme's effect on the heirs of the eligible by channel, without shock.

    `effect` is an arm minus none. The part of a channel is the effect minus the effect with that
    channel off, when the heir gets by it what its twin gets under none. `remainder` is the effect
    with all channels off: what came by none of them, such as support that still runs, or a village
    that changed. `interaction` is what the channels do together beyond the sum of their parts: so
    parts, interaction and remainder add up to the effect. Errors of luck by a jackknife over
    replicates; from a subsample of whole villages, whose sampling error is not known.

    Returns
    -------
    One row per arm, measure and part; columns and units in `UNITS["channels"]`. Empty where the run
    did not ask for it; NaN, with a reason, where nobody handed over. `share_of_effect` is NaN where
    the effect may be zero.
    """
    rows = [] if results.channels is None else list(_rows(results.channels))
    return tidy("channels", rows, scenario)


def channel_names(split: ChannelResult) -> tuple[str, ...]:
    """Channels in the order of the variants that switch off one of them."""
    return tuple(variant.removesuffix(" off") for variant in split.variants[1:-1])


def _rows(split: ChannelResult) -> Iterator[dict[str, object]]:
    sums = _sums(split)
    names = (EFFECT, *channel_names(split), INTERACTION, REMAINDER)
    for measure, (measured_in, scale) in MEASURES.items():
        statistic = STATISTICS[measure]
        estimate, se_luck = jackknife(partial(_parts, statistic), sums)
        total = sums.sum(axis=0)
        surely = student_95(len(sums)) * se_luck[:, 0] < np.abs(estimate[:, 0])
        effect = np.where(surely, estimate[:, 0], np.nan)
        for a, i in np.ndindex(estimate.shape):
            is_missing = np.isnan(estimate[a, i])
            yield {
                "arm": split.arms[a],
                "measure": measure,
                "part": names[i],
                "measured_in": measured_in,
                "estimate": scale * estimate[a, i],
                "se_luck": scale * se_luck[a, i],
                "share_of_effect": estimate[a, i] / effect[a],
                "reason": missing(statistic, total[a].min(axis=0)) if is_missing else "",
                "n_households": split.n_households,
            }


def _sums(split: ChannelResult) -> Array:
    """Sums by replicate, arm and variant, none last: shape (R, n_arms, n_variants + 1, M)."""
    by_variant = np.moveaxis(split.moments, 2, 0)
    none = np.broadcast_to(
        split.control[:, None, None], (*by_variant.shape[:2], 1, by_variant.shape[-1])
    )
    return np.concatenate([by_variant, none], axis=2)


def _parts(statistic: Statistic, sums: Array) -> Array:
    """Effect, part of each channel, interaction and remainder, on the axis of the variants."""
    values = statistic.of(sums)
    effects = values[..., :-1] - values[..., -1:]
    whole, one_off, all_off = effects[..., :1], effects[..., 1:-1], effects[..., -1:]
    by_channel = whole - one_off
    together = whole - all_off
    interaction = together - by_channel.sum(axis=-1, keepdims=True)
    return np.concatenate([whole, by_channel, interaction, all_off], axis=-1)
