"""How many clusters a point estimate has, beside its draws: is it the loss or the search, and what does a bound cost?

    python benchmarks/point_estimates.py [--sets demo twos ...] [--seeds 3] [--sweeps 200]
    python benchmarks/point_estimates.py --sets groups --seeds 1 --sweeps 40          # small, to try it

For every posterior a table: the median draw, and estimates by the variation of information (VI) and by Binder's
loss, without a bound on the number of clusters, bounded by the largest draw and by the median one (the default of
`dpmix.partitions.point_estimate`); by both losses with a weight above 1 on pairs that are together in the draws
and apart in the estimate (Dahl, Johnson and Mueller 2022); by average linkage of the co-clustering matrix, cut
where the expected VI is least; and the best draw. Columns: clusters, of these with one image (`alone`) and with
fewer than five (`tiny`); expected VI in nats and Binder's loss in pairs of a thousand; by how much the expected
VI is above that without a bound in per cent, and in standard errors over the chains; agreement with the known
labels (ARI, NMI); exp(entropy of the sizes); the radius of the 95 % ball, nats, and the clusters of its draws.

Sets: `demo`, the 1,600 digits of `dpmix demo`, of which `chain` is one chain alone; `zeros`, `threes`: the
embedded digits 0 and 1, and 3, 5 and 8; `twos`, 1,000 of the 2s and 3s of MNIST; `groups`, `blurred` and `many`,
tables drawn from 8 clusters that are far apart, 8 that overlap, and 30 of unequal sizes.
"""

import argparse
import time

import harness
import numpy as np
from mnist_sets import twos_and_threes
from scipy.cluster.hierarchy import fcluster

import dpmix
from dpmix.base.text import table
from dpmix.chain.segment import warm_up
from dpmix.partitions import co_clustering, compare_labels, credible_ball, point_estimate
from dpmix.partitions.draws import by_size, flat_draws
from dpmix.partitions.losses import distances, loss_of
from dpmix.partitions.search import PartitionSearch
from dpmix.posterior.information import entropy
from dpmix.posterior.posterior import Posterior

CHAINS = 4
WEIGHTS = (1.1, 1.3)
HEADINGS = (
    "",
    "clusters",
    "alone",
    "tiny",
    "VI",
    "Binder",
    "above",
    "in SE",
    "ARI",
    "NMI",
    "exp(H)",
    "radius",
    "ball",
)
HEADINGS += ("seconds",)


def main():
    options = parse()
    warm_up()
    for name in options.sets:
        for seed in range(1, options.seeds + 1):
            x, y = SETS[name](seed)
            posterior = sampled(x, seed, options.sweeps)
            if name == "chain":
                posterior = Posterior(
                    posterior.table, posterior.plan, posterior.records[:1], posterior.version
                )
            study(f"{name}, seed {seed}", posterior, y)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sets", nargs="+", choices=list(SETS), default=list(SETS), metavar="SET", help="which data"
    )
    parser.add_argument("--seeds", type=int, default=3, help="runs of each, and tables drawn anew")
    parser.add_argument(
        "--sweeps", type=int, default=200, help="of each of four chains, the second half kept"
    )
    return harness.parse(parser)


# Data, with what is known of each image.


def demo(seed):
    images = dpmix.datasets.load_digits()[:1600]
    return images.x, images.y


def digits(*classes):
    def load(seed):
        images = dpmix.datasets.load_digits(classes=list(classes))
        return images.x, images.y

    return load


def twos(seed):
    images = twos_and_threes()
    chosen = images[np.random.default_rng(0).permutation(len(images))[:1000]]
    return chosen.x, chosen.y


def drawn(n_clusters, concentration, even):
    """600 rows of 64 columns; a column's probability in a cluster is from Beta(concentration, concentration)."""

    def load(seed):
        rng = np.random.default_rng(seed)
        share = np.full(n_clusters, 1 / n_clusters) if even else rng.dirichlet(np.ones(n_clusters))
        y = rng.choice(n_clusters, size=600, p=share)
        on = rng.beta(concentration, concentration, size=(n_clusters, 64))
        return (rng.random((600, 64)) < on[y]).astype(np.uint8), y

    return load


SETS = {
    "demo": demo,
    "chain": demo,
    "zeros": digits(0, 1),
    "threes": digits(3, 5, 8),
    "twos": twos,
    "groups": drawn(8, 0.5, True),
    "blurred": drawn(8, 6, True),
    "many": drawn(30, 2, False),
}


def sampled(x, seed, sweeps):
    return dpmix.sample(x, chains=CHAINS, sweeps=sweeps, init="seeds", seed=seed, progress=False)


# Estimates.


def study(title, posterior, y):
    """Print the table of one posterior."""
    draws, _ = flat_draws(posterior)
    k, n = draws.max(axis=1) + 1, draws.shape[1]
    medians = ", ".join(f"{np.median(own):g}" for own in posterior.n_clusters)
    print(
        f"\n{title}: {n:,} images, {len(draws)} draws of {k.min()} to {k.max()} clusters, median {np.median(k):g}; "
        f"chains: {posterior.summary().verdict}, medians {medians}"
    )
    least, rows = None, [HEADINGS, draw_row(draws, y)]
    for name, labels, seconds in estimates(posterior, draws, int(k.max())):
        ball = credible_ball(posterior, labels, loss="vi")
        least = ball.distances if least is None else least
        rows.append((name, *cells(labels, ball, draws, least, y), f"{seconds:.1f}"))
        note(f"{title}, {name}", labels, ball, least, k)
    print("\n".join(table(rows, left={0})), flush=True)


def estimates(posterior, draws, largest):
    """Name, labels and seconds of each; that by VI without a bound first."""
    n = posterior.table.n
    ways = {
        "VI, no bound": lambda: point_estimate(posterior, max_clusters=n, progress=False),
        "VI, largest draw": lambda: point_estimate(posterior, max_clusters=largest, progress=False),
        "VI, median draw": lambda: point_estimate(posterior, progress=False),
        "best draw by VI": lambda: point_estimate(posterior, restarts=0, progress=False),
        "average linkage": lambda: linked(posterior, draws),
        "Binder, no bound": lambda: point_estimate(posterior, "binder", max_clusters=n, progress=False),
        "Binder, median draw": lambda: point_estimate(posterior, "binder", progress=False),
    }
    for loss, name in (("vi", "VI"), ("binder", "Binder")):
        for weight in WEIGHTS:
            ways[f"{name}, weight {weight}"] = lambda loss=loss, weight=weight: weighted(draws, loss, weight)
    for name, way in ways.items():
        began = time.perf_counter()
        found = way()
        yield name, getattr(found, "labels", found), time.perf_counter() - began


def weighted(draws, loss, weight, restarts=4):
    """The partition of least expected loss where it costs `weight` to part images and 2 - `weight` to join them.

    With F as in `dpmix.partitions.losses`, that loss is weight F(z) + (2 - weight) F(estimate) - 2 F(both). A
    draw with all images in one cluster has F(both) = F(estimate): so many of these, weight - 1 for every real
    one, make the loss with equal costs the weighted one, up to what does not depend on the estimate.
    """
    m, n = draws.shape
    together = np.zeros((round((weight - 1) * m), n), np.int32)
    measure, found = loss_of(loss, n), []
    everything = np.vstack([draws, together])
    search = PartitionSearch(everything, measure, n)
    for start in range(restarts):
        generator = np.random.default_rng(start)
        search.clear()
        search.allocate(generator.permutation(n))
        search.improve(generator)
        found.append((distances(search.labels, everything, measure).mean(), search.labels))
    return by_size(min(found, key=lambda one: one[0])[1])


def linked(posterior, draws):
    """Of the cuts of a tree of average linkage the one with the least expected VI."""
    tree, measure = co_clustering(posterior, progress=False).linkage(), loss_of("vi", draws.shape[1])
    some = draws[:: max(1, len(draws) // 50)]
    cuts = [fcluster(tree, k, "maxclust") for k in range(1, 2 * int(draws.max()) + 3)]
    return min((by_size(cut) for cut in cuts), key=lambda cut: distances(cut, some, measure).mean())


# Figures.


def draw_row(draws, y):
    """What draws are like, the median over 40 of them."""
    some = draws[:: max(1, len(draws) // 40)]
    sizes = [np.bincount(z) for z in some]
    agreement = [compare_labels(z, y) for z in some]
    counts = [np.median([count(own) for own in sizes]) for count in (len, alone, tiny)]
    scores = [np.median([getattr(one, name) for one in agreement]) for name in ("ari", "nmi")]
    effective = np.exp(np.median([entropy(z) for z in some]))
    blank = [""] * 4
    return (
        "median draw",
        *[f"{value:g}" for value in counts],
        *blank,
        *[f"{v:.3f}" for v in scores],
        f"{effective:.1f}",
        "",
        "",
        "",
    )


def cells(labels, ball, draws, least, y):
    sizes, agreement, binder = np.bincount(labels), compare_labels(labels, y), loss_of("binder", len(labels))
    inside = draws[ball.distances.ravel() <= ball.radius].max(axis=1) + 1
    per_cent, errors = excess(ball.distances, least)
    return (
        *[f"{count(sizes)}" for count in (len, alone, tiny)],
        f"{ball.distances.mean():.4f}",
        f"{1000 * distances(labels, draws, binder).mean():.3f}",
        f"{per_cent:.2f} %",
        f"{errors:.1f}" if np.isfinite(errors) else "-",
        f"{agreement.ari:.3f}",
        f"{agreement.nmi:.3f}",
        f"{np.exp(entropy(labels)):.1f}",
        f"{ball.radius:.3f}",
        f"{inside.min()}-{inside.max()}",
    )


def excess(found, least):
    """Mean of `found` above that of `least`, in per cent and in standard errors of the difference over chains."""
    by_chain = (found - least).mean(axis=1)
    error = by_chain.std(ddof=1) / np.sqrt(len(by_chain)) if len(by_chain) > 1 else 0.0
    mean = least.mean()
    return 100 * by_chain.mean() / mean if mean else 0.0, by_chain.mean() / error if error else np.nan


def note(name, labels, ball, least, k):
    harness.note(
        f"{name}, clusters beyond the largest draw", max(0, int(labels.max()) + 1 - int(k.max())), "clusters"
    )
    harness.note(f"{name}, expected VI", ball.distances.mean(), "nats")
    harness.note(f"{name}, above the least", excess(ball.distances, least)[0], "%")


def alone(sizes):
    return int((sizes == 1).sum())


def tiny(sizes):
    return int((sizes < 5).sum())


if __name__ == "__main__":
    main()
