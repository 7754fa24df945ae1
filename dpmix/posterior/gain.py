"""What twice as many chains would gain: chains are left out, and what that costs is carried on.

Where chains are in different modes, the mean of their predictive densities is better than any one of them, and
the more chains, the better. How much better is known from leaving some out: going from a quarter of the chains to
half of them gains so many nats per image, from half to all somewhat fewer, and the next doubling is taken to gain
fewer in the same proportion.

It is measured on images that are put aside, or else on images of the table, each predicted by the clusters
without itself. These clusters were found with the image there, so that they predict it too well; what
another chain adds comes out a tenth too small (measured in docs/many_chains.md).
"""

import math
from typing import NamedTuple

import numpy as np

from dpmix.base.errors import InputError
from dpmix.base.pieces import evenly
from dpmix.posterior.pointwise import Predictive

__all__ = ["Gain", "doubling_gain", "gain_of", "log_mean"]

MIN_CHAINS = 4
_IMAGES = 500  # of the table, at the most
_SPLITS = 20  # ways to leave chains out
_ROWS = 512  # images scored at once


class Gain(NamedTuple):
    """Predictions by the last draw of each chain, and what twice as many chains would add; nats per image."""

    log_predictive: float  # by all chains
    single: float  # by one chain, on average
    doubling: float  # what twice as many would add
    images: int
    held_out: bool  # whether the images were put aside; otherwise each was left out of its cluster


def gain_of(posterior, x=None, observed=None):
    """The `Gain` of a posterior, on images `x` or on its own; None where there are fewer than 4 chains or no draws.

    Raises
    ------
    InputError, InputTypeError
        Images that do not fit.
    """
    chains, draws, n = *posterior.alpha.shape, posterior.table.n
    given = None if x is None else _checked(posterior, x, observed)
    if chains < MIN_CHAINS or not draws or posterior.in_burn_in:
        return None
    if x is None and (n < 2 or not posterior.has_labels):
        return None
    table, rows = (posterior.table, evenly(n, _IMAGES)) if x is None else (given, np.arange(given.n))
    scores = np.empty((chains, len(rows)))
    for chain in range(chains):
        predictive = Predictive(posterior.draw(chain, -1))  # labels are left aside
        own = posterior.labels[chain, -1, rows] if x is None else None
        for first in range(0, len(rows), _ROWS):
            part = slice(first, first + _ROWS)
            images = table.dense(rows[part]), table.observed(rows[part])
            scores[chain, part] = predictive.log_proba(*images, own=None if own is None else own[part])
    known = float(log_mean(scores).mean()), float(scores.mean())
    return Gain(*known, doubling_gain(scores), len(rows), x is not None)


def log_mean(scores):
    """Logarithm of the mean over chains of exp `scores` (chain, m): (m,) float64."""
    top = scores.max(axis=0)
    return top + np.log(np.exp(scores - top).mean(axis=0))


def doubling_gain(scores):
    """What twice as many chains would add to the mean over images of the log predictive, nats.

    Parameters
    ----------
    scores : (chain, m) float
        Log predictive of each image by each chain alone, of at least 4 chains.

    Returns
    -------
    float
        At least 0.
    """
    chains = len(scores)
    quarter = chains // 4
    generator = np.random.default_rng(0)
    means = np.zeros(3)
    for _ in range(_SPLITS):
        order = generator.permutation(chains)
        for level, size in enumerate((quarter, 2 * quarter, 4 * quarter)):
            parts = [order[first : first + size] for first in range(0, chains - size + 1, size)]
            means[level] += np.mean([log_mean(scores[part]).mean() for part in parts]) / _SPLITS
    first, second = np.maximum(np.diff(means), 0.0)
    ratio = min(second / first, 1.0) if first > 0 else 1.0
    return float(second * ratio ** math.log2(chains / (2 * quarter)))


def _checked(posterior, x, observed):
    table = posterior.table.from_input(x, observed)  # as that of the posterior was made
    if table.d != posterior.table.d:
        raise InputError(
            f"x must hold images of {posterior.table.d} pixels, as the posterior does; got {table.d}"
        )
    return table
