"""The partitions that a posterior holds, and the forms in which they are compared."""

import numpy as np

from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.pieces import evenly

__all__ = ["as_labels", "by_size", "codes_of", "cross_table", "flat_draws"]


def flat_draws(posterior, most=None):
    """Partitions of all draws, chain after chain, or of `most` of them spread evenly.

    Returns
    -------
    labels : (m, n) int32
        Clusters of each draw numbered from 0 by decreasing size.
    which : (m, 2) int64
        Chain and draw of each.
    """
    n_chains, n_draws, n = posterior.labels.shape
    total = n_chains * n_draws
    picked = evenly(total, total if most is None else most)
    which = np.column_stack(np.divmod(picked, n_draws))
    labels = np.empty((len(picked), n), np.int32)
    for row, (chain, draw) in zip(labels, which, strict=True):
        row[:] = posterior.labels[chain, draw]
    return labels, which


def codes_of(labels):
    """Clusters of all draws put in one row.

    Returns
    -------
    codes : (n, m) int32
        Place in that row of the cluster that each image has in each draw.
    n_codes : int
    """
    offsets = np.concatenate([[0], np.cumsum(labels.max(axis=1) + 1, dtype=np.int64)])
    codes = np.ascontiguousarray(labels.T)
    codes += offsets[:-1].astype(np.int32)
    return codes, int(offsets[-1])


def cross_table(rows, columns):
    """How many images each pair of clusters shares, (clusters of `rows`, clusters of `columns`) int64."""
    n_columns = int(columns.max()) + 1
    places = rows.astype(np.int64) * n_columns + columns
    return np.bincount(places, minlength=(int(rows.max()) + 1) * n_columns).reshape(-1, n_columns)


def by_size(labels):
    """`labels` with clusters numbered from 0 by decreasing size, ties by their first image; (n,) int32."""
    _, first, inverse, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(first), np.int32)
    rank[np.lexsort((first, -sizes))] = np.arange(len(first))
    return rank[inverse]


def as_labels(partition, n, name="estimate"):
    """Labels (n,) int32 from 0 on of `partition`: an estimate, or one integer label per image.

    Labels that are numbered from 0 without gaps stay as they are; others are renumbered by size.

    Raises
    ------
    InputError, InputTypeError
    """
    labels = np.asarray(getattr(partition, "labels", partition))
    if labels.dtype.kind not in "iu":
        raise InputTypeError(
            f"{name} must be a PointEstimate or one integer label per image; "
            f"got {type(partition).__name__} of dtype {labels.dtype}"
        )
    if labels.shape != (n,):
        raise InputError(
            f"{name} must hold one label for each of the {n} images of the posterior; "
            f"got shape {labels.shape}"
        )
    distinct = np.unique(labels)
    if distinct[0] == 0 and distinct[-1] == len(distinct) - 1:
        return labels.astype(np.int32)
    return by_size(labels)
