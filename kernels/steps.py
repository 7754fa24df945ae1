"""Steps of gradient descent, each one pass over the parameters instead of one per operation.

Arrays and scalars are of one dtype, float32 or float64.
"""

import math

from dpmix.kernels.compile import kernel

__all__ = ["adam_step", "momentum_step"]


@kernel
def momentum_step(parameters, velocity, gradient, rate, momentum, decay):
    """``velocity = momentum velocity - rate (gradient + decay parameters)``, then add it.

    Parameters
    ----------
    parameters, velocity : (m,) float, changed in place
    gradient : (m,) float
        Of what is minimised.
    rate, momentum, decay : float
    """
    for j in range(parameters.size):
        velocity[j] = momentum * velocity[j] - rate * (gradient[j] + decay * parameters[j])
        parameters[j] += velocity[j]


@kernel
def adam_step(parameters, mean, square, gradient, rate, betas, corrections, epsilon, decay):
    """One step of Adam (Kingma and Ba 2015, Algorithm 1) with decoupled weight decay.

    Parameters
    ----------
    parameters, mean, square : (m,) float
        Parameters and the two running moments of their gradient; changed in place.
    gradient : (m,) float
        Of what is minimised.
    rate : float
    betas : tuple of two floats
        Decay rates of the two moments.
    corrections : tuple of two floats
        ``1 / (1 - beta ** t)`` of each at step t = 1, 2, ...
    epsilon : float
    decay : float
        Fraction of each parameter taken away per unit of `rate` (Loshchilov and Hutter 2019).
    """
    keep_mean, keep_square = betas
    scale_mean, scale_square = corrections
    one = parameters.dtype.type(1)
    for j in range(parameters.size):
        g = gradient[j]
        mean[j] = keep_mean * mean[j] + (one - keep_mean) * g
        square[j] = keep_square * square[j] + (one - keep_square) * g * g
        change = scale_mean * mean[j] / (math.sqrt(scale_square * square[j]) + epsilon)
        parameters[j] -= rate * (change + decay * parameters[j])
