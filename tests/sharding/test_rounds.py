"""Streams, deals and rounds: the right numbers of the right things, whoever computes them."""

import numpy as np
import pytest
from scipy import stats

from dpmix.chain.plan import Plan
from dpmix.chain.schedule import Schedule
from dpmix.chain.starts import start
from dpmix.chain.state import Chain
from dpmix.model.prior import Gamma, Prior
from dpmix.model.table import BinaryTable
from dpmix.sharding import rounds, streams
from dpmix.sharding.deal import deal
from dpmix.sharding.streams import Streams
from support import naive

N, D = 80, 12


def groups(gaps=True, labels=True):
    rng = np.random.default_rng(61)
    centres = rng.integers(0, 2, (6, D))[np.arange(N) % 6]
    x = np.where(rng.random((N, D)) < 0.1, 1 - centres, centres)
    seen = rng.random((N, D)) < 0.9 if gaps else None
    return BinaryTable.from_input(x, seen, np.arange(N) % 7 - 1 if labels else None)


def plan_of(shards=3, n_rounds=6, **schedule):
    mix = Schedule(**{"split_merge": 4, "birth_death": 4, "round_sweeps": 3} | schedule)
    sweeps = n_rounds * mix.round_sweeps
    return Plan.checked(Prior(Gamma(2, 2), Gamma(2, 3), 0.6), 2, sweeps, 0, 2, "seeds:8", 5, mix, shards)


def play_all(table, plan, chain_ix=0):
    state, found = start(table, plan, None, chain_ix), []
    for done in range(0, plan.sweeps, plan.schedule.round_sweeps):
        state, draws = rounds.play(table, plan, chain_ix, state, done)
        found.append(draws)
    return state, found


def assert_same(one, other):
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_hash_is_the_published_generator():
    wanted = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    found = streams._hashed(np.array([1234567], np.uint64), np.arange(5))
    assert found.tolist() == wanted


def test_ranks_and_uniforms_belong_to_rows():
    one = Streams(1, 2, 3)
    rows = np.arange(50_000)
    ranks, uniforms = one.ranks(rows), one.uniforms(rows)
    assert len(np.unique(ranks)) == len(rows)
    np.testing.assert_array_equal(one.ranks(rows[100:90:-1]), ranks[100:90:-1])
    assert stats.kstest(uniforms, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(ranks.astype(float), uniforms)[0, 1]) < 0.03
    for other in (Streams(2, 2, 3), Streams(1, 1, 3), Streams(1, 2, 4)):
        assert not (other.ranks(rows) == ranks).any()


def test_deal_is_independent_and_uniform():
    z = np.repeat(np.arange(4), [3, 1, 5, 2])
    counts = np.zeros((3,) * 4)
    for round_ix in range(8_100):
        owner = np.full(4, -1)
        for hand in deal(z, 3, Streams(naive.SEED, 0, round_ix)):
            owner[z[hand.rows]] = hand.shard
            assert sorted(set(hand.z.tolist())) == list(range(int(hand.z.max()) + 1))
            assert (np.diff(hand.rows) > 0).all()
        counts[tuple(owner)] += 1
    assert stats.chisquare(counts.ravel()).pvalue > 1e-6


def test_round_of_a_chain_is_its_own():
    table, plan = groups(), plan_of()
    state, draws = play_all(table, plan)
    again, draws_again = play_all(table, plan)
    assert_same(state, again)
    assert_same(draws[-1].kept.values(), draws_again[-1].kept.values())
    other, _ = play_all(table, plan, chain_ix=1)
    assert not np.array_equal(state.z, other.z)
    fewer, _ = play_all(table, plan_of(shards=2))
    assert not np.array_equal(state.z, fewer.z)


def test_blocks_of_the_pass_make_no_difference(monkeypatch):
    table, plan = groups(), plan_of()
    state, _ = play_all(table, plan)
    monkeypatch.setattr(rounds, "blocks_of", lambda n, shards: [range(0, 7), range(7, 50), range(50, n)])
    assert_same(state, play_all(table, plan)[0])


@pytest.mark.parametrize("gaps", [False, True], ids=["whole", "gaps"])
@pytest.mark.parametrize("labels", [False, True], ids=["pixels", "labels"])
def test_figures_are_those_of_the_whole_chain(gaps, labels):
    table, plan = groups(gaps, labels), plan_of()
    _, found = play_all(table, plan)
    trace = {name: np.concatenate([draws.trace[name] for draws in found]) for name in found[0].trace}
    kept = {name: np.concatenate([draws.kept[name] for draws in found]) for name in found[0].kept}
    assert len(trace["log_joint"]) == plan.sweeps and len(kept["labels"]) == plan.sweeps // 2
    fresh = start(table, plan, None, 0)
    for draw, sweep in enumerate(plan.kept_sweeps(len(kept["labels"]))):
        z, alpha, a, b = (kept[name][draw] for name in ("labels", "alpha", "a", "b"))
        chain = Chain(table, fresh._replace(z=z.astype(np.int32), alpha=alpha, a=a, b=b), plan.prior.c)
        assert chain.log_joint() == pytest.approx(trace["log_joint"][sweep], rel=1e-9)
        assert chain.n_clusters == trace["n_clusters"][sweep]
        assert alpha == trace["alpha"][sweep]
        assert (np.diff(chain.partition.sizes[: chain.n_clusters]) <= 0).all()
    for kinds in (("split", "merge"), ("birth", "death")):
        assert sum(trace[f"{kind}_proposals"].sum() for kind in kinds) == pytest.approx(
            4 * plan.sweeps, abs=18
        )


def test_moves_of_the_pass_are_counted_with_those_of_the_last_sweep():
    table, plan = groups(), plan_of()
    game = rounds.play_round(plan, 0, start(table, plan, None, 0), 0)
    ends = [rounds.on_rows(table, job) for job in next(game)]
    jobs = game.send(ends)
    answers = [rounds.on_rows(table, job) for job in jobs]
    before, after = (
        np.concatenate(parts) for parts in ([job.args[1] for job in jobs], [end.z for end in answers])
    )
    assert (before != after).any()
    with pytest.raises(StopIteration) as end:
        game.send(answers)
    moved = sum(end.trace["n_moved"] for end in ends)
    moved[-1] += (before != after).sum()
    np.testing.assert_array_equal(end.value.value[1].trace["n_moved"], moved)


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_shares_of_the_proposals_add_up(shards):
    sizes = np.random.default_rng(shards).multinomial(1000, np.full(shards, 1 / shards))
    schedule, sweeps = Schedule(split_merge=20, birth_death=3), range(1, 101)
    for name in ("split_merge", "birth_death"):
        for n in sizes.tolist():
            total = sum(getattr(schedule.share(n, 1000, sweep), name) for sweep in sweeps)
            assert abs(total - getattr(schedule, name) * 100 * n / 1000) <= 1


def test_more_shards_than_clusters_leave_some_empty():
    table = groups()
    plan = plan_of(shards=70, n_rounds=1)
    state = start(table, plan, None, 0)
    jobs = next(rounds.play_round(plan, 0, state, 0))
    assert 1 <= len(jobs) <= 8
    state, draws = rounds.play(table, plan, 0, state, 0)
    assert np.bincount(state.z).all() and len(draws.trace["alpha"]) == 3
