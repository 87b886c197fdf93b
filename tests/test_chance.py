"""Chance by name: even, normal, and of nothing but name, seed and purpose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from resilience_sim.chance import Purpose, normals, uniforms
from resilience_sim.cli import compose
from resilience_sim.population.imputation import spread_ages

N = 20_000
NAMES = np.array([f"{i}" for i in range(N)])


def twin(name: str, seed: int, purpose: int) -> float:
    """The same in whole numbers of any length, one name at a time."""
    key = fnv(name, 0xCBF29CE484222325 ^ seed * 0x9E3779B97F4A7C15 ^ purpose * 0xD1B54A32D192ED03)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        key = (key ^ key >> shift) * factor % 2**64
    return (key >> 11) / 2**53


def fnv(name: str, start: int) -> int:
    for letter in name:
        start = (start ^ ord(letter)) * 0x100000001B3 % 2**64
    return start


def test_numbers_are_those_of_a_slow_twin() -> None:
    # Fowler, Noll and Vo's own answer for "a".
    assert fnv("a", 0xCBF29CE484222325) == 0xAF63DC4C8601EC8C
    names = np.array(["a", "house 12/3", "01-ñ", "b"])
    for seed, purpose in ((0, 0), (1, 0), (4_294_967_295, 108), (7, 1 << 32)):
        expected = [twin(str(name), seed, purpose) for name in names]
        np.testing.assert_array_equal(uniforms(names, seed, purpose), expected)


def test_ages_at_the_start_stay_those_of_their_purpose() -> None:
    ages = replace(compose(["case=erewhon"]).generations, initial_age_low=0.0, initial_age_high=1.0)
    few = NAMES[:20]
    assert list(spread_ages(few, ages, 7)) == [twin(str(name), 7, 0) for name in few]


def test_a_number_hangs_on_its_name_alone() -> None:
    drawn = uniforms(NAMES, 3, Purpose.PLACE_SOCIAL)
    some = NAMES[100:2000:7]
    np.testing.assert_array_equal(uniforms(some, 3, Purpose.PLACE_SOCIAL), drawn[100:2000:7])
    wide = some.astype("<U40")  # padded with zeros
    np.testing.assert_array_equal(uniforms(wide, 3, Purpose.PLACE_SOCIAL), drawn[100:2000:7])
    assert len(np.unique(drawn)) == N
    assert drawn.min() >= 0 and drawn.max() < 1


def test_numbers_are_even_and_normal() -> None:
    # Three standard errors: of a mean 1 / sqrt(n), of a variance sqrt(2 / n), in standard
    # deviations.
    for purpose in Purpose:
        even = (uniforms(NAMES, 1, purpose) - 0.5) * np.sqrt(12)
        drawn = normals(NAMES, 1, purpose)
        for each in (even, drawn):
            assert abs(each.mean()) < 3 / np.sqrt(N)
            assert abs(each.var() - 1) < 3 * np.sqrt(2 / N)
        assert abs(np.mean(drawn < 1) - 0.8413447) < 3 * np.sqrt(0.84 * 0.16 / N)
        assert np.isfinite(drawn).all()


def test_seeds_and_purposes_know_nothing_of_each_other() -> None:
    drawn = [uniforms(NAMES, seed, purpose) for purpose in Purpose for seed in (1, 2)]
    drawn += [normals(NAMES, 1, purpose) for purpose in Purpose]
    correlation = np.corrcoef(drawn) - np.eye(len(drawn))
    normal = correlation[-len(Purpose) :, -len(Purpose) :]
    even = correlation[: -len(Purpose), : -len(Purpose)]
    for each in (normal, even):
        assert np.abs(each).max() < 4 / np.sqrt(N)  # of some 150 pairs
    assert len(set(Purpose)) == len(Purpose.__members__)
