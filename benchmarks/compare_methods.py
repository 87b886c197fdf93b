"""Is the present method better than history matching? A recovery test on toys whose truth is known.

    python benchmarks/compare_methods.py [--truths N] [--first SEED] [WORLD ...]

Both methods see the same evidence, begin with the same first wave, fit the same emulators, draw from
one seed and may simulate as often. Held-out outcomes are functions of the same parameters that no
target tells. Bands are 90 % bands; a score is the interval score of Gneiting and Raftery (2007), and
less is better. Prints Markdown: means over truths with their standard errors, then differences on the
same truth. Seconds are of one processor.

Worlds: `smooth`, straight with one bend; `kinked`, where half of the outcomes are never below zero and all hold
a product of two parameters; `unmeetable`, smooth with one target, hardly moved by any parameter, that
was reported ten tolerances from the truth.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np

from resilience_sim.calibration import fitting
from resilience_sim.calibration.cases import STANDING
from resilience_sim.calibration.emulators import Emulator, emulate
from resilience_sim.calibration.evaluations import Evaluations
from resilience_sim.calibration.fitting import Plan, fit
from resilience_sim.calibration.misfit import Misfit
from resilience_sim.calibration.priors import Values, priors, values_of
from resilience_sim.calibration.sampling import sample, scores_of
from resilience_sim.calibration.scoring import LEVEL, quantiles
from resilience_sim.evidence import Role, Target, targets
from resilience_sim.population.lognormal import normal_shares

WORLDS = ("smooth", "kinked", "unmeetable")
STRUCTURE = "two_exponents"
PLAN = Plan(first=40, later=14, kept=32)
N_FITTED, N_HELD_OUT = 6, 4
N_SHARED = 3
"""Movements that all outcomes of a toy share, so that targets say something of what is held out."""
TOLERANCE = 0.3
"""An outcome varies by about 2.5 over the priors."""
CUT_OFF = 3.0
STEEP = 20.0
"""Logs that a unit of implausibility beyond the cut-off costs while what is left is being sampled."""
PRIOR_WIDTH = 2 * 1.645

quick = partial(sample, n_warm=14, heats=5)
"""Toys have one peak: fewer steps at fewer heats do, for both methods."""


@dataclass
class Toy:
    """A case without households: every outcome is a known function of the parameters' scores."""

    world: str
    slopes: np.ndarray
    """(n_outcomes, n_parameters); the fitted outcomes first."""
    pairs: np.ndarray
    """(n_outcomes, 2) parameters whose product an outcome holds in the kinked world."""
    targets: tuple[Target, ...] = ()
    config: str = ""
    shocks: dict[str, str] = field(default_factory=dict)
    split: None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """As `Case.outputs`."""
        names = [target.target_id for target in self.targets]
        return (*names, *STANDING, *(f"{name}_added" for name in names))

    def outcomes(self, scores: np.ndarray) -> np.ndarray:
        """All outcomes, fitted and held out, shape (n, n_outcomes)."""
        return self._of_shares(normal_shares(scores.ravel()).reshape(scores.shape))

    def _of_shares(self, shares: np.ndarray) -> np.ndarray:
        at = np.sqrt(12.0) * (shares - 0.5)
        told = at @ self.slopes.T + 0.2 * at[:, :1] ** 2
        if self.world == "kinked":
            told = told + at[:, self.pairs[:, 0]] * at[:, self.pairs[:, 1]]
            told[:, ::2] = np.maximum(told[:, ::2], 0.0)
        return np.asarray(told)

    def simulate(self, structure: str, values: Values) -> np.ndarray:
        """As `Case.simulate`."""
        shares = [prior.shares(np.array([values[prior.name]])) for prior in priors()]
        told = self._of_shares(np.stack(shares, axis=1))[0, : len(self.targets)]
        return np.concatenate([told, np.zeros(len(STANDING) + len(told))])


def toy(world: str, seed: int) -> tuple[Toy, np.ndarray]:
    """A toy with its evidence, and the scores of its truth."""
    chance = np.random.default_rng([seed, WORLDS.index(world)])
    n, n_parameters = N_FITTED + N_HELD_OUT, len(priors())
    shared = chance.normal(size=(N_SHARED, n_parameters))
    own = chance.normal(size=(n, n_parameters))
    slopes = np.concatenate([shared, own]) * (chance.random((N_SHARED + n, n_parameters)) < 0.3)
    slopes = (chance.normal(size=(n, N_SHARED)) @ slopes[:N_SHARED] + slopes[N_SHARED:]) / 2.0
    pairs = np.array([chance.choice(n_parameters, 2, replace=False) for _ in range(n)])
    if world == "unmeetable":
        slopes[0] *= 0.1
    made = Toy(world, slopes, pairs, config=f"{world}{seed}")
    truth = chance.standard_normal(n_parameters)
    seen = made.outcomes(truth[None, :])[0] + TOLERANCE * chance.normal(size=n)
    if world == "unmeetable":
        seen[0] += 10.0 * TOLERANCE
    blank = replace(targets()[0], weight="high", role=Role.FIT, metric="percent", unit="percent")
    made.targets = tuple(
        replace(
            blank,
            target_id=f"T{i}",
            measure=f"T{i}",
            factor=1.0,
            value=float(seen[i]),
            tolerance=TOLERANCE,
        )
        for i in range(N_FITTED)
    )
    return made, truth


@dataclass(frozen=True)
class Left:
    """What a method leaves: n draws."""

    scores: np.ndarray
    """(n, n_parameters)."""
    weight: np.ndarray
    """(n,) sum 1."""
    n_simulated: int
    seconds: float


class _Noted(Evaluations):
    """Evaluations that note what was simulated."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, threads=1)
        self.noted: list[np.ndarray] = []

    def simulate(self, case, structure, scores, told=None):  # type: ignore[no-untyped-def]
        """As `Evaluations.simulate`."""
        self.noted.append(scores)
        return super().simulate(case, structure, scores, told)


def present(case: Toy, plan: Plan) -> tuple[Left, np.ndarray]:
    """The present method, and the scores of its first wave."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(fitting, "sample", quick):
        evaluations = _Noted(Path(folder))
        (drawn,) = fit({"toy": case}, evaluations, plan, (STRUCTURE,)).drawn  # type: ignore[dict-item]
    seconds = time.process_time() - began
    n = sum(map(len, evaluations.noted))
    return Left(drawn.scores, drawn.weight, n, seconds), evaluations.noted[0]


def history_matching(
    case: Toy, first: np.ndarray, spared: int, seed: int, plan: Plan
) -> dict[str, Left]:
    """History matching in waves, by a cut-off on implausibility (Vernon, Goldstein and Bower 2010).

    The implausibility of a target is the distance of its emulated forecast from what was reported, in
    standard deviations of tolerance and emulator together. A point is ruled out where the largest but
    `spared` of its implausibilities is above the cut-off under the emulators of any wave. The next wave is
    drawn from the prior within what is not ruled out, and emulators are fitted again to all draws.

    Returns
    -------
    The draws of the last wave, of equal weight, and the same weighed by their likelihood under the model.
    """
    began = time.process_time()
    rng = np.random.default_rng(seed)
    misfit = Misfit(case.targets)
    scores, outputs = first, _simulated(case, first)
    emulators = [emulate(scores, outputs)]
    for _ in range(2):
        more = not_ruled_out(emulators, misfit, spared, plan.later, rng)
        scores = np.concatenate([scores, more])
        outputs = np.concatenate([outputs, _simulated(case, more)])
        emulators.append(emulate(scores, outputs))
    last = not_ruled_out(emulators, misfit, spared, plan.kept, rng)
    loglik = misfit(_simulated(case, last))
    likely = np.exp(loglik - loglik.max())
    n, seconds = len(scores) + len(last), time.process_time() - began
    return {
        "equal": Left(last, np.full(len(last), 1.0 / len(last)), n, seconds),
        "weighed": Left(last, likely / likely.sum(), n, seconds),
    }


def implausibility(
    forecasts: np.ndarray, misfit: Misfit, variance: np.ndarray | float, spared: int
) -> np.ndarray:
    """The largest but `spared` of each draw's implausibilities, shape (n,)."""
    each = np.abs(forecasts - misfit.value) / np.sqrt(misfit.tolerance**2 + variance)
    return np.asarray(np.sort(each, axis=1)[:, -1 - spared])


def not_ruled_out(
    emulators: Sequence[Emulator], misfit: Misfit, spared: int, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Scores (n, n_parameters) of the prior within the cut-off; the nearest to it where nothing is."""

    def beyond(at: np.ndarray) -> np.ndarray:
        worst = [implausibility(each(at), misfit, each.variance, spared) for each in emulators]
        return -STEEP * np.maximum(np.max(worst, axis=0) - CUT_OFF, 0.0)

    chains, _ = quick({"toy": beyond}, 2 * n, rng, n_chains=2 * n)
    found = scores_of(chains, "toy")
    return found[np.argsort(-beyond(found), kind="stable")[:n]]


def _simulated(case: Toy, scores: np.ndarray) -> np.ndarray:
    told = [case.simulate(STRUCTURE, values_of(each)) for each in scores]
    return np.array(told)[:, : len(case.targets) + len(STANDING)]


MEASURES = (
    "parameters covered, %",
    "parameters' width, prior = 1",
    "parameters' score, sd of the prior",
    "held out covered, %",
    "held out's width, prior = 1",
    "held out's score, sd of the prior",
    "draws left, of equal weight",
    "evaluations",
    "seconds",
)


def measured(left: Left, case: Toy, truth: np.ndarray) -> list[float]:
    """One method on one truth, in the order of `MEASURES`."""
    fresh = np.random.default_rng(1).standard_normal((4000, len(truth)))
    n_fitted = len(case.targets)
    outcomes = case.outcomes(left.scores)[:, n_fitted:]
    before = case.outcomes(fresh)[:, n_fitted:]
    low, _, high = np.quantile(before, [0.05, 0.5, 0.95], axis=0)
    spread = before.std(axis=0)
    told = case.outcomes(truth[None, :])[0, n_fitted:]
    wide = np.full(len(truth), PRIOR_WIDTH)
    return [
        *_bands(left.scores, left.weight, truth, wide, np.ones(len(truth))),
        *_bands(outcomes, left.weight, told, high - low, spread),
        float(1.0 / (left.weight**2).sum()),
        float(left.n_simulated),
        left.seconds,
    ]


def _bands(
    values: np.ndarray, weight: np.ndarray, truth: np.ndarray, wide: np.ndarray, unit: np.ndarray
) -> tuple[float, float, float]:
    """Percent covered, width beside the prior's and interval score of several quantities, on average."""
    found = np.array([quantiles(column, weight) for column in values.T])
    low, high = found[:, 0], found[:, 2]
    outside = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
    score = (high - low + 2.0 / (1.0 - LEVEL) * outside) / unit
    return (
        float(100 * np.mean(outside == 0.0)),
        float(np.mean((high - low) / wide)),
        float(np.mean(score)),
    )


METHODS = (
    "present method",
    "history matching, largest",
    "history matching, second largest",
    "history matching, largest, weighed",
    "prior",
)


def compared(world: str, seed: int, plan: Plan = PLAN) -> np.ndarray:
    """All methods on one truth, shape (len(METHODS), len(MEASURES))."""
    case, truth = toy(world, seed)
    ours, first = present(case, plan)
    largest = history_matching(case, first, 0, seed, plan)
    second = history_matching(case, first, 1, seed, plan)
    blind = np.random.default_rng(2).standard_normal((4000, len(truth)))
    prior = Left(blind, np.full(len(blind), 1 / len(blind)), 0, 0.0)
    several = (ours, largest["equal"], second["equal"], largest["weighed"], prior)
    return np.array([measured(each, case, truth) for each in several])


def main(worlds: Sequence[str], truths: int, first: int) -> None:
    """Print the tables, of truths with the seeds from `first` on."""
    for world in worlds:
        found = np.array([compared(world, seed) for seed in range(first, first + truths)])
        _table(f"{world}: means over {truths} truths", METHODS, found)
        gaps = found[:, 1:4] - found[:, :1]
        _table(f"{world}: minus the present method, on the same truth", METHODS[1:4], gaps)


def _table(title: str, rows: Sequence[str], found: np.ndarray) -> None:
    """Means and standard errors over the first axis, of (truths, methods, measures)."""
    mean, error = found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(len(found))
    print(f"\n{title}\n\n| method | {' | '.join(MEASURES)} |\n|{' --- |' * (len(MEASURES) + 1)}")
    for name, row, errors in zip(rows, mean, error, strict=True):
        cells = [f"{a:.3g} ±{b:.2g}" for a, b in zip(row, errors, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("worlds", nargs="*", metavar="WORLD", help=", ".join(WORLDS))
    parser.add_argument("--truths", type=int, default=24, help="how many (default: 24)")
    parser.add_argument("--first", type=int, default=0, help="seed of the first (default: 0)")
    asked = parser.parse_args()
    main(asked.worlds or WORLDS, asked.truths, asked.first)
