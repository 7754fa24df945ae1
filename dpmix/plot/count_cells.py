"""Cells of a table of counts, shaded, with the count in each that is not empty."""

import numpy as np
from matplotlib.patches import Rectangle

from dpmix.base.escaping import for_picture
from dpmix.plot.style import page_behind, print_on, text_size

__all__ = ["TALL", "draw_cells", "short_name"]

TALL = 0.8  # height of a cell in widths
_GLYPHS = 18  # characters of a label that are shown


def short_name(label):
    """`label` as text to draw, cut where it would take too much room."""
    text = str(label)
    return for_picture(text if len(text) <= _GLYPHS else text[: _GLYPHS - 1] + "…")


def draw_cells(ax, cells, shades, left, top, points):
    """Draw the counts `cells` (rows, columns) over `shades` (rows, columns, 4), from (`left`, `top`) on."""
    font = min(text_size(len(f"{cells.max():,}"), 0.98 * points, 8), 0.65 * TALL * points)
    between = page_behind(ax).rule
    for row, column in np.ndindex(cells.shape):
        x, y = left + column, top + row * TALL
        ax.add_patch(
            Rectangle((x, y), 1, TALL, facecolor=shades[row, column], edgecolor=between, linewidth=0.4)
        )
        if cells[row, column]:
            ax.text(
                x + 0.5,
                y + TALL / 2,
                f"{cells[row, column]}",
                size=font,
                color=print_on(shades[row, column]),
                ha="center",
                va="center_baseline",
            )
