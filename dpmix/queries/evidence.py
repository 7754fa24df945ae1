"""How probable what is observed of images is under the clusters of a block.

Few clusters of thousands have anything to say about an image. Where there is much to score, scores
are therefore computed in single precision first, with a bound on their rounding error. Clusters
that are certain to have together less than 1e-7 of an image's weight are dropped; those whose
rounding errors could together make a difference of 3e-7 are scored again in double precision. So
probabilities, ratios of two sums, are off by less than 1e-6, and log probabilities, differences of
two logarithms at the most, by less than 1e-6 nats. Where images tell clusters so little apart that
many remain, all are scored in double precision.

Nothing is remembered from one call to the next: `Evidence` is what is observed, a `Scorer` is that against
one block, and what a scorer finds comes back as a `Scored`, from which `score_both` goes on.
"""

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

__all__ = ["Evidence", "Joint", "Pairs", "Rough", "Scored", "Scorer", "Screen", "as_slice", "score_both"]

_SMALL = 1 << 26  # multiplications up to which all is done in double precision
_NEGLIGIBLE = 1e-7  # share of an image's weight that may be dropped
_ROUNDED = 3e-7  # and that rounding may make of the rest
_UNIT = 2.0**-24  # largest relative rounding error of one operation in single precision
_CROWDED = 1 / 32  # share of the pairs to be scored again from which it is quicker to score all
_BATCH_BYTES = 1 << 19  # of one operand when clusters are scored again: both stay in the cache


class Evidence:
    """What is observed of `m` images, ready to be scored against blocks.

    Parameters
    ----------
    on : (m, d) uint8
        1 where a pixel is on; looked at only where it is observed.
    observed : (m, d) bool
    classes : (m,) int, optional
        Observed classes, -1 where there is none.
    n_classes : int
        How many classes there are.

    Attributes
    ----------
    m : int
        Number of images.
    columns : slice or (c,) intp
        The pixels that are observed in some image.
    features : (m, f) uint8
        What a score is a sum over, 0 or 1: pixels that are on, pixels that are observed where images differ
        in that, and classes.
    """

    def __init__(self, on, observed, classes=None, n_classes=0):
        self.m = len(on)
        self.columns = as_slice(np.flatnonzero(observed.any(axis=0)))
        observed = observed[:, self.columns]
        self._shared = bool(observed.all())  # one mask for all images: what is off enters the base
        self._classified = classes is not None
        parts = [on[:, self.columns] & observed] + ([] if self._shared else [observed])
        if self._classified:
            parts.append(classes[:, None] == np.arange(n_classes))
        self.features = np.concatenate(parts, axis=1, dtype=np.uint8)
        self.n_terms = self.features.sum(axis=1, dtype=np.float64) + 1  # the base is one, too

    def against(self, block, weighted=True):
        """The `Scorer` of `block`, its clusters' weights included unless another evidence counts them."""
        log_odds, log_off = block.log_proba(self.columns)
        parts = [log_odds] if self._shared else [log_odds, log_off]
        if self._classified:
            parts.append(np.log(block.class_proba))
        double = np.concatenate(parts, axis=1) if len(parts) > 1 else log_odds
        base = block.log_weight.copy() if weighted else np.zeros(len(block.log_weight))
        if self._shared:
            base += log_off.sum(axis=1)
        return Scorer(self, double, base)


class Rough(NamedTuple):
    """Scores of images in single precision."""

    scores: np.ndarray  # (rows, c) float32, nats
    error: np.ndarray  # (rows,) float64, bound on what each of them is off
    largest: np.ndarray  # (rows,) float32, bound on the magnitude of any of their partial sums


class Pairs(NamedTuple):
    """Pairs of an image and a cluster that may matter, ordered by image."""

    image: np.ndarray  # (s,) intp, counted within the rows that were scored
    cluster: np.ndarray  # (s,) intp
    scores: np.ndarray  # (s,) float64, nats
    again: np.ndarray  # (t,) intp, which of them are in double precision
    places: np.ndarray  # (t,) intp, where these stand in the scores (rows, c) of all, row by row; ascending

    def starts(self, n):
        """Where the pairs of each of `n` images begin, and last where all end, (n + 1,) intp."""
        return np.searchsorted(self.image, np.arange(n + 1))


class Scored(NamedTuple):
    """What came of scoring images against a block: either every score or those of the pairs that may matter."""

    rough: Rough | None  # where scores were screened
    exact: np.ndarray | None  # (rows, c) float64, nats, unless `pairs` has what matters
    pairs: Pairs | None

    def matrix(self, n, n_clusters):
        """Scores of `n` images and so many clusters: an array, or a csr_array of the pairs that may matter."""
        if self.pairs is None:
            return self.exact
        return csr_array((self.pairs.scores, self.pairs.cluster, self.pairs.starts(n)), shape=(n, n_clusters))


class Scorer:
    """Evidence against the clusters of one block. Scores are logs of weight times probability, nats.

    Parameters
    ----------
    evidence : Evidence
    double : (c, f) float64
        What each feature adds to the score of each cluster.
    base : (c,) float64
        Scores of an image without features.
    """

    def __init__(self, evidence, double, base):
        self._evidence, self._double, self._base = evidence, double, base

    def exact(self, rows):
        """Scores of images `rows`, (rows, c) float64."""
        scores = self._evidence.features[rows].astype(np.float64) @ self._double.T
        scores += self._base
        return scores

    def rough(self, rows):
        """Scores of images `rows` in single precision, with a bound on the rounding error of each image's."""
        features = self._evidence.features[rows]
        on = np.empty((len(features), features.shape[1] + 1), np.float32)  # the last one counts the base in
        on[:, :-1], on[:, -1] = features, 1
        scores = on @ self._single
        largest = on @ self._largest + 1.0
        # Of a sum, each term and each partial sum is rounded once; terms that are 0 change nothing.
        error = _UNIT * (self._evidence.n_terms[rows] + 3.0) * largest
        return Rough(scores, error, largest)

    def exact_at(self, rows, places):
        """Scores in double precision of pairs of an image and a cluster, (s,) float64.

        Parameters
        ----------
        places : (s,) intp
            Of the pairs in the scores (rows, c) of all, counted row by row, ascending.
        """
        features = self._evidence.features[rows]
        image, cluster = np.divmod(places, len(self._base))
        found = np.empty(len(places))
        step = max(1, _BATCH_BYTES // (8 * max(1, features.shape[1])))
        for first in range(0, len(places), step):
            batch = slice(first, first + step)
            terms = features.take(image[batch], axis=0, mode="clip")  # clip: without a check
            table = self._double.take(cluster[batch], axis=0, mode="clip")
            found[batch] = np.einsum("ij,ij->i", terms.astype(np.float64), table)
        found += self._base[cluster]
        return found

    @cached_property
    def _single(self):
        """What features and, last, the base add, (f + 1, c) float32."""
        single = np.empty((self._double.shape[1] + 1, len(self._base)), np.float32)
        single[:-1], single[-1] = self._double.T, self._base
        return single

    @cached_property
    def _largest(self):
        """Largest magnitude in each row of `_single`, (f + 1,) float32."""
        return np.maximum(self._single.max(axis=1), -self._single.min(axis=1))


class Joint(NamedTuple):
    """A scorer of `rest` on top of `given`, of which `scored` says what is known of the same images.

    Its three methods are those of a `Scorer`; what `scored` has is not computed again.
    """

    rest: Scorer
    given: Scorer
    scored: Scored

    def exact(self, rows):
        scores = self.rest.exact(rows)
        scores += self.given.exact(rows) if self.scored.exact is None else self.scored.exact
        return scores

    def rough(self, rows):
        scores, error, largest = self.rest.rough(rows)
        given = self.given.rough(rows) if self.scored.rough is None else self.scored.rough
        scores += given.scores
        largest += given.largest
        error += given.error + _UNIT * largest
        return Rough(scores, error, largest)

    def exact_at(self, rows, places):
        found = self.rest.exact_at(rows, places)
        pairs = self.scored.pairs
        if pairs is None or not len(pairs.places):
            found += self.given.exact_at(rows, places)
            return found
        at = np.minimum(np.searchsorted(pairs.places, places), len(pairs.places) - 1)
        scores = pairs.scores[pairs.again[at]]
        missing = np.flatnonzero(pairs.places[at] != places)
        scores[missing] = self.given.exact_at(rows, places[missing])
        found += scores
        return found


class Screen(NamedTuple):
    """Whether scores are worth a first look in single precision, and what it may drop.

    Attributes
    ----------
    used : bool
    reach : float
        Nats below an image's best score from which all clusters together are negligible.
    """

    used: bool
    reach: float

    @classmethod
    def of(cls, n_components, *evidences):
        """That of `evidences` taken together, to be scored against so many clusters in all, at the most."""
        n_features = sum(evidence.features.shape[1] for evidence in evidences)
        used = evidences[0].m * n_features * n_components > _SMALL
        return cls(used, math.log(n_components / _NEGLIGIBLE))

    def score(self, scorer, rows, top):
        """Score images `rows`, whose best scores so far, against other blocks, are `top` (rows,): a `Scored`."""
        if not self.used:
            return Scored(None, scorer.exact(rows), None)
        rough = scorer.rough(rows)
        pairs = _contenders(scorer, rows, rough, top, self.reach)
        return Scored(rough, scorer.exact(rows) if pairs is None else None, pairs)


def score_both(screens, given, rest, rows, tops):
    """Score what is given of images `rows`, and that together with the rest, so that each pixel counts once.

    Parameters
    ----------
    screens : pair of Screen
        Of the given alone and of both.
    given, rest : Scorer
        Of one block; the second one without the weights of clusters.
    tops : pair of (rows,) float64
        The best scores so far.

    Returns
    -------
    pair of Scored
    """
    first = screens[0].score(given, rows, tops[0])
    return first, screens[1].score(Joint(rest, given, first), rows, tops[1])


def _contenders(scorer, rows, rough, top, reach):
    """The `Pairs` that may matter; scores up to `top` came before.

    None where they are so many that it takes less time to score all.
    """
    scores, error, _ = rough
    top = np.maximum(top, scores.max(axis=1) - error)
    low = np.nextafter((top - reach - error).astype(np.float32), np.float32(-np.inf))
    places = np.flatnonzero(scores >= low[:, None])
    image, cluster = np.divmod(places, scores.shape[1])
    found = scores.ravel()[places].astype(np.float64)
    # Of what rounding may make of all clusters together, a block has its part, and shares it among those found.
    part = np.maximum(np.bincount(image, minlength=len(scores)), 1) / scores.shape[1]
    doubt = np.minimum(np.expm1(np.minimum(2 * error, 1)), 1)
    bound = top - reach - np.log(part * doubt * (_NEGLIGIBLE / _ROUNDED)) - error
    again = np.flatnonzero(found >= bound[image])
    if len(again) + len(found) / 4 > _CROWDED * scores.size:
        return None
    places = places[again]
    found[again] = scorer.exact_at(rows, places)
    return Pairs(image, cluster, found, again, places)


def as_slice(columns):
    """`columns`, ascending, as a slice where they are neighbours: arrays then need not be copied."""
    if len(columns) and columns[-1] - columns[0] == len(columns) - 1:
        return slice(int(columns[0]), int(columns[-1]) + 1)
    return columns
