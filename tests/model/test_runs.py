"""Runs of a table are those that a loop over its zeros and ones finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dpmix.model import packing, runs
from dpmix.model.table import BinaryTable


def slow(bits):
    """Offsets, starts and stops of runs in rows of zeros and ones."""
    offsets, starts, stops = [0], [], []
    for row in bits:
        for column, on in enumerate(row):
            if on and (column == 0 or not row[column - 1]):
                starts.append(column)
            if on and (column == len(row) - 1 or not row[column + 1]):
                stops.append(column + 1)
        offsets.append(len(starts))
    return offsets, starts, stops


@settings(deadline=None)  # kernels may have to be made ready first
@given(st.integers(1, 40), st.integers(1, 6), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_kernels_find_the_runs_whatever_follows_the_last_bit(d, n, share, seed):
    generator = np.random.default_rng(seed)
    bits = (generator.random((n, d)) < share).astype(np.uint8)
    beyond = generator.integers(0, 2, (n, -d % 8), np.uint8)
    packed = np.packbits(np.hstack([bits, beyond]), axis=1, bitorder="little")
    for found, expected in zip(runs.runs_of(lambda rows: packed[rows], n, d), slow(bits), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_runs_over_many_bytes():
    bits = np.zeros((6, 50), np.uint8)
    bits[1], bits[2, 3:45], bits[3, 7:9], bits[4, :8], bits[5, 8:48:2] = 1, 1, 1, 1, 1
    packed = np.packbits(bits, axis=1, bitorder="little")
    for found, expected in zip(runs.runs_of(lambda rows: packed[rows], 6, 50), slow(bits), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_runs_and_gaps_of_a_table_over_blocks(monkeypatch):
    monkeypatch.setattr(packing, "_ENTRIES", 100)
    generator = np.random.default_rng(0)
    x, seen = generator.integers(0, 2, (50, 21)), generator.random((50, 21)) < 0.7
    found_runs = BinaryTable.from_input(x).runs
    for found, expected in zip(
        (found_runs.offsets, found_runs.starts, found_runs.stops), slow(x), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    with_gaps = BinaryTable.from_input(x, seen)
    for found, expected in zip(runs.runs_of(with_gaps._gaps, 50, 21), slow(~seen), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert len(with_gaps.runs.starts) == len(slow(x * seen)[1]) + len(slow(~seen)[1])
