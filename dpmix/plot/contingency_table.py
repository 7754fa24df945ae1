"""Known labels against clusters, as a heat map with counts."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from dpmix.base.annotations import Whole
from dpmix.base.checks import check_count
from dpmix.base.text import count
from dpmix.partitions import contingency_table
from dpmix.partitions.point import PointEstimate
from dpmix.plot.count_cells import TALL, draw_cells, short_name
from dpmix.plot.style import INK_MAP, axes_points, check_axes, page_behind, set_title, text_size
from dpmix.plot.tiles import new_sheet, open_sheet, set_caption

__all__ = ["contingency"]

_INCHES = 0.27  # width of a cell in a new figure
_PAGE = 24  # clusters side by side in a new figure; more go on below
_SAID = "Shade: share of the cluster's images that have the label."


def contingency(
    partition: PointEstimate | ArrayLike, y: ArrayLike, *, most: Whole = 60, ax: Axes | None = None
) -> Axes:
    """Show how many images of each known label are in each cluster.

    Clusters stand by the label most common in them, then by size; the shade is the share of the
    cluster's images that have the label. Below each cluster stands its number. More than 24 clusters go on
    in further strips below, or as many as fill the given axes best.

    Parameters
    ----------
    partition : PointEstimate or (n,) array of int
    y : (n,) array of int, bool or str
        Known label of each image; masked entries of a `numpy.ma.MaskedArray` are not known, and clusters
        without known labels are not shown.
    most : int
        Show so many clusters, the largest, and the others together in a last column.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        The cells are its ``patches``, strip by strip, label by label.

    Raises
    ------
    InputError, InputTypeError
        Labels that are not one for each image, a bad `most` or an `ax` that is none.

    Examples
    --------
    >>> ax = dpmix.plot.contingency(dpmix.partitions.point_estimate(posterior), images.y)  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    counts, classes = contingency_table(partition, y)
    numbers = np.flatnonzero(counts.any(axis=0))
    counts = counts[:, numbers]
    largest = np.argsort(-counts.sum(axis=0), kind="stable")[: check_count("most", most)]
    shown = largest[np.lexsort((-counts[:, largest].sum(axis=0), counts[:, largest].argmax(axis=0)))]
    rest = np.delete(counts, shown, axis=1)
    cells, names = counts[:, shown], [f"{k}" for k in numbers[shown]]
    if rest.shape[1]:
        cells, names = np.column_stack([cells, rest.sum(axis=1)]), [*names, "rest"]
    rows = [short_name(label) for label in classes]
    left = 0.45 * max(*map(len, rows), len("cluster")) * TALL + 0.3
    deep = (len(rows) + 1.3) * TALL  # a strip, with the numbers of clusters below it
    across = _across(len(names), left, deep, ax)
    strips = -(-len(names) // across)
    width, height = left + across, strips * deep
    ax = new_sheet(width, height, min(max(4 / width, _INCHES), 0.5), _SAID) if ax is None else ax
    points = open_sheet(ax, width, height)
    for strip in range(strips):
        here = slice(strip * across, (strip + 1) * across)
        draw_cells(
            ax, cells[:, here], INK_MAP(cells / cells.sum(axis=0))[:, here], left, strip * deep, points
        )
        _write_names(ax, rows, names[here], left, strip * deep, points)
    clusters, images = count(len(counts.T), "cluster"), count(counts.sum(), "image")
    set_title(ax, f"{clusters} of {images} against {count(len(classes), 'known label')}")
    set_caption(ax, _SAID)
    return ax


def _across(n, left, deep, ax):
    """How many of `n` clusters stand side by side, evenly: a page of them, or what fills given axes best."""
    if ax is None:
        return -(-n // -(-n // _PAGE))
    across, down = axes_points(ax)
    evenly = {-(-n // strips) for strips in range(1, n + 1)}
    return max(evenly, key=lambda few: min(across / (left + few), down / (-(-n // few) * deep)))


def _write_names(ax, rows, names, left, top, points):
    page, font = page_behind(ax), min(8, 0.6 * TALL * points)
    foot = top + len(rows) * TALL
    small = min(font, text_size(max(map(len, names)), 0.95 * points, 8))
    for row, name in enumerate(rows):
        middle = top + (row + 0.5) * TALL
        ax.text(left - 0.25, middle, name, size=font, color=page.ink, ha="right", va="center_baseline")
    for column, name in enumerate(names):
        ax.text(left + column + 0.5, foot + 0.15, name, size=small, color=page.quiet, ha="center", va="top")
    ax.text(left - 0.25, foot + 0.15, "cluster", size=small, color=page.quiet, ha="right", va="top")
