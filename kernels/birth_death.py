"""Birth and death of a cluster whose members come from, and go to, several others.

Splitting one cluster seldom pays in hundreds of dimensions: the new cluster that raises the joint
density takes a few images from each of many neighbours. A *birth* proposes just that, a *death* its
reverse, with the Metropolis-Hastings ratio of the pair, so the posterior is left invariant.

Birth, from a partition S of k clusters: draw an image i and a number of seeds. The candidates are
all members of the clusters that predict i best. The *launch* (`dpmix.kernels.birth_launch`) gives the
new cluster i and the seeds (the candidates nearest to i), then repeats batch reassignments in which each
candidate takes the better of its own cluster, as it is in S, and the new one. A restricted Gibbs scan
follows, in which each candidate chooses between the two; its probability P_scan enters the ratio.
Death, from k + 1 clusters: draw a cluster, with a probability q that favours small ones
(`dpmix.kernels.death_choice`), and a member i of it; the members, in order, go to the other clusters
by one sequential Gibbs allocation, of probability P_back. A share B = `BIRTHS` of the proposals are
births, the others deaths. With n_b members in the new cluster a birth is accepted with probability
min(1, r),

    r = p(x, after) / p(x, before) * [(1 - B) q P_back / n_b] / [B P_scan / n],

where q is that of the new cluster among the k + 1, and the death that undoes it with 1 / r. Launch and
candidates depend on S, i and the number of seeds alone, whose distribution is fixed, so the reverse of
a move can be computed from where it would start. Probabilities of proposals come from the fixed-point
tables: they need not be those of the model, only the same in both directions. The idea of proposing a
cluster by restricted Gibbs scans is Jain and Neal's (2004); that of a smart birth paired with a simple
death is in the spirit of Wang and Russell (2015). Unequal shares and choices, paid for in the ratio, are
Green's (1995): of equal ones most of the time went into deaths of large clusters, of which none is taken
(`docs/moves.md`).
"""

import math

import numpy as np

from dpmix.kernels.beta_bernoulli import (
    cluster_at,
    exact_score,
    log_gamma_terms,
    no_cluster,
    refresh,
)
from dpmix.kernels.birth_launch import launch, place, refresh_touched, withdraw
from dpmix.kernels.categorical import draw
from dpmix.kernels.compile import kernel, outlined
from dpmix.kernels.death_choice import draw_dying, log_choice_of_dying
from dpmix.kernels.partition import (
    add_image,
    clear,
    empty_slot,
    fill_slot,
    list_members,
    remove_image,
)
from dpmix.kernels.scores import (
    NEVER,
    cluster_score,
    find_contenders,
    own_score,
    score_roughly,
)

__all__ = ["BIRTHS", "birth", "death"]

BIRTHS = 0.75  # share of births among births and deaths

_LEAST_SEEDS_LOG2, _SEED_SIZES = 4, 5  # 16, 32, 64, 128 or 256 seeds
_LOG_DEATHS = math.log((1.0 - BIRTHS) / BIRTHS)  # of a death over a birth, before anything is chosen


@outlined
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
            units = np.int64(own_score(image, born, runs, tables)) - cluster_score(image, home, runs, tables)
        else:
            units = np.int64(cluster_score(image, born, runs, tables)) - own_score(image, home, runs, tables)
        odds = units / tables.scale
        if not forced:
            chosen = 1 if generator.random() < 1.0 / (1.0 + math.exp(min(-odds, 700.0))) else 0
        against = -odds if chosen == 1 else odds
        log_probability -= max(against, 0.0) + math.log1p(math.exp(-abs(against)))
        if log_probability < at_least:
            return -math.inf
        if chosen != side:
            work.touched[home] = True
            place(t, chosen, born, runs, partition, work)
            refresh(born, hyper, partition, tables)
            refresh(home, hyper, partition, tables)
    return log_probability


@outlined
def _log_end(k, hyper, partition, tables):
    """What p(x) gains when cluster `k` ends and its members are nowhere, log, nats."""
    log_end = log_gamma_terms(no_cluster(partition), hyper, tables.work)
    log_end -= log_gamma_terms(cluster_at(k, partition), hyper, tables.work)
    return log_end - math.log(hyper.alpha) - math.lgamma(partition.sizes[k])


@outlined
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
    log_gain, log_probability = _log_end(born, hyper, partition, tables), 0.0
    empty_slot(born, partition)
    for t in range(n_leaving):
        image = work.leaving[t]
        rough_best = score_roughly(image, born, n_slots, runs, tables)
        m = find_contenders(image, born, NEVER, n_slots, rough_best, 0.0, runs, tables)
        best, total, log_taken = np.int64(tables.scores[0]), 0.0, -math.inf
        for c in range(m):
            log_score = (tables.scores[c] - best) / tables.scale
            tables.log_scores[c] = log_score
            total += math.exp(log_score)
        if forced:
            chosen = work.back[t]
        else:
            chosen = tables.contenders[draw(generator.random(), tables.log_scores, m)]
        for c in range(m):
            if tables.contenders[c] == chosen:
                log_taken = tables.log_scores[c]
        log_probability += log_taken - math.log(total)
        log_gain += exact_score(image, chosen, np.bool_(False), runs, hyper, partition, tables)
        work.back[t] = chosen
        add_image(image, chosen, runs, partition)
        refresh(chosen, hyper, partition, tables)
    return log_probability, log_gain


@outlined
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
    m = launch(i, n_seeds, born, n_clusters, runs, hyper, partition, tables, work)
    if m == 0:
        refresh(born, hyper, partition, tables)
        return n_clusters
    log_scan = _scan(i, m, born, generator, np.bool_(False), -math.inf, runs, hyper, partition, tables, work)
    n_born = np.int64(0)
    for t in range(m):
        if work.sides[t] == 1:
            work.leaving[n_born] = work.members[t]
            work.back[n_born] = work.homes[t]
            n_born += 1
    log_choice = 0.0 if n_born < 2 else log_choice_of_dying(born, born + 1, partition.sizes)
    log_loss = _go_home(n_born, born, runs, hyper, partition, tables, work)
    log_rest = -log_loss - log_scan + _LOG_DEATHS + log_choice + math.log(partition.z.size / float(n_born))
    accepted = False
    if n_born > 1 and log_rest >= threshold:  # P_back, at most 1, can only make it worse
        for t in range(n_born):
            remove_image(work.leaving[t], runs, partition)
            add_image(work.leaving[t], born, runs, partition)
        refresh_touched(n_clusters, hyper, partition, tables, work)
        log_back, _ = _allocate(
            n_born, born, n_clusters, generator, np.bool_(True), runs, hyper, partition, tables, work
        )
        accepted = log_rest + log_back >= threshold
    if not accepted:
        refresh_touched(n_clusters, hyper, partition, tables, work)
        refresh(born, hyper, partition, tables)
        return n_clusters
    _put_back(born, n_born, n_clusters, runs, hyper, partition, tables, work)
    refresh(born + 1, hyper, partition, tables)
    return n_clusters + 1


@outlined
def _go_home(n_leaving, born, runs, hyper, partition, tables, work):
    """Empty the slot `born`, sending its members, ``work.leaving``, to ``work.back``; tables stay as they are.

    Returns the log of p(x, after) / p(x, before), nats, in double precision.
    """
    log_gain = _log_end(born, hyper, partition, tables)
    empty_slot(born, partition)
    for t in range(n_leaving):
        image, home = work.leaving[t], work.back[t]
        log_gain += exact_score(image, home, np.bool_(False), runs, hyper, partition, tables)
        add_image(image, home, runs, partition)
    return log_gain


@kernel
def death(n_clusters, generator, runs, hyper, partition, tables, work):
    """Propose a death; returns the number of clusters afterwards. Parameters are those of `birth`."""
    dying = draw_dying(n_clusters, generator, partition.sizes)
    u_member = generator.random()
    n_seeds = 1 << (_LEAST_SEEDS_LOG2 + int(generator.random() * _SEED_SIZES))
    threshold = math.log(1.0 - generator.random())
    if n_clusters < 2 or dying < 0:
        return n_clusters
    log_choice = log_choice_of_dying(dying, n_clusters, partition.sizes)
    n_dying = list_members(dying, dying, partition.z, work.leaving)
    i = work.leaving[int(u_member * n_dying)]
    log_back, log_gain = _allocate(
        n_dying, dying, n_clusters, generator, np.bool_(False), runs, hyper, partition, tables, work
    )
    log_rest = log_gain - log_back - _LOG_DEATHS - log_choice + math.log(float(n_dying) / partition.z.size)
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


@outlined
def _log_reverse_scan(
    i, n_seeds, n_dying, dying, n_slots, generator, at_least, runs, hyper, partition, tables, work
):
    """Log probability of the birth's scan that would undo a death; partition and tables are left as they are."""
    if partition.sizes[partition.z[i]] == 1:
        return -math.inf
    for t in range(n_dying):
        work.flags[work.leaving[t]] = 1
    refresh(dying, hyper, partition, tables)
    m = launch(i, n_seeds, dying, n_slots, runs, hyper, partition, tables, work)
    n_flagged = 0
    for t in range(m):
        n_flagged += work.flags[work.members[t]]
    log_scan = -math.inf
    if m > 0 and n_flagged == n_dying:
        log_scan = _scan(
            i, m, dying, generator, np.bool_(True), at_least, runs, hyper, partition, tables, work
        )
    if m > 0:
        withdraw(m, dying, runs, partition, work)
        refresh_touched(n_slots, hyper, partition, tables, work)
    refresh(dying, hyper, partition, tables)
    for t in range(n_dying):
        work.flags[work.leaving[t]] = 0
    return log_scan
