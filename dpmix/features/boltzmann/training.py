"""An epoch of a restricted Boltzmann machine: the order of images, and the figures after it."""

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from dpmix.base.warn import warn_caller
from dpmix.base.wording import Wording
from dpmix.features.boltzmann.contrastive import ContrastiveDivergence
from dpmix.features.boltzmann.energy import (
    ROWS,
    free_energy,
    hidden_means,
    pseudo_log_likelihood,
    visible_means,
)
from dpmix.features.epochs import Diverged, per_epoch

__all__ = ["Trainer", "warn_of_poor_fit"]

_POOR, _NOTABLE = 1.2, 0.01  # times the error of the mean image, plus this much: what learns is below


class Trainer:
    """What an epoch does to a machine, for `dpmix.features.epochs.run_epochs`; parameters have been checked.

    Parameters
    ----------
    rbm : BernoulliRBM
    settings : dpmix.features.boltzmann.contrastive.Settings
    machine : dpmix.features.boltzmann.contrastive.Machine
        Trained in place.
    x : numpy.ndarray (n, d)
    held : numpy.ndarray (m, d), optional
        Images to watch the training with.
    rng : numpy.random.Generator, optional
        For the order of images and the choice of those to monitor; None leaves them in order.
    """

    def __init__(self, rbm, settings, machine, x, held=None, rng=None):
        self._rbm, self._settings, self._machine, self._rng = rbm, settings, machine, rng
        self._x = x
        self.parameters = [machine.weights, machine.visible_bias, machine.hidden_bias]
        self.state = [part.state if part is machine.stream else part for part in vars(machine).values()]
        if rng is not None:
            n_held = max(rbm.monitor_size, ROWS if rbm.early_stopping else 0)
            self._seen = self._choose(x, rbm.monitor_size)
            self._held = None if held is None else self._choose(held, n_held)

    def diverged(self, epoch, rate):
        """The error for parameters that are not finite after `epoch`."""
        text = Wording(
            "{learning_rate} is too high: the weights were not finite after epoch {epoch} at {rate:g}",
            epoch=epoch,
            rate=rate,
        )
        return Diverged(text, Wording("{calmer}"))

    def run_epoch(self, epoch, rate):
        """One pass over the images in mini-batches; it has no figures of its own."""
        x, momentum = self._x, per_epoch(self._rbm.momentum, epoch)
        size = min(self._rbm.batch_size, len(x))
        updates = ContrastiveDivergence(self._machine, self._settings, size)
        order = None if self._rng is None or not self._rbm.shuffle else self._rng.permutation(len(x))
        for first in range(0, len(x), size):
            part = slice(first, first + size)
            updates.update(x[part] if order is None else x[order[part]], rate, momentum)
        return {}

    def watch(self):
        """The figures of `history_` other than time and rate."""
        figures, x, held = {}, self._seen, self._held
        if len(x):
            figures["reconstruction_error"] = _error(self._machine, x)
            figures["pseudo_likelihood"] = self._mean(pseudo_log_likelihood, x)
        if held is not None and len(held):
            figures["validation_error"] = _error(self._machine, held)
            figures["validation_pseudo_likelihood"] = self._mean(pseudo_log_likelihood, held)
            if len(x):
                figures["free_energy_gap"] = self._mean(free_energy, held) - self._mean(free_energy, x)
        return figures

    def objective(self, figures):
        """What early stopping wants to fall."""
        return -figures["validation_pseudo_likelihood"]

    def _mean(self, score, x):
        return float(score(*self.parameters, x).mean())

    def _choose(self, x, size):
        """Up to `size` images of `x` that figures are computed from, the same in every epoch."""
        return x if size >= len(x) else x[np.sort(self._rng.choice(len(x), size, replace=False))]


def warn_of_poor_fit(machine, x, rate):
    """Warn where reconstructions of `x` are worse than the mean image."""
    error, baseline = _error(machine, x), float(x.var(axis=0, dtype=np.float64).mean())
    if error > _POOR * baseline + _NOTABLE:
        warn_caller(
            Wording(
                "training diverged: the mean squared error of reconstructions, {error:.3g}, is above that of "
                "the mean image, {baseline:.3g}; lower {learning_rate} (now {rate:g}), or train longer",
                error=error,
                baseline=baseline,
                rate=rate,
            ),
            ConvergenceWarning,
        )


def _error(machine, x):
    """Mean squared difference, per pixel, between images and their mean-field reconstruction."""
    h = hidden_means(machine.weights, machine.hidden_bias, x)
    v = visible_means(machine.weights, machine.visible_bias, h)
    v -= x
    return float(np.square(v, out=v).mean(dtype=np.float64))
