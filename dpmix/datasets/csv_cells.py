"""The cells of a CSV file, read row by row by Python's own reader, and where in the file something is wrong.

Cells become small numbers as they are read: of a column only its different values are kept as texts. Where
something is wrong the file is read once more, up to there, to tell the line.
"""

import codecs
import contextlib
import csv
import io
from itertools import islice

import numpy as np

from dpmix.base.errors import InputError
from dpmix.base.reading import opened
from dpmix.base.text import count, shown
from dpmix.base.wording import Wording
from dpmix.tables.meaning import MOST_VALUES, Unfit

__all__ = ["Cells", "Texts", "is_missing", "read_cells"]

_ROWS = 1 << 14  # that are looked at together
_DELIMITERS = (",", ";", "\t", "|")
_MISSING = frozenset({"", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a", "?"})
_MARKS = dict.fromkeys((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "UTF-32")
_MARKS |= dict.fromkeys((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "UTF-16")
_HEAD = 1 << 16


def is_missing(text):
    """Whether a cell says that nothing was observed: nothing in it, NA, NaN, null, None or a question mark."""
    return text.strip().lower() in _MISSING


class Texts(dict):
    """The different texts of a column, numbered as they come."""

    def __missing__(self, text):
        self[text] = number = len(self)
        return number


class Cells:
    """What `read_cells` found.

    Attributes
    ----------
    path : path
    names : list of str
        The header, without spaces around the names.
    numbers : list of (rows, columns) uint8 arrays
        Of each block of rows, the cells of `columns` as numbered by `texts`.
    texts : list of dict of str to int
        For each of `columns` its different cells.
    columns : list of int
        Places of the columns that were asked for.
    kept : dict of int to list of str
        The cells of other columns, by place.
    """

    def __init__(self, path, settings):
        self.path, self._settings = path, settings
        self.names, self.numbers, self.texts, self.columns, self.kept = [], [], [], [], {}

    @property
    def n(self):
        """Number of rows."""
        return sum(map(len, self.numbers)) if self.columns else len(next(iter(self.kept.values()), ()))

    def first_row(self, column, text):
        """The first row whose cell in the `column`-th of `columns` is `text`, spaces around it left out."""
        wanted = [number for raw, number in self.texts[column].items() if raw.strip() == text]
        first = 0
        for block in self.numbers:
            found = np.isin(block[:, column], wanted)
            if found.any():
                return first + int(found.argmax())
            first += len(block)
        return None

    def line_of(self, row):
        """The line of the file in which row number `row` ends, counted from 1."""
        with _reading(self.path, *self._settings) as reader:
            filled = (reader.line_num for cells in reader if cells)
            return next(islice(filled, row + 1, None), reader.line_num)  # the header is the first

    def error(self, text, remedy, row=None, column=None):
        """An `InputError` that names the file, and the line and the column where they are known."""
        place = f"{self.path}"
        if row is not None:
            place += f", line {self.line_of(row)}"
        if column is not None:
            place += f", column {shown(column)}"
        return InputError(f"{place}: {text}", remedy)


def read_cells(path, choose, make, delimiter=None, encoding=None):
    """Read the CSV file `path`.

    Parameters
    ----------
    path : path
    choose : callable (names)
        Gets the header; returns the places of the columns to number and of those to keep as texts.
    make : callable ()
        A fresh dictionary that numbers the cells of a column, such as `Texts`.
    delimiter : str, optional
        By default the one of comma, semicolon, tab and bar that the header has most of.
    encoding : str, optional
        By default UTF-8, with or without a byte order mark.

    Returns
    -------
    Cells

    Raises
    ------
    InputError
        It names the file and the line.
    """
    settings = _settings(path, delimiter, encoding)
    cells = Cells(path, settings)
    with _reading(path, *settings) as reader:
        header = next((row for row in reader if row), None)
        if header is None:
            raise InputError(f"{path}: is empty", "give a header line with names of columns, and rows")
        cells.names = [name.strip() for name in header]
        cells.columns, keep = choose(cells.names)
        cells.texts, cells.kept = [make() for _ in cells.columns], {place: [] for place in keep}
        while rows := list(islice(reader, _ROWS)):
            _add(cells, rows)
            if any(len(texts) > MOST_VALUES and _has_many(texts) for texts in cells.texts):
                break  # that column will be refused, whatever comes
    if not cells.n:
        raise InputError(f"{path}: has a header line and no rows", "give at least one row")
    return cells


def _add(cells, rows):
    """Number the cells of some more rows."""
    width = len(cells.names)
    if set(map(len, rows)) != {width}:
        rows = [row for row in rows if row]  # empty lines are no rows
        ragged = next((ix for ix, row in enumerate(rows) if len(row) != width), None)
        if ragged is not None:
            raise cells.error(
                f"has {count(len(rows[ragged]), 'cell')} where the header has {width:,}",
                "give each row as many, and put quotes around cells that hold the delimiter",
                cells.n + ragged,
            )
    if not rows:
        return
    by_column = list(zip(*rows, strict=True))
    block = np.empty((len(cells.columns), len(rows)), np.uint8)
    for ix, (place, texts) in enumerate(zip(cells.columns, cells.texts, strict=True)):
        try:
            numbers = np.fromiter(map(texts.__getitem__, by_column[place]), np.int32, len(rows))
        except Unfit as error:
            row = cells.n + by_column[place].index(error.value)
            raise cells.error(error.text, error.remedy, row, cells.names[place]) from error
        block[ix] = numbers if numbers.max() < 256 else np.minimum(numbers, 255)
    for place, kept in cells.kept.items():
        kept.extend(by_column[place])
    cells.numbers.append(block.T)


def _has_many(texts):
    """Whether a column of `Texts` is none of two values for sure."""
    return (
        len({text.strip() for text in islice(texts, 4 * MOST_VALUES) if not is_missing(text)}) > MOST_VALUES
    )


def _settings(path, delimiter, encoding):
    """Delimiter and encoding of the file, both known."""
    with opened(path) as file:
        head = file.read(_HEAD)
    for mark, name in _MARKS.items():
        if head.startswith(mark) and encoding is None:
            raise InputError(f"{path}: is written in {name}, where UTF-8 is read", _reencode(name.lower()))
    encoding = encoding or "utf-8-sig"
    try:
        lines = codecs.getincrementaldecoder(encoding)("replace").decode(head).splitlines()
    except LookupError as error:
        raise InputError(
            f"encoding must be one that Python knows, such as latin-1; got {shown(encoding)}"
        ) from error
    if delimiter is not None and (
        not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n'
    ):
        raise InputError(f"delimiter must be a single character, such as ';'; got {shown(delimiter)}")
    first = next((line for line in lines if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return delimiter or max(_DELIMITERS, key=outside.count), encoding


@contextlib.contextmanager
def _reading(path, delimiter, encoding):
    """Within the block, a csv reader of the file; what fails in it names the line."""
    try:
        with opened(path) as file:
            text = io.TextIOWrapper(file, encoding, newline="")
            reader = csv.reader(text, delimiter=delimiter, strict=True, skipinitialspace=True)
            yield reader
            text.detach()
    except UnicodeDecodeError as error:
        line, column, byte = _undecodable(path, encoding)
        name = "UTF-8" if encoding == "utf-8-sig" else encoding
        raise InputError(
            f"{path}, line {line}: its character {column} is a byte {byte:#04x}, which is no {name}",
            _reencode("latin-1"),
        ) from error
    except csv.Error as error:
        raise InputError(
            f"{path}, line {_last_good(path, delimiter, encoding) + 1}: cannot be read as rows of cells ({error})",
            "close each quote that is opened, and write a quote within quotes twice",
        ) from error


def _last_good(path, delimiter, encoding):
    """The line in which the last row ends before one that cannot be read."""
    last = 0
    with opened(path) as file:
        reader = csv.reader(
            io.TextIOWrapper(file, encoding, newline=""),
            delimiter=delimiter,
            strict=True,
            skipinitialspace=True,
        )
        with contextlib.suppress(csv.Error):
            for _ in reader:
                last = reader.line_num
    return last


def _undecodable(path, encoding):
    """Line and character, counted from 1, and value of the first byte that `encoding` does not know."""
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8" if encoding == "utf-8-sig" else encoding)
            except UnicodeDecodeError as error:
                return number, len(line[: error.start].decode(encoding, "replace")) + 1, line[error.start]
    return 1, 1, 0


def _reencode(encoding):
    return Wording("save it as UTF-8, or pass {encoding}", name=encoding)
