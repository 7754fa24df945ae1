"""Scores of an image against clusters, read from the tables, and the few clusters that can win.

A score in full, in int32, costs 2 loads per run of the image. Against all clusters it is taken in rough
units of int16 first, for 32 clusters at a time, and then in full where the rough one leaves a chance.

Rough scores decide nothing. With r runs, a rough score is the sum of 2 r + 1 numbers that were each rounded by
half a rough unit at the most, so it is within r + 1/2 rough units of the score, modulo 2**16: whoever can win
has a rough score that is at most that much below the floor. `offset` places the largest score that there can
be at the upper end of 16 bits. A score that lies more than 2**16 rough units below it comes round to some other
value, and may be taken for a good one; it is then found out in full. That costs time, and no chain does it
often: the range of 16 bits is chosen (`dpmix.chain.state`) to be several nats per pixel.
"""

import math

import numpy as np

from dpmix.kernels.categorical import score_floor
from dpmix.kernels.compile import kernel
from dpmix.kernels.records import LANES

__all__ = [
    "NEVER",
    "cluster_score",
    "find_contenders",
    "is_settled",
    "own_score",
    "rough_score",
    "score_roughly",
]

NEVER = np.int32(-2147483648)  # the score of a cluster that is ruled out
_LEAST, _MOST = np.int16(-32768), np.int16(32767)
_ROUNDING = 1e-12  # of shares in double precision, and the weight of those who are no contenders, with room


@kernel
def cluster_score(i, k, runs, tables):
    """Score of image `i` against the one cluster `k`, of which it is no member, in units."""
    row = tables.table[k]
    total = tables.base[k]
    for r in range(runs.offsets[i], runs.offsets[i + 1]):
        total += row[runs.stops[r]] - row[runs.starts[r]]
    return np.int32(total)


@kernel
def own_score(i, k, runs, tables):
    """Score of image `i` against its own cluster `k` with itself left out, in units."""
    row = tables.own_table[k]
    total = tables.own_base[k]
    for r in range(runs.offsets[i], runs.offsets[i + 1]):
        total += row[runs.stops[r]] - row[runs.starts[r]]
    return np.int32(total)


@kernel
def rough_score(score, tables):
    """A score in rough units, rounded down."""
    return (np.int64(score) >> tables.shift) - tables.offset


@kernel
def _best_of_groups(width, scores, tops):
    """The largest of ``scores[:width]``; fills ``tops`` with that of each group of LANES."""
    best = _LEAST
    for group in range(width // LANES):
        top, members = _LEAST, scores[group * LANES : (group + 1) * LANES]
        for k in range(LANES):
            top = max(top, members[k])
        tops[group] = top
        best = max(best, top)
    return best


@kernel
def score_roughly(i, apart, n_slots, runs, tables):
    """Rough scores of image `i` against slots 0 to `n_slots` - 1: fills ``tables.rough_scores[:n_slots]``.

    Slot `apart`, any below the capacity, and up to the next multiple of LANES those behind the last one get
    the least number. ``tables.tops`` becomes the largest of each group of LANES slots.

    Returns
    -------
    best : int
        The largest of all.
    """
    table, base, out = tables.rough_table, tables.rough_base, tables.rough_scores
    width = (n_slots + LANES - 1) // LANES * LANES
    for k in range(width):
        out[k] = base[k]
    r, last = runs.offsets[i], runs.offsets[i + 1]
    # Four runs at a time: eight rows are loaded for one load and one store of `out`.
    while r + 4 <= last:
        up0, up1 = table[runs.stops[r]], table[runs.stops[r + 1]]
        up2, up3 = table[runs.stops[r + 2]], table[runs.stops[r + 3]]
        down0, down1 = table[runs.starts[r]], table[runs.starts[r + 1]]
        down2, down3 = table[runs.starts[r + 2]], table[runs.starts[r + 3]]
        for k in range(width):
            out[k] += ((up0[k] - down0[k]) + (up1[k] - down1[k])) + (
                (up2[k] - down2[k]) + (up3[k] - down3[k])
            )
        r += 4
    while r < last:
        up0, down0 = table[runs.stops[r]], table[runs.starts[r]]
        for k in range(width):
            out[k] += up0[k] - down0[k]
        r += 1
    for k in range(n_slots, width):
        out[k] = _LEAST
    out[apart] = _LEAST
    return _best_of_groups(width, out, tables.tops)


@kernel
def _rough_floor(i, best, tolerance, runs, tables):
    """The rough score that a contender beside one of score `best` has at least."""
    n_runs = runs.offsets[i + 1] - runs.offsets[i]
    if n_runs > tables.most_runs:
        return np.int64(_LEAST)
    return rough_score(score_floor(best, tables.scale, tolerance), tables) - n_runs


@kernel
def is_settled(i, u, own, own_units, n_slots, rough_best, tolerance, runs, tables):
    """Whether the uniform `u` leaves image `i` in its cluster whatever the scores of the others are in full.

    The image stays if u lies, in shares of the total weight, above all that clusters before its own can have
    and below 1 less all that those behind can have; no cluster has more than its rough score and the largest
    rounding error say. Parameters are those of `find_contenders`, for which False leaves the answer.
    """
    n_runs = runs.offsets[i + 1] - runs.offsets[i]
    # What a cluster's score in full can exceed its rough score by is counted in, and that of the image's own.
    top = np.int64(rough_best)
    highest = ((top + tables.offset + n_runs + 1) << tables.shift) - np.int64(own_units)
    if highest >= 0 or n_runs > tables.most_runs:
        return False
    nats = (1 << tables.shift) / tables.scale
    best_nats = highest / tables.scale + 2.0 * tolerance
    floor, before, behind = _rough_floor(i, own_units, tolerance, runs, tables), _ROUNDING, _ROUNDING
    for group in range((n_slots + LANES - 1) // LANES):
        if tables.tops[group] < floor:
            continue
        for k in range(group * LANES, (group + 1) * LANES):
            if tables.rough_scores[k] >= floor:
                weight = math.exp(best_nats - nats * (top - tables.rough_scores[k]))
                before += weight if k < own else 0.0
                behind += weight if k > own else 0.0
    return before <= u and behind < 1.0 - u


@kernel
def _first_with(rough, tables):
    """The first slot with this rough score."""
    group = 0
    while tables.tops[group] != rough:
        group += 1
    k = group * LANES
    while tables.rough_scores[k] != rough:
        k += 1
    return k


@kernel
def find_contenders(i, apart, apart_score, n_slots, rough_best, tolerance, runs, tables):
    """Find the slots below `n_slots` of which image `i` may draw one: fills ``tables.contenders[:m]``.

    They come in order, with their scores in ``tables.scores[:m]``: all above the floor that the best
    score and `tolerance` set (`dpmix.kernels.categorical.score_floor`). `score_roughly` was called before.

    Parameters
    ----------
    apart : int
        A slot below the capacity whose score is `apart_score`, not what the tables say: the image's own, or one
        that is ruled out.
    apart_score : int
        In units; NEVER rules the slot out.
    rough_best : int
        What `score_roughly` returned.
    tolerance : float
        Largest rounding error of a score, nats.

    Returns
    -------
    m : int
    """
    rough, tops, groups = tables.rough_scores, tables.tops, (n_slots + LANES - 1) // LANES
    best, guess, guess_score = apart_score, np.int64(-1), NEVER
    if best == NEVER or rough_best > rough_score(best, tables):  # a good floor spares many scores in full
        guess = _first_with(rough_best, tables)
        if guess < n_slots and guess != apart:
            guess_score = cluster_score(i, guess, runs, tables)
        best = max(best, guess_score)
    if apart_score != NEVER:
        rough[apart] = tops[apart // LANES] = _MOST
    rough_floor = _rough_floor(i, best, tolerance, runs, tables)
    m = 0
    for group in range(groups):
        if tops[group] < rough_floor:
            continue
        for k in range(group * LANES, min((group + 1) * LANES, n_slots)):
            if rough[k] >= rough_floor:
                score = apart_score if k == apart else guess_score
                if k != apart and k != guess:
                    score = cluster_score(i, k, runs, tables)
                tables.contenders[m], tables.scores[m] = k, score
                best = max(best, score)
                m += 1
    return _above(score_floor(best, tables.scale, tolerance), m, tables)


@kernel
def _above(floor, m, tables):
    """Keep those of the first `m` contenders whose score exceeds `floor`; returns how many."""
    kept = 0
    for t in range(m):
        if tables.scores[t] > floor:
            tables.contenders[kept], tables.scores[kept] = tables.contenders[t], tables.scores[t]
            kept += 1
    return kept
