"""One partition out of many: the one with the least expected distance from the partition that is meant."""

from dataclasses import dataclass

import numpy as np

from dpmix.base.checks import check_bool, check_count, check_seed
from dpmix.base.errors import InputError
from dpmix.base.progress import compiling_shown
from dpmix.partitions.draws import by_size, flat_draws
from dpmix.partitions.losses import between_draws, distances, loss_of
from dpmix.partitions.search import PartitionSearch
from dpmix.posterior.posterior import check_posterior

__all__ = ["PointEstimate", "point_estimate"]

_MOST_DRAWS = 500
_BYTES = 1 << 29  # of the tables of a search, at the number of clusters of the largest draw
_QUICK = 1_000_000  # images times draws up to which a restart costs next to nothing


@dataclass(frozen=True, eq=False, repr=False)
class PointEstimate:
    """A partition that stands for the posterior.

    Attributes
    ----------
    labels : (n,) int32
        Cluster of each image, numbered from 0 by decreasing size. Read-only.
    expected_loss : float
        Mean distance from all draws of the posterior: nats for the variation of information, a share
        of pairs of images for Binder's loss.
    loss : str
        "vi" or "binder".
    found_from : str
        What the search that found it started from.
    n_draws : int
        Draws that the search looked at.
    """

    labels: np.ndarray
    expected_loss: float
    loss: str
    found_from: str
    n_draws: int

    def __repr__(self):
        unit = "variation of information {:.4g} nats" if self.loss == "vi" else "Binder's loss {:.4g}"
        n, k = len(self.labels), self.n_clusters
        counts = f"{n} image{'' if n == 1 else 's'} in {k} cluster{'' if k == 1 else 's'}"
        return (
            f"<dpmix.PointEstimate: {counts}, expected "
            f"{unit.format(self.expected_loss)}, found from {self.found_from}>"
        )

    @property
    def n_clusters(self):
        """Number of clusters."""
        return int(self.labels.max()) + 1

    @property
    def sizes(self):
        """Images per cluster, (k,) int64."""
        return np.bincount(self.labels)


def point_estimate(
    posterior, loss="vi", *, draws=None, max_clusters=None, restarts=None, seed=0, progress=True
):
    """The partition with the least posterior expected loss, as far as a search finds it.

    Candidates are all draws and what greedy searches make of them: these start from the best draws of
    several chains and from images allocated one after another in random order, reassign image after
    image, dissolve whole clusters where that helps, and stop when neither does (SALSO, Dahl, Johnson and
    Mueller 2022). The expected loss is the exact mean over draws, not a bound.

    Parameters
    ----------
    posterior : dpmix.Posterior
    loss : {"vi", "binder"}
        The variation of information, or the share of pairs of images that are together in one partition
        and apart in the other (Binder's loss with equal costs), which is given to many small clusters and
        often takes as many as it may.
    draws : int, optional
        Search among so many draws, spread evenly over chains and sweeps. By default 500, or fewer where
        the tables would take more than half a gigabyte. Fewer are faster in proportion.
    max_clusters : int, optional
        Largest number of clusters. By default 100, or twice the largest number of a draw if that is more.
    restarts : int, optional
        Number of searches; 0 takes the best of the draws as it is. By default 16, or 4 where images times
        draws are more than a million.
    seed : int, optional
        Seed of the orders in which images are visited; None takes one from the operating system.
    progress : bool
        Say on the standard error stream where kernels are compiled first, which takes some seconds.

    Returns
    -------
    PointEstimate

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws or an argument out of its range, `max_clusters` with ``restarts=0``
        included where every draw has more clusters.

    References
    ----------
    Dahl, Johnson and Mueller (2022), Search algorithms and loss functions for Bayesian clustering,
    Journal of Computational and Graphical Statistics 31. Wade and Ghahramani (2018), Bayesian cluster
    analysis: point estimation and credible balls, Bayesian Analysis 13.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> dpmix.partitions.point_estimate(posterior).n_clusters
    2
    """
    check_posterior(posterior)
    draws = None if draws is None else check_count("draws", draws)
    measure = loss_of(loss, posterior.table.n)
    most = _check_most(posterior, max_clusters)
    restarts = None if restarts is None else check_count("restarts", restarts, low=0)
    generator = np.random.default_rng(check_seed(seed))
    check_bool("progress", progress)
    labels, which = flat_draws(posterior, _affordable(posterior) if draws is None else draws)
    fewest = int(labels.max(axis=1).min()) + 1
    if restarts == 0 and fewest > most:
        raise InputError(
            f"max_clusters must be at least {fewest}, the fewest clusters of a draw, "
            f"where restarts=0; got {max_clusters}; allow a restart to search for fewer"
        )
    if restarts is None:
        restarts = 16 if labels.size <= _QUICK else 4
    everything = posterior.labels.reshape(-1, posterior.table.n)
    best = None
    with compiling_shown(progress):
        for name, candidate in _candidates(labels, which, measure, most, restarts, generator):
            expected = float(distances(candidate, everything, measure).mean())
            if best is None or expected < best[0]:
                best = expected, candidate, name
    estimate = by_size(best[1])
    estimate.flags.writeable = False
    return PointEstimate(estimate, best[0], loss, best[2], len(labels))


def _check_most(posterior, max_clusters):
    n = posterior.table.n
    if max_clusters is None:
        return min(n, max(100, 2 * (int(posterior.labels.max()) + 1)))
    return min(n, check_count("max_clusters", max_clusters))


def _affordable(posterior):
    """How many draws a search can look at."""
    k = int(posterior.labels.max()) + 1
    for_each = 4 * posterior.table.n + 12 * k * k
    return int(np.clip(_BYTES // for_each, 1, _MOST_DRAWS))


def _candidates(draws, which, loss, most, restarts, generator):
    """Names and labels of the best draw and of what searches find; a generator."""
    expected = between_draws(draws, loss).mean(axis=1)
    ranked = [ix for ix in np.argsort(expected, kind="stable") if draws[ix].max() < most]
    if ranked:
        yield _name(which[ranked[0]]), draws[ranked[0]]
    search = PartitionSearch(draws, loss, most) if restarts else None
    # Draws of different chains are further apart, so better places to start from, than the next best of one.
    leaders = list({int(which[ix, 0]): ix for ix in reversed(ranked)}.values())
    leaders = sorted(leaders, key=ranked.index)[: (restarts + 1) // 2]
    for leader in leaders + [None] * (restarts - len(leaders)):
        if leader is None:
            search.clear()
            search.allocate(generator.permutation(draws.shape[1]))
        else:
            search.start_from(draws[leader])
        search.improve(generator)
        start = "sequential allocation" if leader is None else _name(which[leader])
        yield f"{start}, improved", search.labels


def _name(chain_and_draw):
    chain, draw = chain_and_draw
    return f"draw {draw} of chain {chain}"
