"""Worker processes on this machine, behind the standard Executor interface.

`ProcessWorkers` differs from ``concurrent.futures.ProcessPoolExecutor`` where long computations need it:

- A worker that dies (memory ran out, ``kill -9``) costs the one call it was working on, which fails with
  `WorkerDied`; the other calls go on, and the next call gets a new worker.
- Workers never outlive the program, however it ends, and ignore Ctrl-C: the program decides what that means.
- Workers never import the user's script, so scripts need no ``if __name__ == "__main__"`` guard, and
  notebooks, ``python -c`` and scripts on standard input work. Functions handed over must be importable.

A *worker* is a process; a *call* is a function with its arguments, run on one worker. For each worker, one
thread of this program hands calls over and waits for the replies.
"""

import atexit
import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.spawn
import os
import signal
import sys
import threading
import time
from collections import deque
from concurrent.futures import Executor, Future
from multiprocessing.reduction import ForkingPickler

from dpmix.base.checks import check_count
from dpmix.base.errors import WorkerError
from dpmix.sampling import worker_process

__all__ = ["ProcessWorkers", "WorkerDied", "available_cores", "start_server"]

NAME = "dpmix-worker"
PRELOAD = ("dpmix.sampling.preload",)
START_ATTEMPTS = 3
SECONDS_TO_LEAVE = 5.0
SECONDS_TO_START = 60.0  # from the order to start a worker to its first answer; it takes a tenth of one

# Starting a process changes state of the whole program for a moment, and collects ended processes, which two
# threads must not do at once: the second would look for an exit status that the first has taken already.
_process_lock = threading.RLock()


class WorkerDied(WorkerError):
    """A worker process ended in the middle of a call.

    Attributes
    ----------
    exitcode : int
        Exit status of the process, or the negative number of the signal that ended it.
    signal : str or None
        Name of that signal, such as ``"SIGKILL"``; None where the process ended by itself.
    """

    def __init__(self, exitcode):
        self.exitcode = exitcode
        self.signal = _signal_name(exitcode)
        hint = " (where nobody sent it, memory ran out)" if self.signal == "SIGKILL" else ""
        super().__init__(f"a worker process ended in the middle of its work: {_ending(exitcode)}{hint}")

    def __reduce__(self):
        return type(self), (self.exitcode,)


def available_cores():
    """Return the number of CPU cores that this process may use, at least 1."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_server(preload=PRELOAD):
    """Start the process that workers are forked from, unless it runs already.

    It imports modules while this program goes on, so that a worker started later has them at once.
    `ProcessWorkers` calls this itself; an earlier call hides more of the waiting. The server ends with this
    program. Where the operating system has none (Windows), nothing happens.

    Parameters
    ----------
    preload : sequence of str
        Names of the modules to import; those that do not exist are left out.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return
    from multiprocessing import forkserver, resource_tracker

    with _process_lock:
        resource_tracker.ensure_running()  # beforehand, because it would undo the blocking of SIGINT below
        names = [*preload, worker_process.__name__, "threadpoolctl"] if preload else []
        multiprocessing.get_context("forkserver").set_forkserver_preload(names)
        with _quiet_start(), _environment_of_server():
            forkserver.ensure_running()


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

    def __init__(self, jobs, preload=PRELOAD, start_method=None, seconds_to_start=SECONDS_TO_START):
        self._seconds_to_start = seconds_to_start
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
            reply = worker.exchange(message)
            if reply is None:
                return None, False, WorkerDied(self._remove(worker))
            return worker, *worker_process.unpacked(reply)
        except BaseException as error:  # noqa: BLE001 (whatever it is, the future's owner gets it)
            return worker, False, error

    def _start_worker(self):
        """Return a new worker that has reported ready."""
        for attempt in range(START_ATTEMPTS):
            try:
                # A module that crashes while the server imports it takes the server along. Later attempts do
                # without, so that the call which needs the module gets to say what is wrong.
                worker = _Worker(self._start_method, self._jobs, self._preload if attempt == 0 else ())
            except (EOFError, OSError) as error:
                problem = repr(error)
                time.sleep(0.1)  # a server that is just dying still looks alive
                continue
            with self._changed:
                self._workers.add(worker)
                if self._killed:
                    worker.kill()
            reply = worker.exchange(None)
            fine, error = worker_process.unpacked(reply) if reply is not None else (False, None)
            if fine:
                return worker
            exitcode = self._remove(worker)
            if error is not None:
                raise WorkerError(f"a worker process cannot start: {error}") from error
            if self._killed:
                raise WorkerDied(exitcode)
            problem = _ending(exitcode)
        raise WorkerError(
            f"worker processes end while they start: {problem}, after {START_ATTEMPTS} attempts; "
            "what they say about it is on the standard error stream"
        )

    def _remove(self, worker):
        """Have `worker` leave, and return its exit status."""
        with self._changed:
            self._workers.discard(worker)
        return worker.leave()


class _Worker:
    """One worker process and the connection to it, used by one thread."""

    def __init__(self, start_method, jobs, preload):
        context = multiprocessing.get_context(start_method)
        n_threads = max(1, available_cores() // jobs)
        self._connection, theirs = context.Pipe()
        settings = (theirs, dict(os.environ), n_threads, os.path.realpath(worker_process.__file__))
        self._process = context.Process(target=worker_process.serve, args=settings, name=NAME, daemon=True)
        try:
            with _process_lock, theirs:
                if start_method == "forkserver":
                    start_server(preload)
                with _quiet_start():
                    self._process.start()
        except BaseException:
            self._connection.close()
            raise

    def exchange(self, message):
        """Send `message`, if any, and return the reply; None if the process ends without one."""
        with contextlib.suppress(EOFError, OSError):
            if message is not None:
                self._connection.send_bytes(message)
            # The end of the process is watched too: what it started may hold its end of the connection open.
            if self._connection in multiprocessing.connection.wait(
                [self._connection, self._process.sentinel]
            ):
                return self._connection.recv_bytes()
        return None

    def has_ended(self):
        return bool(multiprocessing.connection.wait([self._process.sentinel], 0))

    def kill(self):
        """End the process at once; any thread may, before `leave` is called."""
        self._process.kill()

    def leave(self):
        """Close the connection, which tells the process to end, and return its exit status."""
        self._connection.close()
        if not multiprocessing.connection.wait([self._process.sentinel], SECONDS_TO_LEAVE):
            self._process.kill()
            multiprocessing.connection.wait([self._process.sentinel])
        with _process_lock:
            self._process.join()
            exitcode = self._process.exitcode
            self._process.close()
        return exitcode


def _signal_name(exitcode):
    if exitcode >= 0:
        return None
    known = {number.value: number.name for number in signal.Signals}
    return known.get(-exitcode, f"signal {-exitcode}")


def _ending(exitcode):
    return f"exit status {exitcode}" if exitcode >= 0 else f"ended by {_signal_name(exitcode)}"


@contextlib.contextmanager
def _quiet_start():
    """Start processes safe from Ctrl-C, and workers without the user's script.

    Ctrl-C: SIGINT is blocked until the process ignores it. The script: multiprocessing would import it in
    every worker, going by a description of this program; ours leaves it out for workers. (Hiding
    ``__main__.__file__`` for the moment would do too, but another thread may be reading it.)
    """
    usual = multiprocessing.spawn.get_preparation_data

    def without_script(name):
        method = multiprocessing.get_start_method(allow_none=True)
        data = usual(name)
        if method is None:  # then the call above has fixed the program's default, which is not for us to do
            multiprocessing.set_start_method(None, force=True)
        return {key: data[key] for key in data if name != NAME or not key.startswith("init_main")}

    can_block = hasattr(signal, "pthread_sigmask")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if can_block else None
    multiprocessing.spawn.get_preparation_data = without_script
    try:
        yield
    finally:
        multiprocessing.spawn.get_preparation_data = usual
        if can_block:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextlib.contextmanager
def _environment_of_server():
    """Let the server import from where this program does, and start no threads, which forking would cut off.

    Before Python 3.13 the server is not given the import path, and looks into the current folder first.
    """
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if isinstance(entry, str))
    changes = {
        "PYTHONPATH": path,
        "PYTHONSAFEPATH": "1",
        **dict.fromkeys(worker_process.THREAD_VARIABLES, "1"),
    }
    before = {name: os.environ[name] for name in changes if name in os.environ}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name in changes:
            del os.environ[name]
        os.environ.update(before)
