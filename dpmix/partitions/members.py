"""How sure images are of their cluster, and which stand for it or stand out in it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import By, Whole
from dpmix.base.checks import check_choice, check_count
from dpmix.base.ties import levels
from dpmix.partitions.draws import as_labels, cross_table
from dpmix.partitions.point import PointEstimate
from dpmix.posterior.posterior import Posterior, check_posterior

__all__ = ["ClusterMembers", "cluster_members", "confidence", "mean_images"]

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
        Log probability of what is observed of each image, its label too where it has one, given the other
        members of its cluster, nats.
    """

    sizes: np.ndarray = field(repr=False)
    typical: list = field(repr=False)
    odd: list = field(repr=False)
    confidence: np.ndarray = field(repr=False)
    log_predictive: np.ndarray = field(repr=False)


def confidence(posterior: Posterior, estimate: PointEstimate | ArrayLike) -> NDArray[np.float64]:
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
    >>> dpmix.partitions.confidence(posterior, dpmix.partitions.point_estimate(posterior))[:3].round(1)
    array([1., 1., 1.])
    """
    check_posterior(posterior)
    n = posterior.table.n
    labels = as_labels(estimate, n)
    draws = posterior.labels.reshape(-1, n)
    others = np.bincount(labels)[labels] - 1
    together = np.zeros(n, np.int64)
    for draw in draws:
        shared = cross_table(labels, draw)
        alone = shared.sum(axis=0)[draw] == 1
        together += np.where(others == 0, alone, shared[labels, draw] - 1)
    return together / (np.maximum(others, 1) * len(draws))


def cluster_members(
    posterior: Posterior,
    estimate: PointEstimate | ArrayLike,
    typical: Whole = 5,
    odd: Whole = 3,
    by: By = "confidence",
) -> ClusterMembers:
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
        Values that differ by rounding are ties; of members that are alike in both the first comes first.

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
    The log probability is that of the posterior predictive of a cluster (Neal 2000, equation 3.1) with the
    image itself left out: the sum, over its observed pixels, of ``log((a + ones) / (a + b + observed))`` for
    those that are on and ``log((b + observed - ones) / (a + b + observed))`` for those that are off, where
    `observed` of the other members have the pixel observed and `ones` of them have it on, with pseudo-counts
    `a` and `b` averaged over draws; and of its label, where it has one,
    ``log((c + count) / (C c + labelled))``.
    """
    sure = confidence(posterior, estimate)
    labels = as_labels(estimate, posterior.table.n)
    typical, odd = check_count("typical", typical, low=0), check_count("odd", odd, low=0)
    check_choice("by", by, ("confidence", "log_predictive"))
    log_predictive, rounding = _left_out(posterior, labels)
    likely = levels(log_predictive, rounding)  # `sure` is a ratio of whole numbers, with no rounding to mind
    ranking = (likely, sure) if by == "confidence" else (sure, likely)
    order = np.lexsort((-np.arange(len(labels)), *ranking, labels))
    sizes = np.bincount(labels)
    groups = np.split(order, np.cumsum(sizes)[:-1])
    best = [group[::-1][:typical] for group in groups]
    worst = [group[: min(odd, len(group) - len(first))] for group, first in zip(groups, best, strict=True)]
    return ClusterMembers(sizes, best, worst, sure, log_predictive)


def mean_images(posterior: Posterior, partition: PointEstimate | ArrayLike) -> np.ma.MaskedArray[Any, Any]:
    """Share of the members of each cluster in which a pixel is on, of those in which it is observed.

    Parameters
    ----------
    posterior : dpmix.Posterior
    partition : PointEstimate or (n,) array of int

    Returns
    -------
    numpy.ma.MaskedArray (k, d) of float64
        Masked where no member of the cluster has the pixel observed.

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, or a partition that does not fit it.

    Examples
    --------
    >>> import dpmix
    >>> from dpmix.partitions import mean_images
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> mean_images(posterior, np.repeat([0, 1], 20)).tolist()[0]
    [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    check_posterior(posterior)
    labels = as_labels(partition, posterior.table.n, "partition")
    counts = [_counts(posterior.table, np.flatnonzero(labels == k)) for k in range(labels.max() + 1)]
    ones, observed = (np.array(rows) for rows in zip(*counts, strict=True))
    return np.ma.masked_array(ones / np.maximum(observed, 1), observed == 0)


def _counts(table, members):
    """Among images `members`, in how many each pixel is on and in how many it is observed, (d,) int64."""
    ones, observed = np.zeros((2, table.d), np.int64)
    for rows in _pieces(members):
        ones += table.dense(rows).sum(axis=0, dtype=np.int64)
        observed += table.observed(rows).sum(axis=0, dtype=np.int64) if table.masked else len(rows)
    return ones, observed


def _pieces(members):
    return [members[first : first + _PIECE] for first in range(0, len(members), _PIECE)]


def _left_out(posterior, labels):
    """Log predictive of each image given the other members of its cluster, (n,) float64, and its rounding.

    Images that are alike have the same terms, of which sums in another order differ: by up to (d - 1) u times
    the sum of their sizes for each of two sums (Higham 2002, section 4.2), and 3 u for adding these, the constant
    and the term of the label. Two such values differ by twice as much, and eps is 2 u.
    """
    table, c = posterior.table, posterior.plan.prior.c
    a, b = posterior.a.mean(axis=(0, 1)), posterior.b.mean(axis=(0, 1))
    found, rounding = np.empty((2, len(labels)))
    for k in range(labels.max() + 1):
        members = np.flatnonzero(labels == k)
        ones, observed = _counts(table, members)
        # Counts without the image itself; what is -1 here, as no such member exists, is never looked up.
        others = np.maximum(observed - 1, 0)
        on, off = np.log(a + np.maximum(ones - 1, 0)), np.log(b + np.maximum(others - ones, 0))
        total = np.log(a + b + others)
        largest = np.abs(on - off).sum() + np.abs(off - total).sum()
        for rows in _pieces(members):
            found[rows] = table.dense(rows).astype(np.float64) @ (on - off)
            if table.masked:
                found[rows] += table.observed(rows).astype(np.float64) @ (off - total)
            else:
                found[rows] += (off - total).sum()
        if table.n_classes:
            labelling = _left_out_classes(table.classes[members], table.n_classes, c)
            found[members] += labelling
            largest += np.abs(labelling).max()
        rounding[members] = np.finfo(np.float64).eps * (table.d + 2) * largest
    return found, rounding


def _left_out_classes(y, n_classes, c):
    """Log probability of the label of each member of a cluster given the other labels; 0 without a label."""
    labelled = y >= 0
    counts = np.bincount(y[labelled], minlength=n_classes)
    found = np.log(c + np.maximum(counts - 1, 0)) - np.log(c * n_classes + max(labelled.sum() - 1, 0))
    return np.where(labelled, found[y], 0.0)
