"""Counts of clusters: whole numbers that shards and blocks of images add up, exact in any order."""

from typing import NamedTuple

import numpy as np

from dpmix.base.pieces import in_pieces
from dpmix.kernels.partition import count_images
from dpmix.kernels.records import empty_partition

__all__ = ["Counts", "count_rows"]


class Counts(NamedTuple):
    """Images of each cluster, in all and with each pixel on, with it unobserved, and with each label."""

    sizes: np.ndarray  # (k,) int64
    ones: np.ndarray  # (k, d) int32
    gaps: np.ndarray  # (k, d) int32, or (k, 0) where every pixel is observed
    classes: np.ndarray  # (k, n_classes) int64

    def plus(self, other):
        """Counts of these images and those together."""
        return Counts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @classmethod
    def side_by_side(cls, parts):
        """Counts of the clusters of several shards, one shard after the other."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


def count_rows(table, z, n_clusters):
    """`Counts` of the images of `table` by `z` (n,) int64 in `n_clusters` clusters, some perhaps empty here."""
    partition = empty_partition(z, table.d, n_clusters, table.masked, table.n_classes)
    in_pieces(lambda first, last: count_images(first, last, table.runs, partition), table.n, guess=4096)
    return Counts(partition.sizes, partition.ones, partition.gaps, partition.classes)
