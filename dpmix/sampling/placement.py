"""Where the segments of a run are computed: in this process, on workers of ours, on the caller's executor."""

import contextlib
import multiprocessing
from concurrent.futures import Executor

from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.sampling.dask_crew import check_client, client_of
from dpmix.sampling.delivery import holding
from dpmix.sampling.here import HereExecutor
from dpmix.sampling.workers import ProcessWorkers, available_cores

__all__ = ["checked_placement", "opened"]


def checked_placement(plan, jobs, executor):
    """Where segments shall run: an executor of the caller's, or a number of workers.

    A daemonic process, such as a worker of ``multiprocessing.Pool``, may have no children: there it is 1,
    which is this process.
    """
    if executor is not None:
        if jobs is not None:
            raise InputError("jobs and executor exclude each other; leave one out")
        client = client_of(executor)
        if client is None:
            return _checked_executor(executor)
        check_client(client)
        return client if plan.shards > 1 else client.get_executor(pure=False)
    jobs = available_cores() if jobs is None else check_count("jobs", jobs)
    return 1 if multiprocessing.current_process().daemon else min(jobs, plan.chains * plan.shards)


def _checked_executor(executor):
    """`executor`, which is one as far as can be seen from outside."""
    if isinstance(executor, type):
        name = executor.__name__
        raise InputTypeError(f"executor must be an executor, not the class {name}", f"pass {name}(...)")
    if isinstance(executor, Executor):
        return executor
    kind = type(executor).__name__
    if callable(getattr(executor, "get_executor", None)):  # a client of Dask: its futures are of its own kind
        raise InputTypeError(
            f"executor must be a concurrent.futures.Executor; got a {kind}, which can make one",
            f"pass executor=client.get_executor() of that {kind}",
        )
    if not callable(getattr(executor, "submit", None)):
        raise InputTypeError(
            f"executor must have a submit method like concurrent.futures.Executor; got {kind}"
        )
    return executor


@contextlib.contextmanager
def opened(placement, table, seconds_to_start):
    """The executor for a placement; our own workers are gone when the block is left."""
    if not isinstance(placement, int):
        yield placement
    elif placement == 1:
        with holding(table):
            yield HereExecutor()
    else:
        with ProcessWorkers(placement, seconds_to_start=seconds_to_start) as workers:
            yield workers
