"""`BernoulliRBM`, `DeepBeliefNet` and `NetworkClassifier`: what they learn and what they report."""

import doctest
import importlib
import pickle

import numba
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neural_network import BernoulliRBM as SklearnRBM

from dpmix import InputError
from dpmix.features import BernoulliRBM, DeepBeliefNet, NetworkClassifier, load, log_likelihood

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="interpreted training takes minutes")
QUICK = {"n_iter": 10, "batch_size": 20, "random_state": 0}


@pytest.fixture(scope="module")
def digits(digits):
    """Images and labels to learn from, and others."""
    x, y = digits.x.astype(np.float32), digits.y
    return x[:600], y[:600], x[600:900], y[600:900]


@pytest.fixture(scope="module")
def net(digits):
    return DeepBeliefNet(
        (40, 20), rbm=BernoulliRBM(n_iter=60, batch_size=20, schedule="linear"), random_state=0
    ).fit(digits[0])


@pytest.mark.parametrize("name", ["boltzmann.rbm", "boltzmann.dbn", "networks.classifier", "epochs"])
def test_examples(name):
    found = doctest.testmod(importlib.import_module(f"dpmix.features.{name}"))
    assert found.attempted and not found.failed


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"method": "cd"},
        {"method": "cd", "sample_visible": True, "n_gibbs": 2},
        {"centering": "data"},
        {"centering": "enhanced", "momentum": [0.5, 0.8]},
        {"weight_decay": 1e-3, "schedule": "linear"},
        {"sample_data": True},
    ],
)
def test_every_way_of_training_raises_the_likelihood(digits, changes):
    x, _, held, _ = digits
    untrained = BernoulliRBM(10, **QUICK | {"n_iter": 1, "learning_rate": 1e-9}).fit(x)
    rbm = BernoulliRBM(10, **QUICK | {"n_iter": 40} | changes).fit(x)
    assert log_likelihood(rbm, held).mean() > log_likelihood(untrained, held).mean() + 3
    history = rbm.history_["pseudo_likelihood"]
    assert len(history) == rbm.n_iter_ == 40
    assert history[-1] > history[0] + 3


def test_learns_no_worse_than_scikit_learn(digits):
    x, _, held, _ = digits
    ours = BernoulliRBM(10, shuffle=False, **QUICK).fit(x)
    theirs = SklearnRBM(10, **QUICK).fit(x)
    same = BernoulliRBM(10, **QUICK).fit(x)
    same.components_, same.intercept_visible_ = (
        theirs.components_.astype(np.float32),
        theirs.intercept_visible_.astype(np.float32),
    )
    same.intercept_hidden_ = theirs.intercept_hidden_.astype(np.float32)
    np.testing.assert_allclose(same.transform(held), theirs.transform(held), rtol=1e-4)
    np.testing.assert_allclose(same.free_energy(held), theirs._free_energy(held), rtol=1e-4)
    estimates = np.mean(
        [theirs.set_params(random_state=seed).score_samples(held).mean() for seed in range(20)]
    )
    assert same.score(held) == pytest.approx(estimates, abs=0.5)
    assert ours.score(held) > same.score(held) - 0.2


def test_sparsity_target_is_approached(digits):
    activity = [
        BernoulliRBM(30, sparsity_target=target, sparsity_cost=1.0, **QUICK)
        .fit(digits[0])
        .transform(digits[0])
        .mean()
        for target in (0.1, 0.8)
    ]
    np.testing.assert_allclose(activity, [0.1, 0.8], atol=0.1)


def test_learning_with_centring_does_not_depend_on_which_state_is_on(digits):
    x, _, held, _ = digits
    scores = [
        BernoulliRBM(10, centering="enhanced", **QUICK).fit(images).score(seen)
        for images, seen in ((x, held), (1 - x, 1 - held))
    ]
    assert scores[0] == pytest.approx(scores[1], abs=0.7)


def test_codes(digits):
    rbm = BernoulliRBM(12, codes="binary", **QUICK).fit(digits[0])
    bits = rbm.transform(digits[2])
    assert bits.dtype == np.uint8 and bits.shape == (300, 12)
    p = rbm.set_params(codes="probabilities").transform(digits[2])
    assert p.dtype == np.float32
    np.testing.assert_array_equal(bits, p > 0.5)
    np.testing.assert_array_equal(rbm.reconstruct(digits[2]), rbm.inverse_transform(p))
    np.testing.assert_array_equal(rbm.reconstruct(digits[2], 2), rbm.reconstruct(rbm.reconstruct(digits[2])))
    for codes in (p[:, 1:], p[0], p * np.nan):
        with pytest.raises(InputError, match="codes"):
            rbm.inverse_transform(codes)


def test_history_with_validation_images_and_early_stopping(digits):
    x, _, held, _ = digits
    rbm = BernoulliRBM(
        60, **QUICK | {"n_iter": 60}, learning_rate=0.2, early_stopping=True, n_iter_no_change=3
    )
    rbm.fit(x[:60], validation=held)
    history = rbm.history_
    assert set(history) == {
        "learning_rate",
        "seconds",
        "reconstruction_error",
        "pseudo_likelihood",
        "validation_error",
        "validation_pseudo_likelihood",
        "free_energy_gap",
    }
    assert rbm.n_iter_ < 60 and rbm.n_iter_ == len(history["seconds"])
    assert rbm.score(held) == pytest.approx(max(history["validation_pseudo_likelihood"]), rel=1e-6)
    gap = history["free_energy_gap"]
    assert gap[-1] > gap[0], "too few images are learnt by heart"
    split = BernoulliRBM(5, early_stopping=True, **QUICK).fit(x)
    assert "validation_error" in split.history_


def test_partial_fit_in_steps_and_after_loading(digits, tmp_path):
    x = digits[0]
    whole = BernoulliRBM(8, momentum=0.5, **QUICK).partial_fit(x[:200])
    whole.partial_fit(x[200:])
    steps = BernoulliRBM(8, momentum=0.5, **QUICK).partial_fit(x[:200])
    steps.save(tmp_path / "rbm.npz")
    steps = load(tmp_path / "rbm.npz").partial_fit(x[200:])
    np.testing.assert_array_equal(steps.components_, whole.components_)
    np.testing.assert_array_equal(steps.h_samples_, whole.h_samples_)
    np.testing.assert_array_equal(steps.gibbs(x[:5]), whole.gibbs(x[:5]))
    assert whole.n_iter_ == 2
    for _ in range(20):
        whole.partial_fit(x)
    assert whole.score(x) > steps.score(x) + 1


def test_gibbs_chains_move(digits):
    rbm = BernoulliRBM(8, **QUICK).fit(digits[0])
    first, second = rbm.gibbs(digits[0][:5]), rbm.gibbs(digits[0][:5])
    assert first.dtype == np.uint8 and set(np.unique(first)) == {0, 1} and (first != second).any()


def test_last_mini_batch_may_be_smaller_and_one_image_is_enough(digits):
    assert np.isfinite(BernoulliRBM(4, **QUICK).fit(digits[0][:33]).components_).all()
    assert np.isfinite(BernoulliRBM(4, method="cd", **QUICK).fit(digits[0][:33]).components_).all()
    assert np.isfinite(BernoulliRBM(4, **QUICK).fit(digits[0][:1]).components_).all()


def test_down_and_up_are_consistent(net, digits):
    x = digits[2]
    np.testing.assert_array_equal(net.reconstruct(x), net.down(net.transform(x)))
    np.testing.assert_array_equal(net.reconstruct(x, 1), net.rbms_[0].reconstruct(x))
    np.testing.assert_array_equal(net.up(x, 2), net.rbms_[1].transform(net.rbms_[0].transform(x)))
    np.testing.assert_array_equal(net.inverse_transform(net.up(x)), net.reconstruct(x, 2))
    weights, bias, _ = net.encoder_layers()[1]
    np.testing.assert_allclose(1 / (1 + np.exp(-(net.up(x, 1) @ weights + bias))), net.up(x), rtol=1e-4)
    errors = [np.square(x - net.reconstruct(x, depth)).mean() for depth in (1, 2)]
    assert errors[0] < errors[1] < 0.9 * x.var(axis=0).mean()
    for depth in (0, 3):
        with pytest.raises(InputError, match="depth must be between 1 and 2"):
            net.reconstruct(x, depth)


def test_codes_at_any_layer(net, digits):
    assert net.transform(digits[2], layer=1).shape == (300, 40)
    net.set_params(codes="binary")
    bits = net.transform(digits[2])
    net.set_params(codes="probabilities")
    np.testing.assert_array_equal(bits, net.transform(digits[2]) > 0.5)


def test_fantasies_look_like_the_data(net, digits):
    fantasies = net.sample(500, n_steps=200)
    assert fantasies.shape == (500, 64) and 0 <= fantasies.min() and fantasies.max() <= 1
    mean, other = digits[0].mean(axis=0), 1 - digits[0].mean(axis=0)
    assert np.abs(fantasies.mean(axis=0) - mean).mean() < 0.1 < np.abs(fantasies.mean(axis=0) - other).mean()
    assert fantasies.std(axis=0).max() > 0.1, "all fantasies are one"
    assert DeepBeliefNet(5, rbm=BernoulliRBM(n_iter=1), random_state=0).fit(digits[0]).sample(3, 5).shape == (
        3,
        64,
    )


def test_layers_may_differ(digits):
    layers = [BernoulliRBM(n_iter=1, method="cd"), BernoulliRBM(n_iter=2)]
    found = DeepBeliefNet((6, 4), rbm=layers, random_state=0).fit(digits[0], validation=digits[2])
    assert [rbm.n_iter_ for rbm in found.rbms_] == [1, 2] and [
        len(rbm.components_) for rbm in found.rbms_
    ] == [6, 4]
    assert "free_energy_gap" in found.rbms_[1].history_ and layers[0].n_components == 256


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"solver": "sgd", "learning_rate": 0.1},
        {"activation": "tanh"},
        {"dropout": 0.2, "input_dropout": 0.1},
        {"schedule": "cosine", "weight_decay": 1e-3},
    ],
)
def test_classifier_learns_digits(digits, changes):
    x, y, held, truth = digits
    network = NetworkClassifier(
        64, **{"learning_rate": 0.005, "n_iter": 30, "batch_size": 20, "random_state": 0} | changes
    )
    assert network.fit(x, y).score(held, truth) > 0.8
    p = network.predict_proba(held)
    assert p.dtype == np.float32 and p.shape == (300, 10)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


def test_classifier_starts_from_the_net_and_first_trains_the_top_alone(net, digits):
    x, y, held, truth = digits
    network = NetworkClassifier(
        init=net, n_iter_output=20, n_iter=1, schedule=lambda epoch, n_iter: 0.0, random_state=0
    ).fit(x, y)  # the schedule, here a standstill, is that of all layers
    for (weights, bias, _), found, offset in zip(
        net.encoder_layers(), network.coefs_[:-1], network.intercepts_, strict=False
    ):
        np.testing.assert_array_equal(found, weights)
        np.testing.assert_array_equal(offset, bias)
    assert network.history_["loss"][-1] < network.history_["loss"][0] - 0.1
    assert network.activations_ == ["sigmoid", "sigmoid", "softmax"]
    assert len(network.history_["loss"]) == 21 and network.n_iter_ == 1
    before = net.reconstruct(held)
    fine = NetworkClassifier(
        init=net, n_iter_output=5, n_iter=30, learning_rate=0.01, batch_size=20, random_state=0
    ).fit(x, y)
    assert fine.score(held, truth) > 0.8 and (fine.coefs_[0] != net.encoder_layers()[0][0]).any()
    np.testing.assert_array_equal(net.reconstruct(held), before)
    again = NetworkClassifier(init=fine.encoder_layers(), n_iter=1, random_state=0).fit(x, y)
    assert again.activations_ == fine.activations_


def test_classifier_stops_early_and_takes_validation_data(digits):
    x, y, held, truth = digits
    network = NetworkClassifier(
        64,
        learning_rate=0.02,
        n_iter=200,
        batch_size=20,
        early_stopping=True,
        n_iter_no_change=3,
        random_state=0,
    ).fit(x, y, validation=(held, truth))
    assert network.n_iter_ < 200
    p = network.predict_proba(held)[np.arange(300), truth]
    assert -np.log(p).mean() == pytest.approx(min(network.history_["validation_loss"]), rel=1e-3)
    with pytest.raises(InputError, match="no new ones"):
        network.fit(x, y, validation=(held, truth + 100))
    with pytest.raises(InputError, match="pair"):
        network.fit(x, y, validation=held[:3])


def test_labels_may_be_words(digits, tmp_path):
    x, y = digits[:2]
    words = np.array(["zero", "one", "two"])[y[y < 3]]
    network = NetworkClassifier(16, learning_rate=0.01, random_state=0).fit(x[y < 3], words)
    network.save(tmp_path / "network.npz")
    np.testing.assert_array_equal(load(tmp_path / "network.npz").predict(x), network.predict(x))
    assert network.score(x[y < 3], words) > 0.9
    objects = clone(network).fit(x[y < 3], words.astype(object))  # as they come from pandas
    objects.save(tmp_path / "network.npz")
    again = load(tmp_path / "network.npz")
    assert again.classes_.dtype == object and again.predict(x).tolist() == network.predict(x).tolist()
    objects.classes_ = np.array([("zero",), 1, None], object)
    with pytest.raises(InputError, match="labels must be numbers or strings"):
        objects.save(tmp_path / "network.npz")


def test_parts_of_a_copied_network_are_its_own(digits):
    x, y = digits[:2]
    network = NetworkClassifier(4, n_iter=1, random_state=0).fit(x, y)
    before = network.predict_proba(x)
    copied = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(copied.predict_proba(x), before)
    copied.coefs_[0][...] = 0
    assert not np.array_equal(copied.predict_proba(x), before)
    np.testing.assert_array_equal(network.predict_proba(x), before)


@pytest.mark.parametrize("changes", [{"momentum": [0.0, 0.9]}, {"schedule": "linear"}])
def test_rates_change_from_epoch_to_epoch(digits, changes):
    plain = BernoulliRBM(4, batch_size=20, monitor_size=0, random_state=0)
    for n_iter in (1, 2):
        found = [clone(plain).set_params(n_iter=n_iter, **own).fit(digits[0]) for own in ({}, changes)]
        same = np.array_equal(*(rbm.components_ for rbm in found))
        assert same == (n_iter == 1), n_iter


def test_schedule_of_a_network_scales_its_steps(digits):
    x, y = digits[:2]
    given = {"hidden_layer_sizes": 4, "n_iter": 2, "solver": "sgd", "momentum": 0.0, "random_state": 0}
    given["learning_rate"] = 0.001
    first = NetworkClassifier(**given | {"n_iter": 1}).fit(x, y)
    stopped = NetworkClassifier(**given, schedule=lambda epoch, n_iter: float(epoch == 0)).fit(x, y)
    np.testing.assert_array_equal(first.coefs_[0], stopped.coefs_[0])
    assert stopped.history_["learning_rate"] == [0.001, 0.0]
    assert not np.array_equal(first.coefs_[0], NetworkClassifier(**given).fit(x, y).coefs_[0])


def test_every_layer_is_watched_on_codes_of_the_validation_images(digits):
    x = digits[0]
    rbm = BernoulliRBM(n_iter=1)
    net = DeepBeliefNet((6, 4), rbm=rbm, random_state=0).fit(x[:100], validation=x[100:300])
    for layer, below in zip(net.rbms_, (x[100:300], net.transform(x[100:300], layer=1)), strict=True):
        error = np.square(layer.reconstruct(below) - below).mean()
        assert layer.history_["validation_error"] == pytest.approx([error], rel=1e-5)


def test_states_of_the_layers_between_are_drawn(digits):
    net = DeepBeliefNet((6, 5, 4), rbm=BernoulliRBM(n_iter=1), random_state=0).fit(digits[0])
    middle, below = net.rbms_[1], net.rbms_[0]
    middle.components_[...], middle.intercept_visible_[...] = 0, 0  # states of layer 1: fair coins
    below.components_[...] = np.where(np.arange(6) == 0, 50, 0)[:, None]
    below.intercept_visible_[...] = -25  # an image is black or white, as unit 0 is
    images = net.sample(200, n_steps=1)
    assert images.min() < 0.01 and images.max() > 0.99
    assert np.all((images < 0.01) | (images > 0.99))
