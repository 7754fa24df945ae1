"""Tables are checked and packed block by block: where blocks end makes no difference."""

import numpy as np
import pytest

import dpmix
from dpmix.model import packing
from dpmix.model.table import BinaryTable

N, D = 23, 11
RNG = np.random.default_rng(3)
X = RNG.integers(0, 2, (N, D))
SEEN = RNG.random((N, D)) < 0.8
SEEN[:9] = True  # the first blocks lack nothing
LABELS = np.where(RNG.random(N) < 0.5, RNG.integers(0, 3, N), -1)
INPUTS = {
    "whole numbers": (X, {}),
    "floats": (X.astype(float), {}),
    "NaN": (np.where(SEEN, X, np.nan), {}),
    "masked array": (np.ma.array(X, mask=~SEEN), {}),
    "masked, all seen": (np.ma.array(X, mask=False), {}),
    "observed": (np.where(SEEN, X, 7), {"observed": SEEN}),
    "one mask for all": (X, {"observed": SEEN[-1]}),
    "labels": (X, {"labels": LABELS}),
    "gaps and labels": (X, {"observed": SEEN, "labels": LABELS}),
}


@pytest.fixture(params=[1, 3 * D, 8 * D])
def small_blocks(request, monkeypatch):
    monkeypatch.setattr(packing, "_ENTRIES", request.param)


@pytest.fixture
def whole():
    """The table of each input, and its runs, in one block."""
    found = {name: BinaryTable.from_input(x, **given) for name, (x, given) in INPUTS.items()}
    return {name: (table.digest, [part.tolist() for part in table.runs]) for name, table in found.items()}


@pytest.mark.parametrize("name", INPUTS)
def test_blocks_make_the_same_table(name, whole, small_blocks):
    x, given = INPUTS[name]
    table = BinaryTable.from_input(x, **given)
    assert (table.digest, [part.tolist() for part in table.runs]) == whole[name]
    assert (table.dense() == np.where(table.observed(), X, 0)).all()


def test_errors_name_the_row_of_the_whole(small_blocks):
    wrong = X.copy()
    wrong[17, 4] = 3
    with pytest.raises(dpmix.InputError, match="found 3 at row 17, column 4"):
        BinaryTable.from_input(wrong)
    with pytest.raises(dpmix.InputError, match="found 3 at row 17, column 4"):
        BinaryTable.from_input(wrong, observed=np.arange(N)[:, None] + np.zeros(D) != 16)
