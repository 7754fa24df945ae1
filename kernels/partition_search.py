"""Greedy search for the partition that is nearest to many draws of partitions.

Distances here are of the form ``F(z) + F(draw) - 2 F(z and draw)``, where ``F`` adds up ``phi(size)``
over the clusters of a partition and "z and draw" is that into the cells of their contingency table.
``phi(s) = s log s`` gives n times the variation of information (Meila 2007), ``phi(s) = s (s - 1) / 2``
the number of pairs on which the two disagree (Binder 1978). Moves are those of SALSO (Dahl, Johnson
and Mueller 2022).

Clusters of all draws stand in one row, and ``codes[i, t]`` is the place there of the cluster that image i
has in draw t. What image i adds to the expected loss in cluster k, times the number of draws m, is

    m rise(sizes[k]) - 2 sum over t of rise(counts[codes[i, t], k]),   rise(s) = phi(s + 1) - phi(s)

for the sizes and counts without it; a new cluster adds nothing. Live clusters fill the first slots.
"""

from typing import NamedTuple

import numpy as np

from dpmix.kernels.compile import kernel

__all__ = ["Search", "place", "reallocate", "take_out"]


class Search(NamedTuple):
    """A partition that is being improved, and its contingency tables with all draws."""

    codes: np.ndarray  # (n, m) int32
    rise: np.ndarray  # (n + 1,) float64, not negative and 0 at 0
    z: np.ndarray  # (n,) int32, cluster of each image, -1 while it has none
    sizes: np.ndarray  # (capacity,) int32
    counts: np.ndarray  # (clusters of all draws, capacity) int32, images that each pair of clusters shares
    rises: np.ndarray  # (clusters of all draws, capacity) float64, rise[counts]
    scores: np.ndarray  # (capacity,) float64, workspace


@kernel
def _count(i, k, sign, search):
    """Add image `i` to cluster `k`, or with `sign` -1 take it away; sizes, counts and rises follow."""
    search.sizes[k] += sign
    for t in range(search.codes.shape[1]):
        g = search.codes[i, t]
        count = search.counts[g, k] + sign
        search.counts[g, k] = count
        search.rises[g, k] = search.rise[count]


@kernel
def _fill_slot(empty, n_clusters, search):
    """Move the last of `n_clusters` clusters into the slot `empty`; returns how many are left."""
    last = n_clusters - 1
    if empty != last:
        for i in range(search.z.size):
            if search.z[i] == last:
                search.z[i] = empty
        search.sizes[empty] = search.sizes[last]
        search.sizes[last] = 0
        for g in range(search.counts.shape[0]):
            search.counts[g, empty] = search.counts[g, last]
            search.rises[g, empty] = search.rises[g, last]
            search.counts[g, last] = 0
            search.rises[g, last] = 0.0
    return last


@kernel
def _cost_at_home(i, search):
    """What image `i` adds to the loss where it is."""
    own, m = search.z[i], search.codes.shape[1]
    total = 0.0
    for t in range(m):
        total += search.rise[search.counts[search.codes[i, t], own] - 1]
    return m * search.rise[search.sizes[own] - 1] - 2.0 * total


@kernel
def _cheapest(i, n_clusters, search):
    """The live cluster other than its own to which image `i` adds least, and how much; (-1, 0) for none."""
    m, scores = search.codes.shape[1], search.scores
    for k in range(n_clusters):
        scores[k] = 0.0
    for t in range(m):
        row = search.rises[search.codes[i, t]]
        for k in range(n_clusters):
            scores[k] += row[k]
    best, least = -1, 0.0
    for k in range(n_clusters):
        cost = m * search.rise[search.sizes[k]] - 2.0 * scores[k]
        if k != search.z[i] and (best < 0 or cost < least):
            best, least = k, cost
    return best, least


@kernel
def _move(i, k, n_clusters, search):
    """Move image `i` to slot `k`, at most `n_clusters`; returns the number of live clusters."""
    own = search.z[i]
    _count(i, k, 1, search)
    search.z[i] = k
    n_clusters = max(n_clusters, k + 1)
    if own >= 0:
        _count(i, own, -1, search)
        if search.sizes[own] == 0:
            n_clusters = _fill_slot(own, n_clusters, search)
    return n_clusters


@kernel
def reallocate(order, first, last, n_clusters, most, tolerance, search):
    """Put images ``order[first:last]`` in turn where each adds least to the loss.

    Parameters
    ----------
    order : (p,) int64
        Images; those without a cluster get one.
    most : int
        Number of clusters beyond which none is opened.
    tolerance : float
        Images that have a cluster leave it only for one that is better by more than this.
    search : Search
        Changed in place.

    Returns
    -------
    next : int
        The first place not yet visited: `last`, or less where the slots ran out.
    n_clusters : int
    change : float
        Of the expected loss, in its unit times the number of draws.
    """
    change = 0.0
    for p in range(first, last):
        if n_clusters == search.sizes.size and n_clusters < most:
            return p, n_clusters, change
        i = order[p]
        own = search.z[i]
        k, cost = _cheapest(i, n_clusters, search)
        if n_clusters < most and (k < 0 or cost > 0.0):
            k, cost = n_clusters, 0.0
        at_home = _cost_at_home(i, search) if own >= 0 else 0.0
        if k >= 0 and (own < 0 or cost < at_home - tolerance):
            n_clusters = _move(i, k, n_clusters, search)
            change += cost - at_home
    return last, n_clusters, change


@kernel
def take_out(images, first, last, n_clusters, search):
    """Take ``images[first:last]`` out of their clusters; returns the number of clusters and the change."""
    change = 0.0
    for p in range(first, last):
        i = images[p]
        own = search.z[i]
        change -= _cost_at_home(i, search)
        _count(i, own, -1, search)
        search.z[i] = -1
        if search.sizes[own] == 0:
            n_clusters = _fill_slot(own, n_clusters, search)
    return n_clusters, change


@kernel
def place(images, slots, first, last, search):
    """Give ``images[first:last]``, which have no cluster, those in `slots`."""
    for p in range(first, last):
        search.z[images[p]] = slots[p]
        _count(images[p], slots[p], 1, search)
