"""Copies of the package with some text changed, and processes that use them."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import dpmix
import dpmix.kernels

TESTS = Path(__file__).resolve().parents[1]
WARNINGS = ("-W", "error")
WRAPPING = ("-W", "ignore:overflow encountered in scalar:RuntimeWarning")  # sums modulo 2**16 and 2**32


def copy_package(folder, *changes):
    """Copy dpmix to `folder` with `changes`, each (file, old, new[, times]); returns `folder`.

    The old text must stand in the file just so often (once unless said otherwise): a change that no longer
    fits the source is an error, not a test that passes because nothing was changed.
    """
    package = folder / "dpmix"
    leave_out = shutil.ignore_patterns("__pycache__", "kernels")
    shutil.copytree(Path(dpmix.__file__).parent, package, ignore=leave_out)
    shutil.copytree(Path(dpmix.kernels.__file__).parent, package / "kernels", ignore=leave_out)
    for change in changes:
        edit(package / change[0], *change[1:])
    return folder


def edit(path, old, new, times=1):
    """Replace `old`, which must stand in the file `times` times, by `new`."""
    text = path.read_text()
    assert text.count(old) == times, f"{path.name} has {text.count(old)} times, not {times}, the text {old!r}"
    path.write_text(text.replace(old, new))


def run_python(folder, *arguments, timeout=300, **variables):
    """Run Python in a new process with the copy in `folder` in place of dpmix; warnings are errors."""
    return subprocess.run(
        [sys.executable, *WARNINGS, *arguments],
        cwd=folder,
        env=_environment(folder, **variables),
        timeout=timeout,
        capture_output=True,
        text=True,
        check=False,
    )


def run_tests(folder, *tests, **variables):
    """Run pytest on tests of this folder, in a new process, with the copy in `folder` in place of dpmix."""
    return run_python(folder, "-m", "pytest", *_pytest_words(folder, tests), **variables)


def run_interpreted(folder, *tests):
    """The same without the JIT, in a fork of a warm process: without the seconds that imports take."""
    return _fork(folder, pytest=_pytest_words(folder, tests))


def run_code_interpreted(folder, code):
    """Run Python code with the copy in `folder`, without the JIT, in a fork of a warm process."""
    return _fork(folder, code=code)


def _environment(*path, **variables):
    """Variables of a process that finds packages in `path` and then tests, and no setting of Numba."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment |= {"PYTHONPATH": os.pathsep.join(map(str, (*path, TESTS))), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # plugins would take most of the time
    return environment | {name: str(value) for name, value in variables.items()}


def _pytest_words(folder, tests):
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = --import-mode=importlib\nmarkers =\n    slow: takes long\n"
    )
    options = ["-x", "-q", "-p", "no:cacheprovider", "-c", "pytest.ini", "--tb=line", *WRAPPING]
    return options + [str(TESTS / test) for test in tests]


@functools.cache
def _zygote():
    """The warm process of this session; it ends with its standard input."""
    process = subprocess.Popen(
        [sys.executable, *WARNINGS, "-m", "support.zygote"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=TESTS,
        env=_environment(NUMBA_DISABLE_JIT=1, OPENBLAS_NUM_THREADS=1),
        text=True,
    )

    def end():
        process.communicate(timeout=20)

    atexit.register(end)
    return process


def _fork(folder, timeout=300, **work):
    """What a fork of the warm process did with the copy in `folder`, as `subprocess.run` would tell it."""
    if not hasattr(os, "fork"):
        words = ["-c", work["code"]] if "code" in work else ["-m", "pytest", *work["pytest"]]
        return run_python(folder, *words, timeout=timeout, NUMBA_DISABLE_JIT=1)
    with tempfile.TemporaryDirectory() as place:
        outputs = {name: os.path.join(place, name) for name in ("stdout", "stderr")}
        job = {"folder": str(folder), "timeout": timeout, **outputs, **work}
        print(json.dumps(job), file=_zygote().stdin, flush=True)
        answer = _zygote().stdout.readline()
        assert answer, "the process that forks has ended"
        told = {name: Path(path).read_text() for name, path in outputs.items()}
    return subprocess.CompletedProcess(work, int(answer), **told)
