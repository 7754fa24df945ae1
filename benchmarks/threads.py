"""What more threads of the BLAS do for the training of extractors: wall and CPU time, and whether bits change.

    python benchmarks/threads.py [--threads 1 2] [--images 6000] [--repeats 2]

Each extractor is trained with each number of threads in turn. Beside other programs, CPU seconds say what the
threads that wait for each other cost; on a quiet machine, wall seconds say whether they pay.
"""

import argparse
import hashlib
import time
import warnings

import harness
import numpy as np

from dpmix.datasets import load_digits, load_grey
from dpmix.features import Autoencoder, BernoulliRBM

MACHINE = {"method": "pcd", "centering": None, "learning_rate": 0.1, "random_state": 0}
NETWORK = {"learning_rate": 0.001, "random_state": 0}
OF_DIGITS = {
    "machine of 64": BernoulliRBM(64, n_iter=10, **MACHINE),
    "autoencoder 64-16-64": Autoencoder((64, 16, 64), n_iter=10, **NETWORK),
}
OF_MNIST = {
    "machine of 256": BernoulliRBM(256, n_iter=2, **MACHINE),
    "machine of 1,000": BernoulliRBM(1000, n_iter=1, **MACHINE),
    "autoencoder 500-64-500": Autoencoder((500, 64, 500), n_iter=1, **NETWORK),
    "autoencoder 1,000, batches of 1,000": Autoencoder(1000, n_iter=2, batch_size=1000, **NETWORK),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--images", type=int, default=6000, help="of MNIST")
    parser.add_argument("--repeats", type=int, default=2)
    options = harness.parse(parser)
    warnings.simplefilter("ignore")  # so short a training fits poorly
    mnist, digits = load_grey("mnist").x[: options.images], load_digits().x
    print(f"{'':<36}{'threads':>8}{'wall, s':>9}{'CPU, s':>9}  bits")
    for models, x in ((OF_DIGITS, digits), (OF_MNIST, mnist)):
        for name, model in models.items():
            model.fit(x)  # compiles, loads
            for threads in options.threads:
                report(name, model.set_params(n_jobs=threads), x, threads, options.repeats)


def report(name, model, x, threads, repeats):
    """Print and keep the fastest of some trainings."""
    wall, cpu = zip(*(timed(model, x) for _ in range(repeats)), strict=True)
    digest = hashlib.sha256(np.ascontiguousarray(model.encoder_layers()[0][0])).hexdigest()[:8]
    print(f"{name:<36}{threads:>8}{min(wall):>9.2f}{min(cpu):>9.2f}  {digest}", flush=True)
    harness.note(f"{name}, {threads} threads: wall", wall, "s")
    harness.note(f"{name}, {threads} threads: CPU", cpu, "s")


def timed(model, x):
    """Wall and CPU seconds of one training."""
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(x)
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
