"""How well clusters of binary codes agree with digits, beside clusters of pixels and k-means on the same codes.

    OPENBLAS_NUM_THREADS=1 python benchmarks/codes.py [--bits 64 128 256] [--images 10000] [--jobs 2]

Extractors learn from the 60,000 training images of MNIST (pixel > 127) without labels; the mixture clusters
the codes of the 10,000 test images. Every row gives means over the draws of all chains: number of clusters,
normalised mutual information (NMI) with the digits, adjusted Rand index and purity; the NMI of k-means with
as many clusters on the same codes; and seconds of learning and of clustering. Codes and pixels are clustered
with the same prior (alpha = 1, a = b = 5), pixels also with a = b = 1 and with the prior that learns everything.
The last column is the gain in NMI over the best clusters of pixels that there are no fewer of.
"""

import argparse
import time

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

import dpmix
from dpmix.datasets import MaskingNoise, load_mnist
from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet

KINDS = ("rbm", "dbn", "autoencoder", "denoising")


def main():
    options = parse()
    train, test = load_mnist("train", threshold=127), load_mnist("test", threshold=127)[: options.images]
    began = time.perf_counter()
    print(f"{'':<16}{'bits':>5}{'a = b':>9}{'clusters':>9}{'NMI':>7}{'ARI':>7}{'purity':>8}{'k-means':>9}"
          f"{'learning':>10}{'clustering':>12}{'gain':>8}")
    fixed = dpmix.Prior(1, options.pseudo_count, options.pseudo_count)
    pixels = [row("pixels", test.x, test.y, prior, 0.0, options, [])
              for prior in (dpmix.Prior(), dpmix.Prior(1, 1, 1), fixed)]
    for kind in options.kinds:
        for bits in options.bits:
            started = time.perf_counter()
            extractor = make(kind, bits, options).fit(train.x)
            seconds = time.perf_counter() - started
            row(kind, extractor.transform(test.x), test.y, fixed, seconds, options, pixels)
    print(f"{(time.perf_counter() - began) / 60:.1f} minutes in all")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000, help="test images to cluster")
    parser.add_argument("--bits", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--passes", type=int, default=40, help="over the training images, of each machine")
    parser.add_argument("--passes-autoencoder", type=int, default=10)
    parser.add_argument("--pseudo-count", type=float, default=5.0, help="a and b of the fixed prior")
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--sweeps", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def make(kind, bits, options):
    """The extractor, not yet trained."""
    common = {"codes": "binary", "random_state": options.seed}
    machine = BernoulliRBM(bits, n_iter=options.passes, momentum=[0.5] * 3 + [0.9], schedule="linear",
                           centering="data", monitor_size=0, **common)
    if kind == "rbm":
        return machine
    if kind == "dbn":
        return DeepBeliefNet((256, bits), rbm=machine, **common)
    return Autoencoder((256, bits, 256), activation=("relu", "sigmoid", "relu"), loss="cross_entropy", code_layer=2,
                       corruption=MaskingNoise(0.4, 0.05) if kind == "denoising" else None,
                       n_iter=options.passes_autoencoder, **common)


def row(name, codes, y, prior, learning, options, pixels):
    """Cluster and print; the number of clusters and the NMI."""
    began = time.perf_counter()
    posterior = dpmix.sample(codes, prior, chains=options.chains, sweeps=options.sweeps, seed=options.seed,
                             jobs=options.jobs, progress=False)
    seconds = time.perf_counter() - began
    k, found = posterior.n_clusters.mean(), dpmix.compare_labels(posterior, y)
    nmi = found.nmi.mean()
    means = KMeans(round(k), n_init=1, random_state=options.seed).fit(codes.astype(np.float32)).labels_
    baseline = normalized_mutual_info_score(y, means)
    rivals = [best for clusters, best in pixels if clusters >= k]
    gain = f"{nmi - max(rivals):+.3f}" if rivals else ""
    shown = "learned" if prior == dpmix.Prior() else f"{prior.a:g}"
    print(f"{name:<16}{codes.shape[1]:>5}{shown:>9}{k:>9.1f}{nmi:>7.3f}{found.ari.mean():>7.3f}"
          f"{found.purity.mean():>8.3f}{baseline:>9.3f}{learning:>10.1f}{seconds:>12.1f}{gain:>8}", flush=True)
    return k, nmi


if __name__ == "__main__":
    main()
