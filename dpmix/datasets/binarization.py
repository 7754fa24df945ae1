"""From grey values to 0 and 1, and the check that a table holds nothing else.

A pixel is *on* (1) when its value lies above a threshold, or by one Bernoulli draw whose probability is
the value as a share of the `maximum`, the value of a fully lit pixel.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from dpmix.base.annotations import Arrays, Real, Seed
from dpmix.base.checks import check_choice, check_positive, check_real, check_seed
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.wording import Wording

__all__ = ["binarize"]

METHODS = ("threshold", "stochastic")

_BLOCK = 1 << 20  # values looked at together: temporary arrays stay at a few MB however large the data


def binarize(
    values: ArrayLike,
    method: Literal["threshold", "stochastic"] = "threshold",
    threshold: Real | None = None,
    maximum: Real | None = None,
    seed: Seed = None,
) -> Arrays:
    """Turn grey values into 0 and 1.

    Values that are all 0 and 1 already come back as they are when neither `threshold` nor `maximum`
    is given.

    Parameters
    ----------
    values : array_like of real numbers, or numpy.ma.MaskedArray
        Grey values, of any shape with at least one axis. A mask is kept; what lies under it is not looked at.
    method : {"threshold", "stochastic"}
        ``"threshold"``: on where the value is greater than `threshold`. ``"stochastic"``: on with
        probability ``value / maximum``, drawn once per value.
    threshold : float, optional
        In the units of `values`; half of `maximum` by default. Only for ``method="threshold"``.
    maximum : float, optional
        Value of a fully lit pixel. By default 1 for floats, 255 for uint8 and 65535 for uint16; other
        integers need it. Where it is used, values outside 0..maximum are refused.
    seed : int or numpy.random.Generator, optional
        Seed of the stochastic draw; None draws a fresh one.

    Returns
    -------
    numpy.ndarray of uint8, or numpy.ma.MaskedArray where one was given
        0 and 1, in the shape of `values`.

    Raises
    ------
    InputError
        If a value is not finite or lies outside 0..maximum, or if the options contradict each other.

    Examples
    --------
    >>> binarize([[0.2, 0.7], [0.5, 1.0]])
    array([[0, 1],
           [0, 1]], dtype=uint8)
    >>> binarize([[0, 9, 16]], maximum=16)
    array([[0, 1, 1]], dtype=uint8)
    """
    check_choice("method", method, METHODS)
    threshold = check_threshold(threshold, optional=True)
    if isinstance(values, np.ma.MaskedArray):
        on = binarize(values.filled(0), method, threshold, maximum, seed)
        return np.ma.MaskedArray(on, mask=np.ma.getmaskarray(values).copy())
    values = real_array(values, "values")
    if values.ndim == 0:
        raise InputError(f"values must have at least one axis; got the single number {values}")
    if threshold is None and maximum is None and is_binary(values):
        return values.astype(np.uint8)
    out = np.empty(values.shape, np.uint8)
    if method == "stochastic":
        if threshold is not None:
            raise InputError("threshold is not used by method='stochastic'; leave it out")
        maximum = check_range(values, maximum)
        fill_stochastic(values, maximum, np.random.default_rng(check_seed(seed)), out)
    else:
        if threshold is None or maximum is not None:
            maximum = check_range(values, maximum)
        threshold = maximum / 2 if threshold is None else threshold
        check_finite(values, "values")
        fill_threshold(values, threshold, out)
    return out


def check_threshold(value, name="threshold", low=-math.inf, below=math.inf, optional=False):
    """Return the value above which a pixel is on as a finite float; None stays None where it is `optional`.

    Every entrance that takes one asks here: above NaN there is nothing, and a whole table would be off.
    """
    return None if optional and value is None else check_real(name, value, low, below)


def fill_threshold(values, threshold, out):
    """Write ``values > threshold`` to `out`, which may be `values` itself."""
    for rows in _blocks(values):
        out[rows] = values[rows] > threshold


def fill_stochastic(values, maximum, rng, out):
    """Write one Bernoulli(values / maximum) draw per value to `out`, which may be `values` itself."""
    for rows in _blocks(values):
        # A double takes one step of the generator, so that the draws do not depend on the block size.
        # The draw is below 1: a fully lit pixel is always on, a dark one never.
        out[rows] = rng.random(values[rows].shape) * maximum < values[rows]


def real_array(values, name):
    """Return `values` as an array of booleans, integers or floats; anything else is refused."""
    if isinstance(values, np.ma.MaskedArray):
        raise InputTypeError(
            f"{name} must not be a masked array here; give {name}.filled(...) or {name}.data"
        )
    try:
        values = np.asarray(values)
    except ValueError as error:
        raise InputError(
            f"{name} must be a rectangular array of numbers; its rows differ in length"
        ) from error
    if values.dtype.kind not in "biuf":
        raise InputTypeError(f"{name} must hold real numbers; got dtype {values.dtype}")
    return values


def is_binary(values):
    """Return whether every value is 0 or 1."""
    return values.dtype.kind == "b" or all(_zero_or_one(values[rows]).all() for rows in _blocks(values))


def to_binary(values, name="x", way_out="call binarize(x) first"):
    """Return `values` (n, d) as uint8 if every one is 0 or 1; the error names the first other one."""
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    for rows in _blocks(values):
        good = _zero_or_one(values[rows])
        if not good.all():
            _refuse(f"{name} must contain only 0 and 1", values, rows, ~good, way_out)
    return values.astype(np.uint8, copy=False)


def check_finite(values, name):
    """Refuse `values` that hold a NaN or an infinity; the error names the first one."""
    if values.dtype.kind != "f":
        return
    for rows in _blocks(values):
        bad = ~np.isfinite(values[rows])
        if bad.any():
            _refuse(f"{name} must be finite", values, rows, bad, "replace it first")


def _zero_or_one(block):
    return (block == 0) | (block == 1)


def check_range(values, maximum):
    """Return the grey value of a fully lit pixel, once no value lies outside 0..maximum."""
    if maximum is not None:
        maximum = check_positive("maximum", maximum)
    elif values.dtype.kind in "bf":
        maximum = 1.0
    elif values.dtype in (np.uint8, np.uint16):
        maximum = float(np.iinfo(values.dtype).max)
    else:
        raise InputError(
            Wording(
                "maximum must be given for values of dtype {dtype}: the value of a fully lit pixel, "
                "{maximum_255} for 8-bit greys",
                dtype=values.dtype,
            )
        )
    for rows in _blocks(values):
        bad = ~((values[rows] >= 0) & (values[rows] <= maximum))
        if bad.any():
            rule = f"values must lie between 0 and {maximum:g}"
            _refuse(rule, values, rows, bad, Wording("pass {another_maximum}"))
    return maximum


def _blocks(values):
    """Yield slices of the first axis that hold about `_BLOCK` values each."""
    step = max(1, _BLOCK * len(values) // max(1, values.size))
    for start in range(0, len(values), step):
        yield slice(start, start + step)


def _refuse(rule, values, rows, bad, way_out):
    """Raise the error for the first value of the block `rows` where `bad` is set."""
    index = np.argwhere(bad)[0]
    index[0] += rows.start
    found = values[tuple(index)]
    where = f"row {index[0]}, column {index[1]}" if len(index) == 2 else f"index {tuple(map(int, index))}"
    if np.isnan(found):
        way_out = Wording("{all_known}", otherwise=way_out)
    raise InputError(f"{rule}; found {found} at {where}", way_out)
