"""What columns are called and stand for, and which tables have the columns that were fitted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpmix.base.errors import InputError, InputTypeError
from dpmix.tables.columns import Columns, check_columns, check_names
from dpmix.tables.meaning import Unfit, check_meaning, meaning_of

COLUMNS = Columns(["smokes", "sex", "old"], {"sex": ("female", "male")})


def test_columns_say_what_they_stand_for():
    assert COLUMNS.said("sex", True) == "sex = male" and COLUMNS.said("sex", False) == "sex = female"
    assert COLUMNS.said("old", True) == "old" and COLUMNS.said("old", False) == "not old"
    assert COLUMNS.notes == ("sex: female 0, male 1",)
    assert repr(COLUMNS) == "Columns(smokes, sex: female 0, male 1, old)"
    assert repr(Columns(map(str, range(25)))).endswith("... 5 more)")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8, unique=True))
def test_columns_go_through_json(names):
    columns = Columns(names, {names[0]: ("a", "b")})
    assert Columns.from_json(json.loads(json.dumps(columns.to_json()))) == columns
    assert hash(columns) == hash(Columns(names, {names[0]: ("a", "b")}))


@pytest.mark.parametrize(
    "names, values, what",
    [
        (["a", "b", "a"], None, "'a' twice"),
        ([], None, "at least one text"),
        (["a", 3], None, "must be texts; got 3"),
        ("ab", None, "sequence of texts"),
        (["a" * 1001], None, "at most 1,000"),
        (["a"], {"b": ("x", "y")}, "mapping from names"),
        (["a"], {"a": ("x", "x")}, "two different texts"),
        (["a"], {"a": ("x", "y", "z")}, "two different texts"),
    ],
)
def test_bad_columns_are_refused(names, values, what):
    with pytest.raises(InputError, match=what):
        Columns(names, values)


@pytest.mark.parametrize(
    "found, what",
    [
        (Columns(["smokes", "old"]), "it lacks 'sex'"),
        (Columns([*COLUMNS.names, "city"], COLUMNS.values), "it has 'city'"),
        (
            Columns(["smoke", "sex", "old"]),
            "it lacks 'smokes' and has 'smoke'; rename 'smoke', if 'smokes' is meant",
        ),
        (Columns(["sex", "smokes", "old"], COLUMNS.values), "number 1 is 'sex' where 'smokes' is due"),
        (
            Columns(COLUMNS.names, {"sex": ("male", "female")}),
            "column 'sex': has 'male' and 'female' for 0 and 1",
        ),
        (Columns(COLUMNS.names), "has '0' and '1' for 0 and 1 where 'female' and 'male' was fitted"),
    ],
)
def test_other_columns_than_those_fitted_are_refused(found, what):
    with pytest.raises(InputError) as refused:
        check_columns(found, COLUMNS, "x")
    assert what in str(refused.value)


def test_same_columns_and_tables_without_names_pass():
    check_columns(Columns(COLUMNS.names, COLUMNS.values), COLUMNS, "x")
    check_columns(None, COLUMNS, "x")
    check_columns(COLUMNS, None, "x")


@pytest.mark.parametrize("names", [[True, 2], [1.5, 2], ["a" * 1001, "b"], [2**63, 1], ["a"]])
def test_bad_names_of_rows_are_refused(names):
    with pytest.raises((InputError, InputTypeError)):
        check_names(names, 2)


@pytest.mark.parametrize(
    "texts, meaning",
    [
        (["0", "1"], None),
        (["1.0", "0.0", "True", "false"], None),
        ([], None),
        (["1"], None),
        (["Yes", "No"], ("No", "Yes")),
        (["N", "Y"], ("N", "Y")),
        (["on", "off"], ("off", "on")),
        (["b", "a"], ("a", "b")),
        (["Yes"], ("No", "Yes")),
        (["no"], ("no", "yes")),
        (["0", "x"], ("0", "x")),
    ],
)
def test_two_values_have_a_meaning(texts, meaning):
    assert meaning_of(texts) == meaning


@pytest.mark.parametrize(
    "texts, what, value",
    [
        (["1", "2"], "numbers other than 0 and 1 ('2')", "2"),
        (["22", "38"], "numbers other than 0 and 1 ('22', '38')", "22"),
        (["2020-01-01", "2021-02-03"], "dates or times", "2020-01-01"),
        (["a", "b", "c", "d"], "4 different values ('a', 'b', 'c', ...)", "c"),
        (["x"], "one value only, 'x'", "x"),
        ([str(k) + "x" for k in range(100)], "more than 64 different values", "2x"),
    ],
)
def test_other_columns_are_refused_at_a_value(texts, what, value):
    with pytest.raises(Unfit) as refused:
        meaning_of(texts)
    assert what in refused.value.text and refused.value.value == value and refused.value.remedy


def test_values_that_a_mapping_does_not_know_are_refused():
    check_meaning(["male"], ("female", "male"))
    check_meaning(["0", "TRUE"], None)
    for texts, due in ((["Male"], ("female", "male")), (["1"], ("female", "male")), (["yes"], None)):
        with pytest.raises(Unfit, match="where the posterior knows"):
            check_meaning(texts, due)
