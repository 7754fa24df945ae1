"""Text from outside shows as it is: on a terminal, in a picture, in a table of cells."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.cbook import is_math_text

from dpmix.base.errors import InputError, RunError
from dpmix.base.escaping import encoded, for_csv, for_picture, for_terminal, shortened

NASTY = "a\x1b[31m\x07\x9b\r\n\t\u202e\u2028\udcff$x^2$é"


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_that_cannot_be_seen_is_left(text):
    assert for_terminal(text).isprintable()
    assert for_terminal(for_terminal(text)) == for_terminal(text)
    assert for_terminal(text, keep="\n").replace("\n", "").isprintable()
    if text.isprintable():
        assert for_terminal(text) == text


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_is_mathematics_in_a_picture(text):
    shown = for_picture(text)
    assert shown.isprintable()
    assert not is_math_text(shown) if isinstance(is_math_text(shown), bool) else not is_math_text(shown)[1]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1+1", "-1+1", "@a", "\t=1", "\r=1", "\uff1d1", "-", "=cmd|' /C calc'!A0"]
)
def test_formulas_are_quoted(cell):
    assert for_csv(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "two", "a=1", "-2", "+1.5e3", -2, 7, "é", " =1"])
def test_other_cells_stay_as_they_are(cell):
    assert for_csv(cell) == cell


@given(st.binary())
def test_bytes_that_are_no_utf_8_survive(name):
    assert encoded(name.decode("utf-8", "surrogateescape")) == name


def test_what_an_encoding_lacks_is_shown_all_the_same():
    assert encoded("é\u4e00", "ascii") == b"\\xe9\\u4e00"


def test_errors_are_fit_to_be_shown():
    for error in (InputError(f"{NASTY}: bad", "mend it"), RunError("x").within(NASTY)):
        assert str(error).isprintable() and "é" in str(error)
        assert NASTY in error.text
    assert len(str(InputError("9" * 10**6))) < 3000
    assert shortened("short") == "short"


def test_a_cell_with_anything_in_it_is_one_cell():
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([for_csv(NASTY), for_csv("=1,\n2")])
    assert list(csv.reader(io.StringIO(text.getvalue(), newline=""))) == [[NASTY, "'=1,\n2"]]
