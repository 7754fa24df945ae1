"""How probable test images of MNIST are under restricted Boltzmann machines, in nats per image.

    OPENBLAS_NUM_THREADS=1 python benchmarks/likelihood.py [--machines small large] [--seeds 0 1 2] [--quick]

A pixel is on where its grey value is above 127; machines learn from the 60,000 training images by persistent
CD-1 in mini-batches of 100. *Small* machines have 16 hidden units, with and without centring, and their
likelihood is exact. *Large* ones have 500; annealed importance sampling (AIS) gives log-likelihoods that are
too high on average, reverse AIS too low ones where its chains have reached the machine's distribution. The
lower of the two is what counts. Both are followed by their standard error, which more --temperatures and
--chains make smaller. The settings below were chosen on the last 10,000 training images, with the machine
trained on the others.

Published beside ours: small ones -142.56 (centred) and -149.05, large ones -84.9 (AIS) and -96.6 (reverse
AIS). --quick is a run of seconds, to see that it works.
"""

import argparse
import time
from typing import NamedTuple

import harness
import numpy as np

from dpmix.datasets import load_mnist
from dpmix.features import (
    BernoulliRBM,
    annealed_log_partition,
    exact_log_partition,
    log_likelihood,
    reverse_annealed_log_partition,
)

SMALL, LARGE = 16, 500
SMALL_EPOCHS, LARGE_EPOCHS = 50, 50
LEARNING_RATE = {SMALL: 0.2, LARGE: 0.03}
PUBLISHED = {
    (SMALL, "data"): "-142.56 exact",
    (SMALL, None): "-149.05 exact",
    (LARGE, "data"): "-84.9 AIS, -96.6 reverse",
}


class Annealing(NamedTuple):
    """How log Z of large machines is estimated."""

    temperatures: int
    chains: int
    gibbs: int


def main():
    options = parse()
    train = load_mnist("train", threshold=127).x[: options.images]
    test = load_mnist("test", threshold=127).x[: options.images]
    annealing = Annealing(options.temperatures, options.chains, options.gibbs)
    print(
        f"{len(train)} training and {len(test)} test images; {annealing.temperatures} temperatures, "
        f"{annealing.chains} chains, {annealing.gibbs} Gibbs steps before the reverse"
    )
    print(
        "hidden  centred  seed  epochs  minutes  log Z by        train            test            published"
    )
    for machine in options.machines:
        for centering in ("data", None) if machine == "small" else ("data",):
            for seed in options.seeds:
                if machine == "small":
                    small(train, test, centering, seed, options.small_epochs)
                else:
                    large(train, test, centering, seed, options.large_epochs, annealing)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--machines", nargs="+", choices=["small", "large"], default=["small", "large"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--images", type=int, default=60_000, help="of each split, from the first on")
    parser.add_argument("--small-epochs", type=int, default=SMALL_EPOCHS)
    parser.add_argument("--large-epochs", type=int, default=LARGE_EPOCHS)
    parser.add_argument("--temperatures", type=int, default=20_000)
    parser.add_argument("--chains", type=int, default=100)
    parser.add_argument("--gibbs", type=int, default=5000, help="steps before the reverse annealing")
    parser.add_argument("--quick", action="store_true", help="1,000 images, 2 epochs, 500 temperatures")
    options = harness.parse(parser)
    if options.quick:
        options.images, options.small_epochs, options.large_epochs = 1000, 2, 2
        options.temperatures, options.gibbs, options.seeds = 500, 100, options.seeds[:1]
    return options


def small(train, test, centering, seed, epochs):
    """Train one small machine and print its line."""
    started = time.perf_counter()
    rbm = trained(train, SMALL, centering, seed, epochs)
    minutes = (time.perf_counter() - started) / 60
    log_z = exact_log_partition(rbm)
    report(rbm, centering, seed, minutes, "summing", log_z, None, train, test)


def large(train, test, centering, seed, epochs, annealing):
    """Train one large machine and print a line for each direction."""
    started = time.perf_counter()
    rbm = trained(train, LARGE, centering, seed, epochs)
    minutes = (time.perf_counter() - started) / 60
    started = time.perf_counter()
    rng = np.random.default_rng(seed)
    there = annealed_log_partition(rbm, train, annealing.chains, annealing.temperatures, random_state=rng)
    report(rbm, centering, seed, minutes, "AIS", there.log_z, there.standard_error, train, test)
    back = reverse_annealed_log_partition(
        rbm, train, annealing.chains, annealing.temperatures, annealing.gibbs, random_state=rng
    )
    report(rbm, centering, seed, minutes, "reverse AIS", back.log_z, back.standard_error, train, test)
    print(f"        annealing took {(time.perf_counter() - started) / 60:.1f} minutes", flush=True)


def trained(x, n_hidden, centering, seed, epochs):
    return BernoulliRBM(
        n_hidden,
        learning_rate=LEARNING_RATE[n_hidden],
        schedule="linear",
        n_iter=epochs,
        batch_size=100,
        method="pcd",
        n_gibbs=1,
        centering=centering,
        monitor_size=0,
        random_state=seed,
    ).fit(x)


def report(rbm, centering, seed, minutes, name, log_z, error, train, test):
    """Print one line of the table."""
    means = [log_likelihood(rbm, x, log_z).mean() for x in (train, test)]
    name_of_row = f"{len(rbm.components_)} hidden, centred: {bool(centering)}, seed {seed}, {name}"
    harness.note(f"{name_of_row}, test", means[1], "nats")
    after = "" if error is None else f" +- {error:.2f}"
    shown = "".join(f"  {mean:8.2f}{after:<8}" for mean in means)
    n_hidden = len(rbm.components_)
    print(
        f"{n_hidden:6}  {'yes' if centering else 'no':<7}  {seed:4}  {rbm.n_iter_:6}  {minutes:7.1f}  "
        f"{name:<11}{shown}  {PUBLISHED[n_hidden, centering]}",
        flush=True,
    )


if __name__ == "__main__":
    main()
