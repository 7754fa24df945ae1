"""Co-clustering, point estimates, credible balls and confidence against counting and enumeration."""

import itertools
import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dpmix
import dpmix.partitions.point as point
from dpmix.base.errors import InputError, InputTypeError
from dpmix.partitions import (
    cluster_members,
    co_clustering,
    confidence,
    credible_ball,
    mean_images,
    point_estimate,
)
from dpmix.partitions.draws import by_size, flat_draws
from dpmix.partitions.losses import LOSSES, between_draws, distances, loss_of
from dpmix.partitions.search import PartitionSearch
from support import naive, overlay, partitions
from support.partition_cases import exact_distance, naive_distance, posterior_with, random_draws
from support.query_cases import label_posterior, slow_labelled

ROOT = Path(dpmix.__file__).resolve().parent.parent
PAIRS_OF_LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12)


def least_expected_loss(draws, loss, most):
    """Of all partitions of at most `most` clusters."""
    everything = np.array(partitions.all_partitions(draws.shape[1]), np.int32)
    everything = everything[everything.max(axis=1) < most]
    distinct, times = np.unique(draws, axis=0, return_counts=True)
    return min(times @ [naive_distance(z, draw, loss) for draw in distinct] for z in everything) / len(draws)


# distances


@settings(deadline=None)
@given(PAIRS_OF_LABELS, st.sampled_from(LOSSES))
def test_distances_are_what_they_say(pairs, name):
    z, other = (by_size(np.array(labels)) for labels in zip(*pairs, strict=True))
    loss = loss_of(name, len(z))
    expected = naive_distance(z, other, name)
    np.testing.assert_allclose(distances(z, [other], loss), [expected], atol=1e-12)
    both = between_draws(np.array([z, other]), loss)
    np.testing.assert_allclose(both, [[0, expected], [expected, 0]], atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_distances_between_draws_are_distances(loss):
    draws = random_draws(3, n=40, m=17)
    measure = loss_of(loss, 40)
    expected = np.array([distances(z, draws, measure) for z in draws])
    np.testing.assert_allclose(between_draws(draws, measure), expected, atol=1e-12)


# point estimates


def count_missed(loss, cases, **options):
    """Random posteriors of at most 6 images of which the estimate is not the best of all that are allowed."""
    missed = 0
    for seed in range(cases):
        draws = random_draws(seed)[:, :6]
        draws = np.array([by_size(z) for z in draws])
        found = point_estimate(posterior_with(draws), loss, **options)
        expected = np.mean([naive_distance(found.labels, z, loss) for z in draws])
        assert found.expected_loss == pytest.approx(expected)
        assert found.n_clusters <= found.max_clusters
        missed += found.expected_loss > least_expected_loss(draws, loss, found.max_clusters) + 1e-9
    return missed


@pytest.mark.parametrize("loss", LOSSES)
def test_estimate_is_the_best_of_all_partitions(loss):
    assert count_missed(loss, 25, max_clusters=6) == 0


@pytest.mark.parametrize("most", [None, 1, 2, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_estimate_is_the_best_of_all_partitions_within_the_bound(loss, most):
    assert count_missed(loss, 25, max_clusters=most) == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_estimate_is_the_best_of_all_877_partitions_of_7_images(loss):
    draws = random_draws(8, n=7, m=9)
    found = point_estimate(posterior_with(draws), loss, max_clusters=7)
    assert found.expected_loss == pytest.approx(least_expected_loss(draws, loss, 7))


@pytest.mark.parametrize("loss", LOSSES)
def test_best_draw_is_not_always_the_best_partition(loss):
    """The twin that fails: without a search the test above would notice."""
    assert count_missed(loss, 25, restarts=0, max_clusters=6) > 0


@pytest.mark.parametrize(
    "change",
    [
        ("search.counts[search.codes[i, t], own] - 1]", "search.counts[search.codes[i, t], own]]"),
        ("search.rise[search.sizes[k]] - 2.0 * scores[k]", "search.rise[search.sizes[k]] - scores[k]"),
        ("if n_clusters < most and (k < 0 or cost > 0.0):", "if n_clusters < most and k < 0:"),
        ("search.rises[g, empty] = search.rises[g, last]", "pass"),
    ],
    ids=["image its own companion", "cost elsewhere", "no new cluster", "stale table"],
)
@pytest.mark.slow
def test_planted_bugs_are_noticed(change, tmp_path):
    folder = overlay.copy_package(tmp_path, ("kernels/partition_search.py", *change))
    tests = ("test_estimate_is_the_best_of_all_partitions", "test_search_keeps_its_tables_true")
    run = overlay.run_interpreted(folder, *[f"partitions/test_partitions.py::{name}" for name in tests])
    assert run.returncode == 1 and "1 failed" in run.stdout, run.stdout + run.stderr


@pytest.mark.parametrize("loss", LOSSES)
def test_search_keeps_its_tables_true(loss):
    draws, generator = random_draws(5, n=60, m=12), np.random.default_rng(1)
    measure = loss_of(loss, 60)
    search = PartitionSearch(draws, measure, most=60)
    search.start_from(by_size(generator.integers(20, size=60)))

    def check():
        arrays, labels = search._search, search.labels
        assert set(labels) == set(range(search.n_clusters))
        np.testing.assert_array_equal(arrays.sizes[: search.n_clusters], np.bincount(labels))
        counts = np.zeros_like(arrays.counts)
        np.add.at(counts, (arrays.codes, labels[:, None]), 1)
        np.testing.assert_array_equal(arrays.counts, counts)
        np.testing.assert_array_equal(arrays.rises, measure.rise[counts])
        return distances(labels, draws, measure).sum()

    before = check()
    for step in (
        lambda: search.allocate(generator.permutation(60)),
        lambda: search.descend(np.arange(60), generator),
    ):
        change = step() * measure.scale
        after = check()
        assert change <= 0 and after - before == pytest.approx(change, abs=1e-9)
        before = after
    for _ in range(3):
        search.perturb(generator)
        after = check()
        assert after <= before + 1e-9
        before = after


def test_dissolving_what_is_best_changes_nothing():
    z = np.repeat([0, 1, 2], [9, 8, 7])
    search = PartitionSearch(np.tile(z, (5, 1)).astype(np.int32), loss_of("vi", 24), most=24)
    search.start_from(z)
    assert not search.perturb(np.random.default_rng(0))
    np.testing.assert_array_equal(by_size(search.labels), z)


def test_number_of_clusters_is_limited():
    draws = random_draws(11, n=30, m=6)
    for most in (1, 2, 5):
        found = point_estimate(posterior_with(draws), "binder", max_clusters=most)
        assert found.n_clusters <= most
    assert point_estimate(posterior_with(draws), "binder", max_clusters=1).expected_loss == pytest.approx(
        distances(np.zeros(30, np.int32), draws, loss_of("binder", 30)).mean()
    )


def test_slots_grow_as_clusters_are_opened():
    """All images alone in every draw: that is the best, with more clusters than slots to begin with."""
    found = point_estimate(posterior_with([np.arange(60)] * 3), restarts=2)
    assert found.n_clusters == 60 and found.expected_loss == 0
    search = PartitionSearch(np.tile(np.arange(60, dtype=np.int32), (3, 1)), loss_of("vi", 60), most=60)
    search.allocate(np.arange(60))
    assert search.n_clusters == 60


def test_labels_are_by_size_and_read_only_and_the_same_again():
    posterior = posterior_with(random_draws(2, n=50, m=20), chains=2)
    found, again = (point_estimate(posterior, seed=3) for _ in range(2))
    assert (np.diff(found.sizes) <= 0).all() and found.sizes.sum() == 50
    np.testing.assert_array_equal(found.labels, again.labels)
    with pytest.raises(ValueError, match="read-only"):
        found.labels[0] = 1
    assert f"{found.n_clusters} clusters" in repr(found) and found.found_from in repr(found)


def test_few_draws_are_searched_and_all_are_judged():
    draws = random_draws(4, n=40, m=30)
    found = point_estimate(posterior_with(draws, chains=3), draws=4)
    assert found.n_draws == 4
    assert found.expected_loss == pytest.approx(distances(found.labels, draws, loss_of("vi", 40)).mean())


def test_memory_limits_the_draws(monkeypatch):
    posterior = posterior_with(random_draws(4, n=40, m=30))
    k = int(posterior.labels.max()) + 1
    monkeypatch.setattr(point, "_BYTES", 7 * (4 * 40 + 12 * k * k))
    assert point_estimate(posterior).n_draws == 7


def test_one_image_and_one_draw():
    for loss in LOSSES:
        found = point_estimate(posterior_with([[0]]), loss)
        assert found.n_clusters == 1 and found.expected_loss == 0


def test_flat_draws_are_spread_evenly():
    draws = random_draws(1, n=9, m=12)
    labels, which = flat_draws(posterior_with(draws, chains=3), 4)
    assert which.tolist() == [[0, 0], [1, 0], [1, 3], [2, 3]]
    np.testing.assert_array_equal(labels, draws[[0, 4, 7, 11]])


# co-clustering


def test_co_clustering_equals_counting():
    draws = random_draws(6, n=23, m=14)
    found = co_clustering(posterior_with(draws, chains=2))
    expected = np.zeros((23, 23))
    for z, i, j in itertools.product(draws, range(23), range(23)):
        expected[i, j] += z[i] == z[j]
    np.testing.assert_array_equal(found.proba, (expected / 14).astype(np.float32))
    assert found.proba.dtype == np.float32 and found.n_draws == 14
    np.testing.assert_array_equal(found.images, np.arange(23))


def test_some_images_give_their_part_of_the_matrix():
    posterior = posterior_with(random_draws(6, n=50, m=14))
    everything = co_clustering(posterior).proba
    picked = co_clustering(posterior, most=20, seed=1)
    assert len(picked.images) == 20 and (np.diff(picked.images) > 0).all()
    np.testing.assert_array_equal(picked.proba, everything[np.ix_(picked.images, picked.images)])
    np.testing.assert_array_equal(co_clustering(posterior, most=20, seed=1).images, picked.images)
    assert not np.array_equal(co_clustering(posterior, most=20, seed=2).images, picked.images)
    given_ones = co_clustering(posterior, images=[40, 3, 17], most=2)
    np.testing.assert_array_equal(given_ones.proba, everything[np.ix_([40, 3, 17], [40, 3, 17])])


def test_many_images_are_never_all_paired():
    """20,000 images would make a matrix of 1.6 GB; what is looked at by default, and at the most, is less."""
    posterior = posterior_with([np.arange(20_000) % 7] * 2)
    tracemalloc.start()
    found = co_clustering(posterior)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.proba.shape == (2000, 2000) and peak < 60e6
    for wrong in ({"most": 10_001}, {"images": np.arange(10_001)}):
        with pytest.raises(InputError, match=f"{next(iter(wrong))} must be at most 10,000.*got 10,001"):
            co_clustering(posterior, **wrong)


@pytest.mark.slow
def test_compiling_is_said_once_and_only_where_it_happens(tmp_path):
    code = """
import sys, numpy as np
from support.query_cases import posterior_of
from dpmix.partitions import co_clustering
z, ones = np.arange(6) % 2, np.ones(3)
posterior = posterior_of(np.ones((6, 3), int), [(z, 1.0, ones, ones)] * 2)
co_clustering(posterior, progress=sys.argv[1] == 'shown')
co_clustering(posterior)
"""
    for word, folder, told in (
        ("hidden", "a", ""),
        ("shown", "a", ""),
        ("shown", "b", "compiling kernels: "),
    ):
        done = overlay.run_python(ROOT, "-c", code, word, NUMBA_CACHE_DIR=tmp_path / folder)
        assert done.returncode == 0 and done.stderr.startswith(told) and bool(done.stderr) == bool(told)
        assert done.stderr.count("\n") <= 1


def test_order_puts_blocks_together():
    z = np.random.default_rng(0).integers(4, size=30)
    together = co_clustering(posterior_with([z, z]))
    for order in (together.order(), together.order(z)):
        assert sorted(order) == list(range(30))
        assert (np.diff(z[order]) != 0).sum() == 3


def test_order_keeps_the_clusters_of_an_estimate_together():
    posterior = posterior_with(random_draws(9, n=40, m=10))
    estimate = np.random.default_rng(1).integers(3, size=40)
    together = co_clustering(posterior, images=np.arange(5, 35))
    labels = estimate[together.images[together.order(estimate)]]
    assert (np.diff(labels) != 0).sum() == 2
    assert co_clustering(posterior, images=[3]).order(estimate).tolist() == [0]


# credible balls


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**6), st.sampled_from(LOSSES), st.sampled_from([0.3, 0.5, 0.95, 1.0]))
def test_credible_ball_is_the_smallest_that_holds_enough(seed, loss, level):
    draws = random_draws(seed, n=8, m=20)
    posterior, centre = posterior_with(draws, chains=4), draws[0]
    ball = credible_ball(posterior, centre, level, loss)
    found = [naive_distance(centre, z, loss) for z in draws]
    np.testing.assert_allclose(ball.distances.ravel(), found, atol=1e-12)
    exact = [exact_distance(centre, z, loss) for z in draws]  # draws that are equally far are equal here
    edge = sorted(exact)[math.ceil(round(level * len(draws), 9)) - 1]
    inside = [(z.max() + 1, far) for z, far in zip(draws, exact, strict=True) if far <= edge]
    assert ball.coverage == len(inside) / len(draws) >= level
    k = [clusters for clusters, _ in inside]
    for bound, clusters in ((ball.upper, {min(k)}), (ball.lower, {max(k)}), (ball.horizontal, set(k))):
        furthest = max(far for count, far in inside if count in clusters)
        first = next(i for i, z in enumerate(draws) if exact[i] == furthest and z.max() + 1 in clusters)
        assert (bound.chain, bound.draw) == divmod(first, len(draws) // 4)
        np.testing.assert_array_equal(bound.labels, posterior.labels[bound.chain, bound.draw])
        assert bound.distance == ball.distances[bound.chain, bound.draw]
    assert ball.radius == pytest.approx(ball.horizontal.distance, rel=1e-14)


def test_ball_takes_the_loss_of_its_estimate():
    posterior = posterior_with(random_draws(2, n=12, m=9))
    estimate = point_estimate(posterior, "binder")
    ball = credible_ball(posterior, estimate)
    assert ball.loss == "binder" and ball.distances.mean() == pytest.approx(estimate.expected_loss)


# confidence and members


def test_confidence_is_the_mean_over_the_rest_of_the_cluster():
    draws = random_draws(6, n=25, m=14)
    posterior, z = posterior_with(draws), draws[0].copy()
    z[3] = z.max() + 1
    together = co_clustering(posterior).proba.astype(float)
    expected = np.empty(25)
    for i in range(25):
        others = [j for j in range(25) if z[j] == z[i] and j != i]
        alone = np.mean([np.sum(draw == draw[i]) == 1 for draw in draws])
        expected[i] = together[i, others].mean() if others else alone
    np.testing.assert_allclose(confidence(posterior, z), expected, atol=1e-6)


@pytest.mark.parametrize("by", ["confidence", "log_predictive"])
def test_typical_and_odd_members(by):
    generator = np.random.default_rng(0)
    x = generator.integers(2, size=(40, 5))
    posterior = posterior_with(random_draws(7, n=40, m=6), x=x)
    z = by_size(np.r_[0, 1, 1, generator.integers(2, 4, size=37)])
    found = cluster_members(posterior, z, typical=4, odd=3, by=by)
    first, second = (found.confidence, found.log_predictive)[:: 1 if by == "confidence" else -1]
    for k, size in enumerate(found.sizes):
        ranked = sorted(np.flatnonzero(z == k), key=lambda i: (-first[i], -second[i]))
        assert found.typical[k].tolist() == ranked[:4]
        assert found.odd[k].tolist() == ranked[::-1][: min(3, max(0, size - 4))]


def test_log_predictive_leaves_the_image_out():
    x = np.random.default_rng(1).integers(2, size=(9, 4))
    x[:4, 0], x[:4, 1] = 1, 0  # counts that would go below 0
    z = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
    found = cluster_members(posterior_with([z, z], x=x), z).log_predictive
    a, b = np.full(4, 0.5), np.full(4, 1.5)
    for i in range(9):
        rest = np.delete(np.arange(9), i)
        # With alpha, the two joints differ by the predictive times the size of the cluster without the image.
        change = naive.log_joint(z, x, 1.0, a, b) - naive.log_joint(z[rest], x[rest], 1.0, a, b)
        assert found[i] == pytest.approx(change - np.log(np.sum(z[rest] == z[i])) + np.log(9))


# Six images, of which pixels and labels are missing; a whole column of cluster 0 and a whole image, too.
GAPPY = np.array([[1, 1, 0, 1], [1, 1, 1, 1], [0, 0, 1, 0], [1, 0, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]])
SEEN = np.array([[1, 1, 0, 1], [1, 0, 0, 1], [0, 1, 0, 0], [1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]], bool)
GAPPY_LABELS, GAPPY_Z = np.array([0, 1, -1, 2, 2, 0]), np.array([0, 0, 0, 1, 1, 1])


@pytest.mark.parametrize("labelled", [False, True], ids=["pixels", "labels"])
def test_log_predictive_with_unobserved_pixels_and_labels(labelled):
    """Against joint probabilities of all images and labels, with and without the image."""
    y = GAPPY_LABELS if labelled else np.full(6, -1)
    a, b, c = np.array([0.5, 1.0, 0.3, 2.0]), np.array([1.5, 0.2, 1.0, 0.7]), 0.6
    draws = [(GAPPY_Z, 1.0, a, b)] * 2
    posterior = label_posterior(GAPPY, SEEN, y if labelled else None, draws, c)
    found = cluster_members(posterior, GAPPY_Z).log_predictive
    for i in range(6):
        rest = np.delete(np.arange(6), i)
        z = GAPPY_Z[rest]
        image = [int(value) if seen else None for value, seen in zip(GAPPY[i], SEEN[i], strict=True)]
        joined = slow_labelled(
            GAPPY[rest], SEEN[rest], y[rest], [(list(z), 1.0, a, b)], image, y[i], c, [GAPPY_Z[i]]
        )
        weight = np.sum(z == GAPPY_Z[i]) / 6
        assert found[i] == pytest.approx(joined - np.log(weight), abs=1e-12)


def test_mean_images_are_means_of_what_is_observed():
    a, b = np.ones((2, 4))
    posterior = label_posterior(GAPPY, SEEN, None, [(GAPPY_Z, 1.0, a, b)], 1.0)
    found = mean_images(posterior, GAPPY_Z)
    expected = [np.ma.masked_array(GAPPY, ~SEEN)[GAPPY_Z == k].mean(axis=0) for k in (0, 1)]
    np.testing.assert_array_equal(found.mask, [np.ma.getmaskarray(row) for row in expected])
    assert found.mask.tolist() == [[False, False, True, False], [False] * 4]
    np.testing.assert_allclose(found.filled(-1), [row.filled(-1) for row in expected])


# bad input


@pytest.fixture(scope="module")
def posterior():
    return posterior_with(random_draws(0, n=10, m=6), chains=2)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda p: point_estimate(p, "rand"), InputError, "loss must be one of 'vi', 'binder'; got 'rand'"),
        (lambda p: point_estimate(p, draws=0), InputError, "draws must be at least 1"),
        (lambda p: point_estimate(p, max_clusters=0), InputError, "max_clusters must be at least 1"),
        (lambda p: point_estimate(p, restarts=1.5), InputTypeError, "restarts must be an integer"),
        (lambda p: point_estimate(p, seed=-1), InputError, "seed must be at least 0"),
        (
            lambda p: point_estimate(p, max_clusters=1, restarts=0),
            InputError,
            "where restarts=0; got 1; allow",
        ),
        (lambda p: point_estimate([[0, 1]]), InputTypeError, "posterior must be a dpmix.Posterior; got list"),
        (lambda p: co_clustering(p, images=[0, 10]), InputError, "indices into 10 images, 0 to 9; found 10"),
        (lambda p: co_clustering(p, images=[4, 1, 4]), InputError, "distinct; found 4 more than once"),
        (lambda p: co_clustering(p, images=[0.5]), InputTypeError, "indices of images; got float64"),
        (
            lambda p: co_clustering(p).linkage("ward"),
            InputError,
            "method must be one of 'average', 'complete', 'single'",
        ),
        (lambda p: co_clustering(p, most=0), InputError, "most must be at least 1"),
        (
            lambda p: credible_ball(p, np.zeros(9, int)),
            InputError,
            r"each of the 10 images .* got shape \(9,\)",
        ),
        (lambda p: credible_ball(p, np.zeros(10)), InputTypeError, "got ndarray of dtype float64"),
        (
            lambda p: credible_ball(p, np.zeros(10, int), level=95),
            InputError,
            "at most 1, such as 0.95; got 95",
        ),
        (
            lambda p: credible_ball(p, np.zeros(10, int), level=0),
            InputError,
            "level must be .* greater than 0",
        ),
        (lambda p: credible_ball(p, np.zeros(10, int), loss="ari"), InputError, "loss must be one of"),
        (lambda p: confidence(p, "vi"), InputTypeError, "estimate must be a PointEstimate"),
        (lambda p: cluster_members(p, np.zeros(10, int), by="size"), InputError, "by must be one of"),
        (
            lambda p: cluster_members(p, np.zeros(10, int), typical=-1),
            InputError,
            "typical must be at least 0",
        ),
    ],
)
def test_bad_input_is_named(posterior, call, error, text):
    with pytest.raises(error, match=text):
        call(posterior)


def test_posterior_without_draws_is_refused():
    empty = posterior_with(random_draws(0, n=5, m=1))
    empty.alpha = empty.alpha[:, :0]
    for ask in (point_estimate, co_clustering):
        with pytest.raises(InputError, match=r"at least one draw.*dpmix\.resume"):
            ask(empty)
