"""The anchored pass: components, anchors, and where each image goes, against slow and obvious versions."""

import math

import numpy as np
import pytest
from scipy import stats

from dpmix.chain.state import Chain, State, generator_state
from dpmix.kernels.anchored_pass import exact_log_weight, reassign_images
from dpmix.kernels.scores import cluster_score
from dpmix.model.table import BinaryTable
from dpmix.sharding import anchored_pass
from dpmix.sharding.streams import Streams
from support import naive

N, D, K = 30, 9, 4
STREAMS = Streams(3, 0, 0)


def make_chain(gaps=True, labels=True, a=0.7, n=N, d=D, k=K):
    rng = np.random.default_rng(8)
    x = rng.integers(0, 2, (n, d))
    seen = rng.random((n, d)) < 0.8 if gaps else None
    table = BinaryTable.from_input(x, seen, rng.integers(-1, 3, n) if labels else None)
    words = generator_state(np.random.Generator(np.random.PCG64(4)))
    z = (np.arange(n) % k).astype(np.int32)
    return Chain(table, State(z, 1.3, np.full(d, a), np.full(d, 0.6), words), 0.5), table


def log_weights(table, components):
    """Log of w_k p(x_i | theta_k) straight from what the fields mean, (n, k)."""
    x, seen, classes = table.dense().astype(float), table.observed().astype(float), table.classes
    log_odds = components.log_odds.astype(float)
    log_off = -np.logaddexp(0, log_odds)
    found = components.log_weights - log_off.sum(1) + (x * seen) @ log_odds.T + seen @ log_off.T
    if table.n_classes:
        found += np.where(classes[:, None] >= 0, components.log_classes[:, classes].T, 0.0)
    return found


@pytest.mark.parametrize("gaps", [False, True], ids=["whole", "gaps"])
@pytest.mark.parametrize("labels", [False, True], ids=["pixels", "labels"])
@pytest.mark.parametrize("a", [0.7, 1e-6, 1e6])
def test_scores_are_within_the_tolerance(gaps, labels, a):
    chain, table = make_chain(gaps, labels, a)
    components = anchored_pass.draw_components(chain, np.random.default_rng(1))
    tables, tolerance = anchored_pass._tables(components, table.masked)
    wanted = log_weights(table, components)
    assert np.isfinite(wanted).all() and (np.abs(wanted) <= components.bounds).all()
    for i in range(table.n):
        scores = np.array([cluster_score(i, k, table.runs, tables) for k in range(K)])
        exact = [exact_log_weight(i, k, table.runs, components) for k in range(K)]
        assert exact == pytest.approx(wanted[i], rel=1e-6, abs=1e-5)  # log_off is kept as float32
        assert scores / tables.scale == pytest.approx(exact, abs=tolerance)


@pytest.mark.parametrize("tolerance", [None, 100.0], ids=["by screen", "exactly"])
@pytest.mark.parametrize(
    ("n", "d", "k", "a", "most_runs"),
    [
        (N, D, K, 0.7, None),
        (150, 40, 64, 0.7, None),
        (150, 3, 95, 0.7, None),
        (150, 40, 63, 1e-3, None),  # rough scores come round
        (150, 40, 63, 0.7, 0),  # all in full
    ],
)
def test_images_go_where_their_uniform_says(tolerance, n, d, k, a, most_runs):
    """Whether or not their own cluster is open to them, and with clusters that fill all slots but one."""
    chain, table = make_chain(n=n, d=d, k=k, a=a)
    components = anchored_pass.draw_components(chain, np.random.default_rng(2))
    tables, least = anchored_pass._tables(components, table.masked)
    tables = tables if most_runs is None else tables._replace(most_runs=most_runs)
    rng = np.random.default_rng(5)
    n_open, uniforms, z = rng.integers(0, k + 1, n), rng.random(n), chain.partition.z.copy()
    before, weights = z.copy(), log_weights(table, components)
    n_moved = reassign_images(0, n, n_open, uniforms, tolerance or least, table.runs, components, tables, z)
    wanted = before.copy()
    for i in np.flatnonzero(n_open):
        wanted[i] = naive.draw(uniforms[i], weights[i, : n_open[i]].tolist())
    np.testing.assert_array_equal(z, wanted)
    assert n_moved == (z != before).sum() > 0


def test_an_image_may_go_to_clusters_whose_anchor_comes_before_it():
    ranks = np.array([50, 10, 40, 20, 30], np.uint64)
    z = np.array([0, 1, 0, 1, 2])
    anchors = np.sort(anchored_pass.first_ranks(z, 3, ranks))
    assert anchors.tolist() == [10, 30, 40]
    assert anchored_pass.clusters_open(ranks, anchors).tolist() == [3, 0, 0, 1, 0]


def test_anchors_are_the_same_before_and_after():
    chain, table = make_chain(n=200)
    rows = np.arange(1000, 1200)
    ranks = STREAMS.ranks(rows)
    first = anchored_pass.first_ranks(chain.partition.z, K, ranks)
    order = np.argsort(first)
    components = anchored_pass.draw_components(chain, np.random.default_rng(3))
    components = anchored_pass.joined([components], order)
    z = np.argsort(order)[chain.partition.z]
    after, counts, n_moved = anchored_pass.run_block(table, rows, STREAMS, z, first[order], components)
    assert n_moved > 20
    np.testing.assert_array_equal(anchored_pass.first_ranks(after, K, ranks), first[order])
    np.testing.assert_array_equal(counts.sizes, np.bincount(after, minlength=K))
    for k in range(K):
        np.testing.assert_array_equal(counts.ones[k], table.dense()[after == k].sum(0))


def test_components_have_the_distribution_that_they_must():
    """Kolmogorov-Smirnov: Beta probabilities, Dirichlet weights of two clusters of 10 and 20 images, and of labels."""
    x = np.zeros((30, 1), np.uint8)
    x[:7] = 1
    table = BinaryTable.from_input(x, None, np.arange(30) % 2)
    words = generator_state(np.random.Generator(np.random.PCG64(4)))
    z = np.repeat([0, 1], [10, 20]).astype(np.int32)
    chain = Chain(table, State(z, 1.0, np.array([0.05]), np.array([2.0]), words), 0.5)
    rng = naive.generator(21)
    drawn = [anchored_pass.draw_components(chain, rng) for _ in range(4000)]
    theta = np.array([1 / (1 + np.exp(-each.log_odds[:, 0].astype(float))) for each in drawn])
    w = np.array([each.log_weights for each in drawn]) - np.log1p(-theta)
    share = 1 / (1 + np.exp(w[:, 1] - w[:, 0]))
    phi = np.array([np.exp(each.log_classes) for each in drawn])
    assert phi.sum(2) == pytest.approx(1.0)
    for found, law in (
        (theta[:, 0], stats.beta(7.05, 5)),
        (theta[:, 1], stats.beta(0.05, 22)),
        (share, stats.beta(10, 20)),
        (phi[:, 0, 0], stats.beta(5.5, 5.5)),
    ):
        assert stats.kstest(found, law.cdf).pvalue > 1e-4
    assert stats.kstest(share, stats.beta(10.5, 20.5).cdf).pvalue < 0.5


def test_probabilities_too_small_for_a_double_are_drawn_all_the_same():
    chain, _ = make_chain(gaps=False, labels=False, a=1e-6)
    log_odds = anchored_pass.draw_components(chain, np.random.default_rng(1)).log_odds
    assert np.isfinite(log_odds).all()
    chain.partition.ones[:] = 0
    log_odds = anchored_pass.draw_components(chain, np.random.default_rng(1)).log_odds
    assert np.isfinite(log_odds).all() and log_odds.min() < math.log(5e-324)
