"""Learn features of handwritten digits without labels, look at them, and make a classifier of them.

    python examples/reconstructing_digits.py [-o pictures] [--seed 1] [--quick] [--digits]

A picture of some digits comes first. Then two restricted Boltzmann machines, one on top of the other, learn
from the grey values of MNIST in 30 passes each. Pictures show what they make of digits they have never seen,
what comes from their biases alone, what single hidden units stand for, and digits that they make up. Then a
softmax layer is put on top and trained alone for 10 passes, and all layers by backpropagation for 10 more. One
table compares the result with logistic regression, nearest neighbours, a support vector machine, and the same
network from random weights; reports and confusion matrices of the net and of the first three tell which digits
are mistaken for which. The test images are scored once, at the end; curves of the training show their figures,
but nothing is chosen by them.

How does a machine learn without labels? It is a model of images: pixels that are on switch hidden units on and
off, and hidden units pixels, in turns. Left to itself for long, it would dream of images, each as often as it
holds it to be probable. It is a good model if the dreams cannot be told from digits, so learning makes what it
sees more probable, and what it dreams less: each weight grows by how often its pixel and its hidden unit are on
together in digits, and shrinks by how often they are in dreams. To wait for true dreams would take too long.
Contrastive divergence waits for one step only: digits switch hidden units on, these draw the digits anew, and
the difference between the two teaches. That takes away what the machine would change first in a digit, which
is what it must not do if it is to reconstruct it. What it dreams of far from all digits is never seen and never
unlearnt, though; the upper machine keeps its dreams from one step to the next (persistent chains), and so they
come far enough to be unlearnt.

Weights of the upper machine are between hidden units, and no image. The picture of them shows, for each unit of
layer 2, the sum of the images of layer 1, each times the weight between the two.

--quick takes 5,000 of the 60,000 training images and few passes, for a run of seconds: it shows how things go,
and its figures are lower than those of the whole. --digits takes the 1,797 digits of 8 x 8 pixels that
scikit-learn brings along, for which nothing needs to be downloaded. MNIST is downloaded on first use; the
environment variable DPMIX_DATA names the folder where it is, or shall be.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

import dpmix
from dpmix.features import BernoulliRBM, DeepBeliefNet, NetworkClassifier

DBN = "deep belief net, fine-tuned"
LOGISTIC = "logistic regression, standardised"
NEIGHBOURS = "5 nearest neighbours"
# Of the experiment that this one follows.
PUBLISHED = {
    "logistic regression": "88 to 90 %",
    NEIGHBOURS: "96 %",
    DBN: "97 %",
}


class Data(NamedTuple):
    """Training and test images, and height and width of them all."""

    x: np.ndarray  # (n, d) in [0, 1]
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    shape: tuple
    n_all: int  # training images that there are


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
    machine: int  # images that the support vector machine learns from, whose time grows with their square


PLANS = {
    ("mnist", False): Plan((500, 500), 30, 0.05, 10, 10, 100, 0.2, 1000, 20_000),
    ("mnist", True): Plan((200, 200), 5, 0.1, 5, 10, 20, 0.0, 50, 5000),
    ("digits", False): Plan((128, 128), 30, 0.3, 10, 30, 20, 0.0, 1000, 1297),
    ("digits", True): Plan((64, 64), 10, 0.3, 5, 10, 20, 0.0, 200, 1297),
}


def main():
    options = parse()
    plt.switch_backend("Agg")  # draw into files only
    threadpool_limits(1)  # threads that wait for each other cost more than they bring
    options.out.mkdir(parents=True, exist_ok=True)
    plan = PLANS["digits" if options.digits else "mnist", options.quick]
    data = load(options)
    began = time.perf_counter()
    print(
        f"{len(data.x):,} training and {len(data.x_test):,} test images of {data.shape[0]} x {data.shape[1]} pixels"
    )
    if options.quick:
        part = f"{len(data.x):,} of {data.n_all:,} training images and " if len(data.x) < data.n_all else ""
        print(f"--quick: {part}{plan.passes} passes of each machine; the whole does better")
    draw_digits(data, options.out)

    net = learn_features(data, plan, options.seed)
    network, answers, rows = compare(net, data, plan, options.seed)
    show_table(rows, {} if options.quick or options.digits else PUBLISHED)
    for name, answer in answers.items():
        print(f"\n{name}, on the test images\n{report(data.y_test, answer)}")
    save_pictures(net, network, answers, data, plan, options)
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
        return Data(
            images.x[train], images.y[train], images.x[test], images.y[test], images.image_shape, len(train)
        )
    try:
        train, test = (dpmix.datasets.load_grey(f"mnist:{split}") for split in ("train", "test"))
    except dpmix.InputError as error:
        sys.exit(
            f"{error}\nMNIST is needed; --digits does without, and 'dpmix fetch --help' tells how to get it."
        )
    n, m = (5000, 1000) if options.quick else (len(train.x), len(test.x))
    return Data(train.x[:n], train.y[:n], test.x[:m], test.y[:m], train.image_shape, len(train.x))


def draw_digits(data, folder, each=6):
    """The first digits of each kind, of the training images."""
    rows = np.array([np.flatnonzero(data.y == digit)[:each] for digit in range(10)]).T.ravel()
    ax = dpmix.plot.image_grid(
        data.x[rows], names=data.y[rows], shape=data.shape, per_row=10, title="Some of the training images"
    )
    ax.figure.savefig(folder / "digits.png")


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
    """Train every classifier; return the fine-tuned network, answers of four, and the rows of the table."""
    same = {"learning_rate": 0.001, "dropout": plan.dropout, "batch_size": plan.batch, "random_state": seed}
    passes = plan.passes_output + plan.passes_network
    codes, codes_test = net.transform(data.x), net.transform(data.x_test)
    network = NetworkClassifier(
        init=net, n_iter_output=plan.passes_output, n_iter=plan.passes_network, schedule="linear", **same
    )
    grown = NetworkClassifier(plan.sizes, activation="sigmoid", n_iter=passes, schedule="linear", **same)
    top = NetworkClassifier((), n_iter=plan.passes_output, **same)
    logistic = LogisticRegression(max_iter=200, tol=1e-3)
    neighbours = KNeighborsClassifier(5, algorithm="brute")
    machine = f"support vector machine, {min(plan.machine, len(data.x)):,} images"
    images, encoded = (data.x, data.x_test), (codes, codes_test)
    watched = {"validation": (data.x_test, data.y_test)}
    trials = {
        "logistic regression": (logistic, images, {}),
        LOGISTIC: (make_pipeline(StandardScaler(), logistic), images, {}),
        NEIGHBOURS: (neighbours, images, {}),
        f"{NEIGHBOURS}, standardised": (make_pipeline(StandardScaler(), neighbours), images, {}),
        machine: (SVC(C=5), (data.x[: plan.machine], data.x_test), {}),
        "same network from random weights": (grown, images, {}),
        "softmax layer on the codes of layer 2": (top, encoded, {}),
        DBN: (network, images, watched),
    }
    answers, rows = {}, []
    for name, trial in trials.items():
        answers[name], row = measure(name, *trial, data)
        rows.append(row)
    reported = (LOGISTIC, NEIGHBOURS, machine, DBN)
    return network, {name: answers[name] for name in reported}, rows


def measure(name, model, tables, extra, data):
    """Answers, and name, accuracy in per cent, seconds to train and seconds to answer."""
    began = time.perf_counter()
    model.fit(tables[0], data.y[: len(tables[0])], **extra)
    trained = time.perf_counter()
    answer = model.predict(tables[1])
    right = float((answer == data.y_test).mean())
    return answer, (name, 100 * right, trained - began, time.perf_counter() - trained)


def show_table(rows, published):
    width = max(len(row[0]) for row in rows)
    print(f"\n{'':<{width}}  accuracy (%)   published   train (s)   answer (s)")
    for name, right, train, answer in rows:
        print(f"{name:<{width}}{right:>14.2f}{published.get(name, '–'):>12}{train:>12.1f}{answer:>13.1f}")


def report(y, answer):
    return classification_report(y, answer, digits=3, zero_division=0)


def save_pictures(net, network, answers, data, plan, options):
    plot, answer = dpmix.plot, answers[DBN]
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
        "confusion": draw_confusion(answers, data.y_test),
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


def draw_confusion(answers, y):
    """Which digits are taken for which, by each of four classifiers."""
    figure, axes = plt.subplots(2, 2, figsize=(11, 9.8), dpi=120, layout="constrained")
    for ax, (name, answer) in zip(axes.flat, answers.items(), strict=True):
        dpmix.plot.confusion(y, answer, title=f"{name}: {(answer == y).mean():.2%} right", ax=ax)
    return axes


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
