"""The job of 2015 as a whole: 5 chains x 5 sweeps over the 2s and 3s of MNIST, from 100 random groups.

    python benchmarks/headline.py [--repeats 7] [--jobs N] [--json FILE]

Each repeat is a fresh process with warm kernel cache, timed from outside: start of the interpreter,
imports, reading 14,131 images, worker processes, 25 sweeps of Gibbs sampling alone (alpha = a = b = 1),
and the end. Then come the peak resident memory of the program and of each worker, in a run of its own,
the time of ``dpmix --help``, and that of the first use, which compiles all kernels of the sampler into an
empty cache.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness

FIRST_USE = "from dpmix.chain.segment import warm_up; warm_up()"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--jobs", type=int, help="worker processes (default: one a core)")
    parser.add_argument("--once", action="store_true", help="run the job itself, in this process")
    if "--once" in sys.argv:
        run_job(parser.parse_args().jobs)
        return
    options = harness.parse(parser)
    job = [__file__, "--once"] + (["--jobs", str(options.jobs)] if options.jobs else [])
    print(run(job).stdout, end="")  # fills the cache
    report("whole job", harness.repeated(lambda _: seconds_of(job), options.repeats, warm_up=False))
    for name, megabytes in peak_memory(job):  # the largest of a part comes last
        print(f"{name:<20} peak memory {megabytes:6.0f} MB")
        harness.note(f"{name}, peak memory", megabytes, "MB")
    help_words = ["-m", "dpmix", "--help"]
    report("dpmix --help", harness.repeated(lambda _: seconds_of(help_words), options.repeats, warm_up=False))
    with tempfile.TemporaryDirectory() as empty:
        report("first use, compiling", [seconds_of(["-c", FIRST_USE], NUMBA_CACHE_DIR=empty)])


def run_job(jobs):
    import dpmix
    from dpmix.datasets import load_mnist

    images = load_mnist("all", classes=[2, 3], threshold=0)
    posterior = dpmix.sample(
        images,
        dpmix.Prior(alpha=1, a=1, b=1),
        chains=5,
        sweeps=5,
        init="random:100",
        seed=0,
        schedule=dpmix.Schedule(split_merge=0, birth_death=0),
        jobs=jobs,
        progress=False,
    )
    ends = ", ".join(f"{value:,.0f}" for value in posterior.log_joint[:, -1])
    seconds = posterior.trace["seconds"].sum()
    print(f"n = {len(images):,}; 25 sweeps took {seconds:.2f} s of computing; log joint at the end {ends}")


def run(words, **variables):
    return subprocess.run(
        [sys.executable, *words],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )


def seconds_of(words, **variables):
    began = time.perf_counter()
    run(words, **variables)
    return time.perf_counter() - began


def report(name, seconds):
    harness.note(name, seconds, "s")
    spread = f"   ({min(seconds):.2f} to {max(seconds):.2f}, {len(seconds)} runs)" if len(seconds) > 1 else ""
    print(f"{name:<20} {statistics.median(seconds):6.2f} s{spread}", flush=True)


def peak_memory(job):
    """Part played and peak resident memory, MB, of the program and all its processes, as Linux counts it."""
    program = subprocess.Popen([sys.executable, *job], stdout=subprocess.DEVNULL)
    peaks = {}
    while program.poll() is None:
        for process, megabytes in family(program.pid):
            peaks[process] = max(peaks.get(process, 0), megabytes)
        time.sleep(0.005)
    return sorted((part, megabytes) for (_, part), megabytes in peaks.items())


def family(root):
    """Yield (pid, part) and peak resident memory, MB, of process `root`, its children and grandchildren.

    Workers are forked from a server that the program starts.
    """
    parents, peaks = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
            pid = int(fields["Pid"])
            parents[pid], peaks[pid] = int(fields["PPid"]), int(fields["VmHWM"].split()[0]) / 1024
        except (OSError, KeyError):  # it has ended, or belongs to the kernel
            continue
    for pid, megabytes in peaks.items():
        line = (pid, parents[pid], parents.get(parents[pid]))
        if root in line:
            yield (pid, ("program", "helper", "worker")[line.index(root)]), megabytes


if __name__ == "__main__":
    main()
