"""A million images in shards on a Dask cluster: seconds and bytes a round, memory, and what it learns.

    python benchmarks/sharded_many.py [--images 1000000] [--shards 8] [--rounds 100] [--seconds 600] [--jobs 2]
    python benchmarks/sharded_many.py --ordinary [--images 1000000] [--seconds 600]
    python benchmarks/sharded_many.py --kmeans 1150 [--images 1000000] [--seconds 600]

Digits, turned by up to 8 degrees and shifted by up to a pixel, are made, checked and packed by the workers of a Dask
cluster of local processes, whose program (with the scheduler in it) keeps them in a file. One chain starts from 1,000
seeds. Printed are of each round its seconds, by the clock and of CPU, images swept a second, bytes that workers sent
to each other, and the largest memory of program and workers so far; at the end what one draw gives to 10,000 images
held out, nats per image. ``--ordinary`` is the ordinary chain on one worker process; ``--kmeans`` is mini-batch k-means
with so many clusters, whose profiles, weighed by sizes, are a mixture, too (every pixel's count plus a half).
"""

import argparse
import dataclasses
import resource
import sys
import time
from pathlib import Path

import harness
import numpy as np
from mnist_sets import all_digits
from sharded import TimeIsUp, cpu_seconds, last_draw, plan_of
from shifted_digits import BLOCK, blocks_of, rotated

import dpmix
from dpmix.chain.record import ChainRecord, Draws
from dpmix.chain.starts import start
from dpmix.sampling.chains import run_chains
from dpmix.sampling.dask_input import table_from_dask
from dpmix.sampling.sharded import run_sharded_chains
from dpmix.sampling.workers import ProcessWorkers
from dpmix.sharding.warmth import warm_up

N_HELD_OUT = 10_000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=100, help="at most")
    parser.add_argument("--seconds", type=float, default=600, help="by the clock, at most")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes")
    parser.add_argument("--round-sweeps", type=int, default=5)
    parser.add_argument("--ordinary", action="store_true", help="the ordinary chain")
    parser.add_argument("--kmeans", type=int, metavar="K", help="mini-batch k-means with K clusters")
    options = harness.parse(parser)
    test = all_digits()[1][:N_HELD_OUT]
    if options.kmeans:
        tell_kmeans(options, test.x)
        return
    warm_up()
    import distributed

    cluster = distributed.LocalCluster(n_workers=options.jobs, threads_per_worker=1, dashboard_address=":0")
    with cluster, distributed.Client(cluster) as client:
        client.run(sys.path.insert, 0, str(Path(__file__).resolve().parent))
        began = time.perf_counter()
        table = table_from_dask(blocks_of(options.images, rotated), None, None, client)
        print(f"{table.n:,} images made and packed in {time.perf_counter() - began:.0f} s", flush=True)
        print(f"memory: program {_peak()} MB, workers", *client.run(_peak).values(), flush=True)
        run(options, table, client, test)


def run(options, table, client, test):
    """Run the chain and tell of its rounds."""
    shards = 1 if options.ordinary else options.shards
    plan = plan_of(table, "seeds:1000", shards, options.round_sweeps)
    plan = dataclasses.replace(plan, sweeps=options.rounds * options.round_sweeps, thin=options.round_sweeps)
    began = time.perf_counter()
    records = [ChainRecord(start(table, plan, None, 0), Draws.fresh(table, plan))]
    print(f"start: {time.perf_counter() - began:.0f} s by the clock, program {_peak()} MB", flush=True)
    began = time.perf_counter()
    last = [began, cpu_seconds(), 0, 0]

    def on_rounds(chain, record):
        sent = sum(client.run(_received).values())
        now = [time.perf_counter(), cpu_seconds(), sent, record.sweeps]
        clock, cpu, moved, sweeps = (one - before for one, before in zip(now, last, strict=True))
        last[:] = now
        if sweeps:
            tell_round(table.n, record, sweeps, clock, cpu, moved)
            print(f"memory: program {_peak()} MB, workers", *client.run(_peak).values(), flush=True)
        if now[0] - began >= options.seconds:
            raise TimeIsUp

    try:
        if options.ordinary:
            with ProcessWorkers(1) as workers:
                run_chains(table, table.packed.path, plan, records, workers, on_rounds)
        else:
            run_sharded_chains(table, table.packed.path, plan, records, client, on_rounds)
    except TimeIsUp:
        pass
    held_out = float(dpmix.log_predictive(last_draw(table, plan, records[0]), test).mean())
    clusters = records[0].draws.trace["n_clusters"][-1]
    print(
        f"after {records[0].sweeps} sweeps: {clusters:,} clusters, held out {held_out:.2f} nats", flush=True
    )
    print(f"memory: program {_peak()} MB, workers", *client.run(_peak).values(), flush=True)
    harness.note("held out", held_out, "nats")


def tell_round(n, record, sweeps, clock, cpu, moved):
    clusters, log_joint = (record.draws.trace[name][-1] for name in ("n_clusters", "log_joint"))
    print(
        f"{sweeps} sweeps: {clock:.0f} s by the clock, {cpu:.0f} s of CPU, {n * sweeps / cpu:,.0f} images a CPU "
        f"second, {moved / 1e6:.0f} MB between workers, {clusters:,} clusters, {log_joint:,.0f} nats"
    )
    harness.note("five sweeps", 5 * cpu / sweeps, "s")
    harness.note("bytes between workers", 5 * moved / sweeps / 1e6, "MB")


def tell_kmeans(options, x):
    from sklearn.cluster import MiniBatchKMeans

    began, firsts = time.perf_counter(), range(0, options.images, BLOCK)
    model = MiniBatchKMeans(options.kmeans, random_state=0, n_init=1, batch_size=BLOCK)
    sizes, ones = np.zeros(options.kmeans), np.zeros((options.kmeans, 784))
    for first in firsts:  # a pass to learn, as far as the time goes, and then one to count
        if time.perf_counter() - began > options.seconds:
            break
        model.partial_fit(rotated(first, min(BLOCK, options.images - first)).astype(np.float32))
    learnt = time.process_time()
    for first in firsts[:10]:
        block = rotated(first, min(BLOCK, options.images - first)).astype(np.float32)
        nearest = model.predict(block)
        np.add.at(ones, nearest, block)
        sizes += np.bincount(nearest, minlength=options.kmeans)
    theta = (ones + 0.5) / (sizes[:, None] + 1)
    log_joint = x @ np.log(theta / (1 - theta)).T + np.log1p(-theta).sum(1)
    log_joint += np.log((sizes + 0.5) / (sizes + 0.5).sum())
    held_out = float(np.logaddexp.reduce(log_joint, axis=1).mean())
    print(
        f"k-means, {options.kmeans:,} clusters: held out {held_out:.2f} nats, "
        f"{time.perf_counter() - began:.0f} s by the clock, {learnt:.0f} s of CPU to learn"
    )
    harness.note("k-means, held out", held_out, "nats")


def _received(dask_worker):
    """Bytes that a worker got from others so far."""
    return sum(entry["total"] for entry in dask_worker.transfer_incoming_log)


def _peak():
    """Largest memory of this process so far, MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
