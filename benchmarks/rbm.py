"""Time and quality of `dpmix.features.BernoulliRBM` beside scikit-learn's, in one process.

    OPENBLAS_NUM_THREADS=1 python benchmarks/rbm.py [--images 60000] [--epochs 1] [--sklearn-epochs 1] [--repeats 1]

Both train with persistent CD-1 on MNIST (pixel > 127), in mini-batches of 100, on as many BLAS threads
as the environment allows. The third line is the time of an epoch's matrix products alone, as dense
float32 products: two up, one down and two for the statistics per mini-batch.
"""

import argparse

import harness
import numpy as np
from sklearn.neural_network import BernoulliRBM as SklearnRBM

from dpmix.datasets import load_mnist
from dpmix.features import BernoulliRBM
from dpmix.features.boltzmann.energy import hidden_means, pseudo_log_likelihood, visible_means

BATCH = 100
N_SCORED = 2000


def main():
    options = parse()
    train, test = load_mnist("train", threshold=127).x[: options.images], load_mnist("test", threshold=127).x
    warm_up = BernoulliRBM(options.hidden, n_iter=1, learning_rate=options.rate, random_state=0).fit(
        train[: 2 * BATCH]
    )
    warm_up.score_samples(train[:2])

    runs = harness.repeated(lambda _: train_ours(train, options), options.repeats, warm_up=False)
    ours_seconds = np.median([seconds for _, seconds in runs], axis=0)
    products = np.min([time_products(len(train), train.shape[1], options.hidden) for _ in range(2)], axis=0)
    keep("dpmix", [seconds for _, seconds in runs])
    keep("products alone", [products])
    report("dpmix", ours_seconds, runs[0][0], test)
    print(f"{'products alone':<16} {describe(products)}; dpmix takes {ratio(ours_seconds, products)} of it")
    if not options.sklearn_epochs:
        return
    for dtype in (np.float64, np.float32):
        theirs, seconds = train_sklearn(train.astype(dtype), options)
        keep(f"sklearn {np.dtype(dtype).name}", [seconds])
        report(f"sklearn {np.dtype(dtype).name}", seconds, theirs, test)
        print(f"{'':<16} dpmix is {ratio(seconds, ours_seconds)} times faster per epoch")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--sklearn-epochs", type=int, default=1, help="0 leaves scikit-learn out")
    parser.add_argument("--rate", type=float, default=0.1, help="learning rate")
    parser.add_argument("--centering", choices=["data", "enhanced"])
    parser.add_argument("--shuffle", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument(
        "--repeats", type=int, default=1, help="machines of dpmix to train; the median is shown"
    )
    return harness.parse(parser)


def train_ours(x, options):
    """Train the machine of dpmix; return it and its seconds per epoch."""
    machine = BernoulliRBM(
        options.hidden,
        method="pcd",
        learning_rate=options.rate,
        n_iter=options.epochs,
        batch_size=BATCH,
        random_state=0,
        shuffle=options.shuffle,
        centering=options.centering,
        monitor_size=0,
    )
    start = harness.started()
    machine.fit(x)
    return machine, np.array(harness.since(start)) / options.epochs


def train_sklearn(x, options):
    """Train scikit-learn's machine; return it and its seconds per epoch."""
    machine = SklearnRBM(
        options.hidden,
        learning_rate=options.rate,
        n_iter=options.sklearn_epochs,
        batch_size=BATCH,
        random_state=0,
    )
    start = harness.started()
    machine.fit(x)
    return machine, np.array(harness.since(start)) / options.sklearn_epochs


def keep(name, seconds):
    """Put down the CPU and wall-clock seconds per epoch of each repeat."""
    for which, values in zip(("CPU", "wall clock"), np.transpose(seconds), strict=True):
        harness.note(f"{name}, epoch, {which}", values, "s")


def describe(seconds):
    return f"{seconds[0]:6.2f} s CPU, {seconds[1]:6.2f} s per epoch"


def ratio(seconds, others):
    return f"{seconds[0] / others[0]:.2f} (CPU), {seconds[1] / others[1]:.2f} (wall clock)"


def report(name, seconds, machine, x):
    """Print time and quality, computed in the same way for every machine."""
    weights = np.ascontiguousarray(machine.components_.T, np.float32)
    visible, hidden = (
        np.asarray(bias, np.float32) for bias in (machine.intercept_visible_, machine.intercept_hidden_)
    )
    x = x[:N_SCORED]
    error = np.square(x - visible_means(weights, visible, hidden_means(weights, hidden, x))).mean()
    pseudo = pseudo_log_likelihood(weights, visible, hidden, x).mean()
    print(
        f"{name:<16} {describe(seconds)}; pseudo-likelihood {pseudo:8.2f} nats, "
        f"reconstruction error {error:.5f} on {len(x)} test images"
    )


def time_products(n, d, h):
    """CPU and wall-clock seconds that the matrix products of one epoch take."""
    rng = np.random.default_rng(0)
    v, w, k = (rng.random(shape, np.float32) for shape in ((BATCH, d), (d, h), (BATCH, h)))
    up, down, statistics = (
        np.empty((BATCH, h), np.float32),
        np.empty((BATCH, d), np.float32),
        np.empty_like(w),
    )
    start = harness.started()
    for _ in range(n // BATCH):
        np.matmul(v, w, out=up)
        np.matmul(k, w.T, out=down)
        np.matmul(v, w, out=up)
        np.matmul(v.T, k, out=statistics)
        np.matmul(v.T, k, out=statistics)
    return np.array(harness.since(start))


if __name__ == "__main__":
    main()
