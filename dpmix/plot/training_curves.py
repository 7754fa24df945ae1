"""How a training went: what was written down after every epoch."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dpmix.base.annotations import Arrays
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.escaping import for_picture
from dpmix.base.text import count
from dpmix.plot.style import (
    Panels,
    axes_points,
    check_axes,
    dress_panel,
    line_colours,
    new_figure,
    page_behind,
    page_within,
    text_size,
)

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
_HEADING = 0.25  # room for that of a new figure, inches
_NARROWEST = 2.4  # a panel beside another on given axes, inches
_DOTS_TO = 30  # epochs up to which each is marked


def training_curves(
    history: Any, *, figures: Sequence[str] | None = None, ax: Axes | Sequence[Axes] | None = None
) -> Arrays:
    """Show the figures of every epoch, training solid and validation dashed, one panel per figure.

    Of a net of several layers each has panels of its own, since what a layer above the first one works on are the
    units of that below, whose errors cannot be compared with those of pixels.

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
        One for each figure and, of a net of several layers, for each layer.

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
    places = [(name, layer) for name in names for layer in _layers(series, name)]
    deepest = max(layer for _, layer in series)
    panels = _open(ax, len(places), deepest, _heading(history))
    labels = list(dict.fromkeys(label for label, _ in series))
    titles = [_title(name, layer, deepest) for name, layer in places]
    size = min(text_size(len(title), axes_points(panels[0])[0], 9) for title in titles)
    for panel, (name, layer), title in zip(panels, places, titles, strict=True):
        colours = line_colours(page_within(panel).ground)
        for ix, label in enumerate(labels):
            _draw(panel, series.get((label, layer), {}), name, label, colours[ix % len(colours)])
        dress_panel(panel, title, "epoch", size)
    _name_lines(panels[0])
    return panels.view(Panels)


def _heading(history):
    """What a new figure is about, where one model is shown."""
    own = getattr(history, "rbms_", [history])[0]
    epochs = max((len(values) for values in getattr(own, "history_", {}).values()), default=0)
    return f"{type(history).__name__} · {count(epochs, 'epoch')}" if epochs else ""


def _title(name, layer, deepest):
    title = _TITLES.get(name, for_picture(name.replace("_", " ")))
    if layer > 1:
        title = title.replace("pixel", "unit below")
    return title if deepest == 1 else f"layer {layer}: {title}"


def _layers(series, name):
    """Layers that have the figure `name`; the first one where none has."""
    has = sorted({layer for (_, layer), own in series.items() if name in map(_partner, own)})
    return has or [1]


def _read(history):
    """Figures by epoch of everything that is to be shown, by name and layer, counted from 1."""
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
        series |= {(f"{name}", layer): figures for (_, layer), figures in own.items()}
    return series


def _series(part):
    """Figures of one model or one history, by the empty name and its layers; None where it is neither."""
    if hasattr(part, "rbms_"):
        return {("", ix): rbm.history_ for ix, rbm in enumerate(part.rbms_, 1)}
    part = getattr(part, "history_", part)
    if isinstance(part, dict) and all(_is_curve(values) for values in part.values()):
        return {("", 1): part}
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


def _name_lines(panel):
    handles, labels = panel.get_legend_handles_labels()
    if len(handles) > 1:
        quiet = page_within(panel).quiet
        panel.legend(handles, labels, frameon=False, fontsize=7.5, labelcolor=quiet, handlelength=1.8)


def _open(ax, n, deepest, heading):
    """Axes for `n` panels, those of the layers, or up to three, beside each other."""
    columns = deepest if 1 < deepest <= 3 else n if n <= 3 else 2 if n == 4 else 3
    if isinstance(ax, Axes) and n == 1:
        return np.array([check_axes(ax)])
    if ax is None:
        return _new_panels(n, columns, heading)
    if isinstance(ax, Axes):
        sides = axes_points(check_axes(ax)) / 72
        columns = min(columns, max(int(sides[0] / _NARROWEST), 1))
        ax.set_axis_off()
        face = ax.get_facecolor()
        return np.array([ax.inset_axes(_place(ix, columns, n, *sides), facecolor=face) for ix in range(n)])
    given = list(ax) if np.iterable(ax) and not isinstance(ax, str) else [ax]
    if len(given) != n:
        raise InputError(f"ax must be one Matplotlib axes, or one for each of {n} panels; got {len(given)}")
    return np.array([check_axes(one, f"ax[{ix}]") for ix, one in enumerate(given)])


def _new_panels(n, columns, heading):
    across, down = max(columns * _WIDTH, _WIDEST), math.ceil(n / columns) * _HEIGHT
    above = _HEADING if heading else 0
    figure, share = new_figure(across, down + above), down / (down + above)
    panels = []
    for ix in range(n):
        left, bottom, width, height = _place(ix, columns, n, across, down)
        panels.append(figure.add_axes([left, bottom * share, width, height * share]))
    if heading:
        look = {"size": 10, "va": "top", "color": page_behind(panels[0]).ink}
        figure.text(0.12 / across, 1 - 0.1 / (down + above), heading, **look)
    return np.array(panels)


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
