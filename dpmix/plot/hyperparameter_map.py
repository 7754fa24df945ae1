"""The prior of each pixel, as pictures."""

import numpy as np
from matplotlib.axes import Axes

from dpmix.base.annotations import Whole
from dpmix.base.checks import check_count
from dpmix.base.text import count
from dpmix.plot.column_cells import is_table
from dpmix.plot.style import INK_MAP, UNCERTAINTY_MAP, check_axes, page_behind, set_title, text_size
from dpmix.plot.table_clusters import PRIOR_SAID, draw_prior
from dpmix.plot.tiles import GAP, add_tile, line_height, new_sheet, open_sheet, set_caption, tile_height
from dpmix.posterior.posterior import Posterior, check_posterior

__all__ = ["hyperparameters"]

_INCHES = 1.9  # width of a tile in a new figure
_APART = 3 * GAP


def hyperparameters(posterior: Posterior, chain: Whole | None = None, *, ax: Axes | None = None) -> Axes:
    """Show what a cluster expects of each pixel before it has members, averaged over draws.

    Left, the prior mean a / (a + b): the probability that the pixel is on in a new cluster. Right, the
    strength a + b, on a logarithmic scale: how many members it takes to change a cluster's mind. Where
    the strength is small, clusters are sure of the pixel, each in its own way; where it is large, the
    pixel is much the same in all of them.

    Parameters
    ----------
    posterior : Posterior
    chain : int, optional
        Only draws of this chain; by default of all.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``images`` are the mean, the strength on a scale from 0 to 1, and the scales of both; of a table
        strips of columns with both, under their names.

    Raises
    ------
    InputError, InputTypeError
        No such chain, a posterior without draws, or an `ax` that is none.

    Examples
    --------
    >>> ax = dpmix.plot.hyperparameters(posterior)  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    mean, strength = _averages(check_posterior(posterior), chain)
    low, high = np.log10(strength.min()), np.log10(strength.max())
    shade = (np.log10(strength) - low) / (high - low) if high > low else np.full(strength.shape, 0.5)
    whose = "all chains" if chain is None else f"chain {chain % len(posterior.a)}"
    if is_table(posterior):
        return draw_prior(
            posterior, mean, strength, shade, f"Prior of {count(mean.size, 'column')} · {whose}", ax
        )
    shape, height = posterior.image_shape, tile_height(posterior.image_shape)
    line = line_height(ax, 2, 1, shape) if ax is not None else 0.19 / _INCHES
    size = 2 + _APART, height + 3.4 * line
    ax = new_sheet(*size, _INCHES, PRIOR_SAID) if ax is None else ax
    points = open_sheet(ax, *size)
    font = min(8, 0.72 * line * points, text_size(len("0, never on   1, always on"), points, 8))
    ends = (
        [f"{10**low:.2g} images", f"{10**high:.2g} images"] if high > low else [f"{10**low:.2g} images", ""]
    )
    for left, values, cmap in ((0, mean, INK_MAP), (1 + _APART, shade, UNCERTAINTY_MAP)):
        add_tile(ax, values.reshape(shape), left, 1.2 * line, 1, height, cmap)
    _head_and_scale(ax, 0, "mean a / (a + b)", ("0, never on", "1, always on"), height, line, font, INK_MAP)
    _head_and_scale(ax, 1 + _APART, "strength a + b", ends, height, line, font, UNCERTAINTY_MAP)
    set_title(ax, f"Prior of {mean.size:,} pixels · {whose}")
    set_caption(ax, PRIOR_SAID)
    return ax


def _head_and_scale(ax, left, name, ends, height, line, font, cmap):
    """The name above a map that is so high, and below it the scale of its colours with what stands at the ends."""
    page, below = page_behind(ax), 1.2 * line + height
    ax.text(left, 0.5 * line, name, size=font, color=page.ink, va="center_baseline")
    add_tile(ax, np.linspace(0, 1, 256)[None], left, below + 0.5 * line, 1, 0.5 * line, cmap)
    for x, end, side in ((left, ends[0], "left"), (left + 1, ends[1], "right")):
        ax.text(x, below + 1.7 * line, end, size=font, color=page.quiet, ha=side, va="center_baseline")


def _averages(posterior, chain):
    """Mean over draws of a / (a + b), and geometric mean of a + b, each (d,)."""
    a, b = posterior.a, posterior.b
    if chain is not None:
        n_chains = len(a)
        chain = check_count("chain", chain, low=-n_chains, high=n_chains - 1)
        a, b = a[chain], b[chain]
    a, b = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
    return (a / (a + b)).mean(axis=0), np.exp(np.log(a + b).mean(axis=0))
