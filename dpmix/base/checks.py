"""Checks of single arguments, each with the one error text that dpmix uses for it.

Checks return the value in the form in which the rest of the package uses it.
"""

import math
import numbers
import os
from pathlib import Path

import numpy as np

from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import shown
from dpmix.base.wording import Wording

__all__ = [
    "check_bool",
    "check_choice",
    "check_count",
    "check_path",
    "check_place",
    "check_positive",
    "check_real",
    "check_seed",
]

MOST = 10**9  # of whatever is counted: steps, epochs, images, draws
_JSON_BITS = 53  # of an integer that every reader of JSON keeps
_SEED_BITS = 256  # NumPy's SeedSequence draws seeds of 128


def check_count(name, value, low=1, high=None, most=MOST):
    """Return `value` as an int of at least `low` and at most `high`, or `most` where none is given."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise InputTypeError(f"{name} must be an integer; got {shown(value)} ({type(value).__name__})")
    value = int(value)
    if value < low or (high is not None and value > high):
        allowed = f"at least {low}" if high is None else f"between {low} and {high}"
        raise InputError(f"{name} must be {allowed}; got {shown(value)}")
    if high is None and value > most:
        raise InputError(f"{name} must be at most {most:,}; got {shown(value)}")
    return value


def check_positive(name, value):
    """Return `value` as a finite float above zero."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise InputTypeError(f"{name} must be a number; got {shown(value)} ({type(value).__name__})")
    number = _as_float(value)
    if not math.isfinite(number) or number <= 0:
        raise InputError(f"{name} must be finite and greater than 0; got {number:g}")
    return number


def check_choice(name, value, choices):
    """Return `value`, which must be one of the strings `choices`."""
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise InputError(f"{name} must be one of {listed}; got {shown(value)}")
    return value


def check_bool(name, value):
    """Return `value` as a bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputTypeError(f"{name} must be True or False; got {shown(value)}")
    return bool(value)


def check_seed(seed, name="seed"):
    """Return `seed` as a non-negative int; None draws one from the operating system, a `Generator` from its stream."""
    if seed is None:
        low, high = np.random.SeedSequence().generate_state(2, np.uint32).tolist()
        return (high << 32 | low) & ((1 << _JSON_BITS) - 1)
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(1 << _JSON_BITS))
    seed = check_count(name, seed, low=0, most=math.inf)
    if seed.bit_length() > _SEED_BITS:
        raise InputError(f"{name} must have at most {_SEED_BITS} bits; got {shown(seed)}")
    return seed


def check_real(name, value, low=-math.inf, below=math.inf):
    """Return `value` as a finite float of at least `low` and less than `below`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise InputTypeError(f"{name} must be a number; got {shown(value)} ({type(value).__name__})")
    number = _as_float(value)
    if not math.isfinite(number):
        raise InputError(f"{name} must be finite; got {number}")
    if not low <= number < below:
        allowed = f"at least {low}" if below == math.inf else f"at least {low} and less than {below}"
        raise InputError(f"{name} must be {allowed}; got {number}")
    return number


def _as_float(value):
    try:
        return float(value)
    except OverflowError:  # an integer too large for a float
        return math.inf if value > 0 else -math.inf


def check_path(name, value):
    """Return `value`, a string or path-like, as a Path."""
    try:
        path = Path(value)
    except TypeError as error:
        raise InputTypeError(f"{name} must be a path; got {shown(value)} ({type(value).__name__})") from error
    if "\0" in str(path):
        raise InputError(f"{name} must be a path, without a null character; got {shown(value)}")
    return path


def check_place(path, overwrite):
    """Return `path` as a Path if one file may be written there.

    Raises
    ------
    InputError, InputTypeError
        It exists and `overwrite` is False, it is a folder, or its own folder does not exist.
    """
    path = check_path("path", path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; choose another name")
    if os.path.lexists(path) and not check_bool("overwrite", overwrite):
        raise InputError(
            f"{path}: exists already", Wording("choose another name, or pass {overwrite} to replace it")
        )
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    return path
