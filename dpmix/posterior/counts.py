"""How many images of each cluster have each pixel on, unobserved, or each label."""

import numpy as np

from dpmix.kernels.records import table_rows

__all__ = ["count_clusters"]

_RUNS = 1 << 20  # looked at together


def count_clusters(table, labels):
    """Count the images of each cluster.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
    labels : (n,) array of int
        Cluster of each image, numbered from 0 without gaps.

    Returns
    -------
    sizes : (k,) int64
    ones : (k, d) int32
        Images with the pixel on.
    gaps : (k, d) int32, or (k, 0) where no pixel is ever unobserved
    classes : (k, n_classes) int64
        Images with the label.

    Notes
    -----
    A run of neighbouring pixels counts once where it begins and is taken off where it ends; what each pixel
    has is the sum up to it. That is several times as fast as counting pixel by pixel.
    """
    runs, d, n_classes = table.runs, table.d, table.n_classes
    first_gap, _, width = table_rows(d, table.masked, n_classes)
    sizes = np.bincount(labels)
    k, columns = len(sizes), width + 1
    edges = np.zeros(k * columns, np.int64)
    for first, last in _pieces(runs.offsets):
        mine = slice(runs.offsets[first], runs.offsets[last])
        begins = np.repeat(
            labels[first:last].astype(np.int64) * columns, np.diff(runs.offsets[first : last + 1])
        )
        ends = begins + runs.stops[mine]
        begins += runs.starts[mine]
        edges += np.bincount(begins, minlength=len(edges))
        edges -= np.bincount(ends, minlength=len(edges))
    counts = edges.reshape(k, columns).cumsum(axis=1, dtype=np.int32)
    ones = np.ascontiguousarray(counts[:, :d])
    gaps = (
        np.ascontiguousarray(counts[:, first_gap : first_gap + d])
        if table.masked
        else np.empty((k, 0), np.int32)
    )
    labelled = runs.labels >= 0
    places = labels[labelled].astype(np.int64) * n_classes + runs.labels[labelled]
    return sizes, ones, gaps, np.bincount(places, minlength=k * n_classes).reshape(k, n_classes)


def _pieces(offsets):
    """First and last image + 1 of pieces that have about `_RUNS` runs each."""
    n = len(offsets) - 1
    cuts = np.searchsorted(offsets, np.arange(_RUNS, offsets[-1], _RUNS)).clip(1, n)
    bounds = np.unique(np.concatenate([[0], cuts, [n]]))
    return zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
