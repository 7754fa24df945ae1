"""Passes over all clusters of a posterior that answer queries: sums, means, samples, the best cluster.

Every function takes the posterior, the `dpmix.queries.evidence.Evidence` of some images and how many draws to
use (None for all).
"""

import numpy as np

from dpmix.queries.evidence import RunningSum
from dpmix.queries.mixture import blocks, chunks

__all__ = ["add_means", "draw_pixels", "log_evidence", "take_best"]


def log_evidence(posterior, evidences, draws):
    """Log probability of each of `evidences`, all about the same images: a list of (m,) float64."""
    m, pieces = evidences[0].m, chunks(evidences[0].m, posterior.table.d)
    sums = [RunningSum(m) for _ in evidences]
    for block in blocks(posterior, draws):
        for rows in pieces:  # one after the other: an evidence may build on the scores of another
            for evidence, running in zip(evidences, sums, strict=True):
                evidence.add_to(running, rows, block)
    return [running.log() for running in sums]


def add_means(posterior, evidence, table_of, draws, out):
    """Fill `out` (m, columns), zeros, in place with the mean over clusters of ``table_of(block)``."""
    running = RunningSum(evidence.m)
    pieces = chunks(evidence.m, posterior.table.d)
    for block in blocks(posterior, draws):
        table = table_of(block)
        for rows in pieces:
            weights, factor, _ = evidence.weigh(rows, block, running)
            part, late = out[rows], np.flatnonzero(factor < 1)
            part[late] *= factor[late, None]
            part += weights @ table
    out /= running.total[:, None]
    np.minimum(out, 1.0, out=out)


def draw_pixels(posterior, evidence, hidden, draws, generator, out):
    """Fill columns `hidden` of `out` (size, m, d) with samples, in place.

    One pass over the clusters: a block takes each sample over from the earlier ones with the
    block's share of the weight so far, which leaves every cluster with its own share in the end.
    """
    running = RunningSum(evidence.m)
    pieces = chunks(evidence.m, posterior.table.d)
    for block in blocks(posterior, draws):
        on_proba = block.on_proba(hidden)
        for rows in pieces:
            weights, _, added = evidence.weigh(rows, block, running)
            targets = generator.random((len(out), len(added))) * running.total[rows]
            image, sample = np.nonzero((targets < added).T)
            picks = _pick(weights, image, targets[sample, image] / added[image])
            for first in range(0, len(picks), len(added)):
                batch = slice(first, first + len(added))
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


def take_best(posterior, evidence, table_of, draws, out):
    """Fill `out` (m, columns) in place with the row of ``table_of(block)`` of the most probable cluster."""
    running = RunningSum(evidence.m)
    pieces = chunks(evidence.m, posterior.table.d)
    for block in blocks(posterior, draws):
        table = table_of(block)
        for rows in pieces:
            before = running.top[rows].copy()
            weights, _, _ = evidence.weigh(rows, block, running)
            better = np.flatnonzero(running.top[rows] > before)
            if len(better):
                out[rows.start + better] = table[weights[better].argmax(axis=1)]
