"""The segment of a shard: some sweeps over its own images, as a pure function."""

import math
from typing import NamedTuple

import numpy as np

from dpmix.chain.moves import MOVES
from dpmix.chain.segment import run_sweep
from dpmix.chain.state import Chain, State, generator_state
from dpmix.kernels.records import Components
from dpmix.sharding.anchored_pass import draw_components, first_ranks
from dpmix.sharding.counts import Counts
from dpmix.sharding.streams import COMPONENTS, SEGMENT

__all__ = ["GLOBAL", "LOCAL", "ShardEnd", "local_alpha", "run_shard"]

GLOBAL = ("alpha", "pixels")  # of MOVES, those that depend on the counts of all clusters
LOCAL = {name: move for name, move in MOVES.items() if name not in GLOBAL}


class ShardEnd(NamedTuple):
    """What a shard hands back after its segment."""

    z: np.ndarray  # (m,) int32, cluster of each of its images, numbered from 0 without gaps
    ranks: np.ndarray  # (k,) uint64, of the anchor of each of its clusters
    components: Components
    trace: dict  # of (round_sweeps,) arrays, the figures of each sweep
    kept: dict  # by sweep, where one before the last gives a draw: clusters of its images (m,) int32, or `Counts`


def local_alpha(alpha, shards):
    """Concentration of the mixture of one shard of a chain with concentration `alpha`.

    It is alpha / S, and Gamma(alpha) / Gamma(alpha + n) prod_k (alpha / S) Gamma(n_k), read for the images of
    one shard, is what the Chinese restaurant process with this concentration says of them.
    """
    return alpha / shards


def run_shard(table, rows, plan, streams, hand, state, done):
    """Run the sweeps of one round over the images of one shard, and prepare the pass that follows.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
        The images of the shard.
    rows : (m,) int64
        Where they stand among all images.
    plan : dpmix.chain.plan.Plan
    streams : dpmix.sharding.streams.Streams
    hand : (shard, z, n)
        Number of the shard, clusters of its images (m,), and how many images all shards have.
    state : (alpha, a, b)
        Hyperparameters of the chain.
    done : int
        Sweeps that the chain has done.

    Returns
    -------
    ShardEnd
    """
    (shard, z, n), (alpha, a, b) = hand, state
    words = generator_state(streams.generator(SEGMENT, shard))
    chain = Chain(table, State(z, local_alpha(alpha, plan.shards), a, b, words), plan.prior.c)
    schedule, trace, kept = plan.schedule, [], {}
    last = done + schedule.round_sweeps
    for sweep in range(done + 1, last + 1):
        trace.append(run_sweep(chain, plan.with_schedule(schedule.share(table.n, n, sweep)), sweep, LOCAL))
        trace[-1]["log_joint"] += _log_joint_beyond(chain, alpha)
        if plan.keeps(sweep) and sweep < last:
            kept[sweep] = _kept(chain, plan.keep)
    return ShardEnd(
        z=chain.partition.z.astype(np.int32),
        ranks=first_ranks(chain.partition.z, chain.n_clusters, streams.ranks(rows)),
        components=draw_components(chain, streams.generator(COMPONENTS, shard)),
        trace={name: np.array([figures[name] for figures in trace]) for name in trace[0]},
        kept=kept,
    )


def _kept(chain, keep):
    """What the shard tells of a draw."""
    if keep == "labels":
        return chain.partition.z.astype(np.int32)
    return Counts(*(values[: chain.n_clusters].copy() for values in chain.partition[1:]))


def _log_joint_beyond(chain, alpha):
    """What turns the log joint of a shard into its part of that of all images, nats.

    The parts of all shards are to be added up and completed by log of Gamma(alpha) / Gamma(alpha + n).
    """
    local = chain.hyper.alpha
    normalizer = math.lgamma(local) - math.lgamma(local + chain.n)
    return chain.n_clusters * (math.log(alpha) - math.log(local)) - normalizer
