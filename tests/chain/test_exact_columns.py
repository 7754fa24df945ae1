"""Exact posterior with unobserved pixels and labels: all 203 partitions of 6 images, move by move.

Partitions are counted right after the move that is tested; a Gibbs sweep in between would hide most of
what a wrong proposal does, for on six images one sweep nearly forgets where it started.
"""

import itertools

import numpy as np
import pytest

from dpmix.chain.moves import MOVES
from dpmix.chain.state import Chain, State, generator_state
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from support import moves, naive, partitions, quadrature

P_LEAST = 1e-6
N_DRAWS = 6_000
SCHEDULES = {"split_merge": (15, 0, 1), "birth_death": (0, 10, 1), "all": (2, 3, 1)}
THIN = {"split_merge": 1, "birth_death": 1}  # of others 2
QUICK = {"assignments", "alpha"}  # moves; the others are slow, and all on all cases but this one
QUICK_CASE = "gaps and labels"  # "plain" and the others are part of it
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


def problem_of(case):
    seen, labels, c = CASES[case]
    return BinaryTable.from_input(X, seen, labels), seen, labels, c


def make_chain(table, c, seed=5):
    generator = np.random.Generator(np.random.PCG64([naive.SEED, seed]))
    return Chain(table, State(np.zeros(6, np.int32), ALPHA, A, B, generator_state(generator)), c)


def plan_for(name, c):
    split_merge, birth_death, pixel_step = SCHEDULES.get(name, (5, 5, 1))
    prior = moves.prior_for(name, ALPHA, A, B, c)
    return moves.plan_for(prior, split_merge=split_merge, birth_death=birth_death, pixel_step=pixel_step)


def counts_of(table, plan, name, c):
    """How often each partition comes up."""
    moving, thin = moves.moves_for(name), THIN.get(name, 2)
    return partitions.count(partitions.run_moves(make_chain(table, c), plan, moving, N_DRAWS, thin), 6)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(*pair, marks=[] if pair[0] in QUICK and pair[1] == QUICK_CASE else [pytest.mark.slow])
        for pair in itertools.product(moves.NAMES, CASES)
    ],
)
def test_partitions_come_up_as_often_as_they_must(name, case):
    table, seen, labels, c = problem_of(case)
    plan = plan_for(name, c)
    expected = quadrature.posterior(X, plan.prior, seen, labels)
    assert partitions.p_value(counts_of(table, plan, name, c), expected) > P_LEAST


@pytest.mark.parametrize("name", moves.MOVED)
@pytest.mark.slow
def test_hyperparameters_left_at_the_mean_of_their_prior_are_noticed(name):
    table, _, _, c = problem_of("plain")
    plan = plan_for(name, c)
    at_mean = Prior(plan.prior.start_alpha(), *plan.prior.pseudo_counts(X.shape[1]), c)
    assert partitions.p_value(counts_of(table, plan, name, c), quadrature.posterior(X, at_mean)) < P_LEAST


@pytest.mark.parametrize("case", CASES)
def test_log_joint_and_counts_follow_the_moves(case):
    table, seen, labels, c = problem_of(case)
    plan, chain = plan_for("all", c), make_chain(table, c)
    for sweep in range(30):
        for move in MOVES.values():
            move(chain, plan, sweep)
            z, k = chain.partition.z, chain.n_clusters
            present = Prior(chain.hyper.alpha, chain.hyper.a, chain.hyper.b, c)
            wanted = quadrature.log_evidence(partitions.canonical(z), X, present, seen, labels)
            assert chain.log_joint() == pytest.approx(wanted, abs=1e-9)
            again = Chain(table, chain.state(), c)
            for found, wanted in ((chain.partition, again.partition), (chain.tables, again.tables)):
                for name in SLOT_BY_SLOT & set(found._fields):
                    slots = k + 1 if name == "base" else k
                    np.testing.assert_array_equal(getattr(found, name)[:slots], getattr(wanted, name)[:slots])
            np.testing.assert_array_equal(chain.tables.table[: k + 1], again.tables.table[: k + 1])
