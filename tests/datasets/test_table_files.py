"""Tables in files: what is read, and what is refused with file, line, column and the way out."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dpmix
from dpmix.base.errors import InputError
from dpmix.cli.wording import in_shell_words
from dpmix.datasets import load, load_grey, load_observed
from dpmix.tables.columns import Columns

SURVEY = "id,smokes,sex,rents,kind\nA,1,male,yes,x\nB,0,female,no,y\nC,,male,NA,\nD,1,male,yes,x\n"


@pytest.fixture
def written(tmp_path):
    """A function that writes a text or bytes to a file of a name, and returns its path."""

    def write(content, name="t.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return str(path)

    return write


def test_a_table_with_everything(written):
    images, seen = load_observed(written(SURVEY), index="id", label="kind")
    np.testing.assert_array_equal(images.x, [[1, 1, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]])
    np.testing.assert_array_equal(seen, [[1, 1, 1], [1, 1, 1], [0, 1, 0], [1, 1, 1]])
    assert images.columns == Columns(
        ["smokes", "sex", "rents"], {"sex": ("female", "male"), "rents": ("no", "yes")}
    )
    assert images.names == ("A", "B", "C", "D") and images.classes == ("x", "y")
    np.testing.assert_array_equal(images.y, [0, 1, -1, 0])
    assert images.image_shape == (1, 3)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,0\n0,1\n",
        "\ufeffa,b\r\n1,0\r\n0,1\r\n",
        "a;b\n1;0\n0;1",
        "a\tb\n1\t0\n0\t1\n",
        "a|b\n1|0\n\n0|1\n\n",
        '"a", "b"\n"1","0"\n 0 , 1\n',
        "a,b\nTrue,0.0\nFALSE,1.0\n",
        ",a,b\n0,1,0\n1,0,1\n",
    ],
)
def test_ways_to_write_the_same(written, text):
    images = load(written(text))
    np.testing.assert_array_equal(images.x, [[1, 0], [0, 1]])
    assert images.columns == Columns(["a", "b"]) and images.names is None


REFUSED = {
    "ragged": ("a,b\n1,0\n0\n", "t.csv, line 3: has 1 cell where the header has 2"),
    "ragged after a cell of two lines": ('a,b\n"1\n",0\n0\n', "line 4: has 1 cell"),
    "two header lines": ("a,b\nyears,kg\n1,0\n0,1\n1,1\n", "line 2, column 'a': has 3 different values"),
    "a quote that stays open": ('a,b\n1,0\n"0,1\n1,1\n', "line 3: cannot be read as rows of cells"),
    "a quote in the middle": ('a,b\n1,0\n"0"x,1\n', "line 3: cannot be read as rows of cells"),
    "another delimiter": ("a:b\n1:0\n0:1\n1:1\n", "if other signs part its columns, pass delimiter=..."),
    "dates": ("a,d\n1,2020-01-01\n0,2021-01-01\n1,2020-01-01\n", "line 2, column 'd': holds dates or times"),
    "numbers": ("a,age\n1,1\n0,38\n1,0\n", "line 3, column 'age': holds numbers other than 0 and 1 ('38')"),
    "one value": ("a,c\n1,x\n0,x\n", "line 2, column 'c': has one value only, 'x'"),
    "names twice": ("a,b,a\n1,0,1\n", "line 1: columns 1 and 3 are both called 'a'"),
    "an index": ("id,a\nA,1\nB,0\nC,1\n", "line 4, column 'id'"),
    "no header": ("1,0\n0,1\n", "line 1: holds zeros and ones where names of columns are due"),
    "a column without a name": ("a,,b\n1,0,1\n", "line 1: column 2 has no name"),
    "nothing": ("", "is empty"),
    "no rows": ("a,b\n", "no rows"),
    "three values": (
        "a,c\n1,x\n0,y\n1,z\n1,x\n",
        "line 4, column 'c': has 3 different values ('x', 'y', 'z')",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_files_are_refused_with_the_place_and_the_way_out(written, case):
    text, what = REFUSED[case]
    with pytest.raises(InputError) as refused:
        load_observed(written(text))
    assert what in str(refused.value) and "t.csv" in str(refused.value)
    assert refused.value.remedy


def test_ways_out_lead_out(written):
    survey = written("id,a,d\nA,1,2020-01-01\nB,0,2021-01-01\nC,1,2022-01-01\n")
    with pytest.raises(InputError, match="if it names the rows, pass index='id'; else drop"):
        load(survey)
    with pytest.raises(InputError, match=r"column 'd'.* pass index='d'"):
        load(survey, index="id")
    assert load(survey, index="id", drop=["d"]).names == ("A", "B", "C")
    other = written("a:b\n1:0\n0:1\n1:1\n", "colon.csv")
    assert load(other, delimiter=":").columns.names == ("a", "b")


def test_encodings(written):
    latin = written("naïve,b\n1,0\n0,1\n", encoding="latin-1")
    with pytest.raises(InputError, match=r"line 1: its character 3 is a byte 0xef, .*encoding='latin-1'"):
        load(latin)
    assert load(latin, encoding="latin-1").columns.names[0] == "naïve"
    late = written("a,b\n" + "1,0\n" * 50_000 + "é,1\n", "late.csv", "latin-1")
    with pytest.raises(InputError, match="late.csv, line 50002: its character 1 is a byte 0xe9"):
        load(late)
    wide = written("a,b\n1,0\n0,1\n", "wide.csv", "utf-16")
    with pytest.raises(InputError, match="written in UTF-16.*encoding='utf-16'"):
        load(wide)
    assert len(load(wide, encoding="utf-16")) == 2
    with pytest.raises(InputError, match="one that Python knows"):
        load(latin, encoding="nothing")


def test_fitted_columns_decide(written):
    due = Columns(["sex", "b"], {"sex": ("female", "male")})
    images, _ = load_observed(written("sex,b\nmale,1\nmale,0\n"), columns=due)
    np.testing.assert_array_equal(images.x, [[1, 1], [1, 0]])
    bad = {
        "sex,b\nmale,1\nother,0\n": "line 3, column 'sex': holds 'other' where the posterior knows",
        "b,sex\n1,male\n": "in the order that was fitted",
        "sex,b,x\nmale,1,7\n": "it has 'x'; leave out what is too much: pass drop=['x']",
        "sex\nmale\n": "it lacks 'b'",
        "sexe,b\nmale,1\n": "rename 'sexe', if 'sex' is meant",
    }
    for text, what in bad.items():
        with pytest.raises(InputError) as refused:
            load_observed(written(text), columns=due)
        assert what in str(refused.value) and "t.csv" in str(refused.value)


def test_numbers_are_cut_at_a_threshold(written):
    grey = written("label,p0,p1\n3,0,200\n4,12.5,\n4,128,1e3\n")
    images, seen = load_observed(grey, label="label", threshold=127)
    np.testing.assert_array_equal(images.x, [[0, 1], [0, 0], [1, 1]])
    np.testing.assert_array_equal(seen, [[1, 1], [1, 0], [1, 1]])
    np.testing.assert_array_equal(images.y, [3, 4, 4])
    with pytest.raises(InputError, match="line 3, column 'p1': holds 'x' where a threshold needs numbers"):
        load(written("p0,p1\n1,2\n3,x\n"), threshold=1)


def test_rows_gaps_and_grey_values(written):
    path = written(SURVEY)
    assert load_observed(f"{path}[0:2]", index="id", label="kind")[0].names == ("A", "B")
    with pytest.raises(InputError, match="'smokes' has nothing in row 2; load_observed takes that"):
        load(path, index="id", label="kind")
    grey = load_grey(written("a,b,y\n1,0,3\n0,1,4\n", "g.csv"), label="y")
    assert grey.x.dtype == np.float32 and grey.y.tolist() == [3, 4]
    with pytest.raises(InputError, match="index is for tables"):
        load("digits", index="id")
    with pytest.raises(InputError, match="cannot be inverted"):
        load(written("a,b\n1,0\n")).inverted()


def test_ten_thousand_columns_and_many_values(written):
    names = ",".join(f"c{j}" for j in range(10_000))
    images = load(written(f"{names}\n{','.join('01' * 5000)}\n"))
    assert images.shape == (1, 10_000) and images.x.sum() == 5000
    many = "a,b\n" + "".join(f"{k % 2},x{k}\n" for k in range(40_000))
    with pytest.raises(InputError, match="column 'b': has more than 64 different values"):
        load(written(many))


def test_parquet(tmp_path):
    frame = pd.DataFrame(
        {
            "flag": pd.array([True, None, False], dtype="boolean"),
            "sex": ["m", "f", None],
            "y": ["u", "v", "u"],
        },
        index=["a", "b", "c"],
    )
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    images, seen = load_observed(path, label="y")
    np.testing.assert_array_equal(images.x, [[1, 1], [0, 0], [0, 0]])
    np.testing.assert_array_equal(seen, [[1, 1], [0, 1], [1, 0]])
    assert images.names == ("a", "b", "c") and images.columns.values == {"sex": ("f", "m")}
    frame.assign(age=[1, 2, 3]).to_parquet(path)
    with pytest.raises(InputError, match="t.parquet, column 'age', row 1"):
        load_observed(path, label="y")
    path.write_bytes(b"PAR1" + b"\0" * 50)
    with pytest.raises(InputError, match="t.parquet: cannot be read as Parquet"):
        load(path)


CELLS = st.text(alphabet='01,;"\n\r xé', max_size=4)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6))
def test_any_cells_are_read_or_refused_in_words(tmp_path_factory, rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path = tmp_path_factory.mktemp("any") / "t.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    try:
        images, seen = load_observed(path)
    except InputError as error:
        assert "t.csv" in str(error)
    else:
        assert images.x.max(initial=0) <= 1 and (seen is None or seen.shape == images.shape)


def test_a_frame_and_its_file_are_the_same_table(tmp_path):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": generator.integers(0, 2, 50),
            "b": generator.random(50) < 0.5,
            "c": generator.choice(["no", "yes"], 50),
            "d": np.where(generator.random(50) < 0.2, np.nan, generator.integers(0, 2, 50)),
        },
        index=[f"r{k}" for k in range(50)],
    )
    frame.to_csv(tmp_path / "f.csv")
    images, seen = load_observed(tmp_path / "f.csv")
    options = {"chains": 1, "sweeps": 4, "seed": 0, "jobs": 1, "progress": False}
    one, other = dpmix.sample(frame, **options), dpmix.sample(images, observed=seen, **options)
    assert one.table.digest == other.table.digest
    assert one.columns == other.columns and one.names == other.names


def test_advice_leaves_out_all_that_is_too_much_and_what_was_left_out_before(tmp_path):
    (tmp_path / "more.csv").write_text("b,x,y,z\n1,7,8,9\n")
    with pytest.raises(InputError) as caught:
        load_observed(tmp_path / "more.csv", columns=Columns(["b"]), drop=["z"])
    assert caught.value.remedy.endswith("pass drop=['z', 'x', 'y']")
    assert in_shell_words(caught.value.remedy).endswith("pass --drop z,x,y")
