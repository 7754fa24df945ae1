"""Queries about tables: a frame in, a frame out, with the columns that were fitted."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import dpmix
from dpmix.base.errors import InputError
from dpmix.queries import assign, denoise, predict_labels, predict_mode, responsibilities

FRAME = pd.DataFrame(
    {
        "smokes": pd.array([True, False] * 20, dtype="boolean"),
        "sex": ["male", "female"] * 20,
        "old": [1.0, 0.0] * 19 + [np.nan, 0.0],
    },
    index=[f"p{k}" for k in range(40)],
)
LABELS = np.arange(40) % 2


@pytest.fixture(scope="module")
def posterior():
    return dpmix.sample(
        FRAME, labels=LABELS, chains=1, sweeps=10, init="random:2", seed=0, jobs=1, progress=False
    )


@pytest.fixture(scope="module")
def new():
    return FRAME.iloc[:4].assign(smokes=pd.array([True, None, False, None], dtype="boolean"))


def plain(frame):
    on = np.column_stack([frame.smokes.fillna(False), frame.sex == "male", frame.old.fillna(0)]).astype(float)
    return np.where(frame.isna(), np.nan, on)


ASK = {
    "predict_proba": (lambda p, x: dpmix.predict_proba(p, x), ["smokes", "sex", "old"]),
    "predict_mode": (lambda p, x: predict_mode(p, x), ["smokes", "sex", "old"]),
    "denoise": (lambda p, x: denoise(p, x, 0.1, 0.1), ["smokes", "sex", "old"]),
    "predict_labels": (lambda p, x: predict_labels(p, x), ["0", "1"]),
    "responsibilities": (lambda p, x: responsibilities(p, x), None),
}


@pytest.mark.parametrize("name", ASK)
def test_a_frame_comes_back_with_names_and_index(name, posterior, new):
    ask, columns = ASK[name]
    found, expected = ask(posterior, new), ask(posterior, plain(new))
    np.testing.assert_array_equal(found.to_numpy(), expected)
    assert list(found.index) == list(new.index)
    assert list(found.columns) == (columns or [*map(str, range(expected.shape[1] - 1)), "new"])
    there = ask(posterior, pl.from_pandas(new))
    assert isinstance(there, pl.DataFrame)
    np.testing.assert_array_equal(there.to_numpy(), expected)


def test_a_number_each_comes_back_as_a_column(posterior, new):
    found = dpmix.log_predictive(posterior, new)
    assert isinstance(found, pd.Series) and found.name == "log_predictive"
    np.testing.assert_array_equal(found, dpmix.log_predictive(posterior, plain(new)))
    assert list(found.sort_values().index[:1]) == [new.index[found.argmin()]]
    assert dpmix.sample_predictive(posterior, new, size=2, seed=0).shape == (2, 4, 3)


def test_new_frames_are_checked_against_the_fitted_columns(posterior, new):
    others = (
        new[["sex", "smokes", "old"]],
        new.drop(columns="old"),
        new.assign(city=1),
        new.assign(sex="Male"),
        new.rename(columns={"old": "age"}),
    )
    for other in others:
        with pytest.raises(InputError, match="x"):
            dpmix.predict_proba(posterior, other)
    images = dpmix.Images([[1, 0, 1]], columns=["smokes", "old", "sex"])
    with pytest.raises(InputError, match="in the order that was fitted"):
        dpmix.predict_proba(posterior, images)
    unnamed = pd.DataFrame(plain(new))
    np.testing.assert_array_equal(
        dpmix.predict_proba(posterior, unnamed), dpmix.predict_proba(posterior, plain(new))
    )


def test_new_rows_in_old_clusters(posterior, new):
    estimate = dpmix.partitions.point_estimate(posterior)
    found = assign(posterior, new, estimate)
    assert found.names == tuple(new.index)
    frame = found.to_frame()
    assert list(frame.index) == list(new.index)
    assert list(frame.columns) == ["cluster", "probability", "new", "log_predictive"]
    np.testing.assert_array_equal(found.cluster, assign(posterior, plain(new), estimate.labels).cluster)
    assert (found.log_predictive[found.odd_first()] == np.sort(found.log_predictive)).all()
    renumbered = assign(posterior, new, 10 * estimate.labels + 5)
    np.testing.assert_array_equal(renumbered.cluster, 10 * found.cluster + 5)
    assert list(estimate.to_frame().index) == list(FRAME.index)
    for bad in (estimate.labels[:3], estimate.labels.astype(float)):
        with pytest.raises(InputError, match="partition must hold"):
            assign(posterior, new, bad)


def test_names_of_columns_for_an_array(tmp_path):
    x = np.eye(4, dtype=int)
    options = {"chains": 1, "sweeps": 2, "seed": 0, "jobs": 1, "progress": False}
    assert dpmix.sample(x, columns=list("abcd"), **options).columns.names == tuple("abcd")
    with pytest.raises(InputError, match="one name for each of the 4 columns; got 3"):
        dpmix.sample(x, columns=list("abc"), **options)
    assert "4 rows of 4 columns" in repr(dpmix.sample(x, columns=list("abcd"), **options))


def test_arviz_coordinates_are_names(posterior):
    pytest.importorskip("arviz_base")
    tree = posterior.to_arviz(labels=True)
    found = tree["posterior"].coords["image"].values.tolist()
    assert found == list(FRAME.index)
    pixels = next(group.coords["pixel"] for group in tree.children.values() if "pixel" in group.coords)
    assert pixels.values.tolist() == ["smokes", "sex", "old"]
