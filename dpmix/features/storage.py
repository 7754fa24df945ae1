"""Files of trained extractors: .npz archives of plain arrays and one text of JSON, never pickle.

A class that can be saved is listed in `_CLASSES` and is `Persistent`. It offers ``_to_parts()``, a dictionary
of JSON values and one of arrays, and the class method ``_from_parts(values, arrays)``, which checks them.
"""

import json
import numbers
import os
from importlib import import_module
from typing import Any, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from dpmix.base.annotations import PathLike
from dpmix.base.checks import check_count, check_path, check_positive
from dpmix.base.errors import InputError, RunError
from dpmix.base.files import replace_files
from dpmix.base.npy import check_plain
from dpmix.base.npz import read_stored
from dpmix.base.reading import opened, parse_json
from dpmix.base.version import __version__
from dpmix.base.wording import Wording
from dpmix.features.showing import Shown

__all__ = ["Extractor", "Persistent", "load", "plain_parameters", "take", "take_layers"]

_FORMAT = "dpmix features 1"
_MOST_ITEM = 1 << 16  # bytes of a number, or of the name of a class
_CLASSES = ("Autoencoder", "BernoulliRBM", "DeepBeliefNet", "NetworkClassifier")


class Persistent(Shown):
    """What everything that is trained here can do: say whether it is fitted, be saved and be read back.

    Attributes
    ----------
    _learnt : str
        The attribute that a training sets last; ``n_features_in_`` alone stays from one that failed.
    interrupted_ : bool
        Whether Ctrl-C ended the training; what is read from a file says False.
    """

    interrupted_ = False

    def save(self, path: PathLike) -> None:
        """Write everything but an `init` to one file without pickle; `load` gives it back bit for bit.

        Parameters
        ----------
        path : str or path-like

        Raises
        ------
        InputError, InputTypeError
            `path` is not a path, or a parameter is nothing that JSON can hold, such as a function as schedule.
        OSError
            As from the operating system; the file is then as it was.
        """
        self._fitted()
        path = check_path("path", path)
        values, arrays = self._to_parts()
        for name, array in arrays.items():
            if array.dtype.hasobject:  # NumPy would pickle it
                raise InputError(
                    f"{name} cannot be saved: it must hold numbers or strings; got {array.dtype}"
                )
        text = json.dumps({"format": _FORMAT, "version": __version__, "class": type(self).__name__} | values)
        arrays = {"json": np.frombuffer(text.encode(), np.uint8)} | arrays
        replace_files(path.parent, {path.name: lambda file: np.savez(file, **arrays)})

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or path-like

        Returns
        -------
        Autoencoder, BernoulliRBM, DeepBeliefNet or NetworkClassifier
            Of the class that this is called on.

        Raises
        ------
        RunError
            The file is missing, damaged or no extractor.
        InputError, InputTypeError
            `path` is not a path, or the file holds an extractor of another class.
        """
        found = load(path)
        if not isinstance(found, cls):
            raise InputError(
                f"{path} holds a {type(found).__name__}, not a {cls.__name__}; "
                "read it with dpmix.features.load"
            )
        return found

    def __sklearn_is_fitted__(self):
        return hasattr(self, self._learnt)

    def _fitted(self):
        check_is_fitted(self)
        return self

    def _course(self, leave_out=()):
        """JSON values of the parameters and of how the training went."""
        parameters = plain_parameters(self, leave_out)
        course = {"history": self.history_, "n_iter": self.n_iter_, "learning_rate": self.learning_rate_}
        return {"parameters": parameters} | course

    @classmethod
    def _with_course(cls, values):
        """The extractor, not yet fitted, whose `_course` is among `values`."""
        found = cls(**values["parameters"])
        found.history_ = {str(name): list(map(float, column)) for name, column in values["history"].items()}
        found.n_iter_ = int(values["n_iter"])
        rate = values.get("learning_rate", found.learning_rate)  # absent where no other was ever found
        found.learning_rate_ = check_positive("learning_rate", rate)
        return found


class Extractor(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Persistent):
    """A `Persistent` one that makes codes of images, as float32 or, with `codes` "binary", as bits."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = [] if self.codes == "binary" else ["float32"]
        return tags


def load(path: PathLike) -> Any:
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
        with opened(path) as file:
            arrays = read_stored(file, os.fstat(file.fileno()).st_size, _check_array)
        values = parse_json(take(arrays, "json", np.uint8, (-1,)).tobytes())
        del arrays["json"]
        if values["format"] != _FORMAT or values["class"] not in _CLASSES:
            raise RunError(
                f"{path} is not an extractor of this version of dpmix: "
                f"found {values['format']!r}, {values['class']!r}; train it again"
            )
        return getattr(import_module("dpmix.features"), values["class"])._from_parts(values, arrays)
    except FileNotFoundError as error:
        raise RunError(f"{path} does not exist", Wording("{saved_model}")) from error
    except RunError:
        raise
    except Exception as error:  # a made-up archive can make the parsers raise about anything
        raise RunError(
            f"{path} is damaged or not an extractor of dpmix ({type(error).__name__}: {error}); "
            "restore it from a copy or train it again"
        ) from error


def _check_array(name, dtype, shape):
    check_plain(dtype, shape, "biufUS", _MOST_ITEM)
    if len(shape) > 2:
        raise InputError(f"has {len(shape)} axes, which no array of an extractor has")


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


def take_layers(layers, parameters):
    """The `layers` of a file, each sizes, activation and perhaps a tie, which must take up all of `parameters`."""
    due, before = 0, None
    for n_in, n_out, _, *tie in layers:
        n_in, n_out = check_count("n_in", n_in), check_count("n_out", n_out)
        if before not in (None, n_in):
            raise ValueError(f"a layer of {n_in} inputs stands on one of {before}")
        tied, before = bool(tie) and tie[0] is not None, n_out
        due += n_out + (0 if tied else n_in * n_out)
    if due != parameters.size:
        raise ValueError(f"parameters holds {parameters.size} numbers where the layers need {due}")
    return layers


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
