"""Fitting: waves of simulated draws, emulators of them, and draws that all the evidence leaves.

1. First wave: draws spread over the priors, for every case and structure.
2. Second wave: draws where the emulators so far agree, loosely, with the case's own targets.
3. Third wave: draws of all cases sampled together, common parameters shared, pooled ones around common
   centres. What other cases say moves a case to where its own targets alone would not, so its emulators
   have to know the model there.
4. Emulators of all waves stand in for the model while all cases are sampled together once more. A few
   draws of each case are simulated by the model itself, of each structure as many as its weight
   asks. Their weights hold what the structure's evidence says and correct what the emulator missed.
5. The same with each case left out, whose forecast then follows from the others alone.

Trials elsewhere go through the same waves and are sampled with the cases, but stand apart: they tell of
common parameters and structures, and stay where a case is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np
from threadpoolctl import threadpool_limits

from resilience_sim.calibration.cases import Case
from resilience_sim.calibration.emulators import Emulator, emulate
from resilience_sim.calibration.evaluations import Evaluations
from resilience_sim.calibration.misfit import Misfit
from resilience_sim.calibration.priors import priors
from resilience_sim.calibration.sampling import (
    Chains,
    Loglik,
    case_scores,
    sample,
    scores_of,
)
from resilience_sim.calibration.structures import STRUCTURES
from resilience_sim.population.lognormal import midpoints, normal_quantiles
from resilience_sim.solver.threads import in_threads

FLOOR = 0.05
"""Least weight of a structure: likelihoods with assumed tolerances should not rule one out alone."""
LOOSE = 0.5
"""Power of the likelihood from which the second wave is drawn."""
MOST_CORRECTION = 3.0
"""Logs by which the model itself may correct a draw's weight, up or down."""
N_CHAINS, N_CHAINS_THIRD_WAVE, N_CHAINS_LEFT_OUT = 300, 50, 32
"""Chains side by side; their first draws stay. Many, as weights of structures hang on differences of
log evidence of half a log, which 50 chains tell no better than by a third of one."""
FITTED, LEFT_OUT, TRIAL = "fitted", "left_out", "trial"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Plan:
    """How much work a fit does; counts are for each case and structure, of draws that stay on average."""

    seed: int = 1
    first: int = 64
    """Draws of the first wave."""
    later: int = 28
    """Draws of each of the two later waves."""
    kept: int = 50
    """Draws that stay."""
    left_out: int = 8
    """Draws by which a case that was left out is forecast."""


@dataclass(frozen=True)
class Emulated:
    """What the waves left of one case under one structure: n draws."""

    scores: np.ndarray
    """(n, n_parameters)."""
    outputs: np.ndarray
    """(n, len(case.outputs)) by the model itself."""
    misfit: Misfit
    emulator: Emulator
    loglik: Loglik


@dataclass(frozen=True)
class Drawn:
    """Draws of one case: n draws over all structures."""

    case: str
    kind: str
    """fitted, left_out where the case's own targets were not seen, or trial."""
    structure: tuple[str, ...]
    """(n,)."""
    weight: np.ndarray
    """(n,) sum 1."""
    scores: np.ndarray
    """(n, n_parameters)."""
    outputs: tuple[str, ...]
    """Names of what is forecast."""
    forecasts: np.ndarray
    """(n, n_outputs) by the model itself."""


@dataclass(frozen=True)
class Fit:
    """What a fit found."""

    drawn: tuple[Drawn, ...]
    new: Mapping[str, np.ndarray]
    """By structure: (n, n_parameters) scores for a case of which nothing is known but its file."""
    structures: Mapping[str, float]
    """Weight of each structure, sum 1, no less than `FLOOR`."""
    log_evidence: Mapping[str, float]
    explained: Mapping[tuple[str, str], np.ndarray]
    """By case and structure: share of the variance of each output that its emulator explains."""
    n_failed: Mapping[str, int]
    """By case: draws of the waves whose policies did not settle."""


def fit(
    cases: Mapping[str, Case],
    evaluations: Evaluations,
    plan: Plan | None = None,
    structures: Sequence[str] = tuple(STRUCTURES),
    progress: Progress | None = None,
    trials: Mapping[str, Case] | None = None,
) -> Fit:
    """Fit all cases together.

    Parameters
    ----------
    cases
        Prepared cases by name; with one alone there is no case to leave out.
    evaluations
        Where simulated draws are kept; a fit that was stopped goes on from them.
    plan
        How much work it does.
    structures
        Names of the structures fitted side by side.
    progress
        Told of the stages.
    trials
        Trials elsewhere by name, which inform common parameters and structures alone.
    """
    plan, trials = plan or Plan(), trials or {}
    # threads are our own, and each multiplies small matrices: BLAS's threads on top only wait for each other
    with threadpool_limits(limits=1, user_api="blas"):
        emulated = _by_waves(cases, trials, evaluations, plan, structures, progress)
        return _by_rounds(cases, trials, emulated, evaluations, plan, progress)


def _by_waves(
    cases: Mapping[str, Case],
    trials: Mapping[str, Case],
    evaluations: Evaluations,
    plan: Plan,
    structures: Sequence[str],
    progress: Progress | None,
) -> dict[str, dict[str, Emulated]]:
    """All waves of every case and trial under every structure."""
    threads, every = evaluations.threads, {**cases, **trials}
    emulated: dict[str, dict[str, Emulated]] = {}
    for name, case in every.items():
        misfit = Misfit(case.targets, has_to_stand=name not in trials)
        counter = _Counter(progress, name, len(structures) * (plan.first + plan.later))
        waves = partial(_waves, name, case, misfit, evaluations, plan, counter)
        # emulators of one structure are fitted while another's draws are simulated
        found = in_threads(threads, waves, structures, None)
        emulated[name] = dict(zip(structures, found, strict=True))
    if not plan.later:
        return emulated
    joint, _ = _sampled(
        emulated,
        None,
        plan.later,
        N_CHAINS_THIRD_WAVE,
        plan.seed,
        threads,
        frozenset(trials),
        "third wave",
    )
    for name, case in every.items():
        counter = _Counter(progress, f"{name}, third wave", len(structures) * plan.later)
        third = partial(_third, name, case, emulated[name], joint, evaluations, counter)
        found = in_threads(threads, third, structures, None)
        emulated[name] = dict(zip(structures, found, strict=True))
    return emulated


def _by_rounds(
    cases: Mapping[str, Case],
    trials: Mapping[str, Case],
    emulated: Mapping[str, Mapping[str, Emulated]],
    evaluations: Evaluations,
    plan: Plan,
    progress: Progress | None,
) -> Fit:
    """Draws from all cases together, then with each left out."""
    structures, apart = list(next(iter(emulated.values()))), frozenset(trials)
    rounds = [None, *cases] if len(cases) > 1 else [None]
    drawn, evidence, new = [], {}, {}
    for at, left in enumerate(rounds):
        if progress is not None:
            progress("sampling", at, len(rounds))
        n = len(structures) * (plan.kept if left is None else plan.left_out)
        n_chains = N_CHAINS if left is None else N_CHAINS_LEFT_OUT
        every, told = _sampled(emulated, left, n, n_chains, plan.seed, evaluations.threads, apart)
        weights = _structure_weights(told)
        chains = _shared_out(every, weights, n)
        few = _shared_out(every, weights, len(structures) * plan.left_out)
        if left is None:
            evidence, structure_weights, wanted = told, weights, [*cases, *trials]
            new = {s: _of_new_case(chains[s], plan, s) for s in structures}
        else:
            wanted = [left]
        for name in wanted:
            by_structure = emulated[name]
            drawn.append(
                _drawn(
                    name,
                    TRIAL if name in trials else FITTED if left is None else LEFT_OUT,
                    (trials if name in trials else cases)[name],
                    by_structure,
                    few if name in trials else chains,
                    weights,
                    evaluations,
                    plan,
                    progress,
                )
            )
    if progress is not None:
        progress("sampling", len(rounds), len(rounds))
    explained = {
        (name, structure): each.emulator.explained
        for name, by_structure in emulated.items()
        for structure, each in by_structure.items()
    }
    failed = {
        name: sum(int(np.isnan(each.outputs).all(axis=1).sum()) for each in by_structure.values())
        for name, by_structure in emulated.items()
    }
    return Fit(tuple(drawn), new, structure_weights, evidence, explained, failed)


def _waves(
    name: str,
    case: Case,
    misfit: Misfit,
    evaluations: Evaluations,
    plan: Plan,
    counter: _Counter,
    structure: str,
) -> Emulated:
    """The two waves of one case under one structure that ask nothing of other cases."""
    rng = _rng(plan.seed, name, structure, "waves")
    scores = _spread(rng, plan.first)
    found = _emulated(scores, evaluations.simulate(case, structure, scores, counter), misfit)
    if not plan.later:
        return found
    loglik = partial(_weakened, found.loglik, LOOSE)
    chains, _ = sample({name: loglik}, plan.later, rng, n_chains=plan.later, n_warm=20, heats=6)
    more = scores_of(chains, name)
    return _with_more(found, more, evaluations.simulate(case, structure, more, counter))


def _third(
    name: str,
    case: Case,
    before: Mapping[str, Emulated],
    joint: Mapping[str, Chains],
    evaluations: Evaluations,
    counter: _Counter,
    structure: str,
) -> Emulated:
    """The wave of one case under one structure that was drawn together with all others."""
    more = scores_of(joint[structure], name)
    return _with_more(before[structure], more, evaluations.simulate(case, structure, more, counter))


def _with_more(before: Emulated, scores: np.ndarray, outputs: np.ndarray) -> Emulated:
    """Emulated anew, with more draws."""
    return _emulated(
        np.concatenate([before.scores, scores]),
        np.concatenate([before.outputs, outputs]),
        before.misfit,
    )


def _weakened(loglik: Loglik, power: float, scores: np.ndarray) -> np.ndarray:
    return power * loglik(scores)


def _emulated(scores: np.ndarray, outputs: np.ndarray, misfit: Misfit) -> Emulated:
    emulator = emulate(scores, outputs[:, : misfit.n_outputs])

    def loglik(at: np.ndarray) -> np.ndarray:
        return misfit(emulator(at), emulator.variance)

    return Emulated(scores, outputs, misfit, emulator, loglik)


def _sampled(
    emulated: Mapping[str, Mapping[str, Emulated]],
    left: str | None,
    n: int,
    n_chains: int,
    seed: int,
    threads: int,
    apart: frozenset[str],
    purpose: str = "sampling",
) -> tuple[dict[str, Chains], dict[str, float]]:
    """Draws, n of each, and log evidence of each structure, from all cases but the one left out."""
    structures = list(next(iter(emulated.values())))

    def one(structure: str) -> tuple[Chains, float]:
        logliks = {name: each[structure].loglik for name, each in emulated.items() if name != left}
        rng = _rng(seed, structure, str(left), purpose)
        return sample(logliks, n, rng, n_chains=n_chains, apart=apart)

    found = dict(zip(structures, in_threads(threads, one, structures, None), strict=True))
    return (
        {structure: chains for structure, (chains, _) in found.items()},
        {structure: evidence for structure, (_, evidence) in found.items()},
    )


def _shared_out(
    chains: Mapping[str, Chains], weights: Mapping[str, float], n: int
) -> dict[str, Chains]:
    """The first of each structure's draws, n in all by its weight, so that none counts more than another."""
    ends = np.rint(n * np.cumsum([weights[structure] for structure in chains])).astype(int)
    counts = dict(zip(chains, np.diff(ends, prepend=0).tolist(), strict=True))
    return {structure: each.first(max(1, counts[structure])) for structure, each in chains.items()}


def _structure_weights(evidence: Mapping[str, float]) -> dict[str, float]:
    told = np.array(list(evidence.values()))
    share = np.exp(told - told.max())
    share /= share.sum()
    floored = FLOOR + (1.0 - FLOOR * len(share)) * share
    return dict(zip(evidence, floored.tolist(), strict=True))


def _of_new_case(chains: Chains, plan: Plan, structure: str) -> np.ndarray:
    """Scores of a case that deviates from the centre as any may."""
    rng = _rng(plan.seed, structure, "new case")
    return case_scores(chains.common, chains.centre, rng.standard_normal(chains.centre.shape))


def _drawn(
    name: str,
    kind: str,
    case: Case,
    emulated: Mapping[str, Emulated],
    chains: Mapping[str, Chains],
    weights: Mapping[str, float],
    evaluations: Evaluations,
    plan: Plan,
    progress: Progress | None,
) -> Drawn:
    """Simulate the draws of one case under all structures, and weigh them."""
    misfit = Misfit(case.targets, has_to_stand=kind != TRIAL)
    n = sum(len(each.common) for each in chains.values())
    counter = _Counter(progress, f"{name}, {'left out' if kind == LEFT_OUT else 'draws'}", n)
    told, scores, forecasts, weight = [], [], [], []
    for structure, each in chains.items():
        if kind != LEFT_OUT:
            at = scores_of(each, name)
        else:
            rng = _rng(plan.seed, name, structure, "left out")
            at = case_scores(each.common, each.centre, rng.standard_normal(each.centre.shape))
        outputs = evaluations.simulate(case, structure, at, counter)
        share = np.ones(len(at))
        if kind != LEFT_OUT:
            gap = misfit(outputs[:, : misfit.n_outputs]) - emulated[structure].loglik(at)
            share = np.exp(np.clip(gap - np.median(gap), -MOST_CORRECTION, MOST_CORRECTION))
        share = np.where(np.isnan(outputs).all(axis=1), 0.0, share)
        told += [structure] * len(at)
        scores.append(at)
        forecasts.append(outputs)
        weight.append(weights[structure] * share / max(share.sum(), 1e-300))
    joined = np.concatenate(weight)
    return Drawn(
        name,
        kind,
        tuple(told),
        joined / joined.sum(),
        np.concatenate(scores),
        case.outputs,
        np.concatenate(forecasts),
    )


def _spread(rng: np.random.Generator, n: int) -> np.ndarray:
    """Scores (n, n_parameters), each parameter in `n` equal shares of its prior (Latin hypercube)."""
    shares = midpoints(n)
    jitter = (rng.random((len(priors()), n)) - 0.5) / n
    return np.stack([normal_quantiles(rng.permutation(shares) + moved) for moved in jitter], axis=1)


def _rng(seed: int, *purpose: str) -> np.random.Generator:
    """Chance that hangs on the seed and the purpose alone."""
    digest = hashlib.sha256("/".join([str(seed), *purpose]).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, np.uint32))


class _Counter:
    """Counts draws for a progress bar."""

    def __init__(self, progress: Progress | None, stage: str, n: int) -> None:
        self.progress, self.stage, self.n, self.done = progress, stage, n, 0
        self.lock = Lock()
        self(0)

    def __call__(self, done: int) -> None:
        with self.lock:
            self.done += done
            if self.progress is not None:
                self.progress(self.stage, self.done, self.n)
