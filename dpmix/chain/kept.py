"""The forms in which draws are kept: the cluster of each image, or the counts of each cluster.

Labels take some bytes for each image and draw. Counts take them for each cluster and pixel, however many images there
are; they are all that predictions and pictures need, but do not say which images are together. The counts of all
draws stand one after the other, those of a draw in as many rows as it has clusters.
"""

import numpy as np

__all__ = ["COUNTS", "HYPER", "KEPT", "counts_row", "empty_kept", "joined_rows", "labels_row"]

KEPT = ("labels", "counts")
COUNTS = ("sizes", "ones", "gaps", "classes")
HYPER = ("alpha", "a", "b")


def empty_kept(table, keep):
    """No draws of the images of `table`: a dict of arrays, each of the dtype and form of what is to follow it.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
    keep : {"labels", "counts"}
    """
    d, has_gaps, n_classes = table.d, table.masked, table.n_classes
    hyper = {"alpha": np.empty(0), "a": np.empty((0, d)), "b": np.empty((0, d))}
    if keep == "labels":
        return {"labels": np.empty((0, table.n), np.uint16), **hyper}
    return {
        "n_clusters": np.empty(0, np.int64),
        "sizes": np.empty(0, np.int64),
        "ones": np.empty((0, d), np.int32),
        "gaps": np.empty((0, d if has_gaps else 0), np.int32),
        "classes": np.empty((0, n_classes), np.int64),
        **hyper,
    }


def labels_row(labels, hyper):
    """One draw, by its labels (n,) and its hyperparameters (alpha, a, b)."""
    return {"labels": labels[None], **_hyper_row(hyper)}


def counts_row(counts, hyper):
    """One draw, by its counts and its hyperparameters (alpha, a, b); clusters by decreasing size.

    Parameters
    ----------
    counts : (sizes, ones, gaps, classes)
        Of k clusters each. Ties of sizes are kept in order, as by `dpmix.chain.segment.labels_by_size`.
    """
    order = np.argsort(-counts[0].astype(np.int64), kind="stable")
    columns = {name: values[order] for name, values in zip(COUNTS, counts, strict=True)}
    return {"n_clusters": np.array([len(order)]), **columns, **_hyper_row(hyper)}


def _hyper_row(hyper):
    return {name: np.array(value)[None] for name, value in zip(HYPER, hyper, strict=True)}


def joined_rows(rows, empty):
    """The draws `rows`, one after the other, in a dict of arrays as `empty`, which they are where there are none."""
    if not rows:
        return empty
    return {name: np.concatenate([row[name] for row in rows]) for name in empty}
