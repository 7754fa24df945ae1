"""Slice sampling of the pixels' pseudo-counts from the counts of the clusters.

Given the partition, pixels are independent: with o_k of the n_k members of cluster k on, pixel by
pixel

    p(a, b | ones, sizes) ~ p(a) p(b) prod_k B(a + o_k, b + n_k - o_k) / B(a, b),

where p is the density of a Gamma(shape, rate) distribution restricted to [`LEAST`, `MOST`]. Each of
log a and log b is moved in turn by univariate slice sampling with stepping out and shrinkage
(Neal 2003, figures 3 and 5).
"""

import math

import numpy as np

from dpmix.kernels.compile import kernel, outlined
from dpmix.kernels.special import log_gamma_array

__all__ = ["LEAST", "MOST", "move_pseudo_counts"]

LEAST, MOST = 1e-6, 1e6
_LOW, _HIGH = math.log(LEAST), math.log(MOST)
_WIDTH = 1.5  # first guess at the width of a slice in log pseudo-counts
_ON, _OFF, _SEEN = np.int64(0), np.int64(1), np.int64(2)
_NARROW = 1e-12  # a slice as short as this holds nothing but rounding
_STEPS = 8  # widths that a slice may be stepped out on either side, at the most


@outlined
def _log_density(v, other, shape, rate, n_on, n_sizes, work):
    """Log density of v = log a given b, or of log b given a with on and off exchanged, up to a constant.

    Clusters that agree share a term: ``work[0, :n_on]`` holds the different counts above 0 that go with
    `v` (a count of 0 cancels) and ``work[1, :n_on]`` how many clusters have them; ``work[2, :n_sizes]``
    and ``work[3, :n_sizes]`` the same for the sizes.
    """
    value = math.exp(v)
    m = n_on + n_sizes + 2
    x, terms = work[4, :m], work[5, :m]
    for k in range(n_on):
        x[k] = value + work[0, k]
    for k in range(n_sizes):
        x[n_on + k] = value + other + work[2, k]
    x[m - 2], x[m - 1] = value, value + other
    log_gamma_array(x, terms, work[6])
    found = 0.0
    for k in range(n_on):
        found += work[1, k] * (terms[k] - terms[m - 2])
    for k in range(n_sizes):
        found -= work[3, k] * (terms[n_on + k] - terms[m - 1])
    return found + shape * v - rate * value


@outlined
def _slice_sample(v, other, shape, rate, n_on, n_sizes, generator, work):
    """One draw from a slice through `_log_density` that contains `v`."""
    v = min(max(v, _LOW), _HIGH)  # log(exp(v)) may lie a hair beyond
    level = _log_density(v, other, shape, rate, n_on, n_sizes, work) + math.log(1.0 - generator.random())
    left = v - _WIDTH * generator.random()
    right = left + _WIDTH
    steps_left = int(_STEPS * generator.random())
    steps_right = _STEPS - 1 - steps_left
    while (
        steps_left > 0 and left > _LOW and _log_density(left, other, shape, rate, n_on, n_sizes, work) > level
    ):
        left -= _WIDTH
        steps_left -= 1
    while (
        steps_right > 0
        and right < _HIGH
        and _log_density(right, other, shape, rate, n_on, n_sizes, work) > level
    ):
        right += _WIDTH
        steps_right -= 1
    left, right = max(left, _LOW), min(right, _HIGH)
    while right - left > _NARROW:
        drawn = left + (right - left) * generator.random()
        if _log_density(drawn, other, shape, rate, n_on, n_sizes, work) >= level:
            return drawn
        if drawn < v:
            left = drawn
        else:
            right = drawn
    return v


@outlined
def _tally(n_clusters, pixel, of, partition, bins, values, counts):
    """Different counts above 0 of members with `pixel` on, off or seen, and how many clusters have each.

    Fills ``values[:m]`` and ``counts[:m]`` and returns m.
    """
    m = 0
    for k in range(n_clusters):
        found = partition.sizes[k]
        if partition.gaps.shape[1] > 0:
            found -= partition.gaps[k, pixel]
        if of != _SEEN:
            n_on = partition.ones[k, pixel]
            found = n_on if of == _ON else found - n_on
        if found > 0:
            if bins[found] == 0:
                values[m] = found
                m += 1
            bins[found] += 1
    for k in range(m):
        counts[k] = bins[int(values[k])]
        bins[int(values[k])] = 0
    return m


@kernel
def move_pseudo_counts(first, last, step, n_clusters, gammas, generator, partition, a, b, bins, work):
    """Draw anew the pseudo-counts of pixels `first`, `first` + `step`, ... below `last`.

    Parameters
    ----------
    gammas : (2, 2) float64
        Shape and rate of the prior of a (row 0) and of b (row 1); a rate of 0 leaves them fixed.
    generator : numpy.random.Generator
    a, b : (d,) float64
        Changed in place.
    bins : (n + 1,) int32, all 0, and so again afterwards
    work : (7, 8 n_clusters + 8) float64 or larger, overwritten
    """
    n_sizes = np.int64(0)
    for pixel in range(first, last, step):
        if pixel == first or partition.gaps.shape[1] > 0:  # without gaps every pixel is seen by all members
            n_sizes = _tally(n_clusters, pixel, _SEEN, partition, bins, work[2], work[3])
        if gammas[0, 1] > 0.0:
            n_on = _tally(n_clusters, pixel, _ON, partition, bins, work[0], work[1])
            a[pixel] = math.exp(
                _slice_sample(
                    math.log(a[pixel]), b[pixel], gammas[0, 0], gammas[0, 1], n_on, n_sizes, generator, work
                )
            )
        if gammas[1, 1] > 0.0:
            n_off = _tally(n_clusters, pixel, _OFF, partition, bins, work[0], work[1])
            b[pixel] = math.exp(
                _slice_sample(
                    math.log(b[pixel]), a[pixel], gammas[1, 0], gammas[1, 1], n_off, n_sizes, generator, work
                )
            )
