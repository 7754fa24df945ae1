"""Kernels of the extractors against obvious references."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from dpmix import InputError
from dpmix.base.sklearn_manners import seed_sequence
from dpmix.features.streams import UniformStream
from dpmix.kernels.pseudo_likelihood import add_pixel_log_odds
from dpmix.kernels.sparse_rows import combine_rows, list_columns, list_rows
from dpmix.kernels.steps import adam_step, momentum_step
from dpmix.kernels.uniform import BELOW_ONE, LANES, fill_uniform
from dpmix.kernels.units import (
    BLOCK,
    add_softplus_sums,
    exp_array,
    sample_probabilities,
    sample_units,
    sigmoid_array,
)

SIZES = [1, 15, 16, 17, LANES - 1, LANES, LANES + 1, BLOCK, BLOCK + 33]
pytestmark = pytest.mark.filterwarnings(
    "ignore:overflow encountered in scalar"
)  # meant, where kernels are interpreted


def work():
    return np.empty((3, BLOCK), np.float32)


def xoshiro128pp(state):
    """The published generator, one number at a time."""
    s, mask = [int(word) for word in state], 0xFFFFFFFF
    while True:
        total = (s[0] + s[3]) & mask
        yield (((total << 7 | total >> 25) & mask) + s[0]) & mask
        t = s[1] << 9 & mask
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = (s[3] << 11 | s[3] >> 21) & mask


def test_uniform_is_the_published_generator_in_every_lane():
    stream = UniformStream(np.random.SeedSequence(3))
    lanes = [xoshiro128pp(stream.state[:, lane].copy()) for lane in range(LANES)]
    out = np.empty(2 * LANES + 5, np.float32)
    stream.fill(out)
    wanted = [next(lanes[j % LANES]) for j in range(out.size)]
    np.testing.assert_array_equal(out, [((bits >> 9) + 0.5) * 2.0**-23 for bits in wanted])


def test_uniform_excludes_both_ends():
    for word, end in ((0, 2.0**-24), (0xFFFFFFFF, 1 - 2.0**-24)):
        bits = np.array([word >> 9 | 0x3F800000], np.uint32)
        assert bits.view(np.float32)[0] - BELOW_ONE == end


def test_uniform_is_uniform():
    out = np.empty(20_000, np.float32)
    fill_uniform(UniformStream(np.random.SeedSequence(1)).state, out)
    assert stats.kstest(out, "uniform").pvalue > 1e-6
    assert stats.kstest(out**1.1, "uniform").pvalue < 1e-6, "the test sees nothing"


@pytest.mark.parametrize("size", SIZES)
def test_exp_and_sigmoid(size):
    x = np.linspace(-86, 86, size).astype(np.float32)
    out = np.empty_like(x)
    exp_array(x, out, np.empty_like(x))
    np.testing.assert_allclose(out, np.exp(x.astype(float)), rtol=2e-7)
    sigmoid_array(x, work())
    np.testing.assert_allclose(
        x, expit(np.linspace(-86, 86, size).astype(np.float32).astype(float)), rtol=4e-7
    )


def test_sigmoid_far_out():
    z = np.array([-np.inf, -1e30, -200, 200, 1e30, np.inf], np.float32)
    sigmoid_array(z, work())
    np.testing.assert_allclose(z, [0, 0, 0, 1, 1, 1], atol=2e-38)


@pytest.mark.parametrize("size", SIZES)
def test_sampled_units_compare_the_same_uniforms(size):
    z = np.random.default_rng(size).normal(0, 3, size).astype(np.float32)
    stream = UniformStream(np.random.SeedSequence(size))
    ahead, uniform = UniformStream.from_state(stream.state), np.empty(size, np.float32)
    for first in range(0, size, BLOCK):
        ahead.fill(uniform[first : first + BLOCK])
    out = np.empty_like(z)
    sample_units(z, stream.state, out, work())
    sure = np.abs(uniform - expit(z)) > 1e-6
    np.testing.assert_array_equal(out[sure], (uniform < expit(z))[sure])
    np.testing.assert_array_equal(stream.state, ahead.state)


@pytest.mark.parametrize("size", SIZES)
def test_probabilities_are_compared_with_the_same_uniforms(size):
    p = np.random.default_rng(size).random(size).astype(np.float32)
    stream = UniformStream(np.random.SeedSequence(size))
    ahead, uniform = UniformStream.from_state(stream.state), np.empty(size, np.float32)
    for first in range(0, size, BLOCK):
        ahead.fill(uniform[first : first + BLOCK])
    out = np.empty_like(p)
    sample_probabilities(p, stream.state, out, work())
    np.testing.assert_array_equal(out, uniform < p)
    np.testing.assert_array_equal(stream.state, ahead.state)


def test_units_far_out_are_never_or_always_on():
    z = np.repeat(np.array([-200, 200], np.float32), 4096)
    out = np.empty_like(z)
    UniformStream(np.random.SeedSequence(0)).draw_units(z, out)
    np.testing.assert_array_equal(out, z > 0)


@pytest.mark.parametrize("size", [1, 16, 40, BLOCK + 20])
def test_softplus_sums(size):
    z = np.random.default_rng(0).normal(0, 30, (3, size)).astype(np.float32)
    out = np.ones(3)
    add_softplus_sums(z, -2.0, out, work())
    np.testing.assert_allclose(out, 1 - 2 * np.logaddexp(0, z.astype(float)).sum(axis=1), rtol=1e-6)


@pytest.mark.parametrize("density", [0.0, 0.1, 1.0])
def test_products_with_listed_rows(density):
    rng = np.random.default_rng(1)
    table = (rng.random((7, 13)) * (rng.random((7, 13)) < density)).astype(np.float32)
    rows, columns = rng.normal(size=(13, 5)).astype(np.float32), rng.normal(size=(7, 5)).astype(np.float32)
    index, value, start = (
        np.empty(table.size + 1, np.int32),
        np.empty(table.size + 1, np.float32),
        np.zeros(8, np.int64),
    )
    list_rows(table[:4], index, value, start[:5])
    list_rows(table[4:], index, value, start[4:])
    out = np.empty((7, 5), np.float32)
    combine_rows(index, value, start, rows, out)
    np.testing.assert_allclose(out, table @ rows, atol=1e-5)
    by_column = np.empty_like(index), np.empty_like(value), np.empty(14, np.int64)
    list_columns(index, value, start, *by_column)
    out = np.empty((13, 5), np.float32)
    combine_rows(*by_column, columns, out)
    np.testing.assert_allclose(out, table.T @ columns, atol=1e-5)


def test_momentum_step():
    p, v, g = np.array([[1.0, 2.0], [0.5, -0.5], [3.0, 4.0]])
    momentum_step(p, v, g, 0.1, 0.9, 0.01)
    np.testing.assert_allclose(
        v, 0.9 * np.array([0.5, -0.5]) - 0.1 * (np.array([3, 4]) + 0.01 * np.array([1, 2]))
    )
    np.testing.assert_allclose(p, np.array([1, 2]) + v)


def test_adam_step_as_published():
    p, m, s = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    wanted, mean, square = p.copy(), 0.0, 0.0
    for t in range(1, 4):
        g = np.array([0.3, -5.0]) * t
        adam_step(p, m, s, g, 0.1, (0.9, 0.99), (1 / (1 - 0.9**t), 1 / (1 - 0.99**t)), 1e-8, 0.02)
        mean, square = 0.9 * mean + 0.1 * g, 0.99 * square + 0.01 * g * g
        step = mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.99**t)) + 1e-8)
        wanted = wanted - 0.1 * (step + 0.02 * wanted)
    np.testing.assert_allclose(p, wanted)


@pytest.mark.parametrize("scale", [1, 20])
def test_pixel_log_odds(scale):
    rng = np.random.default_rng(2)
    weights, z = (rng.normal(0, scale, shape).astype(np.float32) for shape in ((19, 6), 19))
    v = np.array([0, 1, 0, 1, 0.25, 1], np.float32)
    out = np.zeros(6)
    add_pixel_log_odds(v, z, weights, out, np.empty((4, 6), np.float32), np.empty((3, 6)))
    z, w = z[:, None].astype(float), weights.astype(float)
    wanted = (np.logaddexp(0, z + (1 - v) * w) - np.logaddexp(0, z - v * w)).sum(axis=0)
    np.testing.assert_allclose(out, wanted, rtol=1e-5, atol=1e-5)


def test_random_state_is_read_as_scikit_learn_reads_it():
    numbers = [seed_sequence(state).generate_state(2).tolist() for state in (7, np.int64(7), 8)]
    assert numbers[0] == numbers[1] != numbers[2]
    for generator in (np.random.default_rng(0), np.random.RandomState(0)):
        first, second = (seed_sequence(generator).generate_state(2).tolist() for _ in range(2))
        assert first != second, "the generator did not move on"
    assert seed_sequence(None).entropy != seed_sequence(None).entropy
    for state in ("seven", 7.0, np.random, -1, 2**32):
        with pytest.raises(InputError, match="random_state must be"):
            seed_sequence(state)
