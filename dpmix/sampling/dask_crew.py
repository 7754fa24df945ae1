"""Jobs of chains over shards on a Dask cluster, with the extra ``dask``.

The packed rows live with the workers in blocks, which each can load again. Of a round, every block is dealt to the
shards by a task, shards sweep the pieces that other workers send them, blocks are reassigned where they lie, and
counts are added up in a tree:

    dpmix-rows  ->  dpmix-deal  ->  dpmix-piece  ->  dpmix-segment
    dpmix-rows, dpmix-components  ->  dpmix-pass  ->  dpmix-counts, dpmix-ends

All are pure functions of their arguments under keys that tell chain, round and part, so that a task that was lost
with its worker is run again with the same result. Between rounds nothing but the rows stays on the cluster: what a
chain has come to is kept by the program, where the ancestry of all tasks ends.
"""

import contextlib
import functools
import hashlib
import json
import operator
import os
import secrets
import sys
from concurrent.futures import CancelledError, Future, InvalidStateError

import numpy as np

from dpmix.base.errors import InputError, WorkerError
from dpmix.base.file_rows import FileRows
from dpmix.base.version import __version__
from dpmix.sampling.shortage import described
from dpmix.sharding.anchored_pass import BlockEnd, run_block
from dpmix.sharding.counts import Counts
from dpmix.sharding.rounds import blocks_of

__all__ = ["DaskCrew", "check_client", "client_of"]

_ASK_VERSION = (  # as text, since a worker without dpmix could not be sent a function of it
    "(lambda spec: spec and __import__('dpmix.base.version', fromlist=['x']).__version__)"
    "(__import__('importlib.util', fromlist=['x']).find_spec('dpmix'))"
)

_NO_WORKERS = "the cluster has no workers: waiting until some join (Ctrl-C keeps what is done)"
_WORKERS_ARE_BACK = "workers have joined the cluster: the run goes on"


def client_of(executor):
    """The ``dask.distributed.Client`` that `executor` is or stands for, or None."""
    distributed = sys.modules.get("distributed")
    if distributed is None:  # nobody can have made a client
        return None
    if isinstance(executor, distributed.cfexecutor.ClientExecutor):
        executor = executor._client
    return executor if isinstance(executor, distributed.Client) else None


def check_client(client):
    """Check that `client` is open and that its workers have this dpmix.

    Raises
    ------
    InputError
    """
    if client.asynchronous:
        raise InputError("executor is an asynchronous Client", "make it with asynchronous=False")
    if client.status != "running":
        raise InputError(f"executor is a Client that is {client.status}", "make a new one")
    versions = client.run(eval, _ASK_VERSION, on_error="return")
    if not versions:
        raise InputError(
            "executor is a Client whose cluster has no workers", "wait with client.wait_for_workers(1)"
        )
    answers = {worker: found for worker, found in versions.items() if not isinstance(found, OSError)}
    if not answers:  # a worker that is being replaced gives no answer; its successor runs the same program
        raise InputError("executor is a Client none of whose workers answers", "see to the cluster first")
    for worker, found in answers.items():
        if found != __version__:
            raise InputError(
                f"worker {worker} has {_told(found)}, and this program has dpmix {__version__}",
                "install the same version everywhere",
            )


def _told(found):
    """What a worker has that gave this answer when asked for the version of its dpmix."""
    if isinstance(found, str):
        return f"dpmix {found}"
    return f"a dpmix that cannot be imported ({described(found)})" if found else "no dpmix"


# What tasks run.


def load_rows(path, block, digest):
    """Rows of `block` from the .npy file at `path`, whose SHA-256 must be `digest`."""
    packed = FileRows(path)[block.start : block.stop]
    if _digest(packed) != digest:
        raise WorkerError(f"{path} holds other images on a worker; start the run anew, or mend that file")
    return packed


def unchanged(value):
    """Return `value`: a task that holds what the program has sent."""
    return value


def deal_rows(packed, parts):
    """Rows of one block for each shard."""
    return [packed[part] for part in parts]


def do_on_pieces(form, job, pieces):
    """Do `job` on its rows, which came in `pieces`; `form` is a table of their kind without rows."""
    return job.function(form.with_rows(np.concatenate(pieces)), job.rows, *job.args)


def do_on_block(form, job, packed, components):
    """Do `job` on the rows of its block."""
    return job.function(form.with_rows(packed), np.asarray(job.rows), *job.args, components)


def without_counts(end):
    """A `BlockEnd` without its counts."""
    return end._replace(counts=None)


def with_counts(end, counts):
    """A `BlockEnd` with the counts of all blocks."""
    return end._replace(counts=counts)


class DaskCrew:
    """Hands jobs to the workers of a Dask client."""

    is_own = False

    def __init__(self, table, data_path, plan, records, client, notify=None):
        self._client, self._form = client, table.with_rows(np.empty((0, table.packed.shape[1]), np.uint8))
        self._blocks = blocks_of(table.n, plan.shards)
        self._token = _token(table, plan, records)
        self._waited_for = set()
        self._notify, self._has_workers = notify or (lambda text: None), True
        self._rows = self._spread(table, os.path.abspath(data_path))

    def submit_all(self, chain, round_ix, jobs):
        """Futures of `jobs`, all that one stage of a round asks for."""
        place = (chain, round_ix)
        if jobs[0].function is run_block:
            futures = self._submit_blocks(place, jobs)
        else:
            futures = self._submit_shards(place, jobs)
        return [self._relayed(future, job) for future, job in zip(futures, jobs, strict=True)]

    def is_missing(self, answer):
        """Never: images lie with the workers, or are read anew."""
        return False

    def taken(self, chain, round_ix, job, answer):
        """The result in the `answer` to `job`."""
        return answer

    def check(self, is_idle):
        """Say so where the cluster is gone, or where nothing comes back since it has no workers."""
        if self._client.status == "closed":
            raise WorkerError("the client of the cluster is closed")
        if not is_idle and self._has_workers:
            return
        with contextlib.suppress(OSError):  # no answer, which other calls will report
            self._tell_workers(len(self._client.nthreads()))

    def _tell_workers(self, count):
        """Tell whoever waits, once, that there are no workers, and once that there are some again."""
        if bool(count) != self._has_workers:
            self._has_workers = bool(count)
            self._notify(_WORKERS_ARE_BACK if count else _NO_WORKERS)

    def close(self):
        """Give up what is still under way, and the rows."""
        left, self._waited_for, self._rows = list(self._waited_for), set(), []
        if left and self._client.status == "running":
            self._client.cancel(left)

    def _spread(self, table, path):
        """The packed rows as one future a block: from the file where all workers see it, else from here."""
        answers = self._client.run(os.path.isfile, path, on_error="return").values()
        readable = all(answer is True or isinstance(answer, OSError) for answer in answers)
        futures = []
        for ix, block in enumerate(self._blocks):
            packed = np.asarray(table.packed[block.start : block.stop])
            args = (load_rows, path, block, _digest(packed)) if readable else (unchanged, packed)
            futures.append(self._submit("rows", (ix,), *args))
        return futures

    def _submit(self, name, place, function, *args):
        return self._client.submit(function, *args, key=(f"dpmix-{name}-{self._token}", *place), pure=False)

    def _submit_shards(self, place, jobs):
        pieces = [[] for _ in jobs]
        for ix, (block, rows) in enumerate(zip(self._blocks, self._rows, strict=True)):
            parts = [_part(job.rows, block) for job in jobs]
            dealt = self._submit("deal", (*place, ix), deal_rows, rows, parts)
            for number, part in enumerate(parts):
                if len(part):
                    piece = self._submit("piece", (*place, ix, number), operator.getitem, dealt, number)
                    pieces[number].append(piece)
        return [
            self._submit("segment", (*place, number), do_on_pieces, self._form, job, pieces[number])
            for number, job in enumerate(jobs)
        ]

    def _submit_blocks(self, place, jobs):
        components = self._submit("components", place, unchanged, jobs[0].args[-1])
        ends, counts = [], []
        for ix, (job, rows) in enumerate(zip(jobs, self._rows, strict=True)):
            job = job._replace(args=job.args[:-1])
            end = self._submit("pass", (*place, ix), do_on_block, self._form, job, rows, components)
            counts.append(self._submit("counts", (*place, 0, ix), operator.getitem, end, _COUNTS))
            ends.append(self._submit("ends", (*place, ix), without_counts, end))
        total = self._submit("ends", (*place, "all"), with_counts, ends[0], self._summed(place, counts))
        return [total, *ends[1:]]

    def _summed(self, place, counts):
        """The sum of `counts`, added up two by two."""
        level = 1
        while len(counts) > 1:
            pairs = [
                self._submit("counts", (*place, level, ix), Counts.plus, counts[ix], counts[ix + 1])
                for ix in range(0, len(counts) - 1, 2)
            ]
            counts = pairs + (counts[-1:] if len(counts) % 2 else [])
            level += 1
        return counts[0]

    def _relayed(self, future, job):
        """The standard future of a Dask future."""
        relay = Future()
        self._waited_for.add(future)
        future.add_done_callback(functools.partial(self._relay, relay, job.name))
        return relay

    def _relay(self, relay, name, future):
        self._waited_for.discard(future)
        if not relay.set_running_or_notify_cancel():  # from here on nobody can cancel it
            return
        try:
            answer, error = future.result(), None
        except BaseException as raised:  # noqa: BLE001 (whatever it is, the round gets it)
            answer, error = None, _in_our_words(raised)
        future.release()  # an answer that is here need not stay there
        with contextlib.suppress(InvalidStateError):  # nobody waits any more
            relay.set_result(answer) if error is None else relay.set_exception(error)


_COUNTS = BlockEnd._fields.index("counts")


def _in_our_words(error):
    if type(error).__name__ == "KilledWorker":
        return WorkerError(f"every worker that tried died ({str(error).splitlines()[0]})")
    if isinstance(error, CancelledError):
        return WorkerError("the cluster has lost its scheduler, or the work was cancelled there")
    if isinstance(error, MemoryError):  # a task that asks for too much asks for it again
        return WorkerError(
            f"a worker ran out of memory ({described(error)})",
            "give workers more memory, or ask for more shards",
        )
    if isinstance(error, OSError):  # one that joined later, perhaps: those of the beginning see the file
        return WorkerError(f"a worker cannot read the images ({error})")
    return error


def _part(rows, block):
    """Those of `rows`, ascending, that lie in `block`, counted from its first: (m,) int32."""
    first, last = np.searchsorted(rows, (block.start, block.stop))
    return (rows[first:last] - block.start).astype(np.int32)


def _digest(packed):
    return hashlib.sha256(np.ascontiguousarray(packed)).hexdigest()


def _token(table, plan, records):
    """Text that tells the tasks of this run from those of all others.

    Those of one that was given up on the same cluster, too: they may still be waiting to be cancelled.
    """
    digest = hashlib.sha256((table.digest + json.dumps(plan.to_json())).encode())
    for record in records:
        digest.update(np.ascontiguousarray(record.state.z))
    digest.update(secrets.token_bytes(16))
    return digest.hexdigest()[:12]
