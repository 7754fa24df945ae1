"""What denoising gives back to a classifier of clean digits, and three roads of denoising side by side.

    OPENBLAS_NUM_THREADS=1 python benchmarks/denoising.py [--parts masking normal roads] [--seed 0]
    python benchmarks/denoising.py --validate [--images 10000] [--passes 0.3]        # what settings were chosen by

*Recovery*, on grey values: a network with 100 hidden units learns from clean images of MNIST. It is asked about
clean ones, noisy ones, and noisy ones that a denoising autoencoder has cleaned, which never saw a label; the
loss recovered is the share of the accuracy lost to noise that comes back. The noise is masking noise of
0.4 / 0.05, and normal noise (clipped to [0, 1]) of the strength that brings such a network to 89 %, found by
bisection on training images that were not learnt from.

*Roads*, on binary images (pixel > 127) with the same masking noise: a denoising autoencoder; an RBM of clean
images, by one mean-field pass up and down and by mean field where the noise is known; the mixture's posterior
predictive given the flip rates. Before them stand what is shown, and what the frequency of each pixel and the
flip rates say of it. Errors are those of the pixels that the noise has changed, mean squared and in bits of
each pixel as is more probable, and of all pixels; accuracy is that of a network trained on clean binary images.

Learning is from 60,000 images, figures are for the 10,000 test images. Settings were chosen with --validate,
which learns from 50,000 of the training images or fewer and asks about 10,000 others of them.
"""

import argparse
import time

import harness
import numpy as np
from recognition import load
from scipy.special import expit

import dpmix
from dpmix.datasets import GaussianNoise, MaskingNoise, corrupt
from dpmix.features import Autoencoder, BernoulliRBM, NetworkClassifier

PARTS = ["masking", "normal", "roads"]
MASKING = MaskingNoise(0.4, 0.05)
GOAL = 80.0  # per cent of the loss
PUBLISHED = "published: 89 % noisy, 94 % denoised, 59 % recovered"
NOISY_ACCURACY = 0.89  # of normal noise
STEPS = 10  # of mean field with known noise
DRAWS = 10  # of the mixture that are asked


def main():
    options = parse()
    train, test = load(options)
    print(f"{len(train[0]):,} training images, {len(test[0]):,} asked about, seed {options.seed}")
    if options.parts != ["roads"]:
        measure_recovery(train, test, options)
    if "roads" in options.parts:
        (x, y), (x_test, y_test) = train, test
        binary = (x > 0.5).astype(np.uint8), y  # grey value > 127
        compare_roads(binary, ((x_test > 0.5).astype(np.uint8), y_test), options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=int, help="to learn from (default: all)")
    parser.add_argument("--passes", type=float, default=1.0, help="factor of the numbers of passes")
    parser.add_argument("--mixture", type=int, help="images that it learns from (default: all)")
    parser.add_argument("--sweeps", type=int, default=60, help="of each of its chains")
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1, help="its worker processes")
    parser.add_argument("--validate", action="store_true", help="never look at the test images")
    return harness.parse(parser)


def passes(n_iter, options):
    return max(round(n_iter * options.passes), 1)


def classifier(train, options):
    """A network that has seen clean images only."""
    return NetworkClassifier(
        (100,), learning_rate=0.002, schedule="cosine", n_iter=passes(20, options), random_state=options.seed
    ).fit(*train)


def denoiser(x, noise, options):
    return Autoencoder(
        1000,
        loss="cross_entropy",
        corruption=noise,
        learning_rate=0.001,
        schedule="cosine",
        n_iter=passes(15, options),
        random_state=options.seed,
    ).fit(x)


def accuracy(network, x, y):
    return float(np.mean(network.predict(x) == y))


# Recovery --------------------------------------------------------------------------------------------------


def measure_recovery(train, test, options):
    network = classifier(train, options)
    noises = {}
    if "masking" in options.parts:
        noises[f"masking {MASKING.f0} / {MASKING.f1}"] = MASKING
    if "normal" in options.parts:
        scale = strength(train, options)
        noises[f"normal, sigma {scale:.3f}"] = GaussianNoise(scale)
    print(
        f"\nrecovery ({PUBLISHED}; goal {GOAL:.0f} % recovered)\n"
        f"{'noise':<24}{'clean':>8}{'noisy':>8}{'denoised':>10}{'recovered':>11}{'s to learn':>12}"
    )
    for name, noise in noises.items():
        began = time.perf_counter()
        cleaner = denoiser(train[0], noise, options)
        seconds = time.perf_counter() - began
        noisy = corrupt(test[0], noise, seed=options.seed + 1)
        clean, shown, denoised = (
            accuracy(network, x, test[1]) for x in (test[0], noisy, cleaner.denoise(noisy))
        )
        recovered = (denoised - shown) / (clean - shown)
        harness.note(f"{name}, loss recovered", recovered, "")
        print(
            f"{name:<24}{clean:>8.2%}{shown:>8.2%}{denoised:>10.2%}{recovered:>11.1%}{seconds:>12.0f}",
            flush=True,
        )


def strength(train, options):
    """Standard deviation of normal noise that brings a classifier to `NOISY_ACCURACY`.

    Both are of training images: the classifier learns from five sixths of them and is asked about the rest.
    """
    first = len(train[0]) // 6
    network = classifier([part[first:] for part in train], options)
    x, y = (part[:first] for part in train)
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        noisy = corrupt(x, GaussianNoise(middle), seed=options.seed)
        low, high = (middle, high) if accuracy(network, noisy, y) > NOISY_ACCURACY else (low, middle)
    return high


# Three roads -----------------------------------------------------------------------------------------------


def compare_roads(train, test, options):
    network = classifier(train, options)
    clean, y = test
    noisy = corrupt(clean, MASKING, seed=options.seed + 1)
    changed = noisy != clean
    print(
        f"\nroads: {changed.mean():.2%} of all pixels changed; on clean images the classifier has "
        f"{accuracy(network, clean, y):.2%}\n"
        f"{'':<38}{'changed pixels':>18}{'all pixels':>17}{'':>10}{'seconds':>17}\n"
        f"{'road':<38}{'MSE':>9}{'bit error':>10}{'MSE':>8}{'bits':>8}{'accuracy':>10}{'learn':>9}{'answer':>8}"
    )
    for name, road in roads(train[0], options):
        began = time.perf_counter()
        answer, learnt = road(noisy)
        show(name, answer, clean, changed, accuracy(network, answer, y), learnt, time.perf_counter() - began)


def roads(x, options):
    """Pairs of a name and a function: noisy images to P(clean pixel on), and seconds of learning."""
    rates = MASKING.flip_rates
    yield "noisy image", lambda noisy: (noisy, 0.0)
    yield "pixel frequencies, rates known", lambda noisy: (expit(logit_of(x) + evidence(noisy, rates)), 0.0)
    net, seconds = timed(denoiser, x, MASKING, options)
    yield "denoising autoencoder", lambda noisy: (net.denoise(noisy), seconds)
    rbm, seconds = timed(machine, x, options)
    yield "RBM, one mean-field pass", lambda noisy: (rbm.reconstruct(noisy), seconds)
    yield "RBM, mean field, rates known", lambda noisy: (mean_field(rbm, noisy, rates), seconds)
    posterior, seconds = timed(mixture, x, options)
    clusters = f"mixture ({posterior.n_clusters[:, -1].mean():.0f} clusters), rates known"
    yield clusters, lambda noisy: (dpmix.denoise(posterior, noisy, *rates, draws=DRAWS), seconds)


def timed(learn, *arguments):
    began = time.perf_counter()
    return learn(*arguments), time.perf_counter() - began


def machine(x, options):
    return BernoulliRBM(
        500,
        method="pcd",
        learning_rate=0.1,
        schedule="linear",
        n_iter=passes(20, options),
        monitor_size=0,
        random_state=options.seed,
    ).fit(x)


def mixture(x, options):
    return dpmix.sample(
        x[: options.mixture],
        chains=options.chains,
        sweeps=options.sweeps,
        init="seeds",
        seed=options.seed,
        jobs=options.jobs,
        progress=False,
    )


def evidence(noisy, rates):
    """log P(seen | on) - log P(seen | off) of each pixel, nats."""
    off, on = rates
    return np.where(noisy, np.log((1 - off) / on), np.log(off / (1 - on))).astype(np.float32)


def logit_of(x):
    p = (x.sum(axis=0) + 1) / (len(x) + 2)
    return np.log(p / (1 - p))


def mean_field(rbm, noisy, rates, n_steps=STEPS):
    """P(clean pixel on) by mean field in an RBM of clean images, where each pixel is seen through known noise."""
    shown = evidence(noisy, rates)
    p = noisy
    for _ in range(n_steps):
        p = expit(rbm.transform(p) @ rbm.components_ + rbm.intercept_visible_ + shown)
    return p


def show(name, answer, clean, changed, right, learnt, seconds):
    squared = np.square(answer - clean.astype(np.float32))
    wrong = (answer > 0.5) != clean
    harness.note(f"{name}, bit error of changed pixels", wrong[changed].mean(), "")
    harness.note(f"{name}, answer", seconds, "s")
    print(
        f"{name:<38}{squared[changed].mean():>9.4f}{wrong[changed].mean():>10.2%}{squared.mean():>8.4f}"
        f"{wrong.mean():>8.2%}{right:>10.2%}{learnt:>9.0f}{seconds:>8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
