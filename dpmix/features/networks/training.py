"""The training of networks: mini-batches, noise, dropout and backpropagation in an epoch, and validation."""

from typing import NamedTuple

import numpy as np

from dpmix.base.wording import Wording
from dpmix.datasets.noise import apply_noise
from dpmix.features.epochs import Diverged, run_epochs
from dpmix.features.networks.losses import sparsity_gradient, sum_of_squares
from dpmix.features.products import RowList

__all__ = ["Plan", "train"]


class Plan(NamedTuple):
    """How `train` goes about it.

    Attributes
    ----------
    n_epochs, batch_size : int
    learning_rate : float
    schedule : str or callable
        See `dpmix.features.epochs.schedule_factor`.
    weight_decay : float
        Fraction of the weights taken away per unit of learning rate; biases are left alone.
    input_dropout : float
        Probability that an input is set to 0 in training; others are scaled up.
    dropout : float or tuple of float
        The same of hidden units: of all, or of each hidden layer.
    first : int
        Layers before this one stay as they are.
    corrupt : callable or None
        Called with the inputs of a mini-batch (b, n_in), read-only, and a `numpy.random.Generator`: returns
        the noisy inputs to train on, a new array. So noise is drawn afresh in every epoch.
    sparsity : tuple or None
        (layer, target, cost): adds ``cost`` times the sum over that layer's sigmoid units of
        KL(target || mean activity) to the loss of a mini-batch.
    errors : bool
        Whether the history has the mean squared error per output too.
    title : str or None
        What progress on stderr calls the training; None for none.
    """

    n_epochs: int
    batch_size: int
    learning_rate: float
    schedule: object = "constant"
    weight_decay: float = 0.0
    input_dropout: float = 0.0
    dropout: float | tuple = 0.0
    first: int = 0
    corrupt: object = None
    sparsity: tuple | None = None
    errors: bool = False
    title: str | None = None


def train(
    network,
    optimizer,
    x,
    t,
    plan,
    rng,
    stream,
    validation=None,
    stopping=None,
    plateau=None,
    interruption=None,
):
    """Train `network` in place; with `stopping` the parameters of the best epoch stay.

    Parameters
    ----------
    network : dpmix.features.networks.network.Network
    optimizer : object
        With a method `step` as `dpmix.features.optimizers.SGD` has it.
    x, t : numpy.ndarray (n, n_in) and (n, n_out)
        Inputs of any real dtype, and targets; the same array where the input is to be reproduced.
    plan : Plan
    rng : numpy.random.Generator
        For the order of rows, and for `corrupt`.
    stream : dpmix.features.streams.UniformStream
        For dropout.
    validation : tuple of numpy.ndarray, optional
        Inputs and targets whose loss is computed after every epoch.
    stopping, plateau, interruption : optional
        As `dpmix.features.epochs.run_epochs` takes them. The first is given the validation loss, or without
        validation the training loss; the second needs `plan.errors`.

    Returns
    -------
    dict of str to list of float
        Per epoch ``learning_rate``, ``seconds``, ``loss`` (mean over the mini-batches, as trained),
        ``validation_loss``, and with `plan.errors` ``mean_squared_error`` and
        ``validation_mean_squared_error``, per output.

    Raises
    ------
    Diverged
        The loss or the parameters were not finite: the learning rate is too high.
    """
    trainer = _Trainer(network, optimizer, x, t, plan, rng, stream, validation)
    return run_epochs(
        trainer, plan.n_epochs, plan.learning_rate, plan.schedule, plan.title, stopping, plateau, interruption
    )


class _Trainer:
    """What an epoch does to `network`, for `run_epochs`; mini-batches stand in buffers used again."""

    def __init__(self, network, optimizer, x, t, plan, rng, stream, validation):
        self._network, self._optimizer, self._plan = network, optimizer, plan
        self._x, self._t, self._validation = x, t, validation
        self._rng, self._stream = rng, stream
        self.parameters = self.state = [network.parameters]
        self._size, dtype = min(plan.batch_size, len(x)), network.parameters.dtype
        self._table = np.empty((self._size, x.shape[1]), dtype)
        self._listed = RowList(self._table) if dtype == np.float32 and plan.first == 0 else None

    def diverged(self, epoch, rate):
        """The error for parameters or figures that are not finite in `epoch`."""
        text = Wording(
            "{learning_rate} is too high: training diverged in epoch {epoch} at {rate:g}",
            epoch=epoch,
            rate=rate,
        )
        remedy = "use a tenth of it, or scale X to [0, 1] or to zero mean and unit variance"
        return Diverged(text, remedy)

    def run_epoch(self, epoch, rate):
        """One pass over all rows in random order; return its figures."""
        network, n = self._network, len(self._x)
        parts = network.trained_parts(self._plan.first, self._plan.weight_decay)
        order = self._rng.permutation(n)
        total = squares = 0.0
        for start in range(0, n, self._size):
            output, targets = self._descend(order[start : start + self._size])
            self._optimizer.step(network.parameters, network.gradient, rate, parts)
            total += network.sum_loss(output, targets)
            if self._plan.errors:
                squares += sum_of_squares(output, targets)
        return self._figures("", total / n, squares / (n * network.specs[-1].n_out))

    def watch(self):
        """The figures of validation."""
        if self._validation is None:
            return {}
        return self._figures("validation_", *self._network.evaluate(*self._validation))

    def objective(self, figures):
        """What early stopping wants to fall."""
        return figures.get("validation_loss", figures["loss"])

    def _figures(self, prefix, loss, error):
        figures = {prefix + "loss": loss}
        return figures | {prefix + "mean_squared_error": error} if self._plan.errors else figures

    def _descend(self, rows):
        """Fill the gradient for a mini-batch; return its outputs and targets."""
        network, plan = self._network, self._plan
        masks = _masks(network, plan, len(rows), self._stream)
        inputs, targets = self._batch(rows, None if masks is None else masks[0])
        if masks is not None:
            masks[0] = None  # the inputs have been multiplied by it
        activations = network.forward(inputs, masks, self._listed)
        push = _push(plan, activations)
        network.backward(activations, targets, masks, plan.first, self._listed, push)
        return activations[-1], targets

    def _batch(self, rows, mask):
        """Inputs, noise added, and targets of these rows; `mask` is a factor of the inputs."""
        values = self._x[rows].astype(self._table.dtype, copy=False)
        targets = values if self._t is self._x else self._t[rows]
        if self._plan.corrupt is not None:
            values = apply_noise("corruption", self._plan.corrupt, values, self._rng)
        inputs = self._table[: len(rows)]
        if mask is None:
            inputs[...] = values
        else:
            np.multiply(values, mask, out=inputs)
        if self._listed is not None:
            self._listed.listed(0, len(rows))
        return inputs, targets


def _push(plan, activations):
    """The gradient of the penalty on activity, as `Network.backward` takes it."""
    if plan.sparsity is None:
        return None
    layer, target, cost = plan.sparsity
    a = activations[layer + 1]
    return layer + 1, (cost / len(a)) * sparsity_gradient(a, target)


def _masks(network, plan, n_rows, stream):
    """Dropout factors of the input and of every hidden layer, or None for none at all."""
    hidden = plan.dropout if isinstance(plan.dropout, tuple) else (plan.dropout,) * (len(network.specs) - 1)
    rates = (plan.input_dropout, *hidden)
    if not any(rates):
        return None
    masks = []
    for spec, rate in zip(network.specs, rates, strict=True):
        mask = np.empty((n_rows, spec.n_in), np.float32) if rate else None
        if rate:
            stream.fill(mask)
            np.greater(mask, rate, out=mask)
            mask *= np.float32(1 / (1 - rate))
        masks.append(mask)
    return masks
