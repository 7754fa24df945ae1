"""Several chains side by side: segments handed to an executor, results put together and kept.

One chain has at most one segment in flight, since each starts where the last one ended. A segment
whose worker died is run again from the same state and gives the same draws.
"""

import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait

from dpmix.base.errors import WorkerError
from dpmix.chain.record import ChainRecord
from dpmix.sampling.delivery import MISSING, TableHandle, remote_segment
from dpmix.sampling.workers import WorkerDied

__all__ = ["run_chains"]

_SEGMENT_SECONDS = 1.0  # how much work a crash or Ctrl-C may cost
_WRITING = 20.0  # a segment computes this many times as long as it takes to keep it, if that is longer
_ATTEMPTS = 4  # the first and three more


class _Work:
    """Segments in flight of one run."""

    def __init__(self, table, data_path, plan, records, executor, on_segment):
        self.table, self.plan, self.records = table, plan, records
        self.executor, self.on_segment = executor, on_segment
        self.handle = TableHandle.of(table, data_path)
        self.at_once = getattr(executor, "runs_at_once", False)
        self.sizes = {}  # chain -> sweeps of its next segment
        self.keeping = Counter()  # chain -> seconds that on_segment took
        self.failures = Counter()
        self.flying = {}  # future -> (chain, sweeps)

    def launch(self, chain, carry=False):
        """Hand over the next segment of `chain`, if it has sweeps left."""
        record = self.records[chain]
        n_sweeps = min(self.sizes.setdefault(chain, 1), self.plan.sweeps - record.sweeps)
        if n_sweeps <= 0:
            return
        handle = self.handle.carrying(self.table) if carry else self.handle
        future = self.executor.submit(
            remote_segment, handle, self.plan, record.state, record.sweeps, n_sweeps
        )
        self.flying[future] = (chain, n_sweeps)

    def land(self, future):
        """Take in a finished segment and hand over the one that follows."""
        chain, n_sweeps = self.flying.pop(future)
        try:
            result = future.result()
        except (WorkerDied, BrokenExecutor) as error:
            self._retry(chain, error)
            return
        except WorkerError as error:  # workers cannot even start: trying again has been tried
            raise WorkerError(
                f"chain {chain} stopped before sweep {self.records[chain].sweeps + 1}: {error}; "
                f"{self._kept(chain)}"
            ) from error
        if isinstance(result, str) and result == MISSING:
            self.launch(chain, carry=True)
            return
        state, draws = result
        self.failures[chain] = 0
        wanted = max(_SEGMENT_SECONDS, _WRITING * self.keeping[chain])
        self.sizes[chain] = _next_size(n_sweeps, float(draws.trace["seconds"].sum()), wanted)
        record = self.records[chain] = ChainRecord(state, self.records[chain].draws.followed_by(draws))
        if self.at_once:  # nobody would work meanwhile
            self._keep(chain, record)
            self.launch(chain)
            return
        try:
            self.launch(chain)  # first, so that no worker waits for the disk
        finally:
            self._keep(chain, record)

    def _keep(self, chain, record):
        begun = time.perf_counter()
        self.on_segment(chain, record)
        self.keeping[chain] = time.perf_counter() - begun

    def _retry(self, chain, error):
        self.failures[chain] += 1
        if self.failures[chain] >= _ATTEMPTS:
            raise WorkerError(
                f"chain {chain} failed {_ATTEMPTS} times at sweep {self.records[chain].sweeps + 1}: "
                f"{error}; {self._kept(chain)}"
            ) from error
        self.launch(chain)

    def _kept(self, chain):
        done = self.records[chain].sweeps
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
        A segment failed with its worker four times in a row; names the chain and what is kept.
    """
    work = _Work(table, data_path, plan, records, executor, on_segment)
    try:
        for chain in range(plan.chains):
            work.launch(chain)
        while work.flying:
            for future in wait(work.flying, return_when=FIRST_COMPLETED).done:
                work.land(future)
    finally:
        for future in work.flying:
            future.cancel()
