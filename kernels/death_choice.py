"""Which cluster a death is proposed for: small ones rather than large ones.

A cluster of many images that fit it is never given up, and what it costs to find that out grows with its size.
So a death draws its cluster in proportion to 1 / size among those of at least two images; for a lone image the
Gibbs sampler does the same. The choice is made in the partition that the death starts from, and its probability
there stands in the ratios of both directions (`dpmix.kernels.birth_death`).
"""

import math

from dpmix.kernels.compile import kernel

__all__ = ["draw_dying", "log_choice_of_dying"]


@kernel
def _weight(size):
    """How much a cluster of this size weighs when a death draws one."""
    return 1.0 / size if size > 1 else 0.0


@kernel
def _total_weight(n_clusters, sizes):
    total = 0.0
    for k in range(n_clusters):
        total += _weight(sizes[k])
    return total


@kernel
def draw_dying(n_clusters, generator, sizes):
    """Cluster that a death is proposed for, or -1 where every image is alone.

    Parameters
    ----------
    generator : numpy.random.Generator
        Gives one uniform, where there is a choice.
    sizes : (capacity,) int64
    """
    total = _total_weight(n_clusters, sizes)
    if total == 0.0:
        return -1
    target = total * generator.random()
    cumulative, chosen = 0.0, -1
    for k in range(n_clusters):
        weight = _weight(sizes[k])
        if weight > 0.0:
            chosen = k
        cumulative += weight
        if cumulative > target:
            return k
    return chosen


@kernel
def log_choice_of_dying(k, n_clusters, sizes):
    """Log probability with which `draw_dying` draws cluster `k`, of at least two images."""
    return math.log(_weight(sizes[k])) - math.log(_total_weight(n_clusters, sizes))
