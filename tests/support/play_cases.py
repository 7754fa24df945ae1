"""Posteriors for the page to play with, made by hand: no sampling, so no kernel is compiled."""

import numpy as np

from dpmix.datasets.images import Images
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.tables.columns import Columns
from support.query_cases import VARIED, A, B, X, _posterior, label_posterior, posterior_of

NAMES = ["smokes", "</script><b>rents</b>", "a\u202eb\x1b[2J", "sex & 'age' \"x\" <!--"]
VALUES = {NAMES[3]: ("<i>female</i>", "male")}


def pictures(n=40, side=8, draws=3, seed=0):
    """Squares of noisy stripes in `draws` draws of a few clusters."""
    rng = np.random.default_rng(seed)
    z = np.sort(rng.integers(5, size=n))
    z = np.unique(z, return_inverse=True)[1]
    x = (rng.random((n, side**2)) < rng.random((5, side**2))[z]).astype(np.uint8)
    a, b = rng.gamma(1.0, size=(2, draws, side**2)) + 0.05
    return posterior_of(x, [(by_size(z % (5 - ix)), 0.5 + ix, a[ix], b[ix]) for ix in range(draws)])


def by_size(z):
    """Clusters numbered by decreasing size, as draws number them."""
    found, places, sizes = np.unique(z, return_inverse=True, return_counts=True)
    rank = np.empty(len(found), int)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(found))
    return rank[places]


def table(names=NAMES, values=VALUES, x=X):
    found = BinaryTable.from_input(x, columns=Columns(names, values))
    a, b = (np.resize(each, x.shape[1]) for each in (A, B))
    draws = [(z, alpha, a * (1 + ix), b) for ix, (z, alpha, _, _) in enumerate(VARIED)]
    return _posterior(found, draws, 2, Prior())


def with_gaps_and_labels():
    observed = np.random.default_rng(1).random(X.shape) < 0.7
    return label_posterior(X, observed, np.array([0, 1, 2, -1, 0, 1]), VARIED, 0.4)


def large_counts():
    """One cluster of 70,000 images, whose counts take three bytes, and one of 300."""
    x = np.random.default_rng(2).integers(2, size=(70_300, 4)).astype(np.uint8)
    x[:, 0] = 1
    return posterior_of(x, [(np.r_[np.zeros(70_000, int), np.ones(300, int)], 2.0, A, B)])


def oblong():
    """Images that are too long and narrow to be drawn on."""
    rng = np.random.default_rng(3)
    images = Images(rng.integers(2, size=(6, 90)), shape=(2, 45))
    a, b = rng.gamma(1.0, size=(2, 90))
    return posterior_of(images, [(np.array([0, 0, 1, 1, 0, 2]), 1.0, a, b)])


CASES = {
    "pictures": pictures,
    "table": table,
    "gaps and labels": with_gaps_and_labels,
    "large counts": large_counts,
    "one pixel": lambda: posterior_of([[1], [0], [1]], [([0, 1, 0], 0.7, A[:1], B[:1])]),
    "one cluster": lambda: posterior_of(X, [(np.zeros(6, int), 1.0, A, B)]),
    "one row of pixels": lambda: posterior_of(X[:, :3], [(np.zeros(6, int), 1.0, A[:3], B[:3])]),
    "two rows of pixels": oblong,
    "two chains": lambda: posterior_of(X, VARIED, chains=2),
}
