"""What a notebook shows of an object: a heading, a small table and small pictures, as one piece of HTML.

Everything that comes from outside is escaped, and pictures are part of the text, so that a notebook that is sent
on shows what its author saw. They are ink on paper, in light notebooks and in dark ones.
"""

import base64
import html
import io

import numpy as np

__all__ = ["MOST_TILES", "as_html", "tiles"]

MOST_TILES = 40
_INCHES = 7.0  # across
_DOTS, _LEAST = 96, 28  # an inch; dots across a tile, where pixels are few
_PAPER, _INK, _FRAME = 243, 23, 160  # grey, of 255


def as_html(heading, rows=(), notes=(), picture=""):
    """Return HTML of a heading, a table whose first row names the columns, sentences and a picture of `tiles`.

    Examples
    --------
    >>> as_html("a < b")
    '<div><p><b>a &lt; b</b></p></div>'
    >>> as_html("two", [("name", "n"), ("a", "1")])
    '<div><p><b>two</b></p><table><tr><th>name</th><th>n</th></tr><tr><td>a</td><td>1</td></tr></table></div>'
    """
    parts = [f"<p><b>{html.escape(heading)}</b></p>"]
    if rows:
        lines = [_row(cells, "td" if ix else "th") for ix, cells in enumerate(rows)]
        parts.append(f"<table>{''.join(lines)}</table>")
    parts += [f"<p>{html.escape(note)}</p>" for note in notes]
    return f"<div>{''.join(parts)}{picture}</div>"


def tiles(images, shape, caption):
    """Return HTML of the first `MOST_TILES` images side by side in rows, or nothing of rows that are no pictures.

    Parameters
    ----------
    images : (m, d) array
        0 paper, 1 ink, and what lies between.
    shape : tuple of int
        (height, width). One of a single row of pixels is no picture.
    caption : str
        Stands below, and is read out where the picture is not seen.

    Returns
    -------
    str
    """
    if min(shape) < 2 or not len(images):
        return ""
    sheet, scale = _sheet(np.clip(images[:MOST_TILES], 0, 1), shape)
    height, width = sheet.shape
    style = f"width:{width * scale:.0f}px;max-width:100%;image-rendering:pixelated"
    source = f"data:image/png;base64,{base64.b64encode(_png(sheet)).decode()}"
    told = html.escape(caption, quote=True)
    image = f'<img src="{source}" width="{width}" height="{height}" style="{style};height:auto" alt="{told}">'
    return f"<figure>{image}<figcaption>{told}</figcaption></figure>"


def _row(cells, kind):
    return "<tr>" + "".join(f"<{kind}>{html.escape(cell)}</{kind}>" for cell in cells) + "</tr>"


def _sheet(images, shape):
    """Grey values of the sheet, framed, and how large a dot of it is to be."""
    height, width = shape
    scale = max(1.0, _LEAST / width)
    across = int(np.clip(_INCHES * _DOTS / scale // (width + 1), 1, len(images)))
    down = -(-len(images) // across)
    sheet = np.full((down * (height + 1) + 1, across * (width + 1) + 1), _FRAME, np.uint8)
    for ix, image in enumerate(images):
        top, left = (np.array(divmod(ix, across)) * (height + 1, width + 1) + 1).tolist()
        sheet[top : top + height, left : left + width] = np.rint(
            _PAPER + (_INK - _PAPER) * image.reshape(shape)
        )
    return sheet, scale


def _png(sheet):
    from PIL import Image  # takes a while to import, which only notebooks pay

    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "PNG", optimize=True)
    return file.getvalue()
