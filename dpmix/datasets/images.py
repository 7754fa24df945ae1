"""`Images`: a table of binary images with its labels, picture's size and names."""

import numbers
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from dpmix.base.annotations import Size, Table
from dpmix.base.arrays import image_shape, integers_or_unknown
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import shown
from dpmix.datasets.binarization import real_array, to_binary
from dpmix.datasets.rows import Rows, check_picture_shape, frozen
from dpmix.tables.columns import Columns
from dpmix.tables.frames import is_frame, read_frame

__all__ = ["Images", "named_labels"]


class Images(Rows):
    """Binary images, one per row.

    For NumPy, pandas and scikit-learn they are the array (n, d) that `x` is: ``np.asarray(images)``,
    ``len(images)``, ``images.shape``, ``train_test_split(images)``. ``images[rows]`` with an index, a slice, a list
    of indices or a boolean array (n,) is the `Images` of these rows, also in a loop over them;
    ``images[rows, columns]`` is an array.

    Parameters
    ----------
    x : array_like (n, d) of 0 and 1, or a frame
        One row per image, pixels row by row from the top left. A writable array is copied, so that
        later changes to it do not reach the images. A frame brings `columns` and `names`.
    y : array_like (n,) of int, optional
        Label of each image; -1 or NaN, which becomes -1, where it is not known.
    shape : tuple of int, optional
        (height, width) with height * width = d. By default a square where d is one, else (1, d), which
        the rows of a table with named columns always are.
    names : sequence of str or int, optional
        Name of each image, such as its file.
    classes : sequence of str, optional
        Names of the labels: image i belongs to ``classes[y[i]]``.
    columns : sequence of str, optional
        Names of the pixels, where these are the columns of a table.

    Attributes
    ----------
    x : numpy.ndarray (n, d) of uint8
        0 and 1, C-contiguous, read-only.
    y : numpy.ndarray (n,) of int64, or None
        Labels, read-only.
    image_shape : tuple of int
        (height, width).
    names : tuple of str or int, or None
    classes : tuple of str, or None
    columns : dpmix.tables.columns.Columns, or None
    shape : tuple of int
        (n, d).
    ndim : int
        2.
    dtype : numpy.dtype
        uint8.

    Raises
    ------
    InputError
        If `x` is not a table of 0 and 1, or the rest does not fit it.

    Examples
    --------
    >>> import numpy as np
    >>> images = Images(np.eye(4, dtype=int), y=[0, 0, 1, 1])
    >>> images
    Images(n=4, image_shape=(2, 2), 25% on, labels 0..1)
    >>> images[images.y == 1].x
    array([[0, 0, 1, 0],
           [0, 0, 0, 1]], dtype=uint8)
    >>> images.shape, images.image_shape
    ((4, 4), (2, 2))
    """

    _fields = (*Rows._fields, "columns")

    def __init__(
        self,
        x: Table,
        y: ArrayLike | None = None,
        shape: Size = None,
        names: Sequence[str | int] | None = None,
        classes: Sequence[str] | None = None,
        columns: Columns | Sequence[str] | None = None,
    ) -> None:
        if is_frame(x):
            x, columns, names = _of_frame(x, columns, names)
        x = _check_table(x)
        n, d = x.shape
        self._set("x", x)
        self._set("columns", columns if columns is None or isinstance(columns, Columns) else Columns(columns))
        if columns is not None and len(self.columns) != d:
            raise InputError(f"columns must be one name per column, {d}; got {len(self.columns)}")
        table_shape = image_shape(d) if columns is None else (1, d)
        self._set("image_shape", table_shape if shape is None else check_shape(shape, d))
        self._set("names", None if names is None else _check_names(names, n))
        self._set("classes", None if classes is None else _check_strings("classes", classes))
        self._set("y", None if y is None else check_y(y, n))
        if classes is not None:
            _check_classes(self.y, self.classes)

    def __repr__(self):
        labels = ""
        if self.y is not None:
            known = self.y[self.y >= 0] if self.classes and self.y.max() >= 0 else self.y
            low, high = (self.classes[y] if self.classes else y for y in (known.min(), known.max()))
            labels = f", labels {low}..{high}"
        what = f"image_shape={self.image_shape}" if self.columns is None else f"columns={len(self.columns)}"
        return f"Images(n={len(self)}, {what}, {self.x.mean():.0%} on{labels})"


def named_labels(images):
    """Labels of `images`, (n,), as the names that they stand for, where they have names and all are known."""
    if images.classes is None or images.y is None or images.y.min() < 0:
        return images.y
    return np.array(images.classes)[images.y]


def images_of(values, y=None, names=None, classes=None, columns=None):
    """Return the `Images` of a fresh uint8 array (n, d) or (n, height, width) without copying it."""
    shape = values.shape[1:] if values.ndim == 3 else None
    x = frozen(np.ascontiguousarray(values).reshape(len(values), -1))
    return Images(x, y, shape=shape, names=names, classes=classes, columns=columns)


def check_y(y, n):
    """Return the labels `y` as a read-only int64 array (n,)."""
    y = integers_or_unknown(real_array(y, "y"))
    if y.dtype.kind == "f":
        raise InputTypeError(f"y must hold integers; got dtype {y.dtype}")
    if y.shape != (n,):
        raise InputError(f"y must hold one label per image, shape {(n,)}; got shape {y.shape}")
    if y.dtype == np.uint64 and y.max() > np.iinfo(np.int64).max:
        raise InputError(f"y must fit 64-bit integers; found {y.max()}")
    return frozen(y.astype(np.int64))


def class_rows(y, wanted, names=None):
    """Return the indices of the images whose label is among `wanted`, in their order.

    Parameters
    ----------
    y : numpy.ndarray (n,) of int64 or None
        Labels.
    wanted : int, str or sequence of them
        Labels or, as strings, the names of labels. A string of digits stands for its number.
    names : sequence of str, optional
        Names of the labels 0, 1, ...
    """
    if y is None:
        raise InputError("classes cannot be chosen: these images have no labels; leave classes out")
    labels = {str(label): label for label in np.unique(y).tolist()}
    if names is not None:
        labels = {names[label]: label for label in labels.values()}
    if isinstance(wanted, str) or not np.iterable(wanted):
        wanted = [wanted]
    chosen = [_find_class(value, labels) for value in wanted]
    if not chosen:
        raise InputError(f"classes must name at least one label: {_listed(labels)}; got none")
    return np.flatnonzero(np.isin(y, chosen))


def _find_class(value, labels):
    if isinstance(value, str) and value.strip() in labels:
        return labels[value.strip()]
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and value in labels.values():
        return int(value)
    if not isinstance(value, (str, numbers.Integral)) or isinstance(value, bool):
        raise InputTypeError(f"classes must be integers or names of labels; got {shown(value)}")
    raise InputError(f"classes must be among the labels {_listed(labels)}; got {shown(value)}")


def _listed(labels, most=20):
    names = list(labels)
    return ", ".join(names[:most]) + (f", ... ({len(names)} labels)" if len(names) > most else "")


def _check_table(x):
    x = real_array(x, "x")
    if x.ndim != 2:
        raise InputError(f"x must have two axes, images and pixels (n, d); got shape {x.shape}")
    if not x.size:
        raise InputError(f"x must hold at least one image of at least one pixel; got shape {x.shape}")
    on = np.ascontiguousarray(to_binary(x))
    return frozen(on.copy() if np.may_share_memory(on, x) and x.flags.writeable else on.view())


def check_shape(shape, d):
    """Return `shape` as (height, width), whose product must be the `d` pixels of a row."""
    check_picture_shape(shape)
    try:
        height, width = shape
    except (TypeError, ValueError) as error:
        raise InputError(f"shape must be (height, width); got {shown(shape)}") from error
    height, width = check_count("height", height), check_count("width", width)
    if height * width != d:
        raise InputError(f"shape must have height * width = {d}, the pixels of a row; got {(height, width)}")
    return height, width


def _of_frame(x, columns, names):
    """Pixels, columns and names of the rows of a frame."""
    if columns is not None:
        raise InputError("columns are those of the frame x; leave them out")
    frame = read_frame(x)
    if np.ma.is_masked(frame.x):
        raise InputError("x has entries that are not observed", "give it to dpmix.sample or a query as it is")
    return np.ma.getdata(frame.x), frame.columns, frame.names if names is None else names


def _check_names(names, n):
    """Names of `n` images, texts or whole numbers."""
    if isinstance(names, str) or not np.iterable(names):
        raise InputTypeError(f"names must be a sequence of strings; got {shown(names)}")
    names = tuple(names)
    if not all(isinstance(name, (str, int)) and not isinstance(name, bool) for name in names):
        raise InputTypeError(f"names must be a sequence of strings; got {shown(names)}")
    if len(names) != n:
        raise InputError(f"names must be one per image, {n}; got {len(names)}")
    return names


def _check_strings(name, values):
    if (
        isinstance(values, str)
        or not np.iterable(values)
        or not all(isinstance(value, str) for value in values)
    ):
        raise InputTypeError(f"{name} must be a sequence of strings; got {shown(values)}")
    return tuple(values)


def _check_classes(y, classes):
    if y is None or y.min() < -1 or y.max() >= len(classes):
        raise InputError(
            f"classes must name every label 0..{len(classes) - 1} of y; got {len(classes)} names"
        )
