"""Log partition functions: exact sums, annealed importance sampling in both directions."""

import numba
import numpy as np
import pytest

from dpmix import InputError
from dpmix.features import (
    BernoulliRBM,
    DeepBeliefNet,
    annealed_log_partition,
    exact_log_partition,
    log_likelihood,
    reverse_annealed_log_partition,
)
from support.machines import as_rbm, joint, states, tiny_machine

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="interpreted annealing takes minutes")


@pytest.mark.parametrize(("d", "h"), [(3, 5), (5, 3), (11, 12)])
def test_exact_log_partition(d, h):
    machine = tiny_machine(d, h)
    assert exact_log_partition(as_rbm(machine)) == pytest.approx(joint(machine)[1], rel=1e-6)


def test_log_likelihood_sums_to_one():
    rbm = as_rbm(tiny_machine(6, 4))
    assert np.exp(log_likelihood(rbm, states(6))).sum() == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(log_likelihood(rbm, states(6), log_z=2.0), -rbm.free_energy(states(6)) - 2.0)
    estimate = annealed_log_partition(rbm, states(6), 5, 5, random_state=0)
    np.testing.assert_array_equal(
        log_likelihood(rbm, states(6), estimate), log_likelihood(rbm, states(6), estimate.log_z)
    )


@pytest.fixture(scope="module")
def strong():
    """A machine that is far from its base rates, images of it, and its log Z."""
    machine = tiny_machine(10, 6, scale=1.5, seed=2)
    rbm, (p, log_z) = as_rbm(machine), joint(machine)
    x = states(10)[np.random.default_rng(0).choice(2**10, 500, p=p.sum(axis=1))]
    return rbm, x, log_z


@pytest.mark.parametrize("estimate", [annealed_log_partition, reverse_annealed_log_partition])
def test_estimates_agree_with_the_exact_value(strong, estimate):
    rbm, x, log_z = strong
    found = estimate(rbm, x, n_chains=1000, n_temperatures=200, random_state=0)
    assert found.standard_error < 0.05
    assert abs(found.log_z - log_z) < 4 * found.standard_error
    assert abs(found.log_z - (log_z + 0.5)) > 4 * found.standard_error, "the test sees nothing"
    assert found.log_weights.shape == (1000,)


def test_both_directions_bracket_the_exact_value(strong):
    rbm, x, log_z = strong
    bounds = []
    for estimate, sign in ((annealed_log_partition, 1), (reverse_annealed_log_partition, -1)):
        found = estimate(rbm, x, n_chains=2000, n_temperatures=2, random_state=1)
        mean_weight = np.logaddexp.reduce(found.log_weights) - np.log(2000)
        one_chain = found.log_z + sign * (
            found.log_weights.mean() - mean_weight
        )  # what one chain gives on average
        bounds.append(one_chain + sign * 4 * found.log_weights.std() / np.sqrt(2000))
    assert bounds[0] < log_z < bounds[1]


def test_the_reverse_starts_from_samples_of_the_machine(strong):
    rbm, x, log_z = strong
    alike = np.tile(x[:1], (2, 1))  # nothing like samples of the machine, which Gibbs sampling makes of them
    rates = np.array([[0.0] * 10, [1.0] * 10])
    apart, near = (
        reverse_annealed_log_partition(rbm, np.vstack([alike, rates]), 1000, 200, n_gibbs, random_state=0)
        for n_gibbs in (0, 500)
    )
    assert abs(near.log_z - log_z) < 4 * near.standard_error < abs(apart.log_z - log_z)


def test_same_seed_same_estimate_and_any_temperatures(strong):
    rbm, x, _ = strong
    betas = np.linspace(0, 1, 6)
    first, second, other = (annealed_log_partition(rbm, x, 5, betas, seed).log_z for seed in (3, 3, 4))
    assert first == second == annealed_log_partition(rbm, x, 5, 5, 3).log_z != other


def test_errors_name_the_way_out(strong):
    rbm, x, _ = strong
    with pytest.raises(InputError, match="annealed_log_partition"):
        exact_log_partition(BernoulliRBM(21, n_iter=1, monitor_size=0).fit(np.eye(21)))
    for wrong in ([0, 0.5], [0, 0.5, 0.5, 1], [0.1, 1], [0, np.nan, 1]):
        with pytest.raises(InputError, match="increase from 0 to 1"):
            annealed_log_partition(rbm, x, 5, wrong)
    with pytest.raises(ValueError, match="not fitted"):
        exact_log_partition(BernoulliRBM())
    with pytest.raises(InputError, match="rbm must be a BernoulliRBM, such as one of rbms_"):
        exact_log_partition(DeepBeliefNet((2,), rbm=rbm).fit(x))
    with pytest.raises(InputError, match="log_z must be finite"):
        log_likelihood(rbm, x, np.nan)
    with pytest.raises(InputError, match="features"):
        annealed_log_partition(rbm, x[:, 1:], 5, 5)
