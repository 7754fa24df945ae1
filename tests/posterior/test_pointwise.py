"""What each draw says of each image, against sums over joint probabilities, and leave-one-out by enumeration."""

import math
import warnings

import numpy as np
import pytest

from dpmix.base import memory
from dpmix.base.errors import InputError, InputTypeError
from dpmix.posterior.pointwise import log_likelihood, replicates
from support import naive
from support.partitions import all_partitions, canonical
from support.query_cases import (
    VARIED,
    A,
    B,
    X,
    hide,
    label_posterior,
    log_sum,
    posterior_of,
    slow_labelled,
    slow_log_predictive,
)

OBSERVED = np.random.default_rng(3).random(X.shape) < 0.7
LABELS = np.array([0, 1, -1, 2, 1, 0])


def without(i, values):
    return np.delete(np.asarray(values), i, axis=0)


def left_out(i, draw):
    """The draw without image i, its clusters numbered anew."""
    z, *hyper = draw
    return (canonical(without(i, z)), *hyper)


def test_each_image_given_the_others():
    found = log_likelihood(posterior_of(X, VARIED, chains=2))
    assert found.shape == (2, 2, 6)
    for place, draw in zip(np.ndindex(2, 2), VARIED, strict=True):
        for i in range(6):
            wanted = slow_log_predictive(without(i, X), [left_out(i, draw)], X[i])
            assert found[*place, i] == pytest.approx(wanted, abs=1e-10)


def test_with_gaps_and_labels():
    found = log_likelihood(label_posterior(X, OBSERVED, LABELS, VARIED, 0.7))
    for ix, draw in enumerate(VARIED):
        for i in range(6):
            rest = [without(i, values) for values in (X, OBSERVED, LABELS)]
            image = hide(X[i], OBSERVED[i])
            wanted = slow_labelled(*rest, [left_out(i, draw)], image, LABELS[i], 0.7)
            assert found[0, ix, i] == pytest.approx(wanted, abs=1e-10)


def test_its_harmonic_mean_over_the_posterior_is_leave_one_out():
    """Over all 203 partitions, weighed by their posterior probability, exactly."""
    draws = [(z, 1.3, A, B) for z in all_partitions(6)]
    posterior = posterior_of(X, draws)
    ones = [slow_joint(draw) for draw in draws]
    weights = np.exp(np.array(ones) - log_sum(ones))
    harmonic = -np.log((weights[:, None] * np.exp(-log_likelihood(posterior)[0])).sum(axis=0))
    for i in range(6):
        rest = [(z, 1.3, A, B) for z in all_partitions(5)]
        joints = [slow_joint(draw, without(i, X)) for draw in rest]
        shares = np.exp(np.array(joints) - log_sum(joints))
        each = [math.exp(slow_log_predictive(without(i, X), [draw], X[i])) for draw in rest]
        assert harmonic[i] == pytest.approx(math.log(shares @ each), abs=1e-10)


def slow_joint(draw, x=X):
    z, *hyper = draw
    return naive.log_joint(z, x, *hyper)


def test_images_made_anew_have_the_means_of_their_clusters():
    posterior = posterior_of(X, [VARIED[0]] * 4_000)
    made = replicates(posterior, np.random.default_rng(0))
    assert made.shape == (1, 4_000, 6, 4) and made.dtype == np.uint8
    wanted = posterior.draw(0, 0).on_proba()[posterior.labels[0, 0]]
    assert np.abs(made[0].mean(axis=0) - wanted).max() < 5 * 0.5 / math.sqrt(4_000)
    pairs = (made[0, :, 0] * made[0, :, 1]).mean(axis=0)  # of one cluster: alike beyond their means
    assert (pairs > wanted[0] * wanted[1]).all()


def test_arviz_does_leave_one_out_with_it():
    arviz_stats = pytest.importorskip("arviz_stats")
    rng = np.random.default_rng(1)
    draws = [(canonical(rng.integers(0, 3, 6)), rng.gamma(1.0), A, B) for _ in range(200)]
    posterior = label_posterior(X, OBSERVED, LABELS, draws, 0.7)
    tree = posterior.to_arviz(log_likelihood=True, posterior_predictive=True)
    assert {"log_likelihood", "posterior_predictive", "observed_data"} <= set(tree.children)
    assert tree["posterior_predictive"]["x"].dims == ("chain", "draw", "image", "pixel")
    np.testing.assert_array_equal(tree["observed_data"]["x"], np.where(OBSERVED, X, np.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few draws that its estimates are not sure
        found = arviz_stats.loo(tree, pointwise=True)
    assert found.n_data_points == 6 and np.isfinite(found.elpd)
    again = posterior.to_arviz(posterior_predictive=True)
    np.testing.assert_array_equal(tree["posterior_predictive"]["x"], again["posterior_predictive"]["x"])
    assert "log_likelihood" not in again.children


def test_bad_requests(monkeypatch):
    posterior = posterior_of(X, VARIED)
    for name in ("log_likelihood", "posterior_predictive"):
        with pytest.raises(InputTypeError, match=name):
            posterior.to_arviz(**{name: "yes"})
    monkeypatch.setattr(memory, "machine_memory", lambda: 10)
    with pytest.raises(InputError, match="posterior_predictive must fit in the memory"):
        posterior.to_arviz(posterior_predictive=True)
