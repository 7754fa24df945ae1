"""Geweke's (2004) joint-distribution test: the sampler and the prior must agree about everything.

Hyperparameters, partition and images are drawn in two ways: from the prior outright, and from a chain
that in turn makes a sweep given the images and draws the images given the parameters. Both have the
same distribution if every move is right, hyperparameters and unobserved pixels included.

A move by itself need not reach everything, so each of MOVES is tested in one step: all is drawn from the
prior, images included, and the move made once. That must leave the distribution as it was, whatever the
move changes, a hyperparameter or the partition; a figure may not rise or fall on the average.
"""

import math

import numpy as np
import pytest
from scipy import stats

from dpmix.chain.moves import MOVES
from dpmix.chain.plan import Plan
from dpmix.chain.schedule import Schedule
from dpmix.chain.segment import run_sweep
from dpmix.chain.state import Chain, State, generator_state
from dpmix.model.prior import Gamma, Prior
from dpmix.model.table import BinaryTable
from support import naive

N, D = 5, 2
PRIOR = Prior(alpha=Gamma(2, 2), a=Gamma(2, 3), b=Gamma(3, 2))
SEEN = np.array([[1, 1], [1, 0], [1, 1], [0, 1], [1, 1]], bool)
FIGURES = (
    "clusters",
    "largest",
    "log alpha",
    "log a",
    "log b",
    "log a + b",
    "alpha < 1",
    "pixels on",
    "pixels agree",
)
P_LEAST = 1e-4 / len(FIGURES)
N_DRAWS, BATCH = 12_000, 100


def draw_parameters(rng):
    alpha = rng.gamma(PRIOR.alpha.shape, 1 / PRIOR.alpha.rate)
    a, b = (rng.gamma(p.shape, 1 / p.rate, D) for p in (PRIOR.a, PRIOR.b))
    z = np.zeros(N, int)
    for i in range(1, N):  # Chinese restaurant process
        weights = np.append(np.bincount(z[:i]), alpha)
        z[i] = rng.choice(len(weights), p=weights / weights.sum())
    return z, alpha, a, b


def draw_images(z, a, b, rng):
    """Images given the partition; the pixels' probabilities are drawn and forgotten."""
    theta = rng.beta(a, b, size=(z.max() + 1, D))
    return (rng.random((N, D)) < theta[z]).astype(np.uint8)


def figures(z, alpha, a, b, x):
    sizes = np.bincount(z)
    return (
        len(sizes),
        sizes.max(),
        math.log(alpha),
        math.log(a[0]),
        math.log(b[1]),
        math.log(a[1] + b[1]),
        alpha < 1,
        x.sum(),
        x[0] @ x[2],
    )


def forward_figures(rng):
    parameters = [draw_parameters(rng) for _ in range(N_DRAWS)]
    return np.array([figures(*drawn, draw_images(drawn[0], *drawn[2:], rng)) for drawn in parameters])


def make_chain(z, alpha, a, b, x, words):
    return Chain(BinaryTable.from_input(x, SEEN), State(z.astype(np.int32), alpha, a, b, words))


def chained_figures(rng, schedule, tamper):
    z, alpha, a, b = draw_parameters(rng)
    plan, words, found = plan_of(schedule), first_words(rng), []
    for step in range(N_DRAWS):
        x = draw_images(z, a, b, rng)
        chain = make_chain(z, tamper(alpha), a, b, x, words)
        run_sweep(chain, plan, step)
        z, alpha, a, b, words = chain.state()
        found.append(figures(z, alpha, a, b, x))
    return np.array(found)


def plan_of(schedule):
    return Plan.checked(PRIOR, 1, 1, 0, 1, "one", 0, schedule)


def first_words(rng):
    return generator_state(np.random.Generator(np.random.PCG64(rng.integers(2**32))))


def p_values_of_a_step(move):
    """Two-sided p-value for each figure of its mean change when `move` is made once."""
    rng = naive.generator(78)
    plan, words, changes = plan_of(Schedule(2, 2, 1)), first_words(rng), []
    for step in range(N_DRAWS):
        z, alpha, a, b = draw_parameters(rng)
        x = draw_images(z, a, b, rng)
        chain = make_chain(z, alpha, a, b, x, words)
        move(chain, plan, step)
        after = chain.state()
        words = after.generator
        changes.append(np.subtract(figures(*after[:4], x), figures(z, alpha, a, b, x), dtype=float))
    error = np.std(changes, axis=0, ddof=1) / math.sqrt(N_DRAWS)
    moved = error > 0  # a move leaves much as it is
    gaps = np.divide(np.abs(np.mean(changes, axis=0)), error, out=np.zeros(len(FIGURES)), where=moved)
    assert moved.any()
    return dict(zip(FIGURES, 2 * stats.norm.sf(gaps), strict=True))


def p_values(schedule, tamper=lambda alpha: alpha):
    """Two-sided p-value of the difference of each figure's mean; the chain's error is that of batch means."""
    rng = naive.generator(77)
    forward, chained = forward_figures(rng), chained_figures(rng, schedule, tamper)
    batches = chained.reshape(-1, BATCH, len(FIGURES)).mean(axis=1)
    error = np.sqrt(forward.var(axis=0) / N_DRAWS + batches.var(axis=0, ddof=1) / len(batches))
    gaps = np.abs(forward.mean(axis=0) - chained.mean(axis=0)) / error
    return dict(zip(FIGURES, 2 * stats.norm.sf(gaps), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("schedule", [Schedule(0, 0, 1), Schedule(2, 0, 1), Schedule(1, 2, 2)], ids=str)
def test_sampler_and_prior_agree(schedule):
    found = p_values(schedule)
    assert min(found.values()) > P_LEAST, found


@pytest.mark.slow
def test_a_tampered_concentration_is_noticed():
    found = p_values(Schedule(1, 1, 1), tamper=lambda alpha: 1.1 * alpha)
    assert min(found.values()) < P_LEAST, found


@pytest.mark.slow
@pytest.mark.parametrize("name", MOVES)
def test_a_move_by_itself_leaves_the_prior_as_it_is(name):
    found = p_values_of_a_step(MOVES[name])
    assert min(found.values()) > P_LEAST, found


@pytest.mark.slow
@pytest.mark.parametrize("name", MOVES)
def test_a_tampered_move_is_noticed(name):
    """Made with a concentration, or pseudo-counts, three times as large."""

    def tampered(chain, plan, sweep):
        alpha, a, b = chain.hyper[:3]
        chain.set_hyper(alpha=3.0 * alpha, a=3.0 * a)
        MOVES[name](chain, plan, sweep)
        kept = {"alpha": alpha} if name != "alpha" else {}
        chain.set_hyper(**kept, **({"a": a, "b": b} if name != "pixels" else {}))

    found = p_values_of_a_step(tampered)
    assert min(found.values()) < P_LEAST, found
