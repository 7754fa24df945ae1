"""What twice as many chains are said to gain is what they gain, and densities are those of the queries."""

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import InputError
from dpmix.chain.record import ChainRecord, Draws
from dpmix.datasets import load_digits
from dpmix.posterior.gain import doubling_gain, gain_of, log_mean
from dpmix.posterior.pointwise import Predictive
from dpmix.posterior.posterior import Posterior

SETTINGS = {"sweeps": 3, "burn_in": 2, "seed": 0, "jobs": 1, "progress": False}


@pytest.fixture(scope="module")
def digits():
    images = load_digits()
    images = images[np.random.default_rng(0).permutation(len(images))]
    return images[:700], images[700:1200]


@pytest.fixture(scope="module")
def many(digits):
    return dpmix.sample(digits[0], chains=32, **SETTINGS)


def first_chains(posterior, chains):
    return Posterior(posterior.table, posterior.plan, posterior.records[:chains], posterior.version)


def nats(posterior, images):
    return dpmix.log_predictive(posterior, images).mean()


@pytest.mark.parametrize(("chains", "tolerance"), [(8, 0.06), (16, 0.04)])
def test_the_gain_on_images_put_aside_is_the_true_one(digits, many, chains, tolerance):
    gain = first_chains(many, chains).summary(digits[1]).gain
    true = nats(first_chains(many, 2 * chains), digits[1]) - nats(first_chains(many, chains), digits[1])
    assert gain.held_out and gain.images == 500
    assert gain.log_predictive == pytest.approx(nats(first_chains(many, chains), digits[1]), abs=1e-6)
    assert gain.doubling == pytest.approx(true, abs=tolerance)
    assert true > tolerance


def test_the_gain_on_its_own_images_is_near_the_true_one(digits, many):
    gain = first_chains(many, 8).summary().gain
    true = nats(first_chains(many, 16), digits[1]) - nats(first_chains(many, 8), digits[1])
    assert not gain.held_out
    assert 0.4 * true < gain.doubling < 1.6 * true


@pytest.mark.parametrize("chains", [4, 5, 7, 16, 40])
def test_independent_densities(chains):
    """Of chains whose log densities are normal, independent of each other, the truth is known by drawing more."""
    rng = np.random.default_rng(chains)
    scores = rng.normal(0, 3, (chains, 3000))
    more = rng.normal(0, 3, (2 * chains, 30_000))
    true = log_mean(more).mean() - log_mean(more[:chains]).mean()
    assert doubling_gain(scores) == pytest.approx(true, rel=0.2)


def test_chains_that_are_alike_gain_nothing():
    assert doubling_gain(np.tile(np.random.default_rng(0).normal(size=50), (6, 1))) == pytest.approx(
        0, abs=1e-12
    )


def test_fewer_than_four_chains_say_nothing(many):
    assert first_chains(many, 3).summary().gain is None
    assert first_chains(many, 3).summary().to_dict()["gain"] is None


def test_images_that_do_not_fit_are_refused(many):
    with pytest.raises(InputError, match="64 pixels"):
        many.summary(np.zeros((3, 5), int))


def with_gaps(images):
    rng = np.random.default_rng(1)
    return np.where(rng.random(images.x.shape) < 0.2, np.nan, images.x)


def test_densities_are_those_of_queries(digits):
    train, test = (with_gaps(images[:200]) for images in digits)
    posterior = dpmix.sample(train, chains=4, **SETTINGS)
    gain = gain_of(posterior, test)
    assert gain.log_predictive == pytest.approx(nats(posterior, test), abs=1e-6)
    same = gain_of(posterior, np.nan_to_num(test), ~np.isnan(test))
    assert same == gain


def test_an_image_left_out_is_predicted_by_the_others(digits):
    """As by a posterior of the table without it, clusters and hyperparameters being the same."""
    train = with_gaps(digits[0][:60])
    posterior = dpmix.sample(
        train, chains=1, init=np.arange(60) % 57, **{**SETTINGS, "sweeps": 1, "burn_in": 0}
    )
    table, draw = posterior.table, posterior.draw()
    labels = posterior.labels[0, -1]
    found = Predictive(draw).log_proba(table.dense(), table.observed(), own=labels)
    alone = np.bincount(labels)[labels] == 1
    assert alone.any() and not alone.all()
    for i in (*np.flatnonzero(alone)[:2], *np.flatnonzero(~alone)[:6]):
        rest = np.delete(np.arange(60), i)
        kept = {name: getattr(posterior, name)[0, -1:] for name in ("alpha", "a", "b")}
        kept["labels"] = np.unique(labels[rest], return_inverse=True)[1][None]
        order = np.argsort(-np.bincount(kept["labels"][0]), kind="stable")
        kept["labels"] = np.argsort(order)[kept["labels"]].astype(np.uint16)
        record = ChainRecord(posterior.records[0].state, Draws(posterior.records[0].draws.trace, kept))
        without = Posterior(table.with_rows(table.packed[rest]), posterior.plan, [record], "")
        assert found[i] == pytest.approx(dpmix.log_predictive(without, train[i]), abs=1e-9)
