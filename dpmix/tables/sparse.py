"""Sparse matrices of SciPy as packed rows: the zeros that they do not store are never made."""

import sys

import numpy as np

from dpmix.base.errors import InputError, InputTypeError

__all__ = ["dense_rows", "is_sparse", "packed_sparse", "sparse_rows"]

_ENTRIES = 1 << 22  # that are looked at together


def is_sparse(x):
    """Whether `x` is a sparse matrix or array of SciPy."""
    module = sys.modules.get("scipy.sparse")
    return module is not None and module.issparse(x)


def sparse_rows(x, name="x"):
    """Return the sparse matrix `x` by rows, each column of a row once, with numbers 0, 1 or NaN only.

    Raises
    ------
    InputError, InputTypeError
    """
    if x.ndim != 2:
        raise InputError(f"{name} must have 2 dimensions, images by pixels; got shape {x.shape}")
    if x.dtype.kind not in "buif":
        raise InputTypeError(f"{name} must hold numbers or booleans; got dtype {x.dtype}")
    if not all(x.shape):
        raise InputError(f"{name} must hold at least one image of one pixel; got shape {x.shape}")
    rows = x.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy() if rows is x else rows
        rows.sum_duplicates()
    values = rows.data
    odd = (values != 0) & (values != 1) & (values == values)
    if odd.any():
        at = int(odd.argmax())
        row = int(np.searchsorted(rows.indptr, at, "right")) - 1
        raise InputError(
            f"{name} must contain only 0 and 1; found {values[at]:g} at row {row}, column {rows.indices[at]}",
            f"pass {name} != 0, or count words by CountVectorizer(binary=True)",
        )
    return rows


def packed_sparse(x, name="x"):
    """Pack the sparse matrix `x` (n, d), eight columns to a byte, the first in the lowest bit.

    Stored values of 0 are zeros, stored NaN is not observed.

    Returns
    -------
    on : (n, ceil(d / 8)) uint8
    gaps : (n, ceil(d / 8)) uint8, or None where there is none
        What is not observed.

    Raises
    ------
    InputError, InputTypeError
    """
    rows = sparse_rows(x, name)
    gaps = np.isnan(rows.data) if rows.dtype.kind == "f" else np.zeros(0, bool)
    return _packed(rows, rows.data == 1), _packed(rows, gaps) if gaps.any() else None


def dense_rows(x, first=0, last=None):
    """Rows `first` to `last` - 1 of a matrix that `sparse_rows` gave, (m, d) uint8, masked where not observed."""
    part = x[first:last].toarray()
    gaps = np.isnan(part) if part.dtype.kind == "f" else np.zeros(0, bool)
    if not gaps.any():
        return part.astype(np.uint8)
    return np.ma.masked_array(np.where(gaps, 0, part).astype(np.uint8), gaps)


def _packed(rows, marked):
    """Bits of the entries that are `marked`, packed, (n, ceil(d / 8)) uint8."""
    n, d = rows.shape
    width = -(-d // 8)
    packed = np.zeros(n * width, np.uint8)
    for first in range(0, len(rows.data), _ENTRIES):
        entries = np.arange(first, min(first + _ENTRIES, len(rows.data)))
        entries = entries[marked[entries]]
        columns = rows.indices[entries].astype(np.int64)
        row = np.searchsorted(rows.indptr, entries, "right") - 1
        np.add.at(
            packed, row * width + (columns >> 3), (1 << (columns & 7)).astype(np.uint8)
        )  # each bit once
    return packed.reshape(n, width)
