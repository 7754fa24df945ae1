"""Probes of extractors, against direct computation with their weights and biases."""

import numba
import numpy as np
import pytest
from scipy.special import expit

from dpmix.base.errors import InputError, InputTypeError
from dpmix.features import BernoulliRBM, DeepBeliefNet, NetworkClassifier
from dpmix.features.probes import (
    bias_image,
    check_units,
    fantasy_images,
    n_layers,
    strongest,
    unit_images,
    weight_images,
)

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="interpreted kernels warn of overflow")

D, SIZES = 12, (7, 5)


class Decoder:
    """What an autoencoder shows of itself: a code of three units, and a linear way back."""

    encoder = np.arange(3.0 * D, dtype=np.float32).reshape(D, 3) / 10
    base = np.linspace(-1, 1, D, dtype=np.float32)

    def encoder_layers(self):
        return [(self.encoder, np.zeros(3, np.float32), "relu")]

    def decode(self, codes):
        return codes @ self.encoder.T + self.base


@pytest.fixture(scope="module")
def net():
    """Two machines with weights and biases that are not small."""
    rng = np.random.default_rng(3)
    x = (rng.random((40, D)) < rng.random(D)).astype(np.uint8)
    layer = BernoulliRBM(n_iter=1, batch_size=10, monitor_size=0)
    net = DeepBeliefNet(SIZES, rbm=layer, random_state=0).fit(x)
    for rbm in net.rbms_:
        rbm.components_ = rng.normal(size=rbm.components_.shape).astype(np.float32)
        rbm.intercept_visible_ = rng.normal(size=rbm.intercept_visible_.shape).astype(np.float32)
    return net


def images_down(net, codes, layer):
    """Images of codes by the formula, in double precision."""
    for rbm in net.rbms_[layer - 1 :: -1]:
        codes = expit(codes @ rbm.components_.astype(float) + rbm.intercept_visible_)
    return codes


@pytest.mark.parametrize("layer", [1, 2])
def test_image_of_the_biases(net, layer):
    expected = images_down(net, np.zeros(SIZES[layer - 1]), layer)
    np.testing.assert_allclose(bias_image(net, layer), expected, atol=1e-6)


def test_the_top_is_the_default(net):
    assert (bias_image(net) == bias_image(net, 2)).all()
    assert (unit_images(net) == unit_images(net, 2)).all()
    assert (bias_image(net, 1) != bias_image(net, 2)).any()


@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.parametrize("activity", [1, 0.5])
def test_single_units(net, layer, activity):
    codes = activity * np.eye(SIZES[layer - 1])
    expected = images_down(net, codes, layer) - images_down(net, 0 * codes, layer)
    found = unit_images(net, layer, activity=activity)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(unit_images(net, layer, [3, 0], activity), expected[[3, 0]], atol=1e-6)


def test_one_machine_is_the_lowest_layer_of_a_stack(net):
    rbm = net.rbms_[0]
    assert n_layers(rbm) == 1
    np.testing.assert_allclose(bias_image(rbm), expit(rbm.intercept_visible_), atol=1e-6)
    assert (unit_images(rbm) == unit_images(net, 1)).all()


def test_a_model_that_decodes():
    model = Decoder()
    assert n_layers(model) == 1
    np.testing.assert_allclose(bias_image(model), model.base)
    np.testing.assert_allclose(unit_images(model, units=2, activity=4), 4 * model.encoder.T[[2]], rtol=1e-5)


def test_weights_of_a_layer_are_products(net):
    lower, upper = (rbm.components_ for rbm in net.rbms_)
    assert (weight_images(net) == lower).all()
    np.testing.assert_allclose(weight_images(net, 2), upper @ lower, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(weight_images(net, 2, [4, 1]), (upper @ lower)[[4, 1]], rtol=1e-4, atol=1e-5)


def test_weights_of_a_classifier():
    x, y = np.eye(4), [0, 1, 0, 1]
    network = NetworkClassifier((3, 2), n_iter=1, random_state=0).fit(x, y)
    assert (weight_images(network) == network.coefs_[0].T).all()
    np.testing.assert_allclose(
        weight_images(network, 2), (network.coefs_[0] @ network.coefs_[1]).T, rtol=1e-5
    )


def test_strongest_first():
    images = np.array([[1, 0], [-3, -4], [0, 2], [0, -1]])
    assert strongest(images, 3).tolist() == [1, 2, 0]
    assert strongest(images, 9).tolist() == [1, 2, 0, 3]


def test_fantasies_of_a_machine_that_knows_one_image():
    rbm = BernoulliRBM(2, n_iter=1, monitor_size=0, random_state=0).fit(np.eye(4))
    rbm.components_[:] = 0
    rbm.intercept_visible_[:] = [9, -9, 9, -9]
    found = fantasy_images(rbm, 6, n_steps=2, seed=1)
    np.testing.assert_allclose(found, np.tile(expit([9, -9, 9, -9]), (6, 1)), atol=1e-6)


def test_fantasies_of_a_stack(net):
    found = fantasy_images(net, 5, n_steps=3)
    assert found.shape == (5, D)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found != found[0]).any()


def test_same_seed_same_fantasies():
    machines = [BernoulliRBM(3, n_iter=1, monitor_size=0, random_state=0).fit(np.eye(4)) for _ in range(2)]
    first, second = (fantasy_images(machine, 9, n_steps=3, seed=4) for machine in machines)
    assert (first == second).all()


def test_probing_changes_no_model(net):
    before = [rbm.components_.copy() for rbm in net.rbms_]
    weights = weight_images(net)
    weights[:] = 7
    unit_images(net, 1)
    for rbm, components in zip(net.rbms_, before, strict=True):
        assert (rbm.components_ == components).all()


def test_units_by_number():
    assert check_units(None, 3).tolist() == [0, 1, 2]
    assert check_units(np.int64(2), 3).tolist() == [2]
    for units, error in [([3], InputError), ([-1], InputError), ([], InputError), ([0.5], InputTypeError)]:
        with pytest.raises(error, match="units"):
            check_units(units, 3)


def test_what_cannot_be_probed(net):
    with pytest.raises(InputError, match="layer must be between 1 and 2; got 3"):
        bias_image(net, 3)
    with pytest.raises(InputError, match="layer must be between 1 and 1"):
        unit_images(net.rbms_[0], 2)
    with pytest.raises(InputTypeError, match="encoder_layers"):
        weight_images("a model")
    network = NetworkClassifier(2, n_iter=1, random_state=0).fit(np.eye(4), [0, 1, 0, 1])
    with pytest.raises(InputTypeError, match=r"down\(\), decode\(\) or inverse_transform"):
        bias_image(network)
    with pytest.raises(InputError, match="must have hidden layers; got a NetworkClassifier"):
        weight_images(NetworkClassifier((), n_iter=1, random_state=0).fit(np.eye(4), [0, 1, 0, 1]))
    with pytest.raises(InputTypeError, match=r"sample\(\) or gibbs\(\)"):
        fantasy_images(network)
    with pytest.raises(InputError, match="n_steps"):
        fantasy_images(net, n_steps=0)
    with pytest.raises(InputError, match="activity"):
        unit_images(net, activity=np.nan)
