"""Checks of what the extractors are given, with scikit-learn's rules and this package's errors."""

import numbers

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from dpmix.base.checks import check_bool, check_choice, check_count, check_positive, check_real
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.sklearn_manners import input_errors
from dpmix.base.text import shown
from dpmix.base.warn import warn_caller
from dpmix.datasets.grey import GreyImages
from dpmix.datasets.images import Images
from dpmix.features.epochs import check_schedule
from dpmix.features.rates import check_rate

__all__ = [
    "TRAINING",
    "check_fraction",
    "check_labelled",
    "check_not_negative",
    "check_parameters",
    "check_share",
    "check_sizes",
    "check_table",
    "check_visible",
    "each",
    "one_of",
    "optional",
]

_DTYPES = [np.float32, np.uint8, np.bool_]


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
        x = validate_data(estimator, x, reset=reset, dtype=_DTYPES, order="C")
    return _plain(x)


def check_labelled(estimator, x, y):
    """Return `x` as `check_table` does for `fit`, the classes (k,), and each row's class index (n,)."""
    x = _unwrapped(x)
    with input_errors():
        x, y = validate_data(estimator, x, y, dtype=_DTYPES, order="C")
        check_classification_targets(y)
        classes, index = np.unique(y, return_inverse=True)
    return _plain(x), classes, index


def _plain(x):
    return x.view(np.uint8) if x.dtype == np.bool_ else x


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
        warn_caller(
            f"{name} must hold values in [0, 1], probabilities that a visible unit is on; found {low:g} to "
            f"{high:g}, and values outside were clipped; scale them first, for instance with MinMaxScaler, "
            "or binarize them",
            DataConversionWarning,
        )
        x = np.clip(x, 0, 1)
    return x


def check_fraction(name, value):
    """Return `value` as a float of at least 0 and less than 1."""
    return check_real(name, value, low=0, below=1)


def check_not_negative(name, value):
    """Return `value` as a finite float of at least 0."""
    return check_real(name, value, low=0)


def check_share(name, value):
    """Return `value` as a float above 0 and below 1."""
    number = check_positive(name, value)
    if number >= 1:
        raise InputError(f"{name} must be less than 1; got {value}")
    return number


def check_held_share(name, value):
    """Return `value`, the share of images set aside for early stopping, as a float above 0 and below 1."""
    if check_fraction(name, value) == 0:
        raise InputError(f"{name} must be greater than 0; got 0; use early_stopping=False for none")
    return float(value)


def one_of(*choices):
    """A check that takes these choices."""
    return lambda name, value: check_choice(name, value, choices)


def each(check):
    """A check that takes one value, or a sequence of which each passes."""

    def check_each(name, value):
        for one in value if isinstance(value, (list, tuple)) else [value]:
            check(name, one)

    return check_each


def optional(check):
    """A check that takes None as well."""
    return lambda name, value: None if value is None else check(name, value)


# What every training has; a class adds its own parameters, each with a check that is called with name and value.
TRAINING = {
    "batch_size": check_count,
    "n_iter": check_count,
    "learning_rate": check_rate,
    "schedule": check_schedule,
    "weight_decay": check_not_negative,
    "early_stopping": check_bool,
    "validation_fraction": check_held_share,
    "n_iter_no_change": check_count,
    "tol": check_not_negative,
}


def check_parameters(estimator, checks):
    """Check the parameters of `estimator` that the table `checks` names, in its order."""
    for name, check in checks.items():
        check(name, getattr(estimator, name))


def check_sizes(name, value):
    """Return `value`, a positive integer or a sequence of them, as a tuple of int."""
    sizes = (value,) if isinstance(value, numbers.Integral) else value
    try:
        sizes = tuple(sizes)
    except TypeError as error:
        raise InputTypeError(
            f"{name} must be an integer or a sequence of them; got {shown(value)}"
        ) from error
    if not all(
        isinstance(size, numbers.Integral) and not isinstance(size, bool) and size >= 1 for size in sizes
    ):
        raise InputError(f"{name} must hold integers of at least 1; got {shown(value)}")
    return tuple(int(size) for size in sizes)
