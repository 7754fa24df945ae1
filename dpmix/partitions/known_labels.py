"""How clusters compare with labels that are known."""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dpmix.base.arrays import integers_or_unknown
from dpmix.base.errors import InputError, InputTypeError
from dpmix.partitions.draws import as_labels, cross_table
from dpmix.partitions.point import PointEstimate
from dpmix.posterior.posterior import Posterior, check_posterior

__all__ = ["Contingency", "LabelComparison", "compare_labels", "contingency_table"]


@dataclass(frozen=True, eq=False)
class LabelComparison:
    """Agreement of partitions with known labels, 1 where it is perfect.

    Every attribute is a float for one partition and a (chain, draw) array for a posterior.

    Attributes
    ----------
    ari : float or (chain, draw) float64
        Adjusted Rand index; 0 on average for a partition that has nothing to do with the labels.
    nmi : float or (chain, draw) float64
        Normalised mutual information (arithmetic mean of the entropies), which is also the V-measure.
    purity : float or (chain, draw) float64
        Share of images that have the label most common in their cluster.
    homogeneity : float or (chain, draw) float64
        1 where every cluster has images of one label only.
    completeness : float or (chain, draw) float64
        1 where all images of a label are in one cluster.
    """

    ari: float | np.ndarray
    nmi: float | np.ndarray
    purity: float | np.ndarray
    homogeneity: float | np.ndarray
    completeness: float | np.ndarray

    def summary(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation over draws; that of one partition is 0.

        Returns
        -------
        dict of str to (float, float)
            By the name of the measure.
        """
        return {name: (float(np.mean(values)), float(np.std(values))) for name, values in vars(self).items()}


class Contingency(NamedTuple):
    """How many images have each label and are in each cluster.

    Attributes
    ----------
    counts : (classes, clusters) int64
    classes : (classes,) array
        The labels in ascending order.
    """

    counts: np.ndarray
    classes: np.ndarray


def compare_labels(partition: Posterior | PointEstimate | ArrayLike, y: ArrayLike) -> LabelComparison:
    """Compare clusters with labels that are known, such as the digits that images show.

    Parameters
    ----------
    partition : dpmix.Posterior, PointEstimate or (n,) array of int
        A posterior is compared draw by draw.
    y : (n,) array of int, bool or str
        Known label of each image.

    Returns
    -------
    LabelComparison

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, or labels that are not one for each image.

    Examples
    --------
    >>> import dpmix
    >>> found = dpmix.partitions.compare_labels([0, 0, 1, 1, 2], ["cat", "cat", "dog", "dog", "dog"])
    >>> found.purity, round(found.completeness, 3)
    (1.0, 0.638)
    """
    if isinstance(partition, Posterior):
        posterior = check_posterior(partition)
        y = _as_classes(y, posterior.table.n)[1]
        n_chains, n_draws, n = posterior.labels.shape
        rows = np.array([_compare(labels, y) for labels in posterior.labels.reshape(-1, n)])
        return LabelComparison(*rows.T.reshape(-1, n_chains, n_draws))
    y = _as_classes(y)[1]
    return LabelComparison(*_compare(as_labels(partition, len(y), "partition"), y))


def contingency_table(partition: PointEstimate | ArrayLike, y: ArrayLike) -> Contingency:
    """How many images of each known label are in each cluster.

    Parameters
    ----------
    partition : PointEstimate or (n,) array of int
    y : (n,) array of int, bool or str
        Known label of each image; NaN beside whole numbers, and masked entries of a `numpy.ma.MaskedArray`, are
        not known and not counted.

    Returns
    -------
    Contingency
        ``counts`` (classes, clusters) and the ``classes``. A cluster without known labels has a column of 0.

    Raises
    ------
    InputError, InputTypeError
        Labels that are not one for each image, or none that is known.

    Examples
    --------
    >>> from dpmix.partitions import contingency_table
    >>> contingency_table([0, 0, 1, 1, 2], ["cat", "cat", "dog", "dog", "dog"]).counts
    array([[2, 0, 0],
           [0, 2, 1]])
    """
    y = _masked_where_unknown(y)
    classes, codes = _as_classes(np.ma.getdata(y))
    clusters = as_labels(partition, len(codes), "partition")
    known = ~np.ma.getmaskarray(y)
    if not known.any():
        raise InputError("y must hold a known label; all of its entries are masked")
    counts = np.zeros((len(classes), int(clusters.max()) + 1), np.int64)
    np.add.at(counts, (codes[known], clusters[known]), 1)
    some = counts.any(axis=1)  # values that stand under the mask only are no classes
    return Contingency(counts[some], classes[some])


def _masked_where_unknown(y):
    """Return `y`, whole numbers of which some are NaN, as a masked array of integers; anything else as it is."""
    values = np.asarray(y) if not np.ma.isMaskedArray(y) else y
    if values.dtype.kind != "f" or np.ma.isMaskedArray(y):
        return y
    integers = integers_or_unknown(values)
    return y if integers is values else np.ma.masked_array(integers, np.isnan(values))


def _as_classes(y, n=None):
    """Distinct values of `y` and the place of each element among them."""
    y = _masked_where_unknown(y)
    if np.ma.is_masked(y):
        raise InputError("y has masked entries or NaN; compare only images whose label is known")
    values = np.asarray(y)
    if values.dtype == object and all(isinstance(label, str) for label in values.flat):  # as pandas has them
        values = values.astype(str)
    if values.dtype.kind not in "buiU":
        raise InputTypeError(f"y must hold integers, booleans or strings; got dtype {values.dtype}")
    if values.ndim != 1 or not len(values) or (n is not None and len(values) != n):
        wanted = f"one label {'per image' if n is None else f'for each of the {n} images of the posterior'}"
        raise InputError(f"y must hold {wanted}; got shape {values.shape}")
    return np.unique(values, return_inverse=True)


def _compare(labels, y):
    from sklearn.metrics import adjusted_rand_score, homogeneity_completeness_v_measure

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes")  # which is no mistake
        ari = adjusted_rand_score(y, labels)
        homogeneity, completeness, nmi = homogeneity_completeness_v_measure(y, labels)
    purity = cross_table(y, labels).max(axis=0).sum() / len(y)
    return float(ari), float(nmi), float(purity), float(homogeneity), float(completeness)
