"""Parquet, by pyarrow or polars where one of them is installed."""

import contextlib
import os

from dpmix.base.errors import InputError
from dpmix.base.reading import opened, unpacked_budget

__all__ = ["damage_told", "listed", "parquet_frame"]


@contextlib.contextmanager
def damage_told(path):
    """Turn whatever a reader says of a damaged file into an `InputError` that names it."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # damaged files make readers fail in any way
        raise InputError(f"{path}: cannot be read as Parquet: {error}", "restore it from a copy") from error


def listed(frame, name):
    """The cells of a column of a frame, a list."""
    column = frame[name]
    return column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()


def parquet_frame(path):
    """The frame in a Parquet file, and the names of its columns."""
    try:
        import pyarrow.parquet as parquet
    except ModuleNotFoundError:
        return _by_polars(path)
    with damage_told(path):
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            source = parquet.ParquetFile(file)
            unpacked = sum(
                source.metadata.row_group(group).total_byte_size
                for group in range(source.metadata.num_row_groups)
            )
            if unpacked > unpacked_budget(size):
                raise InputError(
                    f"{path}: unpacks to {unpacked:,} bytes, more than are read of it", "save it unpacked"
                )
            table = source.read()
    return table, list(table.column_names)


def _by_polars(path):
    try:
        import polars
    except ModuleNotFoundError as error:
        raise InputError(
            f"{path}: Parquet needs pyarrow or polars", "pip install pyarrow, or save it as .csv"
        ) from error
    with damage_told(path):
        with opened(path) as file:
            frame = polars.read_parquet(file)
    return frame, list(frame.columns)
