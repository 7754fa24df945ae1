"""Tables in files: CSV, read by Python's own reader, and Parquet, by pyarrow or polars where one is installed.

A column is zeros and ones, or has two values; what these are kept as says `dpmix.tables.meaning`. One column may name
the rows, one may be the label, and others may be left out.
"""

import difflib
import os
from typing import NamedTuple

import numpy as np

from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.reading import opened
from dpmix.base.text import read_integer, read_number, shown
from dpmix.base.wording import Wording
from dpmix.datasets.csv_cells import Texts, is_missing, read_cells
from dpmix.datasets.parquet_file import damage_told, listed, parquet_frame
from dpmix.tables.columns import MOST_NAME, Columns, check_columns
from dpmix.tables.frames import read_frame
from dpmix.tables.meaning import Unfit, check_meaning, code_of, meaning_of

__all__ = [
    "TABLE_SUFFIXES",
    "TableOptions",
    "TableRows",
    "is_table_file",
    "labels_in_table",
    "read_table_file",
]

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
_PARQUET, _INDEX = b"PAR1", "__index_level_0__"  # the name that pandas gives an index without a name
_OFF, _ON, _GAP = 0, 1, 2
_MOST_LABELS = 65_533


class TableOptions(NamedTuple):
    """How to read a table: which columns are none of zeros and ones, and how its file is written."""

    index: str | None = None
    label: str | None = None
    drop: tuple = ()
    delimiter: str | None = None
    encoding: str | None = None
    columns: Columns | None = None  # that it must have

    @classmethod
    def checked(cls, index=None, label=None, drop=None, delimiter=None, encoding=None, columns=None):
        """The options, each of the right type."""
        if isinstance(drop, str) or not all(isinstance(name, str) for name in drop or ()):
            raise InputTypeError(f"drop must be a sequence of names of columns; got {shown(drop)}")
        for name, value in (("index", index), ("label", label), ("encoding", encoding)):
            if value is not None and not isinstance(value, str):
                raise InputTypeError(f"{name} must be a text; got {shown(value)}")
        return cls(index, label, tuple(drop or ()), delimiter, encoding, columns)

    def refuse(self, source):
        """Refuse what was given where `source` is no file of a table."""
        for name in ("index", "label", "drop", "delimiter", "encoding"):
            if getattr(self, name):
                raise InputError(
                    f"{name} is for tables, .csv and .parquet; got source {str(source)!r}", "leave it out"
                )


class TableRows(NamedTuple):
    """A table as zeros and ones."""

    x: np.ndarray  # (n, d) uint8, 0 where not observed
    seen: np.ndarray | None  # (n, d) bool, None where all is observed
    columns: Columns
    names: tuple | None
    y: np.ndarray | None  # (n,) int64, -1 where not known
    classes: tuple | None


def is_table_file(path):
    """Whether the file at `path` is read as a table: by its name, or as it begins like Parquet."""
    if not isinstance(path, (str, os.PathLike)) or not os.path.isfile(path):
        return False
    if str(path).lower().endswith(TABLE_SUFFIXES):
        return True
    with opened(path) as file:
        return file.read(4) == _PARQUET


def read_table_file(path, options, threshold=None):
    """Read the table in the file at `path`.

    Parameters
    ----------
    path : path
    options : TableOptions
    threshold : float, optional
        Cells are numbers, on where they are greater; by default they are of two values.

    Returns
    -------
    TableRows

    Raises
    ------
    InputError
        It names file, line (of Parquet, row) and column.
    """
    with opened(path) as file:
        packed = file.read(4) == _PARQUET
    return _read_parquet(path, options, threshold) if packed else _read_csv(path, options, threshold)


# CSV


def _read_csv(path, options, threshold):
    chosen = _Chosen(path, options)
    make = Texts if threshold is None else lambda: _Cut(threshold)
    cells = read_cells(path, chosen.places, make, options.delimiter, options.encoding)
    names = [cells.names[place] for place in cells.columns]
    if options.columns is not None:
        _check_fitted(path, names, options)
    looks, values = zip(*(_looked_up(cells, ix, options, threshold) for ix in range(len(names))), strict=True)
    x, seen = _looked(cells, looks)
    columns = Columns(names, {name: pair for name, pair in zip(names, values, strict=True) if pair})
    rows = None if chosen.index is None else _row_names(cells, chosen.index)
    y, classes = (None, None) if chosen.label is None else labels_of(cells.kept[chosen.label])
    return TableRows(x, seen, columns, rows, y, classes)


class _Chosen:
    """Which columns of a header are for what."""

    def __init__(self, path, options):
        self._path, self._options, self.index, self.label = path, options, None, None

    def places(self, names):
        """Places of the columns of zeros and ones, and of those that name and label the rows."""
        path, options = self._path, self._options
        _check_header(path, names)
        self.index = (
            0 if names[0] == "" and options.index is None else _place(path, names, options.index, "index")
        )
        self.label = _place(path, names, options.label, "label")
        others = {_place(path, names, name, "drop") for name in options.drop} | {self.index, self.label}
        left = [place for place in range(len(names)) if place not in others]
        if not left:
            raise InputError(f"{path}, line 1: has no column of zeros and ones left", "leave out fewer")
        return left, [place for place in (self.index, self.label) if place is not None]


def _check_header(path, names):
    """Refuse a first line that holds no names, or one of them twice."""
    if all(code_of(name) is not None for name in names):
        raise InputError(
            f"{path}, line 1: holds zeros and ones where names of columns are due", "put a header line first"
        )
    for place, name in enumerate(names):
        if not name and place:
            raise InputError(f"{path}, line 1: column {place + 1} has no name", "give it one")
        if len(name) > MOST_NAME:
            raise InputError(
                f"{path}, line 1: the name of column {place + 1} has {len(name):,} letters", "shorten it"
            )
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        first, second = [place + 1 for place, name in enumerate(names) if name == twice][:2]
        raise InputError(
            f"{path}, line 1: columns {first} and {second} are both called {shown(twice)}",
            "rename one of them",
        )


def _place(path, names, name, what):
    if name is None:
        return None
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        hint = f"; is {shown(near[0])} meant?" if near else ""
        raise InputError(f"{path}, line 1: there is no column {shown(name)}, as {what} names{hint}")
    return names.index(name)


def _check_fitted(path, names, options):
    """Refuse a header that has not the columns that were fitted; what is too much can be left out."""
    columns = options.columns
    due = {name: pair for name, pair in columns.values.items() if name in names}
    try:
        check_columns(Columns(names, due), columns, f"{path}, line 1:")
    except InputError as error:
        unknown = [name for name in names if name not in set(columns.names)]
        if not unknown or len(names) - len(unknown) < len(columns):
            raise
        drop = [*options.drop, *unknown]
        remedy = Wording("leave out what is too much: pass {drop_all}", names=drop, listed=",".join(drop))
        raise InputError(error.text, remedy) from error


def _looked_up(cells, ix, options, threshold):
    """What each number of the `ix`-th column is, off, on or a gap, as a table; and what off and on stand for."""
    if threshold is not None:
        return np.array([_OFF, _ON, _GAP], np.uint8), None
    texts = cells.texts[ix]
    name = cells.names[cells.columns[ix]]
    known = list(dict.fromkeys(text.strip() for text in texts if not is_missing(text)))
    try:
        if options.columns is None:
            pair = meaning_of(known)
        else:
            pair = options.columns.values.get(name)
            check_meaning(known, pair)
    except Unfit as error:
        if options.columns is not None:
            raise cells.error(error.text, error.remedy, cells.first_row(ix, error.value), name) from error
        raise _located(cells, ix, name, known, error) from error
    on = {text for text in known if (code_of(text) == 1 if pair is None else text == pair[1])}
    look = [_GAP if is_missing(text) else _ON if text.strip() in on else _OFF for text in texts]
    return np.array(look, np.uint8), pair


def _located(cells, ix, name, known, error):
    """The error of a column that does not fit, with the line where it shows, and ways out that a file has."""
    row = None if error.value is None else cells.first_row(ix, error.value)
    first = cells.first_row(ix, known[0])
    remedy = Wording("{remedy}: pass {drop_or_label}", remedy=error.remedy, name=name)
    if len(cells.names) == 1 and len(known) > 2:
        remedy = Wording("if other signs part its columns, pass {delimiter}")
    elif len(known) == cells.n and cells.n > 2:
        remedy = Wording("if it names the rows, pass {index}; else {drop}", name=name)
    elif first == 0 and _is_second_header(cells, ix, known):
        row, remedy = (
            0,
            f"if {shown(known[0])} is of a second header line, delete that line; or {error.remedy}",
        )
    return cells.error(error.text, remedy, row, name)


def _is_second_header(cells, ix, known):
    """Whether all but the first value of a column, which comes once, are fine."""
    numbers = [number for text, number in cells.texts[ix].items() if text.strip() == known[0]]
    often = sum(int(np.isin(block[:, ix], numbers).sum()) for block in cells.numbers)
    try:
        meaning_of(known[1:])
    except Unfit:
        return False
    return often == 1 and len(known) > 2


def _looked(cells, looks):
    """What is on, (n, d) uint8, and what is observed, (n, d) bool or None; `cells` gives its numbers away."""
    widest = max(map(len, looks))
    table = np.full((len(looks), widest), _GAP, np.uint8)
    for ix, look in enumerate(looks):
        table[ix, : len(look)] = look
    x, columns = np.empty((cells.n, len(looks)), np.uint8), np.arange(len(looks))
    first = 0
    for block in cells.numbers:
        x[first : first + len(block)] = table[columns, block]
        first += len(block)
    cells.numbers.clear()
    gaps = x == _GAP
    if not gaps.any():
        return x, None
    x[gaps] = 0
    return x, ~gaps


class _Cut(dict):
    """Texts of a column of numbers as off, on or a gap."""

    def __init__(self, threshold):
        super().__init__()
        self._threshold = threshold

    def __missing__(self, text):
        number = read_number(text.strip())
        if number is None and not is_missing(text):
            raise Unfit(f"holds {shown(text)} where a threshold needs numbers", "leave that column out", text)
        self[text] = code = _GAP if number is None or number != number else int(number > self._threshold)
        return code


def _row_names(cells, place):
    texts = [text.strip() for text in cells.kept[place]]
    long = next((row for row, text in enumerate(texts) if len(text) > MOST_NAME), None)
    if long is not None:
        raise cells.error(
            f"has a name of {len(texts[long]):,} letters", "shorten it", long, cells.names[place]
        )
    numbers = [read_integer(text) if len(text) < 19 else None for text in texts]
    if None in numbers:
        return tuple(texts)
    return None if numbers == list(range(len(numbers))) else tuple(numbers)


def labels_of(texts):
    """Labels (n,) int64, -1 where not known, of `texts`, and their names unless they are whole numbers."""
    texts = [None if text is None or is_missing(text) else text.strip() for text in texts]
    different = sorted({text for text in texts if text is not None})
    if len(different) > _MOST_LABELS or not different:
        raise InputError(
            f"label must name a column of 1 to {_MOST_LABELS:,} different labels; got {len(different):,}"
        )
    numbers = [read_integer(text) for text in different]
    if all(number is not None and 0 <= number < _MOST_LABELS for number in numbers):
        code, classes = dict(zip(different, numbers, strict=True)), None
    else:
        code, classes = {text: place for place, text in enumerate(different)}, tuple(different)
    return np.array([-1 if text is None else code[text] for text in texts]), classes


def labels_in_table(path, label):
    """Labels (n,) int64 of the rows of the table in the file `path`, -1 where not known, and their names or None.

    Raises
    ------
    InputError
        There is no such column, or it is of no labels.
    """
    with opened(path) as file:
        packed = file.read(4) == _PARQUET
    if packed:
        whole, columns = parquet_frame(path)
        _place(path, columns, label, "label")
        return labels_of(
            [None if cell is None or cell != cell else str(cell) for cell in listed(whole, label)]
        )
    cells = read_cells(path, lambda names: ([], [_place(path, names, label, "label")]), Texts)
    return labels_of(next(iter(cells.kept.values())))


# Parquet


def _read_parquet(path, options, threshold):
    whole, columns = parquet_frame(path)
    if threshold is not None:
        raise InputError(f"{path}: threshold is not for Parquet", "make columns of zeros and ones first")
    names = [column if column != _INDEX else "" for column in columns]
    _check_header(path, [name or "index" for name in names])
    index = columns.index(_INDEX) if options.index is None and _INDEX in columns else None
    index = index if options.index is None else _place(path, columns, options.index, "index")
    label = _place(path, columns, options.label, "label")
    others = {_place(path, columns, name, "drop") for name in options.drop} | {index, label}
    left = [column for place, column in enumerate(columns) if place not in others]
    if not left:
        raise InputError(f"{path}: has no column of zeros and ones left", "leave out fewer")
    with damage_told(path):
        frame = read_frame(whole.select(left), str(path), options.columns)
    seen = None if not np.ma.is_masked(frame.x) else ~np.ma.getmaskarray(frame.x)
    rows = None if index is None else listed(whole, columns[index])
    y, classes = (None, None)
    if label is not None:
        cells = listed(whole, columns[label])
        y, classes = labels_of([None if cell is None or cell != cell else str(cell) for cell in cells])
    rows = (
        None if rows is None else tuple(cell if isinstance(cell, (int, str)) else str(cell) for cell in rows)
    )
    return TableRows(np.ma.getdata(frame.x), seen, frame.columns, rows, y, classes)
