"""Rows set aside to validate a training with."""

import numpy as np

from dpmix.base.errors import InputError
from dpmix.base.wording import Wording

__all__ = ["split_rows"]


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
