"""The collapsed Gibbs sweep over assignments: Neal (2000), Algorithm 3.

One image after another is taken out and put back into cluster k with probability proportional to
``size_k p(x_i | other members)``, or into a new one in proportion to ``alpha p(x_i)`` (his equation
3.7). Counts and tables are touched only when the image moves: its own cluster is scored with the
image left out from tables made for that.

Live clusters fill slots 0 to n_clusters - 1; the slot behind them is the cluster not opened yet.
When a cluster dies, the last live one takes its slot.
"""

import math

import numpy as np

from dpmix.kernels.beta_bernoulli import exact_score, own_score, refresh, score_image
from dpmix.kernels.categorical import contender_floor, draw, screen
from dpmix.kernels.compile import kernel

__all__ = ["count_images", "fill_tables", "move_image", "sweep"]

_NEVER = np.int32(-2147483648)


@kernel
def fill_tables(first, last, hyper, partition, tables):
    """Build the scores of slots `first` to `last` - 1 from their counts."""
    for k in range(first, last):
        refresh(k, hyper, partition, tables)


@kernel
def _count(i, k, sign, runs, partition):
    """Add image `i` to the counts of cluster `k`, or with `sign` -1 take it away."""
    partition.sizes[k] += sign
    ones = partition.ones[k]
    for r in range(runs.offsets[i], runs.offsets[i + 1]):
        for j in range(runs.starts[r], runs.stops[r]):
            ones[j] += sign


@kernel
def count_images(first, last, runs, partition):
    """Add images `first` to `last` - 1 to the counts of the clusters that `partition.z` gives them."""
    for i in range(first, last):
        _count(i, partition.z[i], 1, runs, partition)


@kernel
def _fill_gap(gap, last, partition):
    """Move the cluster of slot `last` into the empty slot `gap`."""
    if gap == last:
        return
    z = partition.z
    for i in range(z.size):
        if z[i] == last:
            z[i] = gap
    partition.sizes[gap] = partition.sizes[last]
    partition.sizes[last] = 0
    partition.ones[gap, :] = partition.ones[last, :]
    partition.ones[last, :] = 0


@kernel
def move_image(i, k, n_clusters, runs, hyper, partition, tables):
    """Move image `i` to slot `k` (the one behind the live ones opens a cluster).

    Returns the number of live clusters. Counts, assignments and tables are changed in place.
    """
    own = partition.z[i]
    _count(i, own, -1, runs, partition)
    _count(i, k, 1, runs, partition)
    partition.z[i] = k
    before = n_clusters
    if k == n_clusters:
        n_clusters += 1
    if partition.sizes[own] == 0:
        n_clusters -= 1
        _fill_gap(own, n_clusters, partition)
        if k == n_clusters:
            k = own
    refresh(k, hyper, partition, tables)
    if own != k and own < n_clusters:
        refresh(own, hyper, partition, tables)
    if n_clusters != before:
        refresh(n_clusters, hyper, partition, tables)
    return n_clusters


@kernel
def _choose_exactly(i, u, n_clusters, tolerance, runs, hyper, partition, tables):
    """Slot drawn for image `i` from scores in double precision, where they can win at all."""
    own = partition.z[i]
    log_scores = tables.log_scores
    _, floor = contender_floor(tables.scores, n_clusters + 1, tables.scale, tolerance)
    for k in range(n_clusters + 1):
        log_scores[k] = -math.inf
        if tables.scores[k] > floor:
            log_scores[k] = exact_score(i, k, k == own, runs, hyper, partition, tables)
    return draw(u, log_scores, n_clusters + 1)


@kernel
def sweep(first, last, n_clusters, uniforms, tolerance, runs, hyper, partition, tables):
    """Reassign images `first` to `last` - 1 in turn, image i by ``uniforms[i]``.

    Parameters
    ----------
    tolerance : float
        Largest rounding error of a score in the tables, nats. A draw that could depend on it is
        made from scores in double precision instead.
    runs, hyper, partition, tables : records of `dpmix.kernels.records`
        `partition` and `tables` are changed in place.

    Returns
    -------
    next : int
        The first image not yet visited: `last`, or less where the slots ran out.
    n_clusters : int
    n_moved : int
        Images that changed cluster.
    """
    n_moved = 0
    scores = tables.scores
    for i in range(first, last):
        if n_clusters + 2 > partition.sizes.size:
            return i, n_clusters, n_moved
        own = partition.z[i]
        alone = partition.sizes[own] == 1
        score_image(i, n_clusters + 1, runs, tables, scores)
        scores[own] = _NEVER if alone else own_score(i, own, runs, tables)
        k = screen(uniforms[i], scores, n_clusters + 1, own, tables.scale, tolerance)
        if k < 0:
            k = _choose_exactly(i, uniforms[i], n_clusters, tolerance, runs, hyper, partition, tables)
        if k != own and not (alone and k == n_clusters):
            n_clusters = move_image(i, k, n_clusters, runs, hyper, partition, tables)
            n_moved += 1
    return last, n_clusters, n_moved
