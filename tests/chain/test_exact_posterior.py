"""Every move of MOVES, and all together, visit all 203 partitions of 6 images as often as they must.

How a move is tested by itself, also one that moves hyperparameters, is said in `support.moves`.
"""

import itertools

import numba
import numpy as np
import pytest

from dpmix.chain import schedule
from dpmix.chain.plan import Plan
from dpmix.chain.segment import run_segment
from dpmix.chain.starts import start
from dpmix.model.prior import Prior
from support import moves, naive, partitions, quadrature
from support.cases import CASES, P_LEAST, fixed
from support.partitions import case

N_DRAWS = 3_000 if numba.config.DISABLE_JIT else 30_000
SHARES = {"assignments": 1.0, "all": 0.12, "split_merge": 0.05}  # of N_DRAWS that are taken; of others 0.1
SCHEDULES = {"split_merge": (50, 0, 1), "all": (2, 2, 1)}
QUICK = {("assignments", "plain")}


@pytest.mark.parametrize(
    ("name", "move"),
    [
        pytest.param(*pair[::-1], id="-".join(pair[::-1]), marks=[] if pair in QUICK else [pytest.mark.slow])
        for pair in itertools.product(moves.NAMES, CASES)
    ],
)
def test_partitions_come_up_with_their_posterior_probability(name, move):
    problem = CASES[name]
    chain = partitions.make_chain(problem, init="crp", seed=1000 * naive.SEED + list(CASES).index(name))
    split_merge, birth_death, pixel_step = SCHEDULES.get(move, (10, 10, 1))
    prior = moves.prior_for(move, *problem[1:])
    plan = moves.plan_for(prior, split_merge=split_merge, birth_death=birth_death, pixel_step=pixel_step)
    n_draws, thin = int(SHARES.get(move, 0.1) * N_DRAWS), partitions.thinning(problem)
    draws = partitions.run_moves(chain, plan, moves.moves_for(move), n_draws, thin)
    expected = quadrature.posterior(problem.x, prior)
    assert partitions.p_value(partitions.count(draws, 6), expected) > P_LEAST


@pytest.mark.parametrize("name", CASES)
def test_sums_over_a_prior_that_fixes_everything_are_the_formula(name):
    problem = CASES[name]
    prior = Prior(problem.alpha, problem.a, problem.b)
    expected = partitions.posterior(problem.x, fixed(problem))
    assert quadrature.posterior(problem.x, prior) == pytest.approx(expected, rel=1e-9)


def test_sums_over_a_prior_are_as_fine_as_needed(monkeypatch):
    prior, x = moves.prior_for("all", 1, 1, 1), CASES["plain"].x
    found = []
    for n_nodes in (quadrature.N_NODES, 2 * quadrature.N_NODES):
        monkeypatch.setattr(quadrature, "N_NODES", n_nodes)
        quadrature.forget()
        found.append(quadrature.posterior(x, prior))
    quadrature.forget()
    assert found[0] == pytest.approx(found[1], rel=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_reference_sweep_leaves_posterior_invariant_exactly(name):
    problem = CASES[name]
    expected = partitions.posterior(problem.x, fixed(problem))
    assert expected @ partitions.transition(problem) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.slow
def test_kept_draws_of_segments_follow_the_posterior():
    problem = CASES["per-pixel"]
    thin = partitions.thinning(problem)
    n_sweeps = N_DRAWS // 10 * thin
    prior = Prior(problem.alpha, problem.a, problem.b)
    mix = schedule.Schedule(split_merge=1, birth_death=1)
    plan = Plan.checked(prior, 1, n_sweeps + 20, 20, thin, "random:3", naive.SEED, mix)
    table = partitions.table_of(problem.x)
    first, early = run_segment(table, plan, start(table, plan, None, 0), 0, 1000)
    _, late = run_segment(table, plan, first, 1000, n_sweeps - 980)
    labels = early.followed_by(late).kept["labels"]
    assert labels.shape == (N_DRAWS // 10, 6)
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
