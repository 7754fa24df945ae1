"""R-hat, effective sample sizes, distances of partitions and the verdict on whether chains agree."""

import copy
import doctest
import json
import math
import statistics
import subprocess
import sys

import numpy as np
import pytest
from arviz_stats.base import array_stats

import dpmix.posterior.agreement
import dpmix.posterior.information
import dpmix.posterior.posterior
from dpmix.base.errors import InputError, InputTypeError
from dpmix.chain.record import TRACE_NAMES, ChainRecord, Draws
from dpmix.model.prior import Prior
from dpmix.posterior.agreement import (
    QUANTITIES,
    PartitionDistance,
    Quantity,
    describe,
    entropies,
    partition_distance,
)
from dpmix.posterior.information import entropy, variation_of_information
from dpmix.posterior.posterior import Posterior
from support import naive
from support.small_runs import make_plan, make_table

# R-hat and effective sample sizes.


def naive_r_hat(values):
    """Rank-normalised split R-hat, bulk and folded (Vehtari et al. 2021, section 4)."""
    half = values.shape[1] // 2
    halves = np.concatenate([values[:, :half], values[:, -half:]])

    def normal_scores(array):
        flat = array.ravel()
        ranks = [(flat < one).sum() + ((flat == one).sum() + 1) / 2 for one in flat]
        normal = statistics.NormalDist()
        scores = [normal.inv_cdf((rank - 3 / 8) / (flat.size + 1 / 4)) for rank in ranks]
        return np.reshape(scores, array.shape)

    def plain(array):
        within = array.var(axis=1, ddof=1).mean()
        between = half * array.mean(axis=1).var(ddof=1)
        return math.sqrt(((half - 1) / half * within + between / half) / within)

    return max(plain(normal_scores(array)) for array in (halves, abs(halves - np.median(halves))))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("draws", [11, 40])
def test_r_hat_is_rank_normalised_and_split(seed, draws):
    values = np.random.default_rng(seed).normal(size=(3, draws)).cumsum(axis=1).round(1)
    assert describe(values).r_hat == pytest.approx(naive_r_hat(values), rel=1e-9)


VALUES = {
    "independent": lambda rng, shape: rng.gamma(2, size=shape),
    "slow": lambda rng, shape: rng.normal(size=shape).cumsum(axis=1),
    "alternating": lambda rng, shape: rng.normal(size=shape) + 3.0 * (-1) ** np.arange(shape[1]),
    "counts": lambda rng, shape: rng.poisson(3, size=shape),
    "two numbers": lambda rng, shape: rng.integers(2, size=shape),
    "other chains": lambda rng, shape: rng.normal(size=shape) + np.arange(shape[0])[:, None],
    "one that stands still": lambda rng, shape: rng.normal(size=shape) * (np.arange(shape[0]) > 0)[:, None],
}


@pytest.mark.parametrize("chains", [1, 2, 5])
@pytest.mark.parametrize("kind", VALUES)
def test_numbers_are_those_of_arviz(kind, chains):
    rng = np.random.default_rng(0)
    for draws in (*range(4, 24), 50, 51, 300):
        values = VALUES[kind](rng, (chains, draws)).astype(float)
        found = describe(values)
        if not found.sd > 0:
            continue
        with np.errstate(all="ignore"):
            expected = (
                array_stats.mcse(values, method="mean"),
                array_stats.rhat(values, method="rank"),
                array_stats.ess(values, method="bulk"),
                array_stats.ess(values, method="tail", prob=0.95),
            )
        expected = [math.inf if value > 1e6 else value for value in expected]
        np.testing.assert_allclose(found[2:], expected, rtol=1e-10, err_msg=f"{draws} draws")
        assert found.mean == values.mean() and found.sd == values.std(ddof=1)


def test_effective_sample_size_of_an_autoregression():
    rng, phi, shape = np.random.default_rng(1), 0.8, (4, 5000)
    values = np.empty(shape)
    values[:, 0] = rng.normal(size=4) / math.sqrt(1 - phi**2)
    for t in range(1, shape[1]):
        values[:, t] = phi * values[:, t - 1] + rng.normal(size=4)
    found, expected = describe(values), values.size * (1 - phi) / (1 + phi)
    assert found.ess_bulk == pytest.approx(expected, rel=0.15)
    assert found.mcse == pytest.approx(found.sd / math.sqrt(expected), rel=0.1)
    assert abs(found.mean) < 5 * found.mcse


def test_constant_values_have_no_r_hat():
    for wobble in (0, 3e-9):  # as the log joint of one partition comes out by rounding
        values = np.full((3, 10), -2_330_000.0)
        values[1] += wobble
        found = describe(values)
        assert found.sd == 0 and found.mean == pytest.approx(-2_330_000)
        assert np.isnan(found[2:]).all()


def test_chains_that_stand_still_apart_have_infinite_r_hat():
    for values in (np.repeat([[1], [2]], 10, axis=1), np.repeat([[1], [1], [2], [5]], 25, axis=1)):
        assert describe(values).r_hat == math.inf


@pytest.mark.parametrize("shape", [(1, 0), (3, 0), (1, 1), (2, 1), (1, 3), (4, 3), (1, 4), (2, 4), (1, 50)])
def test_what_can_be_known_of_few_draws(shape):
    found = describe(np.random.default_rng(0).normal(size=shape))
    chains, draws = shape
    assert math.isfinite(found.mean) == (draws > 0)
    assert math.isfinite(found.sd) == (chains * draws > 1)
    for value in (found.mcse, found.ess_bulk, found.ess_tail):
        assert math.isfinite(value) == (draws >= 4)
    assert math.isfinite(found.r_hat) == (draws >= 4 and chains > 1)


def test_values_that_are_not_finite_give_no_numbers():
    values = np.random.default_rng(0).normal(size=(2, 10))
    values[1, 3] = -np.inf
    assert np.isnan(describe(values)).all()


# Posteriors made by hand: every draw regroups some images of a partition that the chain keeps to.


def make_labels(rng, chains, draws, n=300, k=6, regrouped=0.2, moved=0.0):
    """Labels (chain, draw, n); chains differ in the share `moved` of the images."""
    base = rng.integers(k, size=n)
    bases = [np.where(rng.random(n) < moved, rng.integers(k, size=n), base) for _ in range(chains)]
    return (
        np.array(
            [
                [np.where(rng.random(n) < regrouped, rng.integers(k, size=n), own) for _ in range(draws)]
                for own in bases
            ]
        )
        .reshape(chains, draws, n)
        .astype(np.uint16)
    )


def make_numbers(rng, chains, draws):
    shape = (chains, draws)
    return {
        "log_joint": rng.normal(-1e5, 30, shape),
        "n_clusters": rng.poisson(50, shape),
        "alpha": rng.gamma(3, size=shape),
    }


def make_posterior(labels, log_joint=None, n_clusters=None, alpha=None, a=None):
    chains, draws, n = labels.shape
    table = make_table(n)
    plan = make_plan(prior=Prior(1.0, 1.0, 1.0), chains=chains, sweeps=2 * draws + 4, burn_in=2, thin=2)
    rng = np.random.default_rng(0)
    given = {"log_joint": log_joint, "n_clusters": n_clusters, "alpha": alpha}
    random = make_numbers(rng, chains, draws)
    values = {name: random[name] if value is None else value for name, value in given.items()}
    a = np.ones((chains, draws, table.d)) if a is None else a
    records = []
    for chain in range(chains):
        trace = {name: rng.random(2 * draws + 2) for name in TRACE_NAMES}
        for name in given:
            trace[name] = np.concatenate([values[name][chain, :1].repeat(2), values[name][chain].repeat(2)])
            trace[name][2::2] += 1000  # sweeps that give no draw
        kept = {
            "labels": labels[chain],
            "alpha": values["alpha"][chain],
            "a": a[chain],
            "b": np.ones((draws, table.d)),
        }
        records.append(ChainRecord(None, Draws(trace, kept)))
    return Posterior(table, plan, records, "0.1.0")


def agreeing(seed, chains=4, draws=100):
    rng = np.random.default_rng(seed)
    return make_posterior(make_labels(rng, chains, draws), **make_numbers(rng, chains, draws))


def test_entropies_are_by_chain_and_draw():
    labels = make_labels(np.random.default_rng(0), 2, 3)
    expected = [[naive.entropy(draw.tolist()) for draw in chain] for chain in labels]
    np.testing.assert_allclose(entropies(labels), expected, rtol=1e-12)


def test_partition_distance_of_two_draws_a_chain():
    labels = make_labels(np.random.default_rng(0), 3, 2, n=40)
    within = [naive.variation(labels[c, 0].tolist(), labels[c, 1].tolist()) for c in range(3)]
    found = partition_distance(labels)
    np.testing.assert_allclose(np.diag(found.matrix), within, rtol=1e-12)
    assert found.within == pytest.approx(np.mean(within))
    expected = naive.variation(labels[0, 0].tolist(), labels[2, 1].tolist())
    assert found.matrix[0, 2] == found.matrix[2, 0] == pytest.approx(expected, rel=1e-12)
    assert found.between == pytest.approx(found.matrix[np.triu_indices(3, 1)].mean())


def test_partition_distance_of_many_chains_looks_at_some():
    found = partition_distance(make_labels(np.random.default_rng(0), 30, 3, n=20))
    looked_at = ~np.isnan(found.matrix)
    np.testing.assert_array_equal(looked_at, looked_at.T)
    assert looked_at.diagonal().all() and looked_at.sum() == 30 + 2 * 200
    assert (looked_at.sum(axis=0) > 1).all()


def test_partition_distance_of_unrelated_and_of_equal_chains():
    rng = np.random.default_rng(0)
    apart = partition_distance(make_labels(rng, 3, 40, moved=1.0))
    assert apart.between > 1.5 * apart.within
    alike = partition_distance(make_labels(rng, 3, 40, regrouped=0.0))
    assert alike.within == alike.between == 0


def test_partition_distance_sees_a_chain_that_drifts():
    drift = np.sort(make_labels(np.random.default_rng(0), 1, 40, k=2, regrouped=1.0)[0], axis=0)[None]
    assert partition_distance(drift).within > 1.2 * np.mean(
        [variation_of_information(drift[0, t], drift[0, t + 1]) for t in range(39)]
    )


# The verdict, and twins of it.


@pytest.mark.parametrize("seed", range(10))
def test_chains_of_one_distribution_give_no_warning(seed):
    summary = agreeing(seed).summary()
    assert summary.verdict in ("agree", "nearly")
    assert "do not agree" not in str(summary)


def test_most_sets_of_agreeing_chains_are_said_to_agree():
    verdicts = [agreeing(seed).summary().verdict for seed in range(10)]
    assert verdicts.count("agree") >= 7


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["log_joint", "n_clusters", "alpha"])
def test_a_chain_of_another_distribution_is_told(name, seed):
    values = copy.copy(getattr(agreeing(seed), name)) * 1.0
    values[2] += 2 * values.std()
    summary = make_posterior(make_labels(np.random.default_rng(seed), 4, 100), **{name: values}).summary()
    assert summary.verdict == "disagree"
    assert "The chains do not agree (R-hat is 1." in str(summary)
    words = {"log_joint": "the log joint", "n_clusters": "the number of clusters", "alpha": "alpha"}
    assert f"for {words[name]})" in summary.notes[0]
    for words in (
        "more sweeps",
        "dpmix.resume",
        "find much the same clusters",
        "can be read from all chains",
    ):
        assert words in summary.notes[0]


@pytest.mark.parametrize("seed", range(3))
def test_partitions_of_another_mode_give_a_warning_though_every_number_agrees(seed):
    rng = np.random.default_rng(seed)
    labels = make_labels(rng, 4, 100)
    for own in labels:
        own[:] = own[:, rng.permutation(own.shape[1])]  # clusters of the same sizes, of other images
    summary = make_posterior(labels, **make_numbers(rng, 4, 100)).summary()
    assert max(quantity.r_hat for quantity in summary.quantities.values()) < 1.05
    assert summary.verdict == "disagree"
    assert "times as far apart between chains as within" in summary.notes[0]
    for words in ("few long chains", "dpmix.resume", "many short chains", "Predictions average over chains"):
        assert words in summary.notes[0]
    assert "same clusters" not in summary.notes[0]


@pytest.mark.parametrize(
    ("r_hat", "ratio", "verdict"),
    [
        (1.0, 1.0, "agree"),
        (math.nan, 1.0, "agree"),
        (1.0, 1.15, "agree"),
        (1.0, 1.3, "nearly"),
        (1.05, 1.0, "nearly"),
        (1.05, 1.6, "disagree"),
        (1.0, 1.6, "disagree"),
        (1.2, 1.0, "disagree"),
        (math.inf, 1.0, "disagree"),
    ],
)
def test_bounds_of_the_verdict(r_hat, ratio, verdict):
    quantity = Quantity(3.0, 1.0, 0.1, 1.0, 400.0, 400.0)
    quantities = {**dict.fromkeys(QUANTITIES, quantity), "n_clusters": quantity._replace(r_hat=r_hat)}
    distance = PartitionDistance(1.0, ratio, np.full((4, 4), ratio))
    assert dpmix.posterior.agreement.judge(4, 100, quantities, distance) == verdict


def test_a_few_images_elsewhere_are_no_other_mode():
    rng = np.random.default_rng(0)
    labels = make_labels(rng, 3, 100, n=3000, regrouped=1e-4, moved=5e-4)
    distance = partition_distance(labels)
    assert distance.between > 1.5 * distance.within
    quantities = {name: describe(rng.normal(size=(3, 100))) for name in QUANTITIES}
    quantities["entropy"] = quantities["entropy"]._replace(mean=entropies(labels).mean())
    assert dpmix.posterior.agreement.judge(3, 100, quantities, distance) != "disagree"


def test_a_small_difference_asks_for_more_sweeps():
    good = agreeing(0)
    log_joint = good.log_joint.copy()
    log_joint[1] += 0.5 * log_joint.std()
    summary = make_posterior(good.labels, log_joint, good.n_clusters, good.alpha).summary()
    assert summary.verdict == "nearly"
    assert summary.notes[0].startswith("The chains nearly agree (R-hat is 1.0")
    assert "Run more sweeps before quoting means" in summary.notes[0]


def test_chains_that_never_moved_are_not_said_to_agree():
    labels = np.zeros((3, 10, 7), np.uint16)
    ones = np.ones((3, 10), int)
    summary = make_posterior(labels, log_joint=-50.0 * ones, n_clusters=ones, alpha=ones).summary()
    assert summary.verdict == "unknown"
    assert "cannot move looks the same as one that is sure" in str(summary)


@pytest.mark.parametrize("draws", [0, 1, 2, 3, 4, 5, 20])
@pytest.mark.parametrize("chains", [1, 2, 5])
def test_summary_of_few_draws_says_what_cannot_be_known(chains, draws):
    summary = make_posterior(make_labels(np.random.default_rng(0), chains, draws)).summary()
    text = " ".join(str(summary).split())
    assert (summary.verdict == "unknown") == (chains == 1 or draws < 4)
    assert ("There are no draws" in text) == (draws == 0)
    assert ("One chain cannot show" in text) == (chains == 1 and draws > 0)
    assert (f"need at least 4 draws of each chain; got {draws}" in text) == (0 < draws < 4)
    assert "nan" not in text
    json.dumps(summary.to_dict(), allow_nan=False)


def test_few_effective_draws_are_pointed_out():
    walk = np.random.default_rng(0).normal(size=(1, 100)).cumsum(axis=1)
    summary = make_posterior(make_labels(np.random.default_rng(0), 1, 100), log_joint=walk).summary()
    ess = summary.quantities["log_joint"].ess_bulk
    assert ess < 30
    assert f"those of the log joint are worth {ess:.0f}" in summary.notes[-1]
    assert "few independent draws" not in str(agreeing(0).summary())


def test_summary_prints_a_table_and_goes_through_json():
    posterior = agreeing(0)
    summary = posterior.summary()
    lines = str(summary).splitlines()
    assert " ".join(lines[0].split()) == "4 chains of 100 draws mean sd MCSE R-hat ESS bulk ESS tail"
    assert [line.split("  ")[0] for line in lines[1:5]] == [
        "log joint (nats)",
        "clusters",
        "alpha",
        "entropy of sizes (nats)",
    ]
    assert len({len(line) for line in lines[:5]}) == 1 and max(map(len, lines)) < 110
    assert f"{posterior.log_joint.mean():,.0f}" in lines[1]
    fields = json.loads(json.dumps(summary.to_dict(), allow_nan=False))
    assert list(fields["quantities"]) == list(QUANTITIES)
    assert fields["quantities"]["alpha"]["r_hat"] == summary.quantities["alpha"].r_hat
    assert fields["quantities"]["log_joint"]["mean"] == pytest.approx(posterior.log_joint.mean())
    assert fields["variation_of_information"]["between"] == summary.distance.between
    assert (fields["chains"], fields["draws"], fields["verdict"]) == (4, 100, "agree")


def test_what_is_infinite_or_fixed_prints_and_goes_through_json():
    still = np.repeat([[40], [50]], 10, axis=1)
    labels = make_labels(np.random.default_rng(0), 2, 10)
    summary = make_posterior(labels, n_clusters=still, alpha=np.full((2, 10), 2.0)).summary()
    assert summary.to_dict()["quantities"]["n_clusters"]["r_hat"] is None
    text = str(summary)
    assert "R-hat is > 99 for the number of clusters" in text
    assert text.splitlines()[3].split() == ["alpha", "2", "0", "-", "-", "-", "-"]


# ArviZ.


def test_arviz_tree_holds_the_draws_where_arviz_looks_for_them():
    posterior = agreeing(0, chains=2, draws=5)
    tree = posterior.to_arviz()
    assert set(tree.children) == {"posterior", "sample_stats", "constant_data"}
    draws, stats = tree["posterior"], tree["sample_stats"]
    assert set(draws.data_vars) == {"n_clusters", "alpha", "entropy"}
    assert {"lp", "n_moved", "seconds"} <= set(stats.data_vars)
    for variable in [*draws.data_vars.values(), *stats.data_vars.values()]:
        assert variable.dims == ("chain", "draw")
    np.testing.assert_array_equal(draws["n_clusters"], posterior.n_clusters)
    np.testing.assert_array_equal(draws["entropy"], entropies(posterior.labels))
    np.testing.assert_array_equal(stats["lp"], posterior.log_joint)
    np.testing.assert_array_equal(stats["n_moved"], posterior.trace["n_moved"][:, [3, 5, 7, 9, 11]])
    assert tree["constant_data"]["a"].dims == ("pixel",)
    for part in (tree, draws, stats):
        assert part.attrs["inference_library"] == "dpmix"
        assert part.attrs["inference_library_version"] == "0.1.0"
        assert part.attrs["seed"] == posterior.plan.seed


def test_arviz_tree_with_labels_and_learned_pixels():
    labels = make_labels(np.random.default_rng(0), 2, 5, n=30)
    a = np.random.default_rng(1).random((2, 5, 11))
    tree = make_posterior(labels, a=a).to_arviz(labels=True)
    assert tree["posterior"]["labels"].dims == ("chain", "draw", "image")
    assert tree["posterior"]["a"].dims == ("chain", "draw", "pixel")
    np.testing.assert_array_equal(tree["posterior"]["labels"], labels)
    np.testing.assert_array_equal(tree["posterior"]["a"], a)
    assert set(tree["constant_data"].data_vars) == {"b"}
    assert list(tree["posterior"]["image"].values) == list(range(30))


def test_rounding_is_no_disagreement():
    """Two chains that visit two partitions in the same way, each with another rounding of the same log joints."""
    rng = np.random.default_rng(3)
    low, high = -1234.5, -1230.25
    values = np.where(rng.random((2, 200)) < 0.5, low, high)
    rounded = values.copy()
    rounded[1] = np.nextafter(rounded[1], 0)
    assert array_stats.rhat(rounded) > 1.1 > 1.02 > describe(values).r_hat  # what it looks like to ranks
    assert describe(rounded).r_hat == describe(values).r_hat
    assert describe(rounded).ess_bulk == describe(values).ess_bulk


def test_partitions_of_the_same_entropy_in_theory_have_the_same_number():
    """Sizes 4, 1, 1, 1, 1 and 2, 2, 2, 2: 4 log 4 = 4 (2 log 2); beside other clusters."""
    rng, parted = np.random.default_rng(0), 0
    for _ in range(20):
        rest = rng.integers(1, 9, size=4).tolist()
        sizes = [
            sorted([*parts, *rest], reverse=True) for parts in ([4, 1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 2])
        ]
        labels = np.array([[np.repeat(np.arange(len(own)), own) for own in sizes]])
        first, second, other = entropies(labels)[0]
        assert first == second != other
        parted += entropy(labels[0, 0]) != entropy(labels[0, 1])
    assert parted > 3  # which rounding tells apart


def test_arviz_computes_the_same_from_the_tree():
    pytest.importorskip("xarray_einstats", reason="arviz-stats works on trees with xarray-einstats only")
    import arviz_stats

    posterior = agreeing(0)
    quantities, tree = posterior.summary().quantities, posterior.to_arviz()
    bulk, tail = arviz_stats.ess(tree, method="bulk"), arviz_stats.ess(tree, method="tail", prob=(0.05, 0.95))
    for name in ("n_clusters", "alpha", "entropy"):
        assert float(bulk[name]) == pytest.approx(quantities[name].ess_bulk)
        assert float(tail[name]) == pytest.approx(quantities[name].ess_tail)
    found = arviz_stats.rhat(tree, group="sample_stats")
    assert float(found["lp"]) == pytest.approx(quantities["log_joint"].r_hat)


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch):
    posterior = agreeing(0, chains=1, draws=4)
    monkeypatch.setitem(sys.modules, "arviz_base", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'dpmix-toolkit\[arviz\]'"):
        posterior.to_arviz()
    assert posterior.summary().draws == 4


def test_arviz_tree_asks_for_draws_and_a_bool():
    with pytest.raises(InputError, match="posterior must hold at least one draw"):
        make_posterior(make_labels(np.random.default_rng(0), 2, 0)).to_arviz()
    with pytest.raises(InputTypeError, match="labels must be True or False"):
        agreeing(0, chains=1, draws=4).to_arviz(labels="yes")


@pytest.mark.parametrize(
    "module", [dpmix.posterior.information, dpmix.posterior.agreement, dpmix.posterior.posterior]
)
def test_examples_run(module):
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


def test_importing_the_diagnostics_is_light():
    code = (
        "import sys, dpmix.posterior.summary, dpmix.posterior.wording; "
        "dpmix.posterior.agreement.describe([[1, 2, 3, 5], [8, 1, 2, 4]]); "
        "print({'scipy', 'arviz_stats', 'arviz_base', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
