"""Ctrl-C during a training, by real signals: the epochs before stay, bit for bit, and nothing else does."""

import os
import signal
import threading
import time
import warnings

import numpy as np
import pytest

from dpmix import features
from dpmix.datasets import load_digits
from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet, NetworkClassifier, TrainingInterrupted
from dpmix.features.boltzmann.contrastive import ContrastiveDivergence
from dpmix.features.storage import load

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


class Strike:
    """A schedule that stays at 1, and sends Ctrl-C as the epoch of this number, counted from 0, begins."""

    def __init__(self, *epochs):
        self.epochs, self.calls = epochs, 0

    def __deepcopy__(self, memo):
        return self  # the layers of a stack share it

    def __call__(self, epoch, n_epochs):
        if self.calls in self.epochs:
            self.calls += 1
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)  # until Python has seen it
        self.calls += 1
        return 1.0


def noise_that_strikes(call):
    """Noise that changes nothing and sends Ctrl-C at its call of this number, in the middle of an epoch."""
    calls = []

    def noise(x, rng):
        calls.append(len(x))
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        return x.copy()

    return noise


@pytest.fixture(scope="module")
def digits():
    return load_digits()[:500]


QUICK = {"batch_size": 50, "learning_rate": 0.01, "random_state": 0}
INTERRUPTED = "Ctrl-C ended the training of"


def same(found, wanted):
    """Whether two networks hold the same parameters."""
    return all(map(np.array_equal, found.coefs_ + found.intercepts_, wanted.coefs_ + wanted.intercepts_))


@pytest.mark.parametrize(
    "options", [{"method": "pcd"}, {"method": "cd", "momentum": 0.5}, {"centering": "enhanced"}]
)
@pytest.mark.parametrize("update", [31, 35, 40])  # of ten mini-batches an epoch
def test_machine_keeps_the_epochs_before(options, update, digits, monkeypatch):
    options, do, done = options | QUICK, ContrastiveDivergence.update, []

    def strike(self, *arguments):
        do(self, *arguments)
        done.append(arguments)
        if len(done) == update:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)

    wanted = BernoulliRBM(8, n_iter=3, **options).fit(digits)
    monkeypatch.setattr(ContrastiveDivergence, "update", strike)
    with pytest.warns(TrainingInterrupted, match=f"{INTERRUPTED} BernoulliRBM after 3 of 9 epochs") as caught:
        found = BernoulliRBM(8, n_iter=9, **options).fit(digits)
    assert caught[0].filename == __file__
    assert found.interrupted_ and not wanted.interrupted_
    assert found.n_iter_ == 3 and len(found.history_["seconds"]) == 3
    assert found.history_["reconstruction_error"] == wanted.history_["reconstruction_error"]
    for machine in (found, wanted):  # what training carries along is that of the third epoch, too
        machine.partial_fit(digits)
    for name in ("components_", "intercept_hidden_", "intercept_visible_", "h_samples_"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_best_epoch_stays_with_early_stopping(digits):
    options = QUICK | {"early_stopping": True, "n_iter_no_change": 50, "learning_rate": 2.0}
    with pytest.warns(TrainingInterrupted):
        found = BernoulliRBM(8, n_iter=30, schedule=Strike(6), **options).fit(digits)
    wanted = BernoulliRBM(8, n_iter=6, **options).fit(digits)
    np.testing.assert_array_equal(found.components_, wanted.components_)


@pytest.mark.parametrize(
    "make",
    [
        lambda **options: BernoulliRBM(8, **options),
        lambda **options: DeepBeliefNet((8, 4), rbm=BernoulliRBM(**options)),
        lambda **options: Autoencoder(8, **options),
        lambda **options: NetworkClassifier(8, **options),
    ],
)
def test_nothing_to_keep_before_the_first_epoch(make, digits):
    with pytest.raises(KeyboardInterrupt):
        make(schedule=Strike(0), learning_rate=0.01).fit(digits, digits.y)


def test_second_one_is_meant(digits, monkeypatch):
    """After the first one, a network still computes thresholds of its codes."""
    monkeypatch.setattr(
        Autoencoder, "_code", lambda self, x: (os.kill(os.getpid(), signal.SIGINT), time.sleep(1))
    )
    with pytest.raises(KeyboardInterrupt):
        Autoencoder(8, n_iter=9, schedule=Strike(2), **QUICK).fit(digits)


@pytest.mark.parametrize(
    ("strike", "epochs", "text"),
    [
        ((2,), [2], "2 of 4 epochs of layer 1 of 3"),
        ((4,), [4], "4 of 4 epochs of layer 1 of 3"),  # the first epoch of the second layer is lost with it
        ((7,), [4, 3], "3 of 4 epochs of layer 2 of 3"),
        ((9,), [4, 4, 1], "1 of 4 epochs of layer 3 of 3"),
    ],
)
def test_stack_keeps_the_layers_below(strike, epochs, text, digits, tmp_path):
    layer = BernoulliRBM(n_iter=4, batch_size=50, learning_rate=0.1, schedule=Strike(*strike))
    net = DeepBeliefNet((8, 6, 4), rbm=layer, random_state=0)
    with pytest.warns(TrainingInterrupted, match=f"{INTERRUPTED} DeepBeliefNet after {text}"):
        net.fit(digits)
    assert net.interrupted_
    assert [rbm.n_iter_ for rbm in net.rbms_] == epochs
    assert net.transform(digits).shape == (500, (8, 6, 4)[len(epochs) - 1])
    wanted = DeepBeliefNet(
        (8, 6, 4), rbm=[BernoulliRBM(n_iter=n, batch_size=50, learning_rate=0.1) for n in (*epochs, 1, 1)[:3]]
    )
    wanted.set_params(random_state=0).fit(digits)
    for found, rbm in zip(net.rbms_, wanted.rbms_, strict=False):
        np.testing.assert_array_equal(found.components_, rbm.components_)
    for rbm in net.rbms_:
        rbm.set_params(schedule="constant")
    net.save(tmp_path / "net.npz")
    back = load(tmp_path / "net.npz")
    np.testing.assert_array_equal(back.transform(digits), net.transform(digits))
    assert not back.interrupted_ and len(back.fit(digits[:100]).rbms_) == 3


@pytest.mark.parametrize("call", [31, 35, 40])  # of ten mini-batches an epoch
def test_network_keeps_the_epochs_before(call, digits):
    options = QUICK | {"solver": "sgd", "learning_rate": 0.1}
    with pytest.warns(
        TrainingInterrupted, match=f"{INTERRUPTED} Autoencoder after 3 of 9 epochs of all layers"
    ):
        found = Autoencoder(8, n_iter=9, corruption=noise_that_strikes(call), **options).fit(digits)
    wanted = Autoencoder(8, n_iter=3, corruption=noise_that_strikes(10**9), **options).fit(digits)
    assert same(found, wanted) and found.n_iter_ == 3 and len(found.history_["loss"]) == 3
    np.testing.assert_array_equal(found.code_levels_, wanted.code_levels_)
    np.testing.assert_array_equal(found.reconstruct(digits), wanted.reconstruct(digits))


def test_pretraining_is_the_last_stage(digits):
    options = {"pretrain": 4, "activation": "sigmoid", **QUICK}
    with pytest.warns(TrainingInterrupted, match="after 0 of 9 epochs of all layers"):
        found = Autoencoder((8, 4, 8), n_iter=9, corruption=noise_that_strikes(25), **options).fit(digits)
    assert found.n_iter_ == 0 and found.history_ == {} and found.transform(digits).shape == (500, 4)
    fresh = Autoencoder((8, 4, 8), n_iter=1, **QUICK | {"learning_rate": 1e-30}).fit(digits)
    assert not np.array_equal(found.coefs_[0], fresh.coefs_[0])


def test_an_extractor_that_is_fitted_first_is_the_last_stage(digits):
    strike = Strike(3)
    init = BernoulliRBM(8, n_iter=9, schedule=strike, **QUICK)
    with pytest.warns(TrainingInterrupted) as caught:
        found = Autoencoder(init=init, n_iter=5, **QUICK).fit(digits)
    assert [str(each.message) for each in caught] == [
        f"{INTERRUPTED} BernoulliRBM after 3 of 9 epochs",
        f"{INTERRUPTED} Autoencoder after 0 of 5 epochs of all layers",
    ]
    wanted = BernoulliRBM(8, n_iter=3, **QUICK).fit(digits)
    np.testing.assert_array_equal(found.coefs_[0], wanted.components_.T)
    with pytest.warns(TrainingInterrupted, match="BernoulliRBM"), pytest.raises(KeyboardInterrupt):
        init = BernoulliRBM(8, n_iter=9, schedule=Strike(3), **QUICK)
        NetworkClassifier(init=init, **QUICK).fit(digits, digits.y)


def test_classifier_keeps_either_phase(digits):
    init = BernoulliRBM(8, n_iter=1, **QUICK).fit(digits).encoder_layers()
    with pytest.warns(TrainingInterrupted, match="NetworkClassifier after 2 of 9 epochs of all layers"):
        found = NetworkClassifier(init=init, n_iter_output=3, n_iter=9, schedule=Strike(2), **QUICK).fit(
            digits, digits.y
        )
    wanted = NetworkClassifier(init=init, n_iter_output=3, n_iter=2, **QUICK).fit(digits, digits.y)
    assert same(found, wanted) and found.n_iter_ == 2 and len(found.history_["loss"]) == 5
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.warns(TrainingInterrupted, match="after 0 of 9 epochs of all layers"):
        found = NetworkClassifier(init=init, n_iter_output=10**6, n_iter=9, **QUICK).fit(digits, digits.y)
    assert found.n_iter_ == 0 and found.history_["loss"] and found.predict(digits).shape == (500,)


def test_warning_as_error_comes_after_all_is_kept(digits):
    machine = BernoulliRBM(8, n_iter=9, schedule=Strike(2), **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TrainingInterrupted):
            machine.fit(digits)
    assert machine.n_iter_ == 2 and machine.transform(digits).shape == (500, 8)


def test_next_training_knows_nothing_of_it(digits):
    machine = BernoulliRBM(8, n_iter=9, schedule=Strike(2), **QUICK)
    with pytest.warns(features.TrainingInterrupted):
        machine.fit(digits)
    assert machine.fit(digits).n_iter_ == 9 and not machine.interrupted_
