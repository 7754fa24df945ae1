"""Draws that are kept within a round, before the pass, visit all 203 partitions of 6 images as often as they must."""

import numpy as np
import pytest

from dpmix.chain.schedule import Schedule
from support import partitions, quadrature, rounds

pytestmark = pytest.mark.slow
P_LEAST = 1e-6
N_ROUNDS = 900


def p_value(case, shards):
    """Of the draws after the first two of three sweeps of each round; these hang together, so every third counts."""
    plan = rounds.plan_of(case, shards, Schedule(2, 2, 1, 3))
    table, state, found = rounds.table_of(case), rounds.first_state(), []
    for done in range(0, 3 * N_ROUNDS, 3):
        state, draws = rounds.rounds.play(table, plan, 0, state, done)
        found.append(draws.kept["labels"][done // 3 % 2])
    expected = quadrature.posterior(rounds.X, plan.prior, *rounds.CASES[case][:2])
    return partitions.p_value(partitions.count(np.array(found[10:]), 6), expected)


@pytest.mark.parametrize(
    ("case", "shards"),
    [("gaps and labels", 2), ("plain", 2), ("plain", 3)],
)
def test_partitions_come_up_as_often_as_they_must(case, shards):
    assert p_value(case, shards) > P_LEAST


def test_shards_at_the_whole_concentration_are_noticed(monkeypatch):
    rounds.plant_whole_alpha(monkeypatch)
    assert p_value("plain", 2) < P_LEAST
