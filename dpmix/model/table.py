"""The table of zeros and ones that is clustered: checked once, held bit-packed."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dpmix.base.arrays import (
    check_binary,
    check_classes,
    check_mask,
    check_numbers,
    image_shape,
    observed_entries,
)
from dpmix.base.errors import InputError
from dpmix.kernels.records import Runs, table_rows

__all__ = ["BinaryTable"]

_BLOCK_BYTES = 1 << 24  # rows are unpacked this much at a time
_COLUMN = 255  # rows whose zeros and ones add up in a byte


@dataclass(frozen=True, eq=False)
class BinaryTable:
    """`n` images of `d` binary pixels, some of them perhaps unobserved, and perhaps a label for each.

    Attributes
    ----------
    packed : (n, w) uint8
        One row an image: its pixels eight to a byte, the first in the lowest bit; if `masked`, in the
        same way whether each is observed; if there are labels, its label + 1 in two bytes, the low one
        first. May be a `dpmix.base.file_rows.FileRows`, which reads rows when they are asked for.
    d : int
        Number of pixels.
    shape : (int, int)
        Height and width of an image; their product is `d`.
    masked : bool
        Whether any pixel is unobserved.
    n_classes : int
        Number of classes of the label column, 0 where there is none.
    """

    packed: np.ndarray
    d: int
    shape: tuple
    masked: bool = False
    n_classes: int = 0

    @classmethod
    def from_input(cls, x, observed=None, labels=None, name="x"):
        """Check and pack whatever `dpmix.sample` accepts as `x`, `observed` and `labels`."""
        shape = getattr(x, "image_shape", None)  # of Images
        values = check_numbers(x, name)
        if values.ndim != 2:
            raise InputError(
                f"{name} must have 2 dimensions, images by pixels; got shape {values.shape}; "
                f"reshape images to rows, as in {name}.reshape(len({name}), -1)"
            )
        n, d = values.shape
        if n == 0 or d == 0:
            raise InputError(f"{name} must hold at least one image of one pixel; got shape {values.shape}")
        observed = check_mask("observed", observed, observed_entries(x, values))
        columns = [np.packbits(check_binary(values, name, observed), axis=1, bitorder="little")]
        masked = not observed.all()
        if masked:
            columns.append(np.packbits(observed, axis=1, bitorder="little"))
        n_classes = 0
        if labels is not None:
            codes, n_classes = check_classes(labels, n)
            columns.append(codes.astype("<u2")[:, None].view(np.uint8))
        packed = columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1)
        return cls(packed, d, tuple(shape or image_shape(d)), masked, n_classes)

    def __reduce__(self):  # without what is cached
        return type(self), (np.asarray(self.packed), self.d, self.shape, self.masked, self.n_classes)

    def with_rows(self, packed):
        """The table of other images, or of some of these, packed in the same way."""
        return type(self)(packed, self.d, self.shape, self.masked, self.n_classes)

    @property
    def n(self):
        """Number of images."""
        return self.packed.shape[0]

    def __len__(self):
        return self.n

    def blocks(self):
        """The packed rows, some megabytes at a time; a generator of (m, w) uint8."""
        step = max(1, _BLOCK_BYTES // self.packed.shape[1])
        return (self.packed[first : first + step] for first in range(0, self.n, step))

    @property
    def width(self):
        """Bytes of the pixels of one image."""
        return -(-self.d // 8)

    @property
    def classes(self):
        """Class of each image, its known label, (n,) int64, -1 where it is not observed."""
        if not self.n_classes:
            return np.full(self.n, -1)
        columns = [np.ascontiguousarray(rows[:, -2:]).view("<u2")[:, 0] for rows in self.blocks()]
        return np.concatenate(columns).astype(np.int64) - 1

    def dense(self, rows=slice(None)):
        """Pixels of `rows` as (m, d) uint8 in {0, 1}; 0 where unobserved."""
        packed = self.packed[rows][:, : self.width]
        return np.unpackbits(packed, axis=1, count=self.d, bitorder="little")

    def observed(self, rows=slice(None)):
        """Whether each pixel of `rows` is observed, (m, d) uint8 in {0, 1}."""
        if not self.masked:
            return np.ones((len(self.packed[rows]), self.d), np.uint8)
        packed = self.packed[rows][:, self.width : 2 * self.width]
        return np.unpackbits(packed, axis=1, count=self.d, bitorder="little")

    @cached_property
    def digest(self):
        """SHA-256 of sizes and contents, as text: the same for the same table anywhere."""
        head = (
            f"dpmix table {self.n} x {self.d}, {self.n_classes} classes{', masked' if self.masked else ''}\n"
        )
        digest = hashlib.sha256(head.encode())
        for rows in self.blocks():
            digest.update(np.ascontiguousarray(rows))
        return digest.hexdigest()

    @cached_property
    def totals(self):
        """Images with each pixel on, with it unobserved, and with each label: (d,), (d,) or (0,), (n_classes,)."""
        ones, gaps = np.zeros(self.d, np.int64), np.zeros(self.d if self.masked else 0, np.int64)
        for packed in self.blocks():
            block = self.with_rows(packed)
            ones += _column_sums(block.dense, block.n)
            if self.masked:
                gaps += block.n - _column_sums(block.observed, block.n)
        return ones, gaps, np.bincount(self.classes + 1, minlength=self.n_classes + 1)[1:]

    @cached_property
    def runs(self):
        """Pixels that are on, gaps and labels as the `dpmix.kernels.records.Runs` that kernels read."""
        offsets, starts, stops = self._runs_of(self.dense)
        gaps = self._runs_of(lambda rows: 1 - self.observed(rows)) if self.masked else no_runs(self.n)
        classes = self.classes
        if not self.masked and not self.n_classes:
            return Runs(offsets, offsets[1:].copy(), starts, stops, *gaps, classes)
        first_gap, first_class, _ = table_rows(self.d, self.masked, self.n_classes)
        labelled = np.flatnonzero(classes >= 0)
        owners = np.concatenate([_owners(offsets), _owners(gaps[0]), labelled])
        order = np.argsort(owners, kind="stable")
        starts = np.concatenate([starts, gaps[1] + first_gap, np.full(len(labelled), first_class)])
        stops = np.concatenate([stops, gaps[2] + first_gap, first_class + 1 + classes[labelled]])
        ends = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=self.n))])
        on_ends = ends[:-1] + np.diff(offsets)
        return Runs(
            ends, on_ends, starts[order].astype(np.int32), stops[order].astype(np.int32), *gaps, classes
        )

    def _runs_of(self, dense):
        counts, starts, stops = [np.zeros(1, np.int64)], [], []
        step = max(1, _BLOCK_BYTES // self.d)
        for first in range(0, self.n, step):
            padded = np.pad(dense(slice(first, first + step)), ((0, 0), (1, 1))).view(np.int8)
            edges = np.diff(padded, axis=1)
            rows, begin = np.nonzero(edges == 1)
            counts.append(np.bincount(rows, minlength=len(padded)))
            starts.append(begin.astype(np.int32))
            stops.append(np.nonzero(edges == -1)[1].astype(np.int32))
        return (
            np.cumsum(np.concatenate(counts), dtype=np.int64),
            np.concatenate(starts),
            np.concatenate(stops),
        )


def _column_sums(dense, n):
    """Sums of the columns of zeros and ones that `dense` gives of rows, (d,) int64, a byte for each at first."""
    return sum(
        dense(slice(first, first + _COLUMN)).sum(0, dtype=np.uint8).astype(np.int64)
        for first in range(0, n, _COLUMN)
    )


def _owners(offsets):
    """Image that each run belongs to."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def no_runs(n):
    """Offsets, starts and stops of `n` images without any run."""
    return np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)
