"""A segment: some sweeps of one chain, as a pure function. Everything parallel is built on it.

The same table, plan and state give the same bits in any process on any worker, so a segment that
was lost is simply run again.
"""

import time

import numpy as np

from dpmix.chain.moves import MOVES
from dpmix.chain.plan import Plan
from dpmix.chain.record import FIGURES, Draws
from dpmix.chain.schedule import Schedule
from dpmix.chain.starts import start
from dpmix.chain.state import Chain
from dpmix.kernels.compile import mark_complete
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable

__all__ = ["labels_by_size", "run_segment", "run_sweep", "warm_up"]


def run_segment(table, plan, state, done, n_sweeps):
    """Run sweeps `done` + 1 to `done` + `n_sweeps` of the chain that stands at `state`.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
    plan : dpmix.chain.plan.Plan
    state : dpmix.chain.state.State
    done, n_sweeps : int

    Returns
    -------
    state : dpmix.chain.state.State
    draws : dpmix.chain.record.Draws
    """
    chain = Chain(table, state, plan.prior.c)
    rows, kept = [], []
    for sweep in range(done + 1, done + n_sweeps + 1):
        rows.append(run_sweep(chain, plan, sweep))
        if plan.keeps(sweep):
            labels = labels_by_size(chain.partition.z, chain.partition.sizes[: chain.n_clusters])
            kept.append((labels, chain.hyper.alpha, chain.hyper.a, chain.hyper.b))
    empty = Draws.empty(table.n, table.d)
    trace = {name: np.array([row[name] for row in rows], dtype) for name, dtype in FIGURES.items()}
    columns = zip(*kept, strict=True) if kept else empty.kept.values()
    draws = {name: np.array(column) for name, column in zip(empty.kept, columns, strict=True)}
    return chain.state(), Draws(trace, draws)


def run_sweep(chain, plan, sweep, moves=MOVES):
    """Run sweep number `sweep`, counted from 1, of `chain`: every one of `moves` in turn.

    Parameters
    ----------
    chain : dpmix.chain.state.Chain
        Changed in place.
    plan : dpmix.chain.plan.Plan
    sweep : int
    moves : dict of str to function
        As `dpmix.chain.moves.MOVES`.

    Returns
    -------
    figures : dict
        One value for each of ``figures_of(moves)``: log joint in nats, times in seconds, counts.
    """
    began = time.perf_counter()
    figures = {}
    for name, move in moves.items():
        start_of_move = time.perf_counter()
        figures |= move(chain, plan, sweep)
        figures[f"{name}_seconds"] = time.perf_counter() - start_of_move
    figures |= {"log_joint": chain.log_joint(), "n_clusters": chain.n_clusters, "alpha": chain.hyper.alpha}
    figures["seconds"] = time.perf_counter() - began
    return figures


def labels_by_size(z, sizes):
    """Clusters of all images, numbered by decreasing size (ties: the lower slot first): (n,) uint16 or int32.

    Parameters
    ----------
    z : (n,) int
        Slot of each image.
    sizes : (k,) int64
        Images in each slot.
    """
    k = len(sizes)
    order = np.argsort(-sizes.astype(np.int64), kind="stable")
    rank = np.empty(k, np.uint16 if k <= 1 << 16 else np.int32)
    rank[order] = np.arange(k)
    return rank[z]


def warm_up():
    """Make every kernel that a segment calls ready, from the cache or by compiling it."""
    table = BinaryTable.from_input(np.eye(2, dtype=np.uint8))
    plan = Plan.checked(
        Prior(),
        chains=1,
        sweeps=1,
        burn_in=0,
        thin=1,
        init="seeds:1",
        seed=0,
        schedule=Schedule(split_merge=16, birth_death=64),
    )  # of each kind, both
    run_segment(table, plan, start(table, plan, None, 0), 0, 1)
    mark_complete()
