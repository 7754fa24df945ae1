"""Split-merge moves on two clusters at a time, exact by Metropolis-Hastings.

The frame is that of Jain and Neal (2004): two anchor images i and j are chosen; if they share a
cluster M it is proposed to be split, otherwise their clusters are proposed to be merged. A split
starts from a *launch*, a division of the members that depends on i, j and M alone, and ends with
one restricted Gibbs scan from it, whose probability enters the Hastings ratio; a merge pays for the
scan that would lead back. What is ours:

- The launch sends each member to the nearer anchor and then repeats *batch* reassignments, all
  members against the same counts, until nothing changes or `ROUNDS` are done. A single image's
  predictive is so flat in many dimensions that sequential allocation sends everything one way.
- Split or merge is chosen first, with equal probability, and the other cluster of a merge is
  drawn in proportion to W ** -6 with W its Ward distance, with that choice in the ratio.
- A merge that even a certain way back could not make acceptable is turned down before any launch.

With n_M members, q the probability of the pair's choice and P the scan's probability, a split of M
into A (with i) and B (with j) is accepted with probability min(1, r),

    r = p(x, split) / p(x, merged) * [q(B | A) / n_B] / [P / (n_M - 1)],

and the merge back with 1 / r.
"""

import math

import numpy as np

from dpmix.kernels.beta_bernoulli import cluster_at, log_gamma_terms, log_total, no_cluster
from dpmix.kernels.compile import inlined, kernel, outlined
from dpmix.kernels.partition import (
    add_counts,
    add_gaps,
    add_pixels,
    clear,
    list_members,
    merge_clusters,
    remove_counts,
    remove_gaps,
    remove_pixels,
    split_cluster,
)
from dpmix.kernels.records import Cluster
from dpmix.kernels.similarity import ward_increase, ward_increases
from dpmix.kernels.special import log_array

__all__ = ["ROUNDS", "merge", "split"]

ROUNDS = 10  # batch reassignments of a launch at the most
_POWER = 6.0  # how strongly a merge prefers similar clusters


@kernel
def _log_odds(i, offset, table, runs, work):
    """``offset`` plus what image `i` adds to the log odds of A by ``work.sums[table]``."""
    found, sums = offset, work.sums[table]
    for r in range(runs.offsets[i], runs.offsets[i + 1]):
        found += sums[runs.stops[r]] - sums[runs.starts[r]]
    return found


@outlined
def _log_odds_table(table, gone_a, gone_b, hyper, tables, work):
    """Prepare the log odds of side A over side B for `_log_odds`: fills ``work.sums[table]``, returns the offset.

    With ``gone_a`` (or ``gone_b``) 1 the odds are those of a member of A (or B), itself left out.
    """
    d, has_gaps = hyper.a.size, work.gaps.shape[1] > 0
    size_a, size_b = work.sizes[0] - gone_a, work.sizes[1] - gone_b
    offset = math.log(max(size_a, 1) / max(size_b, 1))
    if not has_gaps:  # before anything else is in ``tables.work``, which log_total may use
        offset += log_total(size_b, hyper, tables) - log_total(size_a, hyper, tables)
    ratios, logs, spare = tables.work[: 2 * d], tables.work[2 * d : 4 * d], tables.work[4 * d : 6 * d]
    for j in range(d):
        on_a, on_b, seen_a, seen_b = work.ones[0, j], work.ones[1, j], size_a, size_b
        if has_gaps:  # the values at 0, where no such member exists, cancel as in `refresh`
            seen_a, seen_b = max(size_a - work.gaps[0, j], 0), max(size_b - work.gaps[1, j], 0)
        p_a, q_a = hyper.a[j] + max(on_a - gone_a, 0), hyper.b[j] + max(seen_a - on_a, 0)
        p_b, q_b = hyper.a[j] + max(on_b - gone_b, 0), hyper.b[j] + max(seen_b - on_b, 0)
        ratios[j] = (p_a * q_b) / (q_a * p_b)
        ratios[d + j] = q_a / q_b
        if has_gaps:
            prior = hyper.a[j] + hyper.b[j]
            ratios[d + j] *= (prior + seen_b) / (prior + seen_a)
    log_array(ratios, logs, spare)
    total, gap_total = 0.0, 0.0
    for j in range(d):
        total += logs[j]
        work.sums[table, j + 1] = total
        gap_total += logs[d + j]
        if has_gaps:
            work.sums[table, d + 2 + j] = -gap_total
    _class_odds(table, gone_a, gone_b, hyper, work)
    return offset + gap_total


@outlined
def _class_odds(table, gone_a, gone_b, hyper, work):
    """Log odds of A over B that each label adds: fills the last rows of ``work.sums[table]``."""
    n_classes = work.classes.shape[1]
    all_a, all_b = -gone_a, -gone_b
    for label in range(n_classes):
        all_a += work.classes[0, label]
        all_b += work.classes[1, label]
    for label in range(n_classes):
        odds_a = (hyper.c + max(work.classes[0, label] - gone_a, 0)) / (hyper.c * n_classes + max(all_a, 0))
        odds_b = (hyper.c + max(work.classes[1, label] - gone_b, 0)) / (hyper.c * n_classes + max(all_b, 0))
        work.sums[table, work.sums.shape[1] - n_classes + label] = math.log(odds_a / odds_b)


@outlined
def _move(t, work, runs):
    """Move the member at place `t` to the other side."""
    image, side = work.members[t], work.sides[t]
    remove_counts(image, runs, work.ones[side], work.gaps[side], work.classes[side])
    add_counts(image, runs, work.ones[1 - side], work.gaps[1 - side], work.classes[1 - side])
    work.sizes[side] -= 1
    work.sizes[1 - side] += 1
    work.sides[t] = 1 - side


@outlined
def _start_from_anchors(i, j, m, runs, work):
    """Send each member to the nearer anchor in Hamming distance, ties to A; count both sides.

    With +1 for on, -1 for off and 0 for unobserved, an image x is nearer to i than to j where the sum of
    x (i - j) is positive; over the runs of x that is twice the part that is on plus the part that is
    unobserved less the whole.
    """
    d, has_gaps = work.ones.shape[1], work.gaps.shape[1] > 0
    signs = work.ones[0]  # cleared for its own use below
    clear(signs)
    for _ in range(2):  # on and unobserved pixels of i count 2 and 1, less everything: -1 where it is off
        add_pixels(i, runs, signs)
        remove_pixels(j, runs, signs)
    add_gaps(i, runs, signs)
    remove_gaps(j, runs, signs)
    total = 0.0
    for p in range(d):
        total += signs[p]
        work.sums[0, p + 1] = 2.0 * total
        if has_gaps:
            work.sums[0, d + 2 + p] = total
    for label in range(work.classes.shape[1]):
        work.sums[0, work.sums.shape[1] - 1 - label] = 0.0
    for side in range(2):
        work.sizes[side] = 0
        clear(work.ones[side])
        clear(work.gaps[side])
        clear(work.classes[side])
    for t in range(m):
        image = work.members[t]
        side = 0 if _log_odds(image, -total, np.int64(0), runs, work) >= 0.0 else 1
        if image == i:
            side = 0
        elif image == j:
            side = 1
        work.sides[t] = side
        work.sizes[side] += 1
        add_counts(image, runs, work.ones[side], work.gaps[side], work.classes[side])


@outlined
def _launch(i, j, m, runs, hyper, tables, work):
    """Divide the `m` members between the anchors: a function of i, j and the set of members alone."""
    _start_from_anchors(i, j, m, runs, work)
    for _ in range(ROUNDS):
        offset = _log_odds_table(np.int64(0), np.int64(0), np.int64(0), hyper, tables, work)
        n_moved = 0
        for t in range(m):
            image = work.members[t]
            side = 0 if _log_odds(image, offset, np.int64(0), runs, work) >= 0.0 else 1
            if side != work.sides[t] and image != i and image != j:
                _move(t, work, runs)
                n_moved += 1
        if n_moved == 0:
            break


@outlined
def _scan(i, j, m, generator, target, at_least, runs, hyper, tables, work):
    """One restricted Gibbs scan of the members but the anchors, from the launch in `work`.

    Without `target` (of length 0) sides are drawn; with it they are made to be `target`, and the
    scan gives up once the log probability falls below `at_least`.

    Returns
    -------
    log_probability : float
        Of the sides that were taken, nats; -inf where the scan gave up.
    """
    forced = target.size > 0
    log_probability = 0.0
    stale = True
    offset_a, offset_b = 0.0, 0.0
    for t in range(m):
        image = work.members[t]
        if image == i or image == j:
            continue
        if stale:
            offset_a = _log_odds_table(np.int64(0), np.int64(1), np.int64(0), hyper, tables, work)
            offset_b = _log_odds_table(np.int64(1), np.int64(0), np.int64(1), hyper, tables, work)
            stale = False
        side = work.sides[t]
        odds = _log_odds(image, offset_a if side == 0 else offset_b, side, runs, work)
        if forced:
            chosen = target[t]
        else:
            chosen = 0 if generator.random() < 1.0 / (1.0 + math.exp(min(-odds, 700.0))) else 1
        # log of 1 / (1 + exp(-odds)) for A, of 1 / (1 + exp(odds)) for B, without overflow
        against = -odds if chosen == 0 else odds
        log_probability -= max(against, 0.0) + math.log1p(math.exp(-abs(against)))
        if log_probability < at_least:
            return -math.inf
        if chosen != side:
            _move(t, work, runs)
            stale = True
    return log_probability


@kernel
def _log_choice(chosen, n_clusters, ward):
    """Log probability with which a merge chooses cluster `chosen`, given all increases in `ward`."""
    total = 0.0
    for c in range(n_clusters):
        total += (ward[chosen] / ward[c]) ** _POWER
    return -math.log(total)


@outlined
def _choose_partner(n_clusters, ward, generator):
    """Cluster drawn in proportion to ``ward ** -_POWER``."""
    smallest = math.inf
    for c in range(n_clusters):
        smallest = min(smallest, ward[c])
    total = 0.0
    for c in range(n_clusters):
        total += (smallest / ward[c]) ** _POWER
    target = total * generator.random()
    cumulative, chosen = 0.0, 0
    for c in range(n_clusters):
        weight = (smallest / ward[c]) ** _POWER
        if weight > 0.0:
            chosen = c
        cumulative += weight
        if cumulative > target:
            return c
    return chosen


@kernel
def _add_counts_of(other, times, one):
    """Add the counts of a cluster, `times` as often, to those of another."""
    for j in range(one.ones.size):
        one.ones[j] += times * other.ones[j]
    for j in range(one.gaps.size):
        one.gaps[j] += times * other.gaps[j]
    for j in range(one.classes.size):
        one.classes[j] += times * other.classes[j]


@outlined
def _log_split_gain(one, other, hyper, partition, tables):
    """Log of p(x, split) / p(x, merged) for two clusters, nats (Jain and Neal 2004, equation 3.4).

    The counts of the first are those of both for a moment.
    """
    nothing, both = no_cluster(partition), Cluster(one.size + other.size, one.ones, one.gaps, one.classes)
    gain = log_gamma_terms(one, hyper, tables.work) + log_gamma_terms(other, hyper, tables.work)
    _add_counts_of(other, np.int64(1), one)
    gain -= log_gamma_terms(both, hyper, tables.work) + log_gamma_terms(nothing, hyper, tables.work)
    _add_counts_of(other, np.int64(-1), one)
    return (
        gain
        + math.log(hyper.alpha)
        + math.lgamma(one.size)
        + math.lgamma(other.size)
        - math.lgamma(both.size)
    )


@inlined
def _side(side, work):
    """The counts of one side."""
    return Cluster(work.sizes[side], work.ones[side], work.gaps[side], work.classes[side])


@kernel
def split(n_clusters, generator, runs, hyper, partition, tables, work):
    """Propose to split the cluster of a random image; returns the number of clusters afterwards.

    Parameters
    ----------
    generator : numpy.random.Generator
        The number of uniforms that a proposal needs is not known beforehand, so they are drawn here.
    runs, hyper, partition, tables : records of `dpmix.kernels.records`
    work : dpmix.kernels.records.SplitMergeWork
        As partition and tables, changed in place; at least two slots must be free.
    """
    i = int(generator.random() * partition.z.size)
    k = partition.z[i]
    m = list_members(k, k, partition.z, work.members)
    if m < 2:
        return n_clusters
    rank = int(generator.random() * (m - 1))
    j = work.members[rank]
    if j >= i:  # the one of this rank among the members but i
        j = work.members[rank + 1]
    _launch(i, j, m, runs, hyper, tables, work)
    log_scan = _scan(i, j, m, generator, work.target[:0], -math.inf, runs, hyper, tables, work)
    gain = _log_split_gain(_side(np.int64(0), work), _side(np.int64(1), work), hyper, partition, tables)
    log_ratio = gain - log_scan + math.log(m - 1) - math.log(work.sizes[1])
    threshold = math.log(1.0 - generator.random())
    if not log_ratio >= threshold:  # the probability of the choice, at most 1, can only make it worse
        return n_clusters
    ward_increases(work.sizes[0], work.ones[0], k, n_clusters, partition, work.ward)
    work.ward[k] = ward_increase(work.sizes[0], work.ones[0], work.sizes[1], work.ones[1])
    if not log_ratio + _log_choice(k, n_clusters, work.ward) >= threshold:
        return n_clusters
    return split_cluster(k, m, n_clusters, hyper, partition, tables, work)


@kernel
def merge(n_clusters, generator, runs, hyper, partition, tables, work):
    """Propose to merge the cluster of a random image with another one.

    Returns the number of clusters afterwards. Parameters are those of `split`.
    """
    i = int(generator.random() * partition.z.size)
    if n_clusters < 2:
        return n_clusters
    k = partition.z[i]
    sizes, ones = partition.sizes, partition.ones
    ward_increases(sizes[k], ones[k], k, n_clusters, partition, work.ward)
    other = _choose_partner(n_clusters, work.ward, generator)
    gain = _log_split_gain(cluster_at(k, partition), cluster_at(other, partition), hyper, partition, tables)
    threshold = math.log(1.0 - generator.random())
    u = generator.random()
    m = sizes[k] + sizes[other]
    log_rest = math.log(sizes[other]) - math.log(m - 1) - gain - _log_choice(other, n_clusters, work.ward)
    if not log_rest >= threshold:  # not even if the scan back were certain
        return n_clusters
    list_members(k, other, partition.z, work.members)
    rank, j = int(u * sizes[other]), i
    for t in range(m):
        work.target[t] = 0 if partition.z[work.members[t]] == k else 1
        if work.target[t] == 1:
            if rank == 0:
                j = work.members[t]
            rank -= 1
    _launch(i, j, m, runs, hyper, tables, work)
    at_least = threshold - log_rest
    if not _scan(i, j, m, generator, work.target, at_least, runs, hyper, tables, work) >= at_least:
        return n_clusters
    return merge_clusters(k, other, n_clusters, hyper, partition, tables)
