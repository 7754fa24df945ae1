"""Clusters against known labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from dpmix.base.errors import InputError, InputTypeError
from dpmix.partitions import compare_labels, contingency_table
from dpmix.partitions.draws import by_size
from support.query_cases import posterior_of

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=30)


@settings(deadline=None)
@given(PAIRS)
def test_measures_are_those_of_scikit_learn(pairs):
    y, z = map(np.array, zip(*pairs, strict=True))
    found = compare_labels(z, y)
    assert found.ari == pytest.approx(metrics.adjusted_rand_score(y, z))
    assert found.nmi == pytest.approx(metrics.normalized_mutual_info_score(y, z))
    assert found.homogeneity == pytest.approx(metrics.homogeneity_score(y, z))
    assert found.completeness == pytest.approx(metrics.completeness_score(y, z))
    most = [max(np.sum(y[z == k] == label) for label in set(y)) for k in set(z)]
    assert found.purity == sum(most) / len(y)


@settings(deadline=None)
@given(PAIRS)
def test_contingency_table_is_counted(pairs):
    y, z = zip(*pairs, strict=True)
    z = by_size(np.array(z))
    counts, classes = contingency_table(z, y)
    assert classes.tolist() == sorted(set(y))
    expected = [[pairs_of(label, k, y, z) for k in range(z.max() + 1)] for label in classes]
    assert counts.tolist() == expected


def pairs_of(label, k, y, z):
    return sum(one == label and other == k for one, other in zip(y, z, strict=True))


def test_contingency_of_labels_that_are_known():
    y = np.ma.masked_equal([2, 5, 2, 9, 2, 9], 9)
    counts, classes = contingency_table([0, 0, 1, 2, 0, 1], y)
    assert classes.tolist() == [2, 5]
    assert counts.tolist() == [[2, 1, 0], [1, 0, 0]]
    with pytest.raises(InputError, match="y must hold a known label"):
        contingency_table([0, 1], np.ma.masked_all(2, int))
    with pytest.raises(InputError, match="y has masked entries"):
        compare_labels([0, 0, 1, 2, 0, 1], y)


def test_strings_as_objects():
    y = ["cat", "dog", "cat"]
    assert vars(compare_labels([0, 1, 1], np.array(y, object))) == vars(compare_labels([0, 1, 1], y))


def test_posterior_is_compared_draw_by_draw():
    generator = np.random.default_rng(0)
    draws = [by_size(generator.integers(4, size=20)) for _ in range(6)]
    x, ones = generator.integers(2, size=(20, 3)), np.ones(3)
    posterior = posterior_of(x, [(z, 1.0, ones, ones) for z in draws], 2)
    y = np.array(["two", "three"])[generator.integers(2, size=20)]
    found = compare_labels(posterior, y)
    for name, values in vars(found).items():
        assert values.shape == (2, 3)
        single = [getattr(compare_labels(z, y), name) for z in draws]
        np.testing.assert_array_equal(values.ravel(), single)
        assert found.summary()[name] == pytest.approx((np.mean(single), np.std(single)))


def test_perfect_agreement_whatever_the_names():
    found = compare_labels([5, 5, 9, 9, 7], ["a", "a", "b", "b", "c"])
    assert all(value == pytest.approx(1) for value in vars(found).values())
    assert found.summary()["ari"] == (pytest.approx(1), 0)


def test_every_image_alone_is_no_reason_to_warn():
    assert compare_labels(np.arange(30), np.arange(30) % 2).purity == 1


@pytest.mark.parametrize(
    ("z", "y", "error", "text"),
    [
        ([0, 1], [0, 1, 1], InputError, "partition must hold one label for each of the 3 images"),
        ([0, 1], [0.0, 1.5], InputTypeError, "y must hold integers, booleans or strings; got dtype float64"),
        ([0, 1], [[0], [1]], InputError, r"y must hold one label per image; got shape \(2, 1\)"),
        (
            [0, 1],
            np.array(["a", 1], object),
            InputTypeError,
            "y must hold integers, booleans or strings; .*object",
        ),
        (
            [0.0, 1.0],
            [0, 1],
            InputTypeError,
            "partition must be a PointEstimate or one integer label per image",
        ),
    ],
)
def test_bad_labels_are_named(z, y, error, text):
    for ask in (compare_labels, contingency_table):
        with pytest.raises(error, match=text):
            ask(z, y)


def test_labels_must_fit_the_posterior():
    posterior = posterior_of(np.eye(3, dtype=int), [([0, 0, 1], 1.0, np.ones(3), np.ones(3))])
    with pytest.raises(InputError, match="each of the 3 images of the posterior"):
        compare_labels(posterior, [0, 1])
