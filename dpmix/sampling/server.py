"""The process that workers are forked from, and how processes are started so that nobody notices.

It is the one of ``multiprocessing.forkserver``, with dpmix imported beforehand.
"""

import contextlib
import multiprocessing
import multiprocessing.spawn
import os
import signal
import sys
import threading

from dpmix.sampling import worker_process

__all__ = ["NAME", "PRELOAD", "kill_server", "process_lock", "quiet_start", "start_server"]

NAME = "dpmix-worker"
PRELOAD = ("dpmix.sampling.preload",)
_FIRST, _LAST = "dpmix.sampling.server_guard", "dpmix.sampling.server_ready"  # around what is preloaded
_FORKSERVER = "forkserver" in multiprocessing.get_all_start_methods()

_locks = {}


def process_lock():
    """The lock of this process for starting processes and collecting those that ended.

    Starting one changes state of the whole program for a moment, and two threads must not collect at once:
    the second would look for an exit status that the first has taken already.
    """
    return _locks.setdefault("process", threading.RLock())


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
    if not _FORKSERVER:
        return
    from multiprocessing import forkserver, resource_tracker

    with process_lock():
        resource_tracker.ensure_running()  # beforehand, because it would undo the blocking of SIGINT below
        names = [_FIRST, *preload, worker_process.__name__, "threadpoolctl", _LAST] if preload else []
        multiprocessing.get_context("forkserver").set_forkserver_preload(names)
        with quiet_start(), _environment_of_server():
            forkserver.ensure_running()


def kill_server():
    """End the server at once, as one that hangs; those who wait for a worker from it get an EOFError."""
    if _FORKSERVER:
        from multiprocessing import forkserver

        pid = forkserver._forkserver._forkserver_pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _forget_server():
    """In a fork of the program: the server is the child of another process, and locks may be held for ever.

    The fork starts a server of its own when it needs one. Its end of the pipe by which the old one sees
    that the program is still there is closed, so that the old one does not outlive the program.
    """
    _locks.clear()
    module = sys.modules.get("multiprocessing.forkserver")
    server = module and module._forkserver
    if not server or server._forkserver_pid is None:
        return
    with contextlib.suppress(OSError):
        os.close(server._forkserver_alive_fd)
    server.__init__()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_server)


@contextlib.contextmanager
def quiet_start():
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
        worker_process.PROGRAM: str(os.getpid()),
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
