"""Simulation-based calibration (Talts et al. 2018) of the whole sampler, with gaps and a label column.

Parameters are drawn from the prior, images from the parameters, and a chain from the posterior given the
images: the rank of each true quantity among its draws is then uniform. A start in few clusters is forgotten
slowly: with 40 sweeps of burn-in the ranks of the number of clusters show it, with 400 they do not.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from dpmix.chain.plan import Plan
from dpmix.chain.schedule import Schedule
from dpmix.chain.segment import run_sweep
from dpmix.chain.starts import start
from dpmix.chain.state import Chain, State, generator_state
from dpmix.model.prior import Gamma, Prior
from dpmix.model.table import BinaryTable
from support import naive

N, D, N_CLASSES = 12, 3, 2
PRIOR = Prior(alpha=Gamma(2, 2), a=Gamma(2, 3), b=Gamma(3, 2))
WRONG = Prior(alpha=Gamma(2, 1), a=Gamma(2, 3), b=Gamma(3, 2))
SWEEPS, BURN_IN, THIN = 1000, 400, 10
REPLICATES, OF_WRONG, BINS = 180, 60, 8
FIGURES = ("alpha", "a", "b", "K", "log joint", "together")
P_LEAST = 1e-4 / len(FIGURES)


class Truth(NamedTuple):
    """What a data set was made from."""

    z: np.ndarray
    alpha: float
    a: np.ndarray
    b: np.ndarray


def draw_truth(rng):
    alpha = rng.gamma(PRIOR.alpha.shape, 1 / PRIOR.alpha.rate)
    a, b = (rng.gamma(p.shape, 1 / p.rate, D) for p in (PRIOR.a, PRIOR.b))
    z = np.zeros(N, np.int32)
    for i in range(1, N):  # Chinese restaurant process
        weights = np.append(np.bincount(z[:i]), alpha)
        z[i] = rng.choice(len(weights), p=weights / weights.sum())
    return Truth(z, alpha, a, b)


def draw_table(truth, rng):
    """Images with a fifth of the pixels unobserved, and labels, a quarter of them unobserved."""
    k = truth.z.max() + 1
    theta = rng.beta(truth.a, truth.b, size=(k, D))
    x = (rng.random((N, D)) < theta[truth.z]).astype(np.uint8)
    shares = rng.dirichlet(np.full(N_CLASSES, PRIOR.c), size=k)
    labels = (rng.random(N) > shares[truth.z, 0]).astype(int)
    labels[rng.random(N) < 0.25] = -1
    observed = rng.random((N, D)) < 0.8
    table = BinaryTable.from_input(x, observed, np.full(N, N_CLASSES - 1))  # with all classes, drawn or not
    packed = table.packed.copy()
    packed[:, -2:] = (labels + 1).astype("<u2")[:, None].view(np.uint8)
    return replace(table, packed=packed)


def figures_of(chain):
    z, hyper = chain.partition.z, chain.hyper
    return hyper.alpha, hyper.a[0], hyper.b[1], chain.n_clusters, chain.log_joint(), z[3] == z[7]


def ranks(prior, schedule, replicates, rng):
    """Rank of the truth among the draws, as a share, (replicates, figure); ties are broken at random."""
    plan = Plan.checked(prior, 1, SWEEPS, BURN_IN, THIN, "one", 0, schedule)
    found = np.empty((replicates, len(FIGURES)))
    for replicate in range(replicates):
        truth = draw_truth(rng)
        table = draw_table(truth, rng)
        words = generator_state(np.random.Generator(np.random.PCG64(rng.integers(2**63))))
        true = np.array(figures_of(Chain(table, State(*truth, words), prior.c)), float)
        chain = Chain(table, start(table, plan, None, 0)._replace(generator=words), prior.c)
        draws = []
        for sweep in range(1, SWEEPS + 1):
            run_sweep(chain, plan, sweep)
            if plan.keeps(sweep):
                draws.append(figures_of(chain))
        draws = np.array(draws, float)
        scale = 1e-9 * (1 + np.abs(true))
        below, equal = (draws < true - scale).sum(0), (np.abs(draws - true) <= scale).sum(0)
        found[replicate] = (below + rng.random(len(FIGURES)) * (equal + 1)) / (len(draws) + 1)
    return found


def p_values(found):
    """For each figure the smaller of two: that the mean rank is 1/2, and that the ranks are uniform."""
    mean = 2 * stats.norm.sf(np.abs(found.mean(0) - 0.5) * np.sqrt(12 * len(found)))
    counts = np.array([np.histogram(column, BINS, (0, 1))[0] for column in found.T])
    return dict(zip(FIGURES, np.minimum(mean, stats.chisquare(counts, axis=1).pvalue), strict=True))


@pytest.mark.slow
def test_ranks_of_the_truth_are_uniform():
    found = p_values(ranks(PRIOR, Schedule(1, 1, 1), REPLICATES, naive.generator(31)))
    assert min(found.values()) > P_LEAST, found


@pytest.mark.slow
def test_a_wrong_prior_is_noticed():
    found = p_values(ranks(WRONG, Schedule(1, 1, 1), OF_WRONG, naive.generator(32)))
    assert found["alpha"] < P_LEAST, found
