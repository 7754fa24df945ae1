"""MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 x 28 pixels, made binary."""

from typing import Literal

import numpy as np

from dpmix.base.annotations import Classes, PathLike, Real, Seed
from dpmix.base.checks import check_choice, check_real, check_seed
from dpmix.datasets.binarization import METHODS, fill_stochastic, fill_threshold
from dpmix.datasets.images import Images, class_rows, images_of
from dpmix.datasets.mnist_files import FILES, read_file

__all__ = ["load_mnist"]

SPLITS = ("train", "test", "all")

_SIDE = 28
_IMAGES_HEADER, _LABELS_HEADER = 16, 8  # bytes before the values; checked, as the rest, by the sha256
MAX_GREY = 255


def load_mnist(
    split: Literal["train", "test", "all"] = "train",
    classes: Classes | None = None,
    binarize: Literal["threshold", "stochastic"] = "threshold",
    threshold: Real = 127,
    data_home: PathLike | None = None,
    seed: Seed = None,
) -> Images:
    """Load MNIST as binary images, downloading it on first use.

    Parameters
    ----------
    split : {"train", "test", "all"}
        60,000 training images, 10,000 test images, or both in this order.
    classes : int or sequence of int, optional
        Keep the images of these digits only, in their order.
    binarize : {"threshold", "stochastic"}
        ``"threshold"``: on where the grey value 0..255 is greater than `threshold`. ``"stochastic"``:
        each pixel is drawn once, on with probability grey / 255, and `threshold` is not used.
    threshold : float, default 127
        At least 0 and less than 255; 0 turns every pixel on that is not black.
    data_home : str or path-like, optional
        Folder to look in first, and to download to. Next come the folder named by the environment
        variable ``DPMIX_DATA`` and the user's cache; the download goes to the first one that is set.
    seed : int or numpy.random.Generator, optional
        Seed of the stochastic draw; None draws a fresh one. For one seed an image has the same pixels
        whatever `split` and `classes` are.

    Returns
    -------
    Images
        Of shape (28, 28), with labels 0..9. The digits 2 and 3 of both splits together are 14,131 images.

    Raises
    ------
    InputError
        If an argument is not allowed, a file found is not MNIST's, or a missing one cannot be downloaded.
    """
    check_choice("split", split, SPLITS)
    check_choice("binarize", binarize, METHODS)
    threshold = check_real("threshold", threshold, 0, MAX_GREY)
    seed = check_seed(seed)
    if classes is not None:
        class_rows(np.arange(10), classes)  # before anything is fetched: all ten are in either split
    parts = []
    for stream, part in enumerate(("train", "test")):
        if split in (part, "all"):
            # The digits' own stream per split keeps an image's draw the same under split="all".
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream,)))
            parts.append(_load_split(part, classes, binarize, threshold, rng, data_home))
    x, y = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
    return images_of(x, y)


def read_split(split, data_home=None):
    """Return the grey values (n, 28, 28), uint8, and labels (n,) of one split, ``"train"`` or ``"test"``."""
    y = read_file(FILES[split, "labels"], data_home)[_LABELS_HEADER:]
    grey = read_file(FILES[split, "images"], data_home)[_IMAGES_HEADER:].reshape(len(y), _SIDE, _SIDE)
    return grey, y


def _load_split(split, classes, binarize, threshold, rng, data_home):
    """Return the binary images (n, 28, 28) and labels (n,) of one split."""
    grey, y = read_split(split, data_home)
    rows = None if classes is None else class_rows(y, classes)
    if binarize == "stochastic":
        # All images are drawn, whichever are kept: an image's draw does not depend on the classes.
        fill_stochastic(grey, MAX_GREY, rng, out=grey)
    else:
        fill_threshold(grey, threshold, out=grey)
    return (grey, y) if rows is None else (grey[rows], y[rows])
