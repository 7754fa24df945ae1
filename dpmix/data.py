"""The table of zeros and ones that is clustered: checked once, held bit-packed."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dpmix.errors import InputError, InputTypeError

__all__ = ["BinaryTable", "check_binary"]

_BLOCK_BYTES = 1 << 24  # rows are unpacked this much at a time


@dataclass(frozen=True, eq=False)
class BinaryTable:
    """`n` images of `d` binary pixels in n * d / 8 bytes.

    Attributes
    ----------
    bits : (n, ceil(d / 8)) uint8
        Pixels packed eight to a byte, the first in the lowest bit; may be a read-only memory map.
    d : int
        Number of pixels.
    shape : (int, int)
        Height and width of an image; their product is `d`.
    """

    bits: np.ndarray
    d: int
    shape: tuple

    @classmethod
    def from_input(cls, x, name="x"):
        """Check and pack whatever `dpmix.sample` accepts as `x`."""
        shape = getattr(x, "shape", None) if hasattr(x, "x") and hasattr(x, "y") else None
        values = check_binary(x.x if shape else x, name)
        if values.ndim != 2:
            raise InputError(f"{name} must have 2 dimensions, images by pixels; got shape {values.shape}; "
                             f"reshape images to rows, as in {name}.reshape(len({name}), -1)")
        n, d = values.shape
        if n == 0 or d == 0:
            raise InputError(f"{name} must hold at least one image of one pixel; got shape {values.shape}")
        return cls(np.packbits(values, axis=1, bitorder="little"), d, tuple(shape or image_shape(d)))

    @property
    def n(self):
        """Number of images."""
        return self.bits.shape[0]

    def __len__(self):
        return self.n

    def dense(self, rows=slice(None)):
        """Pixels of `rows` as (m, d) uint8 in {0, 1}."""
        return np.unpackbits(self.bits[rows], axis=1, count=self.d, bitorder="little")

    @cached_property
    def digest(self):
        """SHA-256 of size and pixels, as text: the same for the same table anywhere."""
        digest = hashlib.sha256(f"dpmix table {self.n} x {self.d}\n".encode())
        digest.update(np.ascontiguousarray(self.bits))
        return digest.hexdigest()

    @cached_property
    def runs(self):
        """The pixels that are on, as the `dpmix.kernels.records.Runs` that kernels read."""
        from dpmix.kernels.records import Runs

        counts, starts, stops = [np.zeros(1, np.int64)], [], []
        step = max(1, _BLOCK_BYTES // self.d)
        for first in range(0, self.n, step):
            padded = np.pad(self.dense(slice(first, first + step)), ((0, 0), (1, 1))).view(np.int8)
            edges = np.diff(padded, axis=1)
            rows, begin = np.nonzero(edges == 1)
            counts.append(np.bincount(rows, minlength=len(padded)))
            starts.append(begin.astype(np.int32))
            stops.append(np.nonzero(edges == -1)[1].astype(np.int32))
        return Runs(np.cumsum(np.concatenate(counts), dtype=np.int64), np.concatenate(starts), np.concatenate(stops))


def image_shape(d):
    """Height and width in which to show `d` pixels of unknown layout: a square, or else one row."""
    side = round(d**0.5)
    return (side, side) if side * side == d else (1, d)


def check_binary(x, name="x", observed=None):
    """Return `x` as a uint8 array of zeros and ones, or say what is wrong and where.

    Parameters
    ----------
    x : array-like of bool, int or float, of any shape
    name : str
        What the caller calls it.
    observed : array of bool, of the shape of `x`, optional
        Entries where it is False are not looked at and come back as 0.

    Raises
    ------
    InputTypeError
        Objects, strings or complex numbers.
    InputError
        Ragged lists, masked entries that `observed` does not leave out, NaN, or values other than 0 and 1.
    """
    if observed is None and np.ma.is_masked(x):
        raise InputError(f"{name} has masked entries; sampling with unobserved pixels is not available yet; "
                         f"fill them first, as in {name}.filled(0), or leave those images out")
    values = check_numbers(x, name)
    wrong = (values != 0) & (values != 1)
    if observed is not None:
        wrong &= observed
    if wrong.any():
        at = tuple(int(ix) for ix in np.argwhere(wrong)[0])
        place = f"row {at[0]}, column {at[1]}" if len(at) == 2 else f"index {at}"
        found = values[at]
        shown = "NaN" if found != found else f"{found:g}"
        raise InputError(f"{name} must contain only 0 and 1; found {shown} at {place}; "
                         "call dpmix.datasets.binarize first")
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
