"""Powers, logarithms and angles from polynomials that vectorise and repeat to the bit.

In single precision the coefficients are least-squares fits at Chebyshev nodes, reweighted towards
equal ripple; relative errors are under 3e-8 (logarithm) and 4e-9 (the rest) before rounding. In
double precision they are those of the series; errors are under 2e-15 and grow with the exponent of
a power as those of any power do.
"""

import math

import numpy as np

from resilience_sim.kernels.vector import bits_double, bits_float, double_bits, float_bits, kernel

f4, f8 = np.float32, np.float64
i4, i8 = np.int32, np.int64

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

_LOG_SERIES = tuple(2.0 / math.log(2.0) / (2 * k + 1) for k in range(10))
_EXP_SERIES = tuple(math.log(2.0) ** k / math.factorial(k) for k in range(14))
_ROUND_DOUBLE = 6755399441055744.0  # 1.5 * 2^52
_ROUND_DOUBLE_BITS = i8(0x4338000000000000)
_SQRT_HALF_DOUBLE_BITS = i8(0x3FE6A09E667F3BCD)
_MANTISSA_DOUBLE = i8(52)
_LOWEST_POWER_DOUBLE, _HIGHEST_POWER_DOUBLE = -1022.0, 1022.0


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


@kernel
def log2_double(x):
    """Logarithm to base two of a positive normal number, in double precision."""
    bits = double_bits(x)
    exponent = i8(bits - _SQRT_HALF_DOUBLE_BITS) >> _MANTISSA_DOUBLE
    m = bits_double(i8(bits - (exponent << _MANTISSA_DOUBLE)))
    t = (m - 1.0) / (m + 1.0)
    v = t * t
    p = _LOG_SERIES[9] * v + _LOG_SERIES[8]
    p = p * v + _LOG_SERIES[7]
    p = p * v + _LOG_SERIES[6]
    p = p * v + _LOG_SERIES[5]
    p = p * v + _LOG_SERIES[4]
    p = p * v + _LOG_SERIES[3]
    p = p * v + _LOG_SERIES[2]
    p = p * v + _LOG_SERIES[1]
    p = p * v + _LOG_SERIES[0]
    return f8(exponent) + t * p


@kernel
def exp2_double(x):
    """Two to the power `x` in double precision, for -1022 <= x <= 1022; clipped to that range."""
    x = min(max(x, _LOWEST_POWER_DOUBLE), _HIGHEST_POWER_DOUBLE)
    whole = i8(double_bits(x + _ROUND_DOUBLE) - _ROUND_DOUBLE_BITS)
    r = x - f8(whole)
    p = _EXP_SERIES[13] * r + _EXP_SERIES[12]
    p = p * r + _EXP_SERIES[11]
    p = p * r + _EXP_SERIES[10]
    p = p * r + _EXP_SERIES[9]
    p = p * r + _EXP_SERIES[8]
    p = p * r + _EXP_SERIES[7]
    p = p * r + _EXP_SERIES[6]
    p = p * r + _EXP_SERIES[5]
    p = p * r + _EXP_SERIES[4]
    p = p * r + _EXP_SERIES[3]
    p = p * r + _EXP_SERIES[2]
    p = p * r + _EXP_SERIES[1]
    p = p * r + _EXP_SERIES[0]
    return bits_double(i8(double_bits(p) + (whole << _MANTISSA_DOUBLE)))
