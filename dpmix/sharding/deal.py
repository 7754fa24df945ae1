"""The deal: every cluster is given a shard, and takes its images along."""

from typing import NamedTuple

import numpy as np

from dpmix.sharding.streams import DEAL

__all__ = ["Hand", "deal"]


class Hand(NamedTuple):
    """What one shard is dealt."""

    shard: int
    rows: np.ndarray  # (m,) int64, its images, in order
    z: np.ndarray  # (m,) int32, their clusters, numbered from 0 without gaps


def deal(z, shards, streams):
    """Deal the clusters of `z` to shards, independently and uniformly.

    Parameters
    ----------
    z : (n,) int
        Cluster of each image, numbered from 0 without gaps.
    shards : int
    streams : dpmix.sharding.streams.Streams

    Returns
    -------
    list of Hand
        Those of the shards that got any images.
    """
    owner = streams.generator(DEAL).integers(shards, size=int(z.max()) + 1)
    renumbered = _numbers_within(owner, shards)
    shard_of = owner[z]
    order = np.argsort(shard_of.astype(_smallest(shards)), kind="stable")  # by radix, where a few bits do
    cuts = np.searchsorted(shard_of[order], np.arange(shards + 1))
    hands = [(shard, order[cuts[shard] : cuts[shard + 1]]) for shard in range(shards)]
    return [Hand(shard, rows, renumbered[z[rows]]) for shard, rows in hands if len(rows)]


def _numbers_within(owner, shards):
    """Number of each cluster among those of its shard, (k,) int32."""
    numbers = np.empty(len(owner), np.int32)
    for shard in range(shards):
        mine = owner == shard
        numbers[mine] = np.arange(mine.sum())
    return numbers


def _smallest(shards):
    return np.uint8 if shards <= 1 << 8 else np.uint16 if shards <= 1 << 16 else np.int64
