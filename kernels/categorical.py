"""Draws of an index in proportion to weights given as logarithms.

The rule, of which both functions are forms: with weights relative to the largest, the draw for a
uniform u in [0, 1) is the first index whose cumulative weight exceeds u times the total. Where
rounding leaves none, it is the last index of positive weight, so the result always has some.
"""

import math

import numpy as np

from dpmix.kernels.compile import kernel, outlined

__all__ = ["draw", "score_floor", "screen"]

_CUT = 45.0  # nats below the best at which a weight, exp(-45) = 3e-20, no longer moves a double


@kernel
def score_floor(best, scale, tolerance):
    """The score that an index must exceed to have any chance beside one of score `best`, in units."""
    # In 64 bits, then clipped: the floor may lie below what 32 bits hold.
    floor = np.int64(best) - np.int64((_CUT + 2.0 * tolerance) * scale)
    return np.int32(max(floor, np.int64(-2147483647)))


@kernel
def contender_floor(scores, n, scale, tolerance):
    """The best of ``scores[:n]`` and the score that an index must exceed to have any chance, in units."""
    best = scores[0]
    for k in range(n):
        best = max(best, scores[k])
    return best, score_floor(best, scale, tolerance)


@outlined
def draw(u, log_weights, n):
    """Index of ``log_weights[:n]`` drawn by the uniform `u`; at least one must be finite."""
    best = -math.inf
    for k in range(n):
        best = max(best, log_weights[k])
    total = 0.0
    for k in range(n):
        total += math.exp(log_weights[k] - best)
    target = u * total
    cumulative, chosen = 0.0, 0
    for k in range(n):
        weight = math.exp(log_weights[k] - best)
        if weight > 0.0:
            chosen = k
        cumulative += weight
        if cumulative > target:
            return k
    return chosen


@outlined
def screen(u, scores, n, favourite, scale, tolerance):
    """Index that `draw` would give for the exact scores, or -1 where rounding leaves it open.

    Parameters
    ----------
    u : float in [0, 1)
    scores : (capacity,) int32, units of 1 / `scale` nat, the first `n` taken part
    favourite : int, the index looked at first (the usual winner)
    tolerance : float, largest error of any score in nats
    """
    best, floor = contender_floor(scores, n, scale, tolerance)
    contenders = 0
    for k in range(n):
        contenders += scores[k] > floor
    if contenders == 1:
        if scores[favourite] == best:
            return favourite
        for k in range(n):
            if scores[k] == best:
                return k
    total = 0.0
    for k in range(n):
        if scores[k] > floor:
            total += math.exp((np.int64(scores[k]) - best) / scale)
    # Each weight is off by a factor within exp(+-tolerance), a cumulative share within exp(+-2 tolerance).
    margin = 2.0 * tolerance * (1.0 + 2.0 * tolerance) + 1e-12
    cumulative, chosen, passed = 0.0, -1, 0
    for k in range(n):
        if scores[k] > floor:
            cumulative += math.exp((np.int64(scores[k]) - best) / scale)
            share = cumulative / total
            passed += 1
            if abs(share - u) <= margin and passed < contenders:  # behind the last one there is no choice
                return -1
            if share > u and chosen < 0:
                chosen = k
    return chosen
