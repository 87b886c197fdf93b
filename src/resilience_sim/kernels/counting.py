"""Numbers as the sums count them: in units of 2^-20, and in bins of a logarithm."""

import numpy as np

from resilience_sim.kernels.elementary import log2
from resilience_sim.kernels.vector import kernel, nearest

f4, f8, i4 = np.float32, np.float64, np.int32
FIXED_POINT = 2.0**20  # sums are counted in units of 2^-20 lines times a weight of mean one
BINS_PER_DOUBLING, LOWEST_BIN_LOG2, N_BINS = (
    20,
    -6,
    280,
)  # histogram of yearly income or consumption


@kernel
def fixed(weight, value):
    """A weighted value in units of 2^-20, int64."""
    return nearest(weight * f8(value) * FIXED_POINT)


@kernel
def bin_of(value):
    """Histogram bin of a yearly flow, evenly spaced in its logarithm; the ends take what lies beyond."""
    level = log2(max(value, f4(1e-6))) - f4(LOWEST_BIN_LOG2)
    return min(max(i4(level * f4(BINS_PER_DOUBLING)), i4(0)), i4(N_BINS - 1))
