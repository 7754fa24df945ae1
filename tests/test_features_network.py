"""Network core: every layer, activation, loss and tying against finite differences; the training loop."""

import numba
import numpy as np
import pytest

from dpmix import InputError
from dpmix.features.activations import ACTIVATIONS
from dpmix.features.losses import LOSSES
from dpmix.features.network import LayerSpec, Network
from dpmix.features.optimizers import SGD, Adam
from dpmix.features.schedules import SCHEDULES, check_per_epoch, check_schedule, per_epoch, schedule_factor
from dpmix.features.splits import split_rows
from dpmix.features.stopping import EarlyStopping
from dpmix.features.streams import UniformStream
from dpmix.features.training import Plan, train

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="interpreted training takes minutes")


def build(activations, loss, dtype=np.float64, sizes=(5, 4, 3), tied=None):
    specs = [
        LayerSpec(sizes[ix], sizes[ix + 1], activation, (tied or {}).get(ix))
        for ix, activation in enumerate(activations)
    ]
    network = Network(specs, loss, dtype)
    rng = np.random.default_rng(0)
    network.initialize(rng)
    for layer in network.layers:
        layer.bias[...] = rng.normal(0, 0.5, layer.bias.shape)
    return network


def data(loss, n_in, n_out, n=6):
    rng = np.random.default_rng(1)
    t = rng.random((n, n_out))
    return rng.normal(size=(n, n_in)), t / t.sum(axis=1, keepdims=True) if loss == "log_loss" else t


def differences(network, x, t, masks=None, step=1e-6):
    found = np.empty_like(network.parameters)
    for j in range(found.size):
        losses = []
        for sign in (1, -1):
            network.parameters[j] += sign * step
            losses.append(network.sum_loss(network.forward(x, masks)[-1], t) / len(x))
            network.parameters[j] -= sign * step
        found[j] = (losses[0] - losses[1]) / (2 * step)
    return found


PROBABILITIES = ("sigmoid", "softmax")
PAIRS = [
    (loss, output)
    for loss in LOSSES
    for output in ACTIVATIONS
    if loss == "squared_error" or output in PROBABILITIES
]


@pytest.mark.parametrize(("loss", "output"), PAIRS)
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu", "linear", "softmax"])
def test_gradient_of_every_activation_and_loss(hidden, loss, output):
    network = build([hidden, output], loss)
    x, t = data(loss, 5, 3)
    network.backward(network.forward(x), t)
    np.testing.assert_allclose(network.gradient, differences(network, x, t), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
def test_gradient_of_tied_weights(activation):
    network = build(
        ["tanh", "sigmoid", "tanh", activation], "squared_error", sizes=(5, 4, 2, 4, 5), tied={2: 1, 3: 0}
    )
    assert network.parameters.size == 5 * 4 + 4 * 2 + 4 + 2 + 4 + 5
    x, t = data("squared_error", 5, 5)
    for _ in range(2):  # what an earlier pass left must not be added to
        network.backward(network.forward(x), t)
    np.testing.assert_allclose(network.gradient, differences(network, x, t), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu"])
def test_gradient_with_dropout(hidden):
    network = build([hidden, hidden, "softmax"], "log_loss", sizes=(5, 4, 4, 3))
    x, t = data("log_loss", 5, 3)
    rng = np.random.default_rng(3)
    masks = [None, *((rng.random((6, 4)) > 0.4) / 0.6 for _ in range(2))]
    network.backward(network.forward(x, masks), t, masks)
    np.testing.assert_allclose(network.gradient, differences(network, x, t, masks), rtol=1e-5, atol=1e-8)


def test_gradient_of_the_last_layers_only():
    network = build(["tanh", "tanh", "softmax"], "log_loss", sizes=(5, 4, 4, 3))
    x, t = data("log_loss", 5, 3)
    network.backward(network.forward(x), t, first=1)
    wanted = differences(network, x, t)
    trained = np.concatenate([np.arange(wanted.size)[part] for part, _ in network.trained_parts(1, 0.0)])
    assert len(trained) == 4 * 4 + 4 + 4 * 3 + 3
    np.testing.assert_allclose(network.gradient[trained], wanted[trained], rtol=1e-5, atol=1e-8)
    assert not np.delete(network.gradient, trained).any()


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_float32_agrees_with_float64(activation):
    outputs = []
    for dtype in (np.float32, np.float64):
        network = build([activation, "softmax"], "log_loss", dtype)
        outputs.append(network.predict(data("log_loss", 5, 3)[0]))
        assert outputs[-1].dtype == dtype
    np.testing.assert_allclose(*outputs, rtol=1e-5)


def plan(**changes):
    return Plan(**({"n_epochs": 30, "batch_size": 4, "learning_rate": 0.05} | changes))


def run(network, x, t, plan, optimizer=None, **more):
    optimizer = SGD(network.parameters.size, np.float32) if optimizer is None else optimizer
    return train(
        network,
        optimizer,
        x,
        t,
        plan,
        np.random.default_rng(0),
        UniformStream(np.random.SeedSequence(0)),
        **more,
    )


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_training_lowers_the_loss_to_nothing_where_it_can(optimizer):
    network = build(["tanh", "softmax"], "log_loss", np.float32)
    x = np.eye(5, dtype=np.float32)
    t = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1]]
    history = run(network, x, t, plan(n_epochs=200), optimizer(network.parameters.size, np.float32))
    assert history["loss"][-1] < 0.05 < 0.5 < history["loss"][0]
    assert network.mean_loss(x, t) == pytest.approx(history["loss"][-1], abs=0.05)


def test_layers_before_the_first_trained_one_stay():
    network = build(["tanh", "softmax"], "log_loss", np.float32)
    before = [layer.weights.copy() for layer in network.layers]
    x, t = data("log_loss", 5, 3)
    run(network, x.astype(np.float32), t.astype(np.float32), plan(first=1))
    np.testing.assert_array_equal(network.layers[0].weights, before[0])
    assert (network.layers[1].weights != before[1]).any()


def test_weight_decay_shrinks_weights_not_biases():
    x, t = np.zeros((4, 5), np.float32), np.full((4, 3), 0.5, np.float32)
    for optimizer, momentum in ((SGD, {"momentum": 0.0}), (Adam, {})):
        network = build(["linear", "linear"], "squared_error", np.float32)
        network.layers[0].bias[...] = 0
        network.layers[1].bias[...] = 0.5  # no gradient at all: the decay is alone
        before = network.parameters.copy()
        run(network, x, t, plan(n_epochs=1, weight_decay=0.1), optimizer(before.size, np.float32, **momentum))
        wanted = before.copy()
        for part, decay in network.trained_parts(0, 0.1):
            wanted[part] *= 1 - 0.05 * decay
        np.testing.assert_allclose(network.parameters, wanted, rtol=1e-6)


def test_dropout_keeps_the_mean_and_drops_the_stated_share():
    network = build(["linear", "linear"], "squared_error", np.float32, sizes=(50, 40, 3))
    from dpmix.features.training import _masks

    masks = _masks(
        network, plan(dropout=0.25, input_dropout=0.5), 2000, UniformStream(np.random.SeedSequence(0))
    )
    for mask, rate in zip(masks, (0.5, 0.25), strict=True):
        assert (mask == 0).mean() == pytest.approx(rate, abs=0.01)
        assert mask.mean() == pytest.approx(1, abs=0.02)
    x, t = data("squared_error", 50, 3)
    losses = [
        run(
            build(["relu", "linear"], "squared_error", np.float32, sizes=(50, 40, 3)),
            x.astype(np.float32),
            t,
            plan(n_epochs=1, dropout=rate),
        )["loss"]
        for rate in (0.0, 0.5, 0.5)
    ]
    assert losses[0] != losses[1] == losses[2]


def test_early_stopping_keeps_the_best_epoch():
    network = build(["tanh", "softmax"], "log_loss", np.float32)
    x, t = (part.astype(np.float32) for part in data("log_loss", 5, 3))
    held = x, np.roll(t, 1, axis=1)  # learning the one makes the other worse in the end
    history = run(network, x, t, plan(n_epochs=300), validation=held, stopping=EarlyStopping(3))
    losses = history["validation_loss"]
    assert len(losses) < 300 and np.argmin(losses) == len(losses) - 4
    assert network.mean_loss(*held) == pytest.approx(min(losses))


@pytest.mark.filterwarnings("error")
def test_divergence_is_an_error_that_names_the_remedy():
    network = build(["linear", "linear"], "squared_error", np.float32)
    x, t = (part.astype(np.float32) for part in data("squared_error", 5, 3))
    with pytest.raises(InputError, match="learning_rate is too high.*use a tenth"):
        run(network, 1000 * x, t, plan(learning_rate=10.0))


def test_schedules():
    for schedule in SCHEDULES:
        factors = [schedule_factor(check_schedule("schedule", schedule), epoch, 4) for epoch in range(4)]
        assert factors[0] == 1 and (factors == sorted(factors, reverse=True)) and min(factors) > 0
    assert schedule_factor(lambda epoch, n: epoch / n, 1, 4) == 0.25
    with pytest.raises(InputError, match="'constant', 'linear'"):
        check_schedule("schedule", "steep")
    with pytest.raises(InputError, match="schedule\\(epoch, n_epochs\\) must be finite"):
        schedule_factor(lambda epoch, n: float("nan"), 0, 1)
    assert [per_epoch(check_per_epoch("momentum", [0.5, 0.9]), epoch) for epoch in range(3)] == [
        0.5,
        0.9,
        0.9,
    ]
    for wrong in ([], [0.5, 1.0], "fast", None):
        with pytest.raises(InputError, match="momentum"):
            check_per_epoch("momentum", wrong, below=1.0)


def test_rows_are_split_completely():
    kept, aside = split_rows(10, 0.25, np.random.default_rng(0))
    assert sorted([*kept, *aside]) == list(range(10)) and len(aside) == 2
    with pytest.raises(InputError, match="early_stopping=False"):
        split_rows(1, 0.1, np.random.default_rng(0))
