"""Bugs planted on purpose make the suite fail: its tests can fail, and for the right reasons."""

import math

import numpy as np
import pytest

from support import naive, overlay, partitions
from support.cases import CASES, P_LEAST, fixed

BERNOULLI, GIBBS, PARTITION = "kernels/beta_bernoulli.py", "kernels/gibbs.py", "kernels/partition.py"
SCORES = "kernels/scores.py"
ALPHA_TOO_LARGE = (BERNOULLI, "weight = hyper.alpha if", "weight = 1.1 * hyper.alpha if", 2)
ALPHA_FORGOTTEN = (BERNOULLI, "weight = hyper.alpha if", "weight = 1.0 if", 2)
MISSING_DECREMENT = (BERNOULLI, "math.log(own_weight)", "math.log(own_weight + 1.0)")
STALE_TABLE = (PARTITION, "if own != k and own < n_clusters:", "if own != k and own < 0:")
LONE_IMAGE_TWICE = (GIBBS, "own_units = NEVER if alone else own_score", "own_units = own_score")
TOO_FEW_CONTENDERS = (SCORES, "tolerance), tables) - n_runs", "tolerance), tables) + 1 + n_runs")
SETTLED_TOO_SOON = (SCORES, "before <= u and", "0.5 * before <= u and")

NEW_SLOT_STALE = (PARTITION, "if n_clusters != before:", "if n_clusters < 0:")
NEVER_TAKEN_OUT = (PARTITION, "remove_image(i, runs, partition)\n    add_image(", "add_image(")
EMPTY_SLOT_STAYS = (PARTITION, "z[i] = empty", "z[i] = last")
EXACT_COUNTS_ITSELF = (BERNOULLI, "np.int64(left_out)", "np.int64(0)")
WRONG_PIXEL = (SCORES, "total += row[runs.stops[r]] - row", "total += row[runs.stops[r] - 1] - row", 2)
WRONG_RATIO = ("kernels/special.py", "(2, 1 / 3, 1 / 5, 1 / 7, 1 / 9)", "(2, 1 / 3, 1 / 5, 1 / 6, 1 / 9)")
NO_MARGIN = ("kernels/categorical.py", "abs(share - u) <= margin", "abs(share - u) <= 0.0")
LOW_TOLERANCE = ("chain/state.py", "self.tolerance = 0.5 * ", "self.tolerance = 0.2 * ")
WRONG_SERIES = ("kernels/special.py", "1 / 360 -", "1 / 350 -")

KERNELS = "kernels/test_mixture.py::test_"
CONTENDERS = "kernels/test_scores.py::test_"
FOLLOWED = "chain/test_reference.py::test_sweeps_follow_reference"
POSTERIOR = "chain/test_exact_posterior.py::test_partitions_come_up_with_their_posterior_probability"

# Each with the test that must fail; these run interpreted, which starts faster than compiling does.
CAUGHT_AT_ONCE = {
    "alpha forgotten": (ALPHA_FORGOTTEN, f"{FOLLOWED}[huge alpha]"),
    "missing decrement": (MISSING_DECREMENT, f"{FOLLOWED}[equal rows]"),
    "stale table": (STALE_TABLE, f"{FOLLOWED}[random, odd counts]"),
    "stale new cluster": (NEW_SLOT_STALE, f"{FOLLOWED}[groups]"),
    "lone image twice": (LONE_IMAGE_TWICE, f"{FOLLOWED}[huge alpha]"),
    "image never taken out": (NEVER_TAKEN_OUT, f"{FOLLOWED}[groups]"),
    "empty slot stays": (EMPTY_SLOT_STAYS, f"{FOLLOWED}[given labels]"),
    "exact score counts the image": (EXACT_COUNTS_ITSELF, f"{KERNELS}scores_are_within_the_tolerance[flat]"),
    "wrong pixel of a run": (WRONG_PIXEL, f"{KERNELS}scores_are_within_the_tolerance[flat]"),
    "no margin": (NO_MARGIN, f"{KERNELS}screen_agrees_with_draw_or_leaves_it_open[0.001]"),
    "low tolerance": (LOW_TOLERANCE, f"{KERNELS}tolerance_bounds_rounding_that_goes_one_way"),
    "too few contenders": (
        TOO_FEW_CONTENDERS,
        f"{CONTENDERS}contenders_are_all_those_above_the_floor[coarse]",
    ),
    "settled too soon": (SETTLED_TOO_SOON, f"{CONTENDERS}settled_images_stay_in_their_cluster[as chosen]"),
    "wrong ratio": (WRONG_RATIO, f"{KERNELS}log_ratio_units"),
    "wrong series": (WRONG_SERIES, f"{KERNELS}log_gamma_array"),
}

QUICK = {"no margin", "low tolerance", "wrong series"}

# Each compiled anew, and caught by the frequencies of partitions alone.
CAUGHT_BY_FREQUENCIES = {
    "alpha 10 % too large": (ALPHA_TOO_LARGE, "one-column"),
    "missing decrement": (MISSING_DECREMENT, "all-zeros"),
    "stale table": (STALE_TABLE, "plain"),
    "lone image twice": (LONE_IMAGE_TWICE, "per-pixel"),
}


def assert_fails(run):
    """Exit status 1 is pytest's for tests that failed; others are of runs that tested nothing."""
    assert run.returncode == 1 and "1 failed" in run.stdout, run.stdout + run.stderr


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CAUGHT_AT_ONCE]
)
def test_bug_in_the_kernels_is_caught_at_once(name, tmp_path):
    change, test = CAUGHT_AT_ONCE[name]
    assert_fails(overlay.run_interpreted(overlay.copy_package(tmp_path, change), test))


@pytest.mark.slow
def test_copy_without_a_bug_passes(tmp_path):
    tests = sorted({test for _, test in CAUGHT_AT_ONCE.values()})
    run = overlay.run_interpreted(overlay.copy_package(tmp_path), *tests)
    assert run.returncode == 0 and f"{len(tests)} passed" in run.stdout, run.stdout + run.stderr


def test_change_that_no_longer_fits_the_source_is_an_error(tmp_path):
    with pytest.raises(AssertionError, match="0 times, not 1"):
        overlay.copy_package(tmp_path, ("chain/state.py", "no such text", ""))


@pytest.mark.slow
@pytest.mark.parametrize("name", CAUGHT_BY_FREQUENCIES)
def test_bug_in_the_kernels_is_caught_by_frequencies(name, tmp_path):
    change, problem = CAUGHT_BY_FREQUENCIES[name]
    folder = overlay.copy_package(tmp_path, change)
    test, cache = f"{POSTERIOR}[{problem}-assignments]", tmp_path / "cache"
    assert_fails(overlay.run_tests(folder, test, NUMBA_CACHE_DIR=cache))


@pytest.mark.slow
def test_copy_without_a_bug_has_the_right_frequencies(tmp_path):
    tests = [f"{POSTERIOR}[{problem}-assignments]" for _, problem in CAUGHT_BY_FREQUENCIES.values()]
    run = overlay.run_tests(overlay.copy_package(tmp_path), *tests, NUMBA_CACHE_DIR=tmp_path / "cache")
    assert run.returncode == 0 and f"{len(tests)} passed" in run.stdout, run.stdout + run.stderr


def alpha_too_large(i, z, x, alpha, a, b):
    return naive.log_weights(i, z, x, 1.1 * alpha, a, b)


def missing_decrement(i, z, x, alpha, a, b):
    """The image is counted as a member of its own cluster."""
    weights = naive.log_weights(i, z, x, alpha, a, b)
    members = [j for j in range(len(x)) if z[j] == z[i]]
    if len(members) > 1:
        weights[z[i]] = math.log(len(members)) + naive.log_predictive(x[i], x[members], a, b)
    return weights


def wrong_new_cluster(i, z, x, alpha, a, b):
    """A new cluster's pixels are on with probability 1/2 whatever the prior says."""
    weights = naive.log_weights(i, z, x, alpha, a, b)
    return [*weights[:-1], math.log(alpha) - x.shape[1] * math.log(2)]


def stale_table(i, z, x, alpha, a, b):
    """Clusters are scored without the image that was moved last (here: that stands before this one)."""
    weights = naive.log_weights(i, z, x, alpha, a, b)
    k = z[i - 1]
    members = [j for j in range(len(x)) if z[j] == k and j not in (i, i - 1)]
    if members:
        weights[k] = math.log(len(members)) + naive.log_predictive(x[i], x[members], a, b)
    return weights


def p_value_of_reference(problem, weigh):
    """The chi-square test of this suite on draws of the reference sampler with the weights of `weigh`.

    They are drawn from its transition matrix, which is quicker than sweeping.
    """
    thinned = np.linalg.matrix_power(partitions.transition(problem, weigh), partitions.thinning(problem))
    cumulative = np.minimum(np.cumsum(thinned, axis=1), 1.0)
    cumulative[:, -1] = 1.0
    counts, at = np.zeros(len(thinned), np.int64), 0
    for u in naive.generator(14).random(30_000):
        at = np.searchsorted(cumulative[at], u, side="right")
        counts[at] += 1
    return partitions.p_value(counts, partitions.posterior(problem.x, fixed(problem)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("weigh", "name"),
    [
        (missing_decrement, "all-zeros"),
        (alpha_too_large, "one-column"),
        (wrong_new_cluster, "per-pixel"),
        (stale_table, "one-column"),
    ],
)
def test_bug_in_the_reference_is_caught_by_frequencies(weigh, name):
    assert p_value_of_reference(CASES[name], weigh) < P_LEAST
    assert p_value_of_reference(CASES[name], naive.log_weights) > P_LEAST


@pytest.mark.parametrize("weigh", [alpha_too_large, missing_decrement, wrong_new_cluster, stale_table])
def test_bug_in_the_reference_breaks_exact_invariance(weigh):
    problem = CASES["per-pixel"]
    expected = partitions.posterior(problem.x, fixed(problem))
    assert np.abs(expected @ partitions.transition(problem, weigh) - expected).max() > 1e-4
