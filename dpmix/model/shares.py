"""How often each column of a table is on, whatever form the table has."""

import numpy as np

from dpmix.base.arrays import check_binary, check_mask, check_numbers, observed_entries
from dpmix.base.errors import InputError
from dpmix.tables.frames import is_frame, read_frame
from dpmix.tables.sparse import is_sparse, sparse_rows

__all__ = ["column_shares"]

_BLOCK = 1 << 24  # entries that are looked at together


def column_shares(x, observed=None, name="x"):
    """Share of the images in which each pixel is on, of those in which it is observed, (d,) float64.

    Half an image with the pixel on and half a one with it off are added, so that it lies between 0 and 1.

    Raises
    ------
    InputError, InputTypeError
        What is no table of zeros and ones.
    """
    if is_sparse(x) and observed is None:
        return _of_sparse(sparse_rows(x, name))
    x = sparse_rows(x, name).toarray() if is_sparse(x) else read_frame(x, name).x if is_frame(x) else x
    values = check_numbers(x, name)
    if values.ndim != 2 or not values.size:
        raise InputError(f"{name} must have two axes, images and pixels (n, d); got shape {values.shape}")
    seen = check_mask("observed", observed, observed_entries(x, values))
    ones, known = np.zeros((2, values.shape[1]))
    step = max(1, _BLOCK // values.shape[1])
    for first in range(0, len(values), step):
        rows = slice(first, first + step)
        ones += check_binary(values[rows], name, seen[rows]).sum(axis=0, dtype=np.int64)
        known += seen[rows].sum(axis=0)
    return (ones + 0.5) / (known + 1)


def _of_sparse(rows):
    n, d = rows.shape
    ones = np.bincount(rows.indices[rows.data == 1], minlength=d)
    gaps = np.bincount(rows.indices[rows.data != rows.data], minlength=d)
    return (ones + 0.5) / (n - gaps + 1)
