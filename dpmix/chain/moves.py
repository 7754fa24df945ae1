"""Moves on a chain: each leaves the posterior invariant. The kernels are in `dpmix.kernels`."""

import math

import numpy as np

from dpmix.base.pieces import in_pieces
from dpmix.kernels.birth_death import birth, death
from dpmix.kernels.gibbs import sweep
from dpmix.kernels.hyperparameters import LEAST, MOST, move_pseudo_counts
from dpmix.kernels.split_merge import merge, split

__all__ = ["bear_and_bury", "move_alpha", "move_pixels", "split_and_merge", "sweep_assignments"]

_TRIES = 1000  # after which nearly all of the prior is out of range, and alpha stays at its end


def sweep_assignments(chain):
    """Reassign every image of `chain` once, by Neal's (2000) Algorithm 3.

    Parameters
    ----------
    chain : dpmix.chain.state.Chain
        Changed in place; one uniform per image is drawn from its generator.

    Returns
    -------
    n_moved : int
        Images that changed cluster.
    """
    uniforms = chain.generator.random(chain.n)
    moved = 0

    def visit(first, last):
        nonlocal moved
        reached, chain.n_clusters, n_moved = sweep(
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
    return moved


def split_and_merge(chain, n_proposals):
    """Propose `n_proposals` times to split a cluster of `chain` or to merge two.

    Parameters
    ----------
    chain : dpmix.chain.state.Chain
        Changed in place.
    n_proposals : int

    Returns
    -------
    tally : (2, 2) int64 array
        Proposals and acceptances of splits (row 0) and merges (row 1).
    """
    return _propose(chain, n_proposals, (split, merge), "pair")


def bear_and_bury(chain, n_proposals):
    """Propose `n_proposals` times the birth or the death of a cluster of `chain`.

    Parameters
    ----------
    chain : dpmix.chain.state.Chain
        Changed in place.
    n_proposals : int

    Returns
    -------
    tally : (2, 2) int64 array
        Proposals and acceptances of births (row 0) and deaths (row 1).
    """
    return _propose(chain, n_proposals, (birth, death), "crowd")


def _propose(chain, n_proposals, kinds, work):
    """Make proposals, each of the first or the second of `kinds` with equal probability.

    `work` names the working arrays of the chain that they use.
    """
    tally = np.zeros((2, 2), np.int64)
    for _ in range(n_proposals):
        if chain.n_clusters + 2 > len(chain.partition.sizes):
            chain.make_room()
        kind = 0 if chain.generator.random() < 0.5 else 1
        before = chain.n_clusters
        chain.n_clusters = kinds[kind](
            before,
            chain.generator,
            chain.runs,
            chain.hyper,
            chain.partition,
            chain.tables,
            getattr(chain, work),
        )
        tally[kind] += 1, chain.n_clusters != before
    return tally


def move_alpha(chain, prior):
    """Draw the concentration of `chain` under its Gamma `prior` on [LEAST, MOST], given the number of clusters.

    Escobar and West (1995, section 6): with eta ~ Beta(alpha + 1, n), alpha is drawn from a mixture
    of Gamma(shape + k, rate - log eta) and Gamma(shape + k - 1, rate - log eta), their equation 13.
    """
    generator, n, k = chain.generator, chain.n, chain.n_clusters
    rate = prior.rate - math.log(max(generator.beta(chain.hyper.alpha + 1.0, n), 1e-300))
    odds = (prior.shape + k - 1.0) / (n * rate)
    for _ in range(_TRIES):  # draws until one is in range follow the restricted mixture
        shape = prior.shape + k - (generator.random() >= odds / (1.0 + odds))
        alpha = float(generator.gamma(shape, 1.0 / rate))
        if LEAST <= alpha <= MOST:
            break
    chain.set_hyper(alpha=min(max(alpha, LEAST), MOST))


def move_pixels(chain, prior_a, prior_b, first=0, step=1):
    """Draw the pseudo-counts of every `step`-th pixel of `chain`, from `first` on, given the counts.

    Parameters
    ----------
    chain : dpmix.chain.state.Chain
        Changed in place.
    prior_a, prior_b : dpmix.model.prior.Gamma or None
        Priors of a and b; None leaves them as they are.
    """
    gammas = np.array([(p.shape, p.rate) if p else (0.0, 0.0) for p in (prior_a, prior_b)])
    a, b = chain.hyper.a.copy(), chain.hyper.b.copy()
    work, bins = np.empty((7, 8 * chain.n_clusters + 8)), np.zeros(chain.n + 1, np.int32)
    n_pixels = len(range(first, chain.d, step))

    def move(begin, end):
        move_pseudo_counts(
            first + begin * step,
            min(first + end * step, chain.d),
            step,
            chain.n_clusters,
            gammas,
            chain.generator,
            chain.partition,
            a,
            b,
            bins,
            work,
        )

    in_pieces(move, n_pixels, guess=16)
    chain.set_hyper(a=a, b=b)
