"""The steps of the search for a partition against costs that are added up image by image."""

import numpy as np
import pytest

from dpmix.kernels.partition_search import Search, place, reallocate, take_out
from support import naive

N, M, CAPACITY = 14, 6, 9
PHI = np.arange(N + 1.0) * np.arange(-1.0, N)  # 0 at 0 and at 1


@pytest.fixture
def draws():
    rng = naive.generator(45)
    return np.array([np.unique(rng.integers(0, k, N), return_inverse=True)[1] for k in (2, 3, 3, 4, 5, 6)])


@pytest.fixture
def search(draws):
    first = np.cumsum([0, *draws.max(axis=1)[:-1] + 1])
    codes = np.ascontiguousarray((draws + first[:, None]).T, np.int32)
    table = (codes.max() + 1, CAPACITY)
    return Search(
        codes,
        np.diff(PHI, append=0.0),
        np.full(N, -1, np.int32),
        np.zeros(CAPACITY, np.int32),
        np.zeros(table, np.int32),
        np.zeros(table),
        np.zeros(CAPACITY),
    )


def loss(z, draws):
    """m F(z) - 2 sum of F(z and draw) over the images that have a cluster."""
    z, draws = np.asarray(z)[np.asarray(z) >= 0], draws[:, np.asarray(z) >= 0]

    def total(labels):
        return PHI[np.unique(labels, axis=0, return_counts=True)[1]].sum() if len(labels) else 0.0

    return M * total(z[:, None]) - 2 * sum(total(np.column_stack([z, draw])) for draw in draws)


def assert_true(search, n_clusters):
    """Counts, rises and sizes are those of z, and the live clusters fill the first slots."""
    z = search.z[search.z >= 0]
    np.testing.assert_array_equal(search.sizes, np.bincount(z, minlength=CAPACITY))
    assert (search.sizes[:n_clusters] > 0).all() and not search.sizes[n_clusters:].any()
    counts = np.zeros_like(search.counts)
    seen = search.z >= 0
    np.add.at(counts, (search.codes[seen], search.z[seen][:, None]), 1)
    np.testing.assert_array_equal(search.counts, counts)
    np.testing.assert_array_equal(search.rises, search.rise[counts])


def best_place(i, z, draws, most):
    """Where image `i` adds least: (loss, whether at a new cluster) of all there is to choose from."""
    clusters = sorted({*z} - {-1})
    options = clusters + ([max(clusters, default=-1) + 1] if len(clusters) < most else [])
    return min(loss([*z[:i], k, *z[i + 1 :]], draws) for k in options)


@pytest.mark.parametrize("most", [1, 3, CAPACITY - 1])
def test_each_image_goes_where_it_adds_least(search, draws, most):
    order, n_clusters = naive.generator(46).permutation(N), 0
    for _ in range(3):
        for p in range(N):
            before = search.z.tolist()
            reached, n_clusters, change = reallocate(order, p, p + 1, n_clusters, most, 1e-9, search)
            assert reached == p + 1 and n_clusters <= most
            assert_true(search, n_clusters)
            found = loss(search.z, draws)
            assert change == pytest.approx(found - loss(before, draws))
            assert found == pytest.approx(best_place(order[p], before, draws, most))


def test_reallocation_stops_where_slots_run_out(search, draws):
    images = np.arange(CAPACITY)
    place(images, images.astype(np.int32), 0, CAPACITY, search)
    reached, n_clusters, change = reallocate(images, 0, CAPACITY, CAPACITY, N, 0.0, search)
    assert (reached, n_clusters, change) == (0, CAPACITY, 0.0)


def test_taking_out_undoes_placing(search, draws):
    images, slots = np.arange(N), (np.arange(N) % 4).astype(np.int32)
    place(images, slots, 0, N, search)
    assert_true(search, 4)
    before = loss(search.z, draws)
    n_clusters, change = take_out(np.arange(0, N, 4), 0, 4, 4, search)  # all of cluster 0
    assert n_clusters == 3 and (search.z[::4] == -1).all()
    assert_true(search, 3)
    assert change == pytest.approx(loss(search.z, draws) - before)
