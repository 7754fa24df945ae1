"""Masks: which pixels of an image are shown, and which are hidden."""

import os
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dpmix.base.annotations import PathLike, Seed
from dpmix.base.checks import check_count, check_seed
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.memory import check_memory
from dpmix.base.text import shown
from dpmix.datasets.pictures import grey_values, opened_picture
from dpmix.datasets.rows import check_picture_shape

__all__ = ["mask"]

_SIDES = ("top", "bottom", "left", "right")
_WORDS = (*_SIDES, "centre", "random:FRACTION", "an image file")
_BRIGHT = 128


def mask(shape: Sequence[int], hide: PathLike, seed: Seed = None) -> NDArray[np.bool_]:
    """Say which pixels of an image are shown where a part of it is hidden.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image, such as ``images.image_shape``.
    hide : str or path
        ``"top"``, ``"bottom"``, ``"left"`` or ``"right"``: that half; of an odd number of rows or columns
        the middle one is shown. ``"centre"``: the middle half of the rows in the middle half of the
        columns. ``"random:0.5"``: that fraction of the pixels, drawn at random. Anything else is an image
        file of this shape, whose bright pixels (128 or more of 255) are hidden.
    seed : int or numpy.random.Generator, optional
        For ``"random:..."``: the same seed hides the same pixels.

    Returns
    -------
    observed : (height * width,) bool
        True where a pixel is shown, as `dpmix.predict_proba` takes it.

    Raises
    ------
    InputError, InputTypeError
        A `hide` that is none of these, or that hides nothing or everything.

    Examples
    --------
    >>> mask((3, 2), "bottom").reshape(3, 2)
    array([[ True,  True],
           [ True,  True],
           [False, False]])
    >>> int(mask((28, 28), "random:0.25", seed=0).sum())
    588
    """
    shape = _check_shape(shape)
    if not isinstance(hide, (str, os.PathLike)):
        raise InputTypeError(f"hide must be one of {', '.join(_WORDS)}; got {shown(hide)}")
    if hide in _SIDES:
        hidden = _half(hide, shape)
    elif hide == "centre":
        hidden = _centre(shape)
    elif isinstance(hide, str) and hide.startswith("random:"):
        hidden = _random(hide, shape, seed)
    else:
        hidden = _from_file(hide, shape)
    if hidden.all() or not hidden.any():
        what = "all" if hidden.all() else "none"
        raise InputError(
            f"hide must leave some pixels and hide others; {os.fspath(hide)!r} hides {what} of "
            f"{shape[0]} x {shape[1]}"
        )
    return ~hidden.ravel()


def _check_shape(shape):
    check_picture_shape(shape)
    try:
        height, width = shape
    except (TypeError, ValueError) as error:
        raise InputError(f"shape must be (height, width); got {shape!r}") from error
    height, width = check_count("height", height), check_count("width", width)
    check_memory(height * width, "shape", (height, width))
    return height, width


def _half(side, shape):
    hidden = np.zeros(shape, bool)
    along = hidden if side in ("top", "bottom") else hidden.T
    half = len(along) // 2
    if not half:
        what = "high" if side in ("top", "bottom") else "wide"
        raise InputError(f"hide={side!r} needs images of at least 2 pixels; these are 1 pixel {what}")
    along[slice(half) if side in ("top", "left") else slice(len(along) - half, None)] = True
    return hidden


def _centre(shape):
    hidden = np.zeros(shape, bool)
    rows, columns = (slice(side // 4, side - side // 4) for side in shape)
    hidden[rows, columns] = True
    return hidden


def _random(hide, shape, seed):
    found = re.fullmatch(r"random:(\d*\.?\d+|\d+\.)", hide, re.ASCII)
    fraction = float(found[1]) if found else -1.0
    if not 0 < fraction < 1:
        raise InputError(
            f"hide must be random:FRACTION with a fraction between 0 and 1, such as random:0.5; got {shown(hide)}"
        )
    hidden = np.zeros(shape[0] * shape[1], bool)
    generator = np.random.default_rng(check_seed(seed))
    hidden[generator.choice(hidden.size, round(fraction * hidden.size), replace=False)] = True
    return hidden.reshape(shape)


def _from_file(hide, shape):
    if not os.path.exists(hide):
        raise InputError(
            f"hide must be one of {', '.join(_WORDS)}; got {os.fspath(hide)!r}, and there is no such file"
        )
    with opened_picture(hide) as picture:
        if picture.size[::-1] != shape:
            raise InputError(
                f"{os.fspath(hide)}: must be of {shape[0]} x {shape[1]} pixels as the images are; "
                f"it is of {picture.size[1]} x {picture.size[0]}"
            )
        return grey_values(picture, hide) >= _BRIGHT
