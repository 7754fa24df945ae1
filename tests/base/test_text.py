"""Counts and tables."""

import doctest

import numpy as np

from dpmix.base import text
from dpmix.base.text import count, table


def test_examples():
    assert doctest.testmod(text).failed == 0


def test_one_thing_is_singular_and_thousands_have_commas():
    assert [count(n, "draw") for n in (0, 1, 2, 12345)] == ["0 draws", "1 draw", "2 draws", "12,345 draws"]
    assert count(np.int64(1), "smaller cluster") == "1 smaller cluster"


def test_columns_are_as_wide_as_their_widest_cell():
    rows = [("a", "bb", "c"), ("1,000", "2", "-")]
    assert table(rows) == ["    a  bb  c", "1,000   2  -"]
    assert table(rows, left={0, 2}) == ["a      bb  c", "1,000   2  -"]
    assert table([("x", "long"), ("y", "")], left=[1]) == ["x  long", "y"]
