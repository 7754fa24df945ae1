"""Numbers that change from epoch to epoch: learning rates and momentum."""

import math
import numbers

from dpmix.base.checks import check_choice, check_real
from dpmix.base.errors import InputError, InputTypeError

__all__ = ["SCHEDULES", "check_per_epoch", "check_schedule", "per_epoch", "schedule_factor"]

SCHEDULES = ("constant", "linear", "cosine", "inverse")


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
        raise InputTypeError(f"{name} must be a number or a sequence of numbers; got {value!r}") from error
    if not values:
        raise InputError(f"{name} must hold at least one number; got {value!r}")
    for number in values:
        check_real(name, number, low=low, below=below)
    return value


def per_epoch(value, epoch):
    """The number of `epoch`, counted from 0, of what `check_per_epoch` passed."""
    return float(value) if isinstance(value, numbers.Real) else float(value[min(epoch, len(value) - 1)])
