"""`load_observed`: the same sources as `load`, with pixels that nobody observed."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dpmix.base.annotations import Classes, PathLike, Real
from dpmix.base.arrays import image_shape
from dpmix.base.errors import InputError
from dpmix.datasets.arrays import as_binary, check_table, read_array
from dpmix.datasets.binarization import check_threshold
from dpmix.datasets.images import Images, class_rows, images_of
from dpmix.datasets.row_ranges import rows_of, source_and_rows
from dpmix.datasets.source import load
from dpmix.datasets.table_files import TableOptions, is_table_file, read_table_file
from dpmix.tables.columns import Columns

__all__ = ["load_observed"]


def load_observed(
    source: PathLike,
    classes: Classes | None = None,
    threshold: Real | None = None,
    observed: PathLike | None = None,
    data_home: PathLike | None = None,
    *,
    index: str | None = None,
    label: str | None = None,
    drop: Sequence[str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    columns: Columns | None = None,
) -> tuple[Images, NDArray[np.bool_] | None]:
    """Load images of which some pixels may not be observed, as `dpmix.sample` and the queries take them.

    Parameters
    ----------
    source, classes, threshold
        As for `load`; in an array file of floats, NaN is a pixel that is not observed, in a table NaN, null, NA,
        a question mark and a cell with nothing in it.
    observed : str or path-like, optional
        A .npy or .npz file of booleans, or 0 and 1, that are true where a pixel is observed: one value
        for each pixel of all images of `source`, (n, d) or (n, height, width), or of one image, (d,) or
        (height, width), for all of them. What it leaves out is as unobserved as NaN is; an array file may
        hold any number there.
    data_home : path-like, optional
        As for `load`.
    index, label, drop, delimiter, encoding, columns
        As for `load`.

    Returns
    -------
    images : Images
        0 where a pixel is not observed.
    observed : (n, d) bool, or None where every pixel is observed

    Raises
    ------
    InputError
        As for `load`, or a mask that does not fit the images.

    Examples
    --------
    >>> import numpy as np, tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "table.npy")
    >>> np.save(path, [[0, 1, np.nan], [1, 1, 0]])
    >>> images, observed = load_observed(path)
    >>> dpmix.sample(images, observed=observed)  # doctest: +SKIP
    >>> observed
    array([[ True,  True, False],
           [ True,  True,  True]])
    """
    threshold = check_threshold(threshold, optional=True)
    table = TableOptions.checked(index, label, drop, delimiter, encoding, columns)
    whole, rows = source_and_rows(source)
    if rows is not None:
        images, seen = load_observed(whole, None, threshold, observed, data_home, **table._asdict())
        seen = np.ones(images.shape, bool) if seen is None else seen
        images, seen = rows_of(images, rows, source), seen[rows]
    elif is_table_file(source) and source != "digits":
        images, seen = _table_with_gaps(source, table, threshold, observed)
    elif isinstance(source, (str, os.PathLike)) and source != "digits" and os.path.isfile(source):
        table.refuse(source)
        images, seen = read_array(source, lambda values, y: _with_gaps(values, y, threshold, observed))
    else:
        images = load(source, threshold=threshold, data_home=data_home, **table._asdict())
        seen = _observed(np.ones(images.x.shape, bool), images.image_shape, observed)
    if classes is not None:
        rows = class_rows(images.y, classes, images.classes)
        images, seen = images[rows], seen[rows]
    if seen.all():
        return images, None
    on = (images.x & seen).reshape(-1, *images.image_shape)
    return images_of(on, images.y, images.names, images.classes, images.columns), seen


def _table_with_gaps(path, options, threshold, observed):
    """The images of a table, and where it is observed."""
    table = read_table_file(path, options, threshold)
    images = images_of(table.x, table.y, table.names, table.classes, table.columns)
    seen = np.ones(images.shape, bool) if table.seen is None else table.seen
    return images, _observed(seen, images.image_shape, observed)


def _with_gaps(values, y, threshold, path):
    """The images of an array, and where it is observed: where it is not NaN, and the mask in `path` is true."""
    check_table(values)
    known = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    seen = known.reshape(len(values), -1)
    seen = _observed(seen, values.shape[1:] if values.ndim == 3 else image_shape(seen.shape[1]), path)
    if not seen.all():
        values = np.where(seen.reshape(values.shape), values, values.dtype.type(0))
    return images_of(as_binary(values, threshold), y), seen


def _observed(seen, shape, path):
    """Where `seen` (n, d) is true and the mask in the file `path`, or None, of pictures of `shape` is, too."""
    if path is None:
        return seen
    values = read_array(path, lambda values, y: values)
    if not ((values == 0) | (values == 1)).all():
        raise InputError(f"{path}: must hold True or 1 where a pixel is observed, and else False or 0")
    n, d = seen.shape
    if values.shape not in {(d,), shape, (n, d), (n, *shape)}:
        raise InputError(
            f"{path}: must have shape ({n}, {d}), a value for each pixel of each image, or ({d},); "
            f"got {values.shape}"
        )
    return seen & (values == 1).reshape(-1, d)
