"""A segment: some sweeps of one chain, as a pure function. Everything parallel is built on it.

The same table, plan and state give the same bits in any process on any worker, so a segment that
was lost is simply run again.
"""

import time

import numpy as np

from dpmix.chain.moves import bear_and_bury, move_alpha, move_pixels, split_and_merge, sweep_assignments
from dpmix.chain.plan import Plan
from dpmix.chain.record import Draws
from dpmix.chain.schedule import FIGURES, MOVES, PROPOSALS, Schedule
from dpmix.chain.starts import start
from dpmix.chain.state import Chain
from dpmix.kernels.compile import mark_complete
from dpmix.model.prior import Gamma, Prior
from dpmix.model.table import BinaryTable

__all__ = ["run_segment", "run_sweep", "warm_up"]


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
            kept.append((_labels_by_size(chain), chain.hyper.alpha, chain.hyper.a, chain.hyper.b))
    empty = Draws.empty(table.n, table.d)
    trace = {name: np.array([row[name] for row in rows], dtype) for name, dtype in FIGURES.items()}
    columns = zip(*kept, strict=True) if kept else empty.kept.values()
    draws = {name: np.array(column) for name, column in zip(empty.kept, columns, strict=True)}
    return chain.state(), Draws(trace, draws)


def run_sweep(chain, plan, sweep):
    """Run sweep number `sweep`, counted from 1, of `chain`.

    Parameters
    ----------
    chain : dpmix.chain.state.Chain
        Changed in place.
    plan : dpmix.chain.plan.Plan

    Returns
    -------
    figures : dict
        One value for each of FIGURES: log joint in nats, times in seconds, counts.
    """
    schedule, prior = plan.schedule, plan.prior
    alpha, a, b = (value if isinstance(value, Gamma) else None for value in (prior.alpha, prior.a, prior.b))
    ticks = [time.perf_counter()]

    def timed(result=None):
        ticks.append(time.perf_counter())
        return result

    split_merge = timed(split_and_merge(chain, schedule.split_merge))
    birth_death = timed(bear_and_bury(chain, schedule.birth_death))
    n_moved = timed(sweep_assignments(chain))
    timed(move_alpha(chain, alpha) if alpha else None)
    timed(move_pixels(chain, a, b, sweep % schedule.pixel_step, schedule.pixel_step) if a or b else None)
    figures = {
        "log_joint": chain.log_joint(),
        "n_clusters": chain.n_clusters,
        "alpha": chain.hyper.alpha,
        "n_moved": n_moved,
        "seconds": time.perf_counter() - ticks[0],
    }
    for kind, (proposals, accepted) in zip(PROPOSALS, [*split_merge, *birth_death], strict=True):
        figures[f"{kind}_proposals"], figures[f"{kind}_accepted"] = proposals, accepted
    for move, began, ended in zip(MOVES, ticks, ticks[1:], strict=False):
        figures[f"{move}_seconds"] = ended - began
    return figures


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
    plan = Plan.checked(
        Prior(),
        chains=1,
        sweeps=1,
        burn_in=0,
        thin=1,
        init="seeds:1",
        seed=0,
        schedule=Schedule(split_merge=16, birth_death=16),
    )  # of each kind, both
    run_segment(table, plan, start(table, plan, None, 0), 0, 1)
    mark_complete()
