"""Small runs for the tests of the run folder."""

import numpy as np

from dpmix.chain.plan import Plan
from dpmix.chain.record import ChainRecord
from dpmix.chain.segment import run_segment
from dpmix.chain.starts import start
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.posterior.posterior import Posterior


def make_table(n=7, d=11, seed=0):
    return BinaryTable.from_input(np.random.default_rng(seed).integers(2, size=(n, d)))


def make_plan(**changes):
    given = {
        "prior": Prior(0.7, np.linspace(0.1, 1 / 3, 11), 1e-3),
        "chains": 2,
        "sweeps": 6,
        "burn_in": 2,
        "thin": 2,
        "init": "crp",
        "seed": 5,
    }
    return Plan.checked(**{**given, **changes})


def run_chain(table, plan, chain_ix, sweeps):
    state, draws = run_segment(table, plan, start(table, plan, None, chain_ix), 0, sweeps)
    return ChainRecord(state, draws)


def make_posterior(seed=5):
    table, plan = make_table(), make_plan(seed=seed)
    return Posterior(table, plan, [run_chain(table, plan, chain_ix, 6) for chain_ix in range(2)], "0.1.0")


def assert_same_record(one, other):
    for name in one.state._fields:
        np.testing.assert_array_equal(
            getattr(one.state, name), getattr(other.state, name), strict=name != "alpha"
        )
    for part in ("trace", "kept"):
        mine, theirs = getattr(one.draws, part), getattr(other.draws, part)
        assert mine.keys() == theirs.keys()
        for name in mine:
            np.testing.assert_array_equal(mine[name], theirs[name], strict=True)


def assert_same_posterior(one, other):
    assert one.plan.to_json() == other.plan.to_json()
    assert (one.version, one.image_shape, one.table.digest) == (
        other.version,
        other.image_shape,
        other.table.digest,
    )
    for record, expected in zip(one.records, other.records, strict=True):
        assert_same_record(record, expected)
