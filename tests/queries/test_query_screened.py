"""Large queries, scored in single precision first: answers are within 1e-6 of double precision throughout."""

import numpy as np
import pytest

from dpmix.queries import evidence
from dpmix.queries.mixture import blocks
from dpmix.queries.query import log_predictive, predict_labels, predict_mode, predict_proba, sample_predictive
from support.query_cases import label_posterior

N, D, CLASSES = 120, 600, 4


@pytest.fixture(scope="module")
def case():
    """Images around thirty patterns, clusters of which many are nearly the same, gaps and labels."""
    rng = np.random.default_rng(4)
    patterns = rng.random((30, D)) ** 3
    kind = rng.integers(30, size=N)
    x = (rng.random((N, D)) < patterns[kind]).astype(np.uint8)
    labels = np.where(rng.random(N) < 0.3, -1, kind % CLASSES)
    labels[:CLASSES] = np.arange(CLASSES)
    draws = []
    for _ in range(6):
        z = np.where(rng.random(N) < 0.3, rng.integers(60, size=N), kind)
        a, b = rng.gamma(0.3, size=D) + 1e-4, rng.gamma(0.3, size=D) + 1e-4
        draws.append((np.unique(z, return_inverse=True)[1], rng.gamma(1.0), a, b))
    posterior = label_posterior(x, rng.random((N, D)) < 0.9, labels, draws, 0.4)
    queries = (rng.random((50, D)) < patterns[rng.integers(30, size=50)]).astype(np.uint8)
    return posterior, queries, rng


def both_ways(monkeypatch, ask):
    """What `ask` answers with and without screening."""
    answers = []
    for small in (0, 1 << 62):
        monkeypatch.setattr(evidence, "_SMALL", small)
        answers.append(ask())
    return answers


MASKS = {
    "shared": np.arange(D) < D // 2,
    "scattered": np.random.default_rng(0).random(D) < 0.02,
    "each": np.random.default_rng(1).random((50, D)) < 0.5,
    "none": np.zeros(D, bool),
}


@pytest.mark.parametrize("crowded", [0.0, 1 / 32, 10.0], ids=["all again", "as it is", "sparse"])
@pytest.mark.parametrize("observed", MASKS.values(), ids=MASKS)
def test_answers_are_right_to_1e_6(case, monkeypatch, observed, crowded):
    posterior, x, rng = case
    monkeypatch.setattr(evidence, "_CROWDED", crowded)
    labels = rng.integers(-1, CLASSES, size=50)
    for ask in (
        lambda: predict_proba(posterior, x, observed),
        lambda: predict_proba(posterior, x, observed, labels=labels),
        lambda: predict_labels(posterior, x, observed),
        lambda: log_predictive(posterior, x, observed, labels=labels),
        lambda: log_predictive(posterior, x, given=observed),
        lambda: log_predictive(posterior, x, MASKS["each"], given=observed, labels=labels),
    ):
        screened, exact = both_ways(monkeypatch, ask)
        np.testing.assert_allclose(screened, exact, rtol=0, atol=1e-6)
    screened, exact = both_ways(monkeypatch, lambda: predict_mode(posterior, x, observed))
    np.testing.assert_array_equal(screened, exact)


def test_most_pairs_are_dropped_and_few_scored_again(case, monkeypatch):
    """Otherwise nothing would be gained, and the test above would compare double precision with itself."""
    posterior, x, _ = case
    counted, scored = [], []
    contenders, einsum = evidence._contenders, np.einsum

    def counting(scorer, rows, rough, top, reach):
        found = contenders(scorer, rows, rough, top, reach)
        counted.append((len(found.image), rough.scores.size))
        return found

    def scoring(spec, pairs, table):
        scored.append(len(pairs))
        return einsum(spec, pairs, table)

    monkeypatch.setattr(evidence, "_SMALL", 0)
    monkeypatch.setattr(evidence, "_CROWDED", 10.0)
    monkeypatch.setattr(evidence, "_contenders", counting)
    monkeypatch.setattr(evidence.np, "einsum", scoring)
    predict_proba(posterior, x, MASKS["shared"])
    kept, pairs = np.array(counted).sum(axis=0)
    assert 0 < sum(scored) < kept < 0.5 * pairs


@pytest.mark.parametrize("broken", ["no second look", "narrow reach"])
def test_the_check_sees_what_screening_must_not_leave_out(case, monkeypatch, broken):
    posterior, x, _ = case
    x = x[:10]

    def ask():
        return log_predictive(posterior, x)

    _, exact = both_ways(monkeypatch, ask)
    monkeypatch.setattr(evidence, "_SMALL", 0)
    monkeypatch.setattr(evidence, "_CROWDED", 10.0)
    if broken == "no second look":
        monkeypatch.setattr(evidence, "_UNIT", 1e-30)
    else:
        monkeypatch.setattr(evidence, "_NEGLIGIBLE", 0.1)
        monkeypatch.setattr(evidence, "_ROUNDED", 0.1)
    assert np.abs(ask() - exact).max() > 1e-6


def test_samples_of_large_queries(case, monkeypatch):
    """Frequencies are the probabilities, six errors at most; observed pixels come back."""
    posterior, x, _ = case
    monkeypatch.setattr(evidence, "_SMALL", 0)
    monkeypatch.setattr(evidence, "_CROWDED", 10.0)
    observed, size = MASKS["shared"], 2000
    samples = sample_predictive(posterior, x[:5], observed, size=size, seed=2)
    assert (samples[:, :, observed] == x[:5, observed]).all()
    proba = predict_proba(posterior, x[:5], observed)[:, ~observed]
    error = np.sqrt(proba * (1 - proba) / size) + 1 / size
    assert (np.abs(samples[:, :, ~observed].mean(axis=0) - proba) <= 6 * error).all()


@pytest.mark.parametrize("crowded", [0.0, 10.0], ids=["all again", "sparse"])
def test_what_is_scored_already_changes_no_bit(case, monkeypatch, crowded):
    """Both scores from one pass over the pixels, or the joint one alone: the same numbers, however they come."""
    posterior, x, _ = case
    monkeypatch.setattr(evidence, "_SMALL", 0)
    monkeypatch.setattr(evidence, "_CROWDED", crowded)
    block, rows, top = next(blocks(posterior)), slice(3, 50), np.full(47, -np.inf)
    given = evidence.Evidence(x, MASKS["each"])
    rest = evidence.Evidence(x, ~MASKS["each"])
    scorers = given.against(block), rest.against(block, weighted=False)
    screens = evidence.Screen.of(300, given), evidence.Screen.of(300, given, rest)
    first, both = evidence.score_both(screens, *scorers, rows, (top, top))
    alone = evidence.Joint(scorers[1], scorers[0], evidence.Scored(None, None, None))
    for screen, scorer, found in ((screens[0], scorers[0], first), (screens[1], alone, both)):
        again = screen.score(scorer, rows, top)
        np.testing.assert_array_equal(found.rough.scores, again.rough.scores)
        assert (found.pairs is None) == (crowded == 0)
        if found.pairs is None:
            np.testing.assert_array_equal(found.exact, again.exact)
        else:
            np.testing.assert_array_equal(found.pairs.scores, again.pairs.scores)
            np.testing.assert_array_equal(found.pairs.cluster, again.pairs.cluster)
