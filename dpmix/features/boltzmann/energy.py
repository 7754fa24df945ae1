"""What a restricted Boltzmann machine says about images: free energy, pseudo-likelihood, mean fields.

Functions take the weights (d, h), visible bias (d,) and hidden bias (h,), all float32.
"""

import numpy as np

from dpmix.features.activations import sigmoid
from dpmix.kernels.pseudo_likelihood import add_pixel_log_odds
from dpmix.kernels.units import BLOCK, add_softplus_sums

__all__ = ["ROWS", "free_energy", "hidden_means", "pseudo_log_likelihood", "softplus_sums", "visible_means"]

ROWS = 1000  # images worked on at a time


def blocks(x):
    """The slices of the rows of `x` with their values as contiguous float32."""
    for first in range(0, len(x), ROWS):
        part = slice(first, first + ROWS)
        yield part, np.ascontiguousarray(x[part], np.float32)


def hidden_means(weights, hidden_bias, x):
    """P(h = 1 | x) (n, h) of images x (n, d), float32."""
    out = np.empty((len(x), weights.shape[1]), np.float32)
    for part, v in blocks(x):
        np.matmul(v, weights, out=out[part])
    out += hidden_bias
    return sigmoid(out)


def visible_means(weights, visible_bias, h):
    """P(v = 1 | h) (n, d) of hidden states or probabilities h (n, h), float32."""
    out = np.empty((len(h), weights.shape[0]), np.float32)
    for part, states in blocks(h):
        np.matmul(states, weights.T, out=out[part])
    out += visible_bias
    return sigmoid(out)


def softplus_sums(z, out=None, factor=1.0):
    """Add ``factor * sum_j log(1 + exp(z[i, j]))`` to out[i], by default zeros; z contiguous float32."""
    out = np.zeros(len(z)) if out is None else out
    add_softplus_sums(z, factor, out, np.empty((3, BLOCK), np.float32))
    return out


def free_energy(weights, visible_bias, hidden_bias, x):
    """F(x) = -log sum_h exp(-E(x, h)) (n,) in nats, float64; P(x) is proportional to exp(-F(x))."""
    out = np.empty(len(x))
    for part, v in blocks(x):
        out[part] = -softplus_sums(v @ weights + hidden_bias) - v @ visible_bias.astype(np.float64)
    return out


def pseudo_log_likelihood(weights, visible_bias, hidden_bias, x):
    """Sum over pixels of log P(pixel | all other pixels) (n,) in nats, float64.

    A pixel in between 0 and 1 counts as both in these shares.
    """
    d = len(weights)
    rows = np.ascontiguousarray(weights.T)
    work, sums = np.empty((4, d), np.float32), np.empty((3, d))
    out = np.empty(len(x))
    for part, v in blocks(x):
        inputs = v @ weights + hidden_bias
        log_odds = np.tile(visible_bias.astype(np.float64), (len(v), 1))
        for image, z, odds in zip(v, inputs, log_odds, strict=True):
            add_pixel_log_odds(image, z, rows, odds, work, sums)
        # log P(on) = -log(1 + exp(-odds)), log P(off) = -odds - log(1 + exp(-odds))
        out[part] = -((1 - v) * log_odds + np.logaddexp(0, -log_odds)).sum(axis=1)
    return out
