"""Emulators: smooth stand-ins of the model, from a hundred simulated draws.

Each output is a Gaussian process in the scores of the parameters: a straight and a curved part, both with
one relevance for each parameter, and noise. Relevances and sizes are searched one after another for the
best chance of each draw given all others, which has a closed form (Rasmussen and Williams 2006, 5.4.2).
How far off the emulator is, is told by draws that had no part in any of this: a quarter at a time is left
out of the whole search.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLIP = 3.0
"""Scores beyond it are read as if they were there."""
ROUNDS = 3
BETTER = 4.0
"""Log likelihood by which a changed relevance must be better to be taken."""
FACTORS = (0.0, 0.4, 2.0)
"""What a relevance is tried times."""
FOLDS = 4
FEWEST = 10
_START = 0.25


@dataclass(frozen=True)
class Emulator:
    """Stand-in for some outputs of one case under one structure; U distinct outputs, n draws."""

    place: np.ndarray
    """(n_outputs,) which of the distinct outputs each is."""
    relevance: np.ndarray
    """(U, n_parameters) float32."""
    at: np.ndarray
    """(U, n_parameters, n) float32 scores of the draws times relevance."""
    curved: np.ndarray
    """(U, n) float32 weights of the curved part."""
    straight: np.ndarray
    """(U, n_parameters) float32 slopes of the straight part."""
    constant: np.ndarray
    """(U,)."""
    variance: np.ndarray
    """(n_outputs,) of what it misses, from draws left out."""
    explained: np.ndarray
    """(n_outputs,) share of the variance over draws that it explains, from draws left out."""
    low: np.ndarray
    """(n_outputs,) lowest simulated value, less a fifth of the range."""
    high: np.ndarray

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Outputs at scores of shape (n, n_parameters); shape (n, n_outputs)."""
        z = np.clip(scores, -CLIP, CLIP).astype(np.float32)
        scaled = z * self.relevance[:, None, :]
        apart = np.matmul(scaled, self.at)
        apart -= 0.5 * (scaled * scaled).sum(axis=2)[:, :, None]
        apart -= 0.5 * (self.at * self.at).sum(axis=1)[:, None, :]
        np.exp(apart, out=apart)
        told = np.matmul(apart, self.curved[:, :, None])[:, :, 0] + self.straight @ z.T
        whole = told.T.astype(np.float64) + self.constant
        return np.asarray(np.clip(whole[:, self.place], self.low, self.high))


@dataclass(frozen=True)
class _Process:
    """One output's process: weights in units of the output."""

    relevance: np.ndarray
    curved: np.ndarray
    straight: np.ndarray
    constant: float
    missed: float


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
    z = np.clip(scores, -CLIP, CLIP)
    found: list[_Process] = []
    seen: dict[bytes, int] = {}
    place = []
    for told in outputs.T:
        key = told.tobytes()
        if key not in seen:
            seen[key] = len(found)
            found.append(_process(z, told))
        place.append(seen[key])
    ranges = np.array([_range(told) for told in outputs.T])
    missed = np.array([found[i].missed for i in place])
    spread = np.nanvar(outputs, axis=0)
    return Emulator(
        place=np.array(place),
        relevance=np.stack([each.relevance for each in found]).astype(np.float32),
        at=np.stack([(z * each.relevance).T for each in found]).astype(np.float32),
        curved=np.stack([each.curved for each in found]).astype(np.float32),
        straight=np.stack([each.straight for each in found]).astype(np.float32),
        constant=np.array([each.constant for each in found]),
        variance=missed,
        explained=1.0 - missed / np.where(spread > 0, spread, 1.0),
        low=ranges[:, 0],
        high=ranges[:, 1],
    )


def _range(told: np.ndarray) -> tuple[float, float]:
    low, high = float(np.nanmin(told)), float(np.nanmax(told))
    margin = 0.2 * (high - low)
    return low - margin, high + margin


def _process(z: np.ndarray, told: np.ndarray) -> _Process:
    """The process of one output over all draws; a draw that has no number has no weight."""
    is_known = np.isfinite(told)
    x, y = z[is_known], told[is_known]
    n, n_parameters = len(y), z.shape[1]
    if n < FEWEST:
        raise ValueError(f"an emulator needs at least {FEWEST} draws, got {n}")
    mean, spread = float(y.mean()), float(y.std())
    curved = np.zeros(len(z))
    if spread <= 1e-9 * max(1.0, abs(mean)):
        nothing = np.zeros(n_parameters)
        return _Process(nothing, curved, nothing, mean, 0.0)
    t = (y - mean) / spread
    relevance, line, noise = _search(x, t)
    weight = _weights(x, t, relevance, line, noise)
    slopes = line * relevance**2 * (x.T @ weight)
    missed = spread**2 * _missed(x, t)
    if missed >= spread**2:  # the mean does better
        nothing = np.zeros(n_parameters)
        return _Process(nothing, curved, nothing, mean, spread**2)
    curved[is_known] = spread * weight
    return _Process(relevance, curved, spread * slopes, mean, missed)


def _missed(x: np.ndarray, t: np.ndarray) -> float:
    """Mean squared error on quarters of the draws, of processes found without them."""
    total = 0.0
    for fold in range(FOLDS):
        is_left = np.arange(len(t)) % FOLDS == fold
        inside, told = x[~is_left], t[~is_left]
        relevance, line, noise = _search(inside, told)
        weight = _weights(inside, told, relevance, line, noise)
        near = ((x[is_left][:, None, :] - inside[None, :, :]) * relevance) ** 2
        curved = np.exp(-0.5 * near.sum(axis=2)) @ weight
        slopes = line * relevance**2 * (inside.T @ weight)
        total += float(((curved + x[is_left] @ slopes - t[is_left]) ** 2).sum())
    return total / len(t)


def _weights(
    x: np.ndarray, t: np.ndarray, relevance: np.ndarray, line: float, noise: float
) -> np.ndarray:
    scaled = x * relevance
    covariance = _covariance(_distance(x, relevance), scaled @ scaled.T, line, noise)
    return np.asarray(np.linalg.solve(covariance, t))


def _search(x: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Relevances, size of the straight part and noise, of an output of mean zero and variance one."""
    apart = (x[:, None, :] - x[None, :, :]) ** 2
    along_with = x[:, None, :] * x[None, :, :]
    along = np.abs(x.T @ t) / np.sqrt(np.maximum((x**2).sum(axis=0) * (t @ t), 1e-12))
    relevance = 0.02 + 0.6 * along
    line, noise = 1.0, 0.1
    distance, products = apart @ relevance**2, along_with @ relevance**2

    def worth(distance: np.ndarray, products: np.ndarray, line: float, noise: float) -> float:
        return _left_out(_covariance(distance, products, line, noise), t)

    best = worth(distance, products, line, noise)
    for _ in range(ROUNDS):
        before = best
        for j in range(x.shape[1]):
            for factor in FACTORS:
                tried = factor * relevance[j] if relevance[j] else _START * factor
                if tried == relevance[j]:
                    continue
                more = tried**2 - relevance[j] ** 2
                moved = distance + more * apart[:, :, j]
                turned = products + more * along_with[:, :, j]
                value = worth(moved, turned, line, noise)
                if value > best + BETTER:
                    best, distance, products, relevance[j] = value, moved, turned, tried
        for factor in (0.3, 3.0):
            value = worth(distance, products, line * factor, noise)
            if value > best:
                best, line = value, line * factor
            value = worth(distance, products, line, noise * factor)
            if value > best:
                best, noise = value, noise * factor
        if best < before + BETTER:
            break
    return relevance, line, noise


def _distance(x: np.ndarray, relevance: np.ndarray) -> np.ndarray:
    scaled = x * relevance
    return np.asarray(((scaled[:, None, :] - scaled[None, :, :]) ** 2).sum(axis=2))


def _covariance(
    distance: np.ndarray, products: np.ndarray, line: float, noise: float
) -> np.ndarray:
    found = np.exp(-0.5 * distance) + line * products
    found[np.diag_indices_from(found)] += noise
    return np.asarray(found)


def _left_out(covariance: np.ndarray, t: np.ndarray) -> float:
    """Log chance of every draw given all others, summed, up to a constant."""
    inverse = np.linalg.inv(covariance)
    precision = np.diag(inverse)
    error = inverse @ t / precision
    return float(0.5 * np.log(precision).sum() - 0.5 * (error**2 * precision).sum())
