"""One chain over shards beside the ordinary chain: log joint against seconds, and what a round costs.

    python benchmarks/sharded.py [--images 60000] [--shards 1 2 4] [--seconds 60] [--jobs 2] [--json FILE]
    python benchmarks/sharded.py --overhead [--jobs 2]
    python benchmarks/sharded.py --many [--images 1000000] [--shards 8] [--rounds 2] [--jobs 2]

The first runs one chain on stochastically binarised MNIST digits, alpha, a and b learned, for some CPU seconds with
each number of shards (1 is the ordinary chain, on one worker process), and prints the log joint (nats) at some
times, by the clock and by the CPU seconds of the program and its workers, the number of clusters, the sweeps done,
and what one draw at the end gives to images held out, nats per image. On a machine that others use, only CPU seconds
say anything. The second says what a round costs that has nothing to do: 64 images of 8 pixels in 8 shards. The third
runs rounds over shifted digits on a Dask cluster of local processes, from 1,000 seeds, and prints seconds a round and
the largest memory of each worker and of the program, which holds the scheduler of the cluster, too.
"""

import argparse
import dataclasses
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import harness
import numpy as np
from mnist_sets import all_digits

import dpmix
from dpmix.chain.plan import Plan
from dpmix.chain.record import ChainRecord, Draws
from dpmix.chain.starts import check_init, start
from dpmix.model.table import BinaryTable
from dpmix.posterior.posterior import Posterior
from dpmix.sampling.chains import run_chains
from dpmix.sampling.dask_input import table_from_dask
from dpmix.sampling.sharded import run_sharded_chains
from dpmix.sampling.workers import ProcessWorkers
from dpmix.sharding.warmth import warm_up

MARKS = [5, 10, 20, 30, 60, 120, 300, 600]  # seconds at which the log joint is shown
MOST_SWEEPS = 1_000_000
EMPTY_SHARDS, EMPTY_ROUNDS = 8, 200


class TimeIsUp(Exception):
    """Ends a run."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--overhead", action="store_true", help="what a round costs that has nothing to do")
    parser.add_argument("--many", action="store_true", help="seconds and memory of a round over many images")
    parser.add_argument("--rounds", type=int, default=2, help="with --many")
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=60, help="of each chain, CPU seconds")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes")
    parser.add_argument("--init", default="seeds")
    parser.add_argument("--round-sweeps", type=int, default=5)
    options = harness.parse(parser)
    warm_up()
    if options.overhead:
        tell_overhead(options.jobs)
    elif options.many:
        tell_many(options)
    else:
        tell_progress(options)


def tell_progress(options):
    train, test = all_digits()
    table = BinaryTable.from_input(train[: options.images])
    marks = [mark for mark in MARKS if mark <= options.seconds]
    print(
        f"n = {table.n:,}, alpha, a and b learned, {options.jobs} workers, {options.round_sweeps} sweeps a round"
    )
    print(f"{'shards':>6} {'by':>5}" + "".join(f"{f'{mark} s':>14}" for mark in marks), flush=True)
    for shards in options.shards:
        plan = plan_of(table, options.init, shards, options.round_sweeps)
        times, record = run_for(options.seconds, table, plan, options.jobs)
        log_joint = record.draws.trace["log_joint"]
        for column, name in enumerate(("clock", "CPU")):
            at = [log_joint_at(mark, times, column, log_joint) for mark in marks]
            print(f"{shards:>6} {name:>5}" + "".join(f"{value:>14,.0f}" for value in at), flush=True)
            for mark, value in zip(marks, at, strict=True):
                if np.isfinite(value):
                    harness.note(f"{shards} shards, log joint at {mark} s by the {name}", value, "nats")
        held_out = float(dpmix.log_predictive(last_draw(table, plan, record), test).mean())
        clusters = record.draws.trace["n_clusters"][-1]
        print(
            f"       {clusters:,} clusters, {record.sweeps} sweeps, held out {held_out:.2f} nats", flush=True
        )
        harness.note(f"{shards} shards, held out", held_out, "nats")
        harness.note(f"{shards} shards, sweeps", record.sweeps, "sweeps")


def plan_of(table, init, shards, round_sweeps):
    init, _ = check_init(init, table.n)
    schedule = dpmix.Schedule(round_sweeps=round_sweeps)
    sweeps = MOST_SWEEPS // round_sweeps * round_sweeps
    return Plan.checked(dpmix.Prior(), 1, sweeps, 0, 10, init, 0, schedule, shards)


def run_for(seconds, table, plan, jobs):
    """Clock and CPU seconds after so many sweeps, and the record of a chain that was stopped by its CPU seconds."""
    times = []
    with tempfile.TemporaryDirectory() as folder, ProcessWorkers(1 if plan.shards == 1 else jobs) as workers:
        path = Path(folder) / "data.npy"
        np.save(path, table.packed)
        records = [ChainRecord(start(table, plan, None, 0), Draws.fresh(table, plan))]
        began = time.perf_counter(), cpu_seconds()

        def on_rounds(chain, record):
            now = time.perf_counter() - began[0], cpu_seconds() - began[1]
            times.append((*now, record.sweeps))
            if now[1] >= seconds and records[0].sweeps >= plan.thin:
                raise TimeIsUp

        try:
            run = run_chains if plan.shards == 1 else run_sharded_chains
            run(table, path, plan, records, workers, on_rounds)
        except TimeIsUp:
            workers.kill()
    return times, records[0]


def cpu_seconds():
    """CPU seconds of this process and of all below it, as far as /proc tells."""
    parents, used = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid], used[pid] = int(words[1]), int(words[11]) + int(words[12])
    mine = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
        mine |= more
    return sum(used.get(pid, 0) for pid in mine) / os.sysconf("SC_CLK_TCK")


def log_joint_at(mark, times, column, log_joint):
    """Log joint after the last sweep that had been kept by then; nan where there is none, or time ended before."""
    done = [row[2] for row in times if row[column] <= mark]
    return log_joint[done[-1] - 1] if done and times[-1][column] >= mark else float("nan")


def last_draw(table, plan, record):
    kept = {name: values[-1:] for name, values in record.draws.kept.items()}
    return Posterior(table, plan, [ChainRecord(record.state, Draws(record.draws.trace, kept))], "benchmark")


def tell_overhead(jobs):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (64, 8))
    given = {"chains": 1, "sweeps": EMPTY_ROUNDS, "init": "random:16", "seed": 0, "progress": False}
    given |= {"shards": EMPTY_SHARDS, "schedule": dpmix.Schedule(0, 0, 4, round_sweeps=1)}
    for workers in (1, jobs):
        with ProcessWorkers(workers) as executor:
            where = {"jobs": 1} if workers == 1 else {"executor": executor}
            dpmix.sample(x, **given, **where)
            began = time.perf_counter(), cpu_seconds()
            dpmix.sample(x, **given, **where)
            clock = 1000 * (time.perf_counter() - began[0]) / EMPTY_ROUNDS
            cpu = 1000 * (cpu_seconds() - began[1]) / EMPTY_ROUNDS
        place = "in this process" if workers == 1 else f"on {workers} workers"
        print(
            f"empty round of {EMPTY_SHARDS} shards {place}: {clock:.1f} ms by the clock, {cpu:.1f} ms of CPU"
        )
        harness.note(f"empty round {place}", cpu, "ms")


def tell_many(options):
    import dask.array
    import distributed

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples"))
    from many_images import BLOCK, shifted

    firsts = range(0, options.images, BLOCK)
    sizes = [min(BLOCK, options.images - first) for first in firsts]
    make = dask.delayed(shifted, pure=True)
    x = dask.array.concatenate(
        [
            dask.array.from_delayed(make(first, size), (size, 784), np.uint8)
            for first, size in zip(firsts, sizes, strict=True)
        ]
    )
    cluster = distributed.LocalCluster(n_workers=options.jobs, threads_per_worker=1, dashboard_address=":0")
    with cluster, distributed.Client(cluster) as client, tempfile.TemporaryDirectory() as folder:
        client.run(sys.path.insert, 0, sys.path[0])
        began = time.perf_counter()
        table = table_from_dask(x, None, None, client)
        print(f"{table.n:,} images made and packed in {time.perf_counter() - began:.0f} s", flush=True)
        path = Path(folder) / "data.npy"
        np.save(path, table.packed)
        plan = plan_of(table, "seeds:1000", options.shards[-1], options.round_sweeps)
        plan = dataclasses.replace(plan, sweeps=options.rounds * options.round_sweeps)
        records = [ChainRecord(start(table, plan, None, 0), Draws.fresh(table, plan))]
        last = [time.perf_counter(), cpu_seconds()]

        def on_rounds(chain, record):
            now = [time.perf_counter(), cpu_seconds()]
            clock, cpu = (one - before for one, before in zip(now, last, strict=True))
            last[:] = now
            clusters, log_joint = (record.draws.trace[name][-1] for name in ("n_clusters", "log_joint"))
            print(
                f"round: {clock:.0f} s by the clock, {cpu:.0f} s of CPU, {clusters:,} clusters, {log_joint:,.0f} nats"
            )
            print(f"memory: program {_peak():.0f} MB, workers", *client.run(_peak).values(), flush=True)
            harness.note("round", cpu, "s")
            harness.note("memory of a worker", max(client.run(_peak).values()), "MB")

        run_sharded_chains(table, path, plan, records, client, on_rounds)


def _peak():
    """Largest memory of this process so far, MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
