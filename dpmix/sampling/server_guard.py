"""The first that the server of the workers imports: from here on it ends with the program, even if an import hangs.

The server watches the program by itself, but only once everything is imported. Until then Linux does, which
takes the end of the thread that started the server for that of the program; so it is called off in
`dpmix.sampling.server_ready`. A worker that hangs in the moment of its birth is ended by the server when that ends.
"""

import atexit
import contextlib
import os
import signal
from pathlib import Path

from dpmix.sampling.worker_process import PROGRAM, end_with_parent

_server = os.getpid()


def _end():
    if os.getpid() != _server:  # of a fork
        return
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for pid in children.read_text().split():
                os.kill(int(pid), signal.SIGKILL)
    os._exit(0)  # to take the interpreter down in order takes a second on a busy machine


end_with_parent()
if os.environ.pop(PROGRAM, str(os.getppid())) != str(os.getppid()):
    os._exit(1)  # the program ended before this was arranged
atexit.register(_end)
