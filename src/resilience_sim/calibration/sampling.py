"""Draws from what priors and evidence leave: elliptical slice sampling over all cases at once.

A structure has common scores c, centres m of the pooled parameters, and for every case deviations
d. A case's pooled scores are sqrt(SHARED) m + sqrt(1 - SHARED) d, so each is standard normal before
any evidence, and two cases correlate by `SHARED`: partial pooling. All scores are normal, so a step
moves along an ellipse through the present point and a fresh draw of the prior (Murray, Adams and
MacKay 2010) and needs no tuning. Many chains run side by side.

A case that stands apart, as a trial elsewhere does, shares common parameters alone: its pooled scores
are its own d, and the centres learn nothing from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from resilience_sim.calibration.priors import Level, priors

SHARED = 0.5
"""Correlation of a pooled parameter between two cases before any evidence; assumed."""
MOST_SHRINKS = 60

Loglik = Callable[[np.ndarray], np.ndarray]
"""From scores (n, n_parameters) of one case to log likelihoods (n,)."""


@dataclass(frozen=True)
class Chains:
    """Where all chains stand: n chains, C common and P pooled parameters."""

    common: np.ndarray
    """(n, C)."""
    centre: np.ndarray
    """(n, P)."""
    deviations: Mapping[str, np.ndarray]
    """By case: (n, P)."""
    apart: frozenset[str] = frozenset()
    """Cases that share common parameters alone."""

    def first(self, n: int) -> Chains:
        """The first n of them."""
        deviations = {case: each[:n] for case, each in self.deviations.items()}
        return Chains(self.common[:n], self.centre[:n], deviations, self.apart)


def n_common() -> int:
    """How many parameters all cases share."""
    return sum(prior.level is Level.COMMON for prior in priors())


def scores_of(chains: Chains, case: str) -> np.ndarray:
    """Scores of one case's parameters in the order of `priors()`, shape (n, C + P)."""
    centre = None if case in chains.apart else chains.centre
    return case_scores(chains.common, centre, chains.deviations[case])


def case_scores(common: np.ndarray, centre: np.ndarray | None, deviation: np.ndarray) -> np.ndarray:
    """Scores of a case that deviates so from the centre, or that has none, shape (n, C + P)."""
    pooled = deviation
    if centre is not None:
        pooled = np.sqrt(SHARED) * centre + np.sqrt(1.0 - SHARED) * deviation
    return np.concatenate([common, pooled], axis=1)


def start(
    logliks: Mapping[str, Loglik],
    n_chains: int,
    rng: np.random.Generator,
    apart: frozenset[str] = frozenset(),
) -> Chains:
    """Chains at draws of the prior."""
    n_pooled = len(priors()) - n_common()
    return Chains(
        rng.standard_normal((n_chains, n_common())),
        rng.standard_normal((n_chains, n_pooled)),
        {case: rng.standard_normal((n_chains, n_pooled)) for case in logliks},
        apart,
    )


def step(
    chains: Chains, logliks: Mapping[str, Loglik], heat: float, rng: np.random.Generator
) -> tuple[Chains, np.ndarray]:
    """Move every chain once: what cases share, then each case's own.

    Parameters
    ----------
    chains
        Where they stand.
    logliks
        Log likelihood of every case.
    heat
        Power of the likelihood, 0 the prior and 1 the posterior.
    rng
        Chance.

    Returns
    -------
    Where they stand then, and the log likelihood over all cases there (at heat 1), shape (n,).
    """
    width, apart = chains.common.shape[1], chains.apart

    def shared(both: np.ndarray, who: np.ndarray) -> np.ndarray:
        common, centre = both[:, :width], both[:, width:]
        parts = [
            told(
                case_scores(common, None if case in apart else centre, chains.deviations[case][who])
            )
            for case, told in logliks.items()
        ]
        return np.asarray(heat * np.sum(parts, axis=0))

    both = _slice(np.concatenate([chains.common, chains.centre], axis=1), shared, rng)
    common, centre = both[:, :width], both[:, width:]
    deviations, total = {}, np.zeros(len(common))
    for case, told in logliks.items():
        around = None if case in apart else centre

        def own(
            deviation: np.ndarray,
            who: np.ndarray,
            told: Loglik = told,
            around: np.ndarray | None = around,
        ) -> np.ndarray:
            near = None if around is None else around[who]
            return heat * told(case_scores(common[who], near, deviation))

        deviations[case] = _slice(chains.deviations[case], own, rng)
        total += told(case_scores(common, around, deviations[case]))
    return Chains(common, centre, deviations, apart), total


def _slice(
    at: np.ndarray, loglik: Callable[[np.ndarray, np.ndarray], np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """One elliptical slice step of every chain; what has not been accepted by the end stays.

    `loglik` takes places (m, K) and which of the chains they are of (m,): those still open alone.
    """
    n = len(at)
    other = rng.standard_normal(at.shape)
    now = loglik(at, np.arange(n))
    bar = now + np.log(rng.random(n))
    angle = rng.random(n) * 2.0 * np.pi
    low, high = angle - 2.0 * np.pi, angle.copy()
    found = at.copy()
    who = np.arange(n)
    for _ in range(MOST_SHRINKS):
        turned = angle[who, None]
        tried = at[who] * np.cos(turned) + other[who] * np.sin(turned)
        is_taken = loglik(tried, who) > bar[who]
        found[who[is_taken]] = tried[is_taken]
        who = who[~is_taken]
        if not who.size:
            break
        is_before = angle[who] < 0
        low[who] = np.where(is_before, angle[who], low[who])
        high[who] = np.where(is_before, high[who], angle[who])
        angle[who] = low[who] + rng.random(n)[who] * (high[who] - low[who])
    return found


def sample(
    logliks: Mapping[str, Loglik],
    n_draws: int,
    rng: np.random.Generator,
    n_chains: int = 64,
    n_warm: int = 40,
    thin: int = 20,
    heats: int = 10,
    apart: frozenset[str] = frozenset(),
) -> tuple[Chains, float]:
    """Draws of the posterior, and the log of the evidence for this structure.

    Chains are heated up from the prior to the posterior; the mean log likelihood at each heat,
    integrated over heats, is the log evidence (thermodynamic integration).

    Parameters
    ----------
    logliks
        Log likelihood of every case.
    n_draws
        Draws wanted.
    rng
        Chance.
    n_chains, n_warm, thin, heats
        Chains side by side, steps at each heat, steps between draws that are kept, and heats.
    apart
        Cases that share common parameters alone.
    """
    chains = start(logliks, n_chains, rng, apart)
    ladder = np.linspace(0.0, 1.0, heats) ** 4
    means = []
    for heat in ladder:
        told = []
        for turn in range(n_warm):
            chains, total = step(chains, logliks, float(heat), rng)
            if turn >= n_warm // 2:
                told.append(total.mean())
        means.append(np.mean(told))
    kept = [chains]
    while n_chains * len(kept) < n_draws:
        for _ in range(thin):
            chains, _ = step(chains, logliks, 1.0, rng)
        kept.append(chains)
    joined = Chains(
        np.concatenate([each.common for each in kept])[:n_draws],
        np.concatenate([each.centre for each in kept])[:n_draws],
        {
            case: np.concatenate([each.deviations[case] for each in kept])[:n_draws]
            for case in logliks
        },
        apart,
    )
    return joined, float(np.trapezoid(means, ladder))
