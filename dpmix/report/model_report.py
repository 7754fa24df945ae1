"""The report on a trained model: shorter, with its curves, its units and what it makes of images."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from dpmix.base.annotations import PathLike, Size, Table
from dpmix.base.checks import check_place
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import count
from dpmix.datasets.images import named_labels
from dpmix.features.storage import Persistent, plain_parameters
from dpmix.plot import confusion, reconstructions, training_curves, unit_effects, weights
from dpmix.plot.image_input import read_images, read_shape
from dpmix.report.document import filled, put
from dpmix.report.pictures import figure_picture
from dpmix.report.words import MODEL_GLOSSARY, duration, number, share

__all__ = ["write_model"]

_NAMES = {
    "BernoulliRBM": "Restricted Boltzmann machine",
    "DeepBeliefNet": "Deep belief net",
    "Autoencoder": "Autoencoder",
    "NetworkClassifier": "Network classifier",
}
_OTHER = dict.fromkeys(("DPMixture", "Posterior"), ", of which dpmix.report.write writes a report")
_UNITS, _IMAGES, _SCORED = 24, 8, 5000
_CLASSES = 30  # of a confusion matrix that can be read


def write_model(
    model: Any,
    path: PathLike,
    x: Table | None = None,
    y: ArrayLike | None = None,
    *,
    shape: Size = None,
    title: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a report on an extractor or a classifier: one HTML file, whole in itself.

    It shows what the model is, how its training went and what its hidden units stand for; with images what it gives
    back of them, and with labels what a classifier takes for what.

    Parameters
    ----------
    model : fitted BernoulliRBM, DeepBeliefNet, Autoencoder or NetworkClassifier
    path : str or path-like
        Of the file, such as ``"report.html"``.
    x : (m, d) array_like in [0, 1], Images or GreyImages, optional
    y : (m,) array, optional
        Labels of `x`; by default its own, if it has any.
    shape : tuple of int, optional
        (height, width) of an image; by default that of `x`, or a square.
    title : str, optional
    overwrite : bool, default False
        Whether a file that is there may be replaced.

    Raises
    ------
    InputError, InputTypeError
        The file exists already, a model that is none of these, or images that do not fit it.
    OSError
        As from the operating system; there is then no file, or the one before.

    Examples
    --------
    >>> import dpmix
    >>> rbm = dpmix.features.BernoulliRBM(16, n_iter=2).fit(dpmix.datasets.load_digits())
    >>> dpmix.report.write_model(rbm, "rbm.html")  # doctest: +SKIP
    """
    place = check_place(path, overwrite)
    if not isinstance(model, Persistent):
        raise InputTypeError(
            f"model must be an extractor or a classifier of dpmix.features; got {type(model).__name__}"
            + _OTHER.get(type(model).__name__, "")
        )
    check_is_fitted(model)
    if title is not None and not isinstance(title, str):
        raise InputTypeError(f"title must be a text; got {type(title).__name__}")
    values, own = (None, None) if x is None else _checked(model, x)
    shape = read_shape(own if shape is None else shape, model.n_features_in_)
    y = _own_labels(model, x) if y is None else np.asarray(y)
    if values is None and y is not None:
        raise InputError("y says what the images x show; pass x, too")
    if y is not None and np.shape(y) != (len(values),):
        raise InputError(f"y must be one label for each of the {len(values):,} images; got {np.shape(y)}")
    name = _NAMES[type(model).__name__]
    page = filled(
        "model.html.j2",
        title=name if title is None else title,
        lead=_lead(model, shape),
        facts=_facts(model, name),
        curves=_curves(model),
        units=_units(model, shape),
        back=None if values is None else _back(model, values, shape),
        confusion=None if y is None or values is None else _confusion(model, values, y),
        glossary=MODEL_GLOSSARY,
    )
    put(page, place)


def _own_labels(model, x):
    """The labels that come with images, by name where the model knows names."""
    y = getattr(x, "y", None)
    knows_names = getattr(model, "classes_", np.zeros(0)).dtype.kind in "UO"
    return named_labels(x) if y is not None and knows_names else y


def _checked(model, x):
    values, shape = read_images("x", x)
    if values.shape[1] != model.n_features_in_:
        raise InputError(
            f"x must hold images of {model.n_features_in_:,} pixels, as the model does; got {values.shape[1]:,}"
        )
    if np.isnan(values).any():
        raise InputError("x must hold images whose pixels are all known")
    return values, shape


def _layers(model):
    return [len(bias) for _, bias, _ in model.encoder_layers()]


def _parts(model):
    return getattr(model, "rbms_", [model])


def _lead(model, shape):
    sizes = " – ".join(f"{size:,}" for size in (model.n_features_in_, *_layers(model)))
    return f"{sizes} units, for images of {shape[0]:,} × {shape[1]:,} pixels"


def _facts(model, name):
    histories = [part.history_ for part in _parts(model)]
    epochs = ", ".join(f"{max(map(len, history.values()), default=0):,}" for history in histories)
    seconds = sum(sum(history.get("seconds", [])) for history in histories)
    own = plain_parameters(model, leave_out=("init", "rbm", "corruption", "verbose"))
    settings = ", ".join(f"{key} {value}" for key, value in own.items() if value is not None)
    return [
        ("Model", f"{name} (dpmix.features.{type(model).__name__})"),
        ("Layers of hidden units", ", ".join(f"{size:,}" for size in _layers(model))),
        ("Epochs", epochs + (" of each layer" if len(histories) > 1 else "")),
        *([("Time of training", duration(seconds))] if seconds else []),
        ("Settings", settings),
        *([("Ended early", "by Ctrl-C")] if model.interrupted_ else []),
    ]


def _curves(model):
    """How the training went, and the last figures in words; None where nothing was written down."""
    histories = [part.history_ for part in _parts(model)]
    names = [
        name for name in histories[0] if name not in ("learning_rate", "seconds") and len(histories[0][name])
    ]
    if not names:
        return None
    rows = [
        [name.replace("_", " "), *(number(float(history[name][-1])) for history in histories)]
        for name in names
    ]
    head = (
        ["figure", *(f"layer {ix}" for ix in range(1, len(histories) + 1))]
        if len(rows[0]) > 2
        else ["figure", "last epoch"]
    )
    alt = "Figures of every epoch of the training; the table below has those of the last one."
    return {
        "picture": figure_picture(lambda: training_curves(model), alt, vector=True),
        "head": head,
        "rows": rows,
    }


def _units(model, shape):
    """Pictures of what hidden units stand for."""
    if min(shape) < 2:
        return []
    pictures = [
        ("Weights of the first layer", weights, "Weights of the strongest hidden units, as images"),
        ("What single units change", unit_effects, "What each of some hidden units changes in an image"),
    ]
    if type(model).__name__ == "NetworkClassifier":
        pictures = pictures[:1]
    return [
        (heading, figure_picture(lambda draw=draw: draw(model, units=_UNITS, shape=shape), alt))
        for heading, draw, alt in pictures
    ]


def _back(model, values, shape):
    """What the model gives back of images; None of a classifier."""
    if not hasattr(model, "reconstruct") or min(shape) < 2:
        return None
    picked = values[np.linspace(0, len(values) - 1, min(len(values), _IMAGES)).round().astype(int)]
    some = values[:_SCORED]
    error = float(np.mean((np.asarray(model.reconstruct(some)) - some) ** 2))
    alt = f"{count(len(picked), 'image')}, and below each what the model gives back"
    return {
        "picture": figure_picture(lambda: reconstructions(model, picked, shape=shape), alt),
        "error": number(error),
        "rmse": number(error**0.5, 3),
        "images": count(len(some), "image"),
    }


def _confusion(model, values, y):
    """What a classifier takes for what; None of other models, and where no label is known."""
    if not hasattr(model, "predict") or type(model).__name__ != "NetworkClassifier":
        return None
    known = y >= 0 if y.dtype.kind == "i" else np.ones(len(y), bool)
    if not known.any():
        return None
    said, true = model.predict(values[known]), y[known]
    right = int((said == true).sum())
    names = np.union1d(true, said)
    rows = []
    for label in names.tolist():
        mine = true == label
        hits = int((said[mine] == label).sum())
        rows.append([str(label), f"{int(mine.sum()):,}", share(hits, int(mine.sum())) if mine.any() else "-"])
    alt = f"Confusion matrix of {len(names)} labels; the table below has the recall of each."
    return {
        "right": f"{right:,} of {count(len(true), 'image')} ({share(right, len(true))})",
        "rows": rows,
        "picture": figure_picture(lambda: confusion(true, said), alt) if len(names) <= _CLASSES else None,
    }
