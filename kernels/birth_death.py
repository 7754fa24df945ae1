"""Birth and death of a cluster whose members come from, and go to, several others.

Splitting one cluster seldom pays in hundreds of dimensions: the new cluster that raises the joint
density takes a few images from each of many neighbours. A *birth* proposes just that, a *death* its
reverse, with the Metropolis-Hastings ratio of the pair, so the posterior is left invariant.

Birth, from a partition S of k clusters: draw an image i and a number of seeds. The candidates are
all members of the `NEIGHBOURS` clusters that predict i best. The *launch* gives the new cluster i and
the seeds (the candidates nearest to i), then repeats batch reassignments in which each candidate
takes the better of its own cluster, as it is in S, and the new one. A restricted Gibbs scan
follows, in which each candidate chooses between the two; its probability P_scan enters the ratio.
Death, from k + 1 clusters: draw a cluster and a member i of it; the members, in order, go to the
other clusters by one sequential Gibbs allocation, of probability P_back. With n_b members in the
new cluster a birth is accepted with probability min(1, r),

    r = p(x, after) / p(x, before) * [P_back / ((k + 1) n_b)] / [P_scan / n],

and the death that undoes it with 1 / r. All of launch and candidates depend on S, i and the number
of seeds alone, whose distribution is fixed, so the reverse of a move can be computed from where it
would start. Probabilities of proposals come from the fixed-point tables: they need not be those of
the model, only the same in both directions. The idea of proposing a cluster by restricted Gibbs
scans is Jain and Neal's (2004); that of a smart birth paired with a simple death is in the spirit
of Wang and Russell (2015).
"""

import math

import numpy as np

from dpmix.kernels.beta_bernoulli import (
    cluster_at,
    column_score,
    exact_score,
    log_gamma_terms,
    no_cluster,
    own_score,
    refresh,
    score_image,
)
from dpmix.kernels.categorical import contender_floor, draw
from dpmix.kernels.compile import kernel
from dpmix.kernels.partition import (
    add_gaps,
    add_image,
    add_pixels,
    clear,
    empty_slot,
    fill_slot,
    list_members,
    remove_image,
)

__all__ = ["birth", "death"]

NEIGHBOURS = 16  # clusters from which a new one may take images
ROUNDS = 8  # batch reassignments of a launch at the most
_LEAST_SEEDS_LOG2, _SEED_SIZES = 4, 5  # 16, 32, 64, 128 or 256 seeds
_NEVER = np.int32(-2147483648)


@kernel
def _candidates(i, born, n_slots, runs, partition, tables, work):
    """Members of the clusters that predict image `i` best: fills ``work.members[:m]``, returns m.

    Slot `born` is left out. Clusters that tie with the last one taken are taken too, so that the
    result does not depend on the order of the slots.
    """
    scores = tables.scores
    home = partition.z[i]
    score_image(i, n_slots, runs, tables, scores)
    scores[home] = own_score(i, home, runs, tables)
    if born < n_slots:
        scores[born] = _NEVER
    floor = np.int64(2147483647)
    for _ in range(NEIGHBOURS):
        best = np.int64(_NEVER)
        for k in range(n_slots):
            if scores[k] < floor:
                best = max(best, np.int64(scores[k]))
        if best == _NEVER:
            break
        floor = best
    m = 0
    for image in range(partition.z.size):
        k = partition.z[image]
        if k == home or scores[k] >= floor:
            work.members[m] = image
            m += 1
    return m


@kernel
def _seed(i, n_seeds, m, d, has_gaps, runs, work):
    """Put the `n_seeds` candidates nearest to image `i`, ties included, on side 1.

    Distances count the pixels observed in both images in which they differ: of a candidate's on-pixels
    those off in i, and the pixels on in i less those among the candidate's on-pixels and gaps.
    """
    on, gaps = np.zeros(d, np.int32), np.zeros(d, np.int32)
    add_pixels(i, runs, on)
    add_gaps(i, runs, gaps)
    turned, weight = 0.0, 0
    for p in range(d):
        weight += on[p]
        turned += 1.0 - 2.0 * on[p] - gaps[p]  # turning pixel p on: -1 where i is on, 1 where it is off
        work.sums[0, p + 1] = turned
        if has_gaps:
            work.sums[0, d + 2 + p] = -weight
    for row in range((2 if has_gaps else 1) * (d + 1), work.sums.shape[1]):
        work.sums[0, row] = 0.0  # labels have no part in the distance
    counts = np.zeros(d + 1, np.int64)
    for t in range(m):
        image, distance = work.members[t], weight
        for r in range(runs.offsets[image], runs.offsets[image + 1]):
            distance += int(work.sums[0, runs.stops[r]] - work.sums[0, runs.starts[r]])
        work.distances[t] = distance
        counts[distance] += 1
    reach, within = 0, counts[0]
    while within < n_seeds and reach < d:
        reach += 1
        within += counts[reach]
    for t in range(m):
        work.sides[t] = 1 if work.distances[t] <= reach or work.members[t] == i else 0


@kernel
def _place(t, side, born, runs, partition, work):
    """Count candidate `t` in the new cluster (side 1) or at home (side 0)."""
    image = work.members[t]
    remove_image(image, runs, partition)
    add_image(image, born if side == 1 else work.homes[t], runs, partition)
    work.sides[t] = side


@kernel
def _refresh_homes(m, n_slots, hyper, partition, tables, work):
    """Rebuild the tables of every cluster that a candidate comes from."""
    clear(work.touched)
    for t in range(m):
        work.touched[work.homes[t]] = True
    for k in range(n_slots):
        if work.touched[k]:
            refresh(k, hyper, partition, tables)


@kernel
def _launch(i, n_seeds, born, n_slots, runs, hyper, partition, tables, work):
    """Make up a new cluster around image `i` in the empty slot `born`, from the partition S.

    Returns the number of candidates m, negative where no birth is to be, since nobody joins. The
    counts and ``z`` hold the launch afterwards; where m > 0, the tables do too.
    """
    m = _candidates(i, born, n_slots, runs, partition, tables, work)
    _seed(i, n_seeds, m, hyper.a.size, partition.gaps.shape[1] > 0, runs, work)
    for t in range(m):
        image = work.members[t]
        work.homes[t] = partition.z[image]
        work.own[t] = own_score(image, work.homes[t], runs, tables)
        if image == i:
            _place(t, np.int64(1), born, runs, partition, work)
    for t in range(m):
        if work.members[t] != i:  # nobody leaves a home empty
            joins = work.sides[t] == 1 and partition.sizes[work.homes[t]] > 1
            _place(t, np.int64(joins), born, runs, partition, work)
    for _ in range(ROUNDS):
        refresh(born, hyper, partition, tables)
        if _reassign(i, m, born, runs, partition, tables, work) == 0 or partition.sizes[born] == 1:
            break
    if partition.sizes[born] == 1:
        return -m
    refresh(born, hyper, partition, tables)
    _refresh_homes(m, n_slots, hyper, partition, tables, work)
    return m


@kernel
def _reassign(i, m, born, runs, partition, tables, work):
    """Give each candidate but `i` the better of the new cluster and its home in S; returns how many moved."""
    n_moved = 0
    for t in range(m):
        image, side = work.members[t], work.sides[t]
        if image == i:
            continue
        if side == 1:
            joins = own_score(image, born, runs, tables) > work.own[t]
        else:
            joins = column_score(image, born, runs, tables) > work.own[t]
            joins = joins and partition.sizes[work.homes[t]] > 1
        if joins != (side == 1):
            _place(t, np.int64(joins), born, runs, partition, work)
            n_moved += 1
    return n_moved


@kernel
def _scan(i, m, born, generator, forced, at_least, runs, hyper, partition, tables, work):
    """One restricted Gibbs scan of the candidates but `i`, between their homes and the new cluster.

    With `forced`, the images flagged in ``work.flags`` are made to join and the others to stay, and
    the scan gives up once its log probability falls below `at_least`.

    Returns
    -------
    log_probability : float
        Of the choices taken, nats; -inf where the scan gave up.
    """
    log_probability = 0.0
    for t in range(m):
        image, home, side = work.members[t], work.homes[t], work.sides[t]
        if image == i:
            continue
        chosen = work.flags[image]
        if side == 0 and partition.sizes[home] == 1:  # nobody leaves a home empty
            if forced and chosen == 1:
                return -math.inf
            continue
        if side == 1:
            units = np.int64(own_score(image, born, runs, tables)) - column_score(image, home, runs, tables)
        else:
            units = np.int64(column_score(image, born, runs, tables)) - own_score(image, home, runs, tables)
        odds = units / tables.scale
        if not forced:
            chosen = 1 if generator.random() < 1.0 / (1.0 + math.exp(min(-odds, 700.0))) else 0
        against = -odds if chosen == 1 else odds
        log_probability -= max(against, 0.0) + math.log1p(math.exp(-abs(against)))
        if log_probability < at_least:
            return -math.inf
        if chosen != side:
            _place(t, chosen, born, runs, partition, work)
            refresh(born, hyper, partition, tables)
            refresh(home, hyper, partition, tables)
    return log_probability


@kernel
def _allocate(n_leaving, born, n_slots, generator, forced, runs, hyper, partition, tables, work):
    """Empty the slot `born`, giving its members one by one to the other clusters.

    The first `n_leaving` of ``work.leaving`` are the members. They are drawn a cluster each, kept in
    ``work.back``, or with `forced` go to the one that is there.

    Returns
    -------
    log_probability : float
        Of the clusters taken, nats; -inf where one could not have been drawn.
    log_gain : float
        Log of p(x, after) / p(x, before), nats, in double precision.
    """
    size = partition.sizes[born]
    before = log_gamma_terms(cluster_at(born, partition), hyper, tables.work)
    log_gain = log_gamma_terms(no_cluster(partition), hyper, tables.work) - before
    log_gain -= math.log(hyper.alpha) + math.lgamma(size)
    log_probability = 0.0
    empty_slot(born, partition)
    scores = tables.scores
    for t in range(n_leaving):
        image = work.leaving[t]
        score_image(image, n_slots, runs, tables, scores)
        if born < n_slots:
            scores[born] = _NEVER
        best, floor = contender_floor(scores, n_slots, tables.scale, 0.0)
        for k in range(n_slots):
            scored = scores[k] > floor
            tables.log_scores[k] = (np.int64(scores[k]) - best) / tables.scale if scored else -math.inf
        total = 0.0
        for k in range(n_slots):
            total += math.exp(tables.log_scores[k])
        chosen = work.back[t] if forced else draw(generator.random(), tables.log_scores, n_slots)
        log_probability += tables.log_scores[chosen] - math.log(total)
        log_gain += exact_score(image, chosen, np.bool_(False), runs, hyper, partition, tables)
        work.back[t] = chosen
        add_image(image, chosen, runs, partition)
        refresh(chosen, hyper, partition, tables)
    return log_probability, log_gain


@kernel
def _put_back(born, n_leaving, n_slots, runs, hyper, partition, tables, work):
    """Take the members in ``work.leaving`` back into slot `born` and make all their tables true."""
    clear(work.touched)
    for t in range(n_leaving):
        image = work.leaving[t]
        from_slot = partition.z[image]
        work.touched[from_slot] = True
        work.touched[work.back[t]] = True
        remove_image(image, runs, partition)
        add_image(image, born, runs, partition)
    work.touched[born] = True
    for k in range(n_slots + 1):
        if work.touched[k]:
            refresh(k, hyper, partition, tables)


@kernel
def birth(n_clusters, generator, runs, hyper, partition, tables, work):
    """Propose a birth; returns the number of clusters afterwards.

    Parameters
    ----------
    generator : numpy.random.Generator
        The number of uniforms that a proposal needs is not known beforehand, so they are drawn here.
    runs, hyper, partition, tables : records of `dpmix.kernels.records`
    work : dpmix.kernels.records.BirthDeathWork
        As partition and tables, changed in place; at least two slots must be free.
    """
    i = int(generator.random() * partition.z.size)
    n_seeds = 1 << (_LEAST_SEEDS_LOG2 + int(generator.random() * _SEED_SIZES))
    threshold = math.log(1.0 - generator.random())
    if partition.sizes[partition.z[i]] == 1:
        return n_clusters
    born = n_clusters
    m = _launch(i, n_seeds, born, n_clusters, runs, hyper, partition, tables, work)
    if m < 0:
        _undo_launch(-m, born, n_clusters, runs, hyper, partition, tables, work)
        return n_clusters
    log_scan = _scan(i, m, born, generator, np.bool_(False), -math.inf, runs, hyper, partition, tables, work)
    n_born = np.int64(0)
    for t in range(m):
        if work.sides[t] == 1:
            work.leaving[n_born] = work.members[t]
            work.back[n_born] = work.homes[t]
            n_born += 1
    log_back, log_loss = _allocate(
        n_born, born, n_clusters, generator, np.bool_(True), runs, hyper, partition, tables, work
    )
    log_ratio = log_back - log_loss - log_scan + math.log(partition.z.size / ((n_clusters + 1.0) * n_born))
    refresh(born, hyper, partition, tables)
    if n_born == 1 or not log_ratio >= threshold:  # the death of a lone image is never proposed
        return n_clusters
    _put_back(born, n_born, n_clusters, runs, hyper, partition, tables, work)
    refresh(born + 1, hyper, partition, tables)
    return n_clusters + 1


@kernel
def _undo_launch(m, born, n_slots, runs, hyper, partition, tables, work):
    """Undo a launch: every candidate goes home, and the tables are made true."""
    for t in range(m):
        if partition.z[work.members[t]] != work.homes[t]:
            _place(t, np.int64(0), born, runs, partition, work)
    _refresh_homes(m, n_slots, hyper, partition, tables, work)
    refresh(born, hyper, partition, tables)


@kernel
def death(n_clusters, generator, runs, hyper, partition, tables, work):
    """Propose a death; returns the number of clusters afterwards. Parameters are those of `birth`."""
    dying = int(generator.random() * n_clusters)
    u_member = generator.random()
    n_seeds = 1 << (_LEAST_SEEDS_LOG2 + int(generator.random() * _SEED_SIZES))
    threshold = math.log(1.0 - generator.random())
    if n_clusters < 2 or partition.sizes[dying] == 1:  # Gibbs sampling sees to lone images
        return n_clusters
    n_dying = list_members(dying, dying, partition.z, work.leaving)
    i = work.leaving[int(u_member * n_dying)]
    log_back, log_gain = _allocate(
        n_dying, dying, n_clusters, generator, np.bool_(False), runs, hyper, partition, tables, work
    )
    log_rest = log_gain - log_back + math.log(n_clusters * float(n_dying) / partition.z.size)
    accepted = log_rest >= threshold  # the probability of the scan back, at most 1, can only make it worse
    if accepted:
        log_scan = _log_reverse_scan(
            i,
            n_seeds,
            n_dying,
            dying,
            n_clusters,
            generator,
            threshold - log_rest,
            runs,
            hyper,
            partition,
            tables,
            work,
        )
        accepted = log_scan >= threshold - log_rest
    if not accepted:
        _put_back(dying, n_dying, n_clusters, runs, hyper, partition, tables, work)
        return n_clusters
    n_clusters -= 1
    fill_slot(dying, n_clusters, partition)
    refresh(dying, hyper, partition, tables)
    refresh(n_clusters, hyper, partition, tables)
    return n_clusters


@kernel
def _log_reverse_scan(
    i, n_seeds, n_dying, dying, n_slots, generator, at_least, runs, hyper, partition, tables, work
):
    """Log probability of the birth's scan that would undo a death; partition and tables are left as they are."""
    if partition.sizes[partition.z[i]] == 1:
        return -math.inf
    for t in range(n_dying):
        work.flags[work.leaving[t]] = 1
    refresh(dying, hyper, partition, tables)
    m = _launch(i, n_seeds, dying, n_slots, runs, hyper, partition, tables, work)
    n_flagged = 0
    for t in range(abs(m)):
        n_flagged += work.flags[work.members[t]]
    log_scan = -math.inf
    if m > 0 and n_flagged == n_dying:
        log_scan = _scan(
            i, m, dying, generator, np.bool_(True), at_least, runs, hyper, partition, tables, work
        )
    _undo_launch(abs(m), dying, n_slots, runs, hyper, partition, tables, work)
    for t in range(n_dying):
        work.flags[work.leaving[t]] = 0
    return log_scan
