"""The clusters of one partition by their members: mean image, typical and odd ones."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from dpmix.base.annotations import By, Whole
from dpmix.base.checks import check_count
from dpmix.base.text import count
from dpmix.partitions import cluster_members, mean_images
from dpmix.partitions.draws import as_labels
from dpmix.partitions.point import PointEstimate
from dpmix.plot.column_cells import is_table
from dpmix.plot.style import INK_MAP, check_axes, page_behind, set_title, text_size
from dpmix.plot.table_clusters import draw_members
from dpmix.plot.tiles import (
    GAP,
    add_tile,
    line_height,
    new_sheet,
    open_sheet,
    set_caption,
    tile_height,
    tile_inches,
)
from dpmix.posterior.posterior import Posterior, check_posterior

__all__ = ["gallery"]

_LABEL = 2.2  # room for the number and the size of a cluster, in tiles
_APART = 0.5  # between the mean, typical and odd images
_SAID = (
    "Sure: how probable two of its members are to be in one cluster; of an image alone, to be alone. "
    "Typical: the members that are surest of it; odd: those that are least sure, the oddest one last."
)
_STRIP = 10  # clusters up to which each has a row of its own


def gallery(
    posterior: Posterior,
    estimate: PointEstimate | ArrayLike,
    *,
    typical: Whole = 6,
    odd: Whole = 3,
    most: Whole | None = None,
    by: By = "confidence",
    ax: Axes | None = None,
) -> Axes:
    """Show the clusters of a partition, largest first: mean image, most typical and most odd members.

    Before each stand its number, its size and the mean of `dpmix.partitions.confidence` over its members.
    Pixels that are not observed, in the mean those that no member has observed, are blue. Members of a table, whose
    rows are no pictures, stand under their names, with a line for each column, of which those are shown that differ
    most between clusters.

    Parameters
    ----------
    posterior : Posterior
    estimate : PointEstimate or (n,) array of int
    typical, odd : int
        How many of each to show.
    most : int, optional
        Show only so many clusters, the largest.
    by : {"confidence", "log_predictive"}
        What is typical, as in `dpmix.partitions.cluster_members`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``images`` are, cluster by cluster, the mean, the typical ones and the odd ones; of a table blocks of
        cells.

    Raises
    ------
    InputError, InputTypeError
        An estimate that does not fit the posterior, or another argument out of its range.

    Examples
    --------
    >>> ax = dpmix.plot.gallery(posterior, dpmix.partitions.point_estimate(posterior), most=20)  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    labels = as_labels(estimate, check_posterior(posterior).table.n)
    most = None if most is None else check_count("most", most)
    members, means = cluster_members(posterior, labels, typical, odd, by), mean_images(posterior, labels)
    shown = np.argsort(-members.sizes, kind="stable")[:most]
    if is_table(posterior):
        return draw_members(posterior, labels, members, means, shown, ax)
    strips = 1 if len(shown) <= _STRIP else 2
    rows, shape = -(-len(shown) // strips), posterior.image_shape
    typical, odd = (max(len(each[k]) for k in shown) for each in (members.typical, members.odd))
    columns = _columns(typical, odd)
    strip = _LABEL + columns[-1] + 2 * _APART
    width = strips * strip - 2 * _APART
    line = line_height(ax, round(width), rows + 1, shape)
    height = line + rows * (tile_height(shape) + GAP) - GAP
    if ax is None:
        ax = new_sheet(width, height, tile_inches(round(width), shape), _SAID)
    points = open_sheet(ax, width, height)
    room = _LABEL * points
    font = text_size(len(f"{members.sizes.max():,} images"), room, min(8, 0.27 * tile_height(shape) * points))
    for place, k in enumerate(shown):
        column, row = divmod(place, rows)
        left, top = column * strip, line + row * (tile_height(shape) + GAP)
        edges = np.split(columns[:-1] + left + _LABEL, [1, 1 + typical])
        _draw_cluster(ax, posterior, labels, members, means[k], k, edges, top, font, points)
    for column in range(strips):
        n_odd = max(len(members.odd[k]) for k in shown[column * rows : (column + 1) * rows])
        _head(ax, column * strip, columns, typical, odd if n_odd else 0, line, min(8, 0.72 * line * points))
    k, n = len(members.sizes), len(labels)
    rest = f", {k - len(shown):,} smaller not shown" if len(shown) < k else ""
    counts = f"{count(k, 'cluster')} of {count(n, 'image')}"
    set_title(ax, f"{counts}{rest}")
    set_caption(ax, _SAID)
    return ax


def _columns(typical, odd):
    """Left edges of the mean, typical and odd tiles, and the right end."""
    kinds = np.repeat([0, 1, 2], [1, typical, odd])
    edges = np.arange(len(kinds)) * (1 + GAP) + kinds * _APART
    return np.append(edges, edges[-1] + 1)


def _draw_cluster(ax, posterior, labels, members, mean, k, edges, top, font, points):
    height, shape, table = tile_height(posterior.image_shape), posterior.image_shape, posterior.table
    mine = np.flatnonzero(labels == k)
    [first], typical, odd = edges
    places = [*typical[: len(members.typical[k])], *odd[: len(members.odd[k])]]
    add_tile(ax, mean.reshape(shape), first, top, 1, height, INK_MAP)
    for image, left in zip([*members.typical[k], *members.odd[k][::-1]], places, strict=True):
        pixels = np.ma.masked_where(table.observed([image])[0] == 0, table.dense([image])[0])
        add_tile(ax, pixels.reshape(shape), left, top, 1, height, INK_MAP)
    page, size = page_behind(ax), count(len(mine), "image")
    told = f"{size}\n{members.confidence[mine].mean():.0%} sure"
    left, middle, spaced = first - _LABEL, top + height / 2, {"size": font, "linespacing": 1.25}
    ax.text(left, middle - 1.3 * font / points, f"cluster {k}", color=page.ink, va="center", **spaced)
    ax.text(left, middle + 0.65 * font / points, told, color=page.quiet, va="center", **spaced)


def _head(ax, left, columns, typical, odd, line, font):
    names = [(0, "mean")] + [(1, "typical")] * (typical > 0) + [(1 + typical, "odd")] * (odd > 0)
    for place, name in names:
        look = {"size": font, "color": page_behind(ax).quiet, "va": "baseline"}
        ax.text(left + _LABEL + columns[place], 0.75 * line, name, **look)
