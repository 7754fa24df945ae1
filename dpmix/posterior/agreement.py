"""Do the chains agree? R-hat and effective sample sizes, distances between their partitions, and a verdict.

R-hat compares the variation between chains with that within and is 1 where they agree. It sees
single numbers only, so the partitions themselves are compared too: by how much further apart (in
variation of information) two draws are when they come from different chains.
"""

import itertools
from typing import NamedTuple

import numpy as np

from dpmix.base.pieces import evenly
from dpmix.base.ties import levels
from dpmix.posterior.convergence import ess_bulk, ess_mean, ess_tail, r_hat
from dpmix.posterior.information import distance, entropy, entropy_of_sizes

__all__ = [
    "FEW",
    "MIN_DRAWS",
    "QUANTITIES",
    "RATIO_GOOD",
    "PartitionDistance",
    "Quantity",
    "describe",
    "distance_of",
    "entropies",
    "entropies_of",
    "judge",
    "partition_distance",
    "partitions_differ",
]

QUANTITIES = ("log_joint", "n_clusters", "alpha", "entropy")

FEW = 100  # effective draws with which a mean is known to a tenth of the standard deviation
MIN_DRAWS = 4  # draws a chain from which R-hat and ESS are defined
RATIO_GOOD, _RATIO_BAD = 1.2, 1.5  # of distances between chains to those within
_R_HAT_GOOD = 1.01  # Vehtari et al. (2021)
_R_HAT_BAD = 1.1  # Gelman and Rubin's bound of old: beyond it nobody would call chains converged
_TRIFLE = 0.02  # differences of partitions below this share of their entropy do not count
_ROUNDING = 1e-12  # of a number that is given by the partition, as a share: a sum of up to thousands of terms
_PAIRS = 200  # pairs of draws that are compared, about, within chains and as many between


class Quantity(NamedTuple):
    """What the draws say about one number; nan where that cannot be known."""

    mean: float
    sd: float  # over all draws of all chains
    mcse: float  # Monte Carlo standard error of the mean
    r_hat: float  # rank-normalised, split, the larger of bulk and folded
    ess_bulk: float
    ess_tail: float  # the smaller of those of the 5 % and 95 % quantiles


class PartitionDistance(NamedTuple):
    """Mean variation of information of pairs of draws, nats; nan where there is no pair."""

    within: float  # of the same chain, half its length apart
    between: float  # of different chains
    matrix: np.ndarray  # (chain, chain) float, the means by chains; the diagonal is within


def describe(values):
    """Mean, spread, R-hat and effective sample sizes of one number.

    Parameters
    ----------
    values : (chain, draw) array of int or float

    Returns
    -------
    Quantity
        R-hat needs two chains, it and the effective sample sizes four draws of each. They are nan
        where all values are the same, and R-hat is infinite where each chain stays at its own.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B., Buerkner, P.-C. (2021). Rank-normalization,
    folding, and localization: an improved R-hat for assessing convergence of MCMC. Bayesian Analysis
    16, 667-718.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.random.default_rng(0).normal(size=(4, 500))
    >>> draws[3] += 3
    >>> describe(draws).r_hat > 1.1
    True
    """
    values = np.asarray(values, np.float64)
    if not values.size or not np.isfinite(values).all():
        return Quantity(*[np.nan] * 6)
    mean, draws = float(values.mean()), values.shape[1]
    values = _without_rounding(values, _ROUNDING * max(1.0, abs(mean)))
    if values.size > 1 and not np.ptp(values):
        return Quantity(mean, 0.0, *[np.nan] * 4)
    sd = float(values.std(ddof=1)) if values.size > 1 else np.nan
    if draws < MIN_DRAWS:
        return Quantity(mean, sd, *[np.nan] * 4)
    with np.errstate(all="ignore"):  # chains that stand still: 0 / 0 and 1 / 0 are the answer
        found = sd / np.sqrt(ess_mean(values)), r_hat(values), ess_bulk(values), ess_tail(values)
    mcse, ratio, *sizes = map(float, found)
    # Rounding makes 1e-16 of a variance of 0.
    return Quantity(mean, sd, mcse, np.inf if ratio > 1e6 else ratio, *sizes)


def _without_rounding(values, rounding):
    """`values` with one number for those that rounding tells apart.

    The log joint of one and the same partition varies with the order of its clusters, and partitions of other
    sizes may have the same entropy in theory. R-hat goes by ranks, so it would take that for a difference.
    """
    flat = values.ravel()
    if not flat.size:
        return values
    _, first, places = np.unique(levels(flat, rounding), return_index=True, return_inverse=True)
    return flat[first][places].reshape(values.shape)


def entropies(labels):
    """Entropy of the cluster sizes of every draw, nats.

    Parameters
    ----------
    labels : (chain, draw, n) array of int

    Returns
    -------
    (chain, draw) float
        The same number where they are equal in theory.
    """
    values = np.empty(labels.shape[:2])
    for at in np.ndindex(values.shape):
        values[at] = entropy(labels[at])
    return _without_rounding(values, _ROUNDING * max(1.0, values.max(initial=0.0)))


def entropies_of(posterior):
    """The `entropies` of all draws of `posterior`, which may be kept as counts."""
    values = np.empty(posterior.alpha.shape)
    for at in np.ndindex(values.shape):
        values[at] = entropy_of_sizes(posterior.sizes(*at))
    return _without_rounding(values, _ROUNDING * max(1.0, values.max(initial=0.0)))


def distance_of(posterior):
    """The `partition_distance` of `posterior`, nan where its draws are kept as counts."""
    if posterior.has_labels:
        return partition_distance(posterior.labels)
    return PartitionDistance(np.nan, np.nan, np.full((len(posterior.alpha),) * 2, np.nan))


def partition_distance(labels):
    """How far apart partitions are within chains and between them.

    About 200 pairs of draws within chains and 200 between are looked at, spread evenly over the
    chains; where there are more than 200 pairs of chains, 200 of those. The draws of a pair within
    a chain are half its length apart, so that a chain that moves slowly shows it.

    Parameters
    ----------
    labels : (chain, draw, n) array of int
        Numbered from 0 in each draw.

    Returns
    -------
    PartitionDistance
        In `matrix`, pairs of chains that were not looked at are nan.
    """
    chains, draws, _ = labels.shape
    matrix = np.full((chains, chains), np.nan)
    pairs = list(itertools.combinations(range(chains), 2))
    pairs = [pairs[ix] for ix in evenly(len(pairs), _PAIRS)]
    if draws:
        for one, other in pairs:
            mean = _mean_distance(labels[one], labels[other], _PAIRS // len(pairs))
            matrix[one, other] = matrix[other, one] = mean
    if draws > 1:
        for chain, own in enumerate(labels):
            matrix[chain, chain] = _mean_distance(own, own, max(1, _PAIRS // chains))
    is_own = np.eye(chains, dtype=bool)
    return PartitionDistance(_mean_known(matrix[is_own]), _mean_known(matrix[~is_own]), matrix)


def _mean_distance(one, other, most):
    """Mean over up to `most` pairs of a draw of `one` and the draw of `other` half a chain later."""
    draws = len(one)
    half = draws // 2
    # Within a chain, draws of the first half alone: the others would give the same pairs again.
    chosen = evenly(max(half, 1), most)
    return float(np.mean([distance(one[ix], other[ix + half]) for ix in chosen]))


def _mean_known(values):
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan


def judge(chains, draws, quantities, distance):
    if chains < 2 or draws < MIN_DRAWS or not quantities["log_joint"].sd > 0:
        return "unknown"
    r_hats = [quantity.r_hat for quantity in quantities.values() if not np.isnan(quantity.r_hat)]
    r_hat = max(r_hats, default=1.0)
    if r_hat > _R_HAT_BAD or _apart(quantities, distance, _RATIO_BAD):
        return "disagree"
    if r_hat > _R_HAT_GOOD or partitions_differ(quantities, distance):
        return "nearly"
    return "agree"


def partitions_differ(quantities, distance):
    """Whether draws of different chains are further apart than draws of one, by more than a trifle."""
    return _apart(quantities, distance, RATIO_GOOD)


def _apart(quantities, distance, ratio):
    excess = distance.between - distance.within
    return excess > _TRIFLE * quantities["entropy"].mean and distance.between > ratio * distance.within
