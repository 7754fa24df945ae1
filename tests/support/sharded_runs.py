"""Small runs over shards, which tests of executors and of clusters compare with one that nothing disturbed."""

import numpy as np

import dpmix
from dpmix.chain.schedule import Schedule

GIVEN = {
    "chains": 2,
    "sweeps": 8,
    "burn_in": 1,
    "thin": 3,
    "init": "random:20",
    "seed": 3,
    "shards": 3,
    "schedule": Schedule(6, 6, 4, round_sweeps=2),
    "progress": False,
}


def images(n):
    """Images of 20 pixels in eight groups, some pixels unobserved."""
    rng = np.random.default_rng(7)
    centres = rng.integers(0, 2, (8, 20))[np.arange(n) % 8]
    x = np.where(rng.random((n, 20)) < 0.1, 1 - centres, centres)
    return np.ma.MaskedArray(x, rng.random((n, 20)) < 0.05)


def sampled(n, **changes):
    """A run over `images`, most of which have a label; changes are arguments of `dpmix.sample`."""
    return dpmix.sample(images(n), labels=np.arange(n) % 3 - 1, **{**GIVEN, **changes})
