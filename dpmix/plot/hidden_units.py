"""What single hidden units stand for: what each adds to an image, and its weights."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dpmix.base.annotations import Ints, Real, Size, Whole
from dpmix.base.checks import check_count
from dpmix.features.probes import check_units, n_layers, strongest, unit_images, weight_images
from dpmix.plot.image_grid import image_grid
from dpmix.plot.image_input import read_shape
from dpmix.plot.style import check_axes

__all__ = ["unit_effects", "weights"]


def unit_effects(
    model: Any,
    layer: Whole | None = None,
    units: Ints = 24,
    *,
    shape: Size = None,
    per_row: Whole = 12,
    limit: Real | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show what each hidden unit adds to an image: it alone switched on, less the image from the biases alone.

    Parameters
    ----------
    model : BernoulliRBM, DeepBeliefNet, or another fitted extractor
    layer : int, optional
        Whose units, by default those of the top.
    units : int or sequence of int, default 24
        So many, those that change the image most, strongest first; or these. Their numbers stand below them.
    shape : tuple of int, optional
        (height, width) of a picture; by default a square.
    per_row : int, default 12
    limit : float, optional
        Change that the strongest colour stands for; by default what 0.5 % of the pixels exceed.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        The units are the first of its ``images``, blue where they make pixels less probable, red where more;
        the scale comes last.

    Raises
    ------
    InputError, InputTypeError
        Layers or units that the model has not, or another argument that is not allowed.

    Examples
    --------
    >>> ax = dpmix.plot.unit_effects(net, layer=2, units=36)  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    images = unit_images(model, layer)
    of = f" of layer {n_layers(model) if layer is None else layer}" if n_layers(model) > 1 else ""
    return _draw(images, units, f"units{of} on alone, less the bias image", shape, per_row, limit, ax)


def weights(
    model: Any,
    layer: Whole = 1,
    units: Ints = 36,
    *,
    shape: Size = None,
    per_row: Whole = 12,
    limit: Real | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show the weights of hidden units as images.

    Parameters
    ----------
    model : object
        Any fitted extractor or `NetworkClassifier`.
    layer : int, default 1
        Units above layer 1 are shown as the combination of those below: the sum of their images, each times the
        weight between the two (`dpmix.features.weight_images`).
    units : int or sequence of int, default 36
        So many, those with the largest Euclidean norm, largest first; or these. Their numbers stand below them.
    shape, per_row, limit, ax
        See `unit_effects`.

    Returns
    -------
    matplotlib.axes.Axes
        The units are the first of its ``images``, negative weights blue, positive ones red; the scale comes
        last.

    Raises
    ------
    InputError, InputTypeError
        Layers or units that the model has not, or another argument that is not allowed.

    Examples
    --------
    >>> ax = dpmix.plot.weights(rbm, units=[0, 7, 12])  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    images = weight_images(model, layer)
    below = (
        "" if layer == 1 else " times those of layer 1" if layer == 2 else " times those of all layers below"
    )
    return _draw(images, units, f"units of layer {layer}: weights{below}", shape, per_row, limit, ax)


def _draw(images, units, what, shape, per_row, limit, ax):
    """The `images` (m, d) of some units in a grid."""
    picked = np.ndim(units) == 0
    chosen = strongest(images, check_count("units", units)) if picked else check_units(units, len(images))
    count = f"{len(chosen):,}{f' of {len(images):,}' if picked else ''}"
    return image_grid(
        images[chosen],
        names=chosen,
        shape=read_shape(shape, images.shape[1]),
        per_row=per_row,
        signed=True,
        limit=limit,
        title=f"{count} {what}",
        ax=ax,
    )
