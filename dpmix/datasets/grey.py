"""`load_grey`: the same sources as `load`, with their grey values in [0, 1] instead of 0 and 1."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from dpmix.base.annotations import Classes, PathLike, Real, Size, Table
from dpmix.base.arrays import image_shape
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import shown
from dpmix.base.wording import Wording
from dpmix.datasets.arrays import check_table, read_array
from dpmix.datasets.binarization import check_range, is_binary, real_array
from dpmix.datasets.folder import read_folder
from dpmix.datasets.images import check_shape, check_y, class_rows
from dpmix.datasets.mnist import MAX_GREY, SPLITS, read_split
from dpmix.datasets.row_ranges import rows_of, source_and_rows
from dpmix.datasets.rows import Rows
from dpmix.datasets.source import load_table
from dpmix.datasets.table_files import TableOptions, is_table_file

__all__ = ["GreyImages", "load_grey"]

_DIGITS_MAXIMUM = 16  # the embedded digits count pen marks in cells of 4 x 4


class GreyImages(Rows):
    """Grey images, one per row, for the extractors of `dpmix.features`.

    They are rows of an array as `Images` are, and are indexed as these.

    Parameters
    ----------
    x : numpy.ndarray (n, d) of float32
        Values in [0, 1].
    y : numpy.ndarray (n,) of int64, optional
        Label of each image.
    shape : tuple of int, optional
        (height, width) with height * width = d. By default a square where d is one, else (1, d).
    classes : sequence of str, optional
        Names of the labels: image i belongs to ``classes[y[i]]``.

    Attributes
    ----------
    x, y, classes
        As given.
    image_shape : tuple of int
        (height, width).
    shape : tuple of int
        (n, d).
    ndim : int
        2.
    dtype : numpy.dtype
        That of `x`.

    Raises
    ------
    InputError
        If `x` is no table of numbers, or the rest does not fit it.

    Examples
    --------
    >>> GreyImages(np.linspace(0, 1, 8).reshape(2, 4), y=np.array([3, 4]))
    GreyImages(n=2, image_shape=(2, 2), labels 3..4)
    """

    _fields = ("x", "y", "image_shape", "classes")

    def __init__(
        self, x: Table, y: ArrayLike | None = None, shape: Size = None, classes: Sequence[str] | None = None
    ) -> None:
        x = real_array(x, "x")
        if x.ndim != 2 or not x.size:
            raise InputError(f"x must have two axes, images and pixels (n, d); got shape {x.shape}")
        self._set("x", x)
        self._set("y", y if y is None or _is_settled(y, len(x)) else check_y(y, len(x)))
        self._set("image_shape", image_shape(x.shape[1]) if shape is None else check_shape(shape, x.shape[1]))
        self._set("classes", None if classes is None else tuple(classes))

    def __repr__(self):
        labels = "" if self.y is None else f", labels {self.y.min()}..{self.y.max()}"
        return f"GreyImages(n={len(self)}, image_shape={self.image_shape}{labels})"


def _is_settled(y, n):
    return isinstance(y, np.ndarray) and y.dtype == np.int64 and y.shape == (n,) and not y.flags.writeable


def load_grey(
    source: PathLike,
    classes: Classes | None = None,
    maximum: Real | None = None,
    data_home: PathLike | None = None,
    *,
    index: str | None = None,
    label: str | None = None,
    drop: Sequence[str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> GreyImages:
    """Load images with grey values, or a table of zeros and ones, from a name or a path.

    Parameters
    ----------
    source : str or path-like
        As for `load`.
    classes : int, str or sequence of them, optional
        Keep the images with these labels only.
    maximum : float, optional
        For array files: value of a fully lit pixel. By default 1 for floats, 255 for uint8 and 65535 for
        uint16; an array of 0 and 1 stays as it is. MNIST, folders and the embedded digits take none.
    data_home : str or path-like, optional
        Folder of the MNIST files; see `load_mnist`.
    index, label, drop, delimiter, encoding
        As for `load`.

    Returns
    -------
    GreyImages

    Raises
    ------
    InputError
        If there is no such source, an option does not fit it, or a value lies outside 0..maximum.

    Examples
    --------
    >>> images = load_grey("digits", classes=[2, 3])
    >>> images.shape, images.x.max(), images.image_shape
    ((360, 64), np.float32(1.0), (8, 8))
    """
    if not isinstance(source, (str, os.PathLike)):
        raise InputTypeError(
            f"source must be a name or a path; got {shown(source)} ({type(source).__name__})"
        )
    table = TableOptions.checked(index, label, drop, delimiter, encoding)
    whole, rows = source_and_rows(source)
    if rows is not None:
        options = {name: value for name, value in table._asdict().items() if name != "columns"}
        images = rows_of(load_grey(whole, None, maximum, data_home, **options), rows, source)
        return images if classes is None else images[class_rows(images.y, classes, images.classes)]
    name, _, split = source.partition(":") if isinstance(source, str) else (None, "", "")
    is_table = name != "mnist" and source != "digits" and is_table_file(source)
    is_array = not is_table and name != "mnist" and source != "digits" and not os.path.isdir(source)
    if maximum is not None and not is_array:
        text = Wording("{maximum} is for array files; got source {source!r}", source=str(source))
        raise InputError(text, "leave it out")
    if is_table:
        images = _of_table(load_table(source, table))
        return images if classes is None else images[class_rows(images.y, classes, images.classes)]
    table.refuse(source)
    if name == "mnist":
        images = _load_mnist(source, split or "train", data_home)
    elif source == "digits":
        images = _load_digits()
    elif is_array:
        images = _load_array(source, maximum)
    else:
        values, y, _, names = read_folder(source)
        images = _grey_images(values, y, np.iinfo(values.dtype).max, names)
    if classes is None:
        return images
    return images[class_rows(images.y, classes, images.classes)]


def _of_table(images):
    return GreyImages(images.x.astype(np.float32), images.y, images.image_shape, images.classes)


def _load_mnist(source, split, data_home):
    if split not in SPLITS or source == "mnist:":
        raise InputError(f"source must be mnist, mnist:train, mnist:test or mnist:all; got {shown(source)}")
    parts = [read_split(part, data_home) for part in ("train", "test") if split in (part, "all")]
    grey, y = map(np.concatenate, zip(*parts, strict=True))
    return _grey_images(grey, y, MAX_GREY)


def _load_digits():
    from sklearn import datasets  # takes a second to import, which only users of this function pay

    bunch = datasets.load_digits()
    return _grey_images(bunch.images, bunch.target, _DIGITS_MAXIMUM)


def _load_array(path, maximum):
    if not os.path.exists(path):
        raise InputError(
            "source must be digits, mnist, mnist:train, mnist:test, mnist:all, a folder of images, a table (.csv, "
            f".parquet), or a .npy, .npz or IDX file; there is no file or folder {str(path)!r}"
        )

    def scaled(values, y):
        check_table(values)
        binary = maximum is None and is_binary(values)
        return _grey_images(values, y, 1 if binary else check_range(values, maximum))

    return read_array(path, scaled)


def _grey_images(values, y, maximum, classes=None):
    """`GreyImages` of `values` (n, d) or (n, height, width) in 0..maximum."""
    shape = values.shape[1:] if values.ndim == 3 else image_shape(values.shape[1])
    x = np.divide(values.reshape(len(values), -1), maximum, dtype=np.float32)
    y = None if y is None else check_y(y, len(x))
    return GreyImages(x, y, shape, classes)
