"""Time and memory of completing half-hidden images, against one dense product of the same size.

The yardstick is the float32 product (images, pixels) @ (pixels, clusters of all draws), timed in the same
process on the same cores: what it costs to look at everything once. The posterior is a stand-in with the
sizes of a long run over MNIST: each chain clusters the training images by a few steps of k-means, and its
draws differ in a few per cent of the images. Run with

    python benchmarks/queries.py [--chains 5] [--draws 10] [--clusters 800] [--images 10000] [--repeats 1]

It prints, and with --json FILE keeps for compare.py, seconds, the peak of the memory beyond what was there before (as
Linux counts it, the answer included), the ratio to the yardstick in processor time, which should be at
most 1.5 for predict_proba, and how far answers are from those in double precision throughout. Let all run
on one core: OPENBLAS_NUM_THREADS=1.
"""

import argparse
import json
import time

import harness
import numpy as np

import dpmix
from dpmix.chain.plan import Plan
from dpmix.chain.record import TRACE_NAMES, ChainRecord, Draws
from dpmix.datasets import load_mnist
from dpmix.datasets.masks import mask
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.posterior.posterior import Posterior
from dpmix.queries import evidence

GOAL = 1.5  # yardsticks
A, B = 0.1, 0.4
CHANGED = 0.03  # share of the images that are elsewhere in the next draw
STEPS = 2


def main():
    options = _options()
    train, test = load_mnist("train"), load_mnist("test")[: options.images]
    posterior = stand_in(train.x, options.chains, options.draws, options.clusters)
    posterior.draw()  # the runs of the images are found once for a posterior, not once for a query
    n_columns = int(posterior.n_clusters.sum() + posterior.n_clusters.size)
    shown = mask(test.image_shape, "bottom")
    found = {
        "images": len(test),
        "clusters": n_columns,
        "yardstick_seconds": yardstick(test.x, n_columns),
        "goal": GOAL,
    }
    queries = {
        "predict_proba": lambda x: dpmix.predict_proba(posterior, x, shown),
        "predict_labels": lambda x: dpmix.predict_labels(posterior, x, shown),
        "log_predictive": lambda x: dpmix.log_predictive(posterior, x, ~shown, given=shown),
        "sample_predictive": lambda x: dpmix.sample_predictive(posterior, x, shown, size=5, seed=0),
    }
    for name in options.queries.split(","):
        found[name] = measured(name, queries[name], test.x, found["yardstick_seconds"], options.repeats)
    few = test.x[:: max(1, len(test) // 100)]
    found["largest_error"] = largest_error(posterior, few, shown)
    for name, error in found["largest_error"].items():
        harness.note(f"{name}, largest error", error, "")
    print(json.dumps(found, indent=2))


def stand_in(x, chains, draws, clusters):
    """A posterior with one draw after the other near a k-means partition of each chain."""
    x = x.astype(np.float32)
    generators = [np.random.default_rng([0, c]) for c in range(chains)]
    records = [ChainRecord(None, _draws(x, draws, clusters, generator)) for generator in generators]
    labels = np.random.default_rng(1).integers(10, size=len(x))
    table = BinaryTable.from_input(x, labels=labels)
    plan = Plan.checked(Prior(a=A, b=B), chains, draws, 0, 1, "one", 0)
    return Posterior(table, plan, records, dpmix.__version__)


def _draws(x, draws, clusters, generator):
    centres = x[generator.choice(len(x), clusters, replace=False)]
    for _ in range(STEPS):
        nearest = _nearest(x, centres)[0]
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, x)
        centres = sums / np.maximum(np.bincount(nearest, minlength=clusters), 1)[:, None]
    first, second = _nearest(x, centres)
    labels = np.empty((draws, len(x)), np.uint16)
    for row in labels:
        z = np.where(generator.random(len(x)) < CHANGED, second, first)
        order = np.argsort(-np.bincount(z, minlength=clusters), kind="stable")
        row[:] = np.argsort(order)[z]
    kept = {
        "labels": labels,
        "alpha": np.full(draws, 50.0),
        "a": np.full((draws, x.shape[1]), A),
        "b": np.full((draws, x.shape[1]), B),
    }
    trace = {name: np.zeros(draws) for name in TRACE_NAMES}
    trace["n_clusters"] = labels.max(axis=1).astype(int) + 1
    return Draws(trace, kept)


def _nearest(x, centres):
    """The nearest and the second nearest centre of each image."""
    both = np.empty((2, len(x)), np.intp)
    norms = (centres**2).sum(axis=1)
    for first in range(0, len(x), 4096):
        rows = slice(first, first + 4096)
        both[:, rows] = np.argpartition(norms - 2 * (x[rows] @ centres.T), 1, axis=1)[:, :2].T
    return both


def yardstick(x, n_columns):
    """Processor seconds of the dense product, the better of two, in pieces that keep memory small."""
    x = x.astype(np.float32)
    piece = np.random.default_rng(0).random((x.shape[1], min(2048, n_columns)), np.float32)
    out = np.empty((len(x), piece.shape[1]), np.float32)
    seconds = []
    for _ in range(2):
        start = time.process_time()
        for first in range(0, n_columns, piece.shape[1]):
            width = min(piece.shape[1], n_columns - first)
            np.matmul(x, piece[:, :width], out=out[:, :width])
        seconds.append(time.process_time() - start)
    return min(seconds)


def measured(name, query, x, unit, repeats):
    """Medians of seconds, yardsticks and peak memory of a query, asked once of a few images before."""
    query(x[:10])
    rows = np.array(harness.repeated(lambda _: _asked(query, x, unit), repeats, warm_up=False))
    for what, values, of in zip(
        ("seconds", "ratio", "memory"), rows.T, ("s", "yardsticks", "bytes"), strict=True
    ):
        harness.note(f"{name}, {what}", values, of)
    seconds, ratio, more_bytes = np.median(rows, axis=0)
    return {"seconds": float(seconds), "ratio": float(ratio), "more_bytes": int(more_bytes)}


def _asked(query, x, unit):
    """Seconds, yardsticks and peak memory of one call."""
    _forget_peak()
    before = _memory("VmRSS")
    start = harness.started()
    query(x)
    work, seconds = harness.since(start)
    return seconds, work / unit, _memory("VmHWM") - before


def _memory(line):
    """Bytes of this process as Linux counts them: what is resident now (VmRSS) or was at most (VmHWM)."""
    with open("/proc/self/status") as file:
        return next(int(text.split()[1]) * 1024 for text in file if text.startswith(line))


def _forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def largest_error(posterior, x, shown):
    """Largest difference between answers as they come for many images and in double precision throughout."""
    answers = []
    usual = evidence._SMALL
    for small in (0, 10**18):
        evidence._SMALL = small
        answers.append(
            [
                dpmix.predict_proba(posterior, x, shown),
                dpmix.log_predictive(posterior, x, ~shown, given=shown),
            ]
        )
    evidence._SMALL = usual
    names = ("predict_proba", "log_predictive")
    return {name: float(np.abs(one - two).max()) for name, one, two in zip(names, *answers, strict=True)}


def _options():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    for name, value in (("chains", 5), ("draws", 10), ("clusters", 800), ("images", 10_000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--queries", default="predict_proba,predict_labels,log_predictive,sample_predictive")
    parser.add_argument("--repeats", type=int, default=1, help="of each query; medians are shown")
    return harness.parse(parser)


if __name__ == "__main__":
    main()
