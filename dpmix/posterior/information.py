"""Information in partitions: entropy of the cluster sizes, distance between two partitions. Nats."""

import numpy as np

from dpmix.base.errors import InputError, InputTypeError

__all__ = ["distance", "entropy", "entropy_of_sizes", "variation_of_information"]


def entropy(z):
    """Entropy of the cluster sizes of a partition: minus the sum over clusters of n_k/n log n_k/n.

    It is 0 for a single cluster and log k for k clusters of equal size; its exponential counts
    clusters, small ones for little.

    Parameters
    ----------
    z : (n,) array of int
        Cluster of each image, whatever the numbers.

    Returns
    -------
    float
        Nats.

    Raises
    ------
    InputError, InputTypeError
        Anything but one integer for each of at least one image.

    Examples
    --------
    >>> from dpmix.posterior.information import entropy
    >>> round(entropy([0, 0, 1, 1]), 4)
    0.6931
    """
    return entropy_of_sizes(np.bincount(_check_labels("z", z)))


def entropy_of_sizes(sizes):
    """The `entropy` of a partition whose clusters have `sizes` (k,) int, empty ones perhaps among them."""
    share = sizes[sizes > 0] / sizes.sum()
    return float(abs(share @ np.log(share)))  # abs: a single cluster gives -0.0


def variation_of_information(z, other):
    """Distance between two partitions of the same images (Meila 2007).

    The entropy of the clusters of one when those of the other are known, and the other way round:
    H(z | other) + H(other | z). It is a metric on partitions, exactly 0 where the two are the same
    up to the numbers of the clusters, and at most log n.

    Parameters
    ----------
    z, other : (n,) array of int
        Cluster of each image, whatever the numbers.

    Returns
    -------
    float
        Nats.

    Raises
    ------
    InputError, InputTypeError
        Partitions of different numbers of images, or anything but one integer for each.

    References
    ----------
    Meila, M. (2007). Comparing clusterings, an information based distance. Journal of Multivariate
    Analysis 98, 873-895, equation 16.

    Examples
    --------
    >>> from dpmix.posterior.information import variation_of_information
    >>> variation_of_information([0, 0, 1, 1], [7, 7, 3, 3])
    0.0
    >>> round(variation_of_information([0, 0, 1, 1], [0, 1, 0, 1]), 4)
    1.3863
    """
    z, other = _check_labels("z", z), _check_labels("other", other)
    if len(z) != len(other):
        raise InputError(f"z and other must label the same images; got {len(z)} and {len(other)} labels")
    return distance(z, other)


def distance(z, other):
    """`variation_of_information` of labels that are small and not negative, unchecked."""
    sizes, other_sizes = np.bincount(z), np.bincount(other)
    cell = z * np.int64(len(other_sizes)) + other
    if len(sizes) * len(other_sizes) <= len(z):  # sorting is quicker than a larger table, mostly of zeros
        both = np.bincount(cell)
        cells = np.flatnonzero(both)
        both = both[cells]
    else:
        cells, both = np.unique(cell, return_counts=True)
    k, other_k = np.divmod(cells, len(other_sizes))
    # No term is negative, and each is exactly 0 where the clusters are the same: no cancellation.
    terms = np.log(sizes[k] / both) + np.log(other_sizes[other_k] / both)
    return float(both @ terms / len(z))


def _check_labels(name, labels):
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise InputTypeError(f"{name} must hold integer labels; got dtype {labels.dtype}")
    if labels.ndim != 1 or not labels.size:
        raise InputError(f"{name} must hold one label for each image, as a row; got shape {labels.shape}")
    if labels.min() < 0 or labels.max() >= labels.size:
        return np.unique(labels, return_inverse=True)[1]
    return labels.astype(np.int64)
