"""The handwritten digits that come with scikit-learn: no file and no network needed."""

import numpy as np

from dpmix.base.annotations import Classes
from dpmix.datasets.images import Images, class_rows, images_of

__all__ = ["load_digits"]

ON_FROM = 8  # half of 16, the value of a fully lit pixel


def load_digits(classes: Classes | None = None) -> Images:
    """Load the 1,797 handwritten digits of 8 x 8 pixels that are embedded in scikit-learn.

    Their grey values 0..16 are cut at half of the maximum: a pixel is on where its value is 8 or more.

    Parameters
    ----------
    classes : int or sequence of int, optional
        Keep the images of these digits only, in their order.

    Returns
    -------
    Images
        n = 1,797 images of shape (8, 8), labels 0..9.

    Raises
    ------
    InputError
        If a class is not one of 0..9.

    Examples
    --------
    >>> load_digits()
    Images(n=1797, image_shape=(8, 8), 32% on, labels 0..9)
    >>> len(load_digits(classes=[2, 3]))
    360
    """
    from sklearn import datasets  # takes a second to import, which only users of this function pay

    bunch = datasets.load_digits()
    rows = slice(None) if classes is None else class_rows(bunch.target, classes)
    return images_of((bunch.images[rows] >= ON_FROM).astype(np.uint8), bunch.target[rows])
