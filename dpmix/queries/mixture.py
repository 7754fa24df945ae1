"""The posterior predictive: how probable pixels and labels are under every cluster of every draw.

The predictive of a new image is a mixture over all clusters of all draws and, in each draw, one
cluster not opened yet. A cluster of a draw has weight size / (n + alpha), the new one
alpha / (n + alpha), divided by the number of draws, so that draws are averaged as densities. Given
its cluster, pixel d is on with probability (a + ones) / (a + b + observed), as `Draw.on_proba` has it,
where `observed` members have it observed, and the label is l with probability
(c + count) / (C c + labelled), where `count` of the `labelled` members whose label is observed have
label l of C; all independently of each other (Neal 2000, equation 3.1 with Beta-Bernoulli and
Dirichlet-categorical components).

Clusters come in blocks and images in chunks, so that whatever the number of images, draws and
clusters the working memory stays below about 150 MB, beside the answer and some bytes for each pixel
that is asked about. Every block is visited once; `dpmix.queries.evidence` scores images against it.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Block", "blocks", "chunks", "draw_blocks", "n_components"]

_BLOCK_CLUSTERS = 1024
_BYTES = 1 << 23  # of one working array


class Block(NamedTuple):
    """Some clusters of some draws. Tables are made only of the columns that somebody asks for."""

    log_weight: np.ndarray  # (c,) nats; the weights of all blocks sum to 1
    on: np.ndarray  # (c, d) float64, a + ones
    off: np.ndarray  # (c, d) float64, b + observed - ones
    class_proba: np.ndarray  # (c, n_classes) probability of each label

    def on_proba(self, columns):
        """Probability that the pixels `columns` are on, (c, columns) float64."""
        on = self.on[:, columns]
        return on / (on + self.off[:, columns])

    def log_proba(self, columns):
        """Log odds of the pixels `columns` and log probability of off, each (c, columns) float64, nats."""
        on, off = self.on[:, columns], self.off[:, columns]
        log_total, log_off = np.log(on + off), np.log(off)
        return np.log(on) - log_off, log_off - log_total


def blocks(posterior, most=None):
    """Every cluster of `posterior.draws(most)`, new clusters included; a generator of `Block`."""
    n_draws = posterior.alpha.size
    log_share = -np.log(n_draws if most is None else min(most, n_draws))
    held, room = [], _block_clusters(posterior.table.d)
    for draw in posterior.draws(most):
        for piece in draw_blocks(draw, log_share):
            if len(piece.log_weight) > room:
                yield _joined(held)
                held, room = [], _block_clusters(posterior.table.d)
            held.append(piece)
            room -= len(piece.log_weight)
    if held:
        yield _joined(held)


def draw_blocks(draw, log_share=0.0):
    """Every cluster of one draw, the new one last, of total weight ``exp(log_share)``, as `Block`s."""
    step = _block_clusters(draw.ones.shape[1])
    for first in range(0, len(draw.sizes) + 1, step):
        yield _clusters(draw, first, first + step, log_share)


def n_components(posterior, most=None):
    """How many clusters, new ones included, `blocks` goes through at the most."""
    n_draws = posterior.n_clusters.size
    share = 1 if most is None else min(1, most / n_draws)
    return int(share * (posterior.n_clusters.max() + 1) * n_draws) + 1


def chunks(m, d):
    """Slices that cut `m` images of `d` pixels into chunks to be scored at once."""
    step = max(1, _BYTES // (8 * max(_block_clusters(d), d)))
    return [slice(first, min(first + step, m)) for first in range(0, m, step)]


def _block_clusters(d):
    return max(1, min(_BLOCK_CLUSTERS, _BYTES // (8 * d)))


def _clusters(draw, first, last, log_share):
    """Clusters `first` to `last` - 1 of one draw as a block; the new one comes after the others."""
    counts = {name: getattr(draw, name)[first:last] for name in ("sizes", "ones", "gaps", "classes")}
    weights = counts["sizes"].astype(np.float64)
    if last > len(draw.sizes):
        weights = np.append(weights, draw.alpha)
        counts = {name: _with_empty(values) for name, values in counts.items()}
    log_weight = np.log(weights) - np.log(draw.sizes.sum() + draw.alpha) + log_share
    part = draw._replace(**counts)
    class_proba = part.c + part.classes
    if class_proba.shape[1]:
        class_proba = class_proba / class_proba.sum(axis=1, keepdims=True)
    return Block(log_weight, part.a + part.ones, part.b + (part.observed - part.ones), class_proba)


def _with_empty(counts):
    return np.concatenate([counts, np.zeros_like(counts, shape=(1, *counts.shape[1:]))])


def _joined(pieces):
    if len(pieces) == 1:
        return pieces[0]
    return Block(*(np.concatenate(arrays) for arrays in zip(*pieces, strict=True)))
