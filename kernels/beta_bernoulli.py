"""Clusters of independent Bernoulli pixels with Beta(a, b) priors integrated out.

The posterior predictive probability that pixel ``d`` of a further member is on is

    p = (a + ones) / (a + b + size)

(Neal 2000, equation 3.1 with a Beta-Bernoulli component), and the marginal likelihood of a cluster
is the product over pixels of B(a + ones, b + size - ones) / B(a, b).
"""

import math

import numpy as np

from dpmix.kernels.compile import kernel
from dpmix.kernels.special import log_array, log_gamma_array, sum_array

__all__ = ["exact_score", "log_gamma_terms", "log_likelihood", "log_total", "own_score", "refresh", "score_image"]

LANES = 16  # columns of `table` are summed in whole groups of this many


@kernel
def log_total(size, hyper, tables):
    """Sum over pixels of log(a + b + size), remembered in ``tables.log_totals``."""
    found = tables.log_totals[size]
    if not math.isnan(found):
        return found
    d = hyper.a.size
    totals, logs, spare = tables.work[:d], tables.work[d : 2 * d], tables.work[2 * d : 3 * d]
    for j in range(d):
        totals[j] = hyper.a[j] + hyper.b[j] + size
    log_array(totals, logs, spare)
    found = sum_array(logs)
    tables.log_totals[size] = found
    return found


@kernel
def refresh(k, hyper, partition, tables):
    """Rebuild the scores of cluster `k`, in every table, from its counts.

    An empty slot becomes the cluster not opened yet, of weight alpha instead of its size.
    """
    size, ones = partition.sizes[k], partition.ones[k]
    others = max(size - 1, 0)
    norm, norm_others = log_total(size, hyper, tables), log_total(others, hyper, tables)
    d = ones.size
    odds, logs, spare = tables.work[: 4 * d], tables.work[4 * d : 8 * d], tables.work[8 * d : 12 * d]
    for j in range(d):
        odds[j] = hyper.a[j] + ones[j]
        odds[d + j] = hyper.b[j] + (size - ones[j])
        # A member that is on sees one fewer on, one that is off one fewer off; the value at 0,
        # where there is no such member, cancels out of every score.
        odds[2 * d + j] = hyper.a[j] + max(ones[j] - 1, 0)
        odds[3 * d + j] = hyper.b[j] + max(size - ones[j] - 1, 0)
    log_array(odds, logs, spare)
    off, off_others = sum_array(logs[d : 2 * d]), sum_array(logs[3 * d :])
    units = tables.scale
    total, own_total = 0, 0
    own_row = tables.own_table[k]
    for j in range(d):
        total += int(math.floor(units * (logs[j] - logs[d + j]) + 0.5))
        own_total += int(math.floor(units * (logs[2 * d + j] - logs[3 * d + j]) + 0.5))
        tables.table[j + 1, k] = total
        own_row[j + 1] = own_total
    weight = hyper.alpha if size == 0 else float(size)
    tables.base[k] = np.int32(np.rint(units * (math.log(weight) + off - norm)))
    own_weight = float(max(others, 1))  # a lone member is scored as a new cluster instead
    tables.own_base[k] = np.int32(np.rint(units * (math.log(own_weight) + off_others - norm_others)))


@kernel
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
            out[k] += ((up0[k] + up1[k]) + (up2[k] + up3[k])) - ((down0[k] + down1[k]) + (down2[k] + down3[k]))
        r += 4
    while r < last:
        up0, down0 = table[runs.stops[r]], table[runs.starts[r]]
        for k in range(width):
            out[k] += up0[k] - down0[k]
        r += 1


@kernel
def own_score(i, k, runs, tables):
    """Score of image `i` against its own cluster `k` with itself left out, in the tables' units."""
    row = tables.own_table[k]
    total = tables.own_base[k]
    for r in range(runs.offsets[i], runs.offsets[i + 1]):
        total += row[runs.stops[r]] - row[runs.starts[r]]
    return np.int32(total)


@kernel
def exact_score(i, k, left_out, runs, hyper, partition, tables):
    """Log weight of cluster `k` for image `i` in nats and double precision, straight from the counts.

    The sum of log(size), or log(alpha) for an empty slot, and the log predictive probability of the
    image; with `left_out` the image is a member, of a cluster of at least two, and is not counted.
    """
    ones = partition.ones[k]
    gone = np.int64(left_out)
    size = partition.sizes[k] - gone
    norm = log_total(size, hyper, tables)
    d = ones.size
    odds, logs, spare = tables.work[:d], tables.work[d : 2 * d], tables.work[2 * d : 3 * d]
    for j in range(d):
        odds[j] = hyper.b[j] + (size - ones[j])
    for r in range(runs.offsets[i], runs.offsets[i + 1]):
        for j in range(runs.starts[r], runs.stops[r]):
            odds[j] = hyper.a[j] + (ones[j] - gone)
    log_array(odds, logs, spare)
    weight = hyper.alpha if size == 0 else float(size)
    return math.log(weight) + sum_array(logs) - norm


@kernel
def log_gamma_terms(size, ones, hyper, work):
    """Sum over pixels of log B(a + ones, b + size - ones) for the counts of one cluster, nats.

    Parameters
    ----------
    ones : (d,) int32
    work : (12 d,) float64, overwritten
    """
    d = ones.size
    counts, terms, spare = work[: 2 * d], work[2 * d : 4 * d], work[4 * d : 12 * d]
    for j in range(d):
        counts[j] = hyper.a[j] + ones[j]
        counts[d + j] = hyper.b[j] + (size - ones[j])
    log_gamma_array(counts, terms, spare)
    found = sum_array(terms)
    totals, total_terms = work[:d], work[d : 2 * d]
    for j in range(d):
        totals[j] = hyper.a[j] + hyper.b[j] + size
    log_gamma_array(totals, total_terms, spare)
    return found - sum_array(total_terms)


@kernel
def log_likelihood(first, last, hyper, partition, work, out):
    """Log marginal likelihood of the images of clusters `first` to `last` - 1: fills ``out[k]``, nats.

    Parameters
    ----------
    work : (12 d,) float64, overwritten
    out : (capacity,) float64
    """
    nothing = np.zeros(hyper.a.size, np.int32)
    prior = log_gamma_terms(np.int64(0), nothing, hyper, work)
    for k in range(first, last):
        out[k] = log_gamma_terms(partition.sizes[k], partition.ones[k], hyper, work) - prior
