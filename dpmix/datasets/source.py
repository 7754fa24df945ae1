"""`load`: one string that names any source of images, as on the command line."""

import os
from collections.abc import Sequence
from typing import Literal

import numpy as np

from dpmix.base.annotations import Classes, PathLike, Real, Seed
from dpmix.base.checks import check_choice
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import shown
from dpmix.base.wording import Wording
from dpmix.datasets.arrays import load_array
from dpmix.datasets.binarization import METHODS, check_threshold
from dpmix.datasets.digits import load_digits
from dpmix.datasets.folder import load_images
from dpmix.datasets.images import Images, class_rows, images_of
from dpmix.datasets.mnist import SPLITS, load_mnist
from dpmix.datasets.row_ranges import rows_of, source_and_rows
from dpmix.datasets.table_files import TableOptions, is_table_file, read_table_file
from dpmix.tables.columns import Columns

__all__ = ["load"]


def load(
    source: PathLike,
    classes: Classes | None = None,
    threshold: Real | None = None,
    seed: Seed = None,
    data_home: PathLike | None = None,
    binarize: Literal["threshold", "stochastic"] = "threshold",
    *,
    index: str | None = None,
    label: str | None = None,
    drop: Sequence[str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    columns: Columns | None = None,
) -> Images:
    """Load images, or a table, from a name or a path.

    Parameters
    ----------
    source : str or path-like
        ``digits`` | ``mnist`` (the training images) | ``mnist:train`` | ``mnist:test`` | ``mnist:all`` |
        a folder of images | a .npy, .npz or IDX file, gzipped or not | a table, .csv or .parquet, whose columns
        are zeros and ones or have two values each. A string that is one of the names
        means that data set even where a file of this name exists: write ``./digits`` for the file. Rows A to
        B - 1 of any of them, counted from 0, are ``digits[A:B]``, either of which may be left out.
    classes : int, str or sequence of them, optional
        Keep the images with these labels only.
    threshold : float, optional
        Value above which a pixel is on. By default 127 for MNIST and folders; array files must then
        hold 0 and 1 already. The embedded digits take none.
    seed : int or numpy.random.Generator, optional
        Seed of ``binarize="stochastic"``.
    data_home : str or path-like, optional
        Folder of the MNIST files; see `load_mnist`.
    binarize : {"threshold", "stochastic"}
        How MNIST becomes binary; see `load_mnist`. Everything else knows ``"threshold"`` only.
    index : str, optional
        Of a table: the column that names its rows. The first one does where it has no name itself.
    label : str, optional
        Of a table: the column that is the label of its rows, of any number of values.
    drop : sequence of str, optional
        Of a table: columns to leave out.
    delimiter, encoding : str, optional
        Of a .csv file: by default the one of ``,``, ``;``, tab and ``|`` that its first line has most of, and UTF-8.
    columns : dpmix.tables.columns.Columns, optional
        Of a table: what it must have, such as ``posterior.columns``; by default what the file says.

    Returns
    -------
    Images

    Raises
    ------
    InputError
        If there is no such source, or an option does not fit it.

    Examples
    --------
    >>> load("digits", classes=[2, 3])
    Images(n=360, image_shape=(8, 8), 32% on, labels 2..3)
    """
    if not isinstance(source, (str, os.PathLike)):
        raise InputTypeError(
            f"source must be a name or a path; got {shown(source)} ({type(source).__name__})"
        )
    check_choice("binarize", binarize, METHODS)
    threshold = check_threshold(threshold, optional=True)
    table = TableOptions.checked(index, label, drop, delimiter, encoding, columns)
    whole, rows = source_and_rows(source)
    if rows is not None:
        images = rows_of(
            load(whole, None, threshold, seed, data_home, binarize, **table._asdict()), rows, source
        )
        return images if classes is None else images[class_rows(images.y, classes, images.classes)]
    name, _, split = source.partition(":") if isinstance(source, str) else (None, "", "")
    if name != "mnist" and source != "digits" and binarize == "threshold" and is_table_file(source):
        images = load_table(source, table, threshold)
        return images if classes is None else images[class_rows(images.y, classes, images.classes)]
    table.refuse(source)
    if name == "mnist":
        return _load_mnist(source, split, classes, threshold, seed, data_home, binarize)
    if binarize == "stochastic":
        raise InputError(f"binarize='stochastic' is for mnist; got source {str(source)!r}")
    if source == "digits":
        if threshold is not None:
            raise InputError("threshold cannot be given for digits, which are cut at half of the maximum")
        return load_digits(classes)
    images = _load_path(source, threshold)
    return images if classes is None else images[class_rows(images.y, classes, images.classes)]


def load_table(path, options, threshold=None):
    """Return the `Images` of the table in the file `path`, every entry of which must be observed."""
    table = read_table_file(path, options, threshold)
    if table.seen is not None:
        row, column = np.argwhere(~table.seen)[0]
        raise InputError(
            f"{path}: column {table.columns.names[column]!r} has nothing in row {row}",
            Wording("{all_known}", otherwise="load_observed takes that for not observed"),
        )
    return images_of(table.x, table.y, table.names, table.classes, table.columns)


def _load_mnist(source, split, classes, threshold, seed, data_home, binarize):
    if source == "mnist":
        split = "train"
    if split not in SPLITS:
        raise InputError(f"source must be mnist, mnist:train, mnist:test or mnist:all; got {shown(source)}")
    threshold = 127 if threshold is None else threshold
    return load_mnist(split, classes, binarize, threshold=threshold, data_home=data_home, seed=seed)


def _load_path(path, threshold):
    if os.path.isdir(path):
        return load_images(path) if threshold is None else load_images(path, threshold)
    if os.path.exists(path):
        return load_array(path, threshold=threshold)
    raise InputError(
        "source must be digits, mnist, mnist:train, mnist:test, mnist:all, a folder of images, a table (.csv, "
        f".parquet), or a .npy, .npz or IDX file; there is no file or folder {str(path)!r}"
    )
