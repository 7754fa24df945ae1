"""The training loop of networks: mini-batches, noise, dropout, rates, validation, stopping, history."""

import time
from typing import NamedTuple

import numpy as np

from dpmix.base.errors import InputError
from dpmix.base.wording import Wording
from dpmix.datasets.noise import apply_noise
from dpmix.features.networks.losses import sparsity_gradient, sum_of_squares
from dpmix.features.products import RowList
from dpmix.features.schedules import schedule_factor

__all__ = ["Plan", "train"]


class Plan(NamedTuple):
    """How `train` goes about it.

    Attributes
    ----------
    n_epochs, batch_size : int
    learning_rate : float
    schedule : str or callable
        See `dpmix.features.schedules.schedule_factor`.
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


def train(
    network, optimizer, x, t, plan, rng, stream, validation=None, stopping=None, bar=None, plateau=None
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
    stopping : object, optional
        With ``update(loss)`` and ``improved`` as `dpmix.features.stopping.EarlyStopping` has them; it is
        given the validation loss, or without validation the training loss.
    bar : dpmix.features.progress.EpochBar, optional
    plateau : dpmix.features.stopping.Plateau, optional
        Given the mean squared error of training, which `plan.errors` asks for.

    Returns
    -------
    dict of str to list of float
        Per epoch ``learning_rate``, ``seconds``, ``loss`` (mean over the mini-batches, as trained),
        ``validation_loss``, and with `plan.errors` ``mean_squared_error`` and
        ``validation_mean_squared_error``, per output.

    Raises
    ------
    InputError
        The loss or the parameters were not finite: the learning rate is too high.
    """
    history, best = {}, None
    batches = _Batches(network, x, t, plan)
    for epoch in range(plan.n_epochs):
        started = time.perf_counter()
        rate = plan.learning_rate * schedule_factor(plan.schedule, epoch, plan.n_epochs)
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, with the way out
            figures = _epoch(network, optimizer, batches, rate, rng, stream)
        if not (np.isfinite(figures["loss"]) and np.isfinite(network.parameters).all()):
            raise InputError(
                Wording(
                    "{learning_rate} is too high: training diverged in epoch {epoch} at {rate:g}",
                    epoch=epoch + 1,
                    rate=rate,
                ),
                "use a tenth of it, or scale X to [0, 1] or to zero mean and unit variance",
            )
        figures = {"learning_rate": rate, "seconds": time.perf_counter() - started} | figures
        if validation is not None:
            figures |= _figures("validation_", plan, *network.evaluate(*validation))
        for name, value in figures.items():
            history.setdefault(name, []).append(value)
        if bar is not None:
            bar.update(**figures)
        enough = False
        if stopping is not None:
            enough = stopping.update(figures.get("validation_loss", figures["loss"]))
            if stopping.improved:
                best = network.parameters.copy()
        if plateau is not None:
            enough = plateau.update(figures["mean_squared_error"]) or enough
        if enough:
            break
    if best is not None:
        network.parameters[...] = best
    return history


def _figures(prefix, plan, loss, error):
    figures = {prefix + "loss": loss}
    return figures | {prefix + "mean_squared_error": error} if plan.errors else figures


class _Batches:
    """Mini-batches of `x` and `t` in buffers used again, noise added, and what is not zero listed."""

    def __init__(self, network, x, t, plan):
        self.n, self.plan = len(x), plan
        self.size = min(plan.batch_size, len(x))
        self._x, self._t = x, t
        self._dtype = network.parameters.dtype
        self._table = np.empty((self.size, x.shape[1]), self._dtype)
        self._listed = RowList(self._table) if self._dtype == np.float32 and plan.first == 0 else None

    def get(self, rows, mask, rng):
        """Inputs, their list or None, and targets of these rows; `mask` is a factor of the inputs."""
        values = self._x[rows].astype(self._dtype, copy=False)
        targets = values if self._t is self._x else self._t[rows]
        if self.plan.corrupt is not None:
            values = apply_noise("corruption", self.plan.corrupt, values, rng)
        inputs = self._table[: len(rows)]
        if mask is None:
            inputs[...] = values
        else:
            np.multiply(values, mask, out=inputs)
        if self._listed is not None:
            self._listed.listed(0, len(rows))
        return inputs, self._listed, targets


def _epoch(network, optimizer, batches, rate, rng, stream):
    """One pass over all rows in random order; return its figures."""
    plan = batches.plan
    parts = network.trained_parts(plan.first, plan.weight_decay)
    order = rng.permutation(batches.n)
    total = squares = 0.0
    for start in range(0, len(order), batches.size):
        rows = order[start : start + batches.size]
        masks = _masks(network, plan, len(rows), stream)
        inputs, listed, targets = batches.get(rows, None if masks is None else masks[0], rng)
        if masks is not None:
            masks[0] = None  # the inputs have been multiplied by it
        activations = network.forward(inputs, masks, listed)
        network.backward(activations, targets, masks, plan.first, listed, _push(plan, activations))
        optimizer.step(network.parameters, network.gradient, rate, parts)
        total += network.sum_loss(activations[-1], targets)
        if plan.errors:
            squares += sum_of_squares(activations[-1], targets)
    n_values = batches.n * network.specs[-1].n_out
    return _figures("", plan, total / batches.n, squares / n_values)


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
