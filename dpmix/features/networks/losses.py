"""Losses of a network's output against targets, and their gradients.

The loss of a mini-batch is the mean over its rows. ``sum_loss(a, t)`` is the sum over rows, and
``gradient(a, t)`` the derivative of each row's loss with respect to the outputs `a`. Where activation
and loss match (sigmoid and cross-entropy, softmax and log loss, linear and squared error), the
gradient with respect to the *inputs* of the output units is simply a - t, without the quotients
that could overflow.
"""

import numpy as np

__all__ = ["LOSSES", "input_gradient", "sparsity_gradient", "sum_of_squares"]

_SMALLEST = 1e-7  # outputs are brought this far from 0 and 1 before their logarithm is taken


def sum_of_squares(a, t):
    """Sum of the squared differences of two arrays (b, k)."""
    difference = (a - t).reshape(-1)
    return float(difference @ difference)  # float32 in several partial sums: right to some 1e-6


def _squared_error(a, t):
    return 0.5 * sum_of_squares(a, t)


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


def sparsity_gradient(a, target):
    """Derivative (k,) of the sum over units of KL(target || activity) by each unit's activity.

    The activity of a unit is its mean over the rows of `a` (b, k), in (0, 1) as sigmoid units have it, and
    KL the divergence of two Bernoulli distributions, nats.
    """
    activity = np.clip(a.mean(axis=0), _SMALLEST, 1 - _SMALLEST)
    return (1 - target) / (1 - activity) - target / activity
