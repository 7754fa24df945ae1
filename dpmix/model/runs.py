"""Runs of neighbouring bits that are set, which is how images are read: there are far fewer of them than pixels."""

import numpy as np

from dpmix.kernels.runs import count_runs, list_runs
from dpmix.model.packing import row_blocks

__all__ = ["no_runs", "runs_of"]


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
        block, counts = np.array(bits(rows), order="C"), offsets[rows.start + 1 : rows.stop + 1]
        count_runs(block, d, counts)
        before = len(starts)
        _extend(starts, counts.sum())
        _extend(stops, counts.sum())
        list_runs(block, d, starts[before:], stops[before:])
    return np.cumsum(offsets, out=offsets), starts, stops


def no_runs(n):
    """Offsets, starts and stops of `n` images without any run."""
    return np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)


def _extend(array, more):
    """Let an array that nobody else holds grow in place: what would be joined in the end need not be held twice."""
    array.resize(array.size + more, refcheck=False)
