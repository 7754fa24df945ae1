"""Geweke's (2004) joint-distribution test over rounds: hyperparameters, partition and images, with gaps.

As in `tests/chain/test_geweke.py`, which says more, with a round of two or three shards in place of a sweep.
"""

import math

import numpy as np
import pytest
from scipy import stats

from dpmix.chain.plan import Plan
from dpmix.chain.schedule import Schedule
from dpmix.chain.state import State, generator_state
from dpmix.model.prior import Gamma, Prior
from dpmix.model.table import BinaryTable
from dpmix.sharding import rounds, segment
from support import naive

N, D = 5, 2
PRIOR = Prior(alpha=Gamma(2, 2), a=Gamma(2, 3), b=Gamma(3, 2))
SEEN = np.array([[1, 1], [1, 0], [1, 1], [0, 1], [1, 1]], bool)
FIGURES = ("clusters", "largest", "log alpha", "log a", "log b", "log a + b", "pixels on", "pixels agree")
P_LEAST = 1e-4 / len(FIGURES)
N_DRAWS, BATCH = 12_000, 100


def draw_parameters(rng):
    alpha = rng.gamma(PRIOR.alpha.shape, 1 / PRIOR.alpha.rate)
    a, b = (rng.gamma(p.shape, 1 / p.rate, D) for p in (PRIOR.a, PRIOR.b))
    z = np.zeros(N, np.int32)
    for i in range(1, N):  # Chinese restaurant process
        weights = np.append(np.bincount(z[:i]), alpha)
        z[i] = rng.choice(len(weights), p=weights / weights.sum())
    return z, alpha, a, b


def draw_images(z, a, b, rng):
    theta = rng.beta(a, b, size=(z.max() + 1, D))
    return (rng.random((N, D)) < theta[z]).astype(np.uint8)


def figures(z, alpha, a, b, x):
    sizes = np.bincount(z)
    logs = (math.log(value) for value in (alpha, a[0], b[1], a[1] + b[1]))
    return len(sizes), sizes.max(), *logs, x.sum(), x[0] @ x[2]


def p_values(shards):
    """Two-sided p-value of the difference of each figure's mean; the chain's error is that of batch means."""
    rng = naive.generator(79, shards)
    drawn = [draw_parameters(rng) for _ in range(N_DRAWS)]
    forward = np.array([figures(*each, draw_images(each[0], *each[2:], rng)) for each in drawn])
    plan = Plan.checked(PRIOR, 1, 2, 0, 1, "one", naive.SEED, Schedule(1, 2, 1, 2), shards)
    state = State(*draw_parameters(rng), generator_state(np.random.Generator(np.random.PCG64(1))))
    found = []
    for step in range(N_DRAWS):
        x = draw_images(state.z, state.a, state.b, rng)
        state, _ = rounds.play(BinaryTable.from_input(x, SEEN), plan, 0, state, 2 * step)
        found.append(figures(*state[:4], x))
    batches = np.reshape(found, (-1, BATCH, len(FIGURES))).mean(axis=1)
    error = np.sqrt(forward.var(axis=0) / N_DRAWS + batches.var(axis=0, ddof=1) / len(batches))
    gaps = np.abs(forward.mean(axis=0) - np.mean(found, axis=0)) / error
    return dict(zip(FIGURES, 2 * stats.norm.sf(gaps), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("shards", [2, 3])
def test_rounds_and_prior_agree(shards):
    found = p_values(shards)
    assert min(found.values()) > P_LEAST, found


@pytest.mark.slow
def test_shards_at_the_whole_concentration_are_noticed(monkeypatch):
    monkeypatch.setattr(segment, "local_alpha", lambda alpha, shards: alpha)
    found = p_values(2)
    assert min(found.values()) < P_LEAST, found
