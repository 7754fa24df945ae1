"""Files of packed pixels that last as long as they are needed, where there is no run folder."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from dpmix.base.errors import RunError
from dpmix.base.file_rows import FileRows
from dpmix.model.table import BinaryTable
from dpmix.store.table_file import npy_header, write_table

__all__ = ["scratch_file", "table_of_parts"]


@contextlib.contextmanager
def scratch_file(table):
    """Path of a file with the packed pixels for workers to read, gone when the block is left."""
    with contextlib.ExitStack() as stack:
        with _told():
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="dpmix-", ignore_cleanup_errors=True)
            )
            path = Path(folder) / "data.npy"
            with open(path, "xb") as file:
                write_table(file, table)
        yield path


def table_of_parts(parts, packed_shape, **form):
    """The table of packed rows that come in `parts`, in a file that is gone when nobody has the table any more.

    Parameters
    ----------
    parts : iterable of (m, w) uint8
        Each is written before the next is asked for.
    packed_shape : (int, int)
        Of all rows: (n, w).
    **form
        What `dpmix.model.table.BinaryTable` needs beside the packed rows.
    """
    with _told():
        folder = tempfile.mkdtemp(prefix="dpmix-")
    try:
        path = Path(folder) / "data.npy"
        with _told(), open(path, "xb") as file:
            file.write(npy_header(packed_shape))
        for part in parts:
            with _told(), open(path, "ab") as file:
                file.write(part)
        return BinaryTable(FileRows(path).removed_with(folder), **form)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextlib.contextmanager
def _told():
    try:
        yield
    except OSError as error:
        raise RunError(
            f"cannot write a temporary file for the workers: {error.strerror or error}",
            "free some room there, let TMPDIR name another folder, or pass out=...",
        ) from error
