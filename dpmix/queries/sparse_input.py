"""Sparse matrices in queries: rows are made dense some at a time, where what comes back is small beside them."""

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from dpmix.tables.sparse import is_sparse, sparse_rows

__all__ = ["by_blocks"]

_ENTRIES = 1 << 27  # that are dense at a time; every block of rows is a pass over all draws

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def by_blocks(query: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Let `query`, a function of a posterior and images with an answer for each, take a large sparse matrix."""
    form = inspect.signature(query)

    @functools.wraps(query)
    def asked(*args, **kwargs):
        try:
            values = form.bind(*args, **kwargs).arguments
        except TypeError:
            return query(*args, **kwargs)  # which says what is wrong
        x = values.get("x")
        if not is_sparse(x) or x.ndim != 2 or x.shape[0] * x.shape[1] <= _ENTRIES:
            return query(*args, **kwargs)
        rows, step = sparse_rows(x), max(1, _ENTRIES // x.shape[1])
        blocks = [slice(first, first + step) for first in range(0, rows.shape[0], step)]
        return np.concatenate([query(**_of_rows({**values, "x": rows}, block)) for block in blocks])

    return asked


def _of_rows(values, rows):
    """The arguments `values` with those that have an entry for each row cut to `rows`."""
    m = values["x"].shape[0]
    per_row = {"x": values["x"][rows]}
    for name in ("observed", "given", "labels"):
        value = values.get(name)
        if value is not None and np.shape(value)[:1] == (m,) and (name == "labels" or np.ndim(value) == 2):
            per_row[name] = value[rows]
    return {**values, **per_row}
