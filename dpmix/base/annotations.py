"""Types of the public face: what arguments may be, so that editors and type checkers know it.

Shapes, dtypes and ranges of values are told by docstrings and checked when a function is called.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Arrays",
    "By",
    "Classes",
    "Executes",
    "Ints",
    "Layers",
    "Loss",
    "PathLike",
    "RandomState",
    "Real",
    "Seed",
    "Size",
    "Table",
    "Whole",
]


class HasShape(Protocol):
    """A frame, a sparse or a lazy array: what tells its shape, and becomes an array when it is read."""

    @property
    def shape(self) -> Any: ...


class Executes(Protocol):
    """An executor: `concurrent.futures.Executor`, or another one with its `submit`."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any: ...


Table = ArrayLike | HasShape  # images or another table, one row each
Arrays = NDArray[Any]
Whole = int | np.integer[Any]
Ints = Whole | Sequence[Whole] | NDArray[np.integer[Any]]
Real = float | np.floating[Any] | np.integer[Any]
PathLike = str | os.PathLike[str]
Classes = Whole | str | Sequence[Whole | str] | NDArray[Any]
Layers = list[tuple[NDArray[np.float32], NDArray[np.float32], str]]
Size = tuple[int, int] | None  # height and width of a picture, where they do not come with the images
Seed = Whole | np.random.Generator | None
RandomState = Whole | np.random.Generator | np.random.RandomState | None
Loss = Literal["vi", "binder"]
By = Literal["confidence", "log_predictive"]
