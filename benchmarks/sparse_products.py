"""Products of mini-batches of binary images with dense weights: `dpmix.features.products`, SciPy and BLAS.

    python benchmarks/sparse_products.py [--rows 100 1000] [--hidden 256 500 1000] [--on 0.19] [--repeats 31]
        [--json FILE]

A table (rows, 784) of float32, `on` of it ones at random, is multiplied in both directions of training,
``x @ w`` and ``x.T @ h``. `dpmix` lists what is not zero and combines rows, `scipy` makes a `csr_array` and
multiplies, `alone` is SciPy's product without making the array, `dense` is NumPy's matmul. `x.T @ h` uses the
list that `x @ w` has made, as training does. All are timed in turn on one thread, and medians are shown, in
milliseconds; `ratio` is SciPy's time through dpmix's, for `alone` too. `same bits` says whether SciPy's sums
are dpmix's to the last bit: with other bits, trained weights would not be those of earlier versions.
"""

import argparse
import time

import harness
import numpy as np
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from dpmix.features.products import RowList

N_PIXELS = 784
HEADINGS = ("rows", "hidden", "product", "dpmix", "scipy", "alone", "dense", "ratio", "alone", "same bits")
WIDTHS = (5, 6, 7, 7, 7, 7, 7, 6, 6, 9)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--hidden", type=int, nargs="+", default=[256, 500, 1000])
    parser.add_argument("--on", type=float, default=0.19, help="share of ones")
    parser.add_argument("--repeats", type=int, default=31)
    options = harness.parse(parser)
    print_cells(HEADINGS)
    with threadpool_limits(1):
        for rows in options.rows:
            for hidden in options.hidden:
                for product, ways in ways_of(rows, hidden, options.on).items():
                    print_row(rows, hidden, product, ways, options.repeats)


def ways_of(rows, hidden, on):
    """For both products, the function of each way that computes it; each returns its result."""
    rng = np.random.default_rng(0)
    x = (rng.random((rows, N_PIXELS)) < on).astype(np.float32)
    w, h = (rng.standard_normal((n, hidden), np.float32) for n in (N_PIXELS, rows))
    up, statistics = np.empty((rows, hidden), np.float32), np.empty((N_PIXELS, hidden), np.float32)
    ours, theirs = RowList(x), csr_array(x)

    def list_and_multiply():
        ours.listed(0, rows)
        ours.times(0, rows, w, up)
        return up

    def multiply_transposed():
        ours.transposed_times(rows, h, statistics)
        return statistics

    return {
        "x @ w": (
            list_and_multiply,
            lambda: csr_array(x) @ w,
            lambda: theirs @ w,
            lambda: np.matmul(x, w, out=up),
        ),
        "x.T @ h": (
            multiply_transposed,
            lambda: theirs.T @ h,
            lambda: theirs.T @ h,
            lambda: np.matmul(x.T, h, out=statistics),
        ),
    }


def print_row(rows, hidden, product, ways, repeats):
    columns = zip(*(times_of(ways) for _ in range(repeats)), strict=True)
    columns = dict(zip(("dpmix", "scipy", "alone", "dense"), map(list, columns), strict=True))
    for way, values in columns.items():
        harness.note(f"{product}, {rows} rows, {hidden} hidden, {way}", values, "s")
    seconds = [np.median(values) for values in columns.values()]
    same = np.array_equal(ways[0](), ways[1]())
    ratios = seconds[1] / seconds[0], seconds[2] / seconds[0]
    shown = (f"{1e3 * s:.3f}" for s in seconds)
    print_cells((rows, hidden, product, *shown, *(f"{r:.2f}" for r in ratios), "yes" if same else "no"))


def times_of(ways):
    """Seconds that each of `ways` takes, one after the other."""
    seconds = []
    for way in ways:
        started = time.perf_counter()
        way()
        seconds.append(time.perf_counter() - started)
    return seconds


def print_cells(cells):
    print("  ".join(f"{cell!s:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True)), flush=True)


if __name__ == "__main__":
    main()
