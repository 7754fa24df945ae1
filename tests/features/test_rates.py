"""Learning rates that short tries find: what is tried, what is kept, and what else stays as it is."""

import json
import math
import os
import signal

import numpy as np
import pytest
from sklearn.base import clone

from dpmix import InputError, features
from dpmix.datasets import load_digits, load_grey
from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet, NetworkClassifier, rates
from dpmix.features.epochs import Diverged
from dpmix.features.interruption import Interruption
from dpmix.features.rates import settle_rate

QUICK = {"n_iter": 2, "batch_size": 50, "random_state": 0}
MAKE = {
    "rbm": lambda **options: BernoulliRBM(8, **QUICK | options),
    "autoencoder": lambda **options: Autoencoder(8, **QUICK | options),
    "classifier": lambda **options: NetworkClassifier(8, **QUICK | options),
}


@pytest.fixture(scope="module")
def digits():
    return load_digits()[:300]


def weights(estimator):
    return estimator._all_layers()[0][0]


class Trained:
    """An estimator whose error at each rate is given, and which notes what is asked of it."""

    _figure, _usual_rate = "validation_loss", 0.1

    def __init__(self, error, n_iter=3, batch_size=10, **options):
        self.error, self.n_iter, self.batch_size, self.learning_rate = error, n_iter, batch_size, "auto"
        self.plateau, self.verbose, self.tried = (0.01, 2), True, []
        vars(self).update(options)

    def train(self, trial, kept, aside, seed):
        self.tried.append((trial, trial.learning_rate_, kept, aside, seed.generate_state(1)[0]))
        return {"validation_loss": [math.nan, self.error(trial.learning_rate_)]}

    def settle(self, n=100, seed=0):
        settle_rate(self, self.train, n, np.random.SeedSequence(seed), Interruption())
        return self.learning_rate_


def bowl(best):
    """An error that is least at a rate `best`, and falls by more than a fifth with each try on the way there."""
    return lambda rate: 2 ** abs(math.log10(rate / best))


@pytest.mark.parametrize(
    ("error", "found", "n_tries"),
    [
        (bowl(1), 1.0, 4),
        (bowl(0.1), 0.1, 3),
        (bowl(0.001), 0.001, 7),
        (lambda rate: 1.0, 0.1, 3),
        (lambda rate: 1 / (1 + 0.05 * rate), 0.1, 3),  # better, but by too little
        (lambda rate: 1.0 if rate < 0.02 else math.inf, 0.01, 5),
        (lambda rate: math.nan, 0.1, 12),
    ],
)
def test_tries_climb(error, found, n_tries):
    estimator = Trained(error)
    rate = estimator.settle()
    assert rate == pytest.approx(found, rel=0.06) and len(estimator.tried) == n_tries


def test_training_that_leaves_the_numbers_is_a_bad_try():
    def diverging(rate):
        if rate > 0.2:
            raise Diverged("too high")
        return 1 / rate

    assert Trained(diverging).settle() == 0.1

    def failing(rate):
        raise InputError("another mistake")

    with pytest.raises(InputError, match="another mistake"):
        Trained(failing).settle()


@pytest.mark.parametrize(
    ("best", "n_iter", "found"),
    [(1, 10, 1.0), (1, 160, 0.5), (1, 10**6, 0.32), (0.1, 10**6, 0.1), (0.01, 10**6, 0.01)],
)
def test_long_trainings_take_calmer_rates_but_not_below_the_usual(best, n_iter, found):
    """Tries of 90 of 100 rows in batches of 10 are 45 passes; 160 are nearly four times as many mini-batches."""
    assert Trained(bowl(best), n_iter=n_iter).settle() == pytest.approx(found, rel=0.06)


def test_tries_are_short_silent_and_alike():
    estimator = Trained(bowl(1), n_iter=1000, pretrain=500, n_iter_output=3, early_stopping=True)
    estimator.settle(2000)
    trials, tried, kept, aside, seeds = zip(*estimator.tried, strict=True)
    assert len(set(tried)) == len(tried) and len(set(seeds)) == 1
    assert all(rows is kept[0] for rows in kept) and all(rows is aside[0] for rows in aside)
    assert sorted({*kept[0], *aside[0]}) == list(range(2000)) and len(aside[0]) == 200
    short = trials[0]
    assert (short.n_iter, short.pretrain, short.n_iter_output) == (3, 3, 3)  # 180 mini-batches a pass
    assert not short.verbose and not short.early_stopping and short.plateau is None
    assert estimator.verbose and estimator.n_iter == 1000 and estimator.plateau == (0.01, 2)
    large = Trained(bowl(1))
    large.settle(10**6)
    assert len(large.tried[0][2]) + len(large.tried[0][3]) == rates._MOST_ROWS
    few = Trained(bowl(1))
    few.settle(2)
    np.testing.assert_array_equal(few.tried[0][2], few.tried[0][3])


@pytest.mark.parametrize("name", MAKE)
def test_tries_of_the_same_seed_are_the_same(name, digits, monkeypatch):
    errors = []
    monkeypatch.setattr(
        rates,
        "_climb",
        lambda error, start: errors.append([error(rate) for rate in (start, start, 0.03)]) or start,
    )
    for seed in (0, 0, 1):
        MAKE[name](random_state=seed).fit(digits.x, digits.y)
    (first, again, other), (same, _, _), (different, _, _) = errors
    assert first == again == same != other and different != first


@pytest.mark.parametrize("name", MAKE)
def test_same_seed_same_rate_and_the_training_is_that_of_the_rate(name, digits):
    found = MAKE[name](learning_rate="auto").fit(digits.x, digits.y)
    again = MAKE[name]().fit(digits.x, digits.y)
    assert found.learning_rate == "auto" and found.learning_rate_ == again.learning_rate_ > 0
    given = MAKE[name](learning_rate=found.learning_rate_).fit(digits.x, digits.y)
    for other in (again, given):
        np.testing.assert_array_equal(weights(other), weights(found))
    assert set(found.history_["learning_rate"]) == {given.learning_rate_}
    assert clone(found).get_params()["learning_rate"] == "auto"


def test_layers_have_rates_of_their_own(digits):
    net = DeepBeliefNet((8, 4), rbm=BernoulliRBM(n_iter=5, batch_size=20), random_state=0).fit(digits)
    given = [rbm.learning_rate_ for rbm in net.rbms_]
    layers = [BernoulliRBM(n_iter=5, batch_size=20, learning_rate=rate) for rate in given]
    wanted = DeepBeliefNet((8, 4), rbm=layers, random_state=0).fit(digits)
    np.testing.assert_array_equal(net.transform(digits), wanted.transform(digits))


def test_networks_from_features_and_with_phases(digits):
    init = BernoulliRBM(8, learning_rate=0.1, **QUICK).fit(digits)
    before = init.components_.copy()
    net = Autoencoder(init=init, n_iter=0).fit(digits)
    assert net.learning_rate_ == 0.001 and net.n_iter_ == 0
    net = Autoencoder(init=init, pretrain=1, early_stopping=True, **QUICK).fit(digits)
    network = NetworkClassifier(init=init, n_iter_output=1, **QUICK | {"n_iter": 3}).fit(digits, digits.y)
    assert (
        net.learning_rate_ == 0.001 and network.learning_rate_ >= 0.001
    )  # not so small that nothing is trained
    np.testing.assert_array_equal(init.components_, before)


def test_partial_fit_finds_a_rate_once(digits, monkeypatch):
    rbm = BernoulliRBM(8, batch_size=20, random_state=0).partial_fit(digits)
    rate = rbm.learning_rate_
    monkeypatch.setattr(rates, "_found_rate", None)
    assert rbm.partial_fit(digits).learning_rate_ == rate
    assert rbm.set_params(learning_rate=0.25).partial_fit(digits).learning_rate_ == 0.25


@pytest.mark.parametrize("name", MAKE)
def test_files_keep_the_rate(name, digits, tmp_path):
    path = tmp_path / "model.npz"
    fitted = MAKE[name]().fit(digits.x, digits.y)
    fitted.save(path)
    back = features.load(path)
    assert (back.learning_rate, back.learning_rate_) == ("auto", fitted.learning_rate_)


@pytest.mark.parametrize("name", MAKE)
def test_files_of_before_have_the_rate_that_was_given(name, digits, tmp_path):
    path = tmp_path / "model.npz"
    MAKE[name](learning_rate=0.25).fit(digits.x, digits.y).save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    values = json.loads(arrays["json"].tobytes())
    del values["learning_rate"]
    np.savez(path, **arrays | {"json": np.frombuffer(json.dumps(values).encode(), np.uint8)})
    assert features.load(path).learning_rate_ == 0.25


@pytest.mark.parametrize("value", ["Auto", "", None, True, 0, [0.1]])
def test_what_is_no_rate(value, digits):
    for make in MAKE.values():
        with pytest.raises(InputError, match="learning_rate must be"):
            make(learning_rate=value).fit(digits.x, digits.y)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_in_a_try(digits, monkeypatch):
    """Before anything is trained it is an exception; a stack keeps the layers below."""

    def strike(*arguments):
        os.kill(os.getpid(), signal.SIGINT)

    find = rates._found_rate
    monkeypatch.setattr(rates, "_found_rate", strike)
    for make in MAKE.values():
        with pytest.raises(KeyboardInterrupt):
            make().fit(digits.x, digits.y)
    with_first = [lambda *arguments: find(*arguments), strike]
    monkeypatch.setattr(rates, "_found_rate", lambda *arguments: with_first.pop(0)(*arguments))
    net = DeepBeliefNet((8, 4), rbm=BernoulliRBM(n_iter=2), random_state=0)
    with pytest.warns(features.TrainingInterrupted, match="2 of 2 epochs of layer 1 of 2"):
        net.fit(digits)
    assert net.interrupted_ and len(net.rbms_) == 1


# Whether it is good.


def held_out_error(model, x):
    return float(np.square(model.reconstruct(x[1400:]) - x[1400:]).mean())


@pytest.mark.slow
def test_a_first_fit_on_the_digits_is_good():
    """A third of the error of the mean image; before, machines were as grey as that."""
    grey = load_grey("digits")
    x, mean = grey.x[:1400], float(grey.x[1400:].var(axis=0).mean())
    net = DeepBeliefNet(random_state=0).fit(x)
    machine, autoencoder = BernoulliRBM(random_state=0).fit(x), Autoencoder(random_state=0).fit(x)
    assert held_out_error(machine, grey.x) < mean / 5
    assert held_out_error(net, grey.x) < mean / 3
    assert held_out_error(autoencoder, grey.x) < mean / 15
    network = NetworkClassifier(random_state=0).fit(x, grey.y[:1400])
    assert network.score(grey.x[1400:], grey.y[1400:]) > 0.9
    fixed = BernoulliRBM(method="pcd", centering=None, learning_rate=0.1, random_state=0).fit(x)
    assert held_out_error(fixed, grey.x) > 0.9 * mean  # can it fail?
