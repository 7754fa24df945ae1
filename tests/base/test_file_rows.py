"""Rows that stay in their file are those of an array, as long as the file is the one that it was."""

import os

import numpy as np
import pytest

from dpmix.base import file_rows
from dpmix.base.errors import InputError, RunError
from dpmix.base.file_rows import FileRows, held

ROWS = np.random.default_rng(0).integers(0, 256, (1000, 7)).astype(np.uint8)


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    return tmp_path / "rows.npy"


@pytest.mark.parametrize(
    "index",
    [
        slice(None),
        slice(10, 20),
        slice(20, 10),
        slice(990, 2000),
        slice(0, 0),
        slice(0, 100, 7),
        np.array([3, 999, 0, 3, 500]),
        np.arange(1000)[::-1],
        np.empty(0, int),
    ],
    ids=str,
)
def test_rows_are_those_of_the_array(path, index, monkeypatch):
    monkeypatch.setattr(file_rows, "_STEP_BYTES", 7 * 100)
    rows = FileRows(path)
    np.testing.assert_array_equal(rows[index], ROWS[index], strict=True)
    assert (len(rows), rows.shape, rows.nbytes, rows.dtype) == (1000, ROWS.shape, ROWS.nbytes, ROWS.dtype)
    np.testing.assert_array_equal(np.asarray(rows), ROWS)


def test_few_rows_are_held(path, monkeypatch):
    assert type(held(FileRows(path))) is np.ndarray
    monkeypatch.setattr(file_rows, "HELD_BYTES", ROWS.nbytes - 1)
    assert type(held(FileRows(path))) is FileRows


def cut(path):
    os.truncate(path, 200)


def replaced(path):
    np.save(path.parent / "other.npy", ROWS[::-1])
    os.replace(path.parent / "other.npy", path)


@pytest.mark.parametrize(
    ("change", "told"),
    [(cut, "was changed"), (replaced, "was changed"), (os.unlink, "cannot be read any more")],
)
def test_a_file_that_is_another_now_is_told_of(path, change, told):
    rows = FileRows(path)
    change(path)
    with pytest.raises(RunError, match=f"rows.npy: {told}"):
        rows[:5]


OTHERS = {
    "wider": ROWS.astype(np.int16),
    "one axis": ROWS.ravel(),
    "three axes": ROWS[None],
    "by columns": np.asfortranarray(ROWS),
    "truths": ROWS > 3,
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_arrays_are_refused(tmp_path, name):
    np.save(tmp_path / "rows.npy", OTHERS[name])
    with pytest.raises(InputError, match="rows.npy: must be an .npy file of rows of bytes"):
        FileRows(tmp_path / "rows.npy")


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x03\x00",
        b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', ",
    ],
)
def test_no_header_is_believed(tmp_path, start, path):
    (tmp_path / "x.npy").write_bytes(start + path.read_bytes()[len(start) + 1 :])
    with pytest.raises(InputError, match="must be an .npy file"):
        FileRows(tmp_path / "x.npy")


def test_both_versions_of_the_header_are_read(tmp_path):
    with open(tmp_path / "two.npy", "wb") as file:
        np.lib.format.write_array(file, ROWS, version=(2, 0))
    np.testing.assert_array_equal(FileRows(tmp_path / "two.npy")[:], ROWS)


def test_a_cut_file_is_refused(path):
    cut(path)
    with pytest.raises(InputError, match="cut short"):
        FileRows(path)
