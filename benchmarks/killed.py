"""How long processes of a program live on after it was killed, beside a machine that is busy.

A program is started with its workers, killed (SIGKILL, which nothing can catch) at a random moment, and its
processes are looked for until none is left: workers, the server they are forked from, the tracker of resources.
There are two programs: ``fit``, killed while it starts or computes; and ``held``, whose workers are in a call to C
that holds the interpreter, so that no thread of theirs gets a turn. Linux only. Run with

    python benchmarks/killed.py [--kills 20] [--jobs 4] [--busy 4] [--seed 0]

It prints, and with --json FILE keeps for compare.py, the seconds for each program. `--busy` is the number of
processes beside it that do nothing but compute. The goal is at most 2 s each time.
"""

import argparse
import contextlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness

GOAL = 2.0  # seconds
PATIENCE = 60.0
HELD = """
from dpmix.sampling.workers import ProcessWorkers
with ProcessWorkers({jobs}, preload=["dpmix.sampling.workers"]) as workers:
    calls = [workers.submit(eval, "__import__('ctypes').PyDLL(None).sleep(600)") for _ in range({jobs})]
    calls[0].result()
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="of each program")
    parser.add_argument("--jobs", type=int, default=4, help="workers of the program")
    parser.add_argument("--busy", type=int, default=4, help="processes that compute beside it")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = harness.parse(parser)
    moments = random.Random(options.seed)
    with busy(options.busy):
        for name in ("fit", "held"):
            seconds = [after_kill(name, options.jobs, moments.uniform(0.2, 6)) for _ in range(options.kills)]
            harness.note(f"{name}, seconds until no process is left", seconds, "s")
            print(
                f"{name:<5} {len(seconds)} kills: median {statistics.median(seconds):.3f} s, "
                f"most {max(seconds):.3f} s, over the goal of {GOAL:g} s: {sum(s > GOAL for s in seconds)}"
            )


@contextlib.contextmanager
def busy(n):
    """Within the block, `n` processes compute."""
    loads = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        yield
    finally:
        for load in loads:
            load.kill()
            load.wait()


def after_kill(name, jobs, moment):
    """Seconds from the kill, `moment` seconds after the start, until no process of the program is left."""
    with tempfile.TemporaryDirectory() as folder:
        fit = ["-m", "dpmix", "fit", "digits", "-o", f"{folder}/run", "--sweeps", "100000", "--quiet"]
        fit += ["--chains", str(jobs), "--jobs", str(jobs)]
        words = fit if name == "fit" else ["-c", HELD.format(jobs=jobs)]
        program = subprocess.Popen([sys.executable, *words], stderr=subprocess.DEVNULL)
        time.sleep(moment)
        family = [program.pid, *descendants(program.pid)]
        program.kill()
        begun = time.monotonic()
        program.wait()
        while any(map(is_there, family)):
            if time.monotonic() - begun > PATIENCE:
                raise SystemExit(f"{name}: {[pid for pid in family if is_there(pid)]} are there for ever")
            time.sleep(0.002)
        return time.monotonic() - begun


def descendants(pid):
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found, generation = [], {pid}
    while generation := {child for child, parent in parents.items() if parent in generation}:
        found += generation
    return found


def is_there(pid):
    """Whether a process runs; one that has ended and that nobody has collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


if __name__ == "__main__":
    main()
