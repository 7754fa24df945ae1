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
from dpmix.tables.columns import Columns, check_columns, check_names
from dpmix.tables.frames import is_frame, read_frame
from dpmix.tables.sparse import is_sparse, packed_sparse

__all__ = ["BinaryTable"]

_BLOCK_BYTES = 1 << 24  # rows are unpacked this much at a time
_SPARSE = 1 / 8  # share of bytes that are not 0 below which only these are


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
    columns : dpmix.tables.columns.Columns or None
        What the pixels are called and stand for, where they are columns of a table with names.
    names : tuple of str or int, or None
        What the images are called.
    """

    packed: np.ndarray
    d: int
    shape: tuple
    masked: bool = False
    n_classes: int = 0
    columns: Columns | None = None
    names: tuple | None = None

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
        on, gaps, d = _packed_sparse(x, observed, name) if is_sparse(x) else _packed(x, observed, name)
        if named is not None and len(named) != d:
            raise InputError(f"columns must be one name for each of the {d} columns; got {len(named)}")
        parts, n_classes = [on] if gaps is None else [on, gaps], 0
        if labels is not None:
            codes, n_classes = check_classes(labels, len(on))
            parts.append(codes.astype("<u2")[:, None].view(np.uint8))
        packed = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        shape = tuple(shape or ((1, d) if named or is_sparse(x) else image_shape(d)))
        names = None if names is None else check_names(names, len(on))
        return cls(packed, d, shape, gaps is not None, n_classes, named, names)

    def __reduce__(self):  # without what is cached
        packed = np.asarray(self.packed)
        return type(self), (packed, self.d, self.shape, self.masked, self.n_classes, self.columns, self.names)

    def with_rows(self, packed):
        """The table of other images, or of some of these, packed in the same way, without names."""
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

    def _gaps(self):
        """Runs of pixels that are not observed."""
        whole = np.packbits(np.ones(self.d, np.uint8), bitorder="little")
        return _runs_of(whole & ~self.packed[:, self.width : 2 * self.width], self.d)

    @cached_property
    def runs(self):
        """Pixels that are on, gaps and labels as the `dpmix.kernels.records.Runs` that kernels read."""
        offsets, starts, stops = _runs_of(self.packed[:, : self.width], self.d)
        gaps = self._gaps() if self.masked else no_runs(self.n)
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


def _runs_of(bits, d):
    """Where runs of neighbouring bits that are set begin and end in rows of `d` bits each, packed (n, w).

    Returns offsets (n + 1,), starts and stops. Where few bytes have any bit set, only these are unpacked.
    """
    counts, starts, stops = [np.zeros(1, np.int64)], [], []
    step = max(1, _BLOCK_BYTES // d)
    for first in range(0, len(bits), step):
        block = bits[first : first + step]
        few = np.count_nonzero(block) < _SPARSE * block.size
        rows, begin, end = (_sparse_edges if few else _dense_edges)(block, d)
        counts.append(np.bincount(rows, minlength=len(block)))
        starts.append(begin.astype(np.int32))
        stops.append(end.astype(np.int32))
    return np.cumsum(np.concatenate(counts), dtype=np.int64), np.concatenate(starts), np.concatenate(stops)


def _dense_edges(block, d):
    """Row, start and stop of each run in some rows of packed bits."""
    dense = np.unpackbits(block, axis=1, count=d, bitorder="little")
    edges = np.diff(np.pad(dense, ((0, 0), (1, 1))).view(np.int8), axis=1)
    rows, begin = np.nonzero(edges == 1)
    return rows, begin, np.nonzero(edges == -1)[1]


def _sparse_edges(block, d):
    """As `_dense_edges`, at a cost in proportion to the bytes that are not 0."""
    row, byte = np.nonzero(block)
    which, bit = np.nonzero(np.unpackbits(block[row, byte][:, None], axis=1, bitorder="little"))
    row, column = row[which], 8 * byte[which] + bit
    place = row * (d + 1) + column  # neighbours in a row are neighbours here, those of two rows are not
    begins = np.diff(place, prepend=-2) != 1
    return row[begins], column[begins], column[np.roll(begins, -1)] + 1


def _packed(x, observed, name):
    """Packed pixels of an array `x`, and which are observed, or None where all are; number of pixels."""
    values = check_numbers(x, name)
    if values.ndim != 2:
        raise InputError(
            f"{name} must have 2 dimensions, images by pixels; got shape {values.shape}; "
            f"reshape images to rows, as in {name}.reshape(len({name}), -1)"
        )
    if not values.size:
        raise InputError(f"{name} must hold at least one image of one pixel; got shape {values.shape}")
    observed = check_mask("observed", observed, observed_entries(x, values))
    on = np.packbits(check_binary(values, name, observed), axis=1, bitorder="little")
    seen = None if observed.all() else np.packbits(observed, axis=1, bitorder="little")
    return on, seen, values.shape[1]


def _packed_sparse(x, observed, name):
    """As `_packed`, of a sparse matrix."""
    on, gaps = packed_sparse(x, name)
    d = x.shape[1]
    if gaps is None and observed is None:
        return on, None, d
    whole = np.packbits(np.ones(d, np.uint8), bitorder="little")
    seen = np.broadcast_to(whole, on.shape) if gaps is None else whole & ~gaps
    if observed is not None:
        mask = check_mask("observed", observed, np.broadcast_to(True, x.shape))
        seen = seen & np.packbits(mask, axis=1, bitorder="little")
    return on & seen, None if (seen == whole).all() else seen, d


def _owners(offsets):
    """Image that each run belongs to."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def no_runs(n):
    """Offsets, starts and stops of `n` images without any run."""
    return np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)
