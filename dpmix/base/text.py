"""Text that people read: counts of things, and tables of a few columns."""

__all__ = ["count", "table"]


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
