"""The compiled arithmetic: logarithms, scores, counts, likelihoods and draws."""

import math

import numpy as np
import pytest
from scipy import special

from dpmix.chain.state import Chain
from dpmix.kernels.beta_bernoulli import exact_score
from dpmix.kernels.categorical import draw, screen
from dpmix.kernels.partition import count_images, move_image
from dpmix.kernels.records import empty_partition
from dpmix.kernels.scores import cluster_score, own_score
from dpmix.kernels.special import (
    LOG_RATIO_ERROR,
    log_array,
    log_gamma_array,
    log_product,
    log_ratio_units,
    sum_array,
)
from support import naive, partitions
from support.partitions import case

BELOW_ONE = 1.0 - 2.0**-53  # the largest uniform a generator gives


def log_of(x):
    out = np.empty_like(x)
    log_array(x, out, np.empty_like(x))
    return out


def log_gamma_of(x):
    out = np.empty_like(x)
    log_gamma_array(x, out, np.empty(4 * x.size))
    return out


def test_log_array():
    rng = naive.generator(1)
    x = np.concatenate(
        [
            10 ** rng.uniform(-280, 280, 3000),
            rng.uniform(0.5, 2, 3000),
            np.arange(1.0, 300.0),
            1 + rng.uniform(-1e-8, 1e-8, 300),
            2.0 ** np.arange(-900, 900, 50),
            np.nextafter(math.sqrt(0.5), [0, 1]),
            np.nextafter(math.sqrt(2), [0, 2]),
        ]
    )
    np.testing.assert_allclose(log_of(x), np.log(x), rtol=4e-16 * 4, atol=0)
    assert log_of(np.ones(1))[0] == 0.0


def log_ratio_of(p, q, scale):
    """Logarithms of quotients of what `p` and `q` are in single precision, in nats."""
    above, below = p.astype(np.float32), q.astype(np.float32)
    out = np.empty(p.size, np.int32)
    log_ratio_units(above, below, scale, out, np.empty_like(above))
    return out / scale


def test_log_ratio_units():
    rng = naive.generator(15)
    edges = np.nextafter(2.0 ** np.repeat(np.arange(-3.5, 4), 3), np.tile([0, 1, 9], 8))
    p = np.concatenate(
        [10 ** rng.uniform(-8, 8, 3000), rng.uniform(0.5, 2, 30000), np.arange(1.0, 300.0), edges]
    )
    q = np.concatenate(
        [10 ** rng.uniform(-8, 8, 3000), rng.uniform(0.5, 2, 30000), np.arange(300.0, 1.0, -1), 0 * edges + 1]
    )
    worst = 0.0
    for above, below in ((p, q), (q, p), (p, p), (p, p * (1 + 1e-9))):
        for scale in (2.0**24, 2.0**20, 2.0**7):
            wanted = np.log(above.astype(np.longdouble)) - np.log(below.astype(np.longdouble))
            error = np.abs(log_ratio_of(above, below, scale) - wanted) - 0.5 / scale
            worst = max(worst, error.max())
    assert 0.5 * LOG_RATIO_ERROR < worst <= LOG_RATIO_ERROR


@pytest.mark.parametrize("size", [1, 15, 16, 17, 31, 32, 33, 784])
def test_log_product(size):
    x = 10 ** naive.generator(16, size).uniform(-17, 17, size)
    assert log_product(x, np.empty(3 * size)) == pytest.approx(math.fsum(np.log(x)), rel=1e-13, abs=1e-12)


def test_log_gamma_array():
    rng = naive.generator(2)
    x = np.concatenate(
        [
            10 ** rng.uniform(-40, 40, 3000),
            rng.uniform(0.01, 30, 3000),
            np.arange(1.0, 200.0),
            np.arange(0.5, 99),
        ]
    )
    found, wanted = log_gamma_of(x), special.gammaln(x)
    assert (np.abs(found - wanted) <= 1e-13 + 2e-15 * np.abs(wanted)).all()


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 1000])
def test_sum_array(size):
    x = naive.generator(8, size).normal(size=size)
    assert sum_array(x) == pytest.approx(math.fsum(x), abs=1e-12)


ODD = {
    "flat": case(naive.generator(3).integers(0, 2, (30, 17)), 1, 1, 1),
    "one image": case("0110", 1, 1, 1),
    "one column": case("1 0 0 1 1 1 0 1", 2, 0.5, 3),
    "zeros": case(np.zeros((9, 6), int), 1, 0.001, 0.001),
    "ones": case(np.ones((9, 6), int), 0.001, 0.001, 0.001),
    "tiny": case(naive.generator(4).integers(0, 2, (20, 33)), 1000, 0.001, 0.001),
    "huge": case(naive.generator(5).integers(0, 2, (20, 33)), 0.001, 1000, 1000),
    "far apart": case(naive.generator(6).integers(0, 2, (20, 33)), 1, 1e-6, 1e6),
    "per pixel": case(
        naive.generator(7).integers(0, 2, (20, 25)), 1, np.geomspace(1e-3, 1e3, 25), np.geomspace(9, 0.1, 25)
    ),
    "many runs": case(np.tile(np.arange(70) % 2, (12, 1)), 1, 1, 1),
    "long runs": case(np.arange(64) > np.arange(0, 60, 5)[:, None], 1, 0.1, 0.4),
}


@pytest.fixture(params=ODD)
def odd_chain(request):
    problem = ODD[request.param]
    return problem, partitions.make_chain(problem, f"random:{min(5, len(problem.x))}", naive.SEED)


def score_error(problem, chain):
    """Largest error of the tables' scores of all images in nats, and of exact_score."""
    worst, worst_exact = 0.0, 0.0
    z, sizes = chain.partition.z, chain.partition.sizes
    scale = chain.tables.scale
    args = (chain.runs, chain.hyper, chain.partition, chain.tables)
    for i in range(chain.n):
        wanted = naive.log_weights(i, z, *problem)
        found = [cluster_score(i, k, chain.runs, chain.tables) / scale for k in range(chain.n_clusters + 1)]
        own = z[i]
        if sizes[own] > 1:
            found[own] = own_score(i, own, chain.runs, chain.tables) / scale
        for k, weight in enumerate(wanted):
            if weight > -math.inf:
                worst = max(worst, abs(found[k] - weight))
                exact = exact_score(i, k, k == own, *args)
                worst_exact = max(worst_exact, abs(exact - weight) / (1 + abs(weight)))
    return worst, worst_exact


def test_scores_are_within_the_tolerance(odd_chain):
    problem, chain = odd_chain
    worst, worst_exact = score_error(problem, chain)
    assert worst <= chain.tolerance
    assert worst_exact < 1e-12


@pytest.mark.parametrize("pattern", ["dense", "alternating", "sparse"])
@pytest.mark.parametrize(("a", "b"), [(1, 1), (1e-3, 1e3), (1e3, 1e-3), (1e-6, 1e-6)])
def test_scores_of_wide_images_are_within_the_tolerance(pattern, a, b):
    d = 5000
    on = {"dense": np.ones(d), "alternating": np.arange(d) % 2, "sparse": np.arange(d) % 50 == 7}[pattern]
    x = np.array([on, on, 1 - on, on, np.zeros(d)]).astype(int)
    problem = case(x, 1, a, b)
    chain = partitions.make_chain(problem, "labels", labels=np.array([0, 0, 0, 1, 1], np.int32))
    worst, _ = score_error(problem, chain)
    assert worst <= chain.tolerance


def test_tolerance_bounds_rounding_that_goes_one_way():
    """Pixels alike in all but position round alike: the errors of 2,000 of them add up, none cancel."""
    d = 2000
    x = np.array([np.ones(d), np.ones(d), np.zeros(d)], int)
    shares = []
    for a in np.linspace(0.5, 1.5, 40):
        problem = case(x, 1, a, 0.7)
        chain = partitions.make_chain(problem)
        worst, _ = score_error(problem, chain)
        assert worst <= chain.tolerance
        shares.append(worst / chain.tolerance)
    assert max(shares) > 0.8, "the case no longer comes near the bound"


def test_wide_scores_use_most_of_32_bits():
    problem = case(np.ones((2, 5000), int), 1, 1e-3, 1e3)
    tables = partitions.make_chain(problem).tables
    assert np.abs(tables.table[:2].astype(float)).max() > 2**27
    assert 2.0 ** round(math.log2(tables.scale)) == tables.scale


def snapshot(chain):
    """Copies of all counts and tables of the live slots and the one behind them."""
    live, tables = chain.n_clusters + 1, chain.tables
    return {
        "z": chain.partition.z.copy(),
        "sizes": chain.partition.sizes[:live].copy(),
        "ones": chain.partition.ones[:live].copy(),
        "table": tables.table[:live].copy(),
        "rough_table": tables.rough_table[:, :live].copy(),
        "rough_base": tables.rough_base[:live].copy(),
        "base": tables.base[:live].copy(),
        "own_table": tables.own_table[:live].copy(),
        "own_base": tables.own_base[:live].copy(),
    }


def assert_same(found, wanted):
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def assert_same_as_rebuilt(chain, table):
    """Counts and tables that moves have changed equal those built from the assignments, bit for bit."""
    assert_same(snapshot(chain), snapshot(Chain(table, chain.state())))
    assert not chain.partition.sizes[chain.n_clusters :].any()
    assert not chain.partition.ones[chain.n_clusters :].any()


def move(chain, i, k):
    records = (chain.runs, chain.hyper, chain.partition, chain.tables)
    chain.n_clusters = move_image(i, k, chain.n_clusters, *records)


def test_tables_after_many_moves_equal_rebuilt_ones(odd_chain):
    problem, chain = odd_chain
    rng = naive.generator(8)
    z = chain.partition.z.tolist()
    for step in range(150):
        i = int(rng.integers(chain.n))
        k = int(rng.choice([chain.n_clusters, rng.integers(chain.n_clusters + 1)]))
        if k == z[i] or chain.n_clusters + 2 > chain.partition.sizes.size:
            continue
        move(chain, i, k)
        z = naive.place(i, k, z)
        assert chain.partition.z.tolist() == z
        if step % 10 == 0:
            assert_same_as_rebuilt(chain, partitions.table_of(problem.x))
    assert_same_as_rebuilt(chain, partitions.table_of(problem.x))


@pytest.mark.parametrize("opens", [False, True])
def test_remove_undoes_add(opens):
    chain = partitions.make_chain(ODD["per pixel"], "random:4", naive.SEED)
    before = snapshot(chain)
    i = int(np.argmax(chain.partition.sizes[chain.partition.z] > 1))
    own = int(chain.partition.z[i])
    move(chain, i, chain.n_clusters if opens else (own + 1) % chain.n_clusters)
    after = snapshot(chain)
    for name, array in before.items():
        assert after[name].shape != array.shape or (after[name] != array).any(), name
    move(chain, i, own)
    assert_same(snapshot(chain), before)


def test_log_likelihood_is_that_of_beta_integrals(odd_chain):
    problem, chain = odd_chain
    (x, alpha, a, b), z = problem, chain.partition.z
    wanted = chain.n_clusters * math.log(alpha) + math.lgamma(alpha) - math.lgamma(alpha + chain.n)
    for k in range(chain.n_clusters):
        ones, size = x[z == k].sum(axis=0), int((z == k).sum())
        wanted += math.lgamma(size)
        wanted += (special.betaln(a + ones, b + size - ones) - special.betaln(a, b)).sum()
    rounding = 1e-15 * chain.n_clusters * np.abs(special.gammaln([a, b, a + b])).sum()
    assert chain.log_joint() == pytest.approx(wanted, rel=1e-11, abs=1e-9 + 4 * rounding)


def test_chain_rule_gives_the_joint(odd_chain):
    problem, chain = odd_chain
    z, capacity = chain.partition.z, len(chain.partition.sizes)
    growing = empty_partition(z, chain.d, capacity, has_gaps=False, n_classes=0)
    total = 0.0
    for i in range(chain.n):
        score = exact_score(i, z[i], False, chain.runs, chain.hyper, growing, chain.tables)
        total += score - math.log(problem.alpha + i)
        count_images(i, i + 1, chain.runs, growing)
    np.testing.assert_array_equal(growing.ones, chain.partition.ones)
    # Differences of log-gammas of pseudo-counts of 1e6 keep few digits; the scores themselves lose nothing.
    assert total == pytest.approx(chain.log_joint(), rel=1e-10, abs=1e-5 if problem.b.max() > 1e5 else 1e-8)


def test_joint_does_not_depend_on_order_or_names(odd_chain):
    problem, chain = odd_chain
    rng = naive.generator(9)
    order, names = rng.permutation(chain.n), rng.permutation(chain.n_clusters)
    shuffled = problem._replace(x=problem.x[order])
    labels = names[chain.partition.z][order].astype(np.int32)
    other = partitions.make_chain(shuffled, "labels", labels=labels)
    assert other.log_joint() == pytest.approx(chain.log_joint(), rel=1e-12, abs=1e-9)


def test_draw_lands_where_there_is_weight():
    rng = naive.generator(10)
    for _ in range(500):
        n = int(rng.integers(1, 9))
        weights = rng.choice([-math.inf, -1e308, -800.0, -745.2, -700.0, -40.0, 0.0, 0.0, 1.5, 1e5], n)
        weights[rng.integers(n)] = rng.choice([0.0, -1e6, 1e300])
        for u in (0.0, 5e-324, 0.5, BELOW_ONE, rng.random()):
            k = draw(u, weights, n)
            assert 0 <= k < n and math.exp(weights[k] - weights.max()) > 0
            assert k == naive.draw(u, weights.tolist())


def test_draw_shares():
    weights = np.log([0.5, 0.125, 0.25, 0.125]) - 900.0
    uniforms = (0.0, 0.49, 0.51, 0.62, 0.63, 0.87, 0.88, BELOW_ONE)
    assert [draw(u, weights, 4) for u in uniforms] == [0, 0, 1, 1, 2, 2, 3, 3]
    counts = np.bincount([draw(u, weights, 4) for u in naive.generator(11).random(4000)])
    assert partitions.p_value(counts, np.array([0.5, 0.125, 0.25, 0.125])) > 1e-6


def shares_of(log_weights):
    weights = np.exp(log_weights - log_weights.max())
    return np.cumsum(weights) / weights.sum()


def uniforms_at(shares, rng):
    """Uniforms that are hard for these cumulative shares: the ends, and both sides of every boundary."""
    steps = 2.0**-53 * np.array([-8, -1, 0, 1, 8])[:, None]  # generators give multiples of 2**-53
    near = np.rint(shares * 2.0**53) * 2.0**-53 + steps
    found = np.concatenate([near.ravel(), [0.0, 2.0**-53, BELOW_ONE], rng.random(4)])
    return found[(found >= 0) & (found < 1)]


@pytest.mark.parametrize("tolerance", [1e-9, 1e-6, 1e-3, 0.15, 3.0, 30.0])
def test_screen_agrees_with_draw_or_leaves_it_open(tolerance):
    rng = naive.generator(12)
    scale = 2.0 ** min(20, math.ceil(math.log2(0.5 / tolerance)) + int(rng.integers(3)))
    tolerance = max(tolerance, 0.5 / scale)
    n_decided, n_asked = 0, 0
    for _ in range(300):
        n = int(rng.integers(1, 9))
        spread = rng.choice([0, 1e-6, 1, 12, 37, 60, 900])
        exact = np.round(rng.uniform(-spread, 0, n), int(rng.choice([1, 12]))) + rng.uniform(-500, 100)
        pull = rng.choice([-1, 1], n) if rng.random() < 0.5 else np.sign(np.arange(n) - rng.integers(n) + 0.5)
        scores = np.rint((exact + pull * (tolerance - 0.5 / scale)) * scale).astype(np.int32)
        assert (np.abs(scores / scale - exact) <= tolerance * (1 + 1e-9) + 1e-12).all()
        favourite = int(rng.choice([np.argmax(scores), rng.integers(n)]))
        possible = np.where(exact > exact.max() - 45, exact, -math.inf)  # others would only matter to u = 0
        uniforms = [*uniforms_at(shares_of(exact), rng), *uniforms_at(shares_of(scores / scale), rng)]
        for u in uniforms:
            k = screen(u, scores, n, favourite, scale, tolerance)
            n_asked += 1
            if k != -1:
                n_decided += 1
                assert k == draw(u, possible, n)
    assert 0.05 * n_asked < n_decided < n_asked


def test_screen_decides_where_rounding_cannot_matter():
    rng = naive.generator(13)
    scale, tolerance = 2.0**18, 0.0015
    for _ in range(300):
        n = int(rng.integers(1, 9))
        scores = np.rint(rng.uniform(-6, 0, n) * scale).astype(np.int32)
        u = rng.random()
        if (np.abs(shares_of(scores / scale) - u) > 0.005).all() or n == 1:
            assert screen(u, scores, n, 0, scale, tolerance) == draw(u, scores / scale, n)


def test_screen_never_takes_a_slot_that_is_ruled_out():
    scores = np.array([-(2**31), -(2**31) + 1, -(2**31) + 5, -(2**31)], np.int32)
    for u in (0.0, 0.2, 0.9, BELOW_ONE):
        assert screen(u, scores, 4, 0, 1.0, 1e-9) in (-1, 1, 2)
        assert screen(u, scores, 2, 0, 1.0, 1e-9) in (-1, 1)
