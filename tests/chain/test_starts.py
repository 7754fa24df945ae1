"""Chains that start near: close, the same bits anywhere, with gaps and labels, for tables of any size."""

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import InputError
from dpmix.chain import near
from dpmix.chain.plan import Plan, usual_lengths, usual_schedule
from dpmix.chain.schedule import Schedule
from dpmix.chain.starts import begun, check_init, start
from dpmix.datasets import load_digits
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable

FEW = {"chains": 2, "seed": 3, "init": "near:30", "progress": False}


def digits_with_gaps(n=240):
    images = load_digits()[:n]
    rng = np.random.default_rng(1)
    x = np.where(rng.random(images.x.shape) < 0.1, np.nan, images.x)
    return x, np.where(rng.random(n) < 0.5, images.y, -1)


def sampled(**changes):
    x, labels = digits_with_gaps()
    return dpmix.sample(x, labels=labels, **{**FEW, "sweeps": 6, "burn_in": 2, "jobs": 1, **changes})


def begun_chain(table, init, seed=0, prior=None):
    init = check_init(init, table.n)[0]
    plan = Plan.checked(prior or Prior(), 1, 2, None, None, init, seed)
    return begun(table, plan, start(table, plan, None, 0))


def assert_same_draws(one, other, chains=2, draws=4):
    for name in ("labels", "alpha", "a", "b"):
        np.testing.assert_array_equal(
            getattr(one, name)[:chains, :draws], getattr(other, name)[:chains, :draws]
        )


def test_workers_make_no_difference():
    assert_same_draws(sampled(), sampled(jobs=2))


def test_a_chain_is_the_same_however_many_run_beside_it():
    assert_same_draws(sampled(), sampled(chains=4))
    with pytest.raises(AssertionError):
        assert_same_draws(sampled(), sampled(seed=4))


def test_a_run_that_goes_on_gives_the_draws_of_an_undisturbed_one(tmp_path):
    sampled(sweeps=3, out=tmp_path / "run")
    assert_same_draws(dpmix.resume(tmp_path / "run", sweeps=6, jobs=1, progress=False), sampled())


def test_a_run_that_was_stopped_before_its_first_sweep_goes_on(tmp_path):
    x, labels = digits_with_gaps()
    table = BinaryTable.from_input(x, None, labels)
    plan = sampled().plan
    with dpmix.store.run_folder.RunFolder.create(tmp_path / "run", table, plan, overwrite=False):
        pass
    assert_same_draws(dpmix.resume(tmp_path / "run", jobs=1, progress=False), sampled())


def test_near_starts_are_nearer_than_seeds_after_some_sweeps():
    table = BinaryTable.from_input(load_digits()[:600])
    posterior = dpmix.sample(load_digits()[:600], chains=1, sweeps=3, burn_in=0, init="seeds", seed=0, jobs=1)
    assert begun_chain(table, "near").log_joint() > posterior.log_joint[0, -1]


def test_groups_that_are_plain_are_found_before_the_first_sweep():
    rng = np.random.default_rng(2)
    kinds = rng.integers(3, size=600)
    x = rng.random((600, 50)) < rng.choice([0.05, 0.95], (3, 50))[kinds]
    chain = begun_chain(BinaryTable.from_input(x), "near:100")
    assert chain.n_clusters < 10
    assert all(len(set(kinds[chain.partition.z == k])) == 1 for k in range(chain.n_clusters))


def test_without_merging_they_are_not(monkeypatch):
    monkeypatch.setattr(near, "_merge", lambda chain, plan: None)
    with pytest.raises(AssertionError):
        test_groups_that_are_plain_are_found_before_the_first_sweep()


@pytest.mark.parametrize("k", [1, 2, 239, 240])
def test_any_number_of_seeds(k):
    x, labels = digits_with_gaps()
    chain = begun_chain(BinaryTable.from_input(x, None, labels), f"near:{k}")
    assert 1 <= chain.n_clusters <= k + 10
    assert chain.partition.sizes[: chain.n_clusters].min() > 0
    assert chain.partition.sizes.sum() == 240


def test_one_image_and_alike_images():
    for x in (np.ones((1, 3), int), np.zeros((7, 2), int), np.full((5, 3), np.nan)):
        posterior = dpmix.sample(x, chains=2, sweeps=3, seed=0, jobs=1, progress=False)
        assert posterior.labels.shape[2] == len(x)


def test_fixed_hyperparameters_stay():
    table = BinaryTable.from_input(load_digits()[:200])
    chain = begun_chain(table, "near", prior=Prior(alpha=2.5, a=0.7))
    assert chain.hyper.alpha == 2.5
    assert set(chain.hyper.a) == {0.7}
    assert len(set(chain.hyper.b)) == 64


def test_chains_over_shards_start_from_seeds():
    x = load_digits()[:60]
    settings = {"chains": 1, "sweeps": 5, "seed": 0, "jobs": 1, "progress": False, "shards": 2}
    assert dpmix.sample(x, **settings).plan.init == "seeds:1"
    with pytest.raises(InputError, match=r"init='seeds' or 'seeds:K'"):
        dpmix.sample(x, init="near:4", **settings)


@pytest.mark.parametrize(
    ("n", "init", "wanted"),
    [
        (1, "near", "near:1"),
        (12_131, "near", "near:607"),
        (60_000, "near", "near:3000"),
        (300_000, "near", "near:3000"),
        (1_000_000, "near", "near:5000"),
        (12_131, "seeds", "seeds:61"),
        (100, "near:7", "near:7"),
    ],
)
def test_numbers_of_seeds(n, init, wanted):
    assert check_init(init, n) == (wanted, None)


@pytest.mark.parametrize("init", ["near", "seeds"])
@pytest.mark.parametrize(("n", "wanted"), [(400, 1), (401, 2), (12_131, 31)])
def test_numbers_of_seeds_under_pseudo_counts_that_are_given(init, n, wanted):
    assert check_init(init, n, learns_pixels=False) == (f"{init}:{wanted}", None)
    assert check_init("near:1", n, learns_pixels=False) == ("near:1", None)


@pytest.mark.parametrize(
    ("prior", "options", "wanted", "schedule"),
    [
        (Prior(alpha=1), {}, "near:21", Schedule(birth_death=2)),
        (Prior(a=1), {}, "near:21", Schedule(birth_death=2)),
        (Prior(alpha=1), {"init": "seeds"}, "seeds:3", Schedule()),
        (Prior(a=1, b=np.ones(6)), {}, "near:2", Schedule(split_merge=100)),
        (Prior(1, 1, 1), {"init": "seeds"}, "seeds:2", Schedule(split_merge=100)),
        (Prior(1, 1, 1), {"shards": 2}, "seeds:2", Schedule(split_merge=100)),
        (Prior(1, 1, 1), {"init": "one"}, "one", Schedule(split_merge=100)),
        (Prior(1, 1, 1), {"schedule": Schedule()}, "near:2", Schedule()),
    ],
)
def test_the_prior_decides_about_plain_starts_and_schedules(prior, options, wanted, schedule):
    x = np.random.default_rng(0).integers(0, 2, (410, 6))
    plan = dpmix.sample(x, prior, chains=1, sweeps=5, jobs=1, seed=0, progress=False, **options).plan
    assert (plan.init, plan.schedule) == (wanted, schedule)


def test_the_estimator_takes_the_start_of_its_prior():
    x = np.random.default_rng(0).integers(0, 2, (410, 6))
    model = dpmix.DPMixture(1, 1, 1, chains=1, sweeps=2, n_jobs=1, random_state=0).fit(x)
    assert (model.posterior_.plan.init, model.posterior_.plan.schedule.split_merge) == ("near:2", 100)


@pytest.mark.parametrize(("given", "wanted"), [("near:0", "1"), ("near:11", "10"), ("near:x", "near:K")])
def test_bad_numbers_of_seeds(given, wanted):
    with pytest.raises(InputError, match=wanted):
        check_init(given, 10)


@pytest.mark.parametrize(
    ("init", "chains", "sweeps", "wanted"),
    [
        ("near:5", None, None, (20, 20)),
        ("near:5", 40, None, (40, 20)),
        ("near:5", 1, None, (1, 400)),
        ("near:5", None, 400, (5, 400)),
        ("near:5", None, 5, (20, 5)),
        ("near:5", 3, 7, (3, 7)),
        ("seeds:5", None, None, (5, 200)),
        ("one", 2, None, (2, 200)),
        ("labels", None, 30, (5, 30)),
    ],
)
def test_usual_numbers_of_chains_and_sweeps(init, chains, sweeps, wanted):
    assert usual_lengths(init, chains, sweeps) == wanted


def test_usual_schedules():
    assert usual_schedule("near:3", learns_pixels=True) == Schedule(birth_death=2)
    assert usual_schedule("near:3", learns_pixels=False) == Schedule(split_merge=100)
    assert usual_schedule("seeds:3", True) == usual_schedule("labels", True) == Schedule()
