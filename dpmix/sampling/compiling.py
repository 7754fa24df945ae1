"""Kernels are compiled before several processes need them, by two processes where there are cores for two."""

import contextlib
import multiprocessing.spawn
import os
import subprocess
import sys
import threading
import time

from dpmix.chain.segment import warm_up as warm_up_chains
from dpmix.kernels.compile import can_share, n_cached, on_compile
from dpmix.sampling.worker import available_cores
from dpmix.sampling.workers import SECONDS_TO_START
from dpmix.sharding.warmth import are_ready, warm_up

__all__ = ["compile_first", "help_out"]

_MESSAGE = "compiling kernels: this happens once and takes 10 to 30 s"
_KERNELS = 92  # that a chain compiles, of which progress counts those that are there
_SECONDS_BETWEEN_LOOKS = 0.5
_COMMAND = "from dpmix.sampling.compiling import help_out; help_out()"


def compile_first(shown, shards=1):
    """Where kernels are not in the cache, compile all of them here, once, and not in every worker.

    Returns how long a worker may take to start, in seconds: longer where there is no cache, and each compiles.

    Parameters
    ----------
    shown : dpmix.base.progress.Progress
        Says what goes on; its clock starts anew when all is compiled.
    shards : int
        Of each chain; 1 needs fewer kernels.
    """
    on_compile(lambda: shown.message(_MESSAGE))
    begun = time.monotonic()
    if not are_ready(shards):
        with _helper(), _watched(shown):
            warm_up(shards)
        shown.restart_clock()
    return SECONDS_TO_START + (0 if are_ready(shards) else 10 * (time.monotonic() - begun))


def help_out():
    """Compile the kernels of chains, beginning with those that come last: what the helping process does."""
    warm_up_chains(backwards=True)


@contextlib.contextmanager
def _helper():
    """A second process that compiles, too; each takes what the other has made from the cache."""
    helper = None
    if can_share() and available_cores() > 1:
        with contextlib.suppress(OSError, ValueError):  # no room for another process; this one does it all
            helper = _started()
    try:
        yield
    finally:
        if helper is not None:
            helper.kill()  # it has nothing left that anybody waits for
            helper.wait()


def _started():
    """Start the helper, out of reach of Ctrl-C and silent: what it fails at this process does, and tells."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if isinstance(entry, str))
    return subprocess.Popen(
        [multiprocessing.spawn.get_executable(), "-c", _COMMAND],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
        start_new_session=True,
    )


@contextlib.contextmanager
def _watched(shown):
    """Show again and again how many kernels there are."""
    over = threading.Event()

    def watch():
        while not over.wait(_SECONDS_BETWEEN_LOOKS):
            shown.aside("compiling", min(n_cached(), _KERNELS), _KERNELS)

    thread = threading.Thread(target=watch, name="dpmix-compiling", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        shown.aside("compiling", _KERNELS, _KERNELS)
