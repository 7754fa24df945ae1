"""What a fitted extractor shows of itself: the rate that was found in its text, a table and its filters in notebooks.

Which form a notebook gets is a matter of `sklearn.set_config`: ``display="text"`` for text alone, and
``print_changed_only=False`` for all parameters instead of those that are not at their defaults.
"""

import copy
import functools
import inspect

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator

from dpmix.base.arrays import image_shape
from dpmix.base.notebook import as_html, tiles
from dpmix.base.text import count

__all__ = ["Shown"]

_FILTERS = 20
_MOST_LETTERS = 200  # of what a parameter is


class Shown:
    """What estimators here show of themselves, by ``encoder_layers()`` and `_stages`."""

    def __repr__(self, N_CHAR_MAX=700):
        text = BaseEstimator.__repr__(_as_scikit_learn_knows_it(self), N_CHAR_MAX)
        found = [stage.learning_rate_ for stage in self._trained_stages() if stage.learning_rate == "auto"]
        return f"{text}  # learning_rate_ {_listed(found)}" if found else text

    @property
    def _repr_html_(self):
        if get_config()["display"] != "diagram":
            raise AttributeError("_repr_html_ is there with sklearn.set_config(display='diagram')")
        return self._html

    def _repr_mimebundle_(self, **kwargs):
        bundle = {"text/plain": repr(self)}
        return bundle | {"text/html": self._html()} if get_config()["display"] == "diagram" else bundle

    def _stages(self):
        """The estimators of which each had a training of its own."""
        return [self]

    def _trained_stages(self):
        return self._stages() if self.__sklearn_is_fitted__() else []

    def _html(self):
        rows = [("parameter", "value"), *_parameters(self)]
        stages = self._trained_stages()
        if not stages:
            return as_html(f"{type(self).__name__}, not fitted", rows if rows[1:] else ())
        rows += [(name, _listed(values)) for name, values in _figures(stages).items()]
        return as_html(_heading(self), rows, picture=_filters(self._all_layers()[0][0]))

    def _all_layers(self):
        return self.encoder_layers()


def _as_scikit_learn_knows_it(estimator):
    """A copy whose text scikit-learn breaks into lines, which it does for its own method alone."""
    plain = copy.copy(estimator)
    plain.__class__ = _plain_class(type(estimator))
    return plain


@functools.cache
def _plain_class(cls):
    return type(cls.__name__, (cls,), {"__repr__": BaseEstimator.__repr__})


def _heading(estimator):
    layers = estimator._all_layers()
    sizes = " - ".join(f"{size:,}" for size in [len(layers[0][0]), *(len(bias) for _, bias, _ in layers)])
    stopped = ", ended by Ctrl-C" if estimator.interrupted_ else ""
    return f"{type(estimator).__name__}, {sizes} units{stopped}"


def _parameters(estimator):
    """Names and values of the parameters that are not at their defaults, or of all if scikit-learn is told so."""
    defaults = inspect.signature(type(estimator)).parameters
    for name, value in estimator.get_params(deep=False).items():
        shown = " ".join(repr(value).split())
        if not get_config()["print_changed_only"] or shown != " ".join(repr(defaults[name].default).split()):
            yield name, shown if len(shown) <= _MOST_LETTERS else f"{shown[: _MOST_LETTERS - 1]}…"


def _figures(stages):
    """What was learnt, by name, with one value for each of `stages`."""
    histories = [stage.history_ for stage in stages]
    figures = {"learning rate": [stage.learning_rate_ for stage in stages]}
    figures["epochs"] = [len(history.get("seconds", ())) for history in histories]
    figures["seconds"] = [round(sum(history.get("seconds", ())), 1) for history in histories]
    for name in histories[0]:
        if name not in ("learning_rate", "seconds"):
            last = [history[name][-1] for history in histories if history.get(name)]
            figures[f"last {name.replace('_', ' ')}"] = last
    return figures


def _listed(values):
    return ", ".join(f"{value:.4g}" for value in values)


def _filters(weights):
    """Pictures of the units of the lowest layer that have the largest weights (d, h)."""
    largest = np.argsort(-np.square(weights).sum(axis=0), kind="stable")[:_FILTERS]
    images = weights[:, largest].T
    scale = np.abs(images).max(axis=1, keepdims=True)
    grey = 0.5 + 0.5 * images / np.where(scale > 0, scale, 1)
    caption = (
        f"weights of {count(len(images), 'unit')} of the lowest layer, the largest first; ink pulls a unit up"
    )
    return tiles(grey, image_shape(len(weights)), caption)
