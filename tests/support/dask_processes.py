"""A Dask scheduler and its workers as processes of their own, which tests kill and replace."""

import contextlib
import subprocess
import sys
import time

_HIDE = "import sys; sys.modules['dpmix'] = None; "
_WORKER = "from distributed.cli.dask_worker import main; main()"
_SCHEDULER = "from distributed.cli.dask_scheduler import main; main()"


class DaskProcesses:
    """Usable in a ``with`` statement, which ends all of them; `folder` is where they work."""

    def __init__(self, folder):
        self.folder, self.workers = folder, []
        self.file = folder / "scheduler.json"
        self.scheduler = self._started(
            _SCHEDULER, "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", self.file
        )
        deadline = time.monotonic() + 60
        while not (self.file.exists() and self.file.read_text().rstrip().endswith("}")):
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)

    def add_workers(self, count, with_dpmix=True):
        """Start workers that nobody replaces."""
        for _ in range(count):
            code = _WORKER if with_dpmix else _HIDE + _WORKER
            given = "--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", self.folder
            self.workers.append(self._started(code, *given, "--scheduler-file", self.file))

    def kill_workers(self):
        """Kill all workers."""
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.workers.clear()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        for process in [*self.workers, self.scheduler]:
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()

    def _started(self, code, *words):
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, words)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
