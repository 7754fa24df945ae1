"""Ward's distance of clusters and what draws of partitions have in common, by counting."""

import numpy as np
import pytest

from dpmix.kernels.co_clustering import count_together, overlaps
from dpmix.kernels.partition import count_images
from dpmix.kernels.similarity import ward_increase, ward_increases
from support import naive, partitions
from support.partitions import case

X = naive.generator(40).integers(0, 2, (24, 9))


def spread(rows):
    """Sum of squared distances of rows to their mean."""
    return ((rows - rows.mean(axis=0)) ** 2).sum()


def test_ward_increase_is_that_of_the_sum_of_squares():
    chain = partitions.make_chain(case(X, 1, 1, 1), "random:5")
    partition, z = chain.partition, np.asarray(chain.partition.z)
    out = np.empty(chain.n_clusters)
    ward_increases(partition.sizes[1], partition.ones[1], 1, chain.n_clusters, partition, out)
    for k in range(chain.n_clusters):
        both = spread(X[(z == k) | (z == 1)]) - spread(X[z == k]) - spread(X[z == 1])
        assert out[k] == (np.inf if k == 1 else pytest.approx(both + 1e-3, rel=1e-12))


def test_ward_increase_of_equal_clusters_is_not_0():
    ones = np.array([3, 0, 2], np.int32)
    assert ward_increase(3, ones, 6, 2 * ones) == 1e-3


def test_images_together_are_counted():
    codes = naive.generator(41).integers(0, 3, (11, 5)).astype(np.int32)
    out = np.full((11, 11), -1, np.int32)
    for first, last in ((0, 4), (4, 11)):
        count_together(codes, first, last, out)
    wanted = (codes[:, None] == codes).sum(axis=2)
    np.testing.assert_array_equal(out, np.where(np.tri(11, k=-1) > 0, wanted, -1))


def test_overlaps_add_up_cells_of_contingency_tables():
    rng, n = naive.generator(42), 15
    draws = np.array([rng.integers(0, k, n) for k in (1, 2, 4, 4, 6)], np.int32)
    phi = np.arange(n + 1.0) ** 1.5
    out, table = np.full((5, 5), -1.0), np.zeros((6, 6), np.int32)
    for first, last in ((0, 9), (9, 25)):
        overlaps(draws, phi, first, last, table, out)
    for a, b in np.ndindex(5, 5):
        cells = [((draws[a] == k) & (draws[b] == m)).sum() for k, m in np.ndindex(6, 6)]
        assert out[a, b] == (pytest.approx(phi[cells].sum()) if b < a else -1)
    assert not table.any()


def test_counts_of_a_partition_are_those_of_its_images():
    chain = partitions.make_chain(case(X, 1, 1, 1), "random:5")
    fresh = chain.partition._replace(
        sizes=np.zeros_like(chain.partition.sizes), ones=np.zeros_like(chain.partition.ones)
    )
    count_images(0, len(X), chain.runs, fresh)
    for k in range(chain.n_clusters):
        members = X[fresh.z == k]
        assert fresh.sizes[k] == len(members)
        np.testing.assert_array_equal(fresh.ones[k], members.sum(axis=0))
