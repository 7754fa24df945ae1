"""Every move, and every combination of moves, visits all 203 partitions of 6 images as often as it must.

A new move joins by one line in SCHEDULES. Where it moves hyperparameters too, `nodes` of that line gives
the quadrature over their prior with which the exact posterior is summed.
"""

from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np
import pytest

from dpmix.chain import schedule
from dpmix.chain.moves import bear_and_bury, split_and_merge, sweep_assignments
from dpmix.chain.plan import Plan
from dpmix.chain.segment import run_segment
from dpmix.chain.starts import start
from dpmix.model.prior import Prior
from support import naive, partitions
from support.cases import CASES, P_LEAST, fixed
from support.partitions import case

N_DRAWS = 3_000 if numba.config.DISABLE_JIT else 30_000


class Schedule(NamedTuple):
    """Moves made in turn, the share of N_DRAWS to take, and what their common posterior is summed over."""

    name: str
    moves: list
    share: float = 1.0
    nodes: Callable = fixed


def several(move, n_proposals):
    """`move` as a function of the chain alone."""
    return lambda chain: move(chain, n_proposals)


SCHEDULES = [
    Schedule("sweep", [sweep_assignments]),
    Schedule("all", [several(split_and_merge, 2), several(bear_and_bury, 2), sweep_assignments], 0.3),
]
SLOW_SCHEDULES = [
    Schedule("split-merge", [several(split_and_merge, 50)], 0.1),
    # Births and deaths alone do not reach clusters of one image.
    Schedule("birth-death-and-sweep", [several(bear_and_bury, 10), sweep_assignments], 0.1),
]


@pytest.mark.parametrize(
    "moving",
    [
        *(pytest.param(moving, id=moving.name) for moving in SCHEDULES),
        *(pytest.param(moving, id=moving.name, marks=pytest.mark.slow) for moving in SLOW_SCHEDULES),
    ],
)
@pytest.mark.parametrize("name", CASES)
def test_partitions_come_up_with_their_posterior_probability(name, moving):
    problem = CASES[name]
    chain = partitions.make_chain(problem, init="crp", seed=1000 * naive.SEED + list(CASES).index(name))
    n_draws = int(moving.share * N_DRAWS)
    draws = partitions.run_schedule(chain, moving.moves, n_draws, partitions.thinning(problem))
    expected = partitions.posterior(problem.x, moving.nodes(problem))
    assert partitions.p_value(partitions.count(draws, 6), expected) > P_LEAST


@pytest.mark.parametrize("name", CASES)
def test_reference_sweep_leaves_posterior_invariant_exactly(name):
    problem = CASES[name]
    expected = partitions.posterior(problem.x, fixed(problem))
    assert expected @ partitions.transition(problem) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_kept_draws_of_segments_follow_the_posterior():
    problem = CASES["per-pixel"]
    thin = partitions.thinning(problem)
    n_sweeps = N_DRAWS // 3 * thin
    prior = Prior(problem.alpha, problem.a, problem.b)
    mix = schedule.Schedule(split_merge=1, birth_death=1)
    plan = Plan.checked(prior, 1, n_sweeps + 20, 20, thin, "random:3", naive.SEED, mix)
    table = partitions.table_of(problem.x)
    first, early = run_segment(table, plan, start(table, plan, None, 0), 0, 1000)
    _, late = run_segment(table, plan, first, 1000, n_sweeps - 980)
    labels = early.followed_by(late).kept["labels"]
    assert labels.shape == (N_DRAWS // 3, 6)
    expected = partitions.posterior(problem.x, fixed(problem))
    assert partitions.p_value(partitions.count(labels, 6), expected) > P_LEAST


def test_crp_start_is_a_draw_from_the_prior():
    problem = case(np.zeros((6, 1), int), 1.7, 1, 1)
    plan = Plan.checked(Prior(problem.alpha), 1, 1, None, None, "crp", naive.SEED)
    table = partitions.table_of(problem.x)
    draws = [start(table, plan, None, chain_ix).z for chain_ix in range(10_000)]
    unobserved = np.full((6, 1), 2)
    expected = partitions.posterior(unobserved, fixed(problem))
    assert partitions.p_value(partitions.count(draws, 6), expected) > P_LEAST


def test_enumeration_is_whole():
    assert [len(partitions.all_partitions(n)) for n in range(1, 7)] == [1, 2, 5, 15, 52, 203]
    assert len(set(partitions.all_partitions(6))) == 203
    unobserved = np.full((6, 1), 2)
    crp = partitions.posterior(unobserved, [(1.0, (2.0, np.ones(1), np.ones(1)))])
    by_hand = 2.0 * 120 / np.prod(np.arange(6) + 2.0)  # all in one: alpha Gamma(6) / (alpha ... (alpha + 5))
    assert crp[0] == pytest.approx(by_hand, rel=1e-12)
