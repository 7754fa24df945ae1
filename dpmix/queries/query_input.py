"""What queries take: a posterior, images that fit it, masks and labels; checked before any work."""

from typing import NamedTuple

import numpy as np

from dpmix.base.arrays import check_binary, check_mask, check_numbers, integers_or_unknown, observed_entries
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.label_names import numbered
from dpmix.base.wording import Wording
from dpmix.posterior.posterior import check_posterior
from dpmix.tables.columns import Columns, check_columns
from dpmix.tables.frames import Like, is_frame, read_frame
from dpmix.tables.sparse import dense_rows, is_sparse, sparse_rows

__all__ = ["Query", "check_n_classes", "check_query", "column_names"]


class Query(NamedTuple):
    """Images that something is asked about."""

    on: np.ndarray  # (m, d) uint8, 1 where a pixel is on; 0 where it is neither observed nor given
    observed: np.ndarray  # (m, d) bool
    given: np.ndarray | None  # (m, d) bool, pixels to condition on
    classes: np.ndarray | None  # (m,) int64, known labels, -1 where there is none
    draws: int | None  # how many draws to ask; None for all
    single: bool  # one image came instead of a row of images, and one answer goes back
    like: Like | None = None  # a frame came

    def answer(self, found, axis=0, names=None):
        """`found`, which has an entry for each image along `axis`, in the form in which images came.

        Where a frame came, it is a frame of columns of these `names`, or a column that is called `names`.
        """
        if self.like is not None and names is not None:
            return self.like.series(found, names) if found.ndim == 1 else self.like.frame(found, names)
        if not self.single:
            return found
        return found.take(0, axis) if found.ndim > 1 else found.item()


def check_query(posterior, x, observed=None, labels=None, draws=None, given=None):
    """The `Query` that is asked of `posterior`.

    Raises
    ------
    InputError, InputTypeError
    """
    check_posterior(posterior)
    x, like = _as_array(posterior, x)
    values, whole, single = _check_images(posterior, x)
    draws = None if draws is None else check_count("draws", draws)
    classes = _check_classes(posterior, labels, len(values), single)
    observed = check_mask("observed", observed, whole, single)
    given = None if given is None else check_mask("given", given, whole, single)
    on = check_binary(values, "x", observed if given is None else observed | given)
    return Query(on, observed, given, classes, draws, single, like)


def _check_classes(posterior, labels, m, single):
    """The labels that are given, (m,) int64, or None."""
    if labels is None:
        return None
    n_classes = check_n_classes(posterior)
    labels, _ = numbered([labels] if isinstance(labels, str) else labels, posterior.label_names)
    labels = integers_or_unknown(check_numbers(labels, "labels"))
    if labels.dtype.kind not in "iu":
        raise InputTypeError(f"labels must be integers, -1 or NaN where not known; got dtype {labels.dtype}")
    if labels.shape != (m,) and not (single and labels.shape == ()):
        wanted = "one integer" if single else f"one label for each of the {m} images"
        raise InputError(f"labels must be {wanted}; got shape {labels.shape}")
    labels = labels.astype(np.int64).reshape(m)
    if labels.min() < -1 or labels.max() >= n_classes:
        wrong = labels[(labels < -1) | (labels >= n_classes)][0]
        raise InputError(
            f"labels must lie between 0 and {n_classes - 1}, the labels the posterior has seen, "
            f"or be -1 where not known; found {wrong}"
        )
    return labels


def check_n_classes(posterior):
    """Number of classes of the label column, which there must be."""
    if not posterior.table.n_classes:
        raise InputError(
            "posterior must be one of images with labels; it has none",
            Wording("{learn_labels}"),
        )
    return posterior.table.n_classes


def column_names(posterior):
    """Names of the columns of answers to a frame."""
    return posterior.columns.names if posterior.columns else tuple(map(str, range(posterior.table.d)))


def _as_array(posterior, x):
    """`x`, a frame or a sparse matrix that fits the columns of `posterior`, as an array; how answers are to look."""
    columns = posterior.columns
    if is_frame(x):
        frame = read_frame(x, "x", columns)
        return frame.x, frame.like
    if is_sparse(x):
        return dense_rows(sparse_rows(x)), None
    if isinstance(getattr(x, "columns", None), Columns):
        check_columns(x.columns, columns, "x")
    return x, None


def _check_images(posterior, x):
    """Values (m, d) of any dtype, where they are observed (m, d), and whether there is one image only."""
    values, d = check_numbers(x), posterior.table.d
    if values.ndim not in (1, 2) or values.shape[-1] != d:
        shape = " x ".join(map(str, posterior.image_shape))
        raise InputError(
            f"x must be one image ({d},) or many (m, {d}), as images of posterior are {shape}; "
            f"got shape {values.shape}; flatten images to rows, as in x.reshape(-1, {d})"
        )
    if values.size == 0:
        raise InputError(f"x must hold at least one image; got shape {values.shape}")
    observed = observed_entries(x, values)
    return values.reshape(-1, d), observed.reshape(-1, d), values.ndim == 1
