"""Splits, merges, births and deaths leave true counts and tables, taken or turned down.

That they are taken as often as they must be is tested in `test_hastings`, whose copies of the package have
other constants; here the kernels run as they are, on images enough to fill every branch.
"""

import numpy as np
import pytest

from dpmix.chain.state import Chain, State, generator_state
from dpmix.kernels.birth_death import birth, death
from dpmix.kernels.partition import list_members, merge_clusters, split_cluster
from dpmix.kernels.split_merge import merge, split
from dpmix.model.table import BinaryTable

N, D = 24, 6
MOVES = {"split-merge": (split, merge, "split_merge_work"), "birth-death": (birth, death, "birth_death_work")}


def groups_chain(gaps, labelled):
    """A chain over three noisy groups of images, in partly wrong clusters."""
    rng = np.random.default_rng(60)
    centres = rng.integers(0, 2, (3, D))[np.arange(N) % 3]
    x = np.where(rng.random((N, D)) < 0.15, 1 - centres, centres)
    observed = rng.random((N, D)) < 0.8 if gaps else None
    labels = np.where(rng.random(N) < 0.5, np.arange(N) % 3, -1) if labelled else None
    table = BinaryTable.from_input(x, observed, labels)
    generator = generator_state(np.random.Generator(np.random.PCG64(4)))
    z = (np.arange(N) // 2 % 4).astype(np.int32)
    return Chain(table, State(z, 30.0, np.full(D, 0.5), np.full(D, 0.5), generator), 0.7), table


def assert_like_rebuilt(chain, table):
    """Counts and scores are those of a chain built anew from the state."""
    fresh, k = Chain(table, chain.state(), 0.7), chain.n_clusters
    for name in ("sizes", "ones", "gaps", "classes"):
        found, wanted = (getattr(one.partition, name) for one in (chain, fresh))
        np.testing.assert_array_equal(found[:k], wanted[:k])
        assert not found[k:].any()
    live = {name: np.s_[: k + 1] for name in ("table", "base", "rough_base")}
    live |= {"rough_table": np.s_[:, : k + 1], "own_table": np.s_[:k], "own_base": np.s_[:k]}
    for name, part in live.items():
        found, wanted = (getattr(one.tables, name)[part] for one in (chain, fresh))
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("gaps", [False, True], ids=["whole", "gaps"])
@pytest.mark.parametrize("labelled", [False, True], ids=["pixels", "labels"])
@pytest.mark.parametrize("move", MOVES)
def test_proposals_leave_true_counts_and_tables(move, gaps, labelled):
    chain, table = groups_chain(gaps, labelled)
    *kernels, work = MOVES[move]
    taken = np.zeros(2, int)
    for step in range(160):
        if chain.n_clusters + 2 > len(chain.partition.sizes):
            chain.make_room()
        before, z = chain.n_clusters, chain.partition.z.copy()
        args = chain.runs, chain.hyper, chain.partition, chain.tables, getattr(chain, work)
        chain.n_clusters = kernels[step % 2](before, chain.generator, *args)
        assert chain.n_clusters - before in ((0, 1), (0, -1))[step % 2]
        if chain.n_clusters == before:
            np.testing.assert_array_equal(chain.partition.z, z)
        else:
            taken[step % 2] += 1
            assert_like_rebuilt(chain, table)
    assert_like_rebuilt(chain, table)
    assert taken.all(), "nothing was taken, so nothing was tested"


def test_merging_joins_the_members_of_two_clusters():
    chain, table = groups_chain(gaps=True, labelled=True)
    z, members = chain.partition.z.copy(), np.empty(N, np.int64)
    m = list_members(1, 3, z, members)
    np.testing.assert_array_equal(members[:m], np.flatnonzero((z == 1) | (z == 3)))
    chain.n_clusters = merge_clusters(1, 3, 4, chain.hyper, chain.partition, chain.tables)
    np.testing.assert_array_equal(chain.partition.z, np.where(z == 3, 1, z))
    assert_like_rebuilt(chain, table)


def test_splitting_makes_a_cluster_of_one_side():
    chain, table = groups_chain(gaps=True, labelled=True)
    partition, work = chain.partition, chain.split_merge_work
    z, m = partition.z.copy(), list_members(2, 2, partition.z, work.members)
    members = work.members[:m]
    work.sides[:m] = np.arange(m) % 2
    for side in range(2):
        one = Chain(table, chain.state()._replace(z=as_cluster(members[side::2])), 0.7).partition
        work.sizes[side] = one.sizes[1]
        for name in ("ones", "gaps", "classes"):
            getattr(work, name)[side] = getattr(one, name)[1]
    chain.n_clusters = split_cluster(2, m, 4, chain.hyper, partition, chain.tables, work)
    z[members[1::2]] = 4
    np.testing.assert_array_equal(partition.z, z)
    assert_like_rebuilt(chain, table)


def as_cluster(members):
    """A partition of all images in which these are cluster 1."""
    z = np.zeros(N, np.int32)
    z[members] = 1
    return z
