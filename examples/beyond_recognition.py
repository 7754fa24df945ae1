"""Recognise digits with networks, clean noisy ones before recognition, and lay digits out in a plane.

    python examples/beyond_recognition.py [-o pictures] [--seed 1] [--quick]

Four networks learn the digits of MNIST: logistic regression, one hidden layer of 100 units, three of 500, 200
and 50, and one that must tell all ten digits by two numbers, 784-500-100-2-100-10.

Then digits are damaged: 40 % of all pixels are switched off and 5 % of the others on. A network that has
learnt from clean digits fails on many of these; before it is asked again, the digits are cleaned by a denoising
autoencoder, by an RBM, and by the mixture, none of which has seen a label. The last two have learnt from
clean digits only, and are told how often pixels flip. One table and one picture compare them.

Last, a picture shows the two numbers of the fourth network for digits it has never seen, coloured by label, with
the borders of what the layers above take each place for. Beside it stands t-SNE of the same digits, coloured by
label, too, and by the clusters in which the mixture puts them. Neither t-SNE nor the mixture is told a label, and
neither knows of the other: where they agree, both see the same groups.

The settings were chosen on training images; the test images are scored once. It takes some minutes on one
core; --quick takes a part of the images and few passes, for a run of seconds. MNIST is downloaded on first
use; the environment variable DPMIX_DATA names the folder where it is, or shall be.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

import dpmix
from dpmix.datasets import MaskingNoise, corrupt
from dpmix.features import Autoencoder, BernoulliRBM, NetworkClassifier

NOISE = MaskingNoise(0.4, 0.05)
SHOWN = 2  # damaged digits of each kind in the picture
RELU = "relu"
PUBLISHED = {
    "logistic regression": "92 %",
    "100": "97.5 %",
    "500-200-50": "98 %",
    "500-100-2-100": "96 %",
    "noisy": "89 %",
    "autoencoder": "94 %",
}


class Data(NamedTuple):
    """Training and test images in grey values, with labels."""

    x: np.ndarray  # (n, d) in [0, 1]
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


class Plan(NamedTuple):
    """How much of everything one run takes."""

    train: int  # images
    test: int
    passes: int  # of each network
    clean_passes: int  # of the autoencoder and the RBM
    mixture: int  # images that the mixture learns from
    sweeps: int
    plane: int  # images of t-SNE, and clustered


FULL = Plan(60_000, 10_000, 15, 10, 20_000, 40, 2000)
QUICK = Plan(4000, 1000, 12, 8, 1500, 10, 500)


def main():
    options = parse()
    plt.switch_backend("Agg")  # draw into files only
    threadpool_limits(1)  # threads that wait for each other cost more than they bring
    options.out.mkdir(parents=True, exist_ok=True)
    plan = QUICK if options.quick else FULL
    data = load(plan)
    began = time.perf_counter()
    print(f"{len(data.x):,} training and {len(data.x_test):,} test images of 28 x 28 pixels")
    networks, rows = recognise(data, plan, options.seed)
    rows += clean(data, plan, options)
    rows += lay_out(networks["500-100-2-100"], data, plan, options)
    print(f"\n{'test images recognised':<50}{'published':>10}{'here':>10}")
    for name, right in rows:
        print(f"{name:<50}{PUBLISHED.get(name, '–'):>10}{right:>8.2f} %")
    print(f"\n{(time.perf_counter() - began) / 60:.1f} minutes in all")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("pictures"), help="folder for the pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="less of everything: a run of seconds")
    return parser.parse_args()


def load(plan):
    try:
        train, test = (dpmix.datasets.load_grey(f"mnist:{split}") for split in ("train", "test"))
    except dpmix.InputError as error:
        sys.exit(f"{error}\nThis example needs MNIST; see 'dpmix fetch --help'.")
    return Data(train.x[: plan.train], train.y[: plan.train], test.x[: plan.test], test.y[: plan.test])


# Recognition -----------------------------------------------------------------------------------------------


def recognise(data, plan, seed):
    """Train the four networks; return them by name, and pairs of name and accuracy in per cent."""
    same = {"schedule": "cosine", "n_iter": plan.passes, "random_state": seed}
    networks = {
        "logistic regression": NetworkClassifier((), learning_rate=0.002, **same),
        "100": NetworkClassifier((100,), learning_rate=0.002, input_dropout=0.1, **same),
        "500-200-50": NetworkClassifier(
            (500, 200, 50), learning_rate=0.0015, input_dropout=0.2, dropout=(0.3, 0.2, 0.1), **same
        ),
        "500-100-2-100": NetworkClassifier(
            (500, 100, 2, 100),
            learning_rate=0.001,
            activation=(RELU, RELU, "linear", RELU),
            input_dropout=0.2,
            dropout=(0.3, 0, 0, 0),
            **same,
        ),
    }
    rows = []
    print(f"\n{'hidden units':<22}{'accuracy (%)':>13}{'seconds':>9}")
    for name, network in networks.items():
        began = time.perf_counter()
        network.fit(data.x, data.y)
        right = 100 * network.score(data.x_test, data.y_test)
        print(f"{name:<22}{right:>13.2f}{time.perf_counter() - began:>9.1f}", flush=True)
        rows.append((name, right))
    return networks, rows


# Denoising -------------------------------------------------------------------------------------------------


def clean(data, plan, options):
    """Damage the test images, clean them by three roads, show a table and a picture; return the accuracies."""
    x, true = (images > 0.5 for images in (data.x, data.x_test))  # a pixel is on above grey value 127
    network = NetworkClassifier(
        (100,), learning_rate=0.002, schedule="cosine", n_iter=plan.passes, random_state=options.seed
    ).fit(x, data.y)
    noisy = corrupt(true.astype(np.uint8), NOISE, seed=options.seed)
    answers = {"clean": true.astype(np.float32), "noisy": noisy}
    seconds = dict.fromkeys(answers, 0.0)
    for name, road in (("autoencoder", by_autoencoder), ("RBM", by_machine), ("mixture", by_mixture)):
        began = time.perf_counter()
        answers[name] = road(x, noisy, plan, options.seed)
        seconds[name] = time.perf_counter() - began
    rows = show_answers(answers, seconds, network, data.y_test)
    few = np.concatenate([np.flatnonzero(data.y_test == digit)[:SHOWN] for digit in range(10)])
    title = "40 % of the pixels switched off, 5 % of the others on, and cleaned by three roads"
    ax = dpmix.plot.image_rows(
        [(name, answer[few]) for name, answer in answers.items()],
        shape=(28, 28),
        per_row=len(few),
        title=title,
    )
    save(ax.figure, options.out / "three_roads.png")
    return rows


def by_autoencoder(x, noisy, plan, seed):
    """It has learnt to undo this noise."""
    net = Autoencoder(
        500,
        loss="cross_entropy",
        corruption=NOISE,
        learning_rate=0.001,
        schedule="cosine",
        n_iter=plan.clean_passes,
        random_state=seed,
    )
    return net.fit(x).denoise(noisy)


def by_machine(x, noisy, plan, seed):
    """Mean field of an RBM, to which what is seen of a pixel is evidence for or against its being on."""
    rbm = BernoulliRBM(
        300,
        method="pcd",
        learning_rate=0.1,
        schedule="linear",
        n_iter=plan.clean_passes,
        monitor_size=0,
        random_state=seed,
    ).fit(x)
    off, on = NOISE.flip_rates
    seen = np.where(noisy, np.log((1 - off) / on), np.log(off / (1 - on)))
    p = noisy
    for _ in range(10):
        p = expit(rbm.transform(p) @ rbm.components_ + rbm.intercept_visible_ + seen)
    return p


def by_mixture(x, noisy, plan, seed):
    """The exact posterior predictive of the clean image, given how often pixels flip."""
    posterior = dpmix.sample(x[: plan.mixture], chains=1, sweeps=plan.sweeps, seed=seed)
    return dpmix.denoise(posterior, noisy, *NOISE.flip_rates, draws=5)


def show_answers(answers, seconds, network, y):
    true = answers["clean"]
    changed, rows = answers["noisy"] != true, []
    print(
        f"\n{changed.mean():.1%} of all pixels changed; a network of 100 hidden units has learnt from clean images"
        f"\n{'':<22}{'squared error':>18}{'bit error (%)':>20}"
        f"\n{'':<22}{'changed':>11}{'all':>7}{'changed':>13}{'all':>7}{'accuracy (%)':>15}{'seconds':>9}"
    )
    for name, answer in answers.items():
        squared, wrong = np.square(answer - true), (answer > 0.5) != (true > 0.5)
        right = 100 * network.score(answer, y)
        print(
            f"{name:<22}{squared[changed].mean():>11.3f}{squared.mean():>7.3f}{100 * wrong[changed].mean():>13.1f}"
            f"{100 * wrong.mean():>7.2f}{right:>15.2f}{seconds[name]:>9.1f}"
        )
        rows.append((name, right))
    return rows


# Two numbers for each digit --------------------------------------------------------------------------------


def lay_out(network, data, plan, options):
    """Draw the two units of the bottleneck and t-SNE of the same test images, and return how well each tells digits."""
    x, y = data.x_test[: plan.plane], data.y_test[: plan.plane]
    began = time.perf_counter()
    bottleneck, tsne = (
        network.hidden(x, layer=3),
        TSNE(random_state=options.seed, init="pca").fit_transform(x),
    )
    planes = {
        "Two units of a network that has learnt labels": bottleneck,
        "t-SNE, which sees no labels": tsne,
    }
    clusters = find_clusters(x > 0.5, options.seed)
    print(
        f"\n{len(x):,} test images in a plane: digits told by their 5 nearest neighbours there, but for themselves"
    )
    rows = []
    figure, panels = plt.subplots(1, 3, figsize=(18, 6.3), dpi=120)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.05, top=0.94, wspace=0.04)
    for ax, (title, plane) in zip(panels[:2], planes.items(), strict=True):
        told = 100 * neighbours_accuracy(plane, y)
        print(f"{title:<48}{told:>7.1f} %")
        rows.append((title, told))
        dpmix.plot.embedding(plane, y, title=f"{title}: neighbours tell {told:.1f} %", ax=ax)
    draw_borders(panels[0], network)
    agreement = dpmix.partitions.compare_labels(clusters, y)
    found = f"{clusters.n_clusters} clusters of the mixture, NMI with digits {agreement.nmi:.2f}"
    print(found)
    dpmix.plot.embedding(tsne, clusters, title=f"t-SNE by cluster: {found}", ax=panels[2])
    save(figure, options.out / "planes.png")
    print(f"{time.perf_counter() - began:.1f} s for all three")
    return rows


def find_clusters(x, seed):
    """One partition that stands for all draws, of fewer and broader clusters than predict best."""
    posterior = dpmix.sample(x, dpmix.Prior.coarse(x), chains=2, sweeps=40, jobs=1, seed=seed, progress=False)
    return dpmix.partitions.point_estimate(posterior)


def neighbours_accuracy(plane, y):
    """Share of points whose label is that of most of their 5 nearest neighbours."""
    near = (
        KNeighborsClassifier(5).fit(plane, y).kneighbors(return_distance=False)
    )  # of others than the point itself
    votes = np.apply_along_axis(np.bincount, 1, y[near], minlength=10)
    return float(np.mean(votes.argmax(axis=1) == y))


def draw_borders(ax, network):
    """Draw the borders of what the layers above the bottleneck take each place of its plane for."""
    across, up = (np.linspace(*ends, 500, dtype=np.float32) for ends in (ax.get_xlim(), ax.get_ylim()))
    a = np.stack(np.meshgrid(across, up), axis=-1)
    for weights, bias in zip(network.coefs_[3:], network.intercepts_[3:], strict=True):
        a = np.maximum(a, 0) if weights is network.coefs_[-1] else a  # ReLU of the layer of 100 units
        a = a @ weights + bias
    digits = a.argmax(axis=-1)
    for digit in np.unique(digits):
        ax.contour(across, up, digits == digit, levels=[0.5], colors="0.6", linewidths=0.8, zorder=0)


def save(figure, path):
    figure.savefig(path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
