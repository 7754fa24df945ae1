"""Several chains side by side: segments handed to an executor, results put together and kept.

One chain has at most one segment in flight, since each starts where the last one ended. A segment
whose worker died, or that lacked memory, is run again from the same state and gives the same draws. Executors
of the caller are trusted with nothing: whatever they do, the caller gets a `WorkerError` that says so.
"""

import contextlib
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait

from dpmix.base.errors import WorkerError
from dpmix.chain.record import ChainRecord
from dpmix.sampling.delivery import MISSING, Asked, TableHandle, checked_answer, remote_segment
from dpmix.sampling.here import HereExecutor
from dpmix.sampling.shortage import described, described_object, is_killed, memory_remedy
from dpmix.sampling.workers import ProcessWorkers, WorkerDied

__all__ = ["checked_future", "ended_of", "error_of", "run_chains"]

_SEGMENT_SECONDS = 1.0  # how much work a crash or Ctrl-C may cost
_WRITING = 20.0  # a segment computes this many times as long as it takes to keep it, if that is longer
_ATTEMPTS = 4  # the first and three more
_SECONDS_TO_LOOK = 5.0  # after which futures are looked at, where none has said that it is done


class _Work:
    """Segments in flight of one run."""

    def __init__(self, table, data_path, plan, records, executor, on_segment):
        self.table, self.plan, self.records = table, plan, records
        self.executor, self.on_segment = executor, on_segment
        self.handle = TableHandle.of(table, data_path)
        self.at_once = isinstance(executor, HereExecutor)
        self.is_own = self.at_once or isinstance(executor, ProcessWorkers)
        self.sizes = {}  # chain -> sweeps of its next segment
        self.keeping = Counter()  # chain -> seconds that on_segment took
        self.failures = Counter()
        self.flying = {}  # future -> (Asked, whether the table went along)

    def launch(self, chain, carry=False):
        """Hand over the next segment of `chain`, if it has sweeps left."""
        record = self.records[chain]
        n_sweeps = min(self.sizes.setdefault(chain, 1), self.plan.sweeps - record.sweeps)
        if n_sweeps <= 0:
            return
        handle = self.handle.carrying(self.table) if carry else self.handle
        generator = record.state.generator.tobytes()
        asked = Asked(chain, record.sweeps, n_sweeps, self.handle.digest, generator)
        try:
            future = self.executor.submit(remote_segment, asked, handle, self.plan, record.state)
            self.flying[checked_future(future)] = (asked, carry)
        except MemoryError:
            raise
        except Exception as error:
            raise self._stopped(chain, f"the executor takes no work: {described(error)}") from error

    def land(self, future):
        """Take in a finished segment and hand over the one that follows."""
        asked, carried = self.flying.pop(future)
        chain, error = asked.chain, error_of(future)
        if error is not None:
            self._fail(chain, error)
            return
        try:
            record = self._taken(future.result(), asked, carried)
        except MemoryError as shortage:
            self._retry(chain, shortage)
            return
        if record is None:
            self.launch(chain, carry=True)
            return
        self.failures[chain] = 0
        self.records[chain] = record
        if self.at_once:  # nobody would work meanwhile
            self._keep(chain, record)
            self.launch(chain)
            return
        try:
            self.launch(chain)  # first, so that no worker waits for the disk
        finally:
            self._keep(chain, record)

    def _taken(self, answer, asked, carried):
        """The record of the chain with `answer`; None where the worker lacks the table."""
        chain = asked.chain
        if isinstance(answer, str) and answer == MISSING and not carried:
            return None
        try:
            _, state, draws = checked_answer(answer, asked, self.table, self.plan)
        except (TypeError, ValueError) as error:
            raise self._stopped(chain, f"the executor answered with {error}") from error
        wanted = max(_SEGMENT_SECONDS, _WRITING * self.keeping[chain])
        self.sizes[chain] = _next_size(asked.n_sweeps, float(draws.trace["seconds"].sum()), wanted)
        return ChainRecord(state, self.records[chain].draws.followed_by(draws))

    def salvage(self):
        """Take in what is finished, of a run that ends early, and call off the rest."""
        for future, (asked, carried) in self.flying.items():
            with contextlib.suppress(Exception):  # the error at hand is the one to be told
                if not future.cancel() and future.done() and future.exception() is None:
                    record = self._taken(future.result(), asked, carried)
                    if record is not None:
                        self.records[asked.chain] = record
                        self._keep(asked.chain, record)

    def _keep(self, chain, record):
        begun = time.perf_counter()
        self.on_segment(chain, record)
        self.keeping[chain] = time.perf_counter() - begun

    def _fail(self, chain, error):
        """Run a segment again whose worker died or lacked memory; raise for all other errors."""
        if isinstance(error, (WorkerDied, BrokenExecutor, MemoryError)):
            self._retry(chain, error)
        elif isinstance(error, WorkerError):  # workers cannot even start: trying again has been tried
            raise self._stopped(chain, error.text, error.remedy) from error
        elif isinstance(error, KeyboardInterrupt) or (self.is_own and isinstance(error, Exception)):
            raise error  # of the segment itself
        else:
            raise self._stopped(chain, f"the executor failed: {described(error)}") from error

    def _retry(self, chain, error):
        self.failures[chain] += 1
        if self.failures[chain] < _ATTEMPTS:
            self.launch(chain)
            return
        lacks_memory = isinstance(error, MemoryError)
        what = "ran out of memory" if lacks_memory else "failed"
        remedy = memory_remedy(self.table, self.records) if lacks_memory or is_killed(error) else None
        raise WorkerError(
            f"chain {chain} {what} {_ATTEMPTS} times at sweep {self.records[chain].sweeps + 1}: "
            f"{described(error)}; {self._kept(chain)}",
            remedy,
        ) from error

    def _stopped(self, chain, why, remedy=None):
        at = f"chain {chain} stopped before sweep {self.records[chain].sweeps + 1}"
        return WorkerError(f"{at}: {why}; {self._kept(chain)}", remedy)

    def _kept(self, chain):
        done = self.records[chain].sweeps
        if not done:
            return "it had done no sweep"
        return "the sweep before is kept" if done == 1 else f"the {done} sweeps before are kept"


def checked_future(future):
    """Return what `submit` of an executor returned, which must be a future that can be waited for."""
    if isinstance(future, Future):
        return future
    raise TypeError(f"submit must return a concurrent.futures.Future; it returned {described_object(future)}")


def ended_of(futures):
    """Those of `futures` that are done, waiting some seconds for the first one.

    Waiting alone would take for ever where futures are cancelled and nobody is told of it, as a
    ``ThreadPoolExecutor`` does that is shut down with ``cancel_futures=True``.
    """
    wait(futures, _SECONDS_TO_LOOK, FIRST_COMPLETED)
    return [future for future in futures if future.done()]


def error_of(future):
    """What `future`, which is done, raises in the place of a result, or None."""
    try:
        future.result()
    except BaseException as error:
        return error
    return None


def _next_size(n_sweeps, seconds, wanted):
    """Sweeps that should take `wanted` seconds, at most four times as many as the last segment had."""
    return max(1, min(4 * n_sweeps, int(n_sweeps * wanted / max(seconds, 1e-6))))


def run_chains(table, data_path, plan, records, executor, on_segment):
    """Run every chain up to ``plan.sweeps`` sweeps.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
    data_path : path
        Where the packed pixels of `table` are saved.
    plan : dpmix.chain.plan.Plan
    records : list of dpmix.chain.record.ChainRecord
        Where each chain stands; replaced in place, segment by segment.
    executor : concurrent.futures.Executor
    on_segment : callable (chain index, ChainRecord)
        Called after each segment.

    Raises
    ------
    WorkerError
        A segment failed with its worker, or for lack of memory, four times in a row, or the executor does
        not what executors do; names the chain and what is kept.
    """
    work = _Work(table, data_path, plan, records, executor, on_segment)
    try:
        for chain in range(plan.chains):
            work.launch(chain)
        while work.flying:
            for future in ended_of(work.flying):
                work.land(future)
    except BaseException:
        work.salvage()
        raise
