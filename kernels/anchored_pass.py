"""All images reassigned at once, each independently of the others, given weights and probabilities of the clusters.

Given log weights w_k and pixel probabilities theta_k of the clusters, image i goes to cluster k with
probability proportional to ``w_k p(x_i | theta_k)``, among the clusters that are open to it. Clusters
are numbered so that those open to an image are the first of them; why not all are open is said in
`dpmix.sharding.anchored_pass`. Scores are running sums over pixels in fixed point, as those of the sweep
are, and whatever rounding leaves open is drawn from scores in double precision.
"""

import math

import numpy as np

from dpmix.kernels.categorical import contender_floor, draw, screen
from dpmix.kernels.compile import kernel, outlined
from dpmix.kernels.records import LANES

__all__ = ["exact_log_weight", "fill_columns", "reassign_images", "score_image"]


@kernel
def fill_columns(first, last, components, tables):
    """Build the scores of clusters `first` to `last` - 1 from their weights and probabilities.

    Parameters
    ----------
    components : Components
    tables : PassTables
        `table` and `base` are filled, in units of 1 / `scale` nat.
    """
    d, n_classes = components.log_odds.shape[1], components.log_classes.shape[1]
    units = tables.scale
    for k in range(first, last):
        total = 0
        for j in range(d):
            total += int(math.floor(units * np.float64(components.log_odds[k, j]) + 0.5))
            tables.table[j + 1, k] = total
        total = 0
        for j in range(components.log_off.shape[1]):
            total -= int(math.floor(units * np.float64(components.log_off[k, j]) + 0.5))
            tables.table[d + 2 + j, k] = total
        for label in range(n_classes):
            row = tables.table.shape[0] - n_classes + label
            tables.table[row, k] = int(math.floor(units * components.log_classes[k, label] + 0.5))
        tables.base[k] = np.int32(np.rint(units * components.log_weights[k]))


@outlined
def score_image(i, n_columns, runs, tables, out):
    """Score image `i` against columns 0 to `n_columns` - 1: fills ``out[:n_columns]``.

    Elements of `out` up to the next multiple of LANES are overwritten too.
    """
    table, base = tables.table, tables.base
    width = (n_columns + LANES - 1) // LANES * LANES
    for k in range(width):
        out[k] = base[k]
    r, last = runs.offsets[i], runs.offsets[i + 1]
    # Four runs at a time: eight rows are loaded for one load and one store of `out`.
    while r + 4 <= last:
        up0, up1 = table[runs.stops[r]], table[runs.stops[r + 1]]
        up2, up3 = table[runs.stops[r + 2]], table[runs.stops[r + 3]]
        down0, down1 = table[runs.starts[r]], table[runs.starts[r + 1]]
        down2, down3 = table[runs.starts[r + 2]], table[runs.starts[r + 3]]
        for k in range(width):
            out[k] += ((up0[k] - down0[k]) + (up1[k] - down1[k])) + (
                (up2[k] - down2[k]) + (up3[k] - down3[k])
            )
        r += 4
    while r < last:
        up0, down0 = table[runs.stops[r]], table[runs.starts[r]]
        for k in range(width):
            out[k] += up0[k] - down0[k]
        r += 1


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
def _choose_exactly(i, u, n_open, tolerance, runs, components, tables):
    """The cluster drawn for image `i` from scores in double precision, where they can win at all."""
    _, floor = contender_floor(tables.scores, n_open, tables.scale, tolerance)
    for k in range(n_open):
        tables.log_scores[k] = -math.inf
        if tables.scores[k] > floor:
            tables.log_scores[k] = exact_log_weight(i, k, runs, components)
    return draw(u, tables.log_scores, n_open)


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
        m, own = n_open[i], z[i]
        if m > 0:
            score_image(i, m, runs, tables, tables.scores)
            k = screen(uniforms[i], tables.scores, m, own, tables.scale, tolerance)
            if k < 0:
                k = _choose_exactly(i, uniforms[i], m, tolerance, runs, components, tables)
            z[i] = k
            n_moved += k != own
    return n_moved
