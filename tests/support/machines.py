"""Tiny Boltzmann machines whose every state can be summed, for tests of the extractors."""

import numpy as np

from dpmix.features import BernoulliRBM
from dpmix.features.boltzmann.contrastive import Machine


def states(k):
    """All 2**k states of k binary units, (2**k, k)."""
    return (np.arange(2**k)[:, None] >> np.arange(k) & 1).astype(float)


def tiny_machine(d, h, scale=1.0, n_chains=1, seed=0):
    """A machine of d visible and h hidden units with random parameters."""
    rng = np.random.default_rng(seed)
    machine = Machine.start(np.full(d, 0.5), h, n_chains, np.random.SeedSequence(seed))
    for values in (machine.weights, machine.visible_bias, machine.hidden_bias):
        values[...] = rng.normal(0, scale, values.shape)
    return machine


def as_rbm(machine):
    """A fitted `BernoulliRBM` with the parameters of `machine`."""
    d, h = machine.weights.shape
    rbm = BernoulliRBM(h, n_iter=1, monitor_size=0, random_state=0).fit(np.eye(d))
    machine.chains = rbm.h_samples_
    rbm._adopt(machine)
    return rbm


def joint(machine):
    """Probability (2**d, 2**h) of every pair of visible and hidden state, and log Z."""
    w, b, c = (part.astype(float) for part in (machine.weights, machine.visible_bias, machine.hidden_bias))
    v, h = states(len(b)), states(len(c))
    log_p = v @ w @ h.T + (v @ b)[:, None] + h @ c
    log_z = np.logaddexp.reduce(log_p, axis=None)
    return np.exp(log_p - log_z), log_z
