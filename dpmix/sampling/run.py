"""`sample` and `resume`: from images to a posterior, in memory or in a run folder."""

import contextlib
import tempfile
import time
from concurrent.futures import Executor
from pathlib import Path

from numpy.typing import ArrayLike

from dpmix.base.annotations import Executes, PathLike, Seed, Table, Whole
from dpmix.base.checks import check_bool, check_count
from dpmix.base.errors import InputTypeError, RunError
from dpmix.base.progress import Progress
from dpmix.base.version import __version__
from dpmix.chain.plan import Plan, usual_lengths, usual_schedule
from dpmix.chain.record import ChainRecord, Draws
from dpmix.chain.schedule import Schedule
from dpmix.chain.starts import check_init, default_init, start
from dpmix.kernels.compile import is_complete, on_compile
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.posterior.posterior import Posterior
from dpmix.sampling.chains import run_chains
from dpmix.sampling.dask_crew import client_of
from dpmix.sampling.dask_input import checked_form, is_dask_array, table_from_dask
from dpmix.sampling.drawn import Drawn, kept
from dpmix.sampling.placement import checked_placement, opened
from dpmix.sampling.sharded import Pace, run_sharded_chains
from dpmix.sampling.workers import SECONDS_TO_START
from dpmix.sharding.warmth import warm_up
from dpmix.store.run_folder import RunFolder
from dpmix.store.table_file import write_table

__all__ = ["resume", "sample"]


def sample(
    x: Table,
    prior: Prior | None = None,
    *,
    observed: ArrayLike | None = None,
    labels: ArrayLike | None = None,
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
    x : Images or (n, d) array of 0/1 or bool
        One image a row. Masked entries of a `numpy.ma.MaskedArray` and NaN are not observed. A dask
        array is packed block by block, on the workers where `executor` is a Client; all of it must be observed.
    prior : Prior, optional
        By default ``Prior()``, which learns alpha, a and b.
    observed : (d,) or (n, d) array of bool, optional
        True where a pixel is observed; the others are summed over exactly, whatever their value.
    labels : (n,) array of int, optional
        A class for each image, from 0, as one more column of the table; -1, or NaN beside whole numbers, where it
        is not observed.
        Labels sharpen the clusters and can then be asked for: see `predict_labels`.
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
        random (one in 200); the default with `shards`. Or all in one cluster, in K random groups, in a draw
        from the prior, or in the given clusters.
    seed : int or numpy.random.Generator, optional
        Chain c draws from ``SeedSequence(seed, spawn_key=(c,))``. A generator gives a number of its stream, which
        moves it on. By default fresh entropy; either is what ``posterior.plan.seed`` remembers.
    schedule : Schedule, optional
        How many proposals of each kind a sweep makes. By default ``Schedule()``, from "near" with 2 proposals
        of births and deaths a sweep: such chains start with more clusters than they will have.
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
    prior = Prior() if prior is None else prior
    if not isinstance(prior, Prior):
        raise InputTypeError(f"prior must be a dpmix.Prior; got {type(prior).__name__}")
    classes, table = labels, None
    if is_dask_array(x):
        n, d = checked_form(x, observed)
    else:
        table = BinaryTable.from_input(x, observed, classes)
        n, d = table.n, table.d
    prior.pseudo_counts(d)
    shards = check_count("shards", shards, 1, n)
    init, labels = check_init(default_init(shards) if init is None else init, n)
    schedule = usual_schedule(init) if schedule is None else schedule
    if not isinstance(schedule, Schedule):
        raise InputTypeError(f"schedule must be a dpmix.Schedule; got {type(schedule).__name__}")
    chains, sweeps = usual_lengths(init, chains, sweeps)
    plan = Plan.checked(prior, chains, sweeps, burn_in, thin, init, seed, schedule, shards)
    plan.check_memory(n, d)
    placement = checked_placement(plan, jobs, executor)
    check_bool("progress", progress)
    check_bool("overwrite", overwrite)
    if table is None:  # the last, for blocks may take long to make
        table = table_from_dask(x, observed, classes, client_of(executor))
    drawn = Drawn(table, plan)
    with kept(drawn), _destination(out, table, plan, overwrite) as (folder, data_path):
        records = [_fresh(table, plan, labels, chain) for chain in range(plan.chains)]
        if folder:
            for chain, record in enumerate(records):
                folder.write_chain(chain, record)
        drawn.begin(records, folder)
        return _run(drawn, data_path, folder, placement, progress)


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
    return ChainRecord(start(table, plan, labels, chain), Draws.empty(table.n, table.d))


@contextlib.contextmanager
def _destination(out, table, plan, overwrite):
    """The run folder (or None) and the file from which workers read the pixels."""
    if out is None:
        with contextlib.ExitStack() as stack:
            yield None, _scratch_file(table, stack)
    else:
        with RunFolder.create(out, table, plan, overwrite=overwrite) as folder:
            yield folder, folder.data_path


def _scratch_file(table, stack):
    """Path of a file with the packed pixels for workers to read, gone when `stack` is left."""
    try:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="dpmix-", ignore_cleanup_errors=True))
        )
        with open(folder / "data.npy", "xb") as file:
            write_table(file, table)
    except OSError as error:
        raise RunError(
            f"cannot write a temporary file for the workers: {error.strerror or error}",
            "free some room there, let TMPDIR name another folder, or pass out=...",
        ) from error
    return folder / "data.npy"


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

        seconds_to_start = _compile_first(shown)
        if plan.shards > 1:
            shown.message(f"{plan.shards} shards, {plan.schedule.round_sweeps} sweeps a round")
        with opened(placement, table, seconds_to_start) as executor:
            run = run_chains if plan.shards == 1 else run_sharded_chains
            run(table, data_path, plan, records, executor, on_segment)
    return Posterior(table, plan, records, __version__)


def _compile_first(shown):
    """Where kernels are not in the cache, compile all of them here, once, and not in every worker.

    Returns how long a worker may take to start, in seconds: longer where there is no cache, and each compiles.
    """
    on_compile(lambda: shown.message("compiling kernels: this happens once and takes about half a minute"))
    begun = time.monotonic()
    if not is_complete():
        warm_up()
    return SECONDS_TO_START + (0 if is_complete() else 10 * (time.monotonic() - begun))
