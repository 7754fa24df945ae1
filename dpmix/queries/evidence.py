"""How probable what is observed of images is under blocks of clusters, and sums of that over all blocks.

Few clusters of thousands have anything to say about an image. Where there is much to score, scores
are therefore computed in single precision first, with a bound on their rounding error. Clusters
that are certain to have together less than 1e-7 of an image's weight are dropped; those whose
rounding errors could together make a difference of 3e-7 are scored again in double precision. So
probabilities, ratios of two sums, are off by less than 1e-6, and log probabilities, differences of
two logarithms at the most, by less than 1e-6 nats. Where images tell clusters so little apart that
many remain, all are scored in double precision.
"""

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

__all__ = ["Evidence", "RunningSum"]

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
    labels : (m,) int, optional
        Observed labels, -1 where there is none.
    n_classes : int
        Classes of the label column.
    n_components : int
        How many clusters the images will be scored against in all, at the most.
    given : Evidence, optional
        What else is observed of the same images: `observed` and `labels` come on top of it, and their
        scores are added to its scores. It is best weighed just before, against the same block, so that
        every pixel is looked at once.

    Attributes
    ----------
    m : int
        Number of images.
    columns : slice or (c,) intp
        The pixels that are observed in some image, those of `given` left out.
    """

    def __init__(self, on, observed, labels=None, n_classes=0, n_components=1, given=None):
        self.m = len(on)
        self.columns = as_slice(np.flatnonzero(observed.any(axis=0)))
        seen = observed[:, self.columns]
        self._shared = bool(seen.all())  # one mask for all images: what is off enters the base
        parts = [on[:, self.columns] & seen] + ([] if self._shared else [seen])
        self._labelled = labels is not None
        if self._labelled:
            parts.append(labels[:, None] == np.arange(n_classes))
        self._features = np.concatenate(parts, axis=1, dtype=np.uint8)  # what a score is a sum over
        self._n_terms = self._features.sum(axis=1, dtype=np.float64) + 1  # the base is one, too
        self._reach = math.log(n_components / _NEGLIGIBLE)
        assert given is None or given._given is None
        self._given = given
        self._n_features = self._features.shape[1] + (given._n_features if given else 0)
        self._screened = self.m * self._n_features * n_components > _SMALL
        self._block, self._tables = None, None
        self._keeps = False  # what was scored last, for an evidence that builds on this one
        self._rough, self._exact = None, None  # rows, block and scores; for exact ones their places, too
        if given is not None:
            given._keeps = True

    def scores(self, rows, block):
        """Log of weight times probability of what is observed of images `rows`, (rows, c) float64."""
        tables = self._tables_of(block)
        scores = self._features[rows].astype(np.float64) @ tables.double.T
        scores += tables.base
        if self._given is not None:
            scores += self._given.scores(rows, block)
        return scores

    def weigh(self, rows, block, running):
        """Score images `rows` against `block` and add the scores to `running`, a `RunningSum`.

        Returns
        -------
        weights : (rows, c) float64 array, or csr_array of those that are not negligible
            Exponentials of the scores in the unit in which ``running.total`` stands afterwards.
        factor, added : (rows,) float64
            As of `RunningSum.add`.
        """
        weights, factor, added = self.add_to(running, rows, block)
        if not isinstance(weights, np.ndarray):
            weights = csr_array(weights, shape=(rows.stop - rows.start, len(block.log_weight)))
        return weights, factor, added

    def add_to(self, running, rows, block):
        """As `weigh`, but with the three arrays of a csr_array in a tuple in place of one, which costs time."""
        found = self._contenders(rows, block, running.top[rows]) if self._screened else None
        if found is None:
            weights = self.scores(rows, block)
            return weights, *running.add(rows, weights)
        image, cluster, scores = found
        starts = np.searchsorted(image, np.arange(rows.stop - rows.start + 1))
        return (scores, cluster, starts), *running.add_sparse(rows, scores, image, starts)

    def _contenders(self, rows, block, top):
        """Image, cluster and score of the pairs that may matter, by image; scores up to `top` came before.

        None where they are so many that it takes less time to score all.
        """
        scores, error, _ = self._rough_scores(rows, block)
        top = np.maximum(top, scores.max(axis=1) - error)
        low = np.nextafter((top - self._reach - error).astype(np.float32), np.float32(-np.inf))
        places = np.flatnonzero(scores >= low[:, None])
        image, cluster = np.divmod(places, scores.shape[1])
        found = scores.ravel()[places].astype(np.float64)
        # Of what rounding may make of all clusters together, a block has its part, and shares it among those found.
        part = np.maximum(np.bincount(image, minlength=len(scores)), 1) / scores.shape[1]
        doubt = np.minimum(np.expm1(np.minimum(2 * error, 1)), 1)
        again = top - self._reach - np.log(part * doubt * (_NEGLIGIBLE / _ROUNDED)) - error
        near = np.flatnonzero(found >= again[image])
        if len(near) + len(found) / 4 > _CROWDED * scores.size:
            return None
        found[near] = self._exact_scores(rows, block, places[near])
        return image, cluster, found

    def _rough_scores(self, rows, block):
        """Scores of images `rows` in single precision, with a bound on the rounding error of each image's."""
        if self._rough is not None and self._rough[0] == rows and self._rough[1] is block:
            return self._rough[2]
        tables = self._tables_of(block)
        features = self._features[rows]
        on = np.empty((len(features), features.shape[1] + 1), np.float32)  # the last one counts the base in
        on[:, :-1], on[:, -1] = features, 1
        scores = on @ tables.single
        largest = on @ tables.largest + 1.0
        # Of a sum, each term and each partial sum is rounded once; terms that are 0 change nothing.
        error = _UNIT * (self._n_terms[rows] + 3.0) * largest
        if self._given is not None:
            scores_given, error_given, largest_given = self._given._rough_scores(rows, block)
            scores += scores_given
            largest += largest_given
            error += error_given + _UNIT * largest
        rough = _Rough(scores, error, largest)
        self._rough = (rows, block, rough) if self._keeps else None
        return rough

    def _exact_scores(self, rows, block, places):
        """Scores in double precision of pairs of an image and a cluster.

        Parameters
        ----------
        places : (s,) intp
            Of the pairs in the scores (rows, c) of all, counted row by row, ascending.
        """
        known, found = self._known_scores(rows, block, places)
        missing = np.flatnonzero(~known)
        features, tables = self._features[rows], self._tables_of(block)
        image, cluster = np.divmod(places[missing], len(tables.base))
        step = max(1, _BATCH_BYTES // (8 * max(1, features.shape[1])))
        for first in range(0, len(missing), step):
            pairs = slice(first, first + step)
            terms = features.take(image[pairs], axis=0, mode="clip").astype(
                np.float64
            )  # clip: without a check
            table = tables.double.take(cluster[pairs], axis=0, mode="clip")
            found[missing[pairs]] = np.einsum("ij,ij->i", terms, table)
        found[missing] += tables.base[cluster]
        if self._given is not None:
            found += self._given._exact_scores(rows, block, places)
        if self._keeps:
            self._exact = rows, block, places, found
        return found

    def _known_scores(self, rows, block, places):
        """Which of the scores at `places` were kept from the latest call, and they, 0 elsewhere."""
        if (
            self._exact is None
            or self._exact[0] != rows
            or self._exact[1] is not block
            or not len(self._exact[2])
        ):
            return np.zeros(len(places), bool), np.zeros(len(places))
        before, scores = self._exact[2:]
        at = np.minimum(np.searchsorted(before, places), len(before) - 1)
        known = before[at] == places
        return known, np.where(known, scores[at], 0.0)

    def _tables_of(self, block):
        """Tables of what is observed, kept while the same block is asked for."""
        if self._block is not block:
            log_odds, log_off = block.log_proba(self.columns)
            parts = [log_odds] if self._shared else [log_odds, log_off]
            if self._labelled:
                parts.append(np.log(block.class_proba))
            double = np.concatenate(parts, axis=1) if len(parts) > 1 else log_odds
            # The weights of the clusters count once.
            base = block.log_weight.copy() if self._given is None else np.zeros(len(block.log_weight))
            if self._shared:
                base += log_off.sum(axis=1)
            self._block, self._tables = block, _Tables(double, base)
        return self._tables


class _Rough(NamedTuple):
    scores: np.ndarray  # (rows, c) float32, nats
    error: np.ndarray  # (rows,) float64, bound on what each of them is off
    largest: np.ndarray  # (rows,) float64, bound on the magnitude of any of their partial sums


class _Tables:
    """Log odds and base of all that is observed under each cluster of a block.

    Attributes
    ----------
    double : (c, features) float64, nats
    base : (c,) float64, nats
    """

    def __init__(self, double, base):
        self.double, self.base = double, base

    @cached_property
    def single(self):
        """Both as (features + 1, c) float32, the base last."""
        single = np.empty((self.double.shape[1] + 1, len(self.base)), np.float32)
        single[:-1], single[-1] = self.double.T, self.base
        return single

    @cached_property
    def largest(self):
        """Largest magnitude in each row of `single`, (features + 1,) float32."""
        return np.maximum(self.single.max(axis=1), -self.single.min(axis=1))


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
        return self._raise_to(top, rows, scores.sum(axis=1))

    def add_sparse(self, rows, scores, image, starts):
        """As `add`, with the scores (s,) of each image one after the other.

        Parameters
        ----------
        scores : (s,) float64
            Replaced as by `add`.
        image : (s,) intp
            The image that each score is about, counted within `rows`, ascending.
        starts : (rows + 1,) intp
            Scores of image i are those from ``starts[i]`` up to ``starts[i + 1]``, maybe none.
        """
        some = np.flatnonzero(np.diff(starts))
        top, added = self.top[rows].copy(), np.zeros(len(starts) - 1)
        if len(some):
            top[some] = np.maximum(top[some], np.maximum.reduceat(scores, starts[some]))
            scores -= top[image]
            with np.errstate(under="ignore"):
                np.exp(scores, out=scores)
            added[some] = np.add.reduceat(scores, starts[some])
        return self._raise_to(top, rows, added)

    def log(self):
        """Logarithm of the sum, (m,) float64, nats."""
        return self.top + np.log(self.total)

    def _raise_to(self, top, rows, added):
        with np.errstate(under="ignore"):
            factor = np.exp(self.top[rows] - top)
            self.total[rows] = self.total[rows] * factor + added
        self.top[rows] = top
        return factor, added


def as_slice(columns):
    """`columns`, ascending, as a slice where they are neighbours: arrays then need not be copied."""
    if len(columns) and columns[-1] - columns[0] == len(columns) - 1:
        return slice(int(columns[0]), int(columns[-1]) + 1)
    return columns
