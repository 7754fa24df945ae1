"""`Prior.coarse` and `Prior.fine`: what they fix, for any form of a table, and that clusters get fewer and more."""

import json

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import dpmix
from dpmix.base.errors import InputError
from dpmix.model.prior import LEAST, MOST, Prior
from dpmix.model.shares import column_shares

X = np.array([[1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]])
SHARES = (X.sum(axis=0) + 0.5) / 5


def test_expects_of_each_pixel_what_it_is():
    prior = Prior.coarse(X, firmness=2)
    np.testing.assert_allclose(prior.a / (prior.a + prior.b), SHARES)
    np.testing.assert_allclose(np.minimum(prior.a, prior.b), 2)
    assert prior.alpha == 0.1 and Prior.fine() == Prior(alpha=dpmix.Gamma(20, 1))
    assert Prior.from_json(json.loads(json.dumps(prior.to_json()))) == prior


FORMS = {
    "booleans": X == 1,
    "images": dpmix.Images(X),
    "frame": pd.DataFrame(X, columns=list("abcd")).astype("boolean"),
    "words": pd.DataFrame(np.where(X[:, :3], "yes", "no"), columns=list("abc")).assign(d=0),
    "sparse": sp.csr_array(X),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_form_of_a_table_has_the_same_shares(form):
    np.testing.assert_allclose(column_shares(FORMS[form]), SHARES)


def test_what_is_not_observed_does_not_count():
    gaps, seen = X.astype(float), np.ones(X.shape, bool)
    gaps[0, 0], seen[0, 0] = np.nan, False
    expected = [2.5 / 4, *SHARES[1:]]
    np.testing.assert_allclose(column_shares(gaps), expected)
    np.testing.assert_allclose(column_shares(X, seen), expected)
    np.testing.assert_allclose(column_shares(sp.csr_array(gaps)), expected)
    np.testing.assert_allclose(column_shares(sp.csr_array(X), seen), expected)


def test_pseudo_counts_stay_in_their_range():
    prior = Prior.coarse(np.zeros((10, 3)), firmness=1e5)
    assert prior.b.max() == MOST and prior.a.min() >= LEAST


@pytest.mark.parametrize("bad", [{"x": X * 2}, {"x": X[0]}, {"x": X, "firmness": 0}, {"x": X, "observed": X}])
def test_bad_arguments(bad):
    with pytest.raises(InputError):
        Prior.coarse(**bad)


def test_clusters_get_fewer_and_the_summary_says_how(digits):
    options = {"chains": 1, "sweeps": 20, "seed": 0, "jobs": 1, "progress": False}
    default = dpmix.sample(digits, **options)
    coarse = dpmix.sample(digits, Prior.coarse(digits), **options)
    assert coarse.n_clusters.max() < 30 < 40 < default.n_clusters.min()
    assert "Prior.coarse(x) gives fewer" in " ".join(default.summary().notes)
    assert "coarse" not in " ".join(coarse.summary().notes)
