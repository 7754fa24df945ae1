"""Training in epochs: rows set aside, rates that change, when to stop, and the one loop over the epochs.

What an epoch does to a machine or a network is the business of a *trainer* in either wing; see `run_epochs`.
"""

import math
import numbers
import time
from collections import deque

import numpy as np

from dpmix.base.checks import check_choice, check_count, check_real
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.progress import EpochBar
from dpmix.base.text import shown
from dpmix.base.wording import Wording
from dpmix.features.interruption import NeverHeld

__all__ = [
    "SCHEDULES",
    "Diverged",
    "EarlyStopping",
    "Plateau",
    "check_per_epoch",
    "check_plateau",
    "check_schedule",
    "one_epoch",
    "per_epoch",
    "run_epochs",
    "schedule_factor",
    "split_rows",
]

SCHEDULES = ("constant", "linear", "cosine", "inverse")


class Diverged(InputError):
    """The learning rate is so high that training left the finite numbers."""


def run_epochs(
    trainer,
    n_epochs,
    learning_rate,
    schedule="constant",
    title=None,
    stopping=None,
    plateau=None,
    interruption=None,
):
    """Let `trainer` pass over its images again and again; with `stopping` its best parameters stay.

    Parameters
    ----------
    trainer : object
        With ``parameters``, a list of the arrays that are trained in place; ``state``, a list of these and of
        what else training changes and leaves behind; ``run_epoch(epoch, rate)``, which
        trains and returns figures; ``watch()``, which returns more figures and does not count as training;
        ``objective(figures)``, what `stopping` wants to fall; and ``diverged(epoch, rate)``,
        which returns a `Diverged`, with the epoch counted from 1.
    n_epochs : int
    learning_rate : float
    schedule : str or callable
        See `schedule_factor`.
    title : str, optional
        What progress on stderr calls the training; None for none.
    stopping : object, optional
        With ``update(loss)`` and ``improved`` as `EarlyStopping` has them.
    plateau : Plateau, optional
        Given the figure ``mean_squared_error``.
    interruption : dpmix.features.interruption.Interruption, optional
        What Ctrl-C is told to; without one it is a KeyboardInterrupt as ever. Of an epoch that it ends nothing
        stays.

    Returns
    -------
    dict of str to list of float
        Per epoch ``learning_rate``, ``seconds``, and the figures of the trainer.

    Raises
    ------
    Diverged
        The learning rate is too high.
    """
    interruption = NeverHeld() if interruption is None else interruption
    n_epochs = 0 if interruption.happened else n_epochs
    course = _Course(trainer, stopping, plateau)
    with EpochBar(title, n_epochs, show=title is not None) as bar, interruption.held():
        for epoch in range(n_epochs):
            started = time.perf_counter()
            rate = learning_rate * schedule_factor(schedule, epoch, n_epochs)
            trained = one_epoch(trainer, epoch, rate)
            figures = {"learning_rate": rate, "seconds": time.perf_counter() - started} | trained
            figures |= trainer.watch()
            course.add(figures)
            interruption.n_done += 1
            bar.update(**figures)
            if course.enough:
                break
    course.settle(interruption.happened)
    return course.history()


class _Course:
    """The epochs that are done: their figures, and copies of what stays if Ctrl-C or `stopping` ends the training."""

    def __init__(self, trainer, stopping, plateau):
        self._trainer, self._stopping, self._plateau = trainer, stopping, plateau
        self._figures, self._best = [], None
        self._kept = (0, _copies(trainer.state))  # epochs done, and what they left; assigned together
        self.enough = False

    def add(self, figures):
        """Note one more epoch, and whether it was the last one."""
        self._figures.append(figures)
        self._kept = (len(self._figures), _copies(self._trainer.state))
        stopping, plateau = self._stopping, self._plateau
        self.enough = stopping is not None and stopping.update(self._trainer.objective(figures))
        if stopping is not None and stopping.improved:
            self._best = _copies(self._trainer.parameters)
        if plateau is not None:
            self.enough = plateau.update(figures["mean_squared_error"]) or self.enough

    def settle(self, interrupted):
        """Leave the trainer as after the last epoch that is done, with the parameters of the best one."""
        if interrupted:
            _restore(self._trainer.state, self._kept[1])
        if self._best is not None:
            _restore(self._trainer.parameters, self._best)

    def history(self):
        """The figures of all epochs, by name."""
        found = {}
        for figures in self._figures[: self._kept[0]]:
            for name, value in figures.items():
                found.setdefault(name, []).append(value)
        return found


def _copies(arrays):
    return [array.copy() for array in arrays]


def _restore(arrays, copies):
    for array, values in zip(arrays, copies, strict=True):
        array[...] = values


def one_epoch(trainer, epoch, rate):
    """One pass, of number `epoch` from 0, and its figures; raises ``trainer.diverged()`` if it failed."""
    with np.errstate(over="ignore", invalid="ignore"):  # reported below, with the way out
        figures = trainer.run_epoch(epoch, rate)
    if not all(np.isfinite(part).all() for part in (*figures.values(), *trainer.parameters)):
        raise trainer.diverged(epoch + 1, rate)
    return figures


def check_schedule(name, value):
    """Check a learning-rate schedule: one of `SCHEDULES` or a function of (epoch, n_epochs)."""
    if not callable(value):
        check_choice(name, value, SCHEDULES)
    return value


def schedule_factor(schedule, epoch, n_epochs):
    """What the learning rate is multiplied by in `epoch`, counted from 0, of `n_epochs`.

    ``"linear"`` and ``"cosine"`` fall from 1 towards 0, ``"inverse"`` is 1 / (1 + epoch), and a function
    is called with both numbers.

    Examples
    --------
    >>> [schedule_factor("linear", epoch, 4) for epoch in range(4)]
    [1.0, 0.75, 0.5, 0.25]
    """
    if callable(schedule):
        return check_real("schedule(epoch, n_epochs)", schedule(epoch, n_epochs), low=0)
    past = epoch / n_epochs
    return {
        "constant": 1.0,
        "linear": 1.0 - past,
        "cosine": 0.5 + 0.5 * math.cos(math.pi * past),
        "inverse": 1.0 / (1.0 + epoch),
    }[schedule]


def check_per_epoch(name, value, low=0.0, below=math.inf):
    """Check a number, or a sequence of one number per epoch of which the last one stays."""
    values = [value] if isinstance(value, numbers.Real) else value
    try:
        values = list(values)
    except TypeError as error:
        raise InputTypeError(
            f"{name} must be a number or a sequence of numbers; got {shown(value)}"
        ) from error
    if not values:
        raise InputError(f"{name} must hold at least one number; got {shown(value)}")
    for number in values:
        check_real(name, number, low=low, below=below)
    return value


def per_epoch(value, epoch):
    """The number of `epoch`, counted from 0, of what `check_per_epoch` passed."""
    return float(value) if isinstance(value, numbers.Real) else float(value[min(epoch, len(value) - 1)])


class EarlyStopping:
    """Stop when a loss on validation data has not fallen for some epochs.

    Parameters
    ----------
    patience : int
        Epochs without improvement that are borne.
    tolerance : float, default 0
        Smallest fall that counts as an improvement.

    Attributes
    ----------
    best : float
        Lowest loss so far.
    improved : bool
        Whether the last loss was that.

    Examples
    --------
    >>> stopping = EarlyStopping(patience=2)
    >>> [stopping.update(loss) for loss in (3.0, 2.0, 2.5, 2.1)]
    [False, False, False, True]
    """

    def __init__(self, patience, tolerance=0.0):
        self.best = float("inf")
        self.improved = False
        self._patience = patience
        self._tolerance = tolerance
        self._waited = 0

    @classmethod
    def of(cls, estimator):
        """What the parameters of `estimator` ask for, or None."""
        return cls(estimator.n_iter_no_change, estimator.tol) if estimator.early_stopping else None

    def update(self, loss):
        """Note the `loss` of one more epoch and return whether to stop."""
        self.improved = loss < self.best - self._tolerance
        self._waited = 0 if self.improved else self._waited + 1
        if self.improved:
            self.best = loss
        return self._waited >= self._patience


def check_plateau(name, value):
    """Return the arguments of a `Plateau`, a pair."""
    try:
        share, n_epochs = value
    except (TypeError, ValueError) as error:
        raise InputTypeError(f"{name} must be a pair (share, epochs) or None; got {shown(value)}") from error
    return check_real(f"share of {name}", share, low=0), check_count(f"epochs of {name}", n_epochs)


class Plateau:
    """Stop when an error has changed by less than some share of itself over the last epochs.

    Parameters
    ----------
    share : float, default 0.01
        Of the error `n_epochs` ago.
    n_epochs : int, default 5

    Examples
    --------
    >>> plateau = Plateau(0.01, 2)
    >>> [plateau.update(error) for error in (1.0, 0.9, 0.8, 0.895, 0.799)]
    [False, False, False, True, True]
    """

    def __init__(self, share=0.01, n_epochs=5):
        self._share = share
        self._errors = deque(maxlen=int(n_epochs) + 1)  # a deque takes no numpy integer

    def update(self, error):
        """Note the `error` of one more epoch and return whether to stop."""
        self._errors.append(error)
        first = self._errors[0]
        return len(self._errors) == self._errors.maxlen and abs(error - first) < self._share * first


def split_rows(n, fraction, rng):
    """Split 0..n - 1 at random: (indices to train on, about `fraction` * n to validate with), each sorted.

    Raises
    ------
    InputError
        There are too few rows for both.
    """
    n_held = max(1, round(fraction * n))
    if n_held >= n:
        raise InputError(
            Wording(
                "X must have rows to train on and rows to validate with; got {n} in all (n_samples={n}), "
                "which {early_stopping} splits",
                n=n,
            ),
            Wording("{no_early_stopping}"),
        )
    order = rng.permutation(n)
    return np.sort(order[n_held:]), np.sort(order[:n_held])
