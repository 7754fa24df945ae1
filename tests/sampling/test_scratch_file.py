"""The file from which workers read the images, where there is no run folder."""

import errno
import tempfile

import numpy as np
import pytest

import dpmix
from dpmix.model.table import BinaryTable
from dpmix.sampling import scratch
from dpmix.sampling.delivery import TableHandle
from dpmix.store.table_file import write_table

X = np.eye(6, dtype=np.uint8)


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("module", "name"), [(tempfile, "TemporaryDirectory"), (scratch, "write_table")])
def test_no_room_is_told(monkeypatch, module, name):
    monkeypatch.setattr(module, name, full)
    with pytest.raises(
        dpmix.RunError, match="temporary file for the workers: No space left on device; .*TMPDIR"
    ):
        dpmix.sample(X, chains=1, sweeps=1, jobs=1, progress=False)


def test_a_file_that_was_cut_is_out_of_reach(tmp_path):
    """A worker then asks for the images themselves; mapped, they would have ended it."""
    table = BinaryTable.from_input(X)
    with open(tmp_path / "data.npy", "wb") as file:
        write_table(file, table)
    handle = TableHandle.of(table, tmp_path / "data.npy")
    assert type(handle.table().packed) is np.ndarray and handle.table().digest == table.digest
    other = BinaryTable.from_input(1 - X)
    with open(tmp_path / "other.npy", "wb") as file:
        write_table(file, other)
        file.truncate(100)
    assert TableHandle.of(other, tmp_path / "other.npy").table() is None
