"""Runs of a table: the same whether few or many bytes are looked at, and those that a loop finds."""

import numpy as np
import pytest
from hypothesis import given
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


@given(st.integers(1, 40), st.integers(1, 6), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_both_ways_find_the_runs(d, n, share, seed):
    bits = (np.random.default_rng(seed).random((n, d)) < share).astype(np.uint8)
    packed = np.packbits(bits, axis=1, bitorder="little")
    offsets, starts, stops = slow(bits)
    rows = np.repeat(np.arange(n), np.diff(offsets))
    for find in (runs._dense_edges, runs._sparse_edges):
        for found, expected in zip(find(packed, d), (rows, starts, stops), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("sparse", [0, 2])
def test_runs_and_gaps_of_a_table_over_blocks(sparse, monkeypatch):
    monkeypatch.setattr(runs, "_SPARSE", sparse)
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
