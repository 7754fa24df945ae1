"""What sets the clusters of a table apart, as a heat map of clusters by named columns."""

import numpy as np
from matplotlib.axes import Axes
from scipy.cluster.hierarchy import leaves_list, linkage

from dpmix.base.annotations import Whole
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import count
from dpmix.partitions.profiles import Profile
from dpmix.plot.column_cells import MOST_COLUMNS, Sheet
from dpmix.plot.style import SIGNED_MAP, check_axes

__all__ = ["profiles"]

_CLUSTERS = 40
_WIDE = 16  # clusters up to which cells have figures
_PALE = 0.2  # of its colour is left to a cell that is not sure
_LIMIT = 4.0  # log odds, nats, of the strongest colour: a factor of 55


def profiles(
    profile: Profile, *, most: Whole = MOST_COLUMNS, clusters: Whole = _CLUSTERS, ax: Axes | None = None
) -> Axes:
    """Show what sets clusters apart: a line for each column, a column of cells for each cluster.

    Colours are log odds against the rest: red where the column is on more often than elsewhere, blue where less
    often, pale where an interval of 95 % does not tell which. The figure in a cell, where there is room, is the
    probability of the column to be on, in per cent. Columns that go with the same clusters stand together.

    Parameters
    ----------
    profile : dpmix.partitions.Profile
        As `dpmix.partitions.profile` gives it.
    most : int
        Show so many columns, those that tell most.
    clusters : int
        Show so many clusters, the largest.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        The cells are its ``images``, a strip of columns each; the last one is the key.

    Raises
    ------
    InputError, InputTypeError
        Something else than a profile, one of a single cluster, or another argument out of its range.

    Examples
    --------
    >>> ax = dpmix.plot.profiles(dpmix.partitions.profile(posterior, estimate))  # doctest: +SKIP
    """
    if ax is not None:
        check_axes(ax)
    if not isinstance(profile, Profile):
        raise InputTypeError(
            f"profile must be what dpmix.partitions.profile gives; got {type(profile).__name__}"
        )
    if len(profile.sizes) == 1:
        raise InputError("profile must be of two clusters at least; got one, which nothing sets apart")
    shown = np.argsort(-profile.sizes, kind="stable")[: check_count("clusters", clusters)]
    columns = _chosen(profile, shown, check_count("most", most))
    odds = np.where(profile.sure > 0, profile.log_odds, _PALE * profile.log_odds)[np.ix_(shown, columns)].T
    wide = len(shown) <= _WIDE
    figures = None
    if wide:
        figures = [[f"{100 * p:.0f}" for p in line] for line in profile.proba[np.ix_(shown, columns)].T]
    heads = [f"{k} · {profile.sizes[k]:,}" for k in shown.tolist()]
    sheet = Sheet([profile.columns.said(profile.columns.names[j], True) for j in columns], heads, wide, ax=ax)
    sheet.draw(odds.clip(-_LIMIT, _LIMIT), SIGNED_MAP, (-_LIMIT, _LIMIT), figures)
    sheet.key(SIGNED_MAP, "less often", "more often than elsewhere", "; pale: not sure")
    d, k = len(profile.columns), len(profile.sizes)
    names = count(d, "column") if len(columns) == d else f"{len(columns):,} of {count(d, 'column')}"
    numbers = count(k, "cluster") if len(shown) == k else f"{len(shown):,} of {count(k, 'cluster')}"
    sheet.title(f"What sets {numbers} apart · {names} · number and size above")
    return sheet.ax


def _chosen(profile, shown, most):
    """Places of the columns to show, those that are alike next to each other."""
    strength = profile.sure[shown].max(axis=0)
    columns = np.argsort(-strength, kind="stable")[:most]
    if len(columns) < 3:
        return columns
    tree = linkage(
        profile.log_odds[np.ix_(shown, columns)].T, "average", optimal_ordering=len(columns) <= 500
    )
    return columns[leaves_list(tree)]
