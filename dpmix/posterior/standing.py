"""Where a chain stands, as a draw: what there is to see of a chain that is still in its burn-in."""

import numpy as np

from dpmix.chain.record import ChainRecord, Draws

__all__ = ["standing"]


def standing(record):
    """Return the record of the same chain whose one draw is its present state.

    Parameters
    ----------
    record : dpmix.chain.record.ChainRecord
        After at least one sweep.

    Returns
    -------
    dpmix.chain.record.ChainRecord
        With the trace of `record`, and clusters numbered by decreasing size as in any draw.
    """
    state = record.state
    columns = {"labels": _by_size(state.z), "alpha": state.alpha, "a": state.a, "b": state.b}
    kept = {name: np.array(values)[None] for name, values in columns.items()}
    return ChainRecord(state, Draws(record.draws.trace, kept))


def _by_size(z):
    """Clusters `z` (n,) numbered by decreasing size (ties: the lower number first)."""
    order = np.argsort(-np.bincount(z), kind="stable")
    rank = np.empty(len(order), np.uint16 if len(order) <= 1 << 16 else np.int32)
    rank[order] = np.arange(len(order))
    return rank[z]
