"""Small images side by side on one axes, in units of the width of a tile, y downwards."""

import textwrap

from matplotlib.image import AxesImage

from dpmix.plot.style import axes_points, new_figure, page_behind

__all__ = [
    "GAP",
    "add_tile",
    "caption_room",
    "line_height",
    "new_sheet",
    "open_sheet",
    "set_caption",
    "tile_height",
    "tile_inches",
]

GAP = 0.12  # between neighbouring tiles
_FLATTEST, _TALLEST = 0.15, 4  # height of a tile; beyond these, pixels are stretched so that they can be seen
_MARGIN, _TITLE = 0.12, 0.18  # of a new figure, inches
_CAPTION, _CAPTION_LINE, _CAPTION_PAD = 7, 0.125, 0.05  # print below the tiles, points, and its room, inches
_GLYPH = 0.53  # width of an average character of prose, as a share of the font size
_NARROWEST, _LONGEST = 3.7, 100  # widths and heights of new figures, inches; a longer one gets smaller tiles


def tile_height(shape):
    """Height of a tile of `shape` (height, width) pixels."""
    return min(max(shape[0] / shape[1], _FLATTEST), _TALLEST)


def tile_inches(columns, shape):
    """Width of a tile in a new figure: a dozen go to the width of a page; fewer are larger."""
    return min(max(7 / columns, 0.42), 1.3) * min(tile_height(shape) ** -0.5, 1.7)


def line_height(ax, columns, rows, shape):
    """Height of a line of small print, where so many tiles are to fill `ax`, or a new figure for None."""
    inches = tile_inches(columns, shape)
    if ax is not None:
        across, down = axes_points(ax) / 72
        inches = min(across / (columns * (1 + GAP)), down / (rows * (tile_height(shape) + GAP)))
    return min(0.19 / inches, 0.4)


def new_sheet(width, height, inches, caption="", title=True):
    """Axes on a new figure for `width` by `height` units of so many inches each, with room for words.

    Parameters
    ----------
    width, height, inches : float
    caption : str
        What `set_caption` will write below.
    title : bool
        Whether there will be one.
    """
    around = (_TITLE if title else 0) + 2 * _MARGIN
    across, down = max(width * inches, _NARROWEST - 2 * _MARGIN), min(height * inches, _LONGEST - around)
    below = _MARGIN + caption_room(caption, across)
    total = across + 2 * _MARGIN, down + around + below - _MARGIN
    figure = new_figure(*total)
    return figure.add_axes([_MARGIN / total[0], below / total[1], across / total[0], down / total[1]])


def open_sheet(ax, width, height):
    """Turn `ax` into an empty sheet of `width` by `height` units; return the points on paper per unit."""
    ax.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    ax.set_aspect("equal", adjustable="box", anchor="NW")
    ax.patch.set_visible(False)
    ax.spines[:].set_visible(False)
    ax.grid(False)
    across, down = axes_points(ax)
    return min(across / width, down / height)


def caption_room(text, across):
    """Inches that `set_caption` needs below axes which are so many inches wide."""
    return _CAPTION_PAD + len(_wrapped(text, 72 * across)) * _CAPTION_LINE if text else 0


def set_caption(ax, text):
    """Explain below the tiles, as the label of the x axis, what stands in them."""
    lines = _wrapped(text, axes_points(ax)[0])
    size = min(_CAPTION, max(axes_points(ax)[0] / (_GLYPH * max(map(len, lines))), 5))
    look = {"loc": "left", "size": size, "color": page_behind(ax).quiet, "linespacing": 1.2}
    ax.set_xlabel("\n".join(lines), labelpad=72 * _CAPTION_PAD, **look)


def _wrapped(text, points):
    """`text` in lines that fit into so many points."""
    return textwrap.wrap(text, max(int(points / (_GLYPH * _CAPTION)), 24))


def add_tile(ax, values, left, top, width, height, cmap, interpolation="antialiased", limits=(0, 1)):
    """Draw `values` (rows, columns) with its top left corner at (`left`, `top`), `limits` the ends of `cmap`."""
    # Not ax.imshow, which rescales the axes for every single tile.
    image = AxesImage(
        ax,
        cmap=cmap,
        interpolation=interpolation,
        origin="upper",
        extent=(left, left + width, top + height, top),
    )
    image.set_data(values)
    image.set_clim(*limits)
    image.set_clip_path(ax.patch)
    return ax.add_image(image)
