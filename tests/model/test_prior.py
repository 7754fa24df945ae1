"""The prior: what it refuses, where chains start, how it compares; and what a posterior refuses and protects."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import InputError
from dpmix.chain.moves import move_alpha
from dpmix.kernels import hyperparameters as kernels
from dpmix.model import prior as priors
from dpmix.model.prior import Gamma, Prior
from support import moves


def test_the_range_is_that_of_the_kernels():
    assert (priors.LEAST, priors.MOST) == (kernels.LEAST, kernels.MOST)


@pytest.mark.parametrize(
    "fields",
    [
        {"alpha": 1e7},
        {"alpha": 1e-7},
        {"a": 1e9},
        {"b": [1, 1e-9]},
        {"c": 1e-7},
        {"a": []},
        {"b": np.empty(0)},
        {"a": 10**400},
        {"alpha": 10**400},
        {"c": -(10**400)},
        {"a": [[1], [1, 2]]},
    ],
)
def test_refused(fields):
    name = next(iter(fields))
    with pytest.raises(InputError, match=rf"^{name} must .*(got|found) "):
        Prior(**fields)


@pytest.mark.parametrize(("shape", "rate"), [(1e-300, 1e300), (1e300, 1e-300)])
def test_a_gamma_needs_a_mean(shape, rate):
    with pytest.raises(InputError, match="mean of a Gamma"):
        Gamma(shape, rate)


def test_chains_start_within_the_range():
    prior = Prior(Gamma(1e9, 1), Gamma(1, 1e9), Gamma(3, 2))
    assert prior.start_alpha() == priors.MOST
    a, b = prior.pseudo_counts(2)
    assert a.tolist() == [priors.LEAST] * 2 and b.tolist() == [1.5] * 2
    x = np.eye(4, dtype=int)
    posterior = dpmix.sample(
        x, Prior(Gamma(1e9, 1), Gamma(1, 1e9)), chains=1, sweeps=2, jobs=1, progress=False
    )
    assert np.isfinite(posterior.log_joint).all()


def test_priors_with_arrays_compare_by_value():
    one, same, other = Prior(a=np.array([0.5, 1])), Prior(a=[0.5, 1.0]), Prior(a=[0.5, 2.0])
    assert one == same and hash(one) == hash(same) and one != other and one != Prior()
    assert len({one, same, other}) == 2


def test_alpha_is_drawn_within_its_range():
    """Restricted to its range, not piled up at the end of it."""

    def set_hyper(alpha):
        chain.hyper.alpha = alpha

    chain = SimpleNamespace(
        generator=np.random.default_rng(0),
        n=3,
        n_clusters=1,
        set_hyper=set_hyper,
        hyper=SimpleNamespace(alpha=kernels.LEAST),
    )
    plan = moves.plan_for(Prior(alpha=Gamma(0.1, 1e5)))
    found = []
    for _ in range(200):
        move_alpha(chain, plan, 1)
        found.append(chain.hyper.alpha)
    assert all(kernels.LEAST < alpha < math.inf for alpha in found)


@pytest.fixture(scope="module")
def posterior(small_posterior):
    return small_posterior


@pytest.mark.parametrize("index", [0.5, "a", True, 2, -3, None])
def test_what_is_no_index_of_a_draw(posterior, index):
    with pytest.raises(InputError, match="^chain must be"):
        posterior.draw(index)
    with pytest.raises(InputError, match="^draw must be"):
        posterior.draw(0, index)
    assert posterior.draw(-2, np.int64(-1)).sizes.sum() == posterior.table.n


@pytest.mark.parametrize("most", [-1, 0, 0.5, "a"])
def test_how_many_draws(posterior, most):
    with pytest.raises(InputError, match="^most must be"):
        posterior.draws(most)


def test_records_are_read_only(posterior):
    for record in posterior.records:
        for array in (*record.draws.trace.values(), *record.draws.kept.values()):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_no_null_character_in_a_path(posterior):
    with pytest.raises(InputError, match="null character"):
        dpmix.sample(np.eye(3), chains=1, sweeps=1, jobs=1, out="a\0b", progress=False)
    with pytest.raises(InputError, match="null character"):
        dpmix.load("a\0b")
