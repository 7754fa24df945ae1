"""Posteriors with chosen draws, and slow answers to queries: sums of joint probabilities (`naive.log_joint`).

A draw is (z, alpha, a, b). In an image that is asked about, None is a pixel that is not observed.
"""

import itertools
import math

import numpy as np

from dpmix.chain.plan import Plan
from dpmix.chain.record import TRACE_NAMES, ChainRecord, Draws
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.posterior.posterior import Posterior
from support import naive

X = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [0, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]], np.uint8)
A = np.array([0.3, 1.0, 2.0, 0.7])
B = np.array([1.1, 0.4, 1.0, 3.0])
ALL_IMAGES = np.array(list(itertools.product([0, 1], repeat=4)), np.uint8)
LEFT = np.array([True, True, False, False])
VARIED = [
    ([0, 0, 1, 1, 0, 2], 1.0, A, B),
    ([0, 0, 0, 0, 0, 0], 0.2, B, A),
    ([0, 1, 2, 3, 4, 5], 5.0, 2 * A, B),
    ([0, 0, 1, 1, 2, 2], 0.7, A, 3 * B),
]


def posterior_of(x, draws, chains=1):
    """A posterior whose draws, chain by chain, are (z, alpha, a, b) as given."""
    return _posterior(BinaryTable.from_input(x), draws, chains, Prior())


def label_posterior(x, observed, labels, draws, c):
    """The same with unobserved pixels and with labels, each of pseudo-count `c`."""
    return _posterior(BinaryTable.from_input(x, observed, labels), draws, 1, Prior(c=c))


def _posterior(table, draws, chains, prior):
    per_chain = len(draws) // chains
    assert per_chain * chains == len(draws)
    plan = Plan.checked(prior, chains, per_chain, 0, 1, "one", 0)
    records = []
    for c in range(chains):
        z, alpha, a, b = zip(*draws[c * per_chain : (c + 1) * per_chain], strict=True)
        kept = {"labels": np.array(z, np.uint16), "alpha": np.array(alpha)}
        kept |= {"a": np.array(a), "b": np.array(b)}
        trace = {name: np.zeros(per_chain) for name in TRACE_NAMES}
        trace["n_clusters"] = np.array([max(labels) + 1 for labels in z])
        records.append(ChainRecord(None, Draws(trace, kept)))
    return Posterior(table, plan, records, "0")


def log_sum(values):
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))


def slow_log_predictive(rows, draws, image):
    """Log of the mean over draws (z, alpha, a, b) of p(image | z, rows): every way to join is tried."""
    joined = np.array([*rows, image], object)  # None, too, is neither 0 nor 1
    per_draw = []
    for z, alpha, a, b in draws:
        before = naive.log_joint(z, rows, alpha, a, b)
        joins = [naive.log_joint([*z, k], joined, alpha, a, b) - before for k in range(max(z) + 2)]
        per_draw.append(log_sum(joins))
    return log_sum(per_draw) - math.log(len(per_draw))


def slow_labelled(rows, observed, labels, draws, image, label, c, clusters=None):
    """As `slow_log_predictive`, of an image with a label (-1: unobserved); rows have labels and gaps.

    With `clusters`, the image joins only these; the others are left out of the sum.
    """
    known = np.where(observed, rows, None)
    joined, all_labels = np.array([*known, image], object), np.array([*labels, label])
    per_draw = []
    for z, alpha, a, b in draws:
        before = naive.log_joint(z, known, alpha, a, b) + _log_labels(z, np.asarray(labels), c)
        ways = range(max(z) + 2) if clusters is None else clusters
        joins = [([*z, k], naive.log_joint([*z, k], joined, alpha, a, b)) for k in ways]
        per_draw.append(log_sum([score + _log_labels(new, all_labels, c) - before for new, score in joins]))
    return log_sum(per_draw) - math.log(len(per_draw))


def _log_labels(z, labels, c):
    """Log of p(labels | z): a Dirichlet integral for each cluster."""
    n_classes, total, z = 3, 0.0, np.asarray(z)
    for k in set(z.tolist()):
        counts = [int(((z == k) & (labels == label)).sum()) for label in range(n_classes)]
        total += math.lgamma(c * n_classes) - math.lgamma(c * n_classes + sum(counts))
        total += sum(math.lgamma(c + count) - math.lgamma(c) for count in counts)
    return total


def slow_proba(rows, draws, image):
    """P(pixel on | observed pixels) of each pixel as a ratio of two probabilities."""
    evidence = slow_log_predictive(rows, draws, image)
    proba = []
    for pixel, value in enumerate(image):
        on = [*image[:pixel], 1, *image[pixel + 1 :]]
        hidden = value is None
        proba.append(math.exp(slow_log_predictive(rows, draws, on) - evidence) if hidden else value)
    return proba


def hide(image, observed):
    return [int(value) if seen else None for value, seen in zip(image, observed, strict=True)]
