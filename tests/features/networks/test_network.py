"""Network core: every layer, activation, loss and tying against finite differences; the training loop."""

import numba
import numpy as np
import pytest

from dpmix import InputError
from dpmix.features.activations import ACTIVATIONS
from dpmix.features.epochs import (
    SCHEDULES,
    EarlyStopping,
    Plateau,
    check_per_epoch,
    check_schedule,
    per_epoch,
    schedule_factor,
    split_rows,
)
from dpmix.features.networks.losses import LOSSES, sparsity_gradient
from dpmix.features.networks.network import LayerSpec, Network
from dpmix.features.networks.training import Plan, train
from dpmix.features.optimizers import SGD, Adam
from dpmix.features.products import RowList
from dpmix.features.streams import UniformStream

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


@pytest.mark.parametrize("tied", [None, {1: 0}])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.9])
def test_listed_inputs_give_the_same_gradient(share, tied):
    """Products of mostly empty rows take another way, and are the same."""
    network = build(["tanh", "linear"], "squared_error", np.float32, sizes=(30, 7, 30), tied=tied)
    rng = np.random.default_rng(4)
    table = (rng.random((12, 30)) * (rng.random((12, 30)) < share)).astype(np.float32)
    t = rng.random((9, 30), np.float32)
    activations = network.forward(table[:9])
    network.backward(activations, t)
    wanted = network.gradient.copy()
    listed = RowList(table)
    listed.listed(0, 9)
    found = network.forward(table[:9], listed=listed)
    np.testing.assert_allclose(found[-1], activations[-1], rtol=1e-5, atol=1e-6)
    for _ in range(2):
        network.backward(found, t, listed=listed)
        np.testing.assert_allclose(network.gradient, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("layer", [0, 1])
def test_gradient_with_a_penalty_on_activity(layer):
    network = build(["sigmoid", "sigmoid", "linear"], "squared_error", sizes=(5, 4, 3, 5))
    x, t = data("squared_error", 5, 5)
    target, cost = 0.1, 0.7

    def penalty():
        q = network.forward(x)[layer + 1].mean(axis=0)
        return cost * (target * np.log(target / q) + (1 - target) * np.log((1 - target) / (1 - q))).sum()

    wanted = differences(network, x, t)
    for j in range(wanted.size):
        values = []
        for sign in (1, -1):
            network.parameters[j] += sign * 1e-6
            values.append(penalty())
            network.parameters[j] -= sign * 1e-6
        wanted[j] += (values[0] - values[1]) / 2e-6
    activations = network.forward(x)
    push = layer + 1, cost / len(x) * sparsity_gradient(activations[layer + 1], target)
    network.backward(activations, t, push=push)
    np.testing.assert_allclose(network.gradient, wanted, rtol=1e-5, atol=1e-8)


def test_the_penalty_is_that_of_the_plan():
    x, t = (part.astype(np.float32) for part in data("squared_error", 5, 5))
    network, other = (
        build(["sigmoid", "linear"], "squared_error", np.float32, sizes=(5, 4, 5)) for _ in range(2)
    )
    activations = network.forward(x)
    network.backward(activations, t, push=(1, 0.5 / 6 * sparsity_gradient(activations[1], 0.2)))
    wanted = network.parameters - 0.05 * network.gradient
    run(
        other, x, t, plan(n_epochs=1, batch_size=6, sparsity=(0, 0.2, 0.5)), SGD(wanted.size, np.float32, 0.0)
    )
    np.testing.assert_allclose(other.parameters, wanted, rtol=1e-5, atol=1e-6)


def test_parts_of_a_network_can_be_run():
    network = build(["tanh", "sigmoid", "linear"], "squared_error", sizes=(5, 4, 3, 2))
    x, t = data("squared_error", 5, 2, n=2500)
    activations = network.forward(x)
    for start in range(3):
        for stop in range(start + 1, 4):
            found = network.predict(activations[start], start, stop)
            np.testing.assert_allclose(found, activations[stop])
    loss, error = network.evaluate(x, t)
    assert error == pytest.approx(np.square(activations[-1] - t).mean())
    assert loss == pytest.approx(error) == network.mean_loss(x, t)  # half of the sum of two outputs


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
        assert (network.layers[1].bias == 0.5).all()


def test_dropout_keeps_the_mean_and_drops_the_stated_share():
    network = build(["linear", "linear"], "squared_error", np.float32, sizes=(50, 40, 3))
    from dpmix.features.networks.training import _masks

    masks = _masks(
        network, plan(dropout=0.25, input_dropout=0.5), 2000, UniformStream(np.random.SeedSequence(0))
    )
    for mask, rate in zip(masks, (0.5, 0.25), strict=True):
        assert (mask == 0).mean() == pytest.approx(rate, abs=0.01)
        assert mask.mean() == pytest.approx(1, abs=0.02)
    each = (
        _masks(network, plan(dropout=(0.0,)), 10, None),
        _masks(network, plan(dropout=(0.25,)), 2000, UniformStream(np.random.SeedSequence(0))),
    )
    assert each[0] is None and each[1][0] is None
    assert (each[1][1] == 0).mean() == pytest.approx(0.25, abs=0.01)
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


def test_plateau_compares_with_the_error_some_epochs_ago():
    assert [Plateau(0.01, 5).update(1.0) for _ in range(5)] == [False] * 5
    plateau = Plateau(0.01, 5)
    errors = [100, 90, 80, 70, 60, 50, 90.91, 79, 70.6]
    assert [plateau.update(error) for error in errors] == [False] * 8 + [True]
    network = build(["tanh", "linear"], "squared_error", np.float32, sizes=(5, 4, 3))
    x, t = (part.astype(np.float32) for part in data("squared_error", 5, 3))
    history = run(network, x, t, plan(n_epochs=500, errors=True), plateau=Plateau(0.01, 5))
    found = np.array(history["mean_squared_error"])
    change = abs(found[5:] / found[:-5] - 1)
    assert len(found) < 500 and change[-1] < 0.01 <= change[:-1].min()


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
