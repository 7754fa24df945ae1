"""Checks of arrays: zeros and ones, masks, known labels; each with the one error text that dpmix uses for it."""

import numpy as np

from dpmix.base.errors import InputError, InputTypeError

__all__ = [
    "check_binary",
    "check_classes",
    "check_mask",
    "check_mask_form",
    "check_numbers",
    "image_shape",
    "integers_or_unknown",
    "observed_entries",
]


_WHOLE = 2**53  # below it, a float64 holds every integer


def image_shape(d):
    """Height and width in which to show `d` pixels of unknown layout: a square, or else one row."""
    side = round(d**0.5)
    return (side, side) if side * side == d else (1, d)


def check_binary(x, name="x", observed=None, way_out="call dpmix.datasets.binarize first", first_row=0):
    """Return `x` as a uint8 array of zeros and ones, or say what is wrong and where.

    Parameters
    ----------
    x : array-like of bool, int or float, of any shape
    name : str
        What the caller calls it.
    observed : array of bool, of the shape of `x`, optional
        Entries where it is False are not looked at and come back as 0.
    way_out : str
        What to do about other values.
    first_row : int
        Where the first row of `x` stands in what the caller gave.

    Raises
    ------
    InputTypeError
        Objects, strings or complex numbers.
    InputError
        Ragged lists, masked entries that `observed` does not leave out, NaN, or values other than 0 and 1.
    """
    if observed is None and np.ma.is_masked(x):
        raise InputError(
            f"{name} has masked entries; fill them first, as in {name}.filled(0), or leave those images out"
        )
    values = check_numbers(x, name)
    wrong = (values != 0) & (values != 1)
    if observed is not None:
        wrong &= observed
    if wrong.any():
        at = tuple(int(ix) for ix in np.argwhere(wrong)[0])
        place = f"row {first_row + at[0]}, column {at[1]}" if len(at) == 2 else f"index {at}"
        found = values[at]
        shown = "NaN" if found != found else f"{found:g}"
        raise InputError(f"{name} must contain only 0 and 1; found {shown} at {place}", way_out)
    on = values == 1
    return (on if observed is None else on & observed).astype(np.uint8)


def check_numbers(x, name="x"):
    """Return `x` as an array of bool, int or float; of a masked array, the values underneath."""
    try:
        values = np.ma.getdata(x, subok=False)
    except ValueError as error:
        raise InputError(f"{name} must be a rectangular array; its rows differ in length") from error
    if values.dtype.kind not in "buif":
        raise InputTypeError(f"{name} must hold numbers or booleans; got dtype {values.dtype}")
    return values


def observed_entries(x, values):
    """Where `values`, the numbers of `x`, are observed: neither masked nor NaN."""
    observed = ~np.ma.getmaskarray(x) if np.ma.isMaskedArray(x) else np.ones(values.shape, bool)
    if values.dtype.kind == "f":
        observed &= ~np.isnan(values)
    return observed


def check_mask(name, mask, observed, single=False):
    """Where pixels are both observed and marked by the mask called `name`, (m, d) bool.

    Raises
    ------
    InputError, InputTypeError
        A mask that is not of booleans, or of neither shape (d,) nor (m, d).
    """
    if mask is None:
        return observed
    return observed & check_mask_form(name, mask, observed.shape, single)


def check_mask_form(name, mask, shape, single=False):
    """Return the mask called `name`, of booleans and of shape (d,) or, unless `single`, ``shape`` (m, d).

    Raises
    ------
    InputError, InputTypeError
        As `check_mask`.
    """
    mask = check_numbers(mask, name)
    if mask.dtype.kind != "b":
        raise InputTypeError(
            f"{name} must hold True where a pixel is {name} and False elsewhere; "
            f"got dtype {mask.dtype}; convert it, as in {name}.astype(bool)"
        )
    m, d = shape
    if mask.shape != (d,) and (single or mask.shape != (m, d)):
        allowed = f"({d},)" if single else f"({d},) for all images or ({m}, {d}) for each"
        raise InputError(
            f"{name} must have shape {allowed}; got {mask.shape}; flatten a mask in the "
            f"form of a picture with {name}.ravel()"
        )
    return mask


def integers_or_unknown(labels):
    """Return `labels`, whole numbers and NaN, as int64 with -1 for NaN: not known; anything else as it is.

    Frames turn integers into floats where one of them is missing.

    Examples
    --------
    >>> integers_or_unknown(np.array([0, np.nan, 2])), integers_or_unknown(np.array([0.5, np.nan]))
    (array([ 0, -1,  2]), array([0.5, nan]))
    """
    missing = np.isnan(labels) if labels.dtype.kind == "f" else np.zeros(labels.shape, bool)
    known = labels[~missing]
    if not missing.any() or not (abs(known) < _WHOLE).all() or (known != np.floor(known)).any():
        return labels
    return np.where(missing, -1, labels).astype(np.int64)


def check_classes(labels, n):
    """Check the known labels of `n` images: (class + 1 with 0 for unobserved, number of classes).

    Raises
    ------
    InputError, InputTypeError
        Labels that are not one integer an image, 0 to 65,533, or -1 or NaN for not observed.
    """
    missing = np.ma.getmaskarray(labels) if np.ma.isMaskedArray(labels) else None
    labels = integers_or_unknown(check_numbers(labels, "labels"))
    if labels.dtype.kind not in "iu":
        raise InputTypeError(
            f"labels must be integers from 0, or -1 or NaN where not observed; got dtype {labels.dtype}"
        )
    if labels.shape != (n,):
        raise InputError(f"labels must hold one label for each of the {n} images; got shape {labels.shape}")
    labels = labels.astype(np.int64)
    if missing is not None:
        labels[missing] = -1
    if labels.min() < -1 or labels.max() > 65533:
        raise InputError(
            f"labels must lie between 0 and 65533, or be -1 where not observed; "
            f"found {labels.min() if labels.min() < -1 else labels.max()}"
        )
    if labels.max() < 0:
        raise InputError("labels must be observed for at least one image; found none; leave labels out")
    return labels + 1, int(labels.max()) + 1
