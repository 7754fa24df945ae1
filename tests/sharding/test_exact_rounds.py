"""Rounds of 1, 2 and 3 shards visit all 203 partitions of 6 images as often as they must, with gaps and labels.

With one shard, a round is a sweep and the pass; with the pass left out, it is the deal and the segments.
"""

import itertools

import numba
import numpy as np
import pytest

from dpmix.chain.schedule import Schedule
from support import moves, naive, partitions, quadrature, rounds

P_LEAST = 1e-6
SHORT, LONG = (400, 1_000) if numba.config.DISABLE_JIT else (1_200, 1_600)
SHORT_CASES = {("whole", 2, "gaps and labels"), ("deal", 3, "plain")}


def p_value(case, plan, n_draws, thin=2):
    found = rounds.draws(rounds.table_of(case), plan, rounds.first_state(), n_draws, thin)
    seen, labels, _ = rounds.CASES[case]
    expected = quadrature.posterior(rounds.X, plan.prior, seen, labels)
    return partitions.p_value(partitions.count(found, 6), expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "shards", "case"), [*itertools.product(("deal", "whole"), (1, 2, 3), rounds.CASES)]
)
def test_partitions_come_up_as_often_as_they_must(part, shards, case, monkeypatch):
    if part == "deal":
        rounds.without_the_pass(monkeypatch)
    n_draws = SHORT if (part, shards, case) in SHORT_CASES else LONG
    assert p_value(case, rounds.plan_of(case, shards), n_draws) > P_LEAST


@pytest.mark.slow
@pytest.mark.parametrize("shards", [1, 2, 3])
@pytest.mark.parametrize("schedule", [Schedule(0, 0, 1, 1), Schedule(2, 3, 2, 2)], ids=str)
def test_hyperparameters_learned_in_rounds_have_the_right_posterior(schedule, shards):
    prior = moves.prior_for("all", rounds.ALPHA, rounds.A, rounds.B)
    assert p_value("plain", rounds.plan_of("plain", shards, schedule, prior), LONG // 3, thin=3) > P_LEAST


def p_value_of_passes(case, n_clusters, n_draws):
    """Of six passes alone, which keep the number of clusters, begun at exact draws that have as many."""
    table, prior, every = rounds.table_of(case), rounds.plan_of(case, 1).prior, partitions.all_partitions(6)
    chosen = np.array([max(z) + 1 == n_clusters for z in every])
    expected = np.where(chosen, quadrature.posterior(rounds.X, prior, *rounds.CASES[case][:2]), 0.0)
    expected /= expected.sum()
    found = [
        rounds.passes(table, prior.c, np.array(every[z], np.int32), 6 * t, 6)
        for t, z in enumerate(naive.generator(22).choice(len(every), n_draws, p=expected))
    ]
    counts = partitions.count(found, 6)[chosen]
    assert counts.sum() == n_draws
    return partitions.p_value(counts, expected[chosen])


@pytest.mark.slow
@pytest.mark.parametrize("case", ["plain", "gaps and labels"])
@pytest.mark.parametrize("n_clusters", [2, 3])
def test_passes_alone_have_the_right_posterior(case, n_clusters):
    assert p_value_of_passes(case, n_clusters, SHORT) > P_LEAST


@pytest.mark.slow
@pytest.mark.parametrize("name", rounds.IN_PASSES)
def test_errors_planted_in_the_pass_are_noticed(name, monkeypatch):
    plant, n_draws = rounds.IN_PASSES[name]
    plant(monkeypatch)
    assert p_value_of_passes("plain", 3, n_draws) < P_LEAST


@pytest.mark.slow
@pytest.mark.parametrize("name", rounds.IN_ROUNDS)
def test_errors_planted_in_rounds_are_noticed(name, monkeypatch):
    plant, shards = rounds.IN_ROUNDS[name]
    plant(monkeypatch)
    plan = rounds.plan_of("plain", shards, Schedule(0, 0, 1, 1))
    assert p_value("plain", plan, SHORT, thin=1) < P_LEAST
