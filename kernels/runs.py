"""Runs of neighbouring bits that are set, in rows of packed bits.

A bit differs from the one before it where a run begins or ends, and ``bits ^ (bits << 1)`` has such places set,
a byte at a time; where a byte has none, that is all there is to do.
"""

import numpy as np

from dpmix.kernels.compile import kernel

__all__ = ["count_runs", "list_runs"]

_LOWEST = np.array([(edges & -edges).bit_length() - 1 for edges in range(256)], np.int64)


@kernel
def count_runs(packed, d, out):
    """Fill ``out[i]`` with how many runs row i has.

    Parameters
    ----------
    packed : (m, w) uint8
        Eight bits to a byte, the lowest first; what follows the first `d` of a row is passed over.
    d : int
    out : (m,) int64
    """
    for i in range(packed.shape[0]):
        found, before = 0, 0
        for byte in range((d + 7) // 8):
            bits = np.int64(packed[i, byte])
            if bits == 0 or (bits == 255 and before == 1):
                before = bits & 1
                continue
            begins = bits & ~((bits << 1) | before)
            if 8 * byte + 8 > d:
                begins &= (1 << (d - 8 * byte)) - 1
            while begins:
                begins &= begins - 1
                found += 1
            before = bits >> 7
        out[i] = found


@kernel
def list_runs(packed, d, starts, stops):
    """List the runs of all rows, row after row.

    Parameters
    ----------
    packed, d
        As for `count_runs`.
    starts, stops : (t,) int32
        First bit of each run and the one after its last; t is the sum of what `count_runs` gives.
    """
    t = 0
    for i in range(packed.shape[0]):
        before = 0
        for byte in range((d + 7) // 8):
            bits = np.int64(packed[i, byte])
            edges = (bits ^ ((bits << 1) | before)) & 255
            if 8 * byte + 8 > d:
                edges &= (1 << (d - 8 * byte)) - 1
            while edges:
                place = np.int32(8 * byte + _LOWEST[edges])
                edges &= edges - 1
                if before:
                    stops[t] = place
                    t += 1
                else:
                    starts[t] = place
                before = 1 - before
        if before:
            stops[t] = d
            t += 1
