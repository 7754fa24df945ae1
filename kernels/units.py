"""Bernoulli units of neural networks: sigmoids, samples and softplus sums of float32 arrays.

As in `dpmix.kernels.special`, loops without calls or branches become vector instructions; the
exponential is a polynomial. All arithmetic is float32 (constants too: a float64 constant would
widen the loop and halve its speed) except where sums of many terms are said to be float64.
"""

import math

import numpy as np

from dpmix.kernels.compile import kernel
from dpmix.kernels.uniform import fill_uniform

__all__ = ["BLOCK", "add_softplus_sums", "exp_array", "sample_probabilities", "sample_units", "sigmoid_array"]

BLOCK = 2048  # elements worked on at a time: the three work rows stay in the first-level cache

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_LOG2_E = np.float32(1.4426950408889634)
_LN2_HIGH, _LN2_LOW = (
    np.float32(0.693359375),
    np.float32(-2.12194440e-4),
)  # their sum is ln 2; the first is short
_ROUND = np.float32(12582912.0)  # 1.5 * 2**23: adding it leaves the nearest integer in the low bits
_TO_EXPONENT = np.int32(127 - 0x4B400000)  # takes the bits of _ROUND away, adds the exponent's offset
_MANTISSA_BITS = np.int32(23)
_LIMIT = np.float32(87.0)  # exp(+-87) is still a normal float32
_C0, _C1, _C2, _C3, _C4, _C5 = (
    np.float32(c)
    for c in (
        1.9875691500e-4,
        1.3981999507e-3,
        8.3334519073e-3,
        4.1665795894e-2,
        1.6666665459e-1,
        5.0000001201e-1,
    )
)
_PARTS = 16


@kernel
def exp_array(x, out, work):
    """Exponential of each x, first brought to [-87, 87]: ``out[:] = exp(x)`` to 1e-7 relative.

    exp x = 2**n exp r with n the nearest integer to x / ln 2; the polynomial is that of the Cephes
    library (Moshier 1989, ``expf``).

    Parameters
    ----------
    x : (m,) float32, contiguous
    out : (m,) float32, filled; may not be `x`: only loops over different arrays are vectorised
    work : (m,) float32, overwritten
    """
    power = work.view(np.int32)
    for j in range(x.size):
        v = min(max(x[j], -_LIMIT), _LIMIT)
        t = v * _LOG2_E + _ROUND
        work[j] = t
        n = t - _ROUND
        r = (v - n * _LN2_HIGH) - n * _LN2_LOW
        series = ((((_C0 * r + _C1) * r + _C2) * r + _C3) * r + _C4) * r + _C5
        out[j] = series * r * r + r + _ONE
    for j in range(x.size):
        power[j] = np.int32(power[j] + _TO_EXPONENT) << _MANTISSA_BITS
    for j in range(x.size):
        out[j] = out[j] * work[j]


@kernel
def sigmoid_array(z, work):
    """Logistic function in place: ``z[:] = 1 / (1 + exp(-z))``.

    Parameters
    ----------
    z : (m,) float32, contiguous, changed in place
    work : (3, 2048) float32, overwritten
    """
    for start in range(0, z.size, BLOCK):
        block = z[start : start + BLOCK]
        minus, e = work[0, : block.size], work[1, : block.size]
        for j in range(block.size):
            minus[j] = -block[j]
        exp_array(minus, e, work[2, : block.size])
        for j in range(block.size):
            block[j] = _ONE / (_ONE + e[j])


@kernel
def sample_units(z, state, out, work):
    """Draw each unit with inputs `z`: ``out[:] = uniform < sigmoid(z)``.

    Parameters
    ----------
    z : (m,) float32, contiguous
    state : (4, 256) uint32
        As for `dpmix.kernels.uniform.fill_uniform`; advanced in place.
    out : (m,) float32
        Filled with 0 and 1; may be `z`.
    work : (3, 2048) float32, overwritten
    """
    for start in range(0, z.size, BLOCK):
        block, drawn = z[start : start + BLOCK], out[start : start + BLOCK]
        minus, e = work[0, : block.size], work[1, : block.size]
        for j in range(block.size):
            minus[j] = -block[j]
        exp_array(minus, e, work[2, : block.size])
        u = minus  # no longer needed
        fill_uniform(state, u)
        for j in range(block.size):
            # u < 1 / (1 + e) without the division; u is never 0, so an overflowing e gives 0.
            drawn[j] = _ONE if u[j] * (_ONE + e[j]) < _ONE else _ZERO


@kernel
def sample_probabilities(p, state, out, work):
    """Draw each unit that is on with probability `p`: ``out[:] = uniform < p``.

    Parameters
    ----------
    p : (m,) float32, contiguous, in [0, 1]
    state, out, work
        As for `sample_units`.
    """
    for start in range(0, p.size, BLOCK):
        block, drawn = p[start : start + BLOCK], out[start : start + BLOCK]
        u = work[2, : block.size]
        fill_uniform(state, u)
        for j in range(block.size):
            drawn[j] = _ONE if u[j] < block[j] else _ZERO


@kernel
def add_softplus_sums(z, factor, out, work):
    """Add to each out[i] the sum over j of factor * log(1 + exp(z[i, j])), in float64.

    log(1 + exp z) = max(z, 0) + log(1 + exp(-|z|)): the second parts are multiplied, one logarithm
    for up to 512 of them.

    Parameters
    ----------
    z : (m, k) float32, contiguous
    factor : float
    out : (m,) float64, changed in place
    work : (3, 2048) float32, overwritten
    """
    positive = np.empty(_PARTS)
    product = np.empty(_PARTS)
    for i in range(z.shape[0]):
        positive[:] = 0.0
        total = 0.0
        for start in range(0, z.shape[1], BLOCK):
            row = z[i, start : start + BLOCK]
            minus, e = work[0, : row.size], work[1, : row.size]
            for j in range(row.size):
                minus[j] = min(row[j], -row[j])
            exp_array(minus, e, work[2, : row.size])
            total += _log_product_of_one_plus(e, product)
            whole = row.size // _PARTS * _PARTS
            for first in range(0, whole, _PARTS):
                for part in range(_PARTS):
                    positive[part] += max(row[first + part], _ZERO)
            for j in range(whole, row.size):
                positive[0] += max(row[j], _ZERO)
        for part in range(_PARTS):
            total += positive[part]
        out[i] += factor * total


@kernel
def _log_product_of_one_plus(e, product):
    """Sum of log(1 + e[j]) for e in [0, 1], through products in 16 interleaved parts."""
    product[:] = 1.0
    whole = e.size // _PARTS * _PARTS
    for first in range(0, whole, _PARTS):  # at most 2048 / 16 factors of at most 2 in each part
        for part in range(_PARTS):
            product[part] *= 1.0 + e[first + part]
    for j in range(whole, e.size):
        product[j - whole] *= 1.0 + e[j]
    total = 0.0
    for part in range(_PARTS):
        total += math.log(product[part])
    return total
