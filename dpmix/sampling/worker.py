"""One worker process, as the program sees it: started, asked, watched, and how it ended."""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
from typing import NamedTuple

from dpmix.base.errors import WorkerError
from dpmix.sampling import worker_process
from dpmix.sampling.server import NAME, kill_server, process_lock, quiet_start, start_server
from dpmix.sampling.watch import watched

__all__ = ["Seconds", "Worker", "WorkerDied", "available_cores", "ending"]

SECONDS_TO_LEAVE = 5.0


def available_cores():
    """Return the number of CPU cores that this process may use, at least 1."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Seconds(NamedTuple):
    """How long to wait for a worker process."""

    to_start: float  # from the order to start it to its first answer
    silent: float  # in the middle of a call, however long that takes, without a sign of life


class WorkerDied(WorkerError):
    """A worker process ended in the middle of a call.

    Attributes
    ----------
    exitcode : int
        Exit status of the process, or the negative number of the signal that ended it.
    signal : str or None
        Name of that signal, such as ``"SIGKILL"``; None where the process ended by itself.
    silence : float or None
        Seconds for which it gave no sign of life, where that is why it was ended.
    """

    def __init__(self, exitcode, silence=None):
        self.exitcode, self.silence = exitcode, silence
        self.signal = _signal_name(exitcode)
        if silence is not None:
            text = f"a worker process gave no sign of life for {silence:g} s and was ended"
        else:
            hint = " (where nobody sent it, memory ran out)" if self.signal == "SIGKILL" else ""
            text = f"a worker process ended in the middle of its work: {ending(exitcode)}{hint}"
        super().__init__(text)

    def __reduce__(self):
        return type(self), (self.exitcode, self.silence)


class Worker:
    """One worker process and the connection to it, used by one thread.

    Parameters
    ----------
    start_method : {"forkserver", "spawn"}
    jobs : int
        Among how many workers the cores are shared.
    preload : sequence of str
        See `dpmix.sampling.server.start_server`.
    seconds : Seconds
        How long to wait for it.

    Attributes
    ----------
    silence : float or None
        Seconds for which it kept silent, where it was ended for that.
    """

    def __init__(self, start_method, jobs, preload, seconds):
        self._seconds, self.silence = seconds, None
        context = multiprocessing.get_context(start_method)
        n_threads = max(1, available_cores() // jobs)
        self._connection, theirs = context.Pipe()
        settings = (theirs, dict(os.environ), n_threads, os.path.realpath(worker_process.__file__))
        self._process = context.Process(target=worker_process.serve, args=settings, name=NAME, daemon=True)
        try:
            with process_lock(), theirs:
                if start_method == "forkserver":
                    start_server(preload)
                # The server may hang, in what it imports or in a lock of a library that it forks with.
                with quiet_start(), watched(seconds.to_start, kill_server):
                    self._process.start()
        except BaseException:
            self._connection.close()
            raise

    def first_reply(self):
        """Return what it says once it is ready; None if it ends, or is ended, without that."""
        return self._reply(self._seconds.to_start, beats=False)

    def exchange(self, message):
        """Send `message` and return the reply; None if the process ends, or is ended, without one."""
        return self._reply(self._seconds.silent, message, beats=True)

    def _reply(self, seconds, message=None, *, beats):
        """What comes back within `seconds`; where it `beats`, each sign of life begins them anew."""

        def end():
            self.silence = seconds
            self._process.kill()

        # To send may take for ever, too: a process that is stopped reads nothing.
        with watched(seconds, end) as watch, contextlib.suppress(EOFError, OSError):
            if message is not None:
                self._connection.send_bytes(message)
            ends = [self._connection, self._process.sentinel]
            # The end of the process is watched too: what it started may hold its end of the connection open.
            while self._connection in multiprocessing.connection.wait(ends):
                reply = self._connection.recv_bytes()
                if reply != worker_process.BEAT:
                    return reply
                if beats:
                    watch.heard()
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
        with process_lock():
            self._process.join()
            exitcode = self._process.exitcode
            self._process.close()
        return exitcode


def _signal_name(exitcode):
    if exitcode >= 0:
        return None
    known = {number.value: number.name for number in signal.Signals}
    return known.get(-exitcode, f"signal {-exitcode}")


def ending(exitcode):
    return f"exit status {exitcode}" if exitcode >= 0 else f"ended by {_signal_name(exitcode)}"
