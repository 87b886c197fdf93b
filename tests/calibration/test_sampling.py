"""Sampling: posteriors that are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from resilience_sim.calibration.sampling import SHARED, Loglik, n_common, sample, scores_of, start


def seen(value: float, error: float, at: int) -> Loglik:
    """One score was seen, with a normal error."""
    return lambda scores: -0.5 * ((scores[:, at] - value) / error) ** 2


def test_a_common_parameter_learns_from_all_cases() -> None:
    logliks = {"a": seen(1.0, 0.3, 0), "b": seen(2.0, 0.5, 0)}
    chains, evidence = sample(logliks, 4000, np.random.default_rng(1))
    precision = 1 + 1 / 0.3**2 + 1 / 0.5**2
    mean = (1.0 / 0.3**2 + 2.0 / 0.5**2) / precision
    found = chains.common[:, 0]
    assert found.mean() == pytest.approx(mean, abs=0.03)
    assert found.std() == pytest.approx(precision**-0.5, rel=0.1)
    x = np.linspace(-8, 8, 20_001)
    density = np.exp(-0.5 * (x**2 + ((x - 1) / 0.3) ** 2 + ((x - 2) / 0.5) ** 2))
    exact = math.log(density.sum() * (x[1] - x[0]) / math.sqrt(2 * math.pi))
    assert evidence == pytest.approx(exact, abs=0.2)


def test_pooled_parameters_lean_on_each_other_by_the_shared_part() -> None:
    at = n_common()
    chains, _ = sample(
        {"seen": seen(1.5, 0.2, at), "not": lambda scores: np.zeros(len(scores))},
        4000,
        np.random.default_rng(2),
    )
    own = scores_of(chains, "seen")[:, at]
    other = scores_of(chains, "not")[:, at]
    assert own.mean() == pytest.approx(1.5 / 1.04, abs=0.03)
    assert other.mean() == pytest.approx(SHARED * 1.5 / 1.04, abs=0.08)
    assert 0.75 < other.std() < 1.0
    untouched = scores_of(chains, "seen")[:, at + 1]
    assert abs(untouched.mean()) < 0.1 and untouched.std() == pytest.approx(1.0, abs=0.1)


def test_a_case_apart_tells_of_common_parameters_and_of_nobody_elses_own() -> None:
    at = n_common()

    def both(scores: np.ndarray) -> np.ndarray:
        return seen(1.5, 0.2, 0)(scores) + seen(1.5, 0.2, at)(scores)

    for apart, leans in ((frozenset({"elsewhere"}), 0.0), (frozenset[str](), SHARED * 1.5 / 1.04)):
        chains, _ = sample(
            {"elsewhere": both, "here": lambda scores: np.zeros(len(scores))},
            4000,
            np.random.default_rng(4),
            apart=apart,
        )
        here, elsewhere = scores_of(chains, "here"), scores_of(chains, "elsewhere")
        assert here[:, 0].mean() == pytest.approx(1.5 / 1.04, abs=0.03)
        assert elsewhere[:, at].mean() == pytest.approx(1.5 / 1.04, abs=0.03)
        assert here[:, at].mean() == pytest.approx(leans, abs=0.08)


def test_the_same_seed_gives_the_same_draws() -> None:
    first, second = (
        sample({"a": seen(1.0, 0.5, 0)}, 64, np.random.default_rng(3), n_warm=4, heats=3)[0]
        for _ in range(2)
    )
    assert (first.common == second.common).all() and (first.centre == second.centre).all()


def test_the_first_of_some_chains_are_the_same_chains() -> None:
    chains = start({"a": seen(1.0, 0.5, 0), "b": seen(1.0, 0.5, 0)}, 8, np.random.default_rng(4))
    few = chains.first(3)
    assert (few.common == chains.common[:3]).all() and (few.centre == chains.centre[:3]).all()
    for case in ("a", "b"):
        assert (scores_of(few, case) == scores_of(chains, case)[:3]).all()
