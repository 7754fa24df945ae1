"""The start ``init="near:K"``: clusters around K images, close to where a chain would take many sweeps to come.

Each of K images picked at random is a cluster of its own. All images go, at once, to the seed under whose cluster
they are most probable, hyperparameters are drawn given these clusters, and all images go once more, at once, to
the cluster that predicts them best, themselves left out. That second round closes most clusters of one image and
takes no longer than half a sweep. For the first round, a pixel that is learned has pseudo-counts
that are worth one image and have the pixel's mean.
"""

from dataclasses import replace

import numpy as np

from dpmix.base.pieces import in_pieces
from dpmix.chain.moves import move_alpha, move_pixels
from dpmix.chain.state import Chain, State
from dpmix.kernels.batch import find_best
from dpmix.kernels.hyperparameters import LEAST, MOST
from dpmix.model.prior import Gamma

__all__ = ["settled"]


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
    rest = np.full(chain.n, k, np.int64)
    chain = _reassigned(table, plan, chain, rest, n_slots=k, may_stay=False)
    return _reassigned(table, plan, chain, chain.partition.z, n_slots=chain.n_clusters, may_stay=True)


def _around_means(chain, prior):
    """Pseudo-counts of those pixels that are learned: of one image, with the pixel's mean."""
    partition = chain.partition
    seen = chain.n - partition.gaps.sum(axis=0) if chain.has_gaps else chain.n
    mean = (partition.ones.sum(axis=0) + 0.5) / (seen + 1)
    worth = {"a": mean, "b": 1 - mean}
    return {
        name: np.clip(worth[name], LEAST, MOST) for name in worth if isinstance(getattr(prior, name), Gamma)
    }


def _reassigned(table, plan, chain, z, n_slots, may_stay):
    """The chain after all its images went at once where they are most probable, and hyperparameters were drawn."""
    found = np.empty(chain.n, np.int64)

    def visit(first, last):
        find_best(first, last, n_slots, may_stay, z, chain.runs, chain.tables, found)

    in_pieces(visit, chain.n, guess=max(1, min(512, 4_000_000 // (chain.d * n_slots))))
    slots = np.unique(found, return_inverse=True)[1].astype(np.int32)
    chain = Chain(table, State(slots, *chain.state()[1:]), plan.prior.c)
    everything = plan.with_schedule(replace(plan.schedule, pixel_step=1))
    move_pixels(chain, everything, 0)
    move_alpha(chain, everything, 0)
    return chain
