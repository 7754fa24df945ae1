"""How the table of images reaches the workers: once for each of them, never once a segment.

A segment travels with a `TableHandle`, a few hundred bytes: where the packed pixels can be read, and
their digest. A worker that cannot read that file (on another machine) answers
`MISSING`, is sent the packed pixels themselves with the next attempt, and keeps them.

What comes back is an `Answer` that says to what. Executors may be anyone's, and may mix answers up or give
none: `checked_answer` looks before anything becomes part of a chain.
"""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dpmix.base.errors import InputError
from dpmix.base.file_rows import FileRows, held
from dpmix.chain.record import Draws
from dpmix.chain.segment import run_segment
from dpmix.chain.state import State
from dpmix.model.table import BinaryTable
from dpmix.sampling.shortage import described_object
from dpmix.store.chain_values import check_segment

__all__ = ["MISSING", "Answer", "Asked", "TableHandle", "checked_answer", "holding", "remote_segment"]

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
            rows = FileRows(Path(self.path))
            table = BinaryTable(held(rows), **self.form) if len(rows) == self.n else None
            return table if table and table.digest == self.digest else None
        except (InputError, OSError):  # RunError, too: it was cut meanwhile
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


class Asked(NamedTuple):
    """What tells one segment from all others, those of other runs too."""

    chain: int
    done: int  # sweeps before it
    n_sweeps: int
    digest: str  # of the table
    generator: bytes  # its state before the segment, which no other has


class Answer(NamedTuple):
    """A segment that was run."""

    asked: Asked
    state: State
    draws: Draws


def remote_segment(asked, handle, plan, state):
    """The `Answer` to `asked`, by `run_segment` on the table of `handle`, or MISSING where it is out of reach."""
    table = handle.table()
    if table is None:
        return MISSING
    return Answer(asked, *run_segment(table, plan, state, asked.done, asked.n_sweeps))


def checked_answer(answer, asked, table, plan):
    """Return `answer`, which must be the one to `asked`, of a form that a chain can go on from.

    Raises
    ------
    TypeError, ValueError
        It is not; in words that go on from "the executor answered with".
    """
    if not isinstance(answer, Answer):
        raise TypeError(f"{described_object(answer)} where a segment was asked for")
    if answer.asked != asked:
        found = answer.asked
        raise ValueError(
            f"sweeps {found.done + 1} to {found.done + found.n_sweeps} of chain {found.chain}"
            f"{'' if found[3:] == asked[3:] else ' of other images or from another start'}, "
            f"where sweeps {asked.done + 1} to {asked.done + asked.n_sweeps} of chain {asked.chain} were asked for"
        )
    try:
        check_segment(answer.state, answer.draws, table, plan, asked.done)
    except InputError as error:
        raise ValueError(f"a segment that does not fit the images and the plan: {error}") from error
    except Exception as error:
        raise ValueError("a segment that is damaged") from error
    if len(answer.draws.trace["log_joint"]) != asked.n_sweeps:
        raise ValueError("a segment of another length")
    return answer
