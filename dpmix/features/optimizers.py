"""Optimisers: stochastic gradient descent with momentum, and Adam.

Both change a vector of parameters in place, given the gradient of what is minimised. `step` is
called with the slices of it to be changed and their weight decay, so that one optimiser trains the
whole network or only its last layers.
"""

import numpy as np

from dpmix.kernels.steps import adam_step, momentum_step

__all__ = ["SGD", "Adam", "momentum_update"]


def momentum_update(parameters, velocity, gradient, rate, momentum=0.0, decay=0.0):
    """One step of gradient descent with momentum, on contiguous arrays of one shape and dtype, in place."""
    scalar = parameters.dtype.type  # a float64 scalar would widen a float32 loop
    momentum_step(
        parameters.reshape(-1),
        velocity.reshape(-1),
        gradient.reshape(-1),
        scalar(rate),
        scalar(momentum),
        scalar(decay),
    )


class SGD:
    """Gradient descent with momentum; weight decay adds ``decay * parameters`` to the gradient.

    Parameters
    ----------
    size : int
        Length of the parameter vector.
    dtype : numpy.dtype
    momentum : float
    """

    def __init__(self, size, dtype, momentum=0.9):
        self._velocity = np.zeros(size, dtype)
        self._momentum = momentum

    def step(self, parameters, gradient, rate, parts):
        """Change `parameters` in place; `parts` are pairs of a slice and its weight decay."""
        for part, decay in parts:
            momentum_update(
                parameters[part], self._velocity[part], gradient[part], rate, self._momentum, decay
            )


class Adam:
    """Adam (Kingma and Ba 2015) with weight decay apart from the gradient (Loshchilov and Hutter 2019).

    Parameters
    ----------
    size : int
        Length of the parameter vector.
    dtype : numpy.dtype
    betas : tuple of float
        Decay rates of the running mean of gradients and of their squares.
    epsilon : float
    """

    def __init__(self, size, dtype, betas=(0.9, 0.999), epsilon=1e-8):
        self._mean = np.zeros(size, dtype)
        self._square = np.zeros(size, dtype)
        self._betas = betas
        self._epsilon = epsilon
        self._n_steps = 0

    def step(self, parameters, gradient, rate, parts):
        """Change `parameters` in place; `parts` are pairs of a slice and its weight decay."""
        self._n_steps += 1
        scalar = parameters.dtype.type
        betas = tuple(scalar(beta) for beta in self._betas)
        corrections = tuple(scalar(1.0 / (1.0 - beta**self._n_steps)) for beta in self._betas)
        for part, decay in parts:
            adam_step(
                parameters[part],
                self._mean[part],
                self._square[part],
                gradient[part],
                scalar(rate),
                betas,
                corrections,
                scalar(self._epsilon),
                scalar(decay),
            )
