"""Learn features of handwritten digits without labels, look at them, and make a classifier of them.

    python examples/reconstructing_digits.py [-o pictures] [--seed 1] [--quick] [--digits]

Two restricted Boltzmann machines, one on top of the other, learn from the grey values of MNIST in 30
passes each. Pictures show what they make of digits they have never seen, what comes from their biases
alone, what single hidden units stand for, and digits that they make up. Then a softmax layer is put on
top and trained alone for 10 passes, and all layers by backpropagation for 10 more. One table compares the
result with logistic regression, nearest neighbours, and the same network from random weights. The test
images are scored once, at the end; curves of the training show their figures, but nothing is chosen by them.

--quick takes a part of the images and few passes, for a run of seconds. --digits takes the 1,797 digits of
8 x 8 pixels that scikit-learn brings along, for which nothing needs to be downloaded. MNIST is downloaded on
first use; the environment variable DPMIX_DATA names the folder where it is, or shall be.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import dpmix
from dpmix.features import BernoulliRBM, DeepBeliefNet, NetworkClassifier

# Of the experiment that this one follows.
PUBLISHED = {
    "logistic regression": "88 to 90 %",
    "5 nearest neighbours": "96 %",
    "deep belief net, fine-tuned": "97 %",
}


class Data(NamedTuple):
    """Training and test images, and height and width of them all."""

    x: np.ndarray  # (n, d) in [0, 1]
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    shape: tuple


class Plan(NamedTuple):
    """Sizes and passes of one run."""

    sizes: tuple  # hidden units of the two machines
    passes: int  # of each machine
    rate: float  # learning rate of the upper machine; fewer steps have to be longer
    passes_output: int  # of the softmax layer alone
    passes_network: int  # of all layers
    batch: int
    dropout: float
    gibbs: int  # steps of Gibbs sampling before a fantasy


PLANS = {
    ("mnist", False): Plan((500, 500), 30, 0.05, 10, 10, 100, 0.2, 1000),
    ("mnist", True): Plan((200, 200), 5, 0.1, 5, 10, 20, 0.0, 200),
    ("digits", False): Plan((128, 128), 30, 0.3, 10, 30, 20, 0.0, 1000),
    ("digits", True): Plan((64, 64), 10, 0.3, 5, 10, 20, 0.0, 200),
}


def main():
    options = parse()
    matplotlib.use("Agg")  # draw into files only
    options.out.mkdir(parents=True, exist_ok=True)
    plan = PLANS["digits" if options.digits else "mnist", options.quick]
    data = load(options)
    began = time.perf_counter()
    print(
        f"{len(data.x):,} training and {len(data.x_test):,} test images of {data.shape[0]} x {data.shape[1]} pixels"
    )

    net = learn_features(data, plan, options.seed)
    network, rows = compare(net, data, plan, options.seed)
    show_table(rows, {} if options.quick or options.digits else PUBLISHED)
    answer = network.predict(data.x_test)
    print(f"\nDeep belief net, fine-tuned, on the test images\n{report(data.y_test, answer)}")
    save_pictures(net, network, answer, data, plan, options)
    print(f"{time.perf_counter() - began:.0f} s in all")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("pictures"), help="folder for the pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="less of everything: a run of seconds")
    parser.add_argument("--digits", action="store_true", help="digits of 8 x 8 pixels, no download")
    return parser.parse_args()


def load(options):
    """Grey images; of the embedded digits, 500 at random are for testing."""
    if options.digits:
        images = dpmix.datasets.load_grey("digits")
        order = np.random.default_rng(options.seed).permutation(len(images.x))
        test, train = order[:500], order[500:]
        return Data(images.x[train], images.y[train], images.x[test], images.y[test], images.image_shape)
    try:
        train, test = (dpmix.datasets.load_grey(f"mnist:{split}") for split in ("train", "test"))
    except dpmix.InputError as error:
        sys.exit(
            f"{error}\nMNIST is needed; --digits does without, and 'dpmix fetch --help' tells how to get it."
        )
    n, m = (5000, 1000) if options.quick else (len(train.x), len(test.x))
    return Data(train.x[:n], train.y[:n], test.x[:m], test.y[:m], train.image_shape)


def learn_features(data, plan, seed):
    """Two machines, the second on the hidden probabilities of the first.

    The lower one is trained by CD-1 as in Hinton, Osindero and Teh (2006), which is best at reconstructing;
    the upper one with persistent chains, without which its fantasies are no digits.
    """
    same = {"n_iter": plan.passes, "batch_size": plan.batch, "weight_decay": 2e-4, "centering": None}
    lower = BernoulliRBM(method="cd", learning_rate=0.1, momentum=[0.5] * 5 + [0.9], **same)
    upper = BernoulliRBM(method="pcd", learning_rate=plan.rate, schedule="linear", **same)
    began = time.perf_counter()
    net = DeepBeliefNet(plan.sizes, rbm=[lower, upper], random_state=seed).fit(data.x, validation=data.x_test)
    print(
        f"machines of {plan.sizes[0]} and {plan.sizes[1]} hidden units, {plan.passes} passes each, "
        f"{time.perf_counter() - began:.0f} s"
    )
    print(
        "\nlayer  squared error per pixel       pseudo-likelihood (nats)\n"
        "         first pass   last pass        first pass   last pass"
    )
    for ix, rbm in enumerate(net.rbms_, 1):
        error, score = (rbm.history_[f"validation_{name}"] for name in ("error", "pseudo_likelihood"))
        print(f"{ix:>5}{error[0]:>14.4f}{error[-1]:>12.4f}{score[0]:>18.1f}{score[-1]:>12.1f}")
    return net


def compare(net, data, plan, seed):
    """Train every classifier; return the fine-tuned network and the rows of the table."""
    same = {"learning_rate": 0.001, "dropout": plan.dropout, "batch_size": plan.batch, "random_state": seed}
    passes = plan.passes_output + plan.passes_network
    codes, codes_test = net.transform(data.x), net.transform(data.x_test)
    network = NetworkClassifier(
        init=net, n_iter_output=plan.passes_output, n_iter=plan.passes_network, schedule="linear", **same
    )
    grown = NetworkClassifier(plan.sizes, activation="sigmoid", n_iter=passes, schedule="linear", **same)
    top = NetworkClassifier((), n_iter=plan.passes_output, **same)
    neighbours = KNeighborsClassifier(5, algorithm="brute")
    images, encoded = (data.x, data.x_test), (codes, codes_test)
    watched = {"validation": (data.x_test, data.y_test)}
    trials = [
        ("logistic regression", LogisticRegression(max_iter=200, tol=1e-3), images, {}),
        ("5 nearest neighbours", neighbours, images, {}),
        ("5 nearest neighbours, standardised", make_pipeline(StandardScaler(), neighbours), images, {}),
        ("same network from random weights", grown, images, {}),
        ("softmax layer on the codes of layer 2", top, encoded, {}),
        ("deep belief net, fine-tuned", network, images, watched),
    ]
    return network, [measure(*trial, data) for trial in trials]


def measure(name, model, tables, extra, data):
    """Name, accuracy in per cent, seconds to train and seconds to answer."""
    began = time.perf_counter()
    model.fit(tables[0], data.y, **extra)
    trained = time.perf_counter()
    right = float((model.predict(tables[1]) == data.y_test).mean())
    return name, 100 * right, trained - began, time.perf_counter() - trained


def show_table(rows, published):
    width = max(len(row[0]) for row in rows)
    print(f"\n{'':<{width}}  accuracy (%)   published   train (s)   answer (s)")
    for name, right, train, answer in rows:
        print(f"{name:<{width}}{right:>14.2f}{published.get(name, '–'):>12}{train:>12.1f}{answer:>13.1f}")


def report(y, answer):
    return classification_report(y, answer, digits=3, zero_division=0)


def save_pictures(net, network, answer, data, plan, options):
    plot = dpmix.plot
    few = np.concatenate([np.flatnonzero(data.y_test == digit)[:2] for digit in range(10)])
    pictures = {
        "reconstructions": plot.reconstructions(net, data.x_test[few], shape=data.shape, per_row=10),
        "biases": plot.bias_images(net, data.x, shape=data.shape),
        "units_1": plot.unit_effects(net, 1, 48, shape=data.shape),
        "units_2": plot.unit_effects(net, 2, 48, shape=data.shape),
        "weights_1": plot.weights(net, 1, 48, shape=data.shape),
        "weights_2": plot.weights(net, 2, 48, shape=data.shape),
        "fantasies": plot.fantasies(net, 48, plan.gibbs, shape=data.shape),
        "training_machines": plot.training_curves(net),
        "training_network": mark(plot.training_curves(network, figures=["loss"])[0], plan.passes_output),
        "confusion": plot.confusion(data.y_test, answer),
    }
    wrong = np.flatnonzero(answer != data.y_test)
    if len(wrong):
        sure = network.predict_proba(data.x_test[wrong]).max(axis=1)
        worst = wrong[np.argsort(-sure, kind="stable")[:48]]
        names = [f"{data.y_test[row]}, not {answer[row]}" for row in worst]
        title = f"{len(worst)} of {len(wrong)} mistakes, surest first"
        pictures["mistakes"] = plot.image_grid(data.x_test[worst], names=names, shape=data.shape, title=title)
    for name, axes in pictures.items():
        np.ravel(axes)[0].figure.savefig(options.out / f"{name}.png")
    print(f"wrote {len(pictures)} pictures to {options.out}")


def mark(axes, epoch):
    """Mark the epoch after which all layers are trained."""
    axes.axvline(epoch + 0.5, color="0.7", linewidth=0.8, zorder=0)
    axes.annotate(
        "softmax layer alone ", (epoch + 0.5, 0.02), xycoords=("data", "axes fraction"), ha="right", size=7.5
    )
    axes.annotate(" all layers", (epoch + 0.5, 0.02), xycoords=("data", "axes fraction"), size=7.5)
    return axes


if __name__ == "__main__":
    main()
