"""A segment: some sweeps of one chain, as a pure function. Everything parallel is built on it.

The same table, plan and state give the same bits in any process on any worker, so a segment that
was lost is simply run again.
"""

import numpy as np

from dpmix.chain import Chain
from dpmix.data import BinaryTable
from dpmix.kernels.compile import mark_complete
from dpmix.plan import Draws, Plan
from dpmix.prior import Prior
from dpmix.schedule import FIGURES, Schedule, run_sweep
from dpmix.starts import start

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
    chain = Chain(table, state, plan.prior.c)
    rows, kept = [], []
    for sweep in range(done + 1, done + n_sweeps + 1):
        rows.append(run_sweep(chain, plan, sweep))
        if plan.keeps(sweep):
            kept.append((_labels_by_size(chain), chain.hyper.alpha, chain.hyper.a, chain.hyper.b))
    empty = Draws.empty(table.n, table.d)
    trace = {name: np.array([row[name] for row in rows], dtype) for name, dtype in FIGURES.items()}
    columns = zip(*kept, strict=True) if kept else empty.kept.values()
    return chain.state(), Draws(trace, {name: np.array(column) for name, column in zip(empty.kept, columns, strict=True)})


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
    plan = Plan.checked(Prior(), chains=1, sweeps=1, burn_in=0, thin=1, init="seeds:1", seed=0,
                        schedule=Schedule(split_merge=1, birth_death=1))
    run_segment(table, plan, start(table, plan, None, 0), 0, 1)
    mark_complete()
