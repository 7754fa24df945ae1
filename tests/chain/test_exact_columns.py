"""Exact posterior with unobserved pixels and labels: all 203 partitions of 6 images, move by move.

Partitions are counted right after the move that is tested; a Gibbs sweep in between would hide most of
what a wrong proposal does, for on six images one sweep nearly forgets where it started.
"""

import math
from math import lgamma

import numpy as np
import pytest

from dpmix.chain.moves import bear_and_bury, split_and_merge, sweep_assignments
from dpmix.chain.state import Chain, State, generator_state
from dpmix.model.table import BinaryTable
from support import naive, partitions

P_LEAST = 1e-6
N_DRAWS = 6_000
MOVES = {
    "sweep": [sweep_assignments] * 2,
    "split-merge": [lambda chain: split_and_merge(chain, 15)],
    "birth-death": [sweep_assignments, lambda chain: bear_and_bury(chain, 10)],
    "all": [
        lambda chain: split_and_merge(chain, 2),
        sweep_assignments,
        lambda chain: bear_and_bury(chain, 3),
    ],
}
X = np.random.default_rng(3).integers(0, 2, (6, 5)).astype(np.uint8)
SCATTERED = np.random.default_rng(4).random((6, 5)) < 0.6
WHOLE = np.ones((6, 5), bool)
WHOLE[2], WHOLE[:, 1] = False, False
SLOT_BY_SLOT = {"sizes", "ones", "gaps", "classes", "base", "own_table"}
LABELS = np.array([0, 0, 1, -1, 2, 1])
CASES = {
    "plain": (None, None, 1.0),
    "scattered gaps": (SCATTERED, None, 1.0),
    "a row and a column unobserved": (WHOLE, None, 0.5),
    "labels": (None, LABELS, 0.3),
    "gaps and labels": (SCATTERED, LABELS, 1.5),
}
ALPHA, A, B = 1.3, np.array([0.3, 1.0, 2.0, 0.6, 1.4]), np.array([1.1, 0.4, 0.9, 2.2, 0.5])


def log_joint(z, seen, labels, c):
    """Log of p(x, labels, z) term by term."""
    z, n_classes = np.array(z), 3
    found = (z.max() + 1) * math.log(ALPHA) + lgamma(ALPHA) - lgamma(ALPHA + len(z))
    for k in range(z.max() + 1):
        members = z == k
        found += lgamma(members.sum())
        for j in range(X.shape[1]):
            known = seen[members, j].sum()
            on = (X[members, j] & seen[members, j]).sum()
            found += lgamma(A[j] + on) + lgamma(B[j] + known - on) - lgamma(A[j] + B[j] + known)
            found += lgamma(A[j] + B[j]) - lgamma(A[j]) - lgamma(B[j])
        if labels is not None:
            counts = [(labels[members] == label).sum() for label in range(n_classes)]
            found += sum(lgamma(c + count) - lgamma(c) for count in counts)
            found += lgamma(n_classes * c) - lgamma(n_classes * c + sum(counts))
    return found


@pytest.fixture(params=CASES)
def problem(request):
    seen, labels, c = CASES[request.param]
    table = BinaryTable.from_input(X, seen, labels)
    return table, np.ones(X.shape, bool) if seen is None else seen, labels, c


def make_chain(table, c, seed=5):
    generator = np.random.Generator(np.random.PCG64([naive.SEED, seed]))
    return Chain(table, State(np.zeros(6, np.int32), ALPHA, A, B, generator_state(generator)), c)


@pytest.mark.parametrize("moves", MOVES)
def test_partitions_come_up_as_often_as_they_must(problem, moves):
    table, seen, labels, c = problem
    logs = np.array([log_joint(z, seen, labels, c) for z in partitions.all_partitions(6)])
    expected = np.exp(logs - np.logaddexp.reduce(logs))
    chain = make_chain(table, c)
    draws = partitions.run_schedule(chain, MOVES[moves], N_DRAWS, 1 if moves != "sweep" else 2)
    assert partitions.p_value(partitions.count(draws, 6), expected) > P_LEAST


def test_log_joint_and_counts_follow_the_moves(problem):
    table, seen, labels, c = problem
    chain = make_chain(table, c)
    for _ in range(30):
        for move in MOVES["all"]:
            move(chain)
            z, k = chain.partition.z, chain.n_clusters
            order = {}
            canonical = [order.setdefault(label, len(order)) for label in z.tolist()]
            assert chain.log_joint() == pytest.approx(log_joint(canonical, seen, labels, c), abs=1e-9)
            again = Chain(table, chain.state(), c)
            for found, wanted in ((chain.partition, again.partition), (chain.tables, again.tables)):
                for name in SLOT_BY_SLOT & set(found._fields):
                    slots = k + 1 if name == "base" else k
                    np.testing.assert_array_equal(getattr(found, name)[:slots], getattr(wanted, name)[:slots])
            np.testing.assert_array_equal(chain.tables.table[:, : k + 1], again.tables.table[:, : k + 1])
