"""`DPMixture` and tables: frames of any columns, and sparse matrices."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from dpmix import DPMixture
from dpmix.base.errors import InputError

QUICK = {"chains": 1, "sweeps": 8, "init": "random:2", "random_state": 0}
FRAME = pd.DataFrame(
    {"smokes": pd.array([1, 0, None, 0] * 10, dtype="Int8"), "sex": ["male", "female"] * 20},
    index=[f"p{k}" for k in range(40)],
)
CODES = np.column_stack([[1, 0, np.nan, 0] * 10, [1, 0] * 20])


@pytest.fixture(scope="module")
def mixture():
    return DPMixture(**QUICK).fit(FRAME)


def test_a_frame_is_the_table_that_it_stands_for(mixture):
    plain = DPMixture(**QUICK).fit(CODES)
    np.testing.assert_array_equal(mixture.labels_, plain.labels_)
    np.testing.assert_allclose(mixture.transform(FRAME), plain.transform(CODES))
    np.testing.assert_allclose(mixture.score_samples(pl.from_pandas(FRAME)), plain.score_samples(CODES))
    np.testing.assert_allclose(mixture.complete(FRAME), plain.complete(CODES))


def test_names_and_values_are_kept(mixture):
    assert mixture.feature_names_in_.tolist() == ["smokes", "sex"]
    assert mixture.posterior_.columns.values == {"sex": ("female", "male")}
    assert mixture.posterior_.names == tuple(FRAME.index)
    numbers = DPMixture(**QUICK).fit(FRAME[["smokes"]].astype(float).assign(old=1.0))
    assert numbers.posterior_.columns.names == ("smokes", "old")


def test_other_columns_and_values_are_refused(mixture):
    for other in (FRAME[["sex", "smokes"]], FRAME.drop(columns="sex"), FRAME.assign(sex="Male")):
        with pytest.raises(ValueError):
            mixture.predict(other)
    with pytest.raises(InputError, match="column 'age', row 2"):
        DPMixture(**QUICK).fit(FRAME.assign(age=range(40)))


def test_predict_is_an_array_whatever_transform_gives():
    frames = DPMixture(**QUICK).set_output(transform="pandas").fit(FRAME)
    assert isinstance(frames.transform(FRAME), pd.DataFrame)
    assert frames.predict(FRAME).shape == (40,)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_array])
def test_sparse_is_the_same_as_dense(kind):
    x = (np.random.default_rng(0).random((40, 30)) < 0.2).astype(float)
    x[::7, ::5] = np.nan
    dense, sparse = DPMixture(**QUICK).fit(x), DPMixture(**QUICK).fit(kind(x))
    np.testing.assert_array_equal(dense.labels_, sparse.labels_)
    np.testing.assert_array_equal(dense.predict(x), sparse.predict(kind(x)))
    np.testing.assert_allclose(dense.score_samples(x), sparse.score_samples(kind(x)))
    np.testing.assert_allclose(dense.complete(x), sparse.complete(kind(x)))


def test_words_of_documents():
    texts = ["cat dog cat", "dog cat bird", "sun moon", "moon star sun sun"] * 10
    pipe = make_pipeline(CountVectorizer(binary=True), DPMixture(**QUICK)).fit(texts)
    assert len(set(pipe.predict(texts)[:2])) == 1 and pipe[-1].n_clusters_ == 2
    with pytest.warns(DataConversionWarning, match="found 2 at"):
        counted = make_pipeline(CountVectorizer(), DPMixture(**QUICK)).fit(texts)
    np.testing.assert_array_equal(counted[-1].labels_, pipe[-1].labels_)
    x = CountVectorizer().fit_transform(texts)
    with pytest.raises(InputError, match="found 2"):
        DPMixture(**QUICK, binarize=None).fit(x)
    with pytest.raises(InputError, match="at least 0 for sparse X"):
        DPMixture(**QUICK, binarize=-1.0).fit(x)
