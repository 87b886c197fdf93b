"""Emulators: smooth functions that stand in for the model, and know how far off they are."""

from __future__ import annotations

import numpy as np
import pytest

from resilience_sim.calibration.emulators import emulate

CHANCE = np.random.default_rng(7)


def bent(z: np.ndarray) -> np.ndarray:
    return np.asarray(2.0 + z[:, 0] - 0.5 * z[:, 1] + 0.4 * z[:, 0] * z[:, 2] + 0.3 * z[:, 3] ** 2)


def test_a_bent_function_is_found_and_its_error_is_that_of_new_draws() -> None:
    z, new = CHANCE.standard_normal((160, 12)), CHANCE.standard_normal((2000, 12))
    told = emulate(z, (bent(z) + 0.2 * CHANCE.standard_normal(160))[:, None])
    missed = np.mean((told(new)[:, 0] - bent(new)) ** 2) + 0.2**2
    assert told.explained[0] > 0.85
    assert (
        0.7 * missed < told.variance[0] < 3 * missed
    )  # told by fits to three quarters of the draws


def test_noise_is_not_explained() -> None:
    z = CHANCE.standard_normal((100, 12))
    told = emulate(z, CHANCE.standard_normal((100, 1)))
    assert told.explained[0] < 0.15 and told.variance[0] > 0.6


def test_a_constant_is_a_constant_and_a_draw_that_failed_does_not_count() -> None:
    z = CHANCE.standard_normal((60, 4))
    outputs = np.stack([np.full(60, 3.0), z[:, 0]], axis=1)
    outputs[:5] = np.nan
    told = emulate(z, outputs)
    assert told(z)[:, 0] == pytest.approx(np.full(60, 3.0))
    assert told(z)[5:, 1] == pytest.approx(outputs[5:, 1], abs=0.05)


def test_it_does_not_run_away_far_out() -> None:
    z = CHANCE.standard_normal((60, 4))
    told = emulate(z, (z[:, :1]) ** 2)
    assert told(np.full((1, 4), 50.0))[0, 0] <= 1.3 * (z[:, 0] ** 2).max()


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 10"):
        emulate(np.zeros((9, 3)), np.zeros((9, 1)))
