"""Parts of a whole: pieces that take little time each, and elements that stand for all.

Long computations are cut into calls that return soon, as Python never interrupts a kernel.
"""

import time

import numpy as np

__all__ = ["evenly", "in_pieces"]

_WANTED = 0.05  # seconds that one call should take; the promise to users is 0.25


def evenly(n, most):
    """Indices of `most` of `n` elements, spread evenly with the first and the last among them; all if they are fewer.

    Examples
    --------
    >>> evenly(10, 4).tolist(), evenly(3, 4).tolist()
    ([0, 3, 6, 9], [0, 1, 2])
    """
    return np.linspace(0, n - 1, min(n, most)).round().astype(np.int64)


def in_pieces(call, stop, guess, start=0):
    """Call ``call(first, last)`` over consecutive pieces of ``range(start, stop)``.

    The first piece has `guess` elements; later ones are sized by the time that the last one took.
    A `call` may return the element at which it stopped short; it is then called from there.
    """
    first, step = start, max(1, guess)
    while first < stop:
        began = time.perf_counter()
        last = min(first + step, stop)
        reached = call(first, last)
        took = time.perf_counter() - began
        first = last if reached is None else reached
        step = max(1, min(2 * step, int(step * _WANTED / max(took, 1e-6))))
