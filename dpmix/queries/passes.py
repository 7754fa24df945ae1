"""Passes over all clusters of a posterior that answer queries: sums, means, samples, the best cluster.

Every function takes the posterior, the `dpmix.queries.evidence.Evidence` of some images, and how many draws to
use (None for all). A pass visits every block once, and against each block the images in chunks. Where it
needs more of a block than scores, ``view(block)`` makes it once: the block that images are scored against,
and a table of its clusters.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from dpmix.queries.evidence import Screen, score_both
from dpmix.queries.mixture import blocks, chunks, n_components

__all__ = ["RunningSum", "add_means", "draw_pixels", "log_evidence", "log_evidence_given", "take_best"]


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

    def add(self, rows, scored):
        """Add the scores of images `rows`.

        Parameters
        ----------
        scored : dpmix.queries.evidence.Scored
            Its scores are replaced by ``exp(scores - top)``, the unit in which `total` stands afterwards.

        Returns
        -------
        Added
        """
        top = self.top[rows].copy()
        sums = _sum_all(scored.exact, top) if scored.pairs is None else _sum_pairs(scored.pairs, top)
        with np.errstate(under="ignore"):
            factor = np.exp(self.top[rows] - top)
            self.total[rows] = self.total[rows] * factor + sums
        raised = np.flatnonzero(top > self.top[rows])
        self.top[rows] = top
        return Added(factor, sums, raised)

    def log(self):
        """Logarithm of the sum, (m,) float64, nats."""
        return self.top + np.log(self.total)


class Added(NamedTuple):
    """What scores made of a `RunningSum`."""

    factor: np.ndarray  # (rows,) float64, what quantities in the former unit are to be multiplied by
    sums: np.ndarray  # (rows,) float64, what came to `total`; for the first scores, exactly `total`
    raised: np.ndarray  # (r,) intp, the images that have a new largest score


def _sum_all(scores, top):
    """Raise `top` (rows,) to the largest of `scores` (rows, c), exponentiate these in that unit, and sum them."""
    np.maximum(top, scores.max(axis=1), out=top)
    scores -= top[:, None]
    with np.errstate(under="ignore"):
        np.exp(scores, out=scores)
    return scores.sum(axis=1)


def _sum_pairs(pairs, top):
    """The same of pairs that are ordered by image, of which an image may have none."""
    starts = pairs.starts(len(top))
    some = np.flatnonzero(np.diff(starts))
    sums, scores = np.zeros(len(top)), pairs.scores
    if len(some):
        top[some] = np.maximum(top[some], np.maximum.reduceat(scores, starts[some]))
        scores -= top[pairs.image]
        with np.errstate(under="ignore"):
            np.exp(scores, out=scores)
        sums[some] = np.add.reduceat(scores, starts[some])
    return sums


class Weighed(NamedTuple):
    """Some images against a block."""

    rows: slice
    table: object  # what `view` made of the block
    weights: np.ndarray | csr_array  # (rows, c) float64, those that are negligible perhaps left out
    added: Added  # to the running sum, in whose unit the weights are


def _weighed(posterior, evidence, draws, running, view):
    """Weights of all clusters, by block and chunk of images, as they enter `running`: a generator of `Weighed`."""
    screen = Screen.of(n_components(posterior, draws), evidence)
    pieces = chunks(evidence.m, posterior.table.d)
    for block in blocks(posterior, draws):
        block, table = view(block)
        scorer = evidence.against(block)
        for rows in pieces:
            scored = screen.score(scorer, rows, running.top[rows])
            added = running.add(rows, scored)
            weights = scored.matrix(len(added.sums), len(block.log_weight))
            del scored  # with its scores in single precision, before there are others
            yield Weighed(rows, table, weights, added)


def log_evidence(posterior, evidence, draws):
    """Log probability of what is observed of each image, (m,) float64."""
    screen = Screen.of(n_components(posterior, draws), evidence)
    running, pieces = RunningSum(evidence.m), chunks(evidence.m, posterior.table.d)
    for block in blocks(posterior, draws):
        scorer = evidence.against(block)
        for rows in pieces:
            running.add(rows, screen.score(scorer, rows, running.top[rows]))
    return running.log()


def log_evidence_given(posterior, given, rest, draws):
    """Log probability of `rest` given `given`, which are evidences of the same images; (m,) float64."""
    most, pieces = n_components(posterior, draws), chunks(given.m, posterior.table.d)
    screens = Screen.of(most, given), Screen.of(most, given, rest)
    running = RunningSum(given.m), RunningSum(given.m)
    for block in blocks(posterior, draws):
        scorers = given.against(block), rest.against(block, weighted=False)
        for rows in pieces:
            _add_both(running, screens, scorers, rows)
    return running[1].log() - running[0].log()


def _add_both(running, screens, scorers, rows):
    tops = [one.top[rows] for one in running]
    for one, scored in zip(running, score_both(screens, *scorers, rows, tops), strict=True):
        one.add(rows, scored)


def add_means(posterior, evidence, draws, view, out, mean=lambda rows, weights, table: weights @ table):
    """Fill `out` (m, columns), zeros, in place with a mean over clusters.

    Parameters
    ----------
    mean : callable, optional
        ``mean(rows, weights, table)`` sums the clusters of a block with their weights for images `rows`,
        (rows, columns) float64; by default the rows of the table as they are.
    """
    running = RunningSum(evidence.m)
    for rows, table, weights, added in _weighed(posterior, evidence, draws, running, view):
        part, late = out[rows], np.flatnonzero(added.factor < 1)
        part[late] *= added.factor[late, None]
        part += mean(rows, weights, table)
    out /= running.total[:, None]
    np.minimum(out, 1.0, out=out)


def take_best(posterior, evidence, draws, view, out):
    """Fill `out` (m, columns) in place with the row of the table of the most probable cluster."""
    running = RunningSum(evidence.m)
    for rows, table, weights, added in _weighed(posterior, evidence, draws, running, view):
        if len(added.raised):
            out[rows.start + added.raised] = table[weights[added.raised].argmax(axis=1)]


def draw_pixels(posterior, evidence, draws, hidden, generator, out):
    """Fill columns `hidden` of `out` (size, m, d) with samples, in place.

    One pass over the clusters: a block takes each sample over from the earlier ones with the
    block's share of the weight so far, which leaves every cluster with its own share in the end.
    """
    running = RunningSum(evidence.m)

    def view(block):
        return block, block.on_proba(hidden)

    for rows, on_proba, weights, (_, sums, _) in _weighed(posterior, evidence, draws, running, view):
        targets = generator.random((len(out), len(sums))) * running.total[rows]
        image, sample = np.nonzero((targets < sums).T)
        picks = _pick(weights, image, targets[sample, image] / sums[image])
        for first in range(0, len(picks), len(sums)):
            batch = slice(first, first + len(sums))
            wanted = on_proba[picks[batch]]
            pixels = generator.random(wanted.shape) < wanted
            out[sample[batch, None], rows.start + image[batch, None], hidden] = pixels


def _pick(weights, image, uniforms):
    """Draw a column of row `image` of `weights` for each of `uniforms` in [0, 1); never one of weight 0.

    `image` is in increasing order; `weights` is an array or a csr_array.
    """
    picks = np.empty(len(image), np.intp)
    images = np.unique(image)
    bounds = np.searchsorted(image, np.append(images, len(image) and images[-1] + 1))
    for i, first, last in zip(images, bounds, bounds[1:], strict=False):
        columns, row = _row(weights, i)
        cumulative = np.cumsum(row)
        total = cumulative[-1]
        targets = np.minimum(uniforms[first:last] * total, np.nextafter(total, 0))  # denormals may round up
        found = np.searchsorted(cumulative, targets, side="right")
        picks[first:last] = found if columns is None else columns[found]
    return picks


def _row(weights, i):
    """Columns (None for all) and values of row `i` of an array or csr_array."""
    if isinstance(weights, np.ndarray):
        return None, weights[i]
    mine = slice(weights.indptr[i], weights.indptr[i + 1])
    return weights.indices[mine], weights.data[mine]
