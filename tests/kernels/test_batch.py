"""Batch reassignment and merging do what they say, by scores in full and by the log joint."""

import numpy as np
import pytest

from dpmix.chain.state import Chain
from dpmix.kernels.batch import find_best, merge_gains
from dpmix.kernels.scores import cluster_score, own_score
from support import naive, partitions
from support.partitions import case

N = 90


def small_chain(seed, k=12, d=40):
    rng = naive.generator(81, seed)
    p_on = rng.choice([0.1, 0.5, 0.9], (6, d))[rng.integers(6, size=N)]
    x = (rng.random((N, d)) < p_on).astype(int)
    return partitions.make_chain(case(x, 1.3, 0.4, 0.3), f"random:{k}"), x


def shortfalls(chain, chosen, may_stay):
    """By how many nats the slot of each image scores less than the best one that it may choose."""
    short = np.empty(N)
    for i in range(N):
        own = chain.partition.z[i]
        scores = np.array(
            [cluster_score(i, k, chain.runs, chain.tables) for k in range(chain.n_clusters)], float
        )
        scores[own] = own_score(i, own, chain.runs, chain.tables) if may_stay else -np.inf
        short[i] = (scores.max() - scores[chosen[i]]) / chain.tables.scale
    return short


def rough_error(chain):
    """The largest error of the difference of two rough scores, nats."""
    n_runs = np.diff(chain.runs.offsets).max()
    return 2 * (n_runs + 1) * 2.0**chain.tables.shift / chain.tables.scale


@pytest.mark.parametrize("may_stay", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_each_image_goes_where_it_is_most_probable(seed, may_stay):
    chain, _ = small_chain(seed)
    found = np.empty(N, np.int64)
    find_best(0, N, chain.n_clusters, may_stay, chain.partition.z, chain.runs, chain.tables, found)
    short = shortfalls(chain, found, may_stay)
    assert short.max() <= rough_error(chain)
    assert np.median(short) == 0
    assert shortfalls(chain, (found + 1) % chain.n_clusters, may_stay=True).max() > rough_error(chain)
    assert may_stay or (found != chain.partition.z).all()


def test_who_has_no_other_slot_stays():
    chain, _ = small_chain(0, k=1)
    for may_stay in (False, True):
        found = np.full(N, -1)
        find_best(0, N, 1, may_stay, chain.partition.z, chain.runs, chain.tables, found)
        assert not found.any()


@pytest.mark.parametrize("seed", range(3))
def test_gains_of_mergers_are_those_of_the_log_joint(seed):
    chain, x = small_chain(seed)
    ones, others = np.array([0, 3, 1, 2]), np.array([1, 5, 0, 11])
    gains = np.empty(4)
    merge_gains(0, 4, ones, others, chain.hyper, chain.partition, chain.tables.work, gains)
    before, state = chain.log_joint(), chain.state()
    for one, other, gain in zip(ones, others, gains, strict=True):
        z = np.where(state.z == other, one, state.z)
        merged = Chain(partitions.table_of(x), state._replace(z=np.unique(z, return_inverse=True)[1]))
        np.testing.assert_allclose(gain, merged.log_joint() - before, rtol=1e-9, atol=1e-8)
