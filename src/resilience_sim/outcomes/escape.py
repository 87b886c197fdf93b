"""Who was trapped at the start, who got out and who fell, among all persons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import (
    ABOVE,
    NO_WAY_UP,
    TRAPPED,
    all_persons,
    class_share,
    horizon_index,
    outcome_index,
)
from resilience_sim.outcomes.uncertainty import (
    influence_of_mean,
    influence_of_ratio,
    luck_error,
    sample_error,
)
from resilience_sim.outcomes.units import DECIMAL_SHARE, tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

MEASURED = (
    ("escapes", "escaped", TRAPPED),
    ("escapes_by_wealth", "escaped_wealth", TRAPPED),
    ("escapes_by_threshold", "escaped_threshold", TRAPPED),
    ("lifted", "lifted", NO_WAY_UP),
    ("falls", "fallen", ABOVE),
    ("above_threshold", "above_threshold", None),
    ("destitute", "destitute", None),
)
"""Measure, outcome of the run, and the class of the start whose persons it is a share of."""


def escape(results: Results, scenario: str = "") -> pd.DataFrame:
    """Classes at the start (horizon 0), and who is out and who has fallen at each horizon.

    Escapes are shares of the persons who began trapped and stand above the threshold for
    `escape_years` now, split by whether wealth crossed the threshold or the threshold moved to
    them; `lifted` is the same of those who began with no way up, `falls` the reverse of those who
    began above. Shares of a class are NaN where nobody began in it; the sampling error takes the
    size of the class as given, for villages do not report it. Being above the threshold and
    destitution are shares of all persons.

    Returns
    -------
    One row per arm, world, horizon and measure; columns and units in `UNITS["escape"]`.
    """
    return tidy("escape", [*_start_rows(results), *_horizon_rows(results)], scenario)


def share_of(began: str) -> str:
    """Unit of a share of the persons who began in one class."""
    return f"share of persons who began {began if began != NO_WAY_UP else f'with {began}'}, decimal"


def _start_rows(results: Results) -> Iterator[dict[str, object]]:
    shares = results.start_share
    for arm in results.arms:
        for world in results.worlds:
            for i, name in enumerate(results.start_class_names):
                yield {
                    "arm": arm,
                    "shock": world,
                    "horizon_years": 0,
                    "measure": name.replace(" ", "_"),
                    "measured_in": DECIMAL_SHARE,
                    "estimate": float(shares[:, i].mean()),
                    "se_luck": float(luck_error(shares[:, i], axis=0)),
                    "se_sample": np.nan,
                }


def _horizon_rows(results: Results) -> Iterator[dict[str, object]]:
    by_year = results.year_mean[:, :, :, horizon_index(results)]
    draws = np.moveaxis(all_persons(by_year, results.group_weight, axis=4), 2, -1)  # A,W,H,O,R
    influence = influence_of_mean(
        results.village_sum.sum(axis=3), results.village_weight.sum(axis=0)
    )
    for measure, name, began in MEASURED:
        o = outcome_index(results, name)
        share, mean = draws[:, :, :, o], draws[:, :, :, o].mean(axis=-1)
        of = np.ones(share.shape[-1]) if began is None else class_share(results, began)
        size = of.mean() if of.mean() > 0 else np.nan
        ratio_draws = influence_of_ratio(mean, np.full_like(mean, size), share, of)
        se_luck = luck_error(ratio_draws, axis=-1)
        se_sample = sample_error(influence[:, :, :, o], results.village_stratum) / size
        for at in np.ndindex(mean.shape):
            a, w, h = at
            yield {
                "arm": results.arms[a],
                "shock": results.worlds[w],
                "horizon_years": results.horizons_years[h],
                "measure": measure,
                "measured_in": DECIMAL_SHARE if began is None else share_of(began),
                "estimate": mean[at] / size,
                "se_luck": se_luck[at],
                "se_sample": se_sample[at],
            }
