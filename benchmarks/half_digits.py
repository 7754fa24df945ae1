"""How well hidden pixels are predicted: bottom halves of digits never seen, and pixels hidden in training.

    python benchmarks/half_digits.py [--chains 20] [--sweeps 20] [--draws 2] [--jobs 2] [--alone]
    python benchmarks/half_digits.py --hidden 0 half 0.25 0.5 [--chains 5] [--sweeps 100] [--queries 2000]
    python benchmarks/half_digits.py --images 3000 --test 500 --sweeps 20          # small, to try it

The images are MNIST's, 60,000 to learn from and 10,000 held out, stochastically binarised: a pixel is on
with its grey value as probability. Nothing can predict such pixels without error.

The first measures, on the images held out, the nats per image of the bottom half given the top, and the
share of its bits that are wrong where each pixel is set as is more probable. Beside the posterior stand the
pixel means; the nearest training image by the top half, and the average of several; and the k-means cluster
nearest by the top half, or all k-means clusters as a mixture. 30 neighbours are averaged, the best of 5 to
100 on test images, so the baseline is flattered.

A chain stays near the mode that it finds, and so the nats depend on the number of chains more than on that
of draws. With --alone the baselines are left out. With --out FOLDER the run is kept, and a run that is there is
gone on with.

The second hides a random share of the pixels of every training image from learning, or with "half" its upper,
lower, left or right half, picked at random, and measures the nats
per image held out, how well the hidden pixels of the training images themselves are recovered (nats and
error per bit) against the pixel means and the nearest training images by the pixels that both have
observed, and what a sweep costs beside one over whole images (share 0). Goal: at most twice the time.
"""

import argparse
import math
import time
from pathlib import Path

import half_digit_baselines as baselines
import harness
import numpy as np
from mixing import part_of
from mnist_sets import all_digits

import dpmix
from dpmix.datasets.masks import mask

GOAL_NATS, GOAL_RATIO = -58.5, 2.0
N_NEIGHBOURS = 30  # averaged
N_CLUSTERS = 1000  # of k-means


def main():
    options = parse()
    train, test = all_digits()
    generator = np.random.default_rng(options.seed)
    train, test = (
        images[generator.permutation(len(images))[:count]]
        for images, count in ((train, options.images), (test, options.test))
    )
    if options.hidden is None:
        measure_halves(train, test, options)
    else:
        measure_hidden(train, test, options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60_000, help="to learn from")
    parser.add_argument("--test", type=int, default=10_000, help="images held out")
    parser.add_argument("--chains", type=int, help="(default: 20, or 5 with --hidden)")
    parser.add_argument("--sweeps", type=int, help="of each chain (default: 20, or 100 with --hidden)")
    parser.add_argument("--draws", type=int, default=2, help="of each chain, from its second half")
    parser.add_argument("--init", default="near", help="where chains start")
    parser.add_argument("--birth-death", type=int, default=2, help="proposals a sweep")
    parser.add_argument("--alone", action="store_true", help="leave the baselines of the halves out")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes")
    parser.add_argument(
        "--hidden",
        type=share,
        nargs="+",
        metavar="SHARE",
        help="measure learning with these shares of the pixels hidden, or half; 0 is the comparison",
    )
    parser.add_argument(
        "--out", metavar="FOLDER", help="run folder for the halves, gone on with where it is there"
    )
    parser.add_argument(
        "--queries", type=int, default=2000, help="training images whose hidden pixels are asked for"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = harness.parse(parser)
    options.sweeps = options.sweeps or (20 if options.hidden is None else 100)
    options.chains = options.chains or (20 if options.hidden is None else 5)
    return options


def share(word):
    return word if word == "half" else float(word)


def hide(share, images, generator):
    """Which pixels of the images are observed, or None for all."""
    if share == "half":
        halves = np.array([mask(images.image_shape, side) for side in ("top", "bottom", "left", "right")])
        return halves[generator.integers(4, size=len(images))]
    return generator.random(images.x.shape) >= share if share else None


def learn(train, options, observed=None, out=None):
    """The posterior, with draws from the second half of each chain; read from the folder `out` if that is there."""
    if out and Path(out).exists():
        return dpmix.resume(out, jobs=options.jobs, progress=False)
    thin = math.ceil((options.sweeps - options.sweeps // 2) / options.draws)
    return dpmix.sample(
        train,
        observed=observed,
        chains=options.chains,
        sweeps=options.sweeps,
        thin=thin,
        init=options.init,
        seed=options.seed,
        schedule=dpmix.Schedule(birth_death=options.birth_death),
        jobs=options.jobs,
        out=out,
        progress=False,
    )


def seconds_of(posterior, options):
    """Seconds of all sweeps of all chains, spread over the workers."""
    return posterior.trace["seconds"].sum() / min(options.jobs, len(posterior.records))


# Bottom halves given top halves.


def measure_halves(train, test, options):
    shown = dpmix.datasets.masks.mask(train.image_shape, "bottom")
    print(
        f"{len(train):,} images to learn from; {len(test):,} held out, bottom half given the top half "
        f"({(~shown).sum()} pixels)"
    )
    print(f"{'':<42}{'nats/image':>11}{'+-':>6}{'bit error':>11}{'seconds: learn':>16}{'answer':>8}")
    rows = [
        *([] if options.alone else baseline_rows(train.x, test.x, shown, options.seed)),
        *posterior_rows(train, test, shown, options),
    ]
    found = dict(rows)[rows[-1][0]].mean()
    print(f"goal {GOAL_NATS} nats: {'reached' if found >= GOAL_NATS else 'missed'}")


def baseline_rows(train, x, shown, seed):
    """Print a row for each baseline; their names and nats."""
    hidden, k = ~shown, min(N_NEIGHBOURS, len(train))
    means = baselines.pixel_means(train)
    proba = np.broadcast_to(means, x.shape)
    yield show_row("pixel means", baselines.bernoulli_nats(proba, x, hidden), proba, x, hidden)
    began = time.perf_counter()
    nearest = baselines.nearest_neighbours(train, x, shown, k)
    seconds = time.perf_counter() - began
    yield show_row("nearest image by the top half", None, train[nearest[:, 0]], x, hidden, 0, seconds)
    proba = baselines.neighbour_means(train, nearest, means)
    nats = baselines.bernoulli_nats(proba, x, hidden)
    yield show_row(f"mean of the {k} nearest", nats, proba, x, hidden, 0, seconds)
    yield from kmeans_rows(train, x, shown, seed)


def kmeans_rows(train, x, shown, seed):
    began = time.perf_counter()
    profiles, sizes = baselines.kmeans_profiles(train, min(N_CLUSTERS, len(train) // 10), seed)
    learnt = time.perf_counter()
    proba = baselines.nearest_profile(profiles, x, shown)
    answered = time.perf_counter()
    seconds = learnt - began, answered - learnt
    nats = baselines.bernoulli_nats(proba, x, ~shown)
    yield show_row(f"nearest of {len(sizes)} k-means profiles", nats, proba, x, ~shown, *seconds)
    proba, nats = baselines.mixed_profiles(profiles, sizes, x, shown)
    seconds = learnt - began, time.perf_counter() - answered
    yield show_row("the same profiles as a mixture", nats, proba, x, ~shown, *seconds)


def posterior_rows(train, test, shown, options):
    posterior = learn(train, options, out=options.out)
    n_chains, n_draws = len(posterior.records), min(options.draws, posterior.labels.shape[1])
    parts = {
        f"dpmix, 1 chain, {n_draws} draws": part_of(posterior, [0], only_last=False),
        f"dpmix, {n_chains} chains, last draws": part_of(posterior, range(n_chains), only_last=True),
        f"dpmix, {n_chains} chains x {n_draws} draws": posterior,
    }
    for name, part in parts.items():
        draws = n_draws * len(part.records)
        nats = dpmix.log_predictive(part, test, ~shown, given=shown, draws=draws)
        began = time.perf_counter()
        proba = dpmix.predict_proba(part, test, shown, draws=draws)
        yield show_row(
            name, nats, proba, test.x, ~shown, seconds_of(part, options), time.perf_counter() - began
        )
    clusters = ", ".join(str(k) for k in posterior.n_clusters[:, -1])
    whole = dpmix.log_predictive(posterior, test, draws=n_draws * n_chains).mean()
    print(
        f"{posterior.plan.sweeps} sweeps a chain, {clusters} clusters; whole images held out: {whole:.2f} nats/image"
    )


def show_row(name, nats, proba, x, hidden, learn=0.0, answer=0.0):
    scored = ["-", ""]
    if nats is not None:
        scored = [f"{nats.mean():.2f}", f"{nats.std() / math.sqrt(len(nats)):.2f}"]
        harness.note(f"{name}, nats", nats.mean(), "nats")
    error = baselines.bit_error(proba, x, hidden)
    harness.note(f"{name}, bit error", error, "")
    harness.note(f"{name}, learn and answer", learn + answer, "s")
    print(f"{name:<42}{scored[0]:>11}{scored[1]:>6}{error:>11.2%}{learn:>16.1f}{answer:>8.1f}", flush=True)
    return name, nats


# Pixels hidden while learning.


def measure_hidden(train, test, options):
    generator = np.random.default_rng([options.seed, 1])
    queries = np.sort(generator.permutation(len(train))[: options.queries])
    print(
        f"{len(train):,} images to learn from, {len(test):,} held out, {options.chains} chains of "
        f"{options.sweeps} sweeps, {options.draws} draws each; bits hidden in {len(queries):,} training images"
    )
    whole = None
    for share in options.hidden:
        observed = hide(share, train, generator)
        posterior = learn(train, options, observed)
        seconds = posterior.trace["seconds"].mean()
        whole = seconds if share == 0 else whole
        nats = dpmix.log_predictive(posterior, test).mean()
        hidden = "a half" if share == "half" else f"{share:.0%}"
        print(
            f"\n{hidden} of the pixels hidden: {nats:.2f} nats per image held out, "
            f"{posterior.n_clusters[:, -1].mean():.0f} clusters on average, {seconds_of(posterior, options):.0f} s"
        )
        print(
            f"{seconds:.3f} s a sweep"
            + (
                f", {seconds / whole:.2f} times a sweep over whole images (goal {GOAL_RATIO:g})"
                if whole and share
                else ""
            )
        )
        if share:
            recover(posterior, train.x, observed, queries)


def recover(posterior, x, observed, queries):
    """Print how well the hidden pixels of training images are recovered, by method."""
    asked, seen, hidden = x[queries], observed[queries], ~observed[queries]
    means = baselines.pixel_means(x, observed)
    nearest = baselines.masked_neighbours(x, observed, queries, min(N_NEIGHBOURS, len(x) - 1))
    print(f"{'':<42}{'nats/hidden bit':>16}{'bit error':>11}")
    proba = np.broadcast_to(means, asked.shape)
    show_bits("pixel means", baselines.bernoulli_nats(proba, asked, hidden), proba, asked, hidden)
    copied = baselines.neighbour_values(x, nearest, means, observed)
    show_bits("nearest image that has the pixel", None, copied, asked, hidden)
    proba = baselines.neighbour_means(x, nearest, means, observed)
    nats = baselines.bernoulli_nats(proba, asked, hidden)
    show_bits(f"mean of the {nearest.shape[1]} nearest", nats, proba, asked, hidden)
    nats = dpmix.log_predictive(posterior, asked, hidden, given=seen)
    show_bits("dpmix", nats, dpmix.predict_proba(posterior, asked, seen), asked, hidden)


def show_bits(name, nats, proba, x, hidden):
    scored = "-" if nats is None else f"{nats.sum() / hidden.sum():.4f}"
    print(f"{name:<42}{scored:>16}{baselines.bit_error(proba, x, hidden):>11.2%}", flush=True)


if __name__ == "__main__":
    main()
