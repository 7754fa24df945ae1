"""Checks of what the extractors are given, with scikit-learn's rules and this package's errors."""

import numbers
import warnings

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from dpmix.base.checks import check_real
from dpmix.base.errors import InputError, InputTypeError
from dpmix.datasets.grey import GreyImages
from dpmix.datasets.images import Images

__all__ = [
    "check_fraction",
    "check_labelled",
    "check_not_negative",
    "check_sizes",
    "check_table",
    "check_visible",
    "input_errors",
]


class input_errors:
    """Inside this ``with`` block scikit-learn's errors about arguments become `InputError`."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, InputError) or error is None:
            return False
        if isinstance(error, TypeError):
            raise InputTypeError(str(error)) from error
        if isinstance(error, ValueError):
            raise InputError(str(error)) from error
        return False


def check_table(estimator, x, reset):
    """Return `x` (n, d) as float32, or as uint8 where it is bool or uint8 already.

    Parameters
    ----------
    estimator : sklearn.base.BaseEstimator
        Whose ``n_features_in_`` is set (`reset`) or compared.
    x : array_like (n, d), dpmix.Images or GreyImages
        Finite numbers.
    reset : bool

    Raises
    ------
    InputError
        NaN, infinite, masked, no rows, not two-dimensional, or of another width than in `fit`.
    InputTypeError
        Not numbers, or a sparse matrix.
    """
    x = _unwrapped(x)
    with input_errors():
        x = validate_data(
            estimator,
            x,
            reset=reset,
            dtype=[np.float32, np.uint8, np.bool_],
            order="C",
            ensure_all_finite=True,
        )
    return x.view(np.uint8) if x.dtype == np.bool_ else x


def check_labelled(estimator, x, y):
    """Return `x` as `check_table` does for `fit`, the classes (k,), and each row's class index (n,)."""
    x = _unwrapped(x)
    with input_errors():
        x, y = validate_data(estimator, x, y, dtype=[np.float32, np.uint8, np.bool_], order="C")
        check_classification_targets(y)
        classes, index = np.unique(y, return_inverse=True)
    return (x.view(np.uint8) if x.dtype == np.bool_ else x), classes, index


def _unwrapped(x):
    """The table of images; scikit-learn would take what a mask hides for data."""
    x = x.x if isinstance(x, (Images, GreyImages)) else x
    if np.ma.is_masked(x):
        raise InputError(
            "X must have no masked values, every pixel must be known here; fill them first, for instance "
            "by X.filled(0), or let a mixture complete them"
        )
    return x


def check_visible(estimator, x, reset, name="X"):
    """Return `x` as `check_table` does, its values in [0, 1]; others are clipped with a warning."""
    x = check_table(estimator, x, reset)
    low, high = x.min(), x.max()
    if low < 0 or high > 1:
        warnings.warn(
            f"{name} must hold values in [0, 1], probabilities that a visible unit is on; found {low:g} to "
            f"{high:g}, and values outside were clipped; scale them first, for instance with MinMaxScaler, "
            "or binarize them",
            DataConversionWarning,
            stacklevel=3,
        )
        x = np.clip(x, 0, 1)
    return x


def check_fraction(name, value):
    """Return `value` as a float of at least 0 and less than 1."""
    return check_real(name, value, low=0, below=1)


def check_not_negative(name, value):
    """Return `value` as a finite float of at least 0."""
    return check_real(name, value, low=0)


def check_sizes(name, value):
    """Return `value`, a positive integer or a sequence of them, as a tuple of int."""
    sizes = (value,) if isinstance(value, numbers.Integral) else value
    try:
        sizes = tuple(sizes)
    except TypeError as error:
        raise InputTypeError(f"{name} must be an integer or a sequence of them; got {value!r}") from error
    if not all(
        isinstance(size, numbers.Integral) and not isinstance(size, bool) and size >= 1 for size in sizes
    ):
        raise InputError(f"{name} must hold integers of at least 1; got {value!r}")
    return tuple(int(size) for size in sizes)
