"""Cluster more digits than one process should hold: one chain over the workers of a Dask cluster.

    python examples/many_images.py [-o pictures] [--images 300000] [--shards 4] [--workers 2] [--sweeps 30] [--quick]

Every digit of MNIST is shifted by up to a pixel in either direction, again and again with other shifts, and each
pixel drawn with its grey value as probability. The images are made by blocks on the workers, checked and packed
there, and never are in this program unpacked. One chain, its clusters dealt to shards anew every five sweeps, runs
on all workers. Digits that were put aside say how good the draw is; its largest clusters are drawn.

The cluster here is one of processes on this machine. Elsewhere, put another cluster in its place, for instance
``dask_jobqueue.SLURMCluster`` or ``dask_kubernetes.operator.KubeCluster``; the rest stays, and so do the draws.

Needs ``pip install 'dpmix-toolkit[dask]'`` and MNIST; `dpmix fetch` downloads it, and the environment variable
DPMIX_DATA names the folder where it is, or shall be.
"""

import argparse
import sys
import time
from pathlib import Path

import matplotlib
import numpy as np

import dpmix

BLOCK = 10_000  # images


def main():
    options = parse()
    try:
        import dask.array
        import distributed

        unseen = dpmix.datasets.load_mnist("test", binarize="stochastic", seed=0)[:1000]
    except ModuleNotFoundError as error:
        sys.exit(f"{error}\nThis example needs dask and distributed: pip install 'dpmix-toolkit[dask]'.")
    except dpmix.InputError as error:
        sys.exit(f"{error}\nThis example needs MNIST; see 'dpmix fetch --help'.")
    matplotlib.use("Agg")  # draw into files only
    options.out.mkdir(parents=True, exist_ok=True)
    blocks = [
        dask.array.from_delayed(
            dask.delayed(shifted, pure=True)(first, min(BLOCK, options.images - first)),
            (min(BLOCK, options.images - first), unseen.x.shape[1]),
            np.uint8,
        )
        for first in range(0, options.images, BLOCK)
    ]
    with (
        distributed.LocalCluster(
            n_workers=options.workers, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        print(f"dashboard: {client.dashboard_link}")
        began = time.perf_counter()
        posterior = dpmix.sample(
            dask.array.concatenate(blocks),
            chains=1,
            sweeps=options.sweeps,
            thin=options.sweeps // 2,
            shards=options.shards,
            seed=options.seed,
            executor=client,
        )
        seconds = time.perf_counter() - began
    show(posterior, unseen, seconds, options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("pictures"), help="folder for the picture")
    parser.add_argument("--images", type=int, default=300_000, help="default: %(default)s")
    parser.add_argument("--shards", type=int, default=4, help="default: %(default)s")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("--sweeps", type=int, default=30, help="a multiple of 5 (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="20,000 images, 10 sweeps")
    options = parser.parse_args()
    if options.quick:
        options.images, options.sweeps = 20_000, 10
    return options


def shifted(first, count):
    """Images number `first` to `first` + `count` - 1, (count, 784) uint8: digits of the training set, shifted.

    They depend on their numbers alone, so that a worker can make a block that another has lost.
    """
    generator = np.random.default_rng(first)
    grey = dpmix.datasets.load_grey("mnist").x
    grey = grey[np.arange(first, first + count) % len(grey)].reshape(-1, 28, 28)
    for axis in (1, 2):
        shifts = generator.integers(-1, 2, count)
        for shift in (-1, 1):
            grey[shifts == shift] = np.roll(grey[shifts == shift], shift, axis)
    return (generator.random(grey.shape) < grey).astype(np.uint8).reshape(count, -1)


def show(posterior, unseen, seconds, options):
    n, d = posterior.table.n, posterior.table.d
    nats = dpmix.log_predictive(posterior, unseen, draws=1).mean()
    print(
        f"{n:,} images of {d} pixels, {options.shards} shards on {options.workers} workers, {seconds:.1f} s"
    )
    print(f"{posterior.n_clusters[0, -1]:,} clusters, {nats:.2f} nats for a digit that was put aside")
    axes = dpmix.plot.clusters(posterior, per_row=20)
    np.ravel(axes)[0].figure.savefig(options.out / "many_clusters.png")
    print(f"wrote {options.out / 'many_clusters.png'}")


if __name__ == "__main__":
    main()
