"""Rows of tiles with a heading each: images side by side, what belongs to one of them below it."""

from dataclasses import dataclass, replace

from dpmix.plot.style import page_behind
from dpmix.plot.tiles import GAP, add_tile, line_height, new_sheet, open_sheet, tile_height, tile_inches

__all__ = ["FONT", "RowSheet", "draw_row", "open_rows"]

FONT = 0.72  # font size in units of the height of a line


@dataclass(frozen=True)
class RowSheet:
    """Where things stand, in widths of a tile.

    Attributes
    ----------
    images, rows : int
        Tiles beside and below each other; more than `per_row` images go on in a further block of rows.
    shape : tuple of int
    heading : float
        Room for the longest heading and a space, in units of the font size.
    foot : float
        Room below all tiles, in lines of print.
    per_row : int
    line : float
        Height of a line of print.
    """

    images: int
    rows: int
    shape: tuple
    heading: float
    foot: float = 0
    per_row: int = 12
    line: float = 0

    @property
    def blocks(self):
        return -(-self.images // self.per_row)

    @property
    def columns(self):
        return -(-self.images // self.blocks)

    @property
    def left(self):
        """Where tiles begin, right of the headings."""
        return FONT * self.line * self.heading

    def top(self, block, row):
        return (block * self.rows + row) * (tile_height(self.shape) + GAP) + block * 2 * GAP

    @property
    def size(self):
        """Width and height, the foot included."""
        return self.left + self.columns * (1 + GAP) - GAP, self.top(
            self.blocks, 0
        ) - 3 * GAP + self.foot * self.line


def open_rows(ax, sheet, caption="", title=True):
    """Axes ready to draw on, `sheet` with its height of a line, and the font size; see `new_sheet` for the rest."""
    sheet = replace(sheet, line=line_height(ax, sheet.columns, sheet.blocks * sheet.rows, sheet.shape))
    if ax is None:
        ax = new_sheet(*sheet.size, tile_inches(sheet.columns, sheet.shape), caption, title)
    return ax, sheet, min(8, FONT * sheet.line * open_sheet(ax, *sheet.size))


def draw_row(ax, sheet, row, heading, tiles, font, cmap):
    """Draw row `row` of every block: its heading, and `tiles`, one (d,) array per image."""
    quiet = page_behind(ax).quiet
    height, middle = tile_height(sheet.shape), "center" if "\n" in heading else "center_baseline"
    for block in range(sheet.blocks):
        ax.text(0, sheet.top(block, row) + height / 2, heading, size=font, color=quiet, va=middle)
    for ix, values in enumerate(tiles):
        block, column = divmod(ix, sheet.columns)
        left = sheet.left + column * (1 + GAP)
        add_tile(ax, values.reshape(sheet.shape), left, sheet.top(block, row), 1, height, cmap)
