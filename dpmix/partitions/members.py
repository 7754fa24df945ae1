"""How sure images are of their cluster, and which stand for it or stand out in it."""

from dataclasses import dataclass, field

import numpy as np

from dpmix.partitions.draws import as_labels, check_draws, contingency
from dpmix.validate import check_choice, check_count

__all__ = ["ClusterMembers", "cluster_members", "confidence"]

_PIECE = 4096  # images that are unpacked at a time


@dataclass(frozen=True, eq=False)
class ClusterMembers:
    """The most typical and the most odd members of each cluster of a partition.

    Attributes
    ----------
    sizes : (k,) int64
        Images per cluster.
    typical, odd : list of (c,) int64
        For each cluster, images in order: the most typical first, the most odd first. Of a cluster too small
        for both, no image is in both.
    confidence : (n,) float64
        As `confidence` gives it.
    log_predictive : (n,) float64
        Log probability of each image given the other members of its cluster, nats.
    """

    sizes: np.ndarray = field(repr=False)
    typical: list = field(repr=False)
    odd: list = field(repr=False)
    confidence: np.ndarray = field(repr=False)
    log_predictive: np.ndarray = field(repr=False)


def confidence(posterior, estimate):
    """How sure each image is of its cluster in a partition.

    It is the mean, over the other members of its cluster, of the posterior probability to be in one cluster
    with them. For an image alone in its cluster it is the posterior probability to be alone.

    Parameters
    ----------
    posterior : dpmix.Posterior
    estimate : PointEstimate or (n,) array of int

    Returns
    -------
    (n,) float64
        Between 0 and 1.

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, or an estimate that does not fit it.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> dpmix.confidence(posterior, dpmix.point_estimate(posterior))[:3].round(1)
    array([1., 1., 1.])
    """
    posterior, _ = check_draws(posterior)
    n = posterior.table.n
    labels = as_labels(estimate, n)
    draws = posterior.labels.reshape(-1, n)
    others = np.bincount(labels)[labels] - 1
    together = np.zeros(n, np.int64)
    for draw in draws:
        shared = contingency(labels, draw)
        alone = shared.sum(axis=0)[draw] == 1
        together += np.where(others == 0, alone, shared[labels, draw] - 1)
    return together / (np.maximum(others, 1) * len(draws))


def cluster_members(posterior, estimate, typical=5, odd=3, by="confidence"):
    """Which members are most typical of each cluster, and which most odd in it.

    Parameters
    ----------
    posterior : dpmix.Posterior
    estimate : PointEstimate or (n,) array of int
    typical, odd : int
        How many of each to name.
    by : {"confidence", "log_predictive"}
        Rank by how sure a member is of the cluster, ties by the log probability of its pixels; or the other
        way round. The first finds images between two clusters, the second images that look like no other.

    Returns
    -------
    ClusterMembers
        Its clusters are numbered as in the estimate.

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, an estimate that does not fit it, or another argument out of its range.

    Notes
    -----
    The log probability is that of the posterior predictive with the image itself left out,
    ``sum of log((a + ones - 1) / (a + b + size - 1))`` over pixels that are on and the like over those that
    are off, with pseudo-counts `a` and `b` averaged over draws.
    """
    sure = confidence(posterior, estimate)
    labels = as_labels(estimate, posterior.table.n)
    typical, odd = check_count("typical", typical, low=0), check_count("odd", odd, low=0)
    check_choice("by", by, ("confidence", "log_predictive"))
    log_predictive = _left_out(posterior, labels)
    ranking = (log_predictive, sure) if by == "confidence" else (sure, log_predictive)
    order = np.lexsort((-np.arange(len(labels)), *ranking, labels))
    sizes = np.bincount(labels)
    groups = np.split(order, np.cumsum(sizes)[:-1])
    best = [group[::-1][:typical] for group in groups]
    worst = [group[:min(odd, len(group) - len(first))] for group, first in zip(groups, best, strict=True)]
    return ClusterMembers(sizes, best, worst, sure, log_predictive)


def _left_out(posterior, labels):
    """Log predictive of each image given the other members of its cluster, (n,) float64."""
    a, b = posterior.a.mean(axis=(0, 1)), posterior.b.mean(axis=(0, 1))
    found = np.empty(len(labels))
    for k in range(labels.max() + 1):
        members = np.flatnonzero(labels == k)
        pieces = [members[first:first + _PIECE] for first in range(0, len(members), _PIECE)]
        ones = sum(posterior.table.dense(piece).sum(axis=0, dtype=np.int64) for piece in pieces)
        others = len(members) - 1
        # A pixel that is off in every member, or on, is never looked up where a count would be -1.
        on, off = np.log(a + np.maximum(ones - 1, 0)), np.log(b + np.maximum(others - ones, 0))
        base = (off - np.log(a + b + others)).sum()
        for piece in pieces:
            found[piece] = posterior.table.dense(piece).astype(np.float64) @ (on - off) + base
    return found
