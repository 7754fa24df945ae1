"""Images in a grid, with a name under each: any images, fantasies of a model, differences with a sign."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dpmix.base.annotations import Ints, Real, Seed, Size, Table, Whole
from dpmix.base.checks import check_bool, check_count
from dpmix.base.text import count
from dpmix.features.probes import bias_image, fantasy_images, n_layers
from dpmix.plot.image_input import check_heading, check_names, read_images, read_shape, signed_limit
from dpmix.plot.style import INK_MAP, SIGNED_MAP, check_axes, page_behind, set_title, text_size
from dpmix.plot.tiles import GAP, add_tile, line_height, new_sheet, open_sheet, tile_height, tile_inches

__all__ = ["bias_images", "fantasies", "image_grid"]

_MOST = 2000  # images; more could not be told apart


def image_grid(
    images: Table,
    *,
    names: Sequence[object] | None = None,
    shape: Size = None,
    per_row: Whole = 12,
    signed: bool = False,
    limit: Real | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show images in a grid.

    Parameters
    ----------
    images : Images, or array_like (m, d), (m, height, width) or (d,)
        Values in [0, 1] go from white to black; masked ones and NaN are blue.
    names : sequence, optional
        One for each image, written under it.
    shape : tuple of int, optional
        (height, width) of a picture; by default that of the images where they know it, else a square.
    per_row : int, default 12
    signed : bool, default False
        Values of both signs: negative ones are blue, positive ones red, on one scale for all images.
    limit : float, optional
        Size that the strongest colour of a signed scale stands for; by default what 0.5 % of the pixels exceed.
    title : str, optional
        By default how many images there are; an empty one leaves no room for a title.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        The images are the first of its ``images``, in order; a signed scale comes last.

    Raises
    ------
    InputError, InputTypeError
        Images and names that do not fit, or another argument that is not allowed.

    Examples
    --------
    >>> ax = dpmix.plot.image_grid(images.x[:24], names=images.y[:24])  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    values, shape = read_images("images", images, shape, _MOST)
    names, per_row = check_names(names, len(values)), check_count("per_row", per_row)
    title = count(len(values), "image") if title is None else check_heading("title", title)
    limit = signed_limit(values, limit) if check_bool("signed", signed) else None
    rows = -(-len(values) // per_row)
    columns = -(-len(values) // rows)
    line = line_height(ax, columns, rows, shape)
    step = tile_height(shape) + (line if names else GAP)
    width, height = (
        columns * (1 + GAP) - GAP,
        rows * step - (0 if names else GAP) + (1.3 * line if signed else 0),
    )
    ax = new_sheet(width, height, tile_inches(columns, shape), title=bool(title)) if ax is None else ax
    points = open_sheet(ax, width, height)
    look = (SIGNED_MAP, "antialiased", (-limit, limit)) if signed else (INK_MAP,)
    for ix, picture in enumerate(values):
        row, column = divmod(ix, columns)
        add_tile(ax, picture.reshape(shape), column * (1 + GAP), row * step, 1, tile_height(shape), *look)
    if names:
        _write_names(ax, names, columns, step, step - line, line, points)
    if signed:
        _draw_scale(ax, limit, height - line / 2, line, points)
    if title:
        set_title(ax, title)
    return ax


def bias_images(
    model: Any, x: Table, layers: Ints | None = None, *, shape: Size = None, ax: Axes | None = None
) -> Axes:
    """Show the mean image beside the images from the biases alone, all units of a layer switched off.

    Parameters
    ----------
    model : BernoulliRBM, DeepBeliefNet, or another fitted extractor
    x : (m, d) array_like in [0, 1], or Images
        Images to take the mean of.
    layers : int or sequence of int, optional
        Which layers to switch off, one after the other; by default each of them.
    shape, ax
        See `image_grid`.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``images`` are the mean image and one for each layer.

    Raises
    ------
    InputError, InputTypeError
        Images or layers that do not fit the model, or an `ax` that is none.

    Examples
    --------
    >>> ax = dpmix.plot.bias_images(net, images)  # doctest: +SKIP
    """
    values, shape = read_images("x", x, shape)
    layers = range(1, n_layers(model) + 1) if layers is None else np.atleast_1d(np.asarray(layers, object))
    pictures = [bias_image(model, layer) for layer in layers]
    names = [f"layer {layer} off" for layer in layers] if n_layers(model) > 1 else ["biases alone"]
    return image_grid(
        [values.mean(axis=0, dtype=np.float64), *pictures],
        names=["mean image", *names],
        shape=shape,
        title="Mean image, and images from the biases alone",
        ax=ax,
    )


def fantasies(
    model: Any,
    n_samples: Whole = 48,
    n_steps: Whole = 1000,
    *,
    seed: Seed = None,
    shape: Size = None,
    per_row: Whole = 12,
    ax: Axes | None = None,
) -> Axes:
    """Show images that a model makes up.

    Parameters
    ----------
    model : DeepBeliefNet or BernoulliRBM
    n_samples, n_steps : int
        How many images, each after so many steps of Gibbs sampling.
    seed : int or numpy.random.Generator, optional
        See `dpmix.features.fantasy_images`.
    shape, per_row, ax
        See `image_grid`.

    Returns
    -------
    matplotlib.axes.Axes
        The fantasies are its ``images``.

    Raises
    ------
    InputError, InputTypeError
        A model that cannot be sampled, or an argument that is not allowed.

    Examples
    --------
    >>> ax = dpmix.plot.fantasies(net, 24)  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    n_samples = check_count("n_samples", n_samples, high=_MOST)
    images = fantasy_images(model, n_samples, n_steps, seed)
    return image_grid(
        images,
        shape=read_shape(shape, images.shape[1]),
        per_row=per_row,
        ax=ax,
        title=f"{n_samples:,} fantas{'y' if n_samples == 1 else 'ies'} after {count(n_steps, 'Gibbs step')}",
    )


def _write_names(ax, names, columns, step, below, line, points):
    font = min(8, 0.72 * line * points, text_size(max(map(len, names)), (1 + 0.6 * GAP) * points, 8))
    quiet = page_behind(ax).quiet
    for ix, name in enumerate(names):
        row, column = divmod(ix, columns)
        ax.text(
            column * (1 + GAP) + 0.5,
            row * step + below + 0.1 * line,
            name,
            size=font,
            color=quiet,
            ha="center",
            va="top",
        )


def _draw_scale(ax, limit, middle, line, points):
    """The scale of signed colours, from the left edge on."""
    font = min(8, 0.72 * line * points)
    ends, bar = (f"\u2212{limit:.2g}", f"+{limit:.2g}"), 5 * line
    begin = (0.65 * len(ends[0]) + 0.4) * font / points
    text = {"size": font, "color": page_behind(ax).quiet, "va": "center_baseline"}
    ax.text(0, middle, ends[0], **text)
    ax.text(begin + bar + 0.4 * font / points, middle, ends[1], **text)
    add_tile(
        ax,
        np.linspace(-limit, limit, 255)[None],
        begin,
        middle - 0.3 * line,
        bar,
        0.6 * line,
        SIGNED_MAP,
        limits=(-limit, limit),
    )
