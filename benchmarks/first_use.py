"""The first use: a short run whose kernels are compiled into an empty cache, by two processes on two cores.

    python benchmarks/first_use.py [--beside TREE] [--repeats 3] [--json FILE]

Each repeat is a fresh process with an empty cache that draws two sweeps over 200 digits with every move. Seconds
of the clock and of the processor, all processes together, are shown, imports included. `TREE` is another checkout,
such as of the commit before, that is measured in turn: on a shared machine only ratios of CPU seconds can be compared.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import harness
from trees import HERE, working_folder

JOB = """
import dpmix
digits = dpmix.datasets.load_digits()[:200]
dpmix.sample(digits, chains=1, sweeps=2, seed=0, jobs=1, progress=False)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--beside", type=Path, help="another checkout, measured in turn")
    parser.add_argument("--repeats", type=int, default=3)
    options = harness.parse(parser)
    trees = {"here": HERE} | ({"beside": options.beside} if options.beside else {})
    found = {name: [] for name in trees}
    for _ in range(options.repeats):
        for name, tree in trees.items():
            found[name].append(measure(tree))
    for name, rows in found.items():
        for what, seconds in zip(("wall", "CPU"), zip(*rows, strict=True), strict=True):
            harness.note(f"first use, {name}, {what}", seconds, "s")
            print(
                f"{name:8} {what:5} {statistics.median(seconds):6.1f} s  ({min(seconds):.1f} to {max(seconds):.1f})"
            )


def measure(tree):
    """Seconds of the clock and of the processor that the job takes with the package in `tree`."""
    with working_folder(tree) as (work, environment):
        began, before = time.perf_counter(), cpu_of_children()
        subprocess.run([sys.executable, "-c", JOB], check=True, cwd=work, env=environment)
        return time.perf_counter() - began, cpu_of_children() - before


def cpu_of_children():
    """CPU seconds of all processes that have been waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
