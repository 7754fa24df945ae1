"""What sets clusters apart: log odds against the rest, with their uncertainty, in words and as a frame."""

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import InputError
from dpmix.partitions import profile
from dpmix.partitions.profiles import Profile
from dpmix.tables.columns import Columns
from support.query_cases import posterior_of

NAMES = ["fur", "wings", "eyes"]
X = np.repeat([[1, 0, 1], [0, 1, 1]], [300, 100], axis=0)
X[::50] = 1 - X[::50]
KNOWN = np.repeat([0, 1], [300, 100])


def known_posterior(n_draws=60):
    """Draws that all have the same partition, so that Beta posteriors are all that is not known."""
    ones = np.ones(3)
    table = posterior_of(X, [(KNOWN, 1.0, ones, ones)] * n_draws)
    return type(table)(table.table.__class__.from_input(X, columns=NAMES), table.plan, table.records, "0")


@pytest.fixture(scope="module")
def found():
    return profile(known_posterior(), KNOWN)


def test_log_odds_are_those_of_beta_posteriors(found):
    """Mean and variance of log(p / (1 - p)) under Beta(u, v) are digamma and trigamma differences."""
    from scipy.special import digamma, polygamma

    for k in (0, 1):
        mine, others = X[KNOWN == k], X[KNOWN != k]
        (u, v), (s, t) = ((x.sum(axis=0) + 1, (1 - x).sum(axis=0) + 1) for x in (mine, others))
        mean = digamma(u) - digamma(v) - digamma(s) + digamma(t)
        sd = np.sqrt(sum(polygamma(1, count) for count in (u, v, s, t)))
        np.testing.assert_allclose(found.log_odds[k], mean, atol=4 * sd.max() / np.sqrt(60))
        np.testing.assert_allclose(found.sd[k], sd, rtol=0.4)
        np.testing.assert_allclose(found.proba[k], u / (u + v), atol=0.02)
    np.testing.assert_allclose(found.log_odds[0], -found.log_odds[1])  # two clusters are each other's rest


def test_what_sets_apart_is_sure_and_ordered(found):
    assert set(found.set_apart(0).tolist()) == {0, 1}  # eyes have nearly all
    assert (np.diff(found.sure[0][found.set_apart(0)]) <= 0).all()
    assert found.set_apart(0, 1).size == 1
    assert ((found.low > 0) | (found.high < 0))[0].tolist() == [True, True, False]


def test_words_name_columns_and_shares(found):
    first, second = found.words()
    assert first.startswith("Cluster 0, 300 rows (75%): ") and "fur (98%, elsewhere 3%)" in first
    assert "not wings (98%, elsewhere 3%)" in first and "eyes" not in first
    assert "wings (97%" in second and str(found) == f"{first}\n{second}"


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frame_has_a_row_for_each_cluster_and_column(found, library):
    frame = found.to_frame(library)
    assert frame.shape == (6, 8)
    assert list(found.to_dict()) == ["cluster", "size", "column", "proba", "rest", "log_odds", "low", "high"]
    columns = found.to_dict()
    assert set(columns["column"][:3]) == set(NAMES) and (columns["cluster"] == np.repeat([0, 1], 3)).all()


def test_doubt_about_the_partition_widens_the_intervals(found):
    """Draws that do not agree on who belongs together are less sure of what a cluster is."""
    generator, ones = np.random.default_rng(0), np.ones(3)
    shuffled = [np.where(generator.random(400) < 0.3, 1 - KNOWN, KNOWN) for _ in range(60)]
    for z in shuffled:
        z[:] = z if (z == 0).sum() >= 200 else 1 - z
    unsure = profile(posterior_of(X, [(z, 1.0, ones, ones) for z in shuffled]), KNOWN)
    assert (np.abs(unsure.log_odds[:, :2]) < np.abs(found.log_odds[:, :2])).all()


def test_one_cluster_has_nothing_to_be_set_apart_from():
    alone = profile(known_posterior(3), np.zeros(400, int))
    assert np.isnan(alone.log_odds).all() and alone.set_apart(0).size == 0
    assert "nothing is there to set it apart from" in alone.words()[0]
    with pytest.raises(InputError, match="two clusters at least"):
        dpmix.plot.profiles(alone)


def test_arguments_are_checked(found):
    posterior = known_posterior(2)
    for call in (
        lambda: profile(posterior, KNOWN[:5]),
        lambda: profile(posterior, KNOWN, draws=0),
        lambda: found.set_apart(2),
        lambda: found.words(0),
        lambda: found.to_frame("nothing"),
    ):
        with pytest.raises(InputError):
            call()
    assert np.isinf(profile(posterior, KNOWN, draws=1).sd).all()  # one draw knows nothing of its error


def test_words_leave_out_what_reads_the_same_or_the_other_way_round():
    """Of one row and small pseudo-counts, log odds have a long tail and means of probabilities do not."""
    proba, rest = np.array([[0.9, 0.001, 0.01]]), np.array([[0.2, 0.003, 0.004]])
    proba, rest = np.concatenate([proba, rest]), np.concatenate([rest, proba])
    log_odds = np.array([[3.0, -5.0, -9.0], [-3.0, 5.0, 9.0]])
    found = Profile(Columns(NAMES), np.array([1, 9]), proba, rest, log_odds, np.full((2, 3), 0.1), 60)
    assert found.sure[0, 2] == 0 and found.set_apart(0).tolist() == [1, 0]
    assert found.words(1) == (
        "Cluster 0, 1 row (10%): fur (90%, elsewhere 20%).",
        "Cluster 1, 9 rows (90%): not fur (80%, elsewhere 10%).",
    )
