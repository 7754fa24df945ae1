"""Rank-normalised split R-hat and effective sample sizes, of values by chain and draw.

After Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021); the numbers are those of the package
arviz-stats, without the packages that it loads.
"""

import math
from statistics import NormalDist

import numpy as np

__all__ = ["ess_bulk", "ess_mean", "ess_tail", "r_hat"]

_TAILS = (0.05, 0.95)


def r_hat(values):
    """The larger of R-hat of the ranks and that of the ranks of distances from the median.

    Parameters
    ----------
    values : (chain, draw) float
        Of at least two chains and four draws; finite.

    Returns
    -------
    float
        Infinite, or large by rounding, where every chain stays at a value of its own.
    """
    if len(values) < 2:
        return np.nan
    halves = _halves(values)
    folded = abs(halves - np.median(halves))
    return max(_plain_r_hat(_normal_scores(halves)), _plain_r_hat(_normal_scores(folded)))


def ess_bulk(values):
    """Effective sample size of the ranks of `values`: (chain, draw) float of at least four draws."""
    return _ess(_normal_scores(_halves(values)))


def ess_mean(values):
    """Effective sample size for the mean of `values`: (chain, draw) float of at least four draws."""
    return _ess(_halves(values))


def ess_tail(values):
    """The smaller effective sample size of the 5 % and 95 % quantiles of `values`, as for `ess_mean`."""
    return min(_ess(_halves((values <= quantile).astype(float))) for quantile in np.quantile(values, _TAILS))


def _halves(values):
    """Each half of a chain as a chain: what drifts differs between them. An odd draw in the middle is left out."""
    half = values.shape[1] // 2
    return np.concatenate([values[:, :half], values[:, -half:]])


def _normal_scores(values):
    """Normal quantiles of the ranks, which are shared by equal values (Blom 1958)."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = counts.cumsum() - (counts - 1) / 2
    scores = map(NormalDist().inv_cdf, (ranks - 3 / 8) / (values.size + 1 / 4))
    return np.fromiter(scores, float, len(counts))[places].reshape(values.shape)


def _plain_r_hat(chains):
    draws = chains.shape[1]
    within = chains.var(axis=1, ddof=1).mean()
    between = draws * chains.mean(axis=1).var(ddof=1)
    return np.sqrt((between / within + draws - 1) / draws)


def _ess(chains):
    """Number of values over the autocorrelation time, by Geyer's initial monotone sequence."""
    if np.ptp(chains) < np.finfo(float).resolution:
        return float(chains.size)
    time = _autocorrelation_time(_autocorrelation(chains))
    return chains.size / max(time, 1 / math.log10(chains.size))


def _autocorrelation(chains):
    """Of all chains together, by lag; what they differ by counts as variance."""
    draws = chains.shape[1]
    covariance = _autocovariance(chains).mean(axis=0)
    within = covariance[0] * draws / (draws - 1)
    found = 1 - (within - covariance) / (covariance[0] + chains.mean(axis=1).var(ddof=1))
    found[0] = 1
    return found


def _autocovariance(chains):
    """Of each chain by lag; as much again of zeros keeps its ends from meeting."""
    draws = chains.shape[1]
    length = 1 << (2 * draws - 1).bit_length()
    spectrum = np.fft.rfft(chains - chains.mean(axis=1, keepdims=True), length)
    return np.fft.irfft(spectrum * spectrum.conj(), length)[:, :draws] / draws


def _autocorrelation_time(rho):
    """Sum over all lags of `rho`, up to where a pair of neighbouring lags is not positive.

    In theory the sums of pairs fall; where noise makes one rise, that before it stands for it.
    """
    n_pairs = max(1, (len(rho) - 1) // 2)
    pairs = rho[: 2 * n_pairs].reshape(n_pairs, 2).sum(axis=1)
    last = next((ix for ix, pair in enumerate(pairs) if pair <= 0), n_pairs - 1)
    # Half of the last pair improves the estimate.
    rest = rho[2 * last] if rho[2 * last] > 0 or pairs[last] >= 0 else 0.0
    return float(2 * np.minimum.accumulate(pairs[:last]).sum() - 1 + rest)
