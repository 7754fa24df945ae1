"""What is said where memory ran out: how much a chain needs, and how to need less."""

import numpy as np

from dpmix.base.errors import WorkerError
from dpmix.base.wording import Wording
from dpmix.chain.state import slots_for
from dpmix.kernels.records import table_rows

__all__ = ["bytes_of_chain", "described", "described_object", "is_killed", "memory_remedy"]

_LOOKED_AT = 30  # images from which the number of runs is told: there is no room to look at all


def bytes_of_chain(table, n_clusters):
    """How much memory a chain over `table` takes in its worker, about.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
    n_clusters : int

    Returns
    -------
    int
        For the images as runs, the counts and score tables of twice as many clusters, which is what a chain
        has room for, and the working arrays of its moves.
    """
    n, d = table.n, table.d
    rows = table_rows(d, table.masked, table.n_classes)[2]
    images = 32 * n + 8 * _runs(table)
    slots = slots_for(n_clusters, n)
    clusters = slots * (10 * rows + 4 * d * (2 if table.masked else 1) + 8 * table.n_classes + 60)
    return images + clusters + n * (8 + 8 + 8 * 8 + 4) + d * 18 * 8 + 32 * rows


def memory_remedy(table, records):
    """What to do where the memory of a run is too small.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
    records : list of dpmix.chain.record.ChainRecord
        Where its chains stand.

    Returns
    -------
    Wording
    """
    try:
        k = max((int(record.state.z.max()) + 1 for record in records), default=1)
        need = f"{max(1, bytes_of_chain(table, k) / 1e6):,.0f} MB"
    except MemoryError:
        need = f"{8 * table.n * table.d / 1e6:,.0f} MB or more"
    return Wording(
        "a chain needs about {need} beside the program itself: free some memory, "
        "or run fewer chains at once ({fewer_jobs})",
        need=need,
    )


def described(error):
    """What an exception says, with its name where that tells more: many say nothing, or half a sentence."""
    if isinstance(error, WorkerError):
        return str(error)
    try:
        said = str(error)
    except Exception:  # of a class that cannot even say what is wrong
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def described_object(value):
    """What came in the place of something else."""
    return "None" if value is None else f"an object of type {type(value).__name__}"


def is_killed(error):
    """Whether a worker was killed, as it is where the system runs out of memory."""
    return getattr(error, "signal", None) == "SIGKILL"


def _runs(table):
    """Runs of pixels that are on, and of gaps, of all images, about; the gaps are held twice."""
    seen = slice(0, _LOOKED_AT)
    found = _n_runs(table.dense(seen))
    if table.masked:
        found += 2 * _n_runs(1 - table.observed(seen))
    return found * table.n // min(table.n, _LOOKED_AT)


def _n_runs(pixels):
    return int(np.count_nonzero(pixels[:, 1:] > pixels[:, :-1]) + np.count_nonzero(pixels[:, 0]))
