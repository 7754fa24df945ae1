"""Rounds of small chains over shards, played in this process, and errors that can be planted in them."""

import numpy as np

from dpmix.chain.plan import Plan
from dpmix.chain.schedule import Schedule
from dpmix.chain.state import Chain, State, generator_state
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.sharding import anchored_pass, rounds, segment
from dpmix.sharding.streams import COMPONENTS, Streams
from support import naive

X = np.random.default_rng(3).integers(0, 2, (6, 5)).astype(np.uint8)
SEEN = np.random.default_rng(4).random((6, 5)) < 0.6
SEEN[3] = True  # a shard of this image alone has no gaps
LABELS = np.array([0, 0, 1, -1, 2, 1])
CASES = {
    "plain": (None, None, 1.0),
    "gaps": (SEEN, None, 1.0),
    "labels": (None, LABELS, 0.3),
    "gaps and labels": (SEEN, LABELS, 1.5),
}
ALPHA, A, B = 1.3, np.array([0.3, 1.0, 2.0, 0.6, 1.4]), np.array([1.1, 0.4, 0.9, 2.2, 0.5])


def table_of(case):
    """The table of a case."""
    return BinaryTable.from_input(X, *CASES[case][:2])


def plan_of(case, shards, schedule=Schedule(2, 2, 1, 1), prior=None):  # noqa: B008
    """A plan that fixes hyperparameters, unless there is a `prior`."""
    prior = prior or Prior(ALPHA, A, B, CASES[case][2])
    return Plan.checked(prior, 1, schedule.round_sweeps, 0, 1, "one", naive.SEED, schedule, shards)


def first_state(n=6, alpha=ALPHA, a=A, b=B):
    """A state with all images in one cluster."""
    return State(np.zeros(n, np.int32), alpha, a, b, generator_state(np.random.Generator(np.random.PCG64(0))))


def draws(table, plan, state, n_draws, thin):
    """Clusters after every `thin`-th round, (n_draws, n)."""
    found = np.empty((n_draws, table.n), np.int32)
    for t in range(-5, n_draws):  # five draws of burn-in
        for step in range(thin):
            done = ((t + 5) * thin + step) * plan.schedule.round_sweeps
            state, _ = rounds.play(table, plan, 0, state, done)
        found[t] = state.z  # those of the burn-in are overwritten
    return found


def passes(table, c, z, first, n_passes):
    """Clusters after passes number `first` to `first` + `n_passes` - 1, with nothing in between, begun at `z` (n,)."""
    rows = np.arange(table.n)
    for t in range(first, first + n_passes):
        streams = Streams(naive.SEED, 0, t)
        chain = Chain(table, first_state()._replace(z=z), c)
        components = anchored_pass.draw_components(chain, streams.generator(COMPONENTS))
        ranks = anchored_pass.first_ranks(chain.partition.z, chain.n_clusters, streams.ranks(rows))
        order = np.argsort(ranks)
        z, components = np.argsort(order)[z].astype(np.int32), anchored_pass.joined([components], order)
        z, _, _ = rounds.run_block(table, rows, streams, z, ranks[order], components)
    return z


def without_the_pass(monkeypatch):
    """Images stay where the shards left them."""

    def stay(table, rows, streams, z, anchors, components):
        counts = anchored_pass.count_rows(table, z.astype(np.int64), len(anchors))
        return anchored_pass.BlockEnd(z, counts, 0)

    monkeypatch.setattr(rounds, "run_block", stay)


def plant_whole_alpha(monkeypatch):
    """Shards sweep at concentration alpha instead of alpha / S."""
    monkeypatch.setattr(segment, "local_alpha", lambda alpha, shards: alpha)


def plant_wrong_weights(monkeypatch):
    """The Dirichlet distribution of the weights has the parameters n_k + alpha / K, with an alpha of 8."""
    monkeypatch.setattr(anchored_pass, "weight_shapes", lambda sizes: sizes + 8.0 / len(sizes))


def plant_no_anchors(monkeypatch):
    """All clusters are open to all images, and what is left empty is forgotten."""
    _plant_all_open(monkeypatch, lambda found, before: found)


def plant_return(monkeypatch):
    """All clusters are open to all images, and where one is left empty, the first of its images stays."""

    def put_back(found, before):
        found = found.copy()
        while (dead := np.setdiff1d(before, found)).size:
            found[np.argmax(before == dead[0])] = dead[0]
        return found

    _plant_all_open(monkeypatch, put_back)


def _plant_all_open(monkeypatch, mend):
    monkeypatch.setattr(
        anchored_pass, "clusters_open", lambda ranks, anchors: np.full(len(ranks), len(anchors))
    )

    def run(table, rows, streams, z, anchors, components):
        found, _, n_moved = anchored_pass.run_block(table, rows, streams, z, anchors, components)
        _, found = np.unique(mend(found, z), return_inverse=True)
        n_clusters = int(found.max()) + 1
        counts = anchored_pass.count_rows(table, found, n_clusters)
        return anchored_pass.BlockEnd(found.astype(np.int32), counts, n_moved)

    monkeypatch.setattr(rounds, "run_block", run)


IN_ROUNDS = {  # errors by name: what to plant, and with how many shards rounds must notice it
    "alpha instead of alpha / S": (plant_whole_alpha, 2),
    "no anchors": (plant_no_anchors, 1),
}
IN_PASSES = {  # errors by name: what to plant, and after how many draws passes alone must notice it
    "an image stays where its cluster would die": (plant_return, 4_000),
    "w from n_k + alpha / K": (plant_wrong_weights, 1_000),
}
