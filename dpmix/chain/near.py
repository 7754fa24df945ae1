"""The start ``init="near:K"``: clusters around K images, close to where a chain would take many sweeps to come.

Each of K images picked at random is a cluster of its own. All images go, at once, to the seed under whose cluster
they are most probable, hyperparameters are drawn given these clusters, and all images go once more, at once, to
the cluster that predicts them best, themselves left out. That second round closes most clusters of one image and
takes no longer than half a sweep. After a Gibbs sweep, pairs of clusters that are each other's nearest are merged,
all at once, where that makes the log joint larger, so that K matters little where the data speak clearly. For the
first round, a pixel that is learned has pseudo-counts that are worth one image and have the pixel's mean.
"""

import math
from dataclasses import replace

import numpy as np

from dpmix.base.pieces import in_pieces
from dpmix.chain.moves import move_alpha, move_pixels, sweep_assignments
from dpmix.chain.state import Chain
from dpmix.kernels.batch import find_best, merge_gains
from dpmix.kernels.hyperparameters import LEAST, MOST
from dpmix.model.prior import Gamma

__all__ = ["settled"]

_BLOCK = 1 << 16  # distances that are looked at together
_MERGING = 0.05  # share of the clusters that must go in a round of merging for another one to follow


def settled(table, plan, state, k):
    """The chain of `state`, in which images are seeds in slots 0 to `k` - 1 or the rest, once it has settled.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
    plan : dpmix.chain.plan.Plan
    state : dpmix.chain.state.State
    k : int

    Returns
    -------
    dpmix.chain.state.Chain
    """
    chain = Chain(table, state, plan.prior.c)
    chain.set_hyper(**_around_means(chain, plan.prior))
    _reassign(chain, plan, np.full(chain.n, k, np.int64), n_slots=k, may_stay=False)
    _reassign(chain, plan, chain.partition.z, n_slots=chain.n_clusters, may_stay=True)
    before = math.inf
    while chain.n_clusters < (1 - _MERGING) * before:
        before = chain.n_clusters
        sweep_assignments(chain, plan, 0)
        _merge(chain, plan)
    return chain


def _around_means(chain, prior):
    """Pseudo-counts of those pixels that are learned: of one image, with the pixel's mean."""
    partition = chain.partition
    seen = chain.n - partition.gaps.sum(axis=0) if chain.has_gaps else chain.n
    mean = (partition.ones.sum(axis=0) + 0.5) / (seen + 1)
    worth = {"a": mean, "b": 1 - mean}
    return {
        name: np.clip(worth[name], LEAST, MOST) for name in worth if isinstance(getattr(prior, name), Gamma)
    }


def _reassign(chain, plan, z, n_slots, may_stay):
    """Send all images at once where they are most probable; arguments are those of `find_best`."""
    found = np.empty(chain.n, np.int64)

    def visit(first, last):
        find_best(first, last, n_slots, may_stay, z, chain.runs, chain.tables, found)

    in_pieces(visit, chain.n, guess=max(1, min(512, 4_000_000 // (chain.d * n_slots))))
    _divide(chain, plan, found)


def _divide(chain, plan, slots):
    """Put the images into `slots` (n,), and draw hyperparameters given these clusters."""
    chain.divide(np.unique(slots, return_inverse=True)[1])
    everything = plan.with_schedule(replace(plan.schedule, pixel_step=1))
    move_pixels(chain, everything, 0)
    move_alpha(chain, everything, 0)


def _merge(chain, plan):
    """Merge all mutually nearest clusters that gain by it."""
    k, partition = chain.n_clusters, chain.partition
    ones, others = _mutually_nearest(partition.ones[:k], partition.sizes[:k])
    gains = np.empty(len(ones))

    def visit(first, last):
        merge_gains(first, last, ones, others, chain.hyper, partition, chain.tables.work, gains)

    in_pieces(visit, len(ones), guess=16)
    merging = gains > 0
    if merging.any():
        target = np.arange(k)
        target[others[merging]] = ones[merging]
        _divide(chain, plan, target[partition.z])


def _mutually_nearest(ones, sizes):
    """Pairs of clusters of which each is nearest to the other by Ward's increase: two (m,) int64, the lower first.

    Products of counts are whole numbers below 2 ** 53, so that no order of summing makes a difference.
    """
    counts, sizes = ones.astype(np.float64), sizes.astype(np.float64)
    squares = (counts**2).sum(axis=1) / sizes**2
    nearest = np.empty(len(sizes), np.int64)
    step = max(1, _BLOCK // len(sizes))
    for first in range(0, len(sizes), step):
        rows = slice(first, first + step)
        products = counts[rows] @ counts.T / (sizes[rows, None] * sizes)
        distances = squares[rows, None] + squares - 2 * products
        distances *= sizes[rows, None] * sizes / (sizes[rows, None] + sizes)
        distances[np.arange(len(distances)), first + np.arange(len(distances))] = np.inf
        nearest[rows] = distances.argmin(axis=1)
    lower = np.arange(len(sizes))
    is_pair = (nearest[nearest] == lower) & (lower < nearest)
    return lower[is_pair], nearest[is_pair]
