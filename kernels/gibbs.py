"""The collapsed Gibbs sweep over assignments: Neal (2000), Algorithm 3.

One image after another is taken out and put back into cluster k with probability proportional to
``size_k p(x_i | other members)``, or into a new one in proportion to ``alpha p(x_i)`` (his equation
3.7). Counts and tables are touched only when the image moves: its own cluster is scored with the
image left out from tables made for that.
"""

import math

import numpy as np

from dpmix.kernels.beta_bernoulli import exact_score, own_score, score_image
from dpmix.kernels.categorical import contender_floor, draw, screen
from dpmix.kernels.compile import kernel
from dpmix.kernels.partition import move_image

__all__ = ["sweep_images"]

_NEVER = np.int32(-2147483648)


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
def sweep_images(first, last, n_clusters, uniforms, tolerance, runs, hyper, partition, tables):
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
