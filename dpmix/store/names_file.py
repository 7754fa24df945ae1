"""The file of names: what columns of a table are called and stand for, what rows and labels are called, as JSON.

run.json has the digest of it, so that a file of other names is noticed. A table without names has none.
"""

import dataclasses
import hashlib
import json

from dpmix.base.errors import InputError, RunError
from dpmix.base.reading import parse_json, read_whole
from dpmix.tables.columns import MOST_NAME, Columns, check_names

__all__ = ["NAMES", "has_names", "names_digest", "read_names", "write_names"]

NAMES = "names.json"
_FORMAT = "dpmix names"
_OTHERS = 8  # texts in the file besides the names


def has_names(table):
    """Whether columns, rows or labels of `table` have names."""
    return any(names is not None for names in (table.columns, table.names, table.label_names))


def write_names(file, table):
    """Write the names of `table` to a binary `file`."""
    file.write(_content(table))


def names_digest(table):
    """SHA-256 of what `write_names` writes, as text."""
    return hashlib.sha256(_content(table)).hexdigest()


def read_names(path, table, data):
    """`table` with the names in the file at `path`.

    Parameters
    ----------
    path : pathlib.Path
    table : dpmix.model.table.BinaryTable
    data : dict
        What run.json says of the table; without ``names`` there are none.

    Raises
    ------
    RunError
        The file is missing or damaged, or holds other names.
    """
    if "names" not in data:
        return table
    try:
        content = _read(path, table)
        if hashlib.sha256(content).hexdigest() != data["names"]:
            raise InputError("its digest is not the one that the run was given")
        columns, names, labels = _checked(parse_json(content, len(content), _most_texts(table)), table)
    except FileNotFoundError as error:
        raise RunError(
            f"{path} is missing: the names of columns and rows", "restore it from a copy"
        ) from error
    except InputError as error:
        raise RunError(
            f"{path} is damaged, or holds other names: {error}", "restore it from a copy"
        ) from error
    return dataclasses.replace(table, columns=columns, names=names, label_names=labels)


def _content(table):
    parts = [f'"format": {_written(_FORMAT)}']
    if table.columns is not None:
        pairs = [f"{_written(name)}: {_row(pair)}" for name, pair in table.columns.values.items()]
        columns = f'"names": {_row(table.columns.names)},\n"values": {{{", ".join(pairs)}}}'
        parts.append(f'"columns": {{{columns}}}')
    if table.names is not None:
        parts.append(f'"rows": {_row(table.names)}')
    if table.label_names is not None:
        parts.append(f'"labels": {_row(table.label_names)}')
    return ("{" + ",\n".join(parts) + "}\n").encode()


def _row(values):
    return f"[{', '.join(map(_written, values))}]"


def _written(value):
    """A number or a text as JSON, without brackets and quotes inside, which `parse_json` counts."""
    if not isinstance(value, str):
        return str(value)
    inside = json.dumps(value)[1:-1]
    for sign, code in (('\\"', "\\u0022"), ("[", "\\u005b"), ("{", "\\u007b")):
        inside = inside.replace(sign, code)
    return f'"{inside}"'


def _most_texts(table):
    """How many texts a file of names of `table` may have: a name a row and a label, three a column."""
    return table.n + 4 * table.d + table.n_classes + _OTHERS


def _read(path, table):
    most = _most_texts(table) * 6 * (MOST_NAME + 2)  # a character may be written as six, as in \\u00e9
    return read_whole(path, most)


def _checked(fields, table):
    """Columns, names of rows and names of labels, each of which may be None."""
    if not isinstance(fields, dict) or fields.get("format") != _FORMAT:
        raise InputError(f"it does not say that its format is {_FORMAT!r}")
    columns, rows, labels = (fields.get(name) for name in ("columns", "rows", "labels"))
    columns = None if columns is None else Columns.from_json(columns)
    if columns is not None and len(columns) != table.d:
        raise InputError(f"it has {len(columns)} names for {table.d} columns")
    if rows is not None and not isinstance(rows, list):
        raise InputError("its names of rows are no list")
    return columns, None if rows is None else check_names(rows, table.n), _checked_labels(labels, table)


def _checked_labels(labels, table):
    if labels is None:
        return None
    is_list = isinstance(labels, list) and all(isinstance(name, str) for name in labels)
    if not is_list or len(set(labels)) != len(labels) or len(labels) != table.n_classes:
        raise InputError(f"its names of labels are not {table.n_classes} different texts")
    return tuple(labels)
