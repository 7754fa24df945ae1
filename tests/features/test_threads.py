"""Training computes on one thread of the BLAS unless `n_jobs` says otherwise, and leaves the others alone."""

import joblib
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import dpmix
from dpmix.datasets import load_digits
from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet, NetworkClassifier, load
from dpmix.features.threads import _allowed


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


class Watch:
    """A schedule that notes the threads there are in every epoch."""

    def __init__(self):
        self.seen = []

    def __deepcopy__(self, memo):
        return self

    def __call__(self, epoch, n_epochs):
        self.seen.append(max(blas_threads()))
        return 1.0


MODELS = [
    lambda **options: BernoulliRBM(8, n_iter=2, **options),
    lambda n_jobs=None, **options: DeepBeliefNet(
        (8, 4), rbm=BernoulliRBM(n_iter=2, **options), n_jobs=n_jobs
    ),
    lambda **options: Autoencoder(8, n_iter=2, **options),
    lambda **options: NetworkClassifier(8, n_iter=2, **options),
]


@pytest.fixture(scope="module")
def digits():
    return load_digits()[:300]


@pytest.mark.parametrize("make", MODELS)
def test_threads_of_a_training(make, digits):
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        for n_jobs, wanted in ((None, 1), (1, 1), (2, max(before)), (-1, max(before))):
            watch = Watch()
            make(schedule=watch, n_jobs=n_jobs).fit(digits, digits.y)
            assert set(watch.seen) == ({wanted} if joblib.cpu_count() > 1 else {1})
            assert blas_threads() == before
        with pytest.raises(dpmix.InputError, match="n_jobs must be an integer"):
            make(n_jobs=1.5).fit(digits, digits.y)
    with threadpool_limits(1, user_api="blas"):
        assert _allowed(2) == 1  # as in a worker process


def test_partial_fit_and_files(digits, tmp_path):
    machine = BernoulliRBM(8, n_jobs=2).partial_fit(digits)
    machine.save(tmp_path / "m.npz")
    assert load(tmp_path / "m.npz").n_jobs == 2


def test_bits_do_not_depend_on_the_cores(digits):
    """Sums of several threads are added in another order, and a machine with more cores has more of them."""
    found = []
    for cores in (1, 2):
        with threadpool_limits(cores, user_api="blas"):
            found.append(Autoencoder((500, 64, 500), n_iter=1, random_state=0).fit(digits).coefs_[0])
    np.testing.assert_array_equal(*found)
