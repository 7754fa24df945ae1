"""Cluster the 2s and 3s of MNIST, and complete digits of which only the top half is shown.

    python examples/twos_and_threes.py [-o pictures] [--sweeps 150] [--seed 1]

Of the 14,131 twos and threes, four of each are put aside; five chains cluster the other 14,123 and learn
the number of clusters and all hyperparameters. The eight, which no chain has seen, are then completed from
their top halves. Three pictures are written to the folder: the clusters with an area that shows their size,
the eight digits, and the course of the chains.

MNIST is downloaded on first use; `dpmix fetch` does that beforehand, and the environment variable
DPMIX_DATA names the folder where it is, or shall be.
"""

import argparse
import sys
import time
from pathlib import Path

import matplotlib
import numpy as np

import dpmix

PER_DIGIT = 4


def main():
    options = parse()
    matplotlib.use("Agg")  # draw into files only
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        images = dpmix.datasets.load_mnist("all", classes=[2, 3], threshold=0)
    except dpmix.InputError as error:
        sys.exit(f"{error}\nThis example needs MNIST; see 'dpmix fetch --help'.")
    put_aside = choose(images, np.random.default_rng(options.seed))
    clustered, unseen = images[~put_aside], images[put_aside]
    unseen = unseen[np.argsort(unseen.y, kind="stable")]

    began = time.perf_counter()
    posterior = dpmix.sample(clustered, chains=5, sweeps=options.sweeps, seed=options.seed)
    seconds = time.perf_counter() - began
    show_table(posterior, seconds)
    show_completed(posterior, unseen, top_half(images.image_shape))
    save_pictures(posterior, unseen, options.out)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("pictures"), help="folder for the pictures")
    parser.add_argument("--sweeps", type=int, default=150, help="sweeps of each chain (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def choose(images, generator):
    """Which images are put aside: `PER_DIGIT` of each digit, (n,) bool."""
    chosen = np.zeros(len(images), bool)
    for digit in np.unique(images.y):
        chosen[generator.choice(np.flatnonzero(images.y == digit), PER_DIGIT, replace=False)] = True
    return chosen


def top_half(shape):
    """Pixels that are shown, (d,) bool."""
    rows = np.arange(shape[0]) < shape[0] // 2
    return np.repeat(rows, shape[1])


def show_table(posterior, seconds):
    n, d = posterior.table.n, posterior.table.d
    print(f"{n:,} images of {d} pixels, {len(posterior.records)} chains, {seconds:.1f} s")
    print("chain  clusters  log joint   alpha")
    for chain, (k, log_joint, alpha) in enumerate(
        zip(posterior.n_clusters[:, -1], posterior.log_joint[:, -1], posterior.alpha[:, -1], strict=True)
    ):
        print(f"{chain:>5}{k:>10}{log_joint:>11,.0f}{alpha:>8.1f}")


def show_completed(posterior, unseen, shown):
    """How well the hidden halves are predicted, beside what the pixels' frequencies alone would say."""
    hidden = dpmix.log_predictive(posterior, unseen, given=shown) / np.log(2) / (~shown).sum()
    frequency = (posterior.table.dense().mean(axis=0) * posterior.table.n + 1) / (posterior.table.n + 2)
    alone = np.where(unseen.x, np.log2(frequency), np.log2(1 - frequency))[:, ~shown].mean()
    print(
        f"bits per hidden pixel: {-hidden.mean():.3f}; from the frequency of each pixel alone: {-alone:.3f}"
    )


def save_pictures(posterior, unseen, folder):
    best = int(posterior.log_joint[:, -1].argmax())
    shown = top_half(posterior.image_shape)
    samples = dpmix.sample_predictive(posterior, unseen, shown, size=2, seed=0)
    pictures = {
        "clusters.png": dpmix.plot.clusters(posterior, chain=best, shrink=True, per_row=20),
        "completions.png": dpmix.plot.completions(posterior, unseen, shown, samples=samples),
        "trace.png": dpmix.plot.trace(posterior),
    }
    for name, axes in pictures.items():
        np.ravel(axes)[0].figure.savefig(folder / name)
        print(f"wrote {folder / name}")


if __name__ == "__main__":
    main()
