"""All images reassigned at once, each independently of the others, given weights and probabilities of the clusters.

Given log weights w_k and pixel probabilities theta_k of the clusters, image i goes to cluster k with
probability proportional to ``w_k p(x_i | theta_k)``, among the clusters that are open to it. Clusters
are numbered so that those open to an image are the first of them; why not all are open is said in
`dpmix.sharding.anchored_pass`. Scores are running sums over pixels in fixed point, rough ones first, as those
of the sweep are (`dpmix.kernels.scores`), and whatever rounding leaves open is drawn from scores in double precision.
"""

import math

import numpy as np

from dpmix.kernels.beta_bernoulli import refresh_rough
from dpmix.kernels.categorical import draw, screen
from dpmix.kernels.compile import kernel, outlined
from dpmix.kernels.scores import NEVER, cluster_score, find_contenders, is_settled, score_roughly

__all__ = ["exact_log_weight", "fill_columns", "reassign_images"]


@kernel
def fill_columns(first, last, components, tables):
    """Build the scores of clusters `first` to `last` - 1 from their weights and probabilities.

    Parameters
    ----------
    components : Components
    tables : PassTables
        `table` and `base` are filled, in units of 1 / `scale` nat, and the rough ones from them.
    """
    d, n_classes = components.log_odds.shape[1], components.log_classes.shape[1]
    units = tables.scale
    for k in range(first, last):
        total = 0
        for j in range(d):
            total += int(math.floor(units * np.float64(components.log_odds[k, j]) + 0.5))
            tables.table[k, j + 1] = total
        total = 0
        for j in range(components.log_off.shape[1]):
            total -= int(math.floor(units * np.float64(components.log_off[k, j]) + 0.5))
            tables.table[k, d + 2 + j] = total
        for label in range(n_classes):
            place = tables.table.shape[1] - n_classes + label
            tables.table[k, place] = int(math.floor(units * components.log_classes[k, label] + 0.5))
        tables.base[k] = np.int32(np.rint(units * components.log_weights[k]))
        refresh_rough(k, tables)


@outlined
def exact_log_weight(i, k, runs, components):
    """Log of ``w_k p(x_i | theta_k)`` in nats and double precision."""
    found = components.log_weights[k]
    for r in range(runs.offsets[i], runs.on_ends[i]):
        for j in range(runs.starts[r], runs.stops[r]):
            found += np.float64(components.log_odds[k, j])
    for g in range(runs.gap_offsets[i], runs.gap_offsets[i + 1]):
        for j in range(runs.gap_starts[g], runs.gap_stops[g]):
            found -= np.float64(components.log_off[k, j])
    if components.log_classes.shape[1] > 0 and runs.labels[i] >= 0:
        found += components.log_classes[k, runs.labels[i]]
    return found


@outlined
def _choose_exactly(i, u, m, runs, components, tables):
    """Which of the first `m` contenders is drawn for image `i` from scores in double precision."""
    for t in range(m):
        tables.log_scores[t] = exact_log_weight(i, tables.contenders[t], runs, components)
    return draw(u, tables.log_scores, m)


@kernel
def _choose(i, u, own, n_open, tolerance, runs, components, tables):
    """The cluster of the first `n_open`, at least one, that is drawn for image `i`, which is in cluster `own`."""
    apart, units = (own, cluster_score(i, own, runs, tables)) if own < n_open else (n_open, NEVER)
    best = score_roughly(i, apart, n_open, runs, tables)
    if units != NEVER and is_settled(i, u, own, units, n_open, best, tolerance, runs, tables):
        return own
    m = find_contenders(i, apart, units, n_open, best, tolerance, runs, tables)
    t = np.int64(0)
    if m > 1:
        t = screen(u, tables.scores, m, t, tables.scale, tolerance)
    if t < 0:
        t = _choose_exactly(i, u, m, runs, components, tables)
    return tables.contenders[t]


@kernel
def reassign_images(first, last, n_open, uniforms, tolerance, runs, components, tables, z):
    """Reassign images `first` to `last` - 1, image i by ``uniforms[i]`` to one of its open clusters.

    Parameters
    ----------
    n_open : (n,) int64
        Clusters 0 to ``n_open[i]`` - 1 are open to image i; an image with none stays where it is.
    uniforms : (n,) float64
    tolerance : float
        Largest rounding error of a score in the tables, nats.
    runs, components, tables : records of `dpmix.kernels.records`
    z : (n,) int64
        Cluster of each image, changed in place.

    Returns
    -------
    n_moved : int
        Images that changed cluster.
    """
    n_moved = 0
    for i in range(first, last):
        own = z[i]
        if n_open[i] > 0:
            z[i] = _choose(i, uniforms[i], own, n_open[i], tolerance, runs, components, tables)
            n_moved += z[i] != own
    return n_moved
