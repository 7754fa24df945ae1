"""Runs of neighbouring bits that are set, which is how images are read: there are far fewer of them than pixels."""

import numpy as np

from dpmix.model.packing import row_blocks

__all__ = ["no_runs", "runs_of"]

_SPARSE = 1 / 8  # share of bytes that are not 0 below which only these are unpacked


def runs_of(bits, n, d):
    """Where runs begin and end in `n` rows of `d` bits each.

    Parameters
    ----------
    bits : callable (slice)
        Gives rows, packed, (m, w) uint8; asked for block after block.

    Returns
    -------
    offsets : (n + 1,) int64
        Runs before each row, and of all.
    starts, stops : (offsets[n],) int32
        First bit of each run, and the one after its last.
    """
    offsets, starts, stops = np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)
    for rows in row_blocks(n, d):
        block = bits(rows)
        few = np.count_nonzero(block) < _SPARSE * block.size
        owners, begin, end = (_sparse_edges if few else _dense_edges)(block, d)
        offsets[rows.start + 1 : rows.stop + 1] = np.bincount(owners, minlength=len(block))
        _extend(starts, begin)
        _extend(stops, end)
    return np.cumsum(offsets, out=offsets), starts, stops


def no_runs(n):
    """Offsets, starts and stops of `n` images without any run."""
    return np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)


def _extend(array, more):
    """Let an array that nobody else holds grow in place: what would be joined in the end need not be held twice."""
    before = array.size
    array.resize(before + more.size, refcheck=False)
    array[before:] = more


def _dense_edges(block, d):
    """Row, start and stop of each run in some rows of packed bits."""
    dense = np.unpackbits(block, axis=1, count=d, bitorder="little")
    edges = np.diff(np.pad(dense, ((0, 0), (1, 1))).view(np.int8), axis=1)
    rows, begin = np.nonzero(edges == 1)
    return rows, begin, np.nonzero(edges == -1)[1]


def _sparse_edges(block, d):
    """As `_dense_edges`, at a cost in proportion to the bytes that are not 0."""
    row, byte = np.nonzero(block)
    which, bit = np.nonzero(np.unpackbits(block[row, byte][:, None], axis=1, bitorder="little"))
    row, column = row[which], 8 * byte[which] + bit
    place = row * (d + 1) + column  # neighbours in a row are neighbours here, those of two rows are not
    begins = np.diff(place, prepend=-2) != 1
    return row[begins], column[begins], column[np.roll(begins, -1)] + 1
