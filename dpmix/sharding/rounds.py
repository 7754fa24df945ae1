"""A round of a chain over shards: what it asks to have computed, and what it makes of the answers."""

import functools
import math
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from dpmix.chain.kept import counts_row, empty_kept, joined_rows, labels_row
from dpmix.chain.record import FIGURES, Draws
from dpmix.chain.segment import labels_by_size
from dpmix.chain.state import State
from dpmix.sharding.anchored_pass import joined, run_block
from dpmix.sharding.counts import Counts
from dpmix.sharding.deal import deal
from dpmix.sharding.segment import GLOBAL, run_shard
from dpmix.sharding.settle import settle
from dpmix.sharding.streams import Streams

__all__ = ["Job", "blocks_of", "on_rows", "play", "play_round"]

_BLOCK = 4096  # images that a block of the pass has at least


class Job(NamedTuple):
    """A pure function of some rows of the table: ``function(table of these rows, rows, *args)``."""

    name: str
    function: object
    rows: object  # (m,) int64, or a range
    args: tuple


def on_rows(table, job):
    """Do a `Job`, given the whole table."""
    rows = job.rows
    index = slice(rows.start, rows.stop) if isinstance(rows, range) else rows
    return job.function(table.with_rows(table.packed[index]), np.asarray(rows), *job.args)


def play(table, plan, chain_ix, state, done):
    """Play one round in this process; arguments and results as of `play_round`, and the table."""
    game, answers = play_round(plan, chain_ix, state, done), None
    try:
        while True:
            answers = [on_rows(table, job) for job in game.send(answers)]
    except StopIteration as end:
        return end.value


def play_round(plan, chain_ix, state, done):
    """Play one round of a chain: a generator that yields lists of `Job` and is sent the lists of their results.

    Parameters
    ----------
    plan : dpmix.chain.plan.Plan
    chain_ix : int
    state : dpmix.chain.state.State
    done : int
        Sweeps that the chain has done: a multiple of ``plan.schedule.round_sweeps``.

    Returns
    -------
    state : dpmix.chain.state.State
    draws : dpmix.chain.record.Draws
    """
    streams = Streams(plan.seed, chain_ix, done // plan.schedule.round_sweeps)
    n, hyper = len(state.z), state[1:4]
    hands = deal(state.z, plan.shards, streams)
    ends = yield [
        Job(
            f"shard-{hand.shard}", run_shard, hand.rows, (plan, streams, (hand.shard, hand.z, n), hyper, done)
        )
        for hand in hands
    ]
    z, anchors, components = _gathered(n, hands, ends)
    answers = yield [
        Job(
            f"pass-{block.start}",
            run_block,
            block,
            (streams, z[block.start : block.stop], anchors, components),
        )
        for block in blocks_of(n, plan.shards)
    ]
    z, counts = _summed(answers)
    alpha, a, b, figures = settle(plan, streams, counts, hyper)
    trace = _trace(ends, hyper[0], n, figures | _moved(ends, answers))
    kept = _kept(n, hands, ends, hyper)
    last = done + plan.schedule.round_sweeps
    if plan.keeps(last):
        kept.append(_row(plan.keep, z, counts, (alpha, a, b)))
    return State(z, alpha, a, b, state.generator), Draws(
        trace, joined_rows(kept, _empty(plan.keep, n, counts))
    )


def blocks_of(n, shards):
    """Ranges of rows that together are all rows. What they are makes no difference to any draw."""
    size = max(_BLOCK, -(-n // shards))
    return [range(first, min(first + size, n)) for first in range(0, n, size)]


def _gathered(n, hands, ends):
    """Clusters of all images, ranks of their anchors and their components, clusters numbered by that rank."""
    ranks = np.concatenate([end.ranks for end in ends])
    order = np.argsort(ranks)
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(len(order))
    z = _placed(n, hands, [end.z for end in ends], [len(end.ranks) for end in ends])
    return number[z], ranks[order], joined([end.components for end in ends], order)


def _placed(n, hands, parts, sizes):
    """Clusters of all images from those within each shard, shard by shard: (n,) int32."""
    z, first = np.empty(n, np.int32), 0
    for hand, part, n_clusters in zip(hands, parts, sizes, strict=True):
        z[hand.rows] = part + first
        first += n_clusters
    return z


def _summed(answers):
    """Clusters of all images, and their counts, from those of the blocks."""
    counts = functools.reduce(Counts.plus, (end.counts for end in answers if end.counts is not None))
    return np.concatenate([end.z for end in answers]), counts


def _trace(ends, alpha, n, figures):
    """Figures of each sweep, summed over shards; those of the last sweep as they are after the whole round."""
    trace = {name: sum(end.trace[name] for end in ends) for name in ends[0].trace}
    n_sweeps = len(trace["log_joint"])
    trace |= {f"{name}_seconds": np.zeros(n_sweeps) for name in GLOBAL}
    trace["alpha"] = np.full(n_sweeps, alpha)
    trace["log_joint"] = trace["log_joint"] + (math.lgamma(alpha) - math.lgamma(alpha + n))
    for name, value in figures.items():
        trace[name][-1] = value
    return {name: trace[name].astype(dtype) for name, dtype in FIGURES.items()}


def _moved(ends, answers):
    """Images that moved in the last sweep of the round or in the pass after it; one that did twice counts twice."""
    return {"n_moved": sum(end.trace["n_moved"][-1] for end in ends) + sum(end.n_moved for end in answers)}


def _kept(n, hands, ends, hyper):
    """Draws of the sweeps before the last of the round."""
    kept = []
    for sweep in ends[0].kept:
        parts = [end.kept[sweep] for end in ends]
        if isinstance(parts[0], Counts):
            kept.append(counts_row(Counts.side_by_side(parts), hyper))
        else:
            z = _placed(n, hands, parts, [int(part.max()) + 1 for part in parts])
            kept.append(labels_row(labels_by_size(z, np.bincount(z)), hyper))
    return kept


def _row(keep, z, counts, hyper):
    """Where the chain stands after the round, as a draw."""
    if keep == "counts":
        return counts_row(counts, hyper)
    return labels_row(labels_by_size(z, counts.sizes), hyper)


def _empty(keep, n, counts):
    """No draws of images with such counts."""
    d, n_classes = counts.ones.shape[1], counts.classes.shape[1]
    return empty_kept(SimpleNamespace(n=n, d=d, masked=counts.gaps.shape[1] > 0, n_classes=n_classes), keep)
