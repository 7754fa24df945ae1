"""The file of the images: an .npy of packed pixels, read as a memory map.

Its header is fixed by the numbers of images and pixels, so a reader checks it byte by byte against
the one expected and never parses it.
"""

import os

import numpy as np

from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, RunError
from dpmix.model.table import BinaryTable

__all__ = ["map_table", "write_table"]


def write_table(file, table):
    """Write the packed pixels of `table` to a binary `file`."""
    file.write(_npy_header(table.packed.shape))
    file.write(np.ascontiguousarray(table.packed))


def map_table(path, data):
    """The `dpmix.model.table.BinaryTable` in the file at `path`, memory-mapped read-only.

    Parameters
    ----------
    path : pathlib.Path
    data : dict
        What the file must hold: n, d, shape (height, width), masked, n_classes and digest.

    Raises
    ------
    RunError
        It holds something else.
    """
    n, d = (check_count(name, data[name]) for name in ("n", "d"))
    height, width = (check_count("shape", side) for side in data["shape"])
    if height * width != d:
        raise InputError(f"an image of {d} pixels cannot have the shape {height} x {width}")
    masked, n_classes = bool(data["masked"]), check_count("n_classes", data["n_classes"], low=0)
    packed = (n, -(-d // 8) * (2 if masked else 1) + (2 if n_classes else 0))
    header = _npy_header(packed)
    with open(path, "rb") as file:
        found, size = file.read(len(header)), os.fstat(file.fileno()).st_size
    wanted = len(header) + packed[0] * packed[1]
    if size != wanted:
        raise RunError(
            f"{path} is damaged, or holds other data: it has {size} bytes, and {n} images of {d} pixels "
            f"take {wanted}; restore it from a copy"
        )
    table = BinaryTable(
        np.memmap(path, np.uint8, "r", len(header), packed), d, (height, width), masked, n_classes
    )
    if found != header or table.digest != data["digest"]:
        raise RunError(
            f"{path} is damaged, or holds other data: its digest is not the one that the run was given; "
            "restore it from a copy"
        )
    if d % 8 and (table.packed[:, table.width - 1] >> d % 8).any():
        raise RunError(f"{path} was not written by dpmix: bits beyond the last pixel are set")
    return table


def _npy_header(shape):
    """The header of an .npy file, format 1.0, of uint8."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
