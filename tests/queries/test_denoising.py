"""Clean images from noisy ones, against sums over all clean images that there are."""

import numpy as np
import pytest

import dpmix
from dpmix.datasets import MaskingNoise
from support.query_cases import (
    ALL_IMAGES,
    LEFT,
    VARIED,
    X,
    label_posterior,
    posterior_of,
    slow_labelled,
    slow_log_predictive,
)

RATES = [(0.4, 0.03), (0.2, 0.2), (np.array([0.0, 0.9, 0.3, 0.5]), np.array([0.6, 0.0, 0.0, 0.1]))]


def noise_proba(noisy, clean, seen, rate_off, rate_on):
    """P(noisy | clean) of the pixels that are seen."""
    of_on = np.where(noisy == 1, 1 - rate_off, rate_off)
    of_off = np.where(noisy == 1, rate_on, 1 - rate_on)
    return np.where(seen, np.where(clean == 1, of_on, of_off), 1.0).prod()


def slow_denoise(log_predictive, noisy, seen, rate_off, rate_on):
    """Mean clean image, weighted by how probable it is and that it became `noisy`."""
    weights = [
        np.exp(log_predictive(clean.tolist())) * noise_proba(noisy, clean, seen, rate_off, rate_on)
        for clean in ALL_IMAGES
    ]
    return np.average(ALL_IMAGES, axis=0, weights=weights)


@pytest.mark.parametrize(
    ("rates", "seen"),
    [
        pytest.param(rates, seen, marks=[] if row == column else [pytest.mark.slow])
        for row, rates in enumerate(RATES)
        for column, seen in enumerate((LEFT, np.ones(4, bool), np.zeros(4, bool)))
    ],
)
def test_equals_sum_over_all_clean_images(rates, seen):
    posterior = posterior_of(X, VARIED, chains=2)
    found = dpmix.denoise(posterior, ALL_IMAGES, *rates, observed=seen)
    wanted = [
        slow_denoise(lambda clean: slow_log_predictive(X, VARIED, clean), noisy, seen, *rates)
        for noisy in ALL_IMAGES
    ]
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


def test_masks_of_each_image_and_labels():
    observed = np.ones(X.shape, bool)
    observed[2, 1] = observed[4, 3] = False
    labels = [0, 1, 1, -1, 2, 0]
    posterior = label_posterior(X, observed, labels, VARIED, 0.5)
    seen = np.random.default_rng(0).random(ALL_IMAGES.shape) < 0.7
    asked = np.arange(len(ALL_IMAGES)) % 4 - 1
    found = dpmix.denoise(posterior, np.where(seen, ALL_IMAGES, np.nan), 0.3, 0.1, labels=asked)
    for noisy, mask, label, row in zip(ALL_IMAGES, seen, asked, found, strict=True):
        wanted = slow_denoise(
            lambda clean, label=label: slow_labelled(X, observed, labels, VARIED, clean, label, 0.5),
            noisy,
            mask,
            0.3,
            0.1,
        )
        np.testing.assert_allclose(row, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seen", [LEFT, ~LEFT, np.ones(4, bool), np.zeros(4, bool)])
def test_without_noise_it_is_predict_proba(seen):
    posterior = posterior_of(X, VARIED)
    found = dpmix.denoise(posterior, ALL_IMAGES, 0, np.zeros(4), observed=seen)
    wanted = dpmix.predict_proba(posterior, ALL_IMAGES, seen)
    np.testing.assert_allclose(found, wanted, rtol=1e-13)
    np.testing.assert_array_equal(found[:, seen], ALL_IMAGES[:, seen])


def test_what_noise_cannot_have_made_stays():
    posterior = posterior_of(X, VARIED)
    found = dpmix.denoise(posterior, ALL_IMAGES, 0.4, 0)
    assert (found[ALL_IMAGES == 1] == 1).all()
    assert ((found > 0) & (found < 1))[ALL_IMAGES == 0].all()


def test_one_image_and_fewer_draws():
    posterior = posterior_of(X, VARIED)
    one = dpmix.denoise(posterior, X[0], 0.4, 0.1, draws=2)
    np.testing.assert_array_equal(one, dpmix.denoise(posterior, X[:1], 0.4, 0.1, draws=2)[0])
    assert one.shape == (4,)
    with np.testing.assert_raises(AssertionError):
        np.testing.assert_allclose(one, dpmix.denoise(posterior, X[0], 0.4, 0.1))


def clean_digits():
    images = dpmix.datasets.load_digits()
    posterior = dpmix.sample(images[:1500], chains=2, sweeps=20, seed=0, jobs=1, progress=False)
    return posterior, images[1500:].x


def test_masked_digits_come_back_and_single_precision_is_good_enough(monkeypatch):
    posterior, clean = clean_digits()
    noise = MaskingNoise(0.3, 0.1)
    noisy, rates = noise(clean, np.random.default_rng(0)), noise.flip_rates
    monkeypatch.setattr("dpmix.queries.evidence._SMALL", 0)
    screened = dpmix.denoise(posterior, noisy, *rates)
    monkeypatch.setattr("dpmix.queries.evidence._SMALL", np.inf)
    exact = dpmix.denoise(posterior, noisy, *rates)
    np.testing.assert_allclose(screened, exact, rtol=0, atol=1e-6)
    corrupted = noisy != clean
    assert ((exact > 0.5) != clean).mean() < 0.6 * corrupted.mean()
    assert -np.log(np.where(clean, exact, 1 - exact)).mean() < 0.35  # nats; it is calibrated, not only right


@pytest.mark.parametrize(
    ("rates", "match"),
    [
        ((1, 0), "rate_off must be at least 0 and less than 1; got 1"),
        ((0, -0.1), "rate_on must be at least 0"),
        ((np.nan, 0), "rate_off must be finite"),
        (("a", 0), "rate_off must be a number"),
        ((0.1, [0.1, 0.2]), r"rate_on must be one number or one for each of the 4 pixels; got shape \(2,\)"),
        (([0, 0, 0, 1.5], 0), "found 1.5 at pixel 3"),
        ((0, [0, np.nan, 0, 0]), "found nan at pixel 1"),
    ],
)
def test_rates_that_are_none(rates, match):
    with pytest.raises(dpmix.InputError, match=match):
        dpmix.denoise(posterior_of(X, VARIED), X, *rates)


def test_misfitting_images():
    with pytest.raises(dpmix.InputError, match="x must be one image"):
        dpmix.denoise(posterior_of(X, VARIED), X[:, :3], 0.1, 0.1)
