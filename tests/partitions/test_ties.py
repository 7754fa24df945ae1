"""What is equal in theory counts as equal: expected losses, ranks of draws and of members, against exact fractions."""

import numpy as np
import pytest

from dpmix.base.ties import levels
from dpmix.partitions import cluster_members, point_estimate
from dpmix.partitions.candidates import Candidate, best_of
from dpmix.partitions.losses import LOSSES, between_draws, distances, loss_of
from support import partitions
from support.partition_cases import exact_expected, posterior_with, random_draws

EVERYTHING = np.array(partitions.all_partitions(5), np.int32)


def exact_levels(values):
    distinct = sorted(set(values))
    return [distinct.index(value) for value in values]


def test_levels_join_what_is_near_and_nothing_else():
    values = np.array([2.0, 1.0, 1.0 + 1e-13, 3.0, 1.0 - 1e-13, 2.0])
    assert levels(values, 1.5e-13).tolist() == [1, 0, 0, 2, 0, 1]
    assert levels(values, 0).tolist() == [3, 1, 2, 4, 0, 3]
    assert levels(values, np.where(values < 1.5, 1e-12, 0)).tolist() == [1, 0, 0, 2, 0, 1]
    assert levels(np.array([]), 1.0).tolist() == []


@pytest.mark.parametrize("loss", LOSSES)
def test_expected_losses_are_equal_where_fractions_are(loss):
    """Of all 52 partitions of five images; the twin: bare numbers are told apart by rounding."""
    measure, parted = loss_of(loss, 5), 0
    for seed in range(40):
        draws = random_draws(seed, n=5)
        expected = np.array([distances(z, draws, measure).mean() for z in EVERYTHING])
        exact = exact_levels([exact_expected(z, draws, loss) for z in EVERYTHING])
        assert levels(expected, measure.rounding_of_mean(expected, len(draws))).tolist() == exact
        parted += levels(expected, 0).tolist() != exact
    assert parted > 5


@pytest.mark.parametrize("loss", LOSSES)
def test_draws_are_ranked_as_fractions_rank_them(loss):
    measure, parted = loss_of(loss, 7), 0
    for seed in range(60):
        draws = random_draws(seed, n=7, m=9)
        expected = between_draws(draws, measure).mean(axis=1)
        exact = exact_levels([exact_expected(z, draws, loss) for z in draws])
        assert levels(expected, measure.rounding_between(draws)).tolist() == exact
        parted += levels(expected, 0).tolist() != exact
    assert parted > 5 or loss == "binder"  # whole numbers are added up without rounding


@pytest.mark.parametrize("loss", LOSSES)
def test_best_draw_is_the_first_of_the_best(loss):
    for seed in range(60):
        draws = random_draws(seed, n=7, m=9)
        exact = [exact_expected(z, draws, loss) for z in draws]
        first = exact.index(min(exact))
        found = point_estimate(posterior_with(draws, chains=3), loss, restarts=0)
        assert found.found_from == f"draw {first % 3} of chain {first // 3}"


def test_of_the_best_the_one_with_fewest_clusters_is_taken():
    one, other = np.array([0, 0, 1, 2], np.int32), np.array([0, 0, 1, 1], np.int32)
    measure = loss_of("vi", 4)
    near = [Candidate("a", one, 0.7), Candidate("b", other, np.nextafter(0.7, 1)), Candidate("c", other, 0.7)]
    assert best_of(near, measure, 10).found_from == "b"
    apart = [Candidate("a", one, 0.7), Candidate("b", other, 0.7 + 1e-9)]
    assert best_of(apart, measure, 10).found_from == "a"


@pytest.mark.parametrize("loss", LOSSES)
def test_estimate_is_the_best_in_exact_arithmetic(loss):
    for seed in range(30):
        draws = random_draws(seed, n=5)
        found = point_estimate(posterior_with(draws), loss)
        allowed = [z for z in EVERYTHING if z.max() < found.max_clusters]
        least = min(exact_expected(z, draws, loss) for z in allowed)
        assert exact_expected(found.labels, draws, loss) == least


def test_members_that_are_alike_are_ranked_by_what_tells_them_apart():
    """Four pictures many times over in one cluster: of one picture the surest first, then the first in the table.

    Products of matrices may add up rows in more than one order, so that rows that are alike get different sums.
    """
    for seed in range(30):
        rng = np.random.default_rng(seed)
        pictures, which = rng.integers(2, size=(4, int(rng.integers(3, 70)))), rng.integers(4, size=50)
        posterior = posterior_with(random_draws(seed, n=50, m=6), x=pictures[which])
        found = cluster_members(posterior, np.zeros(50, int), typical=50, by="log_predictive")
        ranked = found.typical[0]
        for own in (ranked[which[ranked] == picture] for picture in range(4)):
            assert own.tolist() == sorted(own, key=lambda i: (-found.confidence[i], i))
