"""`load_grey`: the same sources as `load`, with their grey values in [0, 1] instead of 0 and 1."""

import os
from typing import NamedTuple

import numpy as np

from dpmix.base.arrays import image_shape
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.wording import Wording
from dpmix.datasets.arrays import check_table, read_array
from dpmix.datasets.binarization import check_range, is_binary
from dpmix.datasets.folder import read_folder
from dpmix.datasets.images import check_y, class_rows
from dpmix.datasets.mnist import MAX_GREY, SPLITS, read_split

__all__ = ["GreyImages", "load_grey"]

_DIGITS_MAXIMUM = 16  # the embedded digits count pen marks in cells of 4 x 4


class GreyImages(NamedTuple):
    """Grey images, one per row, for the extractors of `dpmix.features`."""

    x: np.ndarray  # (n, d) float32 in [0, 1]
    y: np.ndarray | None  # (n,) int64, label of each image
    shape: tuple  # (height, width)
    classes: tuple | None  # names of the labels: image i belongs to classes[y[i]]


def load_grey(source, classes=None, maximum=None, data_home=None):
    """Load images with grey values from a name or a path.

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
    >>> images.x.shape, images.x.max(), images.shape
    ((360, 64), np.float32(1.0), (8, 8))
    """
    if not isinstance(source, (str, os.PathLike)):
        raise InputTypeError(f"source must be a name or a path; got {source!r} ({type(source).__name__})")
    name, _, split = source.partition(":") if isinstance(source, str) else (None, "", "")
    is_array = name != "mnist" and source != "digits" and not os.path.isdir(source)
    if maximum is not None and not is_array:
        text = Wording("{maximum} is for array files; got source {source!r}", source=str(source))
        raise InputError(text, "leave it out")
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
    rows = class_rows(images.y, classes, images.classes)
    return images._replace(x=images.x[rows], y=images.y[rows])


def _load_mnist(source, split, data_home):
    if split not in SPLITS or source == "mnist:":
        raise InputError(f"source must be mnist, mnist:train, mnist:test or mnist:all; got {source!r}")
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
            "source must be digits, mnist, mnist:train, mnist:test, mnist:all, a folder of images, or a .npy, "
            f".npz or IDX file; there is no file or folder {str(path)!r}"
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
    return GreyImages(x, y, tuple(int(side) for side in shape), None if classes is None else tuple(classes))
