"""Draws kept as counts: those that labels would give, without the labels, through workers, files and queries."""

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import InputError
from dpmix.chain.plan import Plan
from dpmix.chain.record import ChainRecord, Draws
from dpmix.chain.schedule import Schedule
from dpmix.posterior import counts
from dpmix.store.run_folder import RunFolder
from support.shell import assert_same_bits

N = 120
GIVEN = {
    "chains": 2,
    "sweeps": 8,
    "burn_in": 1,
    "thin": 2,
    "init": "random:9",
    "seed": 3,
    "schedule": Schedule(6, 6, 4, round_sweeps=4),
    "jobs": 1,
    "progress": False,
}


def images(gaps):
    rng = np.random.default_rng(7)
    x = np.where(rng.random((N, 20)) < 0.1, 1, 0) ^ rng.integers(0, 2, (8, 20))[np.arange(N) % 8]
    return np.ma.MaskedArray(x, rng.random((N, 20)) < 0.05) if gaps else x


def sampled(shards=1, gaps=True, **changes):
    labels = np.arange(N) % 3 - 1 if gaps else None
    return dpmix.sample(images(gaps), labels=labels, **{**GIVEN, "shards": shards, **changes})


@pytest.fixture(scope="module")
def pair():
    return sampled(3, keep="labels"), sampled(3)


@pytest.mark.parametrize("gaps", [True, False], ids=["gaps and labels", "plain"])
@pytest.mark.parametrize("shards", [1, 3])
def test_counts_are_those_of_the_labels(shards, gaps):
    by_labels, by_counts = (sampled(shards, gaps, keep=keep) for keep in ("labels", "counts"))
    assert by_labels.has_labels and not by_counts.has_labels
    assert by_counts.alpha.shape == (2, 3)
    for chain in (0, 1):
        for draw in (0, 1, -1):
            np.testing.assert_array_equal(by_labels.sizes(chain, draw), by_counts.sizes(chain, draw))
            one, other = by_labels.draw(chain, draw), by_counts.draw(chain, draw)
            for mine, theirs in zip(one, other, strict=True):
                np.testing.assert_array_equal(mine, theirs, strict=isinstance(mine, np.ndarray))
    np.testing.assert_array_equal(by_labels.trace["log_joint"], by_counts.trace["log_joint"])


def test_what_is_kept_by_default():
    assert sampled(1, sweeps=2, thin=1).has_labels
    assert not sampled(3, sweeps=4, thin=1).has_labels
    with pytest.raises(InputError, match="keep must be one of 'labels', 'counts'; got 'both'"):
        sampled(keep="both")


@pytest.mark.parametrize("shards", [1, 3])
def test_workers_and_resume_make_no_difference(shards, tmp_path):
    given = {"keep": "counts", "shards": shards}
    sampled(**given, out=tmp_path / "whole")
    sampled(**given, sweeps=4, jobs=2, out=tmp_path / "parts")
    dpmix.resume(tmp_path / "parts", sweeps=8, jobs=2, progress=False)
    assert_same_bits(tmp_path / "parts", tmp_path / "whole")
    dpmix.load(tmp_path / "whole").save(tmp_path / "saved")
    assert_same_bits(tmp_path / "saved", tmp_path / "whole")


def test_queries_need_no_pass_over_the_images(pair, monkeypatch):
    by_labels, by_counts = pair
    wanted = dpmix.log_predictive(by_labels, images(True)[:5])
    entropy = by_labels.summary().quantities["entropy"]
    monkeypatch.setattr(counts, "count_clusters", None)
    monkeypatch.setattr("dpmix.posterior.posterior.count_clusters", None)
    np.testing.assert_array_equal(dpmix.log_predictive(by_counts, images(True)[:5]), wanted)
    summary = by_counts.summary()
    assert summary.quantities["entropy"] == entropy
    assert np.isnan(summary.distance.between) and "kept as counts" in str(summary)
    assert "120 images of 20 pixels" in repr(by_counts)
    dpmix.plot.clusters(by_counts)


@pytest.mark.parametrize(
    "ask",
    [
        lambda posterior: posterior.labels,
        dpmix.partitions.point_estimate,
        dpmix.partitions.co_clustering,
        lambda posterior: dpmix.partitions.credible_ball(posterior, np.zeros(N, int)),
        lambda posterior: dpmix.partitions.confidence(posterior, np.zeros(N, int)),
    ],
)
def test_what_needs_labels_says_so(ask, pair):
    with pytest.raises(InputError, match="keeps its draws as counts.*keep='labels'"):
        ask(pair[1])


def test_a_run_in_burn_in_shows_where_chains_stand(tmp_path):
    sampled(3, burn_in=7, thin=1, sweeps=8, out=tmp_path / "run")
    folder = RunFolder.open(tmp_path / "run")
    fresh = [ChainRecord(record.state, early(record, folder)) for record in folder.read_chains()]
    posterior = dpmix.Posterior(folder.table, folder.plan, fresh, "0", burn_in=True)
    assert posterior.in_burn_in and posterior.draw().sizes.sum() == N


def early(record, folder):
    trace = {name: values[:7] for name, values in record.draws.trace.items()}
    return Draws(trace, Draws.fresh(folder.table, folder.plan).kept)


def test_plans_of_before_keep_labels():
    fields = sampled(3, sweeps=4, thin=1).plan.to_json()
    assert fields.pop("keep") == "counts"
    assert Plan.from_json(fields).keep == "labels"
