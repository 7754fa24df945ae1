"""Queries against sums over partitions written out, identities of probability, samples against the joint."""

import itertools
import math
import tracemalloc

import numba
import numpy as np
import pytest
from scipy import stats

from dpmix.chain.plan import Plan
from dpmix.chain.record import ChainRecord
from dpmix.chain.schedule import Schedule
from dpmix.chain.segment import run_segment
from dpmix.chain.starts import start
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.posterior.posterior import Posterior
from dpmix.queries import mixture
from dpmix.queries.passes import _pick
from dpmix.queries.query import log_predictive, predict_proba, sample_predictive
from support import naive
from support.partitions import all_partitions
from support.query_cases import (
    ALL_IMAGES,
    LEFT,
    VARIED,
    A,
    B,
    X,
    hide,
    log_sum,
    posterior_of,
    slow_log_predictive,
    slow_proba,
)


@pytest.fixture(params=[pytest.param("together", marks=pytest.mark.slow), "apart"])
def cut(request, monkeypatch):
    """With everything in one block, or with clusters and images cut into pieces of two."""
    if request.param == "apart":
        monkeypatch.setattr(mixture, "_BYTES", 64)
        assert mixture._block_clusters(4) == 2
        assert len(mixture.chunks(5, 4)) == 3
    return request.param


@pytest.fixture
def posterior():
    return posterior_of(X, VARIED, chains=2)


# Exactness.


def test_all_partitions(cut):
    """Every partition of six images as a draw, several masks: probabilities equal the sums written out."""
    draws = [(z, 0.8, A, B) for z in all_partitions(6)]
    assert len(draws) == 203
    posterior = posterior_of(X, draws)
    images, observed = ALL_IMAGES[[0, 5, 11]], np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]], bool)
    for image, seen, log_p, proba in zip(
        images,
        observed,
        log_predictive(posterior, images, observed),
        predict_proba(posterior, images, observed),
        strict=True,
    ):
        query = hide(image, seen)
        assert log_p == pytest.approx(slow_log_predictive(X, draws, query), abs=1e-11)
        assert proba == pytest.approx(slow_proba(X, draws, query), abs=1e-11)


@pytest.mark.parametrize("observed", list(itertools.product([False, True], repeat=4)))
def test_every_mask(posterior, cut, observed):
    """Draws of different alpha, a and b, in two chains; each of the sixteen masks, shared by all images."""
    observed = np.array(observed)
    log_p = log_predictive(posterior, ALL_IMAGES, observed)
    proba = predict_proba(posterior, ALL_IMAGES, observed)
    for image, found_log_p, found in zip(ALL_IMAGES, log_p, proba, strict=True):
        query = hide(image, observed)
        assert found_log_p == pytest.approx(slow_log_predictive(X, VARIED, query), abs=1e-11)
        assert found == pytest.approx(slow_proba(X, VARIED, query), abs=1e-11)
        assert (found[observed] == image[observed]).all()


def test_masks_per_image_and_shared_agree(posterior, cut):
    masks = np.random.default_rng(0).random(ALL_IMAGES.shape) < 0.5
    for query in (predict_proba, log_predictive):
        together = query(posterior, ALL_IMAGES, masks)
        alone = [query(posterior, image, mask) for image, mask in zip(ALL_IMAGES, masks, strict=True)]
        np.testing.assert_allclose(together, np.array(alone), rtol=0, atol=1e-13)


def test_tiny_probabilities():
    """3000 pixels: far below the smallest float, and one draw outweighs the others by e^hundreds."""
    rng = np.random.default_rng(1)
    x = (rng.random((8, 3000)) < np.repeat([[0.1], [0.9]], 4, axis=0)).astype(np.uint8)
    a = b = np.ones(3000)
    draws = [(z, 1.0, a, b) for z in ([0, 0, 0, 0, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1, 0, 1], [0] * 8)]
    posterior, query = posterior_of(x, draws), 1 - x[0]
    expected = slow_log_predictive(x, draws, hide(query, np.ones(3000, bool)))
    assert expected < -1000
    assert log_predictive(posterior, query) == pytest.approx(expected, rel=1e-11)
    half = np.arange(3000) < 1500
    proba = predict_proba(posterior, query, half)
    assert np.isfinite(proba).all()
    evidence = slow_log_predictive(x, draws, hide(query, half))
    for pixel in (1500, 2000, 2999):
        on, seen = query.copy(), half.copy()
        on[pixel], seen[pixel] = 1, True
        both = slow_log_predictive(x, draws, hide(on, seen))
        assert proba[pixel] == pytest.approx(math.exp(both - evidence), rel=1e-9)


@pytest.mark.parametrize(
    "x",
    [np.zeros((1, 4)), np.ones((5, 4)), np.zeros((5, 4)), np.ones((3, 1))],
    ids=["one image", "all on", "all off", "one pixel"],
)
def test_degenerate_data(x):
    d = x.shape[1]
    posterior = posterior_of(x, [([0] * len(x), 1.0, np.full(d, 1e-300), np.full(d, 1e-3))])
    images = np.array(list(itertools.product([0, 1], repeat=d)))
    assert np.isfinite(log_predictive(posterior, images)).all()
    proba = predict_proba(posterior, images, np.zeros(d, bool))
    assert ((proba >= 0) & (proba <= 1)).all()
    assert np.exp(log_predictive(posterior, images)).sum() == pytest.approx(1, abs=1e-12)


# Identities.


def test_probabilities_of_all_images_sum_to_one(posterior, cut):
    assert np.exp(log_predictive(posterior, ALL_IMAGES)).sum() == pytest.approx(1, abs=1e-12)
    given_left = np.exp(log_predictive(posterior, ALL_IMAGES, given=LEFT)).reshape(4, 4)
    np.testing.assert_allclose(given_left.sum(axis=1), 1, rtol=0, atol=1e-12)


def test_chain_rule(posterior, cut):
    rng = np.random.default_rng(2)
    for given in (LEFT, rng.random(ALL_IMAGES.shape) < 0.5):
        whole = log_predictive(posterior, ALL_IMAGES)
        first = log_predictive(posterior, ALL_IMAGES, given)
        then = log_predictive(posterior, ALL_IMAGES, ~given, given)
        np.testing.assert_allclose(first + then, whole, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(log_predictive(posterior, ALL_IMAGES, given=given), then)
        np.testing.assert_array_equal(log_predictive(posterior, ALL_IMAGES, given, given), 0)


def test_pixel_by_pixel_gives_the_image(posterior):
    for image in ALL_IMAGES:
        total = 0.0
        for pixel in range(4):
            proba = predict_proba(posterior, image, np.arange(4) < pixel)[pixel]
            total += math.log(proba if image[pixel] else 1 - proba)
        assert total == pytest.approx(log_predictive(posterior, image), abs=1e-11)


def test_nothing_observed(posterior, cut):
    """The log probability of nothing is 0; pixels have the marginals of the predictive of whole images."""
    nothing = np.zeros(4, bool)
    np.testing.assert_allclose(log_predictive(posterior, ALL_IMAGES, nothing), 0, rtol=0, atol=1e-14)
    marginal = np.exp(log_predictive(posterior, ALL_IMAGES)) @ ALL_IMAGES
    np.testing.assert_allclose(predict_proba(posterior, X[0], nothing), marginal, rtol=0, atol=1e-12)
    with_nan = np.full((3, 4), np.nan)
    np.testing.assert_allclose(predict_proba(posterior, with_nan), [marginal] * 3, rtol=0, atol=1e-12)


def test_everything_observed(posterior):
    np.testing.assert_array_equal(predict_proba(posterior, X), X)
    np.testing.assert_array_equal(sample_predictive(posterior, X, size=3), [X] * 3)


# Samples.


def config_p_value(posterior, draws, image, observed, size, seed):
    """Pearson's test of whole sampled configurations of the hidden pixels against the sums written out."""
    samples = sample_predictive(posterior, image, observed, size=size, seed=seed)
    assert (samples[:, observed] == image[observed]).all()
    hidden = np.flatnonzero(~observed)
    counts = np.bincount(samples[:, hidden] @ (1 << np.arange(len(hidden))[::-1]), minlength=1 << len(hidden))
    evidence, expected = slow_log_predictive(X, draws, hide(image, observed)), []
    for values in itertools.product([0, 1], repeat=len(hidden)):
        whole = image.copy()
        whole[hidden] = values
        expected.append(math.exp(slow_log_predictive(X, draws, whole) - evidence))
    return stats.chisquare(counts, size * np.array(expected) / sum(expected)).pvalue


def test_samples_follow_the_joint(posterior, cut):
    """Configurations, so the dependence between hidden pixels too; with each pixel on its own it fails."""
    nothing = np.zeros(4, bool)
    for ix, observed in enumerate([LEFT, ~LEFT, nothing, np.arange(4) == 2]):
        assert config_p_value(posterior, VARIED, X[3], observed, 20000, naive.SEED + ix) > 1e-6
    proba = predict_proba(posterior, X[3], nothing)
    apart = np.prod(np.where(ALL_IMAGES, proba, 1 - proba), axis=1)
    joint = np.exp(log_predictive(posterior, ALL_IMAGES))
    samples = sample_predictive(posterior, X[3], nothing, 20000, seed=naive.SEED)
    counts = np.bincount(samples @ [8, 4, 2, 1], minlength=16)
    assert stats.chisquare(counts, 20000 * apart).pvalue < 1e-6
    assert stats.chisquare(counts, 20000 * joint).pvalue > 1e-6


def test_sampling_check_sees_wrong_weights(posterior):
    wrong = [(z, 10 * alpha, a, b) for z, alpha, a, b in VARIED]
    assert config_p_value(posterior, wrong, X[3], np.zeros(4, bool), 20000, naive.SEED) < 1e-6


def test_samples_of_many_images(posterior, cut):
    """Each image is filled in by its own mask, with the probabilities as frequencies, six errors at most."""
    observed, size = np.random.default_rng(3).random(ALL_IMAGES.shape) < 0.5, 5000
    samples = sample_predictive(posterior, ALL_IMAGES, observed, size=size, seed=naive.SEED)
    assert samples.shape == (size, 16, 4)
    assert samples.dtype == np.uint8
    assert (samples[:, observed] == ALL_IMAGES[observed]).all()
    proba = predict_proba(posterior, ALL_IMAGES, observed)
    error = np.sqrt(proba * (1 - proba) / size)
    assert (np.abs(samples.mean(axis=0) - proba) <= 6 * error).all()


def test_seeds(posterior):
    one, same, other = (sample_predictive(posterior, X, LEFT, size=20, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert sample_predictive(posterior, X, LEFT, size=20).shape == one.shape


@pytest.mark.parametrize("uniform", [0.0, 5e-324, 0.5, 1 - 2**-53])
def test_a_pick_has_positive_weight(uniform):
    weights = np.array([[0, 0.3, 0, 1.5, 0], [0, 0, 5e-324, 0, 0], [1e-320, 1, 1e-320, 0, 0]])
    image = np.array([0, 0, 1, 2])
    picks = _pick(weights.copy(), image, np.full(4, uniform))
    assert (weights[image, picks] > 0).all()


# A whole chain.


def enumerated(x, alpha, a, b):
    """Draws of every partition, and its posterior probability."""
    draws = [(z, alpha, a, b) for z in all_partitions(len(x))]
    log_p = np.array([naive.log_joint(z, x, *hyper) for z, *hyper in draws])
    return draws, np.exp(log_p - log_sum(log_p))


def sampled_answers(x, alpha, images, observed):
    """Answers of sixteen chains, each on its own: log predictives, then probabilities of hidden pixels."""
    table, answers = BinaryTable.from_input(x), []
    prior, gibbs_alone = Prior(alpha=alpha, a=1.0, b=1.0), Schedule(split_merge=0, birth_death=0)
    plan = Plan.checked(prior, 16, 2050, 50, 4, "one", naive.SEED, gibbs_alone)
    for c in range(16):
        state, draws = run_segment(table, plan, start(table, plan, None, c), 0, plan.sweeps)
        posterior = Posterior(table, plan, [ChainRecord(state, draws)], "0")
        log_p, proba = (query(posterior, images, observed) for query in (log_predictive, predict_proba))
        answers.append(np.concatenate([log_p, proba[:, ~observed].ravel()]))
    return np.array(answers)


@pytest.mark.slow
@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="uncompiled sweeps take minutes")
def test_sampled_posterior_against_enumeration():
    """Three pixels, six images, all 203 partitions: answers of chains agree within Monte Carlo error.

    The twin with alpha eight times as large must not.
    """
    x, observed = X[:, :3], np.array([True, False, False])
    images = np.array([[0, 0, 0], [1, 0, 0]])
    draws, weight = enumerated(x, 1.0, np.ones(3), np.ones(3))

    def log_p(query):
        return math.log(
            sum(
                w * math.exp(slow_log_predictive(x, [draw], query))
                for w, draw in zip(weight, draws, strict=True)
            )
        )

    evidence = [log_p([value, None, None]) for value in (0, 1)]
    proba = [
        math.exp(log_p([value, *pixels]) - evidence[value])
        for value in (0, 1)
        for pixels in ([1, None], [None, 1])
    ]
    exact = np.array([*evidence, *proba])

    def furthest(alpha):
        answers = sampled_answers(x, alpha, images, observed)
        return (np.abs(answers.mean(axis=0) - exact) / (answers.std(axis=0, ddof=1) / math.sqrt(16))).max()

    assert furthest(1.0) < 7  # t with 15 degrees of freedom: one in 40,000 for six answers
    assert furthest(8.0) > 7


# Cost.


@pytest.mark.slow
def test_memory_is_bounded():
    """25 draws of 50 clusters, 6,000 images of 784 pixels with their own masks: 200 MB with the answer."""
    rng = np.random.default_rng(0)
    x = rng.integers(2, size=(50, 784), dtype=np.uint8)
    draws = [(rng.permutation(50), 1.0, np.ones(784), np.ones(784)) for _ in range(25)]
    posterior = posterior_of(x, draws)
    queries, observed = rng.integers(2, size=(6000, 784), dtype=np.uint8), rng.random((6000, 784)) < 0.5
    tracemalloc.start()
    predict_proba(posterior, queries, observed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6
