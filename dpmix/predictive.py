"""The posterior predictive: how probable pixels are under every cluster of every draw.

The predictive of a new image is a mixture over all clusters of all draws and, in each draw, one
cluster not opened yet. A cluster of a draw has weight size / (n + alpha), the new one
alpha / (n + alpha), divided by the number of draws, so that draws are averaged as densities. Given
its cluster, pixel d is on with probability (a + ones) / (a + b + size) independently of the others
(Neal 2000, equation 3.1 with a Beta-Bernoulli component).

Clusters come in blocks and images in chunks, so that whatever the number of images, draws and
clusters the working memory stays below about 150 MB, beside the answer and some bytes for each pixel
that is asked about. Every block is visited once.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Block", "Evidence", "RunningSum", "blocks", "chunks"]

_BLOCK_CLUSTERS = 1024
_BYTES = 1 << 23  # of one working array


class Block(NamedTuple):
    """Some clusters of some draws."""

    log_weight: np.ndarray  # (c,) nats; the weights of all blocks sum to 1
    on_proba: np.ndarray  # (c, d) probability that a pixel is on
    log_odds: np.ndarray  # (c, d) log probability of on minus that of off, nats
    log_off: np.ndarray  # (c, d) log probability of off, nats


def blocks(posterior, most=None):
    """Every cluster of `posterior.draws(most)`, new clusters included; a generator of `Block`."""
    n_draws = posterior.labels.shape[0] * posterior.labels.shape[1]
    log_share = -np.log(n_draws if most is None else min(most, n_draws))
    capacity = _block_clusters(posterior.table.d)
    held, room = [], capacity
    for draw in posterior.draws(most):
        for first in range(0, len(draw.sizes) + 1, capacity):
            piece = _clusters(draw, first, first + capacity, log_share)
            if len(piece.log_weight) > room:
                yield _joined(held)
                held, room = [], capacity
            held.append(piece)
            room -= len(piece.log_weight)
    if held:
        yield _joined(held)


def chunks(m, d):
    """Slices that cut `m` images of `d` pixels into chunks to be scored at once."""
    step = max(1, _BYTES // (8 * max(_block_clusters(d), d)))
    return [slice(first, min(first + step, m)) for first in range(0, m, step)]


class Evidence:
    """What is observed of `m` images, ready to be scored against blocks.

    Parameters
    ----------
    on : (m, d) uint8
        1 where a pixel is on; looked at only where it is observed.
    observed : (m, d) bool

    Attributes
    ----------
    m : int
        Number of images.
    columns : (c,) intp
        The pixels that are observed in some image.
    """

    def __init__(self, on, observed):
        self.m = len(on)
        self.columns = np.flatnonzero(observed.any(axis=0))
        shared = observed[:, self.columns].all()  # one mask for all images needs one product instead of two
        self._on = (on & observed)[:, self.columns]
        self._observed = None if shared else observed[:, self.columns]
        self._block, self._made = None, None

    def scores(self, rows, block):
        """Log of weight times probability of the observed pixels of images `rows`, (rows, c) float64."""
        log_odds, log_off, base = self._tables(block)
        scores = self._on[rows].astype(np.float64) @ log_odds
        if log_off is not None:
            scores += self._observed[rows].astype(np.float64) @ log_off
        scores += base
        return scores

    def _tables(self, block):
        """Tables of the observed pixels of `block`, kept while the same block is asked for."""
        if self._block is not block:
            log_off = block.log_off[:, self.columns]
            shared = self._observed is None
            base = block.log_weight + log_off.sum(axis=1) if shared else block.log_weight
            self._made = block.log_odds[:, self.columns].T, None if shared else log_off.T, base
            self._block = block
        return self._made


class RunningSum:
    """For each image, the sum of the exponentials of scores that arrive block by block.

    The sum is held as ``total * exp(top)`` with `top` the largest score so far, so that nothing
    overflows and the largest term never underflows.

    Parameters
    ----------
    m : int
        Number of images.
    """

    def __init__(self, m):
        self.top, self.total = np.full(m, -np.inf), np.zeros(m)

    def add(self, rows, scores):
        """Add the scores (rows, c) of images `rows`.

        Parameters
        ----------
        scores : (rows, c) float64
            Replaced by ``exp(scores - top)``, the unit in which `total` stands afterwards.

        Returns
        -------
        factor : (rows,) float64
            What quantities in the former unit are to be multiplied by.
        added : (rows,) float64
            What these scores add to `total`; for the first ones, exactly `total`.
        """
        top = np.maximum(self.top[rows], scores.max(axis=1))
        scores -= top[:, None]
        with np.errstate(under="ignore"):
            np.exp(scores, out=scores)
            factor = np.exp(self.top[rows] - top)
            added = scores.sum(axis=1)
            self.total[rows] = self.total[rows] * factor + added
        self.top[rows] = top
        return factor, added

    def log(self):
        """Logarithm of the sum, (m,) float64, nats."""
        return self.top + np.log(self.total)


def _block_clusters(d):
    return max(1, min(_BLOCK_CLUSTERS, _BYTES // (8 * d)))


def _clusters(draw, first, last, log_share):
    """Clusters `first` to `last` - 1 of one draw as a block; the new one comes after the others."""
    sizes, ones = draw.sizes[first:last], draw.ones[first:last]
    weights = sizes.astype(np.float64)
    if last > len(draw.sizes):
        sizes, weights = np.append(sizes, 0), np.append(weights, draw.alpha)
        ones = np.concatenate([ones, np.zeros((1, ones.shape[1]), ones.dtype)])
    log_weight = np.log(weights) - np.log(draw.sizes.sum() + draw.alpha) + log_share
    on = draw.a + ones
    off = draw.b + (sizes[:, None] - ones)
    total = on + off
    on_proba = on / total
    for table in (on, off, total):
        np.log(table, out=table)
    on -= off
    off -= total
    return Block(log_weight, on_proba, log_odds=on, log_off=off)


def _joined(pieces):
    if len(pieces) == 1:
        return pieces[0]
    return Block(*(np.concatenate(arrays) for arrays in zip(*pieces, strict=True)))
