"""Noise: rates within their Monte Carlo error, seeds, inputs left alone, errors."""

import numpy as np
import pytest

from dpmix import Images, InputError
from dpmix.datasets import (
    GaussianNoise,
    MaskingNoise,
    OccludingBlocks,
    SaltAndPepper,
    corrupt,
    load_digits,
    load_grey,
)

KINDS = [
    MaskingNoise(0.4, 0.05),
    SaltAndPepper(0.3, 0.2),
    GaussianNoise(0.4),
    GaussianNoise(0.4, clip=False),
    OccludingBlocks(3, 2, n_blocks=2),
]


def images(value, n=2000, d=49, dtype=np.float32):
    return np.full((n, d), value, dtype)


def assert_rate(found, rate):
    """`found` draws have the mean `rate`, up to 4.5 standard errors."""
    assert abs(found.mean() - rate) <= 4.5 * np.sqrt(rate * (1 - rate) / found.size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, bool])
@pytest.mark.parametrize(("f0", "f1"), [(0.4, 0.05), (0.0, 0.3), (0.25, 0.0), (0, 0), (1, 0), (0.5, 0.5)])
def test_masking_noise_has_the_stated_rates(f0, f1, dtype):
    for value in (0, 1):
        noisy = corrupt(images(value, dtype=dtype), MaskingNoise(f0, f1), seed=1)
        assert noisy.dtype == dtype and set(np.unique(noisy)) <= {0, 1}
        assert_rate(noisy, (1 - f0) * f1 if value == 0 else 1 - f0)
    noisy = corrupt(images(0.5), MaskingNoise(f0, f1), seed=2)
    for value, rate in ((0, f0), (1, (1 - f0) * f1), (0.5, (1 - f0) * (1 - f1))):
        assert_rate(noisy == value, rate)


def test_the_check_of_rates_can_fail():
    noisy = corrupt(images(0.5), MaskingNoise(0.4, 0.05), seed=2)
    with pytest.raises(AssertionError):
        assert_rate(noisy == 1, 0.05)  # the share of all pixels instead of that of the others


@pytest.mark.parametrize(("rate", "salt"), [(0.2, 0.5), (0.6, 0.1), (1, 1), (0, 0.5)])
def test_salt_and_pepper_has_the_stated_rates(rate, salt):
    noisy = corrupt(images(0.5), SaltAndPepper(rate, salt), seed=3)
    for value, share in ((0, rate * (1 - salt)), (1, rate * salt), (0.5, 1 - rate)):
        assert_rate(noisy == value, share)


@pytest.mark.parametrize("noise", [MaskingNoise(0.3, 0.2), SaltAndPepper(0.4, 0.7)])
def test_flip_rates_are_those_of_binary_pixels(noise):
    rate_off, rate_on = noise.flip_rates
    assert_rate(corrupt(images(1), noise, seed=4) == 0, rate_off)
    assert_rate(corrupt(images(0), noise, seed=5) == 1, rate_on)


def test_gaussian_noise_has_the_stated_moments():
    noisy = corrupt(images(0.5, dtype=np.float64), GaussianNoise(0.3, clip=False), seed=6)
    assert noisy.dtype == np.float32
    error = 0.3 / np.sqrt(noisy.size)
    assert abs(noisy.mean(dtype=float) - 0.5) < 4.5 * error
    assert abs(noisy.std(dtype=float) - 0.3) < 4.5 * error / np.sqrt(2)
    clipped = corrupt(images(0.5), GaussianNoise(0.3), seed=6)
    np.testing.assert_array_equal(clipped, np.clip(noisy, 0, 1))


def test_blocks_cover_what_they_say_everywhere():
    noise = OccludingBlocks(3, 2, value=1)
    noisy = corrupt(images(0), noise, seed=7).reshape(-1, 7, 7)
    assert (noisy.sum(axis=(1, 2)) == 6).all()
    rows, columns = noisy.any(axis=2), noisy.any(axis=1)
    for spans, size in ((rows, 3), (columns, 2)):
        assert (spans.sum(axis=1) == size).all()
        assert (np.diff(spans.astype(int), axis=1, prepend=0) == 1).sum(axis=1).max() == 1  # in one piece
        first = spans.argmax(axis=1)
        assert set(first) == set(range(7 - size + 1))
        for place in range(7 - size + 1):
            assert_rate(first == place, 1 / (7 - size + 1))
    whole = corrupt(images(1, n=3), OccludingBlocks(7), seed=0)
    assert not whole.any()
    wide = corrupt(images(1, n=50, d=10), OccludingBlocks(2, 1, shape=(2, 5)), seed=0).reshape(-1, 2, 5)
    np.testing.assert_array_equal(wide[:, 0], wide[:, 1])
    assert (wide.sum(axis=(1, 2)) == 8).all()


def test_several_blocks_may_overlap():
    covered = (corrupt(images(1), OccludingBlocks(3, n_blocks=2), seed=8) == 0).sum(axis=1)
    assert covered.min() == 9 and covered.max() == 18


@pytest.mark.parametrize("noise", KINDS, ids=repr)
def test_seeds_and_inputs(noise):
    x = load_digits().x[:50].astype(np.float32)
    before = x.copy()
    x.flags.writeable = False
    first = corrupt(x, noise, seed=1)
    np.testing.assert_array_equal(first, corrupt(x, noise, seed=1))
    np.testing.assert_array_equal(first, noise(x, np.random.default_rng(1)))
    assert (first != corrupt(x, noise, seed=2)).any()
    assert (corrupt(x, noise) != corrupt(x, noise)).any()
    assert (first != before).any() and first.flags.writeable
    np.testing.assert_array_equal(x, before)
    rng = np.random.default_rng(0)
    assert (noise(x, rng) != noise(x, rng)).any()


@pytest.mark.parametrize("noise", KINDS, ids=repr)
def test_images_stay_images_where_they_stay_binary(noise):
    digits = load_digits()[:20]
    noisy = corrupt(digits, noise, seed=0)
    if isinstance(noise, GaussianNoise):
        assert isinstance(noisy, np.ndarray) and noisy.shape == digits.x.shape
    else:
        assert isinstance(noisy, Images) and noisy.image_shape == (8, 8)
        np.testing.assert_array_equal(noisy.y, digits.y)
        np.testing.assert_array_equal(noisy.x, corrupt(digits.x, noise, seed=0))
    grey = load_grey("digits")
    found = corrupt(grey, noise, seed=0)
    np.testing.assert_array_equal(found.x, corrupt(grey.x, noise, seed=0))
    assert found.x.dtype == np.float32 and found.image_shape == (8, 8) and found.y is grey.y
    flat = Images(np.ones((3, 10), int), shape=(2, 5))
    assert corrupt(flat, OccludingBlocks(2, 1), seed=0).x.sum() == 3 * 8


def test_functions_as_noise():
    x = np.ones((3, 4))
    np.testing.assert_array_equal(corrupt(x, lambda x, rng: (x * 0.5).tolist()), np.full((3, 4), 0.5))
    same = corrupt(x, lambda x, rng: x)
    assert same.flags.writeable and not np.may_share_memory(same, x)
    with pytest.raises(ValueError, match="read-only"):
        corrupt(x, lambda x, rng: np.multiply(x, 0, out=x))
    assert x.all()


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: MaskingNoise(0.7, 0.4), "f0 \\+ f1 must be at most 1; got 0.7 \\+ 0.4"),
        (lambda: MaskingNoise(-0.1, 0.4), "f0 must be at least 0"),
        (lambda: MaskingNoise(0.1, 1.5), "f1 must be between 0 and 1"),
        (lambda: MaskingNoise(np.nan, 0), "f0 must be finite"),
        (lambda: MaskingNoise("0.4"), "f0 must be a number"),
        (lambda: SaltAndPepper(1.1), "rate must be between 0 and 1; got 1.1"),
        (lambda: SaltAndPepper(0.1, -1), "salt must be at least 0"),
        (lambda: GaussianNoise(-1), "scale must be at least 0"),
        (lambda: GaussianNoise(1, "no"), "clip must be True or False"),
        (lambda: OccludingBlocks(0), "height must be at least 1"),
        (lambda: OccludingBlocks(2, 2.5), "width must be an integer"),
        (lambda: OccludingBlocks(2, n_blocks=0), "n_blocks must be at least 1"),
        (lambda: OccludingBlocks(2, value=2), "value must be between 0 and 1"),
        (lambda: OccludingBlocks(4, shape=(3, 9)), "must fit into images of 3 x 9; got 4 x 4"),
        (lambda: OccludingBlocks(4, shape=9), "shape must be \\(height, width\\)"),
        (lambda: corrupt(images(1), OccludingBlocks(9)), "must fit into images of 7 x 7"),
        (lambda: corrupt(images(1), OccludingBlocks(2, shape=(4, 4))), "as many pixels as the images, 49"),
        (lambda: corrupt(images(1, dtype=int), OccludingBlocks(2, value=0.5)), "0 or 1 for images of dtype"),
        (lambda: corrupt(images(1), 0.4), "noise must be a noise object"),
        (lambda: corrupt(images(1), MaskingNoise), "noise must be a noise object"),
        (
            lambda: corrupt(images(1), lambda x, rng: x[:3]),
            "noise must return numbers in the shape of.*\\(3, 49\\)",
        ),
        (lambda: corrupt(images(1), lambda x, rng: x / 0), "noise must return finite numbers"),
        (lambda: corrupt(images(255), MaskingNoise()), "found 255.0 to 255.0"),
        (lambda: corrupt(images(np.nan), MaskingNoise()), "x must be finite"),
        (lambda: corrupt(np.zeros(4), MaskingNoise()), "table \\(n, d\\)"),
        (lambda: corrupt(np.zeros((0, 4)), MaskingNoise()), "at least one image"),
        (lambda: corrupt([["a"]], MaskingNoise()), "x must hold real numbers"),
        (lambda: corrupt(images(1), MaskingNoise(), seed=-1), "seed must be at least 0"),
    ],
)
def test_what_is_out_of_range_is_named(make, match):
    with pytest.raises(InputError, match=match):
        make()
