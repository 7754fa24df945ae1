"""Pixels that a probability decides, and those that it leaves undecided."""

import numpy as np

from dpmix.base.checks import check_real
from dpmix.base.errors import InputError

__all__ = ["check_thresholds", "ternary"]


def ternary(p, low=0.25, high=0.75):
    """1 where `p` is above `high`, 0 where it is below `low`, and -1, undecided, between.

    Parameters
    ----------
    p : array_like of float
        Probabilities, or outputs of an autoencoder.
    low, high : float
        With low <= high.

    Returns
    -------
    numpy.ndarray of int8
        In the shape of `p`.

    Raises
    ------
    InputError
        The thresholds are in the wrong order, or not numbers.

    Examples
    --------
    >>> ternary([0.1, 0.25, 0.5, 0.75, 0.9])
    array([ 0, -1, -1, -1,  1], dtype=int8)
    """
    low, high = check_thresholds((low, high))
    p = np.asarray(p)
    out = np.full(p.shape, -1, np.int8)
    out[p < low] = 0
    out[p > high] = 1
    return out


def check_thresholds(value):
    """Return `value` as a pair of floats, the first not above the second."""
    try:
        low, high = value
    except (TypeError, ValueError) as error:
        raise InputError(f"thresholds must be a pair (low, high); got {value!r}") from error
    low, high = check_real("thresholds", low), check_real("thresholds", high)
    if low > high:
        raise InputError(f"thresholds must be (low, high) in this order; got {value!r}")
    return low, high
