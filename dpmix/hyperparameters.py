"""Moves on the hyperparameters: the concentration alpha and the pixels' pseudo-counts a and b."""

import math

import numpy as np

from dpmix.kernels.hyperparameters import LEAST, MOST, move_pseudo_counts
from dpmix.timing import in_pieces

__all__ = ["move_alpha", "move_pixels"]

_TRIES = 1000  # after which nearly all of the prior is out of range, and alpha stays at its end


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
    chain : dpmix.chain.Chain
        Changed in place.
    prior_a, prior_b : dpmix.prior.Gamma or None
        Priors of a and b; None leaves them as they are.
    """
    gammas = np.array([(p.shape, p.rate) if p else (0.0, 0.0) for p in (prior_a, prior_b)])
    a, b = chain.hyper.a.copy(), chain.hyper.b.copy()
    work, bins = np.empty((7, 8 * chain.n_clusters + 8)), np.zeros(chain.n + 1, np.int32)
    n_pixels = len(range(first, chain.d, step))

    def move(begin, end):
        move_pseudo_counts(first + begin * step, min(first + end * step, chain.d), step, chain.n_clusters,
                           gammas, chain.generator, chain.partition, a, b, bins, work)

    in_pieces(move, n_pixels, guess=16)
    chain.set_hyper(a=a, b=b)
