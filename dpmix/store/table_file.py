"""The file of the images: an .npy of packed pixels.

Its header is fixed by the numbers of images and pixels, so a reader checks it byte by byte against
the one expected and never parses it.
"""

import os

import numpy as np

from dpmix.base.checks import check_bool, check_count
from dpmix.base.errors import InputError, RunError
from dpmix.base.file_rows import FileRows, held
from dpmix.base.reading import opened
from dpmix.model.table import BinaryTable

__all__ = ["check_bits", "npy_header", "read_table", "write_table"]

MOST_CLASSES = 65534


def write_table(file, table):
    """Write the packed pixels of `table` to a binary `file`."""
    file.write(npy_header(table.packed.shape))
    for rows in table.blocks():
        file.write(np.ascontiguousarray(rows))


def read_table(path, data):
    """The `dpmix.model.table.BinaryTable` in the file at `path`, read-only.

    It is read, not mapped: what is mapped is gone when another program cuts the file, and this one with it. Of
    many images, rows are read when they are asked for (`dpmix.base.file_rows`).

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
    n, d, shape, masked, n_classes = _sizes(data)
    packed = (n, -(-d // 8) * (2 if masked else 1) + (2 if n_classes else 0))
    header = npy_header(packed)
    wanted = len(header) + packed[0] * packed[1]
    with opened(path) as file:
        found, size = file.read(len(header)), os.fstat(file.fileno()).st_size
        if size != wanted:
            raise RunError(
                f"{path} is damaged, or holds other data: it has {size} bytes, and {n} images of {d} pixels "
                f"take {wanted}; restore it from a copy"
            )
    table = None
    if found == header:
        table = BinaryTable(held(FileRows(path)), d, shape, masked, n_classes)
    if table is None or table.digest != data["digest"]:
        raise RunError(
            f"{path} is damaged, or holds other data: its digest is not the one that the run was given; "
            "restore it from a copy"
        )
    check_bits(path, table)
    return table


def _sizes(data):
    """What `data` says of the table, checked."""
    n, d = (check_count(name, data[name]) for name in ("n", "d"))
    height, width = (check_count("shape", side) for side in data["shape"])
    if height * width != d:
        raise InputError(f"an image of {d} pixels cannot have the shape {height} x {width}")
    n_classes = check_count("n_classes", data["n_classes"], low=0, high=MOST_CLASSES)
    return n, d, (height, width), check_bool("masked", data["masked"]), n_classes


def check_bits(path, table):
    """Refuse what packing never gives: bits beyond the last pixel, pixels that are on and not observed, odd labels."""
    width, beyond = table.width, 0xFF << (table.d - 1) % 8 + 1 & 0xFF
    ends = [width, 2 * width] if table.masked else [width]
    for rows in table.blocks():
        if any((rows[:, end - 1] & beyond).any() for end in ends):
            raise RunError(f"{path} was not written by dpmix: bits beyond the last pixel are set")
        if table.masked and (rows[:, :width] & ~rows[:, width : 2 * width]).any():
            raise RunError(f"{path} was not written by dpmix: pixels are on that are not observed")
    if table.n_classes and table.classes.max() + 1 != table.n_classes:
        raise RunError(f"{path} does not fit its run: its labels are not of {table.n_classes} classes")


def npy_header(shape):
    """The header of an .npy file, format 1.0, of uint8."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
