"""Chance: published known answers, moments, and who shares what."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from reference import chance, normal_pair, philox, unit
from resilience_sim.kernels import draws

N = 200_000
PURPOSES = {name: int(value) for name, value in vars(draws).items() if name.startswith("PURPOSE_")}
ONES = 0xFFFFFFFF
# Known answers for Philox4x32-10 published with Random123 (kat_vectors).
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@numba.njit
def normals(words: np.ndarray) -> np.ndarray:
    """Both normals of every row of `words`; the compiled kernel alone is fast enough for moments."""
    out = np.empty((words.shape[0], 2), np.float32)
    for i in range(words.shape[0]):
        out[i, 0], out[i, 1] = draws.normal_pair(words[i, 0], words[i, 1])
    return out


@numba.njit
def units(words: np.ndarray) -> np.ndarray:
    out = np.empty(words.size, np.float32)
    for i in range(words.size):
        out[i] = draws.unit(words[i])
    return out


def words_of(n: int, purpose: int, key: tuple[int, int] = (7, 0)) -> np.ndarray:
    counters = np.zeros((n, 4), np.uint32)
    counters[:, 0], counters[:, 2] = np.arange(n), purpose
    return draws.words(counters, np.tile(np.array(key, np.uint32), (n, 1)))


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_published_known_answers(
    counter: tuple[int, ...], key: tuple[int, ...], answer: tuple[int, ...]
) -> None:
    told = draws.words(np.array([counter], np.uint32), np.array([key], np.uint32))
    assert tuple(int(word) for word in told[0]) == answer
    assert philox(counter, key) == answer


def test_twin_at_random_counters() -> None:
    rng = np.random.default_rng(3)
    counters = rng.integers(0, 2**32, (200, 4), dtype=np.uint32)
    keys = rng.integers(0, 2**32, (200, 2), dtype=np.uint32)
    twins = [
        philox(tuple(c), tuple(k)) for c, k in zip(counters.tolist(), keys.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(draws.words(counters, keys), np.array(twins, np.uint32))


def test_uniforms_are_the_first_word_of_name_time_and_purpose() -> None:
    keys = np.array([0, 5, 4_000_000_000], np.uint32)
    told = draws.uniforms(keys, 11, draws.PURPOSE_PANEL, 2**32 - 1, 3)
    twins = [
        unit(chance(key, 11, PURPOSES["PURPOSE_PANEL"], 2**32 - 1, 3)[0]) for key in keys.tolist()
    ]
    np.testing.assert_array_equal(told, np.array(twins, np.float32))


def test_normals_of_households_are_those_of_their_first_two_words() -> None:
    keys = np.array([0, 5, 4_000_000_000], np.uint32)
    told = draws.normals(keys, 11, draws.PURPOSE_ADULT, 2**32 - 1, 3)
    words = [chance(key, 11, PURPOSES["PURPOSE_ADULT"], 2**32 - 1, 3)[:2] for key in keys.tolist()]
    twins = [normal_pair(*each)[0] for each in words]
    np.testing.assert_allclose(told, twins, rtol=1e-5, atol=2e-6)


def test_uniforms_lie_strictly_between_zero_and_one() -> None:
    ends = units(np.array([0, 511, 512, ONES - 512, ONES], np.uint32))
    assert ends[0] == ends[1] == 2.0**-24
    assert ends[2] == 3 * 2.0**-24
    assert ends[-1] == 1 - 2.0**-24
    assert 0 < ends.min() and ends.max() < 1


def test_uniforms_are_even() -> None:
    drawn = draws.uniforms(np.arange(N, dtype=np.uint32), 0, 0, 7, 0).astype(float)
    assert abs(drawn.mean() - 0.5) < 3 * np.sqrt(1 / 12 / N)
    counts = np.histogram(drawn, bins=50, range=(0, 1))[0]
    chi_square = ((counts - N / 50) ** 2 / (N / 50)).sum()
    assert abs(chi_square - 49) < 3 * np.sqrt(2 * 49)


def test_normals_have_the_moments_of_normals() -> None:
    drawn = normals(words_of(N, 0)).astype(float)
    for column in drawn.T:
        # Variances of the first four raw moments of a standard normal: 1, 2, 15, 96.
        for power, (moment, variance) in enumerate([(0, 1), (1, 2), (0, 15), (3, 96)], start=1):
            assert abs((column**power).mean() - moment) < 3 * np.sqrt(variance / N)
    assert abs((drawn[:, 0] * drawn[:, 1]).mean()) < 3 / np.sqrt(N)
    assert np.isfinite(drawn).all()


def test_normals_are_box_and_muller() -> None:
    words = words_of(2_000, 1)
    first, second = (np.array([unit(int(w)) for w in words[:, n]]) for n in range(2))
    radius = np.sqrt(-2 * np.log(first))
    twins = np.stack([radius * np.cos(2 * np.pi * second), radius * np.sin(2 * np.pi * second)], 1)
    np.testing.assert_allclose(normals(words), twins, rtol=1e-5, atol=2e-6)


def test_purposes_have_numbers_of_their_own() -> None:
    assert len(set(PURPOSES.values())) == len(PURPOSES) >= 11
    # Numbers are never used again: what has one keeps it.
    kept = {
        "QUARTER": 0, "YEAR": 1, "LEARNING": 2, "DROUGHT": 3, "SEVERITY": 4, "PANEL": 5,
        "BELIEF": 6, "HEIR": 7, "CHILD": 8, "COACHING": 9, "ADULT": 10,
    }  # fmt: skip
    assert {name: PURPOSES[f"PURPOSE_{name}"] for name in kept} == kept


def test_same_key_same_word_and_every_part_of_the_key_counts() -> None:
    keys = np.arange(1_000, dtype=np.uint32)
    base = draws.uniforms(keys, 2, 1, 7, 0)
    np.testing.assert_array_equal(base, draws.uniforms(keys.copy(), 2, 1, 7, 0))
    for other in ((3, 1, 7, 0), (2, 0, 7, 0), (2, 1, 8, 0), (2, 1, 7, 1)):
        moved = draws.uniforms(keys, *other)
        assert (moved != base).mean() > 0.99
        assert abs(np.corrcoef(base, moved)[0, 1]) < 3 / np.sqrt(keys.size)


def test_a_name_keeps_its_luck_wherever_it_stands() -> None:
    keys = np.arange(100, dtype=np.uint32)
    mixed = np.random.default_rng(1).permutation(keys)
    told, moved = draws.uniforms(keys, 0, 0, 7, 0), draws.uniforms(mixed, 0, 0, 7, 0)
    np.testing.assert_array_equal(moved, told[mixed])


def test_purposes_and_words_are_independent() -> None:
    n = 50_000
    purposes = sorted(PURPOSES.values())
    columns = [units(words_of(n, each)[:, w].copy()) for each in purposes for w in range(4)]
    together = np.corrcoef(np.array(columns, float))
    apart = together[np.triu_indices_from(together, 1)]
    # 1,128 pairs: 4.5 standard errors leave a chance of 0.8 % that one strays.
    assert apart.size == 48 * 47 / 2
    assert np.abs(apart).max() < 4.5 / np.sqrt(n)
    assert abs(np.mean(apart**2) * n - 1) < 3 * np.sqrt(2 / apart.size)
