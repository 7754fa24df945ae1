"""Test error on MNIST of networks that deep belief nets initialise, and what pre-training is worth.

    OPENBLAS_NUM_THREADS=1 python benchmarks/fine_tuning.py [--seeds 0 1 2] [--validate]
    OPENBLAS_NUM_THREADS=1 python benchmarks/fine_tuning.py --labels 100 1000 10000 [--subsets 5] [--validate]

The first form trains a deep belief net on the 60,000 training images, then a network started from it, with
all labels, and counts its errors on the 10,000 test images. Images are grey values / 255 as they are:
no distortions, no convolutions, nothing that knows where a pixel is. Published for deep belief nets:
1.25 to 1.34 %.

The second form gives labels for some of the training images only, as many of each digit. A deep
belief net of sparse units that has seen all of them without labels starts one network. Two others start at
random: the same network, as in the published comparison, and one of rectified linear units, which does
better from there and is the harder rival. All learn from the labelled images alone, each with settings of
its own. Published gains in accuracy: 5.7 points at 100 labels, 4.9 at 1,000, 2.5 at 10,000.

Settings were chosen by training on the first 50,000 training images and counting errors on the other
10,000, which is what --validate does; the test images were never used for it. --quick is a run of seconds,
to see that it works.
"""

import argparse
import time

import harness
import numpy as np

from dpmix.datasets.mnist_files import FILES, read_file
from dpmix.features import BernoulliRBM, DeepBeliefNet, NetworkClassifier

N_TRAINED = 50_000  # of the training images, with --validate
SIZES = (1000, 1000)
LAYER = dict(centering=None, learning_rate=0.05, momentum=0.5, schedule="linear", n_iter=5, monitor_size=0)
ALL_LABELS = dict(
    solver="adam",
    learning_rate=0.001,
    schedule="linear",
    n_iter_output=1,
    n_iter=80,
    batch_size=100,
    dropout=0.5,
    input_dropout=0.2,
)
SPARSE_LAYER = LAYER | dict(n_iter=6, sparsity_target=0.05, sparsity_cost=0.5)
FEW_LABELS = dict(solver="adam", schedule="linear", dropout=0.5, input_dropout=0.2)
# By the number of labels from which on they hold: those of all starts, then of each.
BY_LABELS = {
    100: dict(batch_size=20, n_iter=50, n_iter_output=10),
    1000: dict(batch_size=50, n_iter=60, n_iter_output=10),
    10_000: dict(batch_size=50, n_iter=50, n_iter_output=1),
}
PRETRAINED = {
    100: dict(learning_rate=0.003),
    1000: dict(learning_rate=0.003, input_dropout=0.4),
    10_000: dict(learning_rate=0.003, input_dropout=0.3),
}
SIGMOID = dict(hidden_layer_sizes=SIZES, activation="sigmoid", learning_rate=0.003)
RECTIFIED = {
    100: dict(n_iter=100, dropout=0, input_dropout=0),
    1000: dict(batch_size=20),
    10_000: dict(),
}
PUBLISHED_GAIN = {100: 5.7, 1000: 4.9, 10_000: 2.5}


def main():
    options = parse()
    train, test = load("train"), load("test")
    if options.validate:
        train, test = (part[:N_TRAINED] for part in train), (part[N_TRAINED:] for part in train)
    x, y = (part[: options.images] for part in train)
    test_x, test_y = test
    print(f"{len(x)} training images, {len(test_x)} {'validation' if options.validate else 'test'} images")
    if options.labels:
        few_labels(x, y, test_x, test_y, options)
    else:
        all_labels(x, y, test_x, test_y, options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the first form")
    parser.add_argument("--labels", type=int, nargs="+", help="numbers of labelled images")
    parser.add_argument("--subsets", type=int, default=5, help="choices of the labelled images")
    parser.add_argument("--validate", action="store_true", help="leave the test images alone")
    parser.add_argument("--images", type=int, default=60_000, help="training images, from the first on")
    parser.add_argument("--epochs", type=int, help="of fine-tuning with all labels")
    parser.add_argument("--quick", action="store_true", help="2,000 images, few epochs, one seed or subset")
    options = harness.parse(parser)
    if options.quick:
        options.images, options.epochs, options.seeds, options.subsets = 2000, 3, options.seeds[:1], 1
    return options


def load(split):
    """Grey values (n, 784) in [0, 1], float32, and labels (n,)."""
    x, y = (read_file(FILES[split, kind])[header:] for kind, header in (("images", 16), ("labels", 8)))
    return x.reshape(len(y), -1).astype(np.float32) / np.float32(255), y


def pretrained(x, seed, layer=LAYER):
    return DeepBeliefNet(SIZES, rbm=BernoulliRBM(**layer), random_state=seed).fit(x)


def accuracy(network, x, y):
    """Per cent."""
    return 100 * float(np.mean(network.predict(x) == y))


def all_labels(x, y, test_x, test_y, options):
    """Train and test one network per seed."""
    settings = ALL_LABELS | ({"n_iter": options.epochs} if options.epochs else {})
    print("seed  error %  minutes  CPU minutes  (deep belief net and fine-tuning together)")
    for seed in options.seeds:
        started = time.perf_counter(), time.process_time()
        network = NetworkClassifier(init=pretrained(x, seed), random_state=seed, **settings).fit(x, y)
        minutes = [
            (now() - then) / 60
            for now, then in zip((time.perf_counter, time.process_time), started, strict=True)
        ]
        error = 100 - accuracy(network, test_x, test_y)
        harness.note(f"seed {seed}, error", error, "%")
        harness.note(f"seed {seed}, CPU", minutes[1], "minutes")
        print(f"{seed:4}  {error:7.2f}  {minutes[0]:7.1f}  {minutes[1]:11.1f}", flush=True)


def few_labels(x, y, test_x, test_y, options):
    """Compare the three starts, over several choices of the labelled images."""
    started = time.perf_counter()
    net = pretrained(x, options.seeds[0], SPARSE_LAYER)
    print(f"pre-training: {(time.perf_counter() - started) / 60:.1f} minutes; accuracies in per cent,")
    print(
        f"gains in points, all +- their standard error over {options.subsets} choices of the labelled images"
    )
    print("labels  pre-trained     same, random    rectified       gain over same  over rectified  published")
    for n in options.labels:
        found = []
        for subset in range(options.subsets):
            rows = labelled(y, n, np.random.default_rng([subset, n]))
            networks = [start.fit(x[rows], y[rows]) for start in starts(net, n, subset)]
            found.append([accuracy(network, test_x, test_y) for network in networks])
        print_gains(n, np.array(found))


def starts(net, n, seed):
    """Networks to be trained with n labels: from `net`, the same from random weights, and rectified."""
    row = max([size for size in BY_LABELS if size <= n], default=min(BY_LABELS))
    common = FEW_LABELS | BY_LABELS[row] | dict(random_state=seed)
    rectified = dict(hidden_layer_sizes=SIZES, activation="relu", learning_rate=0.001) | RECTIFIED[row]
    return [
        NetworkClassifier(**common | own) for own in (dict(init=net) | PRETRAINED[row], SIGMOID, rectified)
    ]


def labelled(y, n, rng):
    """Rows of n images drawn at random, as many of each digit."""
    rows = [rng.permutation(np.flatnonzero(y == digit))[: n // 10] for digit in range(10)]
    return np.concatenate(rows)


def print_gains(n, found):
    """Print means over subsets of accuracies `found` (subset, start) and of the gains of the first start."""
    figures = np.column_stack([found, found[:, 0] - found[:, 1], found[:, 0] - found[:, 2]])
    harness.note(f"{n} labels, gain over the same at random", figures[:, 3], "points")
    errors = figures.std(axis=0, ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.full(5, np.nan)
    shown = "  ".join(
        f"{f'{mean:.2f} +- {error:.2f}':<14}"
        for mean, error in zip(figures.mean(axis=0), errors, strict=True)
    )
    print(f"{n:6}  {shown}  {PUBLISHED_GAIN.get(n, '')}", flush=True)


if __name__ == "__main__":
    main()
