"""How many clusters a point estimate has: the loss alone takes more than any draw, the bound holds and costs little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpmix.partitions import credible_ball, point_estimate
from dpmix.partitions.draws import by_size
from dpmix.partitions.losses import LOSSES, distances, loss_of
from dpmix.partitions.search import PartitionSearch
from support import partitions
from support.partition_cases import exact_expected, posterior_with, random_draws

# Three pairs, and a seventh image that each draw puts with another of them.
TORN = np.array([[0, 0, 1, 1, 2, 2, own] for own in (0, 1, 2)], np.int32)


@pytest.mark.parametrize("loss", LOSSES)
def test_it_is_the_loss_that_takes_more_clusters_than_any_draw(loss):
    """Of all 877 partitions of seven images the one best one has four clusters, where every draw has three."""
    everything = [np.array(z) for z in partitions.all_partitions(7)]
    values = [exact_expected(z, TORN, loss) for z in everything]
    best = [z for z, value in zip(everything, values, strict=True) if value == min(values)]
    assert [z.tolist() for z in best] == [[0, 0, 1, 1, 2, 2, 3]]
    free = point_estimate(posterior_with(TORN), loss, max_clusters=7)
    assert by_size(free.labels).tolist() == best[0].tolist()
    assert free.free_clusters == 4 and free.free_loss == free.expected_loss


@pytest.mark.parametrize("loss", LOSSES)
def test_by_default_it_has_at_most_the_clusters_of_the_median_draw(loss):
    found = point_estimate(posterior_with(TORN), loss)
    assert found.n_clusters == found.max_clusters == 3
    assert found.free_clusters == 4 and found.free_loss < found.expected_loss
    allowed = [np.array(z) for z in partitions.all_partitions(7) if max(z) < 3]
    assert exact_expected(found.labels, TORN, loss) == min(exact_expected(z, TORN, loss) for z in allowed)


@pytest.mark.parametrize(("counts", "bound"), [([5], 5), ([2, 6], 6), ([1, 3, 7], 3), ([2, 3, 5, 6], 5)])
def test_of_two_median_draws_the_larger_is_the_bound(counts, bound):
    draws = [np.minimum(np.arange(8), k - 1) for k in counts]
    assert point_estimate(posterior_with(draws)).max_clusters == bound
    assert point_estimate(posterior_with(draws), restarts=0).max_clusters == max(counts)
    assert point_estimate(posterior_with(draws), max_clusters=99).max_clusters == 8


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from(LOSSES), st.sampled_from([0.51, 0.8, 0.95, 1.0]))
def test_ball_holds_a_draw_with_as_many_clusters(seed, loss, level):
    """At least half of the draws have, and the ball holds more than half of them."""
    posterior = posterior_with(random_draws(seed, n=9, m=12))
    found = point_estimate(posterior, loss, restarts=2)
    assert credible_ball(posterior, found, level).lower.n_clusters >= found.n_clusters


def test_without_the_bound_it_may_hold_none():
    """The twin that fails."""
    posterior = posterior_with(TORN)
    found = point_estimate(posterior, max_clusters=7)
    assert credible_ball(posterior, found).lower.n_clusters < found.n_clusters


@pytest.mark.parametrize("loss", LOSSES)
def test_every_bound_is_kept_and_none_is_better_than_a_wider_one(loss):
    draws = random_draws(11, n=30, m=6)
    losses = []
    for most in range(1, 13):
        found = point_estimate(posterior_with(draws), loss, max_clusters=most)
        assert found.n_clusters <= found.max_clusters == most
        losses.append(found.expected_loss)
    assert (np.diff(losses) <= 1e-12).all() and losses[0] > losses[-1]


@pytest.mark.parametrize("loss", LOSSES)
def test_shrinking_keeps_the_tables_true_and_stops_at_the_bound(loss):
    draws, measure = random_draws(5, n=60, m=12), loss_of(loss, 60)
    search = PartitionSearch(draws, measure, most=60)
    search.start_from(np.arange(60, dtype=np.int32))
    before = distances(search.labels, draws, measure).mean()
    for most in (59, 20, 20, 4, 1):
        search.shrink(most, np.random.default_rng(most))
        labels, arrays = search.labels, search._search
        assert search.n_clusters == len(set(labels)) == most
        counts = np.zeros_like(arrays.counts)
        np.add.at(counts, (arrays.codes, labels[:, None]), 1)
        np.testing.assert_array_equal(arrays.counts, counts)
        np.testing.assert_array_equal(arrays.rises, measure.rise[counts])
    search.allocate(np.arange(60))
    assert search.n_clusters == 1  # nor is another opened
    assert distances(search.labels, draws, measure).mean() != before


def test_shrinking_dissolves_what_costs_least():
    """Two clusters that every draw has, and two images on their own that most draws put into them."""
    draws = np.array([[0] * 6 + [1] * 6 + [0, 1]] * 4 + [[0] * 6 + [1] * 6 + [2, 3]], np.int32)
    for seed in range(5):
        search = PartitionSearch(draws, loss_of("vi", 14), most=14)
        search.start_from(draws[-1])
        search.shrink(2, np.random.default_rng(seed))
        assert by_size(search.labels).tolist() == draws[0].tolist()


def test_bound_is_better_reached_from_above():
    """Draws around one partition of 300 images, a fifth of them anywhere: against searches that never exceed it."""
    rng = np.random.default_rng(8)
    centre = rng.integers(20, size=300)
    draws = np.where(rng.random((30, 300)) < 0.4, rng.integers(25, size=(30, 300)), centre)
    draws = np.array([by_size(z) for z in draws])
    measure, bounded = loss_of("vi", 300), []
    for seed in range(4):
        generator = np.random.default_rng(seed)
        search = PartitionSearch(draws, measure, most=12)
        search.allocate(generator.permutation(300))
        search.improve(generator)
        bounded.append(distances(search.labels, draws, measure).mean())
    assert point_estimate(posterior_with(draws), max_clusters=12, restarts=4).expected_loss < min(bounded)
