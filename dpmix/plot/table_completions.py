"""Rows of a table with unknown entries, and what the posterior says stood there, under the names of the columns."""

import numpy as np

from dpmix.plot.column_cells import MOST_COLUMNS, Sheet
from dpmix.plot.style import INK_MAP
from dpmix.plot.table_clusters import left_out, said

__all__ = ["draw_completed_rows", "draw_rows"]

_MOST_CELLS = 120  # side by side
_WIDE = 24  # cells side by side up to which there are figures in them
_SAID = "Of each row what was shown, blue where hidden, and beside it how probable each hidden column is to be on."
_PROBABLE = ("completed", "best cluster", "before")
_SAMPLES = " Samples draw each column on its own, given a cluster."


def draw_completed_rows(posterior, kinds, shown, title, ax):
    """Draw rows of a table side by side.

    Parameters
    ----------
    posterior : Posterior
    kinds : dict of str to (m, d) array
        What was shown, what came back, and the like, masked where nothing is known.
    shown : (m, d) array of bool
    title : str
    ax : matplotlib.axes.Axes or None

    Returns
    -------
    matplotlib.axes.Axes
    """
    caption = _SAID + (_SAMPLES if any(kind.startswith("sample") for kind in kinds) else "")
    columns = _least_sure(kinds["completed"], shown)
    return _drawn(posterior, kinds, columns, title, caption, ax)


def draw_rows(posterior, kinds, title, caption="", ax=None):
    """Draw rows of a table side by side, each of several `kinds`; arguments as of `draw_completed_rows`."""
    last = np.asarray(list(kinds.values())[-1], float)
    columns = _least_sure(np.broadcast_to(last.mean(axis=0), last.shape), np.zeros(last.shape, bool))
    return _drawn(posterior, kinds, columns, title, caption, ax)


def _drawn(posterior, kinds, columns, title, caption, ax):
    m = len(next(iter(kinds.values())))
    fitted = max(1, min(m, _MOST_CELLS // len(kinds)))
    cells = np.ma.stack([rows[:fitted, columns] for rows in kinds.values()], axis=1)
    cells = np.ma.masked_invalid(cells.reshape(-1, len(columns)).T)
    heads = [
        f"row {row}, {kind}" if ix == 0 else kind for row in range(fitted) for ix, kind in enumerate(kinds)
    ]
    if len(kinds) == 1:
        heads = list(map(str, range(fitted)))
    gaps = np.zeros((fitted, len(kinds)))
    gaps[1:, 0] = 0.5 if len(kinds) > 1 else 0
    wide = len(heads) <= _WIDE and any(kind in _PROBABLE for kind in kinds)
    sheet = Sheet(said(posterior, columns), heads, wide, gaps.ravel(), ax, caption)
    sheet.draw(cells, INK_MAP, figures=_per_cent(cells, kinds) if wide else None)
    sheet.key(INK_MAP, "off", "on", "; per cent in the cells" if wide else "")
    which = f" · the first {fitted:,}" if fitted < m else ""
    sheet.title(f"{title}{which}{left_out(columns, posterior, 'least sure')}")
    return sheet.ax


def _least_sure(proba, shown):
    """Places of the columns to show: those of which least is known, in their order."""
    doubt = np.where(shown, 0, proba * (1 - proba)).sum(axis=0)
    return np.sort(np.argsort(-doubt, kind="stable")[:MOST_COLUMNS])


def _per_cent(cells, kinds):
    """What stands in the `cells`: probabilities, where they are no certainties, which all other kinds are."""
    asked = np.resize([kind in _PROBABLE for kind in kinds], cells.shape[1])
    told = asked & (np.ma.filled(cells, 0) % 1 > 0)
    return [
        [f"{100 * share:.0f}" if tell else "" for share, tell in zip(*line, strict=True)]
        for line in zip(np.ma.filled(cells, 0), told, strict=True)
    ]
