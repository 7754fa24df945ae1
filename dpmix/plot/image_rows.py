"""Images side by side in rows with a heading each: originals, and below each what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dpmix.base.annotations import Ints, Size, Table, Whole
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import count
from dpmix.features.probes import n_layers
from dpmix.plot.image_input import check_heading, read_images
from dpmix.plot.row_sheet import RowSheet, draw_row, open_rows
from dpmix.plot.style import INK_MAP, check_axes, set_title

__all__ = ["image_rows", "reconstructions"]

_MOST = 600  # images in a row, over all its blocks
_TITLE = 60  # characters of a title that is made of headings
_GLYPH = 0.58  # width of an average character of a heading, in units of the font size


def image_rows(
    rows: Mapping[str, Table] | Sequence[tuple[str, Table]],
    *,
    shape: Size = None,
    per_row: Whole = 12,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show rows of images, such as true, noisy and decoded ones, with its heading before each row.

    Parameters
    ----------
    rows : dict or sequence of pairs
        Heading and images of each row, from the top: ``[("true", x), ("noisy", noisy), ("decoded", y)]``.
        Images are `Images` or arrays (m, d), (m, height, width) or, for a single one, (d,), as many in
        every row. Values in [0, 1] go from white to black; masked ones and NaN are blue.
    shape : tuple of int, optional
        (height, width) of a picture; by default that of the first images where they know it, else a square.
    per_row : int, default 12
        Images side by side; more go on in a further block of rows.
    title : str, optional
        By default how many images there are, and the headings; an empty one leaves no room for a title.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``images`` are those of the first row, then those of the second, and so on.

    Raises
    ------
    InputError, InputTypeError
        Rows that do not fit each other, or another argument that is not allowed.

    Examples
    --------
    >>> ax = dpmix.plot.image_rows([("true", x), ("decoded", net.reconstruct(x))])  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    per_row = check_count("per_row", per_row)
    headings, pictures, shape = _read_rows(rows, shape)
    heading = _GLYPH * max(len(line) for text in headings for line in text.split("\n")) + 1
    sheet = RowSheet(len(pictures[0]), len(pictures), shape, heading, per_row=per_row)
    title = _told(headings, len(pictures[0])) if title is None else check_heading("title", title)
    ax, sheet, font = open_rows(ax, sheet, title=bool(title))
    for row, (text, tiles) in enumerate(zip(headings, pictures, strict=True)):
        draw_row(ax, sheet, row, text, tiles, font, INK_MAP)
    if title:
        set_title(ax, title)
    return ax


def reconstructions(
    model: Any,
    x: Table,
    depths: Ints | None = None,
    *,
    shape: Size = None,
    per_row: Whole = 12,
    ax: Axes | None = None,
) -> Axes:
    """Show images beside what a model makes of them, going up so many layers and down again.

    Parameters
    ----------
    model : DeepBeliefNet, BernoulliRBM, or another fitted extractor with ``reconstruct``
    x : (m, d) array_like in [0, 1], or Images
    depths : int or sequence of int, optional
        Layers to go up, one row of pictures for each; by default 1, 2, and so on to the top.
    shape, per_row, ax
        See `image_rows`.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``images`` are the originals, then those of each depth. The headings give the root mean
        square of what is lost.

    Raises
    ------
    InputError, InputTypeError
        A model that cannot reconstruct, images or depths that do not fit it, or an `ax` that is none.

    Examples
    --------
    >>> ax = dpmix.plot.reconstructions(net, images.x[:12])  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    if not hasattr(model, "reconstruct"):
        raise InputTypeError(
            f"model must have reconstruct(), as BernoulliRBM and DeepBeliefNet do; got {type(model).__name__}"
        )
    values, shape = read_images("x", x, shape, _MOST)
    layers = n_layers(model)
    depths = range(1, layers + 1) if depths is None else np.atleast_1d(np.asarray(depths, object))
    depths = [check_count("depths", depth, high=layers) for depth in depths]
    if not depths:
        raise InputError("depths must name at least one number of layers; got none")
    rows = [("original", values)]
    for depth in depths:
        back = model.reconstruct(values, depth) if layers > 1 else model.reconstruct(values)
        name = "reconstructed\n" if layers == 1 else "1 layer\n" if depth == 1 else f"{depth} layers\n"
        rows.append((f"{name}RMSE {np.sqrt(np.mean((back - values) ** 2)):.3f}", back))
    return image_rows(rows, shape=shape, per_row=per_row, title="Originals and reconstructions", ax=ax)


def _told(headings, n):
    """A title for rows that were given none."""
    names = [" ".join(text.split()) for text in headings]
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    whole = f"{count(n, 'image')}: {listed}"
    return whole if len(whole) <= _TITLE else f"{count(n, 'image')} in {len(names)} rows"


def _read_rows(rows, shape):
    """Headings, images (m, d) of each row, and the shape of all."""
    pairs = list(rows.items()) if isinstance(rows, dict) else list(rows) if np.iterable(rows) else [rows]
    if not pairs:
        raise InputError("rows must be at least one pair of a heading and images; got none")
    headings, pictures = [], []
    for ix, pair in enumerate(pairs):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise InputTypeError(f"rows[{ix}] must be a pair (heading, images); got {type(pair).__name__}")
        headings.append(check_heading(f"heading of rows[{ix}]", pair[0]))
        values, shape = read_images(f"images of rows[{ix}]", pair[1], shape, _MOST)
        pictures.append(values)
        if len(values) != len(pictures[0]):
            raise InputError(
                f"rows must hold as many images each; rows[0] has {len(pictures[0])}, "
                f"rows[{ix}] has {len(values)}"
            )
    return headings, pictures, shape
