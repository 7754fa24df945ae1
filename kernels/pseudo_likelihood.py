"""Pseudo-likelihood of a restricted Boltzmann machine, every pixel given all others."""

import numpy as np

from dpmix.kernels.compile import kernel
from dpmix.kernels.special import log_array
from dpmix.kernels.units import exp_array

__all__ = ["add_pixel_log_odds"]

_UNITS = 8  # eight factors of at most exp(87) stay below the largest float64
_ONE = np.float32(1.0)


@kernel
def add_pixel_log_odds(v, z, weights, out, work, sums):
    """Add to out[j] the part of the log odds of pixel j, given the other pixels, due to the hidden units.

    With z = c + v W the log odds of v_j = 1 are b_j plus the sum over hidden units of
    log(1 + exp(z_k + (1 - v_j) W_jk)) - log(1 + exp(z_k - v_j W_jk)); each term pair is a ratio of
    1 - s + s exp(change of z_k), s = sigmoid(z_k), and ratios of eight units share a logarithm.

    Parameters
    ----------
    v : (d,) float32 in [0, 1]
    z : (h,) float32
    weights : (h, d) float32, contiguous
    out : (d,) float64, changed in place
    work : (4, d) float32, overwritten
    sums : (3, d) float64, overwritten
    """
    for first in range(0, z.size, _UNITS):
        sums[0, :] = 1.0
        for k in range(first, min(first + _UNITS, z.size)):
            _multiply_ratio(v, z[k], weights[k], sums[0], work)
        log_array(sums[0], sums[1], sums[2])
        for j in range(v.size):
            out[j] += sums[1, j]


@kernel
def _multiply_ratio(v, z, row, product, work):
    """Multiply product[j] by the factor of one hidden unit with input `z` and weights `row`."""
    e = np.exp(-abs(z))
    small, large = e / (_ONE + e), _ONE / (_ONE + e)
    on, off = (large, small) if z > 0 else (small, large)
    change, up, down = work[0], work[1], work[2]
    for j in range(v.size):
        change[j] = (_ONE - v[j]) * row[j]
    exp_array(change, up, work[3])
    for j in range(v.size):
        change[j] = -v[j] * row[j]
    exp_array(change, down, work[3])
    for j in range(v.size):
        product[j] *= (off + on * up[j]) / (off + on * down[j])
