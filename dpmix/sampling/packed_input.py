"""Images in a packed file, which the program looks through once and workers read for themselves."""

from dpmix.base.errors import InputError
from dpmix.base.file_rows import FileRows
from dpmix.datasets.packed_file import PackedFile
from dpmix.model.table import BinaryTable
from dpmix.sampling.shortage import described
from dpmix.store.table_file import check_bits

__all__ = ["check_seen", "check_whole", "is_packed_file", "table_from_packed"]


def is_packed_file(x):
    """Whether `x` names a packed file."""
    return isinstance(x, PackedFile)


def check_whole(observed, labels):
    """Refuse what is no part of a packed file."""
    for name, value in (("observed", observed), ("labels", labels)):
        if value is not None:
            raise InputError(f"{name} cannot be given for a PackedFile x", "pass x as an array in memory")


def check_seen(x, client):
    """Check that all workers of `client`, a ``dask.distributed.Client`` or None, can read the file of `x`.

    Raises
    ------
    InputError
        Names a worker that cannot, and why.
    """
    for worker, found in (client.run(_look, str(x.path), on_error="return") if client else {}).items():
        if isinstance(found, OSError):  # a worker that is being replaced; its successor sees what it saw
            continue
        if found != (*x.shape[:1], -(-x.shape[1] // 8)):
            why = described(found) if isinstance(found, Exception) else found
            raise InputError(
                f"worker {worker} cannot read {x.path}: {why}",
                "put the file where all workers see it under this path, or pass x as a dask array by blocks of rows",
            )


def _look(path):
    """Rows and bytes of each in the file at `path`, or what is wrong with it, on a worker."""
    try:
        return FileRows(path).shape
    except (InputError, OSError) as error:
        return getattr(error, "strerror", None) or str(error)


def table_from_packed(x):
    """The `dpmix.model.table.BinaryTable` of the images of the `PackedFile` `x`, whose rows stay in the file."""
    table = BinaryTable(FileRows(x.path), x.shape[1], x.image_shape)
    if table.packed.shape != (x.shape[0], table.width):
        raise InputError(f"{x.path} was changed since x was made; make it anew")
    check_bits(x.path, table)
    return table
