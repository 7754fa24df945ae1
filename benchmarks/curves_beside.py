"""Held-out nats against CPU seconds, for this version and another one in the same run.

    git worktree add ../before c0f05b9
    python benchmarks/curves_beside.py --beside ../before [--settings default/default/5/20 near/2/5/20 ...]

Settings are those of `curves.py`, START/BIRTHS/CHAINS/SWEEPS, where "default" is what a version does by default; those
after ``--beside-settings`` are for the other one. Chains run one after the other in a process of their version on one
core, and the last draw of each gives the log predictive of images held out, 12,131 and 2,000 of the 2s and 3s of
MNIST. The other version need have no more than `dpmix.sample` and `dpmix.log_predictive`.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import harness
import numpy as np
from curves import COUNTS
from mnist_sets import twos_and_threes_split
from scipy.special import logsumexp
from trees import HERE, working_folder

JOB = """
import sys, time
import numpy as np
from threadpoolctl import threadpool_limits
import dpmix

start, births, chains, sweeps = sys.argv[1].split("/")
options = {} if start == "default" else {"init": start}
options |= {} if births == "default" else {"schedule": dpmix.Schedule(birth_death=int(births))}
train, test = np.load("train.npy"), np.load("test.npy")
nats, seconds = [], []
with threadpool_limits(1):
    dpmix.sample(train[:300], chains=1, sweeps=2, seed=0, jobs=1, progress=False)  # compiles
    for chain in range(int(chains)):
        began = time.process_time()
        posterior = dpmix.sample(train, chains=1, sweeps=int(sweeps), burn_in=int(sweeps) - 1, thin=1,
                                 seed=chain, jobs=1, progress=False, **options)
        seconds.append(time.process_time() - began)
        nats.append(dpmix.log_predictive(posterior, test))
np.savez("found.npz", nats=nats, seconds=seconds)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--beside", type=Path, help="the other checkout")
    parser.add_argument("--settings", nargs="+", default=["default/default/20/20", "default/default/40/5"])
    parser.add_argument(
        "--beside-settings", nargs="+", default=["default/default/10/20", "seeds:600/2/20/15"]
    )
    options = harness.parse(parser)
    trees = {"here": (HERE, options.settings)}
    if options.beside:
        trees["beside"] = options.beside, options.beside_settings
    sets = twos_and_threes_split()
    print("last draws of the first chains together: nats per image held out (CPU seconds)")
    for name, (tree, settings) in trees.items():
        with working_folder(tree) as (work, environment):
            for images, file in zip(sets, ("train.npy", "test.npy"), strict=True):
                np.save(Path(work) / file, images.x)
            for setting in settings:
                subprocess.run([sys.executable, "-c", JOB, setting], check=True, cwd=work, env=environment)
                show(f"{name} {setting}", np.load(Path(work) / "found.npz"))


def show(name, found):
    """Print and note what the first chains of a setting give together."""
    nats, seconds = found["nats"], found["seconds"].cumsum()
    cells = []
    for count in sorted({count for count in COUNTS if count < len(nats)} | {len(nats)}):
        mean = (logsumexp(nats[:count], axis=0) - np.log(count)).mean()
        cells.append(f"{count}: {mean:.2f} ({seconds[count - 1]:.1f} s)")
        harness.note(f"{name}, {count} chains, held out", mean, "nats")
        harness.note(f"{name}, {count} chains, CPU", seconds[count - 1], "s")
    print(f"{name:<30}" + "  ".join(cells), flush=True)


if __name__ == "__main__":
    main()
