"""How often images are in one cluster, and the order of images that shows it."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from dpmix.base.annotations import Seed, Whole
from dpmix.base.checks import check_bool, check_choice, check_count, check_seed
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.pieces import in_pieces
from dpmix.base.progress import compiling_shown
from dpmix.kernels.co_clustering import count_together
from dpmix.partitions.draws import as_labels
from dpmix.partitions.point import PointEstimate
from dpmix.posterior.posterior import Posterior, check_posterior

__all__ = ["CoClustering", "co_clustering"]

_MOST_IMAGES = 10_000  # in one matrix, whoever asks


@dataclass(frozen=True, eq=False)
class CoClustering:
    """Co-clustering probabilities of some images.

    Attributes
    ----------
    images : (m,) int64
        Which images, as indices into the table, ascending unless they were given otherwise.
    proba : (m, m) float32
        Share of all draws of all chains in which two images are in the same cluster; symmetric, 1 on the
        diagonal. Read-only.
    n_draws : int
    n : int
        Number of images of the posterior.
    """

    images: np.ndarray = field(repr=False)
    proba: np.ndarray = field(repr=False)
    n_draws: int
    n: int

    def linkage(
        self, method: Literal["average", "complete", "single", "weighted"] = "average"
    ) -> NDArray[np.float64]:
        """Hierarchical clustering of the images by 1 - `proba`, as SciPy's `linkage` gives it.

        Parameters
        ----------
        method : {"average", "complete", "single", "weighted"}

        Returns
        -------
        (m - 1, 4) float64

        Raises
        ------
        InputError
            Another method; SciPy's others are right for Euclidean distances only, which these are not.
        """
        check_choice("method", method, ("average", "complete", "single", "weighted"))
        if len(self.images) < 2:
            return np.empty((0, 4))
        return linkage(squareform(1 - self.proba, checks=False), method)

    def order(self, estimate: PointEstimate | ArrayLike | None = None) -> NDArray[np.intp]:
        """Order of the images that puts those that are often together side by side.

        Parameters
        ----------
        estimate : PointEstimate or (n,) array of int, optional
            Keep its clusters together: they stand in the order of a hierarchical clustering of their mean
            co-clustering probabilities, and their members in that of a hierarchical clustering of images.

        Returns
        -------
        (m,) intp
            Rows of `proba`, the first to show first.

        Raises
        ------
        InputError, InputTypeError
            An `estimate` that is no partition of the images.
        """
        leaves = _leaves(self.linkage())
        if estimate is None:
            return leaves
        _, labels = np.unique(as_labels(estimate, self.n)[self.images], return_inverse=True)
        members = labels == np.arange(labels.max() + 1)[:, None]
        sizes = members.sum(axis=1)
        between = 1 - (members.astype(np.float32) @ self.proba @ members.T) / np.outer(sizes, sizes)
        place = np.empty(len(sizes), np.intp)
        place[_leaves(_linkage_of(between))] = np.arange(len(sizes))
        return leaves[np.argsort(place[labels[leaves]], kind="stable")]


def co_clustering(
    posterior: Posterior,
    images: ArrayLike | None = None,
    most: Whole = 2000,
    seed: Seed = 0,
    progress: bool = True,
) -> CoClustering:
    """Probability of each pair of images to be in the same cluster, over all draws of all chains.

    The answer has a number for every pair, so it is never about more than 10,000 images: by default, of a
    larger posterior, about 2,000 that are picked at random.

    Parameters
    ----------
    posterior : dpmix.Posterior
    images : (m,) array of int, optional
        Which images, as indices, at most 10,000. By default all, or `most` of them picked at random where
        there are more.
    most : int
        Largest number of images to take by default, at most 10,000. A matrix of 2,000 has 16 MB, one of
        10,000 has 400 MB and takes 1.2 GB while it is counted.
    seed : int or numpy.random.Generator, optional
        Seed of that pick; None takes one from the operating system.
    progress : bool
        Say on the standard error stream where kernels are compiled first, which takes some seconds.

    Returns
    -------
    CoClustering

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, indices that are none or come twice, or another argument out of its range.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> together = dpmix.partitions.co_clustering(posterior, images=[0, 19, 20])
    >>> together.proba.round(1)
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    check_posterior(posterior)
    n, most, seed = posterior.table.n, check_count("most", most), check_seed(seed)
    check_bool("progress", progress)
    _check_number("most", most)
    if images is not None:
        images = _check_images(images, n)
    elif n <= most:
        images = np.arange(n)
    else:
        images = np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
    labels = posterior.labels.reshape(-1, n)[:, images]
    codes = np.ascontiguousarray(labels.T, np.int32)
    counts = np.zeros((len(images), len(images)), np.int32)
    with compiling_shown(progress):
        in_pieces(lambda first, last: count_together(codes, first, last, counts), len(images), guess=16)
    counts += counts.T
    np.fill_diagonal(counts, len(labels))
    proba = np.divide(counts, len(labels), dtype=np.float32)  # as in double precision, which would take twice
    proba.flags.writeable = False
    return CoClustering(images, proba, len(labels), n)


def _check_number(name, number):
    if number > _MOST_IMAGES:
        raise InputError(
            f"{name} must be at most {_MOST_IMAGES:,}, as there is a number for every pair; "
            f"got {number:,}; take a part of the images"
        )


def _check_images(images, n):
    found = np.asarray(images)
    if found.dtype.kind not in "iu" or found.ndim != 1 or not len(found):
        raise InputTypeError(
            "images must be a list of one or more indices of images; "
            f"got {found.dtype} of shape {found.shape}"
        )
    _check_number("images", len(found))
    wrong = (found < 0) | (found >= n)
    if wrong.any():
        raise InputError(f"images must be indices into {n} images, 0 to {n - 1}; found {found[wrong][0]}")
    values, counts = np.unique(found, return_counts=True)
    if (counts > 1).any():
        raise InputError(f"images must be distinct; found {values[counts > 1][0]} more than once")
    return found.astype(np.int64)


def _linkage_of(dissimilarity):
    if len(dissimilarity) < 2:
        return np.empty((0, 4))
    upper = dissimilarity[np.triu_indices(len(dissimilarity), 1)]
    return linkage(np.maximum(upper, 0), "average", optimal_ordering=True)


def _leaves(tree):
    return leaves_list(tree) if len(tree) else np.zeros(1, np.intp)
