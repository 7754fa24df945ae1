"""Frames of three libraries as zeros and ones, and answers as frames."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dpmix.base.errors import InputError, InputTypeError
from dpmix.tables.columns import Columns
from dpmix.tables.frames import is_frame, new_frame, read_frame

ON = [[1, 1, 1, 0], [0, 0, 0, 1], [1, 0, 1, 0], [0, 1, 0, 0]]
SEEN = [[1, 1, 1, 1], [1, 0, 1, 1], [0, 1, 1, 1], [1, 1, 1, 0]]
CELLS = {
    "flag": [True, False, None, False],
    "sex": ["male", None, "female", "male"],
    "count": [1, 0, 1, 0],
    "share": [0.0, 1.0, 0.0, None],
}


def pandas_nullable():
    frame = pd.DataFrame(CELLS)
    types = {"flag": "boolean", "sex": "category", "count": "Int8", "share": "Float64"}
    return frame.astype(types)


FRAMES = {
    "pandas": lambda: pd.DataFrame(CELLS),  # flags as objects, gaps as NaN
    "nullable": pandas_nullable,
    "strings": lambda: pd.DataFrame(CELLS).astype({"sex": "string"}),
    "pandas on arrow": lambda: pa.table(CELLS).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda: pl.DataFrame(CELLS),
    "polars enum": lambda: pl.DataFrame(CELLS).with_columns(pl.col("sex").cast(pl.Enum(["female", "male"]))),
    "pyarrow": lambda: pa.table(CELLS),
    "dictionary": lambda: pa.table({**CELLS, "sex": pa.array(CELLS["sex"]).dictionary_encode()}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame_is_the_same_table(kind):
    found = read_frame(FRAMES[kind]())
    np.testing.assert_array_equal(np.ma.getdata(found.x), np.array(ON) * SEEN)
    np.testing.assert_array_equal(~np.ma.getmaskarray(found.x), np.array(SEEN) == 1)
    assert found.columns == Columns(CELLS, {"sex": ("female", "male")}) and found.names is None


def test_frames_are_told_from_other_things():
    assert all(is_frame(make()) for make in FRAMES.values()) and is_frame(pl.DataFrame(CELLS).lazy())
    others = (np.eye(2), [[1]], pd.Series([1]), np.ma.masked_array([1]), "digits", None, {"columns": 1})
    assert not any(map(is_frame, others))


def test_a_whole_frame_of_numbers_is_the_same_as_column_by_column():
    x = np.random.default_rng(0).integers(0, 2, (30, 150)).astype(float)
    x[::7, ::11] = np.nan
    frame = pd.DataFrame(x, columns=[f"c{j}" for j in range(150)])
    whole, parts = read_frame(frame), read_frame(frame.iloc[:, :99])
    np.testing.assert_array_equal(whole.x[:, :99].filled(9), parts.x.filled(9))
    np.testing.assert_array_equal(np.ma.getmaskarray(whole.x), np.isnan(x))


def test_index_and_names_are_kept():
    frame = pd.DataFrame({"a": [0, 1], "b": [1, 1]}, index=["x", "y"])
    assert read_frame(frame).names == ("x", "y")
    assert read_frame(frame.set_axis([5, 3])).names == (5, 3)
    assert (
        read_frame(frame.set_axis(pd.to_datetime(["2020-01-01", "2020-01-02"])))
        .names[0]
        .startswith("2020-01-01")
    )
    assert read_frame(pd.DataFrame([[0, 1]])).columns is None  # columns are only numbered
    assert read_frame(pd.DataFrame([[0, 1]], columns=[1990, 2000])).columns.names == ("1990", "2000")


@pytest.mark.parametrize(
    "column, what",
    [
        ([1, 2, 0], "column 'z', row 1: holds numbers other than 0 and 1 ('2')"),
        ([0.5, 1, 0], "row 0: holds numbers other than 0 and 1 ('0.5')"),
        (["a", "b", "c"], "row 2: has 3 different values"),
        (["a", "a", "a"], "row 0: has one value only"),
        (pd.to_datetime(["2020-01-01"] * 3), "column 'z': holds dates or times"),
        (pd.Categorical(["a", "b", "c"]), "row 2: has 3 different values"),
        ([[1], [2], [3]], "3 different values"),
    ],
)
def test_other_columns_are_refused_with_column_and_row(column, what):
    with pytest.raises(InputError) as refused:
        read_frame(pd.DataFrame({"a": [0, 1, 1], "z": column}), "frame")
    assert str(refused.value).startswith("frame, column 'z'") and what in str(refused.value)
    assert refused.value.remedy


def test_whole_frames_are_refused():
    frame = pd.DataFrame([[0, 1]], columns=["a", "a"])
    with pytest.raises(InputError, match="two columns called 'a'"):
        read_frame(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputTypeError, match="lazy frame; collect it first"):
            read_frame(pl.DataFrame({"a": [1]}).lazy())
    with pytest.raises(InputError, match="at least one row"):
        read_frame(pd.DataFrame({"a": []}))


def test_fitted_columns_decide():
    due = Columns(["a", "sex"], {"sex": ("female", "male")})
    frame = pd.DataFrame({"a": [1, 0], "sex": ["male", "male"]})  # one value, which on its own means nothing
    np.testing.assert_array_equal(read_frame(frame, columns=due).x, [[1, 1], [0, 1]])
    for other in (frame[["sex", "a"]], frame.assign(sex="Male"), frame.assign(sex=1), frame.assign(a="yes")):
        with pytest.raises(InputError):
            read_frame(other, columns=due)


def test_ordered_categories_keep_their_order():
    frame = pd.DataFrame({"size": pd.Categorical(["small", "large"], ["small", "large"], ordered=True)})
    assert read_frame(frame).columns.values == {"size": ("small", "large")}
    alone = pd.DataFrame({"size": pd.Categorical(["large", "large"], ["small", "large"], ordered=True)})
    np.testing.assert_array_equal(read_frame(alone).x, [[1], [1]])


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_answers_are_of_the_same_library(kind):
    came = FRAMES[kind]()
    like = read_frame(came).like
    back = like.frame(np.eye(4), ["a", "b", "c", "d"])
    assert type(back) is type(came) and list(back.shape) == [4, 4]
    series = like.series(np.arange(4.0), "v")
    np.testing.assert_array_equal(np.asarray(series), np.arange(4.0))
    made = new_frame({"a": np.arange(2)}, ("x", "y"), kind)
    assert type(made) is type(came)
    with pytest.raises(InputError, match="'nothing'"):
        new_frame({"a": np.arange(2)}, library="nothing")
