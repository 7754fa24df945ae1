"""One chain over shards beside the ordinary chain: log joint against seconds, and what a round costs.

    python benchmarks/sharded.py [--images 60000] [--shards 1 2 4] [--seconds 60] [--jobs 2] [--dask] [--json FILE]
    python benchmarks/sharded.py --overhead [--jobs 2]
    python benchmarks/sharded.py --deal [--images 60000] [--shards 8]
    python benchmarks/sharded.py --paper [--clusters 5000 50000] [--sweep-ns 9] [--gigabit 10]

The first runs one chain on stochastically binarised MNIST digits, alpha, a and b learned, for some CPU seconds with
each number of shards (1 is the ordinary chain, on one worker process), and prints the log joint (nats) at some
times, by the clock and by the CPU seconds of the program and its workers, the number of clusters, the sweeps done,
and what one draw at the end gives to images held out, nats per image. More than 60,000 images are digits shifted by up
to a pixel. With ``--dask`` shards are on a Dask cluster of local processes. On a machine that others use, only CPU
seconds say anything. The second says what a round costs that has nothing to do: 64 images of 8 pixels in 8 shards. The
third plays one round from 1,000 seeds in this process and says what each stage of it costs. The last is arithmetic.
`sharded_many.py` is about a million images.
"""

import argparse
import contextlib
import os
import tempfile
import time
from pathlib import Path

import harness
import numpy as np
from mnist_sets import all_digits
from shifted_digits import BLOCK, shifted

import dpmix
from dpmix.chain.kept import COUNTS
from dpmix.chain.plan import Plan
from dpmix.chain.record import ChainRecord, Draws
from dpmix.chain.starts import check_init, start
from dpmix.model.table import BinaryTable
from dpmix.posterior.posterior import Posterior
from dpmix.sampling.chains import run_chains
from dpmix.sampling.sharded import run_sharded_chains
from dpmix.sampling.workers import ProcessWorkers
from dpmix.sharding.rounds import on_rows, play_round
from dpmix.sharding.warmth import warm_up

MARKS = [5, 10, 20, 30, 60, 120, 300, 600]  # seconds at which the log joint is shown
MOST_SWEEPS = 1_000_000
EMPTY_SHARDS, EMPTY_ROUNDS = 8, 200


class TimeIsUp(Exception):
    """Ends a run."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--overhead", action="store_true", help="what a round costs that has nothing to do")
    parser.add_argument("--deal", action="store_true", help="what each stage of a round costs")
    parser.add_argument("--paper", action="store_true", help="a round over 1e8 images on 512 cores")
    parser.add_argument("--clusters", type=int, nargs="+", default=[5_000, 50_000], help="with --paper")
    parser.add_argument(
        "--sweep-ns", type=float, default=9.0, help="with --paper: for an image and a cluster"
    )
    parser.add_argument("--gigabit", type=float, default=10, help="with --paper: a second, of each worker")
    parser.add_argument("--dask", action="store_true", help="shards on a Dask cluster")
    parser.add_argument("--clock", type=float, default=1e9, help="and at most so many seconds by the clock")
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=60, help="of each chain, CPU seconds")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes")
    parser.add_argument("--init", default="seeds")
    parser.add_argument("--round-sweeps", type=int, default=5)
    options = harness.parse(parser)
    if options.paper:
        tell_paper(options)
        return
    warm_up()
    if options.overhead:
        tell_overhead(options.jobs)
    elif options.deal:
        tell_deal(options)
    else:
        tell_progress(options)


def tell_progress(options):
    train, test = all_digits()
    if options.images <= len(train):
        table = BinaryTable.from_input(train[: options.images])
    else:
        parts = [
            shifted(first, min(BLOCK, options.images - first)) for first in range(0, options.images, BLOCK)
        ]
        table = BinaryTable.from_input(np.concatenate(parts))
    marks = [mark for mark in MARKS if mark <= options.seconds]
    print(
        f"n = {table.n:,}, alpha, a and b learned, {options.jobs} workers, {options.round_sweeps} sweeps a round"
    )
    print(f"{'shards':>6} {'by':>5}" + "".join(f"{f'{mark} s':>14}" for mark in marks), flush=True)
    for shards in options.shards:
        plan = plan_of(table, options.init, shards, options.round_sweeps)
        times, record = run_for(options, table, plan)
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
    return Plan.checked(dpmix.Prior(), 1, sweeps, 0, 10, init, 0, schedule, shards, None)


def run_for(options, table, plan):
    """Clock and CPU seconds after so many sweeps, and the record of a chain that was stopped by its CPU seconds."""
    times = []
    with tempfile.TemporaryDirectory() as folder, opened(options, plan.shards) as executor:
        path = Path(folder) / "data.npy"
        np.save(path, table.packed)
        records = [ChainRecord(start(table, plan, None, 0), Draws.fresh(table, plan))]
        began = time.perf_counter(), cpu_seconds()

        def on_rounds(chain, record):
            now = time.perf_counter() - began[0], cpu_seconds() - began[1]
            times.append((*now, record.sweeps))
            is_over = now[1] >= options.seconds or now[0] >= options.clock
            if is_over and records[0].sweeps >= plan.thin:
                raise TimeIsUp

        with contextlib.suppress(TimeIsUp):
            run = run_chains if plan.shards == 1 else run_sharded_chains
            run(table, path, plan, records, executor, on_rounds)
    return times, records[0]


@contextlib.contextmanager
def opened(options, shards):
    """Worker processes of ours, or a Dask cluster; the ordinary chain has one worker."""
    if options.dask and shards > 1:
        import distributed

        cluster = distributed.LocalCluster(
            n_workers=options.jobs, threads_per_worker=1, dashboard_address=":0"
        )
        with cluster, distributed.Client(cluster) as client:
            yield client
        return
    with ProcessWorkers(1 if shards == 1 else options.jobs) as workers:
        yield workers
        workers.kill()


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
    kept = record.draws.kept
    lengths = dict.fromkeys(COUNTS, int(kept["n_clusters"][-1])) if "n_clusters" in kept else {}
    kept = {name: values[-lengths.get(name, 1) :] for name, values in kept.items()}
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


def tell_deal(options):
    """CPU seconds of what the program does between two stages of a round, beside those of the shards."""
    train, _ = all_digits()
    table = BinaryTable.from_input(
        np.tile(train.x, (-(-options.images // len(train.x)), 1))[: options.images]
    )
    plan = plan_of(table, "seeds:1000", options.shards[-1], options.round_sweeps)
    state = start(table, plan, None, 0)
    began = time.process_time()
    game = play_round(plan, 0, state, 0)
    jobs = next(game)
    seconds = {"deal": time.process_time() - began}
    for name, follow in (("sweeps of all shards", "gather"), ("anchored pass", "sum and hyperparameters")):
        began = time.process_time()
        ends = [on_rows(table, job) for job in jobs]
        seconds[name], began = time.process_time() - began, time.process_time()
        try:
            jobs = game.send(ends)
        except StopIteration:
            pass
        seconds[follow] = time.process_time() - began
    moved = (1 - 1 / plan.shards) * table.packed.nbytes
    print(f"n = {table.n:,} in {plan.shards} shards, one round of {options.round_sweeps} sweeps, CPU seconds")
    for name, value in seconds.items():
        print(f"{name:>25} {value:8.2f}")
        harness.note(name, value, "s")
    print(f"rows that a deal moves between workers, one shard each: {moved / 1e6:.0f} MB")


def tell_paper(options):
    """What a round over 1e8 images of 784 pixels takes on 64 workers of 8 cores, from what was measured here."""
    n, d, workers, cores, each = 10**8, 784, 64, 64 * 8, options.sweep_ns * 1e-9
    wire = options.gigabit / 8 * 1e9
    print(
        f"on paper: {n:,} images of {d} pixels on {workers} workers of 8 cores, {options.round_sweeps} sweeps a round,"
    )
    print(
        f"{options.sweep_ns} ns for an image and a cluster, {options.gigabit:g} Gbit/s for each worker; no proposals"
    )
    print(
        "clusters  shards  sweeps s  pass s  rows GB  components GB  counts GB  labels GB  worker s  program s"
    )
    for k in options.clusters:
        shards = min(cores, k // 100)
        seconds = options.round_sweeps * each * n / shards * k / shards, each * n * k / cores
        rows, components, labels = n * d / 8 * (1 - 1 / workers), (4 * d + 16) * k * workers, 16 * n
        counts = 4 * k * d * (workers - 1)
        network = (rows + components + counts) / workers / wire, (labels + components / workers) / wire
        sizes = "".join(
            f"{size / 1e9:>{room}.1f}"
            for size, room in zip((rows, components, counts, labels), (9, 15, 11, 11), strict=True)
        )
        print(
            f"{k:>8,}{shards:>8}{seconds[0]:>10.1f}{seconds[1]:>8.1f}{sizes}{network[0]:>10.2f}{network[1]:>11.2f}"
        )


if __name__ == "__main__":
    main()
