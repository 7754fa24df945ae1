"""The training loop of networks: mini-batches, dropout, rates, validation, early stopping, history."""

import time
from typing import NamedTuple

import numpy as np

from dpmix.errors import InputError
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
    input_dropout, dropout : float
        Probability that an input, or a hidden unit, is set to 0 in training; others are scaled up.
    first : int
        Layers before this one stay as they are.
    """

    n_epochs: int
    batch_size: int
    learning_rate: float
    schedule: object = "constant"
    weight_decay: float = 0.0
    input_dropout: float = 0.0
    dropout: float = 0.0
    first: int = 0


def train(network, optimizer, x, t, plan, rng, stream, validation=None, stopping=None, bar=None):
    """Train `network` in place; with `stopping` the parameters of the best epoch stay.

    Parameters
    ----------
    network : dpmix.features.network.Network
    optimizer : object
        With a method `step` as `dpmix.features.optimizers.SGD` has it.
    x, t : numpy.ndarray (n, n_in) and (n, n_out)
        Inputs of any real dtype, and targets.
    plan : Plan
    rng : numpy.random.Generator
        For the order of rows.
    stream : dpmix.features.streams.UniformStream
        For dropout.
    validation : tuple of numpy.ndarray, optional
        Inputs and targets whose loss is computed after every epoch.
    stopping : object, optional
        With ``update(loss)`` and ``improved`` as `dpmix.features.stopping.EarlyStopping` has them; it is
        given the validation loss, or without validation the training loss.
    bar : dpmix.features.progress.EpochBar, optional

    Returns
    -------
    dict of str to list of float
        Per epoch ``learning_rate``, ``seconds``, ``loss`` (mean over the mini-batches, as trained) and
        ``validation_loss``.

    Raises
    ------
    InputError
        The loss or the parameters were not finite: the learning rate is too high.
    """
    history, best = {}, None
    for epoch in range(plan.n_epochs):
        started = time.perf_counter()
        rate = plan.learning_rate * schedule_factor(plan.schedule, epoch, plan.n_epochs)
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, with the way out
            loss = _epoch(network, optimizer, x, t, plan, rate, rng, stream)
        if not (np.isfinite(loss) and np.isfinite(network.parameters).all()):
            raise InputError(
                f"learning_rate is too high: training diverged in epoch {epoch + 1} at {rate:g}; "
                "use a tenth of it, or scale X to [0, 1] or to zero mean and unit variance"
            )
        figures = {"learning_rate": rate, "seconds": time.perf_counter() - started, "loss": loss}
        if validation is not None:
            figures["validation_loss"] = network.mean_loss(*validation)
        for name, value in figures.items():
            history.setdefault(name, []).append(value)
        if bar is not None:
            bar.update(**figures)
        if stopping is not None:
            enough = stopping.update(figures.get("validation_loss", loss))
            if stopping.improved:
                best = network.parameters.copy()
            if enough:
                break
    if best is not None:
        network.parameters[...] = best
    return history


def _epoch(network, optimizer, x, t, plan, rate, rng, stream):
    """One pass over all rows in random order; return the mean loss."""
    parts = network.trained_parts(plan.first, plan.weight_decay)
    order = rng.permutation(len(x))
    total = 0.0
    for start in range(0, len(x), plan.batch_size):
        rows = order[start : start + plan.batch_size]
        inputs, targets = x[rows].astype(network.parameters.dtype, copy=False), t[rows]
        masks = _masks(network, plan, len(rows), stream)
        activations = network.forward(inputs, masks)
        network.backward(activations, targets, masks, plan.first)
        optimizer.step(network.parameters, network.gradient, rate, parts)
        total += network.sum_loss(activations[-1], targets)
    return total / len(x)


def _masks(network, plan, n_rows, stream):
    """Dropout factors of the input and of every hidden layer, or None for none at all."""
    if not plan.input_dropout and not plan.dropout:
        return None
    masks = []
    for ix, spec in enumerate(network.specs):
        rate = plan.dropout if ix else plan.input_dropout
        mask = np.empty((n_rows, spec.n_in), np.float32) if rate else None
        if rate:
            stream.fill(mask)
            np.greater(mask, rate, out=mask)
            mask *= np.float32(1 / (1 - rate))
        masks.append(mask)
    return masks
