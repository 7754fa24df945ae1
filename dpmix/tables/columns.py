"""`Columns`: the names of the columns of a table, and what 0 and 1 stand for in each."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import count, shown

__all__ = ["MOST_NAME", "Columns", "check_columns", "check_names"]

MOST_NAME = 1000  # characters of a name or a value
_SHOWN = 20
_MOST_ROW = 2**63


@dataclass(frozen=True, repr=False)
class Columns:
    """Names of the columns of a table, and what 0 and 1 stand for where the table had other values.

    Parameters
    ----------
    names : sequence of str
        All different.
    values : mapping of str to (str, str), optional
        For columns by name: the value that is 0 and the value that is 1. Others hold zeros and ones.

    Attributes
    ----------
    names : tuple of str
    values : dict of str to (str, str)

    Raises
    ------
    InputError, InputTypeError
        Names that are not different texts, or values that are not two different texts of a column.

    Examples
    --------
    >>> columns = Columns(["smokes", "sex"], {"sex": ("female", "male")})
    >>> columns
    Columns(smokes, sex: female 0, male 1)
    >>> columns.said("sex", True), columns.said("smokes", False)
    ('sex = male', 'not smokes')
    """

    names: tuple
    values: dict

    def __init__(self, names: Iterable[str], values: Mapping[str, tuple[str, str]] | None = None) -> None:
        names = _check_texts("names of columns", names)
        if len(set(names)) < len(names):
            twice = next(name for place, name in enumerate(names) if name in names[:place])
            raise InputError(f"names of columns must differ; got {shown(twice)} twice", "rename one of them")
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "values", _check_values(names, {} if values is None else values))

    def __len__(self) -> int:
        return len(self.names)

    def __hash__(self):
        return hash((self.names, tuple(sorted(self.values.items()))))

    def __repr__(self):
        told = [
            f"{name}: {self._pair(name)}" if name in self.values else name for name in self.names[:_SHOWN]
        ]
        rest = len(self) - len(told)
        return f"Columns({', '.join(told)}{f', ... {rest:,} more' if rest else ''})"

    @property
    def notes(self) -> tuple[str, ...]:
        """What 0 and 1 stand for where that is not said by the name: a sentence for each such column."""
        return tuple(f"{name}: {self._pair(name)}" for name in self.values)

    def said(self, name: str, on: bool) -> str:
        """In words, that a column is on or off.

        Parameters
        ----------
        name : str
            Of the column.
        on : bool

        Returns
        -------
        str
        """
        if name in self.values:
            return f"{name} = {self.values[name][bool(on)]}"
        return name if on else f"not {name}"

    def to_json(self) -> dict[str, Any]:
        """The columns as `from_json` reads them.

        Returns
        -------
        dict
            What JSON can hold.
        """
        return {"names": list(self.names), "values": {name: list(pair) for name, pair in self.values.items()}}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The columns whose `to_json` is `fields`.

        Parameters
        ----------
        fields : dict

        Returns
        -------
        Columns

        Raises
        ------
        InputError, InputTypeError
            It is no such dictionary.
        """
        if not isinstance(fields, Mapping) or not isinstance(fields.get("names"), list):
            raise InputTypeError(f"columns must have a list of names; got {shown(fields)}")
        return cls(fields["names"], fields.get("values"))

    def _pair(self, name):
        zero, one = self.values[name]
        return f"{zero} 0, {one} 1"


def check_columns(found: Columns | None, due: Columns | None, name: str) -> None:
    """Refuse the table called `name` whose columns `found` are not those, `due`, that something was fitted to.

    Tables without names fit any, as long as their number of columns does.

    Raises
    ------
    InputError
        Columns that are missing, unknown, in another order, or stand for something else.
    """
    if found is None or due is None or (found.names == due.names and found.values == due.values):
        return
    missing = [column for column in due.names if column not in set(found.names)]
    unknown = [column for column in found.names if column not in set(due.names)]
    if missing or unknown:
        raise InputError(
            f"{name} must have the columns that were fitted:{_amiss('it lacks', missing)}"
            f"{_amiss('and has' if missing else 'it has', unknown)}",
            _guess(missing, unknown)
            or "leave out what is too much, and give what is missing as unobserved (NaN)",
        )
    if found.names != due.names:
        at = next(
            ix for ix, pair in enumerate(zip(found.names, due.names, strict=True)) if pair[0] != pair[1]
        )
        raise InputError(
            f"{name} must have its columns in the order that was fitted: number {at + 1} is "
            f"{shown(found.names[at])} where {shown(due.names[at])} is due",
            "choose them by name, as in frame[list(posterior.columns.names)]",
        )
    _check_same_values(found, due, name)


def check_names(names: Iterable[Any], n: int) -> tuple[str | int, ...]:
    """Return `names` of `n` rows, texts or whole numbers, as a tuple.

    Raises
    ------
    InputError, InputTypeError
    """
    names = tuple(names)
    for name in names:
        if isinstance(name, bool) or not isinstance(name, (str, int)):
            raise InputTypeError(f"names of rows must be texts or whole numbers; got {shown(name)}")
        if isinstance(name, str) and len(name) > MOST_NAME:
            raise InputError(f"names of rows must have at most {MOST_NAME:,} characters; got {len(name):,}")
        if isinstance(name, int) and not -_MOST_ROW <= name < _MOST_ROW:
            raise InputError(f"names of rows must fit 64 bits; got {shown(name)}")
    if len(names) != n:
        raise InputError(f"names of rows must be one for each of {n:,}; got {len(names):,}")
    return names


def _check_same_values(found, due, name):
    """Refuse columns of the right names that stand for something else."""
    for column in due.names:
        ours, theirs = due.values.get(column), found.values.get(column)
        if ours != theirs:
            ours, theirs = (" and ".join(map(shown, pair or ("0", "1"))) for pair in (ours, theirs))
            raise InputError(
                f"{name}, column {shown(column)}: has {theirs} for 0 and 1 where {ours} was fitted",
                "give the values that were fitted",
            )


def _check_texts(what, texts):
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        raise InputTypeError(f"{what} must be a sequence of texts; got {shown(texts)}")
    texts = tuple(texts)
    for text in texts:
        if not isinstance(text, str):
            raise InputTypeError(f"{what} must be texts; got {shown(text)} ({type(text).__name__})")
        if len(text) > MOST_NAME:
            raise InputError(f"{what} must have at most {MOST_NAME:,} characters; got {len(text):,}")
    if not texts:
        raise InputError(f"{what} must be at least one text; got none")
    return texts


def _check_values(names, values):
    if not isinstance(values, Mapping) or not set(values) <= set(names):
        raise InputError(f"values must be a mapping from names of columns; got {shown(values)}")
    checked = {name: _check_texts("values of a column", values[name]) for name in names if name in values}
    for name, pair in checked.items():
        if len(pair) != 2 or pair[0] == pair[1]:
            raise InputError(
                f"values of a column must be two different texts; got {shown(pair)} for {shown(name)}"
            )
    return checked


def _amiss(what, names):
    if not names:
        return ""
    some = ", ".join(map(shown, names[:3]))
    return f" {what} {some}" if len(names) <= 3 else f" {what} {count(len(names), 'column')} such as {some}"


def _guess(missing, unknown):
    for name in unknown:
        near = difflib.get_close_matches(name, missing, 1)
        if near:
            return f"rename {shown(name)}, if {shown(near[0])} is meant"
    return None
