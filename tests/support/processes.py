"""Programs that a test starts, and what becomes of processes."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import dpmix

ROOT = str(Path(dpmix.__file__).resolve().parent.parent)


def script(text):
    return f"import sys\nsys.path.insert(0, {ROOT!r})\n" + textwrap.dedent(text)


def start(arguments, cwd, **options):
    return subprocess.Popen(
        [sys.executable, "-W", "error", *arguments],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **options,
    )


def run(text, folder, timeout=20):
    """Run a script from a file in `folder`; return its standard output, after checking that it was all fine.

    Waits for every process that holds the output open, so that leftovers fail the test.
    """
    path = folder / "script.py"
    path.write_text(script(text))
    process = start([str(path)], folder)
    out, err = process.communicate(timeout=timeout)
    assert (process.returncode, err) == (0, "")
    return out


def gone(pid):
    """Whether a process has ended; a zombie that nobody has collected yet counts as ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def wait_until(condition, seconds=3.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def busy_pid(executor, path):
    """Start an endless call; return its future and the process id of its worker."""
    future = executor.submit(
        exec, f"import os, time\nopen({str(path)!r}, 'w').write(f'{{os.getpid()}}.')\ntime.sleep(99)"
    )
    wait_until(lambda: path.exists() and path.read_text().endswith("."))
    return future, int(path.read_text()[:-1])
