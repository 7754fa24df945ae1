"""A segment: some sweeps of one chain, as a pure function. Everything parallel is built on it.

The same table, plan and state give the same bits in any process on any worker, so a segment that
was lost is simply run again.
"""

import time

import numpy as np

from dpmix.chain.kept import counts_row, empty_kept, joined_rows, labels_row
from dpmix.chain.moves import MOVES
from dpmix.chain.plan import Plan
from dpmix.chain.record import FIGURES, Draws
from dpmix.chain.schedule import Schedule
from dpmix.chain.starts import begun, start
from dpmix.chain.state import Chain
from dpmix.kernels.beta_bernoulli import log_likelihood
from dpmix.kernels.birth_death import birth, death
from dpmix.kernels.compile import mark_complete, prepare
from dpmix.kernels.gibbs import sweep_images
from dpmix.kernels.hyperparameters import move_pseudo_counts
from dpmix.kernels.partition import count_images, fill_tables
from dpmix.kernels.records import LANES, Hyper, Runs, empty_partition, empty_proposals, empty_tables
from dpmix.kernels.runs import count_runs, list_runs
from dpmix.kernels.split_merge import merge, split
from dpmix.model.prior import Prior
from dpmix.model.runs import no_runs
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
    chain = Chain(table, state, plan.prior.c) if done else begun(table, plan, state)
    rows, kept = [], []
    for sweep in range(done + 1, done + n_sweeps + 1):
        rows.append(run_sweep(chain, plan, sweep))
        if plan.keeps(sweep):
            kept.append(_draw(chain, plan.keep))
    trace = {name: np.array([row[name] for row in rows], dtype) for name, dtype in FIGURES.items()}
    return chain.state(), Draws(trace, joined_rows(kept, empty_kept(table, plan.keep)))


def _draw(chain, keep):
    """Where `chain` stands, as a draw."""
    z, *counts = chain.partition
    counts = [values[: chain.n_clusters] for values in counts]
    if keep == "counts":
        return counts_row(counts, chain.hyper[:3])
    return labels_row(labels_by_size(z, counts[0]), chain.hyper[:3])


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


def warm_up(backwards=False):
    """Make every kernel that a segment calls ready, from the cache or by compiling it.

    Parameters
    ----------
    backwards : bool
        Begin with what comes last otherwise, for a second process that shares the work.
    """
    table = BinaryTable.from_input(np.eye(2, dtype=np.uint8))
    calls = _kernel_calls(table)
    for kernel, arguments in reversed(calls) if backwards else calls:
        prepare(kernel, *arguments)
    plan = Plan.checked(
        Prior(),
        chains=1,
        sweeps=1,
        burn_in=0,
        thin=1,
        init="near:1",
        seed=0,
        schedule=Schedule(split_merge=16, birth_death=64),
    )  # of each kind, both
    run_segment(table, plan, start(table, plan, None, 0), 0, 1)
    mark_complete()


def _kernel_calls(table):
    """The kernels that take longest to compile, with arguments, so that both halves take about as long."""
    runs, generator, first = _runs_alike(table), np.random.default_rng(0), (0, 1)
    hyper = Hyper(1.0, np.ones(table.d), np.ones(table.d), 1.0)
    partition = empty_partition(np.zeros(table.n, np.int64), table.d, LANES, False, 0)
    tables, floats = empty_tables(partition), np.ones((7, 2))
    records = runs, hyper, partition, tables
    split_merge, birth_death = ((1, generator, *records, work) for work in empty_proposals(partition))
    a_b_bins = hyper.a, hyper.b, np.zeros(2, np.int32)
    return [
        (count_runs, (table.packed, 1, partition.z)),
        (fill_tables, (*first, *records[1:])),
        (death, birth_death),
        (birth, birth_death),
        (count_images, (*first, runs, partition)),
        (log_likelihood, (*first, hyper, partition, tables.work, floats[0])),
        (move_pseudo_counts, (*first, 1, 1, floats, generator, partition, *a_b_bins, floats)),
        (merge, split_merge),
        (sweep_images, (*first, 1, floats[0], 1.0, *records)),
        (split, split_merge),
        (list_runs, (table.packed, 1, runs.starts, runs.stops)),
    ]


def _runs_alike(table):
    """Runs of a table as kernels see them, without any run, which it would take a kernel to find."""
    offsets, starts, stops = no_runs(table.n)
    return Runs(offsets, offsets[1:].copy(), starts, stops, offsets, starts, stops, table.classes)
