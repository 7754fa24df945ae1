"""Files of trained extractors: .npz archives of plain arrays and one text of JSON, never pickle.

A class that can be saved is listed in `_HOME` and offers ``_to_parts()``, a dictionary of
JSON values and one of arrays, and the class method ``_from_parts(values, arrays)``, which checks them.
"""

import json
import numbers
from importlib import import_module

import numpy as np

from dpmix.base.checks import check_path
from dpmix.base.errors import InputError, RunError
from dpmix.base.files import replace_files
from dpmix.base.version import __version__
from dpmix.base.wording import Wording

__all__ = ["load", "load_as", "plain_parameters", "save", "take"]

_FORMAT = "dpmix features 1"
_HOME = {
    "Autoencoder": "dpmix.features.networks.autoencoder",
    "BernoulliRBM": "dpmix.features.boltzmann.rbm",
    "DeepBeliefNet": "dpmix.features.boltzmann.dbn",
    "NetworkClassifier": "dpmix.features.networks.classifier",
}


def save(estimator, path):
    """Write the fitted `estimator` to the file `path`, as a whole or not at all.

    Raises
    ------
    InputError
        If a parameter is nothing that JSON can hold, such as a function as schedule.
    OSError
        As from the operating system.
    """
    path = check_path("path", path)
    values, arrays = estimator._to_parts()
    for name, array in arrays.items():
        if array.dtype.hasobject:  # NumPy would pickle it
            raise InputError(f"{name} cannot be saved: it must hold numbers or strings; got {array.dtype}")
    text = json.dumps({"format": _FORMAT, "version": __version__, "class": type(estimator).__name__} | values)
    arrays = {"json": np.frombuffer(text.encode(), np.uint8)} | arrays
    replace_files(path.parent, {path.name: lambda file: np.savez(file, **arrays)})


def load(path):
    """Read an extractor that its ``save`` wrote.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Autoencoder, BernoulliRBM, DeepBeliefNet or NetworkClassifier
        It gives the same bits as the one that was saved.

    Raises
    ------
    RunError
        The file is missing, damaged or not one of these.
    """
    path = check_path("path", path)
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        values = json.loads(arrays.pop("json").tobytes())
        if values["format"] != _FORMAT or values["class"] not in _HOME:
            raise RunError(
                f"{path} is not an extractor of this version of dpmix: "
                f"found {values['format']!r}, {values['class']!r}; train it again"
            )
        return getattr(import_module(_HOME[values["class"]]), values["class"])._from_parts(values, arrays)
    except FileNotFoundError as error:
        raise RunError(f"{path} does not exist", Wording("{saved_model}")) from error
    except RunError:
        raise
    except Exception as error:  # a made-up archive can make the parsers raise about anything
        raise RunError(
            f"{path} is damaged or not an extractor of dpmix ({type(error).__name__}: {error}); "
            "restore it from a copy or train it again"
        ) from error


def load_as(cls, path):
    """`load`, for the class method of `cls`."""
    found = load(path)
    if not isinstance(found, cls):
        raise InputError(
            f"{path} holds a {type(found).__name__}, not a {cls.__name__}; read it with dpmix.features.load"
        )
    return found


def plain_parameters(estimator, leave_out=()):
    """The constructor's parameters as JSON holds them; a generator as `random_state` becomes None."""
    values = {}
    for name, value in estimator.get_params(deep=False).items():
        if name == "random_state" and not isinstance(value, numbers.Integral):
            value = None
        if name not in leave_out:
            values[name] = _plain(name, value)
    return values


def take(arrays, name, dtype, shape):
    """The array `name` of a file, which must be of this form and finite; -1 in `shape` is any length."""
    array = arrays[name]
    fits = array.ndim == len(shape) and all(w in (-1, s) for s, w in zip(array.shape, shape, strict=True))
    if array.dtype != dtype or not fits:
        raise ValueError(f"{name} is {array.dtype} {array.shape} where {np.dtype(dtype)} {shape} is due")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")
    return array


def _plain(name, value):
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(name, item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise InputError(
        f"{name} cannot be saved: it must be a number, a string, None or a sequence of these; got {value!r}; "
        f"call set_params({name}=...) before save"
    )
