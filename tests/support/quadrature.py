"""Exact posterior of partitions where hyperparameters are learned: sums over their Gamma priors.

Given the partition, alpha and the pseudo-counts of each pixel are independent, so what a partition has in
common with the data is a product of sums over one or two numbers each (Gauss-Laguerre quadrature).
"""

from functools import cache

import numpy as np
from scipy.special import betaln, gammaln, logsumexp, roots_genlaguerre

from dpmix.model.prior import Gamma
from support.partitions import all_partitions

N_NODES = 40


@cache
def nodes(prior):
    """Values of a hyperparameter and the logarithms of their weights; a number stands for itself."""
    if not isinstance(prior, Gamma):
        return np.array([prior]), np.zeros(1)
    values, weights = roots_genlaguerre(N_NODES, prior.shape - 1.0)
    keep = weights > 0  # those of the largest values underflow
    return values[keep] / prior.rate, np.log(weights[keep] / weights.sum())


@cache
def log_crp(n, k, prior):
    """Log of alpha^k Gamma(alpha) / Gamma(alpha + n), alpha summed over its prior."""
    alpha, log_weights = nodes(prior)
    return logsumexp(log_weights + k * np.log(alpha) + gammaln(alpha) - gammaln(alpha + n))


@cache
def log_pixel(counts, prior_a, prior_b):
    """Log probability of a pixel that is on and off in ``counts`` members of the clusters."""
    (a, log_weights_a), (b, log_weights_b) = nodes(prior_a), nodes(prior_b)
    a, b = a[:, None], b[None]
    found = log_weights_a[:, None] + log_weights_b[None]
    return logsumexp(found + sum(betaln(a + on, b + off) - betaln(a, b) for on, off in counts))


def log_labels(labels, z, c):
    """Log probability of the observed labels, 0 to the largest, given the clusters."""
    n_classes, found = labels.max() + 1, 0.0
    for k in range(z.max() + 1):
        counts = np.bincount(labels[(z == k) & (labels >= 0)], minlength=n_classes)
        found += (gammaln(c + counts) - gammaln(c)).sum()
        found += gammaln(n_classes * c) - gammaln(n_classes * c + counts.sum())
    return found


def log_evidence(z, x, prior, observed=None, labels=None):
    """Log of p(x, labels, z) with the hyperparameters that `prior` learns summed over."""
    z, observed = np.array(z), np.ones(x.shape, bool) if observed is None else observed
    found = log_crp(len(z), z.max() + 1, prior.alpha) + gammaln(np.bincount(z)).sum()
    for j in range(x.shape[1]):
        of_pixel = [x[(z == k) & observed[:, j], j] for k in range(z.max() + 1)]
        counts = sorted((int(on.sum()), int((1 - on).sum())) for on in of_pixel)
        found += log_pixel(tuple(counts), *(_of_pixel(value, j) for value in (prior.a, prior.b)))
    return found + (0.0 if labels is None else log_labels(labels, z, prior.c))


def forget():
    """Compute all sums anew, for another number of nodes."""
    for function in (nodes, log_crp, log_pixel):
        function.cache_clear()


def _of_pixel(value, j):
    return float(value[j]) if isinstance(value, np.ndarray) else value


def posterior(x, prior, observed=None, labels=None):
    """Probability of every partition of the images, in the order of `all_partitions`."""
    logs = np.array([log_evidence(z, x, prior, observed, labels) for z in all_partitions(len(x))])
    return np.exp(logs - logsumexp(logs))
