"""Time and loss of `dpmix.features.Autoencoder` beside scikit-learn's MLPRegressor, in one process.

    OPENBLAS_NUM_THREADS=1 python benchmarks/autoencoder.py [--images 60000] [--epochs 3]

Both train 784-256-128-256-784 (ReLU, linear output, squared error) on MNIST in grey values with Adam at
0.001, in mini-batches of 128, on as many BLAS threads as the environment allows, from random weights
of one distribution. MLPRegressor takes float64 as most callers give
it, and float32, which it keeps. Epochs are interleaved: one of ours, one of each of theirs, and so on, so
that what else the machine does hits all alike; the median epoch is compared. Losses are mean squared
errors per pixel, over the last epoch of training and of 2,000 test images after it.
"""

import argparse
import warnings

import harness
import numpy as np
from sklearn.neural_network import MLPRegressor

from dpmix.datasets import load_grey
from dpmix.features import Autoencoder
from dpmix.features.networks.network import Network
from dpmix.features.networks.training import Plan, train
from dpmix.features.networks.unrolling import given_form
from dpmix.features.optimizers import Adam
from dpmix.features.streams import UniformStream

BATCH, RATE = 128, 0.001
N_TEST = 2000


def main():
    options = parse()
    warnings.simplefilter("ignore")  # that MLPRegressor has not converged after one epoch
    x = load_grey("mnist").x[: options.images]
    test = load_grey("mnist:test").x[:N_TEST]
    warm_up(x[:BATCH], options)
    racers = {"dpmix": Ours(x, options), "sklearn float64": Theirs(x, np.float64, options)}
    racers["sklearn float32"] = Theirs(x, np.float32, options)
    seconds = {name: [] for name in racers}
    for _ in range(options.epochs):
        for name, racer in racers.items():
            start = harness.started()
            racer.epoch()
            seconds[name].append(harness.since(start))
    sizes = "-".join(map(str, (x.shape[1], *options.sizes, x.shape[1])))
    print(f"{sizes}, {len(x):,} images, batch {BATCH}, Adam {RATE}, {options.epochs} epochs")
    print(f"{'':<16}{'s CPU':>9}{'s wall':>9}{'ratio CPU':>11}{'wall':>7}{'train MSE':>11}{'test MSE':>10}")
    ours = np.median(seconds["dpmix"], axis=0)
    for name, racer in racers.items():
        own = np.median(seconds[name], axis=0)
        for which, values in zip(("CPU", "wall clock"), zip(*seconds[name], strict=True), strict=True):
            harness.note(f"{name}, epoch, {which}", values, "s")
        errors = racer.error, np.square(racer.predict(test) - test).mean()
        print(
            f"{name:<16}{own[0]:>9.2f}{own[1]:>9.2f}{own[0] / ours[0]:>11.2f}{own[1] / ours[1]:>7.2f}"
            f"{errors[0]:>11.5f}{errors[1]:>10.5f}"
        )


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 128, 256], help="hidden units")
    return harness.parse(parser)


def warm_up(x, options):
    """Compile what is compiled on first use."""
    Autoencoder(options.sizes, output_activation="linear", n_iter=1, learning_rate=RATE, random_state=0).fit(
        x
    )


class Ours:
    """The autoencoder's own training loop, one epoch per call."""

    def __init__(self, x, options):
        form = given_form(tuple(options.sizes), "relu", None, "linear", False, x.shape[1])
        self._network = Network(form.specs, "squared_error")
        self._rng = np.random.default_rng(options.seed)
        self._network.initialize(self._rng)
        for layer in self._network.layers:  # as MLPRegressor draws them, where ours are He's for ReLU
            limit = np.sqrt(6 / sum(layer.weights.shape))
            layer.weights[...] = self._rng.uniform(-limit, limit, layer.weights.shape)
        self._optimizer = Adam(self._network.parameters.size, np.float32)
        self._stream = UniformStream(np.random.SeedSequence(0))
        self._x = x

    def epoch(self):
        plan = Plan(1, BATCH, RATE, errors=True)
        found = train(self._network, self._optimizer, self._x, self._x, plan, self._rng, self._stream)
        self.error = found["mean_squared_error"][-1]

    def predict(self, x):
        return self._network.predict(x)


class Theirs:
    """MLPRegressor, one epoch per call."""

    def __init__(self, x, dtype, options):
        self._model = MLPRegressor(
            hidden_layer_sizes=options.sizes,
            solver="adam",
            learning_rate_init=RATE,
            batch_size=BATCH,
            alpha=0,
            random_state=options.seed,
        )
        self._x = x.astype(dtype)
        self.predict = self._model.predict

    def epoch(self):
        self._model.partial_fit(self._x, self._x)
        self.error = 2 * self._model.loss_  # half of the mean is what it minimises


if __name__ == "__main__":
    main()
