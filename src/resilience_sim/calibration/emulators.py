"""Emulators: smooth stand-ins of the model, from a few hundred simulated draws.

Each output is a second-degree polynomial in the scores of the parameters, kept small by two
penalties, on its straight and on its curved terms. How large they are and how far off the emulator
is are told by leaving out one draw at a time, which ridge regression allows in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

PENALTIES = (0.3, 3.0, 30.0, 300.0)
CURVED = (1.0, 10.0, 100.0)
"""How much more a curved term is held down than a straight one."""
CLIP = 3.0
"""Scores beyond it are read as if they were there, so that no polynomial runs away."""


@dataclass(frozen=True)
class Emulator:
    """Stand-in for some outputs of one case under one structure."""

    coefficients: np.ndarray
    """(n_features, n_outputs)."""
    variance: np.ndarray
    """(n_outputs,) of what it misses, from draws left out."""
    explained: np.ndarray
    """(n_outputs,) share of the variance over draws that it explains, from draws left out."""
    low: np.ndarray
    """(n_outputs,) lowest simulated value, less a fifth of the range."""
    high: np.ndarray

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Outputs at scores of shape (n, n_parameters); shape (n, n_outputs)."""
        told = features(scores) @ self.coefficients
        return np.asarray(np.clip(told, self.low, self.high))


def features(scores: np.ndarray) -> np.ndarray:
    """One, the scores, their Hermite squares and their products, shape (n, n_features)."""
    z = np.clip(scores, -CLIP, CLIP)
    rows, columns = _pairs(z.shape[1])
    squares = (z * z - 1.0) / np.sqrt(2.0)
    return np.concatenate([np.ones((len(z), 1)), z, squares, z[:, rows] * z[:, columns]], axis=1)


@cache
def _pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.triu_indices(n, 1)
    return rows, columns


def emulate(scores: np.ndarray, outputs: np.ndarray) -> Emulator:
    """Fit an emulator to simulated draws.

    Parameters
    ----------
    scores
        (n, n_parameters) of each draw.
    outputs
        (n, n_outputs); a draw with NaN in an output does not count for it.

    Raises
    ------
    ValueError
        Where an output has fewer than ten draws.
    """
    design = features(scores)
    n_straight = 1 + scores.shape[1]
    found = [_one(design, n_straight, column) for column in outputs.T]
    coefficients, variance, explained, low, high = (list(each) for each in zip(*found, strict=True))
    return Emulator(
        np.stack(coefficients, axis=1),
        np.array(variance),
        np.array(explained),
        np.array(low),
        np.array(high),
    )


_Fitted = tuple[np.ndarray, float, float, float, float]


def _one(design: np.ndarray, n_straight: int, told: np.ndarray) -> _Fitted:
    """The best of all penalties for one output: coefficients, variance missed, share explained, range."""
    is_known = np.isfinite(told)
    x, y = design[is_known], told[is_known]
    if len(y) < 10:
        raise ValueError(f"an emulator needs at least 10 draws, got {len(y)}")
    low, high = float(y.min()), float(y.max())
    margin = 0.2 * (high - low)
    spread = float(np.var(y))
    if spread < 1e-18:
        constant = np.zeros(design.shape[1])
        constant[0] = y.mean()
        return constant, 0.0, 1.0, low, high
    best = min(_trials(x, n_straight, y), key=lambda trial: trial[1])
    coefficients, missed = best
    return coefficients, missed, 1.0 - missed / spread, low - margin, high + margin


def _trials(x: np.ndarray, n_straight: int, y: np.ndarray) -> Sequence[tuple[np.ndarray, float]]:
    """Coefficients and mean squared error of draws left out, for every pair of penalties."""
    found = []
    for curved in CURVED:
        weight = np.ones(x.shape[1])
        weight[0] = 1e6  # the constant is free
        weight[n_straight:] = 1.0 / curved
        scaled = x * np.sqrt(weight)
        left, sizes, right = np.linalg.svd(scaled, full_matrices=False)
        turned = left.T @ y
        for penalty in PENALTIES:
            shrink = sizes**2 / (sizes**2 + penalty)
            leverage = np.minimum((left**2 * shrink).sum(axis=1), 1.0 - 1e-9)
            error = (y - left @ (shrink * turned)) / (1.0 - leverage)
            solved = right.T @ (shrink / np.maximum(sizes, 1e-12) * turned) * np.sqrt(weight)
            found.append((solved, float(np.mean(error**2))))
    return found
