"""What the units of a fitted extractor stand for, as images: the arithmetic behind the pictures of `dpmix.plot`.

*Down* is the way from codes to images. Layers count from 1, the lowest; a machine or an autoencoder has
the one layer of its codes. A model takes part by what it can do: ``down(codes, layer)`` as
`DeepBeliefNet` has it, else ``decode(codes)``, else ``inverse_transform(codes)``; the sizes of its layers
come from ``encoder_layers()``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpmix.base.annotations import Ints, Real, Seed, Whole
from dpmix.base.checks import check_count, check_real, check_seed
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.memory import check_memory

__all__ = [
    "bias_image",
    "check_units",
    "fantasy_images",
    "n_layers",
    "strongest",
    "unit_images",
    "weight_images",
]


def bias_image(model: Any, layer: Whole | None = None) -> NDArray[np.float32]:
    """Image that comes from the biases alone: what the way down makes of a code of zeros.

    With visible biases b it is sigmoid(b) for a machine, and for layer 2 of a stack with hidden biases c
    and weights W of layer 1 it is sigmoid(W sigmoid(c) + b), the biases of both layers on the way.

    Parameters
    ----------
    model : BernoulliRBM, DeepBeliefNet, or another fitted extractor
    layer : int, optional
        The layer that is switched off, by default the top.

    Returns
    -------
    numpy.ndarray (d,) of float32

    Raises
    ------
    InputError, InputTypeError
        No such layer, or a model without a way down.

    Examples
    --------
    >>> import numpy as np
    >>> from dpmix.features import BernoulliRBM
    >>> rbm = BernoulliRBM(2, n_iter=1, monitor_size=0, random_state=0).fit(np.eye(4))
    >>> rbm.intercept_visible_[:] = 0
    >>> bias_image(rbm)
    array([0.5, 0.5, 0.5, 0.5], dtype=float32)
    """
    down, width = _way_down(model, layer)
    return np.asarray(down(np.zeros((1, width), np.float32)))[0]


def unit_images(
    model: Any, layer: Whole | None = None, units: Ints | None = None, activity: Real = 1.0
) -> NDArray[np.float32]:
    """What each hidden unit adds to the image: it alone switched on, less the image from the biases alone.

    Row j is down(`activity` e_j) - down(0), e_j the code in which unit j is 1 and all others are 0.

    Parameters
    ----------
    model : BernoulliRBM, DeepBeliefNet, or another fitted extractor
    layer : int, optional
        Whose units, by default those of the top.
    units : int or sequence of int, optional
        Which ones, counted from 0; by default all.
    activity : float, default 1
        What the unit is switched to; units that are not probabilities may need more.

    Returns
    -------
    numpy.ndarray (k, d) of float32
        For probabilities in [-1, 1].

    Raises
    ------
    InputError, InputTypeError
        No such layer or unit, or a model without a way down.
    """
    down, width = _way_down(model, layer)
    units = check_units(units, width)
    codes = np.zeros((1 + len(units), width), np.float32)
    codes[np.arange(1, len(codes)), units] = check_real("activity", activity)
    images = np.asarray(down(codes))
    return images[1:] - images[0]


def weight_images(model: Any, layer: Whole = 1, units: Ints | None = None) -> NDArray[np.float32]:
    """The weights between the image and each hidden unit of a layer.

    For layer 1 these are the rows of the transposed weights. Units of layer l are shown as the
    combination of those below, W_1 W_2 ... W_l without biases and activations (Lee, Ekanadham and
    Ng 2008, section 4).

    Parameters
    ----------
    model : object
        With ``encoder_layers()``: any fitted extractor or `NetworkClassifier`.
    layer : int, default 1
    units : int or sequence of int, optional
        Which ones, counted from 0; by default all.

    Returns
    -------
    numpy.ndarray (k, d) of float32

    Raises
    ------
    InputError, InputTypeError
        No such layer or unit, or a model without ``encoder_layers()``.
    """
    weights = [np.asarray(layer[0]) for layer in _encoder_layers(model)]
    *below, own = weights[: _check_layer(layer, len(weights))]
    images = own[:, check_units(units, own.shape[1])]
    for lower in reversed(below):
        images = lower @ images
    return np.ascontiguousarray(images.T)


def fantasy_images(
    model: Any, n_samples: Whole = 48, n_steps: Whole = 1000, seed: Seed = None
) -> NDArray[np.float32]:
    """Images that the model makes up: probabilities of pixels after Gibbs sampling from random states.

    Parameters
    ----------
    model : DeepBeliefNet or BernoulliRBM
        Or another model with ``sample(n_samples, n_steps)``. Each call draws anew from the model's stream.
    n_samples : int, default 48
    n_steps : int, default 1000
        Gibbs steps; samples of a model of well separated modes need many.
    seed : int or numpy.random.Generator, optional
        Of the states that a single machine starts from.

    Returns
    -------
    numpy.ndarray (n_samples, d) of float32

    Raises
    ------
    InputError, InputTypeError
        A number that is not allowed, or a model that cannot be sampled.
    """
    n_samples, n_steps = check_count("n_samples", n_samples), check_count("n_steps", n_steps)
    if hasattr(model, "sample"):
        return model.sample(n_samples, n_steps)
    if not hasattr(model, "gibbs"):
        raise InputTypeError(
            "model must have sample() or gibbs(), as DeepBeliefNet and BernoulliRBM do; "
            f"got {type(model).__name__}"
        )
    width = _encoder_layers(model)[0][0].shape[0]
    check_memory(4 * n_samples * width, "n_samples", n_samples)
    start = np.random.default_rng(check_seed(seed)).random((n_samples, width)) < 0.5
    return model.reconstruct(model.gibbs(start, n_steps))


def strongest(images, n):
    """Indices (k,) of up to `n` of the images (m, d) by their Euclidean norm, largest first."""
    norms = np.linalg.norm(np.asarray(images, np.float64), axis=1)
    return np.argsort(-norms, kind="stable")[: check_count("n", n)]


def n_layers(model):
    """Number of layers of hidden units that `layer` may name on the way down."""
    return len(_encoder_layers(model)) if hasattr(model, "down") else 1


def _way_down(model, layer):
    """A function from codes at `layer` to images, and the width of the codes."""
    sizes = [np.shape(bias)[0] for _, bias, _ in _encoder_layers(model)]
    if hasattr(model, "down"):
        layer = _check_layer(layer, len(sizes))
        return lambda codes: model.down(codes, layer), sizes[layer - 1]
    _check_layer(layer, 1)
    for name in ("decode", "inverse_transform"):
        if hasattr(model, name):
            return getattr(model, name), sizes[-1]
    raise InputTypeError(
        "model must have down(), decode() or inverse_transform(), the way from codes to "
        f"images; got {type(model).__name__}"
    )


def _encoder_layers(model):
    if not hasattr(model, "encoder_layers"):
        raise InputTypeError(
            "model must be a fitted extractor with encoder_layers(), such as BernoulliRBM or "
            f"DeepBeliefNet; got {type(model).__name__}"
        )
    layers = model.encoder_layers()
    if not layers:
        raise InputError(f"model must have hidden layers; got a {type(model).__name__} without any")
    return layers


def _check_layer(layer, n):
    return check_count("layer", n if layer is None else layer, high=n)


def check_units(units, width):
    """Indices (k,) of the chosen ones among `width` units; None for all."""
    if units is None:
        return np.arange(width)
    units = np.atleast_1d(np.asarray(units, object))
    chosen = [check_count("units", unit, low=0, high=width - 1) for unit in units]
    if not chosen:
        raise InputError("units must name at least one unit; got none")
    return np.array(chosen)
