"""The contract of moves: what a sweep reports is what they declare, and a move joins by a line in MOVES."""

import numpy as np
import pytest

from dpmix.chain.moves import MOVES, reports
from dpmix.chain.plan import Plan
from dpmix.chain.record import FIGURES, PROPOSALS, figures_of
from dpmix.chain.segment import run_segment, run_sweep
from dpmix.chain.starts import start
from dpmix.model.prior import Prior
from support import moves, partitions
from support.cases import CASES

PROBLEM = CASES["plain"]
FIXED, LEARNED = (moves.prior_for(name, *PROBLEM[1:]) for name in ("assignments", "all"))


@pytest.mark.parametrize("prior", [FIXED, LEARNED], ids=["fixed", "learned"])
@pytest.mark.parametrize("amount", [0, 3])
def test_a_sweep_reports_the_figures_of_its_moves(prior, amount):
    plan = moves.plan_for(prior, split_merge=amount, birth_death=amount)
    found = run_sweep(partitions.make_chain(PROBLEM), plan, 1)
    assert set(found) == set(FIGURES)
    assert found["split_proposals"] + found["merge_proposals"] == amount
    assert found["birth_proposals"] + found["death_proposals"] == amount
    assert 0 < sum(found[f"{name}_seconds"] for name in MOVES) <= found["seconds"]


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("prior", [FIXED, LEARNED], ids=["fixed", "learned"])
def test_a_move_reports_what_it_declares(prior, name):
    chain, move = partitions.make_chain(PROBLEM), MOVES[name]
    found = move(chain, moves.plan_for(prior), 1)
    assert set(found) == set(move.figures)
    for figure, dtype in move.figures.items():
        assert np.array(found[figure], dtype) == found[figure]


@pytest.mark.parametrize("name", MOVES)
def test_a_move_leaves_what_is_fixed_as_it_is(name):
    chain = partitions.make_chain(PROBLEM)
    before = chain.hyper
    MOVES[name](chain, moves.plan_for(FIXED), 1)
    assert chain.hyper is before


def test_figures_stand_in_the_order_of_files_written_before():
    assert PROPOSALS == ("split", "merge", "birth", "death")
    assert list(FIGURES) == [
        *("log_joint", "n_clusters", "alpha", "n_moved", "seconds"),
        *(f"{kind}_{what}" for what in ("proposals", "accepted") for kind in PROPOSALS),
        *(f"{name}_seconds" for name in ("split_merge", "birth_death", "assignments", "alpha", "pixels")),
    ]


def test_a_move_joins_by_a_line_in_the_mapping(monkeypatch):
    @reports(n_visits="i8")
    def visit(chain, plan, sweep):
        return {"n_visits": sweep}

    plan = moves.plan_for(FIXED)
    alone = partitions.make_chain(PROBLEM)
    run_sweep(alone, plan, 7)
    monkeypatch.setitem(MOVES, "visit", visit)
    chain = partitions.make_chain(PROBLEM)
    found = run_sweep(chain, plan, 7)
    assert found["n_visits"] == 7 and found["visit_seconds"] >= 0
    assert set(found) == set(figures_of(MOVES)) == {*FIGURES, "n_visits", "visit_seconds"}
    np.testing.assert_array_equal(chain.partition.z, alone.partition.z)


def test_a_sweep_of_some_moves_reports_theirs():
    only = {"assignments": MOVES["assignments"]}
    found = run_sweep(partitions.make_chain(PROBLEM), moves.plan_for(FIXED), 1, only)
    assert set(found) == set(figures_of(only))


@pytest.mark.parametrize(("burn_in", "thin", "sweeps"), [(0, 1, 5), (3, 2, 12), (5, 4, 20), (2, 3, 4)])
def test_kept_sweeps_are_those_that_give_draws(burn_in, thin, sweeps):
    plan = Plan.checked(Prior(1, 1, 1), 1, 30, burn_in, thin, "one", 0)
    kept = [sweep - 1 for sweep in range(1, sweeps + 1) if plan.keeps(sweep)]
    assert plan.kept_sweeps(plan.n_kept(sweeps)).tolist() == kept
    table = partitions.table_of(PROBLEM.x)
    _, draws = run_segment(table, plan, start(table, plan, None, 0), 0, sweeps)
    assert draws.n_kept == len(kept)
