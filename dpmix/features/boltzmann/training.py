"""The epochs of a restricted Boltzmann machine: order, rates, figures after each, when to stop."""

import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from dpmix.base.errors import InputError
from dpmix.base.wording import Wording
from dpmix.features.boltzmann.contrastive import ContrastiveDivergence
from dpmix.features.boltzmann.energy import (
    ROWS,
    free_energy,
    hidden_means,
    pseudo_log_likelihood,
    visible_means,
)
from dpmix.features.progress import EpochBar
from dpmix.features.schedules import per_epoch, schedule_factor
from dpmix.features.stopping import EarlyStopping

__all__ = ["Trainer", "warn_of_poor_fit"]

_PARAMETERS = ("weights", "visible_bias", "hidden_bias")
_POOR, _NOTABLE = 1.2, 0.01  # times the error of the mean image, plus this much: what learns is below


class Trainer:
    """Trains `machine` in place as the parameters of the estimator `rbm` say.

    Parameters
    ----------
    rbm : BernoulliRBM
        Its parameters have been checked.
    settings : dpmix.features.boltzmann.contrastive.Settings
    machine : dpmix.features.boltzmann.contrastive.Machine
    rng : numpy.random.Generator or None
        For the order of images and the choice of those to monitor; None leaves them in order.
    """

    def __init__(self, rbm, settings, machine, rng):
        self._rbm, self._settings, self._machine, self._rng = rbm, settings, machine, rng

    def run(self, x, held):
        """Train on images `x` (n, d), watched on images `held` or None; return history and epochs done."""
        rbm = self._rbm
        history = {}
        stopping = EarlyStopping(rbm.n_iter_no_change, rbm.tol) if rbm.early_stopping else None
        best = None
        n_held = max(rbm.monitor_size, ROWS if rbm.early_stopping else 0)
        watched = self._choose(x, rbm.monitor_size), None if held is None else self._choose(held, n_held)
        with EpochBar("RBM", rbm.n_iter, rbm.verbose) as bar:
            for epoch in range(rbm.n_iter):
                started = time.perf_counter()
                rate = rbm.learning_rate * schedule_factor(rbm.schedule, epoch, rbm.n_iter)
                self.run_epoch(x, rate, per_epoch(rbm.momentum, epoch), epoch)
                figures = {"learning_rate": rate, "seconds": time.perf_counter() - started}
                figures |= _quality(self._machine, *watched)
                for name, value in figures.items():
                    history.setdefault(name, []).append(value)
                bar.update(**figures)
                if stopping is not None:
                    enough = stopping.update(-figures["validation_pseudo_likelihood"])
                    if stopping.improved:
                        best = [getattr(self._machine, name).copy() for name in _PARAMETERS]
                    if enough:
                        break
        if best is not None:
            for name, values in zip(_PARAMETERS, best, strict=True):
                getattr(self._machine, name)[...] = values
        return history, epoch + 1

    def run_epoch(self, x, rate, momentum, epoch=0):
        """One pass over `x` in mini-batches."""
        size = min(self._rbm.batch_size, len(x))
        updates = ContrastiveDivergence(self._machine, self._settings, size)
        order = None if self._rng is None or not self._rbm.shuffle else self._rng.permutation(len(x))
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, with the way out
            for first in range(0, len(x), size):
                part = slice(first, first + size)
                updates.update(x[part] if order is None else x[order[part]], rate, momentum)
        if not self._machine.is_finite():
            raise InputError(
                Wording(
                    "{learning_rate} is too high: the weights were not finite after epoch {epoch} at {rate:g}",
                    epoch=epoch + 1,
                    rate=rate,
                ),
                Wording("{calmer}"),
            )

    def _choose(self, x, size):
        """Up to `size` images of `x` that figures are computed from, the same in every epoch."""
        return x if size >= len(x) else x[np.sort(self._rng.choice(len(x), size, replace=False))]


def warn_of_poor_fit(machine, x, rate):
    """Warn where reconstructions of `x` are worse than the mean image."""
    error, baseline = _error(machine, x), float(x.var(axis=0, dtype=np.float64).mean())
    if error > _POOR * baseline + _NOTABLE:
        warnings.warn(
            Wording(
                "training diverged: the mean squared error of reconstructions, {error:.3g}, is above that of "
                "the mean image, {baseline:.3g}; lower {learning_rate} (now {rate:g}), or train longer",
                error=error,
                baseline=baseline,
                rate=rate,
            ),
            ConvergenceWarning,
            stacklevel=3,
        )


def _quality(machine, x, held):
    """The figures of `history_` other than time and rate."""
    figures = {}
    parameters = machine.weights, machine.visible_bias, machine.hidden_bias
    if len(x):
        figures["reconstruction_error"] = _error(machine, x)
        figures["pseudo_likelihood"] = float(pseudo_log_likelihood(*parameters, x).mean())
    if held is not None and len(held):
        figures["validation_error"] = _error(machine, held)
        figures["validation_pseudo_likelihood"] = float(pseudo_log_likelihood(*parameters, held).mean())
        if len(x):
            gap = free_energy(*parameters, held).mean() - free_energy(*parameters, x).mean()
            figures["free_energy_gap"] = float(gap)
    return figures


def _error(machine, x):
    """Mean squared difference, per pixel, between images and their mean-field reconstruction."""
    h = hidden_means(machine.weights, machine.hidden_bias, x)
    v = visible_means(machine.weights, machine.visible_bias, h)
    v -= x
    return float(np.square(v, out=v).mean(dtype=np.float64))
