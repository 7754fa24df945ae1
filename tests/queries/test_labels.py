"""The label column in queries, against sums over all partitions; training pixels may be unobserved."""

import math

import numpy as np
import pytest
from scipy import stats

from dpmix.base.errors import InputError, InputTypeError
from dpmix.model.table import BinaryTable
from dpmix.queries import mixture
from dpmix.queries.query import (
    log_predictive,
    predict_labels,
    predict_mode,
    predict_proba,
    responsibilities,
    sample_predictive,
)
from support.partitions import all_partitions
from support.query_cases import ALL_IMAGES, LEFT, A, B, X, label_posterior, posterior_of, slow_labelled

Y = np.array([0, 2, 1, -1, 0, -1])
SEEN = np.array([[1, 1, 0, 1], [1, 1, 1, 1], [0, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 0], [0, 1, 1, 1]], bool)
DRAWS = [(z, 0.8, A, B) for z in all_partitions(6)]
SOME = [
    ([0, 0, 1, 1, 0, 2], 1.0, A, B),
    ([0, 0, 0, 0, 0, 0], 0.2, B, A),
    ([0, 1, 2, 3, 4, 5], 5.0, 2 * A, B),
]
PSEUDO = 0.6


@pytest.fixture(params=[pytest.param("together", marks=pytest.mark.slow), "apart"])
def cut(request, monkeypatch):
    """With everything in one block, or with clusters and images cut into pieces of two."""
    if request.param == "apart":
        monkeypatch.setattr(mixture, "_BYTES", 64)


@pytest.fixture
def posterior():
    return label_posterior(X, SEEN, Y, SOME, PSEUDO)


def slow(draws, image, observed, label):
    pixels = [int(value) if seen else None for value, seen in zip(image, observed, strict=True)]
    return slow_labelled(X, SEEN, Y, draws, pixels, label, PSEUDO)


def test_labels_of_all_partitions(cut):
    """Every partition of six images as a draw; three classes, two labels and some pixels are unobserved."""
    posterior = label_posterior(X, SEEN, Y, DRAWS, PSEUDO)
    for image, observed in ((X[0], LEFT), (X[2], np.array([0, 1, 1, 1], bool)), (X[5], np.zeros(4, bool))):
        joint = np.array([slow(DRAWS, image, observed, label) for label in range(3)])
        evidence = slow(DRAWS, image, observed, -1)
        expected = pytest.approx(np.exp(joint - evidence), abs=1e-11)
        assert predict_labels(posterior, image, observed) == expected
        assert log_predictive(posterior, image, observed) == pytest.approx(evidence, abs=1e-11)
        for label in (0, 1, 2):
            found = log_predictive(posterior, image, observed, labels=label)
            assert found == pytest.approx(joint[label], abs=1e-11)


def test_a_label_is_evidence(posterior, cut):
    """P(pixel on | shown pixels, label) as a ratio of two sums."""
    labels = np.array([0, 1, 2, -1] * 4)
    proba = predict_proba(posterior, ALL_IMAGES, LEFT, labels=labels)
    for image, label, found in zip(ALL_IMAGES, labels, proba, strict=True):
        evidence = slow(SOME, image, LEFT, label)
        for pixel in (2, 3):
            on, seen = image.copy(), LEFT.copy()
            on[pixel], seen[pixel] = 1, True
            assert found[pixel] == pytest.approx(math.exp(slow(SOME, on, seen, label) - evidence), abs=1e-11)
    np.testing.assert_allclose(proba[3::4], predict_proba(posterior, ALL_IMAGES, LEFT)[3::4], rtol=1e-12)


def test_bayes_rule_joins_labels_and_pixels(posterior, cut):
    """log p(x, y) = log p(x) + log p(y | x), and summed over labels it is p(x)."""
    proba = predict_labels(posterior, ALL_IMAGES)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-13)
    both = np.array([log_predictive(posterior, ALL_IMAGES, labels=np.full(16, label)) for label in range(3)])
    pixels = log_predictive(posterior, ALL_IMAGES)
    np.testing.assert_allclose(both.T, pixels[:, None] + np.log(proba), atol=1e-12)
    assert np.exp(both).sum() == pytest.approx(1, abs=1e-12)
    rest = log_predictive(posterior, ALL_IMAGES, ~LEFT, given=LEFT, labels=np.full(16, 1))
    whole = log_predictive(posterior, ALL_IMAGES, labels=np.full(16, 1))
    np.testing.assert_allclose(rest, whole - log_predictive(posterior, ALL_IMAGES, LEFT), atol=1e-12)


def test_samples_follow_the_label(posterior, cut):
    """Whole configurations of the hidden pixels, by Pearson's test; with another label they do not."""
    for label, fits in ((1, True), (2, False)):
        samples = sample_predictive(posterior, X[0], LEFT, size=20000, seed=3, labels=label)
        counts = np.bincount(samples[:, 2:] @ [2, 1], minlength=4)
        wholes = [[*X[0, :2], *rest] for rest in np.ndindex(2, 2)]
        log_p = np.array([slow(SOME, whole, np.ones(4, bool), 1) for whole in wholes])
        p = stats.chisquare(counts, 20000 * np.exp(log_p - slow(SOME, X[0], LEFT, 1))).pvalue
        assert (p > 1e-6) == fits


def test_responsibilities_are_shares_of_the_joint(posterior, cut):
    for draw, (z, alpha, a, b) in enumerate(SOME):
        found = responsibilities(posterior, ALL_IMAGES, 0, draw, LEFT, labels=np.full(16, 0))
        assert found.shape == (16, max(z) + 2)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-13)
        for image, row in zip(ALL_IMAGES, found, strict=True):
            pixels = [int(image[0]), int(image[1]), None, None]
            one = X, SEEN, Y, [(z, alpha, a, b)], pixels, 0, PSEUDO
            whole, parts = slow_labelled(*one), [slow_labelled(*one, [k]) for k in range(max(z) + 2)]
            np.testing.assert_allclose(row, np.exp(np.array(parts) - whole), rtol=1e-10)
    assert responsibilities(posterior, X[0]).shape == (7,)
    with pytest.raises(InputError, match="draw must be an index into 3 draws; got 3"):
        responsibilities(posterior, X, draw=3)


def test_mode_is_the_best_cluster_of_all_draws(posterior, cut):
    mode = predict_mode(posterior, ALL_IMAGES, LEFT)
    for image, found in zip(ALL_IMAGES, mode, strict=True):
        pixels, best = [int(image[0]), int(image[1]), None, None], []
        for z, *hyper in SOME:
            for k in range(max(z) + 2):
                score = slow_labelled(X, SEEN, Y, [(z, *hyper)], pixels, -1, PSEUDO, [k])
                on = [
                    slow_labelled(X, SEEN, Y, [(z, *hyper)], [*pixels[:2], *rest], -1, PSEUDO, [k])
                    for rest in ((1, None), (None, 1))
                ]
                best.append((score, *np.exp(np.array(on) - score)))
        assert found[2:] == pytest.approx(max(best)[1:], abs=1e-11)
        assert (found[:2] == image[:2]).all()


def test_a_run_learns_labels():
    """A sampled posterior knows the classes of images it was told of, for one image or many."""
    import dpmix

    x = np.repeat([[1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]], 20, axis=0)
    y = np.repeat([0, 1], 20)
    y[::2] = -1
    posterior = dpmix.sample(x, labels=y, chains=1, sweeps=20, seed=0, jobs=1, progress=False)
    proba = dpmix.predict_labels(posterior, x)
    assert proba.shape == (40, 2) and (proba.argmax(axis=1) == np.repeat([0, 1], 20)).all()
    np.testing.assert_allclose(dpmix.predict_labels(posterior, x[0]), proba[0], rtol=1e-13)
    blank = dpmix.predict_proba(posterior, x[0], np.zeros(8, bool), labels=1)
    assert (blank[4:] > 0.8).all() and (blank[:4] < 0.2).all()


@pytest.mark.parametrize(
    ("labels", "error", "text"),
    [
        ([0, 1], InputError, r"one label for each of the 6 images; got shape \(2,\)"),
        ([0.0] * 6, InputTypeError, "integers, -1 or NaN where not known; got dtype float64"),
        ([0, 1, 2, 3, 0, 0], InputError, "between 0 and 2.*found 3"),
        ([0, 1, 2, -2, 0, 0], InputError, "found -2"),
    ],
)
def test_wrong_labels(posterior, labels, error, text):
    for query in (predict_proba, sample_predictive, log_predictive, predict_mode, responsibilities):
        with pytest.raises(error, match=f"labels must .*{text}"):
            query(posterior, X, labels=labels)


def test_a_posterior_without_labels():
    plain = posterior_of(X, SOME)
    for ask in (lambda: predict_labels(plain, X), lambda: predict_proba(plain, X, labels=Y)):
        with pytest.raises(InputError, match="posterior must be one of images with labels.*labels=y"):
            ask()
    assert BinaryTable.from_input(X).n_classes == 0
