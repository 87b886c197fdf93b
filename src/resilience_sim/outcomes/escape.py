"""Who was trapped at the start, who escaped and who fell, among all persons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import all_persons, horizon_index, outcome_index
from resilience_sim.outcomes.uncertainty import influence_of_mean, luck_error, sample_error
from resilience_sim.outcomes.units import DECIMAL_SHARE, tidy

if TYPE_CHECKING:
    from resilience_sim.simulation import Results

OF_TRAPPED = "share of persons trapped at the start, decimal"
MEASURED = (
    ("escapes", "escaped", True),
    ("escapes_by_wealth", "escaped_wealth", True),
    ("escapes_by_threshold", "escaped_threshold", True),
    ("falls", "fallen", False),
    ("above_threshold", "above_threshold", False),
    ("destitute", "destitute", False),
)


def escape(results: Results, scenario: str = "") -> pd.DataFrame:
    """Classes at the start (horizon 0) and escapes and falls cumulated to each horizon.

    Escapes, and their split into wealth that crossed and a threshold that moved, are shares of the
    persons trapped at the start; the trapped share is taken as given in their errors. Falls, being
    above the threshold and destitution are shares of all persons. Escapes are NaN where nobody
    began trapped. The classes of the start come without errors: villages do not report them.

    Returns
    -------
    One row per arm, world, horizon and measure; columns and units in `UNITS["escape"]`.
    """
    return tidy("escape", [*_start_rows(results), *_horizon_rows(results)], scenario)


def trapped_share(results: Results) -> float:
    """Share of all persons who began trapped: below the threshold of their type, with a way up."""
    return float(results.start_share[tuple(results.start_class_names).index("trapped")])


def _start_rows(results: Results) -> Iterator[dict[str, object]]:
    for arm in results.arms:
        for world in results.worlds:
            for name, share in zip(results.start_class_names, results.start_share, strict=True):
                yield {
                    "arm": arm,
                    "shock": world,
                    "horizon_years": 0,
                    "measure": name.replace(" ", "_"),
                    "measured_in": DECIMAL_SHARE,
                    "estimate": float(share),
                    "se_luck": np.nan,
                    "se_sample": np.nan,
                }


def _horizon_rows(results: Results) -> Iterator[dict[str, object]]:
    draws = all_persons(
        results.year_mean[:, :, :, horizon_index(results)], results.group_weight, axis=4
    )
    influence = influence_of_mean(
        results.village_sum.sum(axis=3), results.village_weight.sum(axis=0)
    )
    mean, se_luck = draws.mean(axis=2), luck_error(draws, axis=2)
    se_sample = sample_error(influence, results.village_stratum)
    trapped = trapped_share(results)
    per_trapped = 1.0 / trapped if trapped > 0 else np.nan
    for measure, name, is_of_trapped in MEASURED:
        o = outcome_index(results, name)
        scale = per_trapped if is_of_trapped else 1.0
        for at in np.ndindex(mean.shape[:-1]):
            a, w, h = at
            yield {
                "arm": results.arms[a],
                "shock": results.worlds[w],
                "horizon_years": results.horizons_years[h],
                "measure": measure,
                "measured_in": OF_TRAPPED if is_of_trapped else DECIMAL_SHARE,
                "estimate": scale * mean[*at, o],
                "se_luck": scale * se_luck[*at, o],
                "se_sample": scale * se_sample[*at, o],
            }
