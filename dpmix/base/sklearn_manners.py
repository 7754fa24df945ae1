"""Manners of scikit-learn that are shared by all estimators."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from dpmix.base.checks import MOST, check_count
from dpmix.base.errors import InputError, InputTypeError

__all__ = ["check_n_jobs", "input_errors", "refuses_weights", "seed_sequence"]

Method = TypeVar("Method", bound=Callable[..., Any])


class input_errors:
    """Inside this ``with`` block scikit-learn's errors about arguments become `InputError`."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, InputError) or error is None:
            return False
        if isinstance(error, TypeError):
            raise InputTypeError(str(error)) from error
        if isinstance(error, (ValueError, OverflowError)):  # the latter of integers beyond any dtype
            raise InputError(str(error)) from error
        return False


def refuses_weights(method: Method) -> Method:
    """Let a method of an estimator refuse `sample_weight` by name: without a parameter, as scikit-learn has it."""

    @functools.wraps(method)
    def unweighted(self, *args, sample_weight=None, **kwargs):
        if sample_weight is not None:
            raise InputTypeError(
                f"sample_weight cannot be given to {type(self).__name__}, where every row counts once; "
                "repeat rows, or leave it out"
            )
        return method(self, *args, **kwargs)

    return cast(Method, unweighted)


def check_n_jobs(n_jobs):
    """The number of processes or threads that scikit-learn's `n_jobs` stands for."""
    from joblib import effective_n_jobs

    if n_jobs is not None:
        check_count("n_jobs", n_jobs, low=-MOST)
    with input_errors():
        return effective_n_jobs(n_jobs)


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
