"""Which cluster a death draws, and the probability that stands in the ratio."""

import math

import numpy as np
import pytest
from scipy import stats

from dpmix.kernels.death_choice import draw_dying, log_choice_of_dying
from support import naive

SIZES = np.array([1, 2, 5, 1, 40, 2, 3, 9, 0, 0])  # the last two slots are empty
LIVE = 7


def shares(sizes):
    weights = [1 / size if size > 1 else 0.0 for size in sizes]
    return np.array(weights) / sum(weights)


def test_clusters_die_as_often_as_their_probability_says():
    generator, wanted = naive.generator(81), shares(SIZES[:LIVE])
    drawn = np.array([draw_dying(LIVE, generator, SIZES) for _ in range(20_000)])
    counts = np.bincount(drawn, minlength=LIVE)
    assert not counts[wanted == 0].any()
    several = wanted > 0
    assert stats.chisquare(counts[several], 20_000 * wanted[several]).pvalue > 1e-6
    for k in np.flatnonzero(several):
        assert log_choice_of_dying(k, LIVE, SIZES) == pytest.approx(math.log(wanted[k]), rel=1e-12)


def test_lone_images_do_not_die():
    assert draw_dying(3, naive.generator(82), np.array([1, 1, 1, 4])) == -1
