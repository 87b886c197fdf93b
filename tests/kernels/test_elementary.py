"""Logarithm, power and angle in single precision against NumPy in double."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from resilience_sim.kernels import elementary

HALF_ULP = 2.0**-24  # relative rounding of one single-precision operation


@numba.njit
def log2_of(x: np.ndarray) -> np.ndarray:
    out = np.empty(x.size, np.float32)
    for i in range(x.size):
        out[i] = elementary.log2(x[i])
    return out


@numba.njit
def exp2_of(x: np.ndarray) -> np.ndarray:
    out = np.empty(x.size, np.float32)
    for i in range(x.size):
        out[i] = elementary.exp2(x[i])
    return out


@numba.njit
def sine_cosine_of(x: np.ndarray) -> np.ndarray:
    out = np.empty((2, x.size), np.float32)
    for i in range(x.size):
        out[0, i], out[1, i] = elementary.sine_cosine(x[i])
    return out


def relative(told: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs((told.astype(float) - true) / true).max())


def test_log2_over_all_normal_numbers() -> None:
    x = np.exp2(np.linspace(-125.9, 126.9, 200_001)).astype(np.float32)
    true = np.log2(x.astype(float))
    is_one = true == 0
    assert relative(log2_of(x[~is_one]), true[~is_one]) < 5 * HALF_ULP


def test_log2_keeps_its_precision_around_one() -> None:
    # The logarithm is near zero there: only an expansion in x - 1 keeps relative precision.
    away = np.exp2(-np.arange(1.0, 23.0))
    x = np.concatenate([1 - away / 2, 1 + away]).astype(np.float32)
    assert relative(log2_of(x), np.log2(x.astype(float))) < 5 * HALF_ULP


def test_log2_is_exact_at_powers_of_two() -> None:
    powers = np.arange(-126, 128)
    np.testing.assert_array_equal(log2_of(np.exp2(powers.astype(float)).astype(np.float32)), powers)


def test_log2_never_falls() -> None:
    # Every number around one and around the seams of the polynomial, sqrt(1/2) and sqrt(2).
    for middle in (np.sqrt(0.5), 1.0, np.sqrt(2.0)):
        bits = np.float32(middle).view(np.int32) + np.arange(-2_000, 2_000, dtype=np.int32)
        told = log2_of(bits.view(np.float32))
        assert np.diff(told).min() >= -2 * HALF_ULP * max(abs(np.log2(middle)), 2**-11)


def test_exp2_over_its_whole_range() -> None:
    x = np.linspace(-126, 126, 200_001).astype(np.float32)
    assert relative(exp2_of(x), np.exp2(x.astype(float))) < 4 * HALF_ULP


def test_exp2_is_exact_at_whole_numbers_and_clipped_beyond_its_range() -> None:
    whole = np.arange(-126, 127)
    np.testing.assert_array_equal(exp2_of(whole.astype(np.float32)), np.exp2(whole.astype(float)))
    beyond = exp2_of(np.array([-1e9, -127, 127, 1e9], np.float32))
    np.testing.assert_array_equal(beyond, np.exp2([-126.0, -126.0, 126.0, 126.0]))


@pytest.mark.parametrize("exponent", [0.0, 0.28, 0.45, 1.0, 3.0])
def test_powers_as_the_household_takes_them(exponent: float) -> None:
    x = np.exp2(np.linspace(-6.5, 5.5, 10_001)).astype(np.float32)
    told = exp2_of(np.float32(exponent) * log2_of(x))
    true = x.astype(float) ** float(np.float32(exponent))
    # The error of the exponent counts in full: up to 6.5 * 3 binary digits, times log(2).
    assert relative(told, true) < 80 * HALF_ULP


def test_sine_and_cosine_over_the_turn() -> None:
    turns = ((np.arange(2**16) + 0.5) / 2**16).astype(np.float32)
    told = sine_cosine_of(turns)
    angle = 2 * np.pi * turns.astype(float)
    np.testing.assert_allclose(told, [np.sin(angle), np.cos(angle)], rtol=0, atol=4 * HALF_ULP)
    np.testing.assert_allclose((told.astype(float) ** 2).sum(axis=0), 1, rtol=0, atol=1e-6)


def test_sine_and_cosine_at_the_ends_of_a_draw() -> None:
    turns = np.array([0.0, 2.0**-24, 0.25, 0.5, 0.75, 1 - 2.0**-24], np.float32)
    angle = 2 * np.pi * turns.astype(float)
    true = np.array([np.sin(angle), np.cos(angle)])
    np.testing.assert_allclose(sine_cosine_of(turns), true, rtol=0, atol=2 * HALF_ULP)
    # Close to whole quarters the small one of the two keeps its relative precision.
    assert relative(sine_cosine_of(turns[[1, 5]])[0], true[0, [1, 5]]) < 4 * HALF_ULP


def test_a_coarser_polynomial_would_not_pass() -> None:
    # Negative control: single-precision arithmetic in base e loses what the bound above asks for.
    x = np.linspace(-126, 126, 20_001).astype(np.float32)
    coarse = np.exp((x * np.float32(np.log(2))).astype(np.float32)).astype(np.float32)
    assert relative(coarse, np.exp2(x.astype(float))) > 4 * HALF_ULP
