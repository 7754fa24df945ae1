"""One assignment sweep over the 2s and 3s of MNIST beside a dense product of the same size, on one core.

    python benchmarks/sweep.py [--clusters 30 60 100 1000] [--repeats 15] [--json FILE]

The sweep is Gibbs sampling alone (alpha = a = b = 1) over n = 14,131 images of d = 784 pixels, from k-means
clusters that some sweeps have settled. The product is one of float32 matrices, (n, d) x (d, k), on one
thread. Both are timed in turn and medians are shown. Every timing starts from the same chain with k live
clusters; `k after` says how many of them the sweep left, `moved` the share of images that changed cluster.
Of 1,000 clusters a third dies in any sweep, so that chain is not settled.
"""

import argparse
import time

import harness
import numpy as np
from mnist_sets import twos_and_threes
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from dpmix.chain.moves import sweep_assignments
from dpmix.chain.plan import Plan
from dpmix.chain.state import Chain, State, generator_state
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable

PLAN = Plan.checked(Prior(1.0, 1.0, 1.0), 1, 1, 0, 1, "labels", 0)
SETTLING = 5  # sweeps, as long as no cluster dies
HEADINGS = ("k", "k after", "moved", "sweep s", "ns/(image cluster pixel)", "product s", "ratio")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clusters", type=int, nargs="+", default=[30, 60, 100, 1000])
    parser.add_argument("--repeats", type=int, default=15)
    options = harness.parse(parser)
    images = twos_and_threes()
    x, table = images.x.astype(np.float32), BinaryTable.from_input(images)
    print("  ".join(HEADINGS))
    for k in options.clusters:
        state = settled(table, State(k_means(x, k), 1.0, np.ones(table.d), np.ones(table.d), generator(0)))
        with threadpool_limits(1):
            rows = time_both(x, table, state, k, options.repeats)
        harness.note(f"sweep, {k} clusters", rows[:, 0], "s")
        harness.note(f"product, {k} clusters", rows[:, 1], "s")
        harness.note(f"ratio of both, {k} clusters", rows[:, 0] / rows[:, 1], "")
        print_row(k, *np.median(rows, axis=0), x.size)


def k_means(x, k):
    """Labels (n,) int32 of `k` clusters, none of them empty."""
    means = KMeans(k, init="random", n_init=1, max_iter=15, random_state=0)
    labels = means.fit_predict(x).astype(np.int32)
    assert len(np.unique(labels)) == k, "k-means left a cluster empty"
    return labels


def generator(seed):
    return generator_state(np.random.Generator(np.random.PCG64(seed)))


def settled(table, state):
    """The state of the chain after `SETTLING` sweeps, or before the first that ends a cluster or opens one."""
    chain = Chain(table, state)
    k = chain.n_clusters
    for _ in range(SETTLING):
        sweep_assignments(chain, PLAN, 1)
        if chain.n_clusters != k:
            break
        state = chain.state()
    return state


def time_both(x, table, state, k, repeats):
    """For each repeat (repeats, 4): CPU seconds of a sweep and of a product, clusters left, share of images moved."""
    weights = np.random.default_rng(0).normal(size=(x.shape[1], k)).astype(np.float32)
    out = np.empty((len(x), k), np.float32)

    def both(repeat):
        chain = Chain(table, state._replace(generator=generator(repeat)))
        began = time.thread_time()
        moved = sweep_assignments(chain, PLAN, 1)["n_moved"]
        between = time.thread_time()
        np.matmul(x, weights, out=out)
        return between - began, time.thread_time() - between, chain.n_clusters, moved / chain.n

    return np.array(harness.repeated(both, repeats))


def print_row(k, sweep, product, k_after, moved, elements):
    cells = (
        f"{k:,}",
        f"{k_after:,.0f}",
        f"{moved:.1%}",
        f"{sweep:.4f}",
        f"{1e9 * sweep / elements / k:.4f}",
        f"{product:.4f}",
        f"{sweep / product:.2f}",
    )
    print(
        "  ".join(cell.rjust(len(heading)) for cell, heading in zip(cells, HEADINGS, strict=True)), flush=True
    )


if __name__ == "__main__":
    main()
