"""Images to start from: some of those that were clustered, or that somebody gives."""

import numpy as np

from dpmix.base.errors import InputError
from dpmix.base.escaping import for_terminal
from dpmix.base.pieces import evenly
from dpmix.playground.tables import deflated
from dpmix.queries.query_input import check_query
from dpmix.tables.frames import is_frame, read_frame

__all__ = ["MOST_NAME", "MOST_STARTS", "as_label", "starts"]

MOST_STARTS = 24
MOST_NAME = 80  # characters that are shown


def starts(posterior, images, observed, columns, noun):
    """Up to `MOST_STARTS` images, evenly spread, for JSON: names, and rows of bits, packed.

    Parameters
    ----------
    posterior : dpmix.Posterior
    images : Images, (m, d) or (d,) array of 0/1, or None
        None for those that were clustered.
    observed : (d,) or (m, d) array of bool, or None
        Where a pixel of `images` is observed.
    columns : (c,) intp
        The columns of the table that the page knows.
    noun : str
        What one is called that has no name.

    Returns
    -------
    dict

    Raises
    ------
    InputError, InputTypeError
        Images that do not fit the posterior.
    """
    if images is None and observed is not None:
        raise InputError("observed says where images are observed; pass images, too")
    if images is None:
        table, names = posterior.table, posterior.names
        rows = evenly(table.n, MOST_STARTS)
        on, seen = table.dense(rows), table.observed(rows)
    else:
        names = getattr(images, "names", None)
        if is_frame(images):
            frame = read_frame(images, "images", posterior.columns)
            images, names = frame.x, frame.names
        query = check_query(posterior, images, observed)
        rows = evenly(len(query.on), MOST_STARTS)
        on, seen = query.on[rows], query.observed[rows]
    return {
        "names": [f"{noun} {row}" if names is None else as_label(names[row]) for row in rows.tolist()],
        "on": _bits(on[:, columns]),
        "observed": _bits(seen[:, columns]),
    }


def as_label(name):
    """A user's name as one reads it: control characters spelt out, and its end left out where it is long."""
    text = for_terminal(str(name))
    return text if len(text) <= MOST_NAME else f"{text[: MOST_NAME - 3]}..."


def _bits(rows):
    return deflated(np.packbits(rows.astype(np.uint8), axis=1, bitorder="little"))
