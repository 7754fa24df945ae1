"""The images that a plot is given, as an array of pictures, and the scale of colours for signed ones."""

import numpy as np

from dpmix.base.arrays import check_numbers, image_shape, observed_entries
from dpmix.base.checks import check_positive
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.escaping import for_picture
from dpmix.base.text import shown
from dpmix.datasets.images import check_shape

__all__ = ["check_heading", "check_names", "read_images", "read_shape", "signed_limit"]

_COMMON = 99.5  # per cent of pixels that a scale covers; a few strong ones would make all others pale


def read_images(name, images, shape=None, most=None):
    """Images as a float array, not always a copy, NaN where masked, and their shape.

    Parameters
    ----------
    name : str
        Of the argument.
    images : (d,), (m, d) or (m, height, width) array_like, or Images
        Values in [0, 1]; those beyond are shown as these.
    shape : tuple of int, optional
        (height, width); by default that of the images, or a square.
    most : int, optional
        How many images there may be.

    Returns
    -------
    tuple of numpy.ndarray (m, d) and tuple of int
    """
    shape = getattr(images, "image_shape", None) if shape is None else shape
    given = check_numbers(images, name)
    observed = observed_entries(images, given)
    if given.ndim == 3 and shape is None:
        shape = given.shape[1:]
    values = given.reshape(len(given), -1) if given.ndim == 3 and given.size else np.atleast_2d(given)
    if values.ndim != 2 or not values.size:
        raise InputError(
            f"{name} must be images of shape (m, d), (m, height, width) or (d,); got {given.shape}"
        )
    if values.dtype.kind in "iu" and values.max() > 1:
        raise InputError(
            f"{name} must hold values in [0, 1], 1 for a pixel that is on; found "
            f"{values.max()}; divide grey values by their maximum first"
        )
    if most is not None and len(values) > most:
        raise InputError(
            f"{name} must be at most {most:,} images, which can still be seen; got {len(values):,}; "
            "choose some of them first"
        )
    shape = read_shape(shape, values.shape[1])
    values = values if values.dtype.kind == "f" else values.astype(np.float32)
    return values if observed.all() else np.where(observed.reshape(values.shape), values, np.nan), shape


def read_shape(shape, d):
    """`shape` as (height, width) for rows of `d` pixels; by default a square where d is one, else (1, d)."""
    return image_shape(d) if shape is None else check_shape(shape, d)


def check_names(names, n):
    """`names` as a list of `n` texts; None where there are none."""
    if names is None:
        return None
    names = [for_picture(check_heading("names", str(name))) for name in names]
    if len(names) != n:
        raise InputError(f"names must be one for each of {n} images; got {len(names)}")
    return names


def check_heading(name, text):
    """Return `text`, which must be a string."""
    if not isinstance(text, str):
        raise InputTypeError(f"{name} must be text; got {shown(text)} ({type(text).__name__})")
    return text


def signed_limit(values, limit):
    """The value that the strongest colour stands for: `limit`, or what nearly no pixel of `values` exceeds."""
    if limit is not None:
        return check_positive("limit", limit)
    size = np.abs(values[np.isfinite(values)])
    return float(np.percentile(size, _COMMON)) or float(size.max()) or 1.0 if size.size else 1.0
