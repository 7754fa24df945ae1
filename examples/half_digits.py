"""Complete the bottom halves of handwritten digits, and see how good the completions are.

    python examples/half_digits.py [-o half-digits] [--images 4000] [--sweeps 100] [--seed 1]
    python examples/half_digits.py --quick

Chains learn from some thousand digits of MNIST. Digits that they have not seen are then shown with their
bottom halves hidden. Two scores say how well the hidden halves are predicted: nats per image, the mean log
probability of the true bottom half given the top half (higher is better; it rewards being right and being
as sure as one can be), and the bit error, the share of hidden pixels that come out wrong when each is set
to what is more probable. Three simpler answers stand beside: the mean of every pixel; the bottom half of the
training digit with the most similar top half; and the profile of the k-means cluster nearest by the top half.

Two pictures are written to the folder: one digit of each kind, completed in several ways, and the digits
whose bottom halves were the most surprising.

MNIST is downloaded on first use; `dpmix fetch` does that beforehand, and the environment variable
DPMIX_DATA names the folder where it is, or shall be.
"""

import argparse
import sys
import time
from pathlib import Path

import matplotlib
import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

import dpmix

N_SURPRISING = 10


def main():
    options = parse()
    matplotlib.use("Agg")  # draw into files only
    threadpool_limits(1)  # threads that wait for each other cost more than they bring
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        train, test = (dpmix.datasets.load_mnist(split) for split in ("train", "test"))
    except dpmix.InputError as error:
        sys.exit(f"{error}\nThis example needs MNIST; see 'dpmix fetch --help'.")
    train, test = some(train, options.images, options.seed), some(test, options.test, options.seed)
    shown = dpmix.datasets.masks.mask(train.image_shape, "bottom")  # True where a pixel is shown

    began = time.perf_counter()
    posterior = dpmix.sample(train, chains=options.chains, sweeps=options.sweeps, seed=options.seed)
    print(f"{posterior}\nlearning took {time.perf_counter() - began:.1f} s")
    nats = dpmix.log_predictive(posterior, test, ~shown, given=shown)
    show_scores(posterior, nats, train.x, test.x, shown, options.seed)
    save_pictures(posterior, nats, test, shown, options.out)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("half-digits"), help="folder for the pictures")
    parser.add_argument("--images", type=int, help="digits to learn from (default: 4000, or 1000 if --quick)")
    parser.add_argument("--test", type=int, default=1000, help="digits to complete (default: %(default)s)")
    parser.add_argument(
        "--chains", type=int, help="many short ones predict best (default: 20, or 5 if --quick)"
    )
    parser.add_argument("--sweeps", type=int, default=20, help="of each chain (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="fewer images and chains, for a run of seconds")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.images = options.images or (1000 if options.quick else 4000)
    options.chains = options.chains or (5 if options.quick else 20)
    return options


def some(images, count, seed):
    """So many of the images, picked at random."""
    return images[np.random.default_rng(seed).permutation(len(images))[:count]]


def show_scores(posterior, nats, train, test, shown, seed):
    """Print nats and bit error of the posterior and of the simpler answers."""
    answers = {
        "pixel means": pixel_means(train, test),
        "nearest digit by its top half": nearest_digit(train, test, shown),
        "k-means profile by the top half": kmeans_profile(train, test, shown, seed),
        "dpmix": dpmix.predict_proba(posterior, test, shown),
    }
    print(
        f"\nbottom halves of {len(test):,} digits not seen before, given their top halves\n"
        f"{'':<33}{'nats per image':>15}{'bit error':>11}"
    )
    for name, proba in answers.items():
        wrong = ((proba > 0.5) != test)[:, ~shown].mean()
        # A digit that is simply copied is certain of every pixel, and gives what differs no probability at all.
        # Pixels of the simpler answers are independent; the posterior knows which go together.
        mean = nats.mean() if name == "dpmix" else log_bernoulli(proba, test)[:, ~shown].sum(axis=1).mean()
        print(f"{name:<33}{mean:>15.1f}{wrong:>11.1%}")
    print()


def pixel_means(train, test):
    """How often each pixel is on, the same for every digit."""
    return np.broadcast_to(smoothed(train), test.shape)


def nearest_digit(train, test, shown):
    """The training digit whose top half differs in the fewest pixels."""
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(train[:, shown].astype(np.float32))
    nearest = search.kneighbors(test[:, shown].astype(np.float32), return_distance=False)[:, 0]
    return train[nearest].astype(float)


def kmeans_profile(train, test, shown, seed):
    """The mean of the k-means cluster whose top half is nearest, for one cluster per 40 training digits."""
    k = max(1, len(train) // 40)
    labels = MiniBatchKMeans(k, n_init=1, random_state=seed).fit_predict(train.astype(np.float32))
    profiles = np.array([smoothed(train[labels == cluster]) for cluster in range(k)])
    distance = (profiles[:, shown] ** 2).sum(axis=1) - 2 * test[:, shown] @ profiles[:, shown].T
    return profiles[distance.argmin(axis=1)]


def smoothed(images):
    """How often each pixel is on, never quite 0 or 1."""
    return (images.sum(axis=0) + 0.5) / (len(images) + 1)


def log_bernoulli(proba, x):
    """Log probability of each pixel, nats."""
    with np.errstate(divide="ignore"):
        return np.log(np.where(x == 1, proba, 1 - proba))


def save_pictures(posterior, nats, test, shown, folder):
    one_of_each = [np.flatnonzero(test.y == digit)[0] for digit in np.unique(test.y)]
    surprising = np.argsort(nats)[:N_SURPRISING]
    pictures = {
        "one_of_each": (one_of_each, "Digits not seen before, completed from their top halves"),
        "surprising": (surprising, f"The {N_SURPRISING} bottom halves that were least expected"),
    }
    for name, (rows, title) in pictures.items():
        ax = dpmix.plot.completions(posterior, test[rows], shown, mode=True, samples=3)
        ax.set_title(title, loc="left")
        ax.figure.savefig(folder / f"{name}.png")
        print(f"wrote {folder / name}.png")


if __name__ == "__main__":
    main()
