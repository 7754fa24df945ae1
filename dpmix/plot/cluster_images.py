"""The clusters of one draw as images."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dpmix.base.annotations import Size, Whole
from dpmix.base.checks import check_bool, check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import count, shown
from dpmix.plot.column_cells import is_table
from dpmix.plot.image_input import read_shape
from dpmix.plot.style import INK_MAP, check_axes, page_behind, set_title, text_size
from dpmix.plot.table_clusters import draw_probabilities
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

__all__ = ["clusters"]

_SMALLEST = 0.4  # side of the smallest tile of a shrunk plot


def clusters(
    posterior: Posterior,
    chain: Whole = 0,
    draw: Whole = -1,
    *,
    shrink: bool = False,
    most: Whole | None = None,
    per_row: Whole = 12,
    decoder: Any = None,
    shape: Size = None,
    ax: Axes | None = None,
) -> Axes:
    """Show the clusters of one draw, largest first, with the number of members under each.

    A tile is the posterior mean of the probability of each pixel to be on, from white (0) to black (1),
    given the images in the cluster: ``(a + ones) / (a + b + observed)``. A cluster of one image is that image, drawn
    towards the prior, against which one image says little. Clusters of a table, whose rows are no
    pictures, stand side by side, with a line for each column under its name.

    Parameters
    ----------
    posterior : Posterior
    chain, draw : int
        Which draw, as indices into `Posterior.labels`.
    shrink : bool
        Make the area of a tile proportional to the size of its cluster (down to two fifths of
        the largest tile's side, below which nothing could be seen).
    most : int, optional
        Show only so many, the largest, and say how many clusters and images are left out.
    per_row : int
        Clusters in a row.
    decoder : estimator, optional
        Where the posterior is of binary codes, what made them, such as a fitted `BernoulliRBM`: each
        tile is the image that its ``inverse_transform`` makes of those probabilities. An `Autoencoder`
        must have ``codes="binary"``.
    shape : tuple of int, optional
        (height, width) of decoded images; by default a square where their number of pixels is one.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        The clusters are its ``images``, in order; of a table strips of columns, and the key.

    Raises
    ------
    InputError
        No such chain or draw, or another argument out of its range.

    Examples
    --------
    >>> ax = dpmix.plot.clusters(posterior, most=60)  # doctest: +SKIP
    >>> ax.figure.savefig("clusters.png")  # doctest: +SKIP
    """
    chain, draw = _check_draw(check_posterior(posterior), chain, draw)
    shrink, per_row = check_bool("shrink", shrink), check_count("per_row", per_row)
    most = None if most is None else check_count("most", most)
    if ax is not None:
        check_axes(ax)
    counts = posterior.draw(chain, draw)
    shown, left_out = counts.sizes[:most], counts.sizes[len(counts.sizes[:most]) :]
    if is_table(posterior) and decoder is None and shape is None:
        whose = f"{_told(counts, shown, left_out)} of {count(posterior.table.n, 'row')}"
        return draw_probabilities(posterior, counts, shown, f"{whose} · chain {chain}, draw {draw}", ax)
    images, shape = _images(counts, len(shown), posterior.image_shape, decoder, shape)
    columns = min(per_row, len(shown))
    sides = np.sqrt(shown / shown[0]).clip(_SMALLEST) if shrink else np.ones(len(shown))
    room = line_height(ax, columns, -(-len(shown) // columns), shape)
    # Below each row of tiles, as high as its first and largest one, stand the sizes.
    feet = np.cumsum(sides[::columns] * tile_height(shape) + room) - room
    width, height = columns * (1 + GAP) - GAP, feet[-1] + room * (2.2 if len(left_out) else 1)
    caption = _explained(shown, shrink)
    if ax is None:
        ax = new_sheet(width, height, tile_inches(columns, shape), caption)
    points = open_sheet(ax, width, height)
    _draw_tiles(ax, images, sides, feet, columns, shape)
    _write_sizes(ax, shown, feet, columns, room, points)
    if len(left_out):
        note = f"+ {count(len(left_out), 'smaller cluster')} with {count(left_out.sum(), 'image')}"
        ax.text(0, height, note, size=min(8, 0.8 * room * points), color=page_behind(ax).quiet, va="bottom")
    set_title(
        ax,
        f"{count(len(counts.sizes), 'cluster')} of {count(posterior.table.n, 'image')} · "
        f"chain {chain}, draw {draw}",
    )
    set_caption(ax, caption)
    return ax


def _explained(sizes, shrink):
    """What a tile and the number below it are."""
    said = "Each tile: how probable each pixel is to be on in a cluster; below it: images in the cluster."
    if shrink:
        said += " Larger tiles: more images."
    if sizes[-1] == 1:
        said += " A cluster of one image shows it drawn towards the prior."
    return said


def _told(counts, shown, left_out):
    total = count(len(counts.sizes), "cluster")
    return f"{len(shown):,} of {total}" if len(left_out) else total


def _check_draw(posterior, chain, draw):
    """Chain and draw counted from the start."""
    n_chains, n_draws = posterior.alpha.shape
    chain = check_count("chain", chain, low=-n_chains, high=n_chains - 1)
    draw = check_count("draw", draw, low=-n_draws, high=n_draws - 1)
    return chain % n_chains, draw % n_draws


def _images(counts, n_shown, shape, decoder, decoded_shape):
    """Mean images (n_shown, d) of the largest clusters, decoded where there is a decoder, and their shape."""
    means = counts.on_proba()[:n_shown]
    if decoder is None:
        if decoded_shape is not None:
            raise InputError("shape is that of decoded images; pass decoder=, too, or leave it out")
        return means, shape
    if not hasattr(decoder, "inverse_transform"):
        raise InputTypeError(
            f"decoder must have inverse_transform, as BernoulliRBM has; got {shown(decoder)}"
        )
    images = np.asarray(decoder.inverse_transform(means)).clip(0, 1)
    return images, read_shape(decoded_shape, images.shape[1])


def _draw_tiles(ax, images, sides, feet, columns, shape):
    # Matplotlib smooths or not by the size of the tile; among tiles of different sizes that would look odd.
    smooth = "hanning" if min(shape) > 16 and sides[-1] < sides[0] else "antialiased"
    for k, side in enumerate(sides):
        row, column = divmod(k, columns)
        height = side * tile_height(shape)
        left = column * (1 + GAP) + (1 - side) / 2
        add_tile(ax, images[k].reshape(shape), left, feet[row] - height, side, height, INK_MAP, smooth)


def _write_sizes(ax, sizes, feet, columns, room, points):
    font, colour = (
        text_size(len(f"{sizes[0]:,}"), points, min(8, 0.75 * room * points)),
        page_behind(ax).quiet,
    )
    for k, size in enumerate(sizes):
        row, column = divmod(k, columns)
        ax.text(
            column * (1 + GAP) + 0.5,
            feet[row] + 0.1 * room,
            f"{size:,}",
            size=font,
            color=colour,
            ha="center",
            va="top",
        )
