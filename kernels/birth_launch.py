"""The launch of a birth: a new cluster made up around one image, as `dpmix.kernels.birth_death` proposes it.

A launch is a function of the partition S, the image and the number of seeds alone, so that the death which
undoes a birth finds the same one; which function does not matter to what is right, only to what is taken.
So it may leave out whoever is far from joining, and give up where the new cluster costs more than a scan can
make good: both are rules of the launch, and births that they forbid are never undone by a death either.

While images join and leave, homes are not touched. The new cluster is *sketched*: its size is kept, and for
each place in the tables how many of its members' runs start there less how many stop, 2 additions a run; one
pass over the pixels makes counts of it. Only a launch that is worth a scan is carried out.
"""

import math

import numpy as np

from dpmix.kernels.beta_bernoulli import cluster_at, exact_score, log_gamma_terms, no_cluster, refresh
from dpmix.kernels.compile import kernel, outlined
from dpmix.kernels.partition import add_gaps, add_image, add_pixels, clear, empty_slot, remove_image
from dpmix.kernels.scores import cluster_score, own_score, rough_score, score_roughly

__all__ = ["launch", "place", "refresh_touched", "withdraw"]

NEIGHBOURS = 32  # clusters from which a new one may take images
ROUNDS = 8  # batch reassignments of a launch at the most
_FAR = 60.0  # nats by which those who stay at home may be better off there and remain candidates
_HOPELESS = 60.0  # nats that a launch may cost; beyond, no birth is proposed from it
_LEAST = np.int16(-32768)


@outlined
def _candidates(i, born, n_slots, runs, partition, tables, work):
    """Members of the clusters that predict image `i` best: fills ``work.members[:m]``, returns m.

    Slot `born` is left out. Clusters that tie with the last one taken are taken too, so that the
    result does not depend on the order of the slots.
    """
    scores = tables.rough_scores
    home = partition.z[i]
    score_roughly(i, born, n_slots, runs, tables)
    scores[home] = max(rough_score(own_score(i, home, runs, tables), tables), np.int64(_LEAST))
    floor = np.int64(32768)
    for _ in range(NEIGHBOURS):
        best = np.int64(_LEAST)
        for k in range(n_slots):
            if scores[k] < floor:
                best = max(best, np.int64(scores[k]))
        if best == _LEAST:
            break
        floor = best
    m = 0
    for image in range(partition.z.size):
        k = partition.z[image]
        if k == home or scores[k] >= floor:
            work.members[m] = image
            m += 1
    return m


@outlined
def _measure(i, m, runs, partition, tables, work):
    """Home of each of the `m` candidates, its score there, and the pixels in which it differs from image `i`.

    Distances count the pixels observed in both images in which they differ: of a candidate's on-pixels
    those off in i, and the pixels on in i less those among the candidate's on-pixels and gaps.
    """
    d, has_gaps = partition.ones.shape[1], partition.gaps.shape[1] > 0
    on, gaps, turns = work.ones, work.gaps, work.turns
    clear(on)
    clear(gaps)
    clear(turns)  # labels have no part in the distance
    add_pixels(i, runs, on)
    add_gaps(i, runs, gaps)
    turned, weight = 0, 0
    for p in range(d):
        weight += on[p]
        turned += 1 - 2 * on[p]  # turning pixel p on: -1 where i is on, 1 where it is off
        if has_gaps:
            turned -= gaps[p]
            turns[d + 2 + p] = -weight
        turns[p + 1] = turned
    for t in range(m):
        image = work.members[t]
        home = partition.z[image]
        row, score, distance = tables.own_table[home], np.int64(tables.own_base[home]), weight
        for r in range(runs.offsets[image], runs.offsets[image + 1]):
            start, stop = runs.starts[r], runs.stops[r]
            score += row[stop] - row[start]
            distance += turns[stop] - turns[start]
        work.homes[t], work.own[t], work.distances[t] = home, np.int32(score), distance


@outlined
def _reach(n_seeds, m, d, work):
    """The distance within which there are `n_seeds` candidates, or all."""
    counts = work.counts
    clear(counts)
    for t in range(m):
        counts[work.distances[t]] += 1
    reach, within = 0, counts[0]
    while within < n_seeds and reach < d:
        reach += 1
        within += counts[reach]
    return reach


@outlined
def place(t, side, born, runs, partition, work):
    """Count candidate `t` in the new cluster (side 1) or at home (side 0)."""
    image = work.members[t]
    remove_image(image, runs, partition)
    add_image(image, born if side == 1 else work.homes[t], runs, partition)
    work.sides[t] = side


@kernel
def _sketch(t, side, born, runs, partition, work):
    """Let candidate `t` join the new cluster (side 1) or leave it while a launch goes on.

    Sizes are true at once, pixels and gaps of the new cluster after `_count_sketch`; homes count all of theirs.
    """
    image, sign = work.members[t], 2 * side - 1
    partition.sizes[born] += sign
    partition.sizes[work.homes[t]] -= sign
    if partition.classes.shape[1] > 0 and runs.labels[image] >= 0:
        partition.classes[born, runs.labels[image]] += sign
    for r in range(runs.offsets[image], runs.offsets[image + 1]):
        work.edges[runs.starts[r]] += sign
        work.edges[runs.stops[r]] -= sign
    work.sides[t] = side


@outlined
def _count_sketch(born, partition, work):
    """Count pixels and gaps of the new cluster from where the runs of its members start and stop."""
    d, n_gaps = partition.ones.shape[1], partition.gaps.shape[1]
    found = np.int32(0)
    for p in range(d):
        found += work.edges[p]
        partition.ones[born, p] = found
    found = np.int32(0)
    for p in range(n_gaps):
        found += work.edges[d + 1 + p]
        partition.gaps[born, p] = found


@outlined
def refresh_touched(n_slots, hyper, partition, tables, work):
    """Rebuild the tables of the clusters that are marked."""
    for k in range(n_slots):
        if work.touched[k]:
            refresh(k, hyper, partition, tables)


@outlined
def launch(i, n_seeds, born, n_slots, runs, hyper, partition, tables, work):
    """Make up a new cluster around image `i` in the empty slot `born`, from the partition S.

    Returns the number of candidates m, and counts, ``z`` and tables hold the launch; or 0 where no birth is
    to be, since nobody joins or it would be hopeless, and all but the tables of `born` is as it was.
    """
    m = _candidates(i, born, n_slots, runs, partition, tables, work)
    _measure(i, m, runs, partition, tables, work)
    reach = _reach(n_seeds, m, hyper.a.size, work)
    clear(work.edges)
    clear(work.touched)
    for t in range(m):
        work.sides[t] = 0
        if work.members[t] == i:
            _sketch(t, np.int64(1), born, runs, partition, work)
    for t in range(m):  # nobody leaves a home empty
        joins = work.distances[t] <= reach and partition.sizes[work.homes[t]] > 1
        if joins and work.members[t] != i:
            _sketch(t, np.int64(1), born, runs, partition, work)
    for _ in range(ROUNDS):
        _count_sketch(born, partition, work)
        refresh(born, hyper, partition, tables)
        m, n_moved = _reassign(i, m, born, runs, partition, tables, work)
        if n_moved == 0 or partition.sizes[born] == 1:
            break
    if not _carry_out(m, born, runs, hyper, partition, tables, work) >= -_HOPELESS:
        withdraw(m, born, runs, partition, work)
        return np.int64(0)
    refresh(born, hyper, partition, tables)
    refresh_touched(n_slots, hyper, partition, tables, work)
    return m


@outlined
def _carry_out(m, born, runs, hyper, partition, tables, work):
    """Move who joined in the sketch: counts and ``z`` become true, homes that lose one are marked.

    Returns
    -------
    log_gain : float
        Log of p(x, launch) / p(x, S), nats, in double precision; -inf where nobody joined.
    """
    size, log_gain = partition.sizes[born], math.log(hyper.alpha)
    for t in range(m):
        if work.sides[t] == 1:
            partition.sizes[work.homes[t]] += 1
    empty_slot(born, partition)
    for t in range(m):
        if work.sides[t] == 1:
            image, home = work.members[t], work.homes[t]
            work.touched[home] = True
            remove_image(image, runs, partition)
            if size > 1:
                log_gain -= exact_score(image, home, np.bool_(False), runs, hyper, partition, tables)
            add_image(image, born, runs, partition)
    if size == 1:
        return -math.inf
    log_gain += log_gamma_terms(cluster_at(born, partition), hyper, tables.work) + math.lgamma(size)
    return log_gain - log_gamma_terms(no_cluster(partition), hyper, tables.work)


@outlined
def withdraw(m, born, runs, partition, work):
    """Send everybody in the new cluster home; tables are left as they are."""
    for t in range(m):
        if work.sides[t] == 1:
            place(t, np.int64(0), born, runs, partition, work)


@outlined
def _reassign(i, m, born, runs, partition, tables, work):
    """Give each of the `m` candidates but `i` the better of the new cluster and its home in S.

    Those that stay at home and are more than `_FAR` nats better off there are candidates no longer.

    Returns
    -------
    m : int
        The number of candidates that are left.
    n_moved : int
    """
    far = np.int64(_FAR * tables.scale)
    kept, n_moved = 0, 0
    for t in range(m):
        image, home, side = work.members[t], work.homes[t], work.sides[t]
        if side == 1:
            gain = np.int64(own_score(image, born, runs, tables)) - work.own[t]
        else:
            gain = np.int64(cluster_score(image, born, runs, tables)) - work.own[t]
        joins = image == i or (gain > 0 and (side == 1 or partition.sizes[home] > 1))
        if not joins and gain < -far and side == 0:
            continue
        work.members[kept], work.homes[kept] = image, home
        work.own[kept], work.sides[kept] = work.own[t], side
        if joins != (side == 1):
            _sketch(kept, np.int64(joins), born, runs, partition, work)
            n_moved += 1
        kept += 1
    return kept, n_moved
