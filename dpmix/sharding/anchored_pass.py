"""The anchored pass: all images move among all clusters at once, each independently of the others.

Between two deals an image only meets the clusters of its own shard; this pass mends that. Given the partition, it
draws weights and probabilities of the clusters,

    w ~ Dirichlet(n_1, ..., n_K)        theta_kd ~ Beta(a_d + ones_kd, b_d + seen_kd - ones_kd),

and then reassigns images with probability proportional to w_k p(x_i | theta_k). The parameters of the Dirichlet
are the sizes themselves, and not n_k + alpha / K: Gamma(n_k) in the law of the partition is the integral that
prod_k w_k^(n_k - 1) is the integrand of.

A cluster must not die here, for nothing would remember its w and theta; and to leave an image behind wherever one
would die is wrong, as which images these are depends on where they were before. Instead images are ranked at
random, anew in each pass. The first image of each cluster in that order is its *anchor*, and stays. Any other image
may go only to clusters whose anchor comes before it. So anchors are the same before and after, and on the
partitions that have these anchors the law of z given w and theta is a product over images. New clusters, and the
ends of old ones, come from the moves of the shards.
"""

import math
from typing import NamedTuple

import numpy as np

from dpmix.base.pieces import in_pieces
from dpmix.chain.state import odd_groups, roughness
from dpmix.kernels.anchored_pass import fill_columns, reassign_images
from dpmix.kernels.records import LANES, Components, PassTables, table_rows
from dpmix.sharding.counts import Counts, count_rows

__all__ = [
    "BlockEnd",
    "clusters_open",
    "draw_components",
    "first_ranks",
    "joined",
    "run_block",
    "weight_shapes",
]

_FINEST = 20  # binary digits behind the point of a nat, at the most, as in the tables of a sweep
_HIGHEST = 32.0  # nats, which no log weight exceeds: that of a Gamma(n) variate is 21 for n = 1e9
_NO_RANK = np.uint64(2**64 - 1)


def weight_shapes(sizes):
    """Parameters of the Dirichlet distribution of the weights, (k,) float64: the sizes of the clusters."""
    return sizes.astype(np.float64)


def draw_components(chain, generator):
    """Draw the weights (up to a factor) and the probabilities of the clusters of `chain`, given its counts.

    Parameters
    ----------
    chain : dpmix.chain.state.Chain
    generator : numpy.random.Generator

    Returns
    -------
    Components
        The logarithm of w_k is that of a Gamma(n_k) variate: over all shards these are, up to a factor that they
        share, the Dirichlet distribution.
    """
    k, hyper = chain.n_clusters, chain.hyper
    sizes, ones, gaps, classes = (counts[:k] for counts in chain.partition[1:])
    seen = sizes[:, None] - gaps if chain.has_gaps else sizes[:, None]
    log_weights = _log_gamma_variates(weight_shapes(sizes), generator)
    log_odds = _log_gamma_variates(hyper.a + ones, generator)
    log_odds -= _log_gamma_variates(hyper.b + (seen - ones), generator)
    log_odds = log_odds.astype(np.float32)  # what is rounded is the draw: all that follows is true to it
    log_off = -np.logaddexp(0.0, log_odds.astype(np.float64))
    log_classes = _log_gamma_variates(hyper.c + classes, generator)
    if chain.n_classes:
        log_classes -= np.logaddexp.reduce(log_classes, axis=1, keepdims=True)
    return Components(
        log_weights=log_weights + log_off.sum(1),
        log_odds=log_odds,
        log_off=log_off.astype(np.float32) if chain.has_gaps else np.empty((k, 0), np.float32),
        log_classes=log_classes,
        bounds=_bounds(log_weights, log_odds, log_off, log_classes),
    )


def _log_gamma_variates(shapes, generator):
    """Logarithms of draws from Gamma(shape, 1), which for small shapes would themselves be 0.

    A draw from Gamma(shape) is one from Gamma(shape + 1) times U^(1 / shape) (Marsaglia and Tsang 2000, section 6).
    """
    return (
        np.log(generator.standard_gamma(shapes + 1.0)) - generator.standard_exponential(shapes.shape) / shapes
    )


def _bounds(log_weights, log_odds, log_off, log_classes):
    """What no score of a cluster exceeds in size, nats: every pixel at its worst, and the class."""
    worst = -(log_off + np.minimum(log_odds, 0.0)).sum(1)
    return np.abs(log_weights) + worst - log_classes.min(axis=1, initial=0.0)


def first_ranks(z, n_clusters, ranks):
    """Rank of the anchor of each cluster, the least among those of its images: (n_clusters,) uint64."""
    first = np.full(n_clusters, _NO_RANK)
    np.minimum.at(first, z, ranks)
    return first


def joined(parts, order):
    """The `Components` of several shards as one, their clusters put into this order."""
    return Components(*(np.concatenate(arrays)[order] for arrays in zip(*parts, strict=True)))


def clusters_open(ranks, anchors):
    """How many clusters are open to images of these ranks: those whose anchor comes before; 0 for an anchor itself.

    Parameters
    ----------
    ranks : (m,) uint64
    anchors : (k,) uint64
        Ranks of the anchors of all clusters, ascending.

    Returns
    -------
    (m,) int64
        The clusters are those numbered 0 to so many less 1.
    """
    before = np.searchsorted(anchors, ranks, side="left")
    is_anchor = before < np.searchsorted(anchors, ranks, side="right")
    return np.where(is_anchor, 0, before)


class BlockEnd(NamedTuple):
    """What a block of images hands back after the pass."""

    z: np.ndarray  # (m,) int32
    counts: Counts | None  # of its images; None where they have been added to those of another block
    n_moved: int


def run_block(table, rows, streams, z, anchors, components):
    """Reassign some images, as each round does with all of them.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
        These images.
    rows : (m,) int64
        Where they stand among all images.
    streams : dpmix.sharding.streams.Streams
    z : (m,) int32
        Their clusters, numbered by the rank of their anchors.
    anchors : (k,) uint64
        Ranks of the anchors of all clusters, ascending.
    components : Components
        Of all clusters, in this order.

    Returns
    -------
    BlockEnd
    """
    tables, tolerance = _tables(components, table.masked)
    n_open, uniforms = clusters_open(streams.ranks(rows), anchors), streams.uniforms(rows)
    z, n_moved = z.astype(np.int64), 0

    def reassign(first, last):
        nonlocal n_moved
        n_moved += reassign_images(
            first, last, n_open, uniforms, tolerance, table.runs, components, tables, z
        )

    in_pieces(reassign, table.n, guess=max(1, min(512, 4_000_000 // (table.d * len(anchors)))))
    return BlockEnd(z.astype(np.int32), count_rows(table, z, len(anchors)), n_moved)


def _tables(components, has_gaps):
    """Scores of all clusters in fixed point, and the largest rounding error of one, nats."""
    k, d = components.log_odds.shape
    n_classes = components.log_classes.shape[1]
    capacity = odd_groups(k + 1)  # the one beside them is never open
    places = table_rows(d, has_gaps, n_classes)[2]
    scale = 2.0 ** min(_FINEST, math.floor(math.log2((2**31 - 1) / (components.bounds.max() + 64.0))))
    tables = PassTables(
        table=np.zeros((capacity, places), np.int32),
        base=np.zeros(capacity, np.int32),
        rough_table=np.zeros((places, capacity), np.int16),
        rough_base=np.zeros(capacity, np.int16),
        scale=scale,
        **roughness(scale, _HIGHEST, places),
        rough_scores=np.empty(capacity, np.int16),
        tops=np.empty(capacity // LANES, np.int16),
        contenders=np.empty(capacity, np.int64),
        scores=np.empty(capacity, np.int32),
        log_scores=np.empty(capacity),
    )
    in_pieces(lambda first, last: fill_columns(first, last, components, tables), k, guess=32)
    entries = 2 * d + 2 if has_gaps or n_classes else d + 1
    return tables, 0.5 * entries / scale + 1e-9
