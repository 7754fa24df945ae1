"""Neighbouring packages on the same digits: how well clusters agree with the digits, and how well images are predicted.

1,397 of the 8 x 8 digits are clustered without their labels, 400 are held out. dpmix with its default and its coarse
prior stands beside scikit-learn's mixtures, k-means and HDBSCAN, and beside StepMix and lace where these are installed
(`pip install stepmix pylace`). Methods that must be told a number of clusters are told ten, the number of digits.
Run with

    python benchmarks/neighbours.py [--chains 3] [--sweeps 100] [--states 4] [--updates 500]

It prints, and with --json FILE keeps for compare.py, the number of clusters, NMI and ARI, the mean log predictive of
the held-out images in nats, where a method has one, and CPU seconds of the process.
"""

import argparse
import time
from importlib import metadata

import harness
import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.mixture import BayesianGaussianMixture

import dpmix
from dpmix.partitions import compare_labels, point_estimate

DIGITS, TRAINED = 10, 1397


def by_dpmix(x, held_out, options, prior=None):
    counts = {"chains": options.chains, "sweeps": options.sweeps}
    posterior = dpmix.sample(x, prior, seed=1, jobs=1, progress=False, **counts)
    return point_estimate(posterior).labels, dpmix.log_predictive(posterior, held_out).mean()


def by_coarse_dpmix(x, held_out, options):
    return by_dpmix(x, held_out, options, dpmix.Prior.coarse(x))


def by_k_means(x, held_out, options):
    return KMeans(DIGITS, n_init=10, random_state=1).fit_predict(x), None


def by_gaussians(x, held_out, options):
    model = BayesianGaussianMixture(n_components=100, covariance_type="diag", max_iter=500, random_state=1)
    return model.fit_predict(x), None


def by_hdbscan(x, held_out, options):
    return HDBSCAN(min_cluster_size=10, metric="hamming", copy=True).fit_predict(x), None


def by_stepmix(x, held_out, options):
    from stepmix import StepMix

    model = StepMix(DIGITS, measurement="binary", n_init=3, random_state=1, progress_bar=0, verbose=0)
    return model.fit(x).predict(x), model.score(held_out)


def by_lace(x, held_out, options):
    """Rows of the largest view of the first state; lace takes no column of a single value, so these are left out."""
    import pandas as pd
    from lace import Engine

    varied = x.min(axis=0) < x.max(axis=0)
    names = [f"p{j:02}" for j in np.flatnonzero(varied)]
    frame = pd.DataFrame(x[:, varied].astype(bool), columns=names, index=[f"r{i}" for i in range(len(x))])
    engine = Engine.from_df(frame, n_states=options.states, rng_seed=1)
    engine.update(options.updates)
    nats = engine.logp(pd.DataFrame(held_out[:, varied].astype(bool), columns=names))
    return lace_labels(engine), np.asarray(nats, float).mean()


def lace_labels(engine):
    """Clusters of the view with most columns, in the first state."""
    views = np.asarray(engine.column_assignment(0))
    return np.asarray(engine.row_assignments(0)[np.bincount(views).argmax()])


METHODS = {
    "dpmix, default": (by_dpmix, None),
    "dpmix, Prior.coarse": (by_coarse_dpmix, None),
    "k-means, 10 given": (by_k_means, "scikit-learn"),
    "BayesianGaussianMixture, at most 100, diagonal": (by_gaussians, "scikit-learn"),
    "HDBSCAN, Hamming, at least 10": (by_hdbscan, "scikit-learn"),
    "StepMix, binary, 10 given": (by_stepmix, "stepmix"),
    "lace": (by_lace, "pylace"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chains", type=int, default=3)
    parser.add_argument("--sweeps", type=int, default=100)
    parser.add_argument("--states", type=int, default=4, help="of lace (default: %(default)s)")
    parser.add_argument("--updates", type=int, default=500, help="of lace (default: %(default)s)")
    options = harness.parse(parser)
    digits = dpmix.datasets.load_digits()
    order = np.random.default_rng(1).permutation(len(digits))
    train, test = order[:TRAINED], order[TRAINED:]
    print(f"{'method':<48}{'version':>9}{'K':>5}{'NMI':>8}{'ARI':>8}{'nats':>9}{'CPU s':>8}  no cluster")
    for name, (method, package) in METHODS.items():
        try:
            version = metadata.version(package) if package else dpmix.__version__
        except metadata.PackageNotFoundError:
            continue
        measure(name, method, version, digits.x[train], digits.y[train], digits.x[test], options)


def measure(name, method, version, x, y, held_out, options):
    began = time.process_time()
    labels, nats = method(x, held_out, options)
    seconds = time.process_time() - began
    inside = labels >= 0
    agreement = compare_labels(np.unique(labels, return_inverse=True)[1], y)  # noise is one cluster more
    found = len(np.unique(labels[inside]))
    told = "-" if nats is None else f"{nats:.2f}"
    print(
        f"{name:<48}{version:>9}{found:>5}{agreement.nmi:>8.3f}{agreement.ari:>8.3f}{told:>9}{seconds:>8.1f}"
        f"{(~inside).mean():>11.0%}"
    )
    harness.note(f"{name}: NMI", agreement.nmi, "")
    harness.note(f"{name}: ARI", agreement.ari, "")


if __name__ == "__main__":
    main()
