"""Logarithms of whole arrays, written so that the compiler turns them into vector instructions.

A loop over ``math.log`` or ``math.lgamma`` calls the C library once per element; these loops have
no call and no branch. Both are accurate to a few units in the last place over the range that
counts plus pseudo-counts can take (about 1e-280 to 1e280; log-gamma up to 1e40).
"""

import math

import numpy as np

from dpmix.kernels.compile import kernel, outlined

__all__ = ["LOG_RATIO_ERROR", "log_array", "log_gamma_array", "log_product", "log_ratio_units", "sum_array"]

LOG_RATIO_ERROR = 2.2e-7  # nats

_LN2 = math.log(2.0)
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD  # bits of sqrt(1/2): mantissas are brought to [sqrt(1/2), sqrt(2))
_EXPONENT = np.int32(23)  # place of the exponent in the bits of a number of single precision
_HALF = np.int32(1 << 22)  # half of what one unit of the exponent is there
_TWO, _THIRD, _FIFTH, _SEVENTH, _NINTH = (np.float32(x) for x in (2, 1 / 3, 1 / 5, 1 / 7, 1 / 9))
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


@kernel
def log_array(x, out, work):
    """Natural logarithm of each x > 0, finite and normal: ``out[:] = log(x)``.

    With m the mantissa in [sqrt(1/2), sqrt(2)) and s = (m - 1) / (m + 1), log m = 2 artanh s is
    summed to s**21 (Abramowitz and Stegun 1964, 4.1.27), beyond which terms are below 1e-17.

    Parameters
    ----------
    x : (m,) float64, contiguous
    out : (m,) float64, filled; may not be `x`
    work : (m,) float64, overwritten
    """
    bits = x.view(np.int64)
    mantissa = work.view(np.int64)
    for j in range(x.size):
        exponent = (bits[j] - _SQRT_HALF_BITS) >> 52
        mantissa[j] = bits[j] - (exponent << 52)
        out[j] = exponent
    for j in range(x.size):
        s = (work[j] - 1.0) / (work[j] + 1.0)
        t = s * s
        series = t * (1 / 11 + t * (1 / 13 + t * (1 / 15 + t * (1 / 17 + t * (1 / 19 + t * (1 / 21))))))
        series = t * (1 / 3 + t * (1 / 5 + t * (1 / 7 + t * (1 / 9 + series))))
        out[j] = out[j] * _LN2 + 2.0 * (s + s * series)


@outlined
def log_ratio_units(p, q, scale, out, work):
    """Natural logarithm of each quotient of positive normal numbers in fixed point: ``out[:] = scale log(p / q)``.

    One logarithm and one division instead of two of each, in single precision, of which vectors hold twice as
    many. The difference of the bits of p and q is, but for less than 0.09, that of their binary logarithms.
    Rounded to a power of two and taken from p, it leaves a quotient m of 2**+-0.59; with s = (p - q) / (p + q),
    at most 0.201, log m = 2 artanh s is summed to s**9.

    Before it is rounded to a whole number, a result is within `LOG_RATIO_ERROR` nats, where p and q are the nearest
    numbers in single precision to what is meant. With u = 2**-24, these are off by 2 u at the most. The difference
    p - q is exact; s is off by 2 u of its size, what follows adds 1.5 u, and of |log m| <= 0.41 that is 1.5 u; what
    is not summed is 4e-9. The power of two counts in double precision.

    Parameters
    ----------
    p, q : (m,) float32, contiguous
    scale : float
    out : (m,) int32, filled
    work : (m,) float32, overwritten
    """
    above, below, scaled = p.view(np.int32), q.view(np.int32), work.view(np.int32)
    for j in range(p.size):
        exponent = np.int32(np.int32(np.int32(above[j] - below[j]) + _HALF) >> _EXPONENT)
        scaled[j] = np.int32(above[j] - np.int32(exponent << _EXPONENT))
        out[j] = exponent
    unit = scale * _LN2
    for j in range(p.size):
        s = (work[j] - q[j]) / (work[j] + q[j])
        t = s * s
        log_m = _TWO * (s + s * (t * (_THIRD + t * (_FIFTH + t * (_SEVENTH + t * _NINTH)))))
        out[j] = np.int32(np.floor(out[j] * unit + scale * np.float64(log_m) + 0.5))


@outlined
def log_product(x, work):
    """Sum of the logarithms of `x`, 1e-17 to 1e17 each: sixteen are multiplied, then one logarithm is taken.

    Parameters
    ----------
    x : (m,) float64, contiguous
    work : (3 m,) float64 or longer, overwritten
    """
    whole = x.size // 16
    m = whole + x.size - 16 * whole
    products, logs, spare = work[:m], work[m : 2 * m], work[2 * m : 3 * m]
    for j in range(whole):
        products[j] = x[j] * x[whole + j]
    for part in range(2, 16):
        factors = x[part * whole : (part + 1) * whole]
        for j in range(whole):
            products[j] *= factors[j]
    for j in range(whole, m):
        products[j] = x[15 * whole + j]
    log_array(products, logs, spare)
    return sum_array(logs)


@outlined
def log_gamma_array(x, out, work):
    """Logarithm of the gamma function of each x > 0: ``out[:] = lgamma(x)``.

    Stirling's series at y = x + 7 (Abramowitz and Stegun 1964, 6.1.41), brought down by
    Gamma(x + 1) = x Gamma(x). Absolute error below 1e-13 + 1e-15 |out|.

    Parameters
    ----------
    x : (m,) float64, contiguous
    out : (m,) float64, filled; may not be `x`
    work : (4 m,) float64 or longer, overwritten
    """
    m = x.size
    shifted, log_shifted = work[:m], work[m : 2 * m]
    product, log_product = work[2 * m : 3 * m], work[3 * m : 4 * m]
    for j in range(m):
        v = x[j]
        shifted[j] = v + 7.0
        product[j] = v * (v + 1.0) * (v + 2.0) * (v + 3.0) * (v + 4.0) * (v + 5.0) * (v + 6.0)
    log_array(shifted, log_shifted, out)
    log_array(product, log_product, out)
    for j in range(x.size):
        y = shifted[j]
        r = 1.0 / y
        q = r * r
        series = q * (1 / 1188 - q * (691 / 360360 - q * (1 / 156 - q * (3617 / 122400))))
        series = r * (1 / 12 - q * (1 / 360 - q * (1 / 1260 - q * (1 / 1680 - series))))
        out[j] = (y - 0.5) * log_shifted[j] - y + _HALF_LOG_2PI + series - log_product[j]


@kernel
def sum_array(x):
    """Sum of `x` in eight interleaved parts: fixed order, and no chain of 4-cycle additions."""
    s0, s1, s2, s3, s4, s5, s6, s7 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    whole = x.size // 8 * 8
    for j in range(0, whole, 8):
        s0 += x[j]
        s1 += x[j + 1]
        s2 += x[j + 2]
        s3 += x[j + 3]
        s4 += x[j + 4]
        s5 += x[j + 5]
        s6 += x[j + 6]
        s7 += x[j + 7]
    for j in range(whole, x.size):
        s0 += x[j]
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
