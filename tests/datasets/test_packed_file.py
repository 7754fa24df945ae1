"""Packed files: what numpy.packbits gives, block by block, and nothing else."""

import numpy as np
import pytest

from dpmix.base.errors import InputError, InputTypeError
from dpmix.datasets import PackedFile

X = np.random.default_rng(0).integers(0, 2, (50, 15))


@pytest.mark.parametrize("size", [1, 7, 50, 80])
def test_blocks_become_the_packed_rows(tmp_path, size):
    blocks = (X[first : first + size] for first in range(0, 50, size))
    found = PackedFile.write(tmp_path / "x.npy", blocks, (3, 5))
    assert found.shape == (50, 15) and len(found) == 50 and found.image_shape == (3, 5)
    wanted = np.packbits(X.astype(np.uint8), axis=1, bitorder="little")
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy", allow_pickle=False), wanted, strict=True)
    assert repr(found).startswith("<dpmix.datasets.PackedFile: 50 images of 15 pixels in ")


def test_a_file_that_numpy_wrote_will_do(tmp_path):
    np.save(tmp_path / "x.npy", np.packbits(X.astype(np.uint8), axis=1, bitorder="little"))
    assert PackedFile(str(tmp_path / "x.npy"), (5, 3)).shape == (50, 15)


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        ([X, X[:, :14]], r"block 1 must have the shape \(m, 15\); it has \(50, 14\)"),
        ([X, X[0]], r"block 1 must have the shape \(m, 15\)"),
        (
            [X, X, np.where(X > 5, 0, X + (np.arange(50) == 3)[:, None] * 7)],
            "block 2 must contain only 0 and 1",
        ),
        ([], "at least one image"),
    ],
)
def test_bad_blocks_are_named_and_no_file_is_left(tmp_path, blocks, told):
    with pytest.raises(InputError, match=told):
        PackedFile.write(tmp_path / "x.npy", blocks, (3, 5))
    assert not (tmp_path / "x.npy").exists()


def test_a_file_is_never_replaced(tmp_path):
    PackedFile.write(tmp_path / "x.npy", [X], (3, 5))
    with pytest.raises(InputError, match="cannot be written .*exists"):
        PackedFile.write(tmp_path / "x.npy", [X], (3, 5))
    assert PackedFile(tmp_path / "x.npy", (3, 5)).shape == (50, 15)


@pytest.mark.parametrize(
    ("name", "shape", "error", "told"),
    [
        ("no.npy", (3, 5), InputError, "there is no such file"),
        (".", (3, 5), InputError, "is not a file that can be read, but a folder"),
        ("x.npy", (3, 6), InputError, "rows of 3 bytes, 18 pixels eight to a byte; they have 2"),
        ("x.npy", 15, InputTypeError, "image_shape must be the height and width"),
        ("x.npy", (0, 15), InputError, "image_shape must be at least 1"),
        (3, (3, 5), InputTypeError, "path must be a path"),
    ],
)
def test_bad_arguments_are_named(tmp_path, name, shape, error, told):
    PackedFile.write(tmp_path / "x.npy", [X], (3, 5))
    with pytest.raises(error, match=told):
        PackedFile(tmp_path / name if isinstance(name, str) else name, shape)
