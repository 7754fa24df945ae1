"""Teach a network to take noise off handwritten digits, and see whether its features help a classifier.

    python examples/denoising_digits.py [-o pictures] [--seed 1] [--quick]

400 training and 100 test images of each digit of MNIST, grey values in [0, 1]. Two autoencoders with 200
hidden units learn to reproduce the training images: a plain one from the images as they are, a denoising
one from images of which 40 % of the pixels are set to 0 and 5 % of the others to 1, drawn anew in every
epoch. Training ends after 250 epochs, or when the mean squared error has changed by less than 1 % over the
last 5.

Which learning rate of 0.1, 0.01, 0.001 and 0.0001 suits each of them is found by scikit-learn's grid search with
cross-validation, in short tries on the training images; short ones favour large rates. What counts is the error
of images held out: as they are for the plain autoencoder, from noisy to clean for the denoising one.

Then a softmax layer is put on top of each encoder, and the classifier trained, the new layer first alone: case
1 from the plain and case 2 from the denoising weights, beside the same network from random weights; several
times, as the order of the images is random. What is best at reproducing images need not be the best start for
that, and the last lines say whether it was. The test images choose nothing.

MNIST is downloaded on first use; the environment variable DPMIX_DATA names the folder where it is, or
shall be. --quick takes a quarter of the images and few epochs, for a run of seconds.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from threadpoolctl import threadpool_limits

import dpmix
from dpmix.datasets import MaskingNoise, corrupt
from dpmix.features import Autoencoder, NetworkClassifier

NOISE = MaskingNoise(f0=0.4, f1=0.05)
HIDDEN, BATCH = 200, 10
RATES = (0.1, 0.01, 0.001, 0.0001)
FOLDS = 3
SHOWN_UNITS = 20
DIGITS = range(10)


class Data(NamedTuple):
    """Training and test images, and fixed noisy copies of both."""

    x: np.ndarray  # (n, d) in [0, 1]
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    noisy: np.ndarray
    noisy_test: np.ndarray


class Plan(NamedTuple):
    """Sizes and passes of one run."""

    n_train: int  # of each digit
    n_test: int
    epochs_search: int  # of each try of the grid search
    epochs: int  # of the autoencoders, at most
    epochs_output: int  # of the softmax layer alone
    epochs_network: int  # of the whole classifier
    repeats: int  # of every classifier


def main():
    options = parse()
    matplotlib.use("Agg")  # draw into files only
    threadpool_limits(1)  # threads that wait for each other cost more than they bring
    options.out.mkdir(parents=True, exist_ok=True)
    plan = Plan(100, 100, 8, 30, 10, 20, 2) if options.quick else Plan(400, 100, 30, 250, 10, 50, 5)
    data = load(plan, options.seed)
    began = time.perf_counter()
    print(f"{len(data.x):,} training and {len(data.x_test):,} test images")

    makers = {
        "plain": autoencoder(None, plan, options.seed),
        "denoising": autoencoder(NOISE, plan, options.seed),
    }
    rates = search_rates(makers, data, plan)
    nets = {name: learn(name, net, rates[name], data) for name, net in makers.items()}
    show_errors(nets, data)
    cases = classify(nets, data, plan, options.seed)
    show_cases(cases, data)
    save_pictures(nets, cases, data, plan, options.out)
    print(f"{time.perf_counter() - began:.0f} s in all")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("pictures"), help="folder for the pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="less of everything: a run of seconds")
    return parser.parse_args()


def load(plan, seed):
    """The same number of images of each digit, at random."""
    rng = np.random.default_rng(seed)
    tables = []
    for split, n in (("train", plan.n_train), ("test", plan.n_test)):
        try:
            images = dpmix.datasets.load_grey(f"mnist:{split}")
        except dpmix.InputError as error:
            sys.exit(f"{error}\nThis example needs MNIST; see 'dpmix fetch --help'.")
        rows = [rng.choice(np.flatnonzero(images.y == digit), n, replace=False) for digit in DIGITS]
        tables += [images.x[np.concatenate(rows)], images.y[np.concatenate(rows)]]
    return Data(*tables, corrupt(tables[0], NOISE, seed=seed), corrupt(tables[2], NOISE, seed=seed + 1))


def autoencoder(noise, plan, seed):
    """One that is not trained yet, and has no learning rate."""
    return Autoencoder(
        HIDDEN, activation="sigmoid", corruption=noise, solver="sgd", batch_size=BATCH, n_iter=plan.epochs,
        plateau=(0.01, 5), random_state=seed,
    )  # fmt: skip


def search_rates(nets, data, plan):
    """The best learning rate of each, by cross-validation within the training images."""
    print(
        f"\nmean squared error per pixel, x 1000, of images held out; {FOLDS} folds, {plan.epochs_search} epochs\n"
        f"{'learning rate':<24}" + "".join(f"{rate:>8g}" for rate in RATES)
    )
    best = {}
    for name, net in nets.items():
        search = GridSearchCV(
            clone(net).set_params(n_iter=plan.epochs_search, plateau=None),
            {"learning_rate": RATES},
            scoring=error_of_unseen,
            cv=StratifiedKFold(FOLDS, shuffle=True, random_state=0),
            refit=False,
        ).fit(data.x, data.y)
        errors = -search.cv_results_["mean_test_score"]
        best[name] = search.best_params_["learning_rate"]
        print(
            f"{name:<24}" + "".join(f"{1000 * error:>8.1f}" for error in errors) + f"   best: {best[name]:g}"
        )
    print()
    return best


def error_of_unseen(net, x, y):
    """What the search makes large: minus the error, from noisy images if the net has learnt from such."""
    inputs = x if net.corruption is None else corrupt(x, net.corruption, seed=0)
    return -net.reconstruction_errors(inputs, x).mean()


def learn(name, net, rate, data):
    """Train one autoencoder, watched on the test images."""
    net.set_params(learning_rate=rate)
    began = time.perf_counter()
    net.fit(data.x, validation=data.x_test)
    print(f"{name} autoencoder: {net.n_iter_} epochs, {time.perf_counter() - began:.0f} s")
    return net


def digit_errors(net, inputs, targets, y):
    """Mean squared error per pixel of the images of each digit, and of all."""
    errors = net.reconstruction_errors(inputs, targets)
    return [*(errors[y == digit].mean() for digit in DIGITS), errors.mean()]


def error_table(nets, data):
    """Errors by what is done, then by digit."""
    train, test = (data.x, data.noisy, data.y), (data.x_test, data.noisy_test, data.y_test)
    rows = {}
    for name, net in nets.items():
        for part, (clean, noisy, y) in (("training", train), ("test", test)):
            rows[f"{name}, clean to clean, {part}"] = digit_errors(net, clean, clean, y)
            rows[f"{name}, noisy to clean, {part}"] = digit_errors(net, noisy, clean, y)
    return rows


def show_errors(nets, data):
    rows = error_table(nets, data)
    print(
        "\nmean squared error per pixel, x 1000\n"
        + " " * 36
        + "".join(f"{digit:>6}" for digit in [*DIGITS, "all"])
    )
    for name, errors in rows.items():
        print(f"{name:<36}" + "".join(f"{1000 * error:>6.1f}" for error in errors))
    untouched = np.square(data.noisy_test - data.x_test).mean()
    print(f"noisy test images as they are: {1000 * untouched:.1f}")


def classify(nets, data, plan, seed):
    """Classifiers by case: `repeats` of each."""
    epochs = {"n_iter_output": plan.epochs_output, "n_iter": plan.epochs_network}
    makers = {
        "case 1: plain weights": {"init": nets["plain"]} | epochs,
        "case 2: denoising weights": {"init": nets["denoising"]} | epochs,
        "random weights": {
            "hidden_layer_sizes": HIDDEN, "activation": "sigmoid", "n_iter": plan.epochs_output + plan.epochs_network
        },
    }  # fmt: skip
    cases = {}
    for name, settings in makers.items():
        cases[name] = [
            NetworkClassifier(**settings, learning_rate=0.001, random_state=seed + repeat).fit(
                data.x, data.y, validation=(data.x_test, data.y_test)
            )
            for repeat in range(plan.repeats)
        ]
    return cases


def show_cases(cases, data):
    """A table, and in words what the learnt weights were worth."""
    means = {}
    print("\nbalanced accuracy (%)          training        test   (of each run)")
    for name, networks in cases.items():
        train, test = (
            [100 * balanced_accuracy_score(y, network.predict(x)) for network in networks]
            for x, y in ((data.x, data.y), (data.x_test, data.y_test))
        )
        runs = " ".join(f"{value:.1f}" for value in test)
        means[name] = np.mean(test)
        print(f"{name:<27}{np.mean(train):>12.2f}{np.mean(test):>12.2f} +- {np.std(test):.2f}   ({runs})")

    *learnt, random = means
    best = max(learnt, key=means.get)
    gain = means[best] - means[random]
    verdict = "features learnt without labels helped" if gain > 0 else "they did not help"
    print(f"{best}: {gain:+.2f} points beside random weights: here {verdict}")


def save_pictures(nets, cases, data, plan, folder):
    plot = dpmix.plot
    few = np.concatenate([np.flatnonzero(data.y_test == digit)[:1] for digit in DIGITS])
    noisy = data.noisy_test[few]
    rows = [("true", data.x_test[few]), ("noisy", noisy)]
    rows += [(f"decoded,\n{name}", net.denoise(noisy)) for name, net in nets.items()]
    ternary = nets["denoising"].denoise(noisy, ternary=True)
    rows.append(("decided,\ndenoising", np.ma.masked_equal(ternary, -1)))
    first = {name: networks[0] for name, networks in cases.items()}
    pictures = {
        "denoising_rows": plot.image_rows(
            rows, per_row=10, title="Test digits, noise added, and what is left of it"
        ),
        "denoising_training": draw_curves(nets, "mean_squared_error", "mean squared error per pixel"),
        "denoising_errors": draw_errors(nets, data),
        "denoising_classifiers": draw_curves(first, "loss", "loss, nats per image", plan.epochs_output),
        "denoising_confusion": draw_confusion(first, data),
    }
    for name, net in nets.items():
        pictures[f"denoising_features_{name}"] = plot.weights(net, 1, SHOWN_UNITS, per_row=10)
    for name, axes in pictures.items():
        np.ravel(axes)[0].figure.savefig(folder / f"{name}.png")
    print(f"\nwrote {len(pictures)} pictures to {folder}")


@dpmix.plot.house_style()  # colours and print of dpmix's own pictures
def draw_errors(nets, data):
    """Errors per digit: of training images hollow, of test images full."""
    from matplotlib import pyplot as plt

    _, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
    rows = error_table(nets, data)
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    styles = {"plain, clean to clean": ("o", -0.2), "denoising, clean to clean": ("s", 0.0),
              "denoising, noisy to clean": ("^", 0.2)}  # fmt: skip
    for (name, (marker, shift)), colour in zip(styles.items(), colours, strict=False):
        at = np.arange(10) + shift
        train, test = (rows[f"{name}, {part}"][:10] for part in ("training", "test"))
        ax.vlines(at, train, test, color=colour, linewidth=1, alpha=0.5)
        ax.plot(at, train, marker, color=colour, markerfacecolor="white", markersize=5)
        ax.plot(at, test, marker, color=colour, markersize=5, label=name)
    ax.set(xticks=DIGITS, xlabel="digit", ylim=(0, None))
    ax.set_title("mean squared error per pixel: hollow training, full test")
    ax.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.18))
    return ax


def draw_curves(models, figure, title, until=None):
    """A figure of every epoch; until a line, learnt layers stay as they are and the softmax layer learns alone."""
    from matplotlib import pyplot as plt

    _, ax = plt.subplots(figsize=(7, 4), dpi=150, layout="constrained")
    dpmix.plot.training_curves(models, figures=[figure], ax=ax)
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
    fixed = "" if until is None else "; learnt layers fixed before the line"
    ax.set_title(f"{title}: training solid, test dashed{fixed}", loc="left", fontsize=10)
    if until is not None:
        ax.axvline(until + 0.5, color="0.7", linewidth=0.8, zorder=0)
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::2], labels[::2], frameon=False, fontsize=8, loc="upper right")
    return ax


def draw_confusion(networks, data):
    """Cases 1 and 2, training above test."""
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(2, 2, figsize=(11, 9.8), dpi=120, layout="constrained")
    for column, (name, network) in zip(axes.T, list(networks.items())[:2], strict=True):
        for ax, part, x, y in zip(column, ("training", "test"), data[:4:2], data[1:4:2], strict=True):
            answer = network.predict(x)
            score = 100 * balanced_accuracy_score(y, answer)
            dpmix.plot.confusion(y, answer, title=f"{name}, {part}: {score:.1f} % balanced", ax=ax)
    return axes


if __name__ == "__main__":
    main()
