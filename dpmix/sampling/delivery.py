"""How the table of images reaches the workers: once for each of them, never once a segment.

A segment travels with a `TableHandle`, a few hundred bytes: where the packed pixels can be read, and
their digest. A worker that cannot read that file (on another machine) answers
`MISSING`, is sent the packed pixels themselves with the next attempt, and keeps them.
"""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dpmix.base.errors import InputError
from dpmix.chain.segment import run_segment
from dpmix.model.table import BinaryTable
from dpmix.store.table_file import read_table

__all__ = ["MISSING", "TableHandle", "holding", "remote_segment"]

MISSING = "table missing"
_held = {}  # digest -> BinaryTable, in a worker: the last table only


@dataclass(frozen=True)
class TableHandle:
    """What identifies a table, and a way to get it."""

    digest: str
    n: int
    form: dict  # d, shape, masked, n_classes: what BinaryTable needs beside the packed pixels
    path: str  # a .npy file of the packed pixels
    packed: np.ndarray | None = None

    @classmethod
    def of(cls, table, path):
        """Handle of `table`, whose packed pixels are saved at `path`."""
        form = {name: getattr(table, name) for name in ("d", "shape", "masked", "n_classes")}
        return cls(table.digest, table.n, form, str(path))

    def carrying(self, table):
        """The same handle with the pixels inside."""
        return replace(self, packed=np.asarray(table.packed))

    def table(self):
        """The table, or None where this process cannot get at it."""
        table = _held.get(self.digest)
        if table is None:
            table = self._carried() if self.packed is not None else self._read()
            if table is not None:
                _held.clear()
                _held[self.digest] = table
        return table  # not what is held now: another thread may have put another table there

    def _carried(self):
        return BinaryTable(self.packed, **self.form)

    def _read(self):
        try:
            return read_table(Path(self.path), {"n": self.n, "digest": self.digest, **self.form})
        except (InputError, OSError):
            return None


@contextlib.contextmanager
def holding(table):
    """Within the block, handles of `table` find it here in this process."""
    before = dict(_held)
    _held.clear()
    _held[table.digest] = table
    try:
        yield
    finally:
        _held.clear()
        _held.update(before)


def remote_segment(handle, plan, state, done, n_sweeps):
    """`run_segment` on the table of `handle`, or MISSING where it is out of reach."""
    table = handle.table()
    return MISSING if table is None else run_segment(table, plan, state, done, n_sweeps)
