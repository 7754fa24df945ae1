"""The harness of the benchmarks: figures reach a file, and two files are laid side by side."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
PARTS = ("mnist_sets", "small_sets", "half_digit_baselines", "damaged_files", "shifted_digits", "trees")
SCRIPTS = sorted(set(BENCHMARKS.glob("*.py")) - {BENCHMARKS / f"{name}.py" for name in PARTS})
TOY = """
import argparse, sys
sys.path.insert(0, {folder!r})
import harness
parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=float)
options = harness.parse(parser)
harness.note("sweep", [options.seconds, 3 * options.seconds, 2 * options.seconds], "s")
harness.note({extra!r}, 1, "nats")
assert harness.repeated(lambda repeat: repeat, 3) == harness.repeated(lambda repeat: repeat, 3, False) == [1, 2, 3]
"""


def run(*words):
    return subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, check=True, timeout=120
    )


@pytest.fixture
def files(tmp_path):
    """Two files: of a sweep that takes 2 s, and of one that takes 3, with another figure each."""
    found = []
    for name, seconds in (("before", 1), ("after", 1.5)):
        script = tmp_path / "toy.py"
        script.write_text(TOY.format(folder=str(BENCHMARKS), extra=name))
        found.append(tmp_path / f"{name}.json")
        assert "cores: " in run(script, "--seconds", seconds, "--json", found[-1]).stderr
    return found


def test_file_says_what_was_measured_where(files):
    facts = json.loads(files[0].read_text())
    assert facts["benchmark"] == "toy" and facts["options"] == {"seconds": "1.0"}
    assert facts["figures"]["sweep"] == {"unit": "s", "median": 2.0, "values": [1.0, 3.0, 2.0]}
    assert facts["machine"]["cores"] >= 1 and facts["machine"]["numpy"]


def test_compare(files):
    told = run(BENCHMARKS / "compare.py", *files)
    lines = [line.split() for line in told.stdout.splitlines()[2:]]
    assert lines == [
        ["before", "after", "ratio", "spread"],
        ["sweep", "2", "3", "1.500", "3.000", "s"],
        ["before", "only", "before"],
        ["after", "only", "after"],
    ]
    assert told.stderr == "careful: seconds differs: 1.0; 1.5\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "script", [path for path in SCRIPTS if path.stem not in ("harness", "compare")], ids=str
)
def test_every_benchmark_keeps_its_figures(script):
    assert "--json FILE" in run(script, "--help").stdout
