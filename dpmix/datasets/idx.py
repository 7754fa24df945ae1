"""The IDX format of the MNIST files: a magic number, the sizes of the axes, and the values, big-endian."""

import struct

import numpy as np

from dpmix.base.errors import InputError
from dpmix.base.npy import check_images
from dpmix.base.stream import check_axes, read_exactly, read_values

__all__ = ["is_idx", "read_idx"]

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def is_idx(head):
    """Return whether the first bytes `head` of a file are those of an IDX file."""
    return len(head) >= 4 and head[:2] == b"\0\0" and head[2] in _DTYPES


def read_idx(stream, limit, max_bytes):
    """Return the array of 1 to 3 axes in the IDX file `stream`.

    Parameters
    ----------
    stream, limit, max_bytes
        As for `dpmix.base.npy.read_npy`.
    """
    head = read_exactly(stream, 4, "the IDX header")
    if not is_idx(head):
        raise InputError(f"is no IDX file: it starts with {head.hex(' ')}")
    ndim = head[3]
    check_axes(ndim)
    shape = struct.unpack(f">{ndim}I", read_exactly(stream, 4 * ndim, "the IDX header"))
    dtype = np.dtype(_DTYPES[head[2]])
    check_images(dtype, shape)
    return read_values(stream, dtype, shape, limit, max_bytes)
