"""Text that people read: counts of things, and tables of a few columns."""

import math
import re

__all__ = ["MOST_DIGITS", "count", "read_integer", "read_number", "shown", "table"]

MOST_DIGITS = 80  # of a number that is read or written out; nothing here needs more than a seed of 256 bits
_LONGEST = 200  # characters of a value that a message repeats


def count(number, noun):
    """Return a number of things in words.

    Examples
    --------
    >>> count(1, "image"), count(1797, "image")
    ('1 image', '1,797 images')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def table(rows, left=()):
    """Return the lines of a table whose columns are as wide as they need to be.

    Parameters
    ----------
    rows : sequence of sequences of str
        The cells, a heading first where there is one.
    left : collection of int
        Columns that start at their left edge; the others, numbers as a rule, end at their right one.

    Returns
    -------
    list of str

    Examples
    --------
    >>> print(*table([("move", "accepted"), ("split", "7"), ("merge", "12")], left={0}), sep="\\n")
    move   accepted
    split         7
    merge        12
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if ix in left else cell.rjust(width)
            for ix, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def read_integer(text):
    """The integer that `text` writes in ASCII digits, at most `MOST_DIGITS`, or None where it does not.

    ``int`` also takes underscores, spaces and the digits of all scripts, and refuses long numbers in words of
    its own.

    Examples
    --------
    >>> read_integer("-12"), read_integer("1_000"), read_integer("9" * 5000)
    (-12, None, None)
    """
    return int(text) if re.fullmatch(rf"[+-]?[0-9]{{1,{MOST_DIGITS}}}", text) else None


def read_number(text):
    """The float that `text` writes in ASCII digits, or as nan or inf, or None where it does not.

    Examples
    --------
    >>> read_number("2.5e-3"), read_number("inf"), read_number("1_0.5")
    (0.0025, inf, None)
    """
    decimal = r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
    return float(text) if re.fullmatch(rf"[+-]?({decimal}|inf|infinity|nan)", text, re.IGNORECASE) else None


def shown(value):
    """`value` as a message repeats it: its ``repr``, unless that is too long for a line, or impossible.

    Examples
    --------
    >>> shown("two"), shown(10**5000)
    ("'two'", 'an integer of about 5,001 digits')
    >>> shown("z" * 1000)[-24:]
    'zzzzz... (1,002 letters)'
    """
    if isinstance(value, int) and value.bit_length() * math.log10(2) > MOST_DIGITS:
        sign = "a negative" if value < 0 else "an"
        return f"{sign} integer of about {math.ceil(value.bit_length() * math.log10(2)):,} digits"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 (of a foreign object, or of long integers inside)
        return f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text):,} letters)"
