"""Who needed what: four lives under the same luck, mapped to words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import STANDARD_ARMS, Array, has_arms
from resilience_sim.outcomes.uncertainty import luck_error
from resilience_sim.outcomes.units import tidy

if TYPE_CHECKING:
    from resilience_sim.results import Results

OF_BELOW = "share of persons who began trapped or with no way up, decimal"
WORDS = (
    "anyway",
    "cash alone",
    "productive alone",
    "either",
    "only both",
    "never",
    "hurt",
)
N_PATTERNS = 16
_NONE, _CASH, _PRODUCTIVE, _BOTH = 1, 2, 4, 8
_PATTERN_WORDS = {
    0: "never",
    _BOTH: "only both",
    _CASH + _BOTH: "cash alone",
    _PRODUCTIVE + _BOTH: "productive alone",
    _CASH + _PRODUCTIVE + _BOTH: "either",
    _NONE + _CASH + _PRODUCTIVE + _BOTH: "anyway",
}


def needed(results: Results, scenario: str = "") -> pd.DataFrame:
    """Share of the persons who began trapped or with no way up by what took them out, by world.

    Out is above the threshold for `escape_years` at the end of the run.

    Returns
    -------
    One row per world and word; columns and units in `UNITS["needed"]`. Empty where one of the four
    standard arms was not lived; NaN where nobody began trapped or with no way up.
    """
    rows = []
    if has_arms(results, STANDARD_ARMS):
        shares = word_shares(results.patterns)
        mean, se_luck = shares.mean(axis=1), luck_error(shares, axis=1)
        rows = [
            {
                "shock": world,
                "needed": word,
                "measured_in": OF_BELOW,
                "estimate": mean[w, i],
                "se_luck": se_luck[w, i],
            }
            for w, world in enumerate(results.worlds)
            for i, word in enumerate(WORDS)
        ]
    return tidy("needed", rows, scenario)


def word(pattern: int) -> str:
    """Word for one escape pattern; bits 0 none, 1 cash, 2 productive, 3 both.

    `hurt` is every pattern in which some programme undoes an escape: out with less, not with more.
    """
    return _PATTERN_WORDS.get(pattern, "hurt")


def word_shares(patterns: Array) -> Array:
    """Shares by word, shape (..., 7) in the order of `WORDS`, from patterns of shape (..., 16).

    Each row of the result sums to one; NaN where the patterns carry no weight.
    """
    chosen = np.array([[word(p) == w for w in WORDS] for p in range(N_PATTERNS)], dtype=float)
    total = patterns.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(patterns @ chosen / total, dtype=np.float64)
