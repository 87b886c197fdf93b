"""Powers, logarithms and angles from polynomials that vectorise and repeat to the bit.

Single precision. The coefficients are least-squares fits at Chebyshev nodes, reweighted towards
equal ripple; relative errors are under 3e-8 (logarithm) and 4e-9 (the rest) before rounding.
"""

import numpy as np

from resilience_sim.kernels.vector import bits_float, float_bits, kernel

f4, i4 = np.float32, np.int32

_L8, _L7, _L6, _L5, _L4, _L3, _L2, _L1, _L0 = (
    f4(c)
    for c in (
        0.125835371, -0.20726894, 0.215715846, -0.238944952, 0.287916237,
        -0.360703677, 0.480910643, -0.721347347, 1.442695,
    )
)  # fmt: skip
_E6, _E5, _E4, _E3, _E2, _E1, _E0 = (
    f4(c)
    for c in (
        0.000153458074, 0.00133999312, 0.00961848897, 0.0555032878,
        0.240226469, 0.693147206, 1.0,
    )
)  # fmt: skip
_S3, _S2, _S1, _S0 = (f4(c) for c in (-75.3935628, 81.5923536, -41.3416615, 6.28318529))
_C4, _C3, _C2, _C1, _C0 = (f4(c) for c in (59.2028005, -85.4422981, 64.9393107, -19.7392086, 1.0))

_ONE, _HALF, _FOUR, _QUARTER = f4(1.0), f4(0.5), f4(4.0), f4(0.25)
_ROUND = f4(12582912.0)  # 1.5 * 2^23: adding it rounds to an integer held in the low bits
_ROUND_BITS = i4(0x4B400000)
_SQRT_HALF_BITS = i4(0x3F3504F3)
_MANTISSA = i4(23)
_LOWEST_POWER, _HIGHEST_POWER = f4(-126.0), f4(126.0)


@kernel
def log2(x):
    """Logarithm to base two of a positive normal number."""
    bits = float_bits(x)
    exponent = i4(i4(bits - _SQRT_HALF_BITS) >> _MANTISSA)
    f = bits_float(i4(bits - i4(exponent << _MANTISSA))) - _ONE
    p = _L8 * f + _L7
    p = p * f + _L6
    p = p * f + _L5
    p = p * f + _L4
    p = p * f + _L3
    p = p * f + _L2
    p = p * f + _L1
    p = p * f + _L0
    return f4(exponent) + f * p


@kernel
def exp2(x):
    """Two to the power `x`, for -126 <= x <= 126; clipped to that range."""
    x = min(max(x, _LOWEST_POWER), _HIGHEST_POWER)
    whole = i4(float_bits(x + _ROUND) - _ROUND_BITS)
    r = x - f4(whole)
    p = _E6 * r + _E5
    p = p * r + _E4
    p = p * r + _E3
    p = p * r + _E2
    p = p * r + _E1
    p = p * r + _E0
    return bits_float(i4(float_bits(p) + i4(whole << _MANTISSA)))


@kernel
def sine_cosine(turns):
    """Sine and cosine of an angle given in full turns, 0 <= turns < 1."""
    quarter = i4(turns * _FOUR + _HALF)
    r = turns - f4(quarter) * _QUARTER
    v = r * r
    s = _S3 * v + _S2
    s = s * v + _S1
    s = s * v + _S0
    s = s * r
    c = _C4 * v + _C3
    c = c * v + _C2
    c = c * v + _C1
    c = c * v + _C0
    swap = i4(quarter & i4(1)) != i4(0)
    sine = c if swap else s
    cosine = s if swap else c
    sine = -sine if i4(quarter & i4(2)) != i4(0) else sine
    cosine = -cosine if i4(i4(quarter + i4(1)) & i4(2)) != i4(0) else cosine
    return sine, cosine
