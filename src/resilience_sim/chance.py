"""Chance by name: numbers that hang on a seed, a household's id and a purpose, and on nothing else."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MASK = (1 << 64) - 1
_SECOND = 1 << 32  # added to a purpose that needs two numbers
_AT_ONCE = 1 << 14  # names; what is made of them stays close at hand


class Purpose(IntEnum):
    """What a number is drawn for. A new use gets a new number; numbers are never used twice."""

    AGE = 0
    WELFARE_TIE = 100
    SCORE_SOCIAL = 101
    SCORE_PRODUCTIVE = 102
    TIE_SOCIAL = 103
    TIE_PRODUCTIVE = 104
    PLACE_SOCIAL = 105
    PLACE_PRODUCTIVE = 106
    DELIVERY_SOCIAL = 107
    DELIVERY_PRODUCTIVE = 108


def uniforms(names: NDArray[Any], seed: int, purpose: int) -> NDArray[np.float64]:
    """Even numbers in [0, 1), one for each name: FNV-1a over characters, then the mix of splitmix64.

    Parameters
    ----------
    names
        Text, shape (n,); equal names get equal numbers, whatever stands beside them.
    seed, purpose
        Others give numbers that have nothing to do with these.
    """
    characters = np.ascontiguousarray(names).view(np.uint32).reshape(len(names), -1)
    start = 0xCBF29CE484222325 ^ (seed * 0x9E3779B97F4A7C15) ^ (purpose * 0xD1B54A32D192ED03)
    drawn = np.empty(len(names))
    for first in range(0, len(names), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        drawn[some] = _hashed(characters[some], start & _MASK)
    return drawn


def _hashed(characters: NDArray[np.uint32], start: int) -> NDArray[np.float64]:
    """Even numbers of some names, shape (n,); characters (n, length)."""
    key = np.full(len(characters), start, np.uint64)
    for column in characters.astype(np.uint64).T:
        mixed = (key ^ column) * np.uint64(0x100000001B3)
        key = np.where(column > 0, mixed, key)  # zeros only pad a short name
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        key = (key ^ (key >> np.uint64(shift))) * np.uint64(factor)
    key ^= key >> np.uint64(31)
    return (key >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(names: NDArray[Any], seed: int, purpose: int) -> NDArray[np.float64]:
    """Standard normal numbers, one for each name (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log1p(-uniforms(names, seed, purpose)))
    angle = 2.0 * np.pi * uniforms(names, seed, purpose + _SECOND)
    drawn: NDArray[np.float64] = radius * np.cos(angle)
    return drawn
