"""`Rows`: what tables of pictures share, n rows of d pixels for NumPy and scikit-learn, pictures for people.

As an array such a table is (n, d), and says so in `shape`, `ndim` and `dtype`: scikit-learn counts the rows of
whatever has a ``shape``, before it looks for ``len``. How high and wide a picture is says `image_shape`.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dpmix.base.annotations import Arrays
from dpmix.base.errors import InputError
from dpmix.base.notebook import MOST_TILES, as_html, tiles
from dpmix.base.text import count

__all__ = ["Rows", "TableShape", "check_picture_shape", "frozen"]


_MOST_LABELS = 12  # that a notebook shows


class TableShape(tuple):
    """(n, d), told apart from (height, width) where somebody passes it for that; see `check_picture_shape`."""

    __slots__ = ()


class Rows:
    """n pictures as the rows of a table `x` (n, d), with labels, the size of a picture, and names.

    A subclass names what it holds in `_fields`, in the order of its constructor (which calls `image_shape`
    ``shape``), and sets these by `_set`.
    """

    _fields = ("x", "y", "image_shape", "names", "classes")
    x: Arrays
    y: NDArray[np.int64] | Any  # or None, of which those who know their images need not hear at every use
    image_shape: tuple[int, int]
    names: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, d), as of the array ``x``; a picture's own is `image_shape`."""
        return TableShape(self.x.shape)

    @property
    def ndim(self) -> int:
        """Number of axes, 2."""
        return self.x.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of `x`."""
        return self.x.dtype

    def inverted(self) -> Self:
        """The same pictures with on and off exchanged, for what was ink on white.

        Returns
        -------
        Images or GreyImages
            As these are; grey values v become 1 - v.

        Raises
        ------
        InputError
            The rows of a table with named columns.

        Examples
        --------
        >>> from dpmix.datasets import Images
        >>> Images([[0, 1, 1, 1]]).inverted().x
        array([[1, 0, 0, 0]], dtype=uint8)
        """
        if getattr(self, "columns", None) is not None:
            raise InputError(
                "a table with named columns cannot be inverted", "leave that out: it is for pictures"
            )
        return self._with(x=frozen(1 - self.x))

    def _repr_html_(self) -> str:
        """What a notebook shows: labels, and the first pictures."""
        rows, n_shown = [], min(len(self), MOST_TILES)
        if self.y is not None:
            values, counts = np.unique(self.y, return_counts=True)
            rows = [
                ("label", "images"),
                *zip(map(self._label, values), map("{:,}".format, counts), strict=True),
            ]
            if len(rows) > _MOST_LABELS:
                rows = [*rows[:_MOST_LABELS], (f"{len(values) - _MOST_LABELS + 1:,} more", "")]
        of = "" if n_shown == len(self) else f"The first {n_shown} of "
        caption = f"{of}{count(len(self), 'image')} of {self.image_shape[0]} by {self.image_shape[1]} pixels"
        largest = max(float(self.x[:n_shown].max()), 1.0)
        return as_html(repr(self), rows, picture=tiles(self.x[:n_shown] / largest, self.image_shape, caption))

    def _label(self, value):
        return "not known" if value < 0 else self.classes[value] if self.classes else str(value)

    def __len__(self) -> int:
        return len(self.x)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Arrays:
        if copy:
            return np.array(self.x, dtype)
        if copy is False and dtype is not None and np.dtype(dtype) != self.x.dtype:
            raise ValueError(f"a copy is needed to turn {self.x.dtype} into {np.dtype(dtype)}")
        return np.asarray(self.x, dtype)

    def __iter__(self) -> Iterator[Self]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            if not _is_of_rows(key):
                return self.x[key]
            key = key[0]
        rows = np.atleast_1d(np.arange(len(self))[key])
        if rows.ndim != 1 or not len(rows):
            raise InputError(f"rows must choose at least one image; got an array of shape {rows.shape}")
        y = None if self.y is None else frozen(self.y[rows])
        names = None if self.names is None else tuple(self.names[row] for row in rows)
        return self._with(x=frozen(self.x[rows]), y=y, names=names)

    def __setattr__(self, name, value):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __reduce__(self):  # copies are checked anew, and read-only, too
        return type(self), tuple(getattr(self, name) for name in self._fields)

    def _set(self, name, value):
        object.__setattr__(self, name, value)  # the one way past `__setattr__`

    def _with(self, **changes):
        """The same pictures with these fields changed."""
        return type(self)(*(changes.get(name, getattr(self, name)) for name in self._fields))


def frozen(array):
    """Return `array` with its read-only flag set; tables of pictures take such arrays without a copy."""
    array.flags.writeable = False
    return array


def check_picture_shape(shape):
    """Refuse the shape (n, d) of a table where (height, width) of a picture is wanted."""
    if isinstance(shape, TableShape):
        raise InputError(
            f"shape must be (height, width) of a picture; got the shape (n, d) = {tuple(shape)} of a table of images",
            "pass images.image_shape",
        )


def _is_of_rows(key):
    """Whether an index, a tuple, means whole rows of a table: ``rows, :`` or, as scikit-learn has it, ``rows, ...``."""
    if len(key) != 2 or key[0] is None or key[0] is Ellipsis:
        return False
    return key[1] is Ellipsis or (isinstance(key[1], slice) and key[1] == slice(None))
