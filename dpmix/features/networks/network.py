"""A network of dense layers: forward pass, backpropagation, all parameters in one vector.

Weights and biases are views of one vector, their gradients of another, so that an optimiser, a copy of
the best epoch or a check of finiteness each take one operation. A layer can be *tied* to an earlier
one: it uses that one's weights transposed, and has a bias of its own.
"""

import itertools
import operator
from typing import NamedTuple

import numpy as np

from dpmix.base.memory import check_memory
from dpmix.features.activations import ACTIVATIONS
from dpmix.features.networks.losses import LOSSES, input_gradient, sum_of_squares

__all__ = ["LayerSpec", "Network"]

_ROWS = 1000  # rows worked on at a time outside of training
_VECTORS = (
    4  # of the size of the parameters: these, their gradient, what an optimiser and the last epoch keep
)


class LayerSpec(NamedTuple):
    """Form of a layer.

    Attributes
    ----------
    n_in, n_out : int
    activation : str
        One of `dpmix.features.activations.ACTIVATIONS`.
    tied_to : int or None
        Index of the layer whose weights this one transposes.
    """

    n_in: int
    n_out: int
    activation: str
    tied_to: int | None = None


class _Layer(NamedTuple):
    weights: np.ndarray
    bias: np.ndarray
    weights_gradient: np.ndarray
    bias_gradient: np.ndarray
    forward: object
    backward: object


class Network:
    """A network of dense layers.

    Parameters
    ----------
    specs : sequence of LayerSpec
        Each layer's `n_in` is the last one's `n_out`.
    loss : str
        One of `dpmix.features.networks.losses.LOSSES`.
    dtype : dtype
        float32, or float64 where gradients are compared with differences.

    Attributes
    ----------
    parameters, gradient : numpy.ndarray (m,)
        Layer by layer, weights (n_in, n_out) before bias (n_out,); zeros to begin with.
    layers : list
        ``weights``, ``bias`` and their gradients, views of the vectors.
    """

    def __init__(self, specs, loss, dtype=np.float32):
        self.specs, self.loss = tuple(specs), loss
        sizes = [0 if spec.tied_to is not None else spec.n_in * spec.n_out for spec in self.specs]
        ends = list(itertools.accumulate(map(operator.add, sizes, (spec.n_out for spec in self.specs))))
        sizes_out = tuple(spec.n_out for spec in self.specs[:-1])
        check_memory(_VECTORS * 4 * ends[-1], "hidden_layer_sizes", sizes_out, "use fewer hidden units")
        self.parameters, self.gradient = np.zeros(ends[-1], dtype), np.zeros(ends[-1], dtype)
        self.layers, self._parts = [], []
        for spec, size, end in zip(self.specs, sizes, ends, strict=True):
            bias = slice(end - spec.n_out, end)
            weights = slice(bias.start - size, bias.start)
            self._parts.append((weights, bias))
            self.layers.append(self._layer(spec, weights, bias))

    def __reduce__(self):  # a view would be copied as an array of its own: copies have theirs anew
        return _restored, (self.specs, self.loss, self.parameters)

    def _layer(self, spec, weights, bias):
        if spec.tied_to is None:
            views = [
                vector[weights].reshape(spec.n_in, spec.n_out) for vector in (self.parameters, self.gradient)
            ]
        else:
            source = self.layers[spec.tied_to]
            views = [source.weights.T, source.weights_gradient.T]
        return _Layer(
            views[0], self.parameters[bias], views[1], self.gradient[bias], *ACTIVATIONS[spec.activation]
        )

    def initialize(self, rng):
        """Draw weights uniformly as Glorot and Bengio (2010) do, or He et al. (2015) for ReLU; biases 0."""
        for spec, layer in zip(self.specs, self.layers, strict=True):
            if spec.tied_to is None:
                fans = spec.n_in if spec.activation == "relu" else (spec.n_in + spec.n_out) / 2
                limit = np.sqrt((6 if spec.activation == "relu" else 3) / fans)
                layer.weights[...] = rng.uniform(-limit, limit, layer.weights.shape)
            layer.bias[...] = 0

    def trained_parts(self, first, decay):
        """Pairs of slice and weight decay, as optimisers take them, of the layers from `first` on."""
        pairs = []
        for weights, bias in self._parts[first:]:
            if weights.stop > weights.start:
                pairs.append((weights, decay))
            pairs.append((bias, 0.0))
        return pairs

    def forward(self, x, masks=None, listed=None):
        """Activations of all layers for rows x (b, n_in), the input first.

        Parameters
        ----------
        x : numpy.ndarray (b, n_in)
        masks : sequence of numpy.ndarray or None, optional
            Factor of the input and of each hidden layer's activations: dropout. The input is not changed.
        listed : dpmix.features.products.RowList, optional
            Of a table whose first b rows are the input after dropout: where many are zero, it is faster.
        """
        activations = [x if masks is None or masks[0] is None else x * masks[0]]
        for ix, layer in enumerate(self.layers):
            if ix == 0 and listed is not None:
                z = np.empty((len(x), self.specs[0].n_out), x.dtype)
                listed.times(0, len(x), layer.weights, z)
            else:
                z = activations[-1] @ layer.weights
            z += layer.bias
            a = layer.forward(z)
            if masks is not None and ix + 1 < len(self.layers) and masks[ix + 1] is not None:
                a *= masks[ix + 1]
            activations.append(a)
        return activations

    def backward(self, activations, t, masks=None, first=0, listed=None, push=None):
        """Fill `gradient` with that of the mean loss over the rows, for the layers from `first` on.

        Parameters
        ----------
        activations : list
            What `forward` returned.
        t : numpy.ndarray (b, n_out)
            Targets.
        masks : sequence, optional
            Those of `forward`.
        first : int
            Layers before it are not trained, and their gradient is not computed.
        listed : dpmix.features.products.RowList, optional
            That of `forward`.
        push : tuple of int and numpy.ndarray (k,), optional
            Added to the gradient with respect to these activations, from a penalty on them.
        """
        last = len(self.layers) - 1
        delta = input_gradient(
            self.loss, self.specs[last].activation, self.layers[last].backward, activations[-1], t
        )
        delta *= delta.dtype.type(1.0 / len(t))
        for ix in range(last, first - 1, -1):
            layer = self.layers[ix]
            self._add_weights_gradient(ix, activations[ix], delta, listed)
            np.sum(delta, axis=0, out=layer.bias_gradient)
            if ix == first:
                break
            delta = delta @ layer.weights.T
            if push is not None and push[0] == ix:
                delta += push[1]
            mask = None if masks is None else masks[ix]
            if mask is None:
                self.layers[ix - 1].backward(delta, activations[ix])
            else:
                self._through_dropout(ix - 1, delta, activations[ix], mask)

    def _through_dropout(self, ix, delta, a, mask):
        """Backward through the activation of layer `ix` whose output `a` was multiplied by `mask`."""
        delta *= mask
        with np.errstate(divide="ignore", invalid="ignore"):
            kept = np.where(mask > 0, a / mask, 0).astype(a.dtype)
        self.layers[ix].backward(delta, kept)

    def _add_weights_gradient(self, ix, inputs, delta, listed):
        """Set, or for a layer that others are tied to add to, the gradient of the weights."""
        gradient = self.layers[ix].weights_gradient
        source = self.specs[ix].tied_to
        if source is not None:
            np.matmul(delta.T, inputs, out=self.layers[source].weights_gradient)
            return
        added_to = any(spec.tied_to == ix for spec in self.specs)
        out = np.empty_like(gradient) if added_to else gradient
        if ix == 0 and listed is not None:
            listed.transposed_times(len(inputs), delta, out)
        else:
            np.matmul(inputs.T, delta, out=out)
        if added_to:
            gradient += out

    def predict(self, x, start=0, stop=None):
        """Outputs (n, n_out) of rows `x` of any real dtype.

        Parameters
        ----------
        x : numpy.ndarray (n, k)
        start, stop : int, optional
            The layers that are passed, start..stop - 1, by default all: `x` is the input of the first of
            them, and the result the activations of the last.
        """
        specs, layers = self.specs[start:stop], self.layers[start:stop]
        out = np.empty((len(x), specs[-1].n_out), self.parameters.dtype)
        for first in range(0, len(x), _ROWS):
            part = slice(first, first + _ROWS)
            a = np.ascontiguousarray(x[part], self.parameters.dtype)
            for layer in layers:
                z = a @ layer.weights
                z += layer.bias
                a = layer.forward(z)
            out[part] = a
        return out

    def sum_loss(self, a, t):
        """Sum over rows of the loss of outputs `a` with targets `t`."""
        return LOSSES[self.loss][0](a, t)

    def evaluate(self, x, t):
        """Mean loss over rows `x` with targets `t`, and mean squared error per output."""
        loss = squares = 0.0
        for first in range(0, len(x), _ROWS):
            part = slice(first, first + _ROWS)
            a = self.predict(x[part])
            loss += self.sum_loss(a, t[part])
            squares += sum_of_squares(a, t[part])
        return loss / len(x), squares / (len(x) * self.specs[-1].n_out)

    def mean_loss(self, x, t):
        """Mean loss over rows `x` with targets `t`."""
        return self.evaluate(x, t)[0]


def _restored(specs, loss, parameters):
    """The network whose ``__reduce__`` gave these."""
    network = Network(specs, loss, parameters.dtype)
    network.parameters[...] = parameters
    return network
