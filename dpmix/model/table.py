"""The table of zeros and ones that is clustered: checked once, held bit-packed."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dpmix.base.arrays import (
    check_binary,
    check_classes,
    check_mask_form,
    check_numbers,
    image_shape,
    observed_entries,
)
from dpmix.base.errors import InputError
from dpmix.kernels.records import Runs, table_rows

__all__ = ["BinaryTable"]

_BLOCK_ENTRIES = 1 << 21  # entries are checked, packed and unpacked so many at a time


@dataclass(frozen=True, eq=False)
class BinaryTable:
    """`n` images of `d` binary pixels, some of them perhaps unobserved, and perhaps a label for each.

    Attributes
    ----------
    packed : (n, w) uint8
        One row an image: its pixels eight to a byte, the first in the lowest bit; if `masked`, in the
        same way whether each is observed; if there are labels, its label + 1 in two bytes, the low one
        first. May be a read-only memory map.
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
        if observed is not None:
            observed = check_mask_form("observed", observed, (n, d))
        codes, n_classes = (None, 0) if labels is None else check_classes(labels, n)
        packed, masked = _packed(x, values, observed, name, 2 if n_classes else 0)
        if n_classes:
            packed[:, -2:] = codes.astype("<u2")[:, None].view(np.uint8)
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

    @property
    def width(self):
        """Bytes of the pixels of one image."""
        return -(-self.d // 8)

    @property
    def classes(self):
        """Class of each image, its known label, (n,) int64, -1 where it is not observed."""
        if not self.n_classes:
            return np.full(self.n, -1)
        return np.ascontiguousarray(self.packed[:, -2:]).view("<u2")[:, 0].astype(np.int64) - 1

    def dense(self, rows=slice(None)):
        """Pixels of `rows` as (m, d) uint8 in {0, 1}; 0 where unobserved."""
        return np.unpackbits(self.packed[rows, : self.width], axis=1, count=self.d, bitorder="little")

    def observed(self, rows=slice(None)):
        """Whether each pixel of `rows` is observed, (m, d) uint8 in {0, 1}."""
        if not self.masked:
            return np.ones((len(self.packed[rows]), self.d), np.uint8)
        packed = self.packed[rows, self.width : 2 * self.width]
        return np.unpackbits(packed, axis=1, count=self.d, bitorder="little")

    @cached_property
    def digest(self):
        """SHA-256 of sizes and contents, as text: the same for the same table anywhere."""
        head = (
            f"dpmix table {self.n} x {self.d}, {self.n_classes} classes{', masked' if self.masked else ''}\n"
        )
        digest = hashlib.sha256(head.encode())
        digest.update(np.ascontiguousarray(self.packed))
        return digest.hexdigest()

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
        """Offsets, starts and stops of the runs of what `dense` gives for rows, block by block."""
        offsets, starts, stops = np.zeros(self.n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)
        for rows in _blocks(self.n, self.d):
            padded = np.pad(dense(rows), ((0, 0), (1, 1))).view(np.int8)
            edges = np.diff(padded, axis=1)
            owners, begin = np.nonzero(edges == 1)
            offsets[rows.start + 1 : rows.stop + 1] = np.bincount(owners, minlength=len(padded))
            _extend(starts, begin)
            _extend(stops, np.nonzero(edges == -1)[1])
        return np.cumsum(offsets, out=offsets), starts, stops


def _blocks(n, d):
    """Slices of `n` rows of `d` entries, of `_BLOCK_ENTRIES` entries each."""
    step = max(1, _BLOCK_ENTRIES // d)
    return [slice(first, min(first + step, n)) for first in range(0, n, step)]


def _extend(array, more):
    """Let an array that nobody else holds grow in place: what would be joined in the end need not be held twice."""
    before = array.size
    array.resize(before + more.size, refcheck=False)
    array[before:] = more


def _packed(x, values, mask, name, extra):
    """Check and pack `values`, the numbers of `x`, block by block: (n, w) uint8 with `extra` bytes, and if masked."""
    (n, d), width = values.shape, -(-values.shape[1] // 8)

    def observed_in(rows):
        observed = observed_entries(x[rows] if np.ma.isMaskedArray(x) else None, values[rows])
        return observed if mask is None else observed & (mask if mask.ndim == 1 else mask[rows])

    blocks = _blocks(n, d)
    may_lack = mask is not None or np.ma.isMaskedArray(x) or values.dtype.kind == "f"
    masked = may_lack and not all(observed_in(rows).all() for rows in blocks)
    packed = np.empty((n, (2 if masked else 1) * width + extra), np.uint8)
    for rows in blocks:
        observed = observed_in(rows) if masked else None
        on = check_binary(values[rows], name, observed, first_row=rows.start)
        packed[rows, :width] = np.packbits(on, axis=1, bitorder="little")
        if masked:
            packed[rows, width : 2 * width] = np.packbits(observed, axis=1, bitorder="little")
    return packed, masked


def _owners(offsets):
    """Image that each run belongs to."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def no_runs(n):
    """Offsets, starts and stops of `n` images without any run."""
    return np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)
