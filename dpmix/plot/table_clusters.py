"""The clusters of a table, whose columns have names or numbers: probabilities, and members beside them."""

import numpy as np

from dpmix.base.text import count
from dpmix.plot.column_cells import MOST_COLUMNS, Sheet, column_names, most_telling
from dpmix.plot.style import INK_MAP

__all__ = ["PRIOR_SAID", "draw_members", "draw_prior", "draw_probabilities", "left_out", "said"]

PRIOR_SAID = (
    "Mean: how probable each is to be on in a cluster without members. Strength: so many members weigh as much as that "
    "prior; where it is small, each cluster is soon sure in its own way, where it is large, all are much alike."
)
_PROBABILITIES = (
    "Above each: number of the cluster and of its rows; shades: how probable each column is to be on."
)
_PALE = " A cluster of one row shows it drawn towards the prior."
_MEMBERS = (
    "Of each cluster its number, size and how sure it is, the mean of its rows; then typical rows, and odd ones. "
    "Sure: how probable two members are to be in one cluster."
)
_WIDE = 16  # clusters up to which cells have figures
_MOST_IN_GALLERY = 40
_MOST_CELLS = 120  # side by side


def draw_probabilities(posterior, counts, sizes, title, ax):
    """Draw how probable each column is to be on in the largest clusters, of these `sizes`, of a draw."""
    proba = counts.on_proba()[: len(sizes)]
    columns = most_telling(proba, sizes, MOST_COLUMNS)
    cells = proba[:, columns].T
    wide = len(sizes) <= _WIDE
    figures = [[f"{100 * p:.0f}" for p in line] for line in cells] if wide else None
    heads = [f"{k} · {size:,}" for k, size in enumerate(sizes.tolist())]
    caption = _PROBABILITIES + (_PALE if sizes[-1] == 1 else "")
    sheet = Sheet(said(posterior, columns), heads, wide, ax=ax, caption=caption)
    sheet.draw(cells, INK_MAP, figures=figures)
    sheet.key(INK_MAP, "never", "always on", "" if not wide else "; per cent in the cells")
    sheet.title(f"{title}{left_out(columns, posterior)}")
    return sheet.ax


def draw_prior(posterior, mean, strength, shade, title, ax):
    """Draw the prior of the columns: its mean, and its strength, of which `shade` is the place on a scale."""
    columns = np.arange(len(mean))[:MOST_COLUMNS]
    cells = np.column_stack([mean, shade])[columns]
    figures = [[f"{100 * m:.0f}", f"{s:.2g}"] for m, s in zip(mean[columns], strength[columns], strict=True)]
    sheet = Sheet(said(posterior, columns), ["mean", "strength"], True, np.array([0.0, 0.4]), ax, PRIOR_SAID)
    sheet.draw(cells, INK_MAP, figures=figures)
    sheet.key(INK_MAP, "low", "high; mean in per cent, strength in rows")
    sheet.title(f"{title}{left_out(columns, posterior, 'first')}")
    return sheet.ax


def draw_members(posterior, labels, members, means, shown, ax):
    """Draw the mean of each of the clusters `shown`, its typical members and its odd ones."""
    means = np.ma.filled(means.astype(float), np.nan)
    weights = members.sizes[shown].astype(float)
    columns = most_telling(np.nan_to_num(means[shown], nan=0.5), weights, _MOST_IN_GALLERY)
    blocks, heads, gaps, fitted = [], [], [], 0
    for k in shown.tolist():
        rows = np.array([*members.typical[k], *members.odd[k][::-1]])
        if blocks and len(heads) + 1 + len(rows) > _MOST_CELLS:
            break
        table = posterior.table
        cells = np.where(table.observed(rows) == 1, table.dense(rows).astype(float), np.nan)
        blocks.append(np.vstack([means[k], cells])[:, columns])
        sure = members.confidence[labels == k].mean()
        heads += [
            f"{k} · {members.sizes[k]:,} · {sure:.0%}",
            *(_name(posterior, row) for row in rows.tolist()),
        ]
        n_odd = len(members.odd[k])
        own = np.zeros(1 + len(rows))
        own[0], own[1] = 1.5 * bool(gaps), 0.4
        if n_odd:
            own[-n_odd] = 0.4
        gaps, fitted = [*gaps, *own], fitted + 1
    sheet = Sheet(said(posterior, columns), heads, False, np.array(gaps), ax, _MEMBERS)
    sheet.draw(np.ma.masked_invalid(np.vstack(blocks).T), INK_MAP)
    sheet.key(INK_MAP, "off", "on", "; blue: not observed")
    k, n = len(members.sizes), len(members.confidence)
    which = count(k, "cluster") if fitted == k else f"{fitted:,} of {count(k, 'cluster')}"
    sheet.title(f"{which} of {count(n, 'row')}{left_out(columns, posterior)}")
    return sheet.ax


def said(posterior, columns):
    names = column_names(posterior)
    if posterior.columns is None:
        return [f"column {names[j]}" for j in columns]
    return [posterior.columns.said(names[j], True) for j in columns]


def _name(posterior, row):
    return str(row if posterior.names is None else posterior.names[row])


def left_out(columns, posterior, which="most telling"):
    d = posterior.table.d
    return "" if len(columns) == d else f" · the {len(columns)} {which} of {d:,} columns"
