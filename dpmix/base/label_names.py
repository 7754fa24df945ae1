"""Labels that are texts: the number of each, and what the numbers stand for."""

import numpy as np

from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import shown

__all__ = ["numbered", "place_of"]

_LONGEST = 1_000  # letters of a name


def numbered(labels, names=None):
    """Numbers for `labels` that are texts, -1 where not known, and their names; others as they are, and None.

    Parameters
    ----------
    labels : (n,) array-like
        Texts, with None, NaN or masked entries where not known; or anything else.
    names : tuple of str, optional
        What is known already: number k stands for ``names[k]``.

    Returns
    -------
    labels : (n,) int64 array, or what was given
    names : tuple of str, or None
        In the order of the alphabet, unless given.

    Raises
    ------
    InputError, InputTypeError
        A text that is none of `names` or too long, or other things among texts.

    Examples
    --------
    >>> numbered(["owl", None, "cat"])
    (array([ 1, -1,  0]), ('cat', 'owl'))
    """
    values = np.ma.getdata(labels) if np.ma.isMaskedArray(labels) else _as_array(labels)
    if values is None or values.dtype.kind not in "OUT" or values.ndim != 1:
        return labels, names
    missing = np.ma.getmaskarray(labels) if np.ma.isMaskedArray(labels) else np.zeros(len(values), bool)
    listed = [
        None if gone or _is_missing(value) else value for value, gone in zip(values, missing, strict=True)
    ]
    if not any(isinstance(value, str) for value in listed):
        return _as_numbers(listed, labels), names
    _check_texts(listed)
    known = {str(value) for value in listed if value is not None}
    names = tuple(sorted(known)) if names is None else names
    places = {name: place for place, name in enumerate(names)}
    unknown = sorted(known - set(places))
    if unknown:
        raise InputError(
            f"labels must be among those that the posterior has seen, {_some(names)}; found {shown(unknown[0])}",
            "leave what is not known as None",
        )
    return np.array([-1 if value is None else places[value] for value in listed], np.int64), names


def place_of(names, due):
    """For each of `names` its place in `due`; of those that are not there, places beyond its end, in their order."""
    places = {name: place for place, name in enumerate(due)}
    return np.array([places.setdefault(name, len(places)) for name in names], np.int64)


def _as_array(labels):
    try:
        return np.asarray(labels, dtype=object if isinstance(labels, list | tuple) else None)
    except ValueError:  # ragged: told by who looks at labels next
        return None


def _is_missing(value):
    """None, pandas' NA, or a NaN of any kind."""
    if value is None or isinstance(value, str):
        return value is None
    return type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)


def _as_numbers(listed, labels):
    """Objects that are all whole numbers, or not known, as numbers; `labels` as they are where they are not."""
    if None not in listed:
        return np.array(listed) if all(isinstance(value, int | np.integer) for value in listed) else labels
    if all(value is None or isinstance(value, int | float | np.number) for value in listed):
        return np.array([np.nan if value is None else value for value in listed], float)
    return labels


def _check_texts(listed):
    for value in listed:
        if value is None:
            continue
        if not isinstance(value, str):
            raise InputTypeError(
                f"labels must be numbers or texts, all of one kind; found {shown(value)} among texts"
            )
        if len(value) > _LONGEST:
            raise InputError(f"labels must have at most {_LONGEST:,} letters; found one of {len(value):,}")


def _some(names):
    return ", ".join(map(shown, names[:3])) + (", ..." if len(names) > 3 else "")
