"""The program as a user starts it, and what can be seen of it from outside."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import dpmix
from dpmix.cli import main

ROOT = Path(dpmix.__file__).resolve().parents[1]
SMALL = ("--classes", "2,3", "--chains", "2", "--sweeps", "20", "--init", "random:10", "--seed", "1")
QUICK = ("--classes", "0,1", "--epochs", "20", "--batch-size", "10", "--seed", "1", "--quiet")  # a training

# What one writes in a script, and nobody can type in a shell: calls of the library and arguments by name.
LIBRARY_WORDS = re.compile(
    r"dpmix\.(resume|load|sample|datasets)\b|posterior\.save|binarize\(|\bset_params|set \w+=|"
    r"\b(overwrite|threshold|maximum|key|init|chains|early_stopping)=|learning_rate|weight_decay|that save was given"
)


def environment():
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "100"}


def program(*words, **options):
    """Run the program to its end."""
    options = {"capture_output": True, "text": True, "env": environment(), "timeout": 120, **options}
    return subprocess.run([sys.executable, "-m", "dpmix", *map(str, words)], **options)


def is_one_error(text):
    return text.startswith("dpmix: error: ") and text.count("\n") == 1 and text.endswith("\n")


def info(run):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["info", str(run), "--json"]) == 0
    return json.loads(out.getvalue())


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
    return found


def descendants(pid):
    """Processes below `pid`, each with its generation: 1 for children."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if words[0] != "Z":
            parents[int(stat.parent.name)] = int(words[1])
    found, generation = {}, {pid}
    while generation := {child for child, parent in parents.items() if parent in generation}:
        depth = 1 + max(found.values(), default=0)
        found |= dict.fromkeys(generation, depth)
    return found


def workers(pid):
    """Worker processes: children of the server that is a child of the program."""
    return [child for child, generation in descendants(pid).items() if generation == 2]


def all_are_gone(paths):
    return not any(path.exists() for path in paths)


def assert_same_bits(run, other):
    one, two = dpmix.load(run), dpmix.load(other)
    for first, second in zip(one.records, two.records, strict=True):
        for name, values in first.state._asdict().items():
            np.testing.assert_array_equal(values, getattr(second.state, name), err_msg=name)
        for name in [name for name in first.draws.trace if not name.endswith("seconds")]:
            np.testing.assert_array_equal(first.draws.trace[name], second.draws.trace[name], err_msg=name)
        for name, values in first.draws.kept.items():
            np.testing.assert_array_equal(values, second.draws.kept[name], err_msg=name)
