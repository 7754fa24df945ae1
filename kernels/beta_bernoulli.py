"""Clusters of independent Bernoulli pixels with Beta(a, b) priors integrated out.

The posterior predictive probability that pixel ``d`` of a further member is on is

    p = (a + ones) / (a + b + size)

(Neal 2000, equation 3.1 with a Beta-Bernoulli component), and the marginal likelihood of a cluster
is the product over pixels of B(a + ones, b + size - ones) / B(a, b).
"""

import math

import numpy as np

from dpmix.kernels.compile import inlined, kernel, outlined
from dpmix.kernels.records import Cluster
from dpmix.kernels.special import log_gamma_array, log_product, log_ratio_units, sum_array

__all__ = [
    "cluster_at",
    "exact_score",
    "log_gamma_terms",
    "log_likelihood",
    "log_total",
    "no_cluster",
    "refresh",
    "refresh_rough",
]


@outlined
def log_total(size, hyper, tables):
    """Sum over pixels of log(a + b + size), remembered in ``tables.log_totals``."""
    found = tables.log_totals[size]
    if not math.isnan(found):
        return found
    d = hyper.a.size
    totals = tables.work[:d]
    for j in range(d):
        totals[j] = hyper.a[j] + hyper.b[j] + size
    found = log_product(totals, tables.work[d:])
    tables.log_totals[size] = found
    return found


@inlined
def cluster_at(k, partition):
    """The counts of slot `k`."""
    return Cluster(partition.sizes[k], partition.ones[k], partition.gaps[k], partition.classes[k])


@inlined
def no_cluster(partition):
    """A cluster without members: of size 0, so that `log_gamma_terms` does not look at the other counts."""
    return Cluster(np.int64(0), partition.ones[0], partition.gaps[0], partition.classes[0])


@kernel
def _add_up(log_odds, before, row, own_row):
    """Running sums of the first half of `log_odds` behind place `before` of `row`, which holds their 0.

    The second half goes to `own_row` in the same way. Both at once: sums wait for each other, rows do not.
    """
    d = log_odds.size // 2
    places, own_places = row[before + 1 : before + 1 + d], own_row[before + 1 : before + 1 + d]
    total, own_total = np.int32(0), np.int32(0)
    for j in range(d):
        total += log_odds[j]
        own_total += log_odds[d + j]
        places[j], own_places[j] = total, own_total


@outlined
def _refresh_pixels(k, hyper, found, tables):
    """Rebuild what each pixel adds to the scores of cluster `k`: the tables of running sums.

    Returns the scores of an image with every pixel off, without and with one member left out, nats.
    """
    d, size, has_gaps = found.ones.size, found.size, found.gaps.size > 0
    # Each row holds d numbers for an image that is no member and d for a member, itself left out.
    off, seen_by, spare = tables.work[: 2 * d], tables.work[2 * d : 4 * d], tables.work[4 * d : 8 * d]
    above, below = tables.work[8 * d : 9 * d].view(np.float32), tables.work[9 * d : 10 * d].view(np.float32)
    log_odds, rest = (
        tables.work[10 * d : 11 * d].view(np.int32),
        tables.work[11 * d : 12 * d].view(np.float32),
    )
    for j in range(d):
        ones = found.ones[j]
        # A member that is on sees one fewer on, one that is off one fewer off; the value at 0,
        # where there is no such member, cancels out of every score.
        above[j], above[d + j] = hyper.a[j] + ones, hyper.a[j] + max(ones - 1, 0)
        off[j], off[d + j] = hyper.b[j] + (size - ones), hyper.b[j] + max(size - ones - 1, 0)
    if has_gaps:
        for j in range(d):
            ones, seen, both = found.ones[j], size - found.gaps[j], hyper.a[j] + hyper.b[j]
            off[j], off[d + j] = hyper.b[j] + (seen - ones), hyper.b[j] + max(seen - ones - 1, 0)
            seen_by[j], seen_by[d + j] = both + seen, both + max(seen - 1, 0)
    row, own_row, no_pixel = tables.table[k], tables.own_table[k], np.int64(0)
    _copy(off, below)
    log_ratio_units(above, below, tables.scale, log_odds, rest)
    _add_up(log_odds, no_pixel, row, own_row)
    all_off, own_all_off = log_product(off[:d], spare), log_product(off[d:], spare)
    if not has_gaps:
        all_off -= log_total(size, hyper, tables)
        return all_off, own_all_off - log_total(max(size - 1, 0), hyper, tables)
    _copy(seen_by, above)
    log_ratio_units(above, below, tables.scale, log_odds, rest)
    _add_up(log_odds, d + 1, row, own_row)
    return all_off - log_product(seen_by[:d], spare), own_all_off - log_product(seen_by[d:], spare)


@kernel
def _copy(source, target):
    """Round numbers to single precision."""
    for j in range(source.size):
        target[j] = np.float32(source[j])


@outlined
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
        place = tables.table.shape[1] - classes.size + label
        tables.table[k, place] = int(math.floor(tables.scale * log_odds + 0.5))
        tables.own_table[k, place] = int(math.floor(tables.scale * own_odds + 0.5))


@kernel
def _wrapped(number):
    """A number modulo 2**16, as int16; plain Python would refuse what does not fit."""
    return np.int16(((number + 32768) & 65535) - 32768)


@outlined
def refresh_rough(k, tables):
    """Round the scores of cluster `k` to 16 bits."""
    row, rough, shift = tables.table[k], tables.rough_table, tables.shift
    half = (1 << shift) >> 1
    for place in range(row.size):
        rough[place, k] = _wrapped((np.int64(row[place]) + half) >> shift)
    tables.rough_base[k] = _wrapped(((np.int64(tables.base[k]) + half) >> shift) - tables.offset)


@outlined
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
    refresh_rough(k, tables)


@outlined
def exact_score(i, k, left_out, runs, hyper, partition, tables):
    """Log weight of cluster `k` for image `i` in nats and double precision, straight from the counts.

    The sum of log(size), or log(alpha) for an empty slot, and the log predictive probability of what
    is observed of the image; with `left_out` the image is a member, of a cluster of at least two, and
    is not counted.
    """
    found, gone = cluster_at(k, partition), np.int64(left_out)
    d, size, has_gaps = found.ones.size, found.size - gone, found.gaps.size > 0
    log_all = 0.0 if has_gaps else log_total(size, hyper, tables)  # first: it may use ``tables.work``
    chances, seen_by, spare = tables.work[:d], tables.work[d : 2 * d], tables.work[2 * d :]
    for j in range(d):
        seen = size
        if has_gaps:
            seen -= found.gaps[j]
            seen_by[j] = hyper.a[j] + hyper.b[j] + seen
        chances[j] = hyper.b[j] + (seen - found.ones[j])
    for r in range(runs.offsets[i], runs.on_ends[i]):
        for j in range(runs.starts[r], runs.stops[r]):
            chances[j] = hyper.a[j] + (found.ones[j] - gone)
    for g in range(runs.gap_offsets[i], runs.gap_offsets[i + 1]):
        for j in range(runs.gap_starts[g], runs.gap_stops[g]):
            chances[j] = seen_by[j] = 1.0
    if has_gaps:
        log_all = log_product(seen_by, spare)
    weight = hyper.alpha if size == 0 else float(size)
    score = math.log(weight) + log_product(chances, spare) - log_all
    label = runs.labels[i]
    if found.classes.size > 0 and label >= 0:
        labelled = -gone
        for other in range(found.classes.size):
            labelled += found.classes[other]
        score += math.log(
            (hyper.c + (found.classes[label] - gone)) / (hyper.c * found.classes.size + labelled)
        )
    return score


@outlined
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
    some = 1 if found.size > 0 else 0
    for j in range(d):
        seen, ones = found.size, some * found.ones[j]
        if has_gaps:
            seen -= some * found.gaps[j]
        counts[j] = hyper.a[j] + ones
        counts[d + j] = hyper.b[j] + (seen - ones)
        counts[2 * d + j] = hyper.a[j] + hyper.b[j] + seen
    log_gamma_array(counts, terms, spare)
    total = sum_array(terms[: 2 * d]) - sum_array(terms[2 * d :])
    labelled = 0
    for label in range(found.classes.size):
        total += math.lgamma(hyper.c + some * found.classes[label])
        labelled += some * found.classes[label]
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
