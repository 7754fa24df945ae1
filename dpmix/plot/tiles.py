"""Small images side by side on one axes, in units of the width of a tile, y downwards."""

from matplotlib.image import AxesImage

from dpmix.plot.style import axes_points, new_figure

__all__ = ["GAP", "add_tile", "line_height", "new_sheet", "open_sheet", "tile_height", "tile_inches"]

GAP = 0.12  # between neighbouring tiles
_FLATTEST, _TALLEST = 0.15, 4  # height of a tile; beyond these, pixels are stretched so that they can be seen
_MARGIN, _TITLE = 0.12, 0.18  # of a new figure, inches
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


def new_sheet(width, height, inches):
    """Axes on a new figure for `width` by `height` units of so many inches each, and a title."""
    around = _TITLE + 2 * _MARGIN
    across, down = max(width * inches, _NARROWEST - 2 * _MARGIN), min(height * inches, _LONGEST - around)
    total = across + 2 * _MARGIN, down + around
    figure = new_figure(*total)
    return figure.add_axes([_MARGIN / total[0], _MARGIN / total[1], across / total[0], down / total[1]])


def open_sheet(ax, width, height):
    """Turn `ax` into an empty sheet of `width` by `height` units; return the points on paper per unit."""
    ax.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    ax.set_aspect("equal", adjustable="box", anchor="NW")
    ax.patch.set_visible(False)
    ax.spines[:].set_visible(False)
    across, down = axes_points(ax)
    return min(across / width, down / height)


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
