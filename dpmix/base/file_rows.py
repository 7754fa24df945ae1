"""Rows of bytes that stay in their file until they are asked for.

A table of many images is larger than what a program should hold, and a map of its file would end the program when
another one cuts the file. `FileRows` reads some rows at a time, as an array would give them, and says so where the file
is not the one any more that it was.
"""

import os
import re
import shutil
import weakref

import numpy as np

from dpmix.base.errors import InputError, RunError
from dpmix.base.npy import NPY_MAGIC
from dpmix.base.reading import opened
from dpmix.base.stream import fill

__all__ = ["HELD_BYTES", "FileRows", "held"]

HELD_BYTES = 1 << 28  # what is not larger is read into memory
_MOST_HEADER = 4096
_HEADER = re.compile(
    re.escape(NPY_MAGIC)
    + rb"(?:\x01\x00..|\x02\x00....)"
    + rb"\{'descr': '\|u1', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \} *\n",
    re.DOTALL,
)
_STEP_BYTES = 1 << 24  # read at a time where rows are picked


class FileRows:
    """The rows of the .npy file of bytes at `path`; indexed by slices and by arrays of row numbers.

    Attributes
    ----------
    path : path
    shape : (int, int)
        Rows, and bytes of each.
    """

    ndim, dtype = 2, np.dtype(np.uint8)

    def __init__(self, path):
        self.path = path
        with opened(path) as file:
            self._offset, self.shape = _header(path, file.read(_MOST_HEADER))
            self._found, size = _identity(file), os.fstat(file.fileno()).st_size
        if size != self._offset + self.nbytes:
            raise InputError(
                f"{path}: is cut short, or its header is wrong: {size:,} bytes for shape {self.shape}"
            )

    @property
    def nbytes(self):
        """Bytes of all rows."""
        return self.shape[0] * self.shape[1]

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        if isinstance(rows, slice):
            first, last, step = rows.indices(len(self))
            return self._read(first, max(first, last))[::step]
        return self._picked(np.asarray(rows))

    def __array__(self, dtype=None, copy=None):
        return self[:] if dtype is None else self[:].astype(dtype)

    def removed_with(self, folder):
        """Return these rows, whose file is to be gone with its `folder` when nobody has them any more."""
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return self

    def _read(self, first, last):
        values = np.empty((last - first, self.shape[1]), np.uint8)
        try:
            with opened(self.path) as file:
                same = _identity(file) == self._found
                file.seek(self._offset + first * self.shape[1])
                same &= fill(file, memoryview(values).cast("B")) == values.size if values.size else True
        except (OSError, InputError) as error:
            raise RunError(
                f"{self.path}: cannot be read any more ({error})", "bring the file back"
            ) from error
        if not same:
            raise RunError(f"{self.path}: was changed by another program while it was in use")
        return values

    def _picked(self, rows):
        """Some `rows`, in whatever order, by one pass over the part of the file in which they lie."""
        values = np.empty((len(rows), self.shape[1]), np.uint8)
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        step = max(1, _STEP_BYTES // self.shape[1])
        begin = 0
        while begin < len(rows):
            first = int(ascending[begin])
            end = int(np.searchsorted(ascending, first + step))
            block = self._read(first, min(first + step, int(ascending[end - 1]) + 1))
            values[order[begin:end]] = block[ascending[begin:end] - first]
            begin = end
        return values


def _header(path, start):
    """Length of the header and shape of the array in a file that begins with the bytes `start`.

    NumPy's own parser has Python read the header, which two threads of some versions of it cannot do at once
    (SystemError), and workers of a cluster have threads. What `numpy.save` writes of bytes has one form.
    """
    found = _HEADER.match(start)
    if not found or found.end() != _length(start) or len(found[1]) + len(found[2]) > 30:
        raise InputError(
            f"{path}: must be an .npy file of rows of bytes (uint8, two axes, row by row), as numpy.save writes it"
        )
    return found.end(), (int(found[1]), int(found[2]))


def _length(start):
    """Bytes of the header, as it says itself."""
    if start[len(NPY_MAGIC)] == 1:
        return 10 + int.from_bytes(start[8:10], "little")
    return 12 + int.from_bytes(start[8:12], "little")


def held(rows):
    """The `FileRows` themselves, or all of them in a read-only array where that is no matter."""
    if rows.nbytes > HELD_BYTES:
        return rows
    values = rows[:]
    values.flags.writeable = False
    return values


def _identity(file):
    """What changes where another program writes to `file` or puts another one in its place."""
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
