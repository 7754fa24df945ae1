"""The section of HTML to play with, and the page that holds nothing else."""

import html
import json
from string import Template
from typing import Any

from numpy.typing import ArrayLike

from dpmix.base.annotations import PathLike, Table, Whole
from dpmix.base.checks import check_count, check_place
from dpmix.base.files import replace_files
from dpmix.base.text import count
from dpmix.playground.scripts import part, script
from dpmix.playground.starts import as_label, starts
from dpmix.playground.tables import MOST_BYTES, choose, columns_of, is_list
from dpmix.posterior.posterior import Posterior, check_posterior

__all__ = ["fragment", "page"]

_TITLE = "Draw, hide and see it completed"
_TITLE_OF_TABLE = "Fill in a row and see it completed"


def fragment(
    posterior: Posterior,
    images: Table | None = None,
    most_draws: Whole = 10,
    *,
    observed: ArrayLike | None = None,
) -> str:
    """A section of HTML on which images are drawn, hidden and completed, for any page.

    What is hidden is completed at once: how probable each hidden pixel is to be on, how unsure that is, which clusters
    speak for it, and how probable what is drawn is. A table with named columns is filled in column by column instead.

    Parameters
    ----------
    posterior : dpmix.Posterior
    images : Images, or (m, d) or (d,) array of 0/1 or bool, or a frame or sparse matrix, optional
        To start from, up to 24 of them, evenly spread; by default some of those that were clustered.
    most_draws : int
        How many draws, evenly spread over chains and sweeps, the page knows at the most. It has fewer where they would
        take more than 2.5 MB, and where one is too much, the largest clusters of that; the section says what it has.
    observed : (d,) or (m, d) array of bool, optional
        True where a pixel of `images` is observed.

    Returns
    -------
    str
        ``<section class="dpmix-play">`` with its style, script and data inside. It needs no network; several may
        stand in one page.

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, images that do not fit it, or no number of draws.

    Notes
    -----
    Counts are carried whole and numbers computed in double precision: with m draws they are those of
    ``dpmix.predict_proba(posterior, x, observed, draws=m)`` and `dpmix.log_predictive`, within the 1e-6 of these.

    Examples
    --------
    >>> import dpmix
    >>> import numpy as np
    >>> x = np.repeat([[1, 1, 1, 0], [0, 0, 0, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> dpmix.playground.fragment(posterior)[:28]
    '<section class="dpmix-play" '
    """
    most_draws = check_count("most_draws", most_draws)
    columns = columns_of(check_posterior(posterior))
    named = _named(posterior, columns)
    offered = starts(posterior, images, observed, columns, "image" if named is None else "row")
    chosen = choose(posterior, most_draws, columns)
    if chosen is None:
        return _left_out(posterior)
    data = {
        "d": len(columns),
        "n": posterior.table.n,
        "c": posterior.plan.prior.c,
        "shape": posterior.image_shape,
        "columns": named,
        "classes": [str(label) for label in range(posterior.table.n_classes)],
        "draws": chosen.draws,
        "starts": offered,
    }
    return Template(part("section.html")).substitute(
        style=part("play.css").strip(),
        title=_TITLE if named is None else _TITLE_OF_TABLE,
        intro=_intro(named is not None),
        told=_told(posterior, chosen, len(columns)),
        data=_json(data),
        script=script(),
    )


def page(
    posterior: Posterior,
    path: PathLike,
    images: Table | None = None,
    most_draws: Whole = 10,
    *,
    observed: ArrayLike | None = None,
    overwrite: bool = False,
) -> None:
    """Write the section as a page of its own, one file that needs nothing else.

    Parameters
    ----------
    posterior : dpmix.Posterior
    path : str or path-like
        The file, such as ``play.html``. It is there as a whole or not at all.
    images, most_draws, observed
        As in `fragment`.
    overwrite : bool, default False
        Whether a file that is there may be replaced.

    Raises
    ------
    InputError, InputTypeError
        As in `fragment`; a file or folder that is there already, or no folder to write it to.
    """
    path = check_place(path, overwrite)
    text = Template(part("page.html")).substitute(
        title=html.escape(_described(posterior)),
        section=fragment(posterior, images, most_draws, observed=observed),
    )
    replace_files(path.parent, {path.name: lambda file: file.write(text.encode("utf-8"))})


def _json(data):
    """JSON that cannot end the script that it stands in: letters beyond ASCII, and each ``<``, are written as codes."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _named(posterior: Any, columns):
    """Names of the columns that the page lists, or None where the page shows a picture."""
    known = posterior.columns
    if not is_list(posterior):
        return None
    names = [f"column {ix}" for ix in columns] if known is None else [known.names[ix] for ix in columns]
    pairs = [(None, None) if known is None else known.values.get(name, (None, None)) for name in names]
    return [
        {"name": as_label(name), "off": off and as_label(off), "on": on and as_label(on)}
        for name, (off, on) in zip(names, pairs, strict=True)
    ]


def _described(posterior):
    n, noun = check_posterior(posterior).table.n, "image" if posterior.columns is None else "row"
    low, high = int(posterior.n_clusters.min()), int(posterior.n_clusters.max())
    clusters = count(high, "cluster") if low == high else f"{low:,} to {high:,} clusters"
    return f"{count(n, noun)} in {clusters}"


def _intro(listed):
    if listed:
        return (
            "Say yes or no to some columns, and leave others unknown. At once you see how probable a yes is in each "
            "unknown one, which clusters speak for the row, and how probable what you said is."
        )
    return (
        "Draw, erase or hide pixels. What is hidden is completed while you draw: how probable each hidden pixel is to "
        "be on, how unsure that is, which clusters speak for it, and how probable what you drew is."
    )


def _told(posterior, chosen, n_columns):
    """What the page knows of the posterior, and how exact its numbers are."""
    m = len(chosen.draws)
    parts = [
        f"Computed from {m:,} of {count(posterior.alpha.size, 'draw')}, {count(chosen.clusters, 'cluster')}."
    ]
    if n_columns < posterior.table.d:
        parts.append(
            f"Only the {n_columns:,} of {posterior.table.d:,} columns that vary most are here; others are unknown."
        )
    if chosen.whole:
        parts.append(
            "Counts are carried whole and nothing is rounded: the numbers are those of dpmix.predict_proba and "
            f"dpmix.log_predictive with draws={m}, within 0.000001."
        )
    else:
        parts.append(
            f"These are the largest of {chosen.of_clusters:,}, with {100 * chosen.share:.1f} % of the weight; all "
            "others are left out, so completions are those of these clusters alone, and log predictives are too low."
        )
    if posterior.in_burn_in:
        parts.append(
            "The chains are still in their burn-in: this is a look at what is coming, and no posterior yet."
        )
    return " ".join(parts)


def _left_out(posterior):
    return (
        f'<section class="dpmix-play" data-state="left-out"><h2>{_TITLE}</h2><p>This part is left out: one cluster of '
        f"{posterior.table.d:,} pixels takes more than the {MOST_BYTES:,} bytes that a page has for it.</p></section>"
    )
