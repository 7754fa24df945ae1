"""What estimators made of one network have in common: their layers, their training, their file."""

import numpy as np
from numpy.typing import NDArray

from dpmix.features.checks import TRAINING, check_fraction, one_of
from dpmix.features.networks.network import LayerSpec, Network
from dpmix.features.networks.training import Plan
from dpmix.features.optimizers import SGD, Adam
from dpmix.features.storage import Persistent, take, take_layers

__all__ = ["NETWORK", "NetworkEstimator"]

NETWORK = TRAINING | {"solver": one_of("adam", "sgd"), "momentum": check_fraction}


class NetworkEstimator(Persistent):
    """An estimator whose training ends with `_network` set."""

    _learnt = "_network"
    _figure = "validation_loss"  # of tries of learning rates

    @property
    def _usual_rate(self):
        return 0.1 if self.solver == "sgd" else 0.001

    # Asked of the network each time, these stay its own arrays in copies, too.
    @property
    def coefs_(self) -> list[NDArray[np.float32]]:
        """Weights (n_in, n_out) of each layer."""
        return [layer.weights for layer in self._network.layers]

    @property
    def intercepts_(self) -> list[NDArray[np.float32]]:
        """Biases (n_out,) of each layer."""
        return [layer.bias for layer in self._network.layers]

    @property
    def activations_(self) -> list[str]:
        """Activation of each layer."""
        return [spec.activation for spec in self._network.specs]

    def _layers(self):
        """All layers from the input on: a list of (weights (n_in, n_out), bias (n_out,), activation)."""
        self._fitted()
        return list(zip(self.coefs_, self.intercepts_, self.activations_, strict=True))

    _all_layers = _layers

    def _plan(self, title):
        """What the parameters that all share say; `title` is shown if there is to be progress."""
        return Plan(
            self.n_iter,
            self.batch_size,
            self.learning_rate_,
            self.schedule,
            self.weight_decay,
            title=title if self.verbose else None,
        )

    def _optimizer(self, network):
        size, dtype = network.parameters.size, network.parameters.dtype
        return SGD(size, dtype, self.momentum) if self.solver == "sgd" else Adam(size, dtype)

    @classmethod
    def _with_network(cls, values, arrays, loss):
        """The estimator of a file, fitted as far as all of them are; errors where parts do not fit."""
        layers = take_layers(values["layers"], take(arrays, "parameters", np.float32, (-1,)))
        network = Network([LayerSpec(*layer) for layer in layers], loss)
        network.parameters[...] = take(arrays, "parameters", np.float32, network.parameters.shape)
        found = cls._with_course(values)
        found._network, found.n_features_in_ = network, network.specs[0].n_in
        return found
