"""Entropy of cluster sizes and variation of information against loops over clusters."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpmix.base.errors import InputError, InputTypeError
from dpmix.posterior.information import entropy, variation_of_information
from support import naive

LABELS = st.integers(1, 9).flatmap(lambda n: st.lists(st.integers(0, 4), min_size=n, max_size=n))


def triples():
    """Three partitions of the same images."""
    row = st.tuples(*[st.integers(0, 3)] * 3)
    return st.lists(row, min_size=1, max_size=10).map(lambda rows: [list(z) for z in zip(*rows, strict=True)])


def same_partition(z, other):
    return len(set(zip(z, other, strict=True))) == len(set(z)) == len(set(other))


@given(LABELS)
def test_entropy_is_that_of_the_shares(z):
    assert entropy(z) == pytest.approx(naive.entropy(z), abs=1e-12)
    assert entropy([10**12 - 7 * k for k in z]) == pytest.approx(entropy(z), abs=1e-12)
    assert math.copysign(1, entropy(z)) == 1


def test_entropy_of_equal_clusters_is_the_log_of_their_number():
    assert entropy(np.arange(60_000) % 300) == pytest.approx(math.log(300), rel=1e-12)
    assert entropy(np.zeros(5, np.uint16)) == 0


@given(triples())
def test_variation_of_information_is_a_metric_and_as_the_double_loop_has_it(partitions):
    x, y, z = partitions
    distance = variation_of_information(x, y)
    assert distance == pytest.approx(naive.variation(x, y), abs=1e-12)
    assert distance == pytest.approx(variation_of_information(y, x), abs=1e-12)
    assert distance <= variation_of_information(x, z) + variation_of_information(z, y) + 1e-12
    assert (distance == 0) == same_partition(x, y)
    assert 0 <= distance <= math.log(len(x)) + 1e-12


@pytest.mark.parametrize(("n", "k"), [(3000, 4), (3000, 400), (300, 300)])
@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.uint64])
def test_variation_of_information_of_many_images(n, k, dtype):
    rng = np.random.default_rng(0)
    z, other = (rng.integers(k, size=n).astype(dtype) for _ in range(2))
    both = z.astype(np.int64) * k + other.astype(np.int64)
    expected = 2 * naive.entropy(both.tolist()) - naive.entropy(z.tolist()) - naive.entropy(other.tolist())
    assert variation_of_information(z, other) == pytest.approx(expected, abs=1e-10)
    renamed = rng.permutation(k)[z.astype(np.int64)] - 5
    assert variation_of_information(z, renamed) == 0


@pytest.mark.parametrize(
    ("z", "error", "words"),
    [
        ([0.5, 1], InputTypeError, "z must hold integer labels; got dtype float64"),
        (["a", "b"], InputTypeError, "z must hold integer labels"),
        ([[0, 1]], InputError, r"z must hold one label for each image, as a row; got shape \(1, 2\)"),
        (np.zeros(0, int), InputError, r"got shape \(0,\)"),
        ([0, 1, 1], InputError, "z and other must label the same images; got 3 and 2 labels"),
    ],
)
def test_bad_labels(z, error, words):
    with pytest.raises(error, match=words):
        variation_of_information(z, [0, 1])
