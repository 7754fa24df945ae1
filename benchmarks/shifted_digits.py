"""Any number of digits, each shifted by up to a pixel and, on request, slightly rotated."""

import functools
import sys
from pathlib import Path

import numpy as np
from scipy.ndimage import affine_transform

import dpmix

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples"))
from many_images import BLOCK, shifted  # noqa: E402 (where the example is)

__all__ = ["BLOCK", "blocks_of", "rotated", "shifted"]


def rotated(first, count, degrees=8.0):
    """Images number `first` to `first` + `count` - 1, (count, 784) uint8: digits turned and shifted a little.

    By up to `degrees` in five steps, and by up to a pixel. They depend on their numbers alone.
    """
    generator = np.random.default_rng([first, 1])
    digits = _grey()[np.arange(first, first + count) % 60_000]
    grey, turns = np.empty((count, 28, 28), np.float32), generator.integers(5, size=count)
    for turn, angle in enumerate(np.deg2rad(np.linspace(-degrees, degrees, 5))):
        grey[turns == turn] = _turned(digits[turns == turn], angle)
    for axis in (1, 2):
        shifts = generator.integers(-1, 2, count)
        for shift in (-1, 1):
            grey[shifts == shift] = np.roll(grey[shifts == shift], shift, axis)
    return (generator.random(grey.shape, np.float32) < grey).astype(np.uint8).reshape(count, -1)


def _turned(grey, angle):
    """Images (m, 28, 28) turned by `angle`, in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    centre = np.array([0, 13.5, 13.5])
    return affine_transform(grey, matrix, centre - matrix @ centre, output=np.float32, order=1) / 255


@functools.lru_cache(1)
def _grey():
    """The digits of the training set, (60000, 28, 28) uint8."""
    return (255 * dpmix.datasets.load_grey("mnist").x).round().astype(np.uint8).reshape(-1, 28, 28)


def blocks_of(n, make=shifted):
    """A dask array of `n` images by blocks of rows, each made by a task of its own."""
    import dask
    import dask.array

    task = dask.delayed(make, pure=True)
    sizes = [min(BLOCK, n - first) for first in range(0, n, BLOCK)]
    return dask.array.concatenate(
        [
            dask.array.from_delayed(task(ix * BLOCK, size), (size, 784), np.uint8)
            for ix, size in enumerate(sizes)
        ]
    )
