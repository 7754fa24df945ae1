"""The birth-death move on a chain (kernel: `dpmix.kernels.birth_death`)."""

import numpy as np

from dpmix.kernels.birth_death import birth_death
from dpmix.timing import in_pieces

__all__ = ["bear_and_bury"]


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
    tally = np.zeros((2, 2), np.int64)

    def propose(first, last):
        reached, chain.n_clusters = birth_death(
            first, last, chain.n_clusters, chain.generator,
            chain.runs, chain.hyper, chain.partition, chain.tables, chain.crowd, tally,
        )
        if reached < last:
            chain.make_room()
        return reached

    in_pieces(propose, n_proposals, guess=1)
    return tally
