"""Images in a dask array, of which the program only ever holds the packed rows.

Each block is checked and packed, eight pixels to a byte, where it lies, on the workers of a cluster where there is
one; what comes back is an eighth of the bytes of an array of uint8.
"""

import sys

import numpy as np

from dpmix.base.arrays import check_classes, image_shape
from dpmix.base.errors import InputError
from dpmix.model.table import BinaryTable

__all__ = ["checked_form", "is_dask_array", "pack_block", "table_from_dask"]

_AT_ONCE = 32  # blocks


def is_dask_array(x):
    """Whether `x` is a dask array."""
    module = sys.modules.get("dask.array")
    return module is not None and isinstance(x, module.Array)


def table_from_dask(x, observed, labels, client):
    """Pack the dask array `x` (n, d), block by block.

    Parameters
    ----------
    x : dask.array.Array
    observed : None
        All pixels of a dask array must be observed.
    labels : (n,) array of int, optional
    client : dask.distributed.Client, optional
        Where to pack; by default what dask uses.

    Returns
    -------
    dpmix.model.table.BinaryTable

    Raises
    ------
    InputError
        Unknown sizes, rows that are cut, a block of another form, values other than 0 and 1; it names the block.
    """
    n, d = checked_form(x, observed)
    codes, n_classes = (None, 0) if labels is None else check_classes(labels, n)
    packed = np.empty((n, -(-d // 8)), np.uint8)
    for first, part in _packed_blocks(x, d, client):
        packed[first : first + len(part)] = part
    if labels is None:
        return BinaryTable(packed, d, image_shape(d))
    columns = [packed, codes.astype("<u2")[:, None].view(np.uint8)]
    return BinaryTable(np.concatenate(columns, axis=1), d, image_shape(d), False, n_classes)


def checked_form(x, observed):
    """Images and pixels of the dask array `x`, known before any of its blocks is made: (n, d)."""
    if observed is not None:
        raise InputError("observed cannot be given for a dask array x", "pass x as an array in memory")
    if x.ndim != 2:
        raise InputError(f"x must have 2 dimensions, images by pixels; got shape {x.shape}")
    if any(size != size for sizes in x.chunks for size in sizes):  # nan
        raise InputError("x is a dask array of unknown chunk sizes", "call x.compute_chunk_sizes() first")
    if not all(x.shape):
        raise InputError(f"x must hold at least one image of one pixel; got shape {x.shape}")
    if len(x.chunks[1]) > 1:
        raise InputError(
            f"x must have whole images in each block; its rows are cut into {len(x.chunks[1])} parts",
            "call x.rechunk({1: -1}) first",
        )
    return x.shape


def _packed_blocks(x, d, client):
    """First row and packed rows of each block of `x`, of which a few are under way at a time."""
    from dask import compute, delayed

    pack, first = delayed(pack_block, pure=True), 0
    blocks = x.to_delayed().ravel().tolist()
    tasks = [pack(block, ix, (m, d)) for ix, (block, m) in enumerate(zip(blocks, x.chunks[0], strict=True))]
    for begin in range(0, len(tasks), _AT_ONCE):
        some = tasks[begin : begin + _AT_ONCE]
        for part in compute(*some) if client is None else client.gather(client.compute(some)):
            yield first, part
            first += len(part)


def pack_block(block, ix, shape):
    """The rows of block number `ix`, which must be of this shape, packed: (m, ceil(d / 8)) uint8."""
    block = np.asanyarray(block)
    if block.shape != tuple(shape):
        raise InputError(f"block {ix} of x must have the shape {tuple(shape)}; it has {block.shape}")
    if not len(block):
        return np.empty((0, -(-shape[1] // 8)), np.uint8)
    table = BinaryTable.from_input(block, name=f"block {ix} of x")
    if table.masked:
        raise InputError(f"block {ix} of x has unobserved pixels", "pass x as an array in memory")
    return table.packed
