"""Manners of scikit-learn that are shared by all estimators."""

import numpy as np

from dpmix.base.checks import check_count

__all__ = ["seed_sequence"]


def seed_sequence(random_state):
    """The `numpy.random.SeedSequence` that scikit-learn's `random_state` stands for.

    None takes entropy from the operating system (the global generator is not touched), an int is
    the seed itself, and a generator gives numbers of its stream, which moves it on. InputError about
    anything else.
    """
    if random_state is None:
        return np.random.SeedSequence()
    if isinstance(random_state, np.random.Generator):
        return np.random.SeedSequence(random_state.integers(2**32, size=4).tolist())
    if isinstance(random_state, np.random.RandomState):
        return np.random.SeedSequence(random_state.randint(2**32, size=4, dtype=np.uint32).tolist())
    return np.random.SeedSequence(check_count("random_state", random_state, low=0, high=2**32 - 1))
