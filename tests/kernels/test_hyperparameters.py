"""Slice sampling of the pseudo-counts against a slow sampler that reads the same uniforms."""

import math

import numpy as np
import pytest
from scipy.special import betaln

from dpmix.kernels.hyperparameters import LEAST, MOST, move_pseudo_counts
from dpmix.model.table import BinaryTable
from support import naive, partitions
from support.partitions import case

N, D = 20, 6
GAMMAS = np.array([[1.0, 1.0], [2.0, 0.5]])


def log_posterior(a, b, ones, sizes, shape, rate, of):
    """Log density of log a (`of` 0) or log b (1): beta integrals of the clusters, times the prior."""
    value = (a, b)[of]
    return sum(betaln(a + ones, b + sizes - ones) - betaln(a, b)) + shape * math.log(value) - rate * value


def slow_slice(v, density, generator):
    """Neal (2003): a level below the density, an interval stepped out around `v`, and shrinkage."""
    low, high = math.log(LEAST), math.log(MOST)
    level = density(v) + math.log(1.0 - generator.random())
    left = v - 1.5 * generator.random()
    right = left + 1.5
    steps = int(8 * generator.random())
    for _ in range(steps):
        left -= 1.5 * (left > low and density(left) > level)
    for _ in range(7 - steps):
        right += 1.5 * (right < high and density(right) > level)
    left, right = max(left, low), min(right, high)
    while True:
        drawn = left + (right - left) * generator.random()
        if density(drawn) >= level:
            return drawn
        left, right = (drawn, right) if drawn < v else (left, drawn)


def slow_move(counts, gammas, generator, a, b, pixels):
    """The same move from counts (on, seen) of every pixel, cluster by cluster."""
    for pixel in pixels:
        ones, sizes = (np.array(count[pixel], float) for count in counts)
        for of, values in ((0, a), (1, b)):
            shape, rate = gammas[of]
            if rate > 0:

                def density(v, of=of, shape=shape, rate=rate, ones=ones, sizes=sizes, pixel=pixel):
                    pair = (math.exp(v), b[pixel]) if of == 0 else (a[pixel], math.exp(v))
                    return log_posterior(*pair, ones, sizes, shape, rate, of)

                values[pixel] = math.exp(slow_slice(math.log(values[pixel]), density, generator))


def counts_of(x, observed, z):
    """Members on and members seen of every pixel, one number a cluster."""
    groups = [np.flatnonzero(z == k) for k in range(z.max() + 1)]
    on = [[(x[group, p] & observed[group, p]).sum() for group in groups] for p in range(x.shape[1])]
    return on, [[observed[group, p].sum() for group in groups] for p in range(x.shape[1])]


@pytest.mark.parametrize("gaps", [False, True], ids=["whole", "gaps"])
@pytest.mark.parametrize("fixed", [None, 0, 1], ids=["both", "a fixed", "b fixed"])
def test_moves_follow_the_slow_sampler(gaps, fixed):
    rng = naive.generator(50)
    x = rng.integers(0, 2, (N, D))
    observed = rng.random((N, D)) < (0.7 if gaps else 2)
    chain = partitions.make_chain(case(x, 1, 1, 1), "random:4")
    if gaps:
        chain = type(chain)(BinaryTable.from_input(x, observed), chain.state())
    gammas = GAMMAS.copy()
    if fixed is not None:
        gammas[fixed] = 0.0
    a, b = rng.gamma(1, size=(2, D)) + 0.01
    wanted = a.copy(), b.copy()
    ours, slow = (np.random.Generator(np.random.PCG64(3)) for _ in range(2))
    bins, work = np.zeros(N + 1, np.int32), np.empty((7, 8 * chain.n_clusters + 8))
    counts = counts_of(x, observed, np.asarray(chain.partition.z))
    for first in (0, 1, 0, 1):
        args = ours, chain.partition, a, b, bins, work
        move_pseudo_counts(first, D, 2, chain.n_clusters, gammas, *args)
        slow_move(counts, gammas, slow, *wanted, range(first, D, 2))
    np.testing.assert_allclose([a, b], wanted, rtol=1e-9)
    assert ours.bit_generator.state == slow.bit_generator.state and not bins.any()
