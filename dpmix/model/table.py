"""The table of zeros and ones that is clustered: checked once, held bit-packed."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dpmix.base.arrays import check_classes, check_mask_form, image_shape
from dpmix.base.errors import InputError
from dpmix.base.label_names import numbered
from dpmix.kernels.records import Runs, table_rows
from dpmix.model.packing import check_form, packed_rows
from dpmix.model.runs import no_runs, runs_of
from dpmix.tables.columns import Columns, check_columns, check_names
from dpmix.tables.frames import is_frame, read_frame
from dpmix.tables.sparse import is_sparse

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
    columns : dpmix.tables.columns.Columns or None
        What the pixels are called and stand for, where they are columns of a table with names.
    names : tuple of str or int, or None
        What the images are called.
    label_names : tuple of str, or None
        What the labels are called, where they are texts: label k is ``label_names[k]``.
    """

    packed: np.ndarray
    d: int
    shape: tuple
    masked: bool = False
    n_classes: int = 0
    columns: Columns | None = None
    names: tuple | None = None
    label_names: tuple | None = None

    @classmethod
    def from_input(cls, x, observed=None, labels=None, name="x", columns=None):
        """Check and pack whatever `dpmix.sample` accepts as `x`, `observed`, `labels` and `columns`."""
        shape, names = getattr(x, "image_shape", None), None
        named = None if columns is None else columns if isinstance(columns, Columns) else Columns(columns)
        if is_frame(x):
            frame = read_frame(x, name, None)
            x, found, names = frame.x, frame.columns, frame.names
            shape = None if found is None else (1, len(found))
        else:
            found, names = getattr(x, "columns", None), getattr(x, "names", None) if shape else None
            found = found if isinstance(found, Columns) else None
        check_columns(named, found, "columns")
        named = found or named
        values = check_form(x, name)
        n, d = values.shape
        if named is not None and len(named) != d:
            raise InputError(f"columns must be one name for each of the {d} columns; got {len(named)}")
        if observed is not None:
            observed = check_mask_form("observed", observed, (n, d))
        labels, label_names = numbered(labels)
        codes, n_classes = (None, 0) if labels is None else check_classes(labels, n)
        packed, masked = packed_rows(x, values, observed, name, 2 if n_classes else 0)
        if n_classes:
            packed[:, -2:] = codes.astype("<u2")[:, None].view(np.uint8)
        shape = tuple(shape or ((1, d) if named or is_sparse(x) else image_shape(d)))
        names = None if names is None else check_names(names, n)
        return cls(packed, d, shape, masked, n_classes, named, names, label_names)

    def __reduce__(self):  # without what is cached
        packed = np.asarray(self.packed)
        form = (self.d, self.shape, self.masked, self.n_classes)
        return type(self), (packed, *form, self.columns, self.names, self.label_names)

    def with_rows(self, packed):
        """The table of other images, or of some of these, packed in the same way, without names."""
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
        return np.unpackbits(self._bits(rows), axis=1, count=self.d, bitorder="little")

    def observed(self, rows=slice(None)):
        """Whether each pixel of `rows` is observed, (m, d) uint8 in {0, 1}."""
        if not self.masked:
            return np.ones((len(self.packed[rows]), self.d), np.uint8)
        packed = self.packed[rows][:, self.width : 2 * self.width]
        return np.unpackbits(packed, axis=1, count=self.d, bitorder="little")

    def _bits(self, rows):
        """Pixels of `rows` that are on, packed."""
        return self.packed[rows][:, : self.width]

    def _gaps(self, rows):
        """Pixels of `rows` that are not observed, packed."""
        whole = np.packbits(np.ones(self.d, np.uint8), bitorder="little")
        return whole & ~self.packed[rows][:, self.width : 2 * self.width]

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
        offsets, starts, stops = runs_of(self._bits, self.n, self.d)
        gaps = runs_of(self._gaps, self.n, self.d) if self.masked else no_runs(self.n)
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


def _column_sums(dense, n):
    """Sums of the columns of zeros and ones that `dense` gives of rows, (d,) int64, a byte for each at first."""
    return sum(
        dense(slice(first, first + _COLUMN)).sum(0, dtype=np.uint8).astype(np.int64)
        for first in range(0, n, _COLUMN)
    )


def _owners(offsets):
    """Image that each run belongs to."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
