"""Where things stand on the axes of `Results`: arms, worlds, years, groups, outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from resilience_sim.results import Results

Array = NDArray[np.float64]

STANDARD_ARMS = ("none", "cash", "productive", "both")
UNCOORDINATED = "uncoordinated"
"""The arm of both programmes with two lists and no coordination between them."""
ELIGIBLE, INELIGIBLE = 0, 1
CALM_WORLD = 0
"""The world without shock."""

ABOVE, TRAPPED, NO_WAY_UP = "above the threshold", "trapped", "no way up"
"""Classes of persons at the start whose lot is followed."""


def horizon_index(results: Results) -> list[int]:
    """Positions of `results.horizons_years` on a year axis whose first entry is year 1."""
    return [years - 1 for years in results.horizons_years]


def outcome_index(results: Results, name: str) -> int:
    """Position of one outcome on the O axis; ValueError where the run did not record it."""
    return tuple(results.outcomes).index(name)


def arm_index(results: Results, name: str) -> int:
    """Position of one arm on the A axis; ValueError where the run did not live it."""
    return tuple(results.arms).index(name)


def class_share(results: Results, name: str) -> Array:
    """Share of all persons in one class at the start, by replicate: shape (R,), decimals."""
    found = tuple(results.start_class_names).index(name)
    return np.asarray(results.start_share[:, found], dtype=np.float64)


def has_arms(results: Results, names: Sequence[str]) -> bool:
    """Whether the run lived every one of the named arms."""
    return set(names) <= set(results.arms)


def all_persons(values: Array, group_weight: Array, axis: int) -> Array:
    """Mean over eligible and ineligible persons together.

    Parameters
    ----------
    values
        Group means; axis `axis` has the length of `group_weight`.
    group_weight
        Shape (n_groups,), persons. A group without persons is left out, whatever its mean says.

    Returns
    -------
    `values` without `axis`, in the same unit.
    """
    peopled = group_weight > 0
    kept = np.compress(peopled, values, axis=axis)
    share = group_weight[peopled] / group_weight[peopled].sum()
    return np.asarray(np.tensordot(kept, share, axes=([axis], [0])), dtype=np.float64)


def coordination_arms(results: Results) -> tuple[str, ...]:
    """Arms that were lived to see what coordination is worth, the uncoordinated first."""
    asked = [UNCOORDINATED]
    if results.coordination not in ("off", "none"):
        asked.append(results.coordination)
    return tuple(arm for arm in asked if arm in results.arms)
