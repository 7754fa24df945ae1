"""A folder of image files of one size."""

import math
import os
import re

import numpy as np

from dpmix.base.annotations import PathLike, Real, Whole
from dpmix.base.checks import check_count, check_path
from dpmix.base.errors import InputError
from dpmix.datasets.binarization import check_threshold
from dpmix.datasets.images import Images, images_of
from dpmix.datasets.pictures import grey_values, opened_picture

__all__ = ["load_images"]

SUFFIXES = frozenset(
    {".png", ".gif", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm"}
)


def load_images(
    folder: PathLike, threshold: Real = 127, max_pixels: Whole = 2**20, max_total: Whole = 2**31
) -> Images:
    """Load a folder of images of one size: PNG, GIF, BMP, JPEG, TIFF, PBM, PGM or PPM.

    Every image is turned into greys 0..255 and a pixel is on where it is greater than `threshold`.
    Colours become luminance; 16-bit greys are scaled to 0..255; palettes are looked up; transparent
    images are laid on black, so that fully transparent pixels are off.

    Images lie in the folder itself, or in sub-folders, which are then the labels: the numbers themselves
    where all their names are integers, else 0, 1, ... in the order of the names, which become
    ``classes``. Images come sorted by label and file name. Hidden files, files with other suffixes and
    deeper folders are not looked at.

    Parameters
    ----------
    folder : str or path-like
        The folder.
    threshold : float, default 127
        Between 0 and 255.
    max_pixels : int, default 1,048,576
        Larger images are refused from their header, before they are decoded.
    max_total : int, default 2,147,483,648
        The same for the number of images times the pixels of one; also bytes of memory.

    Returns
    -------
    Images
        ``names`` holds the files, as ``file`` or ``sub-folder/file``.

    Raises
    ------
    InputError
        If there is no such folder or no image in it, if a file is broken, too large, animated, or of
        another size than the first, or if images lie both in the folder and in sub-folders.
    """
    threshold = check_threshold(threshold, low=0, below=255)
    values, y, names, classes = read_folder(folder, threshold, max_pixels, max_total)
    return images_of(values, y, names, classes)


def read_folder(folder, threshold=None, max_pixels=2**20, max_total=2**31):
    """Return what a folder of images holds; arguments and errors are those of `load_images`.

    Returns
    -------
    values : numpy.ndarray (n, height, width) of uint8
        0 and 1, or without `threshold` the greys 0..255.
    y : numpy.ndarray (n,) of int, or None
    names : list of str
    classes : list of str, or None
    """
    max_pixels = check_count("max_pixels", max_pixels, most=math.inf)
    max_total = check_count("max_total", max_total, most=math.inf)
    folder = check_path("folder", folder)
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.exists(folder) else "there is no such folder"
        raise InputError(f"{folder}: {what}")
    try:
        names, y, classes = _list_images(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error}") from error
    return _read_all(folder, names, threshold, max_pixels, max_total), y, names, classes


def _list_images(folder):
    """Return the files relative to `folder`, and their labels and the labels' names or None."""
    names = _image_files(folder)
    subfolders = {
        path.name: _image_files(path) for path in folder.iterdir() if path.is_dir() and not _hidden(path)
    }
    subfolders = {label: files for label, files in subfolders.items() if files}
    if names and subfolders:
        raise InputError(
            f"{folder}: holds images ({names[0]}) beside sub-folders with images ({min(subfolders)}): "
            "put all of them in sub-folders, or none"
        )
    if names:
        return names, None, None
    if not subfolders:
        raise InputError(f"{folder}: holds no image ({', '.join(sorted(SUFFIXES))}), nor do its sub-folders")
    labels, classes = _label_subfolders(subfolders)
    order = sorted(subfolders, key=lambda label: (labels[label], label))
    names = [f"{label}/{file}" for label in order for file in subfolders[label]]
    y = np.repeat([labels[label] for label in order], [len(subfolders[label]) for label in order])
    return names, y, classes


def _image_files(folder):
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not _hidden(path) and path.is_file()
    )


def _hidden(path):
    return path.name.startswith(".")


def _label_subfolders(names):
    """Return the label of each sub-folder, and the names of the labels or None where they are numbers."""
    if all(re.fullmatch(r"-?[0-9]{1,18}", name) for name in names):  # 18 figures fit in 64 bits
        return {name: int(name) for name in names}, None
    classes = sorted(names)
    return {name: label for label, name in enumerate(classes)}, classes


def _read_all(folder, names, threshold, max_pixels, max_total):
    """Return the images `names` as a uint8 array (n, height, width): greys, or 0 and 1 by `threshold`."""
    values = None
    for row, name in enumerate(names):
        with opened_picture(folder / name) as image:
            width, height = image.size
            if values is None:
                _check_budget(folder / name, height, width, len(names), max_pixels, max_total)
                values = np.empty((len(names), height, width), np.uint8)
            elif values.shape[1:] != (height, width):
                first = f"{names[0]} has {values.shape[2]}x{values.shape[1]}"
                raise InputError(
                    f"{folder}: images must have one size (width x height); {first} pixels and "
                    f"{name} has {width}x{height}"
                )
            grey = grey_values(image, folder / name)
            values[row] = np.rint(grey) if threshold is None else grey > threshold
    return values


def _check_budget(path, height, width, n, max_pixels, max_total):
    if height * width > max_pixels:
        raise InputError(
            f"{path}: has {width}x{height} pixels, more than max_pixels={max_pixels:,}; "
            "shrink the images or pass a larger max_pixels"
        )
    if n * height * width > max_total:
        raise InputError(
            f"{path.parent}: {n:,} images of {width}x{height} pixels are more than max_total={max_total:,}; "
            "shrink the images or pass a larger max_total"
        )
