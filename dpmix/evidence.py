"""How probable what is observed of images is under blocks of clusters, and sums of that over all blocks.

Few clusters of thousands have anything to say about an image. Where there is much to score, scores
are therefore computed in single precision first, with a bound on their rounding error. Clusters
that are certain to have together less than 1e-7 of an image's weight are dropped; those whose
rounding errors could together make a difference of 1e-7 are scored again in double precision. So
probabilities are off by less than 1e-6, and log probabilities by less than 1e-6 nats. Where images
tell clusters so little apart that many remain, all are scored in double precision.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

__all__ = ["Evidence", "RunningSum"]

_SMALL = 1 << 26  # multiplications up to which all is done in double precision
_NEGLIGIBLE = 1e-7  # share of an image's weight
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

    Attributes
    ----------
    m : int
        Number of images.
    columns : slice or (c,) intp
        The pixels that are observed in some image.
    """

    def __init__(self, on, observed, labels=None, n_classes=0, n_components=1):
        self.m = len(on)
        self.columns = as_slice(np.flatnonzero(observed.any(axis=0)))
        seen = observed[:, self.columns]
        self._shared = bool(seen.all())  # one mask for all images: what is off enters the base
        parts = [on[:, self.columns] & seen] + ([] if self._shared else [seen])
        self._labelled = labels is not None
        if self._labelled:
            parts.append(labels[:, None] == np.arange(n_classes))
        self._features = np.concatenate(parts, axis=1, dtype=np.uint8)  # what a score is a sum over
        self._reach = math.log(n_components / _NEGLIGIBLE)
        self._screened = self._features.size * n_components > _SMALL
        self._block, self._tables = None, None

    def scores(self, rows, block):
        """Log of weight times probability of what is observed of images `rows`, (rows, c) float64."""
        tables = self._tables_of(block)
        scores = self._features[rows].astype(np.float64) @ tables.double.T
        scores += tables.base
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
        features, tables = self._features[rows], self._tables_of(block)
        found = self._contenders(features, tables, running.top[rows]) if self._screened else None
        if found is None:
            weights = self.scores(rows, block)
            return weights, *running.add(rows, weights)
        image, cluster, scores = found
        starts = np.searchsorted(image, np.arange(len(features) + 1))
        factor, added = running.add_sparse(rows, scores, image, starts)
        return csr_array((scores, cluster, starts), shape=(len(features), len(tables.base))), factor, added

    def _contenders(self, features, tables, top):
        """Image, cluster and score of the pairs that may matter, by image; scores up to `top` came before.

        None where they are so many that it takes less time to score all.
        """
        on = np.ones((len(features), features.shape[1] + 1), np.float32)  # the last one counts the base in
        on[:, :-1] = features
        scores = on @ tables.single
        # Of a sum, each term and each partial sum is rounded once; terms that are 0 change nothing.
        error = _UNIT * (on.sum(axis=1) + 3.0) * (on @ tables.largest + 1.0)
        top = np.maximum(top, scores.max(axis=1) - error)
        low = np.nextafter((top - self._reach - error).astype(np.float32), np.float32(-np.inf))
        image, cluster = np.divmod(np.flatnonzero(scores >= low[:, None]), scores.shape[1])
        found = scores[image, cluster].astype(np.float64)
        again = top - self._reach - np.log(np.minimum(np.expm1(np.minimum(2 * error, 1)), 1)) - error
        near = np.flatnonzero(found >= again[image])
        if len(near) + len(found) / 4 > _CROWDED * scores.size:
            return None
        step = max(1, _BATCH_BYTES // (8 * max(1, features.shape[1])))
        for first in range(0, len(near), step):
            pairs = near[first : first + step]
            terms = features[image[pairs]].astype(np.float64)
            found[pairs] = np.einsum("ij,ij->i", terms, tables.double[cluster[pairs]])
            found[pairs] += tables.base[cluster[pairs]]
        return image, cluster, found

    def _tables_of(self, block):
        """Tables of what is observed, kept while the same block is asked for."""
        if self._block is not block:
            log_odds, log_off = block.log_proba(self.columns)
            parts = [log_odds] if self._shared else [log_odds, log_off]
            if self._labelled:
                parts.append(np.log(block.class_proba))
            double = np.concatenate(parts, axis=1) if len(parts) > 1 else log_odds
            base = block.log_weight + log_off.sum(axis=1) if self._shared else block.log_weight
            self._tables = _Tables(double, base, *(_single(double, base) if self._screened else (None, None)))
            self._block = block
        return self._tables


@dataclass(frozen=True, eq=False)
class _Tables:
    double: np.ndarray  # (c, features) float64, nats
    base: np.ndarray  # (c,) float64, nats
    single: np.ndarray | None  # (features + 1, c) float32, the base last
    largest: np.ndarray | None  # (features + 1,) float32, largest magnitude in each row of `single`


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


def _single(double, base):
    single = np.empty((double.shape[1] + 1, len(base)), np.float32)
    single[:-1], single[-1] = double.T, base
    return single, np.maximum(single.max(axis=1), -single.min(axis=1))
