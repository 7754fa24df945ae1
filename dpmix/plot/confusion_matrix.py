"""True against predicted classes, as a heat map with counts."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.escaping import for_picture
from dpmix.plot.count_cells import TALL, draw_cells, short_name
from dpmix.plot.image_input import check_heading
from dpmix.plot.style import INK_MAP, UNCERTAINTY_MAP, check_axes, page_behind, set_title, text_size
from dpmix.plot.tiles import new_sheet, open_sheet, set_caption

__all__ = ["confusion"]

_INCHES = 0.42  # width of a cell in a new figure, where there are few
_WIDEST = 10  # width of the matrix in a new figure, inches
_DATA = 40  # characters of what the data are called
_ACROSS = 3  # characters up to which names above columns are not turned
_SAID = "Grey: right. Orange: mistakes, on a scale of their own that ends at the most common one."
_LIGHTEST, _DARKEST = 0.1, 0.8  # shades of rare mistakes and of the most common one, as shares of the scale


def confusion(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    title: str | None = None,
    data: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show how many images of each class were taken for which, and the recall of every class.

    Right answers are grey, darker where more of the class are right. Mistakes are orange, on a scale of
    their own that ends at the most common one, as a share of its class.

    Parameters
    ----------
    y_true, y_pred : (n,) array of int, bool or str
        True and predicted class of each image.
    title : str, optional
        By default the accuracy, behind `data` where this is given.
    data : str, optional
        What was classified, such as ``"MNIST, test images"``, to stand in the title.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        The cells are its ``patches``, true class by true class; classes are sorted.

    Raises
    ------
    InputError, InputTypeError
        Classes that are not one for each image, or an `ax` that is none.

    Examples
    --------
    >>> ax = dpmix.plot.confusion(y, network.predict(x))  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    classes, counts = _count(_check_classes("y_true", y_true), _check_classes("y_pred", y_pred))
    names = [short_name(label) for label in classes]
    longest, n = max(map(len, names)), len(classes)
    left = 0.4 * longest * TALL + 1.1
    top = (1.9 if longest <= _ACROSS else 1.5 + 0.4 * longest) * TALL
    width, height = left + n + 1.6, top + n * TALL
    ax = new_sheet(width, height, min(_INCHES, _WIDEST / width), _SAID) if ax is None else ax
    points = open_sheet(ax, width, height)
    total = counts.sum(axis=1)
    draw_cells(ax, counts, _shades(counts, total), left, top, points)
    recall = counts.diagonal() / np.maximum(total, 1)
    shown = [f"{share:.1%}" if every else "\u2013" for share, every in zip(recall, total, strict=True)]
    _write_names(ax, names, shown, left, top, points)
    right, every = counts.trace(), counts.sum()
    said = "" if data is None else f"{_cut(check_heading('data', data))} · "
    set_title(ax, title or f"{said}{right:,} of {every:,} right, {right / every:.2%}")
    set_caption(ax, _SAID)
    return ax


def _cut(data):
    """The end of a long path or name, which says more than its beginning."""
    return for_picture(data if len(data) <= _DATA else f"…{data[1 - _DATA :]}")


def _check_classes(name, y):
    y = np.asarray(y)
    if y.dtype.kind not in "buiU":
        raise InputTypeError(f"{name} must hold integers, booleans or strings; got dtype {y.dtype}")
    if y.ndim != 1 or not len(y):
        raise InputError(f"{name} must hold one class per image, shape (n,); got shape {y.shape}")
    return y


def _count(y_true, y_pred):
    """The classes (k,) of both, and how many images of each true class (rows) were given each."""
    if len(y_true) != len(y_pred):
        raise InputError(
            f"y_pred must hold one class for each of the {len(y_true)} images of y_true; got {len(y_pred)}"
        )
    if (y_true.dtype.kind == "U") != (y_pred.dtype.kind == "U"):
        raise InputTypeError(
            f"y_pred must hold classes of the kind of y_true, {y_true.dtype}; got {y_pred.dtype}"
        )
    classes, index = np.unique(np.concatenate([y_true, y_pred]), return_inverse=True)
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (index[: len(y_true)], index[len(y_true) :]), 1)
    return classes, counts


def _shades(counts, total):
    share = counts / np.maximum(total, 1)[:, None]
    right = np.eye(len(counts), dtype=bool)
    worst = share[~right].max(initial=0) or 1
    tone = _LIGHTEST + (_DARKEST - _LIGHTEST) * share / worst
    shades = np.where(share[..., None] > 0, UNCERTAINTY_MAP(tone), INK_MAP(0.0))
    shades[right] = INK_MAP(share[right])
    return shades


def _write_names(ax, names, recall, left, top, points):
    page = page_behind(ax)
    font, beside, n = min(8, 0.6 * TALL * points), left - 0.2, len(names)
    longest = max(map(len, names))
    turned = longest > _ACROSS
    small = font if turned else min(font, text_size(longest, 0.95 * points, 8))
    above = {
        "size": small,
        "color": page.ink,
        "ha": "center",
        "va": "bottom",
        "rotation": 90 if turned else 0,
    }
    for ix, (name, share) in enumerate(zip(names, recall, strict=True)):
        middle = top + (ix + 0.5) * TALL
        ax.text(beside, middle, name, size=font, color=page.ink, ha="right", va="center_baseline")
        ax.text(left + ix + 0.5, top - 0.25 * TALL, name, **above)
        ax.text(left + n + 1.5, middle, share, size=font, color=page.quiet, ha="right", va="center_baseline")
    text = {"size": font, "color": page.quiet}
    ax.text(left + n / 2, 0.8 * TALL, "predicted", ha="center", va="bottom", **text)
    ax.text(left + n + 1.5, top - 0.25 * TALL, "recall", ha="right", va="bottom", **text)
    ax.text(0, top + n * TALL / 2, "true", ha="left", va="center", rotation=90, **text)
