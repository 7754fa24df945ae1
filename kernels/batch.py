"""Many changes at once: every image to the cluster that predicts it best, every cluster with its nearest.

These are no moves of a chain, only quick ways to where one may start: nothing is drawn, and all is judged by the
same counts, those before any of the changes.
"""

import math

import numpy as np

from dpmix.kernels.beta_bernoulli import cluster_at, log_gamma_terms, no_cluster
from dpmix.kernels.compile import kernel
from dpmix.kernels.partition import add_into
from dpmix.kernels.records import Cluster
from dpmix.kernels.scores import own_score, rough_score, score_roughly

__all__ = ["find_best", "merge_gains"]

_LEAST = np.int16(-32768)  # the rough score of a slot that is ruled out


@kernel
def find_best(first, last, n_slots, may_stay, z, runs, tables, out):
    """Fill ``out[i]`` for images `first` to `last` - 1 with the best of slots 0 to `n_slots` - 1, ties to the first.

    Parameters
    ----------
    may_stay : bool
        Whether the image's own cluster ``z[i]`` may be the best, scored with the image left out and winning
        ties; otherwise it is ruled out. A lone member stays where no other cluster does better than a new one.
    z : (n,) int64
        Slots below the capacity.
    runs, tables : records of `dpmix.kernels.records`
        The tables are true to the counts; their working arrays are overwritten.
    out : (n,) int64
    """
    for i in range(first, last):
        own = z[i]
        best = score_roughly(i, own, n_slots, runs, tables)
        stays = may_stay and rough_score(own_score(i, own, runs, tables), tables) >= best
        if stays or best == _LEAST:  # of one slot alone, which is its own
            out[i] = own
            continue
        k = np.int64(0)
        while tables.rough_scores[k] != best:
            k += 1
        out[i] = k


@kernel
def merge_gains(first, last, ones, others, hyper, partition, work, out):
    """Log of p(x, merged) / p(x, apart) for pairs of clusters: fills ``out[first:last]``, nats.

    Parameters
    ----------
    ones, others : (m,) int64
        The two clusters of each pair.
    work : (18 d,) float64, overwritten
    out : (m,) float64
    """
    nothing = log_gamma_terms(no_cluster(partition), hyper, work)
    for t in range(first, last):
        one, other = cluster_at(ones[t], partition), cluster_at(others[t], partition)
        both = Cluster(one.size + other.size, one.ones.copy(), one.gaps.copy(), one.classes.copy())
        add_into(other.ones, both.ones)
        add_into(other.gaps, both.gaps)
        add_into(other.classes, both.classes)
        gain = log_gamma_terms(both, hyper, work) + nothing
        gain -= log_gamma_terms(one, hyper, work) + log_gamma_terms(other, hyper, work)
        gain += math.lgamma(both.size) - math.lgamma(one.size) - math.lgamma(other.size)
        out[t] = gain - math.log(hyper.alpha)
