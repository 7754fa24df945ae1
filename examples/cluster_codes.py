"""Cluster images by the binary codes that feature extractors make of them, and look at the clusters as images.

    python examples/cluster_codes.py [-o pictures] [--bits 128] [--seed 1] [--quick]

A restricted Boltzmann machine, a deep belief net, an autoencoder and a denoising autoencoder learn from the
60,000 training images of MNIST without their labels. Each gives codes of 128 bits for 10,000 test images,
which the mixture clusters as the end of a scikit-learn Pipeline. One table compares the clusters with the digits,
for pixels and for codes, beside k-means with as many clusters on the same codes. Where the same images are
to be learnt from and clustered, two lines do:

    pipeline = Pipeline([("rbm", BernoulliRBM(codes="binary")), ("mixture", DPMixture())])
    labels = pipeline.fit_predict(images)

and on the command line, with a picture of the clusters decoded back to images:

    dpmix train mnist --model rbm --layers 128 --epochs 40 --seed 1 -o rbm.npz
    dpmix encode mnist:test --model rbm.npz -o codes.npz
    dpmix fit codes.npz -o run --alpha 1 --a 10 --b 10 --seed 1
    dpmix plot run clusters --decode rbm.npz -o clusters.png

Pictures: the largest clusters of each kind of code, decoded back to images from the mean code of their members;
and images of which the right half is hidden. There, a bit of the code is taken as observed if it comes out the same
in most ways in which the training images would fill in what is hidden; the mixture draws the others, and
the decoder turns the codes into pixels. A second table gives the error, beside the mixture of pixels.

--quick takes the 1,797 digits of 8 x 8 pixels that scikit-learn brings along, both to learn from and to cluster: no
download, a run of seconds. So few pixels need no codes: there, the mixture finds the digits better from the pixels
themselves, and the script says which won. Codes pay where pixels are many, as in MNIST.
MNIST is downloaded on first use; the environment variable DPMIX_DATA names the folder where it is, or shall be.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

import dpmix
from dpmix.datasets import MaskingNoise
from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet

PSEUDO_COUNT = 5.0  # a = b of the mixture for 10,000 images; fewer images get fewer
N_FILLS = 40  # training images from which hidden pixels are filled in
N_SAMPLES = 30  # completed codes that are decoded for each image
AGREE = 0.9  # of the fills, for a bit to be taken as observed
N_CLUSTERS_SHOWN, N_COMPLETED, N_SHOWN = 20, 300, 10


class Found(NamedTuple):
    """Clusters of one kind of code."""

    mixture: dpmix.DPMixture
    extractor: object  # None: pixels
    codes: np.ndarray
    seconds: float


def main():
    options = parse()
    matplotlib.use("Agg")  # draw into files only
    threadpool_limits(1)  # threads that wait for each other cost more than they bring
    options.out.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    train, test = load(options)
    print(f"{len(train):,} images to learn codes from, {len(test):,} to cluster\n")
    print(
        f"{'':<22}{'bits':>5}{'clusters':>9}{'NMI':>7}{'ARI':>7}{'purity':>8}{'k-means NMI':>13}{'seconds':>9}"
    )
    found, nmi = {}, {}
    for name, extractor in extractors(options).items():
        found[name] = cluster(extractor, train, test, options)
        nmi[name] = show_row(name, found[name], test.y, options.seed)
    show_winner(nmi, test.x.shape[1])
    save_clusters(found, test, options)
    complete_halves(found, train, test, options)
    print(f"{time.perf_counter() - began:.0f} s in all")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("pictures"), help="folder for the pictures")
    parser.add_argument(
        "--bits", type=int, default=None, help="length of the codes (default: 128; 48 with --quick)"
    )
    parser.add_argument(
        "--images", type=int, default=10_000, help="test images to cluster (default: %(default)s)"
    )
    parser.add_argument(
        "--jobs", type=int, default=None, help="worker processes (default: none, all runs here)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="digits of 8 x 8 pixels: a run of seconds")
    options = parser.parse_args()
    options.bits = options.bits or (48 if options.quick else 128)
    return options


def load(options):
    """Images for the extractors and for the mixture; of the small digits, all for both."""
    if options.quick:
        images = dpmix.datasets.load_digits()
        return images, images
    try:
        train, test = (dpmix.datasets.load_mnist(split) for split in ("train", "test"))
    except dpmix.InputError as error:
        sys.exit(
            f"{error}\nMNIST is needed; --quick does without, and 'dpmix fetch --help' tells how to get it."
        )
    return train, test[: options.images]


def extractors(options):
    """What makes codes of images, by name; None leaves pixels as they are."""
    bits, common = options.bits, {"codes": "binary", "random_state": options.seed}
    passes, batch, rate = (60, 20, 0.02) if options.quick else (30, 100, 0.1)
    machine = BernoulliRBM(
        bits,
        method="pcd",
        n_iter=passes,
        batch_size=batch,
        learning_rate=rate,
        monitor_size=0,
        momentum=[0.5] * 3 + [0.9],
        schedule="linear",
        **common,
    )
    net = {
        "hidden_layer_sizes": (2 * bits, bits, 2 * bits),
        "activation": ("relu", "sigmoid", "relu"),
        "loss": "cross_entropy",
        "learning_rate": 0.001,
        "n_iter": passes // 4 if not options.quick else 30,
        "batch_size": batch,
        **common,
    }
    return {
        "pixels": None,
        "RBM": machine,
        "deep belief net": DeepBeliefNet((2 * bits, bits), rbm=machine, **common),
        "autoencoder": Autoencoder(**net),
        "denoising autoencoder": Autoencoder(corruption=MaskingNoise(0.4, 0.05), **net),
    }


def cluster(extractor, train, test, options):
    """Train `extractor`, and cluster the codes of the test images as the last step of a pipeline.

    With large pseudo-counts, it takes many images that agree to say that a bit of a cluster is no coin toss:
    clusters are fewer and larger than with pseudo-counts that are learned.
    """
    began = time.perf_counter()
    count = PSEUDO_COUNT * len(test) / 10_000
    mixture = dpmix.DPMixture(
        alpha=1.0, a=count, b=count, chains=2, sweeps=30, n_jobs=options.jobs, random_state=options.seed
    )
    if extractor is None:
        return Found(mixture.fit(test), None, test.x, time.perf_counter() - began)
    if train is not test:  # learnt from other images than it encodes: the pipeline is not to train it again
        extractor = FrozenEstimator(extractor.fit(train))
    Pipeline([("codes", extractor), ("mixture", mixture)]).fit(test)
    trained = getattr(extractor, "estimator", extractor)
    return Found(mixture, trained, trained.transform(test), time.perf_counter() - began)


def show_row(name, found, y, seed):
    """Print how well clusters agree with labels, and return the normalised mutual information."""
    k = found.mixture.n_clusters_
    agreement = dpmix.partitions.compare_labels(found.mixture.labels_, y)
    baseline = KMeans(k, n_init=1, random_state=seed).fit(found.codes.astype(np.float32))
    others = dpmix.partitions.compare_labels(baseline.labels_, y)
    print(
        f"{name:<22}{found.codes.shape[1]:>5}{k:>9}{agreement.nmi:>7.3f}{agreement.ari:>7.3f}"
        f"{agreement.purity:>8.3f}{others.nmi:>13.3f}{found.seconds:>9.1f}",
        flush=True,
    )
    return agreement.nmi


def show_winner(nmi, d):
    """Say in words whether codes were worth it."""
    pixels = nmi["pixels"]
    best = max((name for name in nmi if name != "pixels"), key=nmi.get)
    if nmi[best] > pixels:
        verdict = f"Codes beat pixels: clusters of the {best}'s codes agree better with the digits"
    else:
        verdict = (
            f"Pixels beat codes: with {d} pixels an image, clusters of the pixels themselves agree better"
        )
    print(f"\n{verdict}, NMI {max(nmi[best], pixels):.3f} against {min(nmi[best], pixels):.3f} ({best}).\n")


def decode(found, codes):
    """Images of codes, or of probabilities of their bits."""
    return codes if found.extractor is None else found.extractor.inverse_transform(codes)


def save_clusters(found, test, options):
    """The mean code of each of the largest clusters, decoded; below it the mean of the members' pixels."""
    rows = []
    for name, one in found.items():
        labels = one.mixture.labels_
        largest = min(N_CLUSTERS_SHOWN, one.mixture.n_clusters_)
        means = [test.x[labels == k].mean(axis=0) for k in range(largest)]
        centres = list(decode(one, one.mixture.cluster_centers_[:largest]))
        blank = [np.full(test.x.shape[1], np.nan)] * (N_CLUSTERS_SHOWN - largest)
        if one.extractor is not None:
            rows.append((f"{name}, decoded", np.array(centres + blank)))
        rows.append((f"{name}, mean of members", np.array(means + blank)))
    save(
        dpmix.plot.image_rows(
            rows,
            shape=test.image_shape,
            per_row=N_CLUSTERS_SHOWN,
            title="The largest clusters of pixels and of codes: mean code decoded, and mean image",
        ),
        options,
        "code_clusters.png",
    )


def complete_halves(found, train, test, options):
    """Hide the right half of images, complete them, and compare with what was there."""
    shown = np.tile(np.arange(test.image_shape[1]) < test.image_shape[1] // 2, test.image_shape[0])
    generator = np.random.default_rng(options.seed)
    chosen = generator.choice(len(test), N_COMPLETED, replace=False)
    fills = train.x[generator.choice(len(train), N_FILLS, replace=False)]
    x = test.x[chosen]
    hidden = np.where(shown, x, np.nan)
    rows = [("true", x[:N_SHOWN]), ("shown", hidden[:N_SHOWN])]
    plain = np.square(x - train.x.mean(axis=0))[:, ~shown].mean()
    print(f"\n{'right half hidden':<22}{'bits seen':>10}{'squared error per hidden pixel':>33}")
    print(f"{'mean image':<22}{'':>10}{plain:>33.4f}")
    for name, one in found.items():
        completed, share = complete(one, hidden, shown, fills)
        completed[:, shown] = x[:, shown]
        error = np.square(completed - x)[:, ~shown].mean()
        print(f"{name:<22}{share:>10.0%}{error:>33.4f}")
        rows.append((name, completed[:N_SHOWN]))
    title = "Right halves hidden, and completed from pixels and from codes"
    ax = dpmix.plot.image_rows(rows, shape=test.image_shape, per_row=N_SHOWN, title=title)
    save(ax, options, "code_completions.png")


def complete(found, hidden, shown, fills):
    """Completed images (m, d), and the share of the code bits that was taken as observed."""
    if found.extractor is None:
        return found.mixture.complete(hidden), shown.mean()
    share_on = np.mean([found.extractor.transform(np.where(shown, hidden, fill)) for fill in fills], axis=0)
    observed = np.abs(share_on - 0.5) >= AGREE - 0.5
    samples = dpmix.sample_predictive(found.mixture.posterior_, share_on > 0.5, observed, N_SAMPLES, seed=0)
    return np.mean([decode(found, codes) for codes in samples], axis=0), observed.mean()


def save(ax, options, name):
    ax.figure.savefig(options.out / name)
    print(f"wrote {options.out / name}")


if __name__ == "__main__":
    main()
