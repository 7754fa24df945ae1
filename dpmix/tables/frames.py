"""Frames of any library that narwhals reads (pandas, polars, pyarrow, ...): in as zeros and ones, out as they came.

narwhals is imported when a frame comes, by which time its library is there.
"""

import sys
from typing import Any, NamedTuple

import numpy as np

from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import count, shown
from dpmix.tables.columns import Columns, check_columns, check_names
from dpmix.tables.meaning import DATES, LEAVE_OUT, Unfit, check_meaning, code_of, meaning_of

__all__ = ["Frame", "Like", "is_frame", "named_columns", "new_frame", "read_frame", "read_names"]

_LIBRARIES = ("pandas", "polars", "pyarrow")
_AT_ONCE = 1 << 26  # entries up to which a frame of numbers becomes an array as a whole


class Like(NamedTuple):
    """A frame that came in, as far as answers are to be like it: its library, and the index of its rows."""

    library: Any
    index: Any

    def frame(self, values, names):
        """A frame of `values` (m, columns) with these names of columns."""
        import narwhals.stable.v2 as nw

        whole = nw.from_dict(
            {name: np.ascontiguousarray(values[:, ix]) for ix, name in enumerate(names)}, backend=self.library
        )
        return self._indexed(whole.to_native())

    def series(self, values, name):
        """A column of `values` (m,) called `name`."""
        import narwhals.stable.v2 as nw

        return self._indexed(nw.new_series(name, np.asarray(values), backend=self.library).to_native())

    def _indexed(self, native):
        if self.index is not None:
            native.index = self.index
        return native


class Frame(NamedTuple):
    """A frame as zeros and ones."""

    x: np.ndarray  # (n, d) uint8, masked where something is not observed
    columns: Columns | None  # None where the columns are only numbered
    names: tuple | None  # of the rows; None where they are only numbered
    like: Like


def is_frame(x):
    """Whether `x` is a frame, an eager or a lazy one, of a library that is loaded."""
    if isinstance(x, (np.ndarray, list, tuple)) or not any(
        name in sys.modules for name in (*_LIBRARIES, "narwhals")
    ):
        return False
    if not any(hasattr(type(x), name) for name in ("columns", "__narwhals_dataframe__", "collect_schema")):
        return False
    import narwhals.stable.v2 as nw

    try:
        nw.from_native(x)
    except TypeError:
        return False
    except Exception:  # noqa: BLE001 (a frame, if not as it should be, which `read_frame` says)
        return True
    return True


def read_frame(x, name="x", columns=None):
    """Read the frame `x`, which the caller calls `name`.

    Parameters
    ----------
    x : frame
        Of numbers 0 and 1, booleans, or two-valued texts and categories; null and NaN are not observed.
    name : str
    columns : Columns, optional
        Those that it must have, values included; by default what the frame says.

    Returns
    -------
    Frame

    Raises
    ------
    InputError, InputTypeError
        A lazy frame, names that are twice, a column that is refused; it names column and row.
    """
    frame = _eager(x, name)
    if not frame.columns or not len(frame):
        raise InputError(f"{name} must hold at least one row of one column; got shape {frame.shape}")
    names = _named(frame.columns)
    if columns is not None and names is not None:
        check_columns(Columns(names, {n: v for n, v in columns.values.items() if n in names}), columns, name)
    if columns is not None and len(columns) != len(frame.columns):
        raise InputError(
            f"{name} must have {count(len(columns), 'column')} as fitted; got {len(frame.columns):,}"
        )
    due = None
    if columns is not None:  # columns that are only numbered hold the zeros and ones that these stand for
        due = [None if names is None else columns.values.get(column) for column in columns.names]
    on, seen, values = _entries(frame, name, due)
    named = None if names is None else Columns(names, {n: v for n, v in zip(names, values, strict=True) if v})
    if named is None and any(values):
        raise InputError(
            f"{name} must have names for its columns, which hold other values than 0 and 1", "name them"
        )
    table = on if seen is None else np.ma.masked_array(on, ~seen)
    index = _index(frame)
    return Frame(table, named, _row_names(index, len(frame)), Like(frame.implementation, index))


def named_columns(x):
    """The names of the columns of the frame `x` as `Columns` of zeros and ones; None where they are numbers."""
    names = _named(_eager(x, "x").columns)
    return None if names is None else Columns(names)


def read_names(x):
    """What the rows of the frame `x` are called, or None where they are only numbered, or where `x` is no frame."""
    if not is_frame(x):
        return None
    frame = _eager(x, "x")
    return _row_names(_index(frame), len(frame))


def new_frame(columns, names=None, library=None):
    """A frame of `columns`, a dictionary of arrays by name, of `library` or the first one that is installed.

    Raises
    ------
    InputError
        None of pandas, polars and pyarrow is installed, or not the one that is asked for.
    """
    import importlib.util

    there = [each for each in _LIBRARIES if importlib.util.find_spec(each)]
    if not there or (library is not None and library not in there):
        wanted = "one of pandas, polars and pyarrow" if library is None else shown(library)
        raise InputError(
            f"a frame needs {wanted}, and {', '.join(there) or 'none'} is installed", "pip install pandas"
        )
    import narwhals.stable.v2 as nw

    library = library or there[0]
    names = None if names is None else [_writable(name) for name in names]
    if names is not None and library != "pandas":
        columns = {"name": [str(name) for name in names], **columns}
    native = nw.from_dict(
        {name: np.asarray(values) for name, values in columns.items()}, backend=library
    ).to_native()
    if names is not None and library == "pandas":
        native.index = names
    return native


def _writable(name):
    """The name of a row as frames take it: bytes that are no UTF-8, as of a file, are not shown."""
    return name.encode(errors="surrogateescape").decode(errors="replace") if isinstance(name, str) else name


def _eager(x, name):
    import narwhals.stable.v2 as nw

    try:
        frame = nw.from_native(x)
    except Exception as error:
        twice = sorted({each for each in map(str, x.columns) if list(map(str, x.columns)).count(each) > 1})
        if twice:
            raise InputError(
                f"{name} has two columns called {shown(twice[0])}", "rename one of them"
            ) from error
        raise InputError(f"{name} cannot be read as a frame: {error}") from error
    if isinstance(frame, nw.LazyFrame):
        raise InputTypeError(
            f"{name} is a lazy frame", "collect it first, by .collect(), .compute() or .to_arrow()"
        )
    return frame


def _named(columns):
    """Names of columns as texts; None where they are numbered from 0."""
    if list(columns) == list(range(len(columns))):
        return None
    return [str(column) for column in columns]


def _index(frame):
    import narwhals.stable.v2 as nw

    return nw.maybe_get_index(frame)


def _row_names(index, n):
    """Names of `n` rows, or None where they are only numbered."""
    if index is None:
        return None
    if type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1:
        return None
    return check_names([each if isinstance(each, (str, int)) else str(each) for each in index.tolist()], n)


def _entries(frame, name, due):
    """What is on, (n, d) uint8, what is observed, (n, d) bool or None for all, and what each column stands for."""
    whole = _numbers(frame) if due is None or not any(due) else None
    if whole is not None:
        return *_split(whole), [None] * len(frame.columns)
    on = np.empty(frame.shape, np.uint8)
    seen, values = None, []
    for ix, column in enumerate(frame.columns):
        series = frame[column] if isinstance(column, str) else frame[:, ix]
        try:
            codes, known, meaning = _column(series, due and (due[ix],))
        except Unfit as error:
            raise InputError(
                f"{name}, {_place(series, column, error)}: {error.text}", error.remedy
            ) from error
        on[:, ix] = codes
        values.append(meaning)
        if not known.all():
            seen = np.ones(frame.shape, bool) if seen is None else seen
            seen[:, ix] = known
    return on, seen, values


def _numbers(frame):
    """The values of a frame of many columns of zeros and ones, as an array; None where it needs a closer look."""
    import narwhals.stable.v2 as nw

    if len(frame.columns) < 100 or frame.shape[0] * frame.shape[1] > _AT_ONCE:
        return None
    if not all(dtype == nw.Boolean or dtype.is_numeric() for dtype in frame.schema.values()):
        return None
    values = frame.to_numpy()
    if values.dtype.kind not in "buif":
        return None
    return values if ((values == 0) | (values == 1) | (values != values)).all() else None


def _split(values):
    seen = values == values
    return np.where(seen, values, 0).astype(np.uint8), None if seen.all() else seen


def _column(series, due):
    """Codes of a column (n,), where they are known (n,) bool, and what they stand for; `due` is a tuple of that."""
    import narwhals.stable.v2 as nw

    dtype, missing = series.dtype, series.is_null().to_numpy()
    if dtype == nw.Boolean or dtype.is_numeric():
        return _of_numbers(series, missing, due)
    if dtype.is_temporal():
        raise Unfit(
            DATES, "make columns of two values of it, such as before and after a day, or leave it out"
        )
    if dtype in (nw.String, nw.Categorical, nw.Enum):
        return _of_texts(series, missing, due)
    return _of_objects(series, missing, due)


def _of_numbers(series, missing, due):
    import narwhals.stable.v2 as nw

    zero = False if series.dtype == nw.Boolean else 0
    values = series.fill_null(zero).to_numpy() if missing.any() else series.to_numpy()
    if values.dtype.kind not in "buif":
        values = values.astype(np.float64)
    if values.dtype.kind == "f":
        missing = missing | np.isnan(values)
    odd = (values != 0) & (values != 1) & ~missing
    if odd.any():
        some = [f"{value:g}" for value in np.unique(values[odd])[:4].tolist()]
        (check_meaning if due else _refuse)(some, due and due[0])
    if due and due[0] is not None and not missing.all():
        check_meaning(
            [f"{value:g}" for value in np.unique(values[~missing])[:4].astype(float).tolist()], due[0]
        )
    return (values == 1) & ~missing, ~missing, None


def _refuse(texts, _):
    meaning_of(texts)
    raise Unfit(f"holds numbers other than 0 and 1 ({', '.join(texts)})", LEAVE_OUT)


def _of_texts(series, missing, due):
    import narwhals.stable.v2 as nw

    declared = None
    if series.dtype != nw.String:
        declared = [str(each) for each in series.cat.get_categories().to_list()]
        ordered = series.dtype == nw.Enum or nw.is_ordered_categorical(series)
        declared = _declared(declared, ordered)
        series = series.cast(nw.String)
    different = series.drop_nulls().unique(maintain_order=True).to_list()
    meaning = _meaning(different, declared, due)
    ones = [text for text in different if _is_one(text, meaning)]
    on = series.is_in(ones).fill_null(False).to_numpy().astype(bool)
    return on & ~missing, ~missing, meaning


def _declared(categories, ordered):
    """The two values that a column declares, in their order; None where it declares others."""
    if len(categories) != 2:
        return None
    if ordered or any(code_of(text) is not None for text in categories):
        return categories
    try:
        return meaning_of(categories)
    except Unfit:  # two numbers, which are names of categories here
        return categories


def _of_objects(series, missing, due):
    cells = series.to_list()
    texts = [None if gone else str(cell) for cell, gone in zip(cells, missing.tolist(), strict=True)]
    different = list(dict.fromkeys(text for text in texts if text is not None))
    meaning = _meaning(different, None, due)
    ones = {text for text in different if _is_one(text, meaning)}
    return np.array([text in ones for text in texts]), ~missing, meaning


def _meaning(different, declared, due):
    if due is None:
        return meaning_of(different, declared)
    check_meaning(different, due[0])
    return due[0]


def _is_one(text, meaning):
    return code_of(text) == 1 if meaning is None else text == meaning[1]


def _place(series, column, error):
    """Column and row of what is wrong."""
    if error.value is None:
        return f"column {shown(column)}"
    for row, cell in enumerate(series.to_list()):
        if str(cell) == error.value or (isinstance(cell, (int, float)) and f"{cell:g}" == error.value):
            return f"column {shown(column)}, row {row}"
    return f"column {shown(column)}"
