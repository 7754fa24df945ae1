"""What queries take: forms of images and masks, and what they refuse."""

import copy

import numpy as np
import pytest

from dpmix.base.errors import InputError, InputTypeError
from dpmix.chain.plan import Plan
from dpmix.chain.record import ChainRecord, Draws
from dpmix.datasets import Images
from dpmix.model.prior import Prior
from dpmix.posterior.posterior import Posterior
from dpmix.queries.query import log_predictive, predict_proba, sample_predictive
from support.query_cases import LEFT, VARIED, X, posterior_of

QUERIES = (predict_proba, sample_predictive, log_predictive)


@pytest.fixture
def posterior():
    return posterior_of(X, VARIED, chains=2)


def test_shapes(posterior):
    images = Images(X, shape=(2, 2))
    for x in (X.tolist(), X.astype(bool), X.astype(float), X.astype(np.int64), np.asfortranarray(X), images):
        np.testing.assert_array_equal(predict_proba(posterior, x, LEFT), predict_proba(posterior, X, LEFT))
    many, one = predict_proba(posterior, X, LEFT), predict_proba(posterior, X[0], LEFT)
    assert (many.shape, one.shape, many.dtype) == ((6, 4), (4,), np.float64)
    assert predict_proba(posterior, X[:1], LEFT).shape == (1, 4)
    assert sample_predictive(posterior, X[0], LEFT, size=7).shape == (7, 4)
    assert sample_predictive(posterior, X, LEFT).shape == (1, 6, 4)
    assert log_predictive(posterior, X).shape == (6,)
    assert isinstance(log_predictive(posterior, X[0]), float)


def test_ways_to_hide(posterior):
    """A mask, NaN, a masked array and any rubbish below a mask ask the same; what x hides stays hidden."""
    expected = predict_proba(posterior, X, LEFT), log_predictive(posterior, X, LEFT)
    with_nan = np.where(LEFT, X, np.nan)
    masked = np.ma.masked_array(np.where(LEFT, X, 7), mask=np.broadcast_to(~LEFT, X.shape))
    rubbish = np.where(LEFT, X, [0, 0, np.inf, -3.5])
    one, each = np.ones(4, bool), np.ones((6, 4), bool)
    for x, observed in ((with_nan, None), (masked, None), (rubbish, LEFT), (with_nan, one), (masked, each)):
        np.testing.assert_array_equal(predict_proba(posterior, x, observed), expected[0])
        np.testing.assert_array_equal(log_predictive(posterior, x, observed), expected[1])
        np.testing.assert_array_equal(
            sample_predictive(posterior, x, observed, seed=0), sample_predictive(posterior, X, LEFT, seed=0)
        )
    np.testing.assert_array_equal(log_predictive(posterior, with_nan, given=np.ones(4, bool)), 0)


def test_fewer_draws(posterior):
    first_and_last = posterior_of(X, [VARIED[0], VARIED[-1]])
    two = log_predictive(posterior, X, draws=2)
    np.testing.assert_allclose(two, log_predictive(first_and_last, X), rtol=0, atol=1e-13)
    np.testing.assert_array_equal(log_predictive(posterior, X, draws=100), log_predictive(posterior, X))


def test_inputs_come_back_unchanged(posterior):
    x, observed = np.where(LEFT, X, np.nan), np.ones(X.shape, bool)
    arrays = x, observed, posterior.labels, posterior.alpha, posterior.a, posterior.b, posterior.table.packed
    before, names = copy.deepcopy(arrays), set(vars(posterior))
    for query in QUERIES:
        query(posterior, x, observed)
    for then, now in zip(before, arrays, strict=True):
        np.testing.assert_array_equal(then, now)
    assert set(vars(posterior)) == names


# Bad input.


def wrong_x():
    inf, seven = X.astype(float), X.copy()
    inf[2, 1], seven[3, 2] = np.inf, 7
    return [
        (inf, InputError, "x must contain only 0 and 1; found inf at row 2, column 1"),
        (seven, InputError, "x must contain only 0 and 1; found 7 at row 3, column 2"),
        ([0, 1, 0, 0.5], InputError, "found 0.5"),
        (X[:, :3], InputError, r"x must be one image \(4,\) or many \(m, 4\).*got shape \(6, 3\)"),
        (X.reshape(6, 2, 2), InputError, r"got shape \(6, 2, 2\).*x.reshape\(-1, 4\)"),
        (np.zeros((0, 4)), InputError, r"x must hold at least one image; got shape \(0, 4\)"),
        ([], InputError, "got shape"),
        (1, InputError, "got shape"),
        ([[0, 1], [0]], InputError, "x must be a rectangular array"),
        (X.astype(str), InputTypeError, "x must hold numbers or booleans"),
        (X.astype(object), InputTypeError, "got dtype object"),
        (X.astype(complex), InputTypeError, "got dtype complex"),
        (None, InputTypeError, "got dtype object"),
    ]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(("x", "error", "text"), wrong_x())
def test_wrong_x(posterior, query, x, error, text):
    with pytest.raises(error, match=text):
        query(posterior, x)


WRONG_MASKS = [
    (X, InputTypeError, "must hold True where.*got dtype uint8"),
    (np.ones(3, bool), InputError, r"must have shape \(4,\) for all images or \(6, 4\) for each; got \(3,\)"),
    (np.ones((5, 4), bool), InputError, r"got \(5, 4\)"),
    (np.ones((1, 4), bool), InputError, r"got \(1, 4\)"),
    (np.ones((2, 2), bool), InputError, r"got \(2, 2\).*ravel"),
    (True, InputError, r"got \(\)"),
    ([[True], [True, False]], InputError, "rectangular"),
    ("top", InputTypeError, "got dtype <U3"),
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(("mask", "error", "text"), WRONG_MASKS)
def test_wrong_masks(posterior, query, mask, error, text):
    with pytest.raises(error, match="observed.*" + text):
        query(posterior, X, mask)
    if query is log_predictive:
        with pytest.raises(error, match="given.*" + text):
            query(posterior, X, given=mask)


def test_one_image_takes_one_mask(posterior):
    with pytest.raises(InputError, match=r"observed must have shape \(4,\); got \(6, 4\)"):
        predict_proba(posterior, X[0], np.ones((6, 4), bool))


@pytest.mark.parametrize("query", QUERIES)
def test_wrong_posterior_and_draws(posterior, query):
    with pytest.raises(InputTypeError, match="posterior must be a dpmix.Posterior; got str"):
        query("run", X)
    plan = Plan.checked(Prior(), 1, 2, 1, 1, "one", 0)
    burning = Posterior(posterior.table, plan, [ChainRecord(None, Draws.empty(6, 4))], "0")
    with pytest.raises(
        InputError, match="posterior must hold at least one draw.*more sweeps with dpmix.resume"
    ):
        query(burning, X)
    for draws, error in ((0, InputError), (1.5, InputTypeError), (True, InputTypeError)):
        with pytest.raises(error, match="draws must be"):
            query(posterior, X, draws=draws)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"size": 0}, InputError),
        ({"size": 2.0}, InputTypeError),
        ({"seed": -1}, InputError),
        ({"seed": "a"}, InputTypeError),
    ],
)
def test_wrong_size_and_seed(posterior, arguments, error):
    with pytest.raises(error, match="must be"):
        sample_predictive(posterior, X, LEFT, **arguments)
