"""Values that are equal in theory and differ by rounding: they are to count as equal."""

import numpy as np

__all__ = ["levels"]


def levels(values, rounding):
    """Places of `values` in ascending order, from 0, in which values that rounding alone tells apart share one.

    Parameters
    ----------
    values : (m,) array of float
    rounding : float or (m,) array of float
        By how much two values may differ that are equal in theory.

    Returns
    -------
    (m,) int64

    Notes
    -----
    A place reaches from value to value as long as each step is rounding: values that are equal in theory are
    never parted, and others are joined only where they are as near as that.

    Examples
    --------
    >>> levels(np.array([0.3, 0.1, 0.1 + 0.2]), 1e-15).tolist()
    [1, 0, 1]
    """
    order = np.argsort(values, kind="stable")
    steps = np.diff(np.asarray(values)[order])
    allowed = np.broadcast_to(rounding, len(order))[order]
    places = np.empty(len(order), np.int64)
    places[order] = np.concatenate([[0], np.cumsum(steps > np.maximum(allowed[:-1], allowed[1:]))])
    return places
