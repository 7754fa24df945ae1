"""Copies of the package with some text changed, and fresh processes that use them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dpmix
import dpmix.kernels

TESTS = Path(__file__).resolve().parents[1]


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
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment |= {"PYTHONPATH": os.pathsep.join([str(folder), str(TESTS)]), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # plugins would take most of the time
    environment |= {name: str(value) for name, value in variables.items()}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env=environment,
        timeout=timeout,
        capture_output=True,
        text=True,
        check=False,
    )


def run_tests(folder, *arguments, **variables):
    """Run pytest on tests of this folder with the copy in `folder` in place of dpmix."""
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = --import-mode=importlib\nmarkers =\n    slow: takes long\n"
    )
    options = ["-x", "-q", "-p", "no:cacheprovider", "-c", "pytest.ini", "--tb=line"]
    tests = [str(TESTS / test) for test in arguments]
    return run_python(folder, "-m", "pytest", *options, *tests, **variables)
