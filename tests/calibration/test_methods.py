"""The present method beside history matching: a small version of benchmarks/compare_methods.py."""

from __future__ import annotations

import importlib.util
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from resilience_sim.calibration import fitting, sampling
from resilience_sim.calibration.emulators import emulate
from resilience_sim.calibration.fitting import Plan
from resilience_sim.calibration.misfit import Misfit

PLAN = Plan(first=32, later=12, kept=24)
N_TRUTHS = 4


@pytest.fixture(scope="module")
def methods() -> ModuleType:
    """The benchmark, which is no part of the package."""
    path = Path(__file__).parents[2] / "benchmarks" / "compare_methods.py"
    spec = importlib.util.spec_from_file_location("compare_methods", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch, methods: ModuleType) -> None:
    """Toys have one peak: fewer steps at fewer heats do."""
    short = partial(sampling.sample, n_warm=14, heats=5)
    monkeypatch.setattr(fitting, "sample", short)
    monkeypatch.setattr(methods, "PLAN", PLAN)
    monkeypatch.setattr(methods, "N_FITTED", 4)


def test_implausibility_counts_tolerance_and_emulator_and_spares_the_largest(
    methods: ModuleType,
) -> None:
    case, _ = methods.toy("smooth", 0)
    misfit = Misfit(case.targets)
    at = misfit.value[None, :].copy()
    at[0, :2] += np.array([5.0, 2.0]) * np.sqrt(misfit.tolerance[:2] ** 2 + 0.4**2)
    far = (
        methods.implausibility(at, misfit, 0.4**2, 0),
        methods.implausibility(at, misfit, 0.4**2, 1),
    )
    assert far[0] == pytest.approx([5.0]) and far[1] == pytest.approx([2.0])


def test_what_is_not_ruled_out_lies_within_the_cut_off(methods: ModuleType) -> None:
    case, truth = methods.toy("smooth", 1)
    chance = np.random.default_rng(1)
    first = chance.standard_normal((48, len(truth)))
    misfit = Misfit(case.targets)
    told = np.zeros((len(first), misfit.n_outputs))
    told[:, : len(case.targets)] = case.outcomes(first)[:, : len(case.targets)]
    emulator = emulate(first, told)

    def worst(scores: np.ndarray) -> np.ndarray:
        return np.asarray(
            methods.implausibility(emulator(scores), misfit, emulator.variance, spared=0)
        )

    left = methods.not_ruled_out([emulator], misfit, 0, 24, chance)
    assert (worst(left) <= methods.CUT_OFF).all()
    assert (worst(first) > methods.CUT_OFF).mean() > 0.5  # most of the prior is ruled out


def test_a_target_that_nothing_meets_breaks_the_cut_off_and_not_the_fit(
    methods: ModuleType,
) -> None:
    found = [methods.compared("unmeetable", seed, PLAN) for seed in range(N_TRUTHS)]
    at = dict(zip(methods.METHODS, np.mean(found, axis=0), strict=True))
    place = {name: i for i, name in enumerate(methods.MEASURES)}
    ours, cut = at["present method"], at["history matching, largest"]
    assert ours[place["evaluations"]] == cut[place["evaluations"]] == 32 + 2 * 12 + 24
    covered, score = place["parameters covered, %"], place["parameters' score, sd of the prior"]
    assert ours[covered] > cut[covered] and ours[score] < cut[score]
    assert ours[place["held out's width, prior = 1"]] < 1.0  # the evidence did tell something
