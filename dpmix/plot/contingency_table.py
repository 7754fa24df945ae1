"""Known labels against clusters, as a heat map with counts."""

import numpy as np
from matplotlib.patches import Rectangle

from dpmix.partitions import contingency_table
from dpmix.plot.style import INK, INK_MAP, QUIET, check_axes, set_title, text_size
from dpmix.plot.tiles import new_sheet, open_sheet
from dpmix.validate import check_count

__all__ = ["contingency"]

_INCHES = 0.27  # width of a cell in a new figure
_TALL = 0.8  # height of a cell in widths
_GLYPHS = 18  # characters of a label that are shown


def contingency(partition, y, *, most=60, ax=None):
    """Show how many images of each known label are in each cluster.

    Clusters stand by the label most common in them, then by size; the shade is the share of the
    cluster's images that have the label. Below each cluster stands its number.

    Parameters
    ----------
    partition : PointEstimate or (n,) array of int
    y : (n,) array of int, bool or str
        Known label of each image.
    most : int
        Show so many clusters, the largest, and the others together in a last column.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        The cells are its ``patches``, label by label.

    Raises
    ------
    InputError, InputTypeError
        Labels that are not one for each image, a bad `most` or an `ax` that is none.

    Examples
    --------
    >>> ax = dpmix.plot.contingency(dpmix.point_estimate(posterior), images.y)  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    counts, classes = contingency_table(partition, y)
    largest = np.argsort(-counts.sum(axis=0), kind="stable")[:check_count("most", most)]
    shown = largest[np.lexsort((-counts[:, largest].sum(axis=0), counts[:, largest].argmax(axis=0)))]
    rest = np.delete(counts, shown, axis=1)
    cells, names = counts[:, shown], [f"{k}" for k in shown]
    if rest.shape[1]:
        cells, names = np.column_stack([cells, rest.sum(axis=1)]), [*names, "rest"]
    rows = [_short(label) for label in classes]
    left = 0.45 * max(len(name) for name in rows) * _TALL + 0.3
    width, height = left + cells.shape[1], cells.shape[0] * _TALL + 1.9 * _TALL
    ax = new_sheet(width, height, min(max(4 / width, _INCHES), 0.5)) if ax is None else ax
    points = open_sheet(ax, width, height)
    _draw_cells(ax, cells, left, points)
    _write_names(ax, rows, names, left, points)
    found = f"{len(counts.T):,} clusters of {counts.sum():,} images"
    set_title(ax, f"{found} against {len(classes):,} known labels")
    return ax


def _short(label):
    text = str(label)
    return text if len(text) <= _GLYPHS else text[:_GLYPHS - 1] + "…"


def _draw_cells(ax, cells, left, points):
    share = cells / cells.sum(axis=0)
    font = min(text_size(len(f"{cells.max():,}"), 0.98 * points, 8), 0.65 * _TALL * points)
    for row, column in np.ndindex(cells.shape):
        x, y = left + column, row * _TALL
        shade = INK_MAP(share[row, column])
        ax.add_patch(Rectangle((x, y), 1, _TALL, facecolor=shade, edgecolor="white", linewidth=0.4))
        if cells[row, column]:
            ink = "white" if share[row, column] > 0.5 else INK
            ax.text(x + 0.5, y + _TALL / 2, f"{cells[row, column]}", size=font, color=ink, ha="center",
                    va="center_baseline")


def _write_names(ax, rows, names, left, points):
    font = min(8, 0.6 * _TALL * points)
    foot = len(rows) * _TALL
    small = min(font, text_size(max(map(len, names)), 0.95 * points, 8))
    for row, name in enumerate(rows):
        middle = (row + 0.5) * _TALL
        ax.text(left - 0.25, middle, name, size=font, color=INK, ha="right", va="center_baseline")
    for column, name in enumerate(names):
        ax.text(left + column + 0.5, foot + 0.15, name, size=small, color=QUIET, ha="center", va="top")
    ax.text(left, foot + 1.1 * _TALL, "cluster", size=font, color=QUIET, va="top")
