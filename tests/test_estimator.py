"""`DPMixture`: scikit-learn's manners, and the same answers as the functions of dpmix."""

import pickle

import joblib
import numba
import numpy as np
import pytest
from sklearn.base import clone, is_clusterer
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import check_estimator

import dpmix
from dpmix import DPMixture
from dpmix.datasets import load_grey
from dpmix.features import BernoulliRBM
from support import naive

QUICK = {"chains": 2, "sweeps": 10, "random_state": 0}
TWO = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)


@pytest.fixture(scope="module")
def digits(digits):
    return digits[:300]


@pytest.fixture(scope="module")
def fitted(digits):
    return DPMixture(**QUICK).fit(digits)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="interpreted sampling takes minutes")
@pytest.mark.filterwarnings("ignore")  # the checks ask for warnings of their own
def test_scikit_learns_checks():
    # Of a sparse X the checks ask whether classes are many, which a clusterer with predict_proba has no word for.
    sparse = {f"check_estimator_sparse_{kind}": "looks at classifier_tags" for kind in ("array", "matrix")}
    check_estimator(DPMixture(chains=1, sweeps=10), expected_failed_checks=sparse)


def test_same_draws_as_sample(fitted, digits):
    posterior = dpmix.sample(digits, chains=2, sweeps=10, seed=0, jobs=1, progress=False)
    np.testing.assert_array_equal(fitted.posterior_.labels, posterior.labels)
    assert fitted.posterior_.image_shape == (8, 8)
    np.testing.assert_array_equal(fitted.labels_, dpmix.partitions.point_estimate(posterior).labels)
    assert is_clusterer(fitted) and fitted.n_clusters_ == fitted.labels_.max() + 1
    np.testing.assert_array_equal(clone(fitted).fit_predict(digits.x), fitted.labels_)
    binder = DPMixture(**QUICK, loss="binder").fit(digits.x)
    np.testing.assert_array_equal(binder.labels_, dpmix.partitions.point_estimate(posterior, "binder").labels)


def test_priors_and_starts_reach_the_sampler():
    a = np.linspace(0.5, 1, 6)
    mixture = DPMixture(
        2.0, a, dpmix.Gamma(2, 1), chains=1, sweeps=4, burn_in=0, thin=2, init=TWO[:, 0], random_state=3
    ).fit(TWO)
    plan = mixture.posterior_.plan
    assert plan.prior == dpmix.Prior(2.0, a, dpmix.Gamma(2, 1))
    assert (plan.burn_in, plan.thin, plan.init, plan.seed) == (0, 2, "labels", 3)
    assert mixture.posterior_.labels.shape == (1, 2, 40)


@pytest.mark.parametrize(
    "observed", [np.ones(6, bool), np.array([1, 0, 1, 1, 0, 0], bool), np.zeros(6, bool)]
)
def test_responsibilities_are_ratios_of_joint_probabilities(observed):
    rows = TWO[[0, 1, 20, 21, 2, 22]].copy()
    rows[1, 2], rows[3, 0] = 0, 1
    seen = np.ones(rows.shape, bool)
    seen[0, 1] = seen[3, 4] = False
    table = np.where(seen, rows, np.nan)
    mixture = DPMixture(1.5, init=rows[:, 0], **QUICK).fit(table)
    z, alpha = mixture.labels_.tolist(), 1.5
    a, b = (np.exp(np.log(draws).mean(axis=(0, 1))) for draws in (mixture.posterior_.a, mixture.posterior_.b))
    images = np.array([[1, 1, 0, 0, 1, 0], [0, 0, 0, 1, 1, 1]])
    found = mixture.transform(np.where(observed, images, np.nan))
    known = np.where(seen, rows, None)
    for image, row in zip(np.where(observed, images, None), found, strict=True):
        joined = np.array([*known, image], object)
        joint = [naive.log_joint([*z, k], joined, alpha, a, b) for k in range(mixture.n_clusters_)]
        wanted = np.exp(np.array(joint) - max(joint))
        np.testing.assert_allclose(row, wanted / wanted.sum(), rtol=1e-9)


def test_clusters_of_the_estimate(fitted, digits):
    members = fitted.labels_ == 0
    a, b = (np.exp(np.log(draws).mean(axis=(0, 1))) for draws in (fitted.posterior_.a, fitted.posterior_.b))
    wanted = (a + digits.x[members].sum(axis=0)) / (a + b + members.sum())
    np.testing.assert_allclose(fitted.cluster_centers_[0], wanted, rtol=1e-12)
    assert fitted.cluster_centers_.shape == (fitted.n_clusters_, 64)
    np.testing.assert_allclose(fitted.weights_, np.bincount(fitted.labels_) / 300)
    proba = fitted.transform(digits.x)
    np.testing.assert_array_equal(fitted.predict_proba(digits), proba)
    np.testing.assert_array_equal(fitted.predict(digits), proba.argmax(axis=1))
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert (fitted.predict(digits) == fitted.labels_).mean() > 0.9
    assert list(fitted.get_feature_names_out()[:2]) == ["dpmixture0", "dpmixture1"]


def test_an_image_like_no_other_still_gets_a_row():
    """Where a cluster not opened yet has all the weight, the others share as their sizes say."""
    x = np.zeros((40, 400), np.uint8)
    x[20:] = 1
    mixture = DPMixture(1.0, 1e-6, 1e-6, chains=1, sweeps=4, init=x[:, 0], random_state=0).fit(x)
    assert mixture.n_clusters_ == 2
    np.testing.assert_allclose(mixture.transform((np.arange(400) % 2)[None]), [[0.5, 0.5]])


def test_answers_are_those_of_the_functions(fitted, digits):
    x, half = digits.x[:20], np.arange(64) < 32
    np.testing.assert_array_equal(fitted.score_samples(x), dpmix.log_predictive(fitted.posterior_, x))
    assert fitted.score(x) == pytest.approx(fitted.score_samples(x).mean())
    wanted = dpmix.predict_proba(fitted.posterior_, x, half)
    np.testing.assert_array_equal(fitted.complete(x, half), wanted)
    np.testing.assert_array_equal(fitted.complete(np.where(half, x, np.nan)), wanted)
    masked = np.ma.MaskedArray(x, mask=np.broadcast_to(~half, x.shape))
    np.testing.assert_array_equal(fitted.complete(masked), wanted)


def test_sample_draws_from_the_predictive(fitted, digits):
    images = fitted.sample(2000, random_state=1)
    assert images.shape == (2000, 64) and images.dtype == np.uint8
    np.testing.assert_array_equal(images, fitted.sample(2000, random_state=1))
    assert (images != fitted.sample(2000, random_state=np.random.default_rng(1))).any()
    nothing = dpmix.predict_proba(fitted.posterior_, digits.x[0], np.zeros(64, bool))
    assert np.abs(images.mean(axis=0) - nothing).max() < 5 * np.sqrt(0.25 / 2000)


def test_binarize(digits):
    grey = digits.x * 10.0 - 5
    wanted = DPMixture(**QUICK).fit(digits.x)
    for other, x in (
        (DPMixture(binarize=0, **QUICK), grey),
        (DPMixture(binarize=0.5, **QUICK), digits.x),
        (DPMixture(binarize=None, **QUICK), digits.x.astype(bool)),
        (DPMixture(binarize=4, **QUICK), grey),
    ):
        x = x.copy()
        x.flags.writeable = False
        np.testing.assert_array_equal(other.fit(x).labels_, wanted.labels_)
        np.testing.assert_array_equal(other.transform(x[:9]), wanted.transform(digits.x[:9]))
    refused = r"X must contain only 0 and 1; found 5 at row 0, column 0; pass binarize=\.\.\."
    with pytest.raises(dpmix.InputError, match=refused):
        DPMixture(binarize=None, **QUICK).fit(np.abs(grey))


def test_grey_values_are_not_cut_in_silence(digits):
    """What `dpmix.sample` refuses is said here, as scikit-learn's checks fit any numbers."""
    grey, said = (
        load_grey("digits")[:300],
        r"^X must hold 0 and 1; found 0\.3125 at row 0, column 2, .*binarize=\.\.\.",
    )
    with pytest.raises(dpmix.InputError, match="only 0 and 1"):
        dpmix.sample(grey)
    for x in (grey, grey.x, np.where(grey.x == 1, np.nan, grey.x)):
        with pytest.warns(DataConversionWarning, match=said) as caught:
            mixture = DPMixture(**QUICK).fit(x)
        assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(DataConversionWarning, match=said):
        mixture.predict(grey)
    exactly = DPMixture(binarize=0, **QUICK).fit(grey)  # who says so is not told
    mixture = DPMixture(**QUICK).fit(
        np.where(digits.x == 1, np.nan, 0)
    )  # nor is it about what is not observed
    assert exactly.n_clusters_ and mixture.n_clusters_


def test_grey_images_are_taken_as_their_table():
    grey = load_grey("digits")
    grey = grey[:100]
    mixture = DPMixture(binarize=0.5, **QUICK).fit(grey)
    np.testing.assert_array_equal(mixture.labels_, DPMixture(binarize=0.5, **QUICK).fit(grey.x).labels_)
    np.testing.assert_array_equal(mixture.predict(grey), mixture.predict(grey.x))
    assert mixture.posterior_.image_shape == (8, 8)


def test_nan_is_not_observed(digits):
    x = digits.x.astype(np.float32)
    hidden = np.random.default_rng(0).random(x.shape) < 0.3
    x[hidden] = np.nan
    mixture = DPMixture(**QUICK).fit(x)
    posterior = dpmix.sample(digits.x, observed=~hidden, chains=2, sweeps=10, seed=0, jobs=1, progress=False)
    np.testing.assert_array_equal(mixture.posterior_.labels, posterior.labels)
    np.testing.assert_array_equal(mixture.score_samples(x[:5]), dpmix.log_predictive(posterior, x[:5]))
    assert mixture.__sklearn_tags__().input_tags.allow_nan
    a, b = (np.exp(np.log(draws).mean(axis=(0, 1))) for draws in (posterior.a, posterior.b))
    for k, centre in enumerate(mixture.cluster_centers_):
        members = x[mixture.labels_ == k]
        on, known = np.nansum(members, axis=0), (~np.isnan(members)).sum(axis=0)
        np.testing.assert_allclose(centre, (a + on) / (a + b + known), rtol=1e-12)
    completed = mixture.complete(x)
    np.testing.assert_array_equal(completed[~hidden], digits.x[~hidden])
    assert ((completed > 0.5) == digits.x)[hidden].mean() > 0.75


@pytest.mark.parametrize("copy", [lambda it: pickle.loads(pickle.dumps(it)), joblib.hash])
def test_pickles(fitted, digits, copy):
    first, again = copy(fitted), copy(fitted)
    if isinstance(first, str):
        assert first == again
        return
    np.testing.assert_array_equal(first.transform(digits.x), fitted.transform(digits.x))
    np.testing.assert_array_equal(first.score_samples(digits.x[:9]), fitted.score_samples(digits.x[:9]))
    assert not first.posterior_.labels.flags.writeable
    assert first.posterior_.table.digest == fitted.posterior_.table.digest


def test_pickle_holds_no_working_arrays(fitted):
    before = len(pickle.dumps(fitted))
    assert fitted.posterior_.table.runs  # cached now, and derived
    assert len(pickle.dumps(fitted)) == before


def test_random_states():
    def labels(state):
        return DPMixture(chains=1, sweeps=5, random_state=state).fit(TWO).posterior_.a

    first = labels(np.random.default_rng(1))
    np.testing.assert_array_equal(first, labels(np.random.default_rng(1)))
    assert (first != labels(1)).any()
    np.testing.assert_array_equal(labels(np.random.RandomState(1)), labels(np.random.RandomState(1)))
    assert (labels(None) != labels(None)).any()


def test_workers_give_the_same_draws(fitted, digits):
    other = clone(fitted).set_params(n_jobs=2).fit(digits)
    np.testing.assert_array_equal(other.posterior_.labels, fitted.posterior_.labels)


def test_pipeline_and_grid_search(digits):
    steps = [
        ("rbm", BernoulliRBM(16, n_iter=5, batch_size=20, codes="binary", random_state=0)),
        ("mixture", DPMixture(**QUICK)),
    ]
    pipeline = clone(Pipeline(steps)).fit(digits.x)
    codes = pipeline["rbm"].transform(digits.x)
    np.testing.assert_array_equal(pipeline.predict(digits.x), pipeline["mixture"].predict(codes))
    np.testing.assert_array_equal(pipeline.transform(digits.x), pipeline["mixture"].transform(codes))
    assert pipeline.score(digits.x) == pytest.approx(pipeline["mixture"].score(codes))
    search = GridSearchCV(DPMixture(chains=1, sweeps=5, random_state=0), {"a": [1e-3, 1.0], "b": [1.0]}, cv=2)
    assert search.fit(digits.x).best_params_ == {
        "a": 1.0,
        "b": 1.0,
    }  # -log 1e-3 for each pixel that surprises
    assert search.best_score_ == pytest.approx(search.cv_results_["mean_test_score"].max())
    frame = pipeline.set_output(transform="default").transform(digits.x[:3])
    assert frame.shape == (3, pipeline["mixture"].n_clusters_)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"alpha": 0}, "alpha must be finite and greater than 0"),
        ({"a": [1.0, 2.0]}, "a must be one number or one for each of the 6 pixels; got 2"),
        ({"b": "many"}, "b must be"),
        ({"binarize": "yes"}, "binarize must be a number"),
        ({"loss": "map"}, "loss must be one of 'vi', 'binder'"),
        ({"chains": 0}, "chains must be at least 1"),
        ({"sweeps": 2.5}, "sweeps must be an integer"),
        ({"burn_in": 100}, "burn_in must be less than sweeps"),
        ({"init": "kmeans"}, "init must be"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"n_jobs": 1.5}, "n_jobs must be an integer"),
        ({"verbose": "very"}, "verbose must be True or False"),
        ({"random_state": -1}, "random_state must be at least 0"),
        ({"random_state": "seed"}, "random_state must be an integer"),
    ],
)
def test_bad_parameters_are_named_before_work_starts(settings, match):
    with pytest.raises(dpmix.InputError, match=match):
        DPMixture(**settings).fit(TWO)


def test_unusable_tables_and_unfitted_use(fitted, digits):
    for x, match in (
        (np.full((4, 64), np.inf), "infinity"),
        (np.zeros(64), "Reshape"),
        ([["a"] * 64] * 3, "numeric"),
        (np.zeros((0, 64)), "0 sample"),
        (np.zeros((4, 0)), "0 feature"),
    ):
        with pytest.raises(dpmix.InputError, match=match):
            DPMixture(**QUICK).fit(x)
    for use in ("predict", "transform", "predict_proba", "score_samples", "score", "complete"):
        with pytest.raises(NotFittedError):
            getattr(DPMixture(), use)(digits.x)
        with pytest.raises(dpmix.InputError, match="X has 63 features"):
            getattr(fitted, use)(digits.x[:, 1:])
    with pytest.raises(NotFittedError):
        DPMixture().sample()
    with pytest.raises(dpmix.InputError, match="n_samples must be at least 1"):
        fitted.sample(0)
    with pytest.raises(dpmix.InputError, match="observed must have shape"):
        fitted.complete(digits.x, np.ones(3, bool))
