"""Fewer or more clusters: the named priors on six tables with known classes, beside the default and k-means.

The tables are the 8 x 8 digits, wine, iris and breast cancer measurements made binary at quantiles, answers to a survey
of five kinds of people with 10 % missing, and documents of ten topics, of which 3 % of the words are on. A part of
each is held out. Run with

    python benchmarks/coarse.py [--sets digits,wine,...] [--priors default,coarse,...] [--chains 3] [--sweeps 100]

It prints, and with --json FILE keeps for compare.py, the number of clusters of the point estimate, its agreement with
the classes (NMI, ARI), the mean log predictive of what was held out, and CPU seconds. k-means is told the number of
classes, and is left out where values are missing.
"""

import argparse
import time
import zlib

import harness
import numpy as np
from sklearn import datasets
from sklearn.cluster import KMeans

import dpmix
from dpmix.partitions import compare_labels, point_estimate


def digits(generator):
    images = dpmix.datasets.load_digits()
    return images.x.astype(float), images.y, 1397


def _binary(bunch, quantiles):
    cuts = np.quantile(bunch.data, quantiles, axis=0)
    return np.hstack([bunch.data > cut for cut in cuts]).astype(float), bunch.target


def wine(generator):
    return *_binary(datasets.load_wine(), [1 / 3, 2 / 3]), 140


def iris(generator):
    return *_binary(datasets.load_iris(), [1 / 4, 1 / 2, 3 / 4]), 120


def cancer(generator):
    return *_binary(datasets.load_breast_cancer(), [1 / 2]), 450


def survey(generator):
    y = generator.choice(5, 1300, p=[0.35, 0.25, 0.2, 0.12, 0.08])
    x = (generator.random((1300, 20)) < generator.beta(0.6, 0.6, (5, 20))[y]).astype(float)
    x[generator.random(x.shape) < 0.1] = np.nan
    return x, y, 1000


def documents(generator):
    y, base = generator.choice(10, 1300), generator.dirichlet(np.full(1000, 0.5))
    topics = [0.5 * base + 0.5 * generator.dirichlet(np.full(1000, 0.05)) for _ in range(10)]
    return np.array([generator.multinomial(40, topics[k]) > 0 for k in y]).astype(float), y, 1000


SETS = {each.__name__: each for each in (digits, wine, iris, cancer, survey, documents)}
PRIORS = {
    "default": lambda x: dpmix.Prior(),
    "coarse": dpmix.Prior.coarse,
    "fine": lambda x: dpmix.Prior.fine(),
    "a = b = 1": lambda x: dpmix.Prior(0.1, 1, 1),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--priors", default=",".join(PRIORS))
    parser.add_argument("--chains", type=int, default=3)
    parser.add_argument("--sweeps", type=int, default=100)
    options = harness.parse(parser)
    print(f"{'':22} clusters    NMI    ARI  held out   CPU s")
    for name in options.sets.split(","):
        generator = np.random.default_rng(zlib.crc32(name.encode()))
        x, y, n = SETS[name](generator)
        order = generator.permutation(len(x))
        x, y = x[order], y[order]
        for prior in options.priors.split(","):
            compare(f"{name}, {prior}", x, y, n, PRIORS[prior](x[:n]), options)
        if not np.isnan(x).any():
            k = len(np.unique(y))
            labels = KMeans(k, n_init=10, random_state=0).fit_predict(x[:n])
            show(f"{name}, {k}-means", labels, y[:n])


def compare(name, x, y, n, prior, options):
    begun = time.process_time()
    posterior = dpmix.sample(
        x[:n], prior, chains=options.chains, sweeps=options.sweeps, seed=1, jobs=1, progress=False
    )
    seconds = time.process_time() - begun
    held_out = dpmix.log_predictive(posterior, x[n:]).mean()
    show(name, point_estimate(posterior).labels, y[:n], f"{held_out:9.2f}  {seconds:6.1f}")
    harness.note(f"{name}, held out", held_out, "nats")


def show(name, labels, y, rest=""):
    found = compare_labels(labels, y)
    print(f"{name:22} {labels.max() + 1:8}  {found.nmi:.3f}  {found.ari:.3f}  {rest}", flush=True)
    harness.note(f"{name}, ARI", found.ari, "ARI")
    harness.note(f"{name}, NMI", found.nmi, "NMI")
    harness.note(f"{name}, clusters", int(labels.max()) + 1, "clusters")


if __name__ == "__main__":
    main()
