"""Images in a dask array, of which the program never holds more than a few blocks.

Each block is checked and packed, eight pixels to a byte, where it lies, on the workers of a cluster where there is
one; what comes back is an eighth of the bytes of an array of uint8, and goes to a file at once.
"""

import itertools
import sys

import numpy as np

from dpmix.base.arrays import check_classes, image_shape
from dpmix.base.errors import InputError
from dpmix.base.label_names import numbered
from dpmix.model.table import BinaryTable
from dpmix.sampling.scratch import table_of_parts

__all__ = ["checked_form", "is_dask_array", "pack_block", "table_from_dask"]

_BYTES_AT_ONCE = 1 << 25  # of packed rows, under way from the workers


def is_dask_array(x):
    """Whether `x` is a dask array."""
    module = sys.modules.get("dask.array")
    return module is not None and isinstance(x, module.Array)


def table_from_dask(x, observed, labels, client):
    """Pack the dask array `x` (n, d), block by block, into a file.

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
        Whose rows are in a temporary file, gone when nobody has the table any more.

    Raises
    ------
    InputError
        Unknown sizes, rows that are cut, a block of another form, values other than 0 and 1; it names the block.
    """
    n, d = checked_form(x, observed)
    labels, label_names = numbered(labels)
    codes, n_classes = (None, 0) if labels is None else check_classes(labels, n)
    width = -(-d // 8) + 2 * (labels is not None)
    parts = (_with_labels(part, codes, first) for first, part in _packed_blocks(x, d, client))
    form = {"d": d, "shape": image_shape(d), "n_classes": n_classes, "label_names": label_names}
    return table_of_parts(parts, (n, width), **form)


def _with_labels(part, codes, first):
    """Packed rows, the first of which is number `first`, and their labels."""
    if codes is None:
        return part
    columns = codes[first : first + len(part)].astype("<u2")[:, None].view(np.uint8)
    return np.concatenate([part, columns], axis=1)


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
    for some in _by_bytes(tasks, [m * -(-d // 8) for m in x.chunks[0]]):
        for part in compute(*some) if client is None else client.gather(client.compute(some)):
            yield first, part
            first += len(part)


def _by_bytes(tasks, sizes):
    """`tasks`, whose results have so many bytes, in lists of at most `_BYTES_AT_ONCE`, or of a single one."""
    before = itertools.accumulate(sizes, initial=0)
    for _, some in itertools.groupby(
        zip(tasks, before, strict=False), lambda pair: pair[1] // _BYTES_AT_ONCE
    ):
        yield [task for task, _ in some]


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
