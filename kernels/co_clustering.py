"""What draws of partitions have in common: pairs of images, and pairs of draws."""

import numpy as np

from dpmix.kernels.compile import kernel

__all__ = ["count_together", "overlaps"]


@kernel
def count_together(codes, first, last, out):
    """Count the draws in which images ``first`` to ``last`` - 1 are in one cluster with each image before.

    Parameters
    ----------
    codes : (n, m) int32, cluster of each image in each of m draws
    out : (n, n) int32, of which the lower triangle without its diagonal is filled, row by row
    """
    for i in range(first, last):
        one = codes[i]
        for j in range(i):
            other = codes[j]
            together = np.int32(0)
            for t in range(one.size):
                together += np.int32(one[t] == other[t])
            out[i, j] = together


@kernel
def _overlap(z, other, phi, table):
    k, other_k = 0, 0
    for i in range(z.size):
        table[z[i], other[i]] += 1
        k, other_k = max(k, z[i] + 1), max(other_k, other[i] + 1)
    total = 0.0
    for one in range(k):
        for two in range(other_k):
            total += phi[table[one, two]]
            table[one, two] = 0
    return total


@kernel
def overlaps(draws, phi, first, last, table, out):
    """Sums of ``phi`` over the cells of the contingency tables of pairs of draws.

    Parameters
    ----------
    draws : (m, n) int32, clusters numbered from 0
    phi : (n + 1,) float64, 0 at 0
    first, last : int
        Places in `out`, counted row by row, which are looked at.
    table : (k, k) int32, zeros, k at least the number of clusters of any draw; zeros again afterwards
    out : (m, m) float64, of which the lower triangle without its diagonal is filled
    """
    m = draws.shape[0]
    for place in range(first, last):
        a, b = place // m, place % m
        if b < a:
            out[a, b] = _overlap(draws[a], draws[b], phi, table)
