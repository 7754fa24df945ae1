"""One slow, obvious reference of the sampler, written from the formulas and nothing of dpmix's.

Images are rows of `x` (n, d): 1 is on, 0 is off, and any other value is a pixel not observed, which
enters no count and no score. `a` and `b` are (d,) arrays.
"""

import itertools
import math
import os

import numpy as np

SEED = int(os.environ.get("DPMIX_TEST_SEED", "0"))


def generator(*key):
    """A generator for one statistical check; the variable DPMIX_TEST_SEED of the environment shifts all."""
    return np.random.default_rng([SEED, *key])


def log_predictive(image, members, a, b):
    """Log probability of `image` (d,) given the (m, d) `members` of its cluster (Neal 2000, eq. 3.1)."""
    on, off = (members == 1).sum(axis=0), (members == 0).sum(axis=0)
    p_on, p_off = (a + on) / (a + b + on + off), (b + off) / (a + b + on + off)
    return float(np.log(p_on[image == 1]).sum() + np.log(p_off[image == 0]).sum())


def log_weights(i, z, x, alpha, a, b):
    """Log weight of every slot for image `i`, itself left out: equation 3.7; last, of a new cluster."""
    weights = []
    for k in range(max(z) + 1):
        others = [j for j in range(len(x)) if z[j] == k and j != i]
        score = log_predictive(x[i], x[others], a, b)
        weights.append(math.log(len(others)) + score if others else -math.inf)
    return [*weights, math.log(alpha) + log_predictive(x[i], x[:0], a, b)]


def draw(u, weights):
    """The first index whose cumulative weight exceeds `u` times the total; else the last that has any."""
    weights = [math.exp(weight - max(weights)) for weight in weights]
    cumulative, chosen = 0.0, None
    for k, weight in enumerate(weights):
        cumulative += weight
        if weight > 0:
            chosen = k
        if cumulative > u * sum(weights):
            return k
    return chosen


def place(i, k, z):
    """`z` after image `i` went to slot `k`; the last cluster takes the slot of one that died."""
    own, new = z[i], max(z) + 1
    if k == new and z.count(own) == 1:
        return z  # a lone image that opens a cluster stays where it is
    z = [*z[:i], k, *z[i + 1 :]]
    if own not in z:
        z = [own if label == new - 1 else label for label in z]
    return z


def sweep(z, uniforms, x, alpha, a, b, weigh=log_weights):
    """One pass of Neal's (2000) Algorithm 3 over all images; `weigh` is where bugs are planted."""
    z = [int(label) for label in z]
    for i, u in enumerate(uniforms):
        z = place(i, draw(u, weigh(i, z, x, alpha, a, b)), z)
    return z


def log_joint(z, x, alpha, a, b):
    """Log of p(x, z): Chinese restaurant process (Antoniak 1974) times a beta integral for each count."""

    def log_beta(p, q):
        return math.lgamma(p) + math.lgamma(q) - math.lgamma(p + q)

    z = np.asarray(z)
    total = math.lgamma(alpha) - math.lgamma(alpha + len(x))
    for k in set(z.tolist()):
        members = x[z == k]
        total += math.log(alpha) + math.lgamma(len(members))
        for j in range(x.shape[1]):
            on, off = int((members[:, j] == 1).sum()), int((members[:, j] == 0).sum())
            total += log_beta(a[j] + on, b[j] + off) - log_beta(a[j], b[j])
    return total


def entropy(z):
    return -sum(z.count(k) / len(z) * math.log(z.count(k) / len(z)) for k in set(z))


def variation(z, other):
    """H(z | other) + H(other | z) by a loop over pairs of clusters."""
    total = 0.0
    for k, m in itertools.product(set(z), set(other)):
        both = sum(a == k and b == m for a, b in zip(z, other, strict=True)) / len(z)
        if both:
            total -= both * math.log(both / (z.count(k) / len(z)))
            total -= both * math.log(both / (other.count(m) / len(z)))
    return total
