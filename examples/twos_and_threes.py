"""Cluster the 2s and 3s of MNIST, and complete digits of which only the top half is shown.

    python examples/twos_and_threes.py [-o pictures] [--sweeps 150] [--seed 1] [--quick]

A pixel of MNIST has a grey value from 0 to 255; here every one above 0 counts as on, and a picture shows some
digits before and after. Of the 14,131 twos and threes, four of each are put aside; five chains cluster the other
14,123 and learn the number of clusters and all hyperparameters. No chain is told which digit an image shows; a
table tells afterwards how the two fall among the largest clusters.

What was learnt is saved in a folder, `run` beside the pictures, and loaded again, as another program could on
another day. The eight digits, which no chain has seen, are then completed from their top halves. Pictures show the
clusters with an area that stands for their size, the eight digits, and the course of the chains. These do not
agree, nor need they: with hundreds of pixels each ends in a place of its own, and predictions average over them.

In 2015, this job took 156 minutes for 5 sweeps of 5 chains. `python benchmarks/headline.py` measures what the same
25 sweeps take today, start-up included; the README has the figure, in seconds.

--quick takes 2,000 images, three chains and 30 sweeps, for a run of seconds: clusters are fewer and less pure than
those of the whole. MNIST is downloaded on first use; `dpmix fetch` does that beforehand, and the environment
variable DPMIX_DATA names the folder where it is, or shall be.
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
        grey = dpmix.datasets.load_grey("mnist:all", classes=[2, 3])
        images = dpmix.datasets.load_mnist("all", classes=[2, 3], threshold=0)
    except dpmix.InputError as error:
        sys.exit(f"{error}\nThis example needs MNIST; see 'dpmix fetch --help'.")
    draw_examples(grey, images, options.out)
    generator = np.random.default_rng(options.seed)
    put_aside = choose(images, generator)
    clustered, unseen = images[~put_aside], images[put_aside]
    unseen = unseen[np.argsort(unseen.y, kind="stable")]
    if options.quick:
        clustered = clustered[generator.choice(len(clustered), 2000, replace=False)]
        print(f"--quick: {len(clustered):,} of {len(images):,} images, and short chains")

    began = time.perf_counter()
    posterior = dpmix.sample(clustered, chains=options.chains, sweeps=options.sweeps, seed=options.seed)
    seconds = time.perf_counter() - began
    show_table(posterior, seconds)
    posterior = save_and_load(posterior, options.out / "run")
    show_labels(posterior, clustered.y)
    show_completed(posterior, unseen, top_half(images.image_shape))
    save_pictures(posterior, unseen, options.out)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("pictures"), help="folder for the pictures")
    parser.add_argument("--sweeps", type=int, help="sweeps of each chain (default: 150, or 30 if --quick)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="fewer images and chains: a run of seconds")
    options = parser.parse_args()
    options.sweeps = options.sweeps or (30 if options.quick else 150)
    options.chains = 3 if options.quick else 5
    return options


def draw_examples(grey, images, folder, each=5):
    """Some digits as they were scanned, and as the mixture sees them."""
    few = np.concatenate([np.flatnonzero(images.y == digit)[:each] for digit in (2, 3)])
    ax = dpmix.plot.image_rows(
        [("grey values", grey.x[few]), ("above 0", images.x[few])],
        shape=images.image_shape,
        title="Twos and threes, grey and binary",
    )
    save(ax, folder / "grey_and_binary.png")


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


def save_and_load(posterior, path):
    """Write draws, priors and images into a folder, and read them again: what comes back is the same."""
    posterior.save(path, overwrite=True)
    again = dpmix.load(path)
    assert np.array_equal(again.labels, posterior.labels)
    megabytes = sum(file.stat().st_size for file in path.rglob("*")) / 1e6
    print(
        f"saved in {path}, {megabytes:.1f} MB, and loaded again with all {again.labels.shape[1]} draws of each chain"
    )
    return again


def show_labels(posterior, y, most=10):
    """How the two digits, which no chain was told, fall among the clusters of the best chain."""
    counts, _ = dpmix.partitions.contingency_table(posterior.labels[best_chain(posterior), -1], y)
    print(f"\nchain {best_chain(posterior)}, its {most} largest clusters\ncluster     2s     3s")
    for cluster in range(most):
        print(f"{cluster:>7}{counts[0, cluster]:>7,}{counts[1, cluster]:>7,}")
    alone = (counts.min(axis=0) == 0).sum()
    print(
        f"{alone:,} of {counts.shape[1]:,} clusters have one digit only; "
        f"{counts.max(axis=0).sum() / counts.sum():.1%} of the images show the digit that is most common in theirs\n"
    )


def best_chain(posterior):
    return int(posterior.log_joint[:, -1].argmax())


def show_completed(posterior, unseen, shown):
    """How well the hidden halves are predicted, beside what the pixels' frequencies alone would say."""
    hidden = dpmix.log_predictive(posterior, unseen, given=shown) / np.log(2) / (~shown).sum()
    frequency = (posterior.table.dense().mean(axis=0) * posterior.table.n + 1) / (posterior.table.n + 2)
    alone = np.where(unseen.x, np.log2(frequency), np.log2(1 - frequency))[:, ~shown].mean()
    print(
        f"bits per hidden pixel: {-hidden.mean():.3f}; from the frequency of each pixel alone: {-alone:.3f}"
    )


def save_pictures(posterior, unseen, folder):
    shown = top_half(posterior.image_shape)
    samples = dpmix.sample_predictive(posterior, unseen, shown, size=2, seed=0)
    pictures = {
        "clusters.png": dpmix.plot.clusters(posterior, chain=best_chain(posterior), shrink=True, per_row=20),
        "completions.png": dpmix.plot.completions(posterior, unseen, shown, samples=samples),
        "trace.png": dpmix.plot.trace(posterior),
    }
    for name, axes in pictures.items():
        save(axes, folder / name)


def save(axes, path):
    np.ravel(axes)[0].figure.savefig(path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
