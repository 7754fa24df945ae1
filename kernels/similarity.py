"""How alike clusters are: Ward's distance between their mean images."""

import math

import numpy as np

from dpmix.kernels.compile import kernel, outlined

__all__ = ["ward_increase", "ward_increases"]


@kernel
def ward_increase(size, ones, other_size, other_ones):
    """Increase of the within-cluster sum of squares if two clusters were one (Ward 1963).

    ``size other_size / (size + other_size)`` times the squared distance of the mean images; a
    thousandth is added, so that the result is never 0.

    Parameters
    ----------
    ones, other_ones : (d,) int32
    """
    # Integer sums: exact, and turned into vector instructions, which sums of floats may not be.
    square, other_square, product = np.int64(0), np.int64(0), np.int64(0)
    for p in range(ones.size):
        one, other = np.int64(ones[p]), np.int64(other_ones[p])
        square += one * one
        other_square += other * other
        product += one * other
    scale, other_scale = 1.0 / size, 1.0 / other_size
    distance = (
        square * scale * scale
        + other_square * other_scale * other_scale
        - 2.0 * product * scale * other_scale
    )
    return max(distance, 0.0) / (scale + other_scale) + 1e-3


@outlined
def ward_increases(size, ones, but, n_clusters, partition, out):
    """`ward_increase` of counts `size`, `ones` with every live cluster: fills ``out[:n_clusters]``.

    The element of cluster `but` becomes infinite.
    """
    for c in range(n_clusters):
        if c == but:
            out[c] = math.inf
        else:
            out[c] = ward_increase(size, ones, partition.sizes[c], partition.ones[c])
