"""The distribution of skill as a table of normal scores, so that heirs are spread as their parents were."""

import numpy as np

from resilience_sim.kernels.primitives import HIGHEST_SCORE, N_SCORES
from resilience_sim.kernels.vector import kernel

f4, i4 = np.float32, np.int32
_ZERO, _ONE = f4(0.0), f4(1.0)
_HIGHEST = f4(HIGHEST_SCORE)
_PER_SCORE = f4((N_SCORES - 1) / (2.0 * HIGHEST_SCORE))


@kernel
def skill_of(table, score):
    """Log2 skill at a normal score, from a `table` (N_SCORES,); beyond its ends skill is the end's."""
    place = (min(max(score, -_HIGHEST), _HIGHEST) + _HIGHEST) * _PER_SCORE
    cell = min(i4(place), i4(N_SCORES - 2))
    return table[cell] + (place - f4(cell)) * (table[cell + 1] - table[cell])


@kernel
def score_of(table, level):
    """Normal score of a log2 skill, the inverse of `skill_of`; the middle of a stretch of equal skills."""
    below, above = 0, 0
    for cell in range(N_SCORES):
        below += 1 if table[cell] < level else 0
        above += 1 if table[cell] > level else 0
    if below == 0 and above == N_SCORES:
        return -_HIGHEST
    if above == 0 and below == N_SCORES:
        return _HIGHEST
    first, last = below, N_SCORES - 1 - above  # nodes at the level itself, if any
    if first <= last:
        return f4(first + last) / (f4(2.0) * _PER_SCORE) - _HIGHEST
    width = table[first] - table[last]
    return (f4(last) + (level - table[last]) / width) / _PER_SCORE - _HIGHEST
