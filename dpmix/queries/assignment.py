"""New images in the clusters of a partition that stays as it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import Table
from dpmix.base.errors import InputError, InputTypeError
from dpmix.posterior.given import given_partition
from dpmix.posterior.posterior import Posterior, check_posterior
from dpmix.queries.query import log_predictive, responsibilities
from dpmix.tables.frames import is_frame, new_frame, read_frame

__all__ = ["Assignment", "assign"]


@dataclass(frozen=True, eq=False, repr=False)
class Assignment:
    """Which clusters new images belong to.

    Attributes
    ----------
    cluster : (m,) int64
        The most probable cluster of each image, as the partition numbers it.
    probability : (m,) float64
        How probable that one is.
    new : (m,) float64
        How probable it is that the image belongs to none of them, but opens a cluster of its own.
    log_predictive : (m,) float64
        Log probability of the image under all draws, nats: the lower, the odder.
    names : tuple of str or int, or None
        What the images are called.
    """

    cluster: np.ndarray
    probability: np.ndarray
    new: np.ndarray
    log_predictive: np.ndarray
    names: tuple | None

    def __repr__(self):
        found = len(np.unique(self.cluster))
        new = int((self.new > 0.5).sum())
        return f"<dpmix Assignment: {len(self.cluster):,} images in {found:,} clusters, {new:,} more probably in none>"

    def odd_first(self) -> NDArray[np.int64]:
        """The images in order, those that the posterior expects least first.

        Returns
        -------
        (m,) int64
        """
        return np.argsort(self.log_predictive, kind="stable")

    def to_frame(self, library: str | None = None) -> Any:
        """The assignment as a frame that knows the names of the images.

        Parameters
        ----------
        library : {"pandas", "polars", "pyarrow"}, optional
            By default the first of these that is installed.

        Returns
        -------
        frame
            Of columns cluster, probability, new and log_predictive; names are the index, or a column name where the
            library has no index.

        Raises
        ------
        InputError
            None of these libraries is installed, or not the one that is asked for.
        """
        fields = ("cluster", "probability", "new", "log_predictive")
        return new_frame({name: getattr(self, name) for name in fields}, self.names, library)


def assign(
    posterior: Posterior, x: Table, partition: ArrayLike | Any, observed: ArrayLike | None = None
) -> Assignment:
    """Put new images into the clusters of a partition, which stays as it is.

    Parameters
    ----------
    posterior : dpmix.Posterior
    x
        As in `dpmix.predict_proba`; of a frame the names of the rows are kept.
    partition : dpmix.partitions.PointEstimate or (n,) array of int
        A cluster for each image of `posterior`.
    observed
        As in `dpmix.predict_proba`.

    Returns
    -------
    Assignment

    Raises
    ------
    InputError, InputTypeError
        As in `dpmix.predict_proba`; a partition that does not fit the posterior.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> found = dpmix.queries.assign(posterior, [[1, 1, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0]], np.repeat([7, 3], 20))
    >>> found.cluster[0], found.odd_first()
    (np.int64(7), array([1, 0]))
    """
    numbers, labels = _numbered(partition, check_posterior(posterior).table.n)
    names = getattr(x, "names", None)
    if is_frame(x):
        frame = read_frame(x, "x", posterior.columns)
        x, names = frame.x, frame.names
    given = given_partition(posterior, labels)
    shares = np.atleast_2d(responsibilities(given, x, observed=observed))
    expected = np.atleast_1d(log_predictive(posterior, x, observed))
    best = shares[:, :-1].argmax(axis=1)
    return Assignment(numbers[best], shares[np.arange(len(best)), best], shares[:, -1], expected, names)


def _numbered(partition, n):
    """The numbers of clusters, and the place among them of the cluster of each image."""
    labels = np.asarray(getattr(partition, "labels", partition))
    if labels.dtype.kind not in "iu":
        raise InputTypeError(f"partition must hold one integer label per image; got dtype {labels.dtype}")
    if labels.shape != (n,):
        raise InputError(
            f"partition must hold one label for each of the {n} images; got shape {labels.shape}"
        )
    numbers, places = np.unique(labels, return_inverse=True)
    return numbers, places.astype(np.int32)
