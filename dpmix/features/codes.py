"""Numbers, bits and decisions: codes that decoders are given, bits of codes, pixels that outputs decide."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import Real
from dpmix.base.checks import check_real
from dpmix.base.errors import InputError

__all__ = ["bit_levels", "check_codes", "check_thresholds", "ternary"]

_MIDDLE = {"sigmoid": 0.5, "tanh": 0.0}


def check_codes(codes, k):
    """Return `codes` as an array (n, k) of finite numbers, which is what a decoder of `k` units takes."""
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.shape[1] != k:
        raise InputError(f"codes must have shape (n, {k}), as transform gives them; got {codes.shape}")
    if codes.dtype.kind not in "biuf" or not np.isfinite(codes).all():
        raise InputError("codes must hold finite numbers; encode images with transform")
    return codes


def bit_levels(codes, activation):
    """Threshold of each code unit, and its mean activation below and above.

    Parameters
    ----------
    codes : numpy.ndarray (n, k)
        Activations of training images.
    activation : str
        Sigmoid units are cut at 0.5 and tanh units at 0; others at the median of each.

    Returns
    -------
    thresholds : numpy.ndarray (k,) of float32
    levels : numpy.ndarray (2, k) of float32
        Where there is no activation on one side, its level is the threshold.

    Examples
    --------
    >>> bit_levels(np.array([[0.0, 1.0], [0.0, 2.0], [3.0, 4.0]]), "relu")[1]
    array([[0. , 1.5],
           [3. , 4. ]], dtype=float32)
    """
    if activation in _MIDDLE:
        thresholds = np.full(codes.shape[1], _MIDDLE[activation], np.float32)
    else:
        thresholds = np.median(codes, axis=0).astype(np.float32)
    above = codes > thresholds
    levels = np.empty((2, codes.shape[1]), np.float32)
    for level, side in zip(levels, (~above, above), strict=True):
        n = side.sum(axis=0)
        total = np.where(side, codes, 0).sum(axis=0, dtype=np.float64)
        level[...] = np.where(n > 0, total / np.maximum(n, 1), thresholds)
    return thresholds, levels


def ternary(p: ArrayLike, low: Real = 0.25, high: Real = 0.75) -> NDArray[np.int8]:
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
    low, high = check_thresholds("thresholds", (low, high))
    p = np.asarray(p)
    out = np.full(p.shape, -1, np.int8)
    out[p < low] = 0
    out[p > high] = 1
    return out


def check_thresholds(name, value):
    """Return `value` as a pair of floats, the first not above the second."""
    try:
        low, high = value
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be a pair (low, high); got {value!r}") from error
    low, high = check_real(name, low), check_real(name, high)
    if low > high:
        raise InputError(f"{name} must be (low, high) in this order; got {value!r}")
    return low, high
