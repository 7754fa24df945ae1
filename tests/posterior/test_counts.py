"""Counts of clusters against counting image by image."""

import numpy as np
import pytest

import dpmix.posterior.counts
from dpmix.model.table import BinaryTable
from dpmix.posterior.counts import count_clusters
from support.query_cases import label_posterior


@pytest.mark.parametrize("pieces", [1, 1 << 20], ids=["image by image", "at once"])
@pytest.mark.parametrize("labelled", [False, True], ids=["plain", "labels"])
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "gaps"])
def test_counts_are_counted(monkeypatch, masked, labelled, pieces):
    monkeypatch.setattr(dpmix.posterior.counts, "_RUNS", pieces)
    rng = np.random.default_rng(0)
    x = (
        rng.random((40, 23)) < np.linspace(0, 1, 40)[:, None]
    )  # the first image has no pixel on, and so no run
    seen = rng.random(x.shape) < 0.7 if masked else np.ones(x.shape, bool)
    y = np.r_[0, 1, 2, rng.integers(-1, 3, size=37)]
    labels = np.r_[0, 1, 2, 3, rng.integers(4, size=36)].astype(np.uint16)
    sizes, ones, gaps, classes = count_clusters(
        BinaryTable.from_input(x, seen, y if labelled else None), labels
    )
    for k in range(4):
        mine = labels == k
        assert sizes[k] == mine.sum()
        np.testing.assert_array_equal(ones[k], (x & seen)[mine].sum(axis=0))
        np.testing.assert_array_equal(gaps[k], (~seen)[mine].sum(axis=0) if masked else [])
        np.testing.assert_array_equal(
            classes[k], [np.sum(y[mine] == c) for c in range(3)] if labelled else []
        )
    assert (sizes.dtype, ones.dtype, gaps.dtype, classes.dtype) == (np.int64, np.int32, np.int32, np.int64)


def test_images_that_are_all_off():
    sizes, ones, gaps, classes = count_clusters(BinaryTable.from_input(np.zeros((3, 2))), np.array([0, 1, 0]))
    assert sizes.tolist() == [2, 1] and not ones.any() and gaps.shape == (2, 0) and classes.shape == (2, 0)


def test_probabilities_of_pixels_are_means_of_their_beta_posterior():
    """With pixels unobserved, pixel by pixel; in a table without any, the sizes stand for all pixels."""
    x, observed = np.random.default_rng(1).integers(2, size=(2, 6, 4), dtype=np.uint8)
    for mask in (observed.astype(bool), np.ones((6, 4), bool)):
        z, a, b = [0, 0, 0, 1, 1, 2], np.array([0.3, 1.0, 2.0, 0.7]), np.array([1.1, 0.4, 1.0, 3.0])
        draw = label_posterior(x, mask, [0, 1, 2, 0, 1, 2], [(z, 1.0, a, b)], 0.5).draw()
        assert draw.observed.shape == (3, 1 if mask.all() else 4)
        for k, row in enumerate(draw.on_proba()):
            mine = np.array(z) == k
            on, known = (x[mine] * mask[mine]).sum(axis=0), mask[mine].sum(axis=0)
            np.testing.assert_allclose(row, (a + on) / (a + b + known), rtol=1e-15)
