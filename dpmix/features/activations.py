"""Activations of network layers, in place, and the derivatives that backpropagation multiplies by.

Each activation is a pair of functions: ``forward(z)`` overwrites the inputs of the units with their
activations, ``backward(delta, a)`` multiplies in place the gradient with respect to the activations
`a` by the derivative, which leaves the gradient with respect to the inputs.
"""

import numpy as np
from scipy.special import expit

from dpmix.kernels.units import BLOCK, sigmoid_array

__all__ = ["ACTIVATIONS", "sigmoid"]


def sigmoid(z):
    """Overwrite the contiguous array `z` with 1 / (1 + exp(-z)) and return it."""
    if z.dtype == np.float32:
        sigmoid_array(z.reshape(-1), np.empty((3, BLOCK), np.float32))
        return z
    return expit(z, out=z)  # float64 is used where gradients are compared with differences


def _sigmoid_backward(delta, a):
    delta *= a - a * a


def _tanh(z):
    return np.tanh(z, out=z)


def _tanh_backward(delta, a):
    delta *= 1 - a * a


def _relu(z):
    return np.maximum(z, 0, out=z)


def _relu_backward(delta, a):
    delta *= a > 0


def _linear(z):
    return z


def _linear_backward(delta, a):
    pass


def _softmax(z):
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    return z


def _softmax_backward(delta, a):
    delta *= a
    delta -= a * delta.sum(axis=1, keepdims=True)


ACTIVATIONS = {
    "sigmoid": (sigmoid, _sigmoid_backward),
    "tanh": (_tanh, _tanh_backward),
    "relu": (_relu, _relu_backward),
    "linear": (_linear, _linear_backward),
    "softmax": (_softmax, _softmax_backward),
}
