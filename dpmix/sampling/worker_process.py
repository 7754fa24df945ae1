"""The side of `dpmix.sampling.workers` that runs in a worker process, and the form of its replies.

A worker answers calls until the program closes the connection, and ends with the program however that ends.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
import traceback
from multiprocessing.reduction import ForkingPickler

__all__ = ["THREAD_VARIABLES", "serve", "unpacked"]

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
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    reply = _answer(ForkingPickler.dumps((_prepare, (environ, n_threads, home), {})))
    with contextlib.suppress(EOFError, OSError):
        while True:
            connection.send_bytes(reply)
            del reply
            reply = _answer(connection.recv_bytes())


def _leave_with_parent():
    # This thread gets its turn beside any computation: a kernel releases the GIL, a loop in Python shares it.
    multiprocessing.parent_process().join()
    os._exit(1)


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
