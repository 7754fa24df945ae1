"""A million images: digits of MNIST, shifted and slightly rotated, checked, packed, swept, resumed and asked.

    python benchmarks/million.py [--images 1000000] [--clusters 2400] [--sweeps 3] [--queries 1000] [--json FILE]

Images are made of the 60,000 training digits, each turned by up to 9 degrees and moved by up to 2 pixels, by
nearest neighbours. Shown are the peak memory of checking and packing beside that of what stays (packed pixels and
runs), both without the images as the caller holds them; CPU microseconds an image and sweep, assignments alone, of a
chain around so many seeds, whose clusters a few sweeps have settled; and the seconds of the last sweep through
`dpmix.resume`, with what it reads, and of `dpmix.log_predictive` for the first images.
"""

import argparse
import tempfile
import time
from pathlib import Path

import harness
import numpy as np

import dpmix
from dpmix.chain.moves import sweep_assignments
from dpmix.chain.starts import nearest_seeds
from dpmix.chain.state import Chain, State, generator_state
from dpmix.datasets import load_mnist
from dpmix.model.table import BinaryTable

SIDE, ANGLES, SHIFTS = 28, np.deg2rad(np.linspace(-9, 9, 7)), (-2, -1, 0, 1, 2)
SCHEDULE = dpmix.Schedule(split_merge=2, birth_death=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--clusters", type=int, default=2400)
    parser.add_argument("--sweeps", type=int, default=3)
    parser.add_argument("--queries", type=int, default=1000)
    options = harness.parse(parser)
    x = moved_digits(options.images)
    table = pack(x)
    sweep(table, options)
    resume_and_ask(x, options)


def moved_digits(n):
    """Images (n, 784) uint8 of zeros and ones, in random order of movements."""
    digits, rng = load_mnist("train").x, np.random.default_rng(0)
    maps = np.array([source(angle, down, right) for angle in ANGLES for down in SHIFTS for right in SHIFTS])
    chosen, kind = rng.integers(len(digits), size=n), rng.integers(len(maps), size=n)
    bordered = np.pad(digits, ((0, 0), (0, 1)))  # what comes from outside is off
    x = np.empty((n, SIDE * SIDE), np.uint8)
    for one, places in enumerate(maps):
        rows = np.flatnonzero(kind == one)
        for some in np.array_split(rows, max(1, len(rows) // 2048)):
            x[some] = bordered[chosen[some]][:, places]
    return x


def source(angle, down, right):
    """For each pixel of a moved picture the one that it shows, or SIDE * SIDE where that lies outside."""
    rows, columns = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    rows, columns = rows - down, columns - right
    turned = np.cos(angle) * rows - np.sin(angle) * columns, np.sin(angle) * rows + np.cos(angle) * columns
    at = [np.rint(part + (SIDE - 1) / 2).astype(int) for part in turned]
    inside = np.logical_and.reduce([(part >= 0) & (part < SIDE) for part in at])
    return np.where(inside, at[0] * SIDE + at[1], SIDE * SIDE).ravel()


def pack(x):
    """The table of `x`; prints what making it and its runs took."""
    BinaryTable.from_input(x[:100]).runs.offsets.sum()  # what is loaded on first use
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before, began = memory("VmRSS"), time.process_time()
    table = BinaryTable.from_input(x)
    stays = (table.packed.nbytes + sum(part.nbytes for part in table.runs)) / 2**20
    seconds, ratio = time.process_time() - began, (memory("VmHWM") - before) / stays
    harness.note("checking and packing", seconds, "s")
    harness.note("peak memory, ratio to packed pixels and runs", ratio, "")
    print(
        f"packing      {seconds:8.1f} s CPU, peak memory {ratio:.2f} times the {stays:,.0f} MB of pixels and runs"
    )
    return table


def memory(name):
    """A figure of this process, MB, as Linux tells it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def sweep(table, options):
    """CPU microseconds an image of the last sweeps of a chain."""
    rng = np.random.default_rng(1)
    z = nearest_seeds(table, rng.choice(table.n, options.clusters, replace=False))
    z = np.unique(z, return_inverse=True)[1].astype(np.int32)
    a, b = np.full(table.d, 0.1), np.full(table.d, 0.4)
    chain = Chain(table, State(z, 100.0, a, b, generator_state(np.random.Generator(np.random.PCG64(2)))))
    for _ in range(options.sweeps):
        began = time.thread_time()
        moved = sweep_assignments(chain, None, 1)["n_moved"]
        cost = 1e6 * (time.thread_time() - began) / table.n
        print(
            f"sweep        {cost:8.2f} us CPU an image, {chain.n_clusters:,} clusters, {moved / table.n:.1%} moved"
        )
    harness.note("sweep, an image", cost, "us")


def resume_and_ask(x, options):
    """Seconds of one more sweep of a run folder, and of a query."""
    with tempfile.TemporaryDirectory() as work:
        run = Path(work) / "run"
        plan = {"chains": 1, "sweeps": 1, "burn_in": 0, "thin": 1, "seed": 0, "schedule": SCHEDULE, "jobs": 1}
        dpmix.sample(x, init=f"seeds:{options.clusters}", out=run, **plan)
        began = time.perf_counter()
        posterior = dpmix.resume(run, sweeps=2, jobs=1)
        resumed = time.perf_counter() - began
        began = time.perf_counter()
        dpmix.log_predictive(posterior, x[: options.queries])
        asked = time.perf_counter() - began
    harness.note("one sweep through resume", resumed, "s")
    harness.note("query", asked, "s")
    print(
        f"resume       {resumed:8.1f} s for one sweep;  query {asked:6.1f} s for {options.queries:,} images"
    )


if __name__ == "__main__":
    main()
