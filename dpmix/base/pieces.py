"""Cutting long computations into calls that return soon: Python never interrupts a kernel."""

import time

__all__ = ["in_pieces"]

_WANTED = 0.05  # seconds that one call should take; the promise to users is 0.25


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
