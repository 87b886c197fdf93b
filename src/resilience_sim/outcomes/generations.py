"""Generations: what heirs get and become, and how far it depends on their parents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import (
    CALM_WORLD,
    ELIGIBLE,
    NO_WAY_UP,
    TRAPPED,
    Array,
    arm_index,
)
from resilience_sim.outcomes.heirs import (
    NO_HEIRS,
    STATISTICS,
    TOO_SHORT,
    missing,
    moment,
    ratio,
)
from resilience_sim.outcomes.mobility import (
    N_QUINTILES,
    quintile_of_bins,
    rank_slope,
    transition,
)
from resilience_sim.outcomes.uncertainty import jackknife
from resilience_sim.outcomes.units import DECIMAL_SHARE, tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

GROUPS = ("eligible", "all")
ALL = GROUPS.index("all")
SHARES = (("handed_over", "heirs"), ("followed", "adults"))
"""Measures, and the moment that counts whose heirs are told of."""
STAYED = (("trapped_to_trapped", TRAPPED), ("no_way_up_to_no_way_up", NO_WAY_UP))
"""Measures, and the class of the start in which heirs are at the end."""
RANKS = "ranks of heirs per rank of their parents"
OF_PARENTS = "share of the heirs of parents in from_quintile, decimal"
NOBODY = "nobody is in the group"
NOBODY_BEGAN = "nobody who handed over began in that class"
NOBODY_THERE = "no heir has parents in that quintile"


def generations(results: Results, scenario: str = "") -> pd.DataFrame:
    """Heirs by arm and world: elasticity, slopes, means, who stays trapped, and mobility.

    Schooling, health, confidence, inheritance and skill are of heirs at the household's first
    succession in the run; consumption and what follows from it are of heirs who lived some years in
    the run after parents who did. A statistic is one of the sums of all replicates, its `se_luck` a
    jackknife over replicates. `level` is an arm, `control` an arm minus none, under the same luck.
    The rank slope and the mobility matrix are of all persons, and come from counts that know no
    replicates, so their errors are not known. The cuts of the matrix are the quintiles of parents
    and of heirs under none without shock. Sampling errors are not known: villages do not report
    heirs.

    Returns
    -------
    One row per arm, world, group, comparison and measure, 25 for the matrix; columns and units in
    `UNITS["generations"]`. NaN, with a reason, where nobody handed over.
    """
    rows = pd.DataFrame([*_statistic_rows(results), *_joint_rows(results)])
    return tidy("generations", rows.assign(demography=demography(results)), scenario)


def demography(results: Results) -> str:
    """Where ages and schooling of the start come from."""
    return "synthetic" if results.is_synthetic_demography else "from the survey"


def heir_sums(results: Results) -> Array:
    """Moments of the heirs of the eligible and of all: shape (R, A, W, 2, M)."""
    return np.moveaxis(_eligible_and_all(results.heir_moments, axis=3), 2, 0)


def _eligible_and_all(by_group: Array, axis: int) -> Array:
    return np.stack([np.take(by_group, ELIGIBLE, axis), by_group.sum(axis)], axis=axis)


def _statistic_rows(results: Results) -> Iterator[dict[str, object]]:
    moments = heir_sums(results)
    persons = np.broadcast_to(
        _eligible_and_all(results.group_weight, 0)[:, None], (*moments.shape[:-1], 1)
    )
    counted = np.concatenate([moments, persons], axis=-1)
    for measure, name in SHARES:
        share = partial(_share_of_persons, name=name)
        yield from _measure_rows(results, measure, DECIMAL_SHARE, counted, share, _empty)
    for measure, statistic in STATISTICS.items():
        why = partial(missing, statistic)
        yield from _measure_rows(results, measure, statistic.unit, moments, statistic.of, why)
    classes = np.moveaxis(_eligible_and_all(results.heir_class, axis=3), 2, 0)
    classes = classes.reshape(*classes.shape[:-2], -1)
    for measure, began in STAYED:
        unit = f"share of the heirs of who began {began}, decimal, at the end of the run"
        of = partial(_stays, at=results.start_class_names.index(began))
        yield from _measure_rows(results, measure, unit, classes, of, _nobody_began)


def _measure_rows(
    results: Results,
    measure: str,
    measured_in: str,
    sums: Array,
    of: Callable[[Array], Array],
    why: Callable[[Array], str],
) -> Iterator[dict[str, object]]:
    """Rows of one statistic `of` sums (R, A, W, 2, ...), for every arm and for arms minus none."""
    none = arm_index(results, "none")

    def minus_none(sums: Array) -> Array:
        values = of(sums)
        return values - np.take(values, [none], axis=-3)

    total = sums.sum(axis=0)
    known = ~np.isnan(of(total))
    for comparison, statistic in (("level", of), ("control", minus_none)):
        estimate, se_luck = jackknife(statistic, sums)
        for a, w, g in np.ndindex(estimate.shape):
            if comparison == "control" and a == none:
                continue
            needed = (a,) if comparison == "level" else (a, none)
            lacking = [total[arm, w, g] for arm in needed if not known[arm, w, g]]
            yield {
                **_place(results, a, w, GROUPS[g], measure),
                "comparison": comparison,
                "measured_in": measured_in,
                "estimate": estimate[a, w, g],
                "se_luck": se_luck[a, w, g],
                "reason": why(lacking[0]) if lacking else "",
            }


def _joint_rows(results: Results) -> Iterator[dict[str, object]]:
    """Rank slope and mobility matrix of all persons."""
    reference = results.heir_joint[arm_index(results, "none"), CALM_WORLD]
    for a, w in np.ndindex(results.heir_joint.shape[:2]):
        joint = results.heir_joint[a, w]
        slope, shares = rank_slope(joint), _quintiles(joint, reference)
        place = _place(results, a, w, GROUPS[ALL], "rank_slope")
        yield {
            **place,
            "comparison": "level",
            "measured_in": RANKS,
            "estimate": slope,
            "se_luck": np.nan,
            "reason": TOO_SHORT if np.isnan(slope) else "",
        }
        for parent, heir in np.ndindex(shares.shape):
            is_missing = np.isnan(shares[parent, heir])
            nobody = NOBODY_THERE if joint.sum() > 0 else TOO_SHORT
            yield {
                **place,
                "comparison": "level",
                "measure": "transition",
                "from_quintile": parent + 1,
                "to_quintile": heir + 1,
                "measured_in": OF_PARENTS,
                "estimate": shares[parent, heir],
                "se_luck": np.nan,
                "reason": nobody if is_missing else "",
            }


def _place(results: Results, a: int, w: int, group: str, measure: str) -> dict[str, object]:
    return {
        "arm": results.arms[a],
        "shock": results.worlds[w],
        "group": group,
        "measure": measure,
        "from_quintile": pd.NA,
        "to_quintile": pd.NA,
    }


def _quintiles(joint: Array, reference: Array) -> Array:
    """Shares (5, 5) of heirs by quintile of parent and heir; both with cuts of `reference` (N, N)."""
    if not reference.sum() > 0:
        return np.full((N_QUINTILES, N_QUINTILES), np.nan)
    parents, heirs = reference.sum(axis=1), reference.sum(axis=0)
    return transition(quintile_of_bins(parents).T @ joint, heirs)


def _share_of_persons(counted: Array, name: str) -> Array:
    """Persons behind one moment, of all persons, who stand on the last place."""
    return ratio(moment(counted, name), counted[..., -1])


def _empty(counted: Array) -> str:
    return NOBODY


def _stays(classes: Array, at: int) -> Array:
    """Share in class `at` at the end of who began there, from counts (..., classes squared)."""
    n = int(np.sqrt(classes.shape[-1]))
    began = classes[..., at * n : (at + 1) * n]
    return ratio(began[..., at], began.sum(axis=-1))


def _nobody_began(classes: Array) -> str:
    return NOBODY_BEGAN if classes.sum() > 0 else NO_HEIRS
