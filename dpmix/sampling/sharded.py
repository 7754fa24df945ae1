"""Chains over shards: rounds whose jobs are handed to an executor, put together and kept.

A round (`dpmix.sharding.rounds`) asks twice for jobs that can be done at the same time. They travel as pure
functions of rows of the table, which each worker reads once from the file of packed pixels; one that
was lost with its worker is done again, with the same result. A chain is kept after its rounds, never in between.
"""

import time
from collections import Counter
from typing import NamedTuple

from dpmix.chain.record import ChainRecord
from dpmix.sampling.attempts import Attempts, checked_future, ended_of, error_of
from dpmix.sampling.dask_crew import DaskCrew, client_of
from dpmix.sampling.delivery import MISSING, TableHandle
from dpmix.sampling.here import HereExecutor
from dpmix.sampling.shortage import described, described_object
from dpmix.sampling.workers import ProcessWorkers
from dpmix.sharding.rounds import on_rows, play_round
from dpmix.store.chain_values import check_segment

__all__ = ["Pace", "remote_job", "run_sharded_chains"]

_SECONDS_KEPT = 1.0  # how much work a crash may cost, where rounds are shorter
_WRITING = 20.0  # rounds are kept when they took this many times as long as keeping does, if that is longer


class Done(NamedTuple):
    """A job that was done."""

    asked: tuple  # what tells it from all others, those of other runs too
    result: object


def remote_job(asked, handle, job):
    """Do a `Job` on the table of `handle`: `Done`, or MISSING where the table is out of reach."""
    table = handle.table()
    return MISSING if table is None else Done(asked, on_rows(table, job))


class ExecutorCrew:
    """Hands jobs to an executor, which is trusted with nothing."""

    def __init__(self, table, data_path, plan, executor):
        self._table, self._executor, self._plan = table, executor, plan
        self._handle = TableHandle.of(table, data_path)
        self.is_own = isinstance(executor, (HereExecutor, ProcessWorkers))

    def submit_all(self, chain, round_ix, jobs):
        """Futures of `jobs`, all that one stage of a round asks for."""
        return [self.submit(chain, round_ix, job) for job in jobs]

    def submit(self, chain, round_ix, job, carry=False):
        """The future of `job`, with the table itself where a worker could not get at it."""
        handle = self._handle.carrying(self._table) if carry else self._handle
        asked = self._asked(chain, round_ix, job)
        return checked_future(self._executor.submit(remote_job, asked, handle, job))

    def is_missing(self, answer):
        """Whether a worker could not get at the table."""
        return isinstance(answer, str) and answer == MISSING

    def taken(self, chain, round_ix, job, answer):
        """The result in the `answer` to `job`; ValueError and TypeError for any other answer."""
        if not isinstance(answer, Done):
            raise TypeError(f"{described_object(answer)} where {job.name} was asked for")
        if answer.asked != self._asked(chain, round_ix, job):
            raise ValueError(f"what was not asked for in the place of {job.name}")
        return answer.result

    def _asked(self, chain, round_ix, job):
        return chain, round_ix, job.name, self._handle.digest, self._plan.seed

    def check(self, is_idle):
        """Nothing: a worker that is gone fails its future."""

    def close(self):
        """Nothing: what is under way ends by itself."""


class _Round:
    """A round that is being played: the jobs that it has asked for last, and the answers so far."""

    def __init__(self, game):
        self.game, self.jobs, self.answers, self.left = game, [], [], 0

    def go_on(self):
        """Send the answers; the next jobs, or None and the result where the round is over."""
        try:
            self.jobs = self.game.send(self.answers or None)
        except StopIteration as end:
            return None, end.value
        self.answers, self.left = [None] * len(self.jobs), len(self.jobs)
        return self.jobs, None

    def take(self, job_ix, answer):
        """Note an answer; whether it was the last one wanted."""
        self.answers[job_ix] = answer
        self.left -= 1
        return not self.left


class _Work(Attempts):
    """Rounds in play of one run."""

    def __init__(self, table, plan, records, crew, on_rounds):
        super().__init__(table, records, crew.is_own)
        self.plan, self.crew, self.on_rounds = plan, crew, on_rounds
        self.rounds = {}  # chain -> _Round
        self.flying = {}  # future -> (chain, job, whether the table went along)
        self.kept_at = dict.fromkeys(range(plan.chains), time.perf_counter())
        self.keeping = Counter()  # chain -> seconds that on_rounds took
        self.unkept = set()

    def begin(self, chain):
        """Begin the next round of `chain`, if it has sweeps left."""
        record = self.records[chain]
        if record.sweeps < self.plan.sweeps:
            self.rounds[chain] = _Round(play_round(self.plan, chain, record.state, record.sweeps))
            self._go_on(chain)

    def land(self, future):
        """Take in the answer of a job, and go on with its round when it was the last one."""
        chain, job_ix, carried = self.flying.pop(future)
        error = error_of(future)
        if error is not None:
            self._fail(error, chain, job_ix)
            return
        job, answer = self.rounds[chain].jobs[job_ix], future.result()
        if not carried and self.crew.is_missing(answer):
            self._launch(chain, job_ix, carry=True)
            return
        try:
            answer = self.crew.taken(chain, self._round(chain), job, answer)
        except (TypeError, ValueError) as error:
            raise self._stopped(f"the executor answered with {error}", chain, job_ix) from error
        self._succeed(chain, job_ix)
        if self.rounds[chain].take(job_ix, answer):
            self._go_on(chain)

    def keep_rest(self):
        """Keep the rounds that have not been kept yet."""
        for chain in sorted(self.unkept):
            self._keep(chain)

    def _go_on(self, chain):
        jobs, result = self._played(chain)
        if jobs is None:
            self._end(chain, *result)
            return
        with self._handing_over(chain, 0):
            futures = self.crew.submit_all(chain, self._round(chain), jobs)
        self.flying |= {future: (chain, job_ix, False) for job_ix, future in enumerate(futures)}

    def _played(self, chain):
        """The next jobs, or None and the result, of answers that come from who knows where."""
        if self.is_own:
            return self.rounds[chain].go_on()
        try:
            jobs, result = self.rounds[chain].go_on()
            if jobs is None:
                check_segment(*result, self.table, self.plan, self.records[chain].sweeps)
        except MemoryError:
            raise
        except Exception as error:
            why = f"the executor answered with what makes no round: {described(error)}"
            raise self._stopped(why, chain) from error
        return jobs, result

    def _end(self, chain, state, draws):
        record = ChainRecord(state, self.records[chain].draws.followed_by(draws))
        self.records[chain] = record
        self.unkept.add(chain)
        since = time.perf_counter() - self.kept_at[chain]
        is_due = (
            since >= max(_SECONDS_KEPT, _WRITING * self.keeping[chain]) or record.sweeps >= self.plan.sweeps
        )
        try:
            self.begin(chain)  # first, so that no worker waits for the disk
        finally:
            if is_due and chain in self.unkept:
                self._keep(chain, record)

    def _keep(self, chain, record=None):
        began = time.perf_counter()
        self.on_rounds(chain, self.records[chain] if record is None else record)
        self.unkept.discard(chain)
        self.kept_at[chain] = time.perf_counter()
        self.keeping[chain] = self.kept_at[chain] - began

    def _launch(self, chain, job_ix, carry=False):
        job = self.rounds[chain].jobs[job_ix]
        with self._handing_over(chain, job_ix):
            future = self.crew.submit(chain, self._round(chain), job, carry)
        self.flying[future] = (chain, job_ix, carry)

    def _round(self, chain):
        return self.records[chain].sweeps // self.plan.schedule.round_sweeps

    def _try_again(self, chain, job_ix):
        self._launch(chain, job_ix)

    def _told(self, what, chain, job_ix=None):
        job = "" if job_ix is None else f", {self.rounds[chain].jobs[job_ix].name}"
        return f"chain {chain}, round {self._round(chain) + 1}{job} {what}"

    def _kept(self, chain):
        return f"the {self.records[chain].sweeps} sweeps before that round are kept"


def run_sharded_chains(table, data_path, plan, records, executor, on_rounds, notify=None):
    """Run every chain up to ``plan.sweeps`` sweeps, in rounds over ``plan.shards`` shards.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
    data_path : path
        Where the packed pixels of `table` are saved.
    plan : dpmix.chain.plan.Plan
    records : list of dpmix.chain.record.ChainRecord
        Where each chain stands; replaced in place, round by round.
    executor : concurrent.futures.Executor or dask.distributed.Client
    on_rounds : callable (chain index, ChainRecord)
        Called after some rounds, and with all that are finished when the work ends, however it ends.
    notify : callable (str), optional
        Told what keeps everybody waiting, such as a cluster without workers.

    Raises
    ------
    WorkerError
        A job failed with its worker, or for lack of memory, four times in a row, or the executor does not
        what executors do; names chain, round and shard, and what is kept.
    """
    client = client_of(executor)
    crew = (
        ExecutorCrew(table, data_path, plan, executor)
        if client is None
        else DaskCrew(table, data_path, plan, records, client, notify)
    )
    work = _Work(table, plan, records, crew, on_rounds)
    try:
        for chain in range(plan.chains):
            work.begin(chain)
        while work.flying:
            ended = ended_of(work.flying)
            for future in ended:
                work.land(future)
            crew.check(is_idle=not ended)
    finally:
        for future in work.flying:
            future.cancel()
        crew.close()
        work.keep_rest()


class Pace:
    """How fast the rounds of a run go, for its display."""

    def __init__(self, plan, n, records):
        self._plan, self._n, self._began = plan, n, time.perf_counter()
        self._first = [record.sweeps for record in records]

    def figures(self, chain, sweeps):
        """Rounds that `chain` has done, and images that it sweeps in a second."""
        seconds = max(time.perf_counter() - self._began, 1e-9)
        return {
            "round": sweeps // self._plan.schedule.round_sweeps,
            "images/s": self._n * (sweeps - self._first[chain]) / seconds,
        }
