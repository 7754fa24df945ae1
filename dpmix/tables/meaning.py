"""What the two values of a column stand for: which of them is 0, which is 1, and why other columns are refused.

Values are looked at as texts, so that a column means the same whether it came as booleans, as categories or from
a file. Zeros and ones, and True and False, stand for themselves. Of any other two values, words for no and yes
decide; without these the order of the alphabet does.
"""

import re

from dpmix.base.text import read_number, shown

__all__ = ["DATES", "LEAVE_OUT", "MOST_VALUES", "Unfit", "check_meaning", "code_of", "meaning_of"]

_ZEROS, _ONES = frozenset({"0", "0.0", "false"}), frozenset({"1", "1.0", "true"})
_WORDS = {"no": "yes", "n": "y", "f": "t", "off": "on", "absent": "present", "negative": "positive", "-": "+"}
_OPPOSITE = {**_WORDS, **{yes: no for no, yes in _WORDS.items()}}
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2})?")
_SHOWN = 3
MOST_VALUES = 64  # of a column that are counted

LEAVE_OUT = "leave it out"
_TWO = "make columns of two values of it, as by pandas.get_dummies, or leave it out"
_CUT = "cut it in two, as in age > 30, or leave it out"
DATES = "holds dates or times"


class Unfit(Exception):
    """A column that is no column of zeros and ones.

    Attributes
    ----------
    text, remedy : str
        What is wrong, in words that go on from the name of the column, and the way out.
    value : str or None
        A value at which it shows.
    """

    def __init__(self, text, remedy, value=None):
        super().__init__(text)
        self.text, self.remedy, self.value = text, remedy, value


def code_of(text):
    """0 or 1 where `text` writes a zero, a one, false or true; else None."""
    lower = text.lower()
    return 0 if lower in _ZEROS else 1 if lower in _ONES else None


def meaning_of(texts, declared=None):
    """What 0 and 1 stand for in a column.

    Parameters
    ----------
    texts : list of str
        The different values that it has, in the order in which they come.
    declared : (str, str), optional
        All that it may have, in their order, of a column that says so itself.

    Returns
    -------
    (str, str) or None
        The values that are 0 and 1; None where they are zeros and ones, or True and False.

    Raises
    ------
    Unfit

    Examples
    --------
    >>> meaning_of(["yes", "no"]), meaning_of(["male", "female"]), meaning_of(["1", "0.0"])
    (('no', 'yes'), ('female', 'male'), None)
    """
    if all(code_of(text) is not None for text in declared or texts):
        return None
    if declared:
        return tuple(declared)
    _refuse_numbers(texts)
    if len(texts) > 2:
        _refuse_many(texts)
    if len(texts) == 1:
        return _with_opposite(texts[0])
    low, high = sorted(texts)
    return (
        (high, low)
        if _OPPOSITE.get(low.lower()) == high.lower() and low.lower() not in _WORDS
        else (low, high)
    )


def check_meaning(texts, due):
    """Refuse `texts` that are not among the values of a column as it was fitted; `due` as `meaning_of` returns it."""
    for text in texts:
        if due is None and code_of(text) is None:
            raise Unfit(
                f"holds {shown(text)} where the posterior knows 0 and 1",
                "give what it was fitted to, or leave that unobserved",
                text,
            )
        if due is not None and text not in due:
            zero, one = map(shown, due)
            raise Unfit(
                f"holds {shown(text)} where the posterior knows {zero} (0) and {one} (1)",
                "write it as one of these, or leave it unobserved",
                text,
            )


def _refuse_numbers(texts):
    odd = [text for text in texts if code_of(text) is None]
    if all(_DATE.fullmatch(text) for text in texts):
        raise Unfit(f"{DATES} ({_listed(odd)})", _TWO, odd[0])
    if all(read_number(text) is not None for text in texts):
        raise Unfit(f"holds numbers other than 0 and 1 ({_listed(odd)})", _CUT, odd[0])


def _refuse_many(texts):
    many = f"{len(texts)}" if len(texts) <= MOST_VALUES else f"more than {MOST_VALUES}"
    third = next((text for text in texts[2:] if code_of(text) is None), texts[2])
    raise Unfit(f"has {many} different values ({_listed(texts)}), and there is room for two", _TWO, third)


def _with_opposite(text):
    other = _OPPOSITE.get(text.lower())
    if other is None:
        raise Unfit(f"has one value only, {shown(text)}, which tells nothing", LEAVE_OUT, text)
    other = other.upper() if text.isupper() else other.capitalize() if text[:1].isupper() else other
    return (other, text) if text.lower() in _WORDS.values() else (text, other)


def _listed(texts):
    return ", ".join(map(shown, texts[:_SHOWN])) + (", ..." if len(texts) > _SHOWN else "")
