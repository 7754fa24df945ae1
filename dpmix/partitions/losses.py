"""Distances between partitions: the variation of information and Binder's loss.

Both are ``scale (F(z) + F(other) - 2 F(z and other))``, where ``F`` adds up ``phi(size)`` over the clusters
of a partition and "z and other" has the cells of their contingency table for clusters.

- "vi", the variation of information (Meila 2007): ``phi(s) = s log s``, scale 1 / n; nats, from 0 to log n.
- "binder", Binder's loss with equal costs (Binder 1978): ``phi(s) = s (s - 1) / 2``, scale 2 / (n (n - 1));
  the share of pairs of images that are together in one partition and apart in the other, which is 1 minus
  the Rand index.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import xlogy

from dpmix.base.checks import check_choice
from dpmix.base.pieces import in_pieces
from dpmix.kernels.co_clustering import overlaps
from dpmix.partitions.draws import cross_table
from dpmix.posterior.information import distance

__all__ = ["LOSSES", "Loss", "between_draws", "distances", "loss_of"]

_EPS = np.finfo(np.float64).eps
LOSSES = ("vi", "binder")


class Loss(NamedTuple):
    """A distance between partitions of n images."""

    name: str
    phi: np.ndarray  # (n + 2,) float64
    scale: float

    @property
    def rise(self):
        """What a cluster adds to F by growing from s to s + 1, (n + 1,) float64."""
        return np.diff(self.phi)

    def rounding(self, distance):
        """By how much two values of `distances` may differ that are equal in theory and about `distance`.

        Binder's loss is a whole number of pairs times a constant. The variation of information of n images
        is a sum of at most n products, none negative, of a count and two logarithms of rounded ratios: with
        u for the unit roundoff, the ratios put it wrong by up to 2 u, and rounding of the logarithms, the
        products and the sum (Higham 2002, section 3.1) by up to (n + 6) u times itself.
        """
        if self.name == "binder":
            return 0.0
        n = len(self.phi) - 2
        return _EPS * (2 + (n + 6) * distance)  # eps is 2 u: each value is off by half

    def rounding_of_mean(self, mean, m):
        """By how much two means of `m` distances may differ that are equal in theory and about `mean`.

        Each distance is off by half of `rounding`, which is linear in it, or for Binder's loss by u times
        itself, as a whole number is multiplied by a constant; their sum and its division by up to m u times
        itself (Higham 2002, section 4.2: any order, no term negative).
        """
        return self.rounding(mean) + _EPS * (m + 1) * mean

    def rounding_between(self, draws):
        """By how much two means of `between_draws` may differ that are equal in theory.

        F adds up at most n terms, none negative, each rounded twice: it is off by up to (n + 1) u times
        itself, and is nowhere larger than phi(n). A distance has F twice and twice that of the cells, and is
        rounded three times more; all of these, and the sums over draws, are no larger than 4 phi(n) each.
        """
        n, m = len(self.phi) - 2, len(draws)
        return _EPS * 4 * (n + m + 4) * self.phi[n] * self.scale


def loss_of(name, n):
    """The `Loss` called `name` for `n` images.

    Raises
    ------
    InputError
    """
    check_choice("loss", name, LOSSES)
    sizes = np.arange(n + 2, dtype=np.float64)
    if name == "vi":
        return Loss(name, xlogy(sizes, sizes), 1 / n)
    return Loss(name, sizes * (sizes - 1) / 2, 2 / max(n * (n - 1), 1))


def distances(labels, draws, loss):
    """Distance of one partition from each of many.

    Parameters
    ----------
    labels : (n,) int32, from 0
    draws : iterable of (n,) arrays of labels from 0
    loss : Loss

    Returns
    -------
    (m,) float64
    """
    if loss.name == "vi":
        return np.array([distance(labels, draw) for draw in draws])
    return np.array([_split_pairs(cross_table(labels, draw)) for draw in draws]) * loss.scale


def between_draws(draws, loss):
    """Distances between all pairs of `draws` (m, n) int32; a symmetric (m, m) float64 matrix."""
    m, k = len(draws), int(draws.max()) + 1
    shared, table = np.zeros((m, m)), np.zeros((k, k), np.int32)
    in_pieces(lambda first, last: overlaps(draws, loss.phi, first, last, table, shared), m * m, guess=16)
    alone = np.array([loss.phi[np.bincount(draw)].sum() for draw in draws])
    shared += shared.T
    found = np.maximum(alone[:, None] + alone - 2 * shared, 0) * loss.scale
    np.fill_diagonal(found, 0)
    return found


def _split_pairs(table):
    """Pairs of images that are together in one of two partitions only, from their contingency table."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    return ((rows @ rows + columns @ columns) - 2 * (table * table).sum()) / 2
