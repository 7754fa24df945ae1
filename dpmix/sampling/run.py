"""`sample` and `resume`: from images to a posterior, in memory or in a run folder."""

import contextlib
from collections.abc import Sequence
from concurrent.futures import Executor

from numpy.typing import ArrayLike

from dpmix.base.annotations import Executes, PathLike, Seed, Table, Whole
from dpmix.base.checks import check_bool, check_count
from dpmix.base.errors import InputError, InputTypeError, RunError
from dpmix.base.file_rows import FileRows
from dpmix.base.progress import Progress
from dpmix.base.version import __version__
from dpmix.chain.plan import Plan, usual_lengths, usual_schedule
from dpmix.chain.record import ChainRecord, Draws
from dpmix.chain.schedule import Schedule
from dpmix.chain.starts import check_init, default_init, start
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.posterior.posterior import Posterior
from dpmix.sampling.chains import run_chains
from dpmix.sampling.compiling import compile_first
from dpmix.sampling.dask_crew import client_of
from dpmix.sampling.dask_input import checked_form, is_dask_array, table_from_dask
from dpmix.sampling.drawn import Drawn, kept
from dpmix.sampling.packed_input import check_seen, check_whole, is_packed_file, table_from_packed
from dpmix.sampling.placement import checked_placement, opened
from dpmix.sampling.scratch import scratch_file
from dpmix.sampling.sharded import Pace, run_sharded_chains
from dpmix.store.run_folder import RunFolder
from dpmix.tables.columns import Columns

__all__ = ["resume", "sample"]


def sample(
    x: Table,
    prior: Prior | None = None,
    *,
    observed: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    columns: Sequence[str] | Columns | None = None,
    chains: Whole | None = None,
    sweeps: Whole | None = None,
    burn_in: Whole | None = None,
    thin: Whole | None = None,
    init: str | ArrayLike | None = None,
    seed: Seed = None,
    schedule: Schedule | None = None,
    jobs: Whole | None = None,
    executor: Executor | Executes | None = None,
    shards: Whole = 1,
    keep: str | None = None,
    out: PathLike | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Posterior:
    """Draw from the posterior of a Dirichlet process mixture of beta-Bernoulli pixels.

    Each sweep of a chain is the mix of moves that `Schedule` describes. With the same `x`, `prior`,
    `schedule`, `seed` and numbers of sweeps the draws are the same bits for any number of
    workers, on any executor, and through interruption and `resume`.

    Parameters
    ----------
    x : Images or (n, d) array of 0/1 or bool, a frame, a sparse matrix, or PackedFile
        One image a row. Masked entries of a `numpy.ma.MaskedArray`, NaN and null are not observed. A dask
        array is packed block by block into a file, on the workers where `executor` is a Client; a
        `dpmix.datasets.PackedFile` is one that is there already. All of these must be observed, and neither is
        ever held whole.
        A frame (pandas, polars, pyarrow, ...) may have columns of booleans and of two values, too: names and
        values are kept, in `Posterior.columns`, and its index in `Posterior.names`. A sparse matrix of SciPy, such
        as ``CountVectorizer(binary=True)`` gives, is never made dense.
    prior : Prior, optional
        By default ``Prior()``, which learns alpha, a and b.
    observed : (d,) or (n, d) array of bool, optional
        True where a pixel is observed; the others are summed over exactly, whatever their value.
    labels : (n,) array of int or str, optional
        A class for each image, from 0, as one more column of the table; -1, or NaN beside whole numbers, where it
        is not observed. Of texts, None or NaN where it is not; what they are is kept in `Posterior.label_names`.
        Labels sharpen the clusters and can then be asked for: see `predict_labels`.
    columns : sequence of str, optional
        Names of the columns of an `x` that has none of its own.
    chains, sweeps : int, optional
        Number of chains and sweeps of each, burn-in included. By default 20 chains of 20 sweeps, which is what
        predictions want; where one number is given, the other makes it about 400 sweeps in all, with at least
        20 of each chain and 5 to 20 chains. The number of clusters and `point_estimate` want fewer and longer
        chains, such as ``chains=4, sweeps=200``. Chains from another `init` than "near": by default 5 of 200.
    burn_in : int, optional
        Sweeps of each chain from which no draw is kept; by default half.
    thin : int, optional
        Every `thin`-th sweep after the burn-in is kept; by default up to 100 draws a chain.
    init : {"near", "near:K", "seeds", "seeds:K", "one", "random:K", "crp"} or (n,) array of int, optional
        Where every chain starts. "near", the default: each image in the cluster that predicts it best, of
        those around K images picked at random (one in 20, at most 3,000 or one in 200), which is where chains
        come after many sweeps from other starts. "seeds": each image with the nearest of K images picked at
        random (one in 200); the default with `shards`. Of both, where the prior gives `a` and `b` as numbers, one
        in 400: fewer clusters than such chains will have. Or all in one cluster, in K random groups, in a draw
        from the prior, or in the given clusters.
    seed : int or numpy.random.Generator, optional
        Chain c draws from ``SeedSequence(seed, spawn_key=(c,))``. A generator gives a number of its stream, which
        moves it on. By default fresh entropy; either is what ``posterior.plan.seed`` remembers.
    schedule : Schedule, optional
        How many proposals of each kind a sweep makes. By default ``Schedule()``, but from "near" 2 proposals
        of births and deaths: such chains start with more clusters than they keep. Where the prior gives `a` and
        `b` as numbers, from any start, 100 of splits and mergers and 20 of births and deaths.
    jobs : int, optional
        Worker processes on this machine; by default one for each shard of each chain, up to the number
        of cores. With 1, everything runs in this process, and so it does in a daemonic process (a worker
        of ``multiprocessing.Pool``), which may start no others.
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        Where segments run instead. With shards, the images live with the workers of a Dask client.
    shards : int
        Spread each chain over so many shards, which sweep at the same time on different workers
        (`dpmix.sharding`): for more images than one process can sweep. Exact for any number, which is
        part of what determines the draws. Keep at least a hundred clusters a shard.
    keep : {"labels", "counts"}, optional
        What is kept of a draw: the cluster of each image, or the counts of each cluster. Counts are enough to
        predict, score, complete and draw, without a pass over the images, and take no more room for more of
        these; what asks which images are together, as `dpmix.partitions` does, needs labels. The draws are
        the same. By default labels, and counts where `shards` is more than 1.
    out : path, optional
        Run folder to write as the chains go; a run that was killed goes on from it with `resume`.
    overwrite : bool
        Replace a run folder that is there already.
    progress : bool
        Show progress on the standard error stream.

    Returns
    -------
    Posterior

    Raises
    ------
    InputError
        Anything about the arguments, before any work starts.
    WorkerError
        A worker died four times over the same segment, workers cannot start, memory ran out, or
        `executor` does not what executors do.
    RunError
        The run folder cannot be written, for instance because the disk is full.
    Interrupted
        Ctrl-C.

    Notes
    -----
    Whatever ends a run early loses no finished segment: the error has the draws so far as its
    ``posterior``, and ``dpmix.last_run()`` returns them.

    References
    ----------
    Neal, R. M. (2000). Markov chain sampling methods for Dirichlet process mixture models.
    Journal of Computational and Graphical Statistics 9, 249-265.

    Examples
    --------
    >>> import dpmix
    >>> digits = dpmix.datasets.load_digits(classes=[0, 1])
    >>> posterior = dpmix.sample(digits, chains=2, sweeps=20, seed=1, jobs=1, progress=False)
    >>> posterior.labels.shape
    (2, 10, 360)
    """
    prior = _checked_or("prior", prior, Prior, Prior)
    table, (n, d) = _checked_input(x, observed, labels, columns)
    prior.pseudo_counts(d)
    shards = check_count("shards", shards, 1, n)
    init, first = check_init(default_init(shards) if init is None else init, n, prior.learns_pixels)
    schedule = _checked_or("schedule", schedule, Schedule, lambda: usual_schedule(init, prior.learns_pixels))
    chains, sweeps = usual_lengths(init, chains, sweeps)
    plan = Plan.checked(prior, chains, sweeps, burn_in, thin, init, seed, schedule, shards, keep)
    plan.check_memory(n, d)
    placement = checked_placement(plan, jobs, executor)
    check_bool("progress", progress)
    check_bool("overwrite", overwrite)
    if table is None:  # the last, for blocks may take long to make
        table = _table_from(x, observed, labels, client_of(executor))
    drawn = Drawn(table, plan)
    with kept(drawn), _destination(out, table, plan, overwrite) as (folder, data_path):
        if folder and isinstance(table.packed, FileRows):
            drawn.table = table = folder.table
        data_path = x.path if is_packed_file(x) else data_path
        records = [_fresh(table, plan, first, chain) for chain in range(plan.chains)]
        if folder:
            for chain, record in enumerate(records):
                folder.write_chain(chain, record)
        drawn.begin(records, folder)
        return _run(drawn, data_path, folder, placement, progress)


def _checked_or(name, value, kind, default):
    """`value`, which must be a `kind`, or where it is None what `default` makes."""
    value = default() if value is None else value
    if not isinstance(value, kind):
        raise InputTypeError(f"{name} must be a dpmix.{kind.__name__}; got {type(value).__name__}")
    return value


def _checked_input(x, observed, labels, columns):
    """The table of images that are in memory, or None, and the numbers of images and pixels."""
    if is_dask_array(x):
        _refuse_columns(columns, "a dask array")
        return None, checked_form(x, observed)
    if is_packed_file(x):
        _refuse_columns(columns, "a PackedFile")
        check_whole(observed, labels)
        return None, x.shape
    table = BinaryTable.from_input(x, observed, labels, columns=columns)
    return table, (table.n, table.d)


def _table_from(x, observed, classes, client):
    """The table of images that are not in memory, whose rows stay in a file."""
    if is_packed_file(x):
        check_seen(x, client)
        return table_from_packed(x)
    return table_from_dask(x, observed, classes, client)


def _refuse_columns(columns, what):
    if columns is not None:
        raise InputError(f"columns cannot be given for {what} x", "pass x as an array in memory")


def resume(
    path: PathLike,
    sweeps: Whole | None = None,
    *,
    jobs: Whole | None = None,
    executor: Executor | Executes | None = None,
    progress: bool = True,
) -> Posterior:
    """Go on with the run in folder `path`, from the last segment that each chain finished.

    Parameters
    ----------
    path : path
        A run folder that `sample` or ``dpmix fit`` wrote.
    sweeps : int, optional
        New total length of each chain, at least the planned one; by default the planned one, which
        completes a run that was interrupted. Asking twice for the same total does nothing more.
    jobs, executor, progress
        As for `sample`; they make no difference to the draws.

    Returns
    -------
    Posterior

    Raises
    ------
    RunError
        The folder is damaged, of another version, or in use by another process, or cannot be written.
    InputError, WorkerError, Interrupted
        As for `sample`.
    """
    check_bool("progress", progress)
    with RunFolder.open(path, write=True) as folder:
        plan, table = folder.plan, folder.table
        if sweeps is not None:
            plan = plan.lengthened(sweeps)
            plan.check_memory(table.n, table.d)
        placement = checked_placement(plan, jobs, executor)
        records = [
            folder.read_chain(chain) or _fresh(table, plan, None, chain) for chain in range(plan.chains)
        ]
        if plan.sweeps != folder.plan.sweeps:
            folder.set_plan(plan)
        drawn = Drawn(table, plan)
        drawn.begin(records, folder)
        with kept(drawn):
            return _run(drawn, folder.data_path, folder, placement, progress)


def _fresh(table, plan, labels, chain):
    """Record of a chain before its first sweep."""
    if plan.init == "labels" and labels is None:
        raise RunError(
            f"chain {chain} was stopped before its given starting labels were saved; start the run anew"
        )
    return ChainRecord(start(table, plan, labels, chain), Draws.fresh(table, plan))


@contextlib.contextmanager
def _destination(out, table, plan, overwrite):
    """The run folder (or None) and the file from which workers read the pixels."""
    if out is None and isinstance(table.packed, FileRows):
        yield None, table.packed.path
    elif out is None:
        with scratch_file(table) as path:
            yield None, path
    else:
        with RunFolder.create(out, table, plan, overwrite=overwrite) as folder:
            del table  # and the temporary file of a dask array, of which the folder now has its own copy
            yield folder, folder.data_path


def _run(drawn, data_path, folder, placement, show):
    """Run the chains of `drawn` to their end and return their posterior."""
    table, plan, records = drawn.table, drawn.plan, drawn.records
    with Progress(
        plan.chains, plan.sweeps, show=show, started=[record.sweeps for record in records]
    ) as shown:
        pace = Pace(plan, table.n, records)

        def on_segment(chain, record):
            drawn.remember()
            if folder:
                folder.write_chain(chain, record)
            trace = record.draws.trace
            figures = {"clusters": int(trace["n_clusters"][-1]), "log_joint": float(trace["log_joint"][-1])}
            if plan.shards > 1:
                figures |= pace.figures(chain, record.sweeps)
            shown.update(chain, record.sweeps, **figures)

        seconds_to_start = compile_first(shown, plan.shards)
        if plan.shards > 1:
            shown.message(f"{plan.shards} shards, {plan.schedule.round_sweeps} sweeps a round")
        with opened(placement, table, seconds_to_start) as executor:
            if plan.shards == 1:
                run_chains(table, data_path, plan, records, executor, on_segment)
            else:
                run_sharded_chains(table, data_path, plan, records, executor, on_segment, shown.message)
    return Posterior(table, plan, records, __version__)
