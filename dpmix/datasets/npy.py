"""NumPy's .npy and .npz files, read without pickle and without trust in their headers.

`numpy.load` takes the memory that a header asks for before it looks at the file, and its header parser
warns or fails in many ways on damaged text; what is needed here is small: plain numbers in 1 to 3 axes.
"""

import ast
import re
import warnings
import zipfile

import numpy as np

from dpmix.base.errors import InputError
from dpmix.datasets.stream import MAX_DEFLATE_RATIO, read_exactly, read_values

__all__ = ["NPY_MAGIC", "read_npy", "read_npz_member", "npz_members"]

NPY_MAGIC = b"\x93NUMPY"

_MAX_HEADER = 10_000  # bytes, NumPy's own bound
_PLAIN_NUMBER = re.compile(r"[|<>=]?(b1|[iu][1248]|f[248])")
_OBJECT = re.compile(r"[|<>=]?O\d*")


def read_npy(stream, limit, max_bytes):
    """Return the array of numbers in the .npy file `stream`.

    Parameters
    ----------
    stream : binary file
        At its first byte.
    limit, max_bytes : int
        Bytes that the file can hold at most, and the budget; see `read_values`.

    Returns
    -------
    numpy.ndarray
        Booleans come as uint8, so that a byte other than 0 and 1 shows.
    """
    if read_exactly(stream, 6, "the .npy header") != NPY_MAGIC:
        raise InputError("is no .npy file: its first bytes are not those of the format")
    dtype, fortran_order, shape = _parse_header(_read_header(stream))
    return read_values(stream, dtype, shape, limit, max_bytes, order="F" if fortran_order else "C")


def npz_members(archive):
    """Return the arrays in the opened .npz file `archive` as a dictionary from name to ZipInfo."""
    return {
        info.filename.removesuffix(".npy"): info
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }


def read_npz_member(archive, info, file_size, max_bytes):
    """Return the array `info` of the opened .npz file `archive`, a file of `file_size` bytes."""
    if info.flag_bits & 1:
        raise InputError(f"array {info.filename!r} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"array {info.filename!r} is packed in a way that .npz files are not")
    limit = min(info.file_size, file_size * MAX_DEFLATE_RATIO)
    with archive.open(info) as member:
        return read_npy(member, limit, max_bytes)


def _read_header(stream):
    major, minor = read_exactly(stream, 2, "the .npy header")
    if (major, minor) not in ((1, 0), (2, 0)):
        raise InputError(f"has .npy version {major}.{minor}; versions 1.0 and 2.0 hold plain numbers")
    width = 2 if major == 1 else 4
    length = int.from_bytes(read_exactly(stream, width, "the .npy header"), "little")
    if length > _MAX_HEADER:
        raise InputError(f"has a .npy header of {length:,} bytes; at most {_MAX_HEADER:,} are read")
    return read_exactly(stream, length, "the .npy header").decode("latin1")


def _parse_header(text):
    """Return (dtype, fortran_order, shape) of the header `text`, a Python dictionary."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the parser, about odd literals: the checks below decide
            header = ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise InputError("has a damaged .npy header") from error
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise InputError("has a damaged .npy header")
    descr, fortran_order, shape = header["descr"], header["fortran_order"], header["shape"]
    if not isinstance(fortran_order, bool) or not isinstance(shape, tuple):
        raise InputError("has a damaged .npy header")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise InputError(f"has a damaged .npy header: shape {shape}")
    if not 1 <= len(shape) <= 3:
        raise InputError(f"must have 1 to 3 axes; got shape {shape}")
    return _parse_descr(descr), fortran_order, shape


def _parse_descr(descr):
    if isinstance(descr, str) and _PLAIN_NUMBER.fullmatch(descr):
        return np.dtype(np.uint8 if descr.endswith("b1") else descr)
    if isinstance(descr, str) and _OBJECT.fullmatch(descr):
        raise InputError("holds pickled Python objects, which are never loaded; save an array of numbers")
    raise InputError(f"must hold real numbers; got dtype {descr!r}")
