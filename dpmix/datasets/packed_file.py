"""Images in a file, eight pixels to a byte, for tables that no program should hold whole."""

import os
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from dpmix.base.annotations import PathLike
from dpmix.base.arrays import check_binary, check_numbers
from dpmix.base.checks import check_count, check_path
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.file_rows import FileRows
from dpmix.base.text import shown

__all__ = ["PackedFile"]


class PackedFile:
    """Binary images in an .npy file of packed pixels, which `dpmix.sample` takes and never holds whole.

    The file holds (n, ceil(d / 8)) uint8, an image a row, its first pixel in the lowest bit of the first byte: what
    ``numpy.packbits(x, axis=1, bitorder="little")`` gives. With a Dask client, workers read their rows from it, so
    it must lie where all of them see it under the same path.

    Parameters
    ----------
    path : path
    image_shape : (int, int)
        Height and width of an image.

    Attributes
    ----------
    path : pathlib.Path
        Absolute.
    image_shape : (int, int)
    shape : (int, int)
        Numbers of images and of pixels.

    Raises
    ------
    InputError, InputTypeError
        There is no such file, it holds something else, or rows of another width.

    Examples
    --------
    >>> import dpmix, numpy as np, tempfile
    >>> blocks = (np.eye(6, dtype=np.uint8) for _ in range(100))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     x = dpmix.datasets.PackedFile.write(folder + "/images.npy", blocks, (2, 3))
    >>> x.shape
    (600, 6)
    """

    path: os.PathLike[str]
    image_shape: tuple[int, int]
    shape: tuple[int, int]

    def __init__(self, path: PathLike, image_shape: tuple[int, int]) -> None:
        self.path = check_path("path", path).absolute()
        self.image_shape = _checked_shape(image_shape)
        try:
            n, width = FileRows(self.path).shape
        except FileNotFoundError as error:
            raise InputError(f"path {self.path}: there is no such file") from error
        except OSError as error:
            raise InputError(f"path {self.path}: cannot be read ({error.strerror or error})") from error
        d = self.image_shape[0] * self.image_shape[1]
        if width != -(-d // 8):
            raise InputError(
                f"{self.path} must hold rows of {-(-d // 8)} bytes, {d} pixels eight to a byte; they have {width}",
                "pass the image_shape that was packed, or pack the images with PackedFile.write",
            )
        if not n:
            raise InputError(f"{self.path} must hold at least one image")
        self.shape = n, d

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return (
            f"<dpmix.datasets.PackedFile: {self.shape[0]:,} images of {self.shape[1]} pixels in {self.path}>"
        )

    @classmethod
    def write(cls, path: PathLike, blocks: Iterable[ArrayLike], image_shape: tuple[int, int]) -> "PackedFile":
        """Check and pack images into a new file, block by block.

        Parameters
        ----------
        path : path
            Must not exist.
        blocks : iterable of (m, d) arrays of 0/1 or bool
            Of which one at a time is held.
        image_shape : (int, int)

        Returns
        -------
        PackedFile

        Raises
        ------
        InputError, InputTypeError
            Values other than 0 and 1, or a block of another width, which is named; the file exists, or cannot be
            written. No file is left then.
        """
        path, (height, width) = check_path("path", path), _checked_shape(image_shape)
        try:
            with open(path, "xb") as file:
                try:
                    _write(file, blocks, height * width)
                except BaseException:
                    path.unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise InputError(f"path {path}: cannot be written ({error.strerror or error})") from error
        return cls(path, image_shape)


def _checked_shape(image_shape):
    try:
        height, width = image_shape
    except (TypeError, ValueError):
        raise InputTypeError(
            f"image_shape must be the height and width of an image; got {shown(image_shape)}"
        ) from None
    return check_count("image_shape", height), check_count("image_shape", width)


def _write(file, blocks, d):
    n, width = 0, -(-d // 8)
    file.write(_header((0, width)))
    for ix, block in enumerate(blocks):
        name = f"block {ix}"
        values = check_numbers(block, name)
        if values.ndim != 2 or values.shape[1] != d:
            raise InputError(f"{name} must have the shape (m, {d}); it has {values.shape}")
        file.write(np.packbits(check_binary(values, name), axis=1, bitorder="little"))
        n += len(values)
    if not n:
        raise InputError("blocks must hold at least one image")
    file.seek(0)
    file.write(_header((n, width)))


def _header(shape):
    """The header of an .npy file of bytes, of one length for any number of rows."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00\x76\x00" + text.ljust(117).encode() + b"\n"
