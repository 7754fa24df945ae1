"""Images with hidden pixels and what the posterior says was there."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike
from scipy.special import entr

from dpmix.base.annotations import Table, Whole
from dpmix.base.arrays import check_binary, check_numbers
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError
from dpmix.base.text import count
from dpmix.plot.column_cells import is_table
from dpmix.plot.row_sheet import RowSheet, draw_row, open_rows
from dpmix.plot.style import HIDDEN, INK_MAP, UNCERTAINTY_MAP, check_axes, page_behind, set_title
from dpmix.plot.table_completions import draw_completed_rows
from dpmix.plot.tiles import add_tile, set_caption
from dpmix.posterior.posterior import Posterior, check_posterior
from dpmix.queries.query import predict_mode, predict_proba, sample_predictive

__all__ = ["completions"]

_SAID = "Completed: how probable each hidden pixel is to be on."
_SAMPLES = " Samples draw each pixel on its own, given a cluster: hence salt and pepper."
_HEADING = 7  # width of the longest heading and a space in units of the font size


def completions(
    posterior: Posterior,
    x: Table,
    observed: ArrayLike | None = None,
    *,
    proba: ArrayLike | None = None,
    mode: ArrayLike | None = None,
    samples: ArrayLike | None = None,
    draws: Whole | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show images, the part of them that was shown, and what comes back for the hidden pixels.

    Images stand side by side, at most 12 to a row. From top to bottom: the original; what was shown,
    hidden pixels in blue; the probability of each pixel to be on, observed ones as they are; where
    asked for, the same by the most probable cluster alone; the uncertainty of each hidden pixel, the
    entropy of the probability in bits; and, where asked for, samples. Where no more is known than was
    shown, there is no row of originals. Samples look like salt and pepper: given a cluster, each pixel is drawn
    on its own.

    Rows of a table, which are no pictures, stand side by side, with a line for each column under its name, of which
    those are shown that are least sure; shades between off and on say how uncertain an entry is.

    Parameters
    ----------
    posterior : Posterior
    x : Images, or (m, d) or (d,) array of 0/1
        Whole images, or with masked entries or NaN where nothing is known; these count as hidden.
    observed : (d,) or (m, d) array of bool, optional
        True where a pixel is shown, as for `dpmix.predict_proba`.
    proba : (m, d) or (d,) array of float, optional
        What `dpmix.predict_proba` answered, where it was asked before.
    mode : True, or (m, d) or (d,) array of float, optional
        What `dpmix.queries.predict_mode` answered, or True to ask it.
    samples : int, or (size, m, d) or (size, d) array, optional
        What `dpmix.sample_predictive` answered, or how many samples to ask it for (with seed 0), to show
        below the rest.
    draws : int, optional
        Ask only about so many draws of the posterior.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``images`` are all originals, then all that was shown, and so on; the scale of the
        uncertainty comes last. Of a table blocks of cells, and the key.

    Raises
    ------
    InputError, InputTypeError
        Images, masks or answers that do not fit the posterior or each other; an `ax` that is none.

    Examples
    --------
    >>> top = np.arange(784) < 392
    >>> ax = dpmix.plot.completions(posterior, images[:8], observed=top)  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    values, shown = _check_query(check_posterior(posterior), x, observed)
    m, d = values.shape
    if proba is None:
        proba = predict_proba(posterior, x, observed, draws)
    proba = _check_answer("proba", proba, (m, d), values, shown)
    mode, samples = _asked(posterior, x, observed, mode, samples, draws)
    mode = {} if mode is None else {"best cluster": _check_answer("mode", mode, (m, d), values, shown)}
    samples = [] if samples is None else _check_answer("samples", samples, (-1, m, d), values, shown)
    rows = {
        "original": values,
        "shown": np.ma.masked_where(~shown, values),
        "completed": proba,
        **mode,
        "uncertainty": np.ma.masked_where(shown, (entr(proba) + entr(1 - proba)) / np.log(2)),
        **{f"sample {ix}": sample for ix, sample in enumerate(samples, 1)},
    }
    if (values.mask == ~shown).all():
        del rows["original"]  # nothing more is known than was shown
    hidden = f"{1 - shown.mean():.0%} of {'its' if m == 1 else 'their'}"
    if is_table(posterior):
        del rows["uncertainty"]
        title = f"{count(m, 'row')} with {hidden} columns hidden"
        return draw_completed_rows(posterior, rows, shown, title, ax)
    caption = _SAID + (_SAMPLES if len(samples) else "")
    ax, sheet, font = open_rows(ax, RowSheet(m, len(rows), posterior.image_shape, _HEADING, foot=2), caption)
    for row, (heading, tiles) in enumerate(rows.items()):
        cmap = UNCERTAINTY_MAP if heading == "uncertainty" else INK_MAP
        draw_row(ax, sheet, row, heading, tiles, font, cmap)
    _draw_key(ax, sheet, font)
    set_title(ax, f"{count(m, 'image')} with {hidden} pixels hidden")
    set_caption(ax, caption)
    return ax


def _draw_key(ax, sheet, font):
    """The colour of hidden pixels and the scale of uncertainty, below all images."""
    line, bar = sheet.line, 5.5 * sheet.line
    middle = sheet.size[1] - line / 2
    top, height = middle - 0.3 * line, 0.6 * line
    text = {"size": font, "color": page_behind(ax).quiet, "va": "center_baseline"}
    ax.add_patch(Rectangle((0, top), height, height, color=HIDDEN, linewidth=0))
    ax.text(0.9 * line, middle, "hidden", **text)
    ax.text(bar - 0.3 * line, middle, "0", ha="right", **text)
    add_tile(ax, np.linspace(0, 1, 256)[None], bar, top, 3 * line, height, UNCERTAINTY_MAP)
    ax.text(bar + 3.3 * line, middle, "1 bit", **text)


def _asked(posterior, x, observed, mode, samples, draws):
    """Answers for `mode` and `samples`, where these only say that they are wanted."""
    if isinstance(mode, (bool, np.bool_)):
        mode = predict_mode(posterior, x, observed, draws) if mode else None
    if isinstance(samples, (int, np.integer)):
        size = check_count("samples", samples, low=0)
        samples = sample_predictive(posterior, x, observed, size, seed=0, draws=draws) if size else None
    return mode, samples


def _check_query(posterior, x, observed):
    """Pixels (m, d), masked where unknown, and where they are shown (m, d)."""
    d = posterior.table.d
    values = np.ma.array(check_numbers(x), float, mask=np.ma.getmaskarray(x), ndmin=2)
    if values.ndim != 2 or values.shape[1] != d or not len(values):
        raise InputError(
            f"x must be one image ({d},) or many (m, {d}), as the posterior is about images of "
            f"{d} pixels; got shape {values.shape}"
        )
    shown = ~values.mask & ~np.isnan(values.data)
    if observed is not None:
        observed = np.asarray(observed)
        if observed.dtype.kind != "b" or observed.shape not in {(d,), values.shape}:
            raise InputError(
                f"observed must be booleans of shape ({d},) or {values.shape}; "
                f"got {observed.dtype} of shape {observed.shape}"
            )
        shown &= observed
    check_binary(values.data, "x", shown)
    return np.ma.masked_where((values.data != 0) & (values.data != 1), values), shown


def _check_answer(name, answer, shape, values, shown):
    """An answer to a query about these images, with an axis for images even if there is but one."""
    answer = check_numbers(answer, name)
    single = shape[-2] == 1 and answer.ndim == len(shape) - 1
    answer = np.expand_dims(answer, -2) if single else answer
    if answer.ndim != len(shape) or answer.shape[-2:] != shape[-2:]:
        wanted = ", ".join("size" if length < 0 else str(length) for length in shape)
        raise InputError(f"{name} must have shape ({wanted}), as x has; got {answer.shape}")
    if not ((answer >= 0) & (answer <= 1)).all():
        raise InputError(f"{name} must lie between 0 and 1; found {answer.min():g} to {answer.max():g}")
    if not (answer[..., shown] == values.data[shown]).all():
        raise InputError(
            f"{name} must repeat the shown pixels of x; it answers another query; "
            "ask with the same x and observed"
        )
    return answer.astype(float)
