"""How well clusters of binary codes agree with digits, beside clusters of pixels and k-means on the same codes.

    OPENBLAS_NUM_THREADS=1 python benchmarks/codes.py --choose --models codes
    OPENBLAS_NUM_THREADS=1 python benchmarks/codes.py --models codes

Extractors learn from the 60,000 training images of MNIST (pixel > 127) without labels. How long they learn and
the pseudo-counts a = b of the mixture (alpha = 1) decide how many clusters there are; no setting is best for pixels
and for codes at once. So each gets its own, from the same list: `--choose` clusters 10,000 of the training images
and prints the agreement with their labels, normalised mutual information (NMI), for every setting. CHOSEN below
holds the best of those kinds and numbers of bits that have been tried. Without `--choose`, they cluster the 10,000
test images; pixels do so with every prior of the list, so that they are compared at their best on the test images
themselves. The extractors have seen, without labels, the training images that choose, but no test image.

A row gives the point estimate (variation of information) over the draws of all chains: number of clusters, NMI with
the digits, adjusted Rand index (ARI) and purity; beside it the mean NMI of single draws, and the NMI of k-means with
as many clusters on the same codes; then minutes of the whole pipeline on one core, learning, encoding and
clustering; and the gain in NMI over the best row of pixels with at least as many clusters.
--models keeps the trained extractors in a folder, for the next time; their minutes of learning are kept with them.
"""

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import harness
import numpy as np
from sklearn.cluster import KMeans

import dpmix
from dpmix.datasets import MaskingNoise, load_mnist
from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet, load

KINDS = ("RBM", "DBN", "autoencoder", "denoising")
COUNTS = (None, 1, 2, 5, 10, 20, 50)  # a = b; None learns alpha, a and b
SHORT = {"RBM": 10, "DBN": 10, "autoencoder": 4, "denoising": 4}  # passes over the training images
LONG = {"RBM": 50, "DBN": 50, "autoencoder": 20, "denoising": 20}
N_CHOOSE = 10_000


class Setting(NamedTuple):
    """What makes codes, and the prior of their mixture."""

    kind: str
    bits: int
    passes: int
    count: float | None


CHOSEN = (
    Setting("RBM", 64, 50, 10),
    Setting("RBM", 128, 40, 5),
    Setting("RBM", 256, 50, 5),
    Setting("DBN", 128, 40, 20),
    Setting("denoising", 128, 20, 10),
)


def main():
    options = parse()
    began = time.perf_counter()
    if options.choose:
        choose(options)
    else:
        report(options)
    print(f"{(time.perf_counter() - began) / 60:.1f} minutes in all")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--choose", action="store_true", help="try all settings on labelled training images")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--bits", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--models", type=Path, help="folder for trained extractors")
    parser.add_argument("--images", type=int, default=10_000, help="to cluster")
    parser.add_argument("--chains", type=int, help="default: 2, and 1 to choose")
    parser.add_argument("--sweeps", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = harness.parse(parser)
    options.chains = options.chains or (1 if options.choose else 2)
    return options


def choose(options):
    """Agreement with the labels of training images, for every setting."""
    train = load_mnist("train", threshold=127)
    images = train[len(train) - min(options.images, N_CHOOSE) :]
    print(
        f"NMI (clusters) of {len(images):,} training images; * the best of a kind of code and number of bits"
    )
    print(f"{'':<12}{'bits':>5}{'passes':>8}" + "".join(f"{'a=b ' + name(count):>13}" for count in COUNTS))
    choose_row([("pixels", images.shape[1], 0)], train.x, images, options)
    for kind in options.kinds:
        for bits in options.bits:
            passes = (SHORT[kind], LONG[kind]) if bits == 128 else (LONG[kind],)
            choose_row([(kind, bits, number) for number in passes], train.x, images, options)


def choose_row(candidates, train, images, options):
    """Cluster with every prior the codes of each of `candidates`, (kind, bits, passes), and print them."""
    found = {}
    for kind, bits, passes in candidates:
        codes = (
            images.x if kind == "pixels" else extractor(kind, bits, passes, train, options).transform(images)
        )
        for count in COUNTS:
            posterior = cluster(codes, count, options)
            nmi = dpmix.partitions.compare_labels(posterior, images.y).nmi.mean()
            found[kind, bits, passes, count] = nmi, posterior.n_clusters.mean()
    best = max(found, key=lambda key: found[key][0])
    for candidate in candidates:
        kind, bits, passes = candidate
        cells = [
            f"{found[*candidate, count][0]:.3f} ({found[*candidate, count][1]:.0f})"
            + ("*" if (*candidate, count) == best else " ")
            for count in COUNTS
        ]
        print(f"{kind:<12}{bits:>5}{passes:>8}" + "".join(f"{cell:>13}" for cell in cells), flush=True)


def report(options):
    """Agreement with the labels of test images, for pixels with all priors and for codes as chosen."""
    train, test = load_mnist("train", threshold=127), load_mnist("test", threshold=127)[: options.images]
    print(f"{len(test):,} test images, {options.chains} chains of {options.sweeps} sweeps")
    print(
        f"{'':<12}{'bits':>5}{'passes':>8}{'a = b':>9}{'clusters':>10}{'NMI':>7}{'ARI':>7}{'purity':>8}"
        f"{'draws NMI':>11}{'k-means NMI':>13}{'minutes':>9}{'gain':>8}"
    )
    pixels = [
        report_row(Setting("pixels", test.x.shape[1], 0, count), test.x, test.y, 0.0, [], options)
        for count in COUNTS
    ]
    for setting in CHOSEN:
        if setting.kind in options.kinds and setting.bits in options.bits:
            machine = extractor(*setting[:3], train.x, options)
            began = time.perf_counter()
            codes = machine.transform(test)
            seconds = learning_seconds(machine) + time.perf_counter() - began
            report_row(setting, codes, test.y, seconds, pixels, options)


def report_row(setting, codes, y, seconds, pixels, options):
    """Cluster, print, and return the number of clusters and the NMI; `pixels` are such pairs to compare with."""
    began = time.perf_counter()
    posterior = cluster(codes, setting.count, options)
    estimate = dpmix.partitions.point_estimate(posterior, progress=False)
    minutes = (seconds + time.perf_counter() - began) / 60
    k, found = estimate.n_clusters, dpmix.partitions.compare_labels(estimate, y)
    draws = dpmix.partitions.compare_labels(posterior, y).nmi.mean()
    means = KMeans(k, n_init=3, random_state=options.seed).fit(codes.astype(np.float32)).labels_
    rivals = [nmi for clusters, nmi in pixels if clusters >= k]
    gain = f"{found.nmi - max(rivals):+.3f}" if rivals else ""
    print(
        f"{setting.kind:<12}{setting.bits:>5}{setting.passes or '':>8}{name(setting.count):>9}{k:>10}"
        f"{found.nmi:>7.3f}{found.ari:>7.3f}{found.purity:>8.3f}{draws:>11.3f}"
        f"{dpmix.partitions.compare_labels(means, y).nmi:>13.3f}{minutes:>9.1f}{gain:>8}",
        flush=True,
    )
    harness.note(f"{setting.kind}, {setting.bits} bits, a = b {name(setting.count)}, NMI", found.nmi, "")
    return k, found.nmi


def name(count):
    return "learned" if count is None else f"{count:g}"


def cluster(codes, count, options):
    prior = dpmix.Prior() if count is None else dpmix.Prior(1, count, count)
    return dpmix.sample(
        codes,
        prior,
        chains=options.chains,
        sweeps=options.sweeps,
        init=f"seeds:{-(-len(codes) // 200)}",
        schedule=dpmix.Schedule(),
        seed=options.seed,
        jobs=1,
        progress=False,
    )


def extractor(kind, bits, passes, train, options):
    """A trained extractor, from the folder of models if it is there."""
    path = options.models and options.models / f"{kind}-{bits}-{passes}-{options.seed}.npz"
    if path and path.exists():
        return load(path)
    machine = make(kind, bits, passes, options.seed).fit(train)
    if path:
        options.models.mkdir(parents=True, exist_ok=True)
        machine.save(path)
    return machine


def make(kind, bits, passes, seed):
    """An extractor that is not yet trained."""
    common = {"codes": "binary", "random_state": seed}
    machine = BernoulliRBM(
        bits,
        method="pcd",
        learning_rate=0.1,
        n_iter=passes,
        momentum=[0.5] * 3 + [0.9],
        schedule="linear",
        monitor_size=0,
        **common,
    )
    if kind == "RBM":
        return machine
    if kind == "DBN":
        return DeepBeliefNet((256, bits), rbm=machine, **common)
    return Autoencoder(
        (256, bits, 256),
        activation=("relu", "sigmoid", "relu"),
        loss="cross_entropy",
        learning_rate=0.001,
        code_layer=2,
        corruption=MaskingNoise(0.6, 0.05) if kind == "denoising" else None,
        schedule="linear",
        n_iter=passes,
        **common,
    )


def learning_seconds(machine):
    """Seconds of all passes of an extractor; of a deep belief net, of all its layers."""
    return sum(sum(part.history_["seconds"]) for part in getattr(machine, "rbms_", [machine]))


if __name__ == "__main__":
    main()
