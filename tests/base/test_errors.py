"""Errors and what they say: text, remedy, and both in other words, here and after a trip to another process."""

import copy
import pickle
import re

import pytest

from dpmix.base.errors import InputError, InputTypeError, Interrupted, RunError, WorkerError
from dpmix.base.wording import SCRIPT_WORDS, Wording

KINDS = (InputError, InputTypeError, RunError, WorkerError)
REMEDY = Wording("wait, or go on with it by {resume}", run="a {run}")


def shouted(key, values):
    return f"<{key} {sorted(values)}>"


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_shows_text_and_remedy(kind):
    error = kind("x must be 1; got 2", REMEDY)
    assert str(error) == "x must be 1; got 2; wait, or go on with it by dpmix.resume('a {run}')"
    assert (error.text, error.remedy) == ("x must be 1; got 2", REMEDY) and error.args == (str(error),)
    assert str(kind("x is wrong")) == "x is wrong" and kind("x is wrong").remedy is None


def test_kinds_of_errors_are_those_of_python():
    assert issubclass(InputError, ValueError) and issubclass(InputTypeError, TypeError)
    assert issubclass(WorkerError, RuntimeError) and issubclass(Interrupted, KeyboardInterrupt)


@pytest.mark.parametrize("trip", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
@pytest.mark.parametrize(
    "error", [kind("it {broke}", REMEDY) for kind in KINDS] + [Interrupted("it", 3, REMEDY)]
)
def test_an_error_arrives_as_it_left(error, trip):
    there = trip(error)
    assert type(there) is type(error) and str(there) == str(error) and vars(there) == vars(error)
    assert there.remedy.in_words(shouted) == "wait, or go on with it by <resume ['run']>"
    assert there.args[0].in_words(shouted) == f"{error.text}; {there.remedy.in_words(shouted)}"


def test_where_an_error_was_found_comes_first():
    error = InputTypeError(Wording("{maximum} is {what}", what="{odd}"), REMEDY).within("a{b}.npy")
    assert type(error) is InputTypeError and error.remedy is REMEDY
    assert str(error).startswith("a{b}.npy: maximum=... is {odd}; wait")
    assert error.args[0].in_words(shouted).startswith("a{b}.npy: <maximum ['what']> is {odd}; wait")


def test_a_wording_without_keys_is_the_same_in_all_words():
    said = Wording("{n:,} of {name!r}", n=1200, name="x")
    assert said == said.in_words(shouted) == "1,200 of 'x'" and type(said.in_words(shouted)) is str


def test_a_key_that_nobody_knows_is_an_error():
    with pytest.raises(KeyError):
        Wording("call {nobody}")


def test_script_words_use_only_values_that_sentences_give():
    used = {name for words in SCRIPT_WORDS.values() for name in re.findall(r"{(\w+)", words)}
    assert used == {"run", "otherwise", "name", "names"}
