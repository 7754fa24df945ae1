"""Points in a plane, such as t-SNE or UMAP makes them of images, coloured by cluster."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from dpmix.base.annotations import Whole
from dpmix.base.arrays import check_numbers
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import count
from dpmix.partitions.point import PointEstimate
from dpmix.plot.count_cells import short_name
from dpmix.plot.image_input import check_heading
from dpmix.plot.style import (
    axes_points,
    check_axes,
    line_colours,
    new_figure,
    page_within,
    set_title,
    text_size,
)
from dpmix.plot.tiles import caption_room, set_caption

__all__ = ["embedding"]

_SIDE, _MARGIN, _TITLE = 5.6, 0.12, 0.22  # of a new figure, inches
_MARKERS = "o^sD"  # one after the other, when all colours are used
_GREYS = 40  # clusters up to which those in grey have their numbers, too
_NAME, _SMALL = 8.0, 6.0  # print of names of clusters in colour and in grey, points
_TRIED = 6  # places on a cluster where its name may stand


def embedding(
    points: ArrayLike,
    clusters: PointEstimate | ArrayLike,
    *,
    most: Whole = 14,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show points in a plane, coloured by the cluster they are in, with the cluster's number in its middle.

    The largest clusters have a colour and a shape of points each, told apart with any kind of colour vision; all
    others are grey. Where a number would run into that of a larger cluster, it is left out.

    Parameters
    ----------
    points : (n, 2) array of float
        Where each image stands: made by t-SNE, UMAP, a bottleneck of two units, or anything else.
    clusters : PointEstimate or (n,) array of int, bool or str
        Cluster, or known label, of each image; masked entries of a `numpy.ma.MaskedArray` are not known.
    most : int, default 14
        Give colours to so many, the largest, at most 28.
    title : str, optional
        By default how many images are in how many clusters.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``collections`` are the points in grey, where there are any, then the clusters in colour, the smallest
        first.

    Raises
    ------
    InputError, InputTypeError
        Points that are not in a plane or not finite, clusters that are not one for each, or another argument that
        is not allowed.

    Examples
    --------
    >>> from sklearn.manifold import TSNE
    >>> points = TSNE(random_state=0).fit_transform(images.x.astype(float))  # doctest: +SKIP
    >>> ax = dpmix.plot.embedding(points, dpmix.partitions.point_estimate(posterior))  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    points = _check_points(points)
    names, index, sizes = _check_clusters(clusters, len(points))
    order = np.argsort(-sizes, kind="stable")
    coloured = order[: check_count("most", most, high=7 * len(_MARKERS))]
    k, n = len(sizes), len(points)
    title = (
        f"{count(n, 'image')} in {count(k, 'cluster')}" if title is None else check_heading("title", title)
    )
    caption = _explained(np.delete(sizes, coloured), (index < 0).sum())
    ax = _new(caption, title) if ax is None else ax
    _open(ax, points)
    _draw_points(ax, points, index, coloured)
    _write_names(ax, points, index, names, order, coloured)
    if title:
        set_title(ax, title)
    if caption:
        set_caption(ax, caption)
    return ax


def _check_points(points):
    points = check_numbers(points, "points").astype(float)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise InputError(
            f"points must be places in a plane, shape (n, 2); got {points.shape}; "
            "sklearn.manifold.TSNE or another method makes them of images"
        )
    if not np.isfinite(points).all():
        raise InputError(f"points must be finite; {(~np.isfinite(points)).any(axis=1).sum():,} are not")
    return points


def _check_clusters(clusters, n):
    """Names of the clusters, the index of each image into them (-1 where not known), and their sizes."""
    given = getattr(clusters, "labels", clusters)
    known, values = ~np.ma.getmaskarray(given), np.ma.getdata(given, subok=False)
    if values.dtype.kind not in "buiU":
        raise InputTypeError(f"clusters must hold integers, booleans or strings; got dtype {values.dtype}")
    if values.shape != (n,):
        raise InputError(f"clusters must be one for each of {n:,} points; got shape {values.shape}")
    if not known.any():
        raise InputError("clusters must be known of one point at least; all are masked")
    index = np.full(n, -1)
    found, index[known], sizes = np.unique(values[known], return_inverse=True, return_counts=True)
    return [short_name(name) for name in found], index, sizes


def _explained(grey, n_unknown):
    parts = []
    if len(grey):
        parts.append(f"{count(len(grey), 'smaller cluster')} with {count(int(grey.sum()), 'image')}")
    if n_unknown:
        parts.append(f"{count(int(n_unknown), 'image')} of no known cluster")
    return f"Grey: {'; '.join(parts)}." if parts else ""


def _new(caption, title):
    below, above = _MARGIN + caption_room(caption, _SIDE), _MARGIN + (_TITLE if title else 0)
    total = _SIDE + 2 * _MARGIN, _SIDE + below + above
    figure = new_figure(*total)
    return figure.add_axes([_MARGIN / total[0], below / total[1], _SIDE / total[0], _SIDE / total[1]])


def _open(ax, points):
    """Limits in which a unit is as long on paper across as down; no ticks, for a place means nothing by itself."""
    low, high = points.min(axis=0), points.max(axis=0)
    sides = axes_points(ax)
    unit = 1.08 * max(((high - low) / sides).max(), 1e-9 * max(np.abs(points).max(), 1e-290))
    left, bottom = (low + high) / 2 - unit * sides / 2
    right, top = (low + high) / 2 + unit * sides / 2
    ax.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set(color=page_within(ax).quiet, linewidth=0.6)


def _draw_points(ax, points, index, coloured):
    page, area = page_within(ax), float(np.clip(16000 / len(points), 4, 28))
    colours = line_colours(page.ground)
    look = {"s": area, "linewidths": 0}
    rest = ~np.isin(index, coloured)
    if rest.any():
        ax.scatter(*points[rest].T, color=page.quiet, alpha=0.35, **look)
    for place in range(len(coloured) - 1, -1, -1):
        around, colour = divmod(place, len(colours))
        mine = points[index == coloured[place]]
        ax.scatter(*mine.T, color=colours[colour], marker=_MARKERS[around], **look)


def _write_names(ax, points, index, names, order, coloured):
    """Names on the middles of clusters, largest first, each where it has room."""
    page, taken = page_within(ax), []
    ground = {"facecolor": page.ground, "edgecolor": "none", "alpha": 0.85, "boxstyle": "round,pad=0.1"}
    unit = np.ptp(ax.get_xlim()) / axes_points(ax)[0]
    for rank, k in enumerate(order):
        bright = rank < len(coloured)
        if not bright and len(order) > _GREYS:
            return
        most = _NAME if bright else _SMALL
        size = min(most, text_size(len(names[k]), axes_points(ax)[0] / 4, most))
        half = unit * size * np.array([0.33 * len(names[k]) + 0.15, 0.7])
        for place in _middles(points[index == k]):
            box = np.concatenate([place - half, place + half])
            if all((box[:2] >= other[2:]).any() or (other[:2] >= box[2:]).any() for other in taken):
                look = {"size": size, "color": page.ink if bright else page.quiet, "bbox": ground}
                ax.text(*place, names[k], ha="center", va="center_baseline", clip_on=True, **look)
                taken.append(box)
                break


def _middles(mine):
    """Points of a cluster, from that nearest to its median on outwards."""
    distance = np.abs(mine - np.median(mine, axis=0)).sum(axis=1)
    near = np.argsort(distance, kind="stable")
    return mine[near[np.linspace(0, (len(mine) - 1) // 2, _TRIED).astype(int)]]
