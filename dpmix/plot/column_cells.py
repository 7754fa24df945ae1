"""Cells of a table with named columns: a line for each column, and clusters or rows of the table side by side.

Names stand level and can be read however many there are; many columns are laid in several strips. Lengths are in
inches of a new figure, and on given axes shrink with these.
"""

import math

import numpy as np
from matplotlib.collections import LineCollection

from dpmix.base.escaping import for_picture
from dpmix.plot.style import axes_points, new_figure, page_behind, print_on, set_title
from dpmix.plot.tiles import add_tile, caption_room, set_caption

__all__ = ["MOST_COLUMNS", "Sheet", "column_names", "is_table", "most_telling"]

MOST_COLUMNS = 200  # of a table that a picture shows
_LINE = 0.16  # height of a line
_TALL = 60  # lines of a strip
_MARGIN, _TITLE, _BETWEEN = 0.12, 0.3, 0.25
_NAME = 30  # characters of a name that are shown
_GLYPH = 0.075  # width of a character in inches, in print of 7 points
_PRINT = 7.0
_NARROWEST = 4.4  # room for the key


def is_table(posterior):
    """Whether what was clustered is a table and no pictures: a picture has more than one line of pixels."""
    return posterior.image_shape[0] == 1


def column_names(posterior):
    """Names of the columns, or their numbers."""
    return posterior.columns.names if posterior.columns else tuple(map(str, range(posterior.table.d)))


def most_telling(proba, weights, most):
    """Places of the `most` columns whose probability (k, d) differs most between clusters, in their order."""
    mean = np.average(proba, axis=0, weights=weights)
    spread = np.average((proba - mean) ** 2, axis=0, weights=weights)
    return np.sort(np.argsort(-spread, kind="stable")[:most])


class Sheet:
    """Room for `names` lines by `heads` columns of cells, on `ax` or on a new figure.

    Parameters
    ----------
    names : sequence of str
        A line each.
    heads : sequence of str
        What stands above each column of cells.
    wide : bool
        Whether cells have room for two figures.
    gaps : (m,) array of float, optional
        Room before each column of cells, in cells.
    ax : matplotlib.axes.Axes, optional
    caption : str
        What is to be said below all of it.
    """

    def __init__(self, names, heads, wide, gaps=None, ax=None, caption=""):
        self.names = [_cut(name) for name in names]
        self.heads = [_cut(head) for head in heads]
        self.cell = 0.32 if wide else max(0.11, min(0.2, 7 / len(heads)))
        self.edges = (np.zeros(len(heads)) if gaps is None else np.cumsum(gaps)) + np.arange(len(heads))
        self.strips = max(1, math.ceil(len(names) / _TALL))
        self.lines = math.ceil(len(names) / self.strips)
        self.label = _GLYPH * max(map(len, self.names)) + 0.1
        self.level = max(map(len, self.heads)) * 0.07 <= self.cell
        self.head = 0.2 if self.level else 0.07 * max(map(len, self.heads)) + 0.1
        self.across = (self.edges[-1] + 1) * self.cell
        self.width = self.strips * (self.label + self.across) + (self.strips - 1) * _BETWEEN
        self.height = self.head + self.lines * _LINE + 0.45
        self.ax = self._new(caption) if ax is None else ax
        self._open()
        if caption:
            set_caption(self.ax, caption)

    def _new(self, caption):
        width, height = max(self.width, _NARROWEST), self.height
        below = _MARGIN + caption_room(caption, width)
        total = width + 2 * _MARGIN, height + below + _MARGIN + _TITLE
        figure = new_figure(*total)
        return figure.add_axes([_MARGIN / total[0], below / total[1], width / total[0], height / total[1]])

    def _open(self):
        ax = self.ax
        across, down = axes_points(ax)
        scale = min(across / 72 / self.width, down / 72 / self.height, 1.0)
        ax.set(xlim=(0, across / 72 / scale), ylim=(down / 72 / scale, 0), xticks=[], yticks=[])
        ax.patch.set_visible(False)
        ax.spines[:].set_visible(False)
        ax.grid(False)
        self.page = page_behind(ax)
        self.font = max(_PRINT * scale, 0.1)

    def draw(self, values, cmap, limits=(0, 1), figures=None):
        """Draw `values` (lines, columns), masked where nothing is known, and `figures`, texts, in the cells."""
        for strip in range(self.strips):
            lines = slice(strip * self.lines, (strip + 1) * self.lines)
            left = strip * (self.label + self.across + _BETWEEN) + self.label
            self._draw_strip(values[lines], cmap, limits, left, self.names[lines])
            if figures is not None:
                self._write_figures(values[lines], cmap, limits, left, figures[lines])

    def _draw_strip(self, values, cmap, limits, left, names):
        rules = []
        for first, last in self._blocks():
            place, across = left + self.edges[first] * self.cell, (last - first) * self.cell
            height = len(values) * _LINE
            add_tile(
                self.ax, values[:, first:last], place, self.head, across, height, cmap, "nearest", limits
            )
            foot = self.head + height
            columns, lines = self._ruled(last - first), self._ruled(len(values))
            rules += [[(x, self.head), (x, foot)] for x in place + self.cell * columns]
            rules += [[(place, y), (place + across, y)] for y in self.head + _LINE * lines]
        look = {"colors": self.page.rule, "linewidths": 0.4 * self.font / _PRINT, "capstyle": "butt"}
        self.ax.add_collection(LineCollection(rules, **look), autolim=False)
        for line, name in enumerate(names):
            middle = self.head + (line + 0.5) * _LINE
            self.ax.text(
                left - 0.06,
                middle,
                name,
                size=self.font,
                color=self.page.ink,
                ha="right",
                va="center_baseline",
            )
        for place, head in zip(self.edges, self.heads, strict=True):
            look = {"size": 0.95 * self.font, "color": self.page.quiet, "ha": "center", "va": "bottom"}
            turn = {} if self.level else {"rotation": 90}
            self.ax.text(left + (place + 0.5) * self.cell, self.head - 0.05, head, **look, **turn)

    def _ruled(self, n):
        """Which edges of `n` cells are ruled: those between them, on a dark page the outer ones, too."""
        return np.arange(n + 1) if self.page.dark else np.arange(1, n)

    def _blocks(self):
        """First and last + 1 of the columns of cells that stand close together."""
        cuts = np.flatnonzero(np.diff(self.edges) > 1.001) + 1
        bounds = [0, *cuts.tolist(), len(self.edges)]
        return list(zip(bounds[:-1], bounds[1:], strict=True))

    def _write_figures(self, values, cmap, limits, left, figures):
        shades = cmap((np.ma.filled(values.astype(float), np.nan) - limits[0]) / (limits[1] - limits[0]))
        for line, column in np.ndindex(values.shape):
            self.ax.text(
                left + (self.edges[column] + 0.5) * self.cell,
                self.head + (line + 0.5) * _LINE,
                figures[line][column],
                size=0.9 * self.font,
                color=print_on(shades[line, column]),
                ha="center",
                va="center_baseline",
            )

    def key(self, cmap, low, high, note=""):
        """Draw what the ends of the colours mean, below."""
        top = self.head + self.lines * _LINE + 0.14
        size = {"size": self.font, "color": self.page.quiet, "va": "center_baseline"}
        self.ax.text(0, top + 0.06, low, **size)
        begin = _GLYPH * len(low) + 0.08
        add_tile(self.ax, np.linspace(0, 1, 256)[None], begin, top, 0.9, 0.12, cmap)
        self.ax.text(begin + 0.98, top + 0.06, f"{high}{note}", **size)

    def title(self, text):
        """Write the title."""
        set_title(self.ax, text)


def _cut(text):
    text = str(text)
    return for_picture(text if len(text) <= _NAME else text[: _NAME - 1] + "…")
