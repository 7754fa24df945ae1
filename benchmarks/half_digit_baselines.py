"""What `half_digits.py` compares with: pixel means, nearest neighbours and a k-means profile.

Images are rows of 0 and 1, (n, d) uint8; `observed` is True where a pixel is shown. Every baseline answers
with the probability of each pixel to be on, independently of the others, so all are scored alike.
"""

import numpy as np
from scipy.special import logsumexp
from sklearn.cluster import MiniBatchKMeans

__all__ = [
    "bernoulli_nats",
    "bit_error",
    "kmeans_profiles",
    "masked_neighbours",
    "mixed_profiles",
    "nearest_neighbours",
    "nearest_profile",
    "neighbour_means",
    "neighbour_values",
    "pixel_means",
]

PSEUDO_COUNT = 2.0  # of the pixel means, where few images are averaged
_CHUNK = 250  # images asked about at once: 250 x 60,000 distances take 60 MB


def bernoulli_nats(proba, x, cells):
    """Log probability of the pixels `cells` of each image, (m,) nats; `cells` is (d,) or (m, d) bool."""
    return np.where(cells, np.log(np.where(x == 1, proba, 1 - proba)), 0.0).sum(axis=1)


def bit_error(proba, x, cells):
    """Share of the pixels `cells` that are on the other side of one half."""
    return ((proba > 0.5) != (x == 1))[np.broadcast_to(cells, x.shape)].mean()


def pixel_means(x, observed=None):
    """How often each pixel is on where it is observed, (d,), with a count of 1 added to on and to off."""
    if observed is None:
        return (x.sum(axis=0) + 1) / (len(x) + 2)
    return ((x * observed).sum(axis=0) + 1) / (observed.sum(axis=0) + 2)


def nearest_neighbours(train, x, observed, k):
    """The k rows of `train` that differ least from each image in its observed pixels, nearest first, (m, k)."""
    shown = train[:, observed].astype(np.float32)
    sizes = shown.sum(axis=1)
    found = []
    for first in range(0, len(x), _CHUNK):
        asked = x[first : first + _CHUNK, observed].astype(np.float32)
        found.append(_least(sizes - 2 * (asked @ shown.T), k))
    return np.concatenate(found)


def masked_neighbours(x, observed, queries, k):
    """The k other images that differ least from each of `queries`, nearest first, (m, k).

    The distance is the share of differing pixels among those that are observed in both images.
    """
    seen = observed.astype(np.float32)
    on = x * seen
    seen_less_twice_on = seen - 2 * on
    found = []
    for first in range(0, len(queries), _CHUNK):
        rows = queries[first : first + _CHUNK]
        both = seen[rows] @ seen.T
        # products of images: on in one and not in the other is (on, seen) + (seen, on) - 2 (on, on)
        distance = (on[rows] @ seen_less_twice_on.T + seen[rows] @ on.T) / np.maximum(both, 1)
        distance[np.arange(len(rows)), rows] = np.inf  # not the image itself
        distance[both == 0] = np.inf
        found.append(_least(distance, k))
    return np.concatenate(found)


def neighbour_means(train, nearest, means, observed=None):
    """Pixels averaged over the neighbours that have them observed, shrunk to `means`, (m, d)."""
    counts, ones = np.empty((2, len(nearest), train.shape[1]))
    for ix, rows in enumerate(nearest):
        seen = np.ones(train.shape[1]) if observed is None else observed[rows]
        counts[ix] = len(rows) if observed is None else seen.sum(axis=0)
        ones[ix] = (train[rows] * seen).sum(axis=0)
    return (ones + PSEUDO_COUNT * means) / (counts + PSEUDO_COUNT)


def neighbour_values(train, nearest, means, observed):
    """Each pixel as the nearest neighbour that has it observed shows it; `means` where none of them does."""
    found = np.empty((len(nearest), train.shape[1]))
    for ix, rows in enumerate(nearest):
        first = observed[rows].argmax(axis=0)
        known = observed[rows].any(axis=0)
        found[ix] = np.where(known, train[rows[first], np.arange(train.shape[1])], means)
    return found


def kmeans_profiles(train, k, seed):
    """Smoothed mean image of each of k clusters, (k, d), and the number of its images, (k,)."""
    model = MiniBatchKMeans(k, batch_size=4096, n_init=1, max_iter=20, random_state=seed)
    labels = model.fit_predict(train.astype(np.float32))
    sizes = np.bincount(labels, minlength=k)
    ones = np.zeros((k, train.shape[1]))
    for cluster, rows in enumerate(np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])):
        ones[cluster] = train[rows].sum(axis=0)
    means = pixel_means(train)
    return (ones + PSEUDO_COUNT * means) / (sizes[:, None] + PSEUDO_COUNT), sizes


def nearest_profile(profiles, x, observed):
    """Of each image the profile at the least squared distance in the observed pixels, (m, d)."""
    shown = profiles[:, observed]
    distance = (shown**2).sum(axis=1) - 2 * (x[:, observed] @ shown.T)
    return profiles[distance.argmin(axis=1)]


def mixed_profiles(profiles, sizes, x, observed):
    """Profiles as the components of a mixture: (m, d) mean and (m,) nats of the hidden pixels given the rest.

    The weight of a component is its size times the probability that it gives to the observed pixels.
    """
    log_on, log_off = np.log(profiles), np.log1p(-profiles)

    def scores(cells):
        return x[:, cells] @ (log_on - log_off)[:, cells].T + log_off[:, cells].sum(axis=1)

    log_weight = scores(observed) + np.log(np.maximum(sizes, 1e-300) / sizes.sum())
    total = logsumexp(log_weight, axis=1)
    nats = logsumexp(log_weight + scores(~observed), axis=1) - total
    return np.exp(log_weight - total[:, None]) @ profiles, nats


def _least(distance, k):
    """Columns of the k least of each row, the least first."""
    columns = np.argpartition(distance, k - 1, axis=1)[:, :k]
    order = np.take_along_axis(distance, columns, axis=1).argsort(axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1)
