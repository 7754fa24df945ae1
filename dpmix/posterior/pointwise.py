"""What each draw says of each image: the terms of leave-one-out cross-validation, and data made anew."""

from functools import cached_property

import numpy as np

__all__ = ["Predictive", "log_likelihood", "replicates"]

_BYTES = 1 << 26  # of scores that are looked at together


def log_likelihood(posterior):
    """How probable each image is given all others, where a draw puts these: log p(x_i | x_-i, z_-i), nats.

    Of a collapsed mixture these, and not densities given parameters, are what leave-one-out cross-validation by
    importance sampling asks for: of p(z_-i | x) and p(z_-i | x_-i) the ratio is p(x_i | x_-i, z_-i), so that the
    harmonic mean of this over draws tends to p(x_i | x_-i) (Vehtari, Gelman and Gabry 2017, equation 3). The image
    is taken out of its own cluster first, which it leaves empty where it was alone. A label counts as a pixel does.

    Parameters
    ----------
    posterior : dpmix.Posterior

    Returns
    -------
    (chain, draw, n) float64
    """
    chains, draws, n = posterior.labels.shape
    found = np.empty((chains, draws, n))
    for chain, draw in np.ndindex(chains, draws):
        found[chain, draw] = _of_draw(
            posterior.table, posterior.labels[chain, draw], posterior.draw(chain, draw)
        )
    return found


def replicates(posterior, generator):
    """Tables drawn from the posterior predictive, each image in its cluster: (chain, draw, n, d) uint8.

    Every cluster's probabilities are drawn once a draw, from their Beta posterior, and all its images from these.
    """
    chains, draws, n = posterior.labels.shape
    found = np.empty((chains, draws, n, posterior.table.d), np.uint8)
    for chain, draw in np.ndindex(chains, draws):
        state = posterior.draw(chain, draw)
        theta = generator.beta(state.a + state.ones, state.b + state.observed - state.ones)
        found[chain, draw] = generator.random((n, theta.shape[1])) < theta[posterior.labels[chain, draw]]
    return found


class Predictive:
    """What one draw says of images: of those it has never seen, and of its own, each without itself.

    Parameters
    ----------
    draw : dpmix.posterior.draw.Draw
    n_classes : int
        Of the labels, 0 where there are none.
    """

    def __init__(self, draw, n_classes=0):
        self._draw, self._n_classes = draw, n_classes
        self._logs = _Logs(draw, n_classes)

    @cached_property
    def _own(self):
        """For images that are left out of their clusters."""
        return _Logs(self._draw, self._n_classes, left_out=1)

    def log_proba(self, on, seen, classes=None, own=None):
        """Log probability of images, (m,) float64, nats.

        Parameters
        ----------
        on, seen : (m, d) uint8
            Pixels that are on, and that are observed.
        classes : (m,) int, optional
            Labels, -1 where not observed; by default none is.
        own : (m,) int, optional
            Clusters of the images, from which each is to be left out; without it they are in none.
        """
        sizes, n = self._draw.sizes, self._draw.sizes.sum()
        scores = np.log(np.append(sizes, self._draw.alpha)) + self._logs.of_all(on, seen, classes)
        if own is not None:
            n -= 1
            with np.errstate(divide="ignore"):  # an image that was alone cannot go back
                share = np.log(sizes[own] - 1)
            scores[np.arange(len(own)), own] = share + self._own.of_own(on, seen, classes, own)
        return np.logaddexp.reduce(scores, axis=1) - np.log(n + self._draw.alpha)


def _of_draw(table, labels, draw):
    predictive, found = Predictive(draw, table.n_classes), np.empty(len(labels))
    classes = table.classes
    step = max(1, _BYTES // (8 * (len(draw.sizes) + 4 * table.d)))
    for first in range(0, len(labels), step):
        rows = slice(first, first + step)
        images = table.dense(rows), table.observed(rows), classes[rows]
        found[rows] = predictive.log_proba(*images, labels[rows])
    return found


class _Logs:
    """Logarithms of predictive probabilities of pixels and labels, a row each cluster and one for a new one.

    With `left_out` 1, those that a cluster's own images meet without themselves; where it has none such, nothing
    asks for them.
    """

    def __init__(self, draw, n_classes, left_out=0):
        ones, observed, classes = _with_new(draw)
        zeros = observed - ones
        total = np.log(_positive(draw.a + draw.b + observed - left_out))
        self.on = np.log(_positive(draw.a + ones - left_out)) - total
        self.off = np.log(_positive(draw.b + zeros - left_out)) - total
        labelled = classes.sum(axis=1, keepdims=True)
        self.classes = np.log(_positive(draw.c + classes - left_out)) - np.log(
            _positive(n_classes * draw.c + labelled - left_out)
        )

    def of_all(self, on, seen, classes):
        """Scores of images against every cluster, (m, k + 1)."""
        scores = on.astype(float) @ self.on.T + (seen - on).astype(float) @ self.off.T
        if classes is not None:
            known = classes >= 0
            scores[known] += self.classes[:, classes[known]].T
        return scores

    def of_own(self, on, seen, classes, mine):
        """Score of each image against the cluster `mine` says, (m,)."""
        scores = np.where(on, self.on[mine], np.where(seen, self.off[mine], 0)).sum(axis=1)
        if classes is not None:
            known = classes >= 0
            scores[known] += self.classes[mine[known], classes[known]]
        return scores


def _with_new(draw):
    """Counts of ones, of observed pixels and of labels, with a row of zeros for a new cluster."""
    observed = np.broadcast_to(draw.observed, draw.ones.shape)
    return [np.pad(counts, ((0, 1), (0, 0))) for counts in (draw.ones, observed, draw.classes)]


def _positive(values):
    """`values`, with 1 in the place of those that belong to no image."""
    return np.where(values > 0, values, 1.0)
