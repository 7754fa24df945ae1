"""Moves on a chain that propose a change of several images at once and accept or reject it.

The kernels are in `dpmix.kernels.split_merge` and `dpmix.kernels.birth_death`.
"""

import numpy as np

from dpmix.kernels.birth_death import birth, death
from dpmix.kernels.split_merge import merge, split

__all__ = ["bear_and_bury", "split_and_merge"]


def split_and_merge(chain, n_proposals):
    """Propose `n_proposals` times to split a cluster of `chain` or to merge two.

    Parameters
    ----------
    chain : dpmix.chain.Chain
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
    chain : dpmix.chain.Chain
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
            before, chain.generator, chain.runs, chain.hyper, chain.partition, chain.tables, getattr(chain, work)
        )
        tally[kind] += 1, chain.n_clusters != before
    return tally
