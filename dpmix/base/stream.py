"""Reading arrays from files that may be cut short or lie about what they hold.

A header is believed only as far as the file could keep its promise: the promised size is checked against
the size of the file and a budget before any memory is taken, and exactly that many bytes are read.
"""

import math

import numpy as np

from dpmix.base.errors import InputError
from dpmix.base.wording import Wording

__all__ = ["MAX_DEFLATE_RATIO", "check_axes", "fill", "read_exactly", "read_values"]

MAX_DEFLATE_RATIO = 1032  # deflate (gzip, zip) cannot shrink anything further (zlib technical details)

_CHUNK = 1 << 20


def read_exactly(stream, size, what):
    """Return `size` bytes of `stream`, for headers of a bounded size."""
    data = stream.read(size)
    if len(data) < size:
        raise InputError(f"cut short in {what}: {len(data)} bytes where {size} are needed")
    return data


def check_axes(n_axes):
    """Refuse a header of `n_axes` axes that can be neither images nor labels, before their sizes are used."""
    if not 1 <= n_axes <= 3:
        raise InputError(f"must have 1 to 3 axes; its header says {n_axes}")


def fill(stream, view):
    """Read into `view` until it is full or the stream ends; return the number of bytes read."""
    filled = 0
    while filled < len(view):
        # In pieces: gzip and zip streams gather a whole request before they hand it over.
        count = stream.readinto(view[filled : filled + _CHUNK])
        if not count:
            break
        filled += count
    return filled


def read_values(stream, dtype, shape, limit, max_bytes, order="C"):
    """Return the array that the rest of `stream` holds, which must be all of it.

    Parameters
    ----------
    stream : binary file
        At the first byte after the header.
    dtype : numpy.dtype
        Type of the values in the file.
    shape : tuple of int
        Shape that the header promises.
    limit : int
        Bytes that the whole file can hold at most, unpacked.
    max_bytes : int
        Budget in bytes.
    order : {"C", "F"}
        Order of the values in the file.

    Returns
    -------
    numpy.ndarray
        Of the given dtype and shape.
    """
    nbytes = math.prod(shape) * dtype.itemsize
    promise = f"its header promises {nbytes:,} bytes (shape {shape}, {dtype})"
    if nbytes > limit:
        raise InputError(f"{promise}, more than the file can hold: it is cut short or its header is wrong")
    if nbytes > max_bytes:
        raise InputError(f"{promise}, more than max_bytes={max_bytes:,}", Wording("{more_bytes}"))
    raw = np.empty(nbytes, np.uint8)
    filled = fill(stream, memoryview(raw))
    if filled < nbytes:
        raise InputError(f"cut short: {filled:,} bytes of values where its header promises {nbytes:,}")
    if stream.read(1):
        raise InputError(f"goes on after the {nbytes:,} bytes of values that its header promises")
    return raw.view(dtype).reshape(shape, order=order)
