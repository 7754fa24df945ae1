"""Array files: .npy, .npz and IDX, plain or gzipped, told apart by their first bytes."""

import gzip
import math
import os

import numpy as np

from dpmix.base.annotations import PathLike, Real, Whole
from dpmix.base.checks import check_count, check_path
from dpmix.base.errors import InputError
from dpmix.base.npy import NPY_MAGIC, read_npy
from dpmix.base.npz import DAMAGE, members_of, opened_archive, read_member
from dpmix.base.reading import opened, unpacked_budget
from dpmix.base.stream import MAX_DEFLATE_RATIO
from dpmix.base.wording import Wording
from dpmix.datasets.binarization import check_finite, check_threshold, fill_threshold, to_binary
from dpmix.datasets.idx import is_idx, read_idx
from dpmix.datasets.images import Images, images_of

__all__ = ["load_array"]

_MOST = 1 << 32  # bytes of an array


def load_array(
    path: PathLike, key: str | None = None, threshold: Real | None = None, max_bytes: Whole | None = None
) -> Images:
    """Load binary images from a .npy, .npz or IDX file, gzipped or not.

    The array is (n, d) or (n, height, width). The format is told by the content, not by the name.
    Nothing is ever unpickled.

    Parameters
    ----------
    path : str or path-like
        The file.
    key : str, optional
        Name of the array in an .npz file. By default ``x``, or the only array besides ``y``.
        The array ``y`` (n,), where there is one, holds the labels.
    threshold : float, optional
        Value above which a pixel is on. Without it the values must be 0 and 1 already.
    max_bytes : int, optional
        Arrays larger than this are refused before they are read. By default 4 GiB, and of a packed file
        64 MiB or 100 times its size, whichever is more: a megabyte of zeros unpacks to gigabytes.

    Returns
    -------
    Images
        Of shape (height, width) for three axes; for two a square where d is one, else (1, d).

    Raises
    ------
    InputError
        If the file is missing, damaged, cut short or of another kind, its header promises what the file
        cannot hold, a value is NaN, or the values are not 0 and 1 and no `threshold` is given.

    See Also
    --------
    load_observed : Takes NaN for pixels that are not observed.

    Examples
    --------
    >>> import numpy as np, tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "table.npy")
    >>> np.save(path, np.eye(3, dtype=bool))
    >>> load_array(path)
    Images(n=3, image_shape=(1, 3), 33% on)
    """
    threshold = check_threshold(threshold, optional=True)
    return read_array(path, lambda values, y: images_of(as_binary(values, threshold), y), key, max_bytes)


def read_array(path, convert, key=None, max_bytes=None):
    """Return ``convert(values, y)`` of the array file `path`; every error names the file.

    Parameters
    ----------
    path, key, max_bytes
        As for `load_array`.
    convert : callable (values, y)
        Gets the array as it is in the file and the labels, which are None where there are none.

    Raises
    ------
    InputError
        As for `load_array`, or raised by `convert`.
    """
    path = check_path("path", path)
    max_bytes = None if max_bytes is None else check_count("max_bytes", max_bytes, most=math.inf)
    if not os.path.exists(path):
        raise InputError(f"{path}: there is no such file")
    try:
        with opened(path) as file:
            values, y = _read(file, key, max_bytes)
        return convert(values, y)
    except InputError as error:
        raise error if error.text.startswith(f"{path}: ") else error.within(path) from error
    except DAMAGE as error:
        raise InputError(f"{path}: cannot be read, it may be damaged or cut short: {error}") from error


def _read(file, key, max_bytes):
    """Return the array of the file and the labels, which are None where there are none."""
    size = os.fstat(file.fileno()).st_size
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"PK"):
        return _read_npz(file, size, key, max_bytes)
    if key is not None:
        raise InputError(f"key={key!r} names an array of an .npz file, and this is none; leave key out")
    if head.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=file) as unpacked:
            return _read_single(unpacked, size * MAX_DEFLATE_RATIO, max_bytes or _budget(size)), None
    return _read_single(file, size, max_bytes or _MOST), None


def _budget(size):
    """Bytes that a packed file of `size` bytes may unpack to."""
    return min(_MOST, unpacked_budget(size))


def _read_single(stream, limit, max_bytes):
    head = stream.read(8)
    stream.seek(0)
    if not head:
        raise InputError("is empty")
    if head.startswith(NPY_MAGIC):
        return read_npy(stream, limit, max_bytes)
    if is_idx(head):
        return read_idx(stream, limit, max_bytes)
    raise InputError(f"is none of .npy, .npz and IDX, gzipped or not: it starts with {head.hex(' ')}")


def _read_npz(file, size, key, max_bytes):
    max_bytes = max_bytes or _budget(size)
    with opened_archive(file) as archive:
        members = members_of(archive)
        key = _choose_key(members, key)
        values = read_member(archive, members[key], size, max_bytes)
        if key == "y" or "y" not in members:
            return values, None
        return values, read_member(archive, members["y"], size, max_bytes)


def _choose_key(members, key):
    listed = ", ".join(members) or "none"
    if key is not None:
        if key not in members:
            raise InputError(f"has no array {key!r}; its arrays are: {listed}")
        return key
    if "x" in members:
        return "x"
    others = [name for name in members if name != "y"]
    if len(others) != 1:
        raise InputError(
            f"must hold one array or one called 'x'; its arrays are: {listed}", Wording("{one_array}")
        )
    return others[0]


def check_table(values):
    """Refuse an array of one axis, which is no table of images."""
    if values.ndim == 1:
        raise InputError(
            f"x must have two axes (n, d) or three (n, height, width); got shape {values.shape}, "
            "which looks like labels or a single image"
        )


def as_binary(values, threshold=None):
    """Return `values` as 0 and 1, after the check that it is a table of images."""
    check_table(values)
    table = values.reshape(len(values), -1)
    if threshold is None:
        on = to_binary(table, "x", way_out=Wording("pass {threshold}"))
    else:
        check_finite(table, "x")
        on = np.empty(table.shape, np.uint8)
        fill_threshold(table, threshold, on)
    return on.reshape(values.shape)
