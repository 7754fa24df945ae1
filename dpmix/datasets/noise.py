"""Noise on images: pixels masked, salt and pepper, Gaussian noise, blocks that cover a part.

Each kind is a small object, called with images (n, d) in [0, 1] and a generator, that returns new images
and leaves those given as they are. `corrupt` does so with a seed; `dpmix.features.Autoencoder` takes
the objects as ``corruption=`` and calls them afresh in every epoch.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dpmix.base.annotations import Arrays, Seed, Table
from dpmix.base.arrays import image_shape
from dpmix.base.checks import check_bool, check_count, check_real, check_seed
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import shown
from dpmix.datasets.binarization import check_finite, real_array
from dpmix.datasets.grey import GreyImages
from dpmix.datasets.images import Images
from dpmix.datasets.rows import check_picture_shape

__all__ = ["GaussianNoise", "MaskingNoise", "OccludingBlocks", "SaltAndPepper", "corrupt"]

_MOST_BLOCKS = 10_000  # in an image; far fewer cover it


@dataclass(frozen=True)
class MaskingNoise:
    """Set a share `f0` of all pixels to 0, and a share `f1` of the others to 1.

    Each pixel is drawn by itself: it becomes 0 with probability f0, 1 with probability (1 - f0) f1, and
    else stays. With the classic 0.4 and 0.05 that is 40 % and 3 % (Vincent et al. 2010, section 3.3).

    Parameters
    ----------
    f0, f1 : float
        Shares in [0, 1], with f0 + f1 at most 1.

    Raises
    ------
    InputError
        They are not.

    Examples
    --------
    >>> import numpy as np
    >>> MaskingNoise(0.5, 0.0)(np.ones((2, 4), np.uint8), np.random.default_rng(0))
    array([[1, 1, 1, 0],
           [0, 0, 0, 0]], dtype=uint8)
    """

    f0: float = 0.4
    f1: float = 0.05

    def __post_init__(self):
        _settle(self, f0=_share("f0", self.f0), f1=_share("f1", self.f1))
        if self.f0 + self.f1 > 1:
            raise InputError(
                f"f0 + f1 must be at most 1; got {self.f0} + {self.f1}; f0 is the share of pixels set to 0, "
                "f1 the share of the others set to 1"
            )

    def __call__(self, x: ArrayLike, rng: np.random.Generator) -> Arrays:
        """Noisy images in the dtype of `x` (n, d), drawn with `rng`."""
        u = rng.random(x.shape, np.float32)
        return _fill(x, u < self.f0, u >= 1 - (1 - self.f0) * self.f1)

    @property
    def flip_rates(self) -> tuple[float, float]:
        """P(shown off | on) and P(shown on | off) of a pixel of a binary image, as `dpmix.denoise` takes them."""
        return self.f0, (1 - self.f0) * self.f1


@dataclass(frozen=True)
class SaltAndPepper:
    """Replace a share `rate` of all pixels, by 1 (salt) with probability `salt` and else by 0 (pepper).

    Parameters
    ----------
    rate, salt : float
        In [0, 1]. Half of the pixels replaced already have the new value where images are binary.

    Raises
    ------
    InputError, InputTypeError
        A number outside [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> SaltAndPepper(0.5)(np.full((1, 6), 0.5), np.random.default_rng(5))
    array([[0.5, 1. , 0. , 1. , 0.5, 0.5]])
    """

    rate: float = 0.1
    salt: float = 0.5

    def __post_init__(self):
        _settle(self, rate=_share("rate", self.rate), salt=_share("salt", self.salt))

    def __call__(self, x: ArrayLike, rng: np.random.Generator) -> Arrays:
        """Noisy images in the dtype of `x` (n, d), drawn with `rng`."""
        u = rng.random(x.shape, np.float32)
        pepper = self.rate * (1 - self.salt)
        return _fill(x, u < pepper, u >= 1 - self.rate * self.salt)

    @property
    def flip_rates(self) -> tuple[float, float]:
        """P(shown off | on) and P(shown on | off) of a pixel of a binary image, as `dpmix.denoise` takes them."""
        return self.rate * (1 - self.salt), self.rate * self.salt


@dataclass(frozen=True)
class GaussianNoise:
    """Add normal noise of standard deviation `scale` to every pixel.

    Parameters
    ----------
    scale : float
        At least 0; a fully lit pixel has the value 1.
    clip : bool
        Bring the result back to [0, 1].

    Raises
    ------
    InputError, InputTypeError
        A negative `scale`, or a `clip` that is no bool.

    Examples
    --------
    >>> import numpy as np
    >>> GaussianNoise(0.5)(np.zeros((1, 4)), np.random.default_rng(0)).round(2)
    array([[0.56, 0.  , 0.  , 0.  ]], dtype=float32)
    """

    scale: float = 0.3
    clip: bool = True

    def __post_init__(self):
        _settle(self, scale=check_real("scale", self.scale, low=0), clip=check_bool("clip", self.clip))

    def __call__(self, x: ArrayLike, rng: np.random.Generator) -> Arrays:
        """Noisy images, float32, of images `x` (n, d), drawn with `rng`."""
        out = rng.standard_normal(x.shape, np.float32)
        out *= np.float32(self.scale)
        out += x
        return np.clip(out, 0, 1, out=out) if self.clip else out


@dataclass(frozen=True)
class OccludingBlocks:
    """Cover `n_blocks` blocks of `height` by `width` pixels in every image, anywhere inside it.

    Parameters
    ----------
    height, width : int
        Of a block, pixels; `width` is `height` by default.
    n_blocks : int
        In each image; they may overlap.
    value : float
        In [0, 1]: of the pixels covered.
    shape : tuple of int, optional
        (height, width) of the images; by default a square where their number of pixels is one, else (1, d).

    Raises
    ------
    InputError, InputTypeError
        A size or number below 1, a `value` outside [0, 1], or a `shape` that is none.

    Examples
    --------
    >>> import numpy as np
    >>> OccludingBlocks(2)(np.ones((1, 9), int), np.random.default_rng(0)).reshape(3, 3)
    array([[1, 1, 1],
           [1, 0, 0],
           [1, 0, 0]])
    """

    height: int = 8
    width: int | None = None
    n_blocks: int = 1
    value: float = 0.0
    shape: tuple | None = None

    def __post_init__(self):
        _settle(
            self,
            height=check_count("height", self.height),
            n_blocks=check_count("n_blocks", self.n_blocks, most=_MOST_BLOCKS),
        )
        _settle(self, value=_share("value", self.value))
        if self.width is not None:
            _settle(self, width=check_count("width", self.width))
        if self.shape is not None:
            check_picture_shape(self.shape)
            try:
                _settle(self, shape=tuple(check_count("shape", side) for side in self.shape))
                height, width = self.shape
            except (TypeError, ValueError) as error:
                raise InputError(
                    f"shape must be (height, width) of the images, pixels; got {self.shape!r}"
                ) from error
            self._check_fit(height, width)

    def __call__(self, x: ArrayLike, rng: np.random.Generator) -> Arrays:
        """Images with blocks in the dtype of `x` (n, d), drawn with `rng`."""
        height, width = image_shape(x.shape[1]) if self.shape is None else self.shape
        if height * width != x.shape[1]:
            raise InputError(
                f"shape must have as many pixels as the images, {x.shape[1]}; got {self.shape} = "
                f"{height * width}"
            )
        self._check_fit(height, width)
        if x.dtype.kind in "biu" and self.value not in (0, 1):
            raise InputError(f"value must be 0 or 1 for images of dtype {x.dtype}; got {self.value}")
        covered = np.zeros((len(x), height, width), bool)
        for _ in range(self.n_blocks):
            rows = _spans(len(x), height, self.height, rng)
            columns = _spans(len(x), width, self._width, rng)
            covered |= rows[:, :, None] & columns[:, None, :]
        return np.where(covered.reshape(x.shape), x.dtype.type(self.value), x)

    @property
    def _width(self):
        return self.height if self.width is None else self.width

    def _check_fit(self, height, width):
        if self.height > height or self._width > width:
            raise InputError(
                f"height and width of a block must fit into images of {height} x {width}; "
                f"got {self.height} x {self._width}; give smaller ones, or shape= of the images"
            )


def corrupt(x: Table, noise: Callable[..., Any], seed: Seed = None) -> Any:
    """Noisy copies of images.

    Parameters
    ----------
    x : Images, GreyImages or array_like (n, d)
        Values in [0, 1]; not changed.
    noise : MaskingNoise, SaltAndPepper, GaussianNoise, OccludingBlocks or callable
        A function of an array (n, d), read-only, and a `numpy.random.Generator` that returns a new array.
    seed : int or numpy.random.Generator, optional
        None draws a fresh one.

    Returns
    -------
    Images, GreyImages or numpy.ndarray (n, d)
        As given, with labels and all; but an array of `Images` that are not binary any more.

    Raises
    ------
    InputError
        `x` is no table of values in [0, 1], or the noise does not fit it.

    Examples
    --------
    >>> from dpmix.datasets import load_digits
    >>> corrupt(load_digits(), MaskingNoise(0.4, 0.05), seed=0)
    Images(n=1797, image_shape=(8, 8), 21% on, labels 0..9)
    """
    check_noise("noise", noise)
    has_shape = isinstance(x, (Images, GreyImages))
    values = _check_images(x.x if has_shape else x)
    if isinstance(noise, OccludingBlocks) and noise.shape is None and has_shape:
        noise = replace(noise, shape=x.image_shape)
    noisy = apply_noise("noise", noise, values, np.random.default_rng(check_seed(seed)))
    noisy = noisy.copy() if np.may_share_memory(noisy, values) else noisy
    if isinstance(x, GreyImages):
        return x._with(x=noisy)
    if isinstance(x, Images) and noisy.dtype.kind in "biu":
        return x._with(x=noisy)
    return noisy


def check_noise(name, noise):
    """Refuse what is no noise object, nor a function that could be one."""
    if not callable(noise) or isinstance(noise, type):
        raise InputTypeError(
            f"{name} must be a noise object such as dpmix.datasets.MaskingNoise(0.4, 0.05), or a function "
            f"of (x, rng); got {shown(noise)}"
        )


def apply_noise(name, noise, x, rng):
    """What `noise` makes of a read-only view of `x` (n, d), which must be finite numbers in the same shape."""
    shown = x.view()
    shown.flags.writeable = False
    noisy = np.asarray(noise(shown, rng))
    if noisy.shape != x.shape or noisy.dtype.kind not in "biuf":
        raise InputTypeError(
            f"{name} must return numbers in the shape of what it is given, {x.shape}; "
            f"got {noisy.dtype} {noisy.shape}"
        )
    if noisy.dtype.kind == "f" and not np.isfinite(noisy).all():
        raise InputError(f"{name} must return finite numbers; found NaN or infinity in what it returned")
    return noisy


def _settle(noise, **values):
    """Keep checked `values` as plain numbers, which a file of JSON can hold, in a noise object that is frozen."""
    for name, value in values.items():
        object.__setattr__(noise, name, value)


def _share(name, value):
    """Return `value` as a float in [0, 1]."""
    if check_real(name, value, low=0) > 1:
        raise InputError(f"{name} must be between 0 and 1; got {value}")
    return float(value)


def _fill(x, dark, lit):
    """A copy of `x` that is 0 where `dark` and 1 where `lit`."""
    out = x * ~dark  # a tenth of the time of an assignment where a mask of random bits is set
    out[lit] = 1
    return out


def _spans(n, length, size, rng):
    """For each of `n` images a span of `size` among `length` places, (n, length) bool."""
    place = np.arange(length)
    first = rng.integers(length - size + 1, size=(n, 1))
    return (place >= first) & (place < first + size)


def _check_images(x):
    x = real_array(x, "x")
    if x.ndim != 2 or not x.size:
        raise InputError(f"x must be a table (n, d) with at least one image; got shape {x.shape}")
    check_finite(x, "x")
    low, high = x.min(), x.max()
    if low < 0 or high > 1:
        raise InputError(f"x must lie in [0, 1]; found {low} to {high}; divide it by the largest grey value")
    return x
