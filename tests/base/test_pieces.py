"""Picks that stand for all."""

import numpy as np

from dpmix.base.pieces import evenly


def test_picks_are_spread_evenly():
    """Distinct, ascending, both ends included, gaps that differ by one at most; all where that is asked for."""
    for n in range(1, 60):
        np.testing.assert_array_equal(evenly(n, n + 1), np.arange(n))
        for most in range(2, n + 1):
            picks = evenly(n, most)
            assert (len(picks), picks[0], picks[-1]) == (most, 0, n - 1)
            assert np.ptp(np.diff(picks)) <= 1
            assert np.diff(picks).min() >= 1
    assert evenly(7, 1).tolist() == [0]
    assert evenly(0, 3).size == 0
