"""One partition out of many: the one with the least expected distance from the partition that is meant."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpmix.base.annotations import Loss, Seed, Whole
from dpmix.base.checks import check_bool, check_count, check_seed
from dpmix.base.errors import InputError
from dpmix.base.notebook import as_html
from dpmix.base.progress import compiling_shown
from dpmix.partitions.candidates import best_of, candidates
from dpmix.partitions.draws import by_size, flat_draws
from dpmix.partitions.losses import loss_of
from dpmix.partitions.wording import cluster_notes
from dpmix.posterior.posterior import Posterior, check_posterior
from dpmix.tables.frames import new_frame

__all__ = ["PointEstimate", "point_estimate"]

_MOST_DRAWS = 500
_BYTES = 1 << 29  # of the tables of a search, at the number of clusters of the largest draw
_SHOWN = 12  # clusters in a notebook
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
    max_clusters : int
        Largest number of clusters that it was allowed.
    free_clusters : int
        Number of clusters of the best partition that was found on the way where more were allowed; that of
        the estimate where none was better.
    free_loss : float
        Expected loss of that partition.
    draw_clusters : (int, int, int)
        Number of clusters of the draw with the fewest, of the median draw (of two the one with more), and of
        the draw with the most.
    names : tuple of str or int, or None
        What the images are called.
    """

    labels: np.ndarray
    expected_loss: float
    loss: str
    found_from: str
    n_draws: int
    max_clusters: int
    free_clusters: int
    free_loss: float
    draw_clusters: tuple
    names: tuple | None = None

    def __repr__(self):
        unit = "variation of information {:.4g} nats" if self.loss == "vi" else "Binder's loss {:.4g}"
        n, k = len(self.labels), self.n_clusters
        counts = f"{n} image{'' if n == 1 else 's'} in {k} cluster{'' if k == 1 else 's'}"
        return (
            f"<dpmix.PointEstimate: {counts}, expected "
            f"{unit.format(self.expected_loss)}, found from {self.found_from}>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the sizes of the largest clusters, and how their number compares."""
        shares = [
            (str(ix), f"{size:,}", f"{size / len(self.labels):.1%}") for ix, size in enumerate(self.sizes)
        ]
        rest = [(f"{len(shares) - _SHOWN:,} more", f"{self.sizes[_SHOWN:].sum():,}", "")]
        rows = [("cluster", "images", "share"), *shares[:_SHOWN], *(rest if len(shares) > _SHOWN else [])]
        return as_html(repr(self), rows, self.notes)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.labels.max()) + 1

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the number of clusters lies among those of the draws, and why: sentences, a tuple of str."""
        return cluster_notes(self)

    def to_frame(self, library: str | None = None) -> Any:
        """The cluster of each image, as a frame that knows their names.

        Parameters
        ----------
        library : {"pandas", "polars", "pyarrow"}, optional
            By default the first of these that is installed.

        Returns
        -------
        frame
            Of a column cluster; names are the index, or a column name where the library has no index.

        Raises
        ------
        InputError
            None of these libraries is installed, or not the one that is asked for.
        """
        return new_frame({"cluster": self.labels}, self.names, library)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Images per cluster, (k,) int64."""
        return np.bincount(self.labels)


def point_estimate(
    posterior: Posterior,
    loss: Loss = "vi",
    *,
    draws: Whole | None = None,
    max_clusters: Whole | None = None,
    restarts: Whole | None = None,
    seed: Seed = 0,
    progress: bool = True,
) -> PointEstimate:
    """The partition with the least posterior expected loss, as far as a search finds it.

    Candidates are all draws and what greedy searches make of them: these start from the best draws of
    several chains and from images allocated one after another in random order, reassign image after
    image, dissolve whole clusters where that helps, and stop when neither does (SALSO, Dahl, Johnson and
    Mueller 2022). A search that ends with more clusters than `max_clusters` dissolves those that cost
    least, and goes on. The expected loss is the exact mean over draws, not a bound.

    Parameters
    ----------
    posterior : dpmix.Posterior
    loss : {"vi", "binder"}
        The variation of information, or the share of pairs of images that are together in one partition
        and apart in the other (Binder's loss with equal costs), which is given to many small clusters.
    draws : int, optional
        Search among so many draws, spread evenly over chains and sweeps. By default 500, or fewer where
        the tables would take more than half a gigabyte. Fewer are faster in proportion.
    max_clusters : int, optional
        Largest number of clusters. By default the median of the draws (the upper one of two; with
        ``restarts=0`` the largest), and n for as many as the loss likes best.
    restarts : int, optional
        Number of searches; 0 takes the best of the draws as it is. By default 16, or 4 where images times
        draws are more than a million.
    seed : int or numpy.random.Generator, optional
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

    Notes
    -----
    Both losses like an image best alone that is with each group of others in less than half of the draws. Of
    many such images they make more clusters than any draw has, most of them of one image; which is no
    mistake of the search, and says nothing about how many clusters there are. The default of `max_clusters`
    costs little (see docs/point_estimates.md), and has the consequence that a credible ball of a level above
    a half, around the estimate, holds a draw with at least as many clusters: at least half of all draws
    have. `PointEstimate.free_clusters` and `free_loss` say what the loss alone would have taken.

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
    everything = posterior.labels.reshape(-1, posterior.table.n)
    restarts = None if restarts is None else check_count("restarts", restarts, low=0)
    k = np.sort(posterior.labels.max(axis=2), axis=None) + 1
    draw_clusters = int(k[0]), int(k[k.size // 2]), int(k[-1])
    if max_clusters is None:
        most = draw_clusters[2 if restarts == 0 else 1]
    else:
        most = min(posterior.table.n, check_count("max_clusters", max_clusters))
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
    with compiling_shown(progress):
        found = candidates(labels, which, everything, measure, most, restarts, generator)
    free = best_of(found, measure, len(everything))
    best = best_of([one for one in found if one.n_clusters <= most], measure, len(everything))
    estimate = by_size(best.labels)
    estimate.flags.writeable = False
    return PointEstimate(
        estimate,
        best.expected_loss,
        loss,
        best.found_from,
        len(labels),
        most,
        free.n_clusters,
        free.expected_loss,
        draw_clusters,
        posterior.names,
    )


def _affordable(posterior):
    """How many draws a search can look at."""
    k = int(posterior.labels.max()) + 1
    for_each = 4 * posterior.table.n + 12 * k * k
    return int(np.clip(_BYTES // for_each, 1, _MOST_DRAWS))
