"""Clusters of independent Bernoulli pixels with Beta(a, b) priors integrated out.

The posterior predictive probability that pixel ``d`` of a further member is on is

    p = (a + ones) / (a + b + size)

(Neal 2000, equation 3.1 with a Beta-Bernoulli component), and the marginal likelihood of a cluster
is the product over pixels of B(a + ones, b + size - ones) / B(a, b).
"""

import math

import numpy as np

from dpmix.kernels.compile import kernel
from dpmix.kernels.records import Cluster
from dpmix.kernels.special import log_array, log_gamma_array, sum_array

__all__ = [
    "cluster_at",
    "column_score",
    "exact_score",
    "log_gamma_terms",
    "log_likelihood",
    "log_total",
    "no_cluster",
    "own_score",
    "refresh",
    "score_image",
]

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
def cluster_at(k, partition):
    """The counts of slot `k`."""
    return Cluster(partition.sizes[k], partition.ones[k], partition.gaps[k], partition.classes[k])


@kernel
def no_cluster(partition):
    """The counts of a cluster without members."""
    d, n_gaps, n_classes = partition.ones.shape[1], partition.gaps.shape[1], partition.classes.shape[1]
    return Cluster(
        np.int64(0), np.zeros(d, np.int32), np.zeros(n_gaps, np.int32), np.zeros(n_classes, np.int64)
    )


@kernel
def _refresh_pixels(k, hyper, found, tables):
    """Rebuild what each pixel adds to the scores of cluster `k`: the tables of running sums.

    Returns the scores of an image with every pixel off, without and with one member left out, nats.
    """
    d, size, has_gaps = found.ones.size, found.size, found.gaps.size > 0
    n_logs = 6 if has_gaps else 4
    odds, logs, spare = (
        tables.work[: n_logs * d],
        tables.work[6 * d : (6 + n_logs) * d],
        tables.work[12 * d :],
    )
    for j in range(d):
        ones, seen = found.ones[j], size
        if has_gaps:
            seen -= found.gaps[j]
            odds[4 * d + j] = hyper.a[j] + hyper.b[j] + seen
            odds[5 * d + j] = hyper.a[j] + hyper.b[j] + max(seen - 1, 0)
        odds[j] = hyper.a[j] + ones
        odds[d + j] = hyper.b[j] + (seen - ones)
        # A member that is on sees one fewer on, one that is off one fewer off; the value at 0,
        # where there is no such member, cancels out of every score.
        odds[2 * d + j] = hyper.a[j] + max(ones - 1, 0)
        odds[3 * d + j] = hyper.b[j] + max(seen - ones - 1, 0)
    log_array(odds, logs, spare)
    off, own_off = sum_array(logs[d : 2 * d]), sum_array(logs[3 * d : 4 * d])
    units, total, own_total = tables.scale, 0, 0
    own_row = tables.own_table[k]
    for j in range(d):
        total += int(math.floor(units * (logs[j] - logs[d + j]) + 0.5))
        own_total += int(math.floor(units * (logs[2 * d + j] - logs[3 * d + j]) + 0.5))
        tables.table[j + 1, k] = total
        own_row[j + 1] = own_total
    if not has_gaps:
        return off - log_total(size, hyper, tables), own_off - log_total(max(size - 1, 0), hyper, tables)
    total, own_total = 0, 0
    for j in range(d):
        total -= int(math.floor(units * (logs[d + j] - logs[4 * d + j]) + 0.5))
        own_total -= int(math.floor(units * (logs[3 * d + j] - logs[5 * d + j]) + 0.5))
        tables.table[d + 2 + j, k] = total
        own_row[d + 2 + j] = own_total
    return off - sum_array(logs[4 * d : 5 * d]), own_off - sum_array(logs[5 * d :])


@kernel
def _refresh_classes(k, hyper, classes, tables):
    """Rebuild what each label adds to the scores of cluster `k`: (c + count) / (C c + labelled members)."""
    labelled = 0
    for label in range(classes.size):
        labelled += classes[label]
    log_all = math.log(hyper.c * classes.size + labelled)
    log_others = math.log(hyper.c * classes.size + max(labelled - 1, 0))
    for label in range(classes.size):
        log_odds = math.log(hyper.c + classes[label]) - log_all
        own_odds = math.log(hyper.c + max(classes[label] - 1, 0)) - log_others
        row = tables.table.shape[0] - classes.size + label
        tables.table[row, k] = int(math.floor(tables.scale * log_odds + 0.5))
        tables.own_table[k, row] = int(math.floor(tables.scale * own_odds + 0.5))


@kernel
def refresh(k, hyper, partition, tables):
    """Rebuild the scores of cluster `k`, in every table, from its counts.

    An empty slot becomes the cluster not opened yet, of weight alpha instead of its size.
    """
    found = cluster_at(k, partition)
    off, own_off = _refresh_pixels(k, hyper, found, tables)
    if found.classes.size > 0:
        _refresh_classes(k, hyper, found.classes, tables)
    weight = hyper.alpha if found.size == 0 else float(found.size)
    own_weight = float(max(found.size - 1, 1))  # a lone member is scored as a new cluster instead
    tables.base[k] = np.int32(np.rint(tables.scale * (math.log(weight) + off)))
    tables.own_base[k] = np.int32(np.rint(tables.scale * (math.log(own_weight) + own_off)))


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
            out[k] += ((up0[k] - down0[k]) + (up1[k] - down1[k])) + (
                (up2[k] - down2[k]) + (up3[k] - down3[k])
            )
        r += 4
    while r < last:
        up0, down0 = table[runs.stops[r]], table[runs.starts[r]]
        for k in range(width):
            out[k] += up0[k] - down0[k]
        r += 1


@kernel
def column_score(i, k, runs, tables):
    """Score of image `i` against the one cluster `k`, of which it is no member, in the tables' units."""
    total = tables.base[k]
    for r in range(runs.offsets[i], runs.offsets[i + 1]):
        total += tables.table[runs.stops[r], k] - tables.table[runs.starts[r], k]
    return np.int32(total)


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

    The sum of log(size), or log(alpha) for an empty slot, and the log predictive probability of what
    is observed of the image; with `left_out` the image is a member, of a cluster of at least two, and
    is not counted.
    """
    found, gone = cluster_at(k, partition), np.int64(left_out)
    d, size, has_gaps = found.ones.size, found.size - gone, found.gaps.size > 0
    chances, logs, spare = tables.work[: 2 * d], tables.work[2 * d : 4 * d], tables.work[4 * d : 6 * d]
    for j in range(d):
        seen = size - found.gaps[j] if has_gaps else size
        chances[j] = hyper.b[j] + (seen - found.ones[j])
        chances[d + j] = hyper.a[j] + hyper.b[j] + seen
    for r in range(runs.offsets[i], runs.on_ends[i]):
        for j in range(runs.starts[r], runs.stops[r]):
            chances[j] = hyper.a[j] + (found.ones[j] - gone)
    for g in range(runs.gap_offsets[i], runs.gap_offsets[i + 1]):
        for j in range(runs.gap_starts[g], runs.gap_stops[g]):
            chances[j] = chances[d + j] = 1.0
    log_array(chances, logs, spare)
    weight = hyper.alpha if size == 0 else float(size)
    score = math.log(weight) + sum_array(logs[:d]) - sum_array(logs[d:])
    label = runs.labels[i]
    if found.classes.size > 0 and label >= 0:
        labelled = -gone
        for other in range(found.classes.size):
            labelled += found.classes[other]
        score += math.log(
            (hyper.c + (found.classes[label] - gone)) / (hyper.c * found.classes.size + labelled)
        )
    return score


@kernel
def log_gamma_terms(found, hyper, work):
    """Log marginal likelihood of a cluster but for a constant, nats.

    Sum over pixels of log B(a + ones, b + seen - ones), where `seen` members have the pixel observed,
    and for the labels log of prod Gamma(c + count) / Gamma(C c + labelled members).

    Parameters
    ----------
    found : Cluster
    work : (18 d,) float64, overwritten
    """
    d, has_gaps = found.ones.size, found.gaps.size > 0
    counts, terms, spare = work[: 3 * d], work[3 * d : 6 * d], work[6 * d : 18 * d]
    for j in range(d):
        seen = found.size - found.gaps[j] if has_gaps else found.size
        counts[j] = hyper.a[j] + found.ones[j]
        counts[d + j] = hyper.b[j] + (seen - found.ones[j])
        counts[2 * d + j] = hyper.a[j] + hyper.b[j] + seen
    log_gamma_array(counts, terms, spare)
    total = sum_array(terms[: 2 * d]) - sum_array(terms[2 * d :])
    labelled = 0
    for label in range(found.classes.size):
        total += math.lgamma(hyper.c + found.classes[label])
        labelled += found.classes[label]
    if found.classes.size > 0:
        total -= math.lgamma(hyper.c * found.classes.size + labelled)
    return total


@kernel
def log_likelihood(first, last, hyper, partition, work, out):
    """Log marginal likelihood of the images of clusters `first` to `last` - 1: fills ``out[k]``, nats.

    Parameters
    ----------
    work : (18 d,) float64, overwritten
    out : (capacity,) float64
    """
    prior = log_gamma_terms(no_cluster(partition), hyper, work)
    for k in range(first, last):
        out[k] = log_gamma_terms(cluster_at(k, partition), hyper, work) - prior
