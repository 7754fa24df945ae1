"""Row ranges in the name of a source: ``digits[0:1600]`` are the first 1,600 of the digits."""

import os
import re

from dpmix.base.errors import InputError
from dpmix.base.text import read_integer, shown

__all__ = ["rows_of", "source_and_rows"]

_RANGE = re.compile(r"(.+)\[([^\[\]]*)\]", re.DOTALL)


def source_and_rows(source):
    """Return the name of a source without its range of rows, and that range, a slice, or None where it has none.

    A file or a folder that has such a name itself is meant as it is.

    Examples
    --------
    >>> source_and_rows("digits[:1600]"), source_and_rows("mnist:test")
    (('digits', slice(None, 1600, None)), ('mnist:test', None))
    """
    found = _RANGE.fullmatch(source) if isinstance(source, str) else None
    if found is None or os.path.exists(source):
        return source, None
    words = found[2].split(":")
    bounds = [read_integer(word.strip()) if word.strip() else None for word in words]
    if len(bounds) != 2 or any(
        bound is None and word.strip() for bound, word in zip(bounds, words, strict=True)
    ):
        raise InputError(f"rows of a source must be [A:B], such as digits[0:1600]; got {shown(source)}")
    return found[1], slice(*bounds)


def rows_of(images, rows, source):
    """Return the rows `rows`, a slice, of `images`, of which there must be one at least."""
    if not len(range(len(images))[rows]):
        raise InputError(f"{source} chooses none of {len(images):,} images; choose rows among these")
    return images[rows]
