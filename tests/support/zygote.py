"""A warm process that forks once for each copy of the package whose tests are to run.

Started as ``python -m support.zygote``, it imports what tests need, except dpmix, and then reads jobs from
its standard input, one JSON object a line. For each it forks: the child puts the folder of the copy first on
the path, so that its `import dpmix` finds the copy, and runs pytest or a piece of code there as a new
interpreter would. What is answered, one line a job, is the exit status.

The process itself has one thread and never imports dpmix; so every child starts as clean as the first.
"""

import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path

WARM = [
    "numpy.testing",
    "scipy.special",
    "scipy.stats",
    "hypothesis.strategies",
    "numba",
    "pytest",
    "sklearn.metrics",
]
NOT_THE_COPY = 99  # status of a child that tested something else


def serve():
    """Answer jobs until the standard input ends."""
    for name in WARM:
        importlib.import_module(name)
    assert not any(name.split(".")[0] == "dpmix" for name in sys.modules)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(in_child(job))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def in_child(job):
    """Do one job in the folder of its copy, with what it prints in files; returns the exit status."""
    signal.alarm(job["timeout"])  # ends the child if it hangs
    for descriptor, name in ((0, os.devnull), (1, job["stdout"]), (2, job["stderr"])):
        os.dup2(os.open(name, os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(job["folder"])
    sys.path.insert(0, job["folder"])
    try:
        status = run(job)
    except BaseException:  # whatever it is, the parent must be told and the child must end here
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status if is_copy(job["folder"]) else NOT_THE_COPY


def run(job):
    """Run pytest with these arguments, or the code."""
    if "code" not in job:
        import pytest

        return int(pytest.main(job["pytest"]))
    exec(compile(job["code"], "<code>", "exec"), {"__name__": "__main__"})
    return 0


def is_copy(folder):
    """Whether the dpmix that was imported, if any, is the one in `folder`."""
    module = sys.modules.get("dpmix")
    return module is None or Path(folder).resolve() in Path(module.__file__).resolve().parents


if __name__ == "__main__":
    serve()
