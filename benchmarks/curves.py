"""Held-out nats against CPU seconds: many short chains or few long ones, and from which start.

    python benchmarks/curves.py [--set twos-threes] [--settings near/2/20/20 seeds/20/5/200 ...] [--draws]
    python benchmarks/curves.py --set all --settings near/2/20/20

A setting is START/BIRTHS/CHAINS/SWEEPS: where chains start, proposals of births and deaths in a sweep, the number
of chains and of sweeps of each. For each, the chains run one after the other in this process, and the mean log
predictive (nats per image) of images held out is shown for the last draws of the first 1, 2, 5, 10, ... chains
together, beside the CPU seconds that so many chains took, start and all. With --draws also for all draws.

The sets: 12,131 and 2,000 of the 2s and 3s of MNIST; all its digits, stochastically binarised, 60,000 and
10,000; the embedded 8 x 8 digits; and two tables made here.
"""

import argparse

import harness
import numpy as np
from mixing import part_of
from mnist_sets import all_digits, twos_and_threes_split
from scipy.special import logsumexp
from small_sets import answers, embedded_digits, genes
from threadpoolctl import threadpool_limits

import dpmix
from dpmix.chain.segment import warm_up
from dpmix.datasets.masks import mask

SETS = {
    "twos-threes": twos_and_threes_split,
    "all": all_digits,
    "8x8": embedded_digits,
    "answers": answers,
    "genes": genes,
}
SETTINGS = ["seeds/20/5/200", "near/2/4/100", "near/2/10/40", "near/2/20/20", "near/2/40/10", "near/2/80/5"]
COUNTS = [1, 2, 5, 10, 20, 40, 80, 160, 320]


def main():
    options = parse()
    train, test = SETS[options.set]()
    print(f"{options.set}: {len(train):,} rows to learn from, {len(test):,} held out, seed {options.seed}")
    warm_up()
    print(f"{'setting':<22}{'clusters':>9}{'log joint':>13}  chains: nats (CPU seconds)")
    for setting in options.settings:
        show(setting, train, test, options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=SETS, default="twos-threes")
    parser.add_argument("--settings", nargs="+", default=SETTINGS, metavar="START/BIRTHS/CHAINS/SWEEPS")
    parser.add_argument("--draws", action="store_true", help="also average over all draws")
    parser.add_argument(
        "--gain", action="store_true", help="what the summary expects of twice as many chains"
    )
    parser.add_argument("--queries", action="store_true", help="time queries, too, over all draws")
    parser.add_argument("--seed", type=int, default=0)
    return harness.parse(parser)


def show(setting, train, test, options):
    """Run the chains of a setting and print their row."""
    posterior, seconds = drawn(train, setting, options.seed)
    chains = len(posterior.records)
    nats = np.stack(
        [dpmix.log_predictive(part_of(posterior, [c], only_last=True), test) for c in range(chains)]
    )
    counts = sorted({count for count in COUNTS if count < chains} | {chains})
    means = {count: (logsumexp(nats[:count], axis=0) - np.log(count)).mean() for count in counts}
    cells = [f"{count}: {means[count]:.2f} ({seconds * count / chains:.1f} s)" for count in counts]
    if options.draws:
        cells.append(f"all draws: {dpmix.log_predictive(posterior, test).mean():.2f}")
    ends = posterior.n_clusters[:, -1].mean(), posterior.log_joint[:, -1].mean()
    print(f"{setting:<22}{ends[0]:>9.0f}{ends[1]:>13,.0f}  {'  '.join(cells)}", flush=True)
    harness.note(f"{options.set}, {setting}, held out", means[chains], "nats")
    harness.note(f"{options.set}, {setting}, CPU", seconds, "s")
    if options.gain:
        expected = [posterior.summary().gain.doubling, posterior.summary(test).gain.doubling]
        print(
            f"{'':<22}twice as many: {expected[0]:.2f} nats by its own images, {expected[1]:.2f} by those held out"
        )
    if options.queries:
        time_queries(posterior, test, options)


def time_queries(posterior, test, options):
    """Print how long queries take in units of one dense product of images and clusters in single precision."""
    x, shown = test.x.astype(np.float32), mask(test.image_shape, "bottom")
    clusters = int(posterior.n_clusters.sum() + posterior.n_clusters.size)
    table = np.random.default_rng(0).random((x.shape[1], clusters), np.float32)
    queries = {
        "predict_proba": lambda: dpmix.predict_proba(posterior, test, shown),
        "log_predictive": lambda: dpmix.log_predictive(posterior, test),
    }
    with threadpool_limits(1):
        product = min(seconds_of(lambda: x @ table) for _ in range(3))
        for name, query in queries.items():
            ratio = seconds_of(query) / product
            harness.note(f"{options.set}, {name}", ratio, "")
            print(
                f"{'':<22}{name}: {ratio:.2f} dense products of {len(x):,} images and {clusters:,} clusters"
            )


def seconds_of(call):
    began = harness.started()
    call()
    return harness.since(began)[0]


def drawn(train, setting, seed):
    """The posterior of a setting, of which ten draws a chain are kept at most, and the CPU seconds it took."""
    init, births, chains, sweeps = setting.split("/")
    kept = int(sweeps) - int(sweeps) // 2
    began = harness.started()
    with threadpool_limits(1):
        posterior = dpmix.sample(
            train,
            chains=int(chains),
            sweeps=int(sweeps),
            thin=-(-kept // 10),
            init=init,
            seed=seed,
            schedule=dpmix.Schedule(birth_death=int(births)),
            jobs=1,
            progress=False,
        )
    return posterior, harness.since(began)[0]


if __name__ == "__main__":
    main()
