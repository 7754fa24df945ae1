"""What users give, checked and packed eight pixels to a byte, block by block, so that nothing is held twice."""

import numpy as np

from dpmix.base.arrays import check_binary, check_numbers, observed_entries
from dpmix.base.errors import InputError
from dpmix.tables.sparse import is_sparse, packed_sparse, sparse_rows

__all__ = ["check_form", "packed_rows", "row_blocks"]

_ENTRIES = 1 << 21  # that are checked, packed and unpacked at a time


def row_blocks(n, d):
    """Slices of `n` rows of `d` entries, of about two million entries each."""
    step = max(1, _ENTRIES // d)
    return [slice(first, min(first + step, n)) for first in range(0, n, step)]


def check_form(x, name):
    """Return the numbers of `x`, an array (n, d) or a sparse matrix, whose values are not looked at yet.

    Raises
    ------
    InputError, InputTypeError
    """
    if is_sparse(x):
        return sparse_rows(x, name)
    values = check_numbers(x, name)
    if values.ndim != 2:
        raise InputError(
            f"{name} must have 2 dimensions, images by pixels; got shape {values.shape}; "
            f"reshape images to rows, as in {name}.reshape(len({name}), -1)"
        )
    if not values.size:
        raise InputError(f"{name} must hold at least one image of one pixel; got shape {values.shape}")
    return values


def packed_rows(x, values, mask, name, extra):
    """Check and pack `values`, the numbers of `x`.

    Parameters
    ----------
    x : array or sparse matrix, as the user gave it
    values : what `check_form` made of it, (n, d)
    mask : (n, d) or (d,) array of bool, or None
        What is observed, of all that neither is NaN nor masked in `x`.
    name : str
    extra : int
        Bytes that are left free at the end of each row.

    Returns
    -------
    packed : (n, w) uint8
    masked : bool
        Whether anything is unobserved, and so stands beside the pixels what is not.

    Raises
    ------
    InputError, InputTypeError
        Values other than 0 and 1.
    """
    pack = _pack_sparse if is_sparse(values) else _pack
    return pack(x, values, mask, name, extra)


def _pack(x, values, mask, name, extra):
    (n, d), width = values.shape, -(-values.shape[1] // 8)

    def observed_in(rows):
        observed = observed_entries(x[rows] if np.ma.isMaskedArray(x) else None, values[rows])
        return observed if mask is None else observed & (mask if mask.ndim == 1 else mask[rows])

    blocks = row_blocks(n, d)
    may_lack = mask is not None or np.ma.isMaskedArray(x) or values.dtype.kind == "f"
    masked = may_lack and not all(observed_in(rows).all() for rows in blocks)
    packed = np.empty((n, (2 if masked else 1) * width + extra), np.uint8)
    for rows in blocks:
        observed = observed_in(rows) if masked else None
        on = check_binary(values[rows], name, observed, first_row=rows.start)
        packed[rows, :width] = np.packbits(on, axis=1, bitorder="little")
        if masked:
            packed[rows, width : 2 * width] = np.packbits(observed, axis=1, bitorder="little")
    return packed, masked


def _pack_sparse(_, values, mask, name, extra):
    on, gaps = packed_sparse(values, name)
    (n, d), width = values.shape, on.shape[1]
    whole = np.packbits(np.ones(d, np.uint8), bitorder="little")
    seen = whole if gaps is None else whole & ~gaps
    if mask is not None:
        seen = seen & np.packbits(mask, axis=-1, bitorder="little")
    masked = bool((seen != whole).any())
    if not (masked or extra):
        return on, False
    packed = np.empty((n, (2 if masked else 1) * width + extra), np.uint8)
    packed[:, :width] = on & seen
    if masked:
        packed[:, width : 2 * width] = seen
    return packed, masked
