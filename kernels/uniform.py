"""Uniform random numbers by the hundred thousand: 256 generators side by side.

Filling an array through `numpy.random.Generator` takes longer than the sigmoid it is compared with.
Here 256 xoshiro128++ generators (Blackman and Vigna 2021, "Scrambled linear pseudorandom number
generators", ACM TOMS 47(4)), each with its own state of 128 bits, advance together, so that the
compiler turns one step of all of them into vector instructions.
"""

import numpy as np

from dpmix.kernels.compile import kernel

__all__ = ["BELOW_ONE", "LANES", "fill_uniform"]

LANES = 256

# One float32 in [1, 2) is made of 23 random bits; less BELOW_ONE it lies in (0, 1), ends excluded.
BELOW_ONE = np.float32(1.0 - 2.0**-24)

_7, _9, _11, _21, _25 = (np.uint32(shift) for shift in (7, 9, 11, 21, 25))
_ONE_BITS = np.uint32(0x3F800000)  # bits of float32 1.0


@kernel
def fill_uniform(state, out):
    """Fill `out` with uniform float32 numbers strictly between 0 and 1, multiples of 2**-24.

    Parameters
    ----------
    state : (4, 256) uint32, advanced in place
        No column may be zero throughout.
    out : (m,) float32, contiguous, filled
    """
    bits = out.view(np.uint32)
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    for start in range(0, out.size, LANES):
        block = bits[start : start + LANES]
        for j in range(block.size):
            a, b, c, d = s0[j], s1[j], s2[j], s3[j]
            # Numba widens sums and shifts of uint32: each is cut back, as the generator defines them.
            r = np.uint32(a + d)
            r = np.uint32(np.uint32(np.uint32(r << _7) | np.uint32(r >> _25)) + a)
            block[j] = np.uint32(np.uint32(r >> _9) | _ONE_BITS)
            t = np.uint32(b << _9)
            c = np.uint32(c ^ a)
            d = np.uint32(d ^ b)
            s1[j] = np.uint32(b ^ c)
            s0[j] = np.uint32(a ^ d)
            s2[j] = np.uint32(c ^ t)
            s3[j] = np.uint32(np.uint32(d << _11) | np.uint32(d >> _21))
    for j in range(out.size):
        out[j] = out[j] - BELOW_ONE
