"""How the chains went: log joint and number of clusters by sweep."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from dpmix.base.annotations import Arrays
from dpmix.base.errors import InputError
from dpmix.base.wording import Wording
from dpmix.plot.style import (
    Panels,
    axes_points,
    chain_style,
    check_axes,
    dress_panel,
    new_figure,
    page_behind,
    page_of,
    page_within,
)
from dpmix.posterior.agreement import MIN_DRAWS, describe
from dpmix.posterior.posterior import Posterior, check_posterior

__all__ = ["trace"]

_PANELS = (("log_joint", "log joint (nats)"), ("n_clusters", "clusters"))
_DOTS_TO = 30  # sweeps up to which each is marked
_NAMED_TO = 24  # chains up to which there is a legend
_SQUASHED = 3  # early sweeps are cut off where they would make the range so many times that of the others


def trace(posterior: Posterior, ax: Axes | Sequence[Axes] | None = None) -> Arrays:
    """Show the log joint and the number of clusters of every sweep, by chain.

    The titles give R-hat of the draws, which is 1 where chains agree. The burn-in is shaded. The axes
    fit the sweeps after it and leave some room for those before; an early climb from far away is cut
    off and noted with the value that it comes from.

    Parameters
    ----------
    posterior : Posterior
    ax : matplotlib.axes.Axes or pair of them, optional
        Where to draw. A single one is divided into two; by default a new figure.

    Returns
    -------
    (2,) array of matplotlib.axes.Axes
        Log joint, number of clusters.

    Raises
    ------
    InputError, InputTypeError
        `ax` is neither axes nor a pair of them; a posterior without a sweep.

    Examples
    --------
    >>> log_joint, n_clusters = dpmix.plot.trace(posterior)  # doctest: +SKIP
    >>> log_joint.figure.savefig("trace.png")  # doctest: +SKIP
    """
    n_chains, n_sweeps = check_posterior(posterior, with_draws=False).trace["log_joint"].shape
    if not n_sweeps:
        raise InputError(
            "posterior must hold at least one sweep of every chain; got none",
            Wording("go on with {resuming}"),
        )
    panels = _open(ax)
    marker = "." if n_sweeps <= _DOTS_TO else None
    for panel, (name, label) in zip(panels, _PANELS, strict=True):
        values = posterior.trace[name]
        for chain, line in enumerate(values):
            panel.plot(
                np.arange(1, n_sweeps + 1),
                line,
                linewidth=1,
                marker=marker,
                markersize=4,
                label=f"chain {chain}",
                **chain_style(chain, page_within(panel).ground),
            )
        _dress(panel, label + _agreement(getattr(posterior, name)), n_sweeps)
        beyond = _set_limits(panel, values, posterior.plan.burn_in)
        _note_early(panel, n_sweeps, posterior.plan.burn_in, beyond)
    panels[0].set_xlabel("")
    panels[0].tick_params(labelbottom=False)
    panels[1].yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    _name_chains(panels[0], n_chains)
    return panels.view(Panels)


def _open(ax):
    if ax is None:
        figure = new_figure(7.2, 4.6)
        return np.array([figure.add_axes([0.135, bottom, 0.845, 0.36]) for bottom in (0.55, 0.1)])
    if isinstance(ax, Axes):
        check_axes(ax).set_axis_off()
        return np.array(
            [ax.inset_axes([0, bottom, 1, 0.44], facecolor=ax.get_facecolor()) for bottom in (0.56, 0)]
        )
    pair = list(ax) if np.iterable(ax) and not isinstance(ax, str) else [ax]
    if len(pair) == 1:
        check_axes(pair[0])
    if len(pair) != 2:
        raise InputError(f"ax must be one Matplotlib axes or a pair; got {len(pair)} of them")
    return np.array([check_axes(one, f"ax[{ix}]") for ix, one in enumerate(pair)])


def _agreement(values):
    """What R-hat of the draws (chain, draw) says, to stand behind a title; nothing where it is not defined."""
    if values.shape[0] < 2 or values.shape[1] < MIN_DRAWS:
        return ""
    r_hat = describe(values).r_hat
    return "" if np.isnan(r_hat) else f" · R-hat {r_hat:.2f}" if r_hat <= 99 else " · R-hat > 99"


def _dress(panel, label, n_sweeps):
    dress_panel(panel, label, "sweep")
    panel.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    room = max(0.01 * n_sweeps, 0.2)
    panel.set_xlim(1 - room, n_sweeps + room)


def _set_limits(panel, values, burn_in):
    """Fit the sweeps after the burn-in, with some room for those before; return words on what lies beyond."""
    whole = values.dtype.kind in "iu"
    late = values[:, burn_in if burn_in < values.shape[1] else values.shape[1] // 2 :]
    low, high, first, last = (float(value) for value in (late.min(), late.max(), values.min(), values.max()))
    span = max(high - low, 0.002 * (last - first), 2.0 if whole else 0.0)
    bottom, top = first, last
    if last - first > _SQUASHED * span:
        bottom, top = max(first, low - span), min(last, high + span)
    beyond = [value for value, outside in ((first, first < bottom), (last, last > top)) if outside]
    if top == bottom:
        bottom, top = bottom - 1, top + 1
    height = top - bottom
    panel.set_ylim(bottom - 0.07 * height, top + 0.2 * height)  # a note stands at the top
    digits = 0 if whole else max(0, 1 - math.floor(math.log10(height)))
    write = StrMethodFormatter(f"{{x:,.{digits}f}}")
    panel.yaxis.set_major_formatter(write)
    return [f"from {write(value, 0)}" for value in beyond]


def _note_early(panel, n_sweeps, burn_in, beyond):
    """Shade the burn-in, and say so and what is cut off, away from the left edge where traces come in."""
    left, end = panel.get_xlim()[0], min(burn_in, n_sweeps) + 0.5
    page, wide = page_within(panel), end > left + 0.35 * (n_sweeps - left)
    words = list(beyond)
    if burn_in:
        panel.axvspan(left, end, color=page.shade, linewidth=0, zorder=0)
        words.insert(0, "burn-in" if wide else "shaded: burn-in")
    panel.annotate(
        " · ".join(words),
        (end, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if wide else 4, -3),
        textcoords="offset points",
        ha="right" if wide else "left",
        va="top",
        size=7.5,
        color=page_of(page.shade).quiet if wide and burn_in else page.quiet,
    )


def _name_chains(panel, n_chains):
    quiet = page_behind(panel).quiet
    if n_chains > _NAMED_TO:
        panel.set_title(f"{n_chains:,} chains", loc="right", size=8, weight="normal", color=quiet)
        return
    room = axes_points(panel)[0] - 160  # beside the title
    columns = int(np.clip(room // 25, 1, 12))
    # A legend is filled by columns and to be read by rows.
    order = [ix for column in range(columns) for ix in range(column, n_chains, columns)]
    names = ["chain 0" if ix == 0 else f"{ix}" for ix in order]
    panel.legend(
        [panel.lines[ix] for ix in order],
        names,
        ncols=min(n_chains, columns),
        loc="lower right",
        bbox_to_anchor=(1, 1),
        frameon=False,
        fontsize=8,
        labelcolor=quiet,
        handlelength=1.2,
        handletextpad=0.4,
        columnspacing=0.8,
        borderaxespad=0.2,
    )
