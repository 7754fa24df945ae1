"""How soon chains find the clusters: log joint against time on one core, by start and seed.

    python benchmarks/mixing.py [--seconds 60] [--starts one random:100 ...] [--seeds 3] [-o mixing.png]
    python benchmarks/mixing.py --learned [--chains 5] [--sweeps 200] [--jobs 2] [-o learned.png]
    python benchmarks/mixing.py --all [--chains 5] [--sweeps 60] [--jobs 2] [-o all.png]

The first takes the 2s and 3s of MNIST (n = 14,131) with alpha = a = b = 1 fixed, one chain after the
other on one core, and prints the log joint (nats) at some times. The others learn alpha, a and b on a
training set and say what the posterior gives to images held out, in nats per image: 12,131 and 2,000 of
the 2s and 3s, or 60,000 and 10,000 of all digits, stochastically binarised. All say where the time went
and how many proposals were accepted. Seconds count the sweeps of a chain, moves and their bookkeeping;
`wall` is the whole call of `dpmix.sample`, start of workers included.
"""

import argparse
import math
import time
from dataclasses import replace

import harness
import numpy as np
from mnist_sets import all_digits, twos_and_threes, twos_and_threes_split
from threadpoolctl import threadpool_limits

import dpmix
from dpmix.chain.moves import MOVES
from dpmix.chain.plan import Plan, usual_schedule
from dpmix.chain.record import PROPOSALS, ChainRecord, Draws
from dpmix.chain.segment import run_segment, warm_up
from dpmix.chain.starts import check_init, start
from dpmix.model.table import BinaryTable
from dpmix.posterior.agreement import describe
from dpmix.posterior.posterior import Posterior

STARTS = ["near", "one", "random:100", "crp", "random:400", "seeds"]
MARKS = [1, 2, 5, 10, 20, 60, 120, 300, 600]  # seconds at which the log joint is shown
MOST_SWEEPS = 1_000_000
SEGMENT_SECONDS = 0.5


def main():
    options = parse()
    if options.learned or options.all:
        traces = measure_learned(options)
    else:
        traces = measure_starts(options)
    where_time_goes([trace for group in traces.values() for trace in group])
    if options.out:
        draw(traces, options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--learned", action="store_true", help="learn alpha, a and b; score images held out")
    which.add_argument("--all", action="store_true", help="the same on all digits, stochastically binarised")
    parser.add_argument("--seconds", type=float, default=60, help="of each chain, alpha = a = b = 1")
    parser.add_argument("--starts", nargs="+", default=STARTS, help="alpha = a = b = 1")
    parser.add_argument("--seeds", type=int, default=3, help="chains from each start, alpha = a = b = 1")
    parser.add_argument("--chains", type=int, default=5, help="learned")
    parser.add_argument("--sweeps", type=int, help="of each chain, learned (default: 200, or 60 with --all)")
    parser.add_argument(
        "--draws", type=int, default=10, help="kept of each chain, from its second half, learned"
    )
    parser.add_argument("--jobs", type=int, default=2, help="worker processes, learned")
    parser.add_argument("--init", default="seeds", help="learned")
    parser.add_argument("--split-merge", type=int, help="proposals a sweep")
    parser.add_argument("--birth-death", type=int, help="proposals a sweep")
    parser.add_argument("-o", "--out", help="picture of log joint against seconds")
    return harness.parse(parser)


def schedule(options):
    given = {"split_merge": options.split_merge, "birth_death": options.birth_death}
    learns_pixels = options.learned or options.all
    usual = dpmix.Schedule() if learns_pixels else usual_schedule("near:1", learns_pixels)
    return replace(usual, **{name: value for name, value in given.items() if value is not None})


# Everything fixed: from several starts, by time.


def measure_starts(options):
    """Run the chains one after the other; the traces of all, by start."""
    table = BinaryTable.from_input(twos_and_threes())
    print(f"n = {table.n:,}, alpha = a = b = 1, {schedule(options)}")
    marks = [mark for mark in MARKS if mark <= options.seconds]
    print(
        "start       seed" + "".join(f"{f'{mark} s':>12}" for mark in marks) + "      best  clusters  sweeps"
    )
    warm_up()
    traces = {}
    with threadpool_limits(1):
        for init in options.starts:
            for seed in range(options.seeds):
                trace = run_for(options.seconds, table, init, seed, schedule(options))
                traces.setdefault(init, []).append(trace)
                harness.note(f"{init}, seed {seed}, log joint at the end", trace["log_joint"][-1], "nats")
                harness.note(f"{init}, seed {seed}, sweep", np.median(trace["seconds"]), "s")
                print(row_of_chain(init, seed, trace, marks), flush=True)
    compare_chains([trace for group in traces.values() for trace in group], options.seconds)
    return traces


def run_for(seconds, table, init, seed, mix):
    """Trace of one chain of about `seconds` of sweeps."""
    init, _ = check_init(init, table.n, learns_pixels=False)
    plan = Plan.checked(dpmix.Prior(alpha=1, a=1, b=1), 1, MOST_SWEEPS, MOST_SWEEPS - 1, 1, init, seed, mix)
    state, n_sweeps = start(table, plan, None, 0), 1
    trace, spent = [], 0.0
    while spent < seconds:
        done = sum(len(piece["seconds"]) for piece in trace)
        state, draws = run_segment(table, plan, state, done, n_sweeps)
        trace.append(draws.trace)
        lasted = draws.trace["seconds"].sum()
        spent += lasted
        n_sweeps = max(1, int(n_sweeps * min(SEGMENT_SECONDS, seconds - spent) / lasted))
    return {name: np.concatenate([piece[name] for piece in trace]) for name in trace[0]}


def row_of_chain(init, seed, trace, marks):
    times = trace["seconds"].cumsum()
    done = [np.searchsorted(times, mark, side="right") for mark in marks]
    at = [f"{trace['log_joint'][sweeps - 1]:,.0f}" if sweeps else "-" for sweeps in done]
    return (
        f"{init:<11} {seed:>4}"
        + "".join(value.rjust(12) for value in at)
        + f"{trace['log_joint'].max():>12,.0f}{trace['n_clusters'][-1]:>8}{len(times):>8}"
    )


def compare_chains(traces, seconds):
    ends = [trace["log_joint"][-1] for trace in traces]
    print(
        f"after {seconds:g} s: {min(ends):,.0f} to {max(ends):,.0f}, {max(ends) - min(ends):,.0f} apart; "
        f"best of all {max(trace['log_joint'].max() for trace in traces):,.0f}"
    )
    common = min(len(trace["log_joint"]) for trace in traces)
    if common >= 8:
        second_halves = np.stack([trace["log_joint"][common // 2 : common] for trace in traces])
        print(
            f"R-hat of the log joint over sweeps {common // 2 + 1} to {common} of all {len(traces)} chains: "
            f"{describe(second_halves).r_hat:.2f}"
        )


# Everything learned: what users get from dpmix.sample, and what it predicts.


def measure_learned(options):
    """Run the chains as users would; their traces, under the name of the start."""
    train, test = all_digits() if options.all else twos_and_threes_split()
    sweeps = options.sweeps or (60 if options.all else 200)
    thin = math.ceil((sweeps - sweeps // 2) / options.draws)
    warm_up()
    began = time.perf_counter()
    posterior = dpmix.sample(
        train,
        chains=options.chains,
        sweeps=sweeps,
        thin=thin,
        init=options.init,
        seed=0,
        schedule=schedule(options),
        jobs=options.jobs,
        progress=False,
    )
    wall = time.perf_counter() - began
    print(
        f"{len(train):,} images to learn from, {len(test):,} held out; {options.chains} chains of {sweeps} sweeps, "
        f"{options.jobs} jobs: wall {wall:.1f} s"
    )
    began = time.perf_counter()
    report_held_out(posterior, test)
    print(f"scoring the images held out took {time.perf_counter() - began:.1f} s")
    return {posterior.plan.init: [record.draws.trace for record in posterior.records]}


def report_held_out(posterior, test):
    print(
        "chain  log joint  clusters   alpha  median a  median b  seconds   nats/image held out: last draw  all draws"
    )
    for chain, record in enumerate(posterior.records):
        last, every = (mean_log_predictive(part_of(posterior, [chain], only), test) for only in (True, False))
        trace, kept = record.draws.trace, record.draws.kept
        a, b = np.median(kept["a"][-1]), np.median(kept["b"][-1])
        print(
            f"{chain:>5}{trace['log_joint'][-1]:>12,.0f}{trace['n_clusters'][-1]:>9}{trace['alpha'][-1]:>8.1f}"
            f"{a:>10.3f}{b:>10.3f}{trace['seconds'].sum():>9.1f}{last:>33.2f}{every:>11.2f}",
            flush=True,
        )
    chains = range(len(posterior.records))
    for only_last, name in ((True, "last draws"), (False, "all draws")):
        value = mean_log_predictive(part_of(posterior, chains, only_last), test)
        harness.note(f"all chains, {name}", value, "nats")
        print(f"all {len(chains)} chains together, {name}: {value:.2f} nats per image held out", flush=True)


def part_of(posterior, chains, only_last):
    """The posterior of some chains, with all draws or the last of each only."""
    plan, records = posterior.plan, [posterior.records[chain] for chain in chains]
    if only_last:
        last = plan.burn_in + plan.thin * posterior.labels.shape[1]
        plan = replace(plan, burn_in=last - 1, thin=1)
        records = [
            ChainRecord(
                record.state,
                Draws(record.draws.trace, {name: values[-1:] for name, values in record.draws.kept.items()}),
            )
            for record in records
        ]
    return Posterior(posterior.table, plan, records, posterior.version)


def mean_log_predictive(posterior, images):
    return dpmix.log_predictive(posterior, images).mean()


# Both.


def where_time_goes(traces):
    seconds = sum(trace["seconds"].sum() for trace in traces)
    shares = {move: sum(trace[f"{move}_seconds"].sum() for trace in traces) / seconds for move in MOVES}
    print(
        "time: "
        + ", ".join(f"{move} {share:.0%}" for move, share in shares.items())
        + f", rest {1 - sum(shares.values()):.0%}"
    )
    for kind in PROPOSALS:
        proposals, accepted = (
            sum(int(trace[f"{kind}_{what}"].sum()) for trace in traces) for what in ("proposals", "accepted")
        )
        print(
            f"{kind:<6} {proposals:>8,} proposed, {accepted:>7,} accepted ({accepted / max(proposals, 1):.1%}), "
            f"{accepted / seconds:.2f} a second"
        )


def draw(traces, options):
    """Save the log joint of every chain against seconds, and the gap to the best of all on a log scale."""
    from matplotlib.figure import Figure

    from dpmix.plot.style import chain_style

    figure = Figure(figsize=(7, 4), layout="constrained")
    ax = figure.add_subplot()
    best = max(trace["log_joint"].max() for group in traces.values() for trace in group)
    for ix, (init, group) in enumerate(traces.items()):
        for seed, trace in enumerate(group):
            ax.plot(
                trace["seconds"].cumsum(),
                best - trace["log_joint"] + 1,
                lw=1,
                alpha=0.8,
                **chain_style(ix),
                label=f"from {init}" if seed == 0 else None,
            )
    ax.set(
        xscale="log", yscale="log", xlabel="seconds on one core", ylabel="nats below the best log joint, + 1"
    )
    ax.set_title(f"best log joint {best:,.0f}", loc="left", fontsize=10)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    figure.savefig(options.out, dpi=150)


if __name__ == "__main__":
    main()
