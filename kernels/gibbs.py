"""The collapsed Gibbs sweep over assignments: Neal (2000), Algorithm 3.

One image after another is taken out and put back into cluster k with probability proportional to
``size_k p(x_i | other members)``, or into a new one in proportion to ``alpha p(x_i)`` (his equation
3.7). Counts and tables are touched only when the image moves: its own cluster is scored with the
image left out from tables made for that.
"""

import numpy as np

from dpmix.kernels.beta_bernoulli import exact_score
from dpmix.kernels.categorical import draw, screen
from dpmix.kernels.compile import kernel, outlined
from dpmix.kernels.partition import move_image
from dpmix.kernels.scores import NEVER, find_contenders, is_settled, own_score, score_roughly

__all__ = ["sweep_images"]


@outlined
def _choose_exactly(i, u, m, runs, hyper, partition, tables):
    """Which of the first `m` contenders is drawn for image `i` from scores in double precision."""
    own = partition.z[i]
    for t in range(m):
        k = tables.contenders[t]
        tables.log_scores[t] = exact_score(i, k, k == own, runs, hyper, partition, tables)
    return draw(u, tables.log_scores, m)


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
    for i in range(first, last):
        if n_clusters + 2 > partition.sizes.size:
            return i, n_clusters, n_moved
        own = partition.z[i]
        alone = partition.sizes[own] == 1
        own_units = NEVER if alone else own_score(i, own, runs, tables)
        best = score_roughly(i, own, n_clusters + 1, runs, tables)
        if not alone and is_settled(
            i, uniforms[i], own, own_units, n_clusters + 1, best, tolerance, runs, tables
        ):
            continue
        m = find_contenders(i, own, own_units, n_clusters + 1, best, tolerance, runs, tables)
        t = np.int64(0)
        if m > 1:
            t = screen(uniforms[i], tables.scores, m, t, tables.scale, tolerance)
        if t < 0:
            t = _choose_exactly(i, uniforms[i], m, runs, hyper, partition, tables)
        k = tables.contenders[t]
        if k != own and not (alone and k == n_clusters):
            n_clusters = move_image(i, k, n_clusters, runs, hyper, partition, tables)
            n_moved += 1
    return last, n_clusters, n_moved
