"""From a table to a running sampler: a large CSV and a large sparse matrix, beside pandas' own reading.

The CSV has 1,000,000 rows of 50 columns, a tenth of them of yes and no, 1 % of the cells empty; the sparse matrix
100,000 rows of 20,000 columns, 0.5 % of them on. Each way is a process of its own, so that its peak memory is its
own. Run with

    python benchmarks/tables.py [--rows 1000000] [--columns 50] [--documents 100000] [--words 20000] [--share 0.005]

It prints, and with --json FILE keeps for compare.py, CPU seconds and peak memory of: pandas.read_csv; `load_observed`;
the same with a chain from 20 random groups and its first Gibbs sweep; pandas' frame given to `sample`; SciPy's matrix
alone, packed, and with a sweep. Kernels are compiled beforehand.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness
import numpy as np

QUICK = {"chains": 1, "sweeps": 1, "burn_in": 0, "init": "random:20", "seed": 0, "jobs": 1, "progress": False}
GIBBS = {"split_merge": 0, "birth_death": 0}  # a schedule without proposals
BLOCK = 10_000  # rows that are written together


def main():
    options = _options()
    if options.part:
        print(json.dumps(PARTS[options.part](Path(options.file))))
        return
    with tempfile.TemporaryDirectory() as folder:
        table, words = Path(folder) / "table.csv", Path(folder) / "words.npz"
        write_table(table, options.rows, options.columns)
        write_words(words, options.documents, options.words, options.share)
        print(
            f"{table.stat().st_size / 1e6:,.0f} MB of CSV, {words.stat().st_size / 1e6:,.0f} MB of sparse matrix"
        )
        for part in PARTS:
            report(part, measured(part, words if part.startswith("sparse") else table))


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sizes = {"--rows": 1_000_000, "--columns": 50, "--documents": 100_000, "--words": 20_000}
    for name, size in sizes.items():
        parser.add_argument(name, type=int, default=size)
    parser.add_argument("--share", type=float, default=0.005)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    if "--part" in sys.argv:
        return parser.parse_args()
    return harness.parse(parser)


def write_table(path, n, d):
    """A CSV of two kinds of rows."""
    generator = np.random.default_rng(0)
    proba = generator.beta(0.5, 0.5, (2, d))
    words = [("no", "yes", "") if j % 10 == 0 else ("0", "1", "") for j in range(d)]
    with open(path, "w", encoding="utf-8") as file:
        file.write(",".join(f"column {j}" for j in range(d)) + "\n")
        for first in range(0, n, BLOCK):
            m = min(BLOCK, n - first)
            codes = (generator.random((m, d)) < proba[generator.integers(0, 2, m)]).astype(int)
            codes[generator.random((m, d)) < 0.01] = 2
            cells = np.empty((m, d), dtype=object)
            for j in range(d):
                cells[:, j] = np.array(words[j], dtype=object)[codes[:, j]]
            file.write("\n".join(map(",".join, cells.tolist())) + "\n")


def write_words(path, n, d, share):
    import scipy.sparse as sp

    x = sp.random_array((n, d), density=share, format="csr", rng=np.random.default_rng(0), dtype=np.float32)
    x.data[:] = 1
    sp.save_npz(path, x, compressed=False)


def measured(part, path):
    """CPU seconds of the steps of `part`, and peak memory of its process in MB."""
    words = [sys.executable, __file__, "--part", part, "--file", str(path)]
    return json.loads(
        subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    )


def report(part, found):
    memory = found.pop("memory")
    steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.items())
    print(f"{part:14} {sum(found.values()):6.1f} s of CPU ({steps}), peak {memory:,.0f} MB", flush=True)
    harness.note(f"{part}, CPU", sum(found.values()), "s")
    harness.note(f"{part}, peak", memory, "MB")


def steps(**calls):
    """CPU seconds of each call, each of which gets what the one before gave."""
    found, value = {}, None
    for name, call in calls.items():
        begun = time.process_time()
        value = call(value)
        found[name] = time.process_time() - begun
    found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def pandas_alone(path):
    import pandas as pd

    return steps(read=lambda _: pd.read_csv(path))


def pandas_frame(path):
    import pandas as pd

    warmed()
    return steps(read=lambda _: pd.read_csv(path), sweep=swept)


def dpmix_alone(path):
    from dpmix.datasets import load_observed

    return steps(read=lambda _: load_observed(path))


def dpmix_sweep(path):
    dpmix = warmed()
    return steps(
        read=lambda _: dpmix.datasets.load_observed(path),
        sweep=lambda found: swept(found[0], observed=found[1]),
    )


def sparse_alone(path):
    import scipy.sparse as sp

    return steps(read=lambda _: sp.load_npz(path))


def sparse_packed(path):
    import scipy.sparse as sp

    from dpmix.model.table import BinaryTable

    return steps(
        read=lambda _: sp.load_npz(path),
        pack=BinaryTable.from_input,
        runs=lambda table: table.runs,
    )


def sparse_sweep(path):
    import scipy.sparse as sp

    warmed()
    return steps(read=lambda _: sp.load_npz(path), sweep=swept)


def swept(x, **options):
    """The posterior of `x` after one Gibbs sweep."""
    import dpmix

    return dpmix.sample(x, schedule=dpmix.Schedule(**GIBBS), **options, **QUICK)


def warmed():
    """dpmix with its kernels compiled and loaded."""
    import dpmix

    x = np.eye(4)
    x[0, 1] = np.nan
    dpmix.sample(x, chains=1, sweeps=1, burn_in=0, jobs=1, progress=False)
    return dpmix


PARTS = {
    "csv, pandas": pandas_alone,
    "csv": dpmix_alone,
    "csv to sweep": dpmix_sweep,
    "frame to sweep": pandas_frame,
    "sparse, scipy": sparse_alone,
    "sparse, packed": sparse_packed,
    "sparse to sweep": sparse_sweep,
}

if __name__ == "__main__":
    main()
