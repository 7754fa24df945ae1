"""Contrastive divergence, conditionals and energies against sums over all states of tiny machines."""

import copy

import numba
import numpy as np
import pytest
from scipy.special import expit

from dpmix.features.boltzmann.contrastive import ContrastiveDivergence, Settings
from dpmix.features.products import RowList
from support.machines import as_rbm, joint, states, tiny_machine

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="interpreted training takes minutes")
D, H = 4, 3
PLAIN = Settings(
    persistent=True,
    n_gibbs=1,
    sample_data=False,
    sample_visible=True,
    weight_decay=0.0,
    sparsity_target=None,
    sparsity_cost=0.0,
    centering=None,
)
MANY = 100_000


def test_conditionals_and_free_energy():
    machine = tiny_machine(D, H)
    rbm, (p, log_z) = as_rbm(machine), joint(machine)
    v, h = states(D), states(H)
    np.testing.assert_allclose(rbm.transform(v), p @ h / p.sum(axis=1)[:, None], rtol=1e-5)
    np.testing.assert_allclose(rbm.inverse_transform(h), p.T @ v / p.sum(axis=0)[:, None], rtol=1e-5)
    np.testing.assert_allclose(-rbm.free_energy(v) - log_z, np.log(p.sum(axis=1)), rtol=1e-5)


def test_pseudo_likelihood():
    machine = tiny_machine(D, H)
    p = joint(machine)[0].sum(axis=1)
    wanted = [sum(np.log(p[i] / (p[i] + p[i ^ 1 << j])) for j in range(D)) for i in range(2**D)]
    np.testing.assert_allclose(as_rbm(machine).score_samples(states(D)), wanted, rtol=1e-5)


def test_gibbs_step_has_the_machine_as_its_stationary_distribution():
    machine = tiny_machine(D, H)
    p = joint(machine)[0].sum(axis=1)
    rng = np.random.default_rng(0)
    v = as_rbm(machine).gibbs(states(D)[rng.choice(2**D, MANY, p=p)], n_steps=2)
    found = np.bincount((v @ (1 << np.arange(D))).astype(int), minlength=2**D)
    chi2 = ((found - MANY * p) ** 2 / (MANY * p)).sum()
    assert chi2 < 60  # 15 degrees of freedom: p = 2e-7
    assert ((found - MANY / 2**D) ** 2 / (MANY / 2**D)).sum() > 60, "the test sees nothing"


def statistics_of(machine, batch, settings):
    """Minus the steps that one update at rate 1 takes: gradients of W, b, c; and the machine before."""
    machine = copy.deepcopy(machine)
    before = copy.deepcopy(machine)
    ContrastiveDivergence(machine, settings, len(batch)).update(np.asarray(batch, np.float32), 1.0, 0.0)
    return (-machine.weights_velocity, -machine.visible_velocity, -machine.hidden_velocity), before


def expected(machine, data, model):
    """Exact means over visible states with probabilities `data` and `model`: gradients without centring."""
    v = states(D)
    h = expit(v @ machine.weights.astype(float) + machine.hidden_bias)
    change = model - data
    return (v * change[:, None]).T @ h, change @ v, change @ h


def assert_close(found, wanted, n):
    for part, exact in zip(found, wanted, strict=True):
        np.testing.assert_allclose(part, exact, atol=5 * 0.5 / np.sqrt(n))


@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_persistent_statistics_at_equilibrium_are_the_likelihood_gradient(n_gibbs):
    machine = tiny_machine(D, H)
    p = joint(machine)[0]
    rng = np.random.default_rng(1)
    machine.chains = states(H)[rng.choice(2**H, MANY, p=p.sum(axis=0))].astype(np.float32)
    batch = states(D)[[3, 5, 5, 9]]
    data = np.bincount([3, 5, 5, 9], minlength=2**D) / 4
    found, _ = statistics_of(machine, batch, PLAIN._replace(n_gibbs=n_gibbs))
    wanted = expected(machine, data, p.sum(axis=1))
    assert_close(found, wanted, MANY)
    with pytest.raises(AssertionError):
        assert_close(found, expected(machine, data, data), MANY)


@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_persistent_chains_take_as_many_steps_as_stated(n_gibbs):
    machine = tiny_machine(D, H, scale=2.0)
    p = joint(machine)[0]
    up, down = p / p.sum(axis=1)[:, None], p / p.sum(axis=0)
    step = up @ down.T
    model, other = (down[:, 5] @ np.linalg.matrix_power(step, n - 1) for n in (n_gibbs, 4 - n_gibbs))
    machine.chains = np.tile(states(H)[5], (MANY, 1)).astype(np.float32)
    start = np.bincount([6], minlength=2**D).astype(float)
    found, _ = statistics_of(machine, states(D)[[6]], PLAIN._replace(n_gibbs=n_gibbs))
    assert_close(found, expected(machine, start, model), MANY)
    with pytest.raises(AssertionError):
        assert_close(found, expected(machine, start, other), MANY)


@pytest.mark.parametrize("n_gibbs", [1, 2])
def test_contrastive_divergence_statistics(n_gibbs):
    machine = tiny_machine(D, H)
    p = joint(machine)[0]
    up, down = p / p.sum(axis=1)[:, None], p / p.sum(axis=0)
    start = np.bincount([6], minlength=2**D).astype(float)
    model = start
    for _ in range(n_gibbs):
        model = model @ up @ down.T
    found, _ = statistics_of(
        machine, np.tile(states(D)[6], (MANY, 1)), PLAIN._replace(persistent=False, n_gibbs=n_gibbs)
    )
    assert_close(found, expected(machine, start, model), MANY)


def test_reconstructions_may_be_probabilities():
    machine = tiny_machine(D, H)
    v0, h = states(D)[6], states(H)
    p = joint(machine)[0]
    weight = p[6] / p[6].sum()  # of each hidden state given the image
    v1 = expit(h @ machine.weights.T.astype(float) + machine.visible_bias)
    up = [expit(v @ machine.weights.astype(float) + machine.hidden_bias) for v in (v0, v1)]
    wanted = (
        np.einsum("s,si,sj->ij", weight, v1, up[1]) - np.outer(v0, up[0]),
        weight @ v1 - v0,
        weight @ up[1] - up[0],
    )
    settings = PLAIN._replace(persistent=False, sample_visible=False)
    assert_close(statistics_of(machine, np.tile(v0, (MANY, 1)), settings)[0], wanted, MANY)


def phases(machine, batch):
    """Visible and hidden statistics of one update without corrections, recovered from its work arrays."""
    machine = copy.deepcopy(machine)
    update = ContrastiveDivergence(machine, PLAIN, len(batch))
    update.update(batch, 1.0, 0.0)
    b, n = len(batch), len(batch) + len(machine.chains)
    h = update._hidden[:n] * np.r_[np.full(b, -b), np.full(n - b, n - b)][:, None]
    return update._visible[:b], h[:b], update._visible[b:n], h[b:]


@pytest.mark.parametrize("centering", ["data", "enhanced"])
def test_centred_gradient_is_the_covariance_around_the_offsets(centering):
    machine = tiny_machine(D, H, n_chains=6)
    batch = states(D)[[1, 2, 7, 7, 12]].astype(np.float32)
    v0, h0, v1, h1 = phases(machine, batch)
    found = copy.deepcopy(machine)
    ContrastiveDivergence(found, PLAIN._replace(centering=centering), 5).update(batch, 1.0, 0.0)
    mu, lam = found.visible_offset, found.hidden_offset
    if centering == "data":
        np.testing.assert_array_equal(mu, machine.visible_offset)
        np.testing.assert_allclose(lam, 0.5 * 0.99 + 0.01 * h0.mean(axis=0), rtol=1e-5)
    else:
        np.testing.assert_allclose(mu, 0.5 * 0.99 + 0.005 * (v0.mean(axis=0) + v1.mean(axis=0)), rtol=1e-5)
    w = (v1 - mu).T @ (h1 - lam) / 6 - (v0 - mu).T @ (h0 - lam) / 5
    b = v1.mean(axis=0) - v0.mean(axis=0) - w @ lam
    c = h1.mean(axis=0) - h0.mean(axis=0) - mu @ w
    for part, exact in ((found.weights_velocity, w), (found.visible_velocity, b), (found.hidden_velocity, c)):
        np.testing.assert_allclose(part, -exact, atol=1e-6)


def test_sparsity_pulls_weights_and_bias_to_the_target():
    machine = tiny_machine(D, H, n_chains=6)
    batch = states(D)[[1, 2, 7]].astype(np.float32)
    plain, _ = statistics_of(machine, batch, PLAIN)
    sparse, _ = statistics_of(machine, batch, PLAIN._replace(sparsity_target=0.1, sparsity_cost=2.0))
    h0 = phases(machine, batch)[1].mean(axis=0)
    excess = 2 * (0.9 * 0.5 + 0.1 * h0 - 0.1)
    np.testing.assert_allclose(sparse[0] - plain[0], np.outer(batch.mean(axis=0), excess), atol=1e-6)
    np.testing.assert_allclose(sparse[1], plain[1])
    np.testing.assert_allclose(sparse[2] - plain[2], excess, atol=1e-6)


def test_momentum_and_weight_decay():
    machine = tiny_machine(D, H, n_chains=6)
    batch = states(D)[[1, 2]].astype(np.float32)
    gradient, before = statistics_of(machine, batch, PLAIN)
    machine.weights_velocity[...] = 0.25
    ContrastiveDivergence(machine, PLAIN._replace(weight_decay=0.5), 2).update(batch, 0.1, 0.8)
    step = 0.8 * 0.25 - 0.1 * (gradient[0] + 0.5 * before.weights)
    np.testing.assert_allclose(machine.weights, before.weights + step, rtol=1e-5)


def test_sampled_data_have_the_right_mean():
    machine = tiny_machine(D, H, n_chains=2)
    batch = np.tile(np.array([0, 1, 0.25, 0.5], np.float32), (MANY, 1))
    update = ContrastiveDivergence(machine, PLAIN._replace(sample_data=True), MANY)
    update.update(batch, 0.0, 0.0)
    drawn = update._visible[:MANY]
    assert set(np.unique(drawn)) == {0, 1}
    np.testing.assert_allclose(drawn.mean(axis=0), batch[0], atol=5 * 0.5 / np.sqrt(MANY))


@pytest.mark.parametrize("density", [0.05, 0.9])
def test_row_list_multiplies_sparse_and_dense_tables(density):
    rng = np.random.default_rng(0)
    table = (rng.random((9, 20)) < density).astype(np.float32)
    rows, w, r = RowList(table), *(rng.normal(size=shape).astype(np.float32) for shape in ((20, 4), (9, 4)))
    rows.listed(0, 3)
    rows.listed(3, 9)
    up, back = np.empty((6, 4), np.float32), np.empty((20, 4), np.float32)
    rows.times(3, 9, w, up)
    rows.transposed_times(9, r, back)
    np.testing.assert_allclose(up, table[3:] @ w, atol=1e-5)
    np.testing.assert_allclose(back, table.T @ r, atol=1e-5)


def test_each_kernel_compiles_once():
    from dpmix.features import BernoulliRBM
    from dpmix.kernels import pseudo_likelihood, sparse_rows, units

    x = np.random.default_rng(0).random((40, 9)) < 0.3
    for values in (x, x.astype(float), x * 0.5):
        for changes in ({}, {"method": "cd"}, {"centering": "data", "sample_data": True}):
            rbm = BernoulliRBM(5, n_iter=1, batch_size=16, random_state=0, **changes).fit(values)
            rbm.score_samples(values)
            rbm.free_energy(values)
    kernels = [sparse_rows.list_rows, sparse_rows.list_columns, sparse_rows.combine_rows, units.sample_units]
    kernels += [units.sigmoid_array, units.add_softplus_sums, pseudo_likelihood.add_pixel_log_odds]
    assert {kernel.__name__: len(kernel.signatures) for kernel in kernels} == {k.__name__: 1 for k in kernels}
