"""Manners that users of scikit-learn and pandas expect: generators as seeds, NaN labels, weights refused by name."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import has_fit_parameter

import dpmix
from dpmix import features
from dpmix.base.arrays import integers_or_unknown
from dpmix.base.checks import check_seed

X = (np.random.default_rng(3).random((30, 9)) < np.linspace(0.1, 0.9, 9)).astype(np.uint8)
QUICK = {"chains": 1, "sweeps": 6, "jobs": 1, "progress": False}


# A generator as a seed.


def test_a_generator_gives_a_seed_of_its_stream_and_moves_on():
    one, two = np.random.default_rng(5), np.random.default_rng(5)
    first, second = check_seed(one), check_seed(one)
    assert first != second and 0 <= first < 2**53
    assert [check_seed(two), check_seed(two)] == [first, second]


def test_sample_remembers_the_seed_that_a_generator_gave():
    posterior = dpmix.sample(X, seed=np.random.default_rng(5), **QUICK)
    seed = posterior.plan.seed
    assert type(seed) is int and seed == check_seed(np.random.default_rng(5))
    np.testing.assert_array_equal(posterior.labels, dpmix.sample(X, seed=seed, **QUICK).labels)


SEEDED = {
    "sample_predictive": lambda p, seed: dpmix.sample_predictive(p, X[0], np.arange(9) < 4, 3, seed),
    "point_estimate": lambda p, seed: dpmix.partitions.point_estimate(p, seed=seed, progress=False).labels,
    "corrupt": lambda p, seed: dpmix.datasets.corrupt(X, dpmix.datasets.MaskingNoise(), seed=seed),
    "mask": lambda p, seed: dpmix.datasets.masks.mask((3, 3), "random:0.5", seed),
    "binarize": lambda p, seed: dpmix.datasets.binarize(X / 2, "stochastic", seed=seed, maximum=1),
}


@pytest.fixture(scope="module")
def posterior():
    return dpmix.sample(X, labels=np.arange(30) % 2, seed=1, **QUICK)


@pytest.mark.parametrize("name", SEEDED)
def test_whatever_takes_a_seed_takes_a_generator(name, posterior):
    one, two = (SEEDED[name](posterior, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("seed", [np.random.RandomState(1), 1.5, "1", True])
def test_what_is_no_seed(seed):
    with pytest.raises(dpmix.InputError, match="seed must be an integer"):
        dpmix.sample(X, seed=seed, **QUICK)


# NaN is a label that is not known.

LABELS = np.where(np.arange(30) % 3, np.arange(30) % 2, -1)
FLOATS = np.where(LABELS < 0, np.nan, LABELS)


def test_nan_labels_are_not_known(posterior):
    integers = dpmix.sample(X, labels=LABELS, seed=1, **QUICK)
    floats = dpmix.sample(X, labels=FLOATS, seed=1, **QUICK)
    np.testing.assert_array_equal(floats.labels, integers.labels)
    np.testing.assert_array_equal(floats.table.classes, LABELS)
    np.testing.assert_array_equal(
        dpmix.predict_proba(posterior, X, np.zeros(9, bool), labels=FLOATS),
        dpmix.predict_proba(posterior, X, np.zeros(9, bool), labels=LABELS),
    )


def test_nan_labels_of_images_and_of_comparisons():
    np.testing.assert_array_equal(dpmix.datasets.Images(X, FLOATS).y, LABELS)
    clusters, known = np.arange(30) % 4, LABELS >= 0
    table = dpmix.partitions.contingency_table(clusters, FLOATS)
    expected = dpmix.partitions.contingency_table(clusters[known], LABELS[known])
    np.testing.assert_array_equal(table.counts, expected.counts)
    np.testing.assert_array_equal(table.classes, [0, 1])
    with pytest.raises(dpmix.InputError, match="masked entries or NaN"):
        dpmix.partitions.compare_labels(clusters, FLOATS)


@pytest.mark.parametrize("wrong", [0.5, np.inf, 1e300])
def test_labels_that_are_no_whole_numbers_are_refused(wrong):
    labels = FLOATS.copy()
    labels[1] = wrong
    assert integers_or_unknown(labels) is labels
    with pytest.raises(dpmix.InputError, match="labels must be integers"):
        dpmix.sample(X, labels=labels, **QUICK)


def test_labels_none_of_which_is_known():
    with pytest.raises(dpmix.InputError, match="at least one image"):
        dpmix.sample(X, labels=np.full(30, np.nan), **QUICK)


# Weights.

ESTIMATORS = {
    "DPMixture": (dpmix.DPMixture(), "fit fit_predict score"),
    "BernoulliRBM": (features.BernoulliRBM(3), "fit partial_fit"),
    "DeepBeliefNet": (features.DeepBeliefNet((3,)), "fit"),
    "Autoencoder": (features.Autoencoder((3,)), "fit"),
    "NetworkClassifier": (features.NetworkClassifier((3,)), "fit"),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_weights_are_refused_by_name(name):
    estimator, methods = ESTIMATORS[name]
    assert not has_fit_parameter(estimator, "sample_weight")
    for method in methods.split():
        with pytest.raises(TypeError, match=f"^sample_weight cannot be given to {name}, .*; repeat rows"):
            getattr(estimator, method)(X, LABELS, sample_weight=np.ones(30))
    with pytest.raises(dpmix.InputError, match="sample_weight"):
        make_pipeline(estimator).fit(X, LABELS, **{f"{name.lower()}__sample_weight": np.ones(30)})


def test_no_weights_are_no_weights():
    mixture = dpmix.DPMixture(chains=1, sweeps=4, n_jobs=1, random_state=0).fit(X, sample_weight=None)
    assert len(mixture.labels_) == 30
