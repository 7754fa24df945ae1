"""Worker processes on this machine, behind the standard Executor interface.

`ProcessWorkers` differs from ``concurrent.futures.ProcessPoolExecutor`` where long computations need it:

- A worker that dies (memory ran out, ``kill -9``) costs the one call it was working on, which fails with
  `WorkerDied`; the other calls go on, and the next call gets a new worker.
- A worker that does not start, or gives no sign of life in the middle of a call, is ended: nothing waits for ever.
- Workers never outlive the program, however it ends, and ignore Ctrl-C: the program decides what that means.
- Workers never import the user's script, so scripts need no ``if __name__ == "__main__"`` guard, and
  notebooks, ``python -c`` and scripts on standard input work. Functions handed over must be importable.

A *worker* is a process; a *call* is a function with its arguments, run on one worker. For each worker, one
thread of this program hands calls over and waits for the replies.
"""

import atexit
import multiprocessing
import os
import threading
import time
from collections import deque
from concurrent.futures import Executor, Future
from multiprocessing.reduction import ForkingPickler

from dpmix.base.checks import check_count
from dpmix.base.errors import WorkerError
from dpmix.base.wording import Wording
from dpmix.sampling import worker_process
from dpmix.sampling.server import NAME, PRELOAD, start_server
from dpmix.sampling.worker import Seconds, Worker, WorkerDied, available_cores, ending

__all__ = ["ProcessWorkers", "WorkerDied", "available_cores", "start_server"]

START_ATTEMPTS = 3
SECONDS_TO_LEAVE = 5.0
SECONDS_TO_START = 60.0  # a worker takes a tenth of one, or some on a busy machine
SECONDS_OF_SILENCE = 60.0  # a worker gives a sign of life every second, whatever it computes


class ProcessWorkers(Executor):
    """Run functions on worker processes, any of which may die without taking anything else along.

    Use it in a ``with`` statement: leaving that waits for all calls, leaving it by an exception (Ctrl-C too)
    ends the workers at once. Otherwise call `shutdown` or `kill`; at the latest, they end with the program.

    Parameters
    ----------
    jobs : int
        Largest number of workers. They are started as calls need them, and kept for further calls. Each has
        the environment variables of this program, and its share of the cores for BLAS and OpenMP threads.
    preload : sequence of str
        Modules that workers find imported; see `start_server`. The first value in a program counts.
    start_method : {"forkserver", "spawn"}, optional
        By default "forkserver" where the operating system has it.
    seconds_to_start : float
        A worker that is not ready after so long is ended, and the call fails with `WorkerError`.
    seconds_silent : float
        So is one that gives no sign of life for so long in the middle of a call, which fails with
        `WorkerDied`. How long a call takes makes no difference.

    Raises
    ------
    InputError
        If `jobs` is not an integer of at least 1.

    Examples
    --------
    >>> import math
    >>> with ProcessWorkers(2) as workers:
    ...     list(workers.map(math.factorial, [3, 4, 5]))
    [6, 24, 120]
    """

    def __init__(
        self,
        jobs,
        preload=PRELOAD,
        start_method=None,
        seconds_to_start=SECONDS_TO_START,
        seconds_silent=SECONDS_OF_SILENCE,
    ):
        self._seconds = Seconds(seconds_to_start, seconds_silent)
        self._jobs = check_count("jobs", jobs)
        self._preload = tuple(preload)
        methods = multiprocessing.get_all_start_methods()
        self._start_method = start_method or ("forkserver" if "forkserver" in methods else "spawn")
        self._changed = threading.Condition()  # guards all that follows
        self._calls = deque()
        self._threads = []
        self._n_idle = 0
        self._workers = set()
        self._closed = False
        self._killed = False
        self._owner = os.getpid()
        if self._start_method == "forkserver":
            start_server(self._preload)
        atexit.register(self._at_exit)

    def submit(self, fn, /, *args, **kwargs):
        """Run ``fn(*args, **kwargs)`` on a worker and return its future.

        The future fails with what `fn` raised (a note shows where in the worker), with `WorkerDied` if the
        worker ended first, or with `WorkerError` if no worker can be started. After `shutdown` or `kill`,
        `submit` raises RuntimeError.
        """
        future = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("these workers have been shut down; make new ones")
            self._calls.append((future, (fn, args, kwargs)))
            if len(self._calls) > self._n_idle and len(self._threads) < self._jobs:
                # A daemon, so that a program that ends does not wait for calls nobody asks for any more.
                thread = threading.Thread(target=self._hand_over_calls, name=NAME, daemon=True)
                self._threads.append(thread)
                thread.start()
            else:
                self._changed.notify()
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Take no further calls; each worker ends when nothing is left for it to do.

        Parameters
        ----------
        wait : bool
            Return only when all workers have ended.
        cancel_futures : bool
            Cancel the calls that no worker has begun.
        """
        with self._changed:
            self._closed = True
            cancelled = list(self._calls) if cancel_futures else []
            if cancel_futures:
                self._calls.clear()
            self._changed.notify_all()
        for future, _ in cancelled:
            if future.cancel():
                future.set_running_or_notify_cancel()  # wakes those who wait() for it
        if wait:
            self._join_threads()

    def kill(self):
        """End all workers at once: calls in progress fail with `WorkerDied`, the others are cancelled."""
        with self._changed:
            self._killed = True
            for worker in self._workers:
                worker.kill()
        self.shutdown(wait=False, cancel_futures=True)
        self._join_threads(SECONDS_TO_LEAVE)

    def __exit__(self, error_type, error, trace):
        try:
            if error_type is None:
                self.shutdown(wait=True)
        except BaseException as interrupt:  # Ctrl-C while waiting
            error_type = type(interrupt)
            raise
        finally:
            if error_type is not None:
                self.kill()

    def _at_exit(self):
        if os.getpid() == self._owner:  # a fork of this program leaves the workers alone
            self.kill()

    def _join_threads(self, timeout=None):
        for thread in list(self._threads):
            if thread is not threading.current_thread():  # a callback of a future may end the workers
                thread.join(timeout)
        if not any(thread.is_alive() for thread in self._threads):
            atexit.unregister(self._at_exit)

    def _hand_over_calls(self):
        worker = None
        while (call := self._next_call()) is not None:
            future, task = call
            if future.set_running_or_notify_cancel():
                worker, fine, value = self._run(worker, task)
                (future.set_result if fine else future.set_exception)(value)
                del value
            del call, future, task  # an idle thread keeps nothing alive
        if worker is not None:
            self._remove(worker)

    def _next_call(self):
        with self._changed:
            while not self._calls and not self._closed:
                self._n_idle += 1
                self._changed.wait()
                self._n_idle -= 1
            return self._calls.popleft() if self._calls else None

    def _run(self, worker, task):
        """Return the worker left for the next call, then ``True, result`` or ``False, exception``."""
        try:
            message = ForkingPickler.dumps(task)
            if worker is not None and worker.has_ended():
                self._remove(worker)
                worker = None
            worker = worker or self._start_worker()
            reply = self._exchange(worker, message)
            if reply is None:
                return None, False, WorkerDied(self._remove(worker), worker.silence)
            return worker, *worker_process.unpacked(reply)
        except BaseException as error:  # noqa: BLE001 (whatever it is, the future's owner gets it)
            return (worker if worker in self._workers else None), False, error

    def _exchange(self, worker, message):
        try:
            return worker.exchange(message)
        except BaseException:  # such as MemoryError: half a reply may be left in the connection
            worker.kill()
            self._remove(worker)
            raise

    def _start_worker(self):
        """Return a new worker that has reported ready."""
        for attempt in range(START_ATTEMPTS):
            try:
                # A module that crashes while the server imports it takes the server along. Later attempts do
                # without, so that the call which needs the module gets to say what is wrong.
                preload = self._preload if attempt == 0 else ()
                worker = Worker(self._start_method, self._jobs, preload, self._seconds)
            except (EOFError, OSError) as error:
                problem = repr(error)
                time.sleep(0.1)  # a server that is just dying still looks alive
                continue
            with self._changed:
                self._workers.add(worker)
                if self._killed:
                    worker.kill()
            reply = worker.first_reply()
            fine, error = worker_process.unpacked(reply) if reply is not None else (False, None)
            if fine:
                return worker
            exitcode = self._remove(worker)
            if error is not None:
                raise WorkerError(f"a worker process cannot start: {error}") from error
            if self._killed:
                raise WorkerDied(exitcode)
            if worker.silence is not None:
                raise self._too_slow()
            problem = ending(exitcode)
        raise WorkerError(
            f"worker processes end while they start: {problem}, after {START_ATTEMPTS} attempts; "
            "what they say about it is on the standard error stream"
        )

    def _too_slow(self):
        return WorkerError(
            f"a worker process was not ready {self._seconds.to_start:.3g} s after its start, and was ended",
            Wording(
                "give it more memory where that is limited (ulimit -v), as libraries wait for it for ever, "
                "or let everything run in this process ({fewer_jobs})"
            ),
        )

    def _remove(self, worker):
        """Have `worker` leave, and return its exit status."""
        with self._changed:
            self._workers.discard(worker)
        return worker.leave()
