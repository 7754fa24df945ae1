"""Sparse matrices: the same table as the dense one, and never dense as a whole."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

import dpmix
from dpmix.base.errors import InputError, InputTypeError
from dpmix.model.table import BinaryTable
from dpmix.queries import sparse_input
from dpmix.tables.sparse import packed_sparse


def matrix(n=60, d=21, gaps=0.0, seed=0):
    generator = np.random.default_rng(seed)
    x = (generator.random((n, d)) < 0.2).astype(float)
    x[generator.random((n, d)) < gaps] = np.nan
    return x


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_array, sp.lil_array])
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_packed_as_the_dense_table(kind, gaps):
    x = matrix(gaps=gaps)
    assert BinaryTable.from_input(kind(x)).digest == BinaryTable.from_input(x).digest


def test_a_mask_and_stored_zeros():
    x, seen = matrix(gaps=0.1), np.random.default_rng(1).random((60, 21)) < 0.8
    stored = sp.csr_array(x)
    stored.data[::3] = 0
    assert (
        BinaryTable.from_input(stored, seen).digest == BinaryTable.from_input(stored.toarray(), seen).digest
    )
    assert (
        BinaryTable.from_input(stored, seen[0]).digest
        == BinaryTable.from_input(stored.toarray(), seen[0]).digest
    )


def test_entries_given_twice_count_once_each():
    twice = sp.csr_array((np.ones(3), [0, 0, 1], [0, 3]), shape=(1, 3))  # 1 + 1 is 2
    with pytest.raises(InputError, match="found 2 at row 0, column 0"):
        packed_sparse(twice)
    assert twice.nnz == 3  # what came is as it was


def test_counts_and_other_types_are_refused():
    x = sp.csr_array(matrix())
    x.data[5] = 3
    row, column = (int(ix[5]) for ix in x.nonzero())
    with pytest.raises(
        InputError, match=rf"found 3 at row {row}, column {column}; .*CountVectorizer\(binary=True\)"
    ):
        dpmix.sample(x)
    with pytest.raises(InputTypeError, match="complex"):
        packed_sparse(x.astype(complex))


@pytest.mark.slow
def test_memory_is_that_of_the_packed_rows():
    n, d = 4000, 5000
    x = sp.random_array((n, d), density=0.002, format="csr", random_state=0)
    x.data[:] = 1
    tracemalloc.start()
    table = BinaryTable.from_input(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.packed.nbytes == n * d / 8
    assert peak < n * d / 3  # bytes; dense it would be n * d


@pytest.fixture(scope="module")
def posterior():
    return dpmix.sample(sp.csr_array(matrix()), chains=1, sweeps=6, seed=0, jobs=1, progress=False)


def test_queries_take_blocks_of_rows(posterior, monkeypatch):
    x = sp.csr_array(matrix(17, gaps=0.1, seed=3))
    dense = np.where(np.isnan(x.toarray()), 0, x.toarray()), ~np.isnan(x.toarray())
    whole = dpmix.log_predictive(posterior, *dense)
    np.testing.assert_allclose(dpmix.log_predictive(posterior, x), whole)
    monkeypatch.setattr(sparse_input, "_ENTRIES", 5 * 21)
    np.testing.assert_allclose(dpmix.log_predictive(posterior, x), whole)
    shares = dpmix.queries.responsibilities(posterior, x, observed=dense[1])
    np.testing.assert_allclose(
        shares, dpmix.queries.responsibilities(posterior, *dense[:1], observed=dense[1])
    )
    np.testing.assert_allclose(dpmix.predict_proba(posterior, x), dpmix.predict_proba(posterior, *dense))


def test_same_draws_as_the_dense_table(posterior):
    dense = dpmix.sample(matrix(), chains=1, sweeps=6, seed=0, jobs=1, progress=False)
    np.testing.assert_array_equal(dense.labels, posterior.labels)
