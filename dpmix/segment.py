"""A segment: some sweeps of one chain, as a pure function. Everything parallel is built on it.

The same table, plan and state give the same bits in any process on any worker, so a segment that
was lost is simply run again.
"""

import time

import numpy as np

from dpmix.chain import Chain
from dpmix.data import BinaryTable
from dpmix.kernels.compile import mark_complete
from dpmix.plan import TRACE_NAMES, Draws, Plan
from dpmix.prior import Prior
from dpmix.starts import start
from dpmix.sweep import sweep_assignments

__all__ = ["run_segment", "warm_up"]


def run_segment(table, plan, state, done, n_sweeps):
    """Run sweeps `done` + 1 to `done` + `n_sweeps` of the chain that stands at `state`.

    Parameters
    ----------
    table : dpmix.data.BinaryTable
    plan : dpmix.plan.Plan
    state : dpmix.chain.State
    done, n_sweeps : int

    Returns
    -------
    state : dpmix.chain.State
    draws : dpmix.plan.Draws
    """
    chain = Chain(table, state)
    trace = {name: [] for name in TRACE_NAMES}
    kept = []
    for sweep in range(done + 1, done + n_sweeps + 1):
        began = time.perf_counter()
        n_moved = sweep_assignments(chain)
        values = (chain.log_joint(), chain.n_clusters, chain.hyper.alpha, n_moved, time.perf_counter() - began)
        for name, value in zip(TRACE_NAMES, values, strict=True):
            trace[name].append(value)
        if plan.keeps(sweep):
            kept.append((_labels_by_size(chain), chain.hyper.alpha, chain.hyper.a, chain.hyper.b))
    empty = Draws.empty(table.n, table.d)
    whole = {name: np.array(trace[name], empty.trace[name].dtype) for name in TRACE_NAMES}
    rows = {name: np.array(column) for name, column in zip(empty.kept, zip(*kept, strict=True))} if kept else empty.kept
    return chain.state(), Draws(whole, rows)


def _labels_by_size(chain):
    """Clusters of all images, numbered by decreasing size (ties: the lower slot first)."""
    k = chain.n_clusters
    order = np.argsort(-chain.partition.sizes[:k].astype(np.int64), kind="stable")
    rank = np.empty(k, np.uint16 if k <= 1 << 16 else np.int32)
    rank[order] = np.arange(k)
    return rank[chain.partition.z]


def warm_up():
    """Make every kernel that a segment calls ready, from the cache or by compiling it."""
    table = BinaryTable.from_input(np.eye(2, dtype=np.uint8))
    plan = Plan.checked(Prior(), chains=1, sweeps=1, burn_in=0, thin=1, init="one", seed=0)
    run_segment(table, plan, start(table, plan, None, 0), 0, 1)
    mark_complete()
