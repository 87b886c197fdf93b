"""Chance as a pure function of seed, replicate, household or village, period and purpose.

Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
SC11); its published known answers are a test. One call gives four words for one purpose.

Luck lives in calendar time: a harvest, a wage, an illness and a loss of assets are drawn per
calendar quarter, whatever the length of a period, and drought per village and year.
"""

import math

import numpy as np

from resilience_sim.kernels.elementary import log2, sine_cosine
from resilience_sim.kernels.vector import kernel, loop_kernel

f4 = np.float32
u4 = np.uint32
u8 = np.uint64
i4 = np.int32

# Purposes. A new source of luck gets a new number; numbers are never used twice.
PURPOSE_QUARTER = u4(0)  # harvest, wages, illness, loss of assets; per household and quarter
PURPOSE_YEAR = u4(1)  # loss of knowledge; per household and year
PURPOSE_LEARNING = u4(2)  # who learns from a training; per household and period
PURPOSE_DROUGHT = u4(3)  # per village and year
PURPOSE_SEVERITY = u4(4)  # how hard a scenario shock strikes; per household
PURPOSE_PANEL = u4(5)  # which households the panel keeps; per household
PURPOSE_BELIEF = u4(6)  # what a crop does to confidence; per household and year
PURPOSE_HEIR = u4(7)  # skill and belief of an heir; per household and year
PURPOSE_CHILD = u4(8)  # taste for school; per household and generation
PURPOSE_COACHING = u4(9)  # who gains confidence from coaching; per household and period
PURPOSE_ADULT = u4(10)  # years of school of the heads at the start; per household
PURPOSE_KNOWN = u4(11)  # who has heard of the improved technique at the start; per household

_MULTIPLIER_0, _MULTIPLIER_1 = u8(0xD2511F53), u8(0xCD9E8D57)
_WEYL_0, _WEYL_1 = u8(0x9E3779B9), u8(0xBB67AE85)
_MASK, _HIGH = u8(0xFFFFFFFF), u8(32)
_SCALE, _CENTRE = f4(2.0**-23), f4(2.0**-24)
_MINUS_TWO_LN2 = f4(-2.0 * math.log(2.0))


@kernel
def _round(c0, c1, c2, c3, k0, k1):
    """One of the ten rounds, and the keys of the next."""
    p0 = _MULTIPLIER_0 * (c0 & _MASK)
    p1 = _MULTIPLIER_1 * (c2 & _MASK)
    return (
        (p1 >> _HIGH) ^ c1 ^ k0, p1 & _MASK, (p0 >> _HIGH) ^ c3 ^ k1, p0 & _MASK,
        (k0 + _WEYL_0) & _MASK, (k1 + _WEYL_1) & _MASK,
    )  # fmt: skip


@kernel
def philox(counter_0, counter_1, counter_2, counter_3, key_0, key_1):
    """Four 32-bit words of Philox4x32-10.

    Words are kept in 64-bit lanes, whose low halves alone matter, and the rounds are written out: a
    loop inside the loop over households would keep that one from vectorising.
    """
    c0, c1, c2, c3 = u8(counter_0), u8(counter_1), u8(counter_2), u8(counter_3)
    k0, k1 = u8(key_0), u8(key_1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    return u4(c0 & _MASK), u4(c1), u4(c2 & _MASK), u4(c3)


@kernel
def unit(word):
    """A word as a number strictly between 0 and 1 (23 bits, centred)."""
    return f4(i4(word >> u4(9))) * _SCALE + _CENTRE


@kernel
def normal_pair(word_0, word_1):
    """Two independent standard normals from two words (Box and Muller 1958)."""
    radius = f4(math.sqrt(_MINUS_TWO_LN2 * log2(unit(word_0))))
    sine, cosine = sine_cosine(unit(word_1))
    return radius * cosine, radius * sine


@loop_kernel
def uniforms(keys, period, purpose, seed, replicate):
    """First uniform of every household or village in `keys` for one period and purpose; float32, shape (n,)."""
    out = np.empty(keys.size, np.float32)
    for i in range(keys.size):
        word, _, _, _ = philox(keys[i], u4(period), u4(purpose), u4(0), u4(seed), u4(replicate))
        out[i] = unit(word)
    return out


@loop_kernel
def normals(keys, period, purpose, seed, replicate):
    """First normal of every household in `keys` for one period and purpose; float32, shape (n,)."""
    out = np.empty(keys.size, np.float32)
    for i in range(keys.size):
        a, b, _, _ = philox(keys[i], u4(period), u4(purpose), u4(0), u4(seed), u4(replicate))
        out[i], _ = normal_pair(a, b)
    return out


@loop_kernel
def words(counters, keys):
    """Philox words for rows of `counters` (n, 4) and `keys` (n, 2), uint32; shape (n, 4). For known answers."""
    out = np.empty((counters.shape[0], 4), np.uint32)
    for i in range(counters.shape[0]):
        a, b, c, d = philox(
            counters[i, 0], counters[i, 1], counters[i, 2], counters[i, 3], keys[i, 0], keys[i, 1]
        )
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = a, b, c, d
    return out
