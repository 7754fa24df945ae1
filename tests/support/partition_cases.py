"""Posteriors of chosen partitions, and their distances: slow ones, and ones without rounding."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np

from dpmix.partitions.draws import by_size
from support.query_cases import posterior_of


def posterior_with(draws, chains=1, x=None):
    """A posterior of these partitions, renumbered as sampling numbers them."""
    x = np.random.default_rng(0).integers(2, size=(len(draws[0]), 3)) if x is None else x
    a, b = np.full(x.shape[1], 0.5), np.full(x.shape[1], 1.5)
    return posterior_of(x, [(by_size(np.asarray(z)), 1.0, a, b) for z in draws], chains)


def random_draws(seed, n=None, m=None):
    """From far apart to nearly equal partitions."""
    generator = np.random.default_rng(seed)
    n, m = n or int(generator.integers(2, 8)), m or int(generator.integers(1, 12))
    centre = generator.integers(n, size=n)
    noise = generator.integers(int(generator.integers(1, n + 1)), size=(m, n))
    changed = generator.random((m, n)) < generator.random()
    return np.array([by_size(z) for z in np.where(changed, noise, centre)])


def naive_distance(z, other, loss):
    """Binder's loss by a loop over pairs; the variation of information from the three entropies."""
    n = len(z)
    if loss == "binder":
        pairs = list(itertools.combinations(range(n), 2))
        return sum((z[i] == z[j]) != (other[i] == other[j]) for i, j in pairs) / max(len(pairs), 1)

    def entropy(labels):
        return -sum(labels.count(k) / n * np.log(labels.count(k) / n) for k in set(labels))

    z, other = list(z), list(other)
    return 2 * entropy(list(zip(z, other, strict=True))) - entropy(z) - entropy(other)


def exact_distance(z, other, loss):
    """A distance without rounding, of the same order: pairs that are split, or exp(n) to the power of the VI."""
    pairs = Counter(zip(z.tolist(), other.tolist(), strict=True))
    sizes, other_sizes = Counter(z.tolist()), Counter(other.tolist())
    if loss == "binder":
        return sum(s * s for s in [*sizes.values(), *other_sizes.values()]) - 2 * sum(
            both * both for both in pairs.values()
        )
    return math.prod(
        Fraction(sizes[k] * other_sizes[m], both * both) ** both for (k, m), both in pairs.items()
    )


def exact_expected(z, draws, loss):
    """The sum of Binder's losses, or exp(n) to the power of that of the VIs: of the order of the expected loss."""
    each = [exact_distance(z, draw, loss) for draw in draws]
    return math.prod(each) if loss == "vi" else sum(each)
