"""How a training went: what was written down after every epoch."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dpmix.base.annotations import Arrays
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.escaping import for_picture
from dpmix.plot.style import INK, QUIET, axes_points, chain_style, check_axes, new_figure

__all__ = ["training_curves"]

# What a history may hold, in the order of the panels; other figures follow under their own names.
_TITLES = {
    "loss": "loss",
    "reconstruction_error": "squared error per pixel",
    "pseudo_likelihood": "pseudo-likelihood (nats per image)",
    "free_energy_gap": "free-energy gap (nats per image)",
}
_VALIDATION = {
    "validation_error": "reconstruction_error"
}  # where the name is not that with "validation_" before
_NOT_SHOWN = ("learning_rate", "seconds")
_WIDTH, _WIDEST, _HEIGHT = 3.0, 4.6, 2.4  # of a panel, and of one alone, inches
_NARROWEST = 2.4  # a panel beside another on given axes, inches
_DOTS_TO = 30  # epochs up to which each is marked


def training_curves(
    history: Any, *, figures: Sequence[str] | None = None, ax: Axes | Sequence[Axes] | None = None
) -> Arrays:
    """Show the figures of every epoch, training solid and validation dashed, one panel per figure.

    Parameters
    ----------
    history : fitted model, dict of str to list of float, or dict of str to either
        A model with ``history_``, a `DeepBeliefNet` (its layers one by one), figures by name as in
        ``history_``, or several of these by the name that they shall have.
    figures : sequence of str, optional
        Which panels, by the name of the training figure; by default all but learning rates and times.
    ax : matplotlib.axes.Axes or sequence of them, optional
        Where to draw: one for every panel, or a single one that is divided; by default a new figure.

    Returns
    -------
    (k,) array of matplotlib.axes.Axes
        One for each figure.

    Raises
    ------
    InputError, InputTypeError
        A history without figures, or an `ax` that does not fit.

    Examples
    --------
    >>> panels = dpmix.plot.training_curves({"plain": a.history_, "denoising": b.history_})  # doctest: +SKIP
    """
    series = _read(history)
    names = _figures(series) if figures is None else list(figures)
    if not names or not any(name in own for own in series.values() for name in names):
        raise InputError(
            "history must hold at least one figure per epoch other than learning rates and "
            f"times; asked for {names}; a model trained with monitor_size=0 or by partial_fit keeps none"
        )
    panels = _open(ax, len(names))
    for panel, name in zip(panels, names, strict=True):
        for ix, (label, own) in enumerate(series.items()):
            _draw(panel, own, name, label, chain_style(ix)["color"])
        _dress(panel, _TITLES.get(name, for_picture(name.replace("_", " "))))
    _name_lines(panels[0])
    return panels


def _read(history):
    """Figures by epoch of everything that is to be shown, by name."""
    found = _series(history)
    if found is not None:
        return found
    if not isinstance(history, dict):
        raise InputTypeError(
            f"history must be a fitted model or a dict of figures; got {type(history).__name__}"
        )
    series = {}
    for name, part in history.items():
        own = _series(part)
        if own is None:
            raise InputTypeError(
                f"history[{name!r}] must be a fitted model, a dict of figures by name or a list "
                f"of numbers; got {type(part).__name__}"
            )
        series |= {
            f"{name}, {inner}" if len(own) > 1 else f"{name}": figures for inner, figures in own.items()
        }
    return series


def _series(part):
    """Figures of one model or one history, by the name of its parts; None where it is neither."""
    if hasattr(part, "rbms_"):
        return {f"layer {ix}": rbm.history_ for ix, rbm in enumerate(part.rbms_, 1)}
    part = getattr(part, "history_", part)
    if isinstance(part, dict) and all(_is_curve(values) for values in part.values()):
        return {"": part}
    return None


def _is_curve(values):
    return (
        not isinstance(values, (dict, str)) and np.iterable(values) and np.asarray(values).dtype.kind in "iuf"
    )


def _partner(name):
    """The training figure that a validation figure stands beside; the name itself for others."""
    return _VALIDATION.get(name, name.removeprefix("validation_"))


def _figures(series):
    """Names of the panels."""
    found = {_partner(name) for own in series.values() for name, values in own.items() if len(values)}
    others = dict.fromkeys(_partner(name) for own in series.values() for name in own)
    return [name for name in dict.fromkeys([*_TITLES, *others]) if name in found and name not in _NOT_SHOWN]


def _draw(panel, own, name, label, colour):
    for key, values in own.items():
        if _partner(key) == name and len(values):
            epochs, validation = np.arange(1, len(values) + 1), key != name
            panel.plot(
                epochs,
                values,
                color=colour,
                linewidth=1.2,
                linestyle="--" if validation else "-",
                marker="." if len(values) <= _DOTS_TO else None,
                markersize=3.5,
                label=f"{label}, validation".removeprefix(", ") if validation else label or "training",
            )


def _dress(panel, title):
    panel.set_title(title, loc="left", size=8.5, weight="normal", color=INK)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set(color=QUIET, linewidth=0.6)
    panel.tick_params(labelsize=7.5, labelcolor=QUIET, color=QUIET, width=0.6, length=3)
    panel.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, min_n_ticks=1))
    panel.yaxis.set_major_locator(MaxNLocator(nbins=5))
    panel.set_xlabel("epoch", size=8, color=QUIET)


def _name_lines(panel):
    handles, labels = panel.get_legend_handles_labels()
    if len(handles) > 1:
        panel.legend(handles, labels, frameon=False, fontsize=7.5, labelcolor=QUIET, handlelength=1.8)


def _open(ax, n):
    """Axes for `n` panels, up to three beside each other."""
    columns = n if n <= 3 else 2 if n == 4 else 3
    if isinstance(ax, Axes) and n == 1:
        return np.array([check_axes(ax)])
    if ax is None:
        sides = max(columns * _WIDTH, _WIDEST), math.ceil(n / columns) * _HEIGHT
        add = new_figure(*sides).add_axes
        return np.array([add(_place(ix, columns, n, *sides)) for ix in range(n)])
    if isinstance(ax, Axes):
        sides = axes_points(check_axes(ax)) / 72
        columns = min(columns, max(int(sides[0] / _NARROWEST), 1))
        ax.set_axis_off()
        return np.array([ax.inset_axes(_place(ix, columns, n, *sides)) for ix in range(n)])
    given = list(ax) if np.iterable(ax) and not isinstance(ax, str) else [ax]
    if len(given) != n:
        raise InputError(f"ax must be one Matplotlib axes, or one for each of {n} panels; got {len(given)}")
    return np.array([check_axes(one, f"ax[{ix}]") for ix, one in enumerate(given)])


def _place(ix, columns, n, across, down):
    """Left, bottom, width and height of panel `ix` of `n`, as shares of `across` by `down` inches."""
    width, height = 1 / columns, 1 / math.ceil(n / columns)
    row, column = divmod(ix, columns)
    left, below, above = (
        min(0.5 / across, 0.3 * width),
        min(0.45 / down, 0.3 * height),
        min(0.3 / down, 0.2 * height),
    )
    return [
        column * width + left,
        1 - (row + 1) * height + below,
        0.94 * width - left,
        height - below - above,
    ]
