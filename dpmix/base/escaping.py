"""How text from outside is shown: names of files and classes, versions in files, whatever somebody else chose.

On a terminal, bytes of such a name could move the cursor, change its colours or hide what follows; in a picture a
dollar sign begins a formula of Matplotlib's, in a spreadsheet an equals sign one of the spreadsheet's. One function
for each of the places makes them show as they are. A name that is no UTF-8 holds its bytes as lone surrogates, as
Python reads it (PEP 383); `encoded` gives them back.
"""

__all__ = ["encoded", "for_csv", "for_picture", "for_terminal", "shortened"]

_MOST = 2000  # characters of a message
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def for_terminal(text, keep=""):
    r"""Return `text` with a backslash sequence in the place of each character that cannot be seen.

    These are control characters, among them those that begin escape sequences, marks that turn the direction of
    writing, and bytes that are no UTF-8.

    Parameters
    ----------
    text : str
    keep : str
        Characters to leave as they are, such as the ends of lines.

    Examples
    --------
    >>> print(for_terminal("a\x1b[2Jb\nc"))
    a\x1b[2Jb\nc
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode()
        for char in text
    )


def for_picture(text):
    r"""Return `text` as Matplotlib draws it letter by letter, dollar signs included.

    Examples
    --------
    >>> print(for_picture("$x^2$"))
    \$x^2\$
    """
    return for_terminal(text).replace("$", r"\$")


def for_csv(cell):
    """Return `cell`, where it is a text that a spreadsheet would take for a formula, with a quote before it.

    Examples
    --------
    >>> for_csv("=1+1"), for_csv("two"), for_csv("-2"), for_csv(-2)
    ("'=1+1", 'two', '-2', -2)
    """
    return (
        f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) and not _is_number(cell) else cell
    )


def encoded(text, encoding="utf-8"):
    """Return `text` as bytes; what came as bytes that are no UTF-8 is these bytes again."""
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace")


def shortened(text):
    """Return `text` with its middle left out where it is longer than anybody reads."""
    if len(text) <= _MOST:
        return text
    return f"{text[: _MOST // 2]} ... {text[-_MOST // 2 :]}"


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and text.isprintable()
