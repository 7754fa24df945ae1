"""Where training comes to rest: at a machine that is known, or, with probabilities for visible units, beside it.

The data are drawn from a machine of 6 visible and 3 hidden units, from whose parameters training starts. Over all
64 states the divergence KL(data || trained) is exact; parameters are means over the last quarter of the updates.
"""

import numpy as np
import pytest

from dpmix.features.boltzmann.contrastive import ContrastiveDivergence, Machine, Settings

D, H, BATCH, UPDATES, RATE = 6, 3, 1000, 8000, 0.05
STATES = (np.arange(2**D)[:, None] >> np.arange(D) & 1).astype(np.float32)

pytestmark = pytest.mark.slow


def known_parameters():
    rng = np.random.default_rng(1)
    return rng.normal(0, 1.5, (D, H)), rng.normal(0, 0.7, D), rng.normal(0, 0.7, H)


def log_probabilities(weights, visible_bias, hidden_bias):
    """Log probability of each of `STATES`, (64,)."""
    found = STATES @ visible_bias + np.logaddexp(0, STATES @ weights + hidden_bias).sum(axis=1)
    return found - np.logaddexp.reduce(found)


def divergence(persistent, sampled, n_gibbs, seed):
    """KL(data || trained), nats, after training from the machine that the data are from."""
    truth, rng = log_probabilities(*known_parameters()), np.random.default_rng(seed)
    machine = Machine.start(np.full(D, 0.5), H, BATCH, np.random.SeedSequence(seed))
    parts = [machine.weights, machine.visible_bias, machine.hidden_bias]
    for part, known in zip(parts, known_parameters(), strict=True):
        part[...] = known
    updates = ContrastiveDivergence(
        machine, Settings(persistent, n_gibbs, False, sampled, 0.0, None, 0.1, None), BATCH
    )
    sums = [np.zeros(part.shape) for part in parts]
    for update in range(UPDATES):
        batch = STATES[rng.choice(2**D, BATCH, p=np.exp(truth))]
        updates.update(batch, RATE if update < UPDATES / 2 else RATE / 10, 0.0)
        if update >= UPDATES * 3 // 4:
            for total, part in zip(sums, parts, strict=True):
                total += part
    found = log_probabilities(*(total / (UPDATES // 4) for total in sums))
    return float(np.exp(truth) @ (truth - found))


@pytest.mark.parametrize(("persistent", "n_gibbs"), [(True, 1), (False, 1), (False, 5)])
def test_samples_leave_the_machine_where_it_is(persistent, n_gibbs):
    assert divergence(persistent, True, n_gibbs, 0) < 0.002


@pytest.mark.parametrize("n_gibbs", [1, 5])
def test_probabilities_draw_it_away(n_gibbs):
    """0.16 and 0.15 nats, as the docstring of `BernoulliRBM` says; more steps are no cure."""
    assert divergence(False, False, n_gibbs, 0) == pytest.approx(0.155, abs=0.01)
