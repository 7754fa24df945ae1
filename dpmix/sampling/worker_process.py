"""The side of `dpmix.sampling.workers` that runs in a worker process, and the form of its replies.

A worker answers calls until the program closes the connection, and ends with the program however that ends:
a thread watches the program, and where that thread gets no turn, because something holds the interpreter, Linux
ends the worker by itself. While it works on a call, the same thread gives a sign of life every second.
"""

import contextlib
import ctypes
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import traceback
from multiprocessing.reduction import ForkingPickler

if sys.platform.startswith("linux"):
    import fcntl

__all__ = ["BEAT", "PROGRAM", "THREAD_VARIABLES", "end_with_parent", "forget_parent", "serve", "unpacked"]

PROGRAM = "DPMIX_PROGRAM"  # environment variable by which the server of the workers knows its parent
BEAT = b""  # a message that says: still here
SECONDS_BETWEEN_BEATS = 1.0
PR_SET_PDEATHSIG = 1
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def unpacked(reply):
    """Return ``True, result`` or ``False, exception`` from the reply of a worker."""
    fine, value, trace = ForkingPickler.loads(reply)
    if not fine:
        value.add_note(f"In the worker process:\n{trace}")
    return fine, value


def serve(connection, environ, n_threads, home):
    """Answer calls until the other side closes the connection.

    Parameters
    ----------
    connection : multiprocessing.connection.Connection
    environ : dict of str to str
        The environment variables of the program.
    n_threads : int
        Threads that BLAS and OpenMP may use, fewer where the environment says so.
    home : str
        Where the program has this module; a worker that has another one refuses all calls.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent, pulse = multiprocessing.parent_process().sentinel, _Pulse(connection)
    end_with_parent(parent)
    threading.Thread(target=_watch, args=(parent, pulse), daemon=True).start()
    reply = _answer(ForkingPickler.dumps((_prepare, (environ, n_threads, home), {})))
    with contextlib.suppress(EOFError, OSError):
        while True:
            pulse.send(reply)
            del reply
            message = connection.recv_bytes()
            pulse.begin()
            reply = _answer(message)
            del message


class _Pulse:
    """The sending side of the connection: replies, and beats while a reply is worked on."""

    def __init__(self, connection):
        self._connection, self._lock, self._is_working = connection, threading.Lock(), False

    def begin(self):
        self._is_working = True

    def send(self, reply):
        with self._lock:
            self._is_working = False
            self._connection.send_bytes(reply)

    def beat(self):
        with self._lock, contextlib.suppress(OSError):
            if self._is_working:
                self._connection.send_bytes(BEAT)


def _watch(parent, pulse):
    # This thread gets its turn beside any computation: a kernel releases the GIL, a loop in Python shares it.
    while not multiprocessing.connection.wait([parent], SECONDS_BETWEEN_BEATS):
        pulse.beat()
    os._exit(1)


def end_with_parent(pipe=None):
    """On Linux, have the kernel kill this process when the one that started it ends, however busy this one is.

    Parameters
    ----------
    pipe : int, optional
        File descriptor of a pipe that the program holds open and never writes to, by which the kernel can
        see the end of the program, too, where that is not the process that started this one.
    """
    if not sys.platform.startswith("linux"):
        return
    _signal_at_end_of_parent(signal.SIGKILL)
    if pipe is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
            fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)


def forget_parent():
    """Call off what `end_with_parent` has asked for with regard to the process that started this one."""
    if sys.platform.startswith("linux"):
        _signal_at_end_of_parent(0)


def _signal_at_end_of_parent(number):
    with contextlib.suppress(OSError, AttributeError):  # a C library without it: the other ways are left
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def _prepare(environ, n_threads, home):
    here = os.path.realpath(__file__)
    if here != home:
        raise ImportError(
            f"workers find dpmix.sampling.worker_process at {here}, this program at {home}; run from one of them"
        )
    os.environ.clear()  # it was that of the server, which may have been started long ago
    os.environ.update(environ)
    _limit_threads(n_threads)


def _limit_threads(n_threads):
    """Hold BLAS and OpenMP to `n_threads` threads, or fewer where the environment says so."""
    from threadpoolctl import threadpool_limits

    asked = [int(os.environ[name]) for name in THREAD_VARIABLES if os.environ.get(name, "").isdigit()]
    n_threads = min([n_threads, *(n for n in asked if n > 0)])
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(n_threads)))  # for libraries yet to be loaded
    threadpool_limits(n_threads)


def _answer(message):
    """Return the reply to a call: a pickled ``(fine, result or exception, traceback)``."""
    try:
        function, args, kwargs = ForkingPickler.loads(message)
        return ForkingPickler.dumps((True, function(*args, **kwargs), None))
    except BaseException as error:  # noqa: BLE001 (whatever it is, the caller gets it)
        trace = traceback.format_exc()
        try:
            reply = ForkingPickler.dumps((False, error, trace))
            ForkingPickler.loads(reply)
            return reply
        except Exception:  # noqa: BLE001 (pickling runs code of the exception's class)
            stand_in = RuntimeError(f"{type(error).__name__}: {error} (an exception that cannot be pickled)")
            return ForkingPickler.dumps((False, stand_in, trace))
