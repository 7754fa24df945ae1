"""Accuracy of `dpmix.features.NetworkClassifier` on MNIST beside published figures.

    OPENBLAS_NUM_THREADS=1 python benchmarks/recognition.py [--seeds 0 1 2] [--networks 100 500-200-50]
    python benchmarks/recognition.py --validate [--images 20000] [--passes 0.5]      # what settings were chosen by

Grey values divided by 255 and nothing else: no deskewing, no shifted copies, no use of which pixels are
neighbours, so that a permutation of the pixels changes nothing. Each network learns from all 60,000
training images, for the number of passes written here, and is then asked once about the 10,000 test images.
Settings were chosen with --validate: it learns from 50,000 training images and asks about the other 10,000.

The published figures are those of common course notes and tutorials for the same layers without
regularisation; the bottleneck's network has two linear units in its middle, 784-500-100-2-100-10, so that
it must tell ten digits by two numbers.
"""

import argparse
import time
from typing import NamedTuple

import harness
import numpy as np

from dpmix.datasets import load_grey
from dpmix.features import NetworkClassifier

N_VALIDATION = 10_000


class Recipe(NamedTuple):
    """A network, its settings, and accuracies in per cent: published, and to be reached."""

    published: float
    goal: float
    settings: dict


ADAM = {"solver": "adam", "batch_size": 100, "schedule": "cosine"}
RECIPES = {
    "logistic": Recipe(92.0, 92.0, {"hidden_layer_sizes": (), "learning_rate": 0.002, "n_iter": 20, **ADAM}),
    "100": Recipe(
        97.5,
        97.5,
        {
            "hidden_layer_sizes": (100,),
            "learning_rate": 0.002,
            "n_iter": 20,
            "input_dropout": 0.1,
            **ADAM,
        },
    ),
    "500-200-50": Recipe(
        98.0,
        98.4,
        {
            "hidden_layer_sizes": (500, 200, 50),
            "learning_rate": 0.0015,
            "n_iter": 25,
            "input_dropout": 0.2,
            "dropout": (0.3, 0.2, 0.1),
            **ADAM,
        },
    ),
    "500-100-2-100": Recipe(
        96.0,
        97.5,
        {
            "hidden_layer_sizes": (500, 100, 2, 100),
            "activation": ("relu", "relu", "linear", "relu"),
            "learning_rate": 0.001,
            "n_iter": 25,
            "input_dropout": 0.2,
            "dropout": (0.3, 0, 0, 0),
            **ADAM,
        },
    ),
}


def main():
    options = parse()
    train, test = load(options)
    asked = "set aside from the training images" if options.validate else "for testing"
    print(
        f"{len(train[0]):,} training images, {len(test[0]):,} {asked}; seeds {', '.join(map(str, options.seeds))}"
    )
    print(
        f"{'network':<15}{'parameters':>11}{'passes':>8}{'s/pass':>8}{'training':>10}{'test':>8}{'+-':>6}"
        f"{'published':>11}{'goal':>7}"
    )
    for name in options.networks:
        figures = np.array([measure(name, train, test, seed, options.passes) for seed in options.seeds])
        report(name, figures, train[0].shape[1])


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--networks",
        nargs="+",
        choices=list(RECIPES),
        default=list(RECIPES),
        metavar="NAME",
        help=f"some of {', '.join(RECIPES)}",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one run each")
    parser.add_argument("--images", type=int, help="to learn from (default: all)")
    parser.add_argument("--passes", type=float, default=1.0, help="factor of the numbers of passes")
    parser.add_argument("--validate", action="store_true", help="never look at the test images")
    return harness.parse(parser)


def load(options):
    """Pairs of images and labels to learn from and to be asked about."""
    images = load_grey("mnist")
    x, y = images.x, images.y
    if options.validate:
        order = np.random.default_rng(0).permutation(len(x))
        kept, aside = order[:-N_VALIDATION][: options.images], order[-N_VALIDATION:]
        return (x[kept], y[kept]), (x[aside], y[aside])
    test = load_grey("mnist:test")
    return (x[: options.images], y[: options.images]), (test.x, test.y)


def measure(name, train, test, seed, factor):
    """Accuracy on training and test images in per cent, seconds a pass, and passes."""
    settings = RECIPES[name].settings
    passes = max(round(settings["n_iter"] * factor), 1)
    network = NetworkClassifier(**{**settings, "n_iter": passes}, random_state=seed)
    began = time.perf_counter()
    network.fit(*train)
    seconds = time.perf_counter() - began
    return *(100 * np.mean(network.predict(x) == y) for x, y in (train, test)), seconds / passes, passes


def report(name, figures, n_pixels):
    """One line: means over the seeds, and the standard deviation of the test accuracy where there are several."""
    sizes = (n_pixels, *RECIPES[name].settings["hidden_layer_sizes"], 10)
    parameters = sum((low + 1) * high for low, high in zip(sizes, sizes[1:], strict=False))
    learnt, right, seconds, passes = figures.mean(axis=0)
    harness.note(f"{name}, accuracy", figures[:, 1], "%")
    harness.note(f"{name}, pass", figures[:, 2], "s")
    spread = f"{figures[:, 1].std(ddof=1):.2f}" if len(figures) > 1 else "–"
    print(
        f"{name:<15}{parameters:>11,}{passes:>8.0f}{seconds:>8.2f}{learnt:>9.2f}%{right:>7.2f}%{spread:>6}"
        f"{RECIPES[name].published:>10.1f}%{RECIPES[name].goal:>6.1f}%",
        flush=True,
    )


if __name__ == "__main__":
    main()
