"""Threads of the BLAS during a training: as many as `n_jobs` says, and one where it says nothing.

The products of a mini-batch are small. On two cores shared with other programs, one pass over 6,000 images of
MNIST in an autoencoder of 500, 64 and 500 units took 0.32 CPU seconds with one thread and 2.8 with two, which wait
for each other, and none of the six trainings of ``benchmarks/threads.py`` was faster with two. Sums
in another order also change the last bits of what is learnt: with one thread they are the same on any number of
cores.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from threadpoolctl import ThreadpoolController

from dpmix.base.sklearn_manners import check_n_jobs

__all__ = ["on_n_jobs"]

Method = TypeVar("Method", bound=Callable[..., Any])


def on_n_jobs(method: Method) -> Method:
    """Let a method of an estimator compute on as many threads as its parameter `n_jobs` says."""

    @functools.wraps(method)
    def limited(self, *args, **kwargs):
        with _controller().limit(limits=_allowed(check_n_jobs(self.n_jobs)), user_api="blas"):
            return method(self, *args, **kwargs)

    return cast(Method, limited)


@functools.cache
def _controller():
    return ThreadpoolController().select(user_api="blas")  # to look for libraries takes milliseconds


def _allowed(n_threads):
    """So many threads, or fewer where the environment, or a worker of ours, allows no more."""
    return min([n_threads, *(library["num_threads"] for library in _controller().info())])
