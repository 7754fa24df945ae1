"""Moves on a chain, each of which leaves the posterior invariant, and `MOVES`, what a sweep consists of.

All moves have one form, ``move(chain, plan, sweep) -> figures``: `chain` is changed in place, random numbers
come from its generator, `plan` says what the prior is and how much of each move is wanted, and `sweep` is
the number of the sweep, counted from 1. What comes back are the figures that the move declares (see
`reports`), one number for each name. A move of a hyperparameter that is fixed does nothing.

A new move is a function of this form and a line in `MOVES`: sweeps run it and note its figures and seconds
from then on, and the tests of exactness take their moves from there. The kernels are in `dpmix.kernels`.
"""

import math

import numpy as np

from dpmix.base.interrupts import handlers_put_off
from dpmix.base.pieces import in_pieces
from dpmix.kernels.birth_death import BIRTHS, birth, death
from dpmix.kernels.gibbs import sweep_images
from dpmix.kernels.hyperparameters import LEAST, MOST, move_pseudo_counts
from dpmix.kernels.split_merge import merge, split
from dpmix.model.prior import Gamma

__all__ = [
    "MOVES",
    "move_alpha",
    "move_pixels",
    "propose_birth_death",
    "propose_split_merge",
    "reports",
    "sweep_assignments",
]

_TRIES = 1000  # after which nearly all of the prior is out of range, and alpha stays at its end


def reports(**figures):
    """Declare what a move reports: the dtype of each figure by name; it must report just these.

    Examples
    --------
    >>> @reports(n_visits="i8")
    ... def visit(chain, plan, sweep):
    ...     return {"n_visits": chain.n}
    >>> visit.figures
    {'n_visits': 'i8'}
    """

    def declare(move):
        move.figures = figures
        return move

    return declare


@reports(split_proposals="i8", merge_proposals="i8", split_accepted="i8", merge_accepted="i8")
def propose_split_merge(chain, plan, sweep):
    """Propose to split a cluster or to merge two, as often as the schedule says."""
    kernels = {"split": split, "merge": merge}
    return _propose(chain, plan.schedule.split_merge, kernels, "split_merge_work")


@reports(birth_proposals="i8", death_proposals="i8", birth_accepted="i8", death_accepted="i8")
def propose_birth_death(chain, plan, sweep):
    """Propose the birth of a cluster, or with a probability of 1 - BIRTHS a death, as often as the schedule says."""
    kernels = {"birth": birth, "death": death}
    return _propose(chain, plan.schedule.birth_death, kernels, "birth_death_work", BIRTHS)


def _propose(chain, n_proposals, kernels, chain_work, share=0.5):
    """Make proposals, a `share` of them by the first of `kernels` and the others by the second.

    Parameters
    ----------
    kernels : dict of str to function
        By the name of what they propose.
    chain_work : str
        The attribute of the chain that holds their working arrays; these are others once it made room.
    """
    kinds = tuple(kernels)
    figures = {f"{kind}_{what}": 0 for what in ("proposals", "accepted") for kind in kinds}
    for _ in range(n_proposals):
        if chain.n_clusters + 2 > len(chain.partition.sizes):
            chain.make_room()
        kind = kinds[0] if chain.generator.random() < share else kinds[1]
        before = chain.n_clusters
        records = chain.runs, chain.hyper, chain.partition, chain.tables, getattr(chain, chain_work)
        with handlers_put_off():
            chain.n_clusters = kernels[kind](before, chain.generator, *records)
        figures[f"{kind}_proposals"] += 1
        figures[f"{kind}_accepted"] += chain.n_clusters != before
    return figures


@reports(n_moved="i8")
def sweep_assignments(chain, plan, sweep):
    """Reassign every image once, by Neal's (2000) Algorithm 3; one uniform is drawn for each.

    Reports how many changed cluster.
    """
    chain.shed_room()
    uniforms = chain.generator.random(chain.n)
    moved = 0

    def visit(first, last):
        nonlocal moved
        reached, chain.n_clusters, n_moved = sweep_images(
            first,
            last,
            chain.n_clusters,
            uniforms,
            chain.tolerance,
            chain.runs,
            chain.hyper,
            chain.partition,
            chain.tables,
        )
        moved += n_moved
        if reached < last:
            chain.make_room()
        return reached

    in_pieces(visit, chain.n, guess=max(1, min(512, 4_000_000 // (chain.d * (chain.n_clusters + 1)))))
    return {"n_moved": moved}


@reports()
def move_alpha(chain, plan, sweep):
    """Draw the concentration under its Gamma prior on [LEAST, MOST], given the number of clusters.

    Escobar and West (1995, section 6): with eta ~ Beta(alpha + 1, n), alpha is drawn from a mixture
    of Gamma(shape + k, rate - log eta) and Gamma(shape + k - 1, rate - log eta), their equation 13.
    """
    prior = plan.prior.alpha
    if not isinstance(prior, Gamma):
        return {}
    generator, n, k = chain.generator, chain.n, chain.n_clusters
    rate = prior.rate - math.log(max(generator.beta(chain.hyper.alpha + 1.0, n), 1e-300))
    odds = (prior.shape + k - 1.0) / (n * rate)
    for _ in range(_TRIES):  # draws until one is in range follow the restricted mixture
        shape = prior.shape + k - (generator.random() >= odds / (1.0 + odds))
        alpha = float(generator.gamma(shape, 1.0 / rate))
        if LEAST <= alpha <= MOST:
            break
    chain.set_hyper(alpha=min(max(alpha, LEAST), MOST))
    return {}


@reports()
def move_pixels(chain, plan, sweep):
    """Draw the pseudo-counts of every `pixel_step`-th pixel given the counts, from another one on each sweep.

    Those of a and b whose prior is not a Gamma stay as they are.
    """
    if not plan.prior.learns_pixels:
        return {}
    priors = plan.prior.a, plan.prior.b
    gammas = np.array([(p.shape, p.rate) if isinstance(p, Gamma) else (0.0, 0.0) for p in priors])
    a, b = chain.hyper.a.copy(), chain.hyper.b.copy()
    work, bins = np.empty((7, 8 * chain.n_clusters + 8)), np.zeros(chain.n + 1, np.int32)
    step = plan.schedule.pixel_step
    first = sweep % step

    def move(begin, end):
        last = min(first + end * step, chain.d)
        rest = gammas, chain.generator, chain.partition, a, b, bins, work
        with handlers_put_off():
            move_pseudo_counts(first + begin * step, last, step, chain.n_clusters, *rest)

    in_pieces(move, len(range(first, chain.d, step)), guess=16)
    chain.set_hyper(a=a, b=b)
    return {}


MOVES = {  # in the order of a sweep
    "split_merge": propose_split_merge,
    "birth_death": propose_birth_death,
    "assignments": sweep_assignments,
    "alpha": move_alpha,
    "pixels": move_pixels,
}
