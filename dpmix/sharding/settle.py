"""The end of a round: hyperparameters drawn given the counts of all clusters, and what the chain has come to."""

import time
from types import SimpleNamespace

import numpy as np

from dpmix.chain.moves import MOVES
from dpmix.chain.state import Chain
from dpmix.kernels.records import Hyper, Partition
from dpmix.sharding.segment import GLOBAL
from dpmix.sharding.streams import HYPERPARAMETERS

__all__ = ["CountedChain", "settle"]


class CountedChain:
    """A chain of which only counts and hyperparameters are there: what `GLOBAL` moves and the log joint need.

    Attributes are those of `dpmix.chain.state.Chain`; no image is known to be in any cluster.
    """

    def __init__(self, counts, hyper, generator):
        self.n, self.n_clusters = int(counts.sizes.sum()), len(counts.sizes)
        self.d, self.hyper, self.generator = counts.ones.shape[1], hyper, generator
        self.partition = Partition(np.empty(0, np.int64), *counts)
        self.tables = SimpleNamespace(work=np.empty(18 * self.d))

    def set_hyper(self, **changes):
        """Give `alpha`, `a` or `b` new values."""
        self.hyper = self.hyper._replace(**changes)

    log_joint = Chain.log_joint


def settle(plan, streams, counts, state):
    """Draw the hyperparameters given the counts of all clusters.

    Parameters
    ----------
    plan : dpmix.chain.plan.Plan
    streams : dpmix.sharding.streams.Streams
    counts : dpmix.sharding.counts.Counts
    state : (alpha, a, b)

    Returns
    -------
    alpha : float
    a, b : (d,) float64
    figures : dict
        The log joint and what else is noted of a sweep.
    """
    chain = CountedChain(counts, Hyper(*state, plan.prior.c), streams.generator(HYPERPARAMETERS))
    figures = {}
    for name in GLOBAL:
        began = time.perf_counter()
        figures |= MOVES[name](chain, plan, streams.round_ix)
        figures[f"{name}_seconds"] = time.perf_counter() - began
    figures |= {"log_joint": chain.log_joint(), "n_clusters": chain.n_clusters, "alpha": chain.hyper.alpha}
    return *chain.hyper[:3], figures
