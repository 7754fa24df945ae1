"""The sampler does what the slow reference does, draw for draw, and the same in segments of any length."""

import numpy as np
import pytest

from dpmix.chain.moves import MOVES, sweep_assignments
from dpmix.chain.plan import Plan
from dpmix.chain.record import TRACE_NAMES
from dpmix.chain.segment import run_segment
from dpmix.chain.starts import start
from dpmix.chain.state import Chain
from dpmix.model.prior import Prior
from support import moves, naive, partitions
from support.partitions import case


def random_images(n, d, on=0.5):
    return (naive.generator(n, d).random((n, d)) < on).astype(int)


def grouped_images(n, d, n_groups):
    """Images of `n_groups` kinds, which end in about as many clusters."""
    rng = naive.generator(n, d, n_groups)
    p_on = rng.choice([0.02, 0.98], (n_groups, d))[rng.integers(n_groups, size=n)]
    return (rng.random((n, d)) < p_on).astype(int)


PROBLEMS = {
    "one image": (case("10110", 1.5, 1, 1), "one"),
    "one pixel": (case("1", 0.001, 1000, 0.001), "crp"),
    "two images": (case("1 0", 1000, 0.001, 0.001), "one"),
    "all zeros": (case(np.zeros((30, 9), int), 1, 1, 1), "random:4"),
    "all ones": (case(np.ones((30, 9), int), 1, 0.001, 1000), "crp"),
    "equal rows": (case(np.tile([1, 0, 0, 1, 1], (25, 1)), 2, 0.5, 0.5), "random:25"),
    "one column": (case(random_images(40, 1), 3, 0.4, 0.9), "one"),
    "random, flat prior": (case(random_images(40, 12), 1, 1, 1), "one"),
    "random, tiny counts": (case(random_images(40, 12), 1, 0.001, 0.001), "random:5"),
    "random, huge counts": (case(random_images(40, 12), 1, 1000, 1000), "random:5"),
    "random, odd counts": (case(random_images(40, 12, 0.2), 5, 0.001, 1000), "crp"),
    "per-pixel counts": (
        case(random_images(40, 13), 2, np.geomspace(0.001, 1000, 13), np.geomspace(50, 0.1, 13)),
        "crp",
    ),
    "tiny alpha": (case(grouped_images(40, 30, 4), 0.001, 0.3, 0.3), "random:12"),
    "huge alpha": (case(random_images(30, 10), 1000, 1, 1), "one"),
    "groups": (case(grouped_images(50, 40, 6), 1, 0.3, 0.3), "one"),
    "many groups": (case(grouped_images(45, 60, 30), 30, 0.1, 0.1), "one"),
    "given labels": (case(grouped_images(35, 20, 5), 1, 1, 1), "labels"),
}

PLAN = moves.plan_for(Prior(1, 1, 1))


def assert_follows_reference(problem, init, seed, n_sweeps=4):
    """Run chain and reference with the same uniforms and compare every assignment of every sweep."""
    labels = np.unique(naive.generator(seed).integers(5, size=len(problem.x)), return_inverse=True)[1]
    chain = partitions.make_chain(problem, init, seed, labels=labels)
    twin = partitions.make_chain(problem, init, seed, labels=labels).generator
    z = chain.partition.z.tolist()
    n_clusters = []
    for _ in range(n_sweeps):
        sweep_assignments(chain, PLAN, 1)
        z = naive.sweep(z, twin.random(chain.n), *problem)
        assert chain.partition.z.tolist() == z
        n_clusters.append(chain.n_clusters)
    assert chain.log_joint() == pytest.approx(naive.log_joint(z, *problem), rel=1e-10, abs=1e-6)
    assert chain.n_clusters == max(z) + 1
    return n_clusters


@pytest.mark.parametrize("name", PROBLEMS)
def test_sweeps_follow_reference(name):
    problem, init = PROBLEMS[name]
    for seed in range(3):
        assert_follows_reference(problem, init, 1000 * naive.SEED + seed)


def test_slots_run_out_in_mid_sweep():
    problem = case(random_images(150, 8), 1000, 1, 1)
    chain = partitions.make_chain(problem)
    before = chain.partition.sizes.size
    sweep_assignments(chain, PLAN, 1)
    assert chain.partition.sizes.size > before, "the case no longer outgrows its slots"
    assert assert_follows_reference(problem, "one", naive.SEED)[0] > before


def test_slots_are_given_up_where_clusters_died():
    problem = case(grouped_images(400, 40, 3), 0.1, 1, 1)
    chain, seldom = (partitions.make_chain(problem, "random:390") for _ in range(2))
    seldom.shed_room = lambda: None
    for _ in range(3):
        for each in (chain, seldom):
            sweep_assignments(each, PLAN, 1)
        np.testing.assert_array_equal(chain.partition.z, seldom.partition.z)
    assert len(chain.partition.sizes) < len(seldom.partition.sizes), "the case no longer leaves slots empty"


@pytest.mark.parametrize("seed", range(30))
def test_random_problems_follow_reference(seed):
    rng = naive.generator(seed, 77)
    n, d = int(rng.integers(1, 25)), int(rng.integers(1, 20))
    x = (rng.random((n, d)) < rng.choice([0, 0.1, 0.5, 0.9, 1])).astype(int)
    size = int(rng.choice([1, d]))
    a, b = 10 ** rng.uniform(-3, 3, (2, size))
    init = str(rng.choice(["one", "crp", f"random:{rng.integers(1, n + 1)}", "labels"]))
    assert_follows_reference(case(x, 10 ** rng.uniform(-3, 3), a, b), init, 1000 * naive.SEED + seed)


@pytest.mark.parametrize(("alpha", "count", "init"), [(1, 1, "random:10"), (20, 0.1, "one")])
def test_digits_follow_reference(mnist_home, alpha, count, init):
    from dpmix.datasets import load_mnist

    images = load_mnist("test", classes=[2, 3], threshold=0, data_home=mnist_home)
    assert_follows_reference(case(images.x[:120], alpha, count, count), init, naive.SEED, n_sweeps=2)


@pytest.mark.parametrize("name", ["groups", "per-pixel counts", "huge alpha"])
@pytest.mark.parametrize("lengths", [[1] * 12, [5, 7], [1, 9, 2], [11, 1]], ids=str)
def test_segments_of_any_lengths_give_the_same_bits(name, lengths):
    problem, init = PROBLEMS[name]
    table = partitions.table_of(problem.x)
    plan = Plan.checked(Prior(problem.alpha, problem.a, problem.b), 1, 12, 2, 3, init, naive.SEED)
    begin = start(table, plan, None, 0)
    whole_state, whole = run_segment(table, plan, begin, 0, 12)
    state, done, draws = begin, 0, None
    for length in lengths:
        state, more = run_segment(table, plan, state, done, length)
        draws = more if draws is None else draws.followed_by(more)
        done += length
    for found, wanted in zip(state, whole_state, strict=True):
        np.testing.assert_array_equal(found, wanted)
    for name in [name for name in TRACE_NAMES if not name.endswith("seconds")]:
        np.testing.assert_array_equal(draws.trace[name], whole.trace[name])
    for name, column in whole.kept.items():
        np.testing.assert_array_equal(draws.kept[name], column)
        assert len(column) == 3


@pytest.mark.parametrize("name", ["per-pixel counts", "groups", "random, tiny counts"])
def test_chain_rebuilt_from_its_state_makes_the_same_moves(name):
    """Nothing but the state decides: not the slots, nor what tables and working arrays still hold."""
    problem, init = PROBLEMS[name]
    chain, table = partitions.make_chain(problem, init, naive.SEED), partitions.table_of(problem.x)
    plan = moves.plan_for(moves.prior_for("all", *problem[1:]), split_merge=1, birth_death=1)
    for step in range(300):
        move = list(MOVES.values())[step % len(MOVES)]
        rebuilt = Chain(table, chain.state())
        assert move(rebuilt, plan, step) == move(chain, plan, step), f"step {step}"
        for found, wanted in zip(rebuilt.state(), chain.state(), strict=True):
            np.testing.assert_array_equal(found, wanted, err_msg=f"step {step}")


def test_kept_labels_are_numbered_by_size():
    problem, init = PROBLEMS["groups"]
    table = partitions.table_of(problem.x)
    plan = Plan.checked(Prior(problem.alpha, problem.a, problem.b), 1, 6, 0, 1, init, naive.SEED)
    _, draws = run_segment(table, plan, start(table, plan, None, 0), 0, 6)
    for t, z in enumerate(draws.kept["labels"]):
        sizes = np.bincount(z)
        assert (np.diff(sizes) <= 0).all() and len(sizes) == draws.trace["n_clusters"][t]
        assert draws.trace["log_joint"][t] == pytest.approx(naive.log_joint(z, *problem), rel=1e-10)


def test_chain_is_the_same_however_many_stand_beside_it():
    problem, init = PROBLEMS["given labels"][0], "random:5"
    one, again, other = (partitions.make_chain(problem, init, 3, chain_ix) for chain_ix in (2, 2, 1))
    for chain in (one, again, other):
        sweep_assignments(chain, PLAN, 1)
    np.testing.assert_array_equal(one.partition.z, again.partition.z)
    assert (one.partition.z != other.partition.z).any()
