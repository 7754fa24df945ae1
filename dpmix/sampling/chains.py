"""Several chains side by side: segments handed to an executor, results put together and kept.

One chain has at most one segment in flight, since each starts where the last one ended. A segment
whose worker died, or that lacked memory, is run again from the same state and gives the same draws. Executors
of the caller are trusted with nothing: whatever they do, the caller gets a `WorkerError` that says so.
"""

import contextlib
import time
from collections import Counter

from dpmix.chain.record import ChainRecord
from dpmix.sampling.attempts import Attempts, checked_future, ended_of, error_of
from dpmix.sampling.delivery import MISSING, Asked, TableHandle, checked_answer, remote_segment
from dpmix.sampling.here import HereExecutor
from dpmix.sampling.workers import ProcessWorkers

__all__ = ["run_chains"]

_SEGMENT_SECONDS = 1.0  # how much work a crash or Ctrl-C may cost
_WRITING = 20.0  # a segment computes this many times as long as it takes to keep it, if that is longer


class _Work(Attempts):
    """Segments in flight of one run."""

    def __init__(self, table, data_path, plan, records, executor, on_segment):
        self.at_once = isinstance(executor, HereExecutor)
        super().__init__(table, records, is_own=self.at_once or isinstance(executor, ProcessWorkers))
        self.plan, self.executor, self.on_segment = plan, executor, on_segment
        self.handle = TableHandle.of(table, data_path)
        self.sizes = {}  # chain -> sweeps of its next segment
        self.keeping = Counter()  # chain -> seconds that on_segment took
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
        with self._handing_over(chain):
            future = self.executor.submit(remote_segment, asked, handle, self.plan, record.state)
            self.flying[checked_future(future)] = (asked, carry)

    def land(self, future):
        """Take in a finished segment and hand over the one that follows."""
        asked, carried = self.flying.pop(future)
        chain, error = asked.chain, error_of(future)
        if error is not None:
            self._fail(error, chain)
            return
        try:
            record = self._taken(future.result(), asked, carried)
        except MemoryError as shortage:
            self._fail(shortage, chain)
            return
        if record is None:
            self.launch(chain, carry=True)
            return
        self._succeed(chain)
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
            raise self._stopped(f"the executor answered with {error}", chain) from error
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

    def _try_again(self, chain):
        self.launch(chain)

    def _told(self, what, chain):
        when = "before" if what == "stopped" else "at"
        return f"chain {chain} {what} {when} sweep {self.records[chain].sweeps + 1}"

    def _kept(self, chain):
        done = self.records[chain].sweeps
        if not done:
            return "it had done no sweep"
        return "the sweep before is kept" if done == 1 else f"the {done} sweeps before are kept"


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
