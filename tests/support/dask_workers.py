"""Worker processes of a Dask cluster that come back whenever they die.

Dask's own nannies give up a worker that is killed while it starts, and whoever waits for it then waits for ever.
"""

import contextlib
import subprocess
import sys
import threading

_COMMAND = "from distributed.cli.dask_worker import main; main()"
_OPTIONS = ("--no-nanny", "--no-dashboard", "--nthreads", "1", "--memory-limit", "0")


@contextlib.contextmanager
def immortal_workers(client, n_workers):
    """Within the block `n_workers` processes work for the scheduler of `client`."""
    command = [sys.executable, "-c", _COMMAND, client.scheduler.address, *_OPTIONS]
    running, is_over = [], threading.Event()

    def start():
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def watch():
        while not is_over.wait(0.1):
            for ix, process in enumerate(running):
                if process.poll() is not None:
                    running[ix] = start()

    running += [start() for _ in range(n_workers)]
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        client.wait_for_workers(n_workers, timeout=60)
        yield
    finally:
        is_over.set()
        watcher.join()
        for process in running:
            process.kill()
            process.wait()
