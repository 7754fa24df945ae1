"""What moves do for a chain: log joint, and nats of images held out, against CPU seconds, from one state.

    python benchmarks/moves.py --state state.npz [--init seeds:600] [--settling 15] [--seconds 4] [--seeds 3]
                               [--split-merge N] [--birth-death N] [--json FILE]

The chain is over 12,131 2s and 3s of MNIST, everything learned. The state is made where the file is not there:
`settling` sweeps from `init`. From it chains of several seeds go on, each for `seconds` of CPU, which count sweeps
and no more. To compare commits, hand the file on from one to the other; to compare schedules, run twice. Shown are
the log joint at some times, the number of clusters, proposals taken, and what the last state gives to 2,000 images
held out, chain by chain and all together.
"""

import argparse
import time
from pathlib import Path

import harness
import numpy as np
from mnist_sets import twos_and_threes_split
from threadpoolctl import threadpool_limits

import dpmix
from dpmix.chain.plan import Plan
from dpmix.chain.record import PROPOSALS, ChainRecord, Draws
from dpmix.chain.segment import labels_by_size, run_segment, run_sweep, warm_up
from dpmix.chain.starts import start
from dpmix.chain.state import Chain, State, generator_state
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.posterior.posterior import Posterior

MARKS = 0.25, 0.5, 1, 2, 4, 8, 16, 32  # CPU seconds at which the log joint is shown


def main():
    options = parse()
    train, test = twos_and_threes_split()
    table = BinaryTable.from_input(train)
    warm_up()
    with threadpool_limits(1):
        state = state_of(table, options)
        print(f"K {int(state.z.max()) + 1} in the beginning; {schedule(options)}")
        report([go_on(table, state, seed, options) for seed in range(options.seeds)], table, test, options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--state", type=Path, required=True, help="file of the state, made where it is not there"
    )
    parser.add_argument("--init", default="seeds:600")
    parser.add_argument("--settling", type=int, default=15, help="sweeps before the state")
    parser.add_argument("--seconds", type=float, default=4, help="CPU seconds of each chain")
    parser.add_argument("--seeds", type=int, default=3, help="chains from the state")
    parser.add_argument("--split-merge", type=int, help="proposals a sweep")
    parser.add_argument("--birth-death", type=int, help="proposals a sweep")
    return harness.parse(parser)


def schedule(options):
    given = {"split_merge": options.split_merge, "birth_death": options.birth_death}
    return dpmix.Schedule(**{name: value for name, value in given.items() if value is not None})


def plan_of(options, sweeps=1):
    return Plan.checked(Prior(), 1, sweeps, 0, 1, options.init, 0, schedule(options))


def state_of(table, options):
    """The state in the file; without one, of a chain after some sweeps, which is put there."""
    if not options.state.exists():
        plan = plan_of(options, options.settling)
        state = run_segment(table, plan, start(table, plan, None, 0), 0, options.settling)[0]
        np.savez(options.state, **state._asdict())
    with np.load(options.state) as file:
        return State(file["z"], float(file["alpha"]), file["a"], file["b"], file["generator"])


def go_on(table, state, seed, options):
    """Sweep for `options.seconds` of CPU: (the figures of each sweep with its ``cpu``, the last state)."""
    plan, generator = plan_of(options), np.random.Generator(np.random.PCG64(seed))
    chain, rows, cpu = Chain(table, state._replace(generator=generator_state(generator))), [], 0.0
    while cpu < options.seconds:
        began = time.process_time()
        figures = run_sweep(chain, plan, options.settling + len(rows) + 1)
        cpu += time.process_time() - began
        rows.append(figures | {"cpu": cpu})
    return rows, chain.state()


def report(found, table, test, options):
    marks = [mark for mark in MARKS if mark <= options.seconds]
    print(
        "seed"
        + "".join(f"{f'{mark:g} s':>12}" for mark in marks)
        + "  clusters  sweeps  nats held out  taken"
    )
    plan = plan_of(options)
    records = [record_of(table, rows, state) for rows, state in found]
    for seed, (rows, _) in enumerate(found):
        values = [last_before(mark, rows)["log_joint"] for mark in marks]
        nats = held_out(table, plan, [records[seed]], test)
        taken = ", ".join(
            f"{kind} {sum(row[f'{kind}_accepted'] for row in rows)}/{sum(row[f'{kind}_proposals'] for row in rows)}"
            for kind in PROPOSALS
        )
        shown = "".join(f"{value:12,.0f}" for value in values)
        print(f"{seed:4}{shown}{rows[-1]['n_clusters']:10}{len(rows):8}{nats:15.2f}  {taken}", flush=True)
    for mark in marks:
        values = [last_before(mark, rows)["log_joint"] for rows, _ in found]
        harness.note(f"log joint after {mark:g} s", values, "nats")
    together = held_out(table, plan, records, test)
    harness.note("held out, all chains together", together, "nats")
    print(f"all together: {together:.2f} nats per image held out")


def last_before(mark, rows):
    """Figures of the last sweep that ended within so many CPU seconds, or of the first."""
    return next((row for row in reversed(rows) if row["cpu"] <= mark), rows[0])


def record_of(table, rows, state):
    """The chain with its last state as the one draw."""
    draws = Draws.empty(table.n, table.d)
    trace = {name: np.array([rows[-1][name]], values.dtype) for name, values in draws.trace.items()}
    kept = labels_by_size(state.z, np.bincount(state.z)), state.alpha, state.a, state.b
    named = {name: np.array(value)[None] for name, value in zip(draws.kept, kept, strict=True)}
    return ChainRecord(state, Draws(trace, named))


def held_out(table, plan, records, test):
    """Mean nats of the images held out under the last draws of some chains."""
    return dpmix.log_predictive(Posterior(table, plan, records, dpmix.__version__), test).mean()


if __name__ == "__main__":
    main()
