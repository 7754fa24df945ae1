"""What a cluster of a table is: for each cluster the columns that set it apart from the rest, and how surely.

In each draw the probability of column j to be on has, in every cluster of that draw, a Beta posterior, from which one
value is drawn. The mean of these over the members of cluster k of a given partition is p_kj, that over all other rows
q_kj, and

    log p_kj / (1 - p_kj) - log q_kj / (1 - q_kj)

are the log odds of the column in the cluster against the rest. Their mean and standard deviation over draws take in
what is not known of the columns and what is not known of the partition.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import Seed, Whole
from dpmix.base.checks import check_count, check_seed
from dpmix.base.pieces import evenly
from dpmix.base.text import count
from dpmix.partitions.draws import as_labels, cross_table
from dpmix.partitions.point import PointEstimate
from dpmix.posterior.posterior import Posterior, check_posterior
from dpmix.tables.columns import Columns
from dpmix.tables.frames import new_frame

__all__ = ["Profile", "profile"]

_SURE = 1.96  # standard deviations: 95 % of a normal distribution
_LEAST = 1e-9  # a probability is at least so far from 0 and 1


@dataclass(frozen=True, eq=False, repr=False)
class Profile:
    """What sets the clusters of a partition apart. Prints as a sentence for each cluster.

    Attributes
    ----------
    columns : dpmix.tables.columns.Columns
        Names of the columns; their numbers where they have none.
    sizes : (k,) int64
        Rows of each cluster.
    proba : (k, d) float64
        Probability of each column to be on for a row like the members of each cluster.
    rest : (k, d) float64
        The same for a row like all others.
    log_odds : (k, d) float64
        Log odds of `proba` against `rest`: above 0 where the column is on more often than elsewhere. The mean
        over draws; NaN where there is only one cluster.
    sd : (k, d) float64
        Their standard deviation over draws.
    n_draws : int
        Draws that were looked at.
    """

    columns: Columns
    sizes: np.ndarray = field(repr=False)
    proba: np.ndarray = field(repr=False)
    rest: np.ndarray = field(repr=False)
    log_odds: np.ndarray = field(repr=False)
    sd: np.ndarray = field(repr=False)
    n_draws: int

    def __repr__(self):
        return "\n".join(self.words())

    @property
    def low(self) -> NDArray[np.float64]:
        """Lower ends of intervals that hold 95 % of the log odds, (k, d) float64."""
        return self.log_odds - _SURE * self.sd

    @property
    def high(self) -> NDArray[np.float64]:
        """Upper ends of these intervals, (k, d) float64."""
        return self.log_odds + _SURE * self.sd

    @property
    def sure(self) -> NDArray[np.float64]:
        """How far, at least, each column is from telling nothing: the end of its interval nearer to 0, without sign.

        (k, d) float64, 0 where the interval holds 0, and where the mean probabilities point the other way, as where a
        single row tells little and the log odds have a long tail.
        """
        distance = np.maximum(np.abs(self.log_odds) - _SURE * self.sd, 0)
        return np.where((self.proba - self.rest) * self.log_odds > 0, np.nan_to_num(distance), 0)

    def set_apart(self, cluster: Whole, most: Whole | None = None) -> NDArray[np.int64]:
        """Columns that set a cluster apart for sure, the strongest first.

        Parameters
        ----------
        cluster : int
        most : int, optional
            So many at most.

        Returns
        -------
        (c,) int64
            Places of columns.

        Raises
        ------
        InputError, InputTypeError
            No such cluster, or a `most` below 1.
        """
        cluster = check_count("cluster", cluster, low=0, high=len(self.sizes) - 1)
        order = np.argsort(-self.sure[cluster], kind="stable")[
            : None if most is None else check_count("most", most)
        ]
        return order[self.sure[cluster][order] > 0]

    def words(self, most: Whole = 5) -> tuple[str, ...]:
        """What each cluster is, a sentence each, of columns whose shares differ when they are rounded to per cent.

        Parameters
        ----------
        most : int
            Columns to name in each.

        Returns
        -------
        tuple of str

        Raises
        ------
        InputError, InputTypeError
            A `most` below 1.
        """
        most = check_count("most", most)
        return tuple(self._sentence(k, most) for k in range(len(self.sizes)))

    def to_frame(self, library: str | None = None) -> Any:
        """The profile as a frame, a row for each cluster and column, the strongest first within each cluster.

        Parameters
        ----------
        library : {"pandas", "polars", "pyarrow"}, optional
            By default the first of these that is installed.

        Returns
        -------
        frame
            Of columns cluster, size, column, proba, rest, log_odds, low and high.

        Raises
        ------
        InputError
            None of these libraries is installed, or not the one that is asked for.
        """
        return new_frame(self.to_dict(), library=library)

    def to_dict(self) -> dict[str, NDArray[Any]]:
        """The columns of `to_frame` as arrays, by name.

        Returns
        -------
        dict of str to array
        """
        k, d = self.log_odds.shape
        order = np.argsort(-self.sure, axis=1, kind="stable")
        cluster, place = np.repeat(np.arange(k), d), order.ravel()
        values = {
            name: getattr(self, name)[cluster, place] for name in ("proba", "rest", "log_odds", "low", "high")
        }
        names = np.array(self.columns.names, dtype=object)[place]
        return {"cluster": cluster, "size": self.sizes[cluster], "column": names, **values}

    def _sentence(self, k, most):
        share = self.sizes[k] / self.sizes.sum()
        head = f"Cluster {k}, {count(int(self.sizes[k]), 'row')} ({share:.0%})"
        if len(self.sizes) == 1:
            return f"{head}: all rows are in it, and nothing is there to set it apart from."
        parts = [part for column in self.set_apart(k).tolist() if (part := self._part(k, column))]
        return f"{head}: {', '.join(parts[:most]) or 'nothing sets it apart for sure'}."

    def _part(self, k, column):
        on = self.log_odds[k, column] > 0
        shares = (self.proba[k, column], self.rest[k, column])
        here, there = (f"{share if on else 1 - share:.0%}" for share in shares)
        if here == there:
            return ""
        return f"{self.columns.said(self.columns.names[column], on)} ({here}, elsewhere {there})"


def profile(
    posterior: Posterior, estimate: PointEstimate | ArrayLike, *, draws: Whole = 100, seed: Seed = 0
) -> Profile:
    """What sets each cluster of a partition apart from the rest: columns, by how much, and how surely.

    Parameters
    ----------
    posterior : dpmix.Posterior
    estimate : PointEstimate or (n,) array of int
    draws : int
        Look at about so many draws, spread evenly over chains and sweeps.
    seed : int or numpy.random.Generator, optional
        Of the probabilities that are drawn; None takes one from the operating system.

    Returns
    -------
    Profile

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, an estimate that does not fit it, or another argument out of its range.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 0], [0, 1, 1]], [30, 10], axis=0)
    >>> posterior = dpmix.sample(
    ...     x, columns=["fur", "eyes", "wings"], chains=1, sweeps=20, init="random:2", seed=0, progress=False
    ... )
    >>> dpmix.partitions.profile(posterior, np.repeat([0, 1], [30, 10]))  # doctest: +ELLIPSIS
    Cluster 0, 30 rows (75%): ...
    Cluster 1, 10 rows (25%): ...
    """
    labels = as_labels(estimate, check_posterior(posterior).table.n)
    n_chains, n_draws, n = posterior.labels.shape
    picked = evenly(n_chains * n_draws, check_count("draws", draws))
    generator = np.random.default_rng(check_seed(seed))
    sizes = np.bincount(labels)
    sums = np.zeros((4, len(sizes), posterior.table.d))  # of p, q, log odds and their squares
    for chain, draw in (divmod(ix, n_draws) for ix in picked.tolist()):
        shared = cross_table(labels, posterior.labels[chain, draw])
        p, q = _shares(posterior.draw(chain, draw), shared, generator)
        odds = np.log(p) - np.log1p(-p) - np.log(q) + np.log1p(-q)
        for total, values in zip(sums, (p, q, odds, odds**2), strict=True):
            total += values
    proba, rest, log_odds, squares = sums / len(picked)
    sd = np.sqrt(np.maximum(squares - log_odds**2, 0) * (len(picked) / max(len(picked) - 1, 1)))
    if len(picked) == 1:
        sd[:] = np.inf
    if len(sizes) == 1:
        rest[:], log_odds[:], sd[:] = np.nan, np.nan, np.nan
    names = posterior.columns or Columns(map(str, range(posterior.table.d)))
    return Profile(names, sizes, proba, rest, log_odds, sd, len(picked))


def _shares(draw, shared, generator):
    """Probabilities (k, d) of columns in each cluster and in the rest, by one draw, with `shared` members (k, c)."""
    off = draw.observed - draw.ones
    theta = generator.beta(draw.a + draw.ones, draw.b + off)
    inside = shared.sum(axis=1, keepdims=True)
    others = draw.sizes - shared
    p = (shared / inside) @ theta
    q = (others / np.maximum(others.sum(axis=1, keepdims=True), 1)) @ theta
    return p.clip(_LEAST, 1 - _LEAST), q.clip(_LEAST, 1 - _LEAST)
