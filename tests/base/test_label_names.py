"""Labels that are texts keep their names, in the posterior, in the run folder and in what is asked about them."""

import numpy as np
import pytest

import dpmix
from dpmix.base.label_names import numbered, place_of
from dpmix.model.table import BinaryTable
from dpmix.store.names_file import read_names, write_names


@pytest.mark.parametrize(
    "labels",
    [
        ["owl", None, "cat"],
        np.array(["owl", None, "cat"], object),
        np.array(["owl", np.nan, "cat"], object),
        np.ma.array(["owl", "dog", "cat"], mask=[False, True, False]),
    ],
)
def test_texts_are_numbered_in_the_order_of_the_alphabet(labels):
    numbers, names = numbered(labels)
    assert numbers.tolist() == [1, -1, 0]
    assert names == ("cat", "owl")


def test_series_of_frames_are_labels():
    pandas = pytest.importorskip("pandas")
    assert numbered(pandas.Series(["b", None, "a"], dtype="category"))[0].tolist() == [1, -1, 0]
    assert numbered(pandas.Series(["b", None, "a"], dtype="string"))[0].tolist() == [1, -1, 0]
    numbers, names = numbered(pandas.Series([3, None, 1], dtype="Int64"))
    assert names is None
    np.testing.assert_array_equal(numbers, [3, np.nan, 1])


def test_numbers_stay_as_they_are():
    labels = [0, 1, -1]
    assert numbered(labels)[1] is None
    assert np.array_equal(numbered(labels)[0], labels)
    assert numbered(None) == (None, None)


def test_names_that_are_known_stay_in_their_places():
    assert numbered(["c", "b"], ("a", "b", "c"))[0].tolist() == [2, 1]
    assert place_of(("b", "new", "c"), ("a", "b", "c")).tolist() == [1, 3, 2]
    with pytest.raises(dpmix.InputError, match="found 'd'"):
        numbered(["c", "d"], ("a", "b", "c"))


@pytest.mark.parametrize("labels", [["a", 1.5, None], ["a", "b" * 1001, None]])
def test_odd_labels_are_refused(labels):
    with pytest.raises(dpmix.InputError, match=r"^labels must"):
        numbered(labels)


def test_names_are_written_and_read(tmp_path):
    from dpmix.store.names_file import names_digest

    table = BinaryTable.from_input(np.eye(3), labels=["owl", None, 'c"[at'])
    with open(tmp_path / "names.json", "wb") as file:
        write_names(file, table)
    bare = BinaryTable.from_input(np.eye(3), labels=[1, -1, 0])
    found = read_names(tmp_path / "names.json", bare, {"names": names_digest(table)})
    assert found.label_names == ('c"[at', "owl")
    other = BinaryTable.from_input(np.eye(3), labels=[1, 2, 0])
    with pytest.raises(dpmix.RunError, match="3 different texts"):
        read_names(tmp_path / "names.json", other, {"names": names_digest(table)})


@pytest.mark.slow
def test_posterior_is_asked_by_name(tmp_path):
    x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    labels = np.array(["owl", "cat"])[np.arange(40) // 20]
    options = dict(chains=1, sweeps=10, init="random:2", seed=0, progress=False, jobs=1)
    posterior = dpmix.sample(x, labels=labels, out=tmp_path / "run", **options)
    assert posterior.label_names == dpmix.load(tmp_path / "run").label_names == ("cat", "owl")
    assert dpmix.predict_labels(posterior, x[0]).argmax() == 1
    by_name = dpmix.log_predictive(posterior, x[:2], labels=["owl", None])
    assert np.array_equal(by_name, dpmix.log_predictive(posterior, x[:2], labels=[1, -1]))
    one = dpmix.log_predictive(posterior, x[0], labels="owl")
    assert one == dpmix.log_predictive(posterior, x[0], labels=1)
