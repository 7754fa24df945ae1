"""One partition in the place of all draws, for queries about its clusters."""

import numpy as np
from scipy.stats import gmean

from dpmix.chain.plan import Plan
from dpmix.chain.record import ChainRecord, Draws
from dpmix.posterior.posterior import Posterior

__all__ = ["given_partition"]


def given_partition(posterior, labels):
    """A posterior of one draw: the partition `labels`, with hyperparameters at their geometric means."""
    plan = Plan.checked(posterior.plan.prior, 1, 1, 0, 1, "labels", posterior.plan.seed)
    draws = Draws.empty(posterior.table.n, posterior.table.d)
    kept = {
        "labels": labels[None],
        **{name: gmean(getattr(posterior, name), axis=(0, 1))[None] for name in ("alpha", "a", "b")},
    }
    trace = {name: np.zeros(1, column.dtype) for name, column in draws.trace.items()}
    trace["n_clusters"][:] = labels.max() + 1
    return Posterior(posterior.table, plan, [ChainRecord(None, Draws(trace, kept))], posterior.version)
