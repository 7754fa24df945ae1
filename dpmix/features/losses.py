"""Losses of a network's output against targets, and their gradients.

The loss of a mini-batch is the mean over its rows. ``sum_loss(a, t)`` is the sum over rows, and
``gradient(a, t)`` the derivative of each row's loss with respect to the outputs `a`. Where activation
and loss match (sigmoid and cross-entropy, softmax and log loss, linear and squared error), the
gradient with respect to the *inputs* of the output units is simply a - t, without the quotients
that could overflow.
"""

import numpy as np

__all__ = ["LOSSES", "input_gradient"]

_SMALLEST = 1e-7  # outputs are brought this far from 0 and 1 before their logarithm is taken


def _squared_error(a, t):
    return 0.5 * float(np.square(a - t).sum(dtype=np.float64))


def _squared_error_gradient(a, t):
    return a - t


def _cross_entropy(a, t):
    p = np.clip(a, _SMALLEST, 1 - _SMALLEST)
    return -float((t * np.log(p) + (1 - t) * np.log1p(-p)).sum(dtype=np.float64))


def _cross_entropy_gradient(a, t):
    p = np.clip(a, _SMALLEST, 1 - _SMALLEST)
    return (p - t) / (p * (1 - p))


def _log_loss(a, t):
    return -float((t * np.log(np.maximum(a, _SMALLEST))).sum(dtype=np.float64))


def _log_loss_gradient(a, t):
    return -t / np.maximum(a, _SMALLEST)


LOSSES = {
    "squared_error": (_squared_error, _squared_error_gradient),
    "cross_entropy": (_cross_entropy, _cross_entropy_gradient),
    "log_loss": (_log_loss, _log_loss_gradient),
}
_MATCHING = {("squared_error", "linear"), ("cross_entropy", "sigmoid"), ("log_loss", "softmax")}


def input_gradient(loss, activation, backward, a, t):
    """Gradient of each row's loss with respect to the inputs of the output units, a new array.

    Parameters
    ----------
    loss, activation : str
    backward : callable
        That of the activation.
    a, t : numpy.ndarray (b, k)
        Outputs and targets.
    """
    if (loss, activation) in _MATCHING:
        return a - t
    delta = LOSSES[loss][1](a, t)
    backward(delta, a)
    return delta
