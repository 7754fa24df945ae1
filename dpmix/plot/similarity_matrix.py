"""How often images are together, as a matrix in block order."""

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from dpmix.base.errors import InputTypeError
from dpmix.partitions import CoClustering, co_clustering
from dpmix.partitions.draws import as_labels
from dpmix.partitions.point import PointEstimate
from dpmix.plot.style import INK_MAP, check_axes, page_behind, set_title, text_size
from dpmix.plot.tiles import add_tile, line_height, new_sheet, open_sheet
from dpmix.posterior.posterior import Posterior

__all__ = ["similarity"]

_INCHES = 5.2  # side of the matrix in a new figure
_BAR = 0.018  # width of the bars, as a share of that side
_SMALLEST = 5.0  # print of a name, points, below which it is left out


def similarity(
    posterior: Posterior | CoClustering,
    estimate: PointEstimate | ArrayLike | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Show the probability of each pair of images to be in one cluster, as a matrix in block order.

    Parameters
    ----------
    posterior : Posterior or CoClustering
        A posterior of more than 2,000 images is shown for so many of them, picked at random; call
        `dpmix.partitions.co_clustering` to pick others.
    estimate : PointEstimate or (n,) array of int, optional
        A partition whose clusters are kept together and marked by bars with their numbers. Without one, the
        order is that of a hierarchical clustering of the images.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The matrix is the first of its ``images``.

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, an estimate that does not fit it, or an `ax` that is none.

    Examples
    --------
    >>> ax = dpmix.plot.similarity(posterior, dpmix.partitions.point_estimate(posterior))  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    together = posterior
    if isinstance(posterior, Posterior):
        together = co_clustering(posterior)
    elif not isinstance(posterior, CoClustering):
        raise InputTypeError(
            f"posterior must be a dpmix.Posterior or what dpmix.partitions.co_clustering answers; "
            f"got {type(posterior).__name__}"
        )
    order = together.order(estimate)
    bar = 0 if estimate is None else 2 * _BAR
    line = 0.19 / _INCHES if ax is None else min(line_height(ax, 1, 1, (1, 1)), 0.1)
    left = bar + (0.7 * line if bar else 0)
    width, height = left + 1, left + 1 + 1.6 * line
    ax = new_sheet(width, height, _INCHES) if ax is None else ax
    points = open_sheet(ax, width, height)
    add_tile(ax, together.proba[np.ix_(order, order)], left, left, 1, 1, INK_MAP)
    if estimate is not None:
        _draw_bars(ax, as_labels(estimate, together.n)[together.images][order], left, points)
    _draw_key(ax, left, line, points)
    set_title(ax, f"Images in one cluster · {_which(together)}, {together.n_draws:,} draws")
    return ax


def _which(together):
    m, n = len(together.images), together.n
    return f"{m:,} images" if m == n else f"{m:,} of {n:,} images"


def _draw_bars(ax, labels, left, points):
    """Bars beside and above the blocks of equal labels; numbers where they fit."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(labels)) + 1, [len(labels)]])
    page = page_behind(ax)
    for block, (first, last) in enumerate(pairwise(edges)):
        begin, length = left + first / len(labels), (last - first) / len(labels)
        look = {"color": (page.ink, page.quiet)[block % 2], "linewidth": 0}
        ax.add_patch(Rectangle((left - 1.5 * _BAR, begin), _BAR, length, **look))
        ax.add_patch(Rectangle((begin, left - 1.5 * _BAR), length, _BAR, **look))
        name = f"{labels[first]}"
        size = min(6.5, 0.9 * length * points, text_size(len(name), 0.95 * length * points, 6.5))
        if size >= _SMALLEST:
            beside, middle, look = left - 1.8 * _BAR, begin + length / 2, {"size": size, "color": page.quiet}
            ax.text(beside, middle, name, ha="right", va="center_baseline", **look)
            ax.text(middle, beside, name, ha="center", va="bottom", **look)


def _draw_key(ax, left, line, points):
    middle, size = left + 1 + line, min(8, 0.7 * line * points)
    text = {"size": size, "color": page_behind(ax).quiet, "va": "center_baseline"}
    ax.text(left, middle, "never", **text)
    begin = left + 3.3 * size / points
    add_tile(ax, np.linspace(0, 1, 256)[None], begin, middle - 0.3 * line, 4 * line, 0.6 * line, INK_MAP)
    ax.text(begin + 4 * line + 0.6 * size / points, middle, "always together", **text)
