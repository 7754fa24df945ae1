"""Pictures inside the page: figures of `dpmix.plot`, and small images pixel by pixel.

All are ink on paper, in a light page and in a dark one, whatever style Matplotlib is set to. Each says in words what it
shows, for who does not see it.
"""

import base64
import io
import warnings
from typing import NamedTuple

import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from dpmix.plot.style import INK_MAP, UNCERTAINTY_MAP

__all__ = ["Picture", "figure_picture", "strip", "tile", "uncertainty_strip"]

_DPI = 150
_COLOURS = 64  # of a bitmap: shades of ink, and a second scale
_LEVELS = 15  # shades of a small image, and one colour for what is not observed: four bits a pixel
_SIDE = 64  # pixels of the longer side of a small image; larger ones are averaged down


class Picture(NamedTuple):
    """A picture as the page holds it."""

    source: str  # a data URI
    alt: str
    width: int  # on the screen, in pixels
    height: int


def figure_picture(draw, alt, vector=False):
    """The `Picture` of what `draw()` draws and returns, axes or an array of them.

    Parameters
    ----------
    draw : callable
        Without arguments; draws on a new figure.
    alt : str
        What it shows, in words.
    vector : bool
        Whether to keep lines as lines, which few of them are worth; otherwise it becomes a bitmap.
    """
    import matplotlib.pyplot as plt  # settles on a backend

    with matplotlib.style.context("default"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # of a name in letters that the font lacks
        matplotlib.rcParams["svg.hashsalt"] = "dpmix"  # the same page for the same run
        figure = np.ravel(draw())[0].figure
        try:
            content = _vector(figure) if vector else _bitmap(figure)
        finally:
            plt.close(figure)
    width, height = np.rint(figure.get_size_inches() * 96).astype(int).tolist()
    return Picture(_uri("image/svg+xml" if vector else "image/png", content), alt, width, height)


def tile(values, shape, alt):
    """The `Picture` of one image.

    Parameters
    ----------
    values : (d,) array, perhaps masked
        From 0, paper, to 1, ink.
    shape : (int, int)
        Height and width in pixels.
    alt : str
    """
    return strip(np.ma.atleast_2d(values), shape, alt)


def strip(images, shape, alt, cmap=INK_MAP):
    """The `Picture` of some images (m, d) side by side, as for `tile`, a pixel apart."""
    small = [_reduced(image.reshape(shape)) for image in np.ma.asanyarray(images, float)]
    height, width = small[0].shape
    sheet = np.full((height, len(small) * (width + 1) - 1), _LEVELS + 1, np.uint8)
    for ix, image in enumerate(small):
        shades = np.rint(image.filled(0).clip(0, 1) * (_LEVELS - 1)).astype(np.uint8)
        sheet[:, ix * (width + 1) : ix * (width + 1) + width] = np.where(
            np.ma.getmaskarray(image), _LEVELS, shades
        )
    return Picture(_uri("image/png", _indexed(sheet, cmap)), alt, sheet.shape[1], height)


def uncertainty_strip(images, shape, alt):
    """As `strip`, from 0 to 1 bit of uncertainty, masked where there is none to speak of."""
    return strip(images, shape, alt, UNCERTAINTY_MAP)


def _reduced(image):
    """`image` (height, width) with at most `_SIDE` pixels a side, blocks of pixels averaged."""
    step = -(-max(image.shape) // _SIDE)
    if step == 1:
        return image
    rows, columns = (np.arange(0, side, step) for side in image.shape)

    def total(values):
        return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)

    known = total((~np.ma.getmaskarray(image)).astype(float))
    return np.ma.masked_array(total(image.filled(0)) / np.maximum(known, 1), known == 0)


def _indexed(sheet, cmap):
    """PNG of `sheet`, places in a palette: the shades of `cmap`, what is unknown, and what is between images."""
    used = int(sheet.max()) + 1
    colours = [*cmap(np.linspace(0, 1, _LEVELS)), cmap(np.nan), (0, 0, 0, 0)]
    palette = (np.array([tuple(colour)[:3] for colour in colours]) * 255).round().astype(np.uint8)
    image = Image.frombytes("P", sheet.shape[::-1], sheet.tobytes())
    image.putpalette(palette[:used].tobytes())
    file = io.BytesIO()
    gap = {"transparency": _LEVELS + 1} if used > _LEVELS + 1 else {}
    image.save(file, "PNG", optimize=not gap, bits=4 if used <= 16 else 8, **gap)
    return file.getvalue()


def _vector(figure):
    file = io.BytesIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _bitmap(figure):
    figure.set_dpi(_DPI)
    canvas, file = FigureCanvasAgg(figure), io.BytesIO()
    canvas.draw()
    image = Image.frombytes("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba())).convert("RGB")
    image = image.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _uri(kind, content):
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
