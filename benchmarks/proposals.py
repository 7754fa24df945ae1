"""What a chain's time goes to at equilibrium, on one core, in units of what has not changed: a dense product.

    python benchmarks/proposals.py [--digits {some,all}] [--settling 100] [--proposals 200] [--repeats 7] [--json FILE]

The chain is over 12,131 2s and 3s of MNIST ("all": 60,000 digits, stochastically binarised), everything
learned, after `settling` sweeps. Measured in turn, in CPU seconds of this thread: the rebuilding of a cluster's
tables; a split, a merge, a birth and a death; a sweep over the images; and one product of float32 matrices,
(n, d) x (d, k), k being the number of clusters. Medians over `repeats` are shown, in seconds and as ratios to the
product in the same turn: on a shared machine only ratios can be compared. Each turn starts from the same state.
"""

import argparse
import time

import harness
import numpy as np
from mnist_sets import all_digits, twos_and_threes_split
from threadpoolctl import threadpool_limits

from dpmix.chain.moves import sweep_assignments
from dpmix.chain.plan import Plan
from dpmix.chain.segment import run_segment
from dpmix.chain.starts import start
from dpmix.chain.state import Chain, generator_state
from dpmix.kernels.birth_death import birth, death
from dpmix.kernels.partition import fill_tables
from dpmix.kernels.split_merge import merge, split
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable

PROPOSALS = {
    "split": (split, "split_merge_work"),
    "merge": (merge, "split_merge_work"),
    "birth": (birth, "birth_death_work"),
    "death": (death, "birth_death_work"),
}
SETS = {"some": twos_and_threes_split, "all": all_digits}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digits", choices=SETS, default="some")
    parser.add_argument("--settling", type=int, default=100, help="sweeps before anything is measured")
    parser.add_argument("--proposals", type=int, default=200, help="of each kind, a repeat")
    parser.add_argument("--repeats", type=int, default=7)
    options = harness.parse(parser)
    images = SETS[options.digits]()[0]
    table, x = BinaryTable.from_input(images), images.x.astype(np.float32)
    state = settled(table, options.settling)
    print(f"{table.n:,} images, {state.z.max() + 1} clusters after {options.settling} sweeps")
    with threadpool_limits(1):
        turns = harness.repeated(
            lambda turn: measure(x, table, state, options.proposals, turn), options.repeats
        )
    for name in turns[0]:
        seconds = np.array([turn[name] for turn in turns])
        ratios = seconds / np.array([turn["product"] for turn in turns])
        harness.note(name, seconds, "s")
        harness.note(f"{name}, ratio to a product", ratios, "")
        print(f"{name:10}  {1e6 * np.median(seconds):12,.1f} us  {np.median(ratios):10.6f}")


def settled(table, n_sweeps):
    """The state of a chain from one seed in 20 images after this many sweeps."""
    plan = Plan.checked(Prior(), 1, n_sweeps, 0, n_sweeps, f"seeds:{-(-table.n // 20)}", 0)
    return run_segment(table, plan, start(table, plan, None, 0), 0, n_sweeps)[0]


def measure(x, table, state, n_proposals, turn):
    """CPU seconds of each of what is measured, by name."""
    state = state._replace(generator=generator_state(np.random.Generator(np.random.PCG64(turn))))
    chain = Chain(table, state)
    k, found = chain.n_clusters, {}
    records = chain.hyper, chain.partition, chain.tables
    found["refresh"] = seconds_of(lambda: [fill_tables(0, k, *records) for _ in range(3)]) / (3 * k)
    for name, (kernel, work) in PROPOSALS.items():
        chain = Chain(table, state)
        found[name] = seconds_of(lambda: propose(chain, kernel, work, n_proposals)) / n_proposals  # noqa: B023
    chain = Chain(table, state)
    found["sweep"] = seconds_of(lambda: sweep_assignments(chain, None, 1))
    weights = np.random.default_rng(0).normal(size=(x.shape[1], k)).astype(np.float32)
    found["product"] = seconds_of(lambda: x @ weights)
    return found


def propose(chain, kernel, work, n_proposals):
    """Make proposals of one kind, each from where the last one led."""
    for _ in range(n_proposals):
        if chain.n_clusters + 2 > len(chain.partition.sizes):
            chain.make_room()
        records = chain.runs, chain.hyper, chain.partition, chain.tables, getattr(chain, work)
        chain.n_clusters = kernel(chain.n_clusters, chain.generator, *records)


def seconds_of(call):
    """CPU seconds of this thread that `call` takes."""
    began = time.thread_time()
    call()
    return time.thread_time() - began


if __name__ == "__main__":
    main()
