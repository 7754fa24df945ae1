"""From activations of code units to bits: where they are cut, and what a bit stands for."""

import numpy as np

__all__ = ["bit_levels"]

_MIDDLE = {"sigmoid": 0.5, "tanh": 0.0}


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
