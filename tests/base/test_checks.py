"""Checks of single arguments: what they refuse, in a line that can be read however large the value was."""

import fractions

import numpy as np
import pytest

from dpmix.base import checks
from dpmix.base.errors import InputError
from dpmix.base.text import MOST_DIGITS, read_integer, read_number, shown
from dpmix.datasets.binarization import check_threshold

HUGE = 10**5000  # more digits than Python writes out


def kind(value):
    """What stands for a value in the name of a test."""
    return getattr(value, "__name__", type(value).__name__)


@pytest.mark.parametrize(
    "value", [HUGE, -HUGE, np.float64(1), "9", True, None, [HUGE], {"a": HUGE}], ids=kind
)
def test_no_count(value):
    with pytest.raises(InputError, match="^chains must be") as caught:
        checks.check_count("chains", value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "check", [checks.check_bool, checks.check_path, checks.check_positive, checks.check_real]
)
@pytest.mark.parametrize("value", [HUGE, -HUGE, [HUGE], object()], ids=kind)
def test_huge_values_are_refused_in_a_line(check, value):
    with pytest.raises(InputError, match="^what must be") as caught:
        check("what", value)
    assert len(str(caught.value)) < 300


def test_seeds_may_be_long_but_not_endless():
    assert checks.check_seed(2**200) == 2**200
    for seed in (2**256, HUGE):
        with pytest.raises(InputError, match="seed must have at most 256 bits"):
            checks.check_seed(seed)
    with pytest.raises(
        InputError, match="seed must be at least 0; got a negative integer of about 5,001 digits"
    ):
        checks.check_seed(-HUGE)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float32("nan"), HUGE], ids=kind)
def test_threshold_is_finite(value):
    with pytest.raises(InputError, match="threshold must be finite"):
        check_threshold(value)


def test_threshold_is_a_number():
    for value in (None, True, "5", b"5", [5], np.array([5.0]), 1j):
        with pytest.raises(InputError, match="threshold must be a number"):
            check_threshold(value)
    assert check_threshold(fractions.Fraction(1, 2)) == check_threshold(np.float32(0.5)) == 0.5
    assert check_threshold(None, optional=True) is None


@pytest.mark.parametrize(
    "text", ["", "1_0", "٣", "１", " 1", "1.0", "0x10", "9" * (MOST_DIGITS + 1), "1e3", "--1"]
)
def test_not_read_as_integer(text):
    assert read_integer(text) is None
    assert read_integer("-007") == -7 and read_integer("+5") == 5


@pytest.mark.parametrize("text", ["", "1_0.5", "٣.5", "0x1p3", "1e", ".", "1 ", "infinite", "nane", "1,5"])
def test_not_read_as_number(text):
    assert read_number(text) is None
    assert read_number("-1.5E+2") == -150 and read_number(".5") == 0.5 and np.isnan(read_number("NaN"))


def test_shown_is_short_whatever_the_value():
    class Bad:
        def __repr__(self):
            raise RuntimeError("no")

    for value in (HUGE, [HUGE], "x" * 10**6, Bad(), [Bad()], b"y" * 10**5, {1: "z" * 10**5}):
        assert len(shown(value)) < 250
    assert shown(1.5) == "1.5" and shown(10**20) == "1" + "0" * 20
