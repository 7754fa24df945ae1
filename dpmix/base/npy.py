"""NumPy's .npy files, read without pickle and without trust in their headers.

`numpy.load` takes the memory that a header asks for before it looks at the file. Here NumPy parses the
header, from a stream that never hands out more than a header may hold, and `read_values` checks what it
promises. Only versions 1.0 and 2.0 of the format have a public parser; 3.0 adds nothing for plain numbers.
"""

import tokenize
import warnings

import numpy as np
from numpy.lib import format as npy_format

from dpmix.base.errors import InputError
from dpmix.base.stream import check_axes, read_exactly, read_values

__all__ = ["NPY_MAGIC", "check_images", "check_plain", "read_npy"]

NPY_MAGIC = npy_format.MAGIC_PREFIX

_MAX_HEADER = 10_000  # bytes, NumPy's own bound
_PARSERS = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}

# What the parser raises on damaged text: its own ValueError, and what reading it as Python runs into.
_DAMAGE = (ValueError, TypeError, LookupError, SyntaxError, tokenize.TokenError, MemoryError, RecursionError)


def check_images(dtype, shape):
    """Refuse an array that holds neither images nor labels: real numbers along 1 to 3 axes."""
    check_axes(len(shape))
    if 0 in shape:
        raise InputError(f"holds no values: its header says shape {shape}")
    check_plain(dtype, shape, "biuf", 8)


def check_plain(dtype, shape, kinds, most_bytes):
    """Refuse values of other `kinds` (``dtype.kind``), or of more than `most_bytes` bytes each."""
    if dtype.hasobject:
        raise InputError("holds pickled Python objects, which are never loaded; save an array of numbers")
    if dtype.kind not in kinds or dtype.itemsize > most_bytes:
        raise InputError(f"must hold real numbers; got dtype {dtype}")


def read_npy(stream, limit, max_bytes, check=check_images):
    """Return the array of numbers in the .npy file `stream`.

    Parameters
    ----------
    stream : binary file
        At its first byte.
    limit, max_bytes : int
        Bytes that the file can hold at most, and the budget; see `read_values`.
    check : callable (dtype, shape)
        Raises InputError for an array that is not wanted, before it is read.

    Returns
    -------
    numpy.ndarray
        Booleans come as uint8, so that a byte other than 0 and 1 shows.
    """
    dtype, fortran_order, shape = _read_header(_HeaderStream(stream))
    check(dtype, shape)
    dtype = np.dtype(np.uint8) if dtype.kind == "b" else dtype
    return read_values(stream, dtype, shape, limit, max_bytes, order="F" if fortran_order else "C")


class _HeaderStream:
    """The file while its header is read: hands out what is asked for in full, and never much at once."""

    def __init__(self, stream):
        self._stream = stream

    def read(self, size):
        if size > _MAX_HEADER:  # a length that the file claims, which no memory is taken for
            raise InputError(f"has a .npy header of {size:,} bytes; at most {_MAX_HEADER:,} are read")
        return read_exactly(self._stream, size, "the .npy header")


def _read_header(stream):
    """Return (dtype, fortran_order, shape) as the header at the start of `stream` has them, checked."""
    magic = stream.read(npy_format.MAGIC_LEN)
    if magic[:-2] != NPY_MAGIC:
        raise InputError("is no .npy file: its first bytes are not those of the format")
    major, minor = magic[-2:]
    if (major, minor) not in _PARSERS:
        raise InputError(f"has .npy version {major}.{minor}; versions 1.0 and 2.0 hold plain numbers")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the parser, about odd literals: the checks below decide
            shape, fortran_order, dtype = _PARSERS[major, minor](stream, max_header_size=_MAX_HEADER)
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError("has a damaged .npy header") from error
    if not all(type(size) is int and size >= 0 for size in shape):
        raise InputError(f"has a damaged .npy header: shape {shape}")
    return dtype, fortran_order, shape
